//! A consumer group (KIP-848): the coordinator deals out the partitions, each member is led to its share by its own
//! heartbeats, and nobody waits for anybody but for partitions that are not yet given up.
//!
//! ```text
//!   heartbeat ─► what the member wants has changed ─► epoch + 1 ─► a new target is dealt ─► the member goes one step
//!                (or topics have: `subscription`)                  (`target`, `assign/`)     towards it (`reconcile`)
//!
//!   epoch ≥ target_epoch ≥ epoch of each member;  Empty: no members · Assigning: epoch > target_epoch
//!                                                 Reconciling: some member is not at its target · Stable
//! ```
//!
//! | to change | open |
//! |---|---|
//! | heartbeats: joining, epochs, fencing, static members | `heartbeat` |
//! | going: leaving, sessions, rebalance timeouts | `leave` |
//! | topics, regular expressions | `subscription` |
//! | who gets what | `target`, `assign/`, `reconcile` |
//! | members that speak the classic protocol | `classic` |
//! | a classic group becoming one of these, and back | `convert` |
//! | who may commit and fetch offsets | `validate` |
//! | records, and loading them | `store` |
//!
//! # Invariants (see `check`)
//!
//! - Each partition has one holder at most: `holders` is what the members have, assigned or to be given up.
//! - A member's session is running, whatever it waits for.
//! - `statics` names the members with an instance.
//! - Whatever changes is in the log in the same step: a loaded group is the same but for timers.
//!
//! It does not do: authorisation of topics that a regular expression finds, racks in assignments (neither do Kafka's).

pub(super) mod assign;
mod classic;
mod convert;
mod heartbeat;
mod leave;
pub(super) mod member;
mod reconcile;
pub(super) mod store;
mod subscription;
mod target;
mod validate;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use self::assign::Assignor;
pub(super) use self::heartbeat::{Refusal, check_names, check_request, refused, unknown};
use self::member::{Current, Member, Progress, Target, target_of};
use self::subscription::Resolved;
pub(super) use self::subscription::hash;
pub(super) use self::validate::stale;
use super::State;
use super::reply::{DescribedConsumer, DescribedConsumerGroup, ListedGroup};
use super::step::Step;
use super::timers::{Timer, TimerKey, Timers};
use crate::ErrorCode;
use crate::ids::{GroupId, InstanceId, MemberId, PartitionId, TopicId};
use crate::time::Timestamp;

/// A consumer group.
#[derive(Debug)]
pub(super) struct Consumer {
    id: GroupId,
    /// Counts what there is to be dealt anew.
    epoch: i32,
    /// Of the topics subscribed to, as they were when `epoch` was last looked at.
    metadata_hash: i64,
    /// The epoch that `target` was dealt for.
    target_epoch: i32,
    /// When `target` was dealt; 0: never.
    target_made: Timestamp,
    target: BTreeMap<MemberId, Target>,
    members: BTreeMap<MemberId, Member>,
    statics: BTreeMap<InstanceId, MemberId>,
    holders: BTreeMap<(TopicId, PartitionId), MemberId>,
    /// Those that a member has.
    regexes: BTreeMap<Arc<str>, Resolved>,
    /// The cluster's topics, as counted by the coordinator, that the group was last brought up to.
    topics_seen: u64,
    /// The same of its regular expressions, and when that was.
    regexes_seen: (u64, Timestamp),
    /// An older Kafka left a `ConsumerGroupPartitionMetadata` record, which is of no use any more.
    has_partition_metadata: bool,
    /// The log has something of this group.
    stored: bool,
}

impl Consumer {
    /// A group without members.
    pub(super) fn new(id: GroupId) -> Self {
        Self {
            id,
            epoch: 0,
            metadata_hash: 0,
            target_epoch: 0,
            target_made: Timestamp::default(),
            target: BTreeMap::new(),
            members: BTreeMap::new(),
            statics: BTreeMap::new(),
            holders: BTreeMap::new(),
            regexes: BTreeMap::new(),
            topics_seen: 0,
            regexes_seen: (0, Timestamp::default()),
            has_partition_metadata: false,
            stored: false,
        }
    }

