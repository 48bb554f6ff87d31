//! Streams groups (KIP-1071): StreamsGroupHeartbeat, StreamsGroupDescribe. The coordinator decides; these translate, and
//! have the topics made that it says a group needs.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::group::{
    CopartitionGroup, DescribedStreamsGroup, DescribedStreamsMember, EndpointPartitions, GroupReply,
    InternalTopic, StreamsAnswer, StreamsHeartbeat, StreamsStatus, StreamsTasks, StreamsTopology,
    Subtopology, TaskIds,
};
use headwater_core::ids::{GroupId, MemberId, PartitionId, TopicName};
use headwater_core::wire::messages::streams_group_describe_request::StreamsGroupDescribeRequest;
use headwater_core::wire::messages::streams_group_describe_response as describe_response;
use headwater_core::wire::messages::streams_group_heartbeat_request as heartbeat_request;
use headwater_core::wire::messages::streams_group_heartbeat_response as heartbeat_response;
use headwater_replication::coordinator::GroupCall;
use headwater_replication::metadata::{NewTopic, is_internal};

use super::groups::{ask, described, instance_id};
use super::{Context, Refused, security};
use crate::conn::replies::Reply;
use crate::shard::control::{ControllerReply, ControllerRequest};

/// A member joins, lives or goes.
pub async fn heartbeat(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: heartbeat_request::StreamsGroupHeartbeatRequest<'_> = context.decode(&body)?;
    let call = match asked(&context, &request) {
        Ok(call) => call,
        Err((error, message)) => {
            let answer = StreamsAnswer { error, message: Some(message), ..StreamsAnswer::default() };
            return context.reply(&answered(answer));
        }
    };
    let id = call.group.clone();
    let answer = if context.shard().config().streams_group.enabled {
        ask(&context, &id, GroupCall::StreamsHeartbeat(Box::new(call))).await
    } else {
        Err(ErrorCode::UnsupportedVersion)
    };
    let mut answer = match answer {
        Ok(GroupReply::StreamsHeartbeat(answer)) => *answer,
        Ok(_) => unreachable!("a heartbeat is answered as a heartbeat"),
        Err(error) => StreamsAnswer { error, ..StreamsAnswer::default() },
    };
    make_topics(&context, &mut answer).await;
    context.reply(&answered(answer))
}

/// The request, as the coordinator has it.
fn asked(
    context: &Context,
    request: &heartbeat_request::StreamsGroupHeartbeatRequest<'_>,
) -> Result<StreamsHeartbeat, (ErrorCode, String)> {
    let text = |wire: &Option<Cow<'_, str>>| wire.as_deref().map(Arc::from);
    let tasks = |wire: &Option<Vec<heartbeat_request::TaskIds<'_>>>| -> Option<TaskIds> {
        let ids = wire.as_ref()?.iter().map(|ids| {
            let partitions = ids.partitions.iter().map(|number| PartitionId::new(*number));
            (Arc::from(&*ids.subtopology_id), partitions.collect())
        });
        Some(ids.collect())
    };
    let pairs = |wire: &Vec<heartbeat_request::KeyValue<'_>>| -> Vec<(Arc<str>, Arc<str>)> {
        wire.iter().map(|pair| (Arc::from(&*pair.key), Arc::from(&*pair.value))).collect()
    };
    let endpoint = request.user_endpoint.as_ref();
    Ok(StreamsHeartbeat {
        group: GroupId::new(&*request.group_id),
        member: MemberId::new(&*request.member_id),
        epoch: request.member_epoch,
        instance: instance_id(request.instance_id.as_deref()),
        rack: text(&request.rack_id),
        rebalance_timeout_ms: (request.rebalance_timeout_ms != -1).then_some(request.rebalance_timeout_ms),
        topology: request.topology.as_ref().map(topology).transpose()?.map(Arc::new),
        active: tasks(&request.active_tasks),
        standby: tasks(&request.standby_tasks),
        warmup: tasks(&request.warmup_tasks),
        process: text(&request.process_id),
        endpoint: endpoint.map(|endpoint| (Arc::from(&*endpoint.host), endpoint.port)),
        endpoint_epoch: request.endpoint_information_epoch,
        tags: request.client_tags.as_ref().map(pairs),
        reports_offsets: request.task_offsets.is_some() || request.task_end_offsets.is_some(),
        shutdown: request.shutdown_application,
        client_id: context.client_id.clone().unwrap_or_default(),
        client_host: context.client_host(),
    })
}

