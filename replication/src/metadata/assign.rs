//! Which brokers hold the partitions of a request: chosen here ([`place`]), or by the client and checked.

use std::collections::{BTreeMap, BTreeSet};

use headwater_core::ErrorCode;
use headwater_core::ids::{LeaderEpoch, NodeId, PartitionId, TopicId};
use headwater_core::limits::{PARTITIONS_PER_REQUEST_MAX, PARTITIONS_PER_TOPIC_MAX, REPLICAS_MAX};

use super::controller::{Controller, Refusal};
use super::image::Image;
use super::place;
use super::records::PartitionState;

impl Controller {
    /// Replicas for `count` partitions from number `first`.
    pub(super) fn assign_range(
        &self,
        topic: TopicId,
        first: usize,
        count: usize,
        factor: usize,
    ) -> Result<Vec<Vec<NodeId>>, Refusal> {
        let brokers: Vec<NodeId> = self.image.brokers().map(|b| b.node).collect();
        if factor > brokers.len() {
            return Err(Refusal::new(
                ErrorCode::InvalidReplicationFactor,
                format!(
                    "Replication factor {factor} is larger than the {} registered broker(s).",
                    brokers.len()
                ),
            ));
        }
        if first + count > PARTITIONS_PER_TOPIC_MAX || count > PARTITIONS_PER_REQUEST_MAX {
            return Err(too_many());
        }
        let start = u128::from_be_bytes(topic.get()) as usize % brokers.len();
        Ok((first..first + count).map(|p| place::replicas(&brokers, factor, start, p)).collect())
    }
}

fn too_many() -> Refusal {
    Refusal::new(
        ErrorCode::PolicyViolation,
        format!(
            "Too many partitions: a request makes {PARTITIONS_PER_REQUEST_MAX} at most, a topic has \
             {PARTITIONS_PER_TOPIC_MAX} at most."
        ),
    )
}

pub(super) fn limit_request(made: &mut usize, more: usize) -> Result<(), Refusal> {
    if *made + more > PARTITIONS_PER_REQUEST_MAX {
        return Err(too_many());
    }
    *made += more;
    Ok(())
}

/// A partition that nobody has written to.
pub(super) fn fresh(image: &Image, replicas: Vec<NodeId>) -> PartitionState {
    let leader = replicas[0];
    PartitionState {
        isr: replicas.clone(),
        replicas,
        leader: Some(leader),
        leader_epoch: LeaderEpoch::new(0),
        partition_epoch: 0,
        broker_epoch: image.broker(leader).map_or(0, |b| b.epoch),
    }
}

/// Replicas the client chose: partitions 0 to n-1, each once, all with as many replicas.
pub(super) fn by_hand(
    image: &Image,
    assignments: Vec<(PartitionId, Vec<NodeId>)>,
) -> Result<Vec<Vec<NodeId>>, Refusal> {
    let invalid = |message: String| Err(Refusal::new(ErrorCode::InvalidReplicaAssignment, message));
    let count = assignments.len();
    let mut by_number = BTreeMap::new();
    for (partition, replicas) in assignments {
        if by_number.insert(partition.get(), replicas).is_some() {
            return invalid(format!("Partition {partition} is assigned twice."));
        }
    }
    if let Some((number, _)) = by_number.keys().zip(0..).find(|(number, place)| **number != *place) {
        return invalid(format!(
            "Partitions must be numbered from 0 to {}, but there is {number}.",
            count - 1
        ));
    }
    let mut factor = None;
    for replicas in by_number.values() {
        check_replicas(image, replicas, factor)?;
        factor = Some(replicas.len());
    }
    Ok(by_number.into_values().collect())
}

pub(super) fn check_replicas(
    image: &Image,
    replicas: &[NodeId],
    factor: Option<usize>,
) -> Result<(), Refusal> {
    let invalid = |message: String| Err(Refusal::new(ErrorCode::InvalidReplicaAssignment, message));
    if replicas.is_empty() {
        return invalid("A partition is assigned to no broker.".into());
    }
    if replicas.len() > REPLICAS_MAX {
        return invalid(format!("A partition is assigned to more than {REPLICAS_MAX} brokers."));
    }
    let mut seen = BTreeSet::new();
    for node in replicas {
        if image.broker(*node).is_none() {
            return invalid(format!("Broker {node} is not registered."));
        }
        if !seen.insert(node) {
            return invalid(format!("Broker {node} is assigned the same partition twice."));
        }
    }
    match factor {
        Some(factor) if factor != replicas.len() => invalid(format!(
            "A partition is assigned to {} broker(s), another one to {factor}.",
            replicas.len()
        )),
        _ => Ok(()),
    }
}
