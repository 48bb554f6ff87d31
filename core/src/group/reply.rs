//! What a coordinator asks its driver to do: write records, send replies.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::State;
use super::streams::{InternalTopic, StreamsTopology};
use crate::ErrorCode;
use crate::after::After;
use crate::ids::{
    Generation, GroupId, InstanceId, LeaderEpoch, MemberId, Offset, PartitionId, TopicId, TopicName,
};

/// Who waits for a reply: the driver's number for a request. It may be used again once the request was answered or
/// dropped.
pub type ReplyTo = u64;

/// The effects of one call, in order. The driver empties it before the next call.
#[derive(Debug, Default)]
pub struct Out {
    /// To be appended to the coordinator's partition; those of a [`TxnOffsetCommit`](super::TxnOffsetCommit)
    /// as part of its producer's transaction.
    pub records: Vec<GroupRecord>,
    /// To be sent.
    pub replies: Vec<Reply>,
}

/// A record for `__consumer_offsets`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRecord {
    /// Type and key.
    pub key: Vec<u8>,
    /// Version and value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// To whom.
    pub to: ReplyTo,
    /// When it may leave.
    pub after: After,
    /// What it says.
    pub body: GroupReply,
}

/// What an answer says; one variant for each kind of request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupReply {
    /// To [`JoinGroup`](super::JoinGroup).
    JoinGroup(JoinedGroup),
    /// To [`SyncGroup`](super::SyncGroup).
    SyncGroup(SyncedGroup),
    /// To [`Heartbeat`](super::Heartbeat).
    Heartbeat(ErrorCode),
    /// To [`ConsumerHeartbeat`](super::ConsumerHeartbeat).
    ConsumerHeartbeat(ConsumerAnswer),
    /// To a request to describe consumer groups.
    DescribeConsumers(Vec<DescribedConsumerGroup>),
    /// To [`ShareHeartbeat`](super::ShareHeartbeat).
    ShareHeartbeat(ShareAnswer),
    /// To a request to describe share groups.
    DescribeShares(Vec<DescribedShareGroup>),
    /// To [`StreamsHeartbeat`](super::StreamsHeartbeat).
    StreamsHeartbeat(Box<StreamsAnswer>),
    /// To a request to describe streams groups.
    DescribeStreams(Vec<DescribedStreamsGroup>),
    /// To [`ShareChange`](super::ShareChange): what is so after it; GROUP_ID_NOT_FOUND or NON_EMPTY_GROUP.
    ShareState(Result<ShareState, ErrorCode>),
    /// To [`LeaveGroup`](super::LeaveGroup).
    LeaveGroup(LeftGroup),
    /// To [`OffsetCommit`](super::OffsetCommit): one result for each partition asked for, in order.
    OffsetCommit(Vec<TopicResult>),
    /// To [`TxnOffsetCommit`](super::TxnOffsetCommit), likewise.
    TxnOffsetCommit(Vec<TopicResult>),
    /// To [`OffsetFetch`](super::OffsetFetch).
    OffsetFetch(Vec<FetchedGroup>),
    /// To [`OffsetDelete`](super::OffsetDelete).
    OffsetDelete {
        /// Of the whole request; then there are no topics.
        error: ErrorCode,
        /// One result for each partition asked for, in order.
        topics: Vec<TopicResult>,
    },
    /// To a request to delete groups.
    DeleteGroups(Vec<DeletedGroup>),
    /// To [`DescribeGroups`](super::DescribeGroups).
    DescribeGroups(Vec<DescribedGroup>),
    /// To [`ListGroups`](super::ListGroups).
    ListGroups(Vec<ListedGroup>),
}

/// The answer to a JoinGroup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinedGroup {
    /// Why not; with MEMBER_ID_REQUIRED, `member` is the id to come back with.
    pub error: ErrorCode,
    /// The generation joined.
    pub generation: Option<Generation>,
    /// The group's protocol type.
    pub protocol_type: Option<Arc<str>>,
    /// The protocol the members' votes chose.
    pub protocol: Option<Arc<str>>,
    /// Who is to deal out the partitions.
    pub leader: Option<MemberId>,
    /// The leader need not deal out again (KIP-814).
    pub skip_assignment: bool,
    /// The member's own id.
    pub member: Option<MemberId>,
    /// For the leader: all members.
    pub members: Vec<JoinedMember>,
}

