//! Metadata and DescribeTopicPartitions: who leads what. Answered from the Image of the connection's shard.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::ids::{PartitionId, TopicId};
use headwater_core::wire::messages::describe_topic_partitions_request::DescribeTopicPartitionsRequest;
use headwater_core::wire::messages::describe_topic_partitions_response::{
    Cursor, DescribeTopicPartitionsResponse, DescribeTopicPartitionsResponsePartition,
    DescribeTopicPartitionsResponseTopic,
};
use headwater_core::wire::messages::metadata_request::MetadataRequest;
use headwater_core::wire::messages::metadata_response::{
    MetadataResponse, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use headwater_replication::metadata::{Image, Topic, check_topic_name, is_internal};

use super::{Context, Refused, security};
use crate::conn::replies::Reply;

/// Answers a Metadata request; topics that are missing may be created on the way (behaviour 13).
pub async fn handle(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: MetadataRequest<'_> = context.decode(&body)?;
    let version = context.version;
    let image = context.image();
    let mut topics = Vec::new();
    let mut missing = Vec::new();
    match &request.topics {
        // Behaviour 12: null means all; in version 0, which has no null, an empty list does.
        None => topics.extend(image.topics().map(|topic| describe(&image, topic))),
        Some(named) if version == 0 && named.is_empty() => {
            topics.extend(image.topics().map(|topic| describe(&image, topic)))
        }
        Some(named) => {
            // Behaviour 14: versions 10 and 11 carry an id field that they do not support.
            if (10..12).contains(&version)
                && named.iter().any(|topic| !topic.topic_id.is_zero() || topic.name.is_none())
            {
                let refused =
                    |topic: &headwater_core::wire::messages::metadata_request::MetadataRequestTopic<'_>| {
                        MetadataResponseTopic {
                            error_code: ErrorCode::InvalidRequest.code(),
                            name: Some(Cow::Owned(topic.name.as_deref().unwrap_or("").to_owned())),
                            topic_id: topic.topic_id,
                            ..Default::default()
                        }
                    };
                topics.extend(named.iter().map(refused));
            } else {
                for topic in named {
                    match &topic.name {
                        // An id says it all: the Java client sends an empty name with it.
                        Some(name) if topic.topic_id.is_zero() => match image.topic(name) {
                            Some(known) => topics.push(describe(&image, known)),
                            None => {
                                missing.push(name.to_string());
                                topics.push(unknown(name));
                            }
                        },
                        _ => topics.push(by_id(&image, topic.topic_id)),
                    }
                }
            }
        }
    }
    let may_create =
        request.allow_auto_topic_creation && context.shard().with_config(|config| config.auto_create_topics);
    if !missing.is_empty() && may_create {
        // The answer still says UNKNOWN_TOPIC_OR_PARTITION, or why it can't be made; the client asks again.
        let refusals = context.shard().auto_create_topics(&missing).await;
        for (name, code) in refusals {
            for topic in topics.iter_mut().filter(|topic| topic.name.as_deref() == Some(&name)) {
                topic.error_code = code.code();
            }
        }
    }
    for topic in topics.iter_mut().filter(|topic| topic.error_code == 0) {
        topic.topic_authorized_operations =
            security::allowed(request.include_topic_authorized_operations, security::TOPIC_OPERATIONS);
    }
    let brokers = image
        .brokers()
        .filter_map(|broker| {
            let endpoint = broker.endpoints.first()?;
            Some(MetadataResponseBroker {
                node_id: broker.node.get(),
                host: Cow::Owned(endpoint.host.clone()),
                port: i32::from(endpoint.port),
                rack: broker.rack.clone().map(Cow::Owned),
            })
        })
        .collect();
    context.reply(&MetadataResponse {
        brokers,
        cluster_id: image.cluster_id().map(Cow::Borrowed),
        controller_id: context.shard().config().node_id.get(),
        topics,
        cluster_authorized_operations: security::allowed(
            request.include_cluster_authorized_operations,
            security::CLUSTER_OPERATIONS,
        ),
        ..Default::default()
    })
}

