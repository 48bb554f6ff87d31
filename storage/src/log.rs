//! A log: one partition's batches, oldest in segments, newest in memory.
//!
//! ```text
//!   segments on disk            memory: written, kept as cache       memory: not written yet (the head)
//!   ├─ 0000.log ─┼─ 0420.log ─┤ · · · · · · · · · · · · · · · ·├────────────────────────────────┤
//!                              ▲ evicted from the front                                          ▲ next
//! ```
//!
//! Invariants: `append` runs to completion; offsets are given once; what is in memory is contiguous up to `next`; nothing
//! leaves memory before it is in the file.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use headwater_core::epochs::LeaderEpochs;
use headwater_core::ids::{LeaderEpoch, Offset, TopicPartition};
use headwater_core::record::header::{BatchHeader, set_base_offset, set_leader_epoch};

use crate::checkpoint::LogImage;
use crate::disk::Disk;
pub use crate::error::AppendRefused;
use crate::index::ENTRY_BYTES;
use crate::journal::frame::{self, HEAD_BYTES, Kind};
use crate::retention::segment_age_ms_max;
use crate::segment::Segment;
use crate::shared::Shared;
use crate::store::RELAXED_DELAY;

/// Batches smaller than this are copied to their own size when they are appended: they share the buffer of their
/// connection, of twice that, with requests of which nothing is kept. Who cuts batches out of larger buffers copies
/// those that are a small part.
pub const COPY_BELOW_BYTES: usize = 8192;
/// What a batch in memory costs besides its bytes: its places in the queues and the allocator's own. Without it a
/// million tiny batches would take several times the budget.
const HELD_BYTES: usize = 192;

/// What a batch of `len` bytes counts for in the memory budgets.
pub(crate) fn cost(len: usize) -> usize {
    len + HELD_BYTES
}

/// A log's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// `segment.bytes`.
    pub segment_bytes: u64,
    /// `segment.ms`.
    pub segment_ms: u64,
    /// `segment.jitter.ms`.
    pub segment_jitter_ms: u64,
    /// Bytes of a segment's index at which another one is begun, from `segment.index.bytes`.
    pub segment_index_bytes: u64,
    /// Bytes between two index entries, at least `index.interval.bytes`.
    pub index_interval_bytes: u64,
    /// `retention.ms`; none keeps for ever.
    pub retention_ms: Option<u64>,
    /// `retention.bytes`; none is without bound.
    pub retention_bytes: Option<u64>,
    /// Present if `cleanup.policy` has `compact`.
    pub compaction: Option<CompactionConfig>,
    /// `preallocate`: a segment's file reserves `segment_bytes` when it is made, and gives back what is left when it is
    /// sealed.
    pub preallocate: bool,
    /// Present if `headwater.durability` is `relaxed`: acknowledgements do not wait for the commit round.
    pub relaxed: Option<Relaxed>,
}

/// How long a relaxed log may leave what it has acknowledged in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relaxed {
    /// `flush.messages`: with so many records that are not durable, acknowledgements wait for a round.
    pub flush_messages: u64,
    /// `flush.ms`: a round begins that soon; it never waits longer than [`RELAXED_DELAY`].
    pub flush_ms: u64,
}

/// When and how a log is compacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompactionConfig {
    /// `min.cleanable.dirty.ratio`, in thousandths.
    pub dirty_permille: u32,
    /// `min.compaction.lag.ms`.
    pub lag_ms_min: u64,
    /// `max.compaction.lag.ms`.
    pub lag_ms_max: u64,
    /// `delete.retention.ms`.
    pub delete_retention_ms: u64,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            segment_bytes: 1 << 30,
            segment_ms: 7 * 24 * 3_600_000,
            segment_jitter_ms: 0,
            segment_index_bytes: 10 << 20,
            index_interval_bytes: 64 * 1024,
            retention_ms: None,
            retention_bytes: None,
            compaction: None,
            preallocate: false,
            relaxed: None,
        }
    }
}

/// Where a batch went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Offset of its first record.
    pub base_offset: Offset,
    /// Offset of its last record.
    pub last_offset: Offset,
}

/// A batch in memory.
pub(crate) struct Held {
    pub base: Offset,
    pub last: Offset,
    pub segment: Offset,
    pub pos: u64,
    pub bytes: Bytes,
}

impl Held {
    pub fn end_pos(&self) -> u64 {
        self.pos + self.bytes.len() as u64
    }

    pub fn cost(&self) -> usize {
        cost(self.bytes.len())
    }
}

