//! One partition as a share group reads it.
//!
//! ```text
//!   log start … start ────────────────────────────── end …
//!                 │ in flight, as runs of records      └ what nobody was given yet
//!
//!               acquire (delivered once more)      accept
//!   Available ──────────────────────────► Acquired ───────► Acknowledged ┐
//!       ▲                                   │ │ │                        ├─► at the front: `start` goes on
//!       └── release, its lock runs out, ────┘ │ └─ reject, gap ► Archived ┘
//!           its member goes                   └ the same, delivered as often as may be ──► Archived
//! ```
//!
//! A pure machine: time is an argument; what changed comes out as [`ShareOut::batches`], to be stored before whoever
//! acknowledged is answered. Locks and who has them are not stored: after loading, what was acquired is available.
//!
//! Does not do: reading, sessions, aborted records of transactions (whoever reads says `Gap` of them).
//!
//! Invariants (see `check`): runs lie in `start..end` without holes; the first is not over; at most `locks_max` records
//! are acquired.

use super::spans::{Span, Spans};
use crate::ErrorCode;
use crate::ids::{MemberId, Offset};
use crate::time::Monotonic;

/// The settings of a share group that count here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareConfig {
    /// `share.delivery.count.limit`: a record that comes back after so many deliveries is archived.
    pub deliveries_max: u16,
    /// `share.record.lock.duration.ms`.
    pub lock_ms: u64,
    /// `share.partition.max.record.locks`: most records that are acquired at a time.
    pub locks_max: usize,
}

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordState {
    /// Nobody has it.
    Available,
    /// Somebody has it.
    Acquired,
    /// It is done.
    Acknowledged,
    /// It is given up.
    Archived,
}

impl RecordState {
    /// Its number in stored state.
    pub const fn code(self) -> i8 {
        match self {
            RecordState::Available => 0,
            RecordState::Acquired => 1,
            RecordState::Acknowledged => 2,
            RecordState::Archived => 4,
        }
    }

    /// The state of this number; of a number that none has, nothing.
    pub const fn from_code(code: i8) -> Option<Self> {
        match code {
            0 => Some(RecordState::Available),
            1 => Some(RecordState::Acquired),
            2 => Some(RecordState::Acknowledged),
            4 => Some(RecordState::Archived),
            _ => None,
        }
    }

    const fn is_over(self) -> bool {
        matches!(self, RecordState::Acknowledged | RecordState::Archived)
    }
}

/// What a member says of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is none at this offset.
    Gap,
    /// It is done.
    Accept,
    /// Somebody should have it again.
    Release,
    /// Nobody should.
    Reject,
    /// It takes longer: the lock begins anew.
    Renew,
}

impl Verdict {
    /// The verdict of this number on the wire.
    pub const fn from_code(code: i8) -> Option<Self> {
        match code {
            0 => Some(Verdict::Gap),
            1 => Some(Verdict::Accept),
            2 => Some(Verdict::Release),
            3 => Some(Verdict::Reject),
            4 => Some(Verdict::Renew),
            _ => None,
        }
    }
}

/// What a member says of neighbouring records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The first.
    pub first: Offset,
    /// The last.
    pub last: Offset,
    /// One for all of them, or one for each.
    pub verdicts: Vec<Verdict>,
}

/// Records that a member is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acquired {
    /// The first.
    pub first: Offset,
    /// The last.
    pub last: Offset,
    /// How often they have been delivered, this time included.
    pub deliveries: u16,
}

/// Neighbouring records of one state, as they are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateBatch {
    /// The first.
    pub first: Offset,
    /// The last.
    pub last: Offset,
    /// Their state; never [`RecordState::Acquired`].
    pub state: RecordState,
    /// How often they were delivered.
    pub deliveries: u16,
}

/// The effects of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShareOut {
    /// To be stored with the start offset, in order.
    pub batches: Vec<StateBatch>,
    /// The start offset has moved, which is to be stored too.
    pub start_moved: bool,
}

/// How many runs there may be for each record that may be acquired, before no more are begun.
const RUNS_PER_LOCK: usize = 4;

/// See the module's text.
#[derive(Debug)]
pub struct SharePartition {
    config: ShareConfig,
    start: i64,
    end: i64,
    /// What is before it is gone from the log.
    log_start: i64,
    spans: Spans,
}

impl SharePartition {
    /// A partition of which nothing is known but where the group begins.
    pub fn new(config: ShareConfig, start: Offset) -> Self {
        let start = start.get();
        Self { config, start, end: start, log_start: start, spans: Spans::default() }
    }

    /// A partition with stored state: what lies between batches, and what was acquired, is available.
    ///
    /// # Errors
    /// If batches overlap, are out of order or before the start: the state is damaged.
    pub fn load(config: ShareConfig, start: Offset, batches: &[StateBatch]) -> Result<Self, StateBatch> {
        let mut loaded = Self::new(config, start);
        for batch in batches {
            let (first, last) = (batch.first.get(), batch.last.get());
            if first < loaded.end || last < first {
                return Err(*batch);
            }
            if first > loaded.end {
                let span = Span { last: first - 1, state: RecordState::Available, deliveries: 0, lock: None };
                loaded.spans.insert(loaded.end, span);
            }
            let state = if batch.state.is_over() { batch.state } else { RecordState::Available };
            loaded.spans.insert(first, Span { last, state, deliveries: batch.deliveries, lock: None });
            loaded.end = last + 1;
        }
        loaded.advance(&mut ShareOut::default());
        Ok(loaded)
    }

