//! Fetch: the session says what to read, the owning shards read it, and if that is too little the request waits for the
//! first of them that has more.
//!
//! Records leave as the very slices that the logs hold, or as stretches of sealed segments' files.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::ids::{LeaderEpoch, Offset, PartitionId, ShardId, TopicId, TopicPartition};
use headwater_core::session::{Seen, Wanted};
use headwater_core::time::Monotonic;
use headwater_core::wire::fetch::{
    AbortedTransaction, EpochEndOffset, FetchRequest, FetchResponse, FetchableTopicResponse,
    LeaderIdAndEpoch, NodeEndpoint, PartitionData,
};
use headwater_core::wire::frame;
use headwater_core::wire::{Part, Records};
use headwater_replication::metadata::Image;
use headwater_replication::partition::Isolation;
use headwater_storage::sealed::SealedRange;

use super::{Context, Refused, throttle};
use crate::conn::replies::{Chunk, Reply};
use crate::rt::{self, Event, Permit};
use crate::shard::message::{self, ReadDone, ReadItem, Request};
use crate::shard::read::Tail;
use crate::shard::{Scatter, Shard};

/// The most that one reply carries, whatever client and broker allow: larger ones only make others wait.
const REPLY_BYTES_MAX: usize = 8 << 20;

/// From this version on a client that asks the wrong leader is told the right one.
const LEADERS_FROM: i16 = 16;

/// Answers a fetch.
pub async fn handle(mut context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: FetchRequest<'_> = context.decode(&body)?;
    let shard = context.shard().clone();
    let image = context.image();
    let resolved = resolve(&image, context.version, &request);
    let begun = shard.sessions.borrow_mut().begin(
        request.session_id,
        request.session_epoch,
        by_id(context.version),
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
    if !resolved.refused.is_empty() {
        // The client believes that what it named is in the session, and would not name it again when it is there. Without a
        // session it names everything each time, and hears each time what is wrong.
        shard.sessions.borrow_mut().end(&fetch);
    }
    let isolation =
        if request.isolation_level == 1 { Isolation::ReadCommitted } else { Isolation::ReadUncommitted };
    let max_bytes = (request.max_bytes.max(0) as usize)
        .min(shard.config().fetch.response_bytes_max as usize)
        .min(throttle::fetchable(&context))
        .min(REPLY_BYTES_MAX);
    // Nobody listens to a connection while a request of it waits; a client that went away is not to be waited for longer
    // than one that says nothing.
    let wait = (request.max_wait_ms.max(0) as u64).min(shard.config().net.idle_ms.unwrap_or(u64::MAX));
    let deadline = rt::now().plus_millis(wait);
    let waits = !fetch.partitions.is_empty() && !resolved.refused.iter().any(|(_, _, code)| code.is_error());
    let bound = Bound { max_bytes, min_bytes: (request.min_bytes.max(0) as usize).min(max_bytes), isolation };
    drop(request);
    context.let_go(body);
    let from_memory = tail(&shard, &fetch.partitions, bound, waits.then_some(deadline)).await;
    let (done, mut permit) = match from_memory.and_then(|done| {
        // Memory of the logs, which they count; a reply that is slow to leave keeps it longer than they would.
        let permit = shard.reply_memory.try_acquire(done.iter().map(ReadDone::bytes).sum::<usize>() as u64)?;
        Some((done, permit))
    }) {
        Some(read) => read,
        None => read_enough(&context, &fetch.partitions, bound, waits.then_some(deadline)).await?,
    };
    if !throttle::fetched(&context, done.iter().map(ReadDone::bytes).sum()).await {
        let session_id = shard.sessions.borrow_mut().put_off(&fetch);
        return context.reply(&FetchResponse { session_id, ..Default::default() });
    }
    let seen: Vec<Seen> = done.iter().map(seen).collect();
    let finished = shard.sessions.borrow_mut().finish(&fetch, &seen);
    let bytes_out: usize = done.iter().map(ReadDone::bytes).sum();
    permit.shrink_to(done.iter().map(ReadDone::memory_bytes).sum::<usize>() as u64);
    shard.metrics.bytes_out.add(bytes_out as u64);

    let mut response = FetchResponse { session_id: finished.session_id, ..Default::default() };
    let mut place: HashMap<TopicId, usize> = HashMap::new();
    // What is sent from files, by topic, as the response has them.
    let mut ranges: Vec<Vec<SealedRange>> = Vec::new();
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
            ranges.push(Vec::new());
            response.responses.len() - 1
        });
        ranges[at].extend(done.sealed.clone());
        response.responses[at].partitions.push(answer(wanted.partition.partition, done, isolation));
    }
    for (name, id, code) in resolved.refused {
        let partition = PartitionData {
            error_code: code.code(),
            high_watermark: -1,
            records: Records::Shared(Vec::new()),
            ..with_index(id.partition)
        };
        // An unknown topic that goes by its name has no id to be found again by.
        let same =
            |topic: &&mut FetchableTopicResponse<'_>| topic.topic_id == id.topic && topic.topic == name;
        let same = response.responses.iter_mut().find(same);
        match same {
            Some(topic) => topic.partitions.push(partition),
            None => response.responses.push(FetchableTopicResponse {
                topic: Cow::Owned(name),
                topic_id: id.topic,
                partitions: vec![partition],
            }),
        }
    }
    if context.version >= LEADERS_FROM {
        tell_leaders(&image, &mut response);
    }
    let parts = frame::response_parts(context.key, context.version, context.correlation_id(), &response);
    let mut ranges = ranges.into_iter().flatten();
    let chunk = |part| match part {
        Part::Bytes(bytes) => Chunk::Memory(bytes),
        Part::Apart(len) => {
            let range = ranges.next().expect("each place in the frame is that of a range");
            assert_eq!(range.len(), len, "ranges are in the order of the frame");
            Chunk::Sealed(range)
        }
    };
    let chunks = parts.into_iter().map(chunk).collect();
    Ok(Reply::Frame { chunks, permit: Some(permit) })
}