pub(crate) struct State {
    pub config: LogConfig,
    pub log_start: Offset,
    pub next: Offset,
    pub durable_end: Offset,
    pub segments: VecDeque<Segment>,
    pub memory: VecDeque<Held>,
    /// How many at the back of `memory` are not in a file yet.
    pub unwritten: usize,
    pub unwritten_bytes: usize,
    /// Batches that have left memory before their turn: so many of its oldest entries in [`Shared::cached`] are of none.
    pub left_memory: usize,
    /// Bytes of its batches that wait for a commit round, but for those that wait for a lane.
    pub waiting_bytes: usize,
    /// The oldest lap of the journal that has something of this log which is in no flushed segment.
    pub oldest_lap: Option<u64>,
    /// What a checkpoint says of it.
    pub image: LogImage,
    /// Which leader epoch begins where.
    pub epochs: LeaderEpochs,
    pub dropped: bool,
    /// What a crash may have left in its folder is gone: new files may be begun.
    pub swept: bool,
    /// A compaction of it is under way.
    pub compacting: bool,
    /// The greatest generation that any segment's file has had.
    pub last_generation: u32,
    /// In the queue of logs to be written out.
    pub queued: bool,
    /// Where the log ended when retention was looked at last.
    pub end_seen: Offset,
}

/// See the module's text.
pub struct Log<D: Disk> {
    id: TopicPartition,
    pub(crate) shared: Rc<Shared<D>>,
    pub(crate) state: RefCell<State>,
    aux: RefCell<Option<Box<dyn Fn() -> Bytes>>>,
    recovered: Cell<Option<(Bytes, Offset)>>,
}

impl<D: Disk> Log<D> {
    pub(crate) fn recovered(shared: Rc<Shared<D>>, image: LogImage, config: LogConfig) -> Rc<Self> {
        let recovered = (image.aux_at, image.aux.clone());
        let last_generation = image.segments.iter().map(|s| s.generation).max().unwrap_or(0);
        let state = State {
            config,
            log_start: image.log_start,
            next: image.next,
            durable_end: image.next,
            segments: image.segments.iter().map(Segment::recovered).collect(),
            memory: VecDeque::new(),
            unwritten: 0,
            unwritten_bytes: 0,
            left_memory: 0,
            waiting_bytes: 0,
            oldest_lap: None,
            epochs: image.epochs.clone(),
            image,
            dropped: false,
            swept: true,
            compacting: false,
            last_generation,
            queued: false,
            end_seen: Offset::ZERO,
        };
        Rc::new(Self {
            id: state.image.id,
            shared,
            state: RefCell::new(state),
            aux: RefCell::new(None),
            recovered: Cell::new(Some((recovered.1, recovered.0))),
        })
    }

    /// Which log this is.
    pub fn id(&self) -> TopicPartition {
        self.id
    }

    /// The first offset that may be read.
    pub fn log_start(&self) -> Offset {
        self.state.borrow().log_start
    }

    /// The offset that the next record gets.
    pub fn end(&self) -> Offset {
        self.state.borrow().next
    }

    /// Everything below this survives a crash.
    pub fn durable_end(&self) -> Offset {
        self.state.borrow().durable_end
    }

    /// Everything below this may be acknowledged and read: what is durable, and in a relaxed log also what waits for a
    /// round, unless `flush.messages` have come together. Only a crash takes such a tail back; whoever follows keeps the
    /// greatest end that it has seen.
    pub fn committed_end(&self) -> Offset {
        self.state.borrow().committed_end()
    }

    /// Whether its `cleanup.policy` has `compact`.
    pub fn is_compacted(&self) -> bool {
        self.state.borrow().config.compaction.is_some()
    }

    /// Bytes of its batches, from the first segment on.
    pub fn size_bytes(&self) -> u64 {
        self.state.borrow().segments.iter().map(|segment| segment.size).sum()
    }

    /// Which leader epoch begins where in it.
    pub fn leader_epochs(&self) -> LeaderEpochs {
        self.state.borrow().epochs.clone()
    }

    /// Applies other settings from now on.
    pub fn set_config(&self, config: LogConfig) {
        self.state.borrow_mut().config = config;
        if config.relaxed.is_none() {
            // From now on acknowledgements wait for rounds: also for one that was in no hurry.
            self.shared.begin_round();
        }
    }

    /// What to keep with each checkpoint; given back by [`Log::recovered_aux`] after a restart.
    pub fn set_aux_source(&self, source: impl Fn() -> Bytes + 'static) {
        *self.aux.borrow_mut() = Some(Box::new(source));
    }

    /// What was kept with the last checkpoint before the start, and where the log ended then: whatever it summarises has
    /// to be brought up to date from there. Given once.
    pub fn recovered_aux(&self) -> Option<(Bytes, Offset)> {
        self.recovered.take()
    }