fn topology(wire: &heartbeat_request::Topology<'_>) -> Result<StreamsTopology, (ErrorCode, String)> {
    let invalid = |what: String| Err((ErrorCode::StreamsInvalidTopology, what));
    let names = |wire: &[Cow<'_, str>]| wire.iter().map(|name| TopicName::new(&**name)).collect();
    let topics = |wire: &[heartbeat_request::TopicInfo<'_>]| -> Vec<InternalTopic> {
        let topics = wire.iter().map(|info| {
            let configs = info.topic_configs.iter();
            InternalTopic {
                name: TopicName::new(&*info.name),
                partitions: info.partitions,
                replication_factor: info.replication_factor,
                configs: configs.map(|c| (Arc::from(&*c.key), Arc::from(&*c.value))).collect(),
            }
        });
        topics.collect()
    };
    let mut topology = StreamsTopology { epoch: wire.epoch, ..StreamsTopology::default() };
    for part in &wire.subtopologies {
        let found = Subtopology {
            sources: names(&part.source_topics),
            source_regexes: part.source_topic_regex.iter().map(|regex| Arc::from(&**regex)).collect(),
            changelogs: topics(&part.state_changelog_topics),
            repartition_sinks: names(&part.repartition_sink_topics),
            repartition_sources: topics(&part.repartition_source_topics),
            copartitions: part
                .copartition_groups
                .iter()
                .map(|group| CopartitionGroup {
                    sources: group.source_topics.clone(),
                    source_regexes: group.source_topic_regex.clone(),
                    repartition_sources: group.repartition_source_topics.clone(),
                })
                .collect(),
        };
        let own = found.changelogs.iter().chain(&found.repartition_sources).map(|topic| &topic.name);
        let mut all = own.chain(&found.sources).chain(&found.repartition_sinks);
        if let Some(name) = all.find(|name| is_internal(name.get())) {
            return invalid(format!("{name} is the broker's own topic"));
        }
        if topology.subtopologies.insert(Arc::from(&*part.subtopology_id), found).is_some() {
            return invalid(format!("there are two subtopologies {}", part.subtopology_id));
        }
    }
    Ok(topology)
}

/// Has the topics made that a group needs. The member is told of them as missing all the same, as it asked when they were;
/// and why, if they could not be made.
async fn make_topics(context: &Context, answer: &mut StreamsAnswer) {
    let wanted = std::mem::take(&mut answer.wants_topics);
    if wanted.is_empty() {
        return;
    }
    let topics = wanted.into_iter().map(|topic| NewTopic {
        name: topic.name.to_string(),
        partitions: Some(topic.partitions),
        replication_factor: Some(topic.replication_factor).filter(|factor| *factor > 0),
        assignments: Vec::new(),
        configs: topic
            .configs
            .iter()
            .map(|(key, value)| (key.to_string(), Some(value.to_string())))
            .collect(),
    });
    let problem = match context.shard().controller(ControllerRequest::Create(topics.collect(), false)).await {
        ControllerReply::Created(created) => {
            let failed = created.into_iter().filter_map(|topic| Some((topic.name, topic.result.err()?)));
            // Another member may have had it made meanwhile.
            let mut failed = failed.filter(|(_, refusal)| refusal.code != ErrorCode::TopicAlreadyExists);
            failed.next().map(|(name, refusal)| format!("{name}: {}", refusal.message))
        }
        _ => Some("the metadata log takes nothing more".to_owned()),
    };
    let missing = |status: &&mut StreamsStatus| status.code == StreamsStatus::MISSING_INTERNAL_TOPICS;
    if let (Some(problem), Some(status)) = (problem, answer.statuses.iter_mut().find(missing)) {
        status.detail.push_str(&format!("; Creation failed: {problem}"));
    }
}

fn answered(answer: StreamsAnswer) -> heartbeat_response::StreamsGroupHeartbeatResponse<'static> {
    let ids = |ids: TaskIds| -> Vec<heartbeat_response::TaskIds<'static>> {
        let ids = ids.into_iter().map(|(id, partitions)| heartbeat_response::TaskIds {
            subtopology_id: Cow::Owned(id.to_string()),
            partitions: partitions.into_iter().map(PartitionId::get).collect(),
        });
        ids.collect()
    };
    let (active_tasks, standby_tasks, warmup_tasks) = match answer.tasks {
        Some(StreamsTasks { active, standby, warmup }) => {
            (Some(ids(active)), Some(ids(standby)), Some(ids(warmup)))
        }
        None => (None, None, None),
    };
    let statuses = answer.statuses.into_iter().map(|status| heartbeat_response::Status {
        status_code: status.code,
        status_detail: Cow::Owned(status.detail),
    });
    heartbeat_response::StreamsGroupHeartbeatResponse {
        error_code: answer.error.code(),
        error_message: answer.message.map(Cow::Owned),
        member_id: answer.member.map(|id| Cow::Owned(id.to_string())).unwrap_or_default(),
        member_epoch: answer.epoch,
        heartbeat_interval_ms: i32::try_from(answer.heartbeat_interval_ms).unwrap_or(i32::MAX),
        status: Some(statuses.collect()),
        active_tasks,
        standby_tasks,
        warmup_tasks,
        endpoint_information_epoch: answer.endpoint_epoch,
        partitions_by_user_endpoint: answer.endpoints.map(|all| all.into_iter().map(wire_endpoint).collect()),
        ..Default::default()
    }
}