/// A member, as its leader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinedMember {
    /// The member.
    pub member: MemberId,
    /// Set for static members.
    pub instance: Option<InstanceId>,
    /// What it says of itself in the chosen protocol.
    pub metadata: Bytes,
}

/// The answer to a SyncGroup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncedGroup {
    /// Why not.
    pub error: ErrorCode,
    /// The group's protocol type.
    pub protocol_type: Option<Arc<str>>,
    /// The protocol the assignment was made with.
    pub protocol: Option<Arc<str>>,
    /// The member's share; empty if the leader gave it none.
    pub assignment: Bytes,
}

/// Partitions by topic.
pub type Places = Vec<(TopicId, Vec<PartitionId>)>;

/// The answer to a heartbeat in a consumer group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerAnswer {
    /// Why not.
    pub error: ErrorCode,
    /// The same in words.
    pub message: Option<String>,
    /// The member's own id.
    pub member: Option<MemberId>,
    /// The member's epoch; -1 or -2 if it went.
    pub epoch: i32,
    /// When to call again.
    pub heartbeat_interval_ms: u64,
    /// What it is to have; `None`: as before.
    pub assignment: Option<Places>,
}

/// What a consumer group is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedConsumerGroup {
    /// The group.
    pub group: GroupId,
    /// GROUP_ID_NOT_FOUND, also of groups of other kinds, or none.
    pub error: ErrorCode,
    /// Its state.
    pub state: State,
    /// Counts what there was to be dealt anew.
    pub epoch: i32,
    /// The epoch that partitions were last dealt for.
    pub target_epoch: i32,
    /// How.
    pub assignor: &'static str,
    /// The members.
    pub members: Vec<DescribedConsumer>,
}

/// What a member of a consumer group is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedConsumer {
    /// The member.
    pub member: MemberId,
    /// Set for static members.
    pub instance: Option<InstanceId>,
    /// Where it is.
    pub rack: Option<Arc<str>>,
    /// Its epoch.
    pub epoch: i32,
    /// Its client id.
    pub client_id: Arc<str>,
    /// Where it connects from.
    pub client_host: Arc<str>,
    /// The topics it subscribes to by name.
    pub topics: Vec<TopicName>,
    /// The topics it subscribes to by expression.
    pub regex: Option<Arc<str>>,
    /// What it has.
    pub assigned: Places,
    /// What it is to have.
    pub target: Places,
    /// It speaks the classic protocol.
    pub is_classic: bool,
}

/// Partitions of a topic that have state, or are to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateTopic {
    /// The topic.
    pub topic: TopicId,
    /// Its name.
    pub name: TopicName,
    /// The partitions.
    pub partitions: Vec<PartitionId>,
}

/// State that is to be made for a share group; whoever does it says so with a [`ShareChange`](super::ShareChange).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewShareState {
    /// The group.
    pub group: GroupId,
    /// The state's epoch.
    pub epoch: i32,
    /// Where, and the first offset; `None`: where the group's settings say.
    pub topics: Vec<(StateTopic, Option<Offset>)>,
}

/// Which partitions a share group has state of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareState {
    /// The group's epoch.
    pub epoch: i32,
    /// The partitions.
    pub initialized: Vec<StateTopic>,
}

/// The answer to a heartbeat in a share group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareAnswer {
    /// Why not.
    pub error: ErrorCode,
    /// The same in words.
    pub message: Option<String>,
    /// The member's own id.
    pub member: Option<MemberId>,
    /// The member's epoch; -1 if it went.
    pub epoch: i32,
    /// When to call again.
    pub heartbeat_interval_ms: u64,
    /// What it is to have; `None`: as before.
    pub assignment: Option<Places>,
    /// State that the group needs.
    pub wants_state: Option<NewShareState>,
}

/// What a share group is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedShareGroup {
    /// The group.
    pub group: GroupId,
    /// GROUP_ID_NOT_FOUND, also of groups of other kinds, or none.
    pub error: ErrorCode,
    /// Its state.
    pub state: State,
    /// Counts what there was to be dealt anew.
    pub epoch: i32,
    /// The epoch that partitions were last dealt for.
    pub target_epoch: i32,
    /// The members.
    pub members: Vec<DescribedShareMember>,
}

