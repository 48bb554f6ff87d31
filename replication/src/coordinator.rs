//! The driver of a group coordinator: hosts the machine on a partition of `__consumer_offsets`.
//!
//! ```text
//!   loading ── whole log replayed ──> active ── an append was refused ──> failed ── loaded again ──> loading
//!      any ── the partition is gone, the broker stops ──> resigned
//! ```
//!
//! A request runs through the machine at once. Its records are appended to the partition like any producer's. A reply
//! marked [`After::Durable`] leaves when everything that the machine has appended so far is committed. If an append is
//! refused the machine has moved on without its log, so its state is void: whoever waits gets
//! `COORDINATOR_NOT_AVAILABLE`, and the log is replayed.
//!
//! Does not do: timers and tasks. The shard asks for [`CoordinatorHost::deadline`] and calls
//! [`CoordinatorHost::on_deadline`].

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use headwater_core::ErrorCode;
use headwater_core::after::After;
use headwater_core::group::{
    Coordinator, DescribeGroups, GroupConfig, GroupReply, Heartbeat, JoinGroup, LeaveGroup, ListGroups,
    OffsetCommit, OffsetDelete, OffsetFetch, Out, ReplyTo, SyncGroup,
};
use headwater_core::ids::{GroupId, Offset, TopicId, TopicName, TopicPartition};
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::header::{BatchHeader, BatchView};
use headwater_core::record::records::Records;
use headwater_core::time::{Monotonic, Timestamp};
use headwater_storage::disk::Disk;

use crate::partition::{Append, Partition};
use crate::waiters::{Countdown, Outcome};

/// How many bytes of the log one step of the replay reads.
const LOAD_STEP_BYTES: usize = 1 << 20;
/// The most that one batch of the log may decompress to.
const BATCH_BYTES_MAX: usize = 128 << 20;

/// Where the host is with its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The log is being replayed: requests get `COORDINATOR_LOAD_IN_PROGRESS`.
    Loading,
    /// It serves.
    Active,
    /// The state is void until the log has been replayed: requests get `COORDINATOR_NOT_AVAILABLE`.
    Failed,
    /// It is not a coordinator any more: requests get `NOT_COORDINATOR`.
    Resigned,
}

/// What a coordinator may be asked; each kind is answered by the variant of [`GroupReply`] of its name.
#[derive(Debug)]
#[allow(missing_docs, reason = "each variant holds the request of its name")]
pub enum GroupCall {
    JoinGroup(JoinGroup),
    SyncGroup(SyncGroup),
    Heartbeat(Heartbeat),
    LeaveGroup(LeaveGroup),
    OffsetCommit(OffsetCommit),
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
    machine: RefCell<Coordinator>,
    phase: Cell<Phase>,
    parked: RefCell<HashMap<ReplyTo, Then>>,
    next_reply: Cell<ReplyTo>,
}

impl<D: Disk> CoordinatorHost<D> {
    /// A host that has to [`load`](Self::load) before it serves.
    pub fn new(partition: Rc<Partition<D>>, config: GroupConfig) -> Rc<Self> {
        Rc::new(Self {
            partition,
            config: Cell::new(config),
            machine: RefCell::new(Coordinator::new(config)),
            phase: Cell::new(Phase::Loading),
            parked: RefCell::default(),
            next_reply: Cell::new(0),
        })
    }

    /// The partition of `__consumer_offsets` that it is on.
    pub fn partition(&self) -> TopicPartition {
        self.partition.id()
    }

    /// Changes the settings.
    pub fn set_config(&self, config: GroupConfig) {
        self.config.set(config);
        self.machine.borrow_mut().set_config(config);
    }

