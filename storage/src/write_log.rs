//! From memory to one log's segments: which write is due, and doing it.
//!
//! ```text
//!   in the file ─┤ filled part of the last page │ batches ... │ zeroes ├
//!                └────────────── one write: whole pages ──────────────┘     the last page is written again by the next
//! ```
//!
//! Invariants: one writer a log at a time; the last page is in memory as well as long as it may be written again; what
//! has left memory can be read from the file. A sealed segment is cut to its length, flushed, and gets its index.
//!
//! Not here: when a log's turn comes (`write_out.rs`, `large.rs`).

use std::io;
use std::path::PathBuf;
use std::rc::Rc;

use headwater_core::ids::Offset;
use headwater_core::record::header::BatchHeader;

use crate::disk::{Buf, Disk, DiskFile, PAGE, page_ceil, page_floor};
use crate::error::StorageError;
use crate::log::{Log, cost};
use crate::store::Store;

/// Bytes of one segment write at most.
const WRITE_BYTES: usize = 2 << 20;

/// One write that is due.
struct Step {
    segment: Offset,
    path: PathBuf,
    index_path: PathBuf,
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
    /// Bytes to be reserved before anything is written; 0 for none.
    reserve: u64,
}

impl<D: Disk> Store<D> {
    /// Writes what a log holds that is in no segment, up to `until`: whole pages, and with `whole` the last one too. What is
    /// appended behind that waits for the next time, else a busy log would never be done. To be called by whoever has the
    /// log's [`Shared::writing`](crate::shared::Shared::writing).
    pub(crate) async fn write_log(
        &self,
        log: &Rc<Log<D>>,
        until: Offset,
        whole: bool,
    ) -> Result<(), StorageError> {
        loop {
            self.load_tail(log).await?;
            let Some(step) = self.next_step(log, until, whole) else { return Ok(()) };
            self.run_step(log, step).await?;
        }
    }

    /// After a restart the filled part of the last page is in the file only.
    async fn load_tail(&self, log: &Rc<Log<D>>) -> Result<(), StorageError> {
        let wanted = {
            let state = log.state.borrow();
            let segment = state.segments.iter().find(|s| !s.sealed && s.tail.is_none());
            segment.map(|s| ((s.base, s.generation), s.written))
        };
        let Some((named, written)) = wanted else { return Ok(()) };
        let [path, _] = self.shared.segment_files(log.id(), named);
        let failed = |source| StorageError::Io { what: "reading", path: path.clone(), source };
        let from = page_floor(written);
        let len = (written - from) as usize;
        let file = self.shared.file(&path, false).await.map_err(failed)?;
        let bytes = file.read_at(from, len).await.map_err(failed)?;
        if bytes.len() < len {
            return Err(failed(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the segment is shorter than its checkpoint says",
            )));
        }
        if let Some(segment) = log.state.borrow_mut().segment(named.0) {
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
        let reserved = if state.config.preallocate { state.config.segment_bytes } else { 0 };
        let segment = state.segment(base)?;
        let tail = segment.tail.clone().unwrap_or_default();
        let total = tail.len() + fresh;
        let due =
            seal || (if whole { fresh > 0 || !segment.tail_on_disk } else { total >= PAGE && fresh > 0 });
        let [path, index_path] = self.shared.segment_files(log.id(), (base, segment.generation));
        let reserve = if segment.written == 0 && !seal { reserved } else { 0 };
        due.then(|| Step {
            segment: base,
            path,
            index_path,
            from: page_floor(segment.written),
            tail,
            batches,
            fresh,
            whole,
            seal,
            reserve,
        })
    }

    async fn run_step(&self, log: &Rc<Log<D>>, step: Step) -> Result<(), StorageError> {
        let Step { segment: base, path, index_path, from, tail, batches, fresh, whole, seal, reserve } = step;
        let failed = |what| {
            let path = path.clone();
            move |source| StorageError::Io { what, path, source }
        };
        let total = tail.len() + fresh;
        let file = self.shared.file(&path, true).await.map_err(failed("opening"))?;
        if reserve > 0 {
            // Of a file that is there already it does nothing twice: without space it is tried again.
            file.reserve(reserve).await.map_err(failed("reserving space for"))?;
        }
        let on_disk = if whole { page_ceil(total) } else { total / PAGE * PAGE };
        let kept = total / PAGE * PAGE;
        let mut rest = Vec::new();
        if on_disk > 0 {
            let mut buf = self.shared.buffers.take(on_disk);
            let bytes = &mut buf.bytes()[..on_disk];
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
            let (result, back) = file.write_at(buf, on_disk, from).await;
            self.shared.buffers.give(back);
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
            let written = self.shared.disk.replace_file(&index_path, bytes).await;
            written.map_err(|source| StorageError::Io { what: "writing", path: index_path, source })?;
        }
        let mut state = log.state.borrow_mut();
        if state.dropped {
            // Deleted meanwhile: nothing of it is in memory, and nothing of it counts any more.
            return Ok(());
        }
        let newest = batches.iter().filter_map(|b| BatchHeader::parse(b).ok()).map(|h| h.max_timestamp).max();
        if let Some(segment) = state.segment(base) {
            segment.written_max_timestamp = segment.written_max_timestamp.max(newest);
            segment.written = size;
            // Nothing is written behind a sealed segment's last page: of thousands of them these would add up.
            segment.tail = Some(if seal { Vec::new() } else { rest });
            segment.tail_on_disk = whole;
            segment.sealed |= seal;
        }
        state.unwritten -= batches.len();
        state.unwritten_bytes -= fresh;
        drop(state);
        if seal {
            log.keep_index(base);
            log.release_before_start();
        }
        let costs: usize = batches.iter().map(|batch| cost(batch.len())).sum();
        self.shared.heads_bytes.set(self.shared.heads_bytes.get() - costs);
        self.shared.cache_bytes.set(self.shared.cache_bytes.get() + costs);
        self.shared.cached.borrow_mut().push(log, batches.len());
        self.shared.room.notify();
        self.evict();
        Ok(())
    }

    /// Drops the oldest written batches from memory while they are over their budget.
    fn evict(&self) {
        /// Batches that have to stay for now, passed over in one call.
        const PASSED_MAX: usize = 256;
        let mut passed = 0;
        while self.shared.cache_bytes.get() > self.shared.config.cache_bytes && passed < PASSED_MAX {
            let Some(log) = self.shared.cached.borrow_mut().pop() else { return };
            let mut state = log.state.borrow_mut();
            let evictable = state.memory.len() > state.unwritten
                && state.memory.front().is_some_and(|held| {
                    let (base, end) = (held.segment, held.end_pos());
                    let at = state.segments.binary_search_by_key(&base, |s| s.base).ok();
                    at.map(|at| &state.segments[at]).is_none_or(|s| s.sealed || end <= s.readable())
                });
            if let Some(held) = state.memory.pop_front_if(|_| evictable) {
                self.shared.cache_bytes.set(self.shared.cache_bytes.get() - held.cost());
            } else {
                // Its last page is not in the file yet: it stays until the next write.
                passed += 1;
                drop(state);
                self.shared.cached.borrow_mut().push(&log, 1);
            }
        }
    }
}
