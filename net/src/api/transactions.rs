//! Transactions: AddPartitionsToTxn, AddOffsetsToTxn, EndTxn, TxnOffsetCommit, WriteTxnMarkers, DescribeTransactions,
//! ListTransactions, DescribeProducers, and the transactional half of InitProducerId. The coordinators decide; these
//! translate.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::group::{CommitPartition, CommitTopic, GroupReply, TxnOffsetCommit, partition_for};
use headwater_core::ids::{
    Generation, GroupId, LeaderEpoch, MemberId, Offset, PartitionId, ProducerEpoch, ProducerId, TopicName,
    TopicPartition, TransactionalId,
};
use headwater_core::pattern::Pattern;
use headwater_core::record::control::{EndMarker, Outcome};
use headwater_core::transaction::{
    AddPartitions, EndTransaction, InitProducerId, ListTransactions, Place, State, TransactionReply,
};
use headwater_core::wire::messages::add_offsets_to_txn_request::AddOffsetsToTxnRequest;
use headwater_core::wire::messages::add_offsets_to_txn_response::AddOffsetsToTxnResponse;
use headwater_core::wire::messages::add_partitions_to_txn_request::{
    AddPartitionsToTxnRequest, AddPartitionsToTxnTopic,
};
use headwater_core::wire::messages::add_partitions_to_txn_response::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnResponse, AddPartitionsToTxnResult,
    AddPartitionsToTxnTopicResult,
};
use headwater_core::wire::messages::describe_producers_request::DescribeProducersRequest;
use headwater_core::wire::messages::describe_producers_response::{
    DescribeProducersResponse, PartitionResponse, ProducerState, TopicResponse,
};
use headwater_core::wire::messages::describe_transactions_request::DescribeTransactionsRequest;
use headwater_core::wire::messages::describe_transactions_response::{
    DescribeTransactionsResponse, TopicData, TransactionState,
};
use headwater_core::wire::messages::end_txn_request::EndTxnRequest;
use headwater_core::wire::messages::end_txn_response::EndTxnResponse;
use headwater_core::wire::messages::list_transactions_request::ListTransactionsRequest;
use headwater_core::wire::messages::list_transactions_response::{
    ListTransactionsResponse, TransactionState as ListedState,
};
use headwater_core::wire::messages::txn_offset_commit_request::TxnOffsetCommitRequest;
use headwater_core::wire::messages::txn_offset_commit_response::{
    TxnOffsetCommitResponse, TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use headwater_core::wire::messages::write_txn_markers_request::WriteTxnMarkersRequest;
use headwater_core::wire::messages::write_txn_markers_response::{
    WritableTxnMarkerPartitionResult, WritableTxnMarkerResult, WritableTxnMarkerTopicResult,
    WriteTxnMarkersResponse,
};
use headwater_replication::coordinator::GroupCall;
use headwater_replication::metadata::{CONSUMER_OFFSETS, Image};
use headwater_replication::transactions::TransactionCall;

use super::enlist::{self, Writer};
use super::groups;
use super::{Context, Refused};
use crate::conn::replies::Reply;
use crate::shard::message::{self, Markers, Request, StandingItem};

type Producer = Result<(ProducerId, ProducerEpoch), ErrorCode>;

/// Behaviour 37: clients of before `PRODUCER_FENCED` know another name for it.
fn fenced(code: ErrorCode, context: &Context, known_from: i16) -> ErrorCode {
    match code {
        ErrorCode::ProducerFenced if context.version < known_from => ErrorCode::InvalidProducerEpoch,
        code => code,
    }
}

/// Who the producer of a transactional id is (behaviours 59 and 60).
pub(super) async fn introduce(context: &Context, mut request: InitProducerId) -> Producer {
    loop {
        let id = request.id.clone();
        match enlist::ask(context.shard(), &id, TransactionCall::InitProducerId(request.clone())).await {
            Ok(TransactionReply::Producer(producer)) => {
                return producer.map_err(|code| fenced(code, context, 4));
            }
            Ok(TransactionReply::NeedsProducerId) => {
                request.fresh = Some(context.shard().next_producer_id().await?);
            }
            Ok(_) => unreachable!("an introduction is answered as one"),
            Err(code) => return Err(code),
        }
    }
}

fn outcome(committed: bool) -> Outcome {
    if committed { Outcome::Commit } else { Outcome::Abort }
}

/// Ends a transaction.
pub async fn end(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: EndTxnRequest<'_> = context.decode(&body)?;
    let mut asked = EndTransaction {
        id: TransactionalId::new(&*request.transactional_id),
        producer: ProducerId::new(request.producer_id),
        epoch: ProducerEpoch::new(request.producer_epoch),
        outcome: outcome(request.committed),
        bumps: context.version >= 5,
        fresh: None,
    };
    let result: Producer = loop {
        let id = asked.id.clone();
        match enlist::ask(context.shard(), &id, TransactionCall::EndTransaction(asked.clone())).await {
            Ok(TransactionReply::Producer(producer)) => break producer,
            Ok(TransactionReply::NeedsProducerId) => match context.shard().next_producer_id().await {
                Ok(fresh) => asked.fresh = Some(fresh),
                Err(code) => break Err(code),
            },
            Ok(_) => unreachable!("an end is answered as one"),
            Err(code) => break Err(code),
        }
    };
    context.reply(&match result {
        Ok((id, epoch)) => {
            EndTxnResponse { producer_id: id.get(), producer_epoch: epoch.get(), ..Default::default() }
        }
        Err(code) => EndTxnResponse { error_code: fenced(code, &context, 2).code(), ..Default::default() },
    })
}

/// One transaction of an AddPartitionsToTxn.
struct Addition<'a> {
    id: &'a str,
    producer: i64,
    epoch: i16,
    verify_only: bool,
    topics: &'a [AddPartitionsToTxnTopic<'a>],
}

