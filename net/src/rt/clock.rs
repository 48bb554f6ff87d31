//! Time on a shard: the clocks, and waiting for a point in time.
//!
//! The executor sleeps until the earliest of the shard's deadlines at most, and wakes what is due before each pass; any
//! number of sleeps may be polled and dropped at will.
//! Does not do: sleep (that is the executor's), or pass simulated time (machines take time as an argument).

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use headwater_core::time::{Monotonic, Timestamp};

use super::sleep_until;
use super::wheel::{Ticket, Wheel};

static START: OnceLock<Instant> = OnceLock::new();

/// When the clock began: the first call, or the start of the shards.
pub(super) fn start() -> Instant {
    *START.get_or_init(Instant::now)
}

/// The monotonic clock, common to all shards.
pub fn now() -> Monotonic {
    let nanos = start().elapsed().as_nanos();
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

/// A shard's deadlines.
#[derive(Default)]
pub(super) struct Clock {
    wheel: RefCell<Wheel>,
}

impl Clock {
    /// The earliest deadline: the executor sleeps no longer.
    pub(super) fn next(&self) -> Option<Monotonic> {
        self.wheel.borrow().earliest()
    }

    /// Wakes what is due.
    pub(super) fn fire(&self, now: Monotonic) {
        if self.next().is_none_or(|at| at > now) {
            return;
        }
        let mut due = Vec::new();
        self.wheel.borrow_mut().due(now, &mut due);
        // Woken outside of the borrow: a waker may drop a sleep, which takes its entry out.
        due.into_iter().for_each(Waker::wake);
    }
}

/// Waits until a point in time; may be polled any number of times and dropped at any point.
#[must_use = "futures do nothing unless awaited"]
pub struct Sleep {
    clock: Rc<Clock>,
    deadline: Monotonic,
    ticket: Option<Ticket>,
}

pub(super) fn after(duration: Duration) -> Monotonic {
    let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    Monotonic::from_nanos(now().nanos().saturating_add(nanos))
}

impl Sleep {
    pub(super) fn new(clock: Rc<Clock>, deadline: Monotonic) -> Self {
        Self { clock, deadline, ticket: None }
    }

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
        let ticket = self.clock.wheel.borrow_mut().insert(self.deadline, cx.waker().clone());
        self.ticket = Some(ticket);
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
