//! A topology meets the cluster: how many partitions the group's own topics must have, which of them are missing, and how
//! many tasks each subtopology has.
//!
//! ```text
//!   sources ─► repartition topics: as many partitions as the most that who writes them reads, unless the application says
//!           ─► copartitioned ones: all alike; those that may be coerced follow the others
//!           ─► changelogs, tasks: as many as the most that their subtopology reads
//! ```
//!
//! A pure function of the topology and the cluster: nothing of it is stored.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::cluster::Cluster;
use super::super::reply::StreamsStatus;
use super::topology::{InternalTopic, StreamsTopology, Subtopology};
use crate::ids::TopicName;

/// How many names a status has at most: it goes with every heartbeat.
const NAMES_MAX: usize = 10;

/// A topology in a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Configured {
    /// How many tasks each subtopology has, and whether they have state. Empty if that cannot be told.
    pub(super) tasks: BTreeMap<Arc<str>, (i32, bool)>,
    /// The partitions that the group's own topics have, or are to have.
    pub(super) partitions: BTreeMap<TopicName, i32>,
    /// The group's own topics that are not there.
    pub(super) missing: Vec<InternalTopic>,
    /// Why nothing can be dealt.
    pub(super) problem: Option<StreamsStatus>,
}

impl Configured {
    /// Tasks may be dealt.
    pub(super) fn is_ready(&self) -> bool {
        self.problem.is_none()
    }

    fn hindered(code: i8, detail: String) -> Self {
        Self { problem: Some(StreamsStatus { code, detail }), ..Self::default() }
    }
}

/// Why a topology is not configured.
enum Refusal {
    /// It cannot be in any cluster.
    Invalid(String),
    /// Its topics do not fit together as they are.
    Partitions(String),
}

/// What the topology comes to.
///
/// # Errors
/// If it cannot be in any cluster; in words.
pub(super) fn configure(topology: &StreamsTopology, cluster: &dyn Cluster) -> Result<Configured, String> {
    let sources = topology.subtopologies.values().flat_map(|part| &part.sources);
    let lost: BTreeSet<&str> =
        sources.map(TopicName::get).filter(|name| cluster.topic(name).is_none()).collect();
    if !lost.is_empty() {
        let detail = format!("Source topics {} are missing.", names(lost));
        return Ok(Configured::hindered(StreamsStatus::MISSING_SOURCE_TOPICS, detail));
    }
    match (Counting { topology, cluster, decided: BTreeMap::new() }).run() {
        Ok(configured) => Ok(configured),
        Err(Refusal::Invalid(problem)) => Err(problem),
        Err(Refusal::Partitions(detail)) => {
            Ok(Configured::hindered(StreamsStatus::INCORRECTLY_PARTITIONED_TOPICS, detail))
        }
    }
}

fn names<'a>(all: impl IntoIterator<Item = &'a str>) -> String {
    let all: Vec<&str> = all.into_iter().collect();
    let shown = all[..all.len().min(NAMES_MAX)].join(", ");
    match all.len().saturating_sub(NAMES_MAX) {
        0 => shown,
        others => format!("{shown} and {others} more"),
    }
}

struct Counting<'a> {
    topology: &'a StreamsTopology,
    cluster: &'a dyn Cluster,
    /// For topics of the group.
    decided: BTreeMap<&'a TopicName, i32>,
}

impl<'a> Counting<'a> {
    fn run(mut self) -> Result<Configured, Refusal> {
        self.repartition()?;
        for part in self.topology.subtopologies.values() {
            for group in &part.copartitions {
                self.copartition(part, part.copartitioned(group).unwrap_or_default())?;
            }
        }
        let mut tasks = BTreeMap::new();
        for (id, part) in &self.topology.subtopologies {
            let most = part.reads().filter_map(|topic| self.count(topic)).max();
            let most = most.ok_or_else(|| Refusal::Invalid(format!("subtopology {id} reads no topic")))?;
            for changelog in part.changelogs.iter().filter(|topic| !part.sources.contains(&topic.name)) {
                self.decided.insert(&changelog.name, most);
            }
            tasks.insert(id.clone(), (most, !part.changelogs.is_empty()));
        }
        let missing = self.missing()?;
        let problem = (!missing.is_empty()).then(|| StreamsStatus {
            code: StreamsStatus::MISSING_INTERNAL_TOPICS,
            detail: format!(
                "Internal topics are missing: {}",
                names(missing.iter().map(|topic| topic.name.get()))
            ),
        });
        let partitions = self.decided.into_iter().map(|(name, count)| (name.clone(), count)).collect();
        Ok(Configured { tasks, partitions, missing, problem })
    }

