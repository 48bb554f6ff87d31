//! Committed offsets: OffsetCommit, OffsetFetch, OffsetDelete. The coordinator decides; these translate, and answer for
//! topics that do not exist, which the coordinator can't know.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::group::{
    self, CommitPartition, CommitTopic, DeleteTopic, FetchGroup, FetchTopic, FetchedGroup, FetchedOffset,
    GroupReply, TopicResult,
};
use headwater_core::ids::{Generation, GroupId, LeaderEpoch, MemberId, Offset, PartitionId, TopicName};
use headwater_core::wire::messages::offset_commit_request::{OffsetCommitRequest, OffsetCommitRequestTopic};
use headwater_core::wire::messages::offset_commit_response::{
    OffsetCommitResponse, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use headwater_core::wire::messages::offset_delete_request::OffsetDeleteRequest;
use headwater_core::wire::messages::offset_delete_response::{
    OffsetDeleteResponse, OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use headwater_core::wire::messages::offset_fetch_request::OffsetFetchRequest;
use headwater_core::wire::messages::offset_fetch_response::{
    OffsetFetchResponse, OffsetFetchResponseGroup, OffsetFetchResponsePartition,
    OffsetFetchResponsePartitions, OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use headwater_replication::coordinator::GroupCall;
use headwater_replication::metadata::{Image, Topic};

use super::groups::{ask, ask_each, by_partition, instance_id};
use super::{Context, Refused};
use crate::conn::replies::Reply;

/// From this version on OffsetCommit and OffsetFetch name topics by their ids.
const TOPIC_IDS_FROM: i16 = 10;

/// What each partition of a request came to, by the topic's place in the request and the partition's number.
#[derive(Default)]
struct Codes(HashMap<(usize, i32), ErrorCode>);

impl Codes {
    fn set(&mut self, place: usize, partition: i32, code: ErrorCode) {
        self.0.insert((place, partition), code);
    }

    /// Takes over the coordinator's results, which are in the order of `places`: a request may name a topic twice.
    fn settle(&mut self, places: &[usize], results: Vec<TopicResult>) {
        for (place, topic) in places.iter().zip(results) {
            for result in topic.partitions {
                self.set(*place, result.partition.get(), result.error);
            }
        }
    }

    fn code(&self, place: usize, partition: i32) -> i16 {
        self.0.get(&(place, partition)).copied().unwrap_or(ErrorCode::UnknownServerError).code()
    }
}

/// Commits offsets (behaviours 53 and 75).
pub async fn commit(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: OffsetCommitRequest<'_> = context.decode(&body)?;
    let image = context.image();
    let mut codes = Codes::default();
    let mut places = Vec::new();
    let mut topics = Vec::new();
    for (place, topic) in request.topics.iter().enumerate() {
        let (known, missing) = if context.version >= TOPIC_IDS_FROM {
            (image.topic_by_id(topic.topic_id), ErrorCode::UnknownTopicId)
        } else {
            (image.topic(&topic.name), ErrorCode::UnknownTopicOrPartition)
        };
        let Some(known) = known else {
            topic.partitions.iter().for_each(|p| codes.set(place, p.partition_index, missing));
            continue;
        };
        let topic = commit_topic(&image, known, topic, place, &mut codes);
        if !topic.partitions.is_empty() {
            places.push(place);
            topics.push(topic);
        }
    }
    // A commit of nothing still counts as a sign of life of its member, and is refused for the same reasons.
    if !topics.is_empty() || request.topics.is_empty() {
        let call = group::OffsetCommit {
            group: GroupId::new(&*request.group_id),
            generation: (request.generation_id_or_member_epoch >= 0)
                .then(|| Generation::new(request.generation_id_or_member_epoch)),
            member: (!request.member_id.is_empty()).then(|| MemberId::new(&*request.member_id)),
            instance: instance_id(request.group_instance_id.as_deref()),
            retention_ms: (request.retention_time_ms >= 0).then_some(request.retention_time_ms),
            report_missing_group: context.version >= 9,
            knows_epochs: context.version >= 9,
            topics: topics.clone(),
        };
        let id = call.group.clone();
        match ask(&context, &id, GroupCall::OffsetCommit(call)).await {
            Ok(GroupReply::OffsetCommit(results)) => codes.settle(&places, results),
            Ok(_) => unreachable!("a commit is answered as a commit"),
            Err(code) => {
                for (place, topic) in places.iter().zip(topics) {
                    topic.partitions.iter().for_each(|p| codes.set(*place, p.partition.get(), code));
                }
            }
        }
    }
    let topics = request
        .topics
        .iter()
        .enumerate()
        .filter(|(_, topic)| !topic.partitions.is_empty())
        .map(|(place, topic)| OffsetCommitResponseTopic {
            name: topic.name.clone(),
            topic_id: topic.topic_id,
            partitions: topic
                .partitions
                .iter()
                .map(|p| OffsetCommitResponsePartition {
                    partition_index: p.partition_index,
                    error_code: codes.code(place, p.partition_index),
                })
                .collect(),
        })
        .collect();
    context.reply(&OffsetCommitResponse { topics, ..Default::default() })
}

/// The offsets of one topic; those of partitions that do not exist are refused here.
fn commit_topic(
    image: &Image,
    known: &Arc<Topic>,
    asked: &OffsetCommitRequestTopic<'_>,
    place: usize,
    codes: &mut Codes,
) -> CommitTopic {
    let mut partitions = Vec::with_capacity(asked.partitions.len());
    for partition in &asked.partitions {
        let number = PartitionId::new(partition.partition_index);
        if image.partition(known, number).is_none() {
            codes.set(place, partition.partition_index, ErrorCode::UnknownTopicOrPartition);
            continue;
        }
        partitions.push(CommitPartition {
            partition: number,
            offset: Offset::new(partition.committed_offset),
            leader_epoch: (partition.committed_leader_epoch >= 0)
                .then(|| LeaderEpoch::new(partition.committed_leader_epoch)),
            metadata: partition.committed_metadata.as_deref().map(Arc::from),
        });
    }
    CommitTopic { topic: known.name.clone(), topic_id: Some(known.id), partitions }
}

/// Tells committed offsets, of one group or, from version 8 on, of several (behaviour 54).
pub async fn fetch(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: OffsetFetchRequest<'_> = context.decode(&body)?;
    let image = context.image();
    let asked: Vec<FetchGroup> = if context.version >= 8 {
        let topic =
            |topic: &headwater_core::wire::messages::offset_fetch_request::OffsetFetchRequestTopics<'_>| {
                let (name, topic_id) = if context.version >= TOPIC_IDS_FROM {
                    // A name that no topic has stands for an id that none has: nothing is committed there.
                    let known = image.topic_by_id(topic.topic_id);
                    (known.map_or(TopicName::new(""), |known| known.name.clone()), Some(topic.topic_id))
                } else {
                    (TopicName::new(&*topic.name), image.topic(&topic.name).map(|known| known.id))
                };
                FetchTopic { topic: name, topic_id, partitions: numbers(&topic.partition_indexes) }
            };
        let group =
            |group: &headwater_core::wire::messages::offset_fetch_request::OffsetFetchRequestGroup<'_>| {
                FetchGroup {
                    group: GroupId::new(&*group.group_id),
                    member: group.member_id.as_deref().map(MemberId::new),
                    epoch: (group.member_epoch >= 0).then_some(group.member_epoch),
                    topics: group.topics.as_ref().map(|topics| topics.iter().map(topic).collect()),
                }
            };
        request.groups.iter().map(group).collect()
    } else {
        let topics = request.topics.as_ref().map(|topics| {
            let topic =
                |topic: &headwater_core::wire::messages::offset_fetch_request::OffsetFetchRequestTopic<
                    '_,
                >| {
                    FetchTopic {
                        topic: TopicName::new(&*topic.name),
                        topic_id: image.topic(&topic.name).map(|known| known.id),
                        partitions: numbers(&topic.partition_indexes),
                    }
                };
            topics.iter().map(topic).collect()
        });
        vec![FetchGroup { group: GroupId::new(&*request.group_id), member: None, epoch: None, topics }]
    };
    // By the group's place in the request, which may name a group twice, for this and for that.
    let mut fetched: Vec<Result<FetchedGroup, ErrorCode>> = vec![Err(ErrorCode::NotCoordinator); asked.len()];
    if let Some(parts) =
        by_partition(&image, asked.iter().cloned().enumerate(), |(_, asked)| asked.group.clone())
    {
        let call = |groups: Vec<(usize, FetchGroup)>| {
            let groups = groups.into_iter().map(|(_, asked)| asked).collect();
            GroupCall::OffsetFetch(group::OffsetFetch { require_stable: request.require_stable, groups })
        };
        for (groups, answer) in ask_each(&context, parts, call).await {
            let places = groups.into_iter().map(|(place, _)| place);
            match answer {
                Ok(GroupReply::OffsetFetch(found)) => {
                    for (place, group) in places.zip(found) {
                        let error = group.error;
                        fetched[place] = if error.is_error() { Err(error) } else { Ok(group) };
                    }
                }
                Ok(_) => unreachable!("a fetch of offsets is answered as one"),
                Err(code) => places.for_each(|place| fetched[place] = Err(code)),
            }
        }
    }
    let mut answers = asked.iter().zip(fetched);
    if context.version < 8 {
        let (asked, answer) = answers.next().expect("these versions ask of one group");
        return context.reply(&one_group(context.version, asked, answer));
    }
    let groups = answers.map(|(asked, answer)| wire_group(&context, &image, asked, answer)).collect();
    context.reply(&OffsetFetchResponse { groups, ..Default::default() })
}

fn numbers(indexes: &[i32]) -> Vec<PartitionId> {
    indexes.iter().map(|index| PartitionId::new(*index)).collect()
}

/// The answer of versions before 8: about one group, whose error stands at the top, or before version 2 everywhere.
fn one_group(
    version: i16,
    asked: &FetchGroup,
    answer: Result<FetchedGroup, ErrorCode>,
) -> OffsetFetchResponse<'static> {
    let partition = |offset: FetchedOffset| OffsetFetchResponsePartition {
        partition_index: offset.partition.get(),
        committed_offset: offset.offset.map_or(-1, |offset| offset.get()),
        committed_leader_epoch: offset.leader_epoch.map_or(-1, |epoch| epoch.get()),
        metadata: Some(Cow::Owned(offset.metadata.to_string())),
        error_code: offset.error.code(),
    };
    match answer {
        Ok(group) => OffsetFetchResponse {
            topics: group
                .topics
                .into_iter()
                .map(|topic| OffsetFetchResponseTopic {
                    name: Cow::Owned(topic.topic.to_string()),
                    partitions: topic.partitions.into_iter().map(partition).collect(),
                })
                .collect(),
            ..Default::default()
        },
        Err(code) => {
            let topics = asked.topics.iter().flatten().filter(|_| version < 2);
            OffsetFetchResponse {
                error_code: code.code(),
                topics: topics
                    .map(|topic| OffsetFetchResponseTopic {
                        name: Cow::Owned(topic.topic.to_string()),
                        partitions: topic
                            .partitions
                            .iter()
                            .map(|number| partition(nothing(*number, code)))
                            .collect(),
                    })
                    .collect(),
                ..Default::default()
            }
        }
    }
}

