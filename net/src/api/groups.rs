//! Membership of groups: FindCoordinator, JoinGroup, SyncGroup, Heartbeat, LeaveGroup, DescribeGroups, ListGroups,
//! DeleteGroups. The coordinator decides; these translate. What the wire says with an empty string or a -1 is `None`
//! inside.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use headwater_core::ErrorCode;
use headwater_core::group::{
    self, DescribedGroup, GroupReply, JoinedGroup, LeavingMember, LeftGroup, Protocol, State, partition_for,
};
use headwater_core::ids::{Generation, GroupId, InstanceId, MemberId, PartitionId, TopicPartition};
use headwater_core::wire::messages::delete_groups_request::DeleteGroupsRequest;
use headwater_core::wire::messages::delete_groups_response::{DeletableGroupResult, DeleteGroupsResponse};
use headwater_core::wire::messages::describe_groups_request::DescribeGroupsRequest;
use headwater_core::wire::messages::describe_groups_response::{
    DescribeGroupsResponse, DescribedGroup as WireGroup, DescribedGroupMember,
};
use headwater_core::wire::messages::find_coordinator_request::FindCoordinatorRequest;
use headwater_core::wire::messages::find_coordinator_response::{Coordinator, FindCoordinatorResponse};
use headwater_core::wire::messages::heartbeat_request::HeartbeatRequest;
use headwater_core::wire::messages::heartbeat_response::HeartbeatResponse;
use headwater_core::wire::messages::join_group_request::JoinGroupRequest;
use headwater_core::wire::messages::join_group_response::{JoinGroupResponse, JoinGroupResponseMember};
use headwater_core::wire::messages::leave_group_request::LeaveGroupRequest;
use headwater_core::wire::messages::leave_group_response::{LeaveGroupResponse, MemberResponse};
use headwater_core::wire::messages::list_groups_request::ListGroupsRequest;
use headwater_core::wire::messages::list_groups_response::{ListGroupsResponse, ListedGroup};
use headwater_core::wire::messages::sync_group_request::SyncGroupRequest;
use headwater_core::wire::messages::sync_group_response::SyncGroupResponse;
use headwater_replication::coordinator::{Answer, GroupCall};
use headwater_replication::metadata::{CONSUMER_OFFSETS, Image, SHARE_STATE, TRANSACTION_STATE};

use super::{Context, Refused, security};
use crate::conn::replies::Reply;
use crate::rt;
use crate::shard::message::{self, Request};

/// FindCoordinator's kinds of keys.
const KEY_GROUP: i8 = 0;
const KEY_TRANSACTION: i8 = 1;
const KEY_SHARE: i8 = 2;

/// The partition of `__consumer_offsets` that a group lives on, once the topic exists.
fn partition_of(image: &Image, group: &GroupId) -> Option<TopicPartition> {
    let topic = image.topic(CONSUMER_OFFSETS)?;
    let partition = PartitionId::new(partition_for(group, topic.partition_count()));
    Some(TopicPartition { topic: topic.id, partition })
}

/// Asks the coordinator of `group`.
pub(super) async fn ask(context: &Context, group: &GroupId, call: GroupCall) -> Answer {
    let partition = partition_of(&context.image(), group).ok_or(ErrorCode::NotCoordinator)?;
    ask_partition(context, partition, call).await
}

async fn ask_partition(context: &Context, partition: TopicPartition, call: GroupCall) -> Answer {
    let shard = context.shard();
    match shard.call(shard.owner(partition), Request::Group { partition, call }).await {
        message::Reply::Group(answer) => answer,
        _ => unreachable!("a coordinator answers as a coordinator"),
    }
}

/// Groups by the partition that they live on; `None` while `__consumer_offsets` does not exist, so that no group does.
pub(super) fn by_partition<T>(
    image: &Image,
    items: impl IntoIterator<Item = T>,
    group: impl Fn(&T) -> GroupId,
) -> Option<BTreeMap<TopicPartition, Vec<T>>> {
    let mut parts: BTreeMap<TopicPartition, Vec<T>> = BTreeMap::new();
    for item in items {
        parts.entry(partition_of(image, &group(&item))?).or_default().push(item);
    }
    Some(parts)
}

/// Asks each partition's coordinator for its share; gives the shares back with the answers.
pub(super) async fn ask_each<T: Clone>(
    context: &Context,
    parts: BTreeMap<TopicPartition, Vec<T>>,
    call: impl Fn(Vec<T>) -> GroupCall,
) -> Vec<(Vec<T>, Answer)> {
    let mut answers = Vec::with_capacity(parts.len());
    for (partition, items) in parts {
        let answer = ask_partition(context, partition, call(items.clone())).await;
        answers.push((items, answer));
    }
    answers
}

