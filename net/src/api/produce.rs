//! Produce: checks on the connection's shard, so that checksums cost the core that read them; appends on the owners.
//!
//! The batches are cut out of the request's own buffer and travel on as they came: nothing is copied here, but for batches
//! that are a small part of their request.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::config::{Compression, TimestampType, TopicConfig};
use headwater_core::ids::{PartitionId, TopicId, TopicPartition, TransactionalId};
use headwater_core::log_transactions::Guard;
use headwater_core::record::compress::Codec;
use headwater_core::record::header::BatchHeader;
use headwater_core::record::validate::{Accepted, Rules, validate};
use headwater_core::time::Monotonic;
use headwater_core::transaction::Place;
use headwater_core::wire::produce::{
    BatchIndexAndErrorMessage, PartitionProduceResponse, ProduceRequest, ProduceResponse,
    TopicProduceResponse,
};
use headwater_core::wire::{Decode, Reader};
use headwater_replication::metadata::{Image, Topic, is_internal};
use headwater_storage::log::COPY_BELOW_BYTES;

use super::enlist::{self, Writer};
use super::{Context, Next, Refused, throttle};
use crate::conn::replies::{Reply, Slot};
use crate::rt::{self, Permit};
use crate::shard::Scatter;
use crate::shard::message::{self, ProduceItem, Request, StandingItem};

/// A batch that is a smaller part of its request than this one is copied out of it, unless it is so small that the log does
/// that. A request of one topic's few partitions is cut without a copy, and a shard's cache never holds more than so many
/// times what it counts.
const SHARE_MAX: usize = 8;

/// Begins a produce request; its reply goes into the ring when everything it appended is committed. Returns when the
/// appends are on their way, so that the connection's next produce request comes behind them.
///
/// `throttle_ms` is for how long the client is throttled, as its answer says.
pub async fn begin(context: Context, mut body: BytesMut, permit: Option<Permit>, throttle_ms: u64) -> Next {
    let began = rt::now();
    let connection = context.connection.clone();
    let slot = connection.reserve();
    let checked = match ProduceRequest::decode(&mut Reader::new(&body), context.version) {
        Ok(request) => check(&context, &body, &request),
        Err(error) => {
            tracing::debug!(peer = %connection.peer, %error, "produce request does not decode");
            connection.fill(slot, Reply::Close);
            return Next::Close;
        }
    };
    let Checked { mut topics, mut cuts, acks, transactional_id } = checked;
    if cuts.iter().any(|cut| cut.header.is_transactional()) {
        cuts = admit(&context, transactional_id, cuts, &mut topics).await;
    }
    let mut places = Vec::with_capacity(cuts.len());
    let mut items = Vec::with_capacity(cuts.len());
    let whole = body.len();
    let mut at = 0;
    for Cut { partition, header, place, batch, guard } in cuts {
        let batch = match batch {
            Batch::InPlace { start, len } => {
                // What lies between the batches (names, lengths) is thrown away as the cutting goes on.
                let _ = body.split_to(start - at);
                at = start + len;
                let batch = body.split_to(len);
                // In the cache of its shard it would keep the whole request in memory, for as long as that cache is deep.
                let small_part = len < whole / SHARE_MAX && len >= COPY_BELOW_BYTES;
                if small_part { BytesMut::from(&batch[..]) } else { batch }
            }
            Batch::Rewritten(bytes) => bytes,
        };
        context.shard().metrics.batches_in.add(1);
        context.shard().metrics.bytes_in.add(batch.len() as u64);
        places.push(place);
        items.push(ProduceItem { partition, batch, header, guard });
    }
    let shard = context.shard().clone();
    let split = Scatter::split(items, shard.count, |item| shard.owner(item.partition));
    let gather = Rc::new(Gather {
        left: Cell::new(split.parts.len() + 1),
        parts: RefCell::new(split.parts.iter().map(|_| Vec::new()).collect()),
        finish: RefCell::new(Some(Finish {
            context,
            slot,
            topics,
            places,
            order: split.order,
            acks,
            throttle_ms,
            permit,
            began,
        })),
    });
    for (part, (to, items)) in split.parts.into_iter().enumerate() {
        let gather = gather.clone();
        shard
            .send(to, Request::Produce { items, wait: acks != 0 }, move |reply| {
                let message::Reply::Produce(results) = reply else {
                    unreachable!("produce is answered as produce")
                };
                gather.parts.borrow_mut()[part] = results;
                gather.one_done();
            })
            .await;
    }
    gather.one_done();
    Next::Read
}

