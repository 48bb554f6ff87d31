//! From memory to segments, and checkpoints: the loop that frees memory and journal.

use std::io;
use std::path::PathBuf;
use std::rc::Rc;

use headwater_core::ids::Offset;

use crate::checkpoint::LogImage;
use crate::disk::{Buf, Buffers, Disk, DiskFile, PAGE, page_ceil, page_floor};
use crate::error::StorageError;
use crate::layout;
use crate::log::Log;
use crate::segment::Segment;
use crate::store::{Running, Store};

/// Bytes of one segment write at most.
const WRITE_BYTES: usize = 2 << 20;

/// One write that is due.
struct Step {
    segment: Offset,
    path: PathBuf,
    /// Where the tail begins.
    from: u64,
    tail: Vec<u8>,
    batches: Vec<bytes::Bytes>,
    /// Bytes of the batches.
    fresh: usize,
    /// Also the last page, though it is not full.
    whole: bool,
    /// No more will be appended to the segment, and this is the last of it.
    seal: bool,
}

impl<D: Disk> Store<D> {
    /// Writes heads out and checkpoints, until the store stops or fails. `pause` is awaited before another try when the
    /// disk is full.
    pub async fn run_write_out<P: Future<Output = ()>>(&self, pause: impl Fn() -> P) {
        let mut buffers = self.buffers.take().expect("one write-out loop a store");
        let _running = Running::new(&self.shared);
        loop {
            // The commit loop ends first: its last rounds may need laps that only this loop can free.
            let alone = self.shared.loops_running.get() == 1;
            if self.shared.failed() || (self.shared.stopping.get() && alone) {
                break;
            }
            let worked = match self.work(&mut buffers).await {
                Ok(worked) => {
                    self.shared.disk_full.set(false);
                    worked
                }
                Err(StorageError::Io { source, path, .. }) if is_full(&source) => {
                    if !self.shared.disk_full.replace(true) {
                        tracing::error!(file = %path.display(), "the disk is full: free some space; reads go on, appends are refused when memory is used up");
                    }
                    self.shared.room.notify();
                    if self.shared.stopping.get() {
                        break;
                    }
                    pause().await;
                    continue;
                }
                Err(error) => {
                    self.shared.fail("writing segments", &io::Error::other(error.to_string()));
                    break;
                }
            };
            if !worked {
                self.shared.write_work.wait().await;
            }
        }
        self.buffers.set(Some(buffers));
    }

