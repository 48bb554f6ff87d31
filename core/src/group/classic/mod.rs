//! A classic group: its members agree on a generation, and on who reads what, with JoinGroup and SyncGroup.
//!
//! ```text
//!                        ┌──────────────── a member joins ─────────────────┐
//!                        │             (initial delay, then:)              ▼
//!      load ──────►  Empty ◄── nobody is left ──────────────── PreparingRebalance ◄─────────────┐
//!        │                                                       │  all have joined, or time    │
//!        │                                                       │  is up: next generation      │
//!        │                                                       ▼                              │
//!        │                                             CompletingRebalance ── a member joins ───┤
//!        │                                                       │            with news, leaves,│
//!        │                                                       │ the leader  or is silent     │
//!        │                                                       │ brought the                  │
//!        │                                                       ▼ assignment                   │
//!        └───────────────────────────────────────────────────► Stable ──────── likewise ────────┘
//!
//!      Dead: there is no such group (any more)
//! ```
//!
//! | | open |
//! |---|---|
//! | members come | `join`, `replace` (static members that come back) |
//! | one generation to the next | `rebalance` |
//! | assignments, heartbeats | `sync` |
//! | members go | `leave` |
//! | who may | `validate` |
//! | becoming a consumer group, or having been one | `convert` |
//! | the record in the log, and back | `store` |
//!
//! # Invariants (see `check`)
//!
//! - `leader` is a member, and there is one whenever there are members.
//! - Parked JoinGroups only in PreparingRebalance, parked SyncGroups only in CompletingRebalance.
//! - A member's session is running unless a parked request excuses it.
//! - `supporters` counts, for each protocol, the members that know it; in CompletingRebalance and Stable all know the
//!   chosen one.
//! - A pending member (told its id, not yet come back) is not a member.

mod convert;
pub(super) mod join;
pub(super) mod leave;
pub(super) mod member;
mod rebalance;
mod replace;
mod store;
pub(super) mod sync;
mod validate;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

pub(super) use self::convert::Converted;
use self::member::Member;
use super::reply::{DescribedGroup, JoinedMember, ListedGroup};
use super::step::{Parked, Step};
use super::timers::{Timer, TimerKey, Timers};
use crate::ErrorCode;
use crate::ids::{Generation, GroupId, InstanceId, MemberId, TopicName};
use crate::time::Timestamp;

/// The state of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// No members; perhaps offsets.
    Empty,
    /// Waiting for the members to join.
    PreparingRebalance,
    /// Waiting for the leader's assignment.
    CompletingRebalance,
    /// The members read.
    Stable,
    /// A streams group has members, and topics that it needs are not there, or not as they must be.
    NotReady,
    /// A consumer or streams group has members, and its partitions or tasks are to be dealt anew.
    Assigning,
    /// Members of a consumer or streams group are on their way to what they were dealt.
    Reconciling,
    /// There is no such group.
    Dead,
}

