//! Where share groups are, for administrators: DescribeShareGroupOffsets, AlterShareGroupOffsets, DeleteShareGroupOffsets
//! (KIP-932).

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::group::{ShareChanged, StateTopic};
use headwater_core::ids::{GroupId, Offset, PartitionId, TopicId, TopicName, TopicPartition};
use headwater_core::share::state::{ShareKey, StateCall, StateReply, StoredShare};
use headwater_core::wire::messages::alter_share_group_offsets_request::AlterShareGroupOffsetsRequest;
use headwater_core::wire::messages::alter_share_group_offsets_response as alter_response;
use headwater_core::wire::messages::delete_share_group_offsets_request::DeleteShareGroupOffsetsRequest;
use headwater_core::wire::messages::delete_share_group_offsets_response as delete_response;
use headwater_core::wire::messages::describe_share_group_offsets_request::{
    DescribeShareGroupOffsetsRequest, DescribeShareGroupOffsetsRequestTopic,
};
use headwater_core::wire::messages::describe_share_group_offsets_response as describe_response;
use headwater_replication::metadata::SHARE_STATE;
use headwater_replication::partition::Isolation;

use super::share_groups::{change, delete_state, initialize};
use super::{Context, Refused};
use crate::conn::replies::Reply;
use crate::shard::message::LookupItem;

/// A position of ListOffsets: behind the last record.
const LATEST: i64 = -1;

/// Tells where groups are, and how far that is behind.
pub async fn describe(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: DescribeShareGroupOffsetsRequest<'_> = context.decode(&body)?;
    let mut groups = Vec::with_capacity(request.groups.len());
    for asked in &request.groups {
        let group = GroupId::new(&*asked.group_id);
        let mut answer = describe_response::DescribeShareGroupOffsetsResponseGroup {
            group_id: Cow::Owned(group.to_string()),
            ..Default::default()
        };
        let initialized = match change(&context, &group, ShareChanged::Nothing, Vec::new()).await {
            Ok(state) => Ok(state.initialized),
            // As in Kafka: who is nowhere has no offsets.
            Err(ErrorCode::GroupIdNotFound) => Ok(Vec::new()),
            Err(code) => Err(code),
        };
        match initialized {
            Ok(initialized) => {
                let topics = match &asked.topics {
                    None => initialized,
                    Some(topics) => topics.iter().map(|topic| resolve(&context, topic)).collect(),
                };
                for topic in topics {
                    answer.topics.push(describe_topic(&context, &group, topic).await);
                }
            }
            Err(code) => {
                answer.error_code = code.code();
                answer.error_message = Some(Cow::Owned(no_group(code, &group)));
            }
        }
        groups.push(answer);
    }
    context.reply(&describe_response::DescribeShareGroupOffsetsResponse { groups, ..Default::default() })
}

fn no_group(code: ErrorCode, group: &GroupId) -> String {
    match code {
        ErrorCode::GroupIdNotFound => format!("There is no share group {group}."),
        ErrorCode::NonEmptyGroup => format!("The share group {group} has members."),
        code => code.name().to_owned(),
    }
}

/// A topic that is not there has no id.
fn resolve(context: &Context, asked: &DescribeShareGroupOffsetsRequestTopic<'_>) -> StateTopic {
    let image = context.image();
    StateTopic {
        topic: image.topic(&asked.topic_name).map_or(TopicId::ZERO, |topic| topic.id),
        name: TopicName::new(&*asked.topic_name),
        partitions: asked.partitions.iter().map(|number| PartitionId::new(*number)).collect(),
    }
}

