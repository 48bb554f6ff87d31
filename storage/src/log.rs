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

use bytes::{Bytes, BytesMut};
use headwater_core::ids::{LeaderEpoch, Offset, TopicPartition};
use headwater_core::record::header::{BatchHeader, set_base_offset, set_leader_epoch};

use crate::checkpoint::LogImage;
use crate::disk::Disk;
pub use crate::error::AppendRefused;
use crate::journal::frame::{ENTRY_BYTES, HEAD_BYTES, Kind};
use crate::segment::Segment;
use crate::store::Shared;

/// Batches smaller than this are copied to their own size, so that a tiny one does not pin a large request.
const COPY_BELOW_BYTES: usize = 4096;

/// A log's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// `segment.bytes`.
    pub segment_bytes: u64,
    /// `segment.ms`.
    pub segment_ms: u64,
    /// Bytes between two index entries, at least `index.interval.bytes`.
    pub index_interval_bytes: u64,
    /// `retention.ms`; none keeps for ever.
    pub retention_ms: Option<u64>,
    /// `retention.bytes`; none is without bound.
    pub retention_bytes: Option<u64>,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            segment_bytes: 1 << 30,
            segment_ms: 7 * 24 * 3_600_000,
            index_interval_bytes: 64 * 1024,
            retention_ms: None,
            retention_bytes: None,
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
    /// The oldest lap of the journal that has something of this log which is in no flushed segment.
    pub oldest_lap: Option<u64>,
    /// What a checkpoint says of it.
    pub image: LogImage,
    pub dropped: bool,
    /// In the queue of logs to be written out.
    pub queued: bool,
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
        let state = State {
            config,
            log_start: image.log_start,
            next: image.next,
            durable_end: image.next,
            segments: image.segments.iter().map(Segment::recovered).collect(),
            memory: VecDeque::new(),
            unwritten: 0,
            unwritten_bytes: 0,
            oldest_lap: None,
            image,
            dropped: false,
            queued: false,
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

    /// Bytes of its batches, from the first segment on.
    pub fn size_bytes(&self) -> u64 {
        self.state.borrow().segments.iter().map(|segment| segment.size).sum()
    }

    /// Applies other settings from now on.
    pub fn set_config(&self, config: LogConfig) {
        self.state.borrow_mut().config = config;
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
        if state.dropped || self.shared.failed() {
            return Err(AppendRefused::ReadOnly);
        }
        if len as u64 > state.config.segment_bytes || HEAD_BYTES + ENTRY_BYTES + len > self.shared.frame_max()
        {
            return Err(AppendRefused::TooLarge);
        }
        if self.shared.is_full() {
            return Err(AppendRefused::NoSpace);
        }
        let base = state.next;
        let last = base.plus(i64::from(header.last_offset_delta));
        set_base_offset(&mut batch, base);
        set_leader_epoch(&mut batch, epoch);
        let bytes = if len < COPY_BELOW_BYTES { Bytes::copy_from_slice(&batch) } else { batch.freeze() };
        state.hold(base, last, header.max_timestamp, bytes.clone());
        let over = state.unwritten_bytes >= self.shared.config.head_bytes && !state.queued;
        state.queued |= over;
        drop(state);
        self.shared.note_appended(self, over, len);
        self.shared.journal(self, Kind::Append, base, epoch, bytes, last.plus(1));
        Ok(Appended { base_offset: base, last_offset: last })
    }

    /// Moves the log's start forward (DeleteRecords, retention); whole segments before it are removed in the background.
    pub fn set_log_start(self: &Rc<Self>, offset: Offset) {
        let removed = {
            let mut state = self.state.borrow_mut();
            let offset = offset.min(state.next);
            if offset <= state.log_start {
                return;
            }
            state.log_start = offset;
            state.drop_segments_before(offset)
        };
        for base in removed {
            self.shared.remove_segment(self.id, base);
        }
        let start = self.log_start();
        self.shared.journal(self, Kind::Start, start, LeaderEpoch::new(0), Bytes::new(), Offset::ZERO);
    }

    /// Applies retention: drops the oldest sealed segments whose records are all older than `retention.ms`, or that the
    /// log can do without under `retention.bytes`.
    pub fn retain(self: &Rc<Self>, now_ms: i64) {
        let start = {
            let state = self.state.borrow();
            let mut total: u64 = state.segments.iter().map(|segment| segment.size).sum();
            let mut start = None;
            for (segment, next) in state.segments.iter().zip(state.segments.iter().skip(1)) {
                if !segment.sealed {
                    break;
                }
                let expired = match (state.config.retention_ms, segment.max_timestamp) {
                    (Some(keep), Some(newest)) => now_ms.saturating_sub(newest) > keep as i64,
                    _ => false,
                };
                let surplus = state.config.retention_bytes.is_some_and(|keep| total - segment.size >= keep);
                if !expired && !surplus {
                    break;
                }
                total -= segment.size;
                start = Some(next.base);
            }
            start
        };
        if let Some(start) = start {
            self.set_log_start(start);
        }
    }

    /// An offset at or before the first batch with a timestamp of `timestamp` or later; none if there is no such batch.
    pub fn position_for_timestamp(&self, timestamp: i64) -> Option<Offset> {
        let state = self.state.borrow();
        let segment = state.segments.iter().find(|s| s.max_timestamp.is_some_and(|max| max >= timestamp))?;
        let at = segment
            .index
            .as_ref()
            .map_or(segment.base, |index| index.before_timestamp(segment.base, timestamp));
        Some(at.max(state.log_start))
    }

    /// The greatest timestamp, and an offset at or before its batch.
    pub fn max_timestamp(&self) -> Option<(i64, Offset)> {
        let max = self.state.borrow().segments.iter().filter_map(|segment| segment.max_timestamp).max()?;
        Some((max, self.position_for_timestamp(max)?))
    }

    pub(crate) fn mark_dropped(&self) -> Vec<Offset> {
        let mut state = self.state.borrow_mut();
        state.dropped = true;
        // What nobody will write out must not keep others from appending.
        self.shared.heads_bytes.set(self.shared.heads_bytes.get() - state.unwritten_bytes);
        self.shared.room.notify();
        state.memory.clear();
        (state.unwritten, state.unwritten_bytes) = (0, 0);
        state.segments.iter().map(|segment| segment.base).collect()
    }
}

