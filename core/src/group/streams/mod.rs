//! A streams group (KIP-1071): the instances of a Kafka Streams application. The coordinator knows what the application is
//! made of, has its topics made, and deals out tasks; each member is led to its share by its own heartbeats.
//!
//! ```text
//!   heartbeat ─► who the member is, the topology ─► what topics there must be ─► something has changed: epoch + 1
//!                                 (`topology`)              (`configure`)                    │
//!             the member goes one step towards its share ◄─ a new target is dealt ◄──────────┘
//!                              (`reconcile`)                     (`assign`)
//!
//!   Empty: no members · NotReady: topics are missing or do not fit · Assigning: epoch > target_epoch
//!   Reconciling: some member is not at its target · Stable
//! ```
//!
//! | to change | open |
//! |---|---|
//! | heartbeats: joining, epochs, fencing, what is answered | `heartbeat` |
//! | dealing, the wait for more members before it | `target` |
//! | going: leaving, sessions, rebalance timeouts | `leave` |
//! | what an application is made of, what topics it needs | `topology`, `configure` |
//! | who gets what | `assign`, `reconcile` |
//! | which member is asked for which partition (interactive queries) | `endpoints` |
//! | who may commit and fetch offsets | `validate` |
//! | records, and loading them | `store` |
//!
//! # Invariants (see `check`)
//!
//! - One member at most runs a task; of one process, one member at most has it in whatever role.
//! - A member's session is running, whatever it waits for.
//! - Whatever changes is in the log in the same step: a loaded group is the same but for timers, the wish of a member that
//!   all shut down, and the count of endpoints, as in Kafka.
//!
//! It does not do, and neither does Kafka 4.3: static members, regular expressions for sources, warm-up tasks, another
//! topology while the group exists. It makes no topics: it says which are wanted.

mod assign;
mod configure;
mod endpoints;
mod heartbeat;
mod leave;
mod reconcile;
pub(super) mod store;
mod target;
mod task;
mod topology;
mod validate;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use self::configure::Configured;
pub(super) use self::heartbeat::{check_request, refused};
use self::reconcile::Current;
use self::task::{Role, Target, Task};
pub use self::topology::{CopartitionGroup, InternalTopic, StreamsTopology, Subtopology};
use super::State;
use super::consumer::member::Progress;
use super::reply::{DescribedStreamsGroup, DescribedStreamsMember, ListedGroup};
use super::timers::{Timer, TimerKey, Timers};
use crate::ErrorCode;
use crate::ids::{GroupId, MemberId, TopicName};
use crate::time::Timestamp;

/// Where a member answers questions about its state.
pub(super) type Endpoint = (Arc<str>, u16);

/// Who a member is: stored as a `StreamsGroupMemberMetadata` record.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Terms {
    rack: Option<Arc<str>>,
    client_id: Arc<str>,
    client_host: Arc<str>,
    rebalance_timeout_ms: i32,
    topology_epoch: i32,
    /// The process that it is a thread of.
    process: Arc<str>,
    endpoint: Option<Endpoint>,
    tags: BTreeMap<Arc<str>, Arc<str>>,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            rack: None,
            client_id: Arc::default(),
            client_host: Arc::default(),
            rebalance_timeout_ms: -1,
            topology_epoch: -1,
            process: Arc::default(),
            endpoint: None,
            tags: BTreeMap::new(),
        }
    }
}

#[derive(Debug, Default)]
struct Member {
    terms: Terms,
    current: Current,
    session: Timer,
    /// Runs while it has tasks to give up.
    rebalance: Timer,
    /// The epoch that it has to leave before `rebalance` is over.
    rebalance_epoch: i32,
}

/// A streams group.
#[derive(Debug)]
pub(super) struct Streams {
    id: GroupId,
    /// Counts what there is to be dealt anew.
    epoch: i32,
    /// Of the topics that are needed, as they were when `epoch` was last looked at.
    metadata_hash: i64,
    /// The epoch of the topology whose topics are as they must be; -1: they are not.
    validated: i32,
    /// The settings that `epoch` was last raised with, by Kafka's names: other ones raise it.
    dealt_with: BTreeMap<Arc<str>, Arc<str>>,
    /// The epoch that `target` was dealt for.
    target_epoch: i32,
    /// When `target` was dealt; 0: never.
    target_made: Timestamp,
    target: BTreeMap<MemberId, Target>,
    members: BTreeMap<MemberId, Member>,
    topology: Option<Arc<StreamsTopology>>,
    /// What it comes to; `None` until the first heartbeat after loading.
    configured: Option<Configured>,
    /// The cluster's topics, as counted by the coordinator, that `configured` is of.
    topics_seen: u64,
    /// Runs while a group that was empty waits for more members.
    initial: Timer,
    /// Who asked all members to shut down, while there are any.
    shutdown: Option<MemberId>,
    /// Counts what members that have an endpoint were given.
    endpoint_epoch: i32,
    /// The log has something of this group.
    stored: bool,
}

