//! On which brokers a new partition goes.
//!
//! Partitions start at consecutive brokers, and each round of all brokers moves the followers one further from their
//! leader, so that the partitions of a lost broker come back from many others. Racks are not looked at yet: one node
//! has one.

use headwater_core::ids::NodeId;

/// Replicas of partition `partition`, the leader first: `factor` of `brokers`, which is sorted and has as many at least.
pub(super) fn replicas(brokers: &[NodeId], factor: usize, start: usize, partition: usize) -> Vec<NodeId> {
    let count = brokers.len();
    let first = (start + partition) % count;
    let shift = partition / count;
    let mut out = vec![brokers[first]];
    for follower in 1..factor {
        // Steps of 1 to count-1 from the leader, all different.
        let step = 1 + (shift + follower - 1) % (count - 1);
        out.push(brokers[(first + step) % count]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_are_distinct_and_even() {
        for count in 1..7usize {
            let brokers: Vec<NodeId> = (0..count as i32).map(NodeId::new).collect();
            for factor in 1..=count {
                let mut leaders = vec![0; count];
                let mut held = vec![0; count];
                let partitions = count * (count - 1).max(1) * 2;
                for p in 0..partitions {
                    let mut r = replicas(&brokers, factor, 3, p);
                    leaders[r[0].get() as usize] += 1;
                    r.iter().for_each(|n| held[n.get() as usize] += 1);
                    r.sort_unstable();
                    r.dedup();
                    assert_eq!(r.len(), factor, "{count} brokers, partition {p}");
                }
                assert!(leaders.iter().all(|n| *n == partitions / count), "{leaders:?}");
                assert!(held.iter().all(|n| *n == factor * partitions / count), "{held:?}");
            }
        }
    }
}
