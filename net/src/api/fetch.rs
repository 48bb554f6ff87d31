//! Fetch: the session says what to read, the owning shards read it, and if that is too little the request waits for the
//! first of them that has more.
//!
//! Records leave as the very slices that the logs hold.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::ids::{LeaderEpoch, Offset, PartitionId, TopicId, TopicPartition};
use headwater_core::session::{Seen, Wanted};
use headwater_core::wire::Records;
use headwater_core::wire::fetch::{
    AbortedTransaction, EpochEndOffset, FetchRequest, FetchResponse, FetchableTopicResponse, PartitionData,
};
use headwater_core::wire::frame;
use headwater_replication::metadata::Image;
use headwater_replication::partition::Isolation;

use super::{Context, Refused};
use crate::conn::replies::Reply;
use crate::rt::{self, Event};
use crate::shard::message::{self, ReadDone, ReadItem, Request};
use crate::shard::{Scatter, Shard};

/// The most that one reply carries, whatever client and broker allow: larger ones only make others wait.
const REPLY_BYTES_MAX: usize = 8 << 20;

/// Answers a fetch.
pub async fn handle(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: FetchRequest<'_> = context.decode(&body)?;
    let shard = context.shard().clone();
    let image = context.image();
    let resolved = resolve(&image, context.version, &request);
    let begun = shard.sessions.borrow_mut().begin(
        request.session_id,
        request.session_epoch,
        context.version >= 13,
        resolved.wanted,
        &resolved.forgotten,
        shard.session_id(),
        rt::now(),
    );
    let fetch = match begun {
        Ok(fetch) => fetch,
        Err(code) => {
            return context.reply(&FetchResponse { error_code: code.code(), ..Default::default() });
        }
    };
    let isolation =
        if request.isolation_level == 1 { Isolation::ReadCommitted } else { Isolation::ReadUncommitted };
    let max_bytes = (request.max_bytes.max(0) as usize)
        .min(shard.config().fetch.response_bytes_max as usize)
        .min(REPLY_BYTES_MAX);
    let deadline = rt::now().plus_millis(request.max_wait_ms.max(0) as u64);
    let waits = !resolved.refused.iter().any(|(_, _, code)| code.is_error());
    let (done, mut permit) = loop {
        let permit = shard.reply_memory.acquire(max_bytes as u64).await;
        let done = read(&shard, &fetch.partitions, max_bytes, isolation).await;
        let bytes: usize = done.iter().flat_map(|d| &d.records).map(bytes::Bytes::len).sum();
        let failed = done.iter().any(|d| d.error.is_some() || d.diverging.is_some());
        if bytes >= request.min_bytes.max(0) as usize
            || failed
            || !waits
            || rt::now() >= deadline
            || fetch.partitions.is_empty()
        {
            break (done, permit);
        }
        // The reading is done again when there is more, so what was read does not hold memory while it waits; nor does
        // the request: consumers that wait for news would keep those from reading who have some.
        drop(permit);
        let ends = done.iter().map(|d| d.bounds.map_or(Offset::ZERO, |b| b.readable_end(isolation)));
        let ends: Vec<_> = fetch.partitions.iter().map(|wanted| wanted.partition).zip(ends).collect();
        drop(done);
        if !wait(&shard, ends, isolation, deadline).await {
            let permit = shard.reply_memory.acquire(max_bytes as u64).await;
            break (read(&shard, &fetch.partitions, max_bytes, isolation).await, permit);
        }
    };
    let seen: Vec<Seen> = done.iter().map(seen).collect();
    let finished = shard.sessions.borrow_mut().finish(&fetch, &seen);
    let bytes_out: usize = done.iter().flat_map(|d| &d.records).map(bytes::Bytes::len).sum();
    permit.shrink_to(bytes_out as u64);
    shard.metrics.bytes_out.add(bytes_out as u64);

    let mut response = FetchResponse { session_id: finished.session_id, ..Default::default() };
    let mut place: HashMap<TopicId, usize> = HashMap::new();
    for ((wanted, done), include) in fetch.partitions.iter().zip(done).zip(finished.include) {
        if !include {
            continue;
        }
        let topic = wanted.partition.topic;
        let at = *place.entry(topic).or_insert_with(|| {
            let name = image.topic_by_id(topic).map(|known| known.name.to_string()).unwrap_or_default();
            response.responses.push(FetchableTopicResponse {
                topic: Cow::Owned(name),
                topic_id: topic,
                partitions: Vec::new(),
            });
            response.responses.len() - 1
        });
        response.responses[at].partitions.push(answer(wanted.partition.partition, done, isolation));
    }
    for (name, id, code) in resolved.refused {
        response.responses.push(FetchableTopicResponse {
            topic: Cow::Owned(name),
            topic_id: id.topic,
            partitions: vec![PartitionData {
                error_code: code.code(),
                high_watermark: -1,
                records: Records::Shared(Vec::new()),
                ..with_index(id.partition)
            }],
        });
    }
    let chunks = frame::response_chunks(context.key, context.version, context.correlation_id(), &response);
    Ok(Reply::Frame { chunks, permit: Some(permit) })
}

/// A request's partitions by id.
struct Resolved {
    wanted: Vec<Wanted>,
    forgotten: Vec<TopicPartition>,
    /// Those that are not there: name, id, why.
    refused: Vec<(String, TopicPartition, ErrorCode)>,
}