/// Adds partitions to transactions, or says whether they are part of them. Up to version 3 clients ask, from 4 on brokers.
pub async fn add_partitions(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: AddPartitionsToTxnRequest<'_> = context.decode(&body)?;
    if context.version < 4 {
        let addition = Addition {
            id: &request.v3_and_below_transactional_id,
            producer: request.v3_and_below_producer_id,
            epoch: request.v3_and_below_producer_epoch,
            verify_only: false,
            topics: &request.v3_and_below_topics,
        };
        let results = add(&context, &addition).await;
        return context.reply(&AddPartitionsToTxnResponse {
            results_by_topic_v3_and_below: results,
            ..Default::default()
        });
    }
    let mut results = Vec::with_capacity(request.transactions.len());
    for transaction in &request.transactions {
        let addition = Addition {
            id: &transaction.transactional_id,
            producer: transaction.producer_id,
            epoch: transaction.producer_epoch,
            verify_only: transaction.verify_only,
            topics: &transaction.topics,
        };
        results.push(AddPartitionsToTxnResult {
            transactional_id: transaction.transactional_id.clone(),
            topic_results: add(&context, &addition).await,
        });
    }
    context.reply(&AddPartitionsToTxnResponse { results_by_transaction: results, ..Default::default() })
}

/// All or nothing: beside a partition that does not exist, the others are not attempted.
async fn add(context: &Context, addition: &Addition<'_>) -> Vec<AddPartitionsToTxnTopicResult<'static>> {
    let image = context.image();
    let mut places: Vec<Place> = Vec::new();
    let mut missing = false;
    for topic in addition.topics {
        for number in &topic.partitions {
            missing |= find(&image, &topic.name, *number).is_none();
            places.push((TopicName::new(&*topic.name), PartitionId::new(*number)));
        }
    }
    let codes = if missing {
        places
            .iter()
            .map(|(topic, number)| match find(&image, topic.get(), number.get()) {
                Some(_) => ErrorCode::OperationNotAttempted,
                None => ErrorCode::UnknownTopicOrPartition,
            })
            .collect()
    } else {
        let count = places.len();
        let request = AddPartitions {
            id: TransactionalId::new(addition.id),
            producer: ProducerId::new(addition.producer),
            epoch: ProducerEpoch::new(addition.epoch),
            partitions: places,
            verify_only: addition.verify_only,
            bumps: context.version >= 4,
        };
        enlist::add(context.shard(), request).await.unwrap_or_else(|code| vec![code; count])
    };
    let mut codes = codes.into_iter().map(|code| fenced(code, context, 2));
    let results = addition.topics.iter().map(|topic| AddPartitionsToTxnTopicResult {
        name: Cow::Owned(topic.name.to_string()),
        results_by_partition: topic
            .partitions
            .iter()
            .zip(codes.by_ref())
            .map(|(number, code)| AddPartitionsToTxnPartitionResult {
                partition_index: *number,
                partition_error_code: code.code(),
            })
            .collect(),
    });
    results.collect()
}

fn find(image: &Image, topic: &str, number: i32) -> Option<TopicPartition> {
    let topic = image.topic(topic)?;
    let partition = PartitionId::new(number);
    image.partition(topic, partition)?;
    Some(TopicPartition { topic: topic.id, partition })
}

/// The partition of `__consumer_offsets` that a group's offsets are on; the topic is made on the way.
async fn offsets_place(context: &Context, group: &GroupId) -> Result<(Place, TopicPartition), ErrorCode> {
    groups::make_internal(context, CONSUMER_OFFSETS).await?;
    let image = context.image();
    let topic = image.topic(CONSUMER_OFFSETS).ok_or(ErrorCode::CoordinatorNotAvailable)?;
    let partition = PartitionId::new(partition_for(group, topic.partition_count()));
    Ok(((topic.name.clone(), partition), TopicPartition { topic: topic.id, partition }))
}

/// Makes a group's offsets part of a transaction.
pub async fn add_offsets(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: AddOffsetsToTxnRequest<'_> = context.decode(&body)?;
    let outcome = match offsets_place(&context, &GroupId::new(&*request.group_id)).await {
        Ok((place, _)) => {
            let request = AddPartitions {
                id: TransactionalId::new(&*request.transactional_id),
                producer: ProducerId::new(request.producer_id),
                epoch: ProducerEpoch::new(request.producer_epoch),
                partitions: vec![place],
                verify_only: false,
                bumps: false,
            };
            enlist::add(context.shard(), request).await.map(|codes| codes[0])
        }
        Err(code) => Err(code),
    };
    let code = fenced(outcome.unwrap_or_else(|code| code), &context, 2);
    context.reply(&AddOffsetsToTxnResponse { error_code: code.code(), ..Default::default() })
}

/// Commits offsets that count when the transaction does (behaviour 63).
pub async fn commit_offsets(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: TxnOffsetCommitRequest<'_> = context.decode(&body)?;
    let image = context.image();
    let mut codes: BTreeMap<(usize, i32), ErrorCode> = BTreeMap::new();
    let mut places = Vec::new();
    let mut topics = Vec::new();
    for (at, topic) in request.topics.iter().enumerate() {
        let mut partitions = Vec::new();
        for partition in &topic.partitions {
            if find(&image, &topic.name, partition.partition_index).is_none() {
                codes.insert((at, partition.partition_index), ErrorCode::UnknownTopicOrPartition);
                continue;
            }
            partitions.push(CommitPartition {
                partition: PartitionId::new(partition.partition_index),
                offset: Offset::new(partition.committed_offset),
                leader_epoch: (partition.committed_leader_epoch >= 0)
                    .then(|| LeaderEpoch::new(partition.committed_leader_epoch)),
                metadata: partition.committed_metadata.as_deref().map(Into::into),
            });
        }
        if let Some(known) = image.topic(&topic.name).filter(|_| !partitions.is_empty()) {
            places.push(at);
            topics.push(CommitTopic { topic: known.name.clone(), topic_id: Some(known.id), partitions });
        }
    }
    if !topics.is_empty() {
        let commit = TxnOffsetCommit {
            group: GroupId::new(&*request.group_id),
            producer: ProducerId::new(request.producer_id),
            generation: (request.generation_id >= 0).then(|| Generation::new(request.generation_id)),
            member: (!request.member_id.is_empty()).then(|| MemberId::new(&*request.member_id)),
            instance: groups::instance_id(request.group_instance_id.as_deref()),
            topics: topics.clone(),
        };
        let writer = Writer {
            id: TransactionalId::new(&*request.transactional_id),
            producer: commit.producer,
            epoch: ProducerEpoch::new(request.producer_epoch),
            adds: context.version >= 5,
        };
        match commit_in(&context, &writer, commit).await {
            Ok(results) => {
                for (at, result) in places.iter().zip(results) {
                    codes.extend(result.partitions.into_iter().map(|p| ((*at, p.partition.get()), p.error)));
                }
            }
            Err(code) => {
                let code = match code {
                    // KAFKA-7296: producers of that time could crash on the other one.
                    ErrorCode::CoordinatorLoadInProgress if context.version < 2 => {
                        ErrorCode::CoordinatorNotAvailable
                    }
                    code => code,
                };
                for (at, topic) in places.iter().zip(topics) {
                    codes.extend(topic.partitions.iter().map(|p| ((*at, p.partition.get()), code)));
                }
            }
        }
    }
    let topics = request.topics.iter().enumerate().map(|(at, topic)| TxnOffsetCommitResponseTopic {
        name: topic.name.clone(),
        partitions: topic
            .partitions
            .iter()
            .map(|p| {
                let code = codes.get(&(at, p.partition_index)).copied();
                TxnOffsetCommitResponsePartition {
                    partition_index: p.partition_index,
                    error_code: code.unwrap_or(ErrorCode::UnknownServerError).code(),
                }
            })
            .collect(),
    });
    context.reply(&TxnOffsetCommitResponse { topics: topics.collect(), ..Default::default() })
}

async fn commit_in(
    context: &Context,
    writer: &Writer,
    commit: TxnOffsetCommit,
) -> Result<Vec<headwater_core::group::TopicResult>, ErrorCode> {
    let (place, partition) = offsets_place(context, &commit.group).await?;
    let item = StandingItem { partition, producer: writer.producer, epoch: writer.epoch, batch: None };
    let admitted = enlist::admit(context, writer, vec![(place, item)]).await.remove(0);
    let guard = admitted.map_err(|code| match code {
        // To be tried again, in words that every version of the client takes so.
        ErrorCode::ConcurrentTransactions | ErrorCode::NotLeaderOrFollower => {
            ErrorCode::CoordinatorLoadInProgress
        }
        ErrorCode::TransactionAbortable if context.version < 4 => ErrorCode::InvalidTxnState,
        ErrorCode::ProducerFenced => ErrorCode::InvalidProducerEpoch,
        code => code,
    })?;
    let group = commit.group.clone();
    let call = GroupCall::TxnOffsetCommit { commit, epoch: writer.epoch, guard };
    match groups::ask(context, &group, call).await? {
        GroupReply::TxnOffsetCommit(results) => Ok(results),
        _ => unreachable!("a commit is answered as a commit"),
    }
}

/// Writes markers for whoever says that it coordinates: tools that end a transaction that nobody coordinates any more.
pub async fn write_markers(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: WriteTxnMarkersRequest<'_> = context.decode(&body)?;
    let image = context.image();
    let mut markers = Vec::with_capacity(request.markers.len());
    for asked in &request.markers {
        let found: Vec<Option<TopicPartition>> = asked
            .topics
            .iter()
            .flat_map(|topic| topic.partition_indexes.iter().map(|number| find(&image, &topic.name, *number)))
            .collect();
        let marker = EndMarker {
            outcome: outcome(asked.transaction_result),
            coordinator_epoch: asked.coordinator_epoch,
        };
        let sent = Markers {
            producer: ProducerId::new(asked.producer_id),
            epoch: ProducerEpoch::new(asked.producer_epoch),
            marker,
            partitions: found.iter().flatten().copied().collect(),
        };
        let mut written = context.shard().send_markers(sent).await.into_iter();
        let mut codes = found.iter().map(|partition| match partition {
            Some(_) => written.next().and_then(Result::err).unwrap_or(ErrorCode::None),
            None => ErrorCode::UnknownTopicOrPartition,
        });
        let topics = asked.topics.iter().map(|topic| WritableTxnMarkerTopicResult {
            name: topic.name.clone(),
            partitions: topic
                .partition_indexes
                .iter()
                .zip(codes.by_ref())
                .map(|(number, code)| WritableTxnMarkerPartitionResult {
                    partition_index: *number,
                    error_code: code.code(),
                })
                .collect(),
        });
        let topics = topics.collect();
        markers.push(WritableTxnMarkerResult { producer_id: asked.producer_id, topics });
    }
    context.reply(&WriteTxnMarkersResponse { markers })
}

/// Says what is known of transactional ids.
pub async fn describe(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: DescribeTransactionsRequest<'_> = context.decode(&body)?;
    let mut states = Vec::with_capacity(request.transactional_ids.len());
    for id in &request.transactional_ids {
        states.push(describe_one(&context, id).await.unwrap_or_else(|code| TransactionState {
            transactional_id: id.clone(),
            error_code: code.code(),
            ..Default::default()
        }));
    }
    context.reply(&DescribeTransactionsResponse { transaction_states: states, ..Default::default() })
}

async fn describe_one(context: &Context, name: &str) -> Result<TransactionState<'static>, ErrorCode> {
    if name.is_empty() {
        return Err(ErrorCode::InvalidRequest);
    }
    let id = TransactionalId::new(name);
    let call = TransactionCall::DescribeTransactions(vec![id.clone()]);
    let TransactionReply::Described(described) = enlist::ask(context.shard(), &id, call).await? else {
        unreachable!("a description is answered as one")
    };
    let known = described.into_iter().find_map(|described| described.known);
    let known = known.ok_or(ErrorCode::TransactionalIdNotFound)?;
    let mut topics: Vec<TopicData<'static>> = Vec::new();
    for (topic, partition) in &known.partitions {
        if topics.last().is_none_or(|last| last.topic != topic.get()) {
            topics.push(TopicData { topic: Cow::Owned(topic.to_string()), partitions: Vec::new() });
        }
        topics.last_mut().expect("just pushed").partitions.push(partition.get());
    }
    Ok(TransactionState {
        error_code: 0,
        transactional_id: Cow::Owned(name.to_owned()),
        transaction_state: Cow::Borrowed(known.state.name()),
        transaction_timeout_ms: known.timeout_ms,
        transaction_start_time_ms: known.started.map_or(-1, |at| at.millis()),
        producer_id: known.producer.get(),
        producer_epoch: known.epoch.get(),
        topics,
    })
}

