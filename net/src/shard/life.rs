//! A shard from its first task to its last: recover, take messages, serve, stop. `boot` draws the order.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use futures_lite::future::or;
use headwater_core::config::{BrokerConfig, ClusterMeta};
use headwater_core::limits;
use headwater_core::session::FetchSessions;
use headwater_replication::metadata::Image;
use headwater_storage::disk::dma::Dma;
use headwater_storage::store::{Store, StoreConfig};

use super::control::Control;
use super::message::Request;
use super::partitions::log_config;
use super::{Envelope, Shard, calls, produce};
use crate::boot::{Meeting, folder};
use crate::conn::census::{Census, Limits};
use crate::conn::client_memory::ClientMemory;
use crate::conn::listener;
use crate::http;
use crate::metrics::Metrics;
use crate::rt::{self, Event, ListenOptions, Listener, MeshEnd, PerShard, Shutdown};

/// How a shard ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Everything is in segments and the checkpoint says so.
    Clean,
    /// Something could not be written; the journal has it, and the next start replays it.
    Dirty,
}

/// What a broker has found out before its shards start.
pub struct Place {
    /// Whose folder it is.
    pub identity: ClusterMeta,
    /// What clients are told to call.
    pub advertised: (String, u16),
    /// Where to listen.
    pub address: SocketAddr,
    /// Where to serve metrics and health.
    pub http: Option<SocketAddr>,
    /// How many shards run.
    pub shards: usize,
    /// Nobody has been served from the folder.
    pub first_start: bool,
    /// How many files and sockets the process may have open.
    pub open_files: u64,
}

/// Files that are neither a segment nor a connection: rings, polls, journals, what is made and removed.
const OTHER_FILES: u64 = 64;

/// Segment files of each shard, and connections of all, that `open_files` leaves room for. Out of files a store could not
/// write, so connections get what is left.
fn share_files(config: &BrokerConfig, open_files: u64, shards: usize) -> (usize, usize) {
    let shards = shards as u64;
    let segments = u64::from(config.storage.files_open).min(open_files / 2 / shards).max(1);
    let left = open_files.saturating_sub((segments + OTHER_FILES) * shards).max(1);
    let wanted = u64::from(config.net.connections_max);
    if left < wanted {
        tracing::debug!(
            connections = left,
            wanted,
            open_files,
            "fewer connections than max.connections: raise the limit on open files (ulimit -n) for more"
        );
    }
    (segments as usize, usize::try_from(left).unwrap_or(usize::MAX))
}

/// What every shard is made of.
#[derive(Clone)]
pub struct Seed {
    config: Arc<BrokerConfig>,
    place: Arc<Place>,
    shutdown: Shutdown,
    up: mpsc::Sender<Result<(), String>>,
    mesh: PerShard<MeshEnd<Envelope>>,
    census: Arc<Census>,
    drained: Arc<Meeting>,
    files_open: usize,
}

impl Seed {
    /// The seed of all shards of one broker.
    pub fn new(
        config: Arc<BrokerConfig>,
        place: Place,
        shutdown: Shutdown,
        up: mpsc::Sender<Result<(), String>>,
    ) -> Self {
        let shards = place.shards;
        let (files_open, connections) = share_files(&config, place.open_files, shards);
        Self {
            place: Arc::new(place),
            shutdown,
            up,
            mesh: PerShard::new(rt::mesh(shards, limits::MESH_REPLIES)),
            census: Census::new(shards, connections, Limits::new(&config.net)),
            drained: Meeting::of(shards),
            files_open,
            config,
        }
    }
}

/// The main future of a shard; it returns when the shard has stopped.
pub async fn run(seed: Seed) -> Ending {
    let up = seed.up.clone();
    // Shards wait for each other while they start: one that fails must not leave the others waiting.
    let given_up = async {
        seed.shutdown.requested().await;
        Err("told to stop before it was ready".into())
    };
    match or(start(&seed), given_up).await {
        Ok(shard) => {
            let _ = up.send(Ok(()));
            seed.shutdown.requested().await;
            stop(&shard, &seed).await
        }
        Err(why) => {
            let _ = up.send(Err(why));
            seed.shutdown.request();
            Ending::Dirty
        }
    }
}

