//! Share partitions (KIP-932) in hand: for each group that reads a partition of this shard, its machine. And the share
//! coordinators of the shard, one on each partition of `__share_group_state` that it owns.
//!
//! ```text
//!   first request ─► state is read from its coordinator ─► in hand ── a write failed, state was set anew ─► forgotten
//!                                                            │ what changes is written in order, one write at a time:
//!                                                            └ what comes meanwhile goes into the next
//! ```
//!
//! Invariants: a machine is ahead of what is stored by what is in `unwritten` and under way; whoever acknowledged is
//! answered when it is stored. One that could not write is forgotten with its locks: the next is made of what is
//! stored.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::time::Duration;

use headwater_core::ErrorCode;
use headwater_core::config::{ShareGroupConfig, ShareReset};
use headwater_core::ids::{GroupId, MemberId, Offset, PartitionId, TopicPartition};
use headwater_core::share::state::{self, ShareKey, StateCall, StateReply, StoredShare, WriteState};
use headwater_core::share::{Acknowledgement, SessionKey, ShareConfig, ShareOut, SharePartition, StateBatch};
use headwater_core::time::Monotonic;
use headwater_replication::metadata::{Image, SHARE_STATE, Topic};
use headwater_replication::partition::{Advanced, Isolation, Partition};
use headwater_replication::share_state::{Answer, ShareStateHost};
use headwater_storage::disk::dma::Dma;

use super::Shard;
use super::hosts::Hosts;
use super::message::{Reply, Request};
use super::share_sessions::SessionCall;
use crate::rt::{self, Event, oneshot};

/// How long to wait before state is read or written again whose coordinator is loading.
const STATE_PAUSE: Duration = Duration::from_millis(50);
/// How often that is tried.
const STATE_TRIES: usize = 100;

/// The share coordinators of one shard.
pub type ShareStates = Hosts<ShareStateHost<Dma>>;

/// What is asked of the shard that owns partitions, or their state.
pub enum ShareRequest {
    /// Ask the coordinator on a partition of `__share_group_state`.
    State {
        /// The partition.
        partition: TopicPartition,
        /// What to ask.
        call: StateCall,
    },
    /// Give a member records of partitions.
    Fetch(super::share_fetch::ShareFetch),
    /// Answer when there may be something to give, or at the deadline.
    Wait(super::share_fetch::ShareWait),
    /// A member says what became of records.
    Acknowledge {
        /// The group.
        group: GroupId,
        /// The member.
        member: MemberId,
        /// By partition.
        items: Vec<(TopicPartition, Vec<Acknowledgement>)>,
    },
    /// A member is gone: what it has in hand of these partitions is free.
    Release {
        /// The group.
        group: GroupId,
        /// The member.
        member: MemberId,
        /// The partitions.
        partitions: Vec<TopicPartition>,
    },
    /// State was set anew: what is in hand counts no more.
    Forget(Vec<ShareKey>),
    /// Ask a session that the shard keeps.
    Session {
        /// Whose.
        key: SessionKey,
        /// What to ask.
        call: SessionCall,
    },
    /// A connection has ended; its [`Shard::connection_number`].
    Disconnected(u64),
}

/// The answers, in the same order.
pub enum ShareReply {
    /// To `State`.
    State(Answer),
    /// To `Fetch`: a result for each partition.
    Fetched(Vec<super::share_fetch::ShareFetched>),
    /// To `Acknowledge`: a result for each partition.
    Acknowledged(Vec<Result<(), ErrorCode>>),
    /// To `Session`.
    Session(Result<Vec<TopicPartition>, ErrorCode>),
    /// To `Wait`, `Release`, `Forget` and `Disconnected`.
    Done,
}

/// A share partition in hand.
pub(super) struct Share {
    pub(super) key: ShareKey,
    pub(super) partition: Rc<Partition<Dma>>,
    pub(super) machine: RefCell<SharePartition>,
    state_epoch: i32,
    unwritten: RefCell<Unwritten>,
    writing: Cell<bool>,
    /// Readers that want to hear when records are free again.
    watchers: RefCell<Vec<Weak<dyn Advanced>>>,
}

