//! CreateTopics, DeleteTopics, CreatePartitions: the controller decides; these translate.

use std::borrow::Cow;
use std::time::Duration;

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::ids::{NodeId, PartitionId, TopicId};
use headwater_core::wire::messages::create_partitions_request::CreatePartitionsRequest;
use headwater_core::wire::messages::create_partitions_response::{
    CreatePartitionsResponse, CreatePartitionsTopicResult,
};
use headwater_core::wire::messages::create_topics_request::CreateTopicsRequest;
use headwater_core::wire::messages::create_topics_response::{
    CreatableTopicConfigs, CreatableTopicResult, CreateTopicsResponse,
};
use headwater_core::wire::messages::delete_topics_request::DeleteTopicsRequest;
use headwater_core::wire::messages::delete_topics_response::{DeletableTopicResult, DeleteTopicsResponse};
use headwater_replication::metadata::{NewPartitions, NewTopic, Refusal, TopicSelector};

use super::{Context, Refused, throttle};
use crate::conn::replies::Reply;
use crate::rt;
use crate::shard::control::{ControllerReply, ControllerRequest};

/// The metadata log takes nothing more; the broker is about to stop.
const FAILED: ErrorCode = ErrorCode::KafkaStorageError;

/// What Kafka says to those whose quota of partitions is overdrawn.
const THROTTLED: &str = "The throttling quota has been exceeded.";

/// Those that the quota allows, and the others.
fn parted<T>(all: impl IntoIterator<Item = T>, allowed: &[bool]) -> (Vec<T>, Vec<T>) {
    let (yes, no): (Vec<_>, Vec<_>) = all.into_iter().zip(allowed).partition(|(_, allowed)| **allowed);
    let only = |some: Vec<(T, &bool)>| some.into_iter().map(|(one, _)| one).collect();
    (only(yes), only(no))
}

/// Asks the controller for as long as the client is willing to wait; the work goes on after that.
async fn ask(context: &Context, request: ControllerRequest, timeout_ms: i32) -> Option<ControllerReply> {
    let shard = context.shard().clone();
    let asked = rt::spawn(async move { shard.controller(request).await });
    // A client that does not want to wait still gets the answer of a controller that is quick.
    let patience = Duration::from_millis(timeout_ms.clamp(1000, 600_000) as u64);
    let (sender, receiver) = rt::oneshot();
    rt::spawn(async move {
        let _ = sender.send(asked.await);
    })
    .detach();
    rt::timeout(patience, receiver).await.ok().and_then(Result::ok)
}

/// Creates topics.
pub async fn create(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: CreateTopicsRequest<'_> = context.decode(&body)?;
    let image = context.image();
    let counts: Vec<usize> = request
        .topics
        .iter()
        .map(|topic| match (image.topic(&topic.name), topic.assignments.len(), topic.num_partitions) {
            (Some(_), ..) => 0,
            (None, 0, -1) => context.shard().config().num_partitions as usize,
            (None, 0, count) => usize::try_from(count).unwrap_or(0),
            (None, assigned, _) => assigned,
        })
        .collect();
    let allowed = throttle::mutations(&context, &counts, context.version >= 6).await;
    let topics = request
        .topics
        .iter()
        .zip(&allowed)
        .filter(|(_, allowed)| **allowed)
        .map(|(topic, _)| NewTopic {
            name: topic.name.to_string(),
            // Behaviour 17: -1 asks for the broker's default.
            partitions: (topic.num_partitions != -1).then_some(topic.num_partitions),
            replication_factor: (topic.replication_factor != -1).then_some(topic.replication_factor),
            assignments: topic
                .assignments
                .iter()
                .map(|a| {
                    let brokers = a.broker_ids.iter().map(|id| NodeId::new(*id)).collect();
                    (PartitionId::new(a.partition_index), brokers)
                })
                .collect(),
            configs: topic
                .configs
                .iter()
                .map(|config| (config.name.to_string(), config.value.as_ref().map(ToString::to_string)))
                .collect(),
        })
        .collect();
    let (names, refused) = parted(request.topics.iter().map(|topic| topic.name.to_string()), &allowed);
    let validate_only = request.validate_only;
    let reply = ask(&context, ControllerRequest::Create(topics, validate_only), request.timeout_ms).await;
    let mut topics: Vec<CreatableTopicResult<'static>> = match reply {
        Some(ControllerReply::Created(created)) => created
            .into_iter()
            .map(|topic| match topic.result {
                Ok(made) => CreatableTopicResult {
                    name: Cow::Owned(topic.name),
                    topic_id: made.topic,
                    error_message: None,
                    num_partitions: made.partitions,
                    replication_factor: made.replication_factor,
                    // Behaviour 8: empty and not null; behaviour 9: with a source that is not -1.
                    configs: Some(
                        made.configs
                            .into_iter()
                            .map(|entry| CreatableTopicConfigs {
                                name: Cow::Borrowed(entry.name),
                                value: entry.value.filter(|_| !entry.is_sensitive).map(Cow::Owned),
                                read_only: entry.read_only,
                                config_source: entry.source.code(),
                                is_sensitive: entry.is_sensitive,
                            })
                            .collect(),
                    ),
                    ..Default::default()
                },
                Err(refusal) => not_created(topic.name, refusal.code, Some(refusal.message)),
            })
            .collect(),
        other => {
            let code = if other.is_some() { FAILED } else { ErrorCode::RequestTimedOut };
            names.into_iter().map(|name| not_created(name, code, None)).collect()
        }
    };
    let message = || Some(THROTTLED.to_string());
    let code = ErrorCode::ThrottlingQuotaExceeded;
    topics.extend(refused.into_iter().map(|name| not_created(name, code, message())));
    context.reply(&CreateTopicsResponse { topics, ..Default::default() })
}