/// What groups are like, in the order asked for: what each coordinator says of its own, and `missing` for the others.
pub(super) async fn described<T: Clone>(
    context: &Context,
    asked: Vec<GroupId>,
    call: impl Fn(Vec<GroupId>) -> GroupCall,
    take: impl Fn(GroupReply) -> Vec<(GroupId, T)>,
    missing: impl Fn(GroupId, ErrorCode) -> T,
) -> Vec<T> {
    let (nameless, named): (Vec<&GroupId>, Vec<&GroupId>) = asked.iter().partition(|id| id.get().is_empty());
    let refused = nameless.into_iter().map(|id| (id.clone(), missing(id.clone(), ErrorCode::InvalidGroupId)));
    let mut known: BTreeMap<GroupId, T> = refused.collect();
    if let Some(parts) = by_partition(&context.image(), named.into_iter().cloned(), GroupId::clone) {
        for (groups, answer) in ask_each(context, parts, call).await {
            match answer {
                Ok(reply) => known.extend(take(reply)),
                Err(code) => known.extend(groups.into_iter().map(|id| (id.clone(), missing(id, code)))),
            }
        }
    }
    let found =
        |id: GroupId| known.get(&id).cloned().unwrap_or_else(|| missing(id, ErrorCode::GroupIdNotFound));
    asked.into_iter().map(found).collect()
}

pub(super) fn member_id(wire: &str) -> Option<MemberId> {
    (!wire.is_empty()).then(|| MemberId::new(wire))
}

pub(super) fn instance_id(wire: Option<&str>) -> Option<InstanceId> {
    wire.map(InstanceId::new)
}

/// Answers which broker hosts a coordinator; on one node it is this one. The internal topic is made on the way.
pub async fn find_coordinator(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: FindCoordinatorRequest<'_> = context.decode(&body)?;
    let outcome = locate(&context, request.key_type).await;
    let (node_id, host, port, code, message) = match outcome {
        Ok((node, host, port)) => (node, host, port, ErrorCode::None, None),
        Err((code, message)) => (-1, String::new(), -1, code, Some(Cow::Borrowed(message))),
    };
    if context.version < 4 {
        return context.reply(&FindCoordinatorResponse {
            error_code: code.code(),
            error_message: message,
            node_id,
            host: Cow::Owned(host),
            port,
            ..Default::default()
        });
    }
    let coordinators = request
        .coordinator_keys
        .iter()
        .map(|key| {
            if request.key_type == KEY_SHARE && !is_share_key(key) {
                let code = ErrorCode::InvalidRequest;
                return Coordinator {
                    key: key.clone(),
                    node_id: -1,
                    port: -1,
                    error_code: code.code(),
                    error_message: Some(Cow::Borrowed(
                        "a key of a share coordinator is group:topic-id:partition",
                    )),
                    ..Default::default()
                };
            }
            Coordinator {
                key: key.clone(),
                node_id,
                host: Cow::Borrowed(&host),
                port,
                error_code: code.code(),
                // In these versions Kafka has no null here.
                error_message: Some(message.clone().unwrap_or_default()),
            }
        })
        .collect();
    context.reply(&FindCoordinatorResponse { coordinators, ..Default::default() })
}

/// Whether it names a share partition: `group:topic-id:partition`, with the id as Kafka shows it.
fn is_share_key(key: &str) -> bool {
    let mut parts = key.rsplitn(3, ':');
    let partition = parts.next().and_then(|number| number.parse::<i32>().ok());
    let is_id = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let topic = parts.next().filter(|id| id.len() == 22 && id.chars().all(is_id));
    let group = parts.next().filter(|group| !group.is_empty());
    partition.is_some_and(|partition| partition >= 0) && topic.is_some() && group.is_some()
}

/// Makes an internal topic if it is not there.
pub(super) async fn make_internal(context: &Context, name: &str) -> Result<(), ErrorCode> {
    if context.image().topic(name).is_some() {
        return Ok(());
    }
    let refusals = context.shard().auto_create_topics(&[name.to_owned()]).await;
    if refusals.is_empty() { Ok(()) } else { Err(ErrorCode::CoordinatorNotAvailable) }
}

