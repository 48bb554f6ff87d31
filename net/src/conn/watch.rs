//! What ends a wait for a client's bytes: the time, or the broker's stop.
//!
//! Both are waited for once a connection and not once a request: a heartbeat that takes an entry of the timers out and
//! puts one in, and a place in the queue of those who are told of the stop, spends more on that than on its group. So the
//! timer that is set stays until it fires, however often the deadline has moved on by then; it is set anew only for an
//! earlier one.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use headwater_core::time::Monotonic;

use crate::rt::local::EventWait;
use crate::rt::{self, Sleep};
use crate::shard::Shard;

/// Why a wait was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The deadline has come.
    Time,
    /// The broker stops.
    Stop,
}

/// See the module's text.
pub struct Watch {
    stop: EventWait,
    timer: Option<Sleep>,
    /// The task that both wake.
    task: Option<Waker>,
}

impl Watch {
    /// Of one connection of `shard`.
    pub fn new(shard: &Shard) -> Self {
        Self { stop: shard.stop.wait(), timer: None, task: None }
    }

    /// Waits for `future`, until `deadline` at most; it is dropped when the wait is over.
    pub async fn until<T>(
        &mut self,
        shard: &Shard,
        deadline: Monotonic,
        future: impl Future<Output = T>,
    ) -> Result<T, Over> {
        let mut future = pin!(future);
        poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(value) => Poll::Ready(Ok(value)),
            Poll::Pending if shard.stopping.get() => Poll::Ready(Err(Over::Stop)),
            Poll::Pending => self.poll_timer(cx, deadline).map(Err),
        })
        .await
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>, deadline: Monotonic) -> Poll<Over> {
        let now = rt::now();
        if now >= deadline {
            return Poll::Ready(Over::Time);
        }
        let known = self.task.as_ref().is_some_and(|task| task.will_wake(cx.waker()));
        if !known {
            self.task = Some(cx.waker().clone());
            if Pin::new(&mut self.stop).poll(cx).is_ready() {
                return Poll::Ready(Over::Stop);
            }
        }
        let timer = self.timer.get_or_insert_with(|| rt::sleep_until(deadline));
        let set = timer.deadline();
        if set > deadline || set <= now {
            timer.reset(deadline);
        } else if known {
            return Poll::Pending;
        }
        Pin::new(timer).poll(cx).map(|()| Over::Time)
    }
}