    /// Changes the settings; locks that are held keep theirs.
    pub fn set_config(&mut self, config: ShareConfig) {
        self.config = config;
    }

    /// The first record that is not over.
    pub fn start(&self) -> Offset {
        Offset::new(self.start)
    }

    /// From where on to read for whoever asks next.
    pub fn next_read(&self) -> Offset {
        let mut spans = self.spans.iter();
        let free = spans.find(|(_, span)| span.state == RecordState::Available);
        Offset::new(free.map_or(self.end, |(first, _)| first))
    }

    /// How many records behind the start are over.
    pub fn complete(&self) -> usize {
        let over = self.spans.iter().filter(|(_, span)| span.state.is_over());
        over.map(|(first, span)| usize::try_from(span.last - first + 1).expect("a run has records")).sum()
    }

    /// How many records more may be acquired.
    pub fn room(&self) -> usize {
        self.config.locks_max.saturating_sub(self.spans.acquired())
    }

    /// Gives a member what is free of the records `first..=last`, which were read; `records_max` of them at most.
    pub fn acquire(
        &mut self,
        now: Monotonic,
        member: &MemberId,
        first: Offset,
        last: Offset,
        records_max: usize,
    ) -> Vec<Acquired> {
        let (first, last) = (first.get().max(self.start), last.get());
        if last < first {
            return Vec::new();
        }
        // One record that stays in hand for ever must not let the runs behind it pile up.
        let last = if self.spans.len() < self.config.locks_max.saturating_mul(RUNS_PER_LOCK) {
            last
        } else {
            last.min(self.end - 1)
        };
        if last >= self.end {
            let span = Span { last, state: RecordState::Available, deliveries: 0, lock: None };
            self.spans.insert(self.end, span);
            self.end = last + 1;
        }
        let due = now.plus_millis(self.config.lock_ms);
        let mut left = i64::try_from(records_max.min(self.room())).unwrap_or(i64::MAX);
        let mut given = Vec::new();
        let free: Vec<(i64, i64)> = self
            .spans
            .over(first..=last)
            .filter(|(_, span)| span.state == RecordState::Available)
            .map(|(begin, span)| (begin.max(first), span.last.min(last)))
            .collect();
        for (begin, end) in free {
            let end = end.min(begin.saturating_add(left) - 1);
            if end < begin {
                break;
            }
            left -= end - begin + 1;
            for at in self.spans.within(begin..=end) {
                let span = self.spans.remove(at).expect("just listed");
                let deliveries = span.deliveries.saturating_add(1);
                given.push(Acquired { first: Offset::new(at), last: Offset::new(span.last), deliveries });
                let lock = Some((member.clone(), due));
                self.spans.insert(at, Span { state: RecordState::Acquired, deliveries, lock, ..span });
            }
        }
        self.spans.join();
        given
    }

    /// A member says what became of records; all of it counts, or nothing.
    ///
    /// # Errors
    /// INVALID_REQUEST if the ranges cannot be or go on past all that was ever given; INVALID_RECORD_STATE if it does
    /// not have one of the records (any more). Records before the start are over, whatever is said of them.
    pub fn acknowledge(
        &mut self,
        now: Monotonic,
        member: &MemberId,
        said: &[Acknowledgement],
        out: &mut ShareOut,
    ) -> Result<(), ErrorCode> {
        let mut next = i64::MIN;
        for said in said {
            let (first, last) = (said.first.get(), said.last.get());
            let count = last.checked_sub(first).and_then(|n| usize::try_from(n).ok());
            let each = count.is_some_and(|n| said.verdicts.len() == 1 || said.verdicts.len() == n + 1);
            if last < first || !each {
                return Err(ErrorCode::InvalidRequest);
            }
            // What was said before in the same breath is not the member's any more.
            if first < next {
                return Err(ErrorCode::InvalidRecordState);
            }
            next = last + 1;
            if first >= self.end {
                return Err(ErrorCode::InvalidRecordState);
            } else if last >= self.end {
                return Err(ErrorCode::InvalidRequest);
            }
            let its = |span: &Span| span.lock.as_ref().is_some_and(|(holder, _)| holder == member);
            if self.start <= last && !self.spans.over(first.max(self.start)..=last).all(|(_, s)| its(s)) {
                return Err(ErrorCode::InvalidRecordState);
            }
        }
        for said in said {
            let (first, last) = (said.first.get(), said.last.get());
            if said.verdicts.len() == 1 {
                self.judge(now, first, last, said.verdicts[0], out);
                continue;
            }
            for (offset, verdict) in (first..=last).zip(&said.verdicts) {
                self.judge(now, offset, offset, *verdict, out);
            }
        }
        self.advance(out);
        Ok(())
    }

