//! Clients that overdraw a quota are not listened to for a while (KIP-219, behaviour 10): their requests stay in the
//! socket, which costs the broker nothing.

use std::cell::Cell;
use std::time::Duration;

use headwater_core::time::Monotonic;

use crate::rt;
use crate::shard::Shard;

/// Until when a connection is not read, and what it has yet to pay.
#[derive(Default)]
pub struct Quiet {
    until: Cell<Option<Monotonic>>,
    throttled_ms: Cell<u64>,
    owed: Cell<Duration>,
}

impl Quiet {
    /// The next request is not read before so many milliseconds have passed.
    pub fn mute(&self, ms: u64) {
        let until = rt::now().plus_millis(ms);
        self.until.set(self.until.get().max(Some(until)));
    }

    /// Waits until the connection may be read again, or the broker stops.
    pub async fn over(&self, shard: &Shard) {
        while let Some(until) = self.until.get() {
            if until <= rt::now() || shard.stopping.get() {
                return self.until.set(None);
            }
            let _ = rt::deadline(until, shard.stop.wait()).await;
        }
    }

    /// Notes how long the request being handled is throttled; the longest counts.
    pub fn note(&self, ms: u64) {
        self.throttled_ms.set(self.throttled_ms.get().max(ms));
    }

    /// How long the request that was handled is throttled.
    pub fn take_noted(&self) -> u64 {
        self.throttled_ms.take()
    }

    /// Adds to the time that was spent on requests and is not charged yet.
    pub fn owe(&self, time: Duration) {
        self.owed.set(self.owed.get() + time);
    }

    /// That time; it is charged by the caller.
    pub fn take_owed(&self) -> Duration {
        self.owed.take()
    }
}