/// Lists transactional ids, of the coordinators of all shards.
pub async fn list(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: ListTransactionsRequest<'_> = context.decode(&body)?;
    let mut response = ListTransactionsResponse::default();
    let mut states = Vec::new();
    for name in &request.state_filters {
        match State::from_name(name) {
            Some(state) => states.push(state),
            // States of Kafka's that nothing here is ever in.
            None if matches!(&**name, "Dead" | "PrepareEpochFence") => {}
            None => response.unknown_state_filters.push(name.clone()),
        }
    }
    let pattern = match request.transactional_id_pattern.as_deref() {
        // As in Kafka an empty one stands for none.
        None | Some("") => None,
        Some(pattern) => match Pattern::new(pattern) {
            Ok(pattern) => Some(pattern),
            Err(why) => {
                tracing::debug!(%why, "a pattern of transactional ids is refused");
                let error_code = ErrorCode::InvalidRegularExpression.code();
                return context.reply(&ListTransactionsResponse { error_code, ..Default::default() });
            }
        },
    };
    let matches_none = states.is_empty() && !request.state_filters.is_empty();
    let asked = ListTransactions {
        states,
        producers: request.producer_id_filters.iter().map(|id| ProducerId::new(*id)).collect(),
        longer_than_ms: (request.duration_filter >= 0).then_some(request.duration_filter),
        pattern,
    };
    let shard = context.shard();
    let replies = match matches_none {
        true => Vec::new(),
        false => shard.call_all(|| Request::ListTransactions(asked.clone())).await,
    };
    for reply in replies {
        let message::Reply::ListTransactions(listed, error) = reply else {
            unreachable!("a list is answered with a list")
        };
        if let Some(code) = error {
            response.error_code = code.code();
        }
        response.transaction_states.extend(listed.into_iter().map(|listed| ListedState {
            transactional_id: Cow::Owned(listed.id.to_string()),
            producer_id: listed.producer.get(),
            transaction_state: Cow::Borrowed(listed.state.name()),
        }));
    }
    if response.error_code != 0 {
        response.transaction_states.clear();
    }
    context.reply(&response)
}

