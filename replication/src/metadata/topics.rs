//! CreateTopics, DeleteTopics, CreatePartitions and creation on demand (behaviours 13, 16, 17, 18).

use std::collections::{BTreeMap, BTreeSet};

use headwater_core::ErrorCode;
use headwater_core::config::{ConfigEntry, Overrides, TopicConfig, describe_topic};
use headwater_core::ids::{LeaderEpoch, NodeId, PartitionId, TopicId};
use headwater_core::limits::{
    CONFIG_VALUE_BYTES_MAX, PARTITIONS_PER_REQUEST_MAX, PARTITIONS_PER_TOPIC_MAX, REPLICAS_MAX,
};

use super::controller::{Controller, Refusal};
use super::image::Image;
use super::internal::{METADATA_TOPIC, internal};
use super::names::{check_topic_name, collision_key};
use super::place;
use super::records::{PartitionState, Record};

/// A topic to be created.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewTopic {
    /// Its name, not yet checked.
    pub name: String,
    /// How many partitions; `None` (-1 on the wire) is the broker's default, or as many as are assigned.
    pub partitions: Option<i32>,
    /// How many replicas; `None` likewise.
    pub replication_factor: Option<i16>,
    /// Brokers for each partition, where the client chooses them.
    pub assignments: Vec<(PartitionId, Vec<NodeId>)>,
    /// Settings, in the order they came; a null value is refused.
    pub configs: Vec<(String, Option<String>)>,
}

/// A topic that was created, or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicCreation {
    /// Its id; a check alone gives none.
    pub topic: TopicId,
    /// Its partitions.
    pub partitions: i32,
    /// Its replicas.
    pub replication_factor: i16,
    /// All its settings (behaviour 9).
    pub configs: Vec<ConfigEntry>,
}

/// What became of one topic of CreateTopics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedTopic {
    /// The name that was asked for.
    pub name: String,
    /// What became of it.
    pub result: Result<TopicCreation, Refusal>,
}

/// A topic as DeleteTopics names it: by name or by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSelector {
    /// The name.
    pub name: Option<String>,
    /// The id.
    pub id: Option<TopicId>,
}

