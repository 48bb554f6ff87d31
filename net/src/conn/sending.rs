//! Pieces of replies onto a socket: bytes of memory by vectored writes, stretches of files by sendfile.
//!
//! A stretch was in the kernel's memory when it was answered with, but a reply may wait long for its turn, and a peer
//! be slow: so each step looks again, and has the pool bring, and check, what has left memory. A shard that waited for
//! the disk inside sendfile would hold up everybody else, for a fifth of a second when the disk is busy.
//!
//! Does not do: deadlines (the caller's), or check what it sends (`headwater_storage::sealed` has, and does again).

use std::collections::VecDeque;
use std::io::{self, ErrorKind};

use bytes::Bytes;
use headwater_storage::sealed::SealedRange;

use super::replies::Chunk;
use crate::rt::WriteHalf;

/// How much of a file is sent before it is looked again whether the next is in memory, in bytes.
const STEP_BYTES: usize = 256 * 1024;

/// Sends all pieces in order and leaves `chunks` empty.
///
/// # Errors
/// What the kernel says; `UnexpectedEof` when a file has become shorter, `InvalidData` when it holds something else
/// now. A part of a frame may have left: the connection is to be closed.
pub async fn send(writer: &mut WriteHalf, chunks: &mut VecDeque<Chunk>) -> io::Result<()> {
    let mut memory: VecDeque<Bytes> = VecDeque::new();
    while let Some(chunk) = chunks.pop_front() {
        match chunk {
            Chunk::Memory(bytes) => memory.push_back(bytes),
            Chunk::Sealed(range) => {
                writer.send_all_before_more(&mut memory).await?;
                send_range(writer, &range).await?;
            }
        }
    }
    writer.send_all(&mut memory).await
}

async fn send_range(writer: &mut WriteHalf, range: &SealedRange) -> io::Result<()> {
    let (mut at, mut begun) = (0, 0);
    while at < range.len() {
        let step = (range.len() - at).min(STEP_BYTES);
        if !range.is_warm(at, step) {
            begun = range.warm(at, step, begun).await?;
        }
        match writer.send_file(range.file(), range.pos() + at as u64, step).await {
            Ok(sent) if sent == step => at += step,
            Ok(_) => return Err(ErrorKind::UnexpectedEof.into()),
            // A file system without sendfile says so at once.
            Err(error)
                if at == 0 && matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) =>
            {
                return send_read(writer, range).await;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Sends a stretch by way of this process's memory, a step at a time.
async fn send_read(writer: &mut WriteHalf, range: &SealedRange) -> io::Result<()> {
    let mut begun = 0;
    for at in (0..range.len()).step_by(STEP_BYTES) {
        let step = (range.len() - at).min(STEP_BYTES);
        begun = range.warm(at, step, begun).await?;
        let bytes = range.read(at, step).await?;
        writer.send_all(&mut VecDeque::from([bytes])).await?;
    }
    Ok(())
}
