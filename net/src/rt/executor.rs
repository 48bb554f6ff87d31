//! The executor of one shard: which task runs next, and when the thread sleeps.
//!
//! ```text
//!           ┌──────────────────────────── a pass ────────────────────────────┐
//!   due sleeps, ready sockets, wakes of other threads ──> run what was ready ──> one turn of the ring
//!           └── again, without sleeping, while a task is ready ──────────────────┘
//! ```
//!
//! Two queues: requests, and background work, which gets a sixth of a busy shard. A pass runs what was ready when it
//! began, so nothing that wakes itself keeps sockets or the disk waiting; a task that computes for long asks
//! [`slice_used_up`] and makes room.
//!
//! Invariants: a task runs on the thread that spawned it; a wake from any thread is seen before the shard sleeps, or
//! ends its sleep ([`Unparker`]). Does not do: cancel tasks or count them (`task`), sockets (`poller`), time (`clock`).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_task::Runnable;
use headwater_core::time::Monotonic;
use headwater_storage::disk::ring::{self, Unparker};

use super::clock::{self, Clock};
use super::poller::Poller;

/// What background work gets of a busy shard: one part beside so many of requests.
const NETWORK_PARTS: u64 = 5;

/// Which queue a task is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Network,
    Background,
}

#[derive(Default)]
struct Queues {
    network: RefCell<VecDeque<Runnable>>,
    background: RefCell<VecDeque<Runnable>>,
    /// When the running task has had its share, in nanoseconds of the shards' clock.
    slice_end: Cell<u64>,
}

/// What other threads reach: what they have woken, and the bell.
struct Remote {
    unparker: Unparker,
    woken: Mutex<Vec<(Class, Runnable)>>,
    /// `woken` holds something; spares the lock in each pass.
    any: AtomicBool,
}

/// The executor that runs on a thread, and how it is told from others'.
type Here = (*const Remote, Rc<Queues>);

thread_local! {
    static HERE: RefCell<Option<Here>> = const { RefCell::new(None) };
}

/// One shard's.
pub(super) struct Executor {
    queues: Rc<Queues>,
    remote: Arc<Remote>,
    slice: Duration,
}

impl Queues {
    fn of(&self, class: Class) -> &RefCell<VecDeque<Runnable>> {
        match class {
            Class::Network => &self.network,
            Class::Background => &self.background,
        }
    }

    fn is_empty(&self) -> bool {
        self.network.borrow().is_empty() && self.background.borrow().is_empty()
    }
}

impl Remote {
    fn schedule(&self, class: Class, runnable: Runnable) {
        let mut runnable = Some(runnable);
        // While the thread ends its locals may be gone; the task is then one that nobody runs any more.
        let _ = HERE.try_with(|here| {
            if let Some((remote, queues)) = &*here.borrow()
                && std::ptr::eq(*remote, self)
            {
                queues.of(class).borrow_mut().extend(runnable.take());
            }
        });
        if let Some(runnable) = runnable {
            self.woken.lock().unwrap_or_else(PoisonError::into_inner).push((class, runnable));
            self.any.store(true, Ordering::Release);
            self.unparker.unpark();
        }
    }
}

impl Executor {
    /// Of this thread, which must have a ring; `slice` is what a task may compute before it makes room.
    pub(super) fn new(slice: Duration) -> io::Result<Self> {
        let unparker = Unparker::new()?;
        unparker.watch()?;
        let remote = Arc::new(Remote { unparker, woken: Mutex::default(), any: AtomicBool::new(false) });
        let queues = Rc::<Queues>::default();
        HERE.with(|here| *here.borrow_mut() = Some((Arc::as_ptr(&remote), queues.clone())));
        Ok(Self { queues, remote, slice })
    }

    /// Queues a future to be run; it goes on alone.
    pub(super) fn spawn(&self, class: Class, future: impl Future<Output = ()> + 'static) {
        let remote = self.remote.clone();
        let (runnable, task) =
            async_task::spawn_local(future, move |runnable| remote.schedule(class, runnable));
        runnable.schedule();
        task.detach();
    }

    /// Runs passes until `ended`.
    ///
    /// # Errors
    /// When the kernel refuses the ring or the sockets, which only a bug or a lack of memory explains.
    pub(super) fn run(&self, clock: &Clock, poller: &Poller, ended: impl Fn() -> bool) -> io::Result<()> {
        loop {
            self.take_woken();
            let began = clock::now();
            clock.fire(began);
            poller.dispatch()?;
            self.pass(began);
            if ended() {
                return Ok(());
            }
            if self.queues.is_empty() {
                let timeout = clock
                    .next()
                    .map(|at| Duration::from_nanos(at.nanos().saturating_sub(clock::now().nanos())));
                self.remote.unparker.park(timeout, || self.remote.any.load(Ordering::Acquire))?;
            } else {
                ring::turn(ring::Wait::No)?;
            }
        }
    }

    fn take_woken(&self) {
        if self.remote.any.swap(false, Ordering::AcqRel) {
            let woken =
                std::mem::take(&mut *self.remote.woken.lock().unwrap_or_else(PoisonError::into_inner));
            for (class, runnable) in woken {
                self.queues.of(class).borrow_mut().push_back(runnable);
            }
        }
    }

    /// Runs what is ready now: all requests, then background work for its share of the time they took.
    fn pass(&self, began: Monotonic) {
        self.run_ready(Class::Network, began, None);
        if self.queues.background.borrow().is_empty() {
            return;
        }
        let now = clock::now();
        let quiet = self.queues.network.borrow().is_empty();
        let share = (now.nanos() - began.nanos()) / NETWORK_PARTS;
        self.run_ready(Class::Background, now, if quiet { None } else { Some(now.nanos() + share) });
    }

    /// Runs the tasks of a queue that are ready now, or as many as begin before `until`, and one at least.
    fn run_ready(&self, class: Class, now: Monotonic, until: Option<u64>) {
        let queue = self.queues.of(class);
        let slice = now.nanos() + self.slice.as_nanos() as u64;
        self.queues.slice_end.set(until.map_or(slice, |until| until.min(slice)));
        let ready = queue.borrow().len();
        for _ in 0..ready {
            let Some(runnable) = queue.borrow_mut().pop_front() else { return };
            runnable.run();
            if until.is_some_and(|until| clock::now().nanos() >= until) {
                return;
            }
        }
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        let here = HERE.with(|here| here.borrow_mut().take());
        // Tasks are dropped when nothing is borrowed: they may wake others.
        self.queues.network.take();
        self.queues.background.take();
        drop(here);
    }
}

/// Whether the running task has had its share of this pass.
pub(super) fn slice_used_up() -> bool {
    let end = HERE.with(|here| here.borrow().as_ref().map(|(_, queues)| queues.slice_end.get()));
    end.is_some_and(|end| clock::now().nanos() >= end)
}
