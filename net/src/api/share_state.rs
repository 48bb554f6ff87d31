//! The state of share groups, for other brokers and for tools: InitializeShareGroupState, ReadShareGroupState,
//! WriteShareGroupState, DeleteShareGroupState, ReadShareGroupStateSummary (KIP-932). Shards ask their share coordinators by
//! themselves; these translate what comes over the wire to the same calls.

use std::borrow::Cow;

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::ids::{GroupId, LeaderEpoch, Offset, PartitionId, TopicId, TopicPartition};
use headwater_core::share::state::{
    InitializeState, ShareKey, StateCall, StateReply, StoredShare, WriteState,
};
use headwater_core::share::{RecordState, StateBatch};
use headwater_core::wire::messages::delete_share_group_state_request::DeleteShareGroupStateRequest;
use headwater_core::wire::messages::delete_share_group_state_response as delete_response;
use headwater_core::wire::messages::initialize_share_group_state_request::InitializeShareGroupStateRequest;
use headwater_core::wire::messages::initialize_share_group_state_response as initialize_response;
use headwater_core::wire::messages::read_share_group_state_request::ReadShareGroupStateRequest;
use headwater_core::wire::messages::read_share_group_state_response as read_response;
use headwater_core::wire::messages::read_share_group_state_summary_request::ReadShareGroupStateSummaryRequest;
use headwater_core::wire::messages::read_share_group_state_summary_response as summary_response;
use headwater_core::wire::messages::write_share_group_state_request::WriteShareGroupStateRequest;
use headwater_core::wire::messages::write_share_group_state_response as write_response;

use super::share_groups::done;
use super::{Context, Refused};
use crate::conn::replies::Reply;

fn key(group: &GroupId, topic: TopicId, partition: i32) -> ShareKey {
    let partition = TopicPartition { topic, partition: PartitionId::new(partition) };
    ShareKey { group: group.clone(), partition }
}

fn offset(wire: i64) -> Option<Offset> {
    (wire >= 0).then(|| Offset::new(wire))
}

fn message(code: ErrorCode) -> Option<Cow<'static, str>> {
    Some(Cow::Borrowed(code.name()))
}

/// Code and words of a result that says nothing else.
fn told(result: Result<(), ErrorCode>) -> (i16, Option<Cow<'static, str>>) {
    result.err().map_or((0, None), |code| (code.code(), message(code)))
}

fn read(reply: StateReply) -> Vec<Result<StoredShare, ErrorCode>> {
    match reply {
        StateReply::Read(results) => results,
        StateReply::Done(_) => unreachable!("a read is answered as one"),
    }
}

/// A group without a name has nothing, and is told nothing, as in Kafka.
fn of_group<T>(group: &GroupId, topics: Vec<T>) -> Vec<T> {
    if group.get().is_empty() { Vec::new() } else { topics }
}

/// Asks about the keys, and refuses groups without a name and topics without an id before.
async fn ask<T: Clone, R>(
    context: &Context,
    items: Vec<(ShareKey, T)>,
    call: impl Fn(Vec<(ShareKey, T)>) -> StateCall,
    results: impl Fn(StateReply) -> Vec<Result<R, ErrorCode>>,
) -> std::vec::IntoIter<Result<R, ErrorCode>> {
    let is_named = |key: &ShareKey| !key.group.get().is_empty() && !key.partition.topic.is_zero();
    if items.iter().all(|(key, _)| is_named(key)) {
        return context.shard().ask_share_state(items, call, results).await.into_iter();
    }
    let refused: Vec<_> = items.iter().map(|_| Err(ErrorCode::InvalidRequest)).collect();
    refused.into_iter()
}

/// Has share partitions begin.
pub async fn initialize(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: InitializeShareGroupStateRequest<'_> = context.decode(&body)?;
    let group = GroupId::new(&*request.group_id);
    let items = request.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|asked| {
            let item = InitializeState { state_epoch: asked.state_epoch, start: offset(asked.start_offset) };
            (key(&group, topic.topic_id, asked.partition), item)
        })
    });
    let items = items.collect();
    let mut results = ask(&context, items, StateCall::Initialize, done).await;
    let topics = request.topics.iter().map(|topic| initialize_response::InitializeStateResult {
        topic_id: topic.topic_id,
        partitions: topic
            .partitions
            .iter()
            .map(|asked| {
                let (error_code, error_message) = told(results.next().expect("each is answered"));
                initialize_response::PartitionResult { partition: asked.partition, error_code, error_message }
            })
            .collect(),
    });
    let results = of_group(&group, topics.collect());
    context.reply(&initialize_response::InitializeShareGroupStateResponse { results })
}

/// Tells the state of share partitions to who leads them.
pub async fn read_state(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: ReadShareGroupStateRequest<'_> = context.decode(&body)?;
    let group = GroupId::new(&*request.group_id);
    let items = request.topics.iter().flat_map(|topic| {
        topic
            .partitions
            .iter()
            .map(|asked| (key(&group, topic.topic_id, asked.partition), LeaderEpoch::new(asked.leader_epoch)))
    });
    let items = items.collect();
    let mut results = ask(&context, items, StateCall::Read, read).await;
    let topics = request.topics.iter().map(|topic| read_response::ReadStateResult {
        topic_id: topic.topic_id,
        partitions: topic
            .partitions
            .iter()
            .map(|asked| {
                let result = results.next().expect("each is answered");
                read_partition(asked.partition, result)
            })
            .collect(),
    });
    let results = of_group(&group, topics.collect());
    context.reply(&read_response::ReadShareGroupStateResponse { results })
}

