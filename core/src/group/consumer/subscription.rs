//! What the members of a consumer group subscribe to: names, and regular expressions that are resolved here (as RE2 has
//! them: no look-around, no back references, linear time).
//!
//! An expression must match a topic's whole name, and finds internal topics too, as in Kafka. A new one is resolved at
//! once; those that are known are looked at again when there are other topics, at most every
//! [`REFRESH_MS`] for a group, because that walks over all topics of the cluster.

use std::collections::BTreeSet;
use std::sync::Arc;

use regex::Regex;

use super::super::cluster::Cluster;
use super::super::step::Step;
use super::Consumer;
use super::member::Terms;
use super::store;
use crate::ids::{MemberId, TopicId, TopicName};
use crate::time::Timestamp;

/// The least time between two walks over all topics.
const REFRESH_MS: i64 = 10_000;

/// How large a compiled expression may be: it comes from a client.
const COMPILED_BYTES_MAX: usize = 1 << 20;

/// A regular expression, and the topics that it finds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Resolved {
    pub(super) topics: BTreeSet<TopicName>,
    /// The count of the cluster's topics that it was resolved in, for whoever reads the record.
    pub(super) version: u64,
    pub(super) at: Timestamp,
}

/// Compiles an expression; `Err` says what is wrong with it.
pub(in crate::group) fn compile(regex: &str) -> Result<Regex, String> {
    let whole = format!("^(?:{regex})$");
    let mut builder = regex::RegexBuilder::new(&whole);
    // Parentheses that only fit together with those around them must not pass.
    regex::RegexBuilder::new(regex)
        .size_limit(COMPILED_BYTES_MAX)
        .build()
        .and_then(|_| builder.size_limit(COMPILED_BYTES_MAX).build())
        // The last line says what is wrong; those before draw where.
        .map_err(|error| error.to_string().lines().last().unwrap_or_default().trim().to_owned())
}

impl Consumer {
    /// Topics that exist and that somebody with these terms reads.
    pub(super) fn topic_ids(&self, terms: &Terms, cluster: &dyn Cluster) -> BTreeSet<TopicId> {
        let found = terms.regex.as_ref().and_then(|regex| self.regexes.get(regex));
        let names = terms.topics.iter().chain(found.iter().flat_map(|found| &found.topics));
        names.filter_map(|name| cluster.topic(name.get())).map(|topic| topic.id).collect()
    }

    /// Everything that any member subscribes to, whether it exists or not.
    pub(super) fn subscribed(&self) -> BTreeSet<&TopicName> {
        let names = self.members.values().flat_map(|member| &member.terms.topics);
        names.chain(self.regexes.values().flat_map(|found| &found.topics)).collect()
    }

    pub(in crate::group) fn is_subscribed(&self, topic: &TopicName) -> bool {
        self.members.values().any(|member| member.terms.topics.contains(topic))
            || self.regexes.values().any(|found| found.topics.contains(topic))
    }

    /// The members' expressions are these now: those that nobody has any more go, new ones are resolved.
    pub(super) fn follow_regexes(&mut self, step: &mut Step<'_>) {
        let wanted: BTreeSet<Arc<str>> =
            self.members.values().filter_map(|member| member.terms.regex.clone()).collect();
        let gone: Vec<Arc<str>> = self.regexes.keys().filter(|r| !wanted.contains(*r)).cloned().collect();
        for regex in gone {
            self.regexes.remove(&regex);
            step.record(store::regex_tombstone(&self.id, &regex));
        }
        if self.regexes.is_empty() {
            self.regexes_seen = (step.topics_version, step.wall);
        }
        let new: Vec<Arc<str>> = wanted.into_iter().filter(|r| !self.regexes.contains_key(r)).collect();
        self.resolve(step, new);
    }

    /// Looks at all expressions again, if there may be other topics and it was not just done. Answers whether one finds
    /// others.
    pub(super) fn refresh_regexes(&mut self, step: &mut Step<'_>) -> bool {
        let (version, at) = self.regexes_seen;
        let rested = step.wall.millis().saturating_sub(at.millis()) >= REFRESH_MS || step.wall < at;
        if version != step.topics_version && rested {
            self.regexes_seen = (step.topics_version, step.wall);
            return self.resolve(step, self.regexes.keys().cloned().collect());
        }
        false
    }

    fn resolve(&mut self, step: &mut Step<'_>, regexes: Vec<Arc<str>>) -> bool {
        let mut changed = false;
        for text in regexes {
            let mut topics = BTreeSet::new();
            // One that came from the log of a Kafka, and that only that understands, finds nothing.
            if let Ok(regex) = compile(&text) {
                step.cluster.each_topic(&mut |name| {
                    if regex.is_match(name) {
                        topics.insert(TopicName::new(name));
                    }
                });
            }
            let found = Resolved { topics, version: step.topics_version, at: step.wall };
            if self.regexes.get(&text).is_none_or(|before| before.topics != found.topics) {
                changed = true;
                let record = store::regex(&self.id, &text, &found);
                // It is there for others to read; after loading, expressions are resolved anew.
                if record.value.as_ref().is_some_and(|value| value.len() <= step.config.record_bytes_max) {
                    step.record(record);
                }
            }
            self.regexes.insert(text, found);
        }
        changed
    }

    /// Brings the epoch up to what the members subscribe to: one more if `changed`, or if topics have. `found`: an
    /// expression finds others.
    pub(super) fn follow_topics(&mut self, step: &mut Step<'_>, changed: bool, found: bool) {
        if !changed && !found && self.topics_seen == step.topics_version {
            return;
        }
        self.topics_seen = step.topics_version;
        let hash = hash(self.subscribed(), step.cluster);
        if changed || hash != self.metadata_hash {
            self.metadata_hash = hash;
            self.epoch += 1;
            self.store_epoch(step);
        }
    }

    /// What the group subscribes to changes with members going: the epoch goes on without dealing.
    pub(super) fn bump_epoch(&mut self, step: &mut Step<'_>) {
        self.metadata_hash = hash(self.subscribed(), step.cluster);
        self.epoch += 1;
        self.store_epoch(step);
    }

    /// Whether a member's terms would fit into a record.
    pub(super) fn fits_a_record(&self, step: &Step<'_>, id: &MemberId, terms: &Terms) -> bool {
        let record = store::member(&self.id, id, terms);
        record.value.is_some_and(|value| value.len() <= step.config.record_bytes_max)
    }
}

/// Tells whether topics are as they were: FNV-1a over names, ids and partitions of those that exist; 0 if none does. Kafka
/// hashes otherwise, so that a group that moves between the two is dealt anew once.
pub(in crate::group) fn hash(names: BTreeSet<&TopicName>, cluster: &dyn Cluster) -> i64 {
    let mut hash: u64 = 0;
    for name in names {
        let Some(topic) = cluster.topic(name.get()) else { continue };
        if hash == 0 {
            hash = 0xcbf2_9ce4_8422_2325;
        }
        let parts = [name.get().as_bytes(), &[0], &topic.id.get(), &topic.partitions.to_be_bytes()];
        for byte in parts.into_iter().flatten() {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash.cast_signed()
}
