//! What one shard counts: plain cells, as only its own thread counts. `http::metrics` shows them.

use std::cell::Cell;
use std::time::Duration;

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

/// Durations, counted by powers of two: what lies in bucket `n` took at most [`Durations::upper`]`(n)`, the last one
/// everything else.
#[derive(Default)]
pub struct Durations {
    counts: [Counter; Durations::BUCKETS],
    nanos: Counter,
}

impl Durations {
    /// Up to 64 µs, up to 128 µs, and so on up to 2.1 s, and what took longer.
    pub const BUCKETS: usize = 17;
    const FIRST_NANOS: u64 = 64_000;

    /// Counts one.
    pub fn add(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let doubled = nanos.div_ceil(Self::FIRST_NANOS).max(1).next_power_of_two().trailing_zeros();
        self.counts[(doubled as usize).min(Self::BUCKETS - 1)].add(1);
        self.nanos.add(nanos);
    }

    /// The bound of a bucket.
    pub fn upper(bucket: usize) -> Duration {
        Duration::from_nanos(Self::FIRST_NANOS << bucket)
    }

    /// How many are in each bucket, and how long all took together.
    pub fn get(&self) -> ([u64; Self::BUCKETS], Duration) {
        (std::array::from_fn(|n| self.counts[n].get()), Duration::from_nanos(self.nanos.get()))
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
    /// From a produce request's arrival until its answer may leave.
    pub produce: Durations,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_lie_under_their_bound() {
        for nanos in [0, 1, 63_999, 64_000, 64_001, 128_000, 128_001, 5_000_000, 2_097_152_000] {
            let durations = Durations::default();
            let took = Duration::from_nanos(nanos);
            durations.add(took);
            let (counts, all) = durations.get();
            let bucket = counts.iter().position(|n| *n == 1).unwrap();
            assert_eq!((counts.iter().sum::<u64>(), all), (1, took));
            assert!(took <= Durations::upper(bucket), "{nanos}");
            assert!(bucket == 0 || took > Durations::upper(bucket - 1), "{nanos}");
        }
        let long = Durations::default();
        long.add(Duration::from_secs(3));
        long.add(Duration::from_secs(86_400));
        assert_eq!(long.get().0[Durations::BUCKETS - 1], 2);
    }
}