fn read_partition(
    partition: i32,
    result: Result<StoredShare, ErrorCode>,
) -> read_response::PartitionResult<'static> {
    match result {
        Err(code) => read_response::PartitionResult {
            partition,
            error_code: code.code(),
            error_message: message(code),
            ..Default::default()
        },
        Ok(stored) => {
            let batches = stored.batches.iter().map(|batch| read_response::StateBatch {
                first_offset: batch.first.get(),
                last_offset: batch.last.get(),
                delivery_state: batch.state.code(),
                delivery_count: i16::try_from(batch.deliveries).unwrap_or(i16::MAX),
            });
            read_response::PartitionResult {
                partition,
                state_epoch: stored.state_epoch,
                start_offset: stored.start.map_or(-1, Offset::get),
                state_batches: batches.collect(),
                ..Default::default()
            }
        }
    }
}

/// Stores what has changed in share partitions.
pub async fn write(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: WriteShareGroupStateRequest<'_> = context.decode(&body)?;
    let group = GroupId::new(&*request.group_id);
    let mut items = Vec::new();
    let mut can_be = true;
    for topic in &request.topics {
        for asked in &topic.partitions {
            let batches: Option<Vec<StateBatch>> = asked.state_batches.iter().map(batch).collect();
            can_be &= batches.is_some();
            let item = WriteState {
                state_epoch: asked.state_epoch,
                leader_epoch: LeaderEpoch::new(asked.leader_epoch),
                start: offset(asked.start_offset),
                complete: (asked.delivery_complete_count >= 0).then_some(asked.delivery_complete_count),
                batches: batches.unwrap_or_default(),
            };
            items.push((key(&group, topic.topic_id, asked.partition), item));
        }
    }
    let mut results = if can_be {
        ask(&context, items, StateCall::Write, done).await
    } else {
        vec![Err(ErrorCode::InvalidRequest); items.len()].into_iter()
    };
    let topics = request.topics.iter().map(|topic| write_response::WriteStateResult {
        topic_id: topic.topic_id,
        partitions: topic
            .partitions
            .iter()
            .map(|asked| {
                let (error_code, error_message) = told(results.next().expect("each is answered"));
                write_response::PartitionResult { partition: asked.partition, error_code, error_message }
            })
            .collect(),
    });
    let results = of_group(&group, topics.collect());
    context.reply(&write_response::WriteShareGroupStateResponse { results })
}

/// A batch as it is kept; nothing if it can't be.
fn batch(
    wire: &headwater_core::wire::messages::write_share_group_state_request::StateBatch,
) -> Option<StateBatch> {
    let state =
        RecordState::from_code(wire.delivery_state).filter(|state| *state != RecordState::Acquired)?;
    let fits = 0 <= wire.first_offset && wire.first_offset <= wire.last_offset && wire.last_offset < i64::MAX;
    fits.then_some(StateBatch {
        first: Offset::new(wire.first_offset),
        last: Offset::new(wire.last_offset),
        state,
        deliveries: wire.delivery_count.max(0).unsigned_abs(),
    })
}

/// Forgets share partitions.
pub async fn delete(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: DeleteShareGroupStateRequest<'_> = context.decode(&body)?;
    let group = GroupId::new(&*request.group_id);
    let items = request.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|asked| (key(&group, topic.topic_id, asked.partition), ()))
    });
    let items = items.collect();
    let call =
        |items: Vec<(ShareKey, ())>| StateCall::Delete(items.into_iter().map(|(key, ())| key).collect());
    let mut results = ask(&context, items, call, done).await;
    let topics = request.topics.iter().map(|topic| delete_response::DeleteStateResult {
        topic_id: topic.topic_id,
        partitions: topic
            .partitions
            .iter()
            .map(|asked| {
                let (error_code, error_message) = told(results.next().expect("each is answered"));
                delete_response::PartitionResult { partition: asked.partition, error_code, error_message }
            })
            .collect(),
    });
    let results = of_group(&group, topics.collect());
    context.reply(&delete_response::DeleteShareGroupStateResponse { results })
}

/// Tells where share partitions are to who does not lead them.
pub async fn summary(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: ReadShareGroupStateSummaryRequest<'_> = context.decode(&body)?;
    let group = GroupId::new(&*request.group_id);
    let items = request.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|asked| (key(&group, topic.topic_id, asked.partition), ()))
    });
    let items = items.collect();
    let call =
        |items: Vec<(ShareKey, ())>| StateCall::Summary(items.into_iter().map(|(key, ())| key).collect());
    let mut results = ask(&context, items, call, read).await;
    let topics = request.topics.iter().map(|topic| summary_response::ReadStateSummaryResult {
        topic_id: topic.topic_id,
        partitions: topic
            .partitions
            .iter()
            .map(|asked| {
                let partition = asked.partition;
                match results.next().expect("each is answered") {
                    Ok(stored) => summary_response::PartitionResult {
                        partition,
                        state_epoch: stored.state_epoch,
                        leader_epoch: stored.leader_epoch,
                        start_offset: stored.start.map_or(-1, Offset::get),
                        delivery_complete_count: stored.complete.unwrap_or(-1),
                        ..Default::default()
                    },
                    // Nobody has begun: that is no error to who only looks.
                    Err(ErrorCode::InvalidRequest) => summary_response::PartitionResult {
                        partition,
                        start_offset: -1,
                        ..Default::default()
                    },
                    Err(code) => summary_response::PartitionResult {
                        partition,
                        error_code: code.code(),
                        error_message: message(code),
                        ..Default::default()
                    },
                }
            })
            .collect(),
    });
    let results = of_group(&group, topics.collect());
    context.reply(&summary_response::ReadShareGroupStateSummaryResponse { results })
}
