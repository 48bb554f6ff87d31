//! The driver of a transaction coordinator: hosts the machine on a partition of `__transaction_state`. Its rule for
//! replies is that of the group coordinator's driver ([`crate::coordinator`]).
//!
//! Beyond that it holds markers back until what was appended before them is committed, then gives them to whoever can
//! write them, and takes in when they are.
//!
//! Does not do: timers and tasks (see [`hosted`](crate::hosted)); writing markers, which the shard says how to do.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use headwater_core::ErrorCode;
use headwater_core::after::After;
use headwater_core::ids::{TopicPartition, TransactionalId};
use headwater_core::time::{Monotonic, Timestamp};
use headwater_core::transaction::{
    AddPartitions, Coordinator, EndTransaction, InitProducerId, ListTransactions, Out, ReplyTo,
    TransactionConfig, TransactionReply, WriteMarkers,
};
use headwater_storage::disk::Disk;

use crate::hosted::{Hosted, Phase};
use crate::machine_log::{self, Entry};
use crate::partition::Partition;
use crate::waiters::{Countdown, Outcome};

/// What a coordinator may be asked.
#[derive(Debug)]
#[allow(missing_docs, reason = "each variant holds the request of its name")]
pub enum TransactionCall {
    InitProducerId(InitProducerId),
    AddPartitions(AddPartitions),
    EndTransaction(EndTransaction),
    DescribeTransactions(Vec<TransactionalId>),
    ListTransactions(ListTransactions),
}

/// An answer, or why there is none.
pub type Answer = Result<TransactionReply, ErrorCode>;
type Then = Box<dyn FnOnce(Answer)>;
type Markers = Box<dyn Fn(WriteMarkers)>;

/// See the module's text.
pub struct TransactionHost<D: Disk> {
    partition: Rc<Partition<D>>,
    config: TransactionConfig,
    machine: RefCell<Coordinator>,
    phase: Cell<Phase>,
    /// Counts the machines, so that markers of one that is void are not taken for the next one's.
    loads: Cell<u64>,
    parked: RefCell<HashMap<ReplyTo, Then>>,
    next_reply: Cell<ReplyTo>,
    markers: Markers,
    this: Weak<Self>,
}

impl<D: Disk> TransactionHost<D> {
    /// A host that has to [`load`](Self::load) before it serves. `markers` is called with what is to be written; it has to be
    /// written, whatever it takes, and then [`on_markers_written`](Self::on_markers_written) is called.
    pub fn new(
        partition: Rc<Partition<D>>,
        config: TransactionConfig,
        markers: impl Fn(WriteMarkers) + 'static,
    ) -> Rc<Self> {
        Rc::new_cyclic(|this| Self {
            partition,
            config,
            machine: RefCell::new(Coordinator::new(config)),
            phase: Cell::new(Phase::Loading),
            loads: Cell::new(0),
            parked: RefCell::default(),
            next_reply: Cell::new(0),
            markers: Box::new(markers),
            this: this.clone(),
        })
    }

    fn take_in(&self, machine: &mut Coordinator, entry: Entry<'_>) {
        if let Entry::Record { offset, key, value, .. } = entry
            && let Err(error) = machine.replay(key, value)
        {
            tracing::warn!(partition = %self.partition.id(), %offset, %error,
                "a record of a transactional id is skipped");
        }
    }

    /// The markers are durable in every partition that there still is.
    pub fn on_markers_written(&self, wall: Timestamp, markers: &WriteMarkers) {
        if self.phase.get() == Phase::Active {
            let mut out = Out::default();
            let WriteMarkers { id, producer, epoch, .. } = markers;
            self.machine.borrow_mut().on_markers_written(wall, id, *producer, *epoch, &mut out);
            self.perform(wall, out);
        }
    }