/// How often retention is looked at, at most.
const HOUSEKEEPING_MS_MIN: u64 = 1000;
/// How long requests under way may take when the broker stops; the whole stop has five seconds.
const STOP_DRAIN_MS: u64 = 2000;
/// Retry of writes while the disk is full.
const DISK_FULL_PAUSE: Duration = Duration::from_millis(500);

async fn start(seed: &Seed) -> Result<Rc<Shard>, String> {
    let id = rt::shard();
    let config = &seed.config;
    let store_config = StoreConfig {
        journal_file_bytes: config.storage.journal_file_bytes,
        journal_files: config.storage.journal_files as usize,
        head_bytes: config.storage.head_bytes as usize,
        large_bytes: config.storage.large_append_bytes as usize,
        heads_bytes: config.storage.heads_bytes as usize,
        cache_bytes: config.storage.cache_bytes as usize,
        files_open: seed.files_open,
        log: log_config(&config.topic_defaults),
        ..StoreConfig::default()
    };
    let store = Store::open(Dma, PathBuf::from(&config.log_dir), id, store_config)
        .await
        .map_err(|e| e.to_string())?;
    let control = if id.get() == 0 { Some(Control::load(&store, config).await?) } else { None };
    let shard = Rc::new(Shard::new(id, seed, store, control));
    run_loops(&shard);
    if let Some(control) = &shard.control {
        let (host, port) = &seed.place.advertised;
        let broker = super::control::registration(config, host, *port);
        let image = control.register(&seed.place.identity.cluster_id, broker).await?;
        if seed.place.first_start {
            remember_shards(&shard).await?;
        }
        shard.call_all(|| Request::FirstImage(image.clone())).await;
    }
    while !shard.is_open() {
        rt::sleep(Duration::from_millis(1)).await;
    }
    let net = &seed.config.net;
    let options = ListenOptions {
        backlog: net.listen_backlog,
        send_bytes: net.send_buffer_bytes,
        receive_bytes: net.receive_buffer_bytes,
    };
    let listener = Listener::bind_with(seed.place.address, true, options)
        .map_err(|e| format!("cannot listen on {}: {e}", seed.place.address))?;
    let accepting = rt::spawn(listener::run(shard.clone(), listener));
    shard.accepting.replace(Some(accepting));
    if shard.control.is_some() {
        let shard = shard.clone();
        rt::spawn(async move { shard.sweep_folders().await }).detach();
    }
    if let Some(address) = seed.place.http.filter(|_| id.get() == 0) {
        let listener =
            Listener::bind(address, false).map_err(|e| format!("cannot listen on {address}: {e}"))?;
        rt::spawn(http::run(shard.clone(), listener)).detach();
    }
    Ok(shard)
}

/// Writes how many shards there are, once all of them have their checkpoint and before anybody is served.
async fn remember_shards(shard: &Rc<Shard>) -> Result<(), String> {
    // A shard answers when its store is open.
    shard.call_all(|| Request::Sizes).await;
    let (folder, shards) = (PathBuf::from(&shard.started.log_dir), usize::from(shard.count));
    let written = rt::spawn_blocking(move || folder::remember_shards(&folder, shards)).await;
    written.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}

