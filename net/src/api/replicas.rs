//! Where partitions are and who leads them: ElectLeaders, AlterPartitionReassignments, ListPartitionReassignments.
//!
//! Nothing can be elected or moved while one broker has every partition, so these only judge what is asked; what they
//! refuse they refuse in Kafka's words.

use std::borrow::Cow;

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::ids::{NodeId, PartitionId};
use headwater_core::wire::messages::alter_partition_reassignments_request::AlterPartitionReassignmentsRequest;
use headwater_core::wire::messages::alter_partition_reassignments_response::{
    AlterPartitionReassignmentsResponse, ReassignablePartitionResponse, ReassignableTopicResponse,
};
use headwater_core::wire::messages::elect_leaders_request::ElectLeadersRequest;
use headwater_core::wire::messages::elect_leaders_response::{
    ElectLeadersResponse, PartitionResult, ReplicaElectionResult,
};
use headwater_core::wire::messages::list_partition_reassignments_request::ListPartitionReassignmentsRequest;
use headwater_core::wire::messages::list_partition_reassignments_response::ListPartitionReassignmentsResponse;
use headwater_replication::metadata::Image;

use super::{Context, Refused};
use crate::conn::replies::Reply;

/// A refusal with what it says to people, or with nothing to add to its code.
type Refusal = (ErrorCode, Option<String>);

/// Kafka's kinds of election.
#[derive(Clone, Copy)]
enum Election {
    Preferred,
    Unclean,
}

impl Election {
    fn from_code(code: i8) -> Result<Election, Refusal> {
        match code {
            0 => Ok(Election::Preferred),
            1 => Ok(Election::Unclean),
            other => Err((ErrorCode::InvalidRequest, Some(format!("Unknown election type {other}")))),
        }
    }
}

/// Says of each partition why no election is held.
pub async fn elect(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: ElectLeadersRequest<'_> = context.decode(&body)?;
    let image = context.image();
    let election = Election::from_code(request.election_type);
    let replica_election_results = match &request.topic_partitions {
        Some(topics) => topics
            .iter()
            .map(|topic| ReplicaElectionResult {
                topic: topic.topic.clone(),
                partition_result: topic
                    .partitions
                    .iter()
                    .map(|number| {
                        let decided =
                            election.clone().map(|kind| why_not_elected(&image, &topic.topic, *number, kind));
                        let (code, message) = decided.unwrap_or_else(|refusal| refusal);
                        PartitionResult {
                            partition_id: *number,
                            error_code: code.code(),
                            error_message: message.map(Cow::Owned),
                        }
                    })
                    .collect(),
            })
            .collect(),
        // All partitions: those that need no election are not named, and none does.
        None if election.is_ok() => image
            .topics_by_name()
            .into_iter()
            .map(|topic| ReplicaElectionResult {
                topic: Cow::Owned(topic.name.to_string()),
                partition_result: Vec::new(),
            })
            .collect(),
        None => Vec::new(),
    };
    // As in Kafka: who asks for no partition is not told that the kind is unknown.
    let asks = request.topic_partitions.as_ref().is_none_or(|topics| !topics.is_empty());
    context.reply(&ElectLeadersResponse {
        error_code: election.err().filter(|_| asks).map_or(ErrorCode::None, |(code, _)| code).code(),
        replica_election_results,
        ..Default::default()
    })
}

fn why_not_elected(image: &Image, name: &str, number: i32, kind: Election) -> Refusal {
    let unknown = |what| (ErrorCode::UnknownTopicOrPartition, Some(what));
    let Some(topic) = image.topic(name) else { return unknown(format!("No such topic as {name}")) };
    let Some(partition) = image.partition(topic, PartitionId::new(number)) else {
        return unknown(format!("No such partition as {name}-{number}"));
    };
    let preferred = partition.replicas.first().copied();
    match (kind, partition.leader) {
        (Election::Preferred, leader) if leader != preferred => {
            (ErrorCode::PreferredLeaderNotAvailable, None)
        }
        (Election::Unclean, None) => (ErrorCode::EligibleLeadersNotAvailable, None),
        _ => {
            let message = "Leader election not needed for topic partition.";
            (ErrorCode::ElectionNotNeeded, Some(message.to_string()))
        }
    }
}

/// Takes assignments that change nothing, and refuses the others.
pub async fn reassign(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: AlterPartitionReassignmentsRequest<'_> = context.decode(&body)?;
    let image = context.image();
    let responses = request
        .topics
        .iter()
        .map(|topic| ReassignableTopicResponse {
            name: topic.name.clone(),
            partitions: topic
                .partitions
                .iter()
                .map(|asked| {
                    let replicas = asked.replicas.as_deref();
                    let judged = judge(&image, &topic.name, asked.partition_index, replicas);
                    let (code, message) = judged.err().unwrap_or((ErrorCode::None, None));
                    ReassignablePartitionResponse {
                        partition_index: asked.partition_index,
                        error_code: code.code(),
                        error_message: message.map(Cow::Owned),
                    }
                })
                .collect(),
        })
        .collect();
    context.reply(&AlterPartitionReassignmentsResponse {
        allow_replication_factor_change: request.allow_replication_factor_change,
        responses,
        error_message: None,
        ..Default::default()
    })
}

fn judge(image: &Image, name: &str, number: i32, replicas: Option<&[i32]>) -> Result<(), Refusal> {
    let unknown = |what| (ErrorCode::UnknownTopicOrPartition, Some(what));
    let topic = image.topic(name).ok_or_else(|| unknown(format!("Unable to find a topic named {name}.")))?;
    let partition = image
        .partition(topic, PartitionId::new(number))
        .ok_or_else(|| unknown(format!("Unable to find partition {name}:{number}.")))?;
    // None stands for the end of a move that is under way.
    let replicas = replicas.ok_or((ErrorCode::NoReassignmentInProgress, None))?;
    let invalid = |what: String| {
        (
            ErrorCode::InvalidReplicaAssignment,
            Some(format!("The manual partition assignment includes {what}")),
        )
    };
    if replicas.is_empty() {
        return Err(invalid("an empty replica list.".into()));
    }
    for (at, replica) in replicas.iter().enumerate() {
        if replicas[..at].contains(replica) {
            return Err(invalid(format!("the broker {replica} more than once.")));
        }
        if image.broker(NodeId::new(*replica)).is_none() {
            return Err(invalid(format!("broker {replica}, but no such broker is registered.")));
        }
    }
    if !replicas.iter().copied().eq(partition.replicas.iter().map(|node| node.get())) {
        return Err(invalid("a move to another broker, which is not served.".into()));
    }
    Ok(())
}

/// Nothing is ever on the move.
pub async fn list(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let _: ListPartitionReassignmentsRequest<'_> = context.decode(&body)?;
    context.reply(&ListPartitionReassignmentsResponse { error_message: None, ..Default::default() })
}
