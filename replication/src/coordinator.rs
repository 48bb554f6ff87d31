//! The driver of a group coordinator: hosts the machine on a partition of `__consumer_offsets`.
//!
//! A request runs through the machine at once. Its records are appended to the partition like any producer's. A reply
//! marked [`After::Durable`] leaves when everything that the machine has appended so far is committed. If an append is
//! refused the machine has moved on without its log, so its state is void: whoever waits gets
//! `COORDINATOR_NOT_AVAILABLE`, and the log is replayed.
//!
//! Does not do: timers and tasks; see [`hosted`](crate::hosted).

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use headwater_core::ErrorCode;
use headwater_core::after::After;
use headwater_core::group::{
    Cluster, ConsumerHeartbeat, Coordinator, DescribeGroups, GroupConfig, GroupReply, Heartbeat, JoinGroup,
    LeaveGroup, ListGroups, OffsetCommit, OffsetDelete, OffsetFetch, Out, ReplyTo, SyncGroup,
    TxnOffsetCommit,
};
use headwater_core::ids::{GroupId, ProducerEpoch, ProducerId, TopicId, TopicName, TopicPartition};
use headwater_core::log_transactions::Guard;
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::control;
use headwater_core::record::header::BatchHeader;
use headwater_core::time::{Monotonic, Timestamp};
use headwater_storage::disk::Disk;

use crate::hosted::{Hosted, Phase};
use crate::machine_log::{self, Entry, PartOf};
use crate::partition::Partition;
use crate::waiters::{Countdown, Outcome};

/// What a coordinator may be asked; each kind is answered by the variant of [`GroupReply`] of its name.
#[derive(Debug)]
#[allow(missing_docs, reason = "each variant holds the request of its name")]
pub enum GroupCall {
    JoinGroup(JoinGroup),
    SyncGroup(SyncGroup),
    Heartbeat(Heartbeat),
    ConsumerHeartbeat(Box<ConsumerHeartbeat>),
    DescribeConsumers(Vec<GroupId>),
    LeaveGroup(LeaveGroup),
    OffsetCommit(OffsetCommit),
    /// Answered as `TxnOffsetCommit`; `guard` where the transaction begins on this partition.
    TxnOffsetCommit {
        commit: TxnOffsetCommit,
        epoch: ProducerEpoch,
        guard: Option<Guard>,
    },
    OffsetFetch(OffsetFetch),
    OffsetDelete(OffsetDelete),
    DescribeGroups(DescribeGroups),
    ListGroups(ListGroups),
    DeleteGroups(Vec<GroupId>),
}

/// An answer, or why there is none.
pub type Answer = Result<GroupReply, ErrorCode>;
type Then = Box<dyn FnOnce(Answer)>;

/// See the module's text.
pub struct CoordinatorHost<D: Disk> {
    partition: Rc<Partition<D>>,
    config: Cell<GroupConfig>,
    cluster: RefCell<Arc<dyn Cluster>>,
    machine: RefCell<Coordinator>,
    phase: Cell<Phase>,
    parked: RefCell<HashMap<ReplyTo, Then>>,
    next_reply: Cell<ReplyTo>,
}

impl<D: Disk> CoordinatorHost<D> {
    /// A host that has to [`load`](Self::load) before it serves.
    pub fn new(partition: Rc<Partition<D>>, config: GroupConfig, cluster: Arc<dyn Cluster>) -> Rc<Self> {
        Rc::new(Self {
            partition,
            config: Cell::new(config),
            cluster: RefCell::new(cluster),
            machine: RefCell::new(Coordinator::new(config)),
            phase: Cell::new(Phase::Loading),
            parked: RefCell::default(),
            next_reply: Cell::new(0),
        })
    }

    /// Changes the settings.
    pub fn set_config(&self, config: GroupConfig) {
        self.config.set(config);
        self.machine.borrow_mut().set_config(config);
    }

    /// Lends a newer view of the cluster.
    pub fn set_cluster(&self, cluster: Arc<dyn Cluster>) {
        self.machine.borrow_mut().set_cluster(cluster.clone());
        *self.cluster.borrow_mut() = cluster;
    }

    fn take_in(&self, machine: &mut Coordinator, entry: Entry<'_>) {
        let (offset, replayed) = match entry {
            Entry::Record { offset, key, value, timestamp, transaction: None } => {
                (offset, machine.replay(key, value, timestamp))
            }
            Entry::Record { offset, key, value, timestamp, transaction: Some(producer) } => {
                (offset, machine.replay_transactional(producer, key, value, timestamp))
            }
            Entry::End { producer, outcome } => {
                return machine.on_transaction_end(producer, outcome == control::Outcome::Commit);
            }
        };
        if let Err(error) = replayed {
            tracing::warn!(partition = %self.partition.id(), %offset, %error, "a record of a group is skipped");
        }
    }

    /// Forgets the offsets of a topic that was deleted.
    pub fn on_topic_deleted(&self, now: Monotonic, wall: Timestamp, topic: &TopicName, id: TopicId) {
        if self.phase.get() == Phase::Active {
            let mut out = Out::default();
            self.machine.borrow_mut().on_topic_deleted(now, wall, topic, Some(id), &mut out);
            self.perform(wall, out, None);
        }
    }

