//! A budget handed out in parts: bytes of memory for requests, requests in flight.
//!
//! Invariants: free permits plus held permits make the whole budget; the claim at the head of the queue does not fit
//! what is free (else it would have been served).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use super::Waiting;

/// A budget (bytes of memory, requests in flight) that is handed out in parts, first come first served.
///
/// Fair: a large claim at the head of the queue is not overtaken by small ones, so it cannot starve.
#[derive(Clone)]
pub struct Semaphore {
    state: Rc<SemaphoreState>,
}

struct SemaphoreState {
    total: u64,
    free: Cell<u64>,
    queue: RefCell<VecDeque<(u64, Rc<Waiting>)>>,
}

impl Semaphore {
    /// A budget of `total` permits.
    pub fn new(total: u64) -> Self {
        Self { state: Rc::new(SemaphoreState { total, free: Cell::new(total), queue: RefCell::default() }) }
    }

    /// Permits nobody holds.
    pub fn free(&self) -> u64 {
        self.state.free.get()
    }

    /// The whole budget.
    pub fn total(&self) -> u64 {
        self.state.total
    }

    /// How many claims wait.
    pub fn waiting(&self) -> usize {
        self.state.queue.borrow().len()
    }

    /// Takes `count` permits now, unless they are not free or an earlier claim waits.
    ///
    /// A count above the whole budget is cut to it: such a claim waits until it is alone, instead of for ever.
    pub fn try_acquire(&self, count: u64) -> Option<Permit> {
        let count = count.min(self.state.total);
        if !self.state.queue.borrow().is_empty() || self.state.free.get() < count {
            return None;
        }
        self.state.free.set(self.state.free.get() - count);
        Some(Permit { state: self.state.clone(), count })
    }

    /// Waits for `count` permits (cut to the whole budget, as in [`Self::try_acquire`]).
    pub async fn acquire(&self, count: u64) -> Permit {
        if let Some(permit) = self.try_acquire(count) {
            return permit;
        }
        let count = count.min(self.state.total);
        let waiting = Rc::new(Waiting::default());
        self.state.queue.borrow_mut().push_back((count, waiting.clone()));
        let mut claim = Claim { state: &self.state, count, waiting, done: false };
        poll_fn(|cx| {
            if claim.waiting.granted.get() {
                return Poll::Ready(());
            }
            claim.waiting.park(cx);
            Poll::Pending
        })
        .await;
        claim.done = true;
        Permit { state: self.state.clone(), count }
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore").field("free", &self.free()).field("total", &self.total()).finish()
    }
}

impl SemaphoreState {
    fn give_back(&self, count: u64) {
        self.free.set(self.free.get() + count);
        debug_assert!(self.free.get() <= self.total, "more permits given back than there are");
        self.serve();
    }

    fn serve(&self) {
        loop {
            let next = {
                let mut queue = self.queue.borrow_mut();
                match queue.front() {
                    Some((count, _)) if *count <= self.free.get() => queue.pop_front(),
                    _ => None,
                }
            };
            let Some((count, waiting)) = next else { return };
            self.free.set(self.free.get() - count);
            waiting.grant();
        }
    }
}

/// A claim in the queue; dropped early, it leaves the queue or gives back what it was just granted.
struct Claim<'a> {
    state: &'a SemaphoreState,
    count: u64,
    waiting: Rc<Waiting>,
    done: bool,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        if self.waiting.granted.get() {
            self.state.give_back(self.count);
            return;
        }
        self.state.queue.borrow_mut().retain(|(_, other)| !Rc::ptr_eq(other, &self.waiting));
        // A large claim that left the head may have been all that held back smaller ones.
        self.state.serve();
    }
}

/// Permits held; dropping gives them back.
#[must_use = "dropping a permit gives it back at once"]
pub struct Permit {
    state: Rc<SemaphoreState>,
    count: u64,
}

impl Permit {
    /// How many permits this holds.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Gives back all but `count` of them (a request that turned out smaller than its claim).
    pub fn shrink_to(&mut self, count: u64) {
        if count < self.count {
            let surplus = self.count - count;
            self.count = count;
            self.state.give_back(surplus);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.state.give_back(self.count);
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("count", &self.count).finish()
    }
}
