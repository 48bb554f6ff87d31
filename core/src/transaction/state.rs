//! One transactional id: its producer and its transaction.

use std::collections::BTreeSet;

use super::request::Place;
use crate::ids::{ProducerEpoch, ProducerId};
use crate::record::control::Outcome;
use crate::time::{Monotonic, Timestamp};

/// The highest epoch that a client is given: the one above is left for fencing it.
const EPOCH_LAST: i16 = i16::MAX - 1;

/// Where a transactional id is; the numbers are those of the records. Kafka's `Dead` and `PrepareEpochFence` are states of
/// a coordinator that waits for its own log; none of them is ever here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i8)]
pub enum State {
    /// No transaction since its producer introduced itself.
    Empty = 0,
    /// A transaction is open.
    Ongoing = 1,
    /// It is decided: markers of a commit are being written.
    PrepareCommit = 2,
    /// It is decided: markers of an abort are being written.
    PrepareAbort = 3,
    /// The last transaction was committed everywhere.
    CompleteCommit = 4,
    /// The last transaction was aborted everywhere.
    CompleteAbort = 5,
}

impl State {
    const ALL: [State; 6] = [
        State::Empty,
        State::Ongoing,
        State::PrepareCommit,
        State::PrepareAbort,
        State::CompleteCommit,
        State::CompleteAbort,
    ];

    /// Kafka's name of it, as DescribeTransactions gives it.
    pub fn name(self) -> &'static str {
        match self {
            State::Empty => "Empty",
            State::Ongoing => "Ongoing",
            State::PrepareCommit => "PrepareCommit",
            State::PrepareAbort => "PrepareAbort",
            State::CompleteCommit => "CompleteCommit",
            State::CompleteAbort => "CompleteAbort",
        }
    }

    /// The state of this name.
    pub fn from_name(name: &str) -> Option<State> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    pub(super) fn from_code(code: i8) -> Option<State> {
        Self::ALL.into_iter().find(|state| *state as i8 == code)
    }

    /// How a decided transaction ends.
    pub(super) fn prepared(self) -> Option<Outcome> {
        match self {
            State::PrepareCommit => Some(Outcome::Commit),
            State::PrepareAbort => Some(Outcome::Abort),
            _ => None,
        }
    }

    /// How the last one ended.
    pub(super) fn completed(self) -> Option<Outcome> {
        match self {
            State::CompleteCommit => Some(Outcome::Commit),
            State::CompleteAbort => Some(Outcome::Abort),
            _ => None,
        }
    }
}

/// What is known of a transactional id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Transaction {
    pub(super) producer: ProducerId,
    /// The producer before the epochs were used up.
    pub(super) previous: Option<ProducerId>,
    /// The producer after this transaction, if its epochs are used up.
    pub(super) next: Option<ProducerId>,
    pub(super) epoch: ProducerEpoch,
    /// The epoch before, where a client may not have heard of the new one. Lost in a restart, as in Kafka.
    pub(super) last_epoch: Option<ProducerEpoch>,
    pub(super) timeout_ms: i32,
    pub(super) state: State,
    pub(super) partitions: BTreeSet<Place>,
    pub(super) started: Option<Timestamp>,
    pub(super) updated: Timestamp,
    /// The producer's epoch is bumped at each end (`transaction.version` 2).
    pub(super) bumps: bool,
    /// When an open transaction is aborted; filed in the coordinator's `timeouts`.
    pub(super) deadline: Option<Monotonic>,
}

impl Transaction {
    pub(super) fn new(producer: ProducerId, timeout_ms: i32, wall: Timestamp) -> Self {
        Self {
            producer,
            previous: None,
            next: None,
            epoch: ProducerEpoch::new(0),
            last_epoch: None,
            timeout_ms,
            state: State::Empty,
            partitions: BTreeSet::new(),
            started: None,
            updated: wall,
            bumps: false,
            deadline: None,
        }
    }

    pub(super) fn is_exhausted(&self) -> bool {
        is_exhausted(self.epoch)
    }

    /// Goes on in the next epoch. There always is one, as clients are not given the last; a record may say otherwise.
    pub(super) fn bump(&mut self, keep_last: bool) {
        self.last_epoch = keep_last.then_some(self.epoch);
        self.epoch = ProducerEpoch::new(self.epoch.get().saturating_add(1));
    }
}

/// Whether a producer in this epoch needs another id before it goes on.
pub(super) fn is_exhausted(epoch: ProducerEpoch) -> bool {
    epoch.get() >= EPOCH_LAST
}
