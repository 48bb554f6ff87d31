//! A share group (KIP-932): its members read the same partitions together, record by record. The coordinator deals
//! partitions out, several members to one where there are more of them; who has which record is the partition's matter.
//!
//! ```text
//!   heartbeat ─► wants something else, or partitions are ready ─► epoch + 1 ─► a new target ─► the member is at it
//!
//!   a topic that is subscribed to ─► initializing ── its state is made elsewhere ──► initialized ─► may be dealt
//! ```
//!
//! | to change | open |
//! |---|---|
//! | heartbeats: joining, epochs, leaving, sessions | `heartbeat` |
//! | who gets what | `assign` |
//! | which partitions have state, and how they come to it | `places` |
//! | records, and loading them | `store` |
//!
//! # Invariants (see `check`)
//!
//! - Each member's session is running.
//! - Only partitions with state are dealt; each of them that a member wants is dealt to at least one.
//! - Whatever changes is in the log in the same step: a loaded group is the same but for timers.
//!
//! It does not do: the state itself (`share::state`), records in flight (`share::partition`), regular expressions, which
//! share groups do not have.

mod assign;
mod heartbeat;
mod places;
pub(super) mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) use self::heartbeat::{check_request, refused};
use self::places::StatePlaces;
use super::State;
use super::cluster::Cluster;
use super::consumer::member::Target;
use super::reply::{DescribedShareGroup, DescribedShareMember, ListedGroup};
use super::timers::{Timer, TimerKey, Timers};
use crate::ErrorCode;
use crate::ids::{GroupId, MemberId, TopicId, TopicName};
use crate::time::Timestamp;

/// What a member wants: stored as a `ShareGroupMemberMetadata` record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Terms {
    rack: Option<Arc<str>>,
    client_id: Arc<str>,
    client_host: Arc<str>,
    topics: BTreeSet<TopicName>,
}

/// What a member has: stored as a `ShareGroupCurrentMemberAssignment` record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Current {
    epoch: i32,
    /// The one before: the reply that told of `epoch` may have been lost.
    previous_epoch: i32,
    assigned: Target,
}

#[derive(Debug, Default)]
struct Member {
    terms: Terms,
    current: Current,
    session: Timer,
}

/// A share group.
#[derive(Debug)]
pub(super) struct Share {
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
    /// The cluster's topics, as counted by the coordinator, that the group was last brought up to.
    topics_seen: u64,
    places: StatePlaces,
    /// Partitions have come to their state that were not dealt yet.
    undealt: bool,
    /// The log has something of this group.
    stored: bool,
}

impl Share {
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
            topics_seen: 0,
            places: StatePlaces::default(),
            undealt: false,
            stored: false,
        }
    }

    pub(super) fn state(&self) -> State {
        if self.members.is_empty() { State::Empty } else { State::Stable }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Nothing would be lost with it.
    pub(super) fn is_vacant(&self) -> bool {
        self.members.is_empty() && !self.stored
    }

    pub(super) fn is_subscribed(&self, topic: &TopicName) -> bool {
        self.members.values().any(|member| member.terms.topics.contains(topic))
    }

    /// Everything that any member subscribes to, whether it exists or not.
    fn subscribed(&self) -> BTreeSet<&TopicName> {
        self.members.values().flat_map(|member| &member.terms.topics).collect()
    }

    /// As an administrator sees it.
    pub(super) fn described(&self) -> DescribedShareGroup {
        let members = self.members.iter().map(|(id, member)| DescribedShareMember {
            member: id.clone(),
            rack: member.terms.rack.clone(),
            epoch: member.current.epoch,
            client_id: member.terms.client_id.clone(),
            client_host: member.terms.client_host.clone(),
            topics: member.terms.topics.iter().cloned().collect(),
            assigned: super::consumer::places(&member.current.assigned),
        });
        DescribedShareGroup {
            group: self.id.clone(),
            error: ErrorCode::None,
            state: self.state(),
            epoch: self.epoch,
            target_epoch: self.target_epoch,
            members: members.collect(),
        }
    }

    /// As in a list.
    pub(super) fn listed(&self) -> ListedGroup {
        ListedGroup {
            group: self.id.clone(),
            protocol_type: "share".into(),
            state: self.state(),
            group_type: "share",
        }
    }

    /// Gives up the timers: the group is about to be forgotten.
    pub(super) fn forget(&mut self, timers: &mut Timers) {
        for (id, member) in &mut self.members {
            timers.cancel(&mut member.session, || TimerKey::Session(self.id.clone(), id.clone()));
        }
    }

    /// Topics that exist and that somebody with these terms reads.
    fn topic_ids(terms: &Terms, cluster: &dyn Cluster) -> BTreeSet<TopicId> {
        terms.topics.iter().filter_map(|name| cluster.topic(name.get())).map(|topic| topic.id).collect()
    }

    /// Asserts what must always hold. Answers how many timers it has.
    pub(super) fn check(&self, timers: &Timers) -> usize {
        for (id, member) in &self.members {
            assert!(member.session.is_set(), "{id:?} may be silent for ever");
            timers.check(&member.session, TimerKey::Session(self.id.clone(), id.clone()));
            assert!(member.current.epoch <= self.epoch.max(self.target_epoch));
        }
        assert!(self.target.keys().all(|id| self.members.contains_key(id)), "a target is nobody's");
        assert!(self.members.is_empty() || self.stored);
        self.members.len()
    }
}
