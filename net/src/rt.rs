//! The runtime: one executor a core, and the words the rest of this crate uses for tasks, time, sockets and shards.
//!
//! A shard is a thread with an executor and an io_uring of its own; the ring is the storage's
//! ([`headwater_storage::disk::ring`]), and the thread sleeps nowhere else.
//!
//! ```text
//! rt.rs            shards, spawning, readiness
//! rt/executor.rs   which task runs next, when to sleep          the ring
//! rt/tcp.rs        listeners and streams                        on `poller`
//! rt/poller.rs     which sockets are ready                      an epoll instance
//! rt/task.rs       who waits for a task, and cancelling         one shard
//! rt/clock.rs      clocks and sleeping                          on `wheel`
//! rt/wheel.rs      a shard's deadlines                          pure
//! rt/local.rs      events, one-shots, channels, permits         one shard
//! rt/mesh.rs       messages between shards                      atomics
//! rt/shutdown.rs   the wish to stop, signals                    atomics
//! rt/preflight.rs  whether the machine lets this work           asks the kernel
//! ```
//!
//! Why not a runtime of others: docs/design/0008-reactor.md, with the figures.
//!
//! A panic in a shard ends the process: its partitions' state can no longer be trusted, and the others wait for it.
#![allow(unsafe_code)]

