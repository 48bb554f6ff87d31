//! Offsets, and groups, that go without being asked to (behaviour 55).
//!
//! Every `offsets.retention.check.interval.ms` each group is looked at. An offset expires when its retention is over,
//! counted from where `Classic::retention_base` says, or at the time the client set; never while the members read its
//! topic, never while a transaction may change it. An empty group whose last offset is gone goes with it.

use super::commit::delete;
use super::coordinator::Coordinator;
use super::kind::Group;
use super::offsets::{Committed, Place};
use super::reply::Out;
use super::timers::TimerKey;
use crate::ids::{GroupId, TopicId, TopicName};
use crate::time::{Monotonic, Timestamp};

impl Coordinator {
    pub(super) fn on_sweep_timer(&mut self, now: Monotonic, wall: Timestamp, out: &mut Out) {
        if !self.timers.elapsed(&mut self.sweep, now, TimerKey::Sweep) {
            return;
        }
        let due = now.plus_millis(self.config.retention_check_interval_ms);
        self.timers.set(&mut self.sweep, due, || TimerKey::Sweep);
        let ids: Vec<GroupId> = self.groups.keys().cloned().collect();
        for id in ids {
            self.expire(&id, now, wall, out);
        }
    }

    fn expire(&mut self, id: &GroupId, now: Monotonic, wall: Timestamp, out: &mut Out) {
        let (groups, mut step) = self.step(now, wall, out);
        let group = groups.get_mut(id).expect("the caller listed it");
        let expired = group
            .offsets
            .iter()
            .filter(|(place, offset)| is_expired(group, place, offset, wall, step.config.retention_ms));
        let expired: Vec<Place> = expired.map(|(place, _)| place.clone()).collect();
        for place in expired {
            delete(&mut step, id, group, place);
        }
        if group.offsets.is_empty() && group.is_idle() {
            group.store_end(&mut step, id);
            groups.remove(id);
        }
    }

    /// A topic was deleted: so are its offsets. With `topic_id`, those of a newer topic of the same name stay.
    pub fn on_topic_deleted(
        &mut self,
        now: Monotonic,
        wall: Timestamp,
        topic: &TopicName,
        topic_id: Option<TopicId>,
        out: &mut Out,
    ) {
        let (groups, mut step) = self.step(now, wall, out);
        let mut changed = Vec::new();
        for (id, group) in groups.iter_mut() {
            let places = group.offsets.places_of(topic, topic_id);
            if !places.is_empty() {
                changed.push(id.clone());
            }
            for place in places {
                delete(&mut step, id, group, place);
            }
            if let (super::kind::Kind::Share(share), Some(topic)) = (&mut group.kind, topic_id) {
                share.forget_topic(&mut step, topic);
            }
        }
        for id in changed {
            self.forget_if_vacant(&id);
        }
    }
}

fn is_expired(group: &Group, place: &Place, offset: &Committed, wall: Timestamp, retention_ms: i64) -> bool {
    let Some(base) = group.retention_base(offset.committed) else { return false };
    if group.is_subscribed(&place.0) || group.offsets.is_unstable(place) {
        return false;
    }
    match offset.expires {
        Some(expires) => wall >= expires,
        None => wall.millis().saturating_sub(base.millis()) >= retention_ms,
    }
}
