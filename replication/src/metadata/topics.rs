//! CreateTopics, and creation on demand (behaviours 13, 16, 17).

use std::collections::BTreeMap;

use headwater_core::ErrorCode;
use headwater_core::config::{ConfigEntry, Overrides, TopicConfig, describe_topic};
use headwater_core::ids::{NodeId, PartitionId, TopicId};
use headwater_core::limits::CONFIG_VALUE_BYTES_MAX;

use super::assign::{by_hand, fresh, limit_request};
use super::controller::{Controller, Refusal};
use super::image::Image;
use super::internal::{METADATA_TOPIC, internal};
use super::names::{check_topic_name, collision_key};
use super::records::Record;

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
