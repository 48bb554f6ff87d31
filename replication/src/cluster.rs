//! The cluster as group coordinators see it: an Image, and the broker's settings under those of each group.

use std::sync::Arc;

use headwater_core::config::{self, BrokerConfig};
use headwater_core::group::{Cluster, KnownTopic};
use headwater_core::ids::{GroupId, TopicId, TopicName};

use crate::metadata::Image;

/// See the module's text.
#[derive(Clone, Debug)]
pub struct ClusterView {
    /// The metadata.
    pub image: Arc<Image>,
    /// The broker's settings.
    pub broker: Arc<BrokerConfig>,
}

impl Cluster for ClusterView {
    fn topic(&self, name: &str) -> Option<KnownTopic> {
        let topic = self.image.topic(name)?;
        Some(KnownTopic { id: topic.id, partitions: topic.partition_count() })
    }

    fn topic_name(&self, id: TopicId) -> Option<TopicName> {
        self.image.topic_by_id(id).map(|topic| topic.name.clone())
    }

    fn each_topic(&self, visit: &mut dyn FnMut(&str)) {
        self.image.topics().for_each(|topic| visit(topic.name.get()));
    }

    fn share(&self, group: &GroupId) -> config::ShareGroupConfig {
        config::ShareGroupConfig::resolve(self.image.group_configs(group.get()), &self.broker)
    }

    fn streams(&self, group: &GroupId) -> config::StreamsGroupConfig {
        config::StreamsGroupConfig::resolve(self.image.group_configs(group.get()), &self.broker)
    }

    fn timing(&self, group: &GroupId) -> config::GroupConfig {
        config::GroupConfig::resolve(self.image.group_configs(group.get()), &self.broker)
    }
}
