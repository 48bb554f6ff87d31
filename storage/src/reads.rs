//! Reads of what has left memory, beside appends: they give way.
//!
//! A frame of the journal that is written while a reader's window of 1 MiB comes from the disk waits for it, and the schedulers of
//! disks prefer reads. So while rounds are going on, a window is [`BESIDE_ROUNDS_BYTES`], one at a time in a shard, and nothing is
//! read ahead: an append waits for a quarter of a millisecond of others' reading at most, however many readers are behind.
//! When nobody appends, readers get the disk as it is.
//!
//! Whether rounds are going on is told without a clock: by how many reads there have been since the last one.
//!
//! Invariants: whoever has the turn is waiting for the disk, and nothing else; a read that is given up gives its turn back.
//! Does not hold back: compaction, which has a pace of its own, and what is warmed again while it is sent (`sealed.rs`).

use std::cell::Cell;
use std::io;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;

use crate::disk::buffered::Buffered;
use crate::disk::{Disk, DiskFile, ring};
use crate::event::Event;
use crate::plan::READ_AHEAD_MAX;
use crate::reader::ReadAt;
use crate::shared::Shared;

/// The most that is read at once while rounds are going on, in bytes.
const BESIDE_ROUNDS_BYTES: usize = 256 << 10;
/// After so many reads without a round nobody appends any more.
const READS_WITHOUT_ROUND: u32 = 16;

/// See the module's text.
#[derive(Default)]
pub(crate) struct Reads {
    since_round: Cell<u32>,
    under_way: Cell<bool>,
    ended: Event,
}

impl Reads {
    /// A round has been written.
    pub fn note_round(&self) {
        self.since_round.set(0);
    }

    /// Whether rounds are going on.
    pub fn give_way(&self) -> bool {
        self.since_round.get() < READS_WITHOUT_ROUND
    }

    /// How much is read at once, for a reader that wants `bytes`.
    pub fn window_bytes(&self, bytes: usize) -> usize {
        bytes.min(if self.give_way() { BESIDE_ROUNDS_BYTES } else { READ_AHEAD_MAX })
    }

    /// Brings a stretch of a file into the kernel's memory; when reads need no turns it does nothing, and whoever checks
    /// the stretch has the disk bring it all at once.
    pub async fn bring_in_turn(&self, file: &Arc<Buffered>, mut stretch: Range<u64>) {
        while !stretch.is_empty() && self.give_way() {
            let len = (stretch.end - stretch.start).min(BESIDE_ROUNDS_BYTES as u64);
            let _turn = self.turn().await;
            let (file, pos) = (file.clone(), stretch.start);
            // What the disk can't give is found by the check, which reads it again.
            let _ = ring::pool().run(move || file.read_blocking(pos, len as usize).map(drop)).await;
            stretch.start += len;
        }
    }

    /// The turn of one read, for as long as the answer is kept; none where reads need no turns.
    async fn turn(&self) -> Option<Turn<'_>> {
        self.since_round.set(self.since_round.get().saturating_add(1));
        while self.give_way() {
            if !self.under_way.replace(true) {
                return Some(Turn(self));
            }
            self.ended.wait().await;
        }
        None
    }
}

struct Turn<'r>(&'r Reads);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.under_way.set(false);
        self.0.ended.notify();
    }
}

/// A segment's file, for a reader.
pub(crate) struct InTurn<D: Disk> {
    pub shared: Rc<Shared<D>>,
    pub file: Rc<D::File>,
}

impl<D: Disk> ReadAt for InTurn<D> {
    async fn read_at(&self, pos: u64, len: usize) -> io::Result<Bytes> {
        let _turn = self.shared.reads.turn().await;
        DiskFile::read_at(&*self.file, pos, len).await
    }
}

#[cfg(test)]
mod tests {
    use futures_lite::future::{block_on, poll_once};

    use super::*;

    #[test]
    fn reads_take_turns_while_rounds_are_going_on() {
        block_on(async {
            let reads = Reads::default();
            reads.note_round();
            let first = reads.turn().await.expect("rounds are going on");
            assert_eq!(reads.window_bytes(usize::MAX), BESIDE_ROUNDS_BYTES);
            let mut second = Box::pin(reads.turn());
            assert!(poll_once(&mut second).await.is_none(), "one at a time");
            // One that is given up while it waits, and one that is given up while it reads, hold up nobody.
            drop(Box::pin(reads.turn()));
            drop(first);
            let second = second.await;
            assert!(second.is_some() && poll_once(reads.turn()).await.is_none());
            drop(second);
            // Nobody appends any more.
            for _ in 0..READS_WITHOUT_ROUND {
                drop(reads.turn().await);
            }
            assert!(!reads.give_way() && reads.turn().await.is_none());
            assert_eq!(reads.window_bytes(usize::MAX), READ_AHEAD_MAX);
            reads.note_round();
            assert!(reads.turn().await.is_some());
        });
    }
}
