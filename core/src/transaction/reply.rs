//! What a transaction coordinator asks its driver to do.

use super::State;
use super::request::Place;
use crate::ErrorCode;
use crate::after::After;
use crate::ids::{ProducerEpoch, ProducerId, TransactionalId};
use crate::record::control::Outcome;
use crate::time::Timestamp;

/// Who waits for a reply: the driver's number for a request.
pub type ReplyTo = u64;

/// The effects of one call, in order.
#[derive(Debug, Default)]
pub struct Out {
    /// To be appended to the coordinator's partition.
    pub records: Vec<TransactionRecord>,
    /// To be sent.
    pub replies: Vec<Reply>,
    /// To be written elsewhere, once everything appended so far is durable.
    pub markers: Vec<WriteMarkers>,
}

/// A record for `__transaction_state`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionRecord {
    /// Type and key.
    pub key: Vec<u8>,
    /// Version and value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
}

/// An effect: tell partitions how a transaction ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteMarkers {
    /// Whose; given back to [`on_markers_written`](super::Coordinator::on_markers_written).
    pub id: TransactionalId,
    /// The producer.
    pub producer: ProducerId,
    /// The markers' epoch.
    pub epoch: ProducerEpoch,
    /// Where.
    pub partitions: Vec<Place>,
    /// How it ended.
    pub outcome: Outcome,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// To whom.
    pub to: ReplyTo,
    /// When it may leave.
    pub after: After,
    /// What it says.
    pub body: TransactionReply,
}

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransactionReply {
    /// To [`InitProducerId`](super::InitProducerId) and [`EndTransaction`](super::EndTransaction): who the producer is
    /// from now on.
    Producer(Result<(ProducerId, ProducerEpoch), ErrorCode>),
    /// To the same two: ask again with a fresh producer id.
    NeedsProducerId,
    /// To [`AddPartitions`](super::AddPartitions): for each partition, in order.
    Partitions(Vec<ErrorCode>),
    /// To a request to describe: for each id, in order.
    Described(Vec<DescribedTransaction>),
    /// To [`ListTransactions`](super::ListTransactions).
    Listed(Vec<ListedTransaction>),
}

/// What is known of a transactional id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedTransaction {
    /// The id.
    pub id: TransactionalId,
    /// The rest, or none if there is no such id.
    pub known: Option<KnownTransaction>,
}

/// What is known of a transactional id that there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownTransaction {
    /// Its state.
    pub state: State,
    /// How long its transactions may take.
    pub timeout_ms: i32,
    /// When the last one began, if one has.
    pub started: Option<Timestamp>,
    /// Its producer.
    pub producer: ProducerId,
    /// The producer's epoch.
    pub epoch: ProducerEpoch,
    /// What is part of the transaction.
    pub partitions: Vec<Place>,
}

/// A transactional id in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedTransaction {
    /// The id.
    pub id: TransactionalId,
    /// Its producer.
    pub producer: ProducerId,
    /// Its state.
    pub state: State,
}
