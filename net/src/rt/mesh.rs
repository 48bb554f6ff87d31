//! Messages between shards: one bounded queue for each ordered pair, in two lanes.
//!
//! ```text
//!            requests and notices (bounded; a full lane makes the sender wait)
//!   shard A ──────────────────────────────────────────────────────────────────> shard B
//!           <──────────────────────────────────────────────────────────────────
//!            replies (as many slots as A may have requests in flight, so always room)
//! ```
//!
//! Invariants: a request reserves the slot of its reply before it leaves; the reservation ends when A takes the
//! reply out. So `send_reply` never waits, and two shards that answer each other cannot deadlock. Each request is
//! answered exactly once; a notice never is. Messages of one lane arrive in the order they were sent.
//! Nothing is dropped, except what is on the way to a shard that ended.
//!
//! A sender rings the target's bell only when the target has said that it is about to sleep, so a burst costs one
//! wake-up. Does not do: messages to oneself (call the function), or deciding which shard owns what.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use headwater_core::ids::ShardId;
use rtrb::{Consumer, Producer, RingBuffer};

/// How many messages of one lane are taken before the next source has its turn.
const TURN: usize = 64;

/// Why a message was not sent; it is handed back.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError<M> {
    /// The lane is full, or as many requests as there are reply slots are in flight.
    #[error("the lane is full")]
    Full(M),
    /// The target shard has ended.
    #[error("the target shard has ended")]
    Ended(M),
}

/// Makes the ends of a mesh of `shards` shards; the end at index i is for shard i.
///
/// `in_flight` bounds the unanswered requests from one shard to another, and with a like number of notices the
/// length of a request lane.
///
/// # Panics
/// When `in_flight` is 0.
pub fn mesh<M: Send>(shards: usize, in_flight: usize) -> Vec<MeshEnd<M>> {
    assert!(in_flight > 0, "a mesh needs room for one request");
    let bells: Vec<Arc<Bell>> = (0..shards).map(|_| Arc::default()).collect();
    let mut out: Vec<Vec<Option<Outbound<M>>>> = (0..shards).map(|_| Vec::new()).collect();
    let mut inward: Vec<Vec<Option<Inbound<M>>>> = (0..shards).map(|_| Vec::new()).collect();
    for (from, out) in out.iter_mut().enumerate() {
        for (to, inward) in inward.iter_mut().enumerate() {
            if from == to {
                out.push(None);
                inward.push(None);
                continue;
            }
            let (requests, requests_end) = RingBuffer::new(in_flight * 2);
            let (replies, replies_end) = RingBuffer::new(in_flight);
            let stalled = Arc::new(AtomicBool::new(false));
            out.push(Some(Outbound {
                requests: RefCell::new(requests),
                replies: RefCell::new(replies),
                in_flight: Cell::new(0),
                stalled: stalled.clone(),
                bell: bells[to].clone(),
                waiting: RefCell::default(),
                lane_was_full: Cell::new(false),
            }));
            inward.push(Some(Inbound {
                requests: RefCell::new(requests_end),
                replies: RefCell::new(replies_end),
                owed: Cell::new(0),
                stalled,
            }));
        }
    }
    out.into_iter()
        .zip(inward)
        .zip(bells)
        .enumerate()
        .map(|(me, ((out, inward), bell))| MeshEnd {
            me: ShardId::new(me as u16),
            in_flight_max: in_flight,
            out,
            inward,
            bell,
            turn: Cell::new(0),
            inbox: RefCell::default(),
        })
        .collect()
}

/// A message of the request lane.
struct Request<M> {
    message: M,
    wants_reply: bool,
}

struct Outbound<M> {
    requests: RefCell<Producer<Request<M>>>,
    replies: RefCell<Producer<M>>,
    /// Requests whose reply has not been taken out: the reserved reply slots.
    in_flight: Cell<usize>,
    /// This side found the request lane full and wants a ring when there is room.
    stalled: Arc<AtomicBool>,
    bell: Arc<Bell>,
    waiting: RefCell<Vec<Waker>>,
    /// Somebody in `waiting` found the lane itself full, not just the reply slots taken.
    lane_was_full: Cell<bool>,
}

struct Inbound<M> {
    requests: RefCell<Consumer<Request<M>>>,
    replies: RefCell<Consumer<M>>,
    /// Requests taken out and not yet answered.
    owed: Cell<usize>,
    stalled: Arc<AtomicBool>,
}

