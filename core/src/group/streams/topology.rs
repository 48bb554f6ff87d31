//! What a Kafka Streams application is made of, as its members tell the coordinator: stored as a `StreamsGroupTopology`
//! record.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::ids::TopicName;

/// Most subtopologies: what they need of each other is found by going over them again and again.
const SUBTOPOLOGIES_MAX: usize = 1_000;

/// A topology.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamsTopology {
    /// Counts an application's topologies.
    pub epoch: i32,
    /// Its parts, by id.
    pub subtopologies: BTreeMap<Arc<str>, Subtopology>,
}

/// Processors that are joined by anything but a topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subtopology {
    /// Topics that it reads and that somebody else makes.
    pub sources: Vec<TopicName>,
    /// Expressions for more of them. Kafka 4.3 refuses them, and so does this coordinator.
    pub source_regexes: Vec<Arc<str>>,
    /// Topics of the group that hold changes of its state.
    pub changelogs: Vec<InternalTopic>,
    /// Topics of the group that it writes.
    pub repartition_sinks: Vec<TopicName>,
    /// Topics of the group that it reads.
    pub repartition_sources: Vec<InternalTopic>,
    /// Which of the topics that it reads must have equally many partitions.
    pub copartitions: Vec<CopartitionGroup>,
}

/// A topic that the group has for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InternalTopic {
    /// Its name.
    pub name: TopicName,
    /// Its partitions; 0: as many as follows from the topics before it.
    pub partitions: i32,
    /// Its replication factor; 0 or -1: the broker's default.
    pub replication_factor: i16,
    /// Its settings.
    pub configs: Vec<(Arc<str>, Arc<str>)>,
}

/// Topics with equally many partitions, by their places in the lists of their subtopology.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopartitionGroup {
    /// In `sources`.
    pub sources: Vec<i16>,
    /// In `source_regexes`.
    pub source_regexes: Vec<i16>,
    /// In `repartition_sources`.
    pub repartition_sources: Vec<i16>,
}

impl Subtopology {
    /// All topics that it reads.
    pub(super) fn reads(&self) -> impl Iterator<Item = &TopicName> {
        self.sources.iter().chain(self.repartition_sources.iter().map(|topic| &topic.name))
    }

    /// The group's own topics that it needs.
    pub(super) fn internal(&self) -> impl Iterator<Item = &InternalTopic> {
        // A table's source may be its own changelog: it is somebody else's.
        let changelogs = self.changelogs.iter().filter(|topic| !self.sources.contains(&topic.name));
        self.repartition_sources.iter().chain(changelogs)
    }

    /// The topics of a copartition group; `None` if it names one that is not there.
    pub(super) fn copartitioned(&self, group: &CopartitionGroup) -> Option<BTreeSet<&TopicName>> {
        let at = |place: &i16| usize::try_from(*place).ok();
        let sources = group.sources.iter().map(|place| self.sources.get(at(place)?));
        let internal = group.repartition_sources.iter();
        let internal = internal.map(|place| Some(&self.repartition_sources.get(at(place)?)?.name));
        sources.chain(internal).collect()
    }
}

impl StreamsTopology {
    /// Whether it can be, whatever topics there are.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.subtopologies.len() > SUBTOPOLOGIES_MAX {
            return Err(format!("there are more than {SUBTOPOLOGIES_MAX} subtopologies"));
        }
        for (id, part) in &self.subtopologies {
            if let Some(topic) = part.changelogs.iter().find(|topic| topic.partitions != 0) {
                return Err(format!("the partitions of changelog topic {} can't be chosen", topic.name));
            }
            if let Some(topic) = part.repartition_sources.iter().find(|topic| topic.partitions < 0) {
                return Err(format!("topic {} can't have {} partitions", topic.name, topic.partitions));
            }
            if part.reads().next().is_none() {
                return Err(format!("subtopology {id} reads no topic"));
            }
            if part.copartitions.iter().any(|group| part.copartitioned(group).is_none()) {
                return Err(format!(
                    "a copartition group of subtopology {id} names a topic that it does not read"
                ));
            }
        }
        Ok(())
    }

    /// Every topic that it cannot do without.
    pub(super) fn required(&self) -> BTreeSet<&TopicName> {
        let parts = self.subtopologies.values();
        parts.flat_map(|part| part.reads().chain(part.changelogs.iter().map(|topic| &topic.name))).collect()
    }

    /// Whether it reads a topic.
    pub(super) fn reads(&self, topic: &TopicName) -> bool {
        self.subtopologies.values().any(|part| part.reads().any(|name| name == topic))
    }
}
