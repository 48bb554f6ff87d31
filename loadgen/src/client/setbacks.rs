//! What has held a reader up: connections that broke, and quotas.

use std::time::{Duration, Instant};

use super::connection::Connection;

/// What has held a reader up so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Setbacks {
    /// How many connections broke.
    pub lost_connections: u64,
    /// For how long brokers have had it wait because a quota was overdrawn.
    pub throttled: Duration,
    /// Until when the last such wait lasts, if there was one.
    pub throttled_until: Option<Instant>,
}

impl Setbacks {
    /// Notes that an answer which has just come over `connection` said that a quota is overdrawn by so many milliseconds
    /// (KIP-219); with none it did not.
    pub(super) fn throttle(&mut self, connection: &mut Connection, ms: i32) {
        if ms > 0 {
            let now = Instant::now();
            self.throttled += connection.throttle(ms, now);
            self.throttled_until = self.throttled_until.max(connection.quiet_until(now));
        }
    }
}
