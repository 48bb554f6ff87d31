//! The runtime: one executor a core, and the words the rest of this crate uses for tasks, time, sockets and shards.
//!
//! The only file of this crate that names glommio, so another runtime would cost this file and no other. The parts
//! that need no runtime are beside it:
//!
//! ```text
//! rt.rs            shards, tasks, the clock, readiness          glommio
//! rt/tcp.rs        listeners and streams                        on `Ready`
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
//! it parks with work left (`watchdog`); its timers leak when polled twice (`Clock`: one timerfd a shard and our own
//! wheel); its buffered streams reorder and its vectored write sends one buffer (`tcp`: plain system calls on
//! readiness); tasks left at the end of an executor are never dropped (`Tasks`: we cancel them).
//!
//! A panic in a shard ends the process: its partitions' state can no longer be trusted, and the others wait for it.
#![allow(unsafe_code)]

pub mod local;
pub mod mesh;
pub mod pool;
pub mod preflight;
pub mod shutdown;
pub mod tcp;
pub mod watchdog;
pub mod wheel;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::os::fd::OwnedFd;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::{Arc, Barrier, Mutex, OnceLock, PoisonError, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::{BufMut, BytesMut};
use glommio::io::PollableFd;
use glommio::{Latency, LocalExecutorBuilder, Placement, PoolPlacement, Shares, TaskQueueHandle};
use headwater_core::ids::ShardId;
use headwater_core::time::{Monotonic, Timestamp};
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};
use socket2::Socket;

pub use local::{Event, Permit, Semaphore, channel, oneshot};
pub use mesh::{MeshEnd, SendError, mesh};
pub use pool::BlockingPanicked;
pub use preflight::{Cause, Preflight, preflight};
pub use shutdown::Shutdown;
pub use tcp::{Listener, ReadHalf, TcpStream, WriteHalf};