fn not_created(name: String, code: ErrorCode, message: Option<String>) -> CreatableTopicResult<'static> {
    CreatableTopicResult {
        name: Cow::Owned(name),
        error_code: code.code(),
        error_message: message.map(Cow::Owned),
        num_partitions: -1,
        replication_factor: -1,
        configs: Some(Vec::new()),
        ..Default::default()
    }
}

/// Deletes topics, by name or, from version 6 on, by id.
pub async fn delete(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: DeleteTopicsRequest<'_> = context.decode(&body)?;
    let topics: Vec<TopicSelector> = if context.version >= 6 {
        let select = |topic: &headwater_core::wire::messages::delete_topics_request::DeleteTopicState<'_>| {
            TopicSelector {
                name: topic.name.as_ref().map(ToString::to_string),
                id: (!topic.topic_id.is_zero()).then_some(topic.topic_id),
            }
        };
        request.topics.iter().map(select).collect()
    } else {
        let select = |name: &Cow<'_, str>| TopicSelector { name: Some(name.to_string()), id: None };
        request.topic_names.iter().map(select).collect()
    };
    let image = context.image();
    let known = |topic: &TopicSelector| match (&topic.name, topic.id) {
        (_, Some(id)) => image.topic_by_id(id),
        (Some(name), None) => image.topic(name),
        (None, None) => None,
    };
    let counts: Vec<usize> =
        topics.iter().map(|topic| known(topic).map_or(0, |known| known.partition_count() as usize)).collect();
    let allowed = throttle::mutations(&context, &counts, context.version >= 5).await;
    let (topics, refused) = parted(topics, &allowed);
    let asked = topics.clone();
    let reply = ask(&context, ControllerRequest::Delete(topics), request.timeout_ms).await;
    let answer = |name: Option<String>, id: Option<TopicId>, result: Result<(), Refusal>| {
        let (code, message) = match result {
            Ok(()) => (ErrorCode::None, None),
            Err(refusal) => (refusal.code, Some(Cow::Owned(refusal.message))),
        };
        // Older versions do not know this code.
        let code = match code {
            ErrorCode::TopicDeletionDisabled if context.version < 3 => ErrorCode::InvalidRequest,
            code => code,
        };
        DeletableTopicResult {
            name: name.map(Cow::Owned),
            topic_id: id.unwrap_or_default(),
            error_code: code.code(),
            error_message: message,
        }
    };
    let mut responses: Vec<DeletableTopicResult<'static>> = match reply {
        Some(ControllerReply::Deleted(deleted)) => {
            deleted.into_iter().map(|topic| answer(topic.name, topic.id, topic.result)).collect()
        }
        other => {
            let code = if other.is_some() { FAILED } else { ErrorCode::RequestTimedOut };
            asked
                .into_iter()
                .map(|topic| answer(topic.name, topic.id, Err(Refusal { code, message: String::new() })))
                .collect()
        }
    };
    let throttled = || Refusal { code: ErrorCode::ThrottlingQuotaExceeded, message: THROTTLED.into() };
    responses.extend(refused.into_iter().map(|topic| answer(topic.name, topic.id, Err(throttled()))));
    context.reply(&DeleteTopicsResponse { responses, ..Default::default() })
}

/// Gives topics more partitions; every topic of the request is in the answer (behaviour 18).
pub async fn create_partitions(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: CreatePartitionsRequest<'_> = context.decode(&body)?;
    let topics: Vec<NewPartitions> = request
        .topics
        .iter()
        .map(|topic| NewPartitions {
            name: topic.name.to_string(),
            count: topic.count,
            assignments: topic.assignments.as_ref().map(|all| {
                all.iter().map(|a| a.broker_ids.iter().map(|id| NodeId::new(*id)).collect()).collect()
            }),
        })
        .collect();
    let image = context.image();
    let counts: Vec<usize> = topics
        .iter()
        .map(|topic| {
            let before = image.topic(&topic.name).map_or(topic.count, |known| known.partition_count());
            usize::try_from(topic.count.saturating_sub(before)).unwrap_or(0)
        })
        .collect();
    let allowed = throttle::mutations(&context, &counts, context.version >= 3).await;
    let (topics, refused) = parted(topics, &allowed);
    let names: Vec<String> = topics.iter().map(|topic| topic.name.clone()).collect();
    let validate_only = request.validate_only;
    let reply = ask(&context, ControllerRequest::Extend(topics, validate_only), request.timeout_ms).await;
    let answer = |name: String, code: ErrorCode, message: Option<String>| CreatePartitionsTopicResult {
        name: Cow::Owned(name),
        error_code: code.code(),
        error_message: message.map(Cow::Owned),
    };
    let mut results: Vec<CreatePartitionsTopicResult<'static>> = match reply {
        Some(ControllerReply::Extended(extended)) => extended
            .into_iter()
            .map(|topic| match topic.result {
                Ok(()) => answer(topic.name, ErrorCode::None, None),
                Err(refusal) => answer(topic.name, refusal.code, Some(refusal.message)),
            })
            .collect(),
        other => {
            let code = if other.is_some() { FAILED } else { ErrorCode::RequestTimedOut };
            names.into_iter().map(|name| answer(name, code, None)).collect()
        }
    };
    let code = ErrorCode::ThrottlingQuotaExceeded;
    results.extend(refused.into_iter().map(|topic| answer(topic.name, code, Some(THROTTLED.into()))));
    context.reply(&CreatePartitionsResponse { results, ..Default::default() })
}