type Located = Result<(i32, String, i32), (ErrorCode, &'static str)>;

async fn locate(context: &Context, key_type: i8) -> Located {
    match key_type {
        KEY_GROUP => make_internal(context, CONSUMER_OFFSETS).await,
        KEY_TRANSACTION => make_internal(context, TRANSACTION_STATE).await,
        KEY_SHARE => make_internal(context, SHARE_STATE).await,
        _ => return Err((ErrorCode::InvalidRequest, "no such kind of coordinator")),
    }
    .map_err(|code| (code, "the coordinators' topic can't be created"))?;
    let node = context.shard().config().node_id;
    let image = context.image();
    let endpoint = image.broker(node).and_then(|broker| broker.endpoints.first());
    let endpoint = endpoint.ok_or((ErrorCode::CoordinatorNotAvailable, "the broker is not registered"))?;
    Ok((node.get(), endpoint.host.clone(), i32::from(endpoint.port)))
}

/// A member joins; answered when the rebalance has gathered the members.
pub async fn join(mut context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let call = {
        let request: JoinGroupRequest<'_> = context.decode(&body)?;
        group::JoinGroup {
            group: GroupId::new(&*request.group_id),
            member: member_id(&request.member_id),
            instance: instance_id(request.group_instance_id.as_deref()),
            client_id: context.client_id.clone().unwrap_or_default(),
            client_host: context.client_host(),
            session_timeout_ms: request.session_timeout_ms,
            rebalance_timeout_ms: (context.version >= 1).then_some(request.rebalance_timeout_ms),
            protocol_type: Arc::from(&*request.protocol_type),
            protocols: request
                .protocols
                .iter()
                .map(|protocol| Protocol {
                    name: Arc::from(&*protocol.name),
                    metadata: Bytes::copy_from_slice(&protocol.metadata),
                })
                .collect(),
            require_known_member_id: context.version >= 4,
            can_skip_assignment: context.version >= 9,
            random: u128::from_be_bytes(rt::random_bytes()),
        }
    };
    // A rebalance may take minutes.
    context.let_go(body);
    let id = call.group.clone();
    let member = call.member.clone();
    let joined = match ask(&context, &id, GroupCall::JoinGroup(call)).await {
        Ok(GroupReply::JoinGroup(joined)) => joined,
        Ok(_) => unreachable!("a join is answered as a join"),
        Err(error) => JoinedGroup {
            error,
            generation: None,
            protocol_type: None,
            protocol: None,
            leader: None,
            skip_assignment: false,
            member,
            members: Vec::new(),
        },
    };
    let members = joined
        .members
        .iter()
        .map(|member| JoinGroupResponseMember {
            member_id: Cow::Borrowed(member.member.get()),
            group_instance_id: member.instance.as_ref().map(|instance| Cow::Borrowed(instance.get())),
            metadata: Cow::Borrowed(&member.metadata),
        })
        .collect();
    let protocol_name = joined.protocol.as_deref().map(Cow::Borrowed);
    context.reply(&JoinGroupResponse {
        error_code: joined.error.code(),
        generation_id: joined.generation.map_or(-1, |generation| generation.get()),
        protocol_type: joined.protocol_type.as_deref().map(Cow::Borrowed),
        // Null only where the version has it: older clients read an empty string.
        protocol_name: if context.version < 7 {
            protocol_name.or(Some(Cow::Borrowed("")))
        } else {
            protocol_name
        },
        leader: Cow::Borrowed(joined.leader.as_ref().map_or("", MemberId::get)),
        skip_assignment: joined.skip_assignment,
        member_id: Cow::Borrowed(joined.member.as_ref().map_or("", MemberId::get)),
        members,
        ..Default::default()
    })
}

/// A member asks for its assignment; answered when the leader has brought it.
pub async fn sync(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let call = {
        let request: SyncGroupRequest<'_> = context.decode(&body)?;
        group::SyncGroup {
            group: GroupId::new(&*request.group_id),
            generation: Generation::new(request.generation_id),
            member: MemberId::new(&*request.member_id),
            instance: instance_id(request.group_instance_id.as_deref()),
            protocol_type: request.protocol_type.as_deref().map(Arc::from),
            protocol: request.protocol_name.as_deref().map(Arc::from),
            assignments: request
                .assignments
                .iter()
                .map(|one| (MemberId::new(&*one.member_id), Bytes::copy_from_slice(&one.assignment)))
                .collect(),
        }
    };
    drop(body);
    let id = call.group.clone();
    let response = match ask(&context, &id, GroupCall::SyncGroup(call)).await {
        Ok(GroupReply::SyncGroup(synced)) => SyncGroupResponse {
            error_code: synced.error.code(),
            protocol_type: synced.protocol_type.map(|name| Cow::Owned(name.to_string())),
            protocol_name: synced.protocol.map(|name| Cow::Owned(name.to_string())),
            assignment: Cow::Owned(synced.assignment.to_vec()),
            ..Default::default()
        },
        Ok(_) => unreachable!("a sync is answered as a sync"),
        Err(code) => SyncGroupResponse { error_code: code.code(), ..Default::default() },
    };
    context.reply(&response)
}

/// A member says that it lives.
pub async fn heartbeat(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: HeartbeatRequest<'_> = context.decode(&body)?;
    let call = group::Heartbeat {
        group: GroupId::new(&*request.group_id),
        generation: Generation::new(request.generation_id),
        member: MemberId::new(&*request.member_id),
        instance: instance_id(request.group_instance_id.as_deref()),
    };
    let id = call.group.clone();
    let code = match ask(&context, &id, GroupCall::Heartbeat(call)).await {
        Ok(GroupReply::Heartbeat(code)) => code,
        Ok(_) => unreachable!("a heartbeat is answered as a heartbeat"),
        // As Kafka: some clients take any error here for the end of their membership.
        Err(ErrorCode::CoordinatorLoadInProgress) => ErrorCode::None,
        Err(code) => code,
    };
    context.reply(&HeartbeatResponse { error_code: code.code(), ..Default::default() })
}

/// Members leave: one before version 3, a list from then on.
pub async fn leave(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: LeaveGroupRequest<'_> = context.decode(&body)?;
    let members = if context.version < 3 {
        vec![LeavingMember { member: member_id(&request.member_id), instance: None }]
    } else {
        let leaving = request.members.iter().map(|member| LeavingMember {
            member: member_id(&member.member_id),
            instance: instance_id(member.group_instance_id.as_deref()),
        });
        leaving.collect()
    };
    let call = group::LeaveGroup { group: GroupId::new(&*request.group_id), members };
    let id = call.group.clone();
    let left = match ask(&context, &id, GroupCall::LeaveGroup(call)).await {
        Ok(GroupReply::LeaveGroup(left)) => left,
        Ok(_) => unreachable!("a leave is answered as a leave"),
        Err(error) => LeftGroup { error, members: Vec::new() },
    };
    if context.version < 3 {
        let of_member = left.members.first().map_or(ErrorCode::None, |member| member.error);
        let code = if left.error == ErrorCode::None { of_member } else { left.error };
        return context.reply(&LeaveGroupResponse { error_code: code.code(), ..Default::default() });
    }
    let members = left
        .members
        .iter()
        .map(|member| MemberResponse {
            member_id: Cow::Borrowed(member.member.as_ref().map_or("", MemberId::get)),
            group_instance_id: member.instance.as_ref().map(|instance| Cow::Borrowed(instance.get())),
            error_code: member.error.code(),
        })
        .collect();
    context.reply(&LeaveGroupResponse { error_code: left.error.code(), members, ..Default::default() })
}

/// Tells what groups are like, in the order asked for (behaviour 56).
pub async fn describe(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: DescribeGroupsRequest<'_> = context.decode(&body)?;
    let report_missing_group = context.version >= 6;
    let asked: Vec<GroupId> = request.groups.iter().map(|name| GroupId::new(&**name)).collect();
    let mut known: BTreeMap<GroupId, DescribedGroup> = BTreeMap::new();
    if let Some(parts) = by_partition(&context.image(), asked.iter().cloned(), GroupId::clone) {
        let call = |groups| GroupCall::DescribeGroups(group::DescribeGroups { groups, report_missing_group });
        for (groups, answer) in ask_each(&context, parts, call).await {
            match answer {
                Ok(GroupReply::DescribeGroups(described)) => {
                    known.extend(described.into_iter().map(|group| (group.group.clone(), group)));
                }
                Ok(_) => unreachable!("a description is answered as one"),
                Err(code) => {
                    known.extend(groups.into_iter().map(|group| (group.clone(), nothing_of(group, code))));
                }
            }
        }
    }
    let missing = if report_missing_group { ErrorCode::GroupIdNotFound } else { ErrorCode::None };
    let groups = asked.into_iter().map(|id| {
        let group = wire_group(known.get(&id).cloned().unwrap_or_else(|| nothing_of(id, missing)));
        let tell = request.include_authorized_operations && group.error_code == 0;
        WireGroup { authorized_operations: security::allowed(tell, security::GROUP_OPERATIONS), ..group }
    });
    let groups = groups.collect();
    context.reply(&DescribeGroupsResponse { groups, ..Default::default() })
}

fn nothing_of(group: GroupId, error: ErrorCode) -> DescribedGroup {
    DescribedGroup {
        group,
        error,
        state: State::Dead,
        protocol_type: Arc::default(),
        protocol: Arc::default(),
        members: Vec::new(),
    }
}

fn wire_group(group: DescribedGroup) -> WireGroup<'static> {
    let missing = group.error == ErrorCode::GroupIdNotFound;
    WireGroup {
        error_code: group.error.code(),
        error_message: missing.then(|| Cow::Owned(format!("Group {} not found.", group.group))),
        group_id: Cow::Owned(group.group.to_string()),
        // Where the coordinator can't say, Kafka leaves the state empty.
        group_state: if matches!(group.error, ErrorCode::None | ErrorCode::GroupIdNotFound) {
            Cow::Borrowed(group.state.name())
        } else {
            Cow::Borrowed("")
        },
        protocol_type: Cow::Owned(group.protocol_type.to_string()),
        protocol_data: Cow::Owned(group.protocol.to_string()),
        members: group
            .members
            .into_iter()
            .map(|member| DescribedGroupMember {
                member_id: Cow::Owned(member.member.to_string()),
                group_instance_id: member.instance.map(|instance| Cow::Owned(instance.to_string())),
                client_id: Cow::Owned(member.client_id.to_string()),
                client_host: Cow::Owned(member.client_host.to_string()),
                member_metadata: Cow::Owned(member.metadata.to_vec()),
                member_assignment: Cow::Owned(member.assignment.to_vec()),
            })
            .collect(),
        ..Default::default()
    }
}