    /// Appends the records of one step and lets its replies go when they may.
    fn perform(&self, wall: Timestamp, out: Out, part_of: Option<PartOf>) {
        let records = out.records.iter().map(|record| (&record.key[..], record.value.as_deref()));
        if let Err(code) = machine_log::append(&self.partition, records, part_of, wall) {
            tracing::warn!(partition = %self.partition.id(), %code, "a group coordinator could not write");
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
        if held.is_empty() {
            return;
        }
        let countdown = Countdown::new();
        self.partition.park(self.partition.log().end(), &countdown);
        countdown.arm(move |outcome| {
            for (then, body) in held {
                then(match outcome {
                    Outcome::Committed => Ok(body),
                    Outcome::Failed => Err(ErrorCode::CoordinatorNotAvailable),
                });
            }
        });
    }

    fn refuse_parked(&self, code: ErrorCode) {
        let waiting: Vec<Then> = self.parked.borrow_mut().drain().map(|(_, then)| then).collect();
        for then in waiting {
            then(Err(code));
        }
    }

    /// A marker was appended to this partition: the offsets of its producer's transaction count, or are forgotten. A host
    /// that does not serve learns of it when it loads.
    pub fn on_transaction_end(&self, producer: ProducerId, outcome: control::Outcome) {
        if self.phase.get() == Phase::Active {
            let mut machine = self.machine.borrow_mut();
            machine.on_transaction_end(producer, outcome == control::Outcome::Commit);
        }
    }

    /// Refuses what the partition would not take, before the machine has moved.
    fn check(&self, call: &GroupCall) -> Result<(), ErrorCode> {
        let GroupCall::TxnOffsetCommit { commit, epoch, guard } = call else { return Ok(()) };
        let batch = BatchBuilder::new().producer(commit.producer, *epoch, -1).transactional();
        let batch = batch.record(0, None, None).build();
        let header = BatchHeader::parse(&batch).map_err(|_| ErrorCode::UnknownServerError)?;
        self.partition.check_transactional(&header, *guard)
    }
}

impl<D: Disk + 'static> Hosted for CoordinatorHost<D> {
    type Call = GroupCall;
    type Reply = GroupReply;

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
        let mut machine = Coordinator::new(self.config.get());
        let mut at = self.partition.bounds().log_start;
        // All that is in the log, committed or not yet: the next machine's records come behind it.
        while at < self.partition.log().end() {
            match machine_log::replay(&self.partition, at, |entry| self.take_in(&mut machine, entry)).await {
                Ok(next) => at = next,
                Err(why) => {
                    tracing::error!(partition = %self.partition.id(), offset = %at, why,
                        "this group coordinator can't load; its groups are unavailable until its log is readable");
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
        machine.set_cluster(self.cluster.borrow().clone());
        machine.loaded(now(), wall());
        *self.machine.borrow_mut() = machine;
        self.phase.set(Phase::Active);
    }

    fn call(&self, now: Monotonic, wall: Timestamp, call: Self::Call, then: impl FnOnce(Answer) + 'static) {
        if let Err(code) = self.phase.get().serves() {
            return then(Err(code));
        }
        if let Err(code) = self.check(&call) {
            return then(Err(code));
        }
        let to = self.next_reply.get();
        self.next_reply.set(to + 1);
        self.parked.borrow_mut().insert(to, Box::new(then));
        let mut out = Out::default();
        let mut part_of = None;
        {
            let mut machine = self.machine.borrow_mut();
            match call {
                GroupCall::JoinGroup(request) => machine.on_join_group(now, wall, to, request, &mut out),
                GroupCall::SyncGroup(request) => machine.on_sync_group(now, wall, to, request, &mut out),
                GroupCall::Heartbeat(request) => machine.on_heartbeat(now, wall, to, &request, &mut out),
                GroupCall::ConsumerHeartbeat(request) => {
                    machine.on_consumer_heartbeat(now, wall, to, *request, &mut out)
                }
                GroupCall::DescribeConsumers(groups) => {
                    machine.on_describe_consumers(now, wall, to, groups, &mut out)
                }
                GroupCall::LeaveGroup(request) => machine.on_leave_group(now, wall, to, request, &mut out),
                GroupCall::OffsetCommit(request) => {
                    machine.on_offset_commit(now, wall, to, request, &mut out)
                }
                GroupCall::TxnOffsetCommit { commit, epoch, guard } => {
                    part_of = Some(PartOf { producer: commit.producer, epoch, guard });
                    machine.on_txn_offset_commit(now, wall, to, commit, &mut out);
                }
                GroupCall::OffsetFetch(request) => machine.on_offset_fetch(to, request, &mut out),
                GroupCall::OffsetDelete(request) => {
                    machine.on_offset_delete(now, wall, to, request, &mut out)
                }
                GroupCall::DescribeGroups(request) => machine.on_describe_groups(to, request, &mut out),
                GroupCall::ListGroups(request) => machine.on_list_groups(to, &request, &mut out),
                GroupCall::DeleteGroups(groups) => machine.on_delete_groups(now, wall, to, groups, &mut out),
            }
        }
        self.perform(wall, out, part_of);
    }

    fn deadline(&self) -> Option<Monotonic> {
        (self.phase.get() == Phase::Active).then(|| self.machine.borrow().deadline()).flatten()
    }

    fn on_deadline(&self, now: Monotonic, wall: Timestamp) {
        if self.phase.get() == Phase::Active {
            let mut out = Out::default();
            self.machine.borrow_mut().on_deadline(now, wall, &mut out);
            self.perform(wall, out, None);
        }
    }

    fn resign(&self) {
        self.phase.set(Phase::Resigned);
        self.refuse_parked(ErrorCode::NotCoordinator);
    }
}