/// Never runs: the table's row is there for the versions, and `begin` takes produce requests before it.
pub async fn handle(_: Context, _: BytesMut) -> Result<Reply, Refused> {
    unreachable!("produce requests are begun")
}

/// The results of the owning shards as they come in.
struct Gather {
    /// Parts without a result, and one for the sender, so that it does not finish before all are sent.
    left: Cell<usize>,
    parts: RefCell<Vec<Vec<Result<message::ProduceDone, ErrorCode>>>>,
    finish: RefCell<Option<Finish>>,
}

struct Finish {
    context: Context,
    slot: Slot,
    topics: Vec<TopicProduceResponse<'static>>,
    places: Vec<(usize, usize)>,
    order: Vec<(usize, usize)>,
    acks: i16,
    throttle_ms: u64,
    permit: Option<Permit>,
    began: Monotonic,
}

impl Gather {
    fn one_done(&self) {
        self.left.set(self.left.get() - 1);
        if self.left.get() > 0 {
            return;
        }
        let Some(mut finish) = self.finish.borrow_mut().take() else { return };
        let parts = self.parts.borrow();
        let mut failed = finish.topics.iter().flat_map(|t| &t.partition_responses).any(|p| p.error_code != 0);
        for ((t, p), (part, at)) in finish.places.iter().zip(&finish.order) {
            let answer = &mut finish.topics[*t].partition_responses[*p];
            match parts[*part][*at] {
                Ok(done) => {
                    answer.base_offset = done.base.get();
                    answer.log_start_offset = done.log_start.get();
                }
                Err(code) => {
                    failed = true;
                    refuse(answer, code, None);
                }
            }
        }
        drop(finish.permit.take());
        let reply = match (finish.acks, failed) {
            // Behaviour 26: a client that wants no answers learns of an error by the end of its connection.
            (0, true) => Reply::Close,
            (0, false) => Reply::Silent,
            _ => {
                let response = ProduceResponse {
                    responses: finish.topics,
                    throttle_time_ms: throttle::on_wire(finish.throttle_ms),
                    ..Default::default()
                };
                Reply::whole(finish.context.frame(&response))
            }
        };
        let nanos = rt::now().nanos() - finish.began.nanos();
        finish.context.shard().metrics.produce.add(Duration::from_nanos(nanos));
        finish.context.connection.fill(finish.slot, reply);
    }
}

/// A request after its checks: refusals are already in the response.
struct Checked {
    topics: Vec<TopicProduceResponse<'static>>,
    /// In the order of the buffer.
    cuts: Vec<Cut>,
    acks: i16,
    transactional_id: Option<TransactionalId>,
}

/// A batch that passed.
struct Cut {
    partition: TopicPartition,
    header: BatchHeader,
    /// Its answer's place in the response.
    place: (usize, usize),
    batch: Batch,
    /// What allows it to begin a transaction.
    guard: Option<Guard>,
}

enum Batch {
    /// As it came, at this place of the request's body.
    InPlace { start: usize, len: usize },
    /// Rewritten as the topic's settings ask.
    Rewritten(BytesMut),
}

fn refuse(answer: &mut PartitionProduceResponse<'static>, code: ErrorCode, message: Option<String>) {
    answer.error_code = code.code();
    answer.base_offset = -1;
    answer.log_append_time_ms = -1;
    answer.log_start_offset = -1;
    answer.error_message = message.map(Cow::Owned);
}

