//! ShareFetch and ShareAcknowledge (KIP-932): the session says which partitions a member reads, their owners say what
//! of them it gets, and store what it says became of records.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::ids::{GroupId, MemberId, Offset, PartitionId, ShardId, TopicId, TopicPartition};
use headwater_core::share::{Acknowledgement, CLOSE, OPEN, SessionKey, Verdict};
use headwater_core::time::Monotonic;
use headwater_core::wire::Records;
use headwater_core::wire::frame;
use headwater_core::wire::messages::share_acknowledge_request::ShareAcknowledgeRequest;
use headwater_core::wire::messages::share_acknowledge_response as acknowledge_response;
use headwater_core::wire::messages::share_fetch_request::ShareFetchRequest;
use headwater_core::wire::messages::share_fetch_response as fetch_response;
use headwater_replication::metadata::Image;

use super::{Context, Refused};
use crate::conn::connection::Connection;
use crate::conn::replies::{Chunk, Reply};
use crate::rt::{self, Event, Permit};
use crate::shard::Shard;
use crate::shard::message::{self, Request};
use crate::shard::share_fetch::{ShareFetch, ShareFetched, ShareWait};
use crate::shard::share_sessions::SessionCall;
use crate::shard::shares::{ShareReply, ShareRequest};

/// The most that one reply carries, whatever client and broker allow.
const REPLY_BYTES_MAX: usize = 8 << 20;
/// How long one wait on other shards is: those that are left behind when one of them has something end by themselves.
const WAIT_MS_MAX: u64 = 1000;
/// How long between two looks whether there is enough by now.
const MORE_MS: u64 = 50;
/// The longest id of a member: its state is bounded, and a UUID fits.
const MEMBER_BYTES_MAX: usize = 1024;

/// ShareAcquireMode of no record beyond the bound.
const ACQUIRE_STRICTLY: i8 = 1;

/// Which acknowledgements came, by partition, and what became of them.
type Acknowledged = BTreeMap<TopicPartition, Result<(), ErrorCode>>;
/// What a member says, by partition.
type Said = Vec<(TopicPartition, Vec<Acknowledgement>)>;

/// Who asks.
fn session(group: Option<&str>, member: Option<&str>) -> Result<SessionKey, ErrorCode> {
    match (group, member) {
        (Some(group), Some(member))
            if !group.is_empty() && !member.is_empty() && member.len() <= MEMBER_BYTES_MAX =>
        {
            Ok(SessionKey { group: GroupId::new(group), member: MemberId::new(member) })
        }
        _ => Err(ErrorCode::InvalidRequest),
    }
}

/// The number that share sessions know a connection by.
fn number(connection: &Connection) -> u64 {
    let number = connection.share_number.get().unwrap_or_else(|| connection.shard.connection_number());
    connection.share_number.set(Some(number));
    number
}

/// A connection has ended, and the sessions that were opened on it.
pub fn disconnected(connection: &Rc<Connection>) {
    let Some(number) = connection.share_number.get() else { return };
    let shard = connection.shard.clone();
    rt::spawn(async move {
        shard.call_all(|| Request::Share(ShareRequest::Disconnected(number))).await;
    })
    .detach();
}

