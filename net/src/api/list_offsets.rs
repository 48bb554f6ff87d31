//! ListOffsets: which offset a time or a special position stands for (behaviour 47).

use std::collections::{BTreeSet, HashSet};

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::ids::{LeaderEpoch, PartitionId, TopicPartition};
use headwater_core::wire::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsRequest};
use headwater_core::wire::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsResponse, ListOffsetsTopicResponse,
};
use headwater_replication::partition::Isolation;

use super::{Context, Refused};
use crate::conn::replies::Reply;
use crate::shard::message::LookupItem;

/// Answers each partition in the request's order.
pub async fn handle(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: ListOffsetsRequest<'_> = context.decode(&body)?;
    let isolation =
        if request.isolation_level == 1 { Isolation::ReadCommitted } else { Isolation::ReadUncommitted };
    let image = context.image();
    let mut response = ListOffsetsResponse::default();
    let mut items = Vec::new();
    let mut places = Vec::new();
    for (t, topic) in request.topics.iter().enumerate() {
        let known = image.topic(&topic.name);
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        let doubled = doubled(&topic.partitions);
        let once = topic.partitions.iter().filter(|asked| !doubled.contains(&asked.partition_index));
        for (p, asked) in once.enumerate() {
            let mut answer =
                ListOffsetsPartitionResponse { partition_index: asked.partition_index, ..Default::default() };
            match known
                .filter(|topic| image.partition(topic, PartitionId::new(asked.partition_index)).is_some())
            {
                None => answer.error_code = ErrorCode::UnknownTopicOrPartition.code(),
                Some(_) if !has_position(context.version, asked.timestamp) => {
                    answer.error_code = ErrorCode::UnsupportedVersion.code()
                }
                Some(topic) => {
                    let partition = TopicPartition {
                        topic: topic.id,
                        partition: PartitionId::new(asked.partition_index),
                    };
                    let current_epoch = (asked.current_leader_epoch >= 0)
                        .then(|| LeaderEpoch::new(asked.current_leader_epoch));
                    items.push(LookupItem { partition, timestamp: asked.timestamp, current_epoch });
                    places.push((t, p));
                }
            }
            partitions.push(answer);
        }
        partitions.extend(doubled.into_iter().map(|partition_index| ListOffsetsPartitionResponse {
            partition_index,
            error_code: ErrorCode::InvalidRequest.code(),
            ..Default::default()
        }));
        response.topics.push(ListOffsetsTopicResponse { name: topic.name.clone(), partitions });
    }
    for ((t, p), result) in places.into_iter().zip(context.shard().ask_look_ups(items, isolation).await) {
        let answer = &mut response.topics[t].partitions[p];
        match result {
            Err(code) => answer.error_code = code.code(),
            Ok(found) => {
                answer.offset = found.offset.map_or(-1, |offset| offset.get());
                answer.timestamp = found.timestamp.unwrap_or(-1);
                answer.leader_epoch = found.epoch.map_or(-1, |epoch| epoch.get());
            }
        }
    }
    context.reply(&response)
}

/// Partitions that are named more than once: which of the positions is meant nobody can tell.
fn doubled(partitions: &[ListOffsetsPartition]) -> BTreeSet<i32> {
    let mut seen = HashSet::with_capacity(partitions.len());
    let again = |asked: &&ListOffsetsPartition| !seen.insert(asked.partition_index);
    partitions.iter().filter(again).map(|asked| asked.partition_index).collect()
}

/// Whether a special position (behaviour 47) exists in a version; in an older one it was never defined.
fn has_position(version: i16, timestamp: i64) -> bool {
    version
        >= match timestamp {
            -3 => 7,
            -4 => 8,
            -5 => 9,
            -6 => 11,
            _ => 0,
        }
}
