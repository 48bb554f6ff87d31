//! The controller: turns requests into records.
//!
//! A pure Machine. Each `on_…` decides at once, pushes records to `out` (nothing if it refuses, or only checks), and
//! returns the answer for every item of the request. The driver
//!
//! 1. appends `out` to the metadata log as one batch, in the order of the calls;
//! 2. when that is committed, applies the records to the published [`Image`] and hands it to the shards;
//! 3. then lets the answer go (`After::Committed` of the last record, or `After::Now` if there was none).
//!
//! The controller applies its own records at once, so that a second request sees the first one's topic while the log is
//! still being flushed. Since both images are folds of the same records in the same order, the published one arrives at
//! the controller's. If an append fails the controller is ahead of the log: it must be dropped and made again from the
//! published image (today a failed metadata log stops the process).
//!
//! Time, randomness and the network are arguments or absent.

use std::collections::BTreeMap;
use std::sync::Arc;

use headwater_core::ErrorCode;
use headwater_core::config::{BrokerConfig, ConfigError};
use headwater_core::ids::{NodeId, ProducerId};
use headwater_core::limits::PRODUCER_ID_BLOCK;

use super::image::{Change, Image};
use super::names::collision_key;
use super::records::{BrokerEndpoint, Record, Resource};

/// A refusal: Kafka's error code, and the message for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code.
    pub code: ErrorCode,
    /// What is wrong, and often what would be right.
    pub message: String,
}

impl Refusal {
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Refusal {
        Refusal { code, message: message.into() }
    }
}

/// A broker that has started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Its number.
    pub node: NodeId,
    /// Random for this run of its process.
    pub incarnation: [u8; 16],
    /// Where it stands.
    pub rack: Option<String>,
    /// What it hands out.
    pub endpoints: Vec<BrokerEndpoint>,
}

/// Producer ids for one shard to hand out: `first` and those after it, `count` in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerIdBlock {
    /// The first.
    pub first: ProducerId,
    /// How many.
    pub count: i64,
}

/// The controller's state.
#[derive(Clone, Debug)]
pub struct Controller {
    pub(super) image: Image,
    /// The static settings of this broker, as started.
    started: Arc<BrokerConfig>,
    /// The same with the image's dynamic settings over them.
    pub(super) config: Arc<BrokerConfig>,
    /// Names that another could collide with, by their common form.
    pub(super) collisions: BTreeMap<String, String>,
}

/// Features of a new cluster, and their levels: what Kafka 4.3 finalizes, less what is not here yet.
const FEATURES: [(&str, i16); 3] =
    [("eligible.leader.replicas.version", 1), ("group.version", 1), ("metadata.version", 30)];

impl Controller {
    /// A controller of a cluster that looks like `image`.
    ///
    /// # Errors
    /// If the dynamic settings in the image do not go with those of the start.
    pub fn new(image: Image, started: Arc<BrokerConfig>) -> Result<Controller, ConfigError> {
        let collisions = image
            .topics()
            .filter_map(|t| Some((collision_key(t.name.get())?, t.name.get().to_string())))
            .collect();
        let config = Arc::new(dynamic(&image, &started)?);
        Ok(Controller { image, started, config, collisions })
    }

    /// The cluster with every record made so far, appended or not.
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// This broker's settings with the dynamic ones over them.
    pub fn config(&self) -> &Arc<BrokerConfig> {
        &self.config
    }

    /// Makes a record true here, and one for the log.
    ///
    /// # Panics
    /// If it contradicts what is: the caller has checked.
    pub(super) fn decide(&mut self, record: Record, out: &mut Vec<Record>) {
        let change = self.image.apply(&record).unwrap_or_else(|e| panic!("the controller made it: {e}"));
        match &change {
            Change::TopicCreated(id) => {
                if let Some(topic) = self.image.topic_by_id(*id)
                    && let Some(key) = collision_key(topic.name.get())
                {
                    self.collisions.insert(key, topic.name.get().into());
                }
            }
            Change::TopicDeleted(topic) => {
                if let Some(key) = collision_key(topic.name.get()) {
                    self.collisions.remove(&key);
                }
            }
            Change::Configs(Resource::Cluster | Resource::Broker(_)) => {
                // Checked before it was decided; a value that does not go stays without effect.
                if let Ok(config) = dynamic(&self.image, &self.started) {
                    self.config = Arc::new(config);
                }
            }
            _ => {}
        }
        out.push(record);
    }

    /// The settings with this broker's and the cluster's dynamic ones replaced, to try them.
    pub(super) fn with_dynamic(
        &self,
        cluster: &headwater_core::config::Overrides,
        own: &headwater_core::config::Overrides,
    ) -> Result<BrokerConfig, ConfigError> {
        self.started.with_dynamic(cluster, own)
    }

    /// An empty log: the cluster begins. Does nothing if it has begun.
    pub fn on_bootstrap(&mut self, cluster_id: &str, out: &mut Vec<Record>) {
        if self.image.cluster_id().is_some() {
            return;
        }
        self.decide(Record::ClusterCreated { cluster_id: cluster_id.into() }, out);
        for (name, level) in FEATURES {
            self.decide(Record::FeatureLevel { name: name.into(), level }, out);
        }
        // With eligible leader replicas, the minimum belongs to the cluster: it is written down from the start, and may
        // be changed but not removed (behaviour 70).
        let value = self.started.topic_defaults.min_insync_replicas.to_string();
        let key = "min.insync.replicas".to_string();
        self.decide(Record::ConfigSet { resource: Resource::Cluster, key, value: Some(value) }, out);
    }

    /// A broker has started: it gets a new epoch, and with it every partition it leads. The same run may say so again.
    /// Answers the epoch.
    pub fn on_register(&mut self, broker: Registration, out: &mut Vec<Record>) -> u32 {
        let before = self.image.broker(broker.node);
        if let Some(same) = before.filter(|b| b.incarnation == broker.incarnation) {
            return same.epoch;
        }
        let epoch = before.map_or(0, |b| b.epoch) + 1;
        let Registration { node, incarnation, rack, endpoints } = broker;
        self.decide(Record::BrokerRegistered { node, incarnation, epoch, rack, endpoints }, out);
        epoch
    }

    /// A shard has run out of producer ids. Ids it had and did not use are lost, as in Kafka.
    pub fn on_allocate_producer_ids(&mut self, out: &mut Vec<Record>) -> Result<ProducerIdBlock, Refusal> {
        let first = self.image.next_producer_id();
        let Some(next) = first.checked_add(PRODUCER_ID_BLOCK) else {
            return Err(Refusal::new(ErrorCode::UnknownServerError, "all producer ids have been handed out"));
        };
        self.decide(Record::ProducerIdsReserved { next }, out);
        Ok(ProducerIdBlock { first: ProducerId::new(first), count: PRODUCER_ID_BLOCK })
    }
}

fn dynamic(image: &Image, started: &BrokerConfig) -> Result<BrokerConfig, ConfigError> {
    started.with_dynamic(image.cluster_configs(), image.broker_configs(started.node_id))
}
