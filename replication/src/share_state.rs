//! The driver of a share coordinator: hosts the machine on a partition of `__share_group_state`. When replies leave is said
//! in `driver.rs`.
//!
//! Beyond that it deletes what is of no use any more from the log's front, once what replaces it is durable.
//!
//! Does not do: timers (the machine has none) and tasks; see [`hosted`](crate::hosted).

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use headwater_core::ErrorCode;
use headwater_core::ids::{Offset, TopicId, TopicPartition};
use headwater_core::share::state::{StateCall, StateCoordinator, StateRecord, StateReply};
use headwater_core::time::{Monotonic, Timestamp};
use headwater_storage::disk::Disk;

use crate::driver::Driver;
use crate::hosted::{Hosted, Phase};
use crate::machine_log::Entry;
use crate::partition::Partition;

/// An answer, or why there is none.
pub type Answer = Result<StateReply, ErrorCode>;

/// See the module's text.
pub struct ShareStateHost<D: Disk> {
    driver: Driver<D, StateReply>,
    updates_per_snapshot: u32,
    machine: RefCell<StateCoordinator>,
    /// What replaces the front of the log is on its way.
    pruning: Cell<bool>,
    this: Weak<Self>,
}

impl<D: Disk + 'static> ShareStateHost<D> {
    /// A host that has to [`load`](Hosted::load) before it serves.
    pub fn new(partition: Rc<Partition<D>>, updates_per_snapshot: u32) -> Rc<Self> {
        Rc::new_cyclic(|this| Self {
            driver: Driver::new("share coordinator", partition),
            updates_per_snapshot,
            machine: RefCell::new(StateCoordinator::new(updates_per_snapshot)),
            pruning: Cell::new(false),
            this: this.clone(),
        })
    }

    /// Forgets the state of a topic that was deleted.
    pub fn on_topic_deleted(&self, wall: Timestamp, topic: TopicId) {
        if self.driver.is_active() {
            let mut out = Vec::new();
            self.machine.borrow_mut().on_topic_deleted(topic, &mut out);
            self.driver.perform(wall, each(&out), None, [], None::<fn()>);
        }
    }

    /// Writes everything once more when most of the log is of no use, and deletes what is older when that is durable.
    fn prune(&self, wall: Timestamp) {
        if self.pruning.get() || !self.driver.is_active() || !self.machine.borrow().wants_prune() {
            return;
        }
        self.pruning.set(true);
        let before = self.driver.partition.log().end();
        let mut out = Vec::new();
        self.machine.borrow_mut().on_prune(wall, &mut out);
        let host = self.this.clone();
        let committed = move || {
            if let Some(host) = host.upgrade() {
                host.pruned(before);
            }
        };
        self.driver.perform(wall, each(&out), None, [], Some(committed));
    }

    fn pruned(&self, before: Offset) {
        self.pruning.set(false);
        if let Err(code) = self.driver.partition.delete_records(before.get()) {
            tracing::warn!(partition = %self.driver.partition.id(), %code, "old share state could not be deleted");
        }
    }
}

fn each(records: &[StateRecord]) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
    records.iter().map(|record| (&record.key[..], record.value.as_deref()))
}

impl<D: Disk + 'static> Hosted for ShareStateHost<D> {
    type Call = StateCall;
    type Reply = StateReply;

    fn partition(&self) -> TopicPartition {
        self.driver.partition.id()
    }

    fn phase(&self) -> Phase {
        self.driver.phase()
    }

    async fn load(&self, _: impl Fn() -> Monotonic, _: impl Fn() -> Timestamp) {
        let mut machine = StateCoordinator::new(self.updates_per_snapshot);
        let take_in = |entry: Entry<'_>| {
            if let Entry::Record { offset, key, value, .. } = entry
                && let Err(error) = machine.replay(key, value)
            {
                tracing::warn!(partition = %self.driver.partition.id(), %offset, %error,
                    "a record of a share group's state is skipped");
            }
        };
        if self.driver.replay(take_in).await {
            *self.machine.borrow_mut() = machine;
            self.pruning.set(false);
            self.driver.activate();
        }
    }

    fn call(&self, _: Monotonic, wall: Timestamp, call: StateCall, then: impl FnOnce(Answer) + 'static) {
        if let Err(code) = self.driver.phase().serves() {
            return then(Err(code));
        }
        let to = self.driver.wait(then);
        let mut out = Vec::new();
        let (after, reply) = self.machine.borrow_mut().on_call(wall, call, &mut out);
        self.driver.perform(wall, each(&out), None, [(to, after, reply)], None::<fn()>);
        self.prune(wall);
    }

    fn deadline(&self) -> Option<Monotonic> {
        None
    }

    fn on_deadline(&self, _: Monotonic, _: Timestamp) {}

    fn resign(&self) {
        self.driver.resign();
    }
}
