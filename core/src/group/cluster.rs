//! What a coordinator must know of the cluster to deal out partitions: which topics there are, and a group's settings.
//! Whoever drives it lends it a view; this crate knows no metadata.

use std::fmt;

use crate::config;
use crate::ids::{GroupId, TopicId, TopicName};

/// A topic that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownTopic {
    /// Its id.
    pub id: TopicId,
    /// How many partitions it has, numbered from 0.
    pub partitions: i32,
}

/// The cluster as of one moment.
pub trait Cluster: fmt::Debug {
    /// The topic of this name.
    fn topic(&self, name: &str) -> Option<KnownTopic>;
    /// The name of a topic.
    fn topic_name(&self, id: TopicId) -> Option<TopicName>;
    /// Shows the name of every topic, in any order.
    fn each_topic(&self, visit: &mut dyn FnMut(&str));
    /// How members of a consumer group are timed.
    fn timing(&self, group: &GroupId) -> config::GroupConfig;
    /// A share group's settings.
    fn share(&self, group: &GroupId) -> config::ShareGroupConfig {
        let _ = group;
        config::ShareGroupConfig::resolve(&config::Overrides::new(), &config::BrokerConfig::defaults())
    }
    /// A streams group's settings.
    fn streams(&self, group: &GroupId) -> config::StreamsGroupConfig {
        let _ = group;
        config::StreamsGroupConfig::resolve(&config::Overrides::new(), &config::BrokerConfig::defaults())
    }
}

/// A cluster without topics, before the first view is lent.
#[derive(Debug)]
pub(super) struct NoCluster;

impl Cluster for NoCluster {
    fn topic(&self, _: &str) -> Option<KnownTopic> {
        None
    }

    fn topic_name(&self, _: TopicId) -> Option<TopicName> {
        None
    }

    fn each_topic(&self, _: &mut dyn FnMut(&str)) {}

    fn timing(&self, _: &GroupId) -> config::GroupConfig {
        config::GroupConfig {
            session_timeout_ms: 45_000,
            heartbeat_interval_ms: 5_000,
            assignment_interval_ms: 1_000,
        }
    }
}