use pool::{Pool, PoolHandle};
use watchdog::{Pulse, Watchdog};
use wheel::{Ticket, Wheel};

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
/// When the machine refuses ([`preflight`]) or an executor cannot be made; nothing runs then.
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
    clock_start(); // before any shard reads it, so that no reading is negative
    let spare = spare_cpus(&config.cpus);
    let pool = Pool::start(config.blocking_threads, move || leave_shard_cores(&spare))?;
    let pulses: Vec<Arc<Pulse>> = (0..config.shards).map(|_| Arc::default()).collect();
    let end = Arc::new(Barrier::new(config.shards));
    let (made, answers) = mpsc::channel::<Result<(), StartError>>();
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
    for _ in 0..config.shards {
        match answers.recv() {
            Ok(Ok(())) => {}
            // Dropping `starts` sends the others home.
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err(StartError::Config("a shard thread ended before it started".into())),
        }
    }
    let watchdog = config.watchdog.map(|tick| Watchdog::start(pulses, tick)).transpose()?;
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
    made: &mpsc::Sender<Result<(), StartError>>,
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
    let _ = made.send(Ok(()));
    started.recv().ok()?;
    let (shard, pulse, end, preempt) = (seed.shard, seed.pulse.clone(), seed.end, seed.config.preempt);
    let value = executor.run(async move {
        let here = match Here::new(shard, seed.pulse, seed.pool, preempt) {
            Ok(here) => Rc::new(here),
            Err(error) => panic!("shard {shard} cannot make its timer: {error}"),
        };
        HERE.with(|slot| assert!(slot.set(here.clone()).is_ok(), "one shard a thread"));
        let poked = glommio::spawn_local(answer_pokes(here.pulse.clone()));
        spawn(drive_clock(here.clock.clone())).detach();
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

/// Ends the process when it is dropped by a panic.
struct EndsProcess {
    shard: ShardId,
}

impl Drop for EndsProcess {
    fn drop(&mut self) {
        if thread::panicking() {
            // The panic's own message is out already; this says why everything stops.
            eprintln!("headwater: shard {} panicked; the process stops", self.shard);
            std::process::abort();
        }
    }
}

/// What a shard's tasks share.
struct Here {
    shard: ShardId,
    network: TaskQueueHandle,
    background: TaskQueueHandle,
    clock: Rc<Clock>,
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
        Ok(Self { shard, network, background, clock, tasks: Rc::default(), pulse, pool })
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

/// The tasks of a shard, so that they can be cancelled before its executor ends: glommio leaves those that wait
/// undropped, and with them sockets that still take connections from the port's other listeners.
#[derive(Default)]
struct Tasks {
    running: RefCell<BTreeMap<u64, Rc<Control>>>,
    issued: Cell<u64>,
    emptied: Event,
}

/// What a task, its handle and the registry share.
#[derive(Default)]
struct Control {
    cancelled: Cell<bool>,
    ended: Cell<bool>,
    /// Wakes the task itself, to see that it is cancelled.
    task: RefCell<Option<Waker>>,
    /// Wakes who waits for its end.
    joiner: RefCell<Option<Waker>>,
}

impl Control {
    fn cancel(&self) {
        self.cancelled.set(true);
        let waker = self.task.borrow().clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn end(&self) {
        self.ended.set(true);
        // The task's own waker keeps the task alive, and the task this: without the take, neither is freed.
        drop(self.task.borrow_mut().take());
        let joiner = self.joiner.borrow_mut().take();
        if let Some(joiner) = joiner {
            joiner.wake();
        }
    }
}

impl Tasks {
    fn add(&self, control: Rc<Control>) -> u64 {
        let number = self.issued.get() + 1;
        self.issued.set(number);
        self.running.borrow_mut().insert(number, control);
        number
    }

    fn remove(&self, number: u64) {
        let mut running = self.running.borrow_mut();
        running.remove(&number);
        if running.is_empty() {
            drop(running);
            self.emptied.notify();
        }
    }

    /// Cancels all, also those that are spawned meanwhile, and waits until their futures are dropped.
    async fn cancel_all(&self) {
        loop {
            let controls: Vec<Rc<Control>> = self.running.borrow().values().cloned().collect();
            if controls.is_empty() {
                return;
            }
            for control in controls {
                control.cancel();
            }
            self.emptied.wait().await;
        }
    }
}

/// A spawned future. Awaiting it gives its result; dropping it cancels it; [`Self::detach`] lets it run alone.
#[must_use = "dropping a task cancels it: await it, keep it or detach it"]
pub struct Task<T> {
    control: Rc<Control>,
    output: Rc<RefCell<Option<T>>>,
    detached: bool,
}

impl<T> Task<T> {
    /// Lets it run to its end, or to the shard's.
    pub fn detach(mut self) {
        self.detached = true;
    }

    /// Whether it ran to its end.
    pub fn is_finished(&self) -> bool {
        self.control.ended.get()
    }

    /// Cancels it and waits until its future is dropped; the result, if it came first.
    pub async fn cancel(self) -> Option<T> {
        self.control.cancel();
        poll_fn(|cx| self.poll_ended(cx)).await;
        self.output.borrow_mut().take()
    }

    fn poll_ended(&self, cx: &Context<'_>) -> Poll<()> {
        if self.control.ended.get() {
            return Poll::Ready(());
        }
        *self.control.joiner.borrow_mut() = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl<T> Future for Task<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        if self.poll_ended(cx).is_pending() {
            return Poll::Pending;
        }
        match self.output.borrow_mut().take() {
            Some(value) => Poll::Ready(value),
            // Only the end of the shard cancels a task behind its owner's back, and the owner ends with it.
            None => Poll::Pending,
        }
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        if !self.detached && !self.control.ended.get() {
            self.control.cancel();
        }
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("finished", &self.is_finished()).finish()
    }
}

/// Runs a future on this shard's network queue: requests, sockets, whatever somebody waits for.
pub fn spawn<T: 'static>(future: impl Future<Output = T> + 'static) -> Task<T> {
    spawn_into(future, here(|here| here.network))
}

/// Runs a future on this shard's background queue, which gets a sixth of a busy shard: compaction, retention.
pub fn spawn_background<T: 'static>(future: impl Future<Output = T> + 'static) -> Task<T> {
    spawn_into(future, here(|here| here.background))
}

fn spawn_into<T: 'static>(future: impl Future<Output = T> + 'static, queue: TaskQueueHandle) -> Task<T> {
    let control = Rc::<Control>::default();
    let output = Rc::new(RefCell::new(None));
    let task = Task { control: control.clone(), output: output.clone(), detached: false };
    let (pulse, tasks, shard) = here(|here| (here.pulse.clone(), here.tasks.clone(), here.shard));
    let number = tasks.add(control.clone());
    let body = async move {
        {
            let mut future = pin!(future);
            let ended = poll_fn(|cx| {
                let _bomb = EndsProcess { shard };
                pulse.beat();
                if control.cancelled.get() {
                    return Poll::Ready(None);
                }
                if control.task.borrow().is_none() {
                    *control.task.borrow_mut() = Some(cx.waker().clone());
                }
                future.as_mut().poll(cx).map(Some)
            })
            .await;
            *output.borrow_mut() = ended;
        } // the future is dropped here, before anybody hears of its end
        tasks.remove(number);
        control.end();
    };
    glommio::spawn_local_into(body, queue).expect("the queue lives as long as the shard").detach();
    task
}

/// Lets the other ready tasks of this queue run.
pub async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
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

static START: OnceLock<Instant> = OnceLock::new();

fn clock_start() -> Instant {
    *START.get_or_init(Instant::now)
}

/// The monotonic clock, common to all shards.
pub fn now() -> Monotonic {
    let nanos = clock_start().elapsed().as_nanos();
    Monotonic::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// The wall clock, as records carry it.
pub fn wall() -> Timestamp {
    let millis = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
    };
    Timestamp::from_millis(millis)
}

/// A shard's deadlines and the one kernel timer that is set to the earliest.
///
/// The timer is only ever set anew, and its readiness awaited by one task for the shard's life, so nothing here is
/// cancelled in the ring and an earlier deadline is noticed as promptly as the kernel can.
struct Clock {
    wheel: RefCell<Wheel>,
    timer: OwnedFd,
}

impl Clock {
    fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = rustix::time::timerfd_create(TimerfdClockId::Monotonic, flags)?;
        Ok(Self { wheel: RefCell::new(Wheel::new()), timer })
    }

    fn insert(&self, deadline: Monotonic, waker: Waker) -> Ticket {
        let (ticket, arm) = self.wheel.borrow_mut().insert(deadline, waker);
        if let Some(deadline) = arm {
            self.arm(deadline);
        }
        ticket
    }

    fn arm(&self, deadline: Monotonic) {
        // Relative, since our clock starts with the process; 1 ns at least, because 0 would disarm it.
        let left = deadline.nanos().saturating_sub(now().nanos()).max(1);
        let value =
            Timespec { tv_sec: (left / 1_000_000_000) as i64, tv_nsec: (left % 1_000_000_000) as i64 };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        let set = rustix::time::timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &once);
        set.expect("a valid time for a timer we own");
    }

    fn fire(&self) {
        let mut due = Vec::new();
        let next = self.wheel.borrow_mut().due(now(), &mut due);
        if let Some(deadline) = next {
            self.arm(deadline);
        }
        // Woken outside of the borrow: a waker may drop a sleep, which takes its entry out.
        due.into_iter().for_each(Waker::wake);
    }
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

