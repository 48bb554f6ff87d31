//! Large appends, past the journal: when one log brings much in a round, its batches are written once, straight to their
//! segment, and the journal only says where they are.
//!
//! ```text
//!   pending ──[round]──> not large: a frame has the batches
//!      └──> large, in a stretch: [lane: segment, flush] ──> told: one entry for the stretch ──[round]──> durable
//!              └─ what the same log brings meanwhile waits behind it, and goes the same way if it is large too
//! ```
//!
//! Invariants: the entry is queued only when the segment is flushed up to the stretch's end, so a whole frame with it proves
//! that the batches were durable, and everything before them in that log; entries of one log reach the journal in the
//! order of their offsets, so nothing behind a stretch is acknowledged before it; rounds never wait for a lane, so other
//! logs do not either; one task at a time writes the files of a log (`Shared::writing`). Where the disk is full the stretch
//! goes to the journal after all. A write or flush that fails otherwise ends the store, as everywhere.
//!
//! Not here: how segments are written (`write_log.rs`), and what a start makes of such entries (`recovery.rs`).

use std::collections::VecDeque;
use std::rc::Rc;

use futures_lite::future::zip;
use headwater_core::ids::{Offset, TopicPartition};
use headwater_core::record::header::HEADER_BYTES;

use crate::commit::ROUND_BYTES;
use crate::disk::{Disk, DiskFile};
use crate::error::StorageError;
use crate::journal::frame::{Entry, Kind, STORED_BYTES, Stored};
use crate::log::{Log, cost};
use crate::shared::{Pending, Shared};
use crate::store::Store;
use crate::write_out::passes;

/// The headers of a stretch's batches, as its entry has them.
pub(crate) struct Headers(crc32fast::Hasher);

impl Headers {
    pub fn new() -> Self {
        Self(crc32fast::Hasher::new())
    }

    /// The next batch.
    pub fn note(&mut self, batch: &[u8]) {
        self.0.update(&batch[..batch.len().min(HEADER_BYTES)]);
    }

    pub fn checksum(self) -> u32 {
        self.0.finalize()
    }
}

/// Bytes of batches among these entries.
fn batch_bytes<'p, D: Disk>(entries: impl IntoIterator<Item = &'p Pending<D>>) -> usize {
    entries.into_iter().filter(|p| p.entry.kind.is_append()).map(|p| p.entry.bytes.len()).sum()
}

impl<D: Disk> Shared<D> {
    /// Whether this entry goes past the journal, or behind one that does.
    pub(crate) fn goes_past(&self, next: &Pending<D>) -> bool {
        let batch = next.entry.kind.is_append();
        if !batch && next.entry.kind != Kind::Start {
            return false;
        }
        if self.large.borrow().contains_key(&next.log.id()) {
            return true;
        }
        let may = batch && !next.journaled && self.takes_large();
        may && next.log.state.borrow().waiting_bytes >= self.config.large_bytes
    }

    fn takes_large(&self) -> bool {
        !(self.stopping.get() || self.disk_full.get() || self.failed())
    }

    /// Puts an entry into the stretch of its log, or behind it.
    pub(crate) fn put_past(&self, next: Pending<D>) {
        let id = next.log.id();
        let mut large = self.large.borrow_mut();
        let waiting = large.entry(id).or_insert_with(|| {
            self.large_queue.borrow_mut().push_back(id);
            self.large_work.notify();
            VecDeque::new()
        });
        waiting.push_back(next);
    }
}

impl<D: Disk> Store<D> {
    /// Writes stretches, several logs side by side, until the rounds have ended.
    pub(crate) async fn run_lanes(&self) {
        zip(self.run_lane(), zip(self.run_lane(), self.run_lane())).await;
    }

    async fn run_lane(&self) {
        let shared = &self.shared;
        loop {
            let next = shared.large_queue.borrow_mut().pop_front();
            match next {
                Some(id) => self.pass(id).await,
                None if shared.rounds_ended.get() => return,
                None => shared.large_work.wait().await,
            }
        }
    }

    /// Writes one stretch of a log, and puts what tells of it into the next round.
    async fn pass(&self, id: TopicPartition) {
        let shared = &self.shared;
        if shared.failed() {
            return;
        }
        let stretch = shared.large.borrow_mut().get_mut(&id).map(take_stretch).unwrap_or_default();
        let Some((log, end)) =
            stretch.iter().rfind(|p| p.entry.kind.is_append()).map(|p| (p.log.clone(), p.end))
        else {
            return;
        };
        let stored = match self.store_stretch(&log, end).await {
            Ok(()) => true,
            Err(StorageError::Io { source, .. }) if passes(&source) => false,
            Err(error) => {
                shared.fail_writing(&error);
                return;
            }
        };
        let told = if stored {
            shared.tell_of(stretch)
        } else {
            stretch.into_iter().map(Pending::into_journal).collect()
        };
        self.put_back(&log, told, stored);
    }

