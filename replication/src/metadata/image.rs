//! The cluster as of one moment: a fold of the records up to an offset of the metadata log.
//!
//! Immutable once published: each shard holds an `Arc` of one. A copy that is to be changed costs a few hundred
//! pointers ([`Buckets`]), so every batch of records may make a new one.
//!
//! # Epochs
//!
//! A broker that restarts may have lost what it had not flushed, so each of its runs must lead in a new epoch. Writing
//! a record for each partition at each start would be 10,000 records. Instead a partition remembers the registration
//! its leader had when its record was written, and what clients see is
//!
//! ```text
//! leader epoch = the record's leader epoch + (the leader's registrations now - those then)
//! ```
//!
//! It never falls: registrations only rise, and a record that changes the leader starts from the epoch seen + 1.

use std::collections::BTreeMap;
use std::sync::Arc;

use headwater_core::config::Overrides;
use headwater_core::ids::{LeaderEpoch, NodeId, PartitionId, TopicId, TopicName, TopicPartition};
use headwater_core::quota::Quotas;

use super::buckets::Buckets;
use super::records::{BrokerEndpoint, PartitionState, Record, Resource};

/// A broker that has registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// Its number.
    pub node: NodeId,
    /// Random for each run of its process.
    pub incarnation: [u8; 16],
    /// Counts its registrations, from 1 (Kafka's broker epoch).
    pub epoch: u32,
    /// Where it stands.
    pub rack: Option<String>,
    /// What it hands out.
    pub endpoints: Vec<BrokerEndpoint>,
}

impl Broker {
    /// The address that belongs to this listener.
    pub fn endpoint(&self, listener: &str) -> Option<&BrokerEndpoint> {
        self.endpoints.iter().find(|e| e.name == listener)
    }
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its id.
    pub id: TopicId,
    /// Its name.
    pub name: TopicName,
    /// Its settings that are not the broker's.
    pub configs: Arc<Overrides>,
    /// Its partitions, by number. Epochs in here are the records'; see [`Image::partition`].
    partitions: Vec<PartitionState>,
}

impl Topic {
    /// How many partitions it has.
    pub fn partition_count(&self) -> i32 {
        self.partitions.len() as i32
    }

    /// How many replicas its first partition has, as Kafka reports a topic's replication factor.
    pub fn replication_factor(&self) -> i16 {
        self.partitions.first().map_or(0, |p| p.replicas.len() as i16)
    }

    /// Its partitions as the records say them, by number.
    pub fn states(&self) -> &[PartitionState] {
        &self.partitions
    }
}

/// A partition as clients see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition<'a> {
    /// Its number.
    pub number: PartitionId,
    /// The broker that leads it.
    pub leader: Option<NodeId>,
    /// Counts its leaders; never falls.
    pub leader_epoch: LeaderEpoch,
    /// Counts its changes; never falls.
    pub partition_epoch: i32,
    /// The brokers that hold it, the preferred leader first.
    pub replicas: &'a [NodeId],
    /// Those that are in sync.
    pub isr: &'a [NodeId],
}

/// What a record changed, for those who act on changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Something that is only looked up.
    Nothing,
    /// A broker registered: the leader epochs of all its partitions have changed.
    Broker(NodeId),
    /// A topic is new.
    TopicCreated(TopicId),
    /// A topic is gone; here it is once more.
    TopicDeleted(Arc<Topic>),
    /// A topic has more partitions, from this number.
    PartitionsAdded(TopicId, PartitionId),
    /// A partition's leader, in-sync set or replicas have changed.
    PartitionChanged(TopicPartition),
    /// A resource's settings have changed.
    Configs(Resource),
}

/// A record that cannot be true after those before it: the log is damaged, or a bug wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the metadata log contradicts itself: {0}")]
pub struct ImageError(pub String);