/// Starts what runs for as long as the shard does.
fn run_loops(shard: &Rc<Shard>) {
    rt::spawn(shard.clone().run_messages()).detach();
    let of = shard.clone();
    rt::spawn(async move {
        let told = of.clone();
        of.store.run_commit(move |durable| told.on_durable(durable)).await;
        if of.store.failure().is_some() {
            of.on_store_failed();
        }
    })
    .detach();
    let of = shard.clone();
    rt::spawn(async move {
        of.store.run_write_out(|| rt::sleep(DISK_FULL_PAUSE)).await;
        if of.store.failure().is_some() {
            of.on_store_failed();
        }
    })
    .detach();
    let of = shard.clone();
    rt::spawn(async move { of.store.run_relaxed(rt::sleep).await }).detach();
    rt::spawn(shard.clone().run_tails()).detach();
    let of = shard.clone();
    rt::spawn(async move { of.run_deferred().await }).detach();
    rt::spawn(shard.groups.clone().run_deadlines()).detach();
    rt::spawn(shard.transactions.clone().run_deadlines()).detach();
    rt::spawn(shard.clone().run_shares()).detach();
    let of = shard.clone();
    rt::spawn_background(async move {
        loop {
            let pause = of.config().retention_check_interval_ms.max(HOUSEKEEPING_MS_MIN);
            rt::sleep(Duration::from_millis(pause)).await;
            of.housekeeping().await;
        }
    })
    .detach();
    if shard.config().cleaner {
        let of = shard.clone();
        rt::spawn_background(async move {
            loop {
                let pause = of.config().cleaner_backoff_ms.max(HOUSEKEEPING_MS_MIN);
                rt::sleep(Duration::from_millis(pause)).await;
                of.compact().await;
            }
        })
        .detach();
    }
}

/// Stops serving, lets what is under way finish, and leaves a store that needs no replay.
async fn stop(shard: &Rc<Shard>, seed: &Seed) -> Ending {
    let accepting = shard.accepting.take();
    if let Some(accepting) = accepting {
        accepting.cancel().await;
    }
    shard.stopping.set(true);
    shard.stop.notify_all();
    shard.end_tails();
    shard.groups.resign();
    shard.transactions.resign();
    shard.share_states.resign();
    let patience = Duration::from_millis(STOP_DRAIN_MS);
    let deadline = rt::now().plus_millis(STOP_DRAIN_MS);
    while shard.connections.get() > 0 && rt::now() < deadline {
        rt::sleep(Duration::from_millis(2)).await;
    }
    // Another shard may still need this one's partitions for its last replies.
    seed.drained.arrive(patience).await;
    match shard.store.shutdown().await {
        Ok(()) => Ending::Clean,
        Err(error) => {
            tracing::error!(%error, "not everything could be written out; the journal has it and the next start replays it");
            Ending::Dirty
        }
    }
}

impl Shard {
    fn new(
        id: headwater_core::ids::ShardId,
        seed: &Seed,
        store: Rc<Store<Dma>>,
        control: Option<Control>,
    ) -> Shard {
        let config = seed.config.clone();
        Shard {
            id,
            count: seed.place.shards as u16,
            metrics: Metrics::default(),
            census: seed.census.clone(),
            request_memory: ClientMemory::new(config.net.inflight_bytes),
            reply_memory: ClientMemory::new(config.net.inflight_bytes),
            sessions: RefCell::new(FetchSessions::new(config.fetch.sessions_max as usize)),
            store,
            control,
            stopping: Cell::new(false),
            stop: Event::new(),
            connections: Cell::new(0),
            accepting: RefCell::new(None),
            shutdown: seed.shutdown.clone(),
            image: RefCell::new(Arc::new(Image::default())),
            open: Cell::new(false),
            partitions: RefCell::new(HashMap::new()),
            topic_configs: RefCell::new(HashMap::new()),
            mesh: seed.mesh.take(id),
            calls: calls::Calls::default(),
            deferred: RefCell::new(produce::Queue::new()),
            deferred_more: Event::new(),
            tails: super::read::Tails::default(),
            groups: super::groups::Groups::new(),
            transactions: super::transactions::Transactions::new(),
            transaction_ends: super::transactions::Ends::default(),
            share_sessions: RefCell::default(),
            share_states: super::shares::ShareStates::new(),
            shares: super::shares::Shares::default(),
            meters: RefCell::default(),
            telemetry: RefCell::default(),
            next_ticket: Cell::new(0),
            next_session: Cell::new(u128::from_be_bytes(rt::random_bytes()) as u32),
            producer_ids: RefCell::new(0..0),
            started: config.clone(),
            config: RefCell::new(config),
        }
    }
}
