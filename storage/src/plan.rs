//! A read plan: what to read, owned, so that nothing of the log is borrowed while the disk works.

use std::rc::Rc;

use bytes::Bytes;
use headwater_core::ids::Offset;
use headwater_core::record::header::{BatchHeader, BatchView};

use crate::disk::{Disk, DiskFile};
pub use crate::error::ReadError;
use crate::index::Index;
use crate::log::Log;

/// The largest batch that a read believes in, in bytes: a damaged length must not become an allocation.
const BATCH_BYTES_MAX: usize = 1 << 30;
/// The least that is read from the disk at once.
const READ_BYTES: usize = 128 * 1024;

/// What a read gave.
#[derive(Debug, Default)]
pub struct ReadOutcome {
    /// Whole batches; the first one holds the offset that was asked for.
    pub chunks: Vec<Bytes>,
    /// The offset behind the last of them.
    pub next_offset: Offset,
}

/// See the module's text.
pub struct ReadPlan<D: Disk> {
    from: Offset,
    upto: Offset,
    max_bytes: usize,
    at_least_one: bool,
    source: Source<D>,
}

enum Source<D: Disk> {
    Memory(ReadOutcome),
    Segment { log: Rc<Log<D>>, base: Offset },
}

impl<D: Disk> Log<D> {
    /// Plans a read of whole batches from the one that holds `from` on, below `upto`, of `max_bytes` at most; with
    /// `at_least_one` the first batch is read whatever its size (behaviours 39, 40).
    pub fn plan(
        self: &Rc<Self>,
        from: Offset,
        upto: Offset,
        max_bytes: usize,
        at_least_one: bool,
    ) -> Result<ReadPlan<D>, ReadError> {
        let state = self.state.borrow();
        if from < state.log_start || from > state.next {
            return Err(ReadError::OutOfRange(from));
        }
        let plan = |source| ReadPlan { from, upto, max_bytes, at_least_one, source };
        if from >= upto {
            return Ok(plan(Source::Memory(ReadOutcome { chunks: Vec::new(), next_offset: from })));
        }
        let in_memory = state.memory.front().is_some_and(|held| held.base <= from);
        if in_memory {
            let first = state.memory.partition_point(|held| held.last < from);
            let mut outcome = ReadOutcome { chunks: Vec::new(), next_offset: from };
            let mut bytes = 0;
            for held in state.memory.iter().skip(first) {
                let fits =
                    bytes + held.bytes.len() <= max_bytes || (at_least_one && outcome.chunks.is_empty());
                if held.last >= upto || !fits {
                    break;
                }
                bytes += held.bytes.len();
                outcome.chunks.push(held.bytes.clone());
                outcome.next_offset = held.last.plus(1);
            }
            return Ok(plan(Source::Memory(outcome)));
        }
        let after = state.segments.partition_point(|segment| segment.base <= from);
        match after.checked_sub(1).and_then(|at| state.segments.get(at)) {
            Some(segment) => Ok(plan(Source::Segment { log: self.clone(), base: segment.base })),
            None => Err(ReadError::OutOfRange(from)),
        }
    }
}

impl<D: Disk> ReadPlan<D> {
    /// Reads. What does not pass its checksum is not given; what comes before it in the read is.
    pub async fn run(self) -> Result<ReadOutcome, ReadError> {
        let ReadPlan { from, upto, max_bytes, at_least_one, source } = self;
        let (log, mut base) = match source {
            Source::Memory(outcome) => return Ok(outcome),
            Source::Segment { log, base } => (log, base),
        };
        loop {
            let read = SegmentRead { log: &log, base, from, upto, max_bytes, at_least_one };
            let outcome = read.run().await?;
            if !outcome.chunks.is_empty() || outcome.next_offset > from {
                return Ok(outcome);
            }
            // `from` is behind the last batch of this segment: the next one has it.
            let next =
                log.state.borrow().segments.iter().map(|segment| segment.base).find(|next| *next > base);
            match next {
                Some(next) if next <= from => base = next,
                _ => return Ok(outcome),
            }
        }
    }
}

struct SegmentRead<'r, D: Disk> {
    log: &'r Rc<Log<D>>,
    base: Offset,
    from: Offset,
    upto: Offset,
    max_bytes: usize,
    at_least_one: bool,
}