impl State {
    /// Puts a batch at the end, in memory; begins a new segment if the last one is full or old.
    pub fn hold(&mut self, base: Offset, last: Offset, max_timestamp: i64, bytes: Bytes) {
        let config = self.config;
        let roll = self.segments.back().is_none_or(|active| {
            let aged = active.first_timestamp.is_some_and(|first| {
                max_timestamp.saturating_sub(first) > i64::try_from(config.segment_ms).unwrap_or(i64::MAX)
            });
            let full = active.size + bytes.len() as u64 > config.segment_bytes;
            let far = last.get() - active.base.get() > i64::from(u32::MAX);
            active.sealed || (active.size > 0 && (full || aged || far))
        });
        if roll {
            self.segments.push_back(Segment::new(base));
        }
        let active = self.segments.back_mut().expect("there is an active segment");
        let pos = active.size;
        active.size += bytes.len() as u64;
        active.first_timestamp.get_or_insert(max_timestamp);
        active.max_timestamp = Some(active.max_timestamp.map_or(max_timestamp, |max| max.max(max_timestamp)));
        let delta = (base.get() - active.base.get()) as u32;
        if let Some(index) = &mut active.index {
            index.note(delta, pos, bytes.len(), max_timestamp, config.index_interval_bytes);
        }
        let segment = active.base;
        self.unwritten += 1;
        self.unwritten_bytes += bytes.len();
        self.memory.push_back(Held { base, last, segment, pos, bytes });
        self.next = last.plus(1);
    }

    pub fn segment(&mut self, base: Offset) -> Option<&mut Segment> {
        let at = self.segments.binary_search_by_key(&base, |segment| segment.base).ok()?;
        self.segments.get_mut(at)
    }

    /// Drops whole sealed segments before `offset`; gives their bases.
    fn drop_segments_before(&mut self, offset: Offset) -> Vec<Offset> {
        let mut removed = Vec::new();
        while self.segments.len() > 1 && self.segments[0].sealed && self.segments[1].base <= offset {
            if let Some(segment) = self.segments.pop_front() {
                removed.push(segment.base);
            }
        }
        removed
    }
}
