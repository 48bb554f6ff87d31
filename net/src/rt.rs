//! The runtime: one executor a core, and the words the rest of this crate uses for tasks, time, sockets and shards.
//!
//! The only file of this crate that names glommio, so another runtime would cost this file and no other. The parts
//! that need no runtime are beside it:
//!
//! ```text
//! rt.rs            shards, spawning, readiness                  glommio
//! rt/tcp.rs        listeners and streams                        on `poller`
//! rt/poller.rs     which sockets are ready                      an epoll instance
//! rt/task.rs       who waits for a task, and cancelling        one shard
//! rt/clock.rs      clocks and sleeping                          a timerfd
//! rt/wheel.rs      a shard's deadlines                          pure
//! rt/local.rs      events, one-shots, channels, permits         one shard
//! rt/mesh.rs       messages between shards                      atomics
//! rt/pool.rs       blocking work                                threads
//! rt/watchdog.rs   wakes a shard that slept with work left      a thread
//! rt/shutdown.rs   the wish to stop, signals                    atomics
//! rt/preflight.rs  whether the machine lets this work           asks the kernel
//! ```
//!
//! Each known fault of glommio 0.12.0 is worked around here and nowhere else (docs/design/0002-runtime.md):
//! it parks with work left (`watchdog`); its timers leak when polled twice (`clock`: one timerfd a shard and our own
//! wheel); its buffered streams reorder and its vectored write sends one buffer (`tcp`: plain system calls on
//! readiness); tasks left at the end of an executor are never dropped (`task`: we cancel them).
//!
//! A panic in a shard ends the process: its partitions' state can no longer be trusted, and the others wait for it.
#![allow(unsafe_code)]

pub mod clock;
pub mod local;
pub mod mesh;
mod poller;
pub mod pool;
pub mod preflight;
pub mod shutdown;
pub mod task;
pub mod tcp;
pub mod watchdog;
pub mod wheel;

use std::cell::OnceCell;
use std::future::{Future, poll_fn};
use std::io;
use std::rc::Rc;
use std::sync::{Arc, Barrier, Mutex, PoisonError, mpsc};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use bytes::{BufMut, BytesMut};
use glommio::io::PollableFd;
use glommio::{Latency, LocalExecutorBuilder, Placement, PoolPlacement, Shares, TaskQueueHandle};
use headwater_core::ids::ShardId;
use headwater_core::time::Monotonic;
use socket2::Socket;

pub use clock::{Elapsed, Sleep, deadline, now, timeout, wall};
pub use local::{Event, Permit, Semaphore, channel, oneshot};
pub use mesh::{MeshEnd, SendError, mesh};
pub use pool::BlockingPanicked;
pub use preflight::{Cause, Preflight, preflight};
pub use shutdown::Shutdown;
pub use task::{Task, yield_now};
pub use tcp::{Listener, ReadHalf, TcpStream, WriteHalf};

use clock::Clock;
use poller::{Poller, Ready};
use pool::{Pool, PoolHandle};
use task::{EndsProcess, Tasks};
use watchdog::{Pulse, Watchdog, Watched};

/// The most memory a shard may register with the kernel, in bytes: it counts three times against the limit on
/// locked memory, which is often 8 MiB for the whole user.
const IO_MEMORY_MAX_BYTES: usize = 1024 * 1024;
/// Scheduler shares of requests and of background work: under contention the latter gets a sixth.
const NETWORK_SHARES: usize = 1000;
const BACKGROUND_SHARES: usize = 200;

/// How shards are run.
#[derive(Clone, Debug)]
pub struct RtConfig {
    /// How many shards, each a thread with an executor of its own.
    pub shards: usize,
    /// The cores they are pinned to, one each in order; empty: the kernel places them.
    pub cpus: Vec<usize>,
    /// The slice after which a running queue makes room for sockets and other queues.
    pub preempt: Duration,
    /// Memory for disk IO that each shard registers with the kernel, in bytes, at most 1 MiB.
    pub io_memory_bytes: usize,
    /// Entries of each io_uring.
    pub ring_depth: usize,
    /// Threads for blocking work, shared by all shards.
    pub blocking_threads: usize,
    /// How often the watchdog looks at busy shards. `None` runs without: only to show in tests what it is for.
    pub watchdog: Option<Duration>,
}