pub mod clock;
mod executor;
pub mod local;
pub mod mesh;
mod poller;
pub mod preflight;
pub mod shutdown;
pub mod task;
pub mod tcp;
pub mod wheel;

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::rc::Rc;
use std::sync::{Arc, Barrier, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use bytes::{BufMut, BytesMut};
use headwater_core::ids::ShardId;
use headwater_core::time::Monotonic;
use headwater_storage::disk::pool::{self, Pool, PoolHandle};
use headwater_storage::disk::ring;
use socket2::Socket;

pub use clock::{Elapsed, Sleep, deadline, now, timeout, wall};
pub use headwater_storage::disk::pool::BlockingPanicked;
pub use headwater_storage::together::all;
pub use local::{Event, Permit, Semaphore, channel, oneshot};
pub use mesh::{MeshEnd, SendError, mesh};
pub use preflight::{Cause, Preflight, preflight, raise_open_files};
pub use shutdown::Shutdown;
pub use task::{Task, yield_now};
pub use tcp::{ListenOptions, Listener, ReadHalf, TcpStream, WriteHalf};

use clock::Clock;
use executor::{Class, Executor};
use poller::{Poller, Ready};
use task::{EndsProcess, Tasks};

/// How shards are run.
#[derive(Clone, Debug)]
pub struct RtConfig {
    /// How many shards, each a thread with an executor of its own.
    pub shards: usize,
    /// The cores they are pinned to, one each in order; empty: the kernel places them.
    pub cpus: Vec<usize>,
    /// The slice after which a running queue makes room for sockets and other queues.
    pub preempt: Duration,
    /// Submissions that a shard's io_uring takes in one turn; more wait for the next.
    pub ring_depth: u32,
    /// Threads for blocking work, shared by all shards.
    pub blocking_threads: usize,
}

impl Default for RtConfig {
    fn default() -> Self {
        Self {
            shards: 1,
            cpus: Vec::new(),
            preempt: Duration::from_millis(1),
            ring_depth: 256,
            blocking_threads: 2,
        }
    }
}

/// Why the shards could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration contradicts itself; the text says how.
    #[error("runtime configuration: {0}")]
    Config(String),
    /// The machine does not allow it.
    #[error(transparent)]
    Preflight(#[from] Preflight),
    /// An executor was refused; the text is the runtime's.
    #[error("shard {shard} cannot start: {reason}")]
    Executor {
        /// Which shard.
        shard: ShardId,
        /// What the runtime said.
        reason: String,
    },
    /// A thread could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] io::Error),
}

/// The running shards. Dropping it does not stop them; [`Self::join`] waits for their end.
#[must_use = "shards end when their main future does: join them"]
pub struct ShardThreads<T> {
    threads: Vec<thread::JoinHandle<Option<T>>>,
    // Declared after the threads and dropped after the join: shards use it until their end.
    _pool: Pool,
}

impl<T> ShardThreads<T> {
    /// Waits until every shard's main future has ended, and answers what they returned, in order of the shards.
    pub fn join(self) -> Vec<T> {
        let ended = self.threads.into_iter().map(|thread| match thread.join() {
            Ok(Some(value)) => value,
            // A panic aborts the process in the shard itself, and a shard that was not started was reported.
            Ok(None) | Err(_) => unreachable!("a shard thread ended without its result"),
        });
        ended.collect()
    }
}

/// Starts the shards and runs `make(shard)` on each to its end.
///
/// When the future of a shard ends, what it spawned there is cancelled. The executors end together, after the last.
///
/// # Errors
/// When the machine refuses ([`preflight()`]) or an executor cannot be made; nothing runs then.
pub fn run_shards<T, F, Fut>(config: &RtConfig, make: F) -> Result<ShardThreads<T>, StartError>
where
    T: Send + 'static,
    F: Fn(ShardId) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = T> + 'static,
{
    check(config)?;
    preflight()?;
    clock::start(); // before any shard reads it, so that no reading is negative
    let spare = spare_cpus(&config.cpus);
    let pool = Pool::start(config.blocking_threads, move || leave_shard_cores(&spare))?;
    let end = Arc::new(Barrier::new(config.shards));
    let (made, answers) = mpsc::channel::<Result<(), StartError>>();
    let mut threads = Vec::with_capacity(config.shards);
    let mut starts = Vec::with_capacity(config.shards);
    for index in 0..config.shards {
        let shard =
            ShardId::new(u16::try_from(index).map_err(|_| StartError::Config("too many shards".into()))?);
        let (start, started) = mpsc::channel::<()>();
        starts.push(start);
        let seed = Seed { shard, config: config.clone(), pool: pool.handle(), end: end.clone() };
        let (make, made) = (make.clone(), made.clone());
        let thread = thread::Builder::new()
            .name(format!("shard-{shard}"))
            .spawn(move || run_shard(seed, make, &made, &started))?;
        threads.push(thread);
    }
    drop(made);
    for _ in 0..config.shards {
        match answers.recv() {
            Ok(Ok(())) => {}
            // Dropping `starts` sends the others home.
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err(StartError::Config("a shard thread ended before it started".into())),
        }
    }
    for start in &starts {
        // Each shard waits for this word; one that is gone has aborted the process.
        let _ = start.send(());
    }
    Ok(ShardThreads { threads, _pool: pool })
}

fn check(config: &RtConfig) -> Result<(), StartError> {
    let refuse = |why: String| Err(StartError::Config(why));
    if config.shards == 0 {
        return refuse("there must be one shard at least".into());
    }
    if !config.cpus.is_empty() && config.cpus.len() != config.shards {
        return refuse(format!("{} cores for {} shards", config.cpus.len(), config.shards));
    }
    Ok(())
}

/// What a shard's thread is started with.
struct Seed {
    shard: ShardId,
    config: RtConfig,
    pool: PoolHandle,
    end: Arc<Barrier>,
}

fn run_shard<T, F, Fut>(
    seed: Seed,
    make: F,
    made: &mpsc::Sender<Result<(), StartError>>,
    started: &mpsc::Receiver<()>,
) -> Option<T>
where
    T: 'static,
    F: Fn(ShardId) -> Fut,
    Fut: Future<Output = T> + 'static,
{
    let _bomb = EndsProcess { shard: seed.shard };
    let shard = seed.shard;
    if let Some(cpu) = seed.config.cpus.get(shard.get() as usize)
        && !core_affinity::set_for_current(core_affinity::CoreId { id: *cpu })
    {
        tracing::warn!(%shard, cpu, "the shard is not pinned to its core");
    }
    let installed = ring::install(seed.config.ring_depth, seed.pool.clone());
    let here = installed.and_then(|ring| Ok((ring, Here::new(&seed)?)));
    let (_ring, here) = match here {
        Ok((ring, here)) => (ring, Rc::new(here)),
        Err(error) => {
            let _ = made.send(Err(StartError::Executor { shard, reason: error.to_string() }));
            return None;
        }
    };
    let _ = made.send(Ok(()));
    started.recv().ok()?;
    HERE.with(|slot| *slot.borrow_mut() = Some(here.clone()));
    let output = Rc::new(RefCell::new(None));
    let main = {
        let (output, here) = (output.clone(), here.clone());
        let body = spawn(make(shard));
        async move {
            let value = body.await;
            here.tasks.cancel_all().await;
            *output.borrow_mut() = Some(value);
        }
    };
    here.executor.spawn(Class::Network, main);
    let ran = here.executor.run(&here.clock, &here.poller, || output.borrow().is_some());
    ran.unwrap_or_else(|error| panic!("shard {shard}: its ring or its epoll fails: {error}"));
    // Wakers of this shard may still be held by others until they end too.
    seed.end.wait();
    HERE.with(|slot| slot.borrow_mut().take());
    drop(here);
    output.take()
}

/// What a shard's tasks share.
struct Here {
    shard: ShardId,
    executor: Executor,
    clock: Rc<Clock>,
    poller: Rc<Poller>,
    tasks: Rc<Tasks>,
    pool: PoolHandle,
}

thread_local! {
    static HERE: RefCell<Option<Rc<Here>>> = const { RefCell::new(None) };
}

fn here<R>(f: impl FnOnce(&Here) -> R) -> R {
    HERE.with(|slot| f(slot.borrow().as_ref().expect("called outside of a shard")))
}

impl Here {
    fn new(seed: &Seed) -> io::Result<Self> {
        Ok(Self {
            shard: seed.shard,
            executor: Executor::new(seed.config.preempt)?,
            clock: Rc::default(),
            poller: Rc::new(Poller::new()?),
            tasks: Rc::default(),
            pool: seed.pool.clone(),
        })
    }
}

/// The shard this runs on.
///
/// # Panics
/// Outside of a shard, as every function here that needs one.
pub fn shard() -> ShardId {
    here(|here| here.shard)
}

// ---------------------------------------------------------------------------------------------------------- tasks

/// Runs a future on this shard's network queue: requests, sockets, whatever somebody waits for.
pub fn spawn<T: 'static>(future: impl Future<Output = T> + 'static) -> Task<T> {
    spawn_into(future, Class::Network)
}

