//! A shard: one core, one executor, and everything that it owns. The loop takes messages of other shards; connections
//! call the same functions directly.
//!
//! Invariants: what is in here is touched by this shard's thread only; every state change runs to completion; no borrow
//! is held across an await.

pub mod calls;
pub mod control;
mod groups;
mod hosts;
pub mod life;
pub mod message;
pub mod partitions;
pub mod produce;
pub mod quotas;
pub mod read;
mod scatter;
pub mod share_fetch;
pub mod share_sessions;
pub mod shares;
pub mod telemetry;
mod transactions;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use headwater_core::config::{BrokerConfig, TopicConfig};
use headwater_core::ids::{ShardId, TopicId, TopicPartition};
use headwater_core::placement::shard_of;
use headwater_core::quota::Meters;
use headwater_core::session::FetchSessions;
use headwater_core::share::ShareSessions;
use headwater_replication::metadata::Image;
use headwater_replication::partition::Partition;
use headwater_storage::disk::dma::Dma;
use headwater_storage::store::Store;

use self::calls::{Calls, Place};
use self::control::Control;
use self::groups::Groups;
use self::message::{Reply, Request};
use self::read::Tails;
pub use self::scatter::Scatter;
use self::shares::{ShareStates, Shares};
pub use self::transactions::CONCURRENT_WAIT_MS;
use self::transactions::Transactions;
use crate::conn::census::Census;
use crate::conn::client_memory::ClientMemory;
use crate::conn::listener;
use crate::http::ShardFigures;
use crate::metrics::Metrics;
use crate::rt::{self, Event, MeshEnd, Shutdown, Task, oneshot};

/// What travels between shards.
pub enum Envelope {
    /// Asks; the reply names the same place.
    Request(Place, Request),
    /// Answers.
    Reply(Place, Reply),
    /// Says that the sender's parked read with this ticket is to be answered now.
    EndTail(u64),
}

/// See the module's text.
pub struct Shard {
    /// Which one.
    pub id: ShardId,
    /// How many there are.
    pub count: u16,
    /// The broker's configuration, as it was started.
    started: Arc<BrokerConfig>,
    /// The same with the dynamic settings of the Image over it.
    config: RefCell<Arc<BrokerConfig>>,
    /// Counters of this shard.
    pub metrics: Metrics,
    /// All connections, of every shard.
    pub census: Arc<Census>,
    /// Memory for requests that are being read or handled.
    pub request_memory: ClientMemory,
    /// Memory for replies that carry records.
    pub reply_memory: ClientMemory,
    /// Fetch sessions of this shard's connections.
    pub sessions: RefCell<FetchSessions>,
    /// The logs.
    pub store: Rc<Store<Dma>>,
    /// The controller's driver; on shard 0 only.
    pub control: Option<Control>,
    /// Set when the broker stops; readers look at it before they wait.
    pub stopping: Cell<bool>,
    /// Told when the broker stops.
    pub stop: Event,
    /// Connections that this shard serves.
    pub connections: Cell<usize>,
    accepting: RefCell<Option<Task<()>>>,
    shutdown: Shutdown,
    image: RefCell<Arc<Image>>,
    open: Cell<bool>,
    topic_configs: RefCell<HashMap<TopicId, Rc<TopicConfig>>>,
    partitions: RefCell<HashMap<TopicPartition, Rc<Partition<Dma>>>>,
    mesh: MeshEnd<Envelope>,
    calls: Calls,
    deferred: RefCell<produce::Queue>,
    deferred_more: Event,
    tails: Tails,
    groups: Rc<Groups>,
    transactions: Rc<Transactions>,
    transaction_ends: transactions::Ends,
    /// Share sessions that are kept here.
    share_sessions: RefCell<ShareSessions>,
    share_states: Rc<ShareStates>,
    shares: Shares,
    meters: RefCell<Meters>,
    /// Clients' own metrics.
    pub telemetry: RefCell<telemetry::Telemetry>,
    next_ticket: Cell<u64>,
    next_session: Cell<u32>,
    producer_ids: RefCell<Range<i64>>,
}

