//! Counters of one shard: plain cells, as only its own thread counts. There is no way yet to ask a broker for them.

use std::cell::Cell;

/// A number that only grows.
#[derive(Default)]
pub struct Counter(Cell<u64>);

impl Counter {
    /// Counts `n` more.
    pub fn add(&self, n: u64) {
        self.0.set(self.0.get() + n);
    }

    /// How many so far.
    pub fn get(&self) -> u64 {
        self.0.get()
    }
}

/// What one shard counts.
#[derive(Default)]
pub struct Metrics {
    /// Requests that were framed.
    pub requests: Counter,
    /// Connections that were refused by a limit.
    pub refused_connections: Counter,
    /// Batches that were appended.
    pub batches_in: Counter,
    /// Bytes of those.
    pub bytes_in: Counter,
    /// Bytes of records that were sent to readers.
    pub bytes_out: Counter,
}
