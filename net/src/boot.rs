//! Start and stop of a broker: the order in which everything comes up, and goes down.
//!
//! ```text
//!   main thread                       every shard                              shard 0 besides
//!   folder, lock, identity
//!   port is free?
//!   folder is ours, and whole?
//!   run shards ───────────────────>   recover the store
//!                                     take messages
//!                                     <─────────────── Image ───────────────── fold the metadata log,
//!                                     open partitions                          register this start
//!                                     load coordinators (in the background)
//!   ready <────────────────────────   listen
//!   …
//!   SIGTERM ──────────────────────>   stop accepting and reading, answer what is under way
//!                                     (all shards) write out, flush, clean checkpoint
//!   exit 0
//! ```
//!
//! The folder's own rules are in `folder`. A start that fails leaves nothing half-written: the folder is locked and read
//! before anything is made in it.

pub(crate) mod folder;

use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use headwater_core::config::BrokerConfig;

use crate::rt::{self, Preflight, RtConfig, ShardThreads, Shutdown};
use crate::shard::life::{self, Ending, Place, Seed};

/// Why a broker did not start: each is one sentence with cause and remedy.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// The address can't be listened on.
    #[error("cannot listen on {address}: {source}; stop what uses the port or choose another with {choose}")]
    Listen {
        /// The address.
        address: String,
        /// The flag or setting that says it.
        choose: &'static str,
        /// What the kernel said.
        source: io::Error,
    },
    /// The address is not one.
    #[error("{0} is not an address to listen on; give HOST:PORT")]
    Address(String),
    /// More than one listener.
    #[error("only one listener is served for now: give one in `listeners`")]
    Listeners,
    /// The data folder can't be used.
    #[error(
        "cannot use the data folder {folder}: {source}; choose a folder that this user may write with --data-dir"
    )]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process has the folder.
    #[error(
        "the data folder {0} is locked by another process; stop that one or choose another folder with --data-dir"
    )]
    Locked(PathBuf),
    /// The folder belongs to another broker, or a newer version.
    #[error("the data folder {folder} does not fit: {why}")]
    Identity {
        /// The folder.
        folder: PathBuf,
        /// In what way.
        why: String,
    },
    /// The file system has no direct IO.
    #[error(
        "the file system of {0} has no direct IO (tmpfs before Linux 6.6 and some overlays have none); \
         choose a folder on ext4, XFS or btrfs with --data-dir"
    )]
    NoDirectIo(PathBuf),
    /// The machine does not let the runtime work.
    #[error(transparent)]
    Preflight(#[from] Preflight),
    /// The runtime did not start.
    #[error(transparent)]
    Runtime(#[from] rt::StartError),
    /// A shard did not come up.
    #[error("{0}")]
    Shard(String),
}

/// A running broker.
pub struct Server {
    address: SocketAddr,
    http: Option<SocketAddr>,
    shards: usize,
    shutdown: Shutdown,
    threads: ShardThreads<Ending>,
    // Held until the process has let go of the folder.
    _lock: File,
}

impl Server {
    /// Starts a broker and returns when it serves.
    pub fn start(config: BrokerConfig) -> Result<Server, BootError> {
        let folder = PathBuf::from(&config.log_dir);
        let shards = match config.storage.shards {
            Some(shards) => usize::from(shards),
            // A folder keeps the number it was made with, whatever machine it is started on.
            None => folder::shards_of(&folder)?
                .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
        };
        let runtime = RtConfig { shards, cpus: pins(shards), ..RtConfig::default() };
        rt::preflight()?;
        let [bind] = config.listeners.bind.as_slice() else { return Err(BootError::Listeners) };
        let (reserved, address) = reserve(&bind.host, bind.port, "--listen")?;
        let http = match &config.net.http {
            Some((host, port)) => Some(reserve(host, *port, "--set headwater.http.listener=HOST:PORT")?),
            None => None,
        };
        let (reserved_http, http) = http.unzip();

        let lock = folder::lock(&folder)?;
        // Before anything is written: a folder that cannot be used shall not look like one that was.
        folder::check_direct_io(&folder)?;
        let first_start = folder::check_whole(&folder, shards)?;
        let identity = folder::identity(&folder, &config)?;
        let advertised = advertised(&config, address);
        // From here on the shards listen themselves; with SO_REUSEPORT they could share the port with a stranger, which
        // the exclusive bind above has ruled out.
        drop(reserved_http);
        // A port that the kernel chose is kept until they do, which may be a second later: it could be given to another
        // broker that starts now, and the two would share it. One that was asked for is let go, so that clients who come
        // meanwhile are refused and do not wait here.
        let held = (bind.port == 0).then_some(reserved);
        if let Some(held) = &held {
            let shared = socket2::SockRef::from(held).set_reuse_port(true);
            shared.map_err(|source| BootError::Listen {
                address: address.to_string(),
                choose: "--listen",
                source,
            })?;
        }

        let shutdown = Shutdown::new();
        let (up, came_up) = mpsc::channel();
        let config = Arc::new(config);
        let open_files = rt::raise_open_files();
        let place = Place { identity, advertised, address, http, shards, first_start, open_files };
        let seed = Seed::new(config, place, shutdown.clone(), up);
        let threads = rt::run_shards(&runtime, move |_| life::run(seed.clone()))?;
        for _ in 0..shards {
            match came_up.recv() {
                Ok(Ok(())) => {}
                Ok(Err(why)) => {
                    shutdown.request();
                    threads.join();
                    return Err(BootError::Shard(why));
                }
                Err(_) => return Err(BootError::Shard("a shard ended before it served".into())),
            }
        }
        drop(held);
        Ok(Server { address, http, shards, shutdown, threads, _lock: lock })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it serves metrics and health, if it does.
    pub fn http(&self) -> Option<SocketAddr> {
        self.http
    }

    /// How many shards it runs.
    pub fn shards(&self) -> usize {
        self.shards
    }

    /// The wish to stop: give it to signals, or call `request` on it.
    pub fn shutdown(&self) -> &Shutdown {
        &self.shutdown
    }

    /// Waits until it has stopped; false if a shard could not write everything out.
    pub fn join(self) -> bool {
        self.threads.join().into_iter().all(|ending| ending == Ending::Clean)
    }
}

/// One core each, if there are as many; else the kernel places them.
fn pins(shards: usize) -> Vec<usize> {
    // Only the cores that taskset or a container leaves to this process; a shard on another would fight its tenant.
    let usable = core_affinity::get_core_ids().unwrap_or_default();
    if shards <= usable.len() {
        usable.into_iter().take(shards).map(|core| core.id).collect()
    } else {
        Vec::new()
    }
}

fn resolve(host: &str, port: u16) -> Result<SocketAddr, BootError> {
    let host = if host.is_empty() { "0.0.0.0" } else { host };
    let text = format!("{host}:{port}");
    match (host, port).to_socket_addrs().map(|mut found| found.next()) {
        Ok(Some(address)) => Ok(address),
        _ => Err(BootError::Address(text)),
    }
}

/// Binds alone, which fails if anybody listens there, and finds a free port for port 0. `choose` says how to choose another.
fn reserve(host: &str, port: u16, choose: &'static str) -> Result<(TcpListener, SocketAddr), BootError> {
    let address = resolve(host, port)?;
    // std sets SO_REUSEADDR, so connections of a former run that are in TIME_WAIT do not stop a restart.
    let reserved = TcpListener::bind(address).and_then(|bound| {
        let address = bound.local_addr()?;
        Ok((bound, address))
    });
    reserved.map_err(|source| BootError::Listen { address: address.to_string(), choose, source })
}

/// What clients are told to call: as configured, with the bound port where the port was left open.
fn advertised(config: &BrokerConfig, bound: SocketAddr) -> (String, u16) {
    let said = config.listeners.advertised.first();
    let port = said.map(|endpoint| endpoint.port).filter(|port| *port != 0).unwrap_or(bound.port());
    let host = match said.map(|endpoint| endpoint.host.as_str()) {
        Some("") | None if bound.ip().is_unspecified() => host_name(),
        Some("") | None => bound.ip().to_string(),
        Some(host) => host.to_string(),
    };
    (host, port)
}

fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Waits until every shard has come to the same place, or `patience` is over.
pub(crate) struct Meeting {
    here: AtomicUsize,
    all: usize,
}

impl Meeting {
    /// A meeting of `all` shards.
    pub(crate) fn of(all: usize) -> Arc<Self> {
        Arc::new(Self { here: AtomicUsize::new(0), all })
    }

    /// Says that this shard has come, and waits for the others.
    pub(crate) async fn arrive(&self, patience: Duration) {
        self.here.fetch_add(1, Ordering::AcqRel);
        let until = Instant::now() + patience;
        while self.here.load(Ordering::Acquire) < self.all && Instant::now() < until {
            rt::sleep(Duration::from_millis(2)).await;
        }
    }
}