impl Default for RtConfig {
    fn default() -> Self {
        Self {
            shards: 1,
            cpus: Vec::new(),
            preempt: Duration::from_millis(1),
            io_memory_bytes: 512 * 1024,
            ring_depth: 256,
            blocking_threads: 2,
            watchdog: Some(Duration::from_millis(1)),
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
    // Declared after the threads and dropped after the join: shards use both until their end.
    _watchdog: Option<Watchdog>,
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
    if let Err(trouble) = preflight(config) {
        if trouble.is_fatal() {
            return Err(trouble.into());
        }
        tracing::warn!("{trouble}");
    }
    clock::start(); // before any shard reads it, so that no reading is negative
    let spare = spare_cpus(&config.cpus);
    let pool = Pool::start(config.blocking_threads, move || leave_shard_cores(&spare))?;
    let pulses: Vec<Arc<Pulse>> = (0..config.shards).map(|_| Arc::default()).collect();
    let end = Arc::new(Barrier::new(config.shards));
    let (made, answers) = mpsc::channel::<Result<Tid, StartError>>();
    let mut threads = Vec::with_capacity(config.shards);
    let mut starts = Vec::with_capacity(config.shards);
    for (index, pulse) in pulses.iter().enumerate() {
        let shard =
            ShardId::new(u16::try_from(index).map_err(|_| StartError::Config("too many shards".into()))?);
        let (start, started) = mpsc::channel::<()>();
        starts.push(start);
        let seed = Seed {
            shard,
            config: config.clone(),
            pulse: pulse.clone(),
            pool: pool.handle(),
            end: end.clone(),
        };
        let (make, made) = (make.clone(), made.clone());
        let thread = thread::Builder::new()
            .name(format!("shard-{shard}"))
            .spawn(move || run_shard(seed, make, &made, &started))?;
        threads.push(thread);
    }
    drop(made);
    let mut watched = Vec::with_capacity(config.shards);
    for _ in 0..config.shards {
        match answers.recv() {
            Ok(Ok(Tid { shard, tid })) => {
                let pulse = pulses[shard.get() as usize].clone();
                watched.push(Watched { pulse, cpu_nanos: Box::new(move || thread_cpu_nanos(tid)) });
            }
            // Dropping `starts` sends the others home.
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err(StartError::Config("a shard thread ended before it started".into())),
        }
    }
    let watchdog = config.watchdog.map(|tick| Watchdog::start(watched, tick)).transpose()?;
    for start in &starts {
        // Each shard waits for this word; one that is gone has aborted the process.
        let _ = start.send(());
    }
    Ok(ShardThreads { threads, _watchdog: watchdog, _pool: pool })
}

fn check(config: &RtConfig) -> Result<(), StartError> {
    let refuse = |why: String| Err(StartError::Config(why));
    if config.shards == 0 {
        return refuse("there must be one shard at least".into());
    }
    if !config.cpus.is_empty() && config.cpus.len() != config.shards {
        return refuse(format!("{} cores for {} shards", config.cpus.len(), config.shards));
    }
    if config.io_memory_bytes > IO_MEMORY_MAX_BYTES {
        return refuse(format!(
            "io memory of {} bytes is above {IO_MEMORY_MAX_BYTES}",
            config.io_memory_bytes
        ));
    }
    Ok(())
}

/// The thread a shard runs on.
struct Tid {
    shard: ShardId,
    tid: rustix::thread::Pid,
}

/// The processor time a thread of this process has used; always 0 for one that has ended.
fn thread_cpu_nanos(tid: rustix::thread::Pid) -> u64 {
    // The clock's number as the kernel defines it: the complement of the thread, "of one thread", "scheduled time".
    let clock = (!tid.as_raw_nonzero().get() << 3) | 0b110;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes one timespec to the place given, or nothing when it knows no such clock.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    (time.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(time.tv_nsec as u64)
}

/// What a shard's thread is started with.
struct Seed {
    shard: ShardId,
    config: RtConfig,
    pulse: Arc<Pulse>,
    pool: PoolHandle,
    end: Arc<Barrier>,
}

fn run_shard<T, F, Fut>(
    seed: Seed,
    make: F,
    made: &mpsc::Sender<Result<Tid, StartError>>,
    started: &mpsc::Receiver<()>,
) -> Option<T>
where
    T: 'static,
    F: Fn(ShardId) -> Fut,
    Fut: Future<Output = T> + 'static,
{
    let _bomb = EndsProcess { shard: seed.shard };
    let placement = match seed.config.cpus.get(seed.shard.get() as usize) {
        Some(cpu) => Placement::Fixed(*cpu),
        None => Placement::Unbound,
    };
    let executor = LocalExecutorBuilder::new(placement)
        .io_memory(seed.config.io_memory_bytes)
        .ring_depth(seed.config.ring_depth)
        .preempt_timer(seed.config.preempt)
        .blocking_thread_pool_placement(PoolPlacement::Unbound(1))
        .make();
    let executor = match executor {
        Ok(executor) => executor,
        Err(error) => {
            let _ = made.send(Err(StartError::Executor { shard: seed.shard, reason: error.to_string() }));
            return None;
        }
    };
    let _ = made.send(Ok(Tid { shard: seed.shard, tid: rustix::thread::gettid() }));
    started.recv().ok()?;
    let (shard, pulse, end, preempt) = (seed.shard, seed.pulse.clone(), seed.end, seed.config.preempt);
    let value = executor.run(async move {
        let here = match Here::new(shard, seed.pulse, seed.pool, preempt) {
            Ok(here) => Rc::new(here),
            Err(error) => panic!("shard {shard} cannot make its timer and its epoll: {error}"),
        };
        HERE.with(|slot| assert!(slot.set(here.clone()).is_ok(), "one shard a thread"));
        let poked = glommio::spawn_local(answer_pokes(here.pulse.clone()));
        spawn(drive_clock(here.clock.clone())).detach();
        spawn(drive_sockets(here.poller.clone())).detach();
        let value = spawn(make(shard)).await;
        here.tasks.cancel_all().await;
        here.pulse.stop();
        poked.cancel().await;
        value
    });
    pulse.stop();
    // Wakers of this shard may still be held by others until they end too; a waker of a dead executor is a leak.
    end.wait();
    Some(value)
}

/// What a shard's tasks share.
struct Here {
    shard: ShardId,
    network: TaskQueueHandle,
    background: TaskQueueHandle,
    clock: Rc<Clock>,
    poller: Rc<Poller>,
    tasks: Rc<Tasks>,
    pulse: Arc<Pulse>,
    pool: PoolHandle,
}

thread_local! {
    static HERE: OnceCell<Rc<Here>> = const { OnceCell::new() };
}

fn here<R>(f: impl FnOnce(&Here) -> R) -> R {
    HERE.with(|slot| f(slot.get().expect("called outside of a shard")))
}

impl Here {
    fn new(shard: ShardId, pulse: Arc<Pulse>, pool: PoolHandle, preempt: Duration) -> io::Result<Self> {
        let executor = glommio::executor();
        let network =
            executor.create_task_queue(Shares::Static(NETWORK_SHARES), Latency::Matters(preempt), "network");
        let background = executor.create_task_queue(
            Shares::Static(BACKGROUND_SHARES),
            Latency::NotImportant,
            "background",
        );
        let clock = Rc::new(Clock::new()?);
        let poller = Rc::new(Poller::new()?);
        Ok(Self { shard, network, background, clock, poller, tasks: Rc::default(), pulse, pool })
    }
}

/// The shard this runs on.
///
/// # Panics
/// Outside of a shard, as every function here that needs one.
pub fn shard() -> ShardId {
    here(|here| here.shard)
}

/// The task that the watchdog wakes: being polled is all it does.
async fn answer_pokes(pulse: Arc<Pulse>) {
    poll_fn(|cx| {
        pulse.answer(cx.waker());
        Poll::<()>::Pending
    })
    .await;
}

// ---------------------------------------------------------------------------------------------------------- tasks

/// Runs a future on this shard's network queue: requests, sockets, whatever somebody waits for.
pub fn spawn<T: 'static>(future: impl Future<Output = T> + 'static) -> Task<T> {
    spawn_into(future, here(|here| here.network))
}

/// Runs a future on this shard's background queue, which gets a sixth of a busy shard: compaction, retention.
pub fn spawn_background<T: 'static>(future: impl Future<Output = T> + 'static) -> Task<T> {
    spawn_into(future, here(|here| here.background))
}

fn spawn_into<T: 'static>(future: impl Future<Output = T> + 'static, queue: TaskQueueHandle) -> Task<T> {
    let (task, body) = here(|here| here.tasks.track(here.shard, here.pulse.clone(), future));
    glommio::spawn_local_into(body, queue).expect("the queue lives as long as the shard").detach();
    task
}