    pub(crate) fn take_aux(&self) -> Option<Bytes> {
        self.aux.borrow().as_ref().map(|source| source())
    }

    /// Appends one whole batch: gives it offsets, sets its leader epoch, keeps it in memory and queues it for the next
    /// commit round. It is durable when [`Log::durable_end`] has passed it.
    pub fn append(
        self: &Rc<Self>,
        mut batch: BytesMut,
        header: &BatchHeader,
        epoch: LeaderEpoch,
    ) -> Result<Appended, AppendRefused> {
        let len = batch.len();
        let mut state = self.state.borrow_mut();
        if state.dropped || self.shared.failed() || self.shared.stopping.get() {
            return Err(AppendRefused::ReadOnly);
        }
        if len as u64 > state.config.segment_bytes
            || HEAD_BYTES + frame::ENTRY_BYTES + len > self.shared.frame_max()
        {
            return Err(AppendRefused::TooLarge);
        }
        if self.shared.is_full() {
            return Err(AppendRefused::NoSpace);
        }
        let base = state.next;
        let last = base.plus(i64::from(header.last_offset_delta));
        // Epochs never fall in a log: followers and readers find their place by them.
        let epoch = state.epochs.latest().map_or(epoch, |latest| epoch.max(latest));
        set_base_offset(&mut batch, base);
        set_leader_epoch(&mut batch, epoch);
        let bytes = if len < COPY_BELOW_BYTES { Bytes::copy_from_slice(&batch) } else { batch.freeze() };
        let rolls = state.is_due_to_roll(last, header.max_timestamp, len);
        // The journal says it also of a segment that was begun without a batch: there is none before this one.
        let begins = rolls || state.segments.back().is_some_and(|segment| segment.size == 0);
        let place = state.hold(base, last, header.max_timestamp, epoch, bytes.clone(), rolls);
        state.waiting_bytes += len;
        let over = state.unwritten_bytes >= self.shared.config.head_bytes && !state.queued;
        state.queued |= over;
        let urgent = state.committed_end() < state.next
            || state.config.relaxed.is_none_or(|relaxed| {
                Duration::from_millis(relaxed.flush_ms) < RELAXED_DELAY || relaxed.flush_messages <= 1
            });
        drop(state);
        self.shared.note_appended(self, over, len);
        let kind = if begins { Kind::Roll } else { Kind::Append };
        self.shared.journal(self, kind, base, epoch, bytes, place, last.plus(1), urgent);
        Ok(Appended { base_offset: base, last_offset: last })
    }

    /// Moves the log's start forward (DeleteRecords, retention); whole segments before it are removed in the background,
    /// when the new start is durable: a crash must not bring back a start whose files are gone.
    pub fn set_log_start(self: &Rc<Self>, offset: Offset) {
        let (start, removed) = {
            let mut state = self.state.borrow_mut();
            let offset = offset.min(state.next);
            if offset <= state.log_start || state.dropped {
                return;
            }
            state.log_start = offset;
            state.epochs.truncate_from_start(offset);
            (offset, state.drop_segments_before(offset))
        };
        let files = removed.into_iter().flat_map(|named| self.shared.segment_files(self.id, named)).collect();
        self.shared.remove_later(files);
        self.shared.journal(
            self,
            Kind::Start,
            start,
            LeaderEpoch::new(0),
            Bytes::new(),
            0,
            Offset::ZERO,
            true,
        );
    }

    /// The log is gone: it takes nothing more, holds nothing in memory, and has nothing to read.
    pub(crate) fn mark_dropped(&self) {
        let mut state = self.state.borrow_mut();
        state.dropped = true;
        let first_unwritten = state.memory.len() - state.unwritten;
        let costs = |held: &mut dyn Iterator<Item = &Held>| -> usize { held.map(Held::cost).sum() };
        let heads = costs(&mut state.memory.iter().skip(first_unwritten));
        let cached = costs(&mut state.memory.iter().take(first_unwritten));
        self.shared.heads_bytes.set(self.shared.heads_bytes.get() - heads);
        self.shared.cache_bytes.set(self.shared.cache_bytes.get() - cached);
        state.memory.clear();
        state.segments.clear();
        state.unwritten = 0;
        state.unwritten_bytes = 0;
        drop(state);
        self.shared.cached.borrow_mut().drop_of(first_unwritten);
        self.shared.room.notify();
    }
}

impl State {
    pub(crate) fn committed_end(&self) -> Offset {
        let at_risk = (self.next.get() - self.durable_end.get()) as u64;
        match self.config.relaxed {
            Some(relaxed) if at_risk < relaxed.flush_messages => self.next,
            _ => self.durable_end,
        }
    }