    /// Appends the records of one step, and lets its replies and markers go when they may.
    fn perform(&self, wall: Timestamp, out: Out) {
        let records = out.records.iter().map(|record| (&record.key[..], record.value.as_deref()));
        if let Err(code) = machine_log::append(&self.partition, records, None, wall) {
            tracing::warn!(partition = %self.partition.id(), %code, "a transaction coordinator could not write");
            self.phase.set(Phase::Failed);
            self.refuse_parked(ErrorCode::CoordinatorNotAvailable);
            return;
        }
        let mut held = Vec::new();
        for reply in out.replies {
            let Some(then) = self.parked.borrow_mut().remove(&reply.to) else { continue };
            match reply.after {
                After::Now => then(Ok(reply.body)),
                After::Durable => held.push((then, reply.body)),
            }
        }
        let markers = out.markers;
        if held.is_empty() && markers.is_empty() {
            return;
        }
        let countdown = Countdown::new();
        self.partition.park(self.partition.log().end(), &countdown);
        let (host, load) = (self.this.clone(), self.loads.get());
        countdown.arm(move |outcome| {
            for (then, body) in held {
                then(match outcome {
                    Outcome::Committed => Ok(body),
                    Outcome::Failed => Err(ErrorCode::CoordinatorNotAvailable),
                });
            }
            let Some(host) = host.upgrade() else { return };
            // After a failure the next machine finds in the log what was decided, and asks for these itself.
            if outcome == Outcome::Committed && host.loads.get() == load {
                markers.into_iter().for_each(|markers| (host.markers)(markers));
            }
        });
    }

    fn refuse_parked(&self, code: ErrorCode) {
        let waiting: Vec<Then> = self.parked.borrow_mut().drain().map(|(_, then)| then).collect();
        for then in waiting {
            then(Err(code));
        }
    }
}

impl<D: Disk + 'static> Hosted for TransactionHost<D> {
    type Call = TransactionCall;
    type Reply = TransactionReply;

    fn partition(&self) -> TopicPartition {
        self.partition.id()
    }

    fn phase(&self) -> Phase {
        self.phase.get()
    }

    async fn load(&self, now: impl Fn() -> Monotonic, wall: impl Fn() -> Timestamp) {
        if self.phase.get() == Phase::Resigned {
            return;
        }
        self.phase.set(Phase::Loading);
        let mut machine = Coordinator::new(self.config);
        let mut at = self.partition.bounds().log_start;
        while at < self.partition.log().end() {
            match machine_log::replay(&self.partition, at, |entry| self.take_in(&mut machine, entry)).await {
                Ok(next) => at = next,
                Err(why) => {
                    tracing::error!(partition = %self.partition.id(), offset = %at, why,
                        "this transaction coordinator can't load; its transactional ids are unavailable until its log is readable");
                    if self.phase.get() != Phase::Resigned {
                        self.phase.set(Phase::Failed);
                    }
                    return;
                }
            }
        }
        if self.phase.get() == Phase::Resigned {
            return;
        }
        let mut out = Out::default();
        machine.loaded(now(), wall(), &mut out);
        *self.machine.borrow_mut() = machine;
        self.loads.set(self.loads.get() + 1);
        self.phase.set(Phase::Active);
        self.perform(wall(), out);
    }

    fn call(&self, now: Monotonic, wall: Timestamp, call: Self::Call, then: impl FnOnce(Answer) + 'static) {
        if let Err(code) = self.phase.get().serves() {
            return then(Err(code));
        }
        let to = self.next_reply.get();
        self.next_reply.set(to + 1);
        self.parked.borrow_mut().insert(to, Box::new(then));
        let mut out = Out::default();
        {
            let mut machine = self.machine.borrow_mut();
            match call {
                TransactionCall::InitProducerId(request) => {
                    machine.on_init_producer_id(wall, to, request, &mut out)
                }
                TransactionCall::AddPartitions(request) => {
                    machine.on_add_partitions(now, wall, to, request, &mut out)
                }
                TransactionCall::EndTransaction(request) => {
                    machine.on_end_transaction(wall, to, request, &mut out)
                }
                TransactionCall::DescribeTransactions(ids) => {
                    machine.on_describe_transactions(to, ids, &mut out)
                }
                TransactionCall::ListTransactions(request) => {
                    machine.on_list_transactions(wall, to, &request, &mut out)
                }
            }
        }
        self.perform(wall, out);
    }

    fn deadline(&self) -> Option<Monotonic> {
        (self.phase.get() == Phase::Active).then(|| self.machine.borrow().deadline()).flatten()
    }

    fn on_deadline(&self, now: Monotonic, wall: Timestamp) {
        if self.phase.get() == Phase::Active {
            let mut out = Out::default();
            self.machine.borrow_mut().on_deadline(now, wall, &mut out);
            self.perform(wall, out);
        }
    }

    fn resign(&self) {
        self.phase.set(Phase::Resigned);
        self.refuse_parked(ErrorCode::NotCoordinator);
    }
}
