//! The watchdog: one thread outside the shards that wakes a shard which may have gone to sleep with work left.
//!
//! The runtime parks an executor although tasks are ready when its preemption timer fires between arming and the
//! first task (docs/design/0002-runtime.md). Nothing inside the shard can repair that: every task there, a ticker
//! included, may be among the ready ones. So each shard keeps a [`Pulse`] that beats at every task poll, and this
//! thread pokes a shard whose pulse stands still, through the waker of a task that does nothing.
//!
//! ```text
//!                  beats moved: it runs, leave it alone, look again after a tick
//!                 ┌─────────────┐
//!                 v             │
//!   still for a tick ── poke ───┤
//!                 ^             ├── not answered (it parked again, or is busy): next poke after a tick
//!                 │             └── answered, and nothing else ran: next poke after four times as long, up to `RARE`
//!                 └── it used processor time although it was not poked: poke at once, and begin anew
//! ```
//!
//! Why backing off is safe. A poked shard runs what is ready, so if only the poke task ran, nothing was, unless the
//! same misfortune struck again just after the poke; it would have to strike at each poke in a row (1, 1, 4, 16, 64,
//! 256 ms), and is then still found after [`RARE`]. What happens on an idle shard starts with its thread running, and
//! that shows in its processor time, which is read without waking it. So a stall lasts about a tick on a busy shard,
//! and [`LOOK`] at most when it begins from idleness.
//!
//! An idle shard costs a reading of its clock every [`LOOK`], and a poke a second.
//! Does not do: detect a task that never yields (that is a bug to find with a profiler), or measure anything.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

/// The longest time between two looks: the bound on a stall that begins from idleness.
pub const LOOK: Duration = Duration::from_millis(48);
/// The longest time between two pokes of a shard that seems idle.
pub const RARE: Duration = Duration::from_secs(1);

/// What a shard and the watchdog share.
#[derive(Debug, Default)]
pub struct Pulse {
    /// Task polls. Only the shard writes, so a plain load and store will do: no locked instruction at each poll.
    beats: AtomicU64,
    /// Polls of the poke task.
    answered: AtomicU64,
    poke: Mutex<Option<Waker>>,
}

impl Pulse {
    /// A task of the shard is polled. Called on the shard only.
    #[inline]
    pub fn beat(&self) {
        self.beats.store(self.beats.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }

    /// The poke task is polled: it was reached, and leaves the waker for the next poke. Called on the shard only.
    pub fn answer(&self, waker: &Waker) {
        self.answered.store(self.answered.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        let mut held = self.poke.lock().unwrap_or_else(PoisonError::into_inner);
        match held.as_mut() {
            Some(held) => held.clone_from(waker),
            None => *held = Some(waker.clone()),
        }
    }

    /// The shard ends: its poke task is not to be woken any more.
    pub fn stop(&self) {
        let held = self.poke.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(held);
    }

    fn poke(&self) {
        if let Some(waker) = self.poke.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            waker.wake_by_ref();
        }
    }
}

/// A shard as the watchdog is given it.
pub struct Watched {
    /// What it shares with the shard.
    pub pulse: Arc<Pulse>,
    /// Reads the processor time of the shard's thread, in nanoseconds; any value that moves will do.
    pub cpu_nanos: Box<dyn Fn() -> u64 + Send>,
}

/// What a look finds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Reading {
    beats: u64,
    answered: u64,
    cpu_nanos: u64,
}

/// What the watchdog knows of one shard; pure, so that its rule can be tested without a clock.
#[derive(Debug)]
struct Watch {
    seen: Reading,
    /// Polls of the poke task when it was last poked.
    answered_before: u64,
    /// Poked since the last look, so processor time was used on our account.
    poked: bool,
    shortest: Duration,
    tick: Duration,
    next_poke: Instant,
}

impl Watch {
    fn new(now: Instant, shortest: Duration) -> Self {
        let seen = Reading::default();
        Self { seen, answered_before: 0, poked: false, shortest, tick: shortest, next_poke: now + shortest }
    }