fn resolve(image: &Image, version: i16, request: &FetchRequest<'_>) -> Resolved {
    let mut resolved = Resolved { wanted: Vec::new(), forgotten: Vec::new(), refused: Vec::new() };
    let by_id = version >= 13;
    for topic in &request.topics {
        let known = if by_id { image.topic_by_id(topic.topic_id) } else { image.topic(&topic.topic) };
        for asked in &topic.partitions {
            let number = PartitionId::new(asked.partition);
            let id =
                TopicPartition { topic: known.map_or(topic.topic_id, |known| known.id), partition: number };
            let refusal = match known {
                None if by_id => Some(ErrorCode::UnknownTopicId),
                None => Some(ErrorCode::UnknownTopicOrPartition),
                Some(known) if image.partition(known, number).is_none() => {
                    Some(ErrorCode::UnknownTopicOrPartition)
                }
                Some(_) => None,
            };
            match refusal {
                Some(code) => resolved.refused.push((topic.topic.to_string(), id, code)),
                None => resolved.wanted.push(Wanted {
                    partition: id,
                    offset: Offset::new(asked.fetch_offset),
                    max_bytes: asked.partition_max_bytes,
                    current_epoch: epoch(asked.current_leader_epoch),
                    last_fetched_epoch: epoch(asked.last_fetched_epoch),
                }),
            }
        }
    }
    for topic in &request.forgotten_topics_data {
        let known = if by_id { image.topic_by_id(topic.topic_id) } else { image.topic(&topic.topic) };
        let id = known.map_or(topic.topic_id, |known| known.id);
        resolved.forgotten.extend(
            topic.partitions.iter().map(|n| TopicPartition { topic: id, partition: PartitionId::new(*n) }),
        );
    }
    resolved
}

fn epoch(on_wire: i32) -> Option<LeaderEpoch> {
    (on_wire >= 0).then(|| LeaderEpoch::new(on_wire))
}

/// Reads on every owning shard; results in the order of `wanted`, cut to `max_bytes` in that order.
async fn read(shard: &Rc<Shard>, wanted: &[Wanted], max_bytes: usize, isolation: Isolation) -> Vec<ReadDone> {
    let items = wanted
        .iter()
        .map(|w| ReadItem {
            partition: w.partition,
            offset: w.offset,
            max_bytes: w.max_bytes.max(0) as usize,
            current_epoch: w.current_epoch,
            last_fetched_epoch: w.last_fetched_epoch,
        })
        .collect();
    let split = Scatter::split(items, shard.count, |item: &ReadItem| shard.owner(item.partition));
    let reads = split.parts.into_iter().map(|(to, items)| async move {
        if to == shard.id {
            return shard.read(items, max_bytes, isolation).await;
        }
        match shard.call(to, Request::Read { items, max_bytes, isolation }).await {
            message::Reply::Read(done) => done,
            _ => unreachable!("a read is answered as one"),
        }
    });
    let mut parts = rt::all(reads).await;
    let mut left = max_bytes;
    let mut any = false;
    split
        .order
        .into_iter()
        .map(|(part, at)| {
            let mut done = std::mem::take(&mut parts[part][at]);
            let bytes: usize = done.records.iter().map(bytes::Bytes::len).sum();
            if bytes > left && any {
                done.records.clear();
                done.aborted.clear();
            } else {
                left = left.saturating_sub(bytes);
                any |= bytes > 0;
            }
            done
        })
        .collect()
}

/// Waits until one of the partitions has more, or the deadline; false at the deadline.
async fn wait(
    shard: &Rc<Shard>,
    ends: Vec<(TopicPartition, Offset)>,
    isolation: Isolation,
    deadline: headwater_core::time::Monotonic,
) -> bool {
    let ticket = shard.ticket();
    let moved = Event::new();
    let split = Scatter::split(ends, shard.count, |(id, _)| shard.owner(*id));
    let mut asked = Vec::with_capacity(split.parts.len());
    for (to, seen) in split.parts {
        let told = moved.clone();
        asked.push(to);
        shard.send(to, Request::Watch { seen, isolation, ticket }, move |_| told.notify()).await;
    }
    let left = Duration::from_nanos(deadline.nanos().saturating_sub(rt::now().nanos()));
    let in_time = rt::timeout(left, moved.wait()).await.is_ok();
    for to in asked {
        shard.send(to, Request::Unwatch { ticket }, |_| ()).await;
    }
    in_time
}

fn seen(done: &ReadDone) -> Seen {
    let bounds = done.bounds;
    Seen {
        high_watermark: bounds.map_or(-1, |b| b.high_watermark.get()),
        last_stable: bounds.map_or(-1, |b| b.last_stable.get()),
        log_start: bounds.map_or(-1, |b| b.log_start.get()),
        has_records: !done.records.is_empty(),
        error: done.error.map_or(0, ErrorCode::code),
        diverging: done.diverging.is_some(),
    }
}

fn with_index(partition: PartitionId) -> PartitionData<'static> {
    PartitionData { partition_index: partition.get(), ..Default::default() }
}

fn answer(partition: PartitionId, done: ReadDone, isolation: Isolation) -> PartitionData<'static> {
    let bounds = done.bounds;
    let aborted = done
        .aborted
        .iter()
        .map(|(producer, first)| AbortedTransaction {
            producer_id: producer.get(),
            first_offset: first.get(),
        })
        .collect();
    PartitionData {
        error_code: done.error.map_or(0, ErrorCode::code),
        high_watermark: bounds.map_or(-1, |b| b.high_watermark.get()),
        last_stable_offset: bounds.map_or(-1, |b| b.last_stable.get()),
        log_start_offset: bounds.map_or(-1, |b| b.log_start.get()),
        diverging_epoch: done.diverging.map_or_else(EpochEndOffset::default, |at| EpochEndOffset {
            epoch: at.epoch.get(),
            end_offset: at.end.get(),
        }),
        aborted_transactions: (isolation == Isolation::ReadCommitted).then_some(aborted),
        records: Records::Shared(done.records),
        ..with_index(partition)
    }
}
