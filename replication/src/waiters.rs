//! Waiters: replies that are parked until a partition's high watermark has passed an offset.
//!
//! A produce request touches many partitions; its reply may leave when the last of them is committed. So a request
//! holds one [`Countdown`], and each partition holds `(offset, countdown)`. The cost is one allocation a request and
//! one queue entry a partition.
//!
//! Invariants: the queue is ordered by offset; a countdown is released exactly once for each place it was parked in;
//! whoever awaits it sees `Failed` if any of those places failed (a fault of the disk, the partition's removal).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use headwater_core::ids::Offset;

/// How a parked reply was released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything it waited for is committed: it may be acknowledged.
    Committed,
    /// At least one part can't be committed (fault, or the partition is gone): it must not be acknowledged.
    Failed,
}

type Then = Box<dyn FnOnce(Outcome)>;

/// Counts the partitions that a reply still waits for; runs an action, or wakes a task, when none is left.
pub struct Countdown {
    remaining: Cell<usize>,
    failed: Cell<bool>,
    then: Cell<Option<Then>>,
    waker: RefCell<Option<Waker>>,
}

impl Countdown {
    /// A countdown over nothing yet; it can't finish before [`Countdown::arm`].
    pub fn new() -> Rc<Self> {
        Rc::new(Self {
            // One for the creator: without it, the first partition that is already committed would finish a
            // request whose later partitions are not parked yet.
            remaining: Cell::new(1),
            failed: Cell::new(false),
            then: Cell::new(None),
            waker: RefCell::new(None),
        })
    }

    /// Runs `then` when everything is released, at once if it already is.
    pub fn arm(self: &Rc<Self>, then: impl FnOnce(Outcome) + 'static) {
        self.then.set(Some(Box::new(then)));
        self.release(Outcome::Committed);
    }

    /// Waits until everything is released.
    pub async fn wait(self: Rc<Self>) -> Outcome {
        self.release(Outcome::Committed);
        poll_fn(move |cx| {
            if self.remaining.get() == 0 {
                return Poll::Ready(self.outcome());
            }
            *self.waker.borrow_mut() = Some(cx.waker().clone());
            Poll::Pending
        })
        .await
    }

    fn outcome(&self) -> Outcome {
        if self.failed.get() { Outcome::Failed } else { Outcome::Committed }
    }

    fn hold(&self) {
        self.remaining.set(self.remaining.get() + 1);
    }

    fn release(&self, outcome: Outcome) {
        if outcome == Outcome::Failed {
            self.failed.set(true);
        }
        let left = self.remaining.get().checked_sub(1).expect("a countdown is released once a place");
        self.remaining.set(left);
        if left == 0 {
            if let Some(then) = self.then.take() {
                then(self.outcome());
            }
            if let Some(waker) = self.waker.borrow_mut().take() {
                waker.wake();
            }
        }
    }
}

/// The parked replies of one partition, ordered by the offset that the high watermark must reach.
#[derive(Default)]
pub struct Waiters {
    queue: VecDeque<(Offset, Rc<Countdown>)>,
}

impl Waiters {
    /// Parks until the high watermark is at least `end` (exclusive end of what must be committed).
    pub fn park(&mut self, end: Offset, countdown: &Rc<Countdown>) {
        countdown.hold();
        // Appends come in order, so this is the back; only a duplicate of an older batch walks.
        let at = self.queue.iter().rposition(|(other, _)| *other <= end).map_or(0, |i| i + 1);
        self.queue.insert(at, (end, countdown.clone()));
    }

    /// Takes those that `high_watermark` satisfies; the caller releases them once no borrow is held, since an action
    /// may come back to this partition.
    #[must_use]
    pub fn take_committed(&mut self, high_watermark: Offset) -> Vec<Rc<Countdown>> {
        let n = self.queue.partition_point(|(end, _)| *end <= high_watermark);
        self.queue.drain(..n).map(|(_, countdown)| countdown).collect()
    }

    /// Takes all, to be failed.
    #[must_use]
    pub fn take_all(&mut self) -> Vec<Rc<Countdown>> {
        self.queue.drain(..).map(|(_, countdown)| countdown).collect()
    }

    /// How many replies are parked.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether none is parked.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

/// Releases what [`Waiters::take_committed`] or [`Waiters::take_all`] gave.
pub fn release(taken: Vec<Rc<Countdown>>, outcome: Outcome) {
    for countdown in taken {
        countdown.release(outcome);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Seen = Rc<RefCell<Vec<Outcome>>>;

    fn log() -> (Seen, impl Fn(&Rc<Countdown>)) {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let sink = seen.clone();
        (seen, move |countdown| {
            let sink = sink.clone();
            countdown.arm(move |outcome| sink.borrow_mut().push(outcome));
        })
    }

    #[test]
    fn a_reply_over_two_partitions_leaves_with_the_later() {
        let (seen, arm) = log();
        let (mut a, mut b) = (Waiters::default(), Waiters::default());
        let reply = Countdown::new();
        a.park(Offset::new(10), &reply);
        b.park(Offset::new(5), &reply);
        arm(&reply);
        release(a.take_committed(Offset::new(9)), Outcome::Committed);
        release(b.take_committed(Offset::new(5)), Outcome::Committed);
        assert!(seen.borrow().is_empty());
        release(a.take_committed(Offset::new(10)), Outcome::Committed);
        assert_eq!(*seen.borrow(), [Outcome::Committed]);
        assert!(a.is_empty() && b.is_empty());
    }

    #[test]
    fn a_failed_part_fails_the_whole() {
        let (seen, arm) = log();
        let (mut a, mut b) = (Waiters::default(), Waiters::default());
        let reply = Countdown::new();
        a.park(Offset::new(1), &reply);
        b.park(Offset::new(1), &reply);
        arm(&reply);
        release(a.take_all(), Outcome::Failed);
        release(b.take_committed(Offset::new(1)), Outcome::Committed);
        assert_eq!(*seen.borrow(), [Outcome::Failed]);
    }

    #[test]
    fn a_duplicate_of_an_older_batch_does_not_wait_for_newer_ones() {
        let (seen, arm) = log();
        let mut waiters = Waiters::default();
        let (new, old) = (Countdown::new(), Countdown::new());
        waiters.park(Offset::new(20), &new);
        waiters.park(Offset::new(10), &old);
        arm(&old);
        release(waiters.take_committed(Offset::new(10)), Outcome::Committed);
        assert_eq!(seen.borrow().len(), 1);
        assert_eq!(waiters.len(), 1);
    }

    #[test]
    fn nothing_to_wait_for_finishes_at_once() {
        let (seen, arm) = log();
        arm(&Countdown::new());
        assert_eq!(*seen.borrow(), [Outcome::Committed]);
    }
}