/// What a member of a share group is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedShareMember {
    /// The member.
    pub member: MemberId,
    /// Where it is.
    pub rack: Option<Arc<str>>,
    /// Its epoch.
    pub epoch: i32,
    /// Its client id.
    pub client_id: Arc<str>,
    /// Where it connects from.
    pub client_host: Arc<str>,
    /// The topics it subscribes to.
    pub topics: Vec<TopicName>,
    /// What it has.
    pub assigned: Places,
}

/// Tasks by subtopology.
pub type TaskIds = Vec<(Arc<str>, Vec<PartitionId>)>;

/// Tasks by role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamsTasks {
    /// Those that a member runs.
    pub active: TaskIds,
    /// Those of whose state it keeps a copy.
    pub standby: TaskIds,
    /// Those that it is to run later.
    pub warmup: TaskIds,
}

/// Something that a member of a streams group is to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamsStatus {
    /// One of the codes here.
    pub code: i8,
    /// The same in words.
    pub detail: String,
}

impl StreamsStatus {
    /// The member came with an older topology than the group's.
    pub const STALE_TOPOLOGY: i8 = 0;
    /// Topics that the application reads, and that somebody else makes, are not there.
    pub const MISSING_SOURCE_TOPICS: i8 = 1;
    /// Topics do not have the partitions that they must.
    pub const INCORRECTLY_PARTITIONED_TOPICS: i8 = 2;
    /// Topics that the group has for itself are not there.
    pub const MISSING_INTERNAL_TOPICS: i8 = 3;
    /// A member asked the whole application to shut down.
    pub const SHUTDOWN_APPLICATION: i8 = 4;
    /// Tasks are dealt later.
    pub const ASSIGNMENT_DELAYED: i8 = 5;
}

/// The state that a member's tasks have, by partitions of the topics that they read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointPartitions {
    /// Where the member answers: host and port.
    pub endpoint: (Arc<str>, u16),
    /// Of the tasks that it runs.
    pub active: Vec<(TopicName, Vec<PartitionId>)>,
    /// Of those that it keeps a copy of.
    pub standby: Vec<(TopicName, Vec<PartitionId>)>,
}

/// The answer to a heartbeat in a streams group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamsAnswer {
    /// Why not.
    pub error: ErrorCode,
    /// The same in words.
    pub message: Option<String>,
    /// The member's own id.
    pub member: Option<MemberId>,
    /// The member's epoch; -1 if it went.
    pub epoch: i32,
    /// When to call again.
    pub heartbeat_interval_ms: u64,
    /// What it is to know.
    pub statuses: Vec<StreamsStatus>,
    /// What it is to have; `None`: as before.
    pub tasks: Option<StreamsTasks>,
    /// Counts the changes of `endpoints`.
    pub endpoint_epoch: i32,
    /// Who has which state; `None`: as before.
    pub endpoints: Option<Vec<EndpointPartitions>>,
    /// Topics that the group needs, and that are not there.
    pub wants_topics: Vec<InternalTopic>,
}

impl Default for StreamsAnswer {
    /// To nobody: nothing is wrong, nothing new.
    fn default() -> Self {
        Self {
            error: ErrorCode::None,
            message: None,
            member: None,
            epoch: 0,
            heartbeat_interval_ms: 0,
            statuses: Vec::new(),
            tasks: None,
            endpoint_epoch: 0,
            endpoints: None,
            wants_topics: Vec::new(),
        }
    }
}

/// What a streams group is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedStreamsGroup {
    /// The group.
    pub group: GroupId,
    /// GROUP_ID_NOT_FOUND, also of groups of other kinds, or none.
    pub error: ErrorCode,
    /// Its state.
    pub state: State,
    /// Counts what there was to be dealt anew.
    pub epoch: i32,
    /// The epoch that tasks were last dealt for.
    pub target_epoch: i32,
    /// What the application is made of; with the partitions of its own topics, if they are there.
    pub topology: Option<StreamsTopology>,
    /// The members.
    pub members: Vec<DescribedStreamsMember>,
}

impl DescribedStreamsGroup {
    /// Nothing but why it cannot be described.
    pub fn missing(group: GroupId, error: ErrorCode) -> Self {
        let (topology, members) = (None, Vec::new());
        Self { group, error, state: State::Dead, epoch: 0, target_epoch: 0, topology, members }
    }
}

