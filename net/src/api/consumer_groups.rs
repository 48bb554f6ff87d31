//! Consumer groups (KIP-848): ConsumerGroupHeartbeat, ConsumerGroupDescribe. The coordinator decides; these translate.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::group::{
    ConsumerAnswer, ConsumerHeartbeat, DescribedConsumer, DescribedConsumerGroup, GroupReply, Places, State,
};
use headwater_core::ids::{GroupId, PartitionId, TopicName};
use headwater_core::wire::messages::consumer_group_describe_request::ConsumerGroupDescribeRequest;
use headwater_core::wire::messages::consumer_group_describe_response as describe_response;
use headwater_core::wire::messages::consumer_group_heartbeat_request::ConsumerGroupHeartbeatRequest;
use headwater_core::wire::messages::consumer_group_heartbeat_response as heartbeat_response;
use headwater_replication::coordinator::GroupCall;
use headwater_replication::metadata::Image;

use super::groups::{ask, described, instance_id, member_id};
use super::{Context, Refused, security};
use crate::conn::replies::Reply;
use crate::rt;

/// What a described member is.
const MEMBER_CLASSIC: i8 = 0;
const MEMBER_CONSUMER: i8 = 1;

/// A member joins, lives or goes (behaviour 57).
pub async fn heartbeat(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: ConsumerGroupHeartbeatRequest<'_> = context.decode(&body)?;
    let text = |wire: &Option<Cow<'_, str>>| wire.as_deref().map(Arc::from);
    let call = ConsumerHeartbeat {
        group: GroupId::new(&*request.group_id),
        member: member_id(&request.member_id),
        client_makes_id: context.version >= 1,
        epoch: request.member_epoch,
        instance: instance_id(request.instance_id.as_deref()),
        rack: text(&request.rack_id),
        rebalance_timeout_ms: (request.rebalance_timeout_ms != -1).then_some(request.rebalance_timeout_ms),
        topics: request
            .subscribed_topic_names
            .as_ref()
            .map(|names| names.iter().map(|name| TopicName::new(&**name)).collect()),
        regex: text(&request.subscribed_topic_regex),
        assignor: text(&request.server_assignor),
        owned: request.topic_partitions.as_ref().map(|topics| {
            let numbers = |wire: &[i32]| wire.iter().map(|number| PartitionId::new(*number)).collect();
            topics.iter().map(|topic| (topic.topic_id, numbers(&topic.partitions))).collect()
        }),
        client_id: context.client_id.clone().unwrap_or_default(),
        client_host: context.client_host(),
        random: u128::from_be_bytes(rt::random_bytes()),
    };
    let id = call.group.clone();
    let answer = if context.shard().config().consumer_group.enabled {
        ask(&context, &id, GroupCall::ConsumerHeartbeat(Box::new(call))).await
    } else {
        Err(ErrorCode::UnsupportedVersion)
    };
    match answer {
        Ok(GroupReply::ConsumerHeartbeat(answer)) => context.reply(&answered(answer)),
        Ok(_) => unreachable!("a heartbeat is answered as a heartbeat"),
        Err(code) => context.reply(&heartbeat_response::ConsumerGroupHeartbeatResponse {
            error_code: code.code(),
            ..Default::default()
        }),
    }
}

fn answered(answer: ConsumerAnswer) -> heartbeat_response::ConsumerGroupHeartbeatResponse<'static> {
    let assignment = answer.assignment.map(|places| heartbeat_response::Assignment {
        topic_partitions: places
            .into_iter()
            .map(|(topic_id, numbers)| heartbeat_response::TopicPartitions {
                topic_id,
                partitions: numbers.into_iter().map(PartitionId::get).collect(),
            })
            .collect(),
    });
    heartbeat_response::ConsumerGroupHeartbeatResponse {
        error_code: answer.error.code(),
        error_message: answer.message.map(Cow::Owned),
        member_id: answer.member.map(|id| Cow::Owned(id.to_string())),
        member_epoch: answer.epoch,
        heartbeat_interval_ms: i32::try_from(answer.heartbeat_interval_ms).unwrap_or(i32::MAX),
        assignment,
        ..Default::default()
    }
}

/// Tells what consumer groups are like, in the order asked for.
pub async fn describe(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: ConsumerGroupDescribeRequest<'_> = context.decode(&body)?;
    let image = context.image();
    let asked: Vec<GroupId> = request.group_ids.iter().map(|name| GroupId::new(&**name)).collect();
    let take = |reply| match reply {
        GroupReply::DescribeConsumers(groups) => groups.into_iter().map(|g| (g.group.clone(), g)).collect(),
        _ => unreachable!("a description is answered as one"),
    };
    let groups = if context.shard().config().consumer_group.enabled {
        described(&context, asked, GroupCall::DescribeConsumers, take, nothing_of).await
    } else {
        asked.into_iter().map(|id| nothing_of(id, ErrorCode::UnsupportedVersion)).collect()
    };
    let groups = groups.into_iter().map(|group| wire_group(&image, context.version, group)).map(|group| {
        let tell = request.include_authorized_operations && group.error_code == 0;
        let authorized_operations = security::allowed(tell, security::GROUP_OPERATIONS);
        describe_response::DescribedGroup { authorized_operations, ..group }
    });
    let groups = groups.collect();
    context.reply(&describe_response::ConsumerGroupDescribeResponse { groups, ..Default::default() })
}

fn nothing_of(group: GroupId, error: ErrorCode) -> DescribedConsumerGroup {
    let (state, members) = (State::Dead, Vec::new());
    DescribedConsumerGroup { group, error, state, epoch: 0, target_epoch: 0, assignor: "", members }
}

fn wire_group(
    image: &Image,
    version: i16,
    group: DescribedConsumerGroup,
) -> describe_response::DescribedGroup<'static> {
    let missing = group.error == ErrorCode::GroupIdNotFound;
    describe_response::DescribedGroup {
        error_code: group.error.code(),
        error_message: missing.then(|| Cow::Owned(format!("There is no consumer group {}.", group.group))),
        group_id: Cow::Owned(group.group.to_string()),
        group_state: Cow::Borrowed(if group.error.is_error() { "" } else { group.state.name() }),
        group_epoch: group.epoch,
        assignment_epoch: group.target_epoch,
        assignor_name: Cow::Borrowed(group.assignor),
        members: group.members.into_iter().map(|member| wire_member(image, version, member)).collect(),
        ..Default::default()
    }
}

fn wire_member(image: &Image, version: i16, member: DescribedConsumer) -> describe_response::Member<'static> {
    let kind = if member.is_classic { MEMBER_CLASSIC } else { MEMBER_CONSUMER };
    describe_response::Member {
        member_id: Cow::Owned(member.member.to_string()),
        instance_id: member.instance.map(|instance| Cow::Owned(instance.to_string())),
        rack_id: member.rack.map(|rack| Cow::Owned(rack.to_string())),
        member_epoch: member.epoch,
        client_id: Cow::Owned(member.client_id.to_string()),
        client_host: Cow::Owned(member.client_host.to_string()),
        subscribed_topic_names: member.topics.iter().map(|name| Cow::Owned(name.to_string())).collect(),
        subscribed_topic_regex: Some(Cow::Owned(member.regex.map_or_else(String::new, |r| r.to_string()))),
        assignment: wire_assignment(image, member.assigned),
        target_assignment: wire_assignment(image, member.target),
        member_type: if version >= 1 { kind } else { -1 },
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
