//! From memory to segments, and checkpoints: the loop that frees memory and journal.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;

use crate::checkpoint::{Encoder, LogImage, SegmentImage};
use crate::commit::Running;
use crate::disk::{Disk, DiskFile};
use crate::error::StorageError;
use crate::journal::ring::Position;
use crate::layout;
use crate::log::Log;
use crate::segment::Segment;
use crate::store::Store;
use crate::together;

/// Logs that are written out side by side: with one at a time the disk has nothing to do while the next is made ready.
const WRITES: usize = 4;
/// Logs that a checkpoint flushes side by side: the kernel works on eight at a time, two cores.
const FLUSHES: usize = 16;
/// A checkpoint is due when the journal refers to as many bytes in segments as so many of its files hold.
const REFERRED_FILES: u64 = 2;

impl<D: Disk> Store<D> {
    /// Writes heads out and checkpoints, until the store stops or fails. `pause` is awaited before another try when the
    /// disk is full.
    pub async fn run_write_out<P: Future<Output = ()>>(&self, pause: impl Fn() -> P) {
        if self.shared.stopping.get() {
            return;
        }
        let shared = &self.shared;
        assert!(!shared.writing_out.get(), "one write-out loop a store");
        let _running = Running::begin(shared, &shared.writing_out);
        loop {
            if shared.failed() {
                return;
            }
            // The commit loop may need a lap to come to its end.
            if shared.stopping.get() && !shared.committing.get() {
                break;
            }
            let worked = match self.work().await {
                Ok(worked) => {
                    shared.disk_full.set(false);
                    worked
                }
                Err(StorageError::Io { source, path, .. }) if passes(&source) => {
                    if !shared.disk_full.replace(true) {
                        let file = path.display();
                        match is_full(&source) {
                            true => {
                                tracing::error!(%file, "the disk is full: free some space; reads go on, appends are refused when memory is used up")
                            }
                            false => {
                                tracing::error!(%file, error = %source, "no file can be opened: raise the limit on open files; reads go on, appends are refused when memory is used up")
                            }
                        }
                    }
                    shared.room.notify();
                    pause().await;
                    // The commit loop may find space for a lap of its own now, or has to hear that it may give up.
                    shared.laps_freed.notify();
                    continue;
                }
                Err(error) => {
                    shared.fail_writing(&error);
                    return;
                }
            };
            if !worked {
                shared.write_work.wait().await;
            }
        }
    }

