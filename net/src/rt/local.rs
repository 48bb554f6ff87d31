//! Waiting inside one shard: events, one-shot values, bounded channels and fair permits.
//!
//! Plain `std` wakers on `Rc` and `RefCell`: no runtime, no atomics, nothing here crosses a thread.
//! Every future may be dropped at any point without losing a wake-up, a value or a permit.
//! Does not do: anything between shards (that is `mesh`), or time (that is `rt::sleep`).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// The other end is gone, so this will never be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the other end was dropped")]
pub struct Closed;

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
    waiters: VecDeque<Rc<Waiting>>,
}

/// One parked future: `granted` is set by whoever ends its wait.
#[derive(Default)]
struct Waiting {
    granted: Cell<bool>,
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
            let first = state.waiters.pop_front();
            state.given |= first.is_none();
            first
        };
        if let Some(waiting) = first {
            waiting.grant();
        }
    }

    /// Ends every wait there is now; remembers nothing.
    pub fn notify_all(&self) {
        let waiters = std::mem::take(&mut self.state.borrow_mut().waiters);
        for waiting in waiters {
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
        f.debug_struct("Event").field("given", &state.given).field("waiters", &state.waiters.len()).finish()
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
            self.event.state.borrow_mut().waiters.retain(|other| !Rc::ptr_eq(other, &waiting));
        }
    }
}

/// A value that is sent once, to a receiver on the same shard.
pub fn oneshot<T>() -> (OneshotSender<T>, OneshotReceiver<T>) {
    let state = Rc::new(RefCell::new(OneshotState {
        value: None,
        waker: None,
        sender_gone: false,
        receiver_gone: false,
    }));
    (OneshotSender { state: state.clone() }, OneshotReceiver { state })
}

struct OneshotState<T> {
    value: Option<T>,
    waker: Option<Waker>,
    sender_gone: bool,
    receiver_gone: bool,
}

/// The sending end of [`oneshot`].
pub struct OneshotSender<T> {
    state: Rc<RefCell<OneshotState<T>>>,
}

impl<T> OneshotSender<T> {
    /// Delivers the value, or hands it back when the receiver is gone.
    pub fn send(self, value: T) -> Result<(), T> {
        let mut state = self.state.borrow_mut();
        if state.receiver_gone {
            return Err(value);
        }
        state.value = Some(value);
        Ok(()) // dropping self wakes the receiver
    }

    /// Whether nobody waits for the value any more.
    pub fn is_closed(&self) -> bool {
        self.state.borrow().receiver_gone
    }
}

impl<T> Drop for OneshotSender<T> {
    fn drop(&mut self) {
        let waker = {
            let mut state = self.state.borrow_mut();
            state.sender_gone = true;
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// The receiving end of [`oneshot`]: a future of the value, or [`Closed`] when the sender was dropped unused.
#[must_use = "futures do nothing unless awaited"]
pub struct OneshotReceiver<T> {
    state: Rc<RefCell<OneshotState<T>>>,
}

impl<T> Future for OneshotReceiver<T> {
    type Output = Result<T, Closed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.state.borrow_mut();
        if let Some(value) = state.value.take() {
            return Poll::Ready(Ok(value));
        }
        if state.sender_gone {
            return Poll::Ready(Err(Closed));
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl<T> Drop for OneshotReceiver<T> {
    fn drop(&mut self) {
        let mut state = self.state.borrow_mut();
        state.receiver_gone = true;
        state.value = None;
    }
}

/// A bounded queue of values inside one shard: many senders, one receiver.
///
/// # Panics
/// When `capacity` is 0.
pub fn channel<T>(capacity: usize) -> (ChannelSender<T>, ChannelReceiver<T>) {
    assert!(capacity > 0, "a channel needs room for one value");
    let state = Rc::new(ChannelState {
        queue: RefCell::new(VecDeque::new()),
        capacity,
        room: Event::new(),
        filled: Event::new(),
        senders: Cell::new(1),
        receiver_gone: Cell::new(false),
    });
    (ChannelSender { state: state.clone() }, ChannelReceiver { state })
}

struct ChannelState<T> {
    queue: RefCell<VecDeque<T>>,
    capacity: usize,
    room: Event,
    filled: Event,
    senders: Cell<usize>,
    receiver_gone: Cell<bool>,
}

/// The sending end of [`channel`].
pub struct ChannelSender<T> {
    state: Rc<ChannelState<T>>,
}

impl<T> ChannelSender<T> {
    /// Queues the value if there is room, else hands it back.
    pub fn try_send(&self, value: T) -> Result<(), T> {
        let mut queue = self.state.queue.borrow_mut();
        if self.state.receiver_gone.get() || queue.len() >= self.state.capacity {
            return Err(value);
        }
        queue.push_back(value);
        drop(queue);
        self.state.filled.notify();
        Ok(())
    }

    /// Queues the value, waiting for room; hands it back when the receiver is gone.
    pub async fn send(&self, mut value: T) -> Result<(), T> {
        loop {
            match self.try_send(value) {
                Ok(()) => return Ok(()),
                Err(back) if self.state.receiver_gone.get() => return Err(back),
                Err(back) => value = back,
            }
            self.state.room.wait().await;
        }
    }
}

impl<T> Clone for ChannelSender<T> {
    fn clone(&self) -> Self {
        self.state.senders.set(self.state.senders.get() + 1);
        Self { state: self.state.clone() }
    }
}

impl<T> Drop for ChannelSender<T> {
    fn drop(&mut self) {
        self.state.senders.set(self.state.senders.get() - 1);
        if self.state.senders.get() == 0 {
            self.state.filled.notify();
        }
    }
}

/// The receiving end of [`channel`].
pub struct ChannelReceiver<T> {
    state: Rc<ChannelState<T>>,
}

impl<T> ChannelReceiver<T> {
    /// Takes the oldest value, if there is one.
    pub fn try_recv(&self) -> Option<T> {
        let value = self.state.queue.borrow_mut().pop_front()?;
        self.state.room.notify();
        Some(value)
    }

    /// Waits for the next value; `None` once every sender is gone and the queue is empty.
    pub async fn recv(&mut self) -> Option<T> {
        loop {
            if let Some(value) = self.try_recv() {
                return Some(value);
            }
            if self.state.senders.get() == 0 {
                return None;
            }
            self.state.filled.wait().await;
        }
    }
}

impl<T> Drop for ChannelReceiver<T> {
    fn drop(&mut self) {
        self.state.receiver_gone.set(true);
        self.state.queue.borrow_mut().clear();
        self.state.room.notify_all();
    }
}

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