/// Wakes one shard's receiver, once for any number of messages.
#[derive(Default)]
struct Bell {
    armed: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Bell {
    /// After a push. The fence pairs with the one in [`Self::arm`]: either the sleeper sees the message or we see
    /// that it sleeps.
    fn ring(&self) {
        fence(Ordering::SeqCst);
        if self.armed.load(Ordering::Relaxed)
            && self.armed.swap(false, Ordering::AcqRel)
            && let Some(waker) = self.waker.lock().unwrap_or_else(PoisonError::into_inner).as_ref()
        {
            waker.wake_by_ref();
        }
    }

    /// Before sleeping; the queues must be looked at once more afterwards.
    fn arm(&self, waker: &Waker) {
        {
            let mut held = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
            match held.as_mut() {
                Some(held) => held.clone_from(waker),
                None => *held = Some(waker.clone()),
            }
        }
        self.armed.store(true, Ordering::Release);
        fence(Ordering::SeqCst);
    }
}

/// One shard's end of the mesh. It is moved to its shard and used there only; it has one receiver.
///
/// Waiting senders are woken by the receiver's loop, so a shard that sends must also keep receiving.
pub struct MeshEnd<M> {
    me: ShardId,
    in_flight_max: usize,
    out: Vec<Option<Outbound<M>>>,
    inward: Vec<Option<Inbound<M>>>,
    bell: Arc<Bell>,
    turn: Cell<usize>,
    inbox: RefCell<VecDeque<(ShardId, M)>>,
}

impl<M> MeshEnd<M> {
    /// The shard this end belongs to.
    pub fn me(&self) -> ShardId {
        self.me
    }

    /// How many shards the mesh joins, this one included.
    pub fn shards(&self) -> usize {
        self.out.len()
    }

    /// Requests to `to` whose reply has not come back yet.
    pub fn in_flight(&self, to: ShardId) -> usize {
        self.outbound(to).in_flight.get()
    }

    /// Sends a request that `to` must answer with [`Self::send_reply`], if there is room.
    pub fn try_send(&self, to: ShardId, message: M) -> Result<(), SendError<M>> {
        let out = self.outbound(to);
        // "Full" of an ended shard would be waited on for ever, so its end is looked at first.
        if out.requests.borrow().is_abandoned() {
            return Err(SendError::Ended(message));
        }
        if out.in_flight.get() >= self.in_flight_max {
            return Err(SendError::Full(message));
        }
        self.push(out, Request { message, wants_reply: true })?;
        out.in_flight.set(out.in_flight.get() + 1);
        Ok(())
    }

    /// Sends a message that is not answered, if there is room.
    pub fn try_notice(&self, to: ShardId, message: M) -> Result<(), SendError<M>> {
        self.push(self.outbound(to), Request { message, wants_reply: false })
    }

    /// Sends a request, waiting while there is no room. Dropped while it waits, nothing was sent.
    ///
    /// # Errors
    /// Only [`SendError::Ended`].
    pub async fn send_request(&self, to: ShardId, message: M) -> Result<(), SendError<M>> {
        self.retry(to, message, Self::try_send).await
    }

    /// Sends a message that is not answered, waiting while there is no room.
    ///
    /// # Errors
    /// Only [`SendError::Ended`].
    pub async fn send_notice(&self, to: ShardId, message: M) -> Result<(), SendError<M>> {
        self.retry(to, message, Self::try_notice).await
    }

    /// Answers one request of `to`; there is always room.
    ///
    /// # Panics
    /// When `to` is owed no reply: a request was answered twice, or a notice was answered.
    pub fn send_reply(&self, to: ShardId, message: M) {
        let out = self.outbound(to);
        let owed = &self.inbound(to).owed;
        assert!(owed.get() > 0, "shard {} answers shard {to}, which waits for nothing", self.me);
        owed.set(owed.get() - 1);
        let mut replies = out.replies.borrow_mut();
        if replies.is_abandoned() {
            return; // the asker has ended, and nobody is left to read the answer
        }
        assert!(
            replies.push(message).is_ok(),
            "the reply lane to shard {to} is full although slots are reserved"
        );
        drop(replies);
        out.bell.ring();
    }

    /// Waits for the next message, taking the sources in turn.
    pub async fn recv(&self) -> (ShardId, M) {
        poll_fn(|cx| if self.inbox.borrow().is_empty() { self.poll_fill(cx) } else { Poll::Ready(()) }).await;
        let first = self.inbox.borrow_mut().pop_front();
        first.expect("filled just now, and there is one receiver")
    }

    /// Waits for at least one message and moves everything at hand to `out`.
    pub async fn recv_batch(&self, out: &mut Vec<(ShardId, M)>) {
        out.push(self.recv().await);
        self.fill();
        out.extend(self.inbox.borrow_mut().drain(..));
    }

