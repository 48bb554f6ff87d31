//! A partition: its log, what its replicas have of it, and who waits for it. Lives on one shard.
//!
//! ```text
//!   log start          last stable      high watermark     durable end        appended end
//!      │                    │                 │                 │                  │
//!      ▼                    ▼                 ▼                 ▼                  ▼
//!      ├── read_committed ──┤                 │                 │                  │
//!      ├── read_uncommitted ──────────────────┤                 │                  │
//!      ├── survives kill -9 and power loss ─────────────────────┤                  │
//!      └── in the head buffer, in or before the round that makes it durable ───────┘
//! ```
//!
//! Invariants: log start ≤ last stable ≤ high watermark ≤ durable end ≤ appended end; the high watermark never falls;
//! an acknowledgement leaves only when the high watermark has passed it. On one node the ISR is this node, so the
//! high watermark is the durable end.
//!
//! Everything here runs to completion; only reads, described by a plan, are awaited, by the caller and without a
//! borrow of the partition.

mod append;
mod history;
mod offsets;

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use headwater_core::ErrorCode;
use headwater_core::epochs::LeaderEpochs;
use headwater_core::ids::{LeaderEpoch, Offset, ProducerId, TopicPartition};
use headwater_core::log_transactions::LogTransactions;
use headwater_core::producer::{DescribedProducer, ProducerStates};
use headwater_core::time::Timestamp;
use headwater_storage::compact::Pass;
use headwater_storage::disk::Disk;
use headwater_storage::log::Log;

pub use append::{Append, Appended, Standing};
pub use offsets::{LookedUp, LookupError};

use history::History;

use crate::waiters::{Countdown, Outcome, Waiters, release};

/// Which records a reader may see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// Everything committed to the replicas: below the high watermark.
    #[default]
    ReadUncommitted,
    /// Only decided transactions: below the last stable offset.
    ReadCommitted,
}

/// The offsets that every answer about a partition carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The first offset that may be read.
    pub log_start: Offset,
    /// The first offset of an undecided transaction, or the high watermark.
    pub last_stable: Offset,
    /// Exclusive end of what is committed.
    pub high_watermark: Offset,
}

impl Bounds {
    /// Exclusive end of what a reader of this isolation may see.
    pub fn readable_end(&self, isolation: Isolation) -> Offset {
        match isolation {
            Isolation::ReadUncommitted => self.high_watermark,
            Isolation::ReadCommitted => self.last_stable,
        }
    }
}

/// Somebody who wants to hear that more can be read.
pub trait Advanced {
    /// The high watermark of a partition that it watches has moved.
    fn advanced(&self);
}

/// See the module's text.
pub struct Partition<D: Disk> {
    id: TopicPartition,
    log: Rc<Log<D>>,
    epoch: Cell<LeaderEpoch>,
    high_watermark: Cell<Offset>,
    producers: Rc<RefCell<ProducerStates>>,
    transactions: Rc<RefCell<LogTransactions>>,
    waiters: RefCell<Waiters>,
    watchers: RefCell<Vec<Weak<dyn Advanced>>>,
    offline: Cell<Option<ErrorCode>>,
}

impl<D: Disk> Partition<D> {
    /// Opens a partition over a recovered (or new) log, led by this node in `epoch`: brings what the last checkpoint
    /// knew of its producers and their transactions up to date with the batches that came after.
    pub async fn open(log: Rc<Log<D>>, epoch: LeaderEpoch) -> Rc<Self> {
        let history = History::recover(&log).await;
        Self::with(log, epoch, history)
    }

    /// A partition over an empty log.
    pub fn new(log: Rc<Log<D>>, epoch: LeaderEpoch) -> Rc<Self> {
        Self::with(log, epoch, History::default())
    }

    fn with(log: Rc<Log<D>>, epoch: LeaderEpoch, history: History) -> Rc<Self> {
        let producers = Rc::new(RefCell::new(history.producers));
        let transactions = Rc::new(RefCell::new(history.transactions));
        let source = (producers.clone(), transactions.clone());
        log.set_aux_source(move || history::encode(&source.0.borrow(), &source.1.borrow()));
        let high_watermark = log.durable_end();
        transactions.borrow_mut().on_committed(high_watermark);
        Rc::new(Self {
            id: log.id(),
            high_watermark: Cell::new(high_watermark),
            log,
            epoch: Cell::new(epoch),
            producers,
            transactions,
            waiters: RefCell::default(),
            watchers: RefCell::default(),
            offline: Cell::new(None),
        })
    }

    /// Which partition this is.
    pub fn id(&self) -> TopicPartition {
        self.id
    }

    /// Its log.
    pub fn log(&self) -> &Rc<Log<D>> {
        &self.log
    }

    /// The epoch in which this node leads it.
    pub fn leader_epoch(&self) -> LeaderEpoch {
        self.epoch.get()
    }

    /// Log start, last stable offset and high watermark, taken together.
    pub fn bounds(&self) -> Bounds {
        let high_watermark = self.high_watermark.get();
        let first_unstable = self.transactions.borrow().first_unstable();
        Bounds {
            log_start: self.log.log_start(),
            last_stable: first_unstable.map_or(high_watermark, |offset| offset.min(high_watermark)),
            high_watermark,
        }
    }