/// The cluster as of one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Image {
    cluster_id: Option<Arc<str>>,
    features: Arc<BTreeMap<String, i16>>,
    brokers: Arc<BTreeMap<NodeId, Broker>>,
    topics: Buckets<TopicId, Arc<Topic>>,
    names: Buckets<Arc<str>, TopicId>,
    cluster_configs: Arc<Overrides>,
    broker_configs: Arc<BTreeMap<NodeId, Overrides>>,
    group_configs: Buckets<String, Arc<Overrides>>,
    client_metrics: Arc<BTreeMap<String, Overrides>>,
    quotas: Arc<Quotas>,
    next_producer_id: i64,
    partitions: usize,
}

impl Image {
    /// The cluster's id; none before the first record.
    pub fn cluster_id(&self) -> Option<&str> {
        self.cluster_id.as_deref()
    }

    /// Finalized features and their levels.
    pub fn features(&self) -> &BTreeMap<String, i16> {
        &self.features
    }

    /// The level of a feature, 0 if it is not finalized.
    pub fn feature(&self, name: &str) -> i16 {
        self.features.get(name).copied().unwrap_or(0)
    }

    /// The brokers, by number.
    pub fn brokers(&self) -> impl Iterator<Item = &Broker> {
        self.brokers.values()
    }

    /// How many brokers there are.
    pub fn broker_count(&self) -> usize {
        self.brokers.len()
    }

    /// A broker.
    pub fn broker(&self, node: NodeId) -> Option<&Broker> {
        self.brokers.get(&node)
    }

    /// How many topics there are.
    pub fn topic_count(&self) -> usize {
        self.topics.len()
    }

    /// How many partitions there are, of all topics.
    pub fn partition_count(&self) -> usize {
        self.partitions
    }

    /// All topics, in an order that means nothing.
    pub fn topics(&self) -> impl Iterator<Item = &Arc<Topic>> {
        self.topics.values()
    }

    /// All topics by name, as DescribeTopicPartitions pages them (behaviour 21). Sorts: not for a hot path.
    pub fn topics_by_name(&self) -> Vec<&Arc<Topic>> {
        let mut out: Vec<_> = self.topics.values().collect();
        out.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        out
    }

    /// A topic by name.
    pub fn topic(&self, name: &str) -> Option<&Arc<Topic>> {
        self.topics.get(self.names.get(name)?)
    }

    /// A topic by id.
    pub fn topic_by_id(&self, id: TopicId) -> Option<&Arc<Topic>> {
        self.topics.get(&id)
    }

