//! Share groups (KIP-932): ShareGroupHeartbeat, ShareGroupDescribe. The coordinator decides; these translate, and have state
//! made where it says that some is needed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::group::{
    DescribedShareGroup, DescribedShareMember, GroupReply, NewShareState, Places, ShareAnswer, ShareChange,
    ShareChanged, ShareHeartbeat, ShareState, State, StateTopic,
};
use headwater_core::ids::{GroupId, MemberId, Offset, PartitionId, ShardId, TopicName, TopicPartition};
use headwater_core::share::state::{InitializeState, ShareKey, StateCall, StateReply};
use headwater_core::wire::messages::share_group_describe_request::ShareGroupDescribeRequest;
use headwater_core::wire::messages::share_group_describe_response as describe_response;
use headwater_core::wire::messages::share_group_heartbeat_request::ShareGroupHeartbeatRequest;
use headwater_core::wire::messages::share_group_heartbeat_response as heartbeat_response;
use headwater_replication::coordinator::GroupCall;
use headwater_replication::metadata::{Image, SHARE_STATE};

use super::groups::{ask, described, make_internal};
use super::{Context, Refused};
use crate::conn::replies::Reply;
use crate::rt;
use crate::shard::Scatter;
use crate::shard::message::Request;
use crate::shard::shares::ShareRequest;

/// A member joins, lives or goes.
pub async fn heartbeat(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: ShareGroupHeartbeatRequest<'_> = context.decode(&body)?;
    let names = request.subscribed_topic_names.as_ref();
    let call = ShareHeartbeat {
        group: GroupId::new(&*request.group_id),
        member: MemberId::new(&*request.member_id),
        epoch: request.member_epoch,
        rack: request.rack_id.as_deref().map(Arc::from),
        topics: names.map(|names| names.iter().map(|name| TopicName::new(&**name)).collect()),
        client_id: context.client_id.clone().unwrap_or_default(),
        client_host: context.client_host(),
    };
    let id = call.group.clone();
    match ask(&context, &id, GroupCall::ShareHeartbeat(call)).await {
        Ok(GroupReply::ShareHeartbeat(mut answer)) => {
            if let Some(new) = answer.wants_state.take() {
                // Not waited for: the member asks again soon, and is dealt what is ready by then.
                rt::spawn(make_state(context.clone(), new)).detach();
            }
            context.reply(&answered(answer))
        }
        Ok(_) => unreachable!("a heartbeat is answered as a heartbeat"),
        Err(code) => context.reply(&heartbeat_response::ShareGroupHeartbeatResponse {
            error_code: code.code(),
            ..Default::default()
        }),
    }
}

fn answered(answer: ShareAnswer) -> heartbeat_response::ShareGroupHeartbeatResponse<'static> {
    let assignment = answer.assignment.map(|places| heartbeat_response::Assignment {
        topic_partitions: places
            .into_iter()
            .map(|(topic_id, numbers)| heartbeat_response::TopicPartitions {
                topic_id,
                partitions: numbers.into_iter().map(PartitionId::get).collect(),
            })
            .collect(),
    });
    heartbeat_response::ShareGroupHeartbeatResponse {
        error_code: answer.error.code(),
        error_message: answer.message.map(Cow::Owned),
        member_id: answer.member.map(|id| Cow::Owned(id.to_string())),
        member_epoch: answer.epoch,
        heartbeat_interval_ms: i32::try_from(answer.heartbeat_interval_ms).unwrap_or(i32::MAX),
        assignment,
        ..Default::default()
    }
}

async fn make_state(context: Context, new: NewShareState) {
    let group = new.group.clone();
    let items = new.topics.into_iter().flat_map(|(topic, start)| {
        let each: Vec<(StateTopic, Option<Offset>)> = topic
            .partitions
            .iter()
            .map(|partition| (StateTopic { partitions: vec![*partition], ..topic.clone() }, start))
            .collect();
        each
    });
    for (topic, result) in initialize(&context, &group, new.epoch, items.collect()).await {
        if let Err(code) = result {
            tracing::warn!(group = group.get(), topic = topic.name.get(), %code,
                "a share group's state could not be made; its members will ask again");
        }
    }
}

/// Makes state, one partition an item, and tells the group of what there is; results in the order of `items`.
pub(super) async fn initialize(
    context: &Context,
    group: &GroupId,
    state_epoch: i32,
    items: Vec<(StateTopic, Option<Offset>)>,
) -> Vec<(StateTopic, Result<(), ErrorCode>)> {
    if let Err(code) = make_internal(context, SHARE_STATE).await {
        return items.into_iter().map(|(topic, _)| (topic, Err(code))).collect();
    }
    let asked = items.iter().map(|(topic, start)| {
        let partition = TopicPartition { topic: topic.topic, partition: topic.partitions[0] };
        (ShareKey { group: group.clone(), partition }, InitializeState { state_epoch, start: *start })
    });
    let asked: Vec<_> = asked.collect();
    let keys: Vec<ShareKey> = asked.iter().map(|(key, _)| key.clone()).collect();
    let results = context.shard().ask_share_state(asked, StateCall::Initialize, done).await;
    // What is in hand of an earlier state counts no more.
    forget(context, keys).await;
    let mut made: BTreeMap<_, StateTopic> = BTreeMap::new();
    for ((topic, _), _) in items.iter().zip(&results).filter(|(_, result)| result.is_ok()) {
        let empty = || StateTopic { partitions: Vec::new(), ..topic.clone() };
        made.entry(topic.topic).or_insert_with(empty).partitions.extend(&topic.partitions);
    }
    let told = change(context, group, ShareChanged::Initialized, made.into_values().collect()).await;
    let told = told.map(|_| ());
    let results = results.into_iter().map(|result| result.and(told));
    items.into_iter().map(|(topic, _)| topic).zip(results).collect()
}