/// Tells of each partition whose leader is another than the client believes, or another of its epochs, who it is, so that the
/// client need not ask (KIP-951, behaviour 46).
fn tell_leaders(image: &Image, response: &mut FetchResponse<'_>) {
    let mut leaders = BTreeSet::new();
    for topic in &mut response.responses {
        let Some(known) = image.topic_by_id(topic.topic_id) else { continue };
        for data in &mut topic.partitions {
            let astray = [ErrorCode::NotLeaderOrFollower, ErrorCode::FencedLeaderEpoch].map(ErrorCode::code);
            if !astray.contains(&data.error_code) {
                continue;
            }
            let Some(partition) = image.partition(known, PartitionId::new(data.partition_index)) else {
                continue;
            };
            let Some(leader) = partition.leader else { continue };
            data.current_leader =
                LeaderIdAndEpoch { leader_id: leader.get(), leader_epoch: partition.leader_epoch.get() };
            leaders.insert(leader);
        }
    }
    let endpoints = image.brokers().filter(|broker| leaders.contains(&broker.node)).filter_map(|broker| {
        let endpoint = broker.endpoints.first()?;
        Some(NodeEndpoint {
            node_id: broker.node.get(),
            host: Cow::Owned(endpoint.host.clone()),
            port: i32::from(endpoint.port),
            rack: broker.rack.clone().map(Cow::Owned),
        })
    });
    response.node_endpoints = endpoints.collect();
}

