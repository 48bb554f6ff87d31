//! The driver of a transaction coordinator: hosts the machine on a partition of `__transaction_state`. When replies
//! leave is said in `driver.rs`.
//!
//! Beyond that it holds markers back until what was appended before them is committed, then gives them to whoever can
//! write them, and takes in when they are.
//!
//! Does not do: timers and tasks (see [`hosted`](crate::hosted)); writing markers, which the shard says how to do.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use headwater_core::ErrorCode;
use headwater_core::ids::{TopicPartition, TransactionalId};
use headwater_core::time::{Monotonic, Timestamp};
use headwater_core::transaction::{
    AddPartitions, Coordinator, EndTransaction, InitProducerId, ListTransactions, Out, TransactionConfig,
    TransactionReply, WriteMarkers,
};
use headwater_storage::disk::Disk;

use crate::driver::Driver;
use crate::hosted::{Hosted, Phase};
use crate::machine_log::Entry;
use crate::partition::Partition;

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
type Markers = Box<dyn Fn(WriteMarkers)>;

/// See the module's text.
pub struct TransactionHost<D: Disk> {
    driver: Driver<D, TransactionReply>,
    config: TransactionConfig,
    machine: RefCell<Coordinator>,
    /// Counts the machines, so that markers of one that is void are not taken for the next one's.
    loads: Cell<u64>,
    markers: Markers,
    this: Weak<Self>,
}

impl<D: Disk> TransactionHost<D> {
    /// A host that has to [`load`](Self::load) before it serves. `markers` is called with what is to be written; it has
    /// to be written, whatever it takes, and then [`on_markers_written`](Self::on_markers_written) is called.
    pub fn new(
        partition: Rc<Partition<D>>,
        config: TransactionConfig,
        markers: impl Fn(WriteMarkers) + 'static,
    ) -> Rc<Self> {
        Rc::new_cyclic(|this| Self {
            driver: Driver::new("transaction coordinator", partition),
            config,
            machine: RefCell::new(Coordinator::new(config)),
            loads: Cell::new(0),
            markers: Box::new(markers),
            this: this.clone(),
        })
    }

    fn take_in(&self, machine: &mut Coordinator, entry: Entry<'_>) {
        if let Entry::Record { offset, key, value, .. } = entry
            && let Err(error) = machine.replay(key, value)
        {
            tracing::warn!(partition = %self.driver.partition.id(), %offset, %error,
                "a record of a transactional id is skipped");
        }
    }

    /// The markers are durable in every partition that there still is.
    pub fn on_markers_written(&self, wall: Timestamp, markers: &WriteMarkers) {
        if self.driver.is_active() {
            let mut out = Out::default();
            let WriteMarkers { id, producer, epoch, .. } = markers;
            self.machine.borrow_mut().on_markers_written(wall, id, *producer, *epoch, &mut out);
            self.perform(wall, out);
        }
    }

    /// Appends the records of one step, and lets its replies and markers go when they may.
    fn perform(&self, wall: Timestamp, out: Out) {
        let records = out.records.iter().map(|record| (&record.key[..], record.value.as_deref()));
        let replies = out.replies.into_iter().map(|reply| (reply.to, reply.after, reply.body));
        let markers = out.markers;
        let (host, load) = (self.this.clone(), self.loads.get());
        let committed = (!markers.is_empty()).then_some(move || {
            // Markers of a machine that is void by now are asked for again by the next one.
            if let Some(host) = host.upgrade().filter(|host| host.loads.get() == load) {
                markers.into_iter().for_each(|markers| (host.markers)(markers));
            }
        });
        self.driver.perform(wall, records, None, replies, committed);
    }
}

impl<D: Disk + 'static> Hosted for TransactionHost<D> {
    type Call = TransactionCall;
    type Reply = TransactionReply;

    fn partition(&self) -> TopicPartition {
        self.driver.partition.id()
    }

    fn phase(&self) -> Phase {
        self.driver.phase()
    }

    async fn load(&self, now: impl Fn() -> Monotonic, wall: impl Fn() -> Timestamp) {
        let mut machine = Coordinator::new(self.config);
        if !self.driver.replay(|entry| self.take_in(&mut machine, entry)).await {
            return;
        }
        let mut out = Out::default();
        machine.loaded(now(), wall(), &mut out);
        *self.machine.borrow_mut() = machine;
        self.loads.set(self.loads.get() + 1);
        self.driver.activate();
        self.perform(wall(), out);
    }

    fn call(&self, now: Monotonic, wall: Timestamp, call: Self::Call, then: impl FnOnce(Answer) + 'static) {
        if let Err(code) = self.driver.phase().serves() {
            return then(Err(code));
        }
        let to = self.driver.wait(then);
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
        self.driver.is_active().then(|| self.machine.borrow().deadline()).flatten()
    }

    fn on_deadline(&self, now: Monotonic, wall: Timestamp) {
        if self.driver.is_active() {
            let mut out = Out::default();
            self.machine.borrow_mut().on_deadline(now, wall, &mut out);
            self.perform(wall, out);
        }
    }

    fn resign(&self) {
        self.driver.resign();
    }
}