#[derive(Default)]
struct Unwritten {
    batches: Vec<StateBatch>,
    start_moved: bool,
    told: Vec<rt::local::OneshotSender<Result<(), ErrorCode>>>,
}

/// The share partitions of one shard.
#[derive(Default)]
pub struct Shares {
    in_hand: RefCell<HashMap<ShareKey, Rc<Share>>>,
    /// Those whose state is being read, and who wants to hear of it.
    loading: RefCell<HashMap<ShareKey, Rc<Event>>>,
    /// When the deadline task wakes by itself; none: when it is told.
    wakes_at: Cell<Option<Monotonic>>,
    sooner: Event,
}

impl Share {
    /// Tells of the next time that records may be free.
    pub(super) fn watch(&self, watcher: Weak<dyn Advanced>) {
        let mut watchers = self.watchers.borrow_mut();
        watchers.retain(|watcher| watcher.strong_count() > 0);
        watchers.push(watcher);
    }

    pub(super) fn wake(&self) {
        let watchers = std::mem::take(&mut *self.watchers.borrow_mut());
        watchers.iter().filter_map(Weak::upgrade).for_each(|watcher| watcher.advanced());
    }
}

/// What of a group's settings a machine needs.
pub(super) fn machine_config(config: &ShareGroupConfig) -> ShareConfig {
    ShareConfig {
        deliveries_max: config.deliveries_max,
        lock_ms: config.lock_ms,
        locks_max: config.locks_max,
    }
}

pub(super) fn isolation(config: &ShareGroupConfig) -> Isolation {
    if config.read_committed { Isolation::ReadCommitted } else { Isolation::ReadUncommitted }
}

/// The partition of `__share_group_state` that has a share partition's state, once the topic exists.
fn place_of(image: &Image, key: &ShareKey) -> Option<TopicPartition> {
    let topic = image.topic(SHARE_STATE)?;
    let partition = PartitionId::new(state::partition_for(key, topic.partition_count()));
    Some(TopicPartition { topic: topic.id, partition })
}

impl Shard {
    /// Hosts a share coordinator on `partition` if it is one of `__share_group_state`.
    pub(super) fn host_share_state(&self, topic: &Topic, partition: &Rc<Partition<Dma>>) {
        if topic.name.get() == SHARE_STATE {
            let updates = self.config().share_group.updates_per_snapshot;
            self.share_states.add(ShareStateHost::new(partition.clone(), updates));
        }
    }

    /// A topic is gone, and what share groups know of it.
    pub(super) fn forget_shares_of(&self, topic: &Topic) {
        for host in self.share_states.all() {
            host.on_topic_deleted(rt::wall(), topic.id);
            self.share_states.after(&host);
        }
        let gone = |key: &ShareKey| key.partition.topic == topic.id;
        self.shares.in_hand.borrow_mut().retain(|key, _| !gone(key));
    }

    /// A share group's settings as they are now.
    pub fn share_config(&self, group: &GroupId) -> ShareGroupConfig {
        ShareGroupConfig::resolve(self.image().group_configs(group.get()), &self.config())
    }