impl Shard {
    /// The metadata as this shard sees it now.
    pub fn image(&self) -> Arc<Image> {
        self.image.borrow().clone()
    }

    /// Whether any quota is set: if none is, nothing has to be measured.
    pub fn limits_anybody(&self) -> bool {
        !self.image.borrow().quotas().is_empty()
    }

    /// The broker's settings as they are now.
    pub fn config(&self) -> Arc<BrokerConfig> {
        self.config.borrow().clone()
    }

    /// Looks at them without a share of them: each share taken or given back costs all shards the same cache line.
    pub fn with_config<R>(&self, look: impl FnOnce(&BrokerConfig) -> R) -> R {
        look(&self.config.borrow())
    }

    /// An id for a new fetch session. Shards count from places of their own, so that a client that comes back to another
    /// shard is told that its session is not there.
    pub fn session_id(&self) -> i32 {
        let id = self.next_session.get();
        self.next_session.set(id.wrapping_add(1));
        (id & 0x7fff_ffff).max(1) as i32
    }

    /// The shard that owns a partition.
    pub fn owner(&self, partition: TopicPartition) -> ShardId {
        shard_of(partition, self.count)
    }

    /// A partition of this shard.
    pub fn partition(&self, id: TopicPartition) -> Option<Rc<Partition<Dma>>> {
        self.partitions.borrow().get(&id).cloned()
    }

    /// Asks a shard, this one included, and waits for the answer.
    pub async fn call(self: &Rc<Self>, to: ShardId, request: Request) -> Reply {
        let (sender, receiver) = oneshot();
        self.send(to, request, move |reply| {
            // The asker may have gone with its connection.
            let _ = sender.send(reply);
        })
        .await;
        receiver.await.expect("every request is answered")
    }

    /// Asks every shard, this one included, at the same time; the answers in the order of the shards.
    pub async fn call_all(self: &Rc<Self>, request: impl Fn() -> Request) -> Vec<Reply> {
        rt::all((0..self.count).map(|to| self.call(ShardId::new(to), request()))).await
    }

    /// Asks a shard and runs `then` with the answer; returns when the request is on its way. Requests to one shard
    /// keep their order.
    pub async fn send(self: &Rc<Self>, to: ShardId, request: Request, then: impl FnOnce(Reply) + 'static) {
        if to == self.id {
            return self.serve(self.id, request, then);
        }
        let place = self.calls.begin(then);
        if self.mesh.send_request(to, Envelope::Request(place, request)).await.is_err() {
            self.gone(to).await;
        }
    }

    /// Has a parked read of this shard answered now, if it was not yet.
    pub async fn end_tail_on(&self, to: ShardId, ticket: u64) {
        if to == self.id {
            return self.end_tail((self.id, ticket));
        }
        if self.mesh.send_notice(to, Envelope::EndTail(ticket)).await.is_err() {
            self.gone(to).await;
        }
    }

    /// A shard that a message was for has ended. When all are told to stop, whoever still asks ends with its own shard.
    async fn gone(&self, shard: ShardId) {
        assert!(self.stopping.get() || self.shutdown.is_requested(), "shard {shard} is gone");
        std::future::pending().await
    }

    /// Takes messages of other shards for as long as the shard lives.
    pub async fn run_messages(self: Rc<Self>) {
        loop {
            match self.mesh.recv().await {
                (from, Envelope::Request(place, request)) => {
                    let shard = self.clone();
                    self.serve(from, request, move |reply| {
                        shard.mesh.send_reply(from, Envelope::Reply(place, reply));
                    });
                }
                (_, Envelope::Reply(place, reply)) => self.calls.finish(place, reply),
                (from, Envelope::EndTail(ticket)) => self.end_tail((from, ticket)),
            }
        }
    }