    /// Brings a log into its segments up to `end`, and makes that durable.
    async fn store_stretch(&self, log: &Rc<Log<D>>, end: Offset) -> Result<(), StorageError> {
        let _writing = self.shared.writing(log.id()).await;
        self.write_log(log, end, true).await?;
        // Segments before the one that holds the end were sealed, and flushed by that.
        let last = {
            let state = log.state.borrow();
            let last = state.segments.iter().rfind(|segment| segment.base < end);
            last.filter(|segment| !segment.sealed).map(|segment| (segment.base, segment.generation))
        };
        let Some(named) = last else { return Ok(()) };
        let [path, _] = self.shared.segment_files(log.id(), named);
        let failed = |source| StorageError::Io { what: "flushing", path: path.clone(), source };
        match self.shared.file(&path, false).await {
            Ok(file) => file.flush().await.map_err(failed),
            // Deleted, or removed by retention.
            Err(_) if log.state.borrow_mut().segment(named.0).is_none() => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    /// Puts `told` into the next round, and behind it what waited, unless that is a stretch of its own.
    fn put_back(&self, log: &Rc<Log<D>>, told: Vec<Pending<D>>, stored: bool) {
        let shared = &self.shared;
        let id = log.id();
        let mut large = shared.large.borrow_mut();
        let behind = large.get(&id).map_or(0, |behind| batch_bytes(behind));
        let dropped = log.state.borrow().dropped;
        let goes_on = stored && !dropped && behind >= shared.config.large_bytes && shared.takes_large();
        let mut back = told;
        if goes_on {
            shared.large_queue.borrow_mut().push_back(id);
            shared.large_work.notify();
        } else {
            back.extend(large.remove(&id).unwrap_or_default());
        }
        drop(large);
        if dropped {
            // Behind the word that the log is gone nothing of it may come: a start would begin it anew.
            for pending in back.drain(..) {
                shared.pending_bytes.set(shared.pending_bytes.get() - cost(pending.entry.bytes.len()));
                shared.forget_removals(pending.ticket);
            }
        }
        let over = {
            let mut state = log.state.borrow_mut();
            state.waiting_bytes += batch_bytes(&back);
            let over =
                !goes_on && !dropped && state.unwritten_bytes >= shared.config.head_bytes && !state.queued;
            state.queued |= over;
            over
        };
        shared.told.borrow_mut().extend(back);
        if over {
            shared.write_queue.borrow_mut().push_back(log.clone());
            shared.write_work.notify();
        }
        shared.room.notify();
        shared.begin_round();
        // A stop waits for the last of them.
        shared.commit_work.notify();
    }
}

/// Takes from the front of what waits: a round's worth of batches at most, and what else is between them.
fn take_stretch<D: Disk>(waiting: &mut VecDeque<Pending<D>>) -> Vec<Pending<D>> {
    let mut stretch = Vec::new();
    let mut bytes = 0;
    while let Some(next) =
        waiting.pop_front_if(|next| bytes == 0 || bytes + next.entry.bytes.len() <= ROUND_BYTES)
    {
        bytes += next.entry.bytes.len();
        stretch.push(next);
    }
    stretch
}

impl<D: Disk> Shared<D> {
    /// Entries that say where the batches of a stretch are, one for each segment and leader epoch.
    fn tell_of(&self, stretch: Vec<Pending<D>>) -> Vec<Pending<D>> {
        let mut told: Vec<Pending<D>> = Vec::new();
        let mut of: Option<(Pending<D>, Stored, Headers)> = None;
        let close = |of: Option<(Pending<D>, Stored, Headers)>, told: &mut Vec<Pending<D>>| {
            told.extend(of.map(|(first, stored, headers)| {
                self.referred_bytes.set(self.referred_bytes.get() + u64::from(stored.length));
                self.pending_bytes.set(self.pending_bytes.get() + cost(STORED_BYTES));
                let stored = Stored { checksum: headers.checksum(), ..stored };
                Pending { entry: Entry { bytes: stored.encode(), ..first.entry }, end: stored.next, ..first }
            }));
        };
        for next in stretch {
            let (kind, len, end, place) = (next.entry.kind, next.entry.bytes.len(), next.end, next.place);
            if !kind.is_append() {
                close(of.take(), &mut told);
                told.push(next);
                continue;
            }
            self.pending_bytes.set(self.pending_bytes.get() - cost(len));
            // An entry has one epoch, and is about one segment.
            let other = of.as_ref().is_some_and(|(first, ..)| first.entry.epoch != next.entry.epoch);
            if kind == Kind::Roll || other {
                close(of.take(), &mut told);
            }
            let batch = next.entry.bytes.clone();
            let (_, stored, headers) = of.get_or_insert_with(|| {
                let stored = Stored { place, length: 0, next: end, checksum: 0 };
                let kind = if kind == Kind::Roll { Kind::StoredRoll } else { Kind::Stored };
                let first = Pending { entry: Entry { kind, ..next.entry }, ..next };
                (first, stored, Headers::new())
            });
            stored.length += len as u32;
            stored.next = end;
            headers.note(&batch);
        }
        close(of, &mut told);
        told
    }
}
