//! CreatePartitions (behaviour 18).

use std::collections::BTreeMap;

use headwater_core::ErrorCode;
use headwater_core::ids::{NodeId, PartitionId};

use super::assign::{check_replicas, fresh, limit_request};
use super::controller::{Controller, Refusal};
use super::records::Record;

/// More partitions for a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPartitions {
    /// The topic.
    pub name: String,
    /// How many it is to have in all.
    pub count: i32,
    /// Brokers for each new one, where the client chooses them.
    pub assignments: Option<Vec<Vec<NodeId>>>,
}

/// What became of one topic of CreatePartitions; every topic of the request has one (behaviour 18).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedPartitions {
    /// The topic.
    pub name: String,
    /// What became of it.
    pub result: Result<(), Refusal>,
}

impl Controller {
    /// CreatePartitions.
    pub fn on_create_partitions(
        &mut self,
        topics: Vec<NewPartitions>,
        validate_only: bool,
        out: &mut Vec<Record>,
    ) -> Vec<CreatedPartitions> {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for topic in &topics {
            *counts.entry(topic.name.clone()).or_default() += 1;
        }
        let mut made = 0;
        let mut answers = Vec::with_capacity(counts.len());
        for topic in topics {
            let result = match counts.get_mut(&topic.name).map_or(0, std::mem::take) {
                0 => continue,
                1 => self.extend(&topic, &mut made).map(|record| {
                    if !validate_only {
                        self.decide(record, out);
                    }
                }),
                _ => Err(Refusal::new(ErrorCode::InvalidRequest, "Duplicate topic name.")),
            };
            answers.push(CreatedPartitions { name: topic.name, result });
        }
        answers
    }

    fn extend(&self, new: &NewPartitions, made: &mut usize) -> Result<Record, Refusal> {
        let unknown =
            || Refusal::new(ErrorCode::UnknownTopicOrPartition, "This server does not host this topic.");
        let topic = self.image.topic(&new.name).ok_or_else(unknown)?;
        let (has, factor) = (topic.partition_count(), topic.replication_factor());
        if new.count == has {
            let message = format!("Topic already has {has} partition(s).");
            return Err(Refusal::new(ErrorCode::InvalidPartitions, message));
        }
        if new.count < has {
            let message =
                format!("The topic {} has {has} partition(s); {} would not be more.", new.name, new.count);
            return Err(Refusal::new(ErrorCode::InvalidPartitions, message));
        }
        let added = (new.count - has) as usize;
        let assignments = match &new.assignments {
            None => self.assign_range(topic.id, has as usize, added, factor as usize)?,
            Some(assignments) => {
                if assignments.len() != added {
                    let message = format!(
                        "{added} partition(s) are to be added, but {} are assigned.",
                        assignments.len()
                    );
                    return Err(Refusal::new(ErrorCode::InvalidReplicaAssignment, message));
                }
                for replicas in assignments {
                    check_replicas(&self.image, replicas, Some(factor as usize))?;
                }
                assignments.clone()
            }
        };
        limit_request(made, added)?;
        let partitions = assignments.into_iter().map(|replicas| fresh(&self.image, replicas)).collect();
        Ok(Record::PartitionsAdded { topic: topic.id, first: PartitionId::new(has), partitions })
    }
}