    /// Runs one request. What changes state is done before this returns, so that requests keep their order; what has
    /// to wait goes on in a task.
    fn serve(self: &Rc<Self>, from: ShardId, request: Request, then: impl FnOnce(Reply) + 'static) {
        let shard = self.clone();
        match request {
            Request::Produce { items, wait } => self.submit_produce(items, wait, then),
            Request::Read { items, max_bytes, isolation } => rt::spawn_background(async move {
                then(Reply::Read(shard.read(items, max_bytes, isolation).await));
            })
            .detach(),
            Request::Tail { tail, park, ticket } => self.tail(tail, park, (from, ticket), then),
            Request::Lookup { items, isolation } => rt::spawn(async move {
                then(Reply::Lookup(shard.look_up(items, isolation).await));
            })
            .detach(),
            Request::EpochEnds(items) => then(Reply::EpochEnds(self.epoch_ends(&items))),
            Request::Group { partition, call } => {
                self.groups.ask(partition, call, move |answer| then(Reply::Group(answer)));
            }
            Request::ListGroups(request) => {
                let (groups, error) = self.list_groups(&request);
                then(Reply::ListGroups(groups, error));
            }
            Request::DeleteRecords { items } => then(Reply::DeleteRecords(
                items.into_iter().map(|(partition, before)| self.delete_records(partition, before)).collect(),
            )),
            Request::Transaction { partition, call } => {
                self.ask_transactions(partition, call, move |answer| then(Reply::Transaction(answer)));
            }
            Request::ListTransactions(request) => {
                let (transactions, error) = self.list_transactions(&request);
                then(Reply::ListTransactions(transactions, error));
            }
            Request::Standings(items) => then(Reply::Standings(self.standings(&items))),
            Request::Markers(markers) => self.append_markers(&markers, then),
            Request::Producers(partitions) => then(Reply::Producers(self.describe_producers(&partitions))),
            Request::Charge(charge) => then(Reply::Charged(self.count(&charge))),
            Request::Share(request) => self.serve_share(request, then),
            Request::SweepFolders(found) => {
                self.sweep(&found);
                then(Reply::Done);
            }
            Request::Sizes => then(Reply::Sizes(self.sizes())),
            Request::Figures => then(Reply::Figures(Box::new(self.figures()))),
            Request::Controller(request) => rt::spawn(async move {
                let control = shard.control.as_ref().expect("only shard 0 is asked");
                then(Reply::Controller(control.handle(&shard, request).await));
            })
            .detach(),
            Request::Adopt { fd, admitted } => {
                match rt::TcpStream::from_fd(fd) {
                    Ok(stream) => listener::serve(self, stream, admitted),
                    Err(error) => tracing::debug!(%error, "a connection broke while it changed shards"),
                }
                then(Reply::Done);
            }
            Request::Image { image, changes } => {
                self.apply(image, &changes);
                then(Reply::Done);
            }
            Request::FirstImage(image) => rt::spawn(async move {
                shard.open_partitions(image).await;
                shard.open.set(true);
                then(Reply::Done);
            })
            .detach(),
        }
    }

    fn figures(&self) -> ShardFigures {
        let metrics = &self.metrics;
        ShardFigures {
            requests: metrics.requests.get(),
            connections: self.connections.get() as u64,
            refused_connections: metrics.refused_connections.get(),
            partitions: self.partitions.borrow().len() as u64,
            batches_in: metrics.batches_in.get(),
            bytes_in: metrics.bytes_in.get(),
            bytes_out: metrics.bytes_out.get(),
            produce: metrics.produce.get(),
            usage: self.store.usage(),
            failed: self.store.failure().is_some(),
        }
    }

    /// Whether it has its partitions.
    pub fn is_open(&self) -> bool {
        self.open.get()
    }

    /// Ends the broker, in order: something is broken that only a restart mends.
    pub fn stop_broker(&self) {
        self.shutdown.request();
    }

    /// A number for a parked read of this shard's readers.
    pub fn ticket(&self) -> u64 {
        self.next_ticket.replace(self.next_ticket.get() + 1)
    }
}