    /// A partition as clients see it.
    pub fn partition<'a>(&self, topic: &'a Topic, number: PartitionId) -> Option<Partition<'a>> {
        let state = topic.partitions.get(usize::try_from(number.get()).ok()?)?;
        Some(self.seen(number, state))
    }

    /// A topic's partitions as clients see them, by number.
    pub fn partitions<'a>(&self, topic: &'a Topic) -> impl Iterator<Item = Partition<'a>> {
        topic.partitions.iter().enumerate().map(|(i, state)| self.seen(PartitionId::new(i as i32), state))
    }

    fn seen<'a>(&self, number: PartitionId, state: &'a PartitionState) -> Partition<'a> {
        let registered = state.leader.and_then(|node| self.broker(node)).map_or(0, |b| b.epoch);
        let restarts = registered.saturating_sub(state.broker_epoch) as i32;
        Partition {
            number,
            leader: state.leader,
            leader_epoch: LeaderEpoch::new(state.leader_epoch.get() + restarts),
            partition_epoch: state.partition_epoch + restarts,
            replicas: &state.replicas,
            isr: &state.isr,
        }
    }

    /// Settings made for all brokers.
    pub fn cluster_configs(&self) -> &Overrides {
        &self.cluster_configs
    }

    /// Settings made for one broker.
    pub fn broker_configs(&self, node: NodeId) -> &Overrides {
        static NONE: Overrides = Overrides::new();
        self.broker_configs.get(&node).unwrap_or(&NONE)
    }

    /// Settings made for one group.
    pub fn group_configs(&self, group: &str) -> &Overrides {
        static NONE: Overrides = Overrides::new();
        self.group_configs.get(group).map_or(&NONE, |o| o)
    }

    /// Groups that have settings, in an order that means nothing.
    pub fn configured_groups(&self) -> impl Iterator<Item = &str> {
        self.group_configs.iter().map(|(name, _)| name.as_str())
    }

    /// Subscriptions to clients' metrics, by name: their settings.
    pub fn client_metrics(&self) -> &Arc<BTreeMap<String, Overrides>> {
        &self.client_metrics
    }

    /// What clients are limited to.
    pub fn quotas(&self) -> &Quotas {
        &self.quotas
    }

    /// The first producer id that no shard has been given.
    pub fn next_producer_id(&self) -> i64 {
        self.next_producer_id
    }

    /// Makes one more record true.
    pub fn apply(&mut self, record: &Record) -> Result<Change, ImageError> {
        Ok(match record {
            Record::ClusterCreated { cluster_id } => {
                if let Some(before) = &self.cluster_id {
                    return Err(ImageError(format!("cluster {cluster_id} was created after {before}")));
                }
                self.cluster_id = Some(cluster_id.as_str().into());
                Change::Nothing
            }
            Record::FeatureLevel { name, level } => {
                let features = Arc::make_mut(&mut self.features);
                match level {
                    0 => features.remove(name),
                    level => features.insert(name.clone(), *level),
                };
                Change::Nothing
            }
            Record::BrokerRegistered { node, incarnation, epoch, rack, endpoints } => {
                let before = self.broker(*node).map_or(0, |b| b.epoch);
                if *epoch <= before {
                    return Err(ImageError(format!(
                        "broker {node} registered with epoch {epoch} after {before}"
                    )));
                }
                let broker = Broker {
                    node: *node,
                    incarnation: *incarnation,
                    epoch: *epoch,
                    rack: rack.clone(),
                    endpoints: endpoints.clone(),
                };
                Arc::make_mut(&mut self.brokers).insert(*node, broker);
                Change::Broker(*node)
            }
            Record::TopicCreated { topic, name, partitions, configs } => {
                self.create(*topic, name, partitions, configs)?;
                Change::TopicCreated(*topic)
            }
            Record::TopicDeleted { topic } => {
                let gone = self.topics.remove(topic).ok_or_else(|| unknown(*topic, "deleted"))?;
                self.names.remove(gone.name.get());
                self.partitions -= gone.partitions.len();
                Change::TopicDeleted(gone)
            }
            Record::PartitionsAdded { topic, first, partitions } => {
                let entry = self.entry(*topic, "extended")?;
                if entry.partition_count() != first.get() {
                    return Err(ImageError(format!(
                        "topic {topic} was extended from {first} but had {}",
                        entry.partition_count()
                    )));
                }
                entry.partitions.extend_from_slice(partitions);
                self.partitions += partitions.len();
                Change::PartitionsAdded(*topic, *first)
            }
            Record::PartitionChanged { topic, partition, state } => {
                let entry = self.entry(*topic, "changed")?;
                let index = usize::try_from(partition.get()).ok();
                let slot = index.and_then(|i| entry.partitions.get_mut(i));
                *slot.ok_or_else(|| {
                    ImageError(format!("partition {topic}-{partition} was changed but never added"))
                })? = state.clone();
                Change::PartitionChanged(TopicPartition { topic: *topic, partition: *partition })
            }
            Record::ConfigSet { resource, key, value } => {
                self.configure(resource, key, value.as_ref())?;
                Change::Configs(resource.clone())
            }
            Record::QuotaSet { entity, key, limit } => {
                Arc::make_mut(&mut self.quotas).set(entity, *key, *limit);
                Change::Nothing
            }
            Record::ProducerIdsReserved { next } => {
                if *next <= self.next_producer_id {
                    return Err(ImageError(format!(
                        "producer ids below {next} were reserved after those below {}",
                        self.next_producer_id
                    )));
                }
                self.next_producer_id = *next;
                Change::Nothing
            }
        })
    }

    fn create(
        &mut self,
        id: TopicId,
        name: &str,
        partitions: &[PartitionState],
        configs: &[(String, String)],
    ) -> Result<(), ImageError> {
        if self.topics.get(&id).is_some() || self.names.get(name).is_some() {
            return Err(ImageError(format!("topic {name} ({id}) was created twice")));
        }
        let topic_name = TopicName::new(name);
        self.names.insert(name.into(), id);
        self.partitions += partitions.len();
        let configs = Arc::new(configs.iter().cloned().collect());
        let topic = Topic { id, name: topic_name, configs, partitions: partitions.to_vec() };
        self.topics.insert(id, Arc::new(topic));
        Ok(())
    }

    fn entry(&mut self, topic: TopicId, what: &str) -> Result<&mut Topic, ImageError> {
        self.topics.get_mut(&topic).map(Arc::make_mut).ok_or_else(|| unknown(topic, what))
    }

    fn configure(
        &mut self,
        resource: &Resource,
        key: &str,
        value: Option<&String>,
    ) -> Result<(), ImageError> {
        let set = |overrides: &mut Overrides| match value {
            Some(value) => drop(overrides.insert(key.into(), value.clone())),
            None => drop(overrides.remove(key)),
        };
        match resource {
            Resource::Cluster => set(Arc::make_mut(&mut self.cluster_configs)),
            Resource::Broker(node) => {
                let all = Arc::make_mut(&mut self.broker_configs);
                let own = all.entry(*node).or_default();
                set(own);
                if own.is_empty() {
                    all.remove(node);
                }
            }
            Resource::Topic(topic) => set(Arc::make_mut(&mut self.entry(*topic, "configured")?.configs)),
            Resource::ClientMetrics(name) => {
                let all = Arc::make_mut(&mut self.client_metrics);
                let own = all.entry(name.clone()).or_default();
                set(own);
                if own.is_empty() {
                    all.remove(name);
                }
            }
            Resource::Group(group) => {
                let mut own = self.group_configs.remove(group).unwrap_or_default();
                set(Arc::make_mut(&mut own));
                if !own.is_empty() {
                    self.group_configs.insert(group.clone(), own);
                }
            }
        }
        Ok(())
    }

    /// Records that make this image out of nothing: a log that starts with them may forget what came before.
    pub fn to_records(&self) -> Vec<Record> {
        let mut out = Vec::with_capacity(self.topics.len() + self.brokers.len() + 16);
        if let Some(id) = &self.cluster_id {
            out.push(Record::ClusterCreated { cluster_id: id.to_string() });
        }
        for (name, level) in self.features.iter() {
            out.push(Record::FeatureLevel { name: name.clone(), level: *level });
        }
        for b in self.brokers.values() {
            out.push(Record::BrokerRegistered {
                node: b.node,
                incarnation: b.incarnation,
                epoch: b.epoch,
                rack: b.rack.clone(),
                endpoints: b.endpoints.clone(),
            });
        }
        for topic in self.topics.values() {
            out.push(Record::TopicCreated {
                topic: topic.id,
                name: topic.name.get().into(),
                partitions: topic.partitions.clone(),
                configs: topic.configs.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
            });
        }
        let mut configs = |resource: Resource, overrides: &Overrides| {
            for (key, value) in overrides {
                out.push(Record::ConfigSet {
                    resource: resource.clone(),
                    key: key.clone(),
                    value: Some(value.clone()),
                });
            }
        };
        configs(Resource::Cluster, &self.cluster_configs);
        for (node, overrides) in self.broker_configs.iter() {
            configs(Resource::Broker(*node), overrides);
        }
        for (group, overrides) in self.group_configs.iter() {
            configs(Resource::Group(group.clone()), overrides);
        }
        for (name, overrides) in self.client_metrics.iter() {
            configs(Resource::ClientMetrics(name.clone()), overrides);
        }
        for (entity, limits) in self.quotas.iter() {
            for (key, limit) in limits {
                out.push(Record::QuotaSet { entity: entity.clone(), key: *key, limit: Some(*limit) });
            }
        }
        if self.next_producer_id > 0 {
            out.push(Record::ProducerIdsReserved { next: self.next_producer_id });
        }
        out
    }
}

fn unknown(topic: TopicId, what: &str) -> ImageError {
    ImageError(format!("topic {topic} was {what} but never created"))
}