/// What became of one topic of DeleteTopics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletedTopic {
    /// Its name, where it is known.
    pub name: Option<String>,
    /// Its id, where it is known.
    pub id: Option<TopicId>,
    /// What became of it.
    pub result: Result<(), Refusal>,
}

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
    /// CreateTopics. `random` gives the ids. One answer for each name, in the order they first came.
    pub fn on_create_topics(
        &mut self,
        topics: Vec<NewTopic>,
        validate_only: bool,
        random: &mut dyn FnMut() -> u128,
        out: &mut Vec<Record>,
    ) -> Vec<CreatedTopic> {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for topic in &topics {
            *counts.entry(topic.name.clone()).or_default() += 1;
        }
        // Only checks leave no trace: each topic is tried against what is, and against the others' names.
        let mut scratch = validate_only.then(|| self.clone());
        let mut dropped = Vec::new();
        let mut made = 0;
        let mut answers = Vec::with_capacity(topics.len());
        for topic in topics {
            let name = topic.name.clone();
            let result = match counts.get_mut(&name) {
                Some(1) => match &mut scratch {
                    Some(scratch) => scratch
                        .create(topic, random, &mut made, &mut dropped)
                        .map(|creation| TopicCreation { topic: TopicId::ZERO, ..creation }),
                    None => self.create(topic, random, &mut made, out),
                },
                // The first of several answers for all of them.
                Some(count) if *count > 1 => {
                    *count = 0;
                    Err(Refusal::new(ErrorCode::InvalidRequest, "Duplicate topic name."))
                }
                _ => continue,
            };
            answers.push(CreatedTopic { name, result });
        }
        answers
    }

    /// Somebody asked for topics that do not exist and may be created for that (behaviour 13): internal ones as the
    /// broker's settings say, others with the defaults.
    pub fn on_auto_create_topics(
        &mut self,
        names: Vec<String>,
        random: &mut dyn FnMut() -> u128,
        out: &mut Vec<Record>,
    ) -> Vec<CreatedTopic> {
        let topics =
            names.into_iter().map(|name| match internal(&name, &self.config, self.image.broker_count()) {
                None => NewTopic { name, ..NewTopic::default() },
                Some(spec) => NewTopic {
                    name,
                    partitions: Some(spec.partitions),
                    replication_factor: Some(spec.replication_factor),
                    configs: spec.configs.into_iter().map(|(k, v)| (k, Some(v))).collect(),
                    ..NewTopic::default()
                },
            });
        let topics = topics.collect();
        self.on_create_topics(topics, false, random, out)
    }

    fn create(
        &mut self,
        topic: NewTopic,
        random: &mut dyn FnMut() -> u128,
        made: &mut usize,
        out: &mut Vec<Record>,
    ) -> Result<TopicCreation, Refusal> {
        self.check_name(&topic.name)?;
        let configs = self.check_configs(&topic.configs)?;
        let id = fresh_id(&self.image, random);
        let assignments = if topic.assignments.is_empty() {
            self.assign(&topic, id)?
        } else {
            if topic.replication_factor.is_some() {
                return Err(Refusal::new(
                    ErrorCode::InvalidRequest,
                    "Replication factor must be -1 where replicas are assigned by hand.",
                ));
            }
            if topic.partitions.is_some() {
                return Err(Refusal::new(
                    ErrorCode::InvalidRequest,
                    "Number of partitions must be -1 where replicas are assigned by hand.",
                ));
            }
            by_hand(&self.image, topic.assignments)?
        };
        limit_request(made, assignments.len())?;
        let (partitions, replication_factor) = (assignments.len() as i32, assignments[0].len() as i16);
        let described = describe_topic(&configs, &self.config);
        let states = assignments.into_iter().map(|replicas| fresh(&self.image, replicas)).collect();
        let configs = configs.into_iter().collect();
        self.decide(Record::TopicCreated { topic: id, name: topic.name, partitions: states, configs }, out);
        Ok(TopicCreation { topic: id, partitions, replication_factor, configs: described })
    }

    fn check_name(&self, name: &str) -> Result<(), Refusal> {
        check_topic_name(name).map_err(|e| Refusal::new(ErrorCode::InvalidTopicException, e.to_string()))?;
        if name == METADATA_TOPIC {
            return Err(Refusal::new(
                ErrorCode::TopicAuthorizationFailed,
                format!("{METADATA_TOPIC} is the broker's own log and cannot be a topic"),
            ));
        }
        if self.image.topic(name).is_some() {
            return Err(Refusal::new(
                ErrorCode::TopicAlreadyExists,
                format!("Topic '{name}' already exists."),
            ));
        }
        match collision_key(name).and_then(|key| self.collisions.get(&key)) {
            None => Ok(()),
            Some(other) => Err(Refusal::new(
                ErrorCode::InvalidTopicException,
                format!(
                    "Topic '{name}' collides with existing topic: {other} ('.' and '_' look the same in metrics)"
                ),
            )),
        }
    }

    fn check_configs(&self, configs: &[(String, Option<String>)]) -> Result<Overrides, Refusal> {
        let invalid = |message: String| Refusal::new(ErrorCode::InvalidConfig, message);
        let mut set = Overrides::new();
        for (key, value) in configs {
            match value {
                Some(value) if value.len() <= CONFIG_VALUE_BYTES_MAX => {
                    drop(set.insert(key.clone(), value.clone()))
                }
                Some(_) => return Err(invalid(format!("The value of {key} is too long"))),
                None => return Err(invalid(format!("Null value not supported for topic configs: {key}"))),
            }
        }
        TopicConfig::validate(&set, &self.config).map_err(|e| invalid(e.to_string()))
    }

    fn assign(&self, topic: &NewTopic, id: TopicId) -> Result<Vec<Vec<NodeId>>, Refusal> {
        let count = topic.partitions.unwrap_or(self.config.num_partitions);
        if count <= 0 {
            return Err(Refusal::new(
                ErrorCode::InvalidPartitions,
                "Number of partitions must be larger than 0, or -1 for the default.",
            ));
        }
        let factor = topic.replication_factor.unwrap_or(self.config.default_replication_factor);
        if factor <= 0 {
            return Err(Refusal::new(
                ErrorCode::InvalidReplicationFactor,
                "Replication factor must be larger than 0, or -1 for the default.",
            ));
        }
        self.assign_range(id, 0, count as usize, factor as usize)
    }

    /// Replicas for `count` partitions from number `first`.
    fn assign_range(
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

    /// DeleteTopics, by name or id. Answers in the order of the request, one for each that is named several times.
    pub fn on_delete_topics(
        &mut self,
        topics: Vec<TopicSelector>,
        out: &mut Vec<Record>,
    ) -> Vec<DeletedTopic> {
        let refuse = |code, message: &str| Err(Refusal::new(code, message));
        let mut named: BTreeMap<(Option<String>, Option<TopicId>), usize> = BTreeMap::new();
        for t in &topics {
            *named.entry((t.name.clone(), t.id)).or_default() += 1;
        }
        let mut answers = Vec::with_capacity(topics.len());
        for TopicSelector { name, id } in topics {
            let count = named.get_mut(&(name.clone(), id)).map_or(0, std::mem::take);
            let result = match (count, &name, id) {
                (0, ..) => continue,
                (_, Some(_), Some(_)) => {
                    refuse(ErrorCode::InvalidRequest, "You may not specify both topic name and topic id.")
                }
                (_, None, None) => {
                    refuse(ErrorCode::InvalidRequest, "Neither topic name nor id were specified.")
                }
                (2.., Some(_), _) => refuse(ErrorCode::InvalidRequest, "Duplicate topic name."),
                (2.., _, Some(_)) => refuse(ErrorCode::InvalidRequest, "Duplicate topic id."),
                (_, Some(name), None) => match self.image.topic(name).map(|t| t.id) {
                    // Whether that was meant is anyone's guess, so neither of the two deletes it, as in Kafka.
                    Some(id) if named.contains_key(&(None, Some(id))) => refuse(
                        ErrorCode::InvalidRequest,
                        "The provided topic name maps to an ID that was already supplied.",
                    ),
                    Some(id) => self.delete(id, out),
                    None => {
                        refuse(ErrorCode::UnknownTopicOrPartition, "This server does not host this topic.")
                    }
                },
                (_, None, Some(id)) => {
                    let known = self.image.topic_by_id(id).map(|t| t.name.get().to_string());
                    let result = match &known {
                        Some(name) if named.contains_key(&(Some(name.clone()), None)) => {
                            refuse(ErrorCode::InvalidRequest, "The topic was also named, by its name.")
                        }
                        Some(_) => self.delete(id, out),
                        None => refuse(ErrorCode::UnknownTopicId, "This server does not host this topic id."),
                    };
                    answers.push(DeletedTopic { name: known, id: Some(id), result });
                    continue;
                }
            };
            answers.push(DeletedTopic { name, id, result });
        }
        answers
    }

    fn delete(&mut self, topic: TopicId, out: &mut Vec<Record>) -> Result<(), Refusal> {
        if !self.config.delete_topics {
            return Err(Refusal::new(ErrorCode::TopicDeletionDisabled, "delete.topic.enable is false"));
        }
        self.decide(Record::TopicDeleted { topic }, out);
        Ok(())
    }

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

fn too_many() -> Refusal {
    Refusal::new(
        ErrorCode::PolicyViolation,
        format!(
            "Too many partitions: a request makes {PARTITIONS_PER_REQUEST_MAX} at most, a topic has \
             {PARTITIONS_PER_TOPIC_MAX} at most."
        ),
    )
}

fn limit_request(made: &mut usize, more: usize) -> Result<(), Refusal> {
    if *made + more > PARTITIONS_PER_REQUEST_MAX {
        return Err(too_many());
    }
    *made += more;
    Ok(())
}

/// An id no topic has, and none that Kafka keeps for itself (0 and 1).
fn fresh_id(image: &Image, random: &mut dyn FnMut() -> u128) -> TopicId {
    loop {
        let id = random();
        let topic = TopicId::new(id.to_be_bytes());
        if id > 1 && image.topic_by_id(topic).is_none() {
            return topic;
        }
    }
}

/// A partition that nobody has written to.
fn fresh(image: &Image, replicas: Vec<NodeId>) -> PartitionState {
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
fn by_hand(image: &Image, assignments: Vec<(PartitionId, Vec<NodeId>)>) -> Result<Vec<Vec<NodeId>>, Refusal> {
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

fn check_replicas(image: &Image, replicas: &[NodeId], factor: Option<usize>) -> Result<(), Refusal> {
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
