//! [`Coordinator`]: which group a call concerns, and whose deadline has come.

use std::collections::{BTreeMap, BTreeSet};

use super::State;
use super::classic::{Classic, join, leave, sync};
use super::config::{GroupConfig, NAME_BYTES_MAX};
use super::offsets::Offsets;
use super::reply::{GroupReply, LeftGroup, Out, ReplyTo};
use super::request::{Heartbeat, JoinGroup, LeaveGroup, SyncGroup};
use super::step::{Parked, Step};
use super::timers::{Timer, TimerKey, Timers};
use crate::ErrorCode;
use crate::after::After;
use crate::ids::{GroupId, ProducerId};
use crate::time::{Monotonic, Timestamp};

/// A group: its members and its offsets.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) classic: Classic,
    pub(super) offsets: Offsets,
}

impl Group {
    pub(super) fn new(id: GroupId) -> Self {
        Self { classic: Classic::new(id), offsets: Offsets::default() }
    }

    /// Nothing is known of it that would not also be known without it.
    pub(super) fn is_vacant(&self) -> bool {
        self.classic.is_vacant() && self.offsets.is_empty()
    }
}

/// All groups, by name.
pub(super) type Groups = BTreeMap<GroupId, Group>;

/// The coordinator of the groups on one partition of `__consumer_offsets`; see the [module](super) for how to drive it.
///
/// A new one is loaded with [`replay`](Self::replay), record by record, then [`loaded`](Self::loaded) is called; until
/// then it takes no requests: the driver answers them COORDINATOR_LOAD_IN_PROGRESS (and heartbeats NONE, as Kafka does:
/// the members are not to blame).
#[derive(Debug)]
pub struct Coordinator {
    pub(super) config: GroupConfig,
    pub(super) groups: Groups,
    /// The groups in which an open transaction has offsets.
    pub(super) transactions: BTreeMap<ProducerId, BTreeSet<GroupId>>,
    pub(super) timers: Timers,
    pub(super) parked: Parked,
    pub(super) sweep: Timer,
    pub(super) is_loaded: bool,
}

impl Coordinator {
    /// A coordinator that knows no group yet.
    pub fn new(config: GroupConfig) -> Self {
        Self {
            config,
            groups: Groups::new(),
            transactions: BTreeMap::new(),
            timers: Timers::default(),
            parked: Parked::default(),
            sweep: Timer::default(),
            is_loaded: false,
        }
    }

    /// Changes the settings; they count from the next event on.
    pub fn set_config(&mut self, config: GroupConfig) {
        self.config = config;
    }

    /// A member joins. Parked until the rebalance has gathered all members; answered at once if it fails, or if there
    /// is nothing to gather.
    pub fn on_join_group(
        &mut self,
        now: Monotonic,
        wall: Timestamp,
        to: ReplyTo,
        request: JoinGroup,
        out: &mut Out,
    ) {
        let id = request.group.clone();
        let (groups, mut step) = self.step(now, wall, out);
        let error = if !is_group_name(&id) {
            ErrorCode::InvalidGroupId
        } else if !session_timeout_in_bounds(step.config, request.session_timeout_ms) {
            ErrorCode::InvalidSessionTimeout
        } else if has_oversized_name(&request) {
            ErrorCode::InvalidRequest
        } else if request.member.is_some() && !groups.contains_key(&id) {
            ErrorCode::UnknownMemberId
        } else {
            let group = groups.entry(id.clone()).or_insert_with(|| Group::new(id.clone()));
            group.classic.join(&mut step, to, request);
            return self.forget_if_vacant(&id);
        };
        step.reply(to, After::Now, join::refused(error, request.member));
    }

    /// A member asks for its assignment. Parked until the leader has brought it.
    pub fn on_sync_group(
        &mut self,
        now: Monotonic,
        wall: Timestamp,
        to: ReplyTo,
        request: SyncGroup,
        out: &mut Out,
    ) {
        let (groups, mut step) = self.step(now, wall, out);
        let error = if request.group.get().is_empty() {
            ErrorCode::InvalidGroupId
        } else {
            match groups.get_mut(&request.group) {
                Some(group) => return group.classic.sync(&mut step, to, request),
                None => ErrorCode::UnknownMemberId,
            }
        };
        step.reply(to, After::Now, sync::not_synced(error));
    }

    /// A member lives.
    pub fn on_heartbeat(
        &mut self,
        now: Monotonic,
        wall: Timestamp,
        to: ReplyTo,
        request: &Heartbeat,
        out: &mut Out,
    ) {
        let (groups, mut step) = self.step(now, wall, out);
        let error = if request.group.get().is_empty() {
            ErrorCode::InvalidGroupId
        } else {
            match groups.get_mut(&request.group) {
                Some(group) => group.classic.heartbeat(&mut step, request),
                None => ErrorCode::UnknownMemberId,
            }
        };
        step.reply(to, After::Now, GroupReply::Heartbeat(error));
    }

