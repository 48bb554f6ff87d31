//! The watchdog: one thread outside the shards that wakes a shard which may have gone to sleep with work left.
//!
//! glommio 0.12.0 parks an executor although tasks are ready when its preemption timer fires between arming and the
//! first task (docs/design/0002-runtime.md). Nothing inside the shard can repair that: every task there, a ticker
//! included, may be among the ready ones. So each shard keeps a [`Pulse`] that beats at every task poll, and this
//! thread pokes a shard whose pulse stands still, through the waker of a task that does nothing.
//!
//! ```text
//!             beats moved: it runs, leave it alone
//!           ┌──────────────┐
//!           v              │
//!   still for one tick ── poke ──> answered, and nothing else ran ──> tick doubles, up to `SLOWEST`
//!           ^                └───> not answered (parked again, or busy) ──> tick stays
//!           └── a beat while the tick is long wakes the watchdog: the tick is short again
//! ```
//!
//! Why backing off is safe: a poked executor runs what is ready. Only when a poke was answered and no other task ran
//! until the next one does the shard count as idle, and even then it is poked, every [`SLOWEST`]. So a stall lasts
//! about one tick on a busy shard and at most `SLOWEST` on one that just woke from idleness.
//! An idle shard costs 1000 / 32, some thirty, pokes a second.
//!
//! Does not do: detect a task that never yields (that is a bug to find with a profiler), or measure anything.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::Waker;
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// The longest time between two pokes of a shard that seems idle: the bound on a stall that begins from idleness.
pub const SLOWEST: Duration = Duration::from_millis(32);

/// What a shard and the watchdog share.
#[derive(Debug, Default)]
pub struct Pulse {
    /// Task polls. Only the shard writes, so a plain load and store will do: no locked instruction at each poll.
    beats: AtomicU64,
    /// Polls of the poke task.
    answered: AtomicU64,
    /// The watchdog has backed off; the next beat wakes it.
    relaxed: AtomicBool,
    poke: Mutex<Option<Waker>>,
    watchdog: OnceLock<Thread>,
}

impl Pulse {
    /// A task of the shard is polled. Called on the shard only.
    ///
    /// The watchdog may set `relaxed` while this runs and go unnoticed; it then looks again after its long tick.
    #[inline]
    pub fn beat(&self) {
        self.beats.store(self.beats.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        if self.relaxed.load(Ordering::Relaxed) {
            self.relaxed.store(false, Ordering::Relaxed);
            if let Some(watchdog) = self.watchdog.get() {
                watchdog.unpark();
            }
        }
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

    /// Polls of the poke task so far.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    fn poke(&self) {
        if let Some(waker) = self.poke.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            waker.wake_by_ref();
        }
    }
}

/// What the watchdog knows of one shard; pure, so that its rule can be tested without a clock.
#[derive(Debug)]
struct Watch {
    beats: u64,
    answered: u64,
    tick: Duration,
    next: Instant,
}

impl Watch {
    fn new(now: Instant, tick: Duration) -> Self {
        Self { beats: 0, answered: 0, tick, next: now + tick }
    }

    /// Looks at the counters; answers whether to poke. Afterwards `next` says when to look again.
    fn look(&mut self, now: Instant, shortest: Duration, beats: u64, answered: u64) -> bool {
        if beats != self.beats {
            self.beats = beats;
            self.tick = shortest;
            self.next = now + shortest;
            return false;
        }
        if now < self.next {
            return false;
        }
        self.tick =
            if answered == self.answered { shortest } else { (self.tick * 2).min(SLOWEST.max(shortest)) };
        self.answered = answered;
        self.next = now + self.tick;
        true
    }
}

/// The running watchdog thread; dropping it stops and joins it.
#[derive(Debug)]
pub struct Watchdog {
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Watchdog {
    /// Watches `pulses`, looking every `tick` at those that move.
    pub fn start(pulses: Vec<Arc<Pulse>>, tick: Duration) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = thread::Builder::new().name("watchdog".to_owned()).spawn(move || {
            for pulse in &pulses {
                let _ = pulse.watchdog.set(thread::current());
            }
            watch(&pulses, tick, &stopped);
        })?;
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

fn watch(pulses: &[Arc<Pulse>], tick: Duration, stopped: &AtomicBool) {
    let mut watches: Vec<Watch> = pulses.iter().map(|_| Watch::new(Instant::now(), tick)).collect();
    while !stopped.load(Ordering::Acquire) {
        let now = Instant::now();
        for (pulse, watch) in pulses.iter().zip(&mut watches) {
            let beats = pulse.beats.load(Ordering::Relaxed);
            if watch.look(now, tick, beats, pulse.answered()) {
                pulse.relaxed.store(watch.tick > tick, Ordering::Relaxed);
                pulse.poke();
            }
        }
        let next = watches.iter().map(|watch| watch.next).min().unwrap_or(now + SLOWEST);
        thread::park_timeout(next.saturating_duration_since(Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(1);

    /// Feeds `(millisecond, beats, answered)` looks and returns the milliseconds at which it poked.
    fn check(looks: &[(u64, u64, u64)], expect: &[u64]) {
        let start = Instant::now();
        let mut watch = Watch::new(start, TICK);
        let mut poked = Vec::new();
        for &(millis, beats, answered) in looks {
            if watch.look(start + Duration::from_millis(millis), TICK, beats, answered) {
                poked.push(millis);
            }
        }
        assert_eq!(poked, expect, "looks: {looks:?}");
    }

    #[test]
    fn a_moving_shard_is_left_alone() {
        check(&[(1, 5, 0), (2, 9, 0), (3, 10, 0)], &[]);
    }

    #[test]
    fn a_shard_that_does_not_answer_is_poked_every_tick() {
        check(&[(1, 5, 0), (2, 5, 0), (3, 5, 0), (4, 5, 0), (5, 5, 0)], &[2, 3, 4, 5]);
    }

    #[test]
    fn an_idle_shard_is_poked_less_and_less_but_always_again() {
        let mut answered = 0;
        let start = Instant::now();
        let mut watch = Watch::new(start, TICK);
        let mut pokes = Vec::new();
        for millis in 1..400 {
            if watch.look(start + Duration::from_millis(millis), TICK, 0, answered) {
                pokes.push(millis);
                answered += 1;
            }
        }
        let gaps: Vec<u64> = pokes.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(gaps[..7], [1, 2, 4, 8, 16, 32, 32]);
        assert!(gaps[7..].iter().all(|gap| *gap == 32), "{gaps:?}");
    }

    #[test]
    fn a_beat_makes_the_tick_short_again() {
        check(&[(1, 0, 0), (2, 0, 1), (4, 0, 2), (8, 0, 3), (9, 1, 4), (10, 1, 4)], &[1, 2, 4, 8, 10]);
    }
}