/// Gives a member records, and takes what it says of those it had.
pub async fn fetch(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: ShareFetchRequest<'_> = context.decode(&body)?;
    let shard = context.shard().clone();
    let image = context.image();
    let refused = |code: ErrorCode| fetch_response::ShareFetchResponse {
        error_code: code.code(),
        ..Default::default()
    };
    let key = match session(request.group_id.as_deref(), request.member_id.as_deref()) {
        Ok(key) => key,
        Err(code) => return context.reply(&refused(code)),
    };
    let config = shard.share_config(&key.group);
    let epoch = request.share_session_epoch;
    let renews = request.is_renew_ack && config.renew;
    let mut answers = Answers::default();
    let mut wanted = Vec::new();
    let mut said = Said::new();
    for topic in &request.topics {
        for asked in &topic.partitions {
            let partition =
                TopicPartition { topic: topic.topic_id, partition: PartitionId::new(asked.partition_index) };
            if let Err(code) = known(&image, partition) {
                answers.of(partition).fetched.error = Some(code);
                continue;
            }
            wanted.push(partition);
            let batches = asked.acknowledgement_batches.iter();
            let batches = batches.map(|b| (b.first_offset, b.last_offset, &b.acknowledge_types[..]));
            take_said(partition, batches, renews, &mut said, &mut answers.acknowledged);
        }
    }
    let says = !said.is_empty() || !answers.acknowledged.is_empty();
    let forgotten: Vec<TopicPartition> = request
        .forgotten_topics_data
        .iter()
        .flat_map(|topic| topic.partitions.iter().map(|n| (topic.topic_id, PartitionId::new(*n))))
        .map(|(topic, partition)| TopicPartition { topic, partition })
        .collect();
    // Who has nothing can have nothing to say.
    if epoch == OPEN && says {
        return context.reply(&refused(ErrorCode::InvalidRequest));
    }
    let closes = epoch == CLOSE;
    let call = if closes {
        SessionCall::Close
    } else {
        let connection = number(&context.connection);
        SessionCall::Fetch { epoch, connection, wanted: wanted.clone(), forgotten: forgotten.clone() }
    };
    let partitions = match shard.share_session(&key, call).await {
        Ok(partitions) => partitions,
        Err(code) => return context.reply(&refused(code)),
    };
    if epoch == OPEN {
        for partition in &wanted {
            answers.of(*partition);
        }
    }
    let released: Vec<TopicPartition> = if closes { partitions.clone() } else { forgotten };
    acknowledge_all(&shard, &key, said, &mut answers.acknowledged).await;
    if !released.is_empty() && closes {
        shard.release_shares(&key, released).await;
    }
    let mut permit = None;
    if !closes && !request.is_renew_ack && request.max_records > 0 && request.max_bytes > 0 {
        let max_bytes = (request.max_bytes.max(0) as usize)
            .min(shard.config().fetch.response_bytes_max as usize)
            .min(REPLY_BYTES_MAX);
        let bound = Bound {
            max_bytes,
            min_bytes: (request.min_bytes.max(0) as usize).min(max_bytes),
            max_records: request.max_records.max(0) as usize,
            batch_size: request.batch_size.max(1) as usize,
            strict: request.share_acquire_mode == ACQUIRE_STRICTLY,
            deadline: rt::now().plus_millis(request.max_wait_ms.max(0) as u64),
        };
        let has_error = answers.by_partition.values().any(|answer| answer.fetched.error.is_some());
        let (fetched, held) = gather(&context, &key, &partitions, bound, !has_error).await?;
        for (partition, fetched) in fetched {
            if fetched.error.is_some() || !fetched.acquired.is_empty() {
                answers.of(partition).fetched = fetched;
            }
        }
        permit = Some(held);
    }
    let bytes_out: usize = answers.by_partition.values().map(|answer| answer.fetched.bytes()).sum();
    shard.metrics.bytes_out.add(bytes_out as u64);
    let response = answers.response(config.lock_ms);
    let chunks = frame::response_chunks(context.key, context.version, context.correlation_id(), &response);
    let chunks = chunks.into_iter().map(Chunk::Memory).collect();
    Ok(Reply::Frame { chunks, permit })
}

/// Whether there is such a partition.
fn known(image: &Image, partition: TopicPartition) -> Result<(), ErrorCode> {
    let topic = image.topic_by_id(partition.topic).ok_or(ErrorCode::UnknownTopicId)?;
    image.partition(topic, partition.partition).map(|_| ()).ok_or(ErrorCode::UnknownTopicOrPartition)
}

/// What is answered of a partition.
#[derive(Default)]
struct Answer {
    fetched: ShareFetched,
}

/// What is answered.
#[derive(Default)]
struct Answers {
    by_partition: BTreeMap<TopicPartition, Answer>,
    acknowledged: Acknowledged,
}

impl Answers {
    fn of(&mut self, partition: TopicPartition) -> &mut Answer {
        self.by_partition.entry(partition).or_default()
    }

    fn response(mut self, lock_ms: u64) -> fetch_response::ShareFetchResponse<'static> {
        let acknowledged = std::mem::take(&mut self.acknowledged);
        for partition in acknowledged.keys() {
            self.of(*partition);
        }
        let mut topics: BTreeMap<TopicId, Vec<fetch_response::PartitionData<'static>>> = BTreeMap::new();
        for (partition, Answer { fetched }) in self.by_partition {
            let said = acknowledged.get(&partition).copied().unwrap_or(Ok(()));
            let acquired = fetched.acquired.iter().map(|one| fetch_response::AcquiredRecords {
                first_offset: one.first.get(),
                last_offset: one.last.get(),
                delivery_count: i16::try_from(one.deliveries).unwrap_or(i16::MAX),
            });
            topics.entry(partition.topic).or_default().push(fetch_response::PartitionData {
                partition_index: partition.partition.get(),
                error_code: fetched.error.map_or(0, ErrorCode::code),
                acknowledge_error_code: said.err().map_or(0, ErrorCode::code),
                acknowledge_error_message: message(said),
                acquired_records: acquired.collect(),
                records: Records::Shared(fetched.records),
                ..Default::default()
            });
        }
        let responses = topics.into_iter().map(|(topic_id, partitions)| {
            fetch_response::ShareFetchableTopicResponse { topic_id, partitions }
        });
        fetch_response::ShareFetchResponse {
            acquisition_lock_timeout_ms: i32::try_from(lock_ms).unwrap_or(i32::MAX),
            responses: responses.collect(),
            ..Default::default()
        }
    }
}

