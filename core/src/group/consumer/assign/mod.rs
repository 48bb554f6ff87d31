//! Dealing out the partitions of a group's topics: pure functions of the members, their topics and what they are dealt now.
//!
//! | name | deals |
//! |---|---|
//! | `uniform` | as evenly as can be, and moves as little as that allows |
//! | `range` | neighbouring partitions of each topic, the same numbers of every topic to the same member |
//!
//! Invariant of both: every partition of a topic that a member subscribes to is dealt to exactly one of them.

mod range;
mod uniform;

use std::collections::{BTreeMap, BTreeSet};

use super::member::Target;
use crate::ids::{InstanceId, MemberId, PartitionId, TopicId};

/// A way of dealing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignor {
    /// As evenly as can be.
    Uniform,
    /// Ranges of each topic.
    Range,
}

impl Assignor {
    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "uniform" => Some(Assignor::Uniform),
            "range" => Some(Assignor::Range),
            _ => None,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Assignor::Uniform => "uniform",
            Assignor::Range => "range",
        }
    }

    /// Deals.
    pub(super) fn deal(self, hand: &Hand<'_>) -> BTreeMap<MemberId, Target> {
        match self {
            Assignor::Uniform => uniform::deal(hand),
            Assignor::Range => range::deal(hand),
        }
    }
}

/// A member, as an assignor sees it.
pub(super) struct Player<'a> {
    pub(super) instance: Option<&'a InstanceId>,
    /// The topics that it subscribes to and that exist.
    pub(super) topics: BTreeSet<TopicId>,
    /// What it is dealt now.
    pub(super) dealt: &'a Target,
}

/// What is to be dealt, and to whom.
pub(super) struct Hand<'a> {
    pub(super) players: BTreeMap<&'a MemberId, Player<'a>>,
    /// How many partitions each topic has that somebody subscribes to.
    pub(super) partitions: BTreeMap<TopicId, i32>,
}

/// A partition.
type Place = (TopicId, PartitionId);

impl Hand<'_> {
    /// Every partition, in order.
    fn places(&self) -> impl Iterator<Item = Place> {
        let topics = self.partitions.iter();
        topics.flat_map(|(topic, count)| (0..*count).map(|number| (*topic, PartitionId::new(number))))
    }
}

fn target(places: impl IntoIterator<Item = Place>) -> Target {
    let mut target = Target::new();
    for (topic, partition) in places {
        target.entry(topic).or_default().insert(partition);
    }
    target
}

#[cfg(test)]
mod tests;
