//! Which partitions a share group has state of, and the way there: a topic that is subscribed to has its partitions'
//! state made (`Initializing`), elsewhere and durably, before they are dealt (`Initialized`).
//!
//! One that stays on the way, because the broker fell or the state could not be written, is asked for again.

use std::collections::{BTreeMap, BTreeSet};

use super::super::reply::{GroupReply, NewShareState, ReplyTo, ShareState, StateTopic};
use super::super::request::{ShareChange, ShareChanged};
use super::super::step::Step;
use super::{Share, store};
use crate::ErrorCode;
use crate::after::After;
use crate::ids::{Offset, PartitionId, TopicId, TopicName};
use crate::time::Monotonic;

/// After how long state that was asked for is asked for again.
const INITIALIZE_AGAIN_MS: u64 = 10_000;

/// Partitions of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) name: TopicName,
    pub(super) partitions: BTreeSet<PartitionId>,
}

/// Partitions by topic.
pub(super) type ByTopic = BTreeMap<TopicId, Places>;

/// Stored as a `ShareGroupStatePartitionMetadata` record, but for `asked`.
#[derive(Clone, Debug, Default)]
pub(super) struct StatePlaces {
    pub(super) initializing: ByTopic,
    pub(super) initialized: ByTopic,
    pub(super) deleting: BTreeMap<TopicId, TopicName>,
    /// When state was last asked for.
    pub(super) asked: BTreeMap<TopicId, Monotonic>,
}

impl StatePlaces {
    pub(super) fn is_empty(&self) -> bool {
        self.initializing.is_empty() && self.initialized.is_empty() && self.deleting.is_empty()
    }

    fn forget(&mut self, topic: &TopicId) -> bool {
        self.asked.remove(topic);
        let of = |by_topic: &mut ByTopic| by_topic.remove(topic).is_some();
        of(&mut self.initializing) | of(&mut self.initialized) | self.deleting.remove(topic).is_some()
    }
}

fn add(
    by_topic: &mut ByTopic,
    topic: TopicId,
    name: &TopicName,
    partitions: impl IntoIterator<Item = PartitionId>,
) {
    let empty = || Places { name: name.clone(), partitions: BTreeSet::new() };
    by_topic.entry(topic).or_insert_with(empty).partitions.extend(partitions);
}

impl Share {
    /// What is subscribed to and has no state yet, to be asked for now.
    pub(super) fn ask_for_state(&mut self, step: &mut Step<'_>) -> Option<NewShareState> {
        let names: Vec<TopicName> = self.subscribed().into_iter().cloned().collect();
        let mut topics = Vec::new();
        let mut changed = false;
        for name in names {
            let Some(topic) = step.cluster.topic(name.get()) else { continue };
            let places = &mut self.places;
            let known = places.initialized.get(&topic.id);
            let is_known = |p: &PartitionId| known.is_some_and(|known| known.partitions.contains(p));
            let missing: BTreeSet<PartitionId> =
                (0..topic.partitions).map(PartitionId::new).filter(|p| !is_known(p)).collect();
            if missing.is_empty() {
                continue;
            }
            let on_the_way =
                places.initializing.get(&topic.id).is_some_and(|p| p.partitions.is_superset(&missing));
            let asked = places.asked.get(&topic.id);
            if on_the_way && asked.is_some_and(|at| step.now.millis_since(*at) < INITIALIZE_AGAIN_MS) {
                continue;
            }
            // Partitions that a topic got later are read from their beginning.
            let start = known.map(|_| Offset::ZERO);
            places.asked.insert(topic.id, step.now);
            if !on_the_way {
                add(&mut places.initializing, topic.id, &name, missing.iter().copied());
                changed = true;
            }
            topics.push((
                StateTopic { topic: topic.id, name, partitions: missing.into_iter().collect() },
                start,
            ));
        }
        if changed {
            self.store_places(step);
        }
        (!topics.is_empty()).then(|| NewShareState { group: self.id.clone(), epoch: self.epoch, topics })
    }

    /// Takes in what became of partitions' state, or says what there is.
    pub(in crate::group) fn change_state(&mut self, step: &mut Step<'_>, to: ReplyTo, change: ShareChange) {
        // Whoever deletes the group deletes state that is on its way, too.
        let is_ending = change.what == ShareChanged::Ending;
        let done = self.changed(step, change);
        let mut all = self.places.initialized.clone();
        for (topic, places) in self.places.initializing.iter().filter(|_| is_ending) {
            add(&mut all, *topic, &places.name, places.partitions.iter().copied());
        }
        let body = done.map(|()| ShareState {
            epoch: self.epoch,
            initialized: all
                .iter()
                .map(|(topic, places)| StateTopic {
                    topic: *topic,
                    name: places.name.clone(),
                    partitions: places.partitions.iter().copied().collect(),
                })
                .collect(),
        });
        step.reply(to, After::Durable, GroupReply::ShareState(body));
    }

    fn changed(&mut self, step: &mut Step<'_>, change: ShareChange) -> Result<(), ErrorCode> {
        let is_by_admin =
            matches!(change.what, ShareChanged::Altering | ShareChanged::Deleting | ShareChanged::Ending);
        if is_by_admin && !self.is_empty() {
            return Err(ErrorCode::NonEmptyGroup);
        }
        if change.topics.is_empty() {
            return Ok(());
        }
        let places = &mut self.places;
        match change.what {
            ShareChanged::Nothing | ShareChanged::Ending => return Ok(()),
            ShareChanged::Altering => {
                for topic in &change.topics {
                    places.asked.insert(topic.topic, step.now);
                    add(&mut places.initializing, topic.topic, &topic.name, topic.partitions.iter().copied());
                }
                // State of an older epoch is fenced by it.
                self.epoch += 1;
                self.store_epoch(step);
            }
            ShareChanged::Initialized => {
                for topic in &change.topics {
                    places.asked.remove(&topic.topic);
                    if let Some(left) = places.initializing.get_mut(&topic.topic) {
                        left.partitions.retain(|p| !topic.partitions.contains(p));
                        if left.partitions.is_empty() {
                            places.initializing.remove(&topic.topic);
                        }
                    }
                    add(&mut places.initialized, topic.topic, &topic.name, topic.partitions.iter().copied());
                }
                self.undealt = true;
            }
            ShareChanged::Deleting => {
                for topic in &change.topics {
                    places.forget(&topic.topic);
                    places.deleting.insert(topic.topic, topic.name.clone());
                }
            }
            ShareChanged::Deleted => {
                for topic in &change.topics {
                    places.deleting.remove(&topic.topic);
                }
            }
        }
        self.store_places(step);
        Ok(())
    }

    /// A topic is gone, and its state with it.
    pub(in crate::group) fn forget_topic(&mut self, step: &mut Step<'_>, topic: TopicId) {
        if self.places.forget(&topic) {
            self.store_places(step);
        }
    }

    fn store_places(&mut self, step: &mut Step<'_>) {
        self.stored = true;
        step.record(store::places(&self.id, &self.places));
    }
}
