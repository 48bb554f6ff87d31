//! Pieces of replies onto a socket: bytes of memory by vectored writes, stretches of files by sendfile.
//!
//! A stretch was in the kernel's memory when it was answered with, but a reply may wait long for its turn, and a peer
//! be slow: so each step looks again, and has the pool bring, and check, what has left memory. A shard that waited for
//! the disk inside sendfile would hold up everybody else, for a fifth of a second when the disk is busy.
//!
//! A peer that takes nothing is given up by a [`Patience`]. A write that waits is tried again now and then, since the
//! kernel says that there is room only when there is much of it: only so a peer that takes little is told from one that
//! takes nothing.
//!
//! Does not do: check what it sends (`headwater_storage::sealed` has, and does again).

use std::cell::Cell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};

use bytes::Bytes;
use futures_lite::future::or;
use headwater_core::time::Monotonic;
use headwater_storage::sealed::SealedRange;

use super::client_memory::{ClientMemory, LOOK, STALLED_IN_FILE_MS, STALLED_MS};
use super::replies::Chunk;
use crate::rt::{self, WriteHalf};

/// How much of a file is sent before it is looked again whether the next is in memory, in bytes.
const STEP_BYTES: usize = 256 * 1024;

/// For how long a peer may take nothing.
pub struct Patience<'a> {
    memory: &'a ClientMemory,
    /// Whether what is sent holds some of that memory.
    holds: bool,
    /// When all is to be sent, in any case.
    until: Monotonic,
    progressed: Cell<Monotonic>,
}

impl<'a> Patience<'a> {
    /// From now on for `millis` at most, and less if others need the memory that is held.
    pub fn new(memory: &'a ClientMemory, holds: bool, millis: u64) -> Self {
        let now = rt::now();
        Self { memory, holds, until: now.plus_millis(millis), progressed: Cell::new(now) }
    }

    fn progress(&self) {
        self.progressed.set(rt::now());
    }

    fn is_over(&self, stalled_ms: u64) -> bool {
        let now = rt::now();
        let stalled = self.holds && now.millis_since(self.progressed.get()) >= stalled_ms;
        now >= self.until || stalled && self.memory.is_short(now)
    }

    async fn over(&self, stalled_ms: u64) {
        while !self.is_over(stalled_ms) {
            rt::sleep(LOOK).await;
        }
    }
}

/// Sends all pieces in order and leaves `chunks` empty.
///
/// # Errors
/// What the kernel says; `TimedOut` when the peer has used up the patience, `UnexpectedEof` when a file has become
/// shorter, `InvalidData` when it holds something else now. A part of a frame may have left: the connection is to be
/// closed.
pub async fn send(
    writer: &mut WriteHalf,
    chunks: &mut VecDeque<Chunk>,
    patience: &Patience<'_>,
) -> io::Result<()> {
    let mut memory: VecDeque<Bytes> = VecDeque::new();
    while let Some(chunk) = chunks.pop_front() {
        match chunk {
            Chunk::Memory(bytes) => memory.push_back(bytes),
            Chunk::Sealed(range) => {
                send_memory(writer, &mut memory, true, patience).await?;
                send_range(writer, &range, patience).await?;
            }
        }
    }
    send_memory(writer, &mut memory, false, patience).await
}

/// Sends what the socket takes of pieces in memory without waiting; true if that is all of them. What is left stays in
/// `chunks`; what is wrong with the socket, the next who sends is told.
pub fn send_now(writer: &mut WriteHalf, chunks: &mut VecDeque<Chunk>) -> bool {
    let mut memory: VecDeque<Bytes> = VecDeque::with_capacity(chunks.len());
    while let Some(Chunk::Memory(bytes)) = chunks.pop_front_if(|chunk| matches!(chunk, Chunk::Memory(_))) {
        memory.push_back(bytes);
    }
    let is_sent = writer.send_now(&mut memory).is_ok() && memory.is_empty() && chunks.is_empty();
    memory.into_iter().rev().for_each(|bytes| chunks.push_front(Chunk::Memory(bytes)));
    is_sent
}

async fn send_memory(
    writer: &mut WriteHalf,
    memory: &mut VecDeque<Bytes>,
    before_more: bool,
    patience: &Patience<'_>,
) -> io::Result<()> {
    let left = |memory: &VecDeque<Bytes>| memory.iter().map(Bytes::len).sum::<usize>();
    loop {
        let before = left(memory);
        // Dropped while it waits, it leaves in `memory` what it has not sent.
        let sent = if before_more {
            rt::timeout(LOOK, writer.send_all_before_more(memory)).await
        } else {
            rt::timeout(LOOK, writer.send_all(memory)).await
        };
        match sent {
            Ok(sent) => return sent,
            Err(_) if left(memory) < before => patience.progress(),
            Err(_) => {}
        }
        if patience.is_over(STALLED_MS) {
            return Err(ErrorKind::TimedOut.into());
        }
    }
}

async fn send_range(writer: &mut WriteHalf, range: &SealedRange, patience: &Patience<'_>) -> io::Result<()> {
    let (mut at, mut begun) = (0, 0);
    while at < range.len() {
        let step = (range.len() - at).min(STEP_BYTES);
        if !range.is_warm(at, step) {
            begun = range.warm(at, step, begun).await?;
        }
        patience.progress();
        let given_up = async {
            patience.over(STALLED_IN_FILE_MS).await;
            Err(ErrorKind::TimedOut.into())
        };
        match or(writer.send_file(range.file(), range.pos() + at as u64, step), given_up).await {
            Ok(sent) if sent == step => at += step,
            Ok(_) => return Err(ErrorKind::UnexpectedEof.into()),
            // A file system without sendfile says so at once.
            Err(error)
                if at == 0 && matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) =>
            {
                return send_read(writer, range, patience).await;
            }
            Err(error) => return Err(error),
        }
    }
    patience.progress();
    Ok(())
}

/// Sends a stretch by way of this process's memory, a step at a time.
async fn send_read(writer: &mut WriteHalf, range: &SealedRange, patience: &Patience<'_>) -> io::Result<()> {
    let mut begun = 0;
    for at in (0..range.len()).step_by(STEP_BYTES) {
        let step = (range.len() - at).min(STEP_BYTES);
        begun = range.warm(at, step, begun).await?;
        let bytes = range.read(at, step).await?;
        patience.progress();
        send_memory(writer, &mut VecDeque::from([bytes]), false, patience).await?;
    }
    Ok(())
}