    fn outbound(&self, to: ShardId) -> &Outbound<M> {
        let out = self.out.get(to.get() as usize).and_then(Option::as_ref);
        out.unwrap_or_else(|| panic!("shard {} has no lane to shard {to}", self.me))
    }

    fn inbound(&self, from: ShardId) -> &Inbound<M> {
        let inward = self.inward.get(from.get() as usize).and_then(Option::as_ref);
        inward.unwrap_or_else(|| panic!("shard {} has no lane from shard {from}", self.me))
    }

    fn push(&self, out: &Outbound<M>, request: Request<M>) -> Result<(), SendError<M>> {
        let mut requests = out.requests.borrow_mut();
        if requests.is_abandoned() {
            return Err(SendError::Ended(request.message));
        }
        if let Err(rtrb::PushError::Full(request)) = requests.push(request) {
            return Err(SendError::Full(request.message));
        }
        drop(requests);
        out.bell.ring();
        Ok(())
    }

    async fn retry(
        &self,
        to: ShardId,
        message: M,
        attempt: impl Fn(&Self, ShardId, M) -> Result<(), SendError<M>>,
    ) -> Result<(), SendError<M>> {
        let mut held = Some(message);
        let out = self.outbound(to);
        poll_fn(|cx| {
            // Twice: the receiver may make room between a failed attempt and the flag that asks for a ring.
            for _ in 0..2 {
                let message = held.take().expect("held until it is sent");
                match attempt(self, to, message) {
                    Ok(()) => return Poll::Ready(Ok(())),
                    Err(SendError::Ended(message)) => return Poll::Ready(Err(SendError::Ended(message))),
                    Err(SendError::Full(message)) => held = Some(message),
                }
                if out.requests.borrow().is_full() {
                    out.lane_was_full.set(true);
                    out.stalled.store(true, Ordering::Relaxed);
                    fence(Ordering::SeqCst);
                }
            }
            let mut waiting = out.waiting.borrow_mut();
            if !waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                waiting.push(cx.waker().clone());
            }
            Poll::Pending
        })
        .await
    }

    fn poll_fill(&self, cx: &Context<'_>) -> Poll<()> {
        if self.fill() {
            return Poll::Ready(());
        }
        self.bell.arm(cx.waker());
        if self.fill() {
            return Poll::Ready(());
        }
        Poll::Pending
    }

    /// Moves what is at hand to the inbox, and wakes the senders for which room may have come; whether the inbox
    /// holds anything.
    fn fill(&self) -> bool {
        let mut inbox = self.inbox.borrow_mut();
        let count = self.inward.len();
        let first = self.turn.get();
        for step in 0..count {
            let from = (first + step) % count;
            let (Some(inward), Some(out)) = (&self.inward[from], &self.out[from]) else { continue };
            let id = ShardId::new(from as u16);
            let mut replies = inward.replies.borrow_mut();
            let mut answered = 0;
            while answered < TURN {
                let Ok(message) = replies.pop() else { break };
                inbox.push_back((id, message));
                answered += 1;
            }
            assert!(out.in_flight.get() >= answered, "shard {id} answered more requests than it was sent");
            out.in_flight.set(out.in_flight.get() - answered);
            let mut requests = inward.requests.borrow_mut();
            let mut taken = 0;
            while taken < TURN {
                let Ok(request) = requests.pop() else { break };
                inward.owed.set(inward.owed.get() + usize::from(request.wants_reply));
                inbox.push_back((id, request.message));
                taken += 1;
            }
            if taken > 0 {
                fence(Ordering::SeqCst);
                if inward.stalled.load(Ordering::Relaxed) && inward.stalled.swap(false, Ordering::AcqRel) {
                    out.bell.ring();
                }
            }
            let lane = out.requests.borrow();
            let room = out.lane_was_full.get() && !lane.is_full();
            if answered > 0 || room || lane.is_abandoned() {
                out.lane_was_full.set(lane.is_full());
                let waiting = std::mem::take(&mut *out.waiting.borrow_mut());
                waiting.into_iter().for_each(Waker::wake);
            }
        }
        self.turn.set(if count == 0 { 0 } else { (first + 1) % count });
        !inbox.is_empty()
    }
}

impl<M> Drop for MeshEnd<M> {
    fn drop(&mut self) {
        let bells: Vec<Arc<Bell>> = self.out.iter().flatten().map(|out| out.bell.clone()).collect();
        // First the lanes, so that whoever is rung finds them abandoned.
        self.out.clear();
        self.inward.clear();
        for bell in bells {
            bell.ring();
        }
    }
}

#[cfg(test)]
mod tests;