impl State {
    /// Kafka's name for it.
    pub const fn name(self) -> &'static str {
        match self {
            State::Empty => "Empty",
            State::PreparingRebalance => "PreparingRebalance",
            State::CompletingRebalance => "CompletingRebalance",
            State::Stable => "Stable",
            State::NotReady => "NotReady",
            State::Assigning => "Assigning",
            State::Reconciling => "Reconciling",
            State::Dead => "Dead",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The protocol type of Kafka's own consumers, whose metadata and assignments can be read.
pub(super) const CONSUMER: &str = "consumer";

/// The wait of a group that was empty: prolonged while members come.
#[derive(Debug)]
struct InitialDelay {
    /// The wait under way.
    delay_ms: u64,
    /// What may still follow it.
    remaining_ms: u64,
    /// Somebody came during the wait under way.
    joined: bool,
}

/// A classic group.
#[derive(Debug)]
pub(super) struct Classic {
    id: GroupId,
    state: State,
    /// Since when it is in that state; `None` if the log, written by an old Kafka, does not say.
    since: Option<Timestamp>,
    generation: Generation,
    /// `None`: the group only stores offsets.
    protocol_type: Option<Arc<str>>,
    protocol: Option<Arc<str>>,
    leader: Option<MemberId>,
    members: BTreeMap<MemberId, Member>,
    statics: BTreeMap<InstanceId, MemberId>,
    /// Members that were told their id and have yet to come back with it.
    pending: BTreeMap<MemberId, Timer>,
    /// How many members have a parked JoinGroup.
    joined: usize,
    /// Members that have yet to ask for their assignment of this generation.
    unsynced: BTreeSet<MemberId>,
    supporters: BTreeMap<Arc<str>, usize>,
    /// What the members of this generation subscribe to; `None` if that cannot be told.
    subscribed: Option<BTreeSet<TopicName>>,
    /// Set in the first rebalance of a group that was empty.
    initial: Option<InitialDelay>,
    join_timer: Timer,
    sync_timer: Timer,
    /// The log has metadata of this group.
    stored: bool,
}

impl Classic {
    /// A group that nobody ever joined.
    pub(super) fn new(id: GroupId) -> Self {
        Self {
            id,
            state: State::Empty,
            since: None,
            generation: Generation::new(0),
            protocol_type: None,
            protocol: None,
            leader: None,
            members: BTreeMap::new(),
            statics: BTreeMap::new(),
            pending: BTreeMap::new(),
            joined: 0,
            unsynced: BTreeSet::new(),
            supporters: BTreeMap::new(),
            subscribed: None,
            initial: None,
            join_timer: Timer::default(),
            sync_timer: Timer::default(),
            stored: false,
        }
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    /// Nothing would be lost with it, but for offsets.
    pub(super) fn is_vacant(&self) -> bool {
        self.state == State::Empty && self.pending.is_empty() && !self.stored
    }

    /// Nobody is about to become a member, and the log may have something of it to delete.
    pub(super) fn is_idle(&self) -> bool {
        self.state == State::Empty && self.pending.is_empty()
    }

    pub(super) fn uses_consumer_protocol(&self) -> bool {
        self.protocol_type.as_deref() == Some(CONSUMER)
    }

    /// Whether the members read a topic. If what they subscribe to cannot be read, every topic.
    pub(super) fn is_subscribed(&self, topic: &TopicName) -> bool {
        match &self.subscribed {
            Some(topics) => topics.contains(topic),
            None => self.uses_consumer_protocol(),
        }
    }

    fn is_leader(&self, member: &MemberId) -> bool {
        self.leader.as_ref() == Some(member)
    }

    fn transition(&mut self, step: &Step<'_>, to: State) {
        use State::{CompletingRebalance, Empty, PreparingRebalance, Stable};
        let allowed = match to {
            Empty | CompletingRebalance => self.state == PreparingRebalance,
            PreparingRebalance => matches!(self.state, Empty | CompletingRebalance | Stable),
            Stable => self.state == CompletingRebalance,
            State::NotReady | State::Assigning | State::Reconciling | State::Dead => false,
        };
        assert!(allowed, "group {:?} goes from {} to {to}", self.id, self.state);
        self.state = to;
        self.since = Some(step.wall);
    }

    /// The longest any member may take to join.
    fn rebalance_timeout_ms(&self) -> u64 {
        self.members.values().map(|m| m.rebalance_timeout_ms).max().unwrap_or(0)
    }

    /// All members, as the leader sees them.
    fn joined_members(&self) -> Vec<JoinedMember> {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        self.members.values().map(|m| m.joined(protocol)).collect()
    }

    /// As an administrator sees it.
    pub(super) fn described(&self) -> DescribedGroup {
        let protocol = self.protocol.clone().filter(|_| self.state == State::Stable);
        DescribedGroup {
            group: self.id.clone(),
            error: ErrorCode::None,
            state: self.state,
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            members: self.members.values().map(|m| m.described(protocol.as_deref())).collect(),
            protocol: protocol.unwrap_or_default(),
        }
    }

    /// As in a list.
    pub(super) fn listed(&self) -> ListedGroup {
        ListedGroup {
            group: self.id.clone(),
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            state: self.state,
            group_type: "classic",
        }
    }

    /// From when on the retention of an offset committed at `committed` counts; `None`: it does not.
    ///
    /// | group | from |
    /// |---|---|
    /// | only stores offsets | the commit |
    /// | empty | when it became empty; the commit, if that is not known |
    /// | of consumers, stable, and what they read is known | the commit (of topics they do not read) |
    /// | any other | never |
    pub(super) fn retention_base(&self, committed: Timestamp) -> Option<Timestamp> {
        if self.protocol_type.is_none() {
            return Some(committed);
        }
        match self.state {
            State::Empty => Some(self.since.unwrap_or(committed)),
            State::Stable if self.uses_consumer_protocol() && self.subscribed.is_some() => Some(committed),
            _ => None,
        }
    }

    /// Gives up the timers: the group is about to be forgotten.
    pub(super) fn forget(&mut self, timers: &mut Timers) {
        assert!(self.members.is_empty(), "a group with members is not forgotten");
        for (member, mut timer) in std::mem::take(&mut self.pending) {
            timers.cancel(&mut timer, || TimerKey::Session(self.id.clone(), member));
        }
        timers.cancel(&mut self.join_timer, || TimerKey::Join(self.id.clone()));
        timers.cancel(&mut self.sync_timer, || TimerKey::Sync(self.id.clone()));
    }

    /// Asserts what must always hold. Answers how many timers and parked requests it has.
    pub(super) fn check(&self, timers: &Timers, parked: &Parked) -> (usize, usize) {
        use State::{CompletingRebalance, Dead, Empty, PreparingRebalance, Stable};
        let id = &self.id;
        let mut armed = 0;
        let mut timer = |timer: &Timer, key: TimerKey| armed += timers.check(timer, key);
        timer(&self.join_timer, TimerKey::Join(id.clone()));
        timer(&self.sync_timer, TimerKey::Sync(id.clone()));
        for (member, session) in &self.pending {
            assert!(session.is_set(), "pending members do not stay for ever");
            assert!(!self.members.contains_key(member), "{member} is pending and a member");
            timer(session, TimerKey::Session(id.clone(), member.clone()));
        }
        for (name, member) in &self.members {
            assert_eq!(name, &member.id);
            assert!(member.session.is_set() || member.is_excused(), "{name} may be silent for ever");
            assert!(member.join.is_none() || self.state == PreparingRebalance);
            assert!(member.sync.is_none() || self.state == CompletingRebalance);
            if let Some(instance) = &member.instance {
                assert_eq!(self.statics.get(instance), Some(name));
            }
            timer(&member.session, TimerKey::Session(id.clone(), name.clone()));
        }
        let waiting = self.members.values().flat_map(|m| m.join.iter().chain(&m.sync));
        let waiting = waiting.filter(|ticket| parked.holds(**ticket)).count();

        assert_eq!(self.leader.is_some(), !self.members.is_empty());
        assert!(self.leader.iter().all(|leader| self.members.contains_key(leader)));
        assert_eq!(self.statics.len(), self.members.values().filter(|m| m.instance.is_some()).count());
        assert_eq!(self.joined, self.members.values().filter(|m| m.join.is_some()).count());
        assert!(self.unsynced.iter().all(|m| self.members.contains_key(m)));
        let mut supporters = BTreeMap::new();
        for protocol in self.members.values().flat_map(|m| &m.protocols) {
            *supporters.entry(protocol.name.clone()).or_insert(0) += 1;
        }
        assert_eq!(supporters, self.supporters);

        let has_members = !self.members.is_empty();
        assert!(!has_members || self.protocol_type.is_some());
        match self.state {
            Empty => assert!(!has_members && self.protocol.is_none()),
            PreparingRebalance => assert!(self.join_timer.is_set(), "a rebalance ends"),
            CompletingRebalance | Stable => {
                let chosen = self.protocol.as_ref().and_then(|p| self.supporters.get(p));
                assert!(has_members && chosen == Some(&self.members.len()));
            }
            State::NotReady | State::Assigning | State::Reconciling | Dead => {
                panic!("no state of a classic group")
            }
        }
        assert!(self.initial.is_none() || self.state == PreparingRebalance);
        assert!(!self.join_timer.is_set() || self.state == PreparingRebalance);
        assert!(self.unsynced.is_empty() || matches!(self.state, CompletingRebalance | Stable));
        assert_eq!(self.sync_timer.is_set(), !self.unsynced.is_empty());
        (armed, waiting)
    }
}