/// The results of a call that is answered with nothing else.
pub(super) fn done(reply: StateReply) -> Vec<Result<(), ErrorCode>> {
    match reply {
        StateReply::Done(results) => results,
        StateReply::Read(_) => unreachable!("only reads are answered as such"),
    }
}

/// Has the owners of partitions forget what they have in hand for a group.
pub(super) async fn forget(context: &Context, keys: Vec<ShareKey>) {
    let shard = context.shard();
    let split = Scatter::split(keys, shard.count, |key: &ShareKey| shard.owner(key.partition));
    let calls = split.parts.into_iter().map(|(to, keys): (ShardId, Vec<ShareKey>)| {
        shard.call(to, Request::Share(ShareRequest::Forget(keys)))
    });
    rt::all(calls).await;
}

/// Tells a group what happens to state, or asks what there is.
pub(super) async fn change(
    context: &Context,
    group: &GroupId,
    what: ShareChanged,
    topics: Vec<StateTopic>,
) -> Result<ShareState, ErrorCode> {
    let call = GroupCall::ShareState(ShareChange { group: group.clone(), what, topics });
    match ask(context, group, call).await? {
        GroupReply::ShareState(state) => state,
        _ => unreachable!("a question about state is answered as one"),
    }
}

/// Deletes the state of partitions; the first error, if there is one.
pub(super) async fn delete_state(
    context: &Context,
    group: &GroupId,
    topics: &[StateTopic],
) -> Result<(), ErrorCode> {
    let keys = topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|partition| ShareKey {
            group: group.clone(),
            partition: TopicPartition { topic: topic.topic, partition: *partition },
        })
    });
    let keys: Vec<ShareKey> = keys.collect();
    if keys.is_empty() {
        return Ok(());
    }
    let items = keys.iter().map(|key| (key.clone(), ())).collect();
    let call =
        |items: Vec<(ShareKey, ())>| StateCall::Delete(items.into_iter().map(|(key, ())| key).collect());
    let results = context.shard().ask_share_state(items, call, done).await;
    forget(context, keys).await;
    results.into_iter().collect()
}

/// Before a group is deleted: the state of a share group goes first, so that none is left behind. Groups of other kinds, and
/// those with members, are left to their coordinator.
///
/// # Errors
/// Why state could not be deleted; then the group stays.
pub(super) async fn before_deletion(context: &Context, group: &GroupId) -> Result<(), ErrorCode> {
    match change(context, group, ShareChanged::Ending, Vec::new()).await {
        Ok(state) => delete_state(context, group, &state.initialized).await,
        Err(_) => Ok(()),
    }
}

/// Tells what share groups are like, in the order asked for.
pub async fn describe(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: ShareGroupDescribeRequest<'_> = context.decode(&body)?;
    let image = context.image();
    let asked: Vec<GroupId> = request.group_ids.iter().map(|name| GroupId::new(&**name)).collect();
    let take = |reply| match reply {
        GroupReply::DescribeShares(groups) => groups.into_iter().map(|g| (g.group.clone(), g)).collect(),
        _ => unreachable!("a description is answered as one"),
    };
    let groups = described(&context, asked, GroupCall::DescribeShares, take, nothing_of).await;
    let groups = groups.into_iter().map(|group| {
        let nameless = group.group.get().is_empty();
        let group = if nameless { nothing_of(group.group, ErrorCode::InvalidGroupId) } else { group };
        wire_group(&image, group)
    });
    let groups = groups.collect();
    context.reply(&describe_response::ShareGroupDescribeResponse { groups, ..Default::default() })
}

fn nothing_of(group: GroupId, error: ErrorCode) -> DescribedShareGroup {
    DescribedShareGroup { group, error, state: State::Dead, epoch: 0, target_epoch: 0, members: Vec::new() }
}

fn wire_group(image: &Image, group: DescribedShareGroup) -> describe_response::DescribedGroup<'static> {
    let missing = group.error == ErrorCode::GroupIdNotFound;
    describe_response::DescribedGroup {
        error_code: group.error.code(),
        error_message: missing.then(|| Cow::Owned(format!("There is no share group {}.", group.group))),
        group_id: Cow::Owned(group.group.to_string()),
        group_state: Cow::Borrowed(if group.error.is_error() { "" } else { group.state.name() }),
        group_epoch: group.epoch,
        assignment_epoch: group.target_epoch,
        assignor_name: Cow::Borrowed(if group.error.is_error() { "" } else { "simple" }),
        members: group.members.into_iter().map(|member| wire_member(image, member)).collect(),
        ..Default::default()
    }
}

fn wire_member(image: &Image, member: DescribedShareMember) -> describe_response::Member<'static> {
    describe_response::Member {
        member_id: Cow::Owned(member.member.to_string()),
        rack_id: member.rack.map(|rack| Cow::Owned(rack.to_string())),
        member_epoch: member.epoch,
        client_id: Cow::Owned(member.client_id.to_string()),
        client_host: Cow::Owned(member.client_host.to_string()),
        subscribed_topic_names: member.topics.iter().map(|name| Cow::Owned(name.to_string())).collect(),
        assignment: wire_assignment(image, member.assigned),
    }
}

/// Topics that are gone have no name, and are left out.
fn wire_assignment(image: &Image, places: Places) -> describe_response::Assignment<'static> {
    let topics = places.into_iter().filter_map(|(id, numbers)| {
        Some(describe_response::TopicPartitions {
            topic_id: id,
            topic_name: Cow::Owned(image.topic_by_id(id)?.name.to_string()),
            partitions: numbers.into_iter().map(PartitionId::get).collect(),
        })
    });
    describe_response::Assignment { topic_partitions: topics.collect() }
}