/// Runs a future on this shard's background queue, which gets a sixth of a busy shard: compaction, retention,
/// reads of what has left memory.
pub fn spawn_background<T: 'static>(future: impl Future<Output = T> + 'static) -> Task<T> {
    spawn_into(future, Class::Background)
}

fn spawn_into<T: 'static>(future: impl Future<Output = T> + 'static, class: Class) -> Task<T> {
    here(|here| {
        let (task, body) = here.tasks.track(here.shard, future);
        here.executor.spawn(class, body);
        task
    })
}

/// Yields if this task's share of the pass is used up; costs a reading of the clock if not. For every loop that computes,
/// or whose IO may be ready each time.
#[inline]
pub async fn maybe_yield() {
    if executor::slice_used_up() {
        yield_now().await;
    }
}

/// Runs work that blocks on the pool, off the shards.
///
/// # Errors
/// When the closure panicked. Dropped while it waits, the closure still runs.
pub fn spawn_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> pool::Blocking<T> {
    here(|here| here.pool.run(work))
}

// ----------------------------------------------------------------------------------------------------------- time

/// Waits for a duration.
pub fn sleep(duration: Duration) -> Sleep {
    sleep_until(clock::after(duration))
}

/// Waits until `deadline`; at once if it has passed.
pub fn sleep_until(deadline: Monotonic) -> Sleep {
    Sleep::new(here(|here| here.clock.clone()), deadline)
}

// -------------------------------------------------------------------------------------------------------- sockets

/// Lets this shard wait for a socket that does not block.
fn watch_socket(socket: Socket) -> io::Result<Ready> {
    Ready::new(here(|here| here.poller.clone()), socket)
}

/// Receives into the spare capacity of `buffer`, without blocking and without filling it with zeros first.
fn recv_spare(socket: &Socket, buffer: &mut BytesMut) -> io::Result<usize> {
    let count = socket.recv(buffer.spare_capacity_mut())?;
    // SAFETY: the kernel wrote `count` bytes to the start of the spare capacity, and no more than it holds.
    unsafe { buffer.advance_mut(count) };
    Ok(count)
}

// --------------------------------------------------------------------------------------------------------- places

/// Values made on the starting thread, one for each shard, each to be taken there once.
pub struct PerShard<T> {
    values: Arc<Vec<Mutex<Option<T>>>>,
}

impl<T> Clone for PerShard<T> {
    fn clone(&self) -> Self {
        Self { values: self.values.clone() }
    }
}

impl<T> PerShard<T> {
    /// The value at index i is for shard i.
    pub fn new(values: impl IntoIterator<Item = T>) -> Self {
        Self { values: Arc::new(values.into_iter().map(|value| Mutex::new(Some(value))).collect()) }
    }

    /// Takes the value of `shard`.
    ///
    /// # Panics
    /// When there is none, or it was taken before.
    pub fn take(&self, shard: ShardId) -> T {
        let value = self.values.get(shard.get() as usize).and_then(|value| {
            let mut value = value.lock().unwrap_or_else(PoisonError::into_inner);
            value.take()
        });
        value.unwrap_or_else(|| panic!("nothing left for shard {shard}"))
    }
}

/// The cores that no shard is pinned to; empty when shards are not pinned or take them all.
fn spare_cpus(taken: &[usize]) -> Vec<usize> {
    let Ok(all) = rustix::thread::sched_getaffinity(None) else { return Vec::new() };
    if taken.is_empty() {
        return Vec::new();
    }
    (0..rustix::thread::CpuSet::MAX_CPU).filter(|cpu| all.is_set(*cpu) && !taken.contains(cpu)).collect()
}

fn leave_shard_cores(spare: &[usize]) {
    if spare.is_empty() {
        return;
    }
    let mut cpus = rustix::thread::CpuSet::new();
    spare.iter().for_each(|cpu| cpus.set(*cpu));
    if let Err(error) = rustix::thread::sched_setaffinity(None, &cpus) {
        tracing::warn!(%error, "blocking threads stay on the shards' cores");
    }
}

/// Random bytes from the kernel, for ids that must not repeat and must not be guessed.
pub fn random_bytes() -> [u8; 16] {
    let mut bytes = [0; 16];
    let mut filled = 0;
    while filled < bytes.len() {
        // Only a signal at the wrong moment cuts it short; without a source of randomness nothing here is safe.
        match rustix::rand::getrandom(&mut bytes[filled..], rustix::rand::GetRandomFlags::empty()) {
            Ok(n) => filled += n,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => panic!("the kernel gives no random bytes: {error}"),
        }
    }
    bytes
}
