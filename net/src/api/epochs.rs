//! OffsetForLeaderEpoch: how far a reader's log agrees with ours (behaviour 45, KIP-320).

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::ids::{LeaderEpoch, PartitionId, TopicPartition};
use headwater_core::wire::messages::offset_for_leader_epoch_request::OffsetForLeaderEpochRequest;
use headwater_core::wire::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderEpochResponse, OffsetForLeaderTopicResult,
};

use super::{Context, Refused};
use crate::conn::replies::Reply;
use crate::shard::message::EpochItem;

/// What stands for no epoch on the wire.
const NO_EPOCH: i32 = -1;

/// Answers each partition in the request's order; -1 and -1 for an epoch that the log has never heard of.
pub async fn ends(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: OffsetForLeaderEpochRequest<'_> = context.decode(&body)?;
    let image = context.image();
    let mut response = OffsetForLeaderEpochResponse::default();
    let mut items = Vec::new();
    let mut places = Vec::new();
    for (t, topic) in request.topics.iter().enumerate() {
        let known = image.topic(&topic.topic);
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for (p, asked) in topic.partitions.iter().enumerate() {
            let number = PartitionId::new(asked.partition);
            let mut answer = EpochEndOffset { partition: asked.partition, ..Default::default() };
            match known.filter(|topic| image.partition(topic, number).is_some()) {
                None => answer.error_code = ErrorCode::UnknownTopicOrPartition.code(),
                Some(topic) => {
                    let epoch = |on_wire: i32| (on_wire != NO_EPOCH).then(|| LeaderEpoch::new(on_wire));
                    items.push(EpochItem {
                        partition: TopicPartition { topic: topic.id, partition: number },
                        current_epoch: epoch(asked.current_leader_epoch),
                        epoch: epoch(asked.leader_epoch),
                    });
                    places.push((t, p));
                }
            }
            partitions.push(answer);
        }
        response.topics.push(OffsetForLeaderTopicResult { topic: topic.topic.clone(), partitions });
    }
    for ((t, p), result) in places.into_iter().zip(context.shard().ask_epoch_ends(items).await) {
        let answer = &mut response.topics[t].partitions[p];
        match result {
            Err(code) => answer.error_code = code.code(),
            Ok(None) => {}
            Ok(Some(found)) => {
                answer.leader_epoch = found.epoch.get();
                answer.end_offset = found.end.get();
            }
        }
    }
    context.reply(&response)
}
