//! [`Coordinator`]: which group a call concerns, and whose deadline has come.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::State;
use super::classic::{join, leave, sync};
use super::cluster::{Cluster, NoCluster};
use super::config::{GroupConfig, NAME_BYTES_MAX};
use super::consumer;
use super::kind::{Group, Kind};
use super::reply::{GroupReply, LeftGroup, Out, ReplyTo};
use super::request::{
    ConsumerHeartbeat, Heartbeat, JoinGroup, LeaveGroup, ShareChange, ShareChanged, ShareHeartbeat,
    StreamsHeartbeat, SyncGroup,
};
use super::share;
use super::step::{Parked, Step};
use super::streams;
use super::timers::{Timer, TimerKey, Timers};
use crate::ErrorCode;
use crate::after::After;
use crate::ids::{GroupId, ProducerId};
use crate::time::{Monotonic, Timestamp};

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
    pub(super) cluster: Arc<dyn Cluster>,
    /// Counts the changes of the cluster's topics.
    topics_version: u64,
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
            cluster: Arc::new(NoCluster),
            topics_version: 1,
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

    /// Lends a newer view of the cluster. Consumer groups follow with their members' next heartbeats.
    pub fn set_cluster(&mut self, cluster: Arc<dyn Cluster>) {
        self.cluster = cluster;
        self.topics_version += 1;
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
            group.become_classic_if_empty(&mut step, &id);
            match &mut group.kind {
                Kind::Classic(classic) => classic.join(&mut step, to, request),
                Kind::Consumer(consumer) => {
                    let downgraded = consumer.join_classic(&mut step, to, request);
                    group.downgrade(downgraded);
                }
                Kind::Share(_) | Kind::Streams(_) => {
                    let refused = join::refused(ErrorCode::InconsistentGroupProtocol, request.member);
                    step.reply(to, After::Now, refused);
                }
            }
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
            match groups.get_mut(&request.group).map(|group| &mut group.kind) {
                Some(Kind::Classic(classic)) => return classic.sync(&mut step, to, request),
                Some(Kind::Consumer(consumer)) => return consumer.sync_classic(&mut step, to, request),
                Some(Kind::Share(_) | Kind::Streams(_)) | None => ErrorCode::UnknownMemberId,
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
            match groups.get_mut(&request.group).map(|group| &mut group.kind) {
                Some(Kind::Classic(classic)) => classic.heartbeat(&mut step, request),
                Some(Kind::Consumer(consumer)) => consumer.heartbeat_classic(&mut step, request),
                Some(Kind::Share(_) | Kind::Streams(_)) | None => ErrorCode::UnknownMemberId,
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
                    match &mut group.kind {
                        Kind::Classic(classic) => classic.leave(&mut step, to, request),
                        Kind::Consumer(consumer) => {
                            let downgraded = consumer.leave_classic(&mut step, to, request);
                            group.downgrade(downgraded);
                        }
                        Kind::Share(_) | Kind::Streams(_) => {
                            let none = leave::none_left(request, ErrorCode::UnknownMemberId);
                            step.reply(to, After::Now, none);
                        }
                    }
                    return self.forget_if_vacant(&id);
                }
                None => leave::none_left(request, ErrorCode::UnknownMemberId),
            }
        };
        step.reply(to, After::Now, body);
    }

    /// A member of a consumer group joins, lives or goes. Answered at once.
    pub fn on_consumer_heartbeat(
        &mut self,
        now: Monotonic,
        wall: Timestamp,
        to: ReplyTo,
        request: ConsumerHeartbeat,
        out: &mut Out,
    ) {
        let id = request.group.clone();
        let (groups, mut step) = self.step(now, wall, out);
        let checked =
            consumer::check_request(&request, &step.config.consumer).and_then(|()| check_length(&id));
        if let Err(refusal) = checked {
            return step.reply(to, After::Now, consumer::refused(refusal));
        }
        if request.epoch == 0 {
            groups.entry(id.clone()).or_insert_with(|| Group::new(id.clone()));
        }
        let group = groups.get_mut(&id).ok_or(ErrorCode::GroupIdNotFound);
        let group = group.and_then(|group| {
            if request.epoch == 0 {
                group.become_consumer(&mut step, &id)?;
            }
            Ok(group)
        });
        match group.map(|group| (&mut group.kind, request.epoch)) {
            Ok((Kind::Consumer(consumer), 0..)) => consumer.heartbeat(&mut step, to, request),
            Ok((Kind::Consumer(consumer), _)) => {
                let downgraded = consumer.leave(&mut step, to, request);
                if let Some(group) = groups.get_mut(&id) {
                    group.downgrade(downgraded);
                }
            }
            Ok((Kind::Classic(_) | Kind::Share(_) | Kind::Streams(_), _)) | Err(_) => {
                let refusal = (ErrorCode::GroupIdNotFound, format!("there is no consumer group {id}"));
                step.reply(to, After::Durable, consumer::refused(refusal));
            }
        }
        self.forget_if_vacant(&id);
    }

    /// A member of a share group joins, lives or goes. Answered at once.
    pub fn on_share_heartbeat(
        &mut self,
        now: Monotonic,
        wall: Timestamp,
        to: ReplyTo,
        request: ShareHeartbeat,
        out: &mut Out,
    ) {
        let id = request.group.clone();
        let (groups, mut step) = self.step(now, wall, out);
        let checked = share::check_request(&request).and_then(|()| check_length(&id));
        if let Err(refusal) = checked {
            return step.reply(to, After::Now, share::refused(refusal));
        }
        if request.epoch == 0 {
            groups.entry(id.clone()).or_insert_with(|| Group::new(id.clone()));
        }
        let group = groups.get_mut(&id).ok_or(ErrorCode::GroupIdNotFound);
        match group.and_then(|group| group.become_share(&id)) {
            Ok(share) if request.epoch >= 0 => share.heartbeat(&mut step, to, request),
            Ok(share) => share.leave(&mut step, to, request),
            Err(error) => {
                let refusal = (error, format!("there is no share group {id}"));
                step.reply(to, After::Durable, share::refused(refusal));
            }
        }
        self.forget_if_vacant(&id);
    }

    /// A member of a streams group joins, lives or goes. Answered at once.
    pub fn on_streams_heartbeat(
        &mut self,
        now: Monotonic,
        wall: Timestamp,
        to: ReplyTo,
        request: StreamsHeartbeat,
        out: &mut Out,
    ) {
        let id = request.group.clone();
        let (groups, mut step) = self.step(now, wall, out);
        let checked = streams::check_request(&request).and_then(|()| check_length(&id));
        if let Err(refusal) = checked {
            return step.reply(to, After::Now, streams::refused(refusal));
        }
        if request.epoch == 0 {
            groups.entry(id.clone()).or_insert_with(|| Group::new(id.clone()));
        }
        let joins = request.epoch == 0;
        let group = groups.get_mut(&id).ok_or(ErrorCode::GroupIdNotFound);
        let of_it = group
            .and_then(|group| if joins { group.become_streams(&mut step, &id) } else { group.streams_mut() });
        match of_it {
            Ok(streams) if request.epoch >= 0 => streams.heartbeat(&mut step, to, request),
            Ok(streams) => streams.leave(&mut step, to, request),
            Err(error) => {
                let refusal = (error, format!("there is no streams group {id}"));
                step.reply(to, After::Durable, streams::refused(refusal));
            }
        }
        self.forget_if_vacant(&id);
    }

    /// Something happens to the state of a share group's partitions, or somebody asks which have any.
    pub fn on_share_change(
        &mut self,
        now: Monotonic,
        wall: Timestamp,
        to: ReplyTo,
        change: ShareChange,
        out: &mut Out,
    ) {
        let id = change.group.clone();
        let (groups, mut step) = self.step(now, wall, out);
        // Where a group is to begin may be set before it has had a member.
        if change.what == ShareChanged::Altering && is_group_name(&id) {
            groups.entry(id.clone()).or_insert_with(|| Group::new(id.clone()));
        }
        let share = groups.get_mut(&id).ok_or(ErrorCode::GroupIdNotFound);
        match share.and_then(|group| group.become_share(&id)) {
            Ok(share) => share.change_state(&mut step, to, change),
            Err(code) => step.reply(to, After::Durable, GroupReply::ShareState(Err(code))),
        }
        self.forget_if_vacant(&id);
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
                TimerKey::Session(ref id, ref member) => {
                    let (id, member) = (id.clone(), member.clone());
                    let group = owner(groups, &id);
                    match &mut group.kind {
                        Kind::Classic(classic) => classic.on_session_timer(&mut step, member),
                        Kind::Consumer(consumer) => {
                            let downgraded = consumer.on_member_timer(&mut step, key);
                            group.downgrade(downgraded);
                        }
                        Kind::Share(share) => share.on_session_timer(&mut step, &member),
                        Kind::Streams(streams) => streams.on_member_timer(&mut step, key),
                    }
                    id
                }
                TimerKey::Rebalance(ref id, _)
                | TimerKey::MemberJoin(ref id, _)
                | TimerKey::MemberSync(ref id, _) => {
                    let id = id.clone();
                    let group = owner(groups, &id);
                    if let Kind::Streams(streams) = &mut group.kind {
                        streams.on_member_timer(&mut step, key);
                    } else {
                        let downgraded = group.consumer_mut().on_member_timer(&mut step, key);
                        group.downgrade(downgraded);
                    }
                    id
                }
                TimerKey::Deal(id) => {
                    if let Ok(streams) = owner(groups, &id).streams_mut() {
                        streams.on_deal_timer(&mut step);
                    }
                    id
                }
                TimerKey::Join(id) => {
                    owner(groups, &id).classic_mut().on_join_timer(&mut step);
                    id
                }
                TimerKey::Sync(id) => {
                    owner(groups, &id).classic_mut().on_sync_timer(&mut step);
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
        let (cluster, topics_version) = (&*self.cluster, self.topics_version);
        let step = Step { now, wall, config: &self.config, cluster, topics_version, timers, parked, out };
        (&mut self.groups, step)
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
                let (armed, waiting) = match &group.kind {
                    Kind::Classic(classic) => classic.check(&self.timers, &self.parked),
                    Kind::Consumer(consumer) => (consumer.check(&self.timers), 0),
                    Kind::Share(share) => (share.check(&self.timers), 0),
                    Kind::Streams(streams) => (streams.check(&self.timers), 0),
                };
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
        self.groups.get(group).map_or(State::Dead, Group::state)
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
fn owner<'a>(groups: &'a mut Groups, id: &GroupId) -> &'a mut Group {
    groups.get_mut(id).expect("a group that is forgotten gives up its timers")
}

/// Whether a group may have this name: not empty, and short enough to be kept.
fn is_group_name(id: &GroupId) -> bool {
    (1..=NAME_BYTES_MAX).contains(&id.get().len())
}

/// What checks of single requests leave: an id that is there and has its length.
fn check_length(id: &GroupId) -> Result<(), consumer::Refusal> {
    if id.get().len() > NAME_BYTES_MAX {
        return Err((ErrorCode::InvalidGroupId, "the group id is too long".into()));
    }
    Ok(())
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