/// Checks what is said of a partition; what can't be is refused, whole.
fn take_said<'a>(
    partition: TopicPartition,
    batches: impl Iterator<Item = (i64, i64, &'a [i8])>,
    renews: bool,
    said: &mut Said,
    acknowledged: &mut Acknowledged,
) {
    let mut all = Vec::new();
    let mut next = 0;
    for (first, last, types) in batches {
        let verdicts: Option<Vec<Verdict>> = types
            .iter()
            .map(|code| Verdict::from_code(*code).filter(|verdict| *verdict != Verdict::Renew || renews))
            .collect();
        let count =
            last.checked_sub(first).and_then(|n| n.checked_add(1)).and_then(|n| usize::try_from(n).ok());
        let fits = |verdicts: &Vec<Verdict>| {
            first >= next && count.is_some_and(|n| n > 0 && (verdicts.len() == 1 || verdicts.len() == n))
        };
        let Some(verdicts) = verdicts.filter(fits) else {
            acknowledged.insert(partition, Err(ErrorCode::InvalidRequest));
            return;
        };
        next = last;
        all.push(Acknowledgement { first: Offset::new(first), last: Offset::new(last), verdicts });
    }
    if !all.is_empty() {
        said.push((partition, all));
    }
}

/// Words for an error, where there is more to say than that the request can't be.
fn message(result: Result<(), ErrorCode>) -> Option<Cow<'static, str>> {
    let code = result.err().filter(|code| *code != ErrorCode::InvalidRequest)?;
    Some(Cow::Borrowed(code.name()))
}

/// Has the owners store what a member says.
async fn acknowledge_all(shard: &Rc<Shard>, key: &SessionKey, said: Said, acknowledged: &mut Acknowledged) {
    let partitions: Vec<TopicPartition> = said.iter().map(|(partition, _)| *partition).collect();
    let results = shard
        .gather(
            said,
            |(partition, _)| *partition,
            |items| {
                let (group, member) = (key.group.clone(), key.member.clone());
                Request::Share(ShareRequest::Acknowledge { group, member, items })
            },
            |reply| match reply {
                message::Reply::Share(ShareReply::Acknowledged(results)) => results,
                _ => unreachable!("acknowledgements are answered as such"),
            },
        )
        .await;
    acknowledged.extend(partitions.into_iter().zip(results));
}

/// How much a member wants, and how long it waits.
#[derive(Clone, Copy)]
struct Bound {
    max_bytes: usize,
    min_bytes: usize,
    max_records: usize,
    batch_size: usize,
    strict: bool,
    deadline: Monotonic,
}

