//! What a coordinator may be asked. Plain data: `net` makes it from the wire messages, of whatever version.
//!
//! What the wire says with an empty string or a -1 is `None` here.

use std::sync::Arc;

use bytes::Bytes;

use super::reply::TaskIds;
use super::streams::StreamsTopology;
use crate::ids::{
    Generation, GroupId, InstanceId, LeaderEpoch, MemberId, Offset, PartitionId, ProducerId, TopicId,
    TopicName,
};

/// A way of dealing out partitions that a member knows, with what it tells the others about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// The name members vote on, such as `range`.
    pub name: Arc<str>,
    /// Opaque, but for groups of type `consumer`: there it starts with the topics subscribed to.
    pub metadata: Bytes,
}

/// Asks to be a member of a group, or to be one of its next generation.
#[derive(Clone, Debug)]
pub struct JoinGroup {
    /// The group.
    pub group: GroupId,
    /// The id the coordinator gave; `None` in the first request of a member.
    pub member: Option<MemberId>,
    /// Set by static members.
    pub instance: Option<InstanceId>,
    /// The client id of the request's header.
    pub client_id: Arc<str>,
    /// Where the client connects from, as Kafka shows it: `/192.0.2.1`.
    pub client_host: Arc<str>,
    /// How long the member may be silent.
    pub session_timeout_ms: i32,
    /// How long the member may take to join again when asked to. `None` (version 0): the session timeout.
    pub rebalance_timeout_ms: Option<i32>,
    /// `consumer`, `connect` …: members of one group have the same.
    pub protocol_type: Arc<str>,
    /// The ways of dealing out that the member knows, the best first.
    pub protocols: Vec<Protocol>,
    /// From version 4 on a new dynamic member is first told its id (MEMBER_ID_REQUIRED) and joins with it.
    pub require_known_member_id: bool,
    /// From version 9 on a leader may be told to keep the assignment (KIP-814).
    pub can_skip_assignment: bool,
    /// Fresh randomness, for the id of a new member.
    pub random: u128,
}

/// Asks for the assignment; the leader's request brings it.
#[derive(Clone, Debug)]
pub struct SyncGroup {
    /// The group.
    pub group: GroupId,
    /// The generation the member joined.
    pub generation: Generation,
    /// The member.
    pub member: MemberId,
    /// Set by static members.
    pub instance: Option<InstanceId>,
    /// What the member takes the group's protocol type to be (version 5).
    pub protocol_type: Option<Arc<str>>,
    /// What the member takes the chosen protocol to be (version 5).
    pub protocol: Option<Arc<str>>,
    /// From the leader: who gets what.
    pub assignments: Vec<(MemberId, Bytes)>,
}

/// A member lives.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    /// The group.
    pub group: GroupId,
    /// The member's generation.
    pub generation: Generation,
    /// The member.
    pub member: MemberId,
    /// Set by static members.
    pub instance: Option<InstanceId>,
}

/// A member of a consumer group joins, lives, or goes (KIP-848). What it does not say is as it said before.
#[derive(Clone, Debug)]
pub struct ConsumerHeartbeat {
    /// The group.
    pub group: GroupId,
    /// The member's id; `None` if it has none yet.
    pub member: Option<MemberId>,
    /// From version 1 on clients make their own ids.
    pub client_makes_id: bool,
    /// The member's epoch; 0 joins, -1 leaves, -2 leaves for a while.
    pub epoch: i32,
    /// Set by static members.
    pub instance: Option<InstanceId>,
    /// Where it is.
    pub rack: Option<Arc<str>>,
    /// How long it may take to give partitions up.
    pub rebalance_timeout_ms: Option<i32>,
    /// The topics it subscribes to.
    pub topics: Option<Vec<TopicName>>,
    /// Topics that match this it subscribes to as well; the empty expression ends that.
    pub regex: Option<Arc<str>>,
    /// Which assignor it would like.
    pub assignor: Option<Arc<str>>,
    /// The partitions that it has.
    pub owned: Option<Vec<(TopicId, Vec<PartitionId>)>>,
    /// The client id of the request's header.
    pub client_id: Arc<str>,
    /// Where the client connects from, as Kafka shows it: `/192.0.2.1`.
    pub client_host: Arc<str>,
    /// Fresh randomness, for the id of a new member.
    pub random: u128,
}