fn wire_endpoint(of: EndpointPartitions) -> heartbeat_response::EndpointToPartitions<'static> {
    let topics = |topics: Vec<(TopicName, Vec<PartitionId>)>| {
        let topics = topics.into_iter().map(|(name, partitions)| heartbeat_response::TopicPartition {
            topic: Cow::Owned(name.to_string()),
            partitions: partitions.into_iter().map(PartitionId::get).collect(),
        });
        topics.collect()
    };
    let (host, port) = of.endpoint;
    heartbeat_response::EndpointToPartitions {
        user_endpoint: heartbeat_response::Endpoint { host: Cow::Owned(host.to_string()), port },
        active_partitions: topics(of.active),
        standby_partitions: topics(of.standby),
    }
}

/// Tells what streams groups are like, in the order asked for.
pub async fn describe(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: StreamsGroupDescribeRequest<'_> = context.decode(&body)?;
    let asked: Vec<GroupId> = request.group_ids.iter().map(|name| GroupId::new(&**name)).collect();
    let take = |reply| match reply {
        GroupReply::DescribeStreams(groups) => groups.into_iter().map(|g| (g.group.clone(), g)).collect(),
        _ => unreachable!("a description is answered as one"),
    };
    let missing = |id: GroupId, code| {
        let code = if id.get().is_empty() { ErrorCode::InvalidGroupId } else { code };
        DescribedStreamsGroup::missing(id, code)
    };
    let groups = if context.shard().config().streams_group.enabled {
        described(&context, asked, GroupCall::DescribeStreams, take, missing).await
    } else {
        asked.into_iter().map(|id| missing(id, ErrorCode::UnsupportedVersion)).collect()
    };
    let groups = groups.into_iter().map(wire_group).map(|group| {
        let tell = request.include_authorized_operations && group.error_code == 0;
        let authorized_operations = security::allowed(tell, security::GROUP_OPERATIONS);
        describe_response::DescribedGroup { authorized_operations, ..group }
    });
    let groups = groups.collect();
    context.reply(&describe_response::StreamsGroupDescribeResponse { groups, ..Default::default() })
}

