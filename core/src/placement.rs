//! On which shard of a node a partition lives: a stable function, the same in every process and every version.
//!
//! Local to each node (nodes with equal shard counts agree, so that shard k talks to shard k). A topic's partitions go
//! round the shards one by one from a place its id says, so that a topic with as many partitions as shards uses each
//! shard once, and many topics with one partition spread.

use crate::ids::{ShardId, TopicPartition};

/// The shard that owns `partition` on a node of `shards` shards.
///
/// # Panics
/// If `shards` is 0.
pub fn shard_of(partition: TopicPartition, shards: u16) -> ShardId {
    assert!(shards > 0, "a node has at least one shard");
    // Ids are random but for a few bits, yet they come from outside: mix all of them (splitmix64's finalizer).
    let id = u128::from_be_bytes(partition.topic.get());
    let mut hash = (id >> 64) as u64 ^ id as u64;
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^= hash >> 31;
    let start = hash % u64::from(shards);
    let step = u64::from(partition.partition.get().unsigned_abs()) % u64::from(shards);
    ShardId::new(((start + step) % u64::from(shards)) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{PartitionId, TopicId};

    fn at(topic: u128, partition: i32, shards: u16) -> u16 {
        let topic = TopicId::new(topic.to_be_bytes());
        shard_of(TopicPartition { topic, partition: PartitionId::new(partition) }, shards).get()
    }

    #[test]
    fn consecutive_partitions_go_round() {
        for shards in [1u16, 2, 3, 8, 64] {
            let mut seen: Vec<u16> = (0..i32::from(shards)).map(|p| at(0x1234, p, shards)).collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..shards).collect::<Vec<_>>());
        }
    }

    #[test]
    fn topics_with_one_partition_spread() {
        let mut counts = [0u32; 8];
        for topic in 0..8000u128 {
            counts[at(topic << 17, 0, 8) as usize] += 1;
        }
        assert!(counts.iter().all(|c| (800..1200).contains(c)), "{counts:?}");
    }

    // Data lies where these numbers say: a change of them loses it.
    #[test]
    fn placement_is_for_ever() {
        let golden: Vec<u16> = [(0, 0), (1, 0), (1, 1), (u128::MAX, 7), (0xdead_beef << 64, 3)]
            .iter()
            .map(|(t, p)| at(*t, *p, 16))
            .collect();
        assert_eq!(golden, [0, 5, 6, 7, 13]);
    }
}
