//! The cluster itself: DescribeQuorum, UpdateFeatures, UnregisterBroker.

use std::borrow::Cow;

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::ids::NodeId;
use headwater_core::wire::messages::describe_quorum_request::DescribeQuorumRequest;
use headwater_core::wire::messages::describe_quorum_response::{
    DescribeQuorumResponse, Listener, Node, PartitionData, ReplicaState, TopicData,
};
use headwater_core::wire::messages::unregister_broker_request::UnregisterBrokerRequest;
use headwater_core::wire::messages::unregister_broker_response::UnregisterBrokerResponse;
use headwater_core::wire::messages::update_features_request::{FeatureUpdateKey, UpdateFeaturesRequest};
use headwater_core::wire::messages::update_features_response::{
    UpdatableFeatureResult, UpdateFeaturesResponse,
};
use headwater_replication::metadata::METADATA_TOPIC;

use super::{Context, Refused, api_versions};
use crate::conn::replies::Reply;
use crate::rt;
use crate::shard::control::{ControllerReply, ControllerRequest};

/// Says who leads the metadata log and how far it is. The only voter is this node; its directory has no id.
pub async fn describe(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: DescribeQuorumRequest<'_> = context.decode(&body)?;
    // As in Kafka: exactly the one partition that there is, or nothing is said of any.
    let known = matches!(request.topics.as_slice(), [topic] if topic.topic_name == METADATA_TOPIC
        && matches!(topic.partitions.as_slice(), [partition] if partition.partition_index == 0));
    if !known {
        let message = "This server does not host this topic-partition.";
        let topics = request.topics.iter().map(|topic| TopicData {
            topic_name: topic.topic_name.clone(),
            partitions: topic
                .partitions
                .iter()
                .map(|partition| PartitionData {
                    partition_index: partition.partition_index,
                    error_code: ErrorCode::UnknownTopicOrPartition.code(),
                    error_message: Some(Cow::Borrowed(message)),
                    ..Default::default()
                })
                .collect(),
        });
        let topics = topics.collect();
        return context.reply(&DescribeQuorumResponse { topics, ..silent() });
    }
    let shard = context.shard();
    let node = shard.config().node_id;
    let ControllerReply::Quorum { end, high_watermark } = shard.controller(ControllerRequest::Quorum).await
    else {
        let error_code = ErrorCode::KafkaStorageError.code();
        return context.reply(&DescribeQuorumResponse { error_code, ..silent() });
    };
    let now = rt::wall().millis();
    let image = context.image();
    let broker = image.broker(node);
    let partition = PartitionData {
        error_message: Some(Cow::Borrowed("")),
        leader_id: node.get(),
        // Each start is a new term of the only controller.
        leader_epoch: broker.map_or(0, |broker| broker.epoch as i32),
        high_watermark: high_watermark.get(),
        current_voters: vec![ReplicaState {
            replica_id: node.get(),
            log_end_offset: end.get(),
            last_fetch_timestamp: now,
            last_caught_up_timestamp: now,
            ..Default::default()
        }],
        ..Default::default()
    };
    let topic = TopicData { topic_name: Cow::Borrowed(METADATA_TOPIC), partitions: vec![partition] };
    let listeners = broker.map_or(&[][..], |broker| &broker.endpoints).iter().map(|endpoint| Listener {
        name: Cow::Borrowed(&endpoint.name),
        host: Cow::Borrowed(&endpoint.host),
        port: endpoint.port,
    });
    let nodes = vec![Node { node_id: node.get(), listeners: listeners.collect() }];
    context.reply(&DescribeQuorumResponse { topics: vec![topic], nodes, ..silent() })
}

/// Kafka's message is empty where nothing is wrong.
fn silent() -> DescribeQuorumResponse<'static> {
    DescribeQuorumResponse { error_message: Some(Cow::Borrowed("")), ..Default::default() }
}

/// Takes updates that change nothing, and refuses all of a request if one of it would: a broker runs each feature at
/// the one level that it was built for.
pub async fn update_features(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: UpdateFeaturesRequest<'_> = context.decode(&body)?;
    let node = context.shard().config().node_id;
    let refused = request.feature_updates.iter().find_map(|update| refusal(update, context.version, node));
    if let Some(why) = refused {
        let message = format!(
            "The update failed for all features since the following feature had an error: Invalid update version \
             {} for feature {}. {why}",
            why.level, why.feature
        );
        return context.reply(&UpdateFeaturesResponse {
            error_code: ErrorCode::InvalidUpdateVersion.code(),
            error_message: Some(Cow::Owned(message)),
            ..Default::default()
        });
    }
    let results = request.feature_updates.iter().map(|update| UpdatableFeatureResult {
        feature: update.feature.clone(),
        error_code: 0,
        error_message: Some(Cow::Borrowed("NONE")),
    });
    let results = results.collect();
    context.reply(&UpdateFeaturesResponse { error_message: None, results, ..Default::default() })
}

/// Why a level is not taken, in Kafka's words where there are any.
struct BadLevel {
    feature: String,
    level: i16,
    why: String,
}

impl std::fmt::Display for BadLevel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.why)
    }
}

fn refusal(update: &FeatureUpdateKey<'_>, version: i16, node: NodeId) -> Option<BadLevel> {
    /// Upgrade, safe downgrade, unsafe downgrade.
    const UPGRADE_TYPES: std::ops::RangeInclusive<i8> = 1..=3;
    let level = update.max_version_level;
    let because = |why: String| Some(BadLevel { feature: update.feature.to_string(), level, why });
    let feature = api_versions::FEATURES.iter().find(|feature| feature.name == update.feature);
    if version >= 1 && !UPGRADE_TYPES.contains(&update.upgrade_type) {
        return because("The controller does not support the given upgrade type.".into());
    }
    let Some(feature) = feature else {
        return because(format!("Local controller {node} does not support this feature."));
    };
    if level < 0 {
        return because("A feature version cannot be less than 0.".into());
    }
    if !(feature.min..=feature.max).contains(&level) {
        let (min, max) = (feature.min, feature.max);
        return because(format!("Local controller {node} only supports versions {min}-{max}"));
    }
    if level != feature.finalized {
        return because(format!("This broker runs it at {} and at no other level.", feature.finalized));
    }
    None
}

/// Refuses to forget the only broker.
pub async fn unregister(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: UnregisterBrokerRequest = context.decode(&body)?;
    let image = context.image();
    let id = request.broker_id;
    let (code, message) = match image.broker(NodeId::new(id)) {
        None => (ErrorCode::BrokerIdNotRegistered, format!("Broker ID {id} is not currently registered")),
        Some(_) => (
            ErrorCode::InvalidRequest,
            format!("Broker ID {id} holds the cluster's only copy and stays registered"),
        ),
    };
    context.reply(&UnregisterBrokerResponse {
        error_code: code.code(),
        error_message: Some(Cow::Owned(message)),
        ..Default::default()
    })
}
