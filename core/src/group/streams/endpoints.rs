//! Who holds the state of which partition: what members with an endpoint tell each other's users (interactive queries).

use super::super::cluster::Cluster;
use super::super::reply::EndpointPartitions;
use super::task::Role;
use super::{Member, Streams};
use crate::ids::{MemberId, PartitionId, TopicName};

impl Streams {
    /// All members with an endpoint; the one that asks comes last.
    pub(super) fn endpoints(&self, cluster: &dyn Cluster, asks: &MemberId) -> Vec<EndpointPartitions> {
        let others = self.members.iter().filter(|(id, _)| *id != asks).map(|(_, member)| member);
        let all = others.chain(self.members.get(asks));
        all.filter_map(|member| {
            Some(EndpointPartitions {
                endpoint: member.terms.endpoint.clone()?,
                active: self.partitions(cluster, member, Role::Active),
                standby: self.partitions(cluster, member, Role::Standby),
            })
        })
        .collect()
    }

    /// The partitions of topics that a member's tasks of this role read. A topic with fewer partitions than its subtopology
    /// has tasks is read by the first of them only.
    fn partitions(
        &self,
        cluster: &dyn Cluster,
        member: &Member,
        role: Role,
    ) -> Vec<(TopicName, Vec<PartitionId>)> {
        let Some(topology) = &self.topology else { return Vec::new() };
        let mut all = Vec::new();
        for (id, numbers) in super::task::ids(member.current.assigned.keys(), role) {
            let Some(part) = topology.subtopologies.get(&id) else { continue };
            for topic in part.reads() {
                let count = cluster.topic(topic.get()).map_or(0, |known| known.partitions);
                let read = numbers.iter().copied().filter(|number| number.get() < count).collect();
                all.push((topic.clone(), read));
            }
        }
        all
    }
}