    /// Members leave.
    pub fn on_leave_group(
        &mut self,
        now: Monotonic,
        wall: Timestamp,
        to: ReplyTo,
        request: LeaveGroup,
        out: &mut Out,
    ) {
        let id = request.group.clone();
        let (groups, mut step) = self.step(now, wall, out);
        let body = if id.get().is_empty() {
            let error = ErrorCode::InvalidGroupId;
            GroupReply::LeaveGroup(LeftGroup { error, members: Vec::new() })
        } else {
            match groups.get_mut(&id) {
                Some(group) => {
                    group.classic.leave(&mut step, to, request);
                    return self.forget_if_vacant(&id);
                }
                None => leave::none_left(request, ErrorCode::UnknownMemberId),
            }
        };
        step.reply(to, After::Now, body);
    }

    /// Who waited for this reply went away. Its member stays, until its session is over, as in Kafka. Nothing happens if
    /// the request was answered already.
    pub fn drop_reply(&mut self, to: ReplyTo) {
        self.parked.drop_reply(to);
    }

    /// When [`on_deadline`](Self::on_deadline) is to be called at the latest, if nothing happens before. It may be early.
    pub fn deadline(&self) -> Option<Monotonic> {
        self.timers.first()
    }

    /// Does what is due.
    pub fn on_deadline(&mut self, now: Monotonic, wall: Timestamp, out: &mut Out) {
        while let Some(key) = self.timers.pop(now) {
            let (groups, mut step) = self.step(now, wall, out);
            let id = match key {
                TimerKey::Session(id, member) => {
                    owner(groups, &id).on_session_timer(&mut step, member);
                    id
                }
                TimerKey::Join(id) => {
                    owner(groups, &id).on_join_timer(&mut step);
                    id
                }
                TimerKey::Sync(id) => {
                    owner(groups, &id).on_sync_timer(&mut step);
                    id
                }
                TimerKey::Sweep => {
                    self.on_sweep_timer(now, wall, out);
                    continue;
                }
            };
            self.forget_if_vacant(&id);
        }
    }

    /// The groups, and what a call hands down to one of them.
    pub(super) fn step<'a>(
        &'a mut self,
        now: Monotonic,
        wall: Timestamp,
        out: &'a mut Out,
    ) -> (&'a mut Groups, Step<'a>) {
        assert!(self.is_loaded, "requests come after loading");
        let (timers, parked) = (&mut self.timers, &mut self.parked);
        (&mut self.groups, Step { now, wall, config: &self.config, timers, parked, out })
    }

    /// Groups come to be with their first member or offset, and are gone with their last, unless the log tells of them.
    pub(super) fn forget_if_vacant(&mut self, id: &GroupId) {
        if self.groups.get(id).is_some_and(Group::is_vacant) {
            self.groups.remove(id);
        }
    }

    /// Asserts what must always hold, in all groups: for tests, after each call.
    ///
    /// # Panics
    /// If something does not.
    pub fn check(&self) {
        let (mut timers, mut parked) = (0, 0);
        for (id, group) in &self.groups {
            assert!(!group.is_vacant(), "group {id:?} is kept for nothing");
            group.offsets.check();
            if self.is_loaded {
                let (armed, waiting) = group.classic.check(&self.timers, &self.parked);
                timers += armed;
                parked += waiting;
            }
            for producer in group.offsets.producers() {
                assert!(self.transactions.get(producer).is_some_and(|groups| groups.contains(id)));
            }
        }
        assert_eq!(self.sweep.armed().is_some(), self.is_loaded);
        timers += usize::from(self.is_loaded);
        assert_eq!(self.timers.len(), timers, "a timer is nobody's");
        assert_eq!(self.parked.len(), parked, "a request waits for nobody");
    }

    /// The state of a group, for the driver's figures.
    pub fn state(&self, group: &GroupId) -> State {
        self.groups.get(group).map_or(State::Dead, |group| group.classic.state())
    }

    /// How many groups it knows.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether it knows no group.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }
}

/// The group a timer belongs to.
fn owner<'a>(groups: &'a mut Groups, id: &GroupId) -> &'a mut Classic {
    let group = groups.get_mut(id);
    &mut group.expect("a group that is forgotten gives up its timers").classic
}

/// Whether a group may have this name: not empty, and short enough to be kept.
fn is_group_name(id: &GroupId) -> bool {
    (1..=NAME_BYTES_MAX).contains(&id.get().len())
}

fn session_timeout_in_bounds(config: &GroupConfig, timeout_ms: i32) -> bool {
    let bounds = config.session_timeout_min_ms..=config.session_timeout_max_ms;
    u64::try_from(timeout_ms).is_ok_and(|timeout_ms| bounds.contains(&timeout_ms))
}

fn has_oversized_name(request: &JoinGroup) -> bool {
    let instance = request.instance.iter().map(|instance| instance.get().len());
    let protocols = request.protocols.iter().map(|p| p.name.len());
    let others = [request.client_id.len(), request.client_host.len(), request.protocol_type.len()];
    others.into_iter().chain(instance).chain(protocols).any(|length| length > NAME_BYTES_MAX)
}
