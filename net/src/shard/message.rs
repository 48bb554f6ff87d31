//! What shards say to each other: a closed list of requests and their replies. One message per owning shard per client
//! request; everything in it is owned data, so nothing is shared between cores but immutable `Bytes` and `Arc`s.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use headwater_core::ErrorCode;
use headwater_core::epochs::EpochEnd;
use headwater_core::group::{ListGroups, ListedGroup};
use headwater_core::ids::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, TopicPartition};
use headwater_core::log_transactions::Guard;
use headwater_core::producer::DescribedProducer;
use headwater_core::record::control::EndMarker;
use headwater_core::record::header::BatchHeader;
use headwater_core::transaction::{ListTransactions, ListedTransaction};
use headwater_replication::coordinator::{Answer, GroupCall};
use headwater_replication::metadata::{Change, Image};
use headwater_replication::partition::{Bounds, Isolation, Standing};
use headwater_replication::transactions::{self, TransactionCall};
use headwater_storage::sealed::SealedRange;

use crate::conn::census::Admitted;
use crate::http::ShardFigures;
use crate::shard::control::{ControllerReply, ControllerRequest};
use crate::shard::quotas::Charge;
use crate::shard::read::Tail;
use crate::shard::shares::{ShareReply, ShareRequest};

/// A request from one shard to another, or to itself.
pub enum Request {
    /// Append batches and answer when they are committed (`wait`) or at once.
    Produce {
        /// What to append, at most one batch a partition.
        items: Vec<ProduceItem>,
        /// False for acks=0: the reply is sent as soon as the appends are decided.
        wait: bool,
    },
    /// Read what is there now; never waits.
    Read {
        /// What to read, in the client's order.
        items: Vec<ReadItem>,
        /// Bound on the bytes of all items together; the first batch found is returned whatever its size.
        max_bytes: usize,
        /// Which records the reader may see.
        isolation: Isolation,
    },
    /// Read from memory; if there is too little, answer when there is more, or when the reader says `EndTail`.
    Tail {
        /// What to read, and how much is enough.
        tail: Tail,
        /// False: answer at once.
        park: bool,
        /// Names this read for `EndTail`.
        ticket: u64,
    },
    /// Resolve a timestamp or a special position (ListOffsets).
    Lookup {
        /// Partition, timestamp as on the wire, and the leader epoch that the client knows.
        items: Vec<LookupItem>,
        /// Which end "latest" means.
        isolation: Isolation,
    },
    /// Find where leader epochs end (OffsetForLeaderEpoch).
    EpochEnds(Vec<EpochItem>),
    /// Ask the coordinator on a partition of `__consumer_offsets`.
    Group {
        /// The partition.
        partition: TopicPartition,
        /// What to ask.
        call: GroupCall,
    },
    /// The groups of all coordinators of the shard.
    ListGroups(ListGroups),
    /// Move the starts of logs forward (DeleteRecords).
    DeleteRecords {
        /// Partition, and the first offset to keep; -1 stands for the high watermark.
        items: Vec<(TopicPartition, i64)>,
    },
    /// Ask the coordinator on a partition of `__transaction_state`.
    Transaction {
        /// The partition.
        partition: TopicPartition,
        /// What to ask.
        call: TransactionCall,
    },
    /// The transactional ids of all coordinators of the shard.
    ListTransactions(ListTransactions),
    /// How producers' transactions stand in partitions of the shard.
    Standings(Vec<StandingItem>),
    /// Tell partitions of the shard how a transaction ended; answered when that is committed.
    Markers(Markers),
    /// The producers of partitions of the shard.
    Producers(Vec<TopicPartition>),
    /// Count something against a quota whose meter is on the shard.
    Charge(Charge),
    /// Something about share groups.
    Share(ShareRequest),
    /// Remove those of these folders, all of them the shard's, that no partition has.
    SweepFolders(Vec<TopicPartition>),
    /// Sizes of logs on disk and their ends, for DescribeLogDirs and metrics.
    Sizes,
    /// What the shard has counted.
    Figures,
    /// A request to the controller (only shard 0 has it).
    Controller(ControllerRequest),
    /// Serve this connection, which another shard accepted.
    Adopt {
        /// The socket.
        fd: OwnedFd,
        /// Its place in the census.
        admitted: Admitted,
    },
    /// The image of the cluster's metadata that the shard begins with.
    FirstImage(Arc<Image>),
    /// A new image of the cluster's metadata, and what has changed since the last one.
    Image {
        /// The image.
        image: Arc<Image>,
        /// The changes.
        changes: Arc<Vec<Change>>,
    },
}