    /// Refuses a request that knows another leader epoch than ours (behaviour 45): an older one is
    /// `FENCED_LEADER_EPOCH`, a newer one `UNKNOWN_LEADER_EPOCH`.
    pub fn check_epoch(&self, current: Option<LeaderEpoch>) -> Result<(), ErrorCode> {
        match current {
            Some(theirs) if theirs < self.epoch.get() => Err(ErrorCode::FencedLeaderEpoch),
            Some(theirs) if theirs > self.epoch.get() => Err(ErrorCode::UnknownLeaderEpoch),
            _ => Ok(()),
        }
    }

    /// Which leader epoch begins where, up to the one in which this node leads: by it OffsetForLeaderEpoch is answered, and
    /// readers learn whether their last record is one of ours (behaviour 45).
    pub fn leader_epochs(&self) -> LeaderEpochs {
        let mut epochs = self.log.leader_epochs();
        // An epoch is in the log once it has a record; whoever asks for ours before that is at the end, not lost.
        if epochs.latest().is_none_or(|latest| latest < self.epoch.get()) {
            epochs.assign(self.epoch.get(), self.log.end());
        }
        epochs
    }

    /// A commit round made everything below `durable_end` durable: the high watermark follows, parked replies leave,
    /// watchers hear of it.
    pub fn on_durable(&self, durable_end: Offset) {
        self.advance(durable_end.max(self.log.committed_end()));
    }

    fn advance(&self, end: Offset) {
        if end <= self.high_watermark.get() {
            return;
        }
        self.high_watermark.set(end);
        self.transactions.borrow_mut().on_committed(end);
        let committed = self.waiters.borrow_mut().take_committed(end);
        release(committed, Outcome::Committed);
        self.wake_watchers();
    }

    /// Parks `countdown` until everything below `end` is committed; returns at once if it is. Out of service it fails:
    /// nothing more will be committed.
    pub fn park(&self, end: Offset, countdown: &Rc<Countdown>) {
        if end <= self.high_watermark.get() {
            return;
        }
        self.waiters.borrow_mut().park(end, countdown);
        if self.offline.get().is_some() {
            let parked = self.waiters.borrow_mut().take_all();
            release(parked, Outcome::Failed);
        }
    }

    /// Tells `watcher` of the next move of the high watermark, once, if it still lives then.
    pub fn watch(&self, watcher: Weak<dyn Advanced>) {
        let mut watchers = self.watchers.borrow_mut();
        watchers.retain(|w| w.strong_count() > 0);
        watchers.push(watcher);
    }

    /// Takes the partition out of service: parked replies fail, later requests are refused with `why`.
    pub fn take_offline(&self, why: ErrorCode) {
        self.offline.set(Some(why));
        let parked = self.waiters.borrow_mut().take_all();
        release(parked, Outcome::Failed);
        self.wake_watchers();
    }

    /// Refuses what needs a log that takes writes.
    pub fn check_online(&self) -> Result<(), ErrorCode> {
        self.offline.get().map_or(Ok(()), Err)
    }

    /// Forgets producers that have been silent for longer than `producer.id.expiration.ms` (behaviour 38) and have nothing
    /// open, and aborted transactions that retention has taken.
    pub fn expire_producers(&self, now: Timestamp, expiration_ms: u64) {
        let mut transactions = self.transactions.borrow_mut();
        let is_open = |id| transactions.open_since(id).is_some();
        self.producers.borrow_mut().expire(now, expiration_ms, is_open);
        transactions.forget(self.log.log_start(), now, expiration_ms);
    }

    /// The aborted transactions with records in `from..until`, for a reader that skips them (behaviour 44).
    pub fn aborted(&self, from: Offset, until: Offset) -> Vec<(ProducerId, Offset)> {
        self.transactions.borrow().aborted(from, until)
    }

    /// What a compaction has to know of the log as it is now (behaviour 64): nothing undecided is touched.
    pub fn compaction(&self, now: Timestamp, map_bytes: usize) -> Pass {
        let upto = self.bounds().last_stable;
        let aborted = self.transactions.borrow().aborted_below(upto);
        let producers = self.producers.borrow().ids().collect();
        Pass { now_ms: now.millis(), upto, map_bytes, aborted, producers }
    }

    /// Its producers, each with the first offset of its open transaction.
    pub fn describe_producers(&self) -> Vec<(DescribedProducer, Option<Offset>)> {
        let transactions = self.transactions.borrow();
        let all = self.producers.borrow().describe();
        all.into_iter().map(|producer| (producer, transactions.open_since(producer.id))).collect()
    }

    /// Forgets the records below `before`, or with -1 all that are committed (behaviour 22); gives the log's start.
    ///
    /// # Errors
    /// `OFFSET_OUT_OF_RANGE` beyond the high watermark.
    pub fn delete_records(&self, before: i64) -> Result<Offset, ErrorCode> {
        let high_watermark = self.high_watermark.get();
        let before = match before {
            -1 => high_watermark,
            before if before < 0 || before > high_watermark.get() => return Err(ErrorCode::OffsetOutOfRange),
            before => Offset::new(before),
        };
        self.log.set_log_start(before);
        Ok(self.log.log_start())
    }

    fn wake_watchers(&self) {
        // Taken out first: a watcher may come back and watch again.
        let watchers = std::mem::take(&mut *self.watchers.borrow_mut());
        for watcher in watchers {
            if let Some(watcher) = watcher.upgrade() {
                watcher.advanced();
            }
        }
    }
}