    /// Does one piece of work; false if there is none.
    async fn work(&self, buffers: &mut Buffers<D>) -> Result<bool, StorageError> {
        let removals = std::mem::take(&mut *self.shared.removals.borrow_mut());
        for path in removals {
            let removed = self.shared.disk.remove(&path).await;
            removed.map_err(|source| StorageError::Io { what: "removing", path, source })?;
        }
        if self.shared.laps_in_use.get() > self.shared.config.journal_files / 2 {
            self.checkpoint(buffers).await?;
            return Ok(true);
        }
        let next = self.shared.write_queue.borrow_mut().pop_front();
        if let Some(log) = next {
            log.state.borrow_mut().queued = false;
            self.write_log(&log, buffers, false).await?;
            self.evict();
            return Ok(true);
        }
        if self.shared.heads_bytes.get() >= self.shared.config.heads_bytes / 2 {
            let largest = self.all_logs().into_iter().max_by_key(|log| log.state.borrow().unwritten_bytes);
            if let Some(log) = largest.filter(|log| log.state.borrow().unwritten_bytes > 0) {
                self.write_log(&log, buffers, true).await?;
                self.evict();
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Makes every lap before the one being written free: flushes the logs that have something in them, then says so.
    async fn checkpoint(&self, buffers: &mut Buffers<D>) -> Result<(), StorageError> {
        let start = self.shared.lap_start.get();
        for log in self.all_logs() {
            if log.state.borrow().oldest_lap.is_some_and(|lap| lap < start.lap) {
                self.flush_log(&log, buffers).await?;
            }
        }
        self.write_checkpoint(start).await?;
        self.shared.free_before.set(start.lap);
        // The commit loop frees them when it needs one; until then they do not count.
        self.shared.laps_in_use.set(1 + (self.shared.lap_start.get().lap - start.lap) as usize);
        self.shared.laps_freed.notify();
        self.evict();
        Ok(())
    }

    /// Brings a log into flushed segments, and its image up to date.
    async fn flush_log(&self, log: &Rc<Log<D>>, buffers: &mut Buffers<D>) -> Result<(), StorageError> {
        let lap = self.shared.lap_start.get().lap;
        // The summary is taken first: it may be older than the image, never newer.
        let aux_at = log.end();
        let aux = log.take_aux();
        self.write_log(log, buffers, true).await?;
        let (active, next) = {
            let state = log.state.borrow();
            let first_unwritten = state.memory.len() - state.unwritten;
            let next = state.memory.get(first_unwritten).map_or(state.next, |held| held.base);
            (state.segments.iter().rfind(|s| s.written > 0 && !s.sealed).map(|s| s.base), next)
        };
        let image_segments = || log.state.borrow().segments.iter().map(Segment::image).collect::<Vec<_>>();
        let segments = image_segments();
        if let Some(base) = active {
            let path = layout::segment_file(&self.shared.root, log.id(), base);
            let failed = |source| StorageError::Io { what: "flushing", path: path.clone(), source };
            let file = self.shared.file(&path).await.map_err(failed)?;
            file.flush().await.map_err(failed)?;
        }
        let mut state = log.state.borrow_mut();
        let log_start = state.log_start;
        state.oldest_lap = (state.next > next).then_some(lap);
        let (aux, aux_at) = match aux {
            Some(aux) => (aux, aux_at.min(next)),
            None => (state.image.aux.clone(), state.image.aux_at),
        };
        // Retention may have dropped some while the flush was under way.
        let segments = segments
            .into_iter()
            .filter(|s| s.bytes > 0 && state.segments.front().is_some_and(|f| f.base <= s.base));
        state.image = LogImage { id: log.id(), log_start, next, segments: segments.collect(), aux_at, aux };
        Ok(())
    }

    /// Writes what a log holds that is in no segment: whole pages, and with `whole` the last one too.
    async fn write_log(
        &self,
        log: &Rc<Log<D>>,
        buffers: &mut Buffers<D>,
        whole: bool,
    ) -> Result<(), StorageError> {
        // What is appended from here on waits for the next time, else a busy log would never be done.
        let until = log.end();
        loop {
            self.load_tail(log).await?;
            let Some(step) = self.next_step(log, until, whole) else { return Ok(()) };
            self.run_step(log, buffers, step).await?;
        }
    }

    /// After a restart the filled part of the last page is in the file only.
    async fn load_tail(&self, log: &Rc<Log<D>>) -> Result<(), StorageError> {
        let wanted = {
            let state = log.state.borrow();
            let segment = state.segments.iter().find(|s| !s.sealed && s.tail.is_none());
            segment.map(|s| (s.base, s.written))
        };
        let Some((base, written)) = wanted else { return Ok(()) };
        let path = layout::segment_file(&self.shared.root, log.id(), base);
        let failed = |source| StorageError::Io { what: "reading", path: path.clone(), source };
        let from = page_floor(written);
        let len = (written - from) as usize;
        let file = self.shared.file(&path).await.map_err(failed)?;
        let bytes = file.read_at(from, len).await.map_err(failed)?;
        if bytes.len() < len {
            return Err(failed(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the segment is shorter than its checkpoint says",
            )));
        }
        if let Some(segment) = log.state.borrow_mut().segment(base) {
            segment.tail = Some(bytes.to_vec());
        }
        Ok(())
    }

    /// The oldest write that is due; none when everything up to `until` is out.
    fn next_step(&self, log: &Rc<Log<D>>, until: Offset, whole: bool) -> Option<Step> {
        let mut state = log.state.borrow_mut();
        if state.dropped {
            return None;
        }
        let active = state.segments.back()?.base;
        let first = state.memory.len() - state.unwritten;
        let base = state
            .segments
            .iter()
            .find(|s| !s.sealed && (s.base != active || s.written < s.size || !s.tail_on_disk))
            .map(|s| s.base)?;
        let mut batches = Vec::new();
        let mut fresh = 0;
        let mut more = false;
        for held in state.memory.iter().skip(first) {
            if held.segment != base
                || held.base >= until
                || (fresh > 0 && fresh + held.bytes.len() > WRITE_BYTES)
            {
                more = held.segment == base;
                break;
            }
            fresh += held.bytes.len();
            batches.push(held.bytes.clone());
        }
        let seal = base != active && !more;
        let whole = whole || seal;
        let segment = state.segment(base)?;
        let tail = segment.tail.clone().unwrap_or_default();
        let total = tail.len() + fresh;
        let due =
            seal || (if whole { fresh > 0 || !segment.tail_on_disk } else { total >= PAGE && fresh > 0 });
        due.then(|| Step {
            segment: base,
            path: layout::segment_file(&self.shared.root, log.id(), base),
            from: page_floor(segment.written),
            tail,
            batches,
            fresh,
            whole,
            seal,
        })
    }

    async fn run_step(
        &self,
        log: &Rc<Log<D>>,
        buffers: &mut Buffers<D>,
        step: Step,
    ) -> Result<(), StorageError> {
        let Step { segment: base, path, from, tail, batches, fresh, whole, seal } = step;
        let failed = |what| {
            let path = path.clone();
            move |source| StorageError::Io { what, path, source }
        };
        let total = tail.len() + fresh;
        let file = self.shared.file(&path).await.map_err(failed("opening"))?;
        let on_disk = if whole { page_ceil(total) } else { total / PAGE * PAGE };
        let kept = total / PAGE * PAGE;
        let mut rest = Vec::new();
        if on_disk > 0 {
            let mut buf = buffers.take(on_disk);
            let bytes = buf.bytes();
            let mut at = 0;
            let mut put = |part: &[u8]| {
                let n = part.len().min(bytes.len() - at);
                bytes[at..at + n].copy_from_slice(&part[..n]);
                at += n;
            };
            put(&tail);
            batches.iter().for_each(|batch| put(batch));
            let filled = at.min(if whole { total } else { on_disk });
            bytes[filled..].fill(0);
            let (result, back) = file.write_at(buf, from).await;
            buffers.give(back);
            result.map_err(failed("writing"))?;
        }
        // The part of the last page, for the next write.
        let mut skip = kept;
        for part in std::iter::once(tail.as_slice()).chain(batches.iter().map(|b| b.as_ref())) {
            let n = skip.min(part.len());
            rest.extend_from_slice(&part[n..]);
            skip -= n;
        }
        let size = from + total as u64;
        if seal {
            file.truncate(size).await.map_err(failed("cutting"))?;
            file.flush().await.map_err(failed("flushing"))?;
            let index =
                log.state.borrow_mut().segment(base).and_then(|s| s.index.clone()).unwrap_or_default();
            let mut bytes = Vec::new();
            index.encode(&mut bytes);
            let path = layout::index_file(&self.shared.root, log.id(), base);
            let written = self.shared.disk.replace_file(&path, bytes).await;
            written.map_err(|source| StorageError::Io { what: "writing", path, source })?;
        }
        let mut state = log.state.borrow_mut();
        if state.dropped {
            return Ok(());
        }
        if let Some(segment) = state.segment(base) {
            segment.written = size;
            segment.tail = Some(rest);
            segment.tail_on_disk = whole;
            segment.sealed |= seal;
        }
        state.unwritten -= batches.len();
        state.unwritten_bytes -= fresh;
        drop(state);
        self.shared.heads_bytes.set(self.shared.heads_bytes.get() - fresh);
        self.shared.cache_bytes.set(self.shared.cache_bytes.get() + fresh);
        self.shared.cached.borrow_mut().extend(batches.iter().map(|batch| (log.clone(), batch.len())));
        self.shared.room.notify();
        Ok(())
    }

    /// Drops the oldest written batches from memory while they are over their budget.
    fn evict(&self) {
        while self.shared.cache_bytes.get() > self.shared.config.cache_bytes {
            let Some((log, len)) = self.shared.cached.borrow_mut().pop_front() else { return };
            let mut state = log.state.borrow_mut();
            let evictable = state.memory.len() > state.unwritten
                && state.memory.front().is_some_and(|held| {
                    let (base, end) = (held.segment, held.end_pos());
                    state
                        .segments
                        .iter()
                        .find(|s| s.base == base)
                        .is_none_or(|s| s.sealed || end <= s.readable())
                });
            if evictable {
                state.memory.pop_front();
                self.shared.cache_bytes.set(self.shared.cache_bytes.get() - len);
            } else if state.dropped {
                self.shared.cache_bytes.set(self.shared.cache_bytes.get() - len);
            } else {
                // Its last page is not in the file yet: it stays until the next write.
                drop(state);
                self.shared.cached.borrow_mut().push_back((log, len));
                return;
            }
        }
    }

    /// Stops the loops, writes everything out, and leaves a checkpoint that needs no journal.
    pub async fn shutdown(&self) -> Result<(), StorageError> {
        self.shared.stopping.set(true);
        self.shared.commit_work.notify();
        self.shared.write_work.notify();
        self.shared.laps_freed.notify();
        // A write of either loop that is still under way would meet those below.
        while self.shared.loops_running.get() > 0 {
            self.shared.loop_ended.wait().await;
        }
        if let Some(why) = self.failure() {
            let path = self.shared.root.clone();
            return Err(StorageError::Io { what: "using", path, source: io::Error::other(why) });
        }
        let mut buffers = self.buffers.take().unwrap_or_else(|| Buffers::new(self.shared.disk.clone()));
        for log in self.all_logs() {
            let clean = {
                let state = log.state.borrow();
                state.unwritten == 0
                    && state.image.next == state.next
                    && state.image.log_start == state.log_start
            };
            if !clean {
                self.flush_log(&log, &mut buffers).await?;
            }
        }
        self.write_checkpoint(self.shared.journal_at.get()).await
    }
}

impl<D: Disk> Log<D> {
    /// What a checkpoint says of it: as of its last flush, but with today's start, so that what retention removed is not
    /// looked for after a restart.
    pub(crate) fn image(&self) -> LogImage {
        let state = self.state.borrow();
        let mut image = state.image.clone();
        image.log_start = state.log_start;
        if let Some(first) = state.segments.front().map(|segment| segment.base) {
            image.segments.retain(|segment| segment.base >= first);
        }
        image
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
