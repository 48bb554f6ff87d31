//! A read plan: what to read, owned, so that nothing of the log is borrowed while the disk works.

use std::rc::Rc;

use bytes::Bytes;
use headwater_core::ids::Offset;

use crate::cursor::Cursor;
use crate::disk::{Disk, DiskFile};
pub use crate::error::ReadError;
use crate::log::Log;
use crate::reader::{Damage, Expected, Found, Lookahead, READ_BYTES, ReadAt, SegmentReader};
use crate::reads::InTurn;
use crate::sealed::{SealedRange, Stretch, begin_check};

/// The most that is read from the disk at once, in bytes, but for a batch that is larger.
pub(crate) const READ_AHEAD_MAX: usize = 1 << 20;

/// Batches that keep more than so many times their own bytes of what was read are copied out of it: a reply of a few of
/// them, to a client that is slow to take it, would keep windows of a megabyte.
const KEPT_TIMES_MAX: usize = 4;

/// What a read gave.
#[derive(Debug, Default)]
pub struct ReadOutcome {
    /// Whole batches; the first one holds the offset that was asked for.
    pub chunks: Vec<Bytes>,
    /// The same, in a file, for who asked for it ([`ReadPlan::run_to_send`]); then there are no chunks.
    pub sealed: Option<SealedRange>,
    /// The offset behind the last of them.
    pub next_offset: Offset,
}

impl ReadOutcome {
    /// Of a read that begins at this offset, and has nothing yet.
    fn empty_at(offset: Offset) -> Self {
        Self { next_offset: offset, ..Self::default() }
    }

    /// Lets go of the windows that the batches are slices of, `kept_bytes` in all, if those are much larger.
    fn keep_little(mut self, kept_bytes: usize) -> Self {
        let bytes: usize = self.chunks.iter().map(Bytes::len).sum();
        if bytes.saturating_mul(KEPT_TIMES_MAX) < kept_bytes {
            let mut own: Bytes = self.chunks.concat().into();
            self.chunks.iter_mut().for_each(|chunk| *chunk = own.split_to(chunk.len()));
        }
        self
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty() && self.sealed.is_none()
    }
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
            return Ok(plan(Source::Memory(ReadOutcome::empty_at(from))));
        }
        let in_memory = state.memory.front().is_some_and(|held| held.base <= from);
        if in_memory {
            let first = state.memory.partition_point(|held| held.last < from);
            let mut outcome = ReadOutcome::empty_at(from);
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
        // Compaction may have left nothing of the first segments: then the first that is there goes on.
        match state.segments.get(after.saturating_sub(1)) {
            Some(segment) => Ok(plan(Source::Segment { log: self.clone(), base: segment.base })),
            None => Err(ReadError::OutOfRange(from)),
        }
    }
}

impl<D: Disk> ReadPlan<D> {
    /// What it reads, if that takes no disk; or the plan, to be run.
    pub fn now(self) -> Result<ReadOutcome, Self> {
        match self.source {
            Source::Memory(outcome) => Ok(outcome),
            Source::Segment { .. } => Err(self),
        }
    }

    /// Reads. What does not pass its checksum is not given; what comes before it in the read is.
    pub async fn run(self) -> Result<ReadOutcome, ReadError> {
        self.run_and_give(false).await
    }

    /// The same for who only passes it on: what lies in a sealed segment may be given as a stretch of its file.
    pub async fn run_to_send(self) -> Result<ReadOutcome, ReadError> {
        self.run_and_give(true).await
    }

    async fn run_and_give(self, to_send: bool) -> Result<ReadOutcome, ReadError> {
        let ReadPlan { from, upto, max_bytes, at_least_one, source } = self;
        let (log, mut base) = match source {
            Source::Memory(outcome) => return Ok(outcome),
            Source::Segment { log, base } => (log, base),
        };
        let mut at = from;
        loop {
            let read = SegmentRead { log: &log, base, from: at, upto, max_bytes, at_least_one, to_send };
            let (outcome, end) = match read.run().await {
                // Compaction has left nothing of that segment since the read was planned.
                Err(ReadError::OutOfRange(_)) if log.expected(base).is_none() => {
                    let plan = log.plan(at, upto, max_bytes, at_least_one)?;
                    match plan.source {
                        Source::Memory(outcome) => return Ok(outcome),
                        Source::Segment { base: next, .. } => base = next,
                    }
                    continue;
                }
                other => other?,
            };
            if end != End::Segment || !outcome.is_empty() {
                log.shared.note_given(&outcome);
                return Ok(outcome);
            }
            // Behind the last batch of this segment: compaction has left a gap. The next segment goes on, or memory does.
            let next = {
                let state = log.state.borrow();
                let next = state.segments.partition_point(|segment| segment.base <= base);
                state.segments.get(next).map(|segment| segment.base)
            };
            let Some(next) = next.filter(|next| *next < upto) else { return Ok(outcome) };
            (base, at) = (next, at.max(next));
            let plan = log.plan(at, upto, max_bytes, at_least_one)?;
            match plan.source {
                Source::Memory(outcome) => return Ok(outcome),
                Source::Segment { .. } => {}
            }
        }
    }
}