    fn judge(&mut self, now: Monotonic, first: i64, last: i64, verdict: Verdict, out: &mut ShareOut) {
        if last < self.start {
            return;
        }
        for at in self.spans.within(first.max(self.start)..=last) {
            match verdict {
                Verdict::Accept => self.settle(at, RecordState::Acknowledged, out),
                Verdict::Release => self.settle(at, RecordState::Available, out),
                Verdict::Gap | Verdict::Reject => self.settle(at, RecordState::Archived, out),
                Verdict::Renew => {
                    let mut span = self.spans.remove(at).expect("just listed");
                    let due = now.plus_millis(self.config.lock_ms);
                    span.lock = span.lock.map(|(member, _)| (member, due));
                    self.spans.insert(at, span);
                }
            }
        }
    }

    /// An acquired run is not any more.
    fn settle(&mut self, first: i64, state: RecordState, out: &mut ShareOut) {
        let span = self.spans.remove(first).expect("the caller saw it");
        let worn = state == RecordState::Available && span.deliveries >= self.config.deliveries_max;
        let state = if worn { RecordState::Archived } else { state };
        let batch = StateBatch {
            first: Offset::new(first),
            last: Offset::new(span.last),
            state,
            deliveries: span.deliveries,
        };
        match out.batches.last_mut() {
            Some(before)
                if before.last.plus(1) == batch.first
                    && (before.state, before.deliveries) == (batch.state, batch.deliveries) =>
            {
                before.last = batch.last;
            }
            _ => out.batches.push(batch),
        }
        self.spans.insert(first, Span { state, lock: None, ..span });
    }

    /// A member is gone: what it has is free.
    pub fn release(&mut self, member: &MemberId, out: &mut ShareOut) {
        let its = |span: &Span| span.lock.as_ref().is_some_and(|(holder, _)| holder == member);
        let its: Vec<i64> = self.spans.iter().filter(|(_, span)| its(span)).map(|(first, _)| first).collect();
        for first in its {
            self.settle(first, RecordState::Available, out);
        }
        self.advance(out);
    }

    /// When [`on_deadline`](Self::on_deadline) is to be called at the latest.
    pub fn deadline(&self) -> Option<Monotonic> {
        self.spans.first_due()
    }

    /// Frees what was held for too long.
    pub fn on_deadline(&mut self, now: Monotonic, out: &mut ShareOut) {
        for first in self.spans.overdue(now) {
            self.settle(first, RecordState::Available, out);
        }
        self.advance(out);
    }

    /// Records before `log_start` are gone from the log: nobody will be given them. Those that somebody has stay its own
    /// till it says. Not stored, but for the start: whoever loads the state tells of the log's start.
    pub fn on_log_start(&mut self, log_start: Offset, out: &mut ShareOut) {
        self.log_start = self.log_start.max(log_start.get());
        let gone = self.log_start - 1;
        if gone >= self.end {
            let span = Span { last: gone, state: RecordState::Archived, deliveries: 0, lock: None };
            self.spans.insert(self.end, span);
            self.end = gone + 1;
        }
        self.advance(out);
    }

    /// Gives up what is free and gone from the log.
    fn archive_gone(&mut self) {
        if self.start >= self.log_start {
            return;
        }
        for first in self.spans.within(self.start..=self.log_start - 1) {
            let mut span = self.spans.remove(first).expect("just listed");
            if span.state == RecordState::Available {
                span.state = RecordState::Archived;
            }
            self.spans.insert(first, span);
        }
    }

    /// What is over at the front is forgotten, and alike neighbours are joined.
    fn advance(&mut self, out: &mut ShareOut) {
        self.archive_gone();
        while let Some(first) = self.spans.first().filter(|(_, span)| span.state.is_over()).map(|(at, _)| at)
        {
            let span = self.spans.remove(first).expect("just seen");
            self.start = span.last + 1;
            out.start_moved = true;
        }
        out.batches.retain(|batch| batch.last.get() >= self.start);
        self.spans.join();
    }

    /// Asserts what must always hold.
    ///
    /// # Panics
    /// If something does not.
    pub fn check(&self) {
        let mut next = self.start;
        let mut acquired = 0;
        for (first, span) in self.spans.iter() {
            assert_eq!(first, next, "a hole");
            assert!(span.last >= first);
            assert_eq!(span.state == RecordState::Acquired, span.lock.is_some());
            assert!(first > self.start || !span.state.is_over(), "the first is not over");
            acquired += if span.lock.is_some() { span.last - first + 1 } else { 0 };
            next = span.last + 1;
        }
        assert_eq!(next, self.end);
        assert_eq!(i64::try_from(self.spans.acquired()), Ok(acquired));
    }

    /// Every run in flight, for an administrator and for tests.
    pub fn in_flight(&self) -> impl Iterator<Item = (StateBatch, Option<&MemberId>)> {
        self.spans.iter().map(|(first, span)| {
            let batch = StateBatch {
                first: Offset::new(first),
                last: Offset::new(span.last),
                state: span.state,
                deliveries: span.deliveries,
            };
            (batch, span.lock.as_ref().map(|(member, _)| member))
        })
    }
}