/// Says which producers partitions remember.
pub async fn describe_producers(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: DescribeProducersRequest<'_> = context.decode(&body)?;
    let image = context.image();
    let found: Vec<Option<TopicPartition>> = request
        .topics
        .iter()
        .flat_map(|topic| topic.partition_indexes.iter().map(|number| find(&image, &topic.name, *number)))
        .collect();
    let asked = found.iter().flatten().copied().collect();
    let mut answers = context.shard().ask_producers(asked).await.into_iter();
    let mut results = found.iter().map(|partition| match partition {
        Some(_) => answers.next().unwrap_or(Err(ErrorCode::UnknownServerError)),
        None => Err(ErrorCode::UnknownTopicOrPartition),
    });
    let topics = request.topics.iter().map(|topic| TopicResponse {
        name: topic.name.clone(),
        partitions: topic
            .partition_indexes
            .iter()
            .zip(results.by_ref())
            .map(|(number, result)| {
                let (code, producers) = match result {
                    Ok(producers) => (ErrorCode::None, producers),
                    Err(code) => (code, Vec::new()),
                };
                let active_producers = producers.into_iter().map(|(producer, open)| ProducerState {
                    producer_id: producer.id.get(),
                    producer_epoch: i32::from(producer.epoch.get()),
                    last_sequence: producer.last_sequence.map_or(-1, |sequence| sequence.get()),
                    last_timestamp: producer.heard.millis(),
                    coordinator_epoch: producer.coordinator.unwrap_or(-1),
                    current_txn_start_offset: open.map_or(-1, Offset::get),
                });
                PartitionResponse {
                    partition_index: *number,
                    error_code: code.code(),
                    error_message: None,
                    active_producers: active_producers.collect(),
                }
            })
            .collect(),
    });
    let topics = topics.collect();
    context.reply(&DescribeProducersResponse { topics, ..Default::default() })
}