/// Why a read of a segment came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// There are as many bytes as were asked for, or the reader may not see more.
    Enough,
    /// The segment has no more.
    Segment,
}

struct SegmentRead<'r, D: Disk> {
    log: &'r Rc<Log<D>>,
    base: Offset,
    from: Offset,
    upto: Offset,
    max_bytes: usize,
    at_least_one: bool,
    to_send: bool,
}

/// A reader shares the open file with others.
impl<F: DiskFile> ReadAt for Rc<F> {
    async fn read_at(&self, pos: u64, len: usize) -> std::io::Result<Bytes> {
        DiskFile::read_at(&**self, pos, len).await
    }
}

impl<D: Disk> Log<D> {
    /// What the segment at `base` should hold; none if it is gone.
    pub(crate) fn expected(&self, base: Offset) -> Option<Expected> {
        let state = self.state.borrow();
        let at = state.segments.binary_search_by_key(&base, |segment| segment.base).ok()?;
        let segment = &state.segments[at];
        Some(Expected {
            readable: segment.readable(),
            written: segment.written,
            end: state.segments.get(at + 1).map_or(state.next, |next| next.base),
            gaps: segment.compacted,
            epochs: state.epochs.clone(),
        })
    }
}

impl<D: Disk> SegmentRead<'_, D> {
    async fn run(&self) -> Result<(ReadOutcome, End), ReadError> {
        loop {
            let before = self.generation();
            match self.try_run().await {
                // Compaction has put another file in the place of the one that was to be opened.
                Err(ReadError::Io { .. }) if self.generation() != before => {}
                other => return other,
            }
        }
    }

    async fn try_run(&self) -> Result<(ReadOutcome, End), ReadError> {
        let gone = ReadError::OutOfRange(self.from);
        self.log.load_index(self.base).await;
        let place = self
            .log
            .state
            .borrow_mut()
            .segment(self.base)
            .map(|s| s.index.as_ref().map_or((0, self.base), |index| index.place(self.base, self.from)));
        let (Some((pos, next)), Some(expected)) = (place, self.log.expected(self.base)) else {
            return Err(gone);
        };
        let (gaps, end) = (expected.gaps, expected.end);
        let path = self.path();
        if self.to_send
            && let Some(outcome) = self.sealed(&path, &expected).await
        {
            return Ok((outcome, End::Enough));
        }
        let io = |source| ReadError::Io { id: self.log.id(), file: path.clone(), source };
        let file = match self.log.shared.file(&path, false).await {
            Ok(file) => file,
            // Removed by retention or compaction since this read was planned.
            Err(_) if self.log.expected(self.base).is_none() => return Err(gone),
            Err(error) => return Err(io(error)),
        };
        let readable = expected.readable;
        let left = self.log.shared.cursors.borrow_mut().take(&path, self.from);
        let comes_back = left.is_some();
        let begun = left.as_ref().map_or(pos, |left| left.pos);
        let shared = self.log.shared.clone();
        let window_bytes = shared.reads.window_bytes(self.max_bytes.max(READ_BYTES));
        let source = InTurn { shared: shared.clone(), file: file.clone() };
        let mut reader = match left {
            Some(left) => SegmentReader::resume(source, expected, left.pos, left.next, left.rest),
            None => SegmentReader::new(source, expected, pos, next),
        };
        reader.read_ahead(window_bytes);
        let mut outcome = ReadOutcome::empty_at(self.from);
        let mut bytes = 0usize;
        loop {
            let (pos, next) = (reader.pos(), reader.next_offset());
            // The first one is checked even if it is too large: damage must be told, not taken for a length.
            let bytes_max =
                if outcome.chunks.is_empty() { usize::MAX } else { self.max_bytes.saturating_sub(bytes) };
            match reader.step_within(bytes_max).await.map_err(io)? {
                Some(Found::End) if outcome.chunks.is_empty() && !gaps && self.from < end => {
                    // Planned because it was on the disk, so a length in front of it is damaged: going on to the next
                    // segment would skip it in silence.
                    let (pos, first) = (reader.pos(), reader.next_offset());
                    let why = "the batches end before it".to_string();
                    let damage = Damage { pos, until: pos, first, last: end.plus(-1), why };
                    return Err(self.damaged(&path, damage));
                }
                Some(Found::End) => {
                    self.note_read(&path, begun, pos);
                    return Ok((outcome.keep_little(reader.kept_bytes()), End::Segment));
                }
                Some(Found::Damaged(damage)) => {
                    let error = self.damaged(&path, damage);
                    match &error {
                        ReadError::Damaged { last, .. } if *last < self.from => {}
                        _ if outcome.chunks.is_empty() => return Err(error),
                        _ => return Ok((outcome.keep_little(reader.kept_bytes()), End::Enough)),
                    }
                }
                Some(Found::Batch(header, _)) if header.last_offset() < self.from => {}
                Some(Found::Batch(header, batch))
                    if header.last_offset() < self.upto
                        && (bytes + batch.len() <= self.max_bytes
                            || (self.at_least_one && outcome.chunks.is_empty())) =>
                {
                    bytes += batch.len();
                    outcome.next_offset = header.next_offset();
                    outcome.chunks.push(batch);
                }
                Some(Found::Batch(..)) | None => {
                    let kept_bytes = reader.kept_bytes();
                    let mut rest = reader.into_rest();
                    if comes_back && !shared.reads.give_way() {
                        rest.read_ahead(&file, window_bytes, readable);
                    }
                    self.note_read(&path, begun, pos);
                    self.log.shared.cursors.borrow_mut().leave(Cursor { path, next, pos, rest });
                    return Ok((outcome.keep_little(kept_bytes), End::Enough));
                }
            }
        }
    }

    /// What of a sealed segment can be sent from its file; none if it has to be read. Leaves a cursor, as a read does.
    async fn sealed(&self, path: &std::path::Path, expected: &Expected) -> Option<ReadOutcome> {
        let shared = &self.log.shared;
        let found = shared.cursors.borrow().place(path, self.from);
        let end = (expected.written, expected.end);
        let (stretch, next) = {
            let mut state = self.log.state.borrow_mut();
            let index = state.segment(self.base).filter(|segment| segment.sealed)?.index.as_ref()?;
            let (pos, offset) = index.place(self.base, self.from);
            // In the middle of an interval only a cursor knows where a batch begins.
            let pos = found.or((offset == self.from).then_some(pos))?;
            let bounds = (self.max_bytes, self.upto);
            let stretch = Stretch::find((index, self.base), (pos, self.from), bounds, end)?;
            let next = Stretch::find((index, self.base), stretch.until, bounds, end);
            (stretch, next.filter(|_| found.is_some()))
        };
        if !shared.sealed.borrow().are_worth_it(path, stretch.intervals.clone()) {
            return None;
        }
        let file = shared.sealed_file(path).await?;
        let ready = shared.sealed.borrow().ready(path, &stretch);
        let range = match ready {
            Some(range) => range,
            None => {
                let ahead = shared.sealed.borrow_mut().take_ahead(path, &stretch.intervals);
                let check = match ahead {
                    Some(check) => check,
                    None => {
                        shared.reads.bring_in_turn(&file, stretch.first.0..stretch.until.0).await;
                        begin_check(file.clone(), expected.clone(), &stretch)
                    }
                };
                let good = matches!(check.await, Ok(Ok(true)));
                shared.sealed.borrow_mut().note_checked(path, stretch.intervals.clone(), good);
                shared.sealed.borrow().ready(path, &stretch)?
            }
        };
        // A reader that comes back will want what follows; it is warmed meanwhile.
        if let Some(next) = next.filter(|_| !shared.reads.give_way()) {
            let mut sealed = shared.sealed.borrow_mut();
            if sealed.are_worth_it(path, next.intervals.clone()) && sealed.ready(path, &next).is_none() {
                let check = begin_check(file, expected.clone(), &next);
                sealed.leave_ahead(path, next.intervals, check);
            }
        }
        let mut cursors = shared.cursors.borrow_mut();
        drop(cursors.take(path, self.from));
        let (pos, next) = stretch.until;
        cursors.leave(Cursor { path: path.to_path_buf(), next, pos, rest: Lookahead::at(pos) });
        Some(ReadOutcome { chunks: Vec::new(), sealed: Some(range), next_offset: next })
    }

    /// A direct read has given what lies between these bytes.
    fn note_read(&self, path: &std::path::Path, begun: u64, ended: u64) {
        let intervals = {
            let mut state = self.log.state.borrow_mut();
            let Some(segment) = state.segment(self.base).filter(|segment| segment.sealed && self.to_send)
            else {
                return;
            };
            let Some(index) = &segment.index else { return };
            let past = if ended >= segment.written { index.len() } else { index.number_at_byte(ended) };
            index.number_at_byte(begun)..past
        };
        self.log.shared.sealed.borrow_mut().note_read(path, intervals);
    }

    /// Counts and tells of damage, once for each place.
    fn damaged(&self, path: &std::path::Path, damage: Damage) -> ReadError {
        let Damage { pos, first, last, why, .. } = damage;
        let (id, file) = (self.log.id(), path.to_path_buf());
        let error = ReadError::Damaged { id, offset: first, last, file, pos, why };
        if self.log.shared.note_damage(path, pos) {
            tracing::error!(%error, "a damaged stretch is not served; what is around it is");
        }
        error
    }

    fn generation(&self) -> u32 {
        self.log.state.borrow_mut().segment(self.base).map_or(0, |segment| segment.generation)
    }

    fn path(&self) -> std::path::PathBuf {
        let [path, _] = self.log.shared.segment_files(self.log.id(), (self.base, self.generation()));
        path
    }
}