/// The answer to each kind of [`Request`], in the same order.
pub enum Reply {
    /// To `Produce`: a result for each item.
    Produce(Vec<Result<ProduceDone, ErrorCode>>),
    /// To `Read`: a result for each item.
    Read(Vec<ReadDone>),
    /// To `Tail`: a result for each item; none when the disk is needed.
    Tail(Option<Vec<ReadDone>>),
    /// To `Lookup`: a result for each item.
    Lookup(Vec<Result<LookupDone, ErrorCode>>),
    /// To `EpochEnds`: for each item the epoch and its end, or nothing if the log has never heard of it.
    EpochEnds(Vec<Result<Option<EpochEnd>, ErrorCode>>),
    /// To `Group`.
    Group(Answer),
    /// To `ListGroups`: what the coordinators that serve know, and why another could not say.
    ListGroups(Vec<ListedGroup>, Option<ErrorCode>),
    /// To `DeleteRecords`: the new log start of each.
    DeleteRecords(Vec<Result<Offset, ErrorCode>>),
    /// To `Transaction`.
    Transaction(transactions::Answer),
    /// To `ListTransactions`: what the coordinators that serve know, and why another could not say.
    ListTransactions(Vec<ListedTransaction>, Option<ErrorCode>),
    /// To `Standings`: a result for each item.
    Standings(Vec<Result<Standing, ErrorCode>>),
    /// To `Markers`: a result for each partition.
    Markers(Vec<Result<(), ErrorCode>>),
    /// To `Producers`: for each partition, its producers and where their open transactions begin.
    Producers(Vec<Result<Producers, ErrorCode>>),
    /// To `Charge`: for how many milliseconds the client is to be quiet; an error if nothing was counted.
    Charged(Result<u64, u64>),
    /// To `Share`.
    Share(ShareReply),
    /// To `Sizes`: partition, bytes, end offset.
    Sizes(Vec<(TopicPartition, u64, Offset)>),
    /// To `Figures`.
    Figures(Box<ShardFigures>),
    /// To `Controller`.
    Controller(ControllerReply),
    /// To `Adopt`, `FirstImage` and `Image`.
    Done,
}

/// One partition of a produce request.
pub struct ProduceItem {
    /// Where to.
    pub partition: TopicPartition,
    /// One validated batch.
    pub batch: BytesMut,
    /// Its header.
    pub header: BatchHeader,
    /// What allows it to begin a transaction.
    pub guard: Option<Guard>,
}

/// The producers of a partition, each with the first offset of its open transaction.
pub type Producers = Vec<(DescribedProducer, Option<Offset>)>;

/// A producer in a partition.
#[derive(Clone)]
pub struct StandingItem {
    /// The partition.
    pub partition: TopicPartition,
    /// The producer.
    pub producer: ProducerId,
    /// Its epoch.
    pub epoch: ProducerEpoch,
    /// What it wants to append, if that is known.
    pub batch: Option<BatchHeader>,
}

/// The end of one producer's transaction.
#[derive(Clone)]
pub struct Markers {
    /// The producer.
    pub producer: ProducerId,
    /// In which epoch.
    pub epoch: ProducerEpoch,
    /// How, and who says so.
    pub marker: EndMarker,
    /// Where.
    pub partitions: Vec<TopicPartition>,
}

/// Where a batch went.
#[derive(Clone, Copy)]
pub struct ProduceDone {
    /// Offset of the first record.
    pub base: Offset,
    /// The log start, as the reply carries it.
    pub log_start: Offset,
}

/// One partition of a fetch.
#[derive(Clone)]
pub struct ReadItem {
    /// Where from.
    pub partition: TopicPartition,
    /// The first offset wanted.
    pub offset: Offset,
    /// Bound for this partition.
    pub max_bytes: usize,
    /// The leader epoch that the client knows.
    pub current_epoch: Option<LeaderEpoch>,
    /// The epoch of the last record before `offset`, from a reader that can go back to where its log parts from ours.
    pub last_fetched_epoch: Option<LeaderEpoch>,
}

/// What a read of one partition gave.
#[derive(Default)]
pub struct ReadDone {
    /// Why not, or `None`.
    pub error: Option<ErrorCode>,
    /// Log start, last stable offset and high watermark; absent when this shard does not have the partition.
    pub bounds: Option<Bounds>,
    /// The reader's log and ours part here; then there are no records.
    pub diverging: Option<EpochEnd>,
    /// Whole batches.
    pub records: Vec<Bytes>,
    /// The same, in a file; then there are no `records`.
    pub sealed: Option<SealedRange>,
    /// Aborted transactions with records among them, for a reader of committed ones only.
    pub aborted: Vec<(ProducerId, Offset)>,
}

impl ReadDone {
    /// Bytes of its batches.
    pub fn bytes(&self) -> usize {
        self.memory_bytes() + self.sealed.as_ref().map_or(0, SealedRange::len)
    }

    /// Bytes of those that are in memory.
    pub fn memory_bytes(&self) -> usize {
        self.records.iter().map(Bytes::len).sum()
    }

    /// It says something that a reader must hear at once, whether or not there are records.
    pub fn is_final(&self) -> bool {
        self.error.is_some() || self.diverging.is_some()
    }
}

/// One partition of a ListOffsets request.
pub struct LookupItem {
    /// Which partition.
    pub partition: TopicPartition,
    /// As on the wire: milliseconds, or one of Kafka's negative positions (behaviour 47).
    pub timestamp: i64,
    /// The leader epoch that the client knows.
    pub current_epoch: Option<LeaderEpoch>,
}

/// One partition of an OffsetForLeaderEpoch request.
pub struct EpochItem {
    /// Which partition.
    pub partition: TopicPartition,
    /// The leader epoch that the client knows.
    pub current_epoch: Option<LeaderEpoch>,
    /// The epoch whose end is asked for; none, as -1 on the wire, is no epoch of any log.
    pub epoch: Option<LeaderEpoch>,
}

/// The answer for one partition of a ListOffsets request.
#[derive(Clone, Copy)]
pub struct LookupDone {
    /// The offset, or none if no record matches.
    pub offset: Option<Offset>,
    /// That record's timestamp, where the question was one of time.
    pub timestamp: Option<i64>,
    /// The epoch of that record's batch.
    pub epoch: Option<LeaderEpoch>,
}