fn describe(image: &Image, topic: &Arc<Topic>) -> MetadataResponseTopic<'static> {
    let partitions = image
        .partitions(topic)
        .map(|partition| MetadataResponsePartition {
            partition_index: partition.number.get(),
            leader_id: partition.leader.map_or(-1, |node| node.get()),
            leader_epoch: partition.leader_epoch.get(),
            replica_nodes: partition.replicas.iter().map(|node| node.get()).collect(),
            isr_nodes: partition.isr.iter().map(|node| node.get()).collect(),
            ..Default::default()
        })
        .collect();
    MetadataResponseTopic {
        name: Some(Cow::Owned(topic.name.to_string())),
        topic_id: topic.id,
        is_internal: is_internal(topic.name.get()),
        partitions,
        ..Default::default()
    }
}

fn unknown(name: &str) -> MetadataResponseTopic<'static> {
    let code = match check_topic_name(name) {
        Ok(()) => ErrorCode::UnknownTopicOrPartition,
        Err(_) => ErrorCode::InvalidTopicException,
    };
    MetadataResponseTopic {
        error_code: code.code(),
        name: Some(Cow::Owned(name.to_owned())),
        ..Default::default()
    }
}

fn by_id(image: &Image, id: TopicId) -> MetadataResponseTopic<'static> {
    match image.topic_by_id(id) {
        Some(known) => describe(image, known),
        None => MetadataResponseTopic {
            error_code: ErrorCode::UnknownTopicId.code(),
            topic_id: id,
            name: None,
            ..Default::default()
        },
    }
}

/// Answers DescribeTopicPartitions a page at a time, by topic name (behaviour 21).
pub async fn describe_topic_partitions(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: DescribeTopicPartitionsRequest<'_> = context.decode(&body)?;
    let image = context.image();
    let mut names: Vec<&str> = request.topics.iter().map(|topic| topic.name.as_ref()).collect();
    if names.is_empty() {
        names.extend(image.topics().map(|topic| topic.name.get()));
    }
    names.sort_unstable();
    names.dedup();
    let (from_topic, mut from_partition) = match &request.cursor {
        Some(cursor) => (cursor.topic_name.as_ref(), cursor.partition_index.max(0)),
        None => ("", 0),
    };
    let page_max = context.shard().with_config(|config| config.describe_partitions_max);
    let page_max = i32::try_from(page_max).unwrap_or(i32::MAX);
    let mut room = request.response_partition_limit.clamp(1, page_max);
    let mut response = DescribeTopicPartitionsResponse::default();
    for name in names.into_iter().filter(|name| *name >= from_topic) {
        let first = if name == from_topic { std::mem::take(&mut from_partition) } else { 0 };
        let Some(topic) = image.topic(name) else {
            response.topics.push(DescribeTopicPartitionsResponseTopic {
                error_code: unknown(name).error_code,
                name: Some(Cow::Owned(name.to_owned())),
                // As Kafka, which tells of names what one might do to such a topic.
                topic_authorized_operations: security::TOPIC_OPERATIONS,
                ..Default::default()
            });
            continue;
        };
        if room == 0 {
            response.next_cursor =
                Some(Cursor { topic_name: Cow::Owned(name.to_owned()), partition_index: first });
            break;
        }
        let partitions: Vec<_> = image
            .partitions(topic)
            .filter(|partition| partition.number.get() >= first)
            .take(room as usize)
            .map(|partition| DescribeTopicPartitionsResponsePartition {
                partition_index: partition.number.get(),
                leader_id: partition.leader.map_or(-1, |node| node.get()),
                leader_epoch: partition.leader_epoch.get(),
                replica_nodes: partition.replicas.iter().map(|node| node.get()).collect(),
                isr_nodes: partition.isr.iter().map(|node| node.get()).collect(),
                // Empty and not null: Java's admin client dereferences them (behaviour 8).
                eligible_leader_replicas: Some(Vec::new()),
                last_known_elr: Some(Vec::new()),
                ..Default::default()
            })
            .collect();
        room -= partitions.len() as i32;
        let next = first + partitions.len() as i32;
        response.topics.push(DescribeTopicPartitionsResponseTopic {
            name: Some(Cow::Owned(name.to_owned())),
            topic_id: topic.id,
            is_internal: is_internal(topic.name.get()),
            partitions,
            topic_authorized_operations: security::TOPIC_OPERATIONS,
            ..Default::default()
        });
        if image.partition(topic, PartitionId::new(next)).is_some() {
            response.next_cursor =
                Some(Cursor { topic_name: Cow::Owned(name.to_owned()), partition_index: next });
            break;
        }
    }
    context.reply(&response)
}
