//! Brokers, topics and partitions as the metadata of a cluster shows them.

use headwater_core::ids::TopicId;
use headwater_core::wire::messages::metadata_response::MetadataResponseTopic;

/// A broker's number and address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// Its `node.id`.
    pub node: i32,
    /// `HOST:PORT` as it advertises itself.
    pub address: String,
    /// Its rack, if it has one.
    pub rack: Option<String>,
}

/// A partition as the metadata shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionInfo {
    /// The leader's node, if there is one.
    pub leader: Option<i32>,
    /// Counts the partition's leaders; `None` if the broker does not tell.
    pub leader_epoch: Option<i32>,
    /// The nodes that hold it.
    pub replicas: Vec<i32>,
    /// Those of them that are in sync.
    pub isr: Vec<i32>,
}

/// A topic as the metadata shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicInfo {
    /// Its identity; zero if the broker is too old to tell.
    pub id: TopicId,
    /// Whether it is one of Kafka's own.
    pub internal: bool,
    /// Its partitions; the index is the partition's number.
    pub partitions: Vec<PartitionInfo>,
    /// What the broker said about the topic; 0 if nothing is wrong.
    pub error: i16,
}

/// What an answer says of a topic.
pub(super) fn topic_info(topic: &MetadataResponseTopic<'_>) -> TopicInfo {
    let mut partitions = Vec::new();
    for p in &topic.partitions {
        let Ok(index) = usize::try_from(p.partition_index) else { continue };
        // Partition numbers have no gaps; a number beyond the count is a broken broker, and no reason to
        // allocate for it.
        if index >= topic.partitions.len() {
            continue;
        }
        if partitions.len() <= index {
            partitions.resize_with(index + 1, PartitionInfo::default);
        }
        partitions[index] = PartitionInfo {
            leader: (p.leader_id >= 0).then_some(p.leader_id),
            leader_epoch: (p.leader_epoch >= 0).then_some(p.leader_epoch),
            replicas: p.replica_nodes.clone(),
            isr: p.isr_nodes.clone(),
        };
    }
    TopicInfo { id: topic.topic_id, internal: topic.is_internal, partitions, error: topic.error_code }
}
