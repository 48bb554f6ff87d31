//! Waiting inside one shard: events, one-shot values, bounded channels and fair permits.
//!
//! Plain `std` wakers on `Rc` and `RefCell`: no runtime, no atomics, nothing here crosses a thread.
//! Every future may be dropped at any point without losing a wake-up, a value or a permit.
//! [`Event`] is here; [`oneshot()`], [`channel()`] and [`Semaphore`] have a file each.
//! Does not do: anything between shards (that is `mesh`), or time (that is `rt::sleep`).

pub mod channel;
pub mod oneshot;
pub mod semaphore;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

pub use channel::{ChannelReceiver, ChannelSender, channel};
pub use oneshot::{Closed, OneshotReceiver, OneshotSender, oneshot};
pub use semaphore::{Permit, Semaphore};

/// Something to do: wakes whoever waits for it, and is remembered once when nobody does.
///
/// The memory is what makes `loop { do_all(); event.wait().await }` safe: a notice given while `do_all` ran
/// ends the next wait at once. Several notices without a waiter count as one.
#[derive(Clone, Default)]
pub struct Event {
    state: Rc<RefCell<EventState>>,
}

#[derive(Default)]
struct EventState {
    given: bool,
    /// In the order of their coming; those that no longer wait are among them until there are too many.
    waiters: VecDeque<Rc<Waiting>>,
    gone: usize,
}

impl EventState {
    fn pop(&mut self) -> Option<Rc<Waiting>> {
        while let Some(first) = self.waiters.pop_front() {
            if !first.gone.get() {
                return Some(first);
            }
            self.gone -= 1;
        }
        None
    }

    /// A wait was given up. To look for it would cost each connection a walk over all the others, at every request.
    fn give_up(&mut self, waiting: &Waiting) {
        waiting.gone.set(true);
        waiting.waker.borrow_mut().take();
        self.gone += 1;
        if self.gone * 2 > self.waiters.len() {
            self.waiters.retain(|one| !one.gone.get());
            self.gone = 0;
        }
    }
}

/// One parked future: `granted` is set by whoever ends its wait, `gone` when it gives the wait up.
#[derive(Default)]
struct Waiting {
    granted: Cell<bool>,
    gone: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Waiting {
    fn grant(&self) {
        self.granted.set(true);
        let waker = self.waker.borrow_mut().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn park(&self, cx: &Context<'_>) {
        let mut held = self.waker.borrow_mut();
        match held.as_mut() {
            Some(waker) => waker.clone_from(cx.waker()),
            None => *held = Some(cx.waker().clone()),
        }
    }
}

impl Event {
    /// An event nobody has given yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends one wait: the one that waits longest, or else the next to come.
    pub fn notify(&self) {
        let first = {
            let mut state = self.state.borrow_mut();
            let first = state.pop();
            state.given |= first.is_none();
            first
        };
        if let Some(waiting) = first {
            waiting.grant();
        }
    }

    /// Ends every wait there is now; remembers nothing.
    pub fn notify_all(&self) {
        let mut state = self.state.borrow_mut();
        let waiters = std::mem::take(&mut state.waiters);
        state.gone = 0;
        drop(state);
        for waiting in waiters.into_iter().filter(|waiting| !waiting.gone.get()) {
            waiting.grant();
        }
    }

    /// Waits for the next notice. Dropped after it was notified but before it was polled, it passes the notice on.
    pub fn wait(&self) -> EventWait {
        EventWait { event: self.clone(), waiting: None }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.borrow();
        f.debug_struct("Event")
            .field("given", &state.given)
            .field("waiters", &(state.waiters.len() - state.gone))
            .finish()
    }
}

/// The wait of [`Event::wait`].
#[must_use = "futures do nothing unless awaited"]
pub struct EventWait {
    event: Event,
    waiting: Option<Rc<Waiting>>,
}

impl Future for EventWait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(waiting) = &self.waiting {
            if waiting.granted.get() {
                self.waiting = None;
                return Poll::Ready(());
            }
            waiting.park(cx);
            return Poll::Pending;
        }
        let mut state = self.event.state.borrow_mut();
        if std::mem::take(&mut state.given) {
            return Poll::Ready(());
        }
        let waiting = Rc::new(Waiting::default());
        waiting.park(cx);
        state.waiters.push_back(waiting.clone());
        drop(state);
        self.waiting = Some(waiting);
        Poll::Pending
    }
}

impl Drop for EventWait {
    fn drop(&mut self) {
        let Some(waiting) = self.waiting.take() else { return };
        if waiting.granted.get() {
            // The notice was meant for work, not for this particular waiter: without handing it on, it is lost.
            self.event.notify();
        } else {
            self.event.state.borrow_mut().give_up(&waiting);
        }
    }
}

#[cfg(test)]
mod tests;
