//! The group coordinators of a shard: one on each partition of `__consumer_offsets` that the shard owns.
//!
//! They load in the background, so that a long history does not hold up the start; one task calls those whose deadlines
//! have come and loads anew those whose state is void.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::time::Duration;

use headwater_core::ErrorCode;
use headwater_core::group::{GroupConfig, GroupReply, ListGroups, ListedGroup};
use headwater_core::ids::{ProducerId, TopicPartition};
use headwater_core::record::control::Outcome;
use headwater_core::time::Monotonic;
use headwater_replication::coordinator::{Answer, CoordinatorHost, GroupCall, Phase};
use headwater_replication::metadata::{CONSUMER_OFFSETS, Topic};
use headwater_replication::partition::Partition;
use headwater_storage::disk::dma::Dma;

use super::Shard;
use crate::rt::{self, Event};

type Host = CoordinatorHost<Dma>;

/// How long a coordinator whose state is void waits before it loads again: the disk may be full.
const RELOAD_PAUSE: Duration = Duration::from_secs(1);

/// The coordinators of one shard.
#[derive(Default)]
pub struct Groups {
    hosts: RefCell<HashMap<TopicPartition, Rc<Host>>>,
    /// Those that a task is about to load, or loads.
    loading: RefCell<HashSet<TopicPartition>>,
    /// When the deadline task wakes by itself; none: when it is told.
    wakes_at: Cell<Option<Monotonic>>,
    sooner: Event,
}

impl Groups {
    fn host(&self, partition: TopicPartition) -> Option<Rc<Host>> {
        self.hosts.borrow().get(&partition).cloned()
    }

    fn all(&self) -> Vec<Rc<Host>> {
        self.hosts.borrow().values().cloned().collect()
    }
}

impl Shard {
    /// Hosts a coordinator on `partition` if it is one of `__consumer_offsets`.
    pub(super) fn host_groups(self: &Rc<Self>, topic: &Topic, partition: &Rc<Partition<Dma>>) {
        if topic.name.get() != CONSUMER_OFFSETS {
            return;
        }
        let config = GroupConfig::new(&self.config(), self.topic_config(topic).max_message_bytes as usize);
        let host = CoordinatorHost::new(partition.clone(), config);
        self.groups.hosts.borrow_mut().insert(partition.id(), host.clone());
        self.load_groups(host, Duration::ZERO);
    }

    /// The settings have changed.
    pub(super) fn configure_groups(&self) {
        let image = self.image();
        let Some(topic) = image.topic(CONSUMER_OFFSETS) else { return };
        let config = GroupConfig::new(&self.config(), self.topic_config(topic).max_message_bytes as usize);
        for host in self.groups.all() {
            host.set_config(config);
        }
    }

    fn load_groups(self: &Rc<Self>, host: Rc<Host>, pause: Duration) {
        let shard = self.clone();
        let id = host.partition();
        if !self.groups.loading.borrow_mut().insert(id) {
            return;
        }
        rt::spawn(async move {
            rt::sleep(pause).await;
            host.load(rt::now, rt::wall).await;
            shard.groups.loading.borrow_mut().remove(&id);
            shard.after_groups(&host);
        })
        .detach();
    }

    /// Something has happened to `host`: the deadline task must not sleep past what it wants now, and a void state is
    /// loaded again.
    fn after_groups(self: &Rc<Self>, host: &Rc<Host>) {
        if host.phase() == Phase::Failed {
            self.load_groups(host.clone(), RELOAD_PAUSE);
        }
        let wakes_at = self.groups.wakes_at.get();
        if host.deadline().is_some_and(|at| wakes_at.is_none_or(|wakes| at < wakes)) {
            self.groups.sooner.notify();
        }
    }

    /// The partition is gone, and the coordinator on it, if there was one.
    pub(super) fn unhost_groups(&self, partition: TopicPartition) {
        let host = self.groups.hosts.borrow_mut().remove(&partition);
        if let Some(host) = host {
            host.resign();
        }
    }

    /// The broker stops: members that wait for a rebalance are told, so that their connections can end.
    pub(super) fn resign_groups(&self) {
        for host in self.groups.all() {
            host.resign();
        }
    }

    /// Nobody reads a topic that is gone: its offsets are forgotten.
    pub(super) fn forget_offsets_of(self: &Rc<Self>, topic: &Topic) {
        for host in self.groups.all() {
            host.on_topic_deleted(rt::now(), rt::wall(), &topic.name, topic.id);
            self.after_groups(&host);
        }
    }

    /// Asks the coordinator on a partition of this shard.
    pub(super) fn ask_group(
        self: &Rc<Self>,
        partition: TopicPartition,
        call: GroupCall,
        then: impl FnOnce(Answer) + 'static,
    ) {
        let Some(host) = self.groups.host(partition) else { return then(Err(ErrorCode::NotCoordinator)) };
        host.call(rt::now(), rt::wall(), call, then);
        self.after_groups(&host);
    }

    /// A marker was appended to `partition`; a coordinator there has to know.
    pub(super) fn end_in_groups(&self, partition: TopicPartition, producer: ProducerId, outcome: Outcome) {
        if let Some(host) = self.groups.host(partition) {
            host.on_transaction_end(producer, outcome);
        }
    }

    /// What the coordinators of this shard list, and why one could not.
    pub(super) fn list_groups(&self, request: &ListGroups) -> (Vec<ListedGroup>, Option<ErrorCode>) {
        let found = Rc::new(RefCell::new((Vec::new(), None)));
        for host in self.groups.all() {
            let found = found.clone();
            // A list never waits for the disk, so all have answered when this loop is done.
            host.call(rt::now(), rt::wall(), GroupCall::ListGroups(request.clone()), move |answer| {
                let mut found = found.borrow_mut();
                match answer {
                    Ok(GroupReply::ListGroups(groups)) => found.0.extend(groups),
                    Ok(_) => unreachable!("a list is answered with a list"),
                    Err(code) => found.1 = Some(code),
                }
            });
        }
        Rc::try_unwrap(found).map_or_else(|_| unreachable!("a list is answered at once"), RefCell::into_inner)
    }

    /// Calls coordinators when their deadlines have come, for as long as the shard lives.
    pub(super) async fn run_group_deadlines(self: Rc<Self>) {
        loop {
            let now = rt::now();
            let mut next: Option<Monotonic> = None;
            for host in self.groups.all() {
                if host.deadline().is_some_and(|at| at <= now) {
                    host.on_deadline(now, rt::wall());
                    self.after_groups(&host);
                }
                next = [next, host.deadline()].into_iter().flatten().min();
            }
            self.groups.wakes_at.set(next);
            match next {
                Some(at) => {
                    let _ = rt::deadline(at, self.groups.sooner.wait()).await;
                }
                None => self.groups.sooner.wait().await,
            }
        }
    }
}