    /// Whether a batch that ends at `last` belongs into a new segment: the last one is full, old, or out of reach of its
    /// index.
    fn is_due_to_roll(&self, last: Offset, max_timestamp: i64, len: usize) -> bool {
        let config = &self.config;
        self.segments.back().is_none_or(|active| {
            let aged = active.first_timestamp.is_some_and(|first| {
                max_timestamp.saturating_sub(first) > segment_age_ms_max(config, self.image.id, active.base)
            });
            let index_full = active.index.as_ref().is_some_and(|index| {
                (index.len() * ENTRY_BYTES) as u64 >= config.segment_index_bytes.max(ENTRY_BYTES as u64)
                    && index.is_entry_due(config.index_interval_bytes)
            });
            let full = active.size + len as u64 > config.segment_bytes;
            let far = last.get() - active.base.get() > i64::from(u32::MAX);
            active.sealed || (active.size > 0 && (full || aged || index_full || far))
        })
    }

    /// Drops from memory what is in the files of this segment and those before it: memory has the batches that compaction
    /// has dropped, and would go on giving them. How many they were, and what they cost.
    pub fn forget_written_up_to(&mut self, segment: Offset) -> (usize, usize) {
        let written = self.memory.len() - self.unwritten;
        let left = self.memory.iter().take(written).take_while(|held| held.segment <= segment).count();
        self.left_memory += left;
        (left, self.memory.drain(..left).map(|held| held.cost()).sum())
    }

    /// Puts a batch at the end, in memory; in a new segment if it `rolls`. Gives its place in the segment.
    pub fn hold(
        &mut self,
        base: Offset,
        last: Offset,
        max_timestamp: i64,
        epoch: LeaderEpoch,
        bytes: Bytes,
        rolls: bool,
    ) -> u64 {
        let (segment, pos) = self.place(base, last, max_timestamp, epoch, bytes.len(), rolls);
        self.unwritten += 1;
        self.unwritten_bytes += bytes.len();
        self.memory.push_back(Held { base, last, segment, pos, bytes });
        pos
    }

    /// Gives a batch its place at the end; in a new segment if it `rolls`. Its bytes are the caller's business.
    pub fn place(
        &mut self,
        base: Offset,
        last: Offset,
        max_timestamp: i64,
        epoch: LeaderEpoch,
        len: usize,
        rolls: bool,
    ) -> (Offset, u64) {
        let config = self.config;
        if rolls || self.segments.is_empty() {
            self.segments.push_back(Segment::new(base));
        }
        let active = self.segments.back_mut().expect("there is an active segment");
        let pos = active.size;
        active.size += len as u64;
        active.first_timestamp.get_or_insert(max_timestamp);
        active.max_timestamp = Some(active.max_timestamp.map_or(max_timestamp, |max| max.max(max_timestamp)));
        let delta = (base.get() - active.base.get()) as u32;
        if let Some(index) = &mut active.index {
            index.note(delta, pos, len, max_timestamp, config.index_interval_bytes);
        }
        let segment = active.base;
        self.epochs.assign(epoch, base);
        self.next = last.plus(1);
        (segment, pos)
    }

    pub fn segment(&mut self, base: Offset) -> Option<&mut Segment> {
        let at = self.segments.binary_search_by_key(&base, |segment| segment.base).ok()?;
        self.segments.get_mut(at)
    }

    /// After a replay: drops whole segments before the log's start, sealed or not, with what is in memory of them; they may
    /// have been sealed, and their files removed, since the checkpoint. Gives what names their files, and the cost of what
    /// was in memory.
    pub fn drop_recovered_before_start(&mut self) -> (Vec<(Offset, u32)>, usize) {
        let mut removed = Vec::new();
        // The last one too: an empty one, of which the journal does not tell, may have taken its place.
        while !self.segments.is_empty()
            && self.segments.get(1).map_or(self.next, |next| next.base) <= self.log_start
        {
            removed.extend(self.segments.pop_front().map(|segment| (segment.base, segment.generation)));
        }
        let mut freed = 0;
        let first = self.segments.front().map_or(self.next, |segment| segment.base);
        while let Some(held) = self.memory.pop_front_if(|held| held.segment < first) {
            self.unwritten -= 1;
            self.unwritten_bytes -= held.bytes.len();
            freed += held.cost();
        }
        (removed, freed)
    }

    /// Drops whole sealed segments before `offset`; gives what names their files.
    pub fn drop_segments_before(&mut self, offset: Offset) -> Vec<(Offset, u32)> {
        let mut removed = Vec::new();
        while self.segments.len() > 1 && self.segments[0].sealed && self.segments[1].base <= offset {
            if let Some(segment) = self.segments.pop_front() {
                removed.push((segment.base, segment.generation));
            }
        }
        removed
    }
}
