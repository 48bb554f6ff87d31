//! The group coordinators of a shard: one on each partition of `__consumer_offsets` that the shard owns.

use std::rc::Rc;
use std::sync::Arc;

use headwater_core::ErrorCode;
use headwater_core::group::{GroupConfig, GroupReply, ListGroups, ListedGroup};
use headwater_core::ids::{ProducerId, TopicPartition};
use headwater_core::record::control::Outcome;
use headwater_replication::cluster::ClusterView;
use headwater_replication::coordinator::{CoordinatorHost, GroupCall};
use headwater_replication::metadata::{CONSUMER_OFFSETS, Topic};
use headwater_replication::partition::Partition;
use headwater_storage::disk::dma::Dma;

use super::Shard;
use super::hosts::Hosts;
use crate::rt;

/// The coordinators of one shard.
pub type Groups = Hosts<CoordinatorHost<Dma>>;

impl Shard {
    /// Hosts a coordinator on `partition` if it is one of `__consumer_offsets`.
    pub(super) fn host_groups(&self, topic: &Topic, partition: &Rc<Partition<Dma>>) {
        if topic.name.get() == CONSUMER_OFFSETS {
            let (config, cluster) = (self.group_config(topic), self.cluster_view());
            self.groups.add(CoordinatorHost::new(partition.clone(), config, cluster));
        }
    }

    fn cluster_view(&self) -> Arc<ClusterView> {
        Arc::new(ClusterView { image: self.image(), broker: self.config() })
    }

    /// There is a newer Image: groups follow the topics that they read, and their settings.
    pub(super) fn show_groups_the_cluster(&self) {
        let view = self.cluster_view();
        for host in self.groups.all() {
            host.set_cluster(view.clone());
        }
    }

    /// The settings have changed.
    pub(super) fn configure_groups(&self) {
        let image = self.image();
        let Some(topic) = image.topic(CONSUMER_OFFSETS) else { return };
        for host in self.groups.all() {
            host.set_config(self.group_config(topic));
        }
    }

    fn group_config(&self, topic: &Topic) -> GroupConfig {
        GroupConfig::new(&self.config(), self.topic_config(topic).max_message_bytes as usize)
    }

    /// Nobody reads a topic that is gone: its offsets are forgotten.
    pub(super) fn forget_offsets_of(&self, topic: &Topic) {
        for host in self.groups.all() {
            host.on_topic_deleted(rt::now(), rt::wall(), &topic.name, topic.id);
            self.groups.after(&host);
        }
    }

    /// A marker was appended to `partition`; a coordinator there has to know.
    pub(super) fn end_in_groups(&self, partition: TopicPartition, producer: ProducerId, outcome: Outcome) {
        if let Some(host) = self.groups.get(partition) {
            host.on_transaction_end(producer, outcome);
        }
    }

    /// What the coordinators of this shard list, and why one could not.
    pub(super) fn list_groups(&self, request: &ListGroups) -> (Vec<ListedGroup>, Option<ErrorCode>) {
        let (replies, error) = self.groups.ask_all(|| GroupCall::ListGroups(request.clone()));
        let listed = replies.into_iter().flat_map(|reply| match reply {
            GroupReply::ListGroups(groups) => groups,
            _ => unreachable!("a list is answered with a list"),
        });
        (listed.collect(), error)
    }
}