/// A member of a share group joins, lives, or goes (KIP-932). What it does not say is as it said before.
#[derive(Clone, Debug)]
pub struct ShareHeartbeat {
    /// The group.
    pub group: GroupId,
    /// The member's id, which it makes itself.
    pub member: MemberId,
    /// The member's epoch; 0 joins, -1 leaves.
    pub epoch: i32,
    /// Where it is.
    pub rack: Option<Arc<str>>,
    /// The topics it subscribes to.
    pub topics: Option<Vec<TopicName>>,
    /// The client id of the request's header.
    pub client_id: Arc<str>,
    /// Where the client connects from, as Kafka shows it: `/192.0.2.1`.
    pub client_host: Arc<str>,
}

/// A member of a streams group joins, lives, or goes (KIP-1071). What it does not say is as it said before.
#[derive(Clone, Debug)]
pub struct StreamsHeartbeat {
    /// The group.
    pub group: GroupId,
    /// The member's id, which it makes itself.
    pub member: MemberId,
    /// The member's epoch; 0 joins, -1 leaves.
    pub epoch: i32,
    /// Set by static members, which are refused.
    pub instance: Option<InstanceId>,
    /// Where it is.
    pub rack: Option<Arc<str>>,
    /// How long it may take to give tasks up.
    pub rebalance_timeout_ms: Option<i32>,
    /// What the application is made of: with epoch 0 only.
    pub topology: Option<Arc<StreamsTopology>>,
    /// The tasks that it runs.
    pub active: Option<TaskIds>,
    /// The tasks of whose state it keeps a copy.
    pub standby: Option<TaskIds>,
    /// The tasks that it is to run later.
    pub warmup: Option<TaskIds>,
    /// The process that it is a thread of.
    pub process: Option<Arc<str>>,
    /// Where it answers questions about its state: host and port.
    pub endpoint: Option<(Arc<str>, u16)>,
    /// The count of endpoints that it was told of last.
    pub endpoint_epoch: i32,
    /// What it says of itself for dealing.
    pub tags: Option<Vec<(Arc<str>, Arc<str>)>>,
    /// It tells how far its tasks are, which is refused.
    pub reports_offsets: bool,
    /// The whole application is to shut down.
    pub shutdown: bool,
    /// The client id of the request's header.
    pub client_id: Arc<str>,
    /// Where the client connects from, as Kafka shows it: `/192.0.2.1`.
    pub client_host: Arc<str>,
}

/// What happens to the state of a share group's partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShareChanged {
    /// Nothing: somebody asks which have state.
    Nothing,
    /// Nothing yet: the group is to be deleted. Refused while it has members.
    Ending,
    /// An administrator sets where they begin, in the epoch that the answer tells. Refused while the group has members.
    Altering,
    /// They have state.
    Initialized,
    /// An administrator takes whole topics' away. Refused while the group has members.
    Deleting,
    /// Those have none any more.
    Deleted,
}

/// Changes which partitions a share group has state of.
#[derive(Clone, Debug)]
pub struct ShareChange {
    /// The group.
    pub group: GroupId,
    /// What happens.
    pub what: ShareChanged,
    /// To which partitions.
    pub topics: Vec<super::reply::StateTopic>,
}

/// Members leave. Before version 3 it is always one.
#[derive(Clone, Debug)]
pub struct LeaveGroup {
    /// The group.
    pub group: GroupId,
    /// The members.
    pub members: Vec<LeavingMember>,
}

/// One member to leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeavingMember {
    /// The member; an administrator may name a static member by its instance only.
    pub member: Option<MemberId>,
    /// Set for static members.
    pub instance: Option<InstanceId>,
}