    /// Where it is with its log.
    pub fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// Replays the log and begins to serve. A record that does not decode is skipped with a warning that names it. A
    /// range that can't be read leaves the host failed: serving without it would forget commits.
    pub async fn load(&self, now: impl Fn() -> Monotonic, wall: impl Fn() -> Timestamp) {
        if self.phase.get() == Phase::Resigned {
            return;
        }
        self.phase.set(Phase::Loading);
        let mut machine = Coordinator::new(self.config.get());
        let mut at = self.partition.bounds().log_start;
        // All that is in the log, committed or not yet: the next machine's records come behind it.
        while at < self.partition.log().end() {
            match self.load_step(&mut machine, at).await {
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
        machine.loaded(now(), wall());
        *self.machine.borrow_mut() = machine;
        self.phase.set(Phase::Active);
    }

    async fn load_step(&self, machine: &mut Coordinator, at: Offset) -> Result<Offset, String> {
        let end = self.partition.log().end();
        let plan =
            self.partition.log().plan(at, end, LOAD_STEP_BYTES, true).map_err(|error| error.to_string())?;
        let outcome = plan.run().await.map_err(|error| error.to_string())?;
        if outcome.next_offset <= at {
            return Err("the log has a hole".into());
        }
        for chunk in &outcome.chunks {
            let (view, _) = BatchView::split(chunk).map_err(|error| error.to_string())?;
            if view.header.is_control() {
                continue;
            }
            let records = Records::of(&view, BATCH_BYTES_MAX).map_err(|error| error.to_string())?;
            for record in records.iter() {
                let record = record.map_err(|error| error.to_string())?;
                let Some(key) = record.key else { continue };
                let timestamp = Timestamp::from_millis(record.timestamp);
                if let Err(error) = machine.replay(key, record.value, timestamp) {
                    tracing::warn!(partition = %self.partition.id(), offset = %record.offset, %error,
                        "a record of a group is skipped");
                }
            }
        }
        Ok(outcome.next_offset)
    }

    /// Runs one request; `then` gets the answer when it may leave.
    pub fn call(
        &self,
        now: Monotonic,
        wall: Timestamp,
        call: GroupCall,
        then: impl FnOnce(Answer) + 'static,
    ) {
        match self.phase.get() {
            Phase::Loading => return then(Err(ErrorCode::CoordinatorLoadInProgress)),
            Phase::Failed => return then(Err(ErrorCode::CoordinatorNotAvailable)),
            Phase::Resigned => return then(Err(ErrorCode::NotCoordinator)),
            Phase::Active => {}
        }
        let to = self.next_reply.get();
        self.next_reply.set(to + 1);
        self.parked.borrow_mut().insert(to, Box::new(then));
        let mut out = Out::default();
        {
            let mut machine = self.machine.borrow_mut();
            match call {
                GroupCall::JoinGroup(request) => machine.on_join_group(now, wall, to, request, &mut out),
                GroupCall::SyncGroup(request) => machine.on_sync_group(now, wall, to, request, &mut out),
                GroupCall::Heartbeat(request) => machine.on_heartbeat(now, wall, to, &request, &mut out),
                GroupCall::LeaveGroup(request) => machine.on_leave_group(now, wall, to, request, &mut out),
                GroupCall::OffsetCommit(request) => {
                    machine.on_offset_commit(now, wall, to, request, &mut out)
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
        self.perform(wall, out);
    }

    /// Serves no more, for good: the partition is gone, or the broker stops. Whoever waits is told to look elsewhere.
    pub fn resign(&self) {
        self.phase.set(Phase::Resigned);
        self.refuse_parked(ErrorCode::NotCoordinator);
    }

    /// When the machine wants to be called though nobody asks.
    pub fn deadline(&self) -> Option<Monotonic> {
        (self.phase.get() == Phase::Active).then(|| self.machine.borrow().deadline()).flatten()
    }

    /// Lets the machine act on deadlines that have passed.
    pub fn on_deadline(&self, now: Monotonic, wall: Timestamp) {
        if self.phase.get() == Phase::Active {
            let mut out = Out::default();
            self.machine.borrow_mut().on_deadline(now, wall, &mut out);
            self.perform(wall, out);
        }
    }

    /// Forgets the offsets of a topic that was deleted.
    pub fn on_topic_deleted(&self, now: Monotonic, wall: Timestamp, topic: &TopicName, id: TopicId) {
        if self.phase.get() == Phase::Active {
            let mut out = Out::default();
            self.machine.borrow_mut().on_topic_deleted(now, wall, topic, Some(id), &mut out);
            self.perform(wall, out);
        }
    }

    /// Appends the records of one step and lets its replies go when they may.
    fn perform(&self, wall: Timestamp, out: Out) {
        if let Err(code) = self.append(wall, &out) {
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

    fn append(&self, wall: Timestamp, out: &Out) -> Result<(), ErrorCode> {
        let mut records = out.records.iter().peekable();
        while records.peek().is_some() {
            let mut builder = BatchBuilder::new();
            // Many tombstones at once must not make a batch that the topic refuses.
            while let Some(record) = records.peek() {
                let more = record.key.len() + record.value.as_ref().map_or(0, Vec::len);
                if !builder.is_empty() && builder.record_bytes() + more > LOAD_STEP_BYTES / 2 {
                    break;
                }
                builder.push(wall.millis(), Some(&record.key), record.value.as_deref(), &[]);
                records.next();
            }
            let batch = builder.build_mut();
            let header = BatchHeader::parse(&batch).map_err(|_| ErrorCode::UnknownServerError)?;
            self.partition.append(Append { batch, header }, wall)?;
        }
        Ok(())
    }
}