impl Streams {
    /// A group without members.
    pub(super) fn new(id: GroupId) -> Self {
        Self {
            id,
            epoch: 0,
            metadata_hash: 0,
            validated: -1,
            dealt_with: BTreeMap::new(),
            target_epoch: 0,
            target_made: Timestamp::default(),
            target: BTreeMap::new(),
            members: BTreeMap::new(),
            topology: None,
            configured: None,
            topics_seen: 0,
            initial: Timer::default(),
            shutdown: None,
            endpoint_epoch: 0,
            stored: false,
        }
    }

    pub(super) fn state(&self) -> State {
        if self.members.is_empty() {
            State::Empty
        } else if self.topology.as_ref().is_none_or(|topology| topology.epoch != self.validated) {
            State::NotReady
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

    pub(super) fn is_subscribed(&self, topic: &TopicName) -> bool {
        !self.members.is_empty() && self.topology.as_ref().is_some_and(|topology| topology.reads(topic))
    }

    /// As an administrator sees it.
    pub(super) fn described(&self) -> DescribedStreamsGroup {
        let members = self.members.iter().map(|(id, member)| DescribedStreamsMember {
            member: id.clone(),
            rack: member.terms.rack.clone(),
            epoch: member.current.epoch,
            client_id: member.terms.client_id.clone(),
            client_host: member.terms.client_host.clone(),
            topology_epoch: member.terms.topology_epoch,
            process: member.terms.process.clone(),
            endpoint: member.terms.endpoint.clone(),
            tags: member.terms.tags.clone(),
            assigned: task::tasks(member.current.assigned.keys()),
            target: self.target.get(id).map(task::tasks).unwrap_or_default(),
        });
        DescribedStreamsGroup {
            group: self.id.clone(),
            error: ErrorCode::None,
            state: self.state(),
            epoch: self.epoch,
            target_epoch: self.target_epoch,
            members: members.collect(),
            topology: self.topology.as_ref().map(|topology| self.counted(topology)),
        }
    }

    /// The topology, with the partitions that its internal topics have.
    fn counted(&self, topology: &StreamsTopology) -> StreamsTopology {
        let mut topology = topology.clone();
        let Some(configured) = self.configured.as_ref().filter(|configured| configured.is_ready()) else {
            return topology;
        };
        for part in topology.subtopologies.values_mut() {
            for topic in part.changelogs.iter_mut().chain(&mut part.repartition_sources) {
                topic.partitions =
                    configured.partitions.get(&topic.name).copied().unwrap_or(topic.partitions);
            }
        }
        topology
    }

    /// As in a list.
    pub(super) fn listed(&self) -> ListedGroup {
        ListedGroup {
            group: self.id.clone(),
            protocol_type: "streams".into(),
            state: self.state(),
            group_type: "streams",
        }
    }

    /// Gives up the timers: the group is about to be forgotten.
    pub(super) fn forget(&mut self, timers: &mut Timers) {
        let ids: Vec<MemberId> = self.members.keys().cloned().collect();
        for id in ids {
            self.cancel_timers(timers, &id);
        }
        timers.cancel(&mut self.initial, || TimerKey::Deal(self.id.clone()));
    }

    fn cancel_timers(&mut self, timers: &mut Timers, id: &MemberId) {
        let Some(member) = self.members.get_mut(id) else { return };
        timers.cancel(&mut member.session, || TimerKey::Session(self.id.clone(), id.clone()));
        timers.cancel(&mut member.rebalance, || TimerKey::Rebalance(self.id.clone(), id.clone()));
    }

    /// Whether others let a member of a process have a task in a role.
    fn is_free(&self, id: &MemberId, process: &str, role: Role, task: &Task) -> bool {
        self.members.iter().filter(|(other, _)| *other != id).all(|(_, other)| {
            let has = |role| other.current.has(&(role, task.clone()));
            let runs = has(Role::Active);
            let is_beside = *other.terms.process == *process;
            !(runs && (role == Role::Active || is_beside)
                || is_beside && (has(Role::Standby) || has(Role::Warmup)))
        })
    }

    /// Asserts what must always hold. Answers how many timers it has.
    pub(super) fn check(&self, timers: &Timers) -> usize {
        let mut armed = 0;
        let mut timer = |timer: &Timer, key: TimerKey| armed += timers.check(timer, key);
        timer(&self.initial, TimerKey::Deal(self.id.clone()));
        let (mut run, mut beside) = (BTreeSet::new(), BTreeSet::new());
        for (id, member) in &self.members {
            let (group, current) = (&self.id, &member.current);
            assert!(member.session.is_set(), "{id:?} may be silent for ever");
            timer(&member.session, TimerKey::Session(group.clone(), id.clone()));
            timer(&member.rebalance, TimerKey::Rebalance(group.clone(), id.clone()));
            assert!(current.epoch <= self.epoch.max(self.target_epoch));
            assert_eq!(current.progress == Progress::Unrevoked, !current.revoking.is_empty());
            for (role, task) in current.tasks() {
                assert!(*role != Role::Active || run.insert(task), "{task:?} is run twice");
                assert!(beside.insert((&member.terms.process, task)), "{task:?} is twice in a process");
            }
        }
        assert!(self.target.keys().all(|id| self.members.contains_key(id)), "a target is nobody's");
        assert!(self.shutdown.is_none() || !self.members.is_empty());
        assert!(self.members.is_empty() || self.stored);
        armed
    }
}