    /// Answers whether to poke.
    fn look(&mut self, now: Instant, reading: Reading) -> bool {
        let before = std::mem::replace(&mut self.seen, reading);
        let poked = std::mem::take(&mut self.poked);
        if reading.beats != before.beats {
            self.tick = self.shortest;
            self.next_poke = now + self.shortest;
            return false;
        }
        if poked && reading.answered != self.answered_before {
            self.tick = (self.tick * 4).min(RARE.max(self.shortest));
            self.next_poke = now + self.tick;
            return false;
        }
        let ran_unasked = !poked && reading.cpu_nanos != before.cpu_nanos;
        if poked || ran_unasked {
            self.tick = self.shortest;
        } else if now < self.next_poke {
            return false;
        }
        self.answered_before = reading.answered;
        self.poked = true;
        true
    }

    /// When to look again.
    fn next_look(&self, now: Instant) -> Instant {
        if self.poked {
            return now + self.shortest; // to see whether it was answered, and what processor time that took
        }
        self.next_poke.min(now + self.tick.min(LOOK))
    }
}

/// The running watchdog thread; dropping it stops and joins it.
#[derive(Debug)]
pub struct Watchdog {
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Watchdog {
    /// Watches the shards, looking every `tick` at those that run.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(shards: Vec<Watched>, tick: Duration) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = thread::Builder::new()
            .name("watchdog".to_owned())
            .spawn(move || watch(&shards, tick, &stopped))?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A watchdog that panicked has already said so; there is nothing left to clean up after it.
            let _ = thread.join();
        }
    }
}

fn watch(shards: &[Watched], tick: Duration, stopped: &AtomicBool) {
    let mut watches: Vec<Watch> = shards.iter().map(|_| Watch::new(Instant::now(), tick)).collect();
    while !stopped.load(Ordering::Acquire) {
        let now = Instant::now();
        for (shard, watch) in shards.iter().zip(&mut watches) {
            let reading = Reading {
                beats: shard.pulse.beats.load(Ordering::Relaxed),
                answered: shard.pulse.answered.load(Ordering::Relaxed),
                cpu_nanos: (shard.cpu_nanos)(),
            };
            if watch.look(now, reading) {
                shard.pulse.poke();
            }
        }
        let next = watches.iter().map(|watch| watch.next_look(now)).min().unwrap_or(now + LOOK);
        thread::park_timeout(next.saturating_duration_since(Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(1);

    /// Looks every millisecond for `millis`, at what `shard(millisecond, pokes so far)` reads; returns when it poked.
    fn pokes(millis: u64, mut shard: impl FnMut(u64, u64) -> Reading) -> Vec<u64> {
        let start = Instant::now();
        let mut watch = Watch::new(start, TICK);
        let mut poked = Vec::new();
        for milli in 1..=millis {
            if watch.look(start + Duration::from_millis(milli), shard(milli, poked.len() as u64)) {
                poked.push(milli);
            }
        }
        poked
    }

    /// A shard that runs when poked and at no other time.
    fn idle(pokes: u64) -> Reading {
        Reading { beats: 0, answered: pokes, cpu_nanos: pokes * 9000 }
    }

    #[test]
    fn a_shard_that_runs_is_left_alone() {
        assert!(pokes(50, |milli, _| Reading { beats: milli, answered: 0, cpu_nanos: milli }).is_empty());
    }

    #[test]
    fn a_shard_that_does_not_answer_is_poked_every_tick() {
        let parked_again = |_, pokes| Reading { answered: 0, ..idle(pokes) };
        assert_eq!(pokes(5, parked_again), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn an_idle_shard_is_poked_less_and_less_but_always_again() {
        let at = pokes(6000, |_, pokes| idle(pokes));
        assert_eq!(at[..7], [1, 6, 23, 88, 345, 1346, 2347]);
    }

    #[test]
    fn after_it_ran_an_idle_shard_is_poked_soon() {
        // Its last beat comes at 10: the misfortune may have struck right after it.
        let at = pokes(100, |milli, pokes| Reading { beats: milli.min(10), ..idle(pokes) });
        assert_eq!(at[..3], [11, 16, 33]);
    }

    #[test]
    fn one_that_wakes_and_runs_no_task_is_poked_at_once() {
        let woken_at_500 = |milli, pokes| {
            let idle = idle(pokes);
            Reading { cpu_nanos: idle.cpu_nanos + u64::from(milli >= 500), ..idle }
        };
        let at = pokes(600, woken_at_500);
        let first = at.iter().position(|milli| *milli >= 500).unwrap();
        assert_eq!(at[first..first + 3], [500, 505, 522]);
    }
}