/// Lists the groups of every coordinator of this broker.
pub async fn list(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: ListGroupsRequest<'_> = context.decode(&body)?;
    let names = |list: &[Cow<'_, str>]| list.iter().map(|name| Arc::from(&**name)).collect();
    let call =
        group::ListGroups { states: names(&request.states_filter), types: names(&request.types_filter) };
    let shard = context.shard();
    let mut groups = Vec::new();
    let mut code = ErrorCode::None;
    for reply in shard.call_all(|| Request::ListGroups(call.clone())).await {
        match reply {
            message::Reply::ListGroups(found, error) => {
                code = error.unwrap_or(code);
                groups.extend(found.into_iter().map(|group| ListedGroup {
                    group_id: Cow::Owned(group.group.to_string()),
                    protocol_type: Cow::Owned(group.protocol_type.to_string()),
                    group_state: Cow::Borrowed(group.state.name()),
                    group_type: Cow::Borrowed(group.group_type),
                }));
            }
            _ => unreachable!("a list is answered as a list"),
        }
    }
    context.reply(&ListGroupsResponse { error_code: code.code(), groups, ..Default::default() })
}

/// Deletes groups without members, in the order asked for. One that is named twice is answered once: the second time it
/// would not be there any more.
pub async fn delete(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: DeleteGroupsRequest<'_> = context.decode(&body)?;
    let mut named = BTreeSet::new();
    let asked = request.groups_names.iter().map(|name| GroupId::new(&**name));
    let asked: Vec<GroupId> = asked.filter(|group| named.insert(group.clone())).collect();
    let mut codes: BTreeMap<GroupId, ErrorCode> = BTreeMap::new();
    for group in &asked {
        if let Err(code) = super::share_groups::before_deletion(&context, group).await {
            codes.insert(group.clone(), code);
        }
    }
    let ready: Vec<GroupId> = asked.iter().filter(|group| !codes.contains_key(group)).cloned().collect();
    if let Some(parts) = by_partition(&context.image(), ready, GroupId::clone) {
        for (groups, answer) in ask_each(&context, parts, GroupCall::DeleteGroups).await {
            match answer {
                Ok(GroupReply::DeleteGroups(deleted)) => {
                    codes.extend(deleted.into_iter().map(|group| (group.group, group.error)));
                }
                Ok(_) => unreachable!("a deletion is answered as one"),
                Err(code) => codes.extend(groups.into_iter().map(|group| (group, code))),
            }
        }
    }
    let results = asked
        .iter()
        .map(|id| DeletableGroupResult {
            group_id: Cow::Borrowed(id.get()),
            error_code: codes.get(id).copied().unwrap_or(ErrorCode::GroupIdNotFound).code(),
        })
        .collect();
    context.reply(&DeleteGroupsResponse { results, ..Default::default() })
}