/// Yields if this shard's slice is used up or a latency event waits; costs two loads if not. For every loop that
/// computes, or whose IO may be ready each time.
#[inline]
pub async fn maybe_yield() {
    if glommio::executor().need_preempt() {
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

/// Runs futures at the same time; their results in order.
pub async fn all<T>(futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    if let [(only, _)] = &mut futures[..] {
        return vec![only.await];
    }
    poll_fn(|cx| {
        let mut pending = false;
        for (future, done) in futures.iter_mut().filter(|(_, done)| done.is_none()) {
            match future.as_mut().poll(cx) {
                Poll::Ready(value) => *done = Some(value),
                Poll::Pending => pending = true,
            }
        }
        if pending { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    futures.into_iter().filter_map(|(_, done)| done).collect()
}

/// Waits for a duration.
pub fn sleep(duration: Duration) -> Sleep {
    sleep_until(clock::after(duration))
}

/// Waits until `deadline`; at once if it has passed.
pub fn sleep_until(deadline: Monotonic) -> Sleep {
    Sleep::new(here(|here| here.clock.clone()), deadline)
}

async fn drive_clock(clock: Rc<Clock>) {
    let timer = clock.timer.try_clone().expect("a descriptor for the shard's timer");
    let timer = PollableFd::new(timer).expect("a timer can be waited for");
    loop {
        timer.readable().await.expect("a timer can be waited for");
        // Reading makes it wait again. EAGAIN: it was set anew in between; the wheel decides what is due.
        let mut count = [0; 8];
        let _ = rustix::io::read(timer.get_ref(), &mut count);
        clock.fire();
    }
}

// -------------------------------------------------------------------------------------------------------- sockets

/// Lets this shard wait for a socket that does not block.
fn watch_socket(socket: Socket) -> io::Result<Ready> {
    Ready::new(here(|here| here.poller.clone()), socket)
}

async fn drive_sockets(poller: Rc<Poller>) {
    let epoll = poller.epoll.try_clone().expect("a descriptor for the shard's epoll");
    let epoll = PollableFd::new(epoll).expect("epoll can be waited for");
    loop {
        epoll.readable().await.expect("epoll can be waited for");
        poller.dispatch().expect("epoll takes a valid buffer");
    }
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