async fn describe_topic(
    context: &Context,
    group: &GroupId,
    topic: StateTopic,
) -> describe_response::DescribeShareGroupOffsetsResponseTopic<'static> {
    let shard = context.shard();
    let places: Vec<TopicPartition> = topic
        .partitions
        .iter()
        .map(|partition| TopicPartition { topic: topic.topic, partition: *partition })
        .collect();
    let items =
        places.iter().map(|place| (ShareKey { group: group.clone(), partition: *place }, ())).collect();
    let call =
        |items: Vec<(ShareKey, ())>| StateCall::Summary(items.into_iter().map(|(key, ())| key).collect());
    let stored: Vec<Result<StoredShare, ErrorCode>> = shard
        .ask_share_state(items, call, |reply| match reply {
            StateReply::Read(results) => results,
            StateReply::Done(_) => unreachable!("a summary is answered as a read"),
        })
        .await;
    let ends = places
        .iter()
        .map(|place| LookupItem { partition: *place, timestamp: LATEST, current_epoch: None })
        .collect();
    let ends = shard.ask_look_ups(ends, Isolation::ReadUncommitted).await;
    let partitions = places.iter().zip(stored).zip(ends).map(|((place, stored), end)| {
        let index = place.partition.get();
        let unknown = describe_response::DescribeShareGroupOffsetsResponsePartition {
            partition_index: index,
            start_offset: -1,
            leader_epoch: 0,
            lag: -1,
            ..Default::default()
        };
        match stored {
            Ok(stored) => {
                let start = stored.start.map_or(-1, Offset::get);
                let end = end.ok().and_then(|end| end.offset).map(Offset::get);
                let lag = match (stored.start, stored.complete, end) {
                    (Some(start), Some(complete), Some(end)) => {
                        (end - start.get() - i64::from(complete)).max(0)
                    }
                    _ => -1,
                };
                let leader_epoch = stored.leader_epoch;
                describe_response::DescribeShareGroupOffsetsResponsePartition {
                    start_offset: start,
                    leader_epoch,
                    lag,
                    ..unknown
                }
            }
            // Nobody has read it yet.
            Err(ErrorCode::InvalidRequest) => unknown,
            Err(ErrorCode::CoordinatorNotAvailable) if context.image().topic(SHARE_STATE).is_none() => {
                unknown
            }
            Err(code) => describe_response::DescribeShareGroupOffsetsResponsePartition {
                error_code: code.code(),
                error_message: Some(Cow::Borrowed(code.name())),
                ..unknown
            },
        }
    });
    describe_response::DescribeShareGroupOffsetsResponseTopic {
        topic_name: Cow::Owned(topic.name.to_string()),
        topic_id: topic.topic,
        partitions: partitions.collect(),
    }
}

/// Sets where a group without members begins.
pub async fn alter(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: AlterShareGroupOffsetsRequest<'_> = context.decode(&body)?;
    let group = GroupId::new(&*request.group_id);
    let image = context.image();
    if group.get().is_empty() {
        let code = ErrorCode::InvalidGroupId;
        return context.reply(&alter_response::AlterShareGroupOffsetsResponse {
            error_code: code.code(),
            error_message: Some(Cow::Borrowed(code.name())),
            ..Default::default()
        });
    }
    let mut known: Vec<(StateTopic, Option<Offset>)> = Vec::new();
    let mut altering: BTreeMap<TopicId, StateTopic> = BTreeMap::new();
    for topic in &request.topics {
        let Some(found) = image.topic(&topic.topic_name) else { continue };
        for asked in &topic.partitions {
            let partition = PartitionId::new(asked.partition_index);
            if image.partition(found, partition).is_none() {
                continue;
            }
            let one = StateTopic { topic: found.id, name: found.name.clone(), partitions: vec![partition] };
            let all =
                altering.entry(found.id).or_insert_with(|| StateTopic { partitions: vec![], ..one.clone() });
            all.partitions.push(partition);
            known.push((one, Some(Offset::new(asked.start_offset.max(0)))));
        }
    }
    let state = match change(&context, &group, ShareChanged::Altering, altering.into_values().collect()).await
    {
        Ok(state) => state,
        Err(code) => {
            return context.reply(&alter_response::AlterShareGroupOffsetsResponse {
                error_code: code.code(),
                error_message: Some(Cow::Owned(no_group(code, &group))),
                ..Default::default()
            });
        }
    };
    let altered = initialize(&context, &group, state.epoch, known).await;
    let altered: BTreeMap<(TopicId, PartitionId), Result<(), ErrorCode>> =
        altered.into_iter().map(|(topic, result)| ((topic.topic, topic.partitions[0]), result)).collect();
    let responses = request.topics.iter().map(|topic| {
        let id = image.topic(&topic.topic_name).map_or(TopicId::ZERO, |topic| topic.id);
        let partitions = topic.partitions.iter().map(|asked| {
            let place = (id, PartitionId::new(asked.partition_index));
            let result = altered.get(&place).copied().unwrap_or(Err(ErrorCode::UnknownTopicOrPartition));
            alter_response::AlterShareGroupOffsetsResponsePartition {
                partition_index: asked.partition_index,
                error_code: result.err().map_or(0, ErrorCode::code),
                error_message: result.err().map(|code| Cow::Borrowed(code.name())),
            }
        });
        alter_response::AlterShareGroupOffsetsResponseTopic {
            topic_name: topic.topic_name.clone(),
            topic_id: id,
            partitions: partitions.collect(),
        }
    });
    let responses = responses.collect();
    context.reply(&alter_response::AlterShareGroupOffsetsResponse { responses, ..Default::default() })
}