/// What a member of a streams group is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedStreamsMember {
    /// The member.
    pub member: MemberId,
    /// Where it is.
    pub rack: Option<Arc<str>>,
    /// Its epoch.
    pub epoch: i32,
    /// Its client id.
    pub client_id: Arc<str>,
    /// Where it connects from.
    pub client_host: Arc<str>,
    /// The epoch of the topology that it came with.
    pub topology_epoch: i32,
    /// The process that it is a thread of.
    pub process: Arc<str>,
    /// Where it answers questions about its state: host and port.
    pub endpoint: Option<(Arc<str>, u16)>,
    /// What it says of itself for dealing.
    pub tags: BTreeMap<Arc<str>, Arc<str>>,
    /// What it has.
    pub assigned: StreamsTasks,
    /// What it is to have.
    pub target: StreamsTasks,
}

/// The answer to a LeaveGroup. Before version 3 the error of the one member is the request's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftGroup {
    /// Of the whole request; then there are no members.
    pub error: ErrorCode,
    /// One result for each member named, in order.
    pub members: Vec<LeftMember>,
}

/// What became of a member that was to leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftMember {
    /// As the request named it.
    pub member: Option<MemberId>,
    /// As the request named it.
    pub instance: Option<InstanceId>,
    /// Why not.
    pub error: ErrorCode,
}

/// Results for one topic's partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicResult {
    /// The topic.
    pub topic: TopicName,
    /// Its id, if the request had it.
    pub topic_id: Option<TopicId>,
    /// One for each partition, in order.
    pub partitions: Vec<PartitionResult>,
}

/// The result for one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionResult {
    /// The partition.
    pub partition: PartitionId,
    /// Why not.
    pub error: ErrorCode,
}

/// The committed offsets of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedGroup {
    /// The group.
    pub group: GroupId,
    /// UNKNOWN_MEMBER_ID, STALE_MEMBER_EPOCH, or none.
    pub error: ErrorCode,
    /// Its offsets.
    pub topics: Vec<FetchedTopic>,
}

/// The committed offsets in one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedTopic {
    /// The topic.
    pub topic: TopicName,
    /// Its id, if the request had it or the offsets were stored with it.
    pub topic_id: Option<TopicId>,
    /// The offsets.
    pub partitions: Vec<FetchedOffset>,
}

/// The committed offset of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedOffset {
    /// The partition.
    pub partition: PartitionId,
    /// `None` if nothing is committed: no error (behaviour 54).
    pub offset: Option<Offset>,
    /// As committed.
    pub leader_epoch: Option<LeaderEpoch>,
    /// As committed; empty if nothing is.
    pub metadata: Arc<str>,
    /// UNSTABLE_OFFSET_COMMIT or none.
    pub error: ErrorCode,
}

/// What became of a group to delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletedGroup {
    /// The group.
    pub group: GroupId,
    /// Why not.
    pub error: ErrorCode,
}

/// What a group is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedGroup {
    /// The group.
    pub group: GroupId,
    /// GROUP_ID_NOT_FOUND, or none.
    pub error: ErrorCode,
    /// [`State::Dead`] if there is no such group.
    pub state: State,
    /// Empty if it has none.
    pub protocol_type: Arc<str>,
    /// The chosen protocol, in state [`State::Stable`]; else empty.
    pub protocol: Arc<str>,
    /// The members.
    pub members: Vec<DescribedMember>,
}

/// What a member is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedMember {
    /// The member.
    pub member: MemberId,
    /// Set for static members.
    pub instance: Option<InstanceId>,
    /// Its client id.
    pub client_id: Arc<str>,
    /// Where it connects from.
    pub client_host: Arc<str>,
    /// What it says of itself in the chosen protocol, in state [`State::Stable`]; else empty.
    pub metadata: Bytes,
    /// Its share.
    pub assignment: Bytes,
}

/// A group in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedGroup {
    /// The group.
    pub group: GroupId,
    /// Empty for groups that only store offsets.
    pub protocol_type: Arc<str>,
    /// The state.
    pub state: State,
    /// `classic`, `consumer`, `share` or `streams`.
    pub group_type: &'static str,
}