fn wire_group(group: DescribedStreamsGroup) -> describe_response::DescribedGroup<'static> {
    let missing = group.error == ErrorCode::GroupIdNotFound;
    describe_response::DescribedGroup {
        error_code: group.error.code(),
        error_message: missing.then(|| Cow::Owned(format!("There is no streams group {}.", group.group))),
        group_id: Cow::Owned(group.group.to_string()),
        group_state: Cow::Borrowed(if group.error.is_error() { "" } else { group.state.name() }),
        group_epoch: group.epoch,
        assignment_epoch: group.target_epoch,
        topology: group.topology.map(wire_topology),
        members: group.members.into_iter().map(wire_member).collect(),
        ..Default::default()
    }
}

fn wire_topology(topology: StreamsTopology) -> describe_response::Topology<'static> {
    let names = |names: Vec<TopicName>| names.iter().map(|name| Cow::Owned(name.to_string())).collect();
    let topics = |topics: Vec<InternalTopic>| {
        let topics = topics.into_iter().map(|topic| describe_response::TopicInfo {
            name: Cow::Owned(topic.name.to_string()),
            partitions: topic.partitions,
            replication_factor: topic.replication_factor,
            topic_configs: topic.configs.into_iter().map(pair).collect(),
        });
        topics.collect()
    };
    let parts = topology.subtopologies.into_iter().map(|(id, part)| describe_response::Subtopology {
        subtopology_id: Cow::Owned(id.to_string()),
        source_topics: names(part.sources),
        repartition_sink_topics: names(part.repartition_sinks),
        state_changelog_topics: topics(part.changelogs),
        repartition_source_topics: topics(part.repartition_sources),
    });
    describe_response::Topology { epoch: topology.epoch, subtopologies: Some(parts.collect()) }
}

fn pair((key, value): (Arc<str>, Arc<str>)) -> describe_response::KeyValue<'static> {
    describe_response::KeyValue { key: Cow::Owned(key.to_string()), value: Cow::Owned(value.to_string()) }
}

fn wire_member(member: DescribedStreamsMember) -> describe_response::Member<'static> {
    describe_response::Member {
        member_id: Cow::Owned(member.member.to_string()),
        member_epoch: member.epoch,
        rack_id: member.rack.map(|rack| Cow::Owned(rack.to_string())),
        client_id: Cow::Owned(member.client_id.to_string()),
        client_host: Cow::Owned(member.client_host.to_string()),
        topology_epoch: member.topology_epoch,
        process_id: Cow::Owned(member.process.to_string()),
        user_endpoint: member
            .endpoint
            .map(|(host, port)| describe_response::Endpoint { host: Cow::Owned(host.to_string()), port }),
        client_tags: member.tags.into_iter().map(pair).collect(),
        assignment: wire_assignment(member.assigned),
        target_assignment: wire_assignment(member.target),
        ..Default::default()
    }
}

fn wire_assignment(tasks: StreamsTasks) -> describe_response::Assignment<'static> {
    let ids = |ids: TaskIds| {
        let ids = ids.into_iter().map(|(id, partitions)| describe_response::TaskIds {
            subtopology_id: Cow::Owned(id.to_string()),
            partitions: partitions.into_iter().map(PartitionId::get).collect(),
        });
        ids.collect()
    };
    describe_response::Assignment {
        active_tasks: ids(tasks.active),
        standby_tasks: ids(tasks.standby),
        warmup_tasks: ids(tasks.warmup),
    }
}