impl<D: Disk> SegmentRead<'_, D> {
    async fn run(&self) -> Result<ReadOutcome, ReadError> {
        let path = self.path();
        let failed = |source| ReadError::Io { id: self.log.id(), file: path.clone(), source };
        self.load_index().await;
        let place = {
            let mut state = self.log.state.borrow_mut();
            state.segment(self.base).map(|segment| {
                let pos = segment.index.as_ref().map_or(0, |index| index.position(self.base, self.from));
                (pos, segment.readable())
            })
        };
        let Some((mut pos, end)) = place else { return Err(ReadError::OutOfRange(self.from)) };
        let file = self.log.shared.file(&path, false).await.map_err(failed)?;
        let mut outcome = ReadOutcome { chunks: Vec::new(), next_offset: self.from };
        let mut bytes = 0usize;
        let mut window_bytes = READ_BYTES.max(self.max_bytes.min(1 << 20));
        while pos < end {
            let len = window_bytes.min((end - pos) as usize);
            let window = file.read_at(pos, len).await.map_err(failed)?;
            let mut at = 0;
            while let Ok(header) = BatchHeader::parse(&window[at..]) {
                let whole = header.encoded_len;
                if whole > BATCH_BYTES_MAX {
                    return self.damaged(outcome, &path, pos + at as u64, "its length is impossible");
                }
                if window.len() - at < whole {
                    break;
                }
                if header.last_offset() >= self.upto {
                    return Ok(outcome);
                }
                if header.last_offset() >= self.from {
                    let fits =
                        bytes + whole <= self.max_bytes || (self.at_least_one && outcome.chunks.is_empty());
                    if !fits {
                        return Ok(outcome);
                    }
                    let batch = window.slice(at..at + whole);
                    let check = BatchView { header, bytes: &batch }.verify_crc();
                    if let Err(why) = check {
                        return self.damaged(outcome, &path, pos + at as u64, &why.to_string());
                    }
                    bytes += whole;
                    outcome.next_offset = header.next_offset();
                    outcome.chunks.push(batch);
                }
                at += whole;
            }
            if at == 0 {
                match BatchHeader::parse(&window) {
                    // Larger than the window: read it whole, once.
                    Ok(header)
                        if header.encoded_len > window.len() && pos + header.encoded_len as u64 <= end =>
                    {
                        window_bytes = header.encoded_len;
                        continue;
                    }
                    Ok(_) => return self.damaged(outcome, &path, pos, "it reaches behind the segment's end"),
                    Err(why) => return self.damaged(outcome, &path, pos, &why.to_string()),
                }
            }
            pos += at as u64;
            window_bytes = READ_BYTES.max(self.max_bytes.saturating_sub(bytes).min(1 << 20));
        }
        Ok(outcome)
    }

    /// Gives what was whole before the damage, or the error if there is nothing.
    fn damaged(
        &self,
        outcome: ReadOutcome,
        path: &std::path::Path,
        pos: u64,
        why: &str,
    ) -> Result<ReadOutcome, ReadError> {
        if !outcome.chunks.is_empty() {
            return Ok(outcome);
        }
        let error = ReadError::Damaged {
            id: self.log.id(),
            offset: self.from,
            file: path.to_path_buf(),
            pos,
            why: why.to_string(),
        };
        tracing::error!(%error, "a damaged batch is not served");
        Err(error)
    }

    fn generation(&self) -> u32 {
        self.log.state.borrow_mut().segment(self.base).map_or(0, |segment| segment.generation)
    }

    fn path(&self) -> std::path::PathBuf {
        let [path, _] = self.log.shared.segment_files(self.log.id(), (self.base, self.generation()));
        path
    }

    /// A sealed segment's index is read when it is first needed; without one the read begins at the segment's start.
    async fn load_index(&self) {
        let wanted = self
            .log
            .state
            .borrow_mut()
            .segment(self.base)
            .filter(|s| s.index.is_none())
            .map(|s| s.max_timestamp);
        let Some(max_timestamp) = wanted else { return };
        let [_, path] = self.log.shared.segment_files(self.log.id(), (self.base, self.generation()));
        let bytes = self.log.shared.disk.read_file(&path).await.ok().flatten();
        let index = match bytes.as_deref().and_then(|bytes| Index::decode(bytes, max_timestamp)) {
            Some(index) => index,
            None => self.rebuild_index(max_timestamp).await,
        };
        if let Some(segment) = self.log.state.borrow_mut().segment(self.base) {
            segment.index = Some(index);
        }
    }

    /// Walks the batch headers of a segment whose index is missing or damaged, up to the first thing that is no batch.
    async fn rebuild_index(&self, max_timestamp: Option<i64>) -> Index {
        let path = self.path();
        tracing::warn!(segment = %path.display(), "its index is missing or damaged and is rebuilt");
        let mut index = Index::decode(&[], max_timestamp).unwrap_or_default();
        let (end, interval) = {
            let mut state = self.log.state.borrow_mut();
            let interval = state.config.index_interval_bytes;
            (state.segment(self.base).map_or(0, |segment| segment.readable()), interval)
        };
        let Ok(file) = self.log.shared.file(&path, false).await else { return index };
        let mut pos = 0;
        while pos < end {
            let Ok(window) = file.read_at(pos, (READ_BYTES * 8).min((end - pos) as usize)).await else {
                return index;
            };
            let mut at = 0;
            while let Ok(header) = BatchHeader::parse(&window[at..]) {
                let delta = header.base_offset.get() - self.base.get();
                let Ok(delta) = u32::try_from(delta) else { return index };
                index.note(delta, pos + at as u64, header.encoded_len, header.max_timestamp, interval);
                at += header.encoded_len;
                if at > window.len() {
                    break;
                }
            }
            if at == 0 {
                return index;
            }
            pos += at as u64;
        }
        index
    }
}