fn nothing(partition: PartitionId, error: ErrorCode) -> FetchedOffset {
    FetchedOffset { partition, offset: None, leader_epoch: None, metadata: Arc::default(), error }
}

fn wire_group(
    context: &Context,
    image: &Image,
    asked: &FetchGroup,
    answer: Result<FetchedGroup, ErrorCode>,
) -> OffsetFetchResponseGroup<'static> {
    let group_id = Cow::Owned(asked.group.to_string());
    let group = match answer {
        Ok(group) => group,
        Err(code) => {
            return OffsetFetchResponseGroup { group_id, error_code: code.code(), ..Default::default() };
        }
    };
    let by_id = context.version >= TOPIC_IDS_FROM;
    let mut topics = Vec::with_capacity(group.topics.len());
    for topic in group.topics {
        let id = topic.topic_id.or_else(|| image.topic(topic.topic.get()).map(|known| known.id));
        let unknown = by_id && id.is_none_or(|id| image.topic_by_id(id).is_none());
        // Of all that is committed, what belongs to a topic that is gone can't be named by an id.
        if unknown && asked.topics.is_none() {
            continue;
        }
        let partition = |offset: FetchedOffset| {
            let offset = if unknown { nothing(offset.partition, ErrorCode::UnknownTopicId) } else { offset };
            OffsetFetchResponsePartitions {
                partition_index: offset.partition.get(),
                committed_offset: offset.offset.map_or(-1, |offset| offset.get()),
                committed_leader_epoch: offset.leader_epoch.map_or(-1, |epoch| epoch.get()),
                metadata: Some(Cow::Owned(offset.metadata.to_string())),
                error_code: offset.error.code(),
            }
        };
        topics.push(OffsetFetchResponseTopics {
            name: Cow::Owned(topic.topic.to_string()),
            topic_id: id.unwrap_or_default(),
            partitions: topic.partitions.into_iter().map(partition).collect(),
        });
    }
    OffsetFetchResponseGroup { group_id, topics, ..Default::default() }
}

