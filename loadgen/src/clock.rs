//! The run's clock: nanoseconds since the Unix epoch, read once from the wall and moved by the monotonic
//! clock.
//!
//! One process makes and reads the stamps, so differences are exact even when somebody sets the wall clock
//! during a run.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A clock that never goes back; copies agree with each other.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
    origin_ns: u64,
}

impl Clock {
    /// A clock that agrees with the wall clock now.
    pub fn start() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { origin: Instant::now(), origin_ns: since.as_nanos() as u64 }
    }

    /// Now, in nanoseconds since the Unix epoch.
    pub fn now(&self) -> u64 {
        self.origin_ns + self.origin.elapsed().as_nanos() as u64
    }

    /// `instant` on this clock.
    pub fn at(&self, instant: Instant) -> u64 {
        self.origin_ns + instant.saturating_duration_since(self.origin).as_nanos() as u64
    }

    /// The instant at `ns` of this clock; the clock's start for anything earlier.
    pub fn instant(&self, ns: u64) -> Instant {
        self.origin + Duration::from_nanos(ns.saturating_sub(self.origin_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_and_nanoseconds_convert_both_ways() {
        let clock = Clock::start();
        let now = clock.now();
        assert_eq!(clock.at(clock.instant(now + 5_000)), now + 5_000);
        assert!(clock.now() >= now);
        assert_eq!(clock.at(clock.instant(0)), clock.origin_ns);
    }
}