/// Waits until a point in time; may be polled any number of times and dropped at any point.
#[must_use = "futures do nothing unless awaited"]
pub struct Sleep {
    clock: Rc<Clock>,
    deadline: Monotonic,
    ticket: Option<Ticket>,
}

/// Waits for a duration.
pub fn sleep(duration: Duration) -> Sleep {
    sleep_until(after(duration))
}

/// Waits until `deadline`; at once if it has passed.
pub fn sleep_until(deadline: Monotonic) -> Sleep {
    Sleep { clock: here(|here| here.clock.clone()), deadline, ticket: None }
}

fn after(duration: Duration) -> Monotonic {
    let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    Monotonic::from_nanos(now().nanos().saturating_add(nanos))
}

impl Sleep {
    /// Moves the deadline; the next poll waits for the new one.
    pub fn reset(&mut self, deadline: Monotonic) {
        self.withdraw();
        self.deadline = deadline;
    }

    /// When it ends.
    pub fn deadline(&self) -> Monotonic {
        self.deadline
    }

    fn withdraw(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.clock.wheel.borrow_mut().cancel(ticket);
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if now() >= self.deadline {
            self.withdraw();
            return Poll::Ready(());
        }
        if let Some(ticket) = self.ticket
            && self.clock.wheel.borrow_mut().update(ticket, cx.waker())
        {
            return Poll::Pending;
        }
        self.ticket = Some(self.clock.insert(self.deadline, cx.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.withdraw();
    }
}

/// The time was up first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the time was up")]
pub struct Elapsed;

/// Runs a future for at most `duration`; it is dropped when the time is up.
///
/// # Errors
/// [`Elapsed`] when the time was up first.
pub async fn timeout<T>(duration: Duration, future: impl Future<Output = T>) -> Result<T, Elapsed> {
    deadline(after(duration), future).await
}

/// Runs a future until `at` at the latest; it is dropped when the time is up.
///
/// # Errors
/// [`Elapsed`] when the time was up first.
pub async fn deadline<T>(at: Monotonic, future: impl Future<Output = T>) -> Result<T, Elapsed> {
    let mut future = pin!(future);
    let mut sleep = sleep_until(at);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(value) => Poll::Ready(Ok(value)),
        Poll::Pending => Pin::new(&mut sleep).poll(cx).map(|()| Err(Elapsed)),
    })
    .await
}

// -------------------------------------------------------------------------------------------------------- sockets

/// A socket whose readiness this shard can wait for.
pub(crate) struct Ready {
    fd: PollableFd<Socket>,
}

impl Ready {
    /// `socket` must not block.
    pub(crate) fn new(socket: Socket) -> io::Result<Self> {
        Ok(Self { fd: PollableFd::new(socket).map_err(io::Error::from)? })
    }

    pub(crate) fn socket(&self) -> &Socket {
        self.fd.get_ref()
    }

    /// Waits until a read would not block, or reports an error or the end of the stream.
    pub(crate) async fn readable(&self) -> io::Result<()> {
        self.fd.readable().await.map_err(io::Error::from)
    }

    /// Waits until a write would not block, or reports an error.
    pub(crate) async fn writable(&self) -> io::Result<()> {
        self.fd.writable().await.map_err(io::Error::from)
    }

    pub(crate) fn into_socket(self) -> Socket {
        self.fd.into_inner()
    }
}

/// Receives into the spare capacity of `buffer`, without blocking and without filling it with zeros first.
pub(crate) fn recv_spare(socket: &Socket, buffer: &mut BytesMut) -> io::Result<usize> {
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