fn check(context: &Context, body: &[u8], request: &ProduceRequest<'_>) -> Checked {
    let image = context.image();
    let mut checked = Checked {
        topics: Vec::with_capacity(request.topic_data.len()),
        cuts: Vec::new(),
        acks: request.acks,
        transactional_id: request.transactional_id.as_deref().map(TransactionalId::new),
    };
    // Behaviour 26.
    let acks_valid = matches!(request.acks, -1..=1);
    // A topic without partitions is not answered.
    let topics = request.topic_data.iter().filter(|topic| !topic.partition_data.is_empty());
    for (t, topic) in topics.enumerate() {
        let known = find(&image, context.version, &topic.name, topic.topic_id);
        let rules =
            known.as_ref().ok().map(|known| rules(&context.shard().topic_config(known), context.version));
        let mut answers = Vec::with_capacity(topic.partition_data.len());
        for (p, data) in topic.partition_data.iter().enumerate() {
            let mut answer =
                PartitionProduceResponse { index: data.index, log_append_time_ms: -1, ..Default::default() };
            let partition = PartitionId::new(data.index);
            let outcome = match (&known, &rules) {
                _ if !acks_valid => Err(Refusal::code(ErrorCode::InvalidRequiredAcks)),
                (Err(code), _) => Err(Refusal::code(*code)),
                (Ok(known), _) if image.partition(known, partition).is_none() => {
                    Err(Refusal::code(ErrorCode::UnknownTopicOrPartition))
                }
                (Ok(known), Some(rules)) => {
                    batch(body, data.records.slice(), rules).map(|(header, batch)| {
                        if rules.log_append_time {
                            answer.log_append_time_ms = header.max_timestamp;
                        }
                        let partition = TopicPartition { topic: known.id, partition };
                        checked.cuts.push(Cut { partition, header, place: (t, p), batch, guard: None });
                    })
                }
                (Ok(_), None) => Err(Refusal::code(ErrorCode::UnknownServerError)),
            };
            if let Err(refusal) = outcome {
                refuse(&mut answer, refusal.code, refusal.message);
                answer.record_errors = refusal.records;
            }
            answers.push(answer);
        }
        checked.topics.push(TopicProduceResponse {
            name: Cow::Owned(topic.name.to_string()),
            topic_id: topic.topic_id,
            partition_responses: answers,
        });
    }
    if checked.transactional_id.is_none() && checked.cuts.iter().any(|cut| cut.header.is_transactional()) {
        // As Kafka: nobody may write to the transaction of no id, and the request is refused as one.
        checked.cuts.clear();
        for answer in checked.topics.iter_mut().flat_map(|topic| &mut topic.partition_responses) {
            refuse(answer, ErrorCode::TransactionalIdAuthorizationFailed, None);
        }
    }
    // A request that names a partition twice would let one cut overtake the other's place in the buffer.
    in_order(&mut checked.cuts);
    checked
}

fn in_order(cuts: &mut [Cut]) {
    cuts.sort_by_key(|cut| match cut.batch {
        Batch::InPlace { start, .. } => start,
        Batch::Rewritten(_) => 0,
    });
}

/// One producer's batches on their way into partitions.
struct Entering {
    writer: Writer,
    items: Vec<(Place, StandingItem)>,
    cuts: Vec<Cut>,
}