    /// Asks the share coordinators about share partitions; each item's result, in their order.
    pub async fn ask_share_state<T: Clone, R>(
        self: &Rc<Self>,
        items: Vec<(ShareKey, T)>,
        call: impl Fn(Vec<(ShareKey, T)>) -> StateCall,
        results: impl Fn(StateReply) -> Vec<Result<R, ErrorCode>>,
    ) -> Vec<Result<R, ErrorCode>> {
        let image = self.image();
        let mut parts: HashMap<TopicPartition, Vec<(usize, _)>> = HashMap::new();
        let mut out: Vec<Option<Result<R, ErrorCode>>> = items.iter().map(|_| None).collect();
        for (at, item) in items.into_iter().enumerate() {
            match place_of(&image, &item.0) {
                Some(place) => parts.entry(place).or_default().push((at, item)),
                None => out[at] = Some(Err(ErrorCode::CoordinatorNotAvailable)),
            }
        }
        let calls = parts.into_iter().map(|(place, items)| {
            let (order, items): (Vec<usize>, Vec<_>) = items.into_iter().unzip();
            let call = call(items);
            async move { (order, self.ask_share_coordinator(place, call).await) }
        });
        for (order, answer) in rt::all(calls).await {
            match answer {
                Ok(reply) => {
                    order.into_iter().zip(results(reply)).for_each(|(at, result)| out[at] = Some(result));
                }
                Err(code) => order.into_iter().for_each(|at| out[at] = Some(Err(code))),
            }
        }
        out.into_iter().map(|result| result.expect("each is answered")).collect()
    }

    /// Asks one coordinator, for a while again while it loads.
    async fn ask_share_coordinator(self: &Rc<Self>, partition: TopicPartition, call: StateCall) -> Answer {
        let mut tries = 0;
        loop {
            let request = Request::Share(ShareRequest::State { partition, call: call.clone() });
            let answer = match self.call(self.owner(partition), request).await {
                Reply::Share(ShareReply::State(answer)) => answer,
                _ => unreachable!("a share coordinator answers as one"),
            };
            let again = matches!(
                answer,
                Err(ErrorCode::CoordinatorLoadInProgress | ErrorCode::CoordinatorNotAvailable)
            );
            tries += 1;
            if !again || tries >= STATE_TRIES || self.stopping.get() {
                return answer;
            }
            rt::sleep(STATE_PAUSE).await;
        }
    }

    /// Runs a request about share groups.
    pub(super) fn serve_share(self: &Rc<Self>, request: ShareRequest, then: impl FnOnce(Reply) + 'static) {
        let shard = self.clone();
        match request {
            ShareRequest::State { partition, call } => {
                let then = move |answer| then(Reply::Share(ShareReply::State(answer)));
                self.share_states.ask(partition, call, then);
            }
            ShareRequest::Fetch(fetch) => rt::spawn(async move {
                then(Reply::Share(ShareReply::Fetched(shard.share_fetch(fetch).await)));
            })
            .detach(),
            ShareRequest::Wait(wait) => rt::spawn(async move {
                shard.share_wait(wait).await;
                then(Reply::Share(ShareReply::Done));
            })
            .detach(),
            ShareRequest::Acknowledge { group, member, items } => rt::spawn(async move {
                let each = items.into_iter().map(|(partition, said)| {
                    shard.share_acknowledge(ShareKey { group: group.clone(), partition }, &member, said)
                });
                then(Reply::Share(ShareReply::Acknowledged(rt::all(each).await)));
            })
            .detach(),
            ShareRequest::Release { group, member, partitions } => rt::spawn(async move {
                for partition in partitions {
                    shard.share_release(&ShareKey { group: group.clone(), partition }, &member).await;
                }
                then(Reply::Share(ShareReply::Done));
            })
            .detach(),
            ShareRequest::Forget(keys) => {
                for key in keys {
                    let share = self.shares.in_hand.borrow_mut().remove(&key);
                    share.inspect(|share| share.wake());
                }
                then(Reply::Share(ShareReply::Done));
            }
            ShareRequest::Session { key, call } => {
                then(Reply::Share(ShareReply::Session(self.on_share_session(&key, call))));
            }
            ShareRequest::Disconnected(connection) => {
                self.on_share_disconnect(connection);
                then(Reply::Share(ShareReply::Done));
            }
        }
    }