    /// The partitions that a topic has, or is to have.
    fn count(&self, topic: &TopicName) -> Option<i32> {
        let known = self.cluster.topic(topic.get()).map(|topic| topic.partitions);
        known.or_else(|| self.decided.get(topic).copied())
    }

    /// Decides what every repartition topic is to have.
    fn repartition(&mut self) -> Result<(), Refusal> {
        let parts = self.topology.subtopologies.values();
        let fixed = parts.clone().flat_map(|part| &part.repartition_sources).filter(|t| t.partitions > 0);
        self.decided.extend(fixed.map(|topic| (&topic.name, topic.partitions)));
        loop {
            let (mut waits, mut moved) = (false, false);
            for part in parts.clone() {
                let own = part.repartition_sources.iter().filter_map(|t| self.decided.get(&t.name).copied());
                let others = part.sources.iter().filter_map(|topic| self.count(topic));
                let most = own.chain(others).max();
                for sink in &part.repartition_sinks {
                    match most {
                        _ if self.decided.contains_key(sink) => {}
                        Some(most) => {
                            self.decided.insert(sink, most);
                            moved = true;
                        }
                        None => waits = true,
                    }
                }
            }
            if !waits {
                break;
            } else if !moved {
                let problem = "the repartition topics go in a circle that no other topic leads into";
                return Err(Refusal::Invalid(problem.into()));
            }
        }
        let mut sources = parts.flat_map(|part| &part.repartition_sources);
        match sources.find(|topic| !self.decided.contains_key(&topic.name)) {
            Some(topic) => Err(Refusal::Invalid(format!("nothing writes repartition topic {}", topic.name))),
            None => Ok(()),
        }
    }

    /// Gives repartition topics the count of those that they are copartitioned with.
    fn copartition(&mut self, part: &Subtopology, group: BTreeSet<&'a TopicName>) -> Result<(), Refusal> {
        let own = |topic: &TopicName| part.repartition_sources.iter().find(|own| own.name == *topic);
        let is_fixed = |topic: &TopicName| own(topic).is_some_and(|own| own.partitions > 0);
        let counts = |of: &dyn Fn(&TopicName) -> bool| -> BTreeMap<&TopicName, i32> {
            let topics = group.iter().filter(|topic| of(topic));
            topics.filter_map(|topic| Some((*topic, self.count(topic)?))).collect()
        };
        // Who leads: topics of others; if there is none, those whose count the application says; else the largest.
        let mut lead = counts(&|topic| own(topic).is_none());
        if lead.is_empty() {
            lead = counts(&is_fixed);
        }
        let chosen = if lead.is_empty() {
            counts(&|_| true).into_values().max()
        } else if lead.values().any(|count| Some(count) != lead.values().next()) {
            let lead: Vec<String> = lead.iter().map(|(topic, count)| format!("{topic}={count}")).collect();
            let detail = format!(
                "Following topics do not have the same number of partitions: [{}]",
                names(lead.iter().map(String::as_str))
            );
            return Err(Refusal::Partitions(detail));
        } else {
            lead.values().next().copied()
        };
        let Some(chosen) = chosen else { return Ok(()) };
        for topic in group.iter().filter(|topic| own(topic).is_some()) {
            let count = self.decided.get(topic).copied().unwrap_or(chosen);
            if is_fixed(topic) && count != chosen {
                return Err(Refusal::Partitions(format!(
                    "Number of partitions [{count}] of repartition topic [{topic}] doesn't match number of \
                     partitions [{chosen}] of the source topic."
                )));
            }
            self.decided.insert(topic, chosen);
        }
        Ok(())
    }

    fn missing(&self) -> Result<Vec<InternalTopic>, Refusal> {
        let mut missing: BTreeMap<&TopicName, InternalTopic> = BTreeMap::new();
        for topic in self.topology.subtopologies.values().flat_map(Subtopology::internal) {
            let partitions = self.decided.get(&topic.name).copied().unwrap_or(topic.partitions);
            match self.cluster.topic(topic.name.get()) {
                Some(known) if known.partitions != partitions => {
                    return Err(Refusal::Partitions(format!(
                        "Existing topic {} has different number of partitions: expected {partitions}, found {}",
                        topic.name, known.partitions
                    )));
                }
                Some(_) => {}
                None => drop(missing.insert(&topic.name, InternalTopic { partitions, ..topic.clone() })),
            }
        }
        Ok(missing.into_values().collect())
    }
}

#[cfg(test)]
mod tests;