    /// Does one piece of work; false if there is none.
    async fn work(&self) -> Result<bool, StorageError> {
        let shared = &self.shared;
        if shared.disk_full.get() && !shared.later_removals.borrow().is_empty() {
            self.remove_without_journal().await?;
        }
        self.remove_files().await?;
        if !shared.compacted_away.borrow().is_empty() {
            // The files before compaction go when a checkpoint knows those after it.
            let away = shared.compacted_away.borrow().len();
            self.write_checkpoint(shared.checkpoint_at.get()).await?;
            shared.removals.borrow_mut().extend(shared.compacted_away.borrow_mut().drain(..away));
            return Ok(true);
        }
        if let Some(start) = self.checkpoint_due() {
            self.checkpoint(start).await?;
            return Ok(true);
        }
        if shared.lap_wanted.get() || shared.journal_full.get() {
            let path = layout::journal_folder(&shared.root, self.shard);
            let source = io::ErrorKind::StorageFull.into();
            return Err(StorageError::Io { what: "writing the journal", path, source });
        }
        if !shared.write_queue.borrow().is_empty() {
            gravest(together::all((0..WRITES).map(|_| self.write_queued())).await)?;
            return Ok(true);
        }
        if shared.heads_bytes.get() >= shared.config.heads_bytes / 2 {
            let largest = self.largest_heads();
            if !largest.is_empty() {
                self.for_each(largest, WRITES, async |log| self.write_out(log, true).await).await?;
                return Ok(true);
            }
        }
        let unswept = shared.sweeps.borrow_mut().pop();
        if let Some(log) = unswept {
            self.sweep(&log).await?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Where a checkpoint is to begin that is due now.
    fn checkpoint_due(&self) -> Option<Position> {
        let shared = &self.shared;
        let laps = shared.laps_in_use.get();
        if laps > 1 && (shared.lap_wanted.get() || laps > shared.config.journal_files / 2) {
            return Some(shared.lap_start.get());
        }
        // A start reads what the journal refers to, and its owner what came behind the checkpoint: both are to be bounded.
        let referred_max = shared.config.journal_file_bytes.saturating_mul(REFERRED_FILES);
        (shared.referred_bytes.get() >= referred_max).then(|| shared.journal_at.get())
    }

    /// Writes out what is queued, log by log, until there is no more or other work comes first.
    async fn write_queued(&self) -> Result<(), StorageError> {
        let shared = &self.shared;
        let waits = || !(shared.removals.borrow().is_empty() && shared.compacted_away.borrow().is_empty());
        while !(self.checkpoint_due().is_some() || waits() || shared.failed()) {
            let Some(log) = shared.write_queue.borrow_mut().pop_front() else { return Ok(()) };
            log.state.borrow_mut().queued = false;
            if shared.large.borrow().contains_key(&log.id()) {
                // A lane is at it, and queues the log again if much is left.
                continue;
            }
            if let Err(error) = self.write_out(&log, false).await {
                // For the next try, if there is one.
                if !std::mem::replace(&mut log.state.borrow_mut().queued, true) {
                    shared.write_queue.borrow_mut().push_front(log);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// The logs with the most in memory that is in no segment: together a good part of what all may have, so that who has
    /// many does not look through them for each.
    fn largest_heads(&self) -> VecDeque<Rc<Log<D>>> {
        let unwritten = |log: &Rc<Log<D>>| log.state.borrow().unwritten_bytes;
        let mut logs: Vec<_> = self.all_logs().into_iter().filter(|log| unwritten(log) > 0).collect();
        logs.sort_by_cached_key(|log| Reverse(unwritten(log)));
        let mut bytes = 0;
        let enough = self.shared.config.heads_bytes / 8;
        logs.retain(|log| {
            let before = bytes;
            bytes += unwritten(log);
            before < enough
        });
        logs.into()
    }

    /// Does `work` for each of these logs, `hands` at a time. After a failure no more are begun.
    async fn for_each(
        &self,
        logs: VecDeque<Rc<Log<D>>>,
        hands: usize,
        work: impl AsyncFn(&Rc<Log<D>>) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        let logs = RefCell::new(logs);
        let hand = || async {
            loop {
                let Some(log) = logs.borrow_mut().pop_front() else { return Ok(()) };
                if let Err(error) = work(&log).await {
                    logs.borrow_mut().clear();
                    return Err(error);
                }
            }
        };
        let hands = hands.min(logs.borrow().len());
        gravest(together::all((0..hands).map(|_| hand())).await)
    }

    /// On a full disk the journal may stand still, and with it the removals that would make space: a checkpoint says as
    /// durably that those files are not needed.
    async fn remove_without_journal(&self) -> Result<(), StorageError> {
        let Some(ticket) = self.shared.later_removals.borrow().last_key_value().map(|(ticket, _)| *ticket)
        else {
            return Ok(());
        };
        self.write_checkpoint(self.shared.checkpoint_at.get()).await?;
        self.shared.release_removals_up_to(ticket);
        Ok(())
    }

    /// Removes files in a log's folder that the log does not know: begun, or no longer needed, when a process ended.
    async fn sweep(&self, log: &Rc<Log<D>>) -> Result<(), StorageError> {
        // A segment begun meanwhile may have the name of a file that is found to be unknown.
        let _writing = self.shared.writing(log.id()).await;
        let folder = layout::log_folder(&self.shared.root, log.id());
        let failed = |source| StorageError::Io { what: "listing", path: folder.clone(), source };
        for name in self.shared.disk.list(&folder).await.map_err(failed)? {
            let unknown = {
                let mut state = log.state.borrow_mut();
                let dropped = state.dropped;
                layout::parse_segment_name(&name).is_some_and(|(base, generation)| {
                    !dropped && state.segment(base).is_none_or(|segment| segment.generation != generation)
                })
            };
            let path = folder.join(&name);
            // What retention has dropped since the start goes when that is durable, and not before.
            let waits = self.shared.later_removals.borrow().values().any(|files| files.contains(&path));
            if unknown && !waits {
                tracing::info!(file = %path.display(), "left behind by an earlier end of the process, removed");
                let removed = self.shared.remove(&path).await;
                removed.map_err(|source| StorageError::Io { what: "removing", path, source })?;
            }
        }
        log.state.borrow_mut().swept = true;
        Ok(())
    }

    /// Makes what the journal has before `start` superfluous, and every lap before that of `start` free: flushes the logs
    /// that have something there, then says so.
    async fn checkpoint(&self, start: Position) -> Result<(), StorageError> {
        let referred = self.shared.referred_bytes.get();
        let whole_laps = start == self.shared.lap_start.get();
        let needs = |log: &Rc<Log<D>>| {
            let oldest = log.state.borrow().oldest_lap;
            oldest.is_some_and(|lap| lap < start.lap || !whole_laps)
        };
        self.flush_logs(needs).await?;
        self.write_checkpoint(start).await?;
        self.shared.referred_bytes.set(self.shared.referred_bytes.get() - referred);
        self.shared.free_before.set(start.lap);
        // The commit loop frees them when it needs one; until then they do not count.
        self.shared.laps_in_use.set(1 + (self.shared.lap_start.get().lap - start.lap) as usize);
        self.shared.lap_wanted.set(false);
        self.shared.laps_freed.notify();
        Ok(())
    }

    /// Flushes the logs that need it, many side by side: the file system makes flushes of several files durable together.
    async fn flush_logs(&self, needs: impl Fn(&Rc<Log<D>>) -> bool) -> Result<(), StorageError> {
        let logs = self.all_logs().into_iter().filter(needs).collect();
        self.for_each(logs, FLUSHES, async |log| self.flush_log(log).await).await
    }

    /// Brings a log into flushed segments, and its image up to date.
    pub(crate) async fn flush_log(&self, log: &Rc<Log<D>>) -> Result<(), StorageError> {
        let _writing = self.shared.writing(log.id()).await;
        let lap = self.shared.lap_start.get().lap;
        // The summary is taken first: it may be older than the image, never newer.
        let aux_at = log.end();
        let aux = log.take_aux();
        self.write_log(log, log.end(), true).await?;
        let (active, next) = {
            let state = log.state.borrow();
            let first_unwritten = state.memory.len() - state.unwritten;
            let next = state.memory.get(first_unwritten).map_or(state.next, |held| held.base);
            let unsealed = state.segments.iter().rfind(|s| s.written > 0 && !s.sealed);
            (unsealed.map(|s| (s.base, s.generation)), next)
        };
        let image_segments = || log.state.borrow().segments.iter().map(Segment::image).collect::<Vec<_>>();
        let segments = image_segments();
        if let Some(base) = active {
            let [path, _] = self.shared.segment_files(log.id(), base);
            let failed = |source| StorageError::Io { what: "flushing", path: path.clone(), source };
            let file = self.shared.file(&path, true).await.map_err(failed)?;
            file.flush().await.map_err(failed)?;
        }
        let mut state = log.state.borrow_mut();
        let log_start = state.log_start;
        state.oldest_lap = (state.next > next).then_some(lap);
        let (aux, aux_at) = match aux {
            Some(aux) => (aux, aux_at.min(next)),
            None => (state.image.aux.clone(), state.image.aux_at),
        };
        // Retention may have dropped some, and compaction written some again, while the flush was under way.
        let segments = segments.into_iter().filter(|s| s.bytes > 0).filter_map(|then| {
            let now = state.segments.binary_search_by_key(&then.base, |s| s.base).ok()?;
            let now = &state.segments[now];
            if now.generation != then.generation {
                return Some(now.image());
            }
            // A neighbour that compaction emptied meanwhile has left a gap behind this one: forgotten, it would be damage.
            Some(SegmentImage { compacted: now.compacted, clean: now.clean, ..then })
        });
        let mut epochs = state.epochs.clone();
        epochs.truncate_from_end(next);
        let segments = segments.collect();
        state.image = LogImage { id: log.id(), log_start, next, segments, epochs, aux_at, aux };
        Ok(())
    }

    /// Writes what a log holds now that is in no segment.
    async fn write_out(&self, log: &Rc<Log<D>>, whole: bool) -> Result<(), StorageError> {
        let _writing = self.shared.writing(log.id()).await;
        self.write_log(log, log.end(), whole).await
    }

    /// Stops the loops, writes everything out, and leaves a checkpoint that needs no journal. From here on nothing is
    /// appended any more.
    pub async fn shutdown(&self) -> Result<(), StorageError> {
        let shared = &self.shared;
        shared.stopping.set(true);
        let loops = [&shared.commit_work, &shared.relaxed_work, &shared.write_work];
        for event in loops.into_iter().chain([&shared.laps_freed, &shared.room]) {
            event.notify();
        }
        // Two writers of one log would write its head twice; and what a round makes durable behind the position that
        // the checkpoint names would be lost.
        while shared.committing.get() || shared.writing_out.get() {
            shared.loop_ended.wait().await;
        }
        if let Some(why) = self.failure() {
            let path = shared.root.clone();
            return Err(StorageError::Io { what: "using", path, source: io::Error::other(why) });
        }
        let at = shared.journal_at.get();
        let dirty = |log: &Rc<Log<D>>| {
            let state = log.state.borrow();
            let as_told = state.image.next == state.next && state.image.log_start == state.log_start;
            state.unwritten > 0 || !as_told
        };
        self.flush_logs(dirty).await?;
        self.write_checkpoint(at).await?;
        shared.release_removals_up_to(u64::MAX);
        shared.removals.borrow_mut().extend(shared.compacted_away.borrow_mut().drain(..));
        self.remove_files().await
    }
}

impl<D: Disk> Log<D> {
    /// Tells a checkpoint of it: as of its last flush, but with today's start, so that what retention removed is not looked
    /// for after a restart.
    pub(crate) fn tell(&self, checkpoint: &mut Encoder) {
        let state = self.state.borrow();
        if state.dropped {
            return;
        }
        let image = &state.image;
        // Of a relaxed log records may go that the journal has not yet: after a crash the log must not begin behind its end.
        let log_start = state.log_start.min(image.next.max(state.durable_end));
        checkpoint.log(image, log_start, state.segments.front().map(|segment| segment.base));
    }
}

/// What becomes of work done side by side: a failure that does not pass before one that does. A disk that is full for one
/// log would else hide that the flush of another has failed, and the next try of that flush succeeds though the pages of
/// the first are gone.
fn gravest(outcomes: Vec<Result<(), StorageError>>) -> Result<(), StorageError> {
    let weight = |outcome: &Result<(), StorageError>| match outcome {
        Ok(()) => 0,
        Err(StorageError::Io { source, .. }) if passes(source) => 1,
        Err(_) => 2,
    };
    outcomes.into_iter().max_by_key(weight).unwrap_or(Ok(()))
}

/// Whether the disk has no space: a state that passes, not a failure.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Whether it may work later: no space, or no descriptor left. Nothing was written then that is not known.
pub(crate) fn passes(error: &io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    is_full(error) || matches!(error.raw_os_error(), Some(ENFILE | EMFILE))
}