    /// The share partition, taken in hand if it is not.
    ///
    /// # Errors
    /// NOT_LEADER_OR_FOLLOWER if the partition is not this shard's; what the share coordinator says.
    pub(super) async fn share(self: &Rc<Self>, key: &ShareKey) -> Result<Rc<Share>, ErrorCode> {
        loop {
            if let Some(share) = self.shares.in_hand.borrow().get(key) {
                return Ok(share.clone());
            }
            let loading = self.shares.loading.borrow().get(key).cloned();
            match loading {
                Some(loaded) => loaded.wait().await,
                None => break,
            }
        }
        let loaded = Rc::new(Event::new());
        self.shares.loading.borrow_mut().insert(key.clone(), loaded.clone());
        let share = self.load_share(key).await;
        self.shares.loading.borrow_mut().remove(key);
        if let Ok(share) = &share {
            self.shares.in_hand.borrow_mut().insert(key.clone(), share.clone());
        }
        loaded.notify_all();
        share
    }

    async fn load_share(self: &Rc<Self>, key: &ShareKey) -> Result<Rc<Share>, ErrorCode> {
        let partition = self.partition(key.partition).ok_or(ErrorCode::NotLeaderOrFollower)?;
        let epoch = partition.leader_epoch();
        let stored = self.ask_share_state(vec![(key.clone(), epoch)], StateCall::Read, |reply| match reply {
            StateReply::Read(results) => results,
            StateReply::Done(_) => unreachable!("a read is answered as one"),
        });
        let stored: StoredShare = stored.await.remove(0)?;
        let config = self.share_config(&key.group);
        let start = match stored.start {
            Some(start) => start,
            None => self.share_begin(key, &partition, &config).await?,
        };
        let machine =
            SharePartition::load(machine_config(&config), start, &stored.batches).map_err(|batch| {
                tracing::error!(group = key.group.get(), partition = %key.partition, ?batch,
                "a share group's state contradicts itself");
                ErrorCode::UnknownServerError
            })?;
        let share = Rc::new(Share {
            key: key.clone(),
            partition,
            machine: RefCell::new(machine),
            state_epoch: stored.state_epoch,
            unwritten: RefCell::default(),
            writing: Cell::new(false),
            watchers: RefCell::default(),
        });
        if stored.start.is_none() {
            // Where it begins is decided once: it must not begin elsewhere after a fall.
            self.share_store(&share, ShareOut { start_moved: true, ..ShareOut::default() }).await?;
        }
        Ok(share)
    }

    /// Where a group begins that has read nothing yet (`share.auto.offset.reset`).
    async fn share_begin(
        &self,
        key: &ShareKey,
        partition: &Rc<Partition<Dma>>,
        config: &ShareGroupConfig,
    ) -> Result<Offset, ErrorCode> {
        let isolation = isolation(config);
        let bounds = partition.bounds();
        match config.reset {
            ShareReset::Earliest => Ok(bounds.log_start),
            ShareReset::Latest => Ok(bounds.readable_end(isolation)),
            ShareReset::ByDuration(millis) => {
                let time = rt::wall().millis().saturating_sub(millis).max(0);
                let found = partition.look_up(time, isolation).await.map_err(|error| {
                    tracing::warn!(group = key.group.get(), partition = %key.partition, %error, "no time is found");
                    crate::errors::of_lookup(&error)
                })?;
                Ok(found.offset.unwrap_or(bounds.readable_end(isolation)))
            }
        }
    }

    /// A member says what became of records; answered when that is stored.
    async fn share_acknowledge(
        self: &Rc<Self>,
        key: ShareKey,
        member: &MemberId,
        said: Vec<Acknowledgement>,
    ) -> Result<(), ErrorCode> {
        let share = self.share(&key).await?;
        let mut out = ShareOut::default();
        share.machine.borrow_mut().acknowledge(rt::now(), member, &said, &mut out)?;
        self.share_store(&share, out).await
    }

    /// A member is gone.
    async fn share_release(self: &Rc<Self>, key: &ShareKey, member: &MemberId) {
        let share = self.shares.in_hand.borrow().get(key).cloned();
        let Some(share) = share else { return };
        let mut out = ShareOut::default();
        share.machine.borrow_mut().release(member, &mut out);
        // If it can't be stored, the next machine has it all free anyway.
        let _ = self.share_store(&share, out).await;
    }

