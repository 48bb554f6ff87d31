//! DeleteRecords and DescribeLogDirs: what lies on the disk.

use std::borrow::Cow;
use std::collections::HashMap;

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::ids::{PartitionId, TopicPartition};
use headwater_core::wire::messages::alter_replica_log_dirs_request::AlterReplicaLogDirsRequest;
use headwater_core::wire::messages::alter_replica_log_dirs_response::{
    AlterReplicaLogDirPartitionResult, AlterReplicaLogDirTopicResult, AlterReplicaLogDirsResponse,
};
use headwater_core::wire::messages::delete_records_request::DeleteRecordsRequest;
use headwater_core::wire::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsResponse, DeleteRecordsTopicResult,
};
use headwater_core::wire::messages::describe_log_dirs_request::DescribeLogDirsRequest;
use headwater_core::wire::messages::describe_log_dirs_response::{
    DescribeLogDirsPartition, DescribeLogDirsResponse, DescribeLogDirsResult, DescribeLogDirsTopic,
};
use headwater_replication::metadata::is_internal;

use super::{Context, Refused};
use crate::conn::replies::Reply;
use crate::rt;
use crate::shard::message::{self, Request};

/// Forgets the oldest records of partitions (behaviour 22).
pub async fn delete_records(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: DeleteRecordsRequest<'_> = context.decode(&body)?;
    let shard = context.shard();
    let image = context.image();
    let mut topics = Vec::with_capacity(request.topics.len());
    let mut items = Vec::new();
    let mut places = Vec::new();
    for (t, topic) in request.topics.iter().enumerate() {
        let known = image.topic(&topic.name);
        // Only the cleaner may take records out of a compacted topic, and clients none out of those of the broker.
        let forbidden = known.and_then(|known| {
            let config = shard.topic_config(known);
            match is_internal(known.name.get()) {
                true => Some(ErrorCode::InvalidTopicException),
                false => (config.compact && !config.delete).then_some(ErrorCode::PolicyViolation),
            }
        });
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for (p, asked) in topic.partitions.iter().enumerate() {
            let number = PartitionId::new(asked.partition_index);
            let mut result = DeleteRecordsPartitionResult {
                partition_index: asked.partition_index,
                low_watermark: -1,
                ..Default::default()
            };
            match (known.filter(|known| image.partition(known, number).is_some()), forbidden) {
                (None, _) => result.error_code = ErrorCode::UnknownTopicOrPartition.code(),
                (Some(_), Some(code)) => result.error_code = code.code(),
                (Some(known), None) => {
                    items.push((TopicPartition { topic: known.id, partition: number }, asked.offset));
                    places.push((t, p));
                }
            }
            partitions.push(result);
        }
        topics.push(DeleteRecordsTopicResult { name: topic.name.clone(), partitions });
    }
    let deleted = shard.gather(
        items,
        |(partition, _)| *partition,
        |items| Request::DeleteRecords { items },
        |reply| match reply {
            message::Reply::DeleteRecords(results) => results,
            _ => unreachable!("a deletion is answered as one"),
        },
    );
    for ((t, p), deleted) in places.into_iter().zip(deleted.await) {
        let result = &mut topics[t].partitions[p];
        match deleted {
            Ok(start) => result.low_watermark = start.get(),
            Err(code) => result.error_code = code.code(),
        }
    }
    context.reply(&DeleteRecordsResponse { topics, ..Default::default() })
}

/// Tells the sizes of logs, and of the disk under them.
pub async fn describe_dirs(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: DescribeLogDirsRequest<'_> = context.decode(&body)?;
    let shard = context.shard();
    let image = context.image();
    let of_shard = |reply| match reply {
        message::Reply::Sizes(sizes) => sizes,
        _ => unreachable!("sizes are answered with sizes"),
    };
    let sizes = shard.call_all(|| Request::Sizes).await.into_iter().flat_map(of_shard);
    let sizes: HashMap<TopicPartition, u64> = sizes.map(|(partition, bytes, _)| (partition, bytes)).collect();
    let describe = |name: &str, numbers: Option<&[i32]>| {
        let known = image.topic(name)?;
        let partitions: Vec<DescribeLogDirsPartition> = (0..known.partition_count())
            .filter(|number| numbers.is_none_or(|numbers| numbers.contains(number)))
            .filter_map(|number| {
                let id = TopicPartition { topic: known.id, partition: PartitionId::new(number) };
                let partition_size = i64::try_from(*sizes.get(&id)?).unwrap_or(i64::MAX);
                Some(DescribeLogDirsPartition {
                    partition_index: number,
                    partition_size,
                    ..Default::default()
                })
            })
            .collect();
        (!partitions.is_empty())
            .then(|| DescribeLogDirsTopic { name: Cow::Owned(name.to_owned()), partitions })
    };
    let topics = match &request.topics {
        None => image.topics().filter_map(|topic| describe(topic.name.get(), None)).collect(),
        Some(asked) => {
            asked.iter().filter_map(|topic| describe(&topic.topic, Some(&topic.partitions))).collect()
        }
    };
    let folder = shard.config().log_dir.clone();
    let path = absolute(&folder);
    let space = rt::spawn_blocking(move || rustix::fs::statvfs(folder.as_str())).await;
    let (total_bytes, usable_bytes) = match space {
        Ok(Ok(space)) => {
            let bytes =
                |blocks: u64| i64::try_from(blocks.saturating_mul(space.f_frsize)).unwrap_or(i64::MAX);
            (bytes(space.f_blocks), bytes(space.f_bavail))
        }
        // -1 is Kafka's word for "not known".
        _ => (-1, -1),
    };
    let result = DescribeLogDirsResult {
        log_dir: Cow::Owned(path),
        topics,
        total_bytes,
        usable_bytes,
        ..Default::default()
    };
    context.reply(&DescribeLogDirsResponse { results: vec![result], ..Default::default() })
}

/// Takes moves to the folder where everything is, and knows no other.
pub async fn alter_dirs(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: AlterReplicaLogDirsRequest<'_> = context.decode(&body)?;
    let image = context.image();
    let own = absolute(&context.shard().config().log_dir);
    let mut response = AlterReplicaLogDirsResponse::default();
    for dir in &request.dirs {
        for topic in &dir.topics {
            let known = image.topic(&topic.name);
            let partitions = topic.partitions.iter().map(|number| {
                let found = known.and_then(|known| image.partition(known, PartitionId::new(*number)));
                let code = match found {
                    _ if dir.path != own => ErrorCode::LogDirNotFound,
                    None => ErrorCode::UnknownTopicOrPartition,
                    Some(_) => ErrorCode::None,
                };
                AlterReplicaLogDirPartitionResult { partition_index: *number, error_code: code.code() }
            });
            response.results.push(AlterReplicaLogDirTopicResult {
                topic_name: topic.name.clone(),
                partitions: partitions.collect(),
            });
        }
    }
    context.reply(&response)
}

/// The data folder as clients are told of it.
fn absolute(folder: &str) -> String {
    std::path::absolute(folder).map_or_else(|_| folder.to_owned(), |path| path.display().to_string())
}
