//! The offsets of one group: those that count, and those that will when their transaction commits.
//!
//! ```text
//!              commit ──────────────────────────► committed ──► fetch
//!   transactional commit ──► pending ── commit ──►    ▲
//!                               └────── abort ──► gone    the later in the log stays
//! ```
//!
//! Of a plain and a transactional commit of the same partition the one that comes later *in the log* wins, whenever
//! its transaction ends. `order` counts commits as they are written, which is the order they are loaded in.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use crate::ids::{LeaderEpoch, Offset, PartitionId, ProducerId, TopicId, TopicName};
use crate::time::Timestamp;

/// A committed offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Committed {
    /// The next offset to be read.
    pub(super) offset: Offset,
    /// The epoch of the last record read.
    pub(super) leader_epoch: Option<LeaderEpoch>,
    /// The client's note.
    pub(super) metadata: Arc<str>,
    /// When it was committed.
    pub(super) committed: Timestamp,
    /// When it expires, if the client said so.
    pub(super) expires: Option<Timestamp>,
    /// The topic's id, if known.
    pub(super) topic_id: Option<TopicId>,
    /// Its place among the commits of this group.
    pub(super) order: u64,
}

/// A partition by name.
pub(super) type Place = (TopicName, PartitionId);

/// All offsets of a group.
#[derive(Debug, Default)]
pub(super) struct Offsets {
    committed: BTreeMap<Place, Committed>,
    pending: BTreeMap<ProducerId, BTreeMap<Place, Committed>>,
    /// How many transactions have a pending offset there.
    unstable: BTreeMap<Place, usize>,
    commits: u64,
}

impl Offsets {
    /// Nothing is committed, nothing pending.
    pub(super) fn is_empty(&self) -> bool {
        self.committed.is_empty() && self.pending.is_empty()
    }

    /// The producers of open transactions that have offsets here.
    pub(super) fn producers(&self) -> impl Iterator<Item = &ProducerId> {
        self.pending.keys()
    }

    /// An open transaction may change the offset of this partition.
    pub(super) fn is_unstable(&self, place: &Place) -> bool {
        self.unstable.contains_key(place)
    }

    /// The committed offset of a partition.
    pub(super) fn get(&self, place: &Place) -> Option<&Committed> {
        self.committed.get(place)
    }