/// Forgets where a group without members is in topics.
pub async fn delete(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: DeleteShareGroupOffsetsRequest<'_> = context.decode(&body)?;
    let group = GroupId::new(&*request.group_id);
    let image = context.image();
    let asked: Vec<(String, Option<TopicId>)> = request
        .topics
        .iter()
        .map(|topic| (topic.topic_name.to_string(), image.topic(&topic.topic_name).map(|topic| topic.id)))
        .collect();
    let refused = |code: ErrorCode| delete_response::DeleteShareGroupOffsetsResponse {
        error_code: code.code(),
        error_message: Some(Cow::Owned(no_group(code, &group))),
        ..Default::default()
    };
    // `Ending` changes nothing, and is refused while there are members.
    let state = match change(&context, &group, ShareChanged::Ending, Vec::new()).await {
        Ok(state) => state,
        Err(code) => return context.reply(&refused(code)),
    };
    let named = |topic: &StateTopic| asked.iter().any(|(_, id)| *id == Some(topic.topic));
    let topics: Vec<StateTopic> = state.initialized.into_iter().filter(named).collect();
    if let Err(code) = change(&context, &group, ShareChanged::Deleting, topics.clone()).await {
        return context.reply(&refused(code));
    }
    let mut deleted: BTreeMap<TopicId, Result<(), ErrorCode>> = BTreeMap::new();
    for topic in topics {
        let id = topic.topic;
        let mut result = delete_state(&context, &group, std::slice::from_ref(&topic)).await;
        if result.is_ok() {
            result = change(&context, &group, ShareChanged::Deleted, vec![topic]).await.map(|_| ());
        }
        deleted.insert(id, result);
    }
    let responses = asked.into_iter().map(|(name, id)| {
        let result = match id {
            None => Err(ErrorCode::UnknownTopicOrPartition),
            Some(id) => deleted.get(&id).copied().unwrap_or(Err(ErrorCode::UnknownTopicOrPartition)),
        };
        delete_response::DeleteShareGroupOffsetsResponseTopic {
            topic_name: Cow::Owned(name),
            topic_id: id.unwrap_or(TopicId::ZERO),
            error_code: result.err().map_or(0, ErrorCode::code),
            error_message: result.err().map(|code| Cow::Borrowed(code.name())),
        }
    });
    let responses = responses.collect();
    context.reply(&delete_response::DeleteShareGroupOffsetsResponse { responses, ..Default::default() })
}