/// Commits offsets.
#[derive(Clone, Debug)]
pub struct OffsetCommit {
    /// The group; the empty name is allowed here.
    pub group: GroupId,
    /// `None` from who is no member. In a consumer group, the member's epoch.
    pub generation: Option<Generation>,
    /// `None` from who is no member.
    pub member: Option<MemberId>,
    /// Set by static members.
    pub instance: Option<InstanceId>,
    /// From version 9 on clients know of member epochs.
    pub knows_epochs: bool,
    /// How long to keep the offsets (versions 2 to 4), if the request says.
    pub retention_ms: Option<i64>,
    /// From version 9 on a member of an unknown group is told GROUP_ID_NOT_FOUND, before ILLEGAL_GENERATION.
    pub report_missing_group: bool,
    /// The offsets.
    pub topics: Vec<CommitTopic>,
}

/// Offsets that count when a transaction commits.
#[derive(Clone, Debug)]
pub struct TxnOffsetCommit {
    /// The group.
    pub group: GroupId,
    /// The transaction's producer.
    pub producer: ProducerId,
    /// `None` before version 3, and from who is no member.
    pub generation: Option<Generation>,
    /// `None` before version 3, and from who is no member.
    pub member: Option<MemberId>,
    /// Set by static members.
    pub instance: Option<InstanceId>,
    /// The offsets.
    pub topics: Vec<CommitTopic>,
}

/// Offsets in one topic.
#[derive(Clone, Debug)]
pub struct CommitTopic {
    /// The topic; the caller made sure that it exists.
    pub topic: TopicName,
    /// Its id, if known: stored with the offsets (behaviour 75).
    pub topic_id: Option<TopicId>,
    /// The offsets.
    pub partitions: Vec<CommitPartition>,
}

/// An offset in one partition.
#[derive(Clone, Debug)]
pub struct CommitPartition {
    /// The partition.
    pub partition: PartitionId,
    /// The next offset to be read.
    pub offset: Offset,
    /// The epoch of the last record read, if known.
    pub leader_epoch: Option<LeaderEpoch>,
    /// The client's own note.
    pub metadata: Option<Arc<str>>,
}

/// Asks for committed offsets, of one or several groups.
#[derive(Clone, Debug)]
pub struct OffsetFetch {
    /// Refuse partitions whose offset an open transaction may still change (version 7, behaviour 54).
    pub require_stable: bool,
    /// The groups; all of them on this coordinator.
    pub groups: Vec<FetchGroup>,
}

/// One group of an [`OffsetFetch`].
#[derive(Clone, Debug)]
pub struct FetchGroup {
    /// The group; the empty name is allowed.
    pub group: GroupId,
    /// The member that asks, of a consumer group (version 9); `None`: nobody in particular.
    pub member: Option<MemberId>,
    /// Its epoch.
    pub epoch: Option<i32>,
    /// `None`: every offset there is.
    pub topics: Option<Vec<FetchTopic>>,
}

/// One topic of a [`FetchGroup`].
#[derive(Clone, Debug)]
pub struct FetchTopic {
    /// The topic.
    pub topic: TopicName,
    /// Its id, if the request (version 10) or the caller knows it: offsets of another topic of that name are not shown.
    pub topic_id: Option<TopicId>,
    /// The partitions.
    pub partitions: Vec<PartitionId>,
}

/// Forgets committed offsets.
#[derive(Clone, Debug)]
pub struct OffsetDelete {
    /// The group.
    pub group: GroupId,
    /// What to forget.
    pub topics: Vec<DeleteTopic>,
}

/// One topic of an [`OffsetDelete`].
#[derive(Clone, Debug)]
pub struct DeleteTopic {
    /// The topic.
    pub topic: TopicName,
    /// The partitions.
    pub partitions: Vec<PartitionId>,
}

/// Asks what groups are like.
#[derive(Clone, Debug)]
pub struct DescribeGroups {
    /// The groups; all of them on this coordinator.
    pub groups: Vec<GroupId>,
    /// From version 6 on an unknown group is GROUP_ID_NOT_FOUND; before, it is merely Dead (behaviour 56).
    pub report_missing_group: bool,
}

/// Asks which groups there are on this coordinator.
#[derive(Clone, Debug, Default)]
pub struct ListGroups {
    /// Only groups in one of these states; capitals do not matter. Empty: all (version 4).
    pub states: Vec<Arc<str>>,
    /// Only groups of one of these types; capitals do not matter. Empty: all (version 5).
    pub types: Vec<Arc<str>>,
}