    pub(super) fn state(&self) -> State {
        if self.members.is_empty() {
            State::Empty
        } else if self.epoch > self.target_epoch {
            State::Assigning
        } else if self.members.values().any(|member| !member.current.is_reconciled(self.target_epoch)) {
            State::Reconciling
        } else {
            State::Stable
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Nothing would be lost with it, but for offsets.
    pub(super) fn is_vacant(&self) -> bool {
        self.members.is_empty() && !self.stored
    }

    pub(super) fn has_room(&self, step: &Step<'_>, member: Option<&MemberId>) -> bool {
        self.members.len() < step.config.consumer.members_max
            || member.is_some_and(|member| self.members.contains_key(member))
    }

    /// Gives a member what it has next, and keeps the holders right.
    fn set_current(&mut self, id: &MemberId, next: Current) {
        let member = self.members.get_mut(id).expect("only members have something");
        for place in member.current.places() {
            self.holders.remove(&place);
        }
        for place in next.places() {
            let before = self.holders.insert(place, id.clone());
            assert!(before.is_none(), "{place:?} is given to {id:?} while {before:?} has it");
        }
        member.current = next;
    }

    /// As an administrator sees it.
    pub(super) fn described(&self, step: &Step<'_>) -> DescribedConsumerGroup {
        let members = self.members.iter().map(|(id, member)| DescribedConsumer {
            member: id.clone(),
            instance: member.terms.instance.clone(),
            rack: member.terms.rack.clone(),
            epoch: member.current.epoch,
            client_id: member.terms.client_id.clone(),
            client_host: member.terms.client_host.clone(),
            topics: member.terms.topics.iter().cloned().collect(),
            regex: member.terms.regex.clone(),
            assigned: places(&target_of(&member.current.assigned)),
            target: self.target.get(id).map(places).unwrap_or_default(),
            is_classic: member.is_classic(),
        });
        DescribedConsumerGroup {
            group: self.id.clone(),
            error: ErrorCode::None,
            state: self.state(),
            epoch: self.epoch,
            target_epoch: self.target_epoch,
            assignor: self.assignor(step).name(),
            members: members.collect(),
        }
    }

    /// As in a list.
    pub(super) fn listed(&self) -> ListedGroup {
        ListedGroup {
            group: self.id.clone(),
            protocol_type: "consumer".into(),
            state: self.state(),
            group_type: "consumer",
        }
    }

    /// Gives up the timers: the group is about to be forgotten.
    pub(super) fn forget(&mut self, timers: &mut Timers) {
        let ids: Vec<MemberId> = self.members.keys().cloned().collect();
        for id in ids {
            self.cancel_timers(timers, &id);
        }
    }

    fn cancel_timers(&mut self, timers: &mut Timers, id: &MemberId) {
        let group = &self.id;
        let Some(member) = self.members.get_mut(id) else { return };
        timers.cancel(&mut member.session, || TimerKey::Session(group.clone(), id.clone()));
        timers.cancel(&mut member.rebalance, || TimerKey::Rebalance(group.clone(), id.clone()));
        timers.cancel(&mut member.join, || TimerKey::MemberJoin(group.clone(), id.clone()));
        timers.cancel(&mut member.sync, || TimerKey::MemberSync(group.clone(), id.clone()));
    }

    /// Asserts what must always hold. Answers how many timers it has.
    pub(super) fn check(&self, timers: &Timers) -> usize {
        let mut armed = 0;
        let mut timer = |timer: &Timer, key: TimerKey| armed += timers.check(timer, key);
        let mut held = BTreeMap::new();
        for (id, member) in &self.members {
            let (group, current) = (&self.id, &member.current);
            assert!(member.session.is_set(), "{id:?} may be silent for ever");
            timer(&member.session, TimerKey::Session(group.clone(), id.clone()));
            timer(&member.rebalance, TimerKey::Rebalance(group.clone(), id.clone()));
            timer(&member.join, TimerKey::MemberJoin(group.clone(), id.clone()));
            timer(&member.sync, TimerKey::MemberSync(group.clone(), id.clone()));
            assert!(current.epoch <= self.epoch.max(self.target_epoch));
            assert_eq!(current.progress == Progress::Unrevoked, !current.revoking.is_empty());
            for place in current.places() {
                assert!(held.insert(place, id.clone()).is_none(), "{place:?} is held twice");
            }
            if let Some(instance) = &member.terms.instance {
                assert_eq!(self.statics.get(instance), Some(id));
            }
        }
        assert_eq!(held, self.holders);
        assert_eq!(self.statics.len(), self.members.values().filter(|m| m.terms.instance.is_some()).count());
        assert!(self.target.keys().all(|id| self.members.contains_key(id)), "a target is nobody's");
        let wanted: BTreeSet<_> = self.members.values().filter_map(|m| m.terms.regex.clone()).collect();
        assert_eq!(wanted, self.regexes.keys().cloned().collect());
        assert!(self.members.is_empty() || self.stored);
        armed
    }
}

/// Partitions by topic, as replies have them.
pub(super) fn places(target: &Target) -> Vec<(TopicId, Vec<PartitionId>)> {
    target.iter().map(|(topic, partitions)| (*topic, partitions.iter().copied().collect())).collect()
}
