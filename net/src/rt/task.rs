//! The tasks of one shard: who waits for them, and how they are cancelled.
//!
//! ```text
//! running ── future ready ──> ended, output kept for the handle
//!    └───── cancelled (handle dropped, `cancel`, or the shard's end) ──> future dropped at its next poll, ended
//! ```
//!
//! A task that still waits when its executor ends would never be dropped, and with it a socket that takes connections from
//! the port's other listeners. So all are known here, and cancelled: a flag, seen when the task is polled next.
//! Invariant: the future is dropped before anybody hears of the end. Does not do: run anything.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::thread;

use headwater_core::ids::ShardId;

use super::local::Event;

/// Ends the process when it is dropped by a panic.
pub(super) struct EndsProcess {
    pub(super) shard: ShardId,
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

/// The tasks of a shard, so that they can be cancelled before its executor ends: the runtime leaves those that wait
/// undropped, and with them sockets that still take connections from the port's other listeners.
#[derive(Default)]
pub(super) struct Tasks {
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

    /// Makes the body that the runtime is to run for `future` on `shard`, and its handle.
    pub(super) fn track<T: 'static, F: Future<Output = T> + 'static>(
        self: &Rc<Self>,
        shard: ShardId,
        future: F,
    ) -> (Task<T>, impl Future<Output = ()> + use<T, F>) {
        let control = Rc::<Control>::default();
        let output = Rc::new(RefCell::new(None));
        let task = Task { control: control.clone(), output: output.clone(), detached: false };
        let tasks = self.clone();
        let number = tasks.add(control.clone());
        let body = async move {
            {
                let mut future = pin!(future);
                let ended = poll_fn(|cx| {
                    let _bomb = EndsProcess { shard };
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
        (task, body)
    }

    /// Cancels all, also those that are spawned meanwhile, and waits until their futures are dropped.
    pub(super) async fn cancel_all(&self) {
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