/// Forgets committed offsets of topics that the group does not read (behaviour 56).
pub async fn delete(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: OffsetDeleteRequest<'_> = context.decode(&body)?;
    let image = context.image();
    let mut codes = Codes::default();
    let mut places = Vec::new();
    let mut topics = Vec::new();
    for (place, topic) in request.topics.iter().enumerate() {
        let known = image.topic(&topic.name);
        let mut partitions = Vec::new();
        for partition in &topic.partitions {
            let number = PartitionId::new(partition.partition_index);
            if known.is_some_and(|known| image.partition(known, number).is_some()) {
                partitions.push(number);
            } else {
                codes.set(place, partition.partition_index, ErrorCode::UnknownTopicOrPartition);
            }
        }
        if !partitions.is_empty() {
            places.push(place);
            topics.push(DeleteTopic { topic: TopicName::new(&*topic.name), partitions });
        }
    }
    let id = GroupId::new(&*request.group_id);
    let call = GroupCall::OffsetDelete(group::OffsetDelete { group: id.clone(), topics });
    match ask(&context, &id, call).await {
        Ok(GroupReply::OffsetDelete { error: ErrorCode::None, topics }) => codes.settle(&places, topics),
        Ok(GroupReply::OffsetDelete { error, .. }) | Err(error) => {
            return context.reply(&OffsetDeleteResponse { error_code: error.code(), ..Default::default() });
        }
        Ok(_) => unreachable!("a deletion is answered as one"),
    }
    let topics = request
        .topics
        .iter()
        .enumerate()
        .map(|(place, topic)| OffsetDeleteResponseTopic {
            name: topic.name.clone(),
            partitions: topic
                .partitions
                .iter()
                .map(|p| OffsetDeleteResponsePartition {
                    partition_index: p.partition_index,
                    error_code: codes.code(place, p.partition_index),
                })
                .collect(),
        })
        .collect();
    context.reply(&OffsetDeleteResponse { topics, ..Default::default() })
}
