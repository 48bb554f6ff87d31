//! The driver of a group coordinator: hosts the machine on a partition of `__consumer_offsets`.
//!
//! A request runs through the machine at once. Its records are appended to the partition like any producer's; when replies
//! leave is said in `driver.rs`.
//!
//! Does not do: timers and tasks; see [`hosted`](crate::hosted).

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use headwater_core::ErrorCode;
use headwater_core::group::{
    Cluster, ConsumerHeartbeat, Coordinator, DescribeGroups, GroupConfig, GroupReply, Heartbeat, JoinGroup,
    LeaveGroup, ListGroups, OffsetCommit, OffsetDelete, OffsetFetch, Out, ShareChange, ShareHeartbeat,
    StreamsHeartbeat, SyncGroup, TxnOffsetCommit,
};
use headwater_core::ids::{GroupId, ProducerEpoch, ProducerId, TopicId, TopicName, TopicPartition};
use headwater_core::log_transactions::Guard;
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::control;
use headwater_core::record::header::BatchHeader;
use headwater_core::time::{Monotonic, Timestamp};
use headwater_storage::disk::Disk;

use crate::driver::Driver;
use crate::hosted::{Hosted, Phase};
use crate::machine_log::{Entry, PartOf};
use crate::partition::Partition;

/// What a coordinator may be asked; each kind is answered by the variant of [`GroupReply`] of its name.
#[derive(Debug)]
#[allow(missing_docs, reason = "each variant holds the request of its name")]
pub enum GroupCall {
    JoinGroup(JoinGroup),
    SyncGroup(SyncGroup),
    Heartbeat(Heartbeat),
    ConsumerHeartbeat(Box<ConsumerHeartbeat>),
    DescribeConsumers(Vec<GroupId>),
    ShareHeartbeat(ShareHeartbeat),
    DescribeShares(Vec<GroupId>),
    ShareState(ShareChange),
    StreamsHeartbeat(Box<StreamsHeartbeat>),
    DescribeStreams(Vec<GroupId>),
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

/// See the module's text.
pub struct CoordinatorHost<D: Disk> {
    driver: Driver<D, GroupReply>,
    config: Cell<GroupConfig>,
    cluster: RefCell<Arc<dyn Cluster>>,
    machine: RefCell<Coordinator>,
}

impl<D: Disk> CoordinatorHost<D> {
    /// A host that has to [`load`](Self::load) before it serves.
    pub fn new(partition: Rc<Partition<D>>, config: GroupConfig, cluster: Arc<dyn Cluster>) -> Rc<Self> {
        Rc::new(Self {
            driver: Driver::new("group coordinator", partition),
            config: Cell::new(config),
            cluster: RefCell::new(cluster),
            machine: RefCell::new(Coordinator::new(config)),
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
            tracing::warn!(partition = %self.driver.partition.id(), %offset, %error, "a record of a group is skipped");
        }
    }

    /// Forgets the offsets of a topic that was deleted.
    pub fn on_topic_deleted(&self, now: Monotonic, wall: Timestamp, topic: &TopicName, id: TopicId) {
        if self.driver.is_active() {
            let mut out = Out::default();
            self.machine.borrow_mut().on_topic_deleted(now, wall, topic, Some(id), &mut out);
            self.perform(wall, out, None);
        }
    }

    /// Appends the records of one step and lets its replies go when they may.
    fn perform(&self, wall: Timestamp, out: Out, part_of: Option<PartOf>) {
        let records = out.records.iter().map(|record| (&record.key[..], record.value.as_deref()));
        let replies = out.replies.into_iter().map(|reply| (reply.to, reply.after, reply.body));
        self.driver.perform(wall, records, part_of, replies, None::<fn()>);
    }

    /// A marker was appended to this partition: the offsets of its producer's transaction count, or are forgotten. A host
    /// that does not serve learns of it when it loads.
    pub fn on_transaction_end(&self, producer: ProducerId, outcome: control::Outcome) {
        if self.driver.is_active() {
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
        self.driver.partition.check_transactional(&header, *guard)
    }
}

impl<D: Disk + 'static> Hosted for CoordinatorHost<D> {
    type Call = GroupCall;
    type Reply = GroupReply;

    fn partition(&self) -> TopicPartition {
        self.driver.partition.id()
    }

    fn phase(&self) -> Phase {
        self.driver.phase()
    }

    async fn load(&self, now: impl Fn() -> Monotonic, wall: impl Fn() -> Timestamp) {
        let mut machine = Coordinator::new(self.config.get());
        if !self.driver.replay(|entry| self.take_in(&mut machine, entry)).await {
            return;
        }
        machine.set_cluster(self.cluster.borrow().clone());
        machine.loaded(now(), wall());
        *self.machine.borrow_mut() = machine;
        self.driver.activate();
    }

    fn call(&self, now: Monotonic, wall: Timestamp, call: Self::Call, then: impl FnOnce(Answer) + 'static) {
        if let Err(code) = self.driver.phase().serves() {
            return then(Err(code));
        }
        if let Err(code) = self.check(&call) {
            return then(Err(code));
        }
        let to = self.driver.wait(then);
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
                GroupCall::ShareHeartbeat(request) => {
                    machine.on_share_heartbeat(now, wall, to, request, &mut out)
                }
                GroupCall::DescribeShares(groups) => {
                    machine.on_describe_shares(now, wall, to, groups, &mut out)
                }
                GroupCall::ShareState(change) => machine.on_share_change(now, wall, to, change, &mut out),
                GroupCall::StreamsHeartbeat(request) => {
                    machine.on_streams_heartbeat(now, wall, to, *request, &mut out)
                }
                GroupCall::DescribeStreams(groups) => {
                    machine.on_describe_streams(now, wall, to, groups, &mut out)
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
        self.driver.is_active().then(|| self.machine.borrow().deadline()).flatten()
    }

    fn on_deadline(&self, now: Monotonic, wall: Timestamp) {
        if self.driver.is_active() {
            let mut out = Out::default();
            self.machine.borrow_mut().on_deadline(now, wall, &mut out);
            self.perform(wall, out, None);
        }
    }

    fn resign(&self) {
        self.driver.resign();
    }
}
