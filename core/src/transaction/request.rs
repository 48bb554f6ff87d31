//! What a transaction coordinator may be asked.

use crate::ids::{PartitionId, ProducerEpoch, ProducerId, TopicName, TransactionalId};
use crate::pattern::Pattern;
use crate::record::control::Outcome;

/// A partition by name.
pub type Place = (TopicName, PartitionId);

/// A producer introduces itself (behaviours 59 and 60).
#[derive(Clone, Debug)]
pub struct InitProducerId {
    /// Its transactional id.
    pub id: TransactionalId,
    /// How long its transactions may take.
    pub timeout_ms: i32,
    /// Who it believes to be (version 3): it is given the next epoch only if that is still so.
    pub current: Option<(ProducerId, ProducerEpoch)>,
    /// An id that no producer has had, if the caller has one at hand; without it the answer may be
    /// [`NeedsProducerId`](super::TransactionReply::NeedsProducerId).
    pub fresh: Option<ProducerId>,
}

/// Partitions become part of a transaction, or are asked for whether they are.
#[derive(Clone, Debug)]
pub struct AddPartitions {
    /// The transactional id.
    pub id: TransactionalId,
    /// Its producer.
    pub producer: ProducerId,
    /// The producer's epoch.
    pub epoch: ProducerEpoch,
    /// The partitions; the caller made sure that they exist.
    pub partitions: Vec<Place>,
    /// Only asks.
    pub verify_only: bool,
    /// The client counts on an epoch bump at each end (`transaction.version` 2, behaviour 61).
    pub bumps: bool,
}

/// A transaction is to be ended by its producer.
#[derive(Clone, Debug)]
pub struct EndTransaction {
    /// The transactional id.
    pub id: TransactionalId,
    /// Its producer.
    pub producer: ProducerId,
    /// The producer's epoch.
    pub epoch: ProducerEpoch,
    /// How.
    pub outcome: Outcome,
    /// The producer goes on in the next epoch (version 5, behaviour 61).
    pub bumps: bool,
    /// As in [`InitProducerId::fresh`]: needed when the epochs are used up.
    pub fresh: Option<ProducerId>,
}

/// Transactional ids are asked for.
#[derive(Clone, Debug, Default)]
pub struct ListTransactions {
    /// In one of these states; empty: in any.
    pub states: Vec<super::State>,
    /// Of one of these producers; empty: of any.
    pub producers: Vec<ProducerId>,
    /// Begun longer ago than this.
    pub longer_than_ms: Option<i64>,
    /// Of ids that match this as a whole.
    pub pattern: Option<Pattern>,
}