/// Lets transactional batches into their partitions; those that may not go are refused in `topics`.
async fn admit(
    context: &Context,
    id: Option<TransactionalId>,
    cuts: Vec<Cut>,
    topics: &mut [TopicProduceResponse<'static>],
) -> Vec<Cut> {
    let image = context.image();
    let mut admitted = Vec::with_capacity(cuts.len());
    // A client has one producer; a request of several is asked about one by one.
    let mut writers: Vec<Entering> = Vec::new();
    for cut in cuts {
        let header = cut.header;
        let Some(producer) = header.producer_id.filter(|_| header.is_transactional()) else {
            admitted.push(cut);
            continue;
        };
        let topic = image.topic_by_id(cut.partition.topic);
        let (Some(id), Some(topic)) = (&id, topic) else {
            let answer = &mut topics[cut.place.0].partition_responses[cut.place.1];
            refuse(answer, ErrorCode::InvalidProducerIdMapping, None);
            continue;
        };
        let epoch = header.producer_epoch;
        let place = (topic.name.clone(), cut.partition.partition);
        let item = StandingItem { partition: cut.partition, producer, epoch, batch: Some(header) };
        let same =
            writers.iter().position(|one| (one.writer.producer, one.writer.epoch) == (producer, epoch));
        let at = same.unwrap_or_else(|| {
            let writer =
                Writer { id: id.clone(), producer, epoch, adds: context.version >= IMPLICIT_ADDS_FROM };
            writers.push(Entering { writer, items: Vec::new(), cuts: Vec::new() });
            writers.len() - 1
        });
        writers[at].items.push((place, item));
        writers[at].cuts.push(cut);
    }
    for Entering { writer, items, cuts } in writers {
        let outcomes = enlist::admit(context, &writer, items).await;
        for (mut cut, outcome) in cuts.into_iter().zip(outcomes) {
            match outcome {
                Ok(guard) => {
                    cut.guard = guard;
                    admitted.push(cut);
                }
                Err(code) => {
                    let answer = &mut topics[cut.place.0].partition_responses[cut.place.1];
                    refuse(answer, in_produce(code, context.version), None);
                }
            }
        }
    }
    in_order(&mut admitted);
    admitted
}

/// From this version on the client leaves it to the broker to add partitions to its transaction (behaviour 61).
const IMPLICIT_ADDS_FROM: i16 = 12;

/// How a coordinator's refusal is told to a producer, in codes that its version takes as they are meant.
fn in_produce(code: ErrorCode, version: i16) -> ErrorCode {
    match code {
        ErrorCode::TransactionAbortable if version < 11 => ErrorCode::InvalidTxnState,
        ErrorCode::ConcurrentTransactions if version >= IMPLICIT_ADDS_FROM => code,
        // To be tried again, without a look for another leader.
        ErrorCode::ConcurrentTransactions
        | ErrorCode::CoordinatorLoadInProgress
        | ErrorCode::CoordinatorNotAvailable
        | ErrorCode::NotCoordinator => ErrorCode::NotEnoughReplicas,
        ErrorCode::ProducerFenced => ErrorCode::InvalidProducerEpoch,
        code => code,
    }
}

struct Refusal {
    code: ErrorCode,
    message: Option<String>,
    records: Vec<BatchIndexAndErrorMessage<'static>>,
}

impl Refusal {
    fn code(code: ErrorCode) -> Self {
        Self { code, message: None, records: Vec::new() }
    }
}

fn find(image: &Image, version: i16, name: &str, id: TopicId) -> Result<std::sync::Arc<Topic>, ErrorCode> {
    let found = if version >= 13 { image.topic_by_id(id) } else { image.topic(name) };
    match found {
        // Coordinators write them; a client's record there would be read as a group's state.
        Some(topic) if is_internal(topic.name.get()) => Err(ErrorCode::InvalidTopicException),
        Some(topic) => Ok(topic.clone()),
        None if version >= 13 => Err(ErrorCode::UnknownTopicId),
        None => Err(ErrorCode::UnknownTopicOrPartition),
    }
}

fn rules(config: &TopicConfig, version: i16) -> Rules {
    let codec = match config.compression {
        Compression::Producer => None,
        Compression::Uncompressed => Some((Codec::None, None)),
        Compression::Gzip(level) => Some((Codec::Gzip, level.map(|level| level as i32))),
        Compression::Snappy => Some((Codec::Snappy, None)),
        Compression::Lz4(level) => Some((Codec::Lz4, Some(level as i32))),
        Compression::Zstd(level) => Some((Codec::Zstd, Some(level))),
    };
    Rules {
        max_message_bytes: config.max_message_bytes as usize,
        log_append_time: config.timestamp_type == TimestampType::LogAppendTime,
        timestamp_before_max_ms: config.timestamp_before_max_ms,
        timestamp_after_max_ms: config.timestamp_after_max_ms,
        compacted: config.compact,
        codec,
        version,
    }
}

/// Checks one partition's records; the batch stays where it is unless the topic's settings change it.
fn batch(body: &[u8], records: Option<&[u8]>, rules: &Rules) -> Result<(BatchHeader, Batch), Refusal> {
    let records = records.unwrap_or_default();
    match validate(records, rules, rt::wall()) {
        Ok(Accepted::AsIs(header)) => {
            let start = records.as_ptr().addr() - body.as_ptr().addr();
            Ok((header, Batch::InPlace { start, len: records.len() }))
        }
        Ok(Accepted::Rewritten(header, bytes)) => Ok((header, Batch::Rewritten(bytes))),
        Err(refused) => Err(Refusal {
            code: refused.code,
            message: Some(refused.message),
            records: refused
                .records
                .into_iter()
                .map(|(batch_index, why)| BatchIndexAndErrorMessage {
                    batch_index,
                    batch_index_error_message: Some(Cow::Owned(why)),
                })
                .collect(),
        }),
    }
}