    /// Every committed offset, by topic and partition.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Place, &Committed)> {
        self.committed.iter()
    }

    /// Every partition something is committed or pending for, in order, each once.
    pub(super) fn places(&self) -> Vec<Place> {
        let mut places: Vec<Place> = self.committed.keys().chain(self.unstable.keys()).cloned().collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// The partitions of one topic something is committed or pending for; with `id` only those of that topic, or that
    /// do not know theirs.
    pub(super) fn places_of(&self, topic: &TopicName, id: Option<TopicId>) -> Vec<Place> {
        let from = Bound::Included((topic.clone(), PartitionId::new(i32::MIN)));
        let until = Bound::Included((topic.clone(), PartitionId::new(i32::MAX)));
        let matches = |committed: &Committed| match (id, committed.topic_id) {
            (Some(id), Some(its)) => id == its,
            _ => true,
        };
        let committed = self.committed.range((from.clone(), until.clone()));
        let mut places: Vec<Place> =
            committed.filter(|(_, c)| matches(c)).map(|(place, _)| place.clone()).collect();
        for pending in self.pending.values() {
            let pending = pending.range((from.clone(), until.clone()));
            places.extend(pending.filter(|(_, c)| matches(c)).map(|(place, _)| place.clone()));
        }
        places.sort_unstable();
        places.dedup();
        places
    }

    /// A commit that counts at once.
    pub(super) fn commit(&mut self, place: Place, mut offset: Committed) {
        offset.order = self.next_order();
        self.committed.insert(place, offset);
    }

    /// A commit that counts when the transaction does.
    pub(super) fn commit_pending(&mut self, producer: ProducerId, place: Place, mut offset: Committed) {
        offset.order = self.next_order();
        let pending = self.pending.entry(producer).or_default();
        if pending.insert(place.clone(), offset).is_none() {
            *self.unstable.entry(place).or_default() += 1;
        }
    }

    /// The transaction is over.
    pub(super) fn end(&mut self, producer: ProducerId, commit: bool) {
        for (place, offset) in self.pending.remove(&producer).unwrap_or_default() {
            self.release(&place);
            let newer = self.committed.get(&place).is_none_or(|there| there.order < offset.order);
            if commit && newer {
                self.committed.insert(place, offset);
            }
        }
    }

    /// A tombstone: what is committed and what is pending there is gone.
    pub(super) fn remove(&mut self, place: &Place) {
        self.committed.remove(place);
        if self.unstable.remove(place).is_some() {
            self.pending.retain(|_, pending| {
                pending.remove(place);
                !pending.is_empty()
            });
        }
    }

    fn release(&mut self, place: &Place) {
        if let Some(count) = self.unstable.get_mut(place) {
            *count -= 1;
            if *count == 0 {
                self.unstable.remove(place);
            }
        }
    }

    fn next_order(&mut self) -> u64 {
        self.commits += 1;
        self.commits
    }

    /// Asserts what must always hold.
    pub(super) fn check(&self) {
        let mut unstable: BTreeMap<&Place, usize> = BTreeMap::new();
        for pending in self.pending.values() {
            assert!(!pending.is_empty(), "a transaction without offsets is not kept");
            for place in pending.keys() {
                *unstable.entry(place).or_default() += 1;
            }
        }
        assert!(unstable.into_iter().eq(self.unstable.iter().map(|(place, count)| (place, *count))));
        let orders = self.committed.values().chain(self.pending.values().flat_map(|p| p.values()));
        for offset in orders {
            assert!((1..=self.commits).contains(&offset.order));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(partition: i32) -> Place {
        (TopicName::new("t"), PartitionId::new(partition))
    }

    fn at(offset: i64) -> Committed {
        Committed {
            offset: Offset::new(offset),
            leader_epoch: None,
            metadata: "".into(),
            committed: Timestamp::default(),
            expires: None,
            topic_id: None,
            order: 0,
        }
    }

    fn committed(offsets: &Offsets) -> Option<i64> {
        offsets.check();
        offsets.get(&place(0)).map(|c| c.offset.get())
    }

    const PRODUCER: ProducerId = ProducerId::new(7);

    #[test]
    fn b63_pending_offsets_count_when_the_transaction_commits() {
        let mut offsets = Offsets::default();
        offsets.commit(place(0), at(1));
        offsets.commit_pending(PRODUCER, place(0), at(5));
        assert_eq!((committed(&offsets), offsets.is_unstable(&place(0))), (Some(1), true));
        offsets.end(PRODUCER, true);
        assert_eq!((committed(&offsets), offsets.is_unstable(&place(0))), (Some(5), false));
        offsets.commit_pending(PRODUCER, place(0), at(9));
        offsets.end(PRODUCER, false);
        assert_eq!((committed(&offsets), offsets.producers().count()), (Some(5), 0));
    }

    #[test]
    fn the_later_in_the_log_wins_whenever_its_transaction_ends() {
        let mut offsets = Offsets::default();
        offsets.commit_pending(PRODUCER, place(0), at(5));
        offsets.commit(place(0), at(3));
        offsets.end(PRODUCER, true);
        assert_eq!(committed(&offsets), Some(3));
    }

    #[test]
    fn a_tombstone_takes_pending_offsets_along() {
        let mut offsets = Offsets::default();
        offsets.commit(place(0), at(1));
        offsets.commit_pending(PRODUCER, place(0), at(5));
        offsets.commit_pending(ProducerId::new(8), place(1), at(6));
        offsets.remove(&place(0));
        assert_eq!((committed(&offsets), offsets.producers().count()), (None, 1));
        offsets.end(PRODUCER, true);
        assert_eq!(committed(&offsets), None);
    }

    #[test]
    fn a_topic_made_anew_keeps_its_offsets() {
        let (old, new) = (TopicId::new([1; 16]), TopicId::new([2; 16]));
        let mut offsets = Offsets::default();
        for (partition, topic_id) in [(0, Some(old)), (1, Some(new)), (2, None)] {
            offsets.commit(place(partition), Committed { topic_id, ..at(1) });
        }
        let topic = TopicName::new("t");
        assert_eq!(offsets.places_of(&topic, Some(old)), [place(0), place(2)]);
        assert_eq!(offsets.places_of(&topic, None), [place(0), place(1), place(2)]);
        assert_eq!(offsets.places_of(&TopicName::new("tt"), None), []);
    }
}