/// Asks the owners, one after the other so that the bounds hold, until there is something or the time is over; with the
/// memory that the records count against.
async fn gather(
    context: &Context,
    key: &SessionKey,
    partitions: &[TopicPartition],
    bound: Bound,
    waits: bool,
) -> Result<(Vec<(TopicPartition, ShareFetched)>, Permit), Refused> {
    let shard = context.shard();
    let mut parts: Vec<(ShardId, Vec<TopicPartition>)> = Vec::new();
    for partition in partitions {
        let owner = shard.owner(*partition);
        match parts.iter_mut().find(|(to, _)| *to == owner) {
            Some((_, part)) => part.push(*partition),
            None => parts.push((owner, vec![*partition])),
        }
    }
    loop {
        let is_over = !waits || rt::now() >= bound.deadline || shard.stopping.get() || partitions.is_empty();
        let mut permit = context.reply_memory(bound.max_bytes).await?;
        let (mut bytes, mut records) = (bound.max_bytes, bound.max_records);
        let mut fetched = Vec::with_capacity(partitions.len());
        for (to, part) in &parts {
            if records == 0 || bytes == 0 {
                break;
            }
            let request = ShareFetch {
                group: key.group.clone(),
                member: key.member.clone(),
                partitions: part.clone(),
                max_bytes: bytes,
                min_bytes: if is_over { 0 } else { bound.min_bytes },
                max_records: records,
                strict: bound.strict,
                batch_size: bound.batch_size,
            };
            match shard.call(*to, Request::Share(ShareRequest::Fetch(request))).await {
                message::Reply::Share(ShareReply::Fetched(done)) => {
                    bytes = bytes.saturating_sub(done.iter().map(ShareFetched::bytes).sum());
                    records = records.saturating_sub(done.iter().map(ShareFetched::count).sum());
                    fetched.extend(part.iter().copied().zip(done));
                }
                _ => unreachable!("a share fetch is answered as one"),
            }
        }
        permit.shrink_to((bound.max_bytes - bytes) as u64);
        let is_found = fetched.iter().any(|(_, one)| one.error.is_some() || !one.acquired.is_empty());
        if is_found || is_over {
            return Ok((fetched, permit));
        }
        drop(permit);
        wait(shard, key, &parts, bound).await;
    }
}

/// Waits until one of the shards may have something, or for a while.
async fn wait(shard: &Rc<Shard>, key: &SessionKey, parts: &[(ShardId, Vec<TopicPartition>)], bound: Bound) {
    let more = bound.min_bytes > 1;
    let patience = if more { MORE_MS } else { WAIT_MS_MAX };
    let deadline = bound.deadline.min(rt::now().plus_millis(patience));
    let came = Event::new();
    for (to, part) in parts {
        let (group, partitions) = (key.group.clone(), part.clone());
        let request = Request::Share(ShareRequest::Wait(ShareWait { group, partitions, deadline, more }));
        let came = came.clone();
        shard.send(*to, request, move |_| came.notify()).await;
    }
    came.wait().await;
}

/// Takes what a member says of records that it had.
pub async fn acknowledge(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: ShareAcknowledgeRequest<'_> = context.decode(&body)?;
    let shard = context.shard().clone();
    let image = context.image();
    let refused = |code: ErrorCode| acknowledge_response::ShareAcknowledgeResponse {
        error_code: code.code(),
        ..Default::default()
    };
    let key = match session(request.group_id.as_deref(), request.member_id.as_deref()) {
        Ok(key) => key,
        Err(code) => return context.reply(&refused(code)),
    };
    let config = shard.share_config(&key.group);
    let epoch = request.share_session_epoch;
    let call = if epoch == CLOSE { SessionCall::Close } else { SessionCall::Acknowledge(epoch) };
    let released = match shard.share_session(&key, call).await {
        Ok(released) => released,
        Err(code) => return context.reply(&refused(code)),
    };
    let mut said = Said::new();
    let mut acknowledged = Acknowledged::new();
    for topic in &request.topics {
        for asked in &topic.partitions {
            let partition =
                TopicPartition { topic: topic.topic_id, partition: PartitionId::new(asked.partition_index) };
            if let Err(code) = known(&image, partition) {
                acknowledged.insert(partition, Err(code));
                continue;
            }
            acknowledged.insert(partition, Ok(()));
            let batches = asked.acknowledgement_batches.iter();
            let batches = batches.map(|b| (b.first_offset, b.last_offset, &b.acknowledge_types[..]));
            let renews = request.is_renew_ack && config.renew;
            take_said(partition, batches, renews, &mut said, &mut acknowledged);
        }
    }
    acknowledge_all(&shard, &key, said, &mut acknowledged).await;
    if !released.is_empty() {
        shard.release_shares(&key, released).await;
    }
    let mut topics: BTreeMap<TopicId, Vec<acknowledge_response::PartitionData<'static>>> = BTreeMap::new();
    for (partition, result) in acknowledged {
        topics.entry(partition.topic).or_default().push(acknowledge_response::PartitionData {
            partition_index: partition.partition.get(),
            error_code: result.err().map_or(0, ErrorCode::code),
            error_message: message(result),
            ..Default::default()
        });
    }
    let responses = topics.into_iter().map(|(topic_id, partitions)| {
        acknowledge_response::ShareAcknowledgeTopicResponse { topic_id, partitions }
    });
    context.reply(&acknowledge_response::ShareAcknowledgeResponse {
        acquisition_lock_timeout_ms: i32::try_from(config.lock_ms).unwrap_or(i32::MAX),
        responses: responses.collect(),
        ..Default::default()
    })
}