    /// Stores what a call has changed, after what was changed before.
    pub(super) async fn share_store(
        self: &Rc<Self>,
        share: &Rc<Share>,
        out: ShareOut,
    ) -> Result<(), ErrorCode> {
        self.share_deadline(share);
        if out == ShareOut::default() {
            return Ok(());
        }
        let (sender, receiver) = oneshot();
        {
            let mut unwritten = share.unwritten.borrow_mut();
            unwritten.batches.extend(out.batches);
            unwritten.start_moved |= out.start_moved;
            unwritten.told.push(sender);
        }
        share.wake();
        if !share.writing.replace(true) {
            rt::spawn(self.clone().share_write(share.clone())).detach();
        }
        receiver.await.unwrap_or(Err(ErrorCode::CoordinatorNotAvailable))
    }

    /// Writes what has changed until nothing more has.
    async fn share_write(self: Rc<Self>, share: Rc<Share>) {
        loop {
            let Unwritten { batches, start_moved, told } = share.unwritten.take();
            if batches.is_empty() && !start_moved {
                share.writing.set(false);
                return;
            }
            let item = {
                let machine = share.machine.borrow();
                WriteState {
                    state_epoch: share.state_epoch,
                    leader_epoch: share.partition.leader_epoch(),
                    start: Some(machine.start()),
                    complete: i32::try_from(machine.complete()).ok(),
                    batches,
                }
            };
            let done = |reply| match reply {
                StateReply::Done(results) => results,
                StateReply::Read(_) => unreachable!("a write is answered as one"),
            };
            let result =
                self.ask_share_state(vec![(share.key.clone(), item)], StateCall::Write, done).await.remove(0);
            told.into_iter().for_each(|told| {
                // Whoever asked may have gone.
                let _ = told.send(result);
            });
            if let Err(code) = result {
                tracing::warn!(group = share.key.group.get(), partition = %share.key.partition, %code,
                    "a share group's state could not be written");
                self.drop_share(&share);
                share.unwritten.take().told.into_iter().for_each(|told| {
                    let _ = told.send(Err(code));
                });
                // `writing` stays set: this machine is void.
                return;
            }
        }
    }

    fn drop_share(&self, share: &Rc<Share>) {
        let mut in_hand = self.shares.in_hand.borrow_mut();
        if in_hand.get(&share.key).is_some_and(|other| Rc::ptr_eq(other, share)) {
            in_hand.remove(&share.key);
        }
        drop(in_hand);
        share.wake();
    }

    /// The deadline task must not sleep past what this one wants now.
    pub(super) fn share_deadline(&self, share: &Share) {
        let wakes_at = self.shares.wakes_at.get();
        let deadline = share.machine.borrow().deadline();
        if deadline.is_some_and(|at| wakes_at.is_none_or(|wakes| at < wakes)) {
            self.shares.sooner.notify();
        }
    }

    /// Frees records that were held for too long, for as long as the shard lives.
    pub async fn run_shares(self: Rc<Self>) {
        loop {
            let now = rt::now();
            let mut next: Option<Monotonic> = None;
            let all: Vec<Rc<Share>> = self.shares.in_hand.borrow().values().cloned().collect();
            for share in all {
                let due = share.machine.borrow().deadline();
                if due.is_some_and(|at| at <= now) {
                    let mut out = ShareOut::default();
                    share.machine.borrow_mut().on_deadline(now, &mut out);
                    let shard = self.clone();
                    let late = share.clone();
                    rt::spawn(async move {
                        // If it can't be stored, the next machine has it all free anyway.
                        let _ = shard.share_store(&late, out).await;
                    })
                    .detach();
                }
                next = [next, share.machine.borrow().deadline()].into_iter().flatten().min();
            }
            self.shares.wakes_at.set(next);
            match next {
                Some(at) => {
                    let _ = rt::deadline(at, self.shares.sooner.wait()).await;
                }
                None => self.shares.sooner.wait().await,
            }
        }
    }
}