/// Whether topics go by id (KIP-516).
fn by_id(version: i16) -> bool {
    version >= 13
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
    let by_id = by_id(version);
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

/// How much a fetch may and wants to bring, and of what.
#[derive(Clone, Copy)]
struct Bound {
    max_bytes: usize,
    min_bytes: usize,
    isolation: Isolation,
}

fn scatter(shard: &Shard, wanted: &[Wanted]) -> Scatter<ReadItem> {
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
    Scatter::split(items, shard.count, |item: &ReadItem| shard.owner(item.partition))
}

/// Reads, from the disk where needed, and with a deadline waits until there is enough. Nothing that was read is kept while
/// it waits: many such readers would hold all the memory for replies.
async fn read_enough(
    context: &Context,
    wanted: &[Wanted],
    bound: Bound,
    deadline: Option<Monotonic>,
) -> Result<(Vec<ReadDone>, Permit), Refused> {
    let shard = context.shard();
    let permit = context.reply_memory(bound.max_bytes).await?;
    let done = read(shard, wanted, bound).await;
    let found = done.iter().map(ReadDone::bytes).sum::<usize>();
    if deadline.is_none() || found >= bound.min_bytes || done.iter().any(ReadDone::is_final) {
        return Ok((done, permit));
    }
    let at_end = |(wanted, done): (&Wanted, &ReadDone)| Wanted {
        offset: done.bounds.map_or(wanted.offset, |bounds| bounds.readable_end(bound.isolation)),
        last_fetched_epoch: None,
        ..*wanted
    };
    let ends: Vec<Wanted> = wanted.iter().zip(&done).map(at_end).collect();
    drop((done, permit));
    let missing = Bound { min_bytes: bound.min_bytes - found, ..bound };
    drop(tail(shard, &ends, missing, deadline).await);
    // Whatever it brings: one read need not bring all that is there.
    let permit = context.reply_memory(bound.max_bytes).await?;
    Ok((read(shard, wanted, bound).await, permit))
}

/// Reads on every owning shard, from the disk where needed, and never waits for more.
async fn read(shard: &Rc<Shard>, wanted: &[Wanted], bound: Bound) -> Vec<ReadDone> {
    let Bound { max_bytes, isolation, .. } = bound;
    let split = scatter(shard, wanted);
    let reads = split.parts.into_iter().map(|(to, items)| async move {
        if to == shard.id {
            // Behind what others wait for: a reader that is far behind takes all of a shard that it can get.
            let shard = shard.clone();
            let read = async move { shard.read(items, max_bytes, isolation).await };
            return rt::spawn_background(read).await;
        }
        match shard.call(to, Request::Read { items, max_bytes, isolation }).await {
            message::Reply::Read(done) => done,
            _ => unreachable!("a read is answered as one"),
        }
    });
    in_order(rt::all(reads).await, &split.order, wanted, max_bytes)
}

/// The results in the order of the request, cut to `max_bytes` in that order. Only the first that has records may have more
/// than was asked of it (behaviour 40): each shard had a first of its own.
fn in_order(
    mut parts: Vec<Vec<ReadDone>>,
    order: &[(usize, usize)],
    wanted: &[Wanted],
    max_bytes: usize,
) -> Vec<ReadDone> {
    let mut left = max_bytes;
    let mut any = false;
    order
        .iter()
        .zip(wanted)
        .map(|((part, at), wanted)| {
            let mut done = std::mem::take(&mut parts[*part][*at]);
            let bytes = done.bytes();
            if any && bytes > left.min(wanted.max_bytes.max(0) as usize) {
                done.records.clear();
                done.sealed = None;
                done.aborted.clear();
            } else {
                left = left.saturating_sub(bytes);
                any |= bytes > 0;
            }
            done
        })
        .collect()
}

/// Reads from the memory of every owning shard. With a deadline it waits there until there is enough, which costs one
/// message to each and one back, and one more to those that have nothing when another has. `None` when the disk is
/// needed.
async fn tail(
    shard: &Rc<Shard>,
    wanted: &[Wanted],
    bound: Bound,
    deadline: Option<Monotonic>,
) -> Option<Vec<ReadDone>> {
    let split = scatter(shard, wanted);
    // What each shard has found so far, when that was not enough.
    let mut found = vec![0; split.parts.len()];
    loop {
        // A shard is asked for its part of what is missing, beyond what it has.
        let missing = bound.min_bytes.saturating_sub(found.iter().sum());
        let share = missing.div_ceil(found.len().max(1));
        let park = deadline.filter(|deadline| missing > 0 && rt::now() < *deadline);
        let asked = split.parts.iter().zip(&found).map(|((to, items), found)| {
            let Bound { max_bytes, isolation, .. } = bound;
            let min_bytes = (found + share).min(max_bytes);
            (*to, Tail { items: items.clone(), max_bytes, isolation, min_bytes })
        });
        let answers = ask_tails(shard, asked.collect(), park).await;
        let parts: Vec<Vec<ReadDone>> = answers.into_iter().collect::<Option<_>>()?;
        found = parts.iter().map(|part| part.iter().map(ReadDone::bytes).sum()).collect();
        let enough =
            found.iter().sum::<usize>() >= bound.min_bytes || parts.iter().flatten().any(ReadDone::is_final);
        if enough || park.is_none_or(|deadline| rt::now() >= deadline) || shard.stopping.get() {
            return Some(in_order(parts, &split.order, wanted, bound.max_bytes));
        }
    }
}

/// Asks each shard; when one has an answer worth leaving with, or at the deadline, the others answer with what they have.
async fn ask_tails(
    shard: &Rc<Shard>,
    asked: Vec<(ShardId, Tail)>,
    park: Option<Monotonic>,
) -> Vec<Option<Vec<ReadDone>>> {
    /// The answers as they come in.
    struct Answers {
        parts: RefCell<Vec<Option<Option<Vec<ReadDone>>>>>,
        left: Cell<usize>,
        came: Event,
    }
    let ticket = shard.ticket();
    let count = asked.len();
    let answers = Rc::new(Answers {
        parts: RefCell::new((0..count).map(|_| None).collect()),
        left: Cell::new(count),
        came: Event::new(),
    });
    let mut shards = Vec::with_capacity(count);
    for (part, (to, tail)) in asked.into_iter().enumerate() {
        shards.push(to);
        let told = answers.clone();
        // An answer that is there already makes waiting needless.
        let park = park.is_some() && answers.left.get() == count;
        let then = move |reply| {
            let message::Reply::Tail(found) = reply else { unreachable!("a tail is answered as one") };
            told.parts.borrow_mut()[part] = Some(found);
            told.left.set(told.left.get() - 1);
            told.came.notify();
        };
        shard.send(to, Request::Tail { tail, park, ticket }, then).await;
    }
    if let Some(deadline) = park
        && answers.left.get() == count
    {
        let _ = rt::deadline(deadline, answers.came.wait()).await;
    }
    if park.is_some() {
        for (part, to) in shards.into_iter().enumerate() {
            if answers.parts.borrow()[part].is_none() {
                shard.end_tail_on(to, ticket).await;
            }
        }
    }
    while answers.left.get() > 0 {
        answers.came.wait().await;
    }
    let parts = answers.parts.take();
    parts.into_iter().map(|part| part.expect("all have answered")).collect()
}

fn seen(done: &ReadDone) -> Seen {
    let bounds = done.bounds;
    Seen {
        high_watermark: bounds.map_or(-1, |b| b.high_watermark.get()),
        last_stable: bounds.map_or(-1, |b| b.last_stable.get()),
        log_start: bounds.map_or(-1, |b| b.log_start.get()),
        has_records: done.bytes() > 0,
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
        records: match done.sealed {
            Some(range) => Records::Apart(range.len()),
            None => Records::Shared(done.records),
        },
        ..with_index(partition)
    }
}
