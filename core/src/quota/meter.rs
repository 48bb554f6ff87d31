//! What has been used of a limit.
//!
//! Two kinds, as in Kafka. Bytes, thread time and connections are averaged over a sliding window of [`SAMPLES`] samples
//! of [`SAMPLE_MS`] each: who has used little may use that much at once. Partitions that are made or deleted are paid
//! from a bucket of as many seconds, which fills at the limit's rate, so that one large topic is not refused for ever.
//!
//! Invariants: a window that has counted for less than its whole length is averaged over the length less one sample, so a
//! client that has just come is not throttled for its first request alone; a meter that has not been charged for a whole
//! window is as good as none and is forgotten.

use std::collections::{HashMap, VecDeque};

use super::{Key, Limit, Meter};
use crate::time::Monotonic;

/// `quota.window.num` and `controller.quota.window.num`: Kafka's defaults.
const SAMPLES: u64 = 11;
/// `quota.window.size.seconds` and `controller.quota.window.size.seconds`, in ms.
const SAMPLE_MS: u64 = 1000;
/// A meter that was not charged for this long says the same as a new one.
const IDLE_MS: u64 = SAMPLES * SAMPLE_MS;
/// The longest that a client is made quiet for its thread time, as in Kafka: the time may have been somebody else's.
const REQUEST_THROTTLE_MS_MAX: u64 = SAMPLE_MS;
/// From so many meters on, idle ones are looked for when one more is made: names come from outside.
const SWEEP_FROM: usize = 1024;

impl Limit {
    /// The most that may come at once after a while of nothing, of what is counted in a window: a window's worth, less the
    /// sample that is under way.
    pub fn at_once(&self) -> f64 {
        self.rate * ((SAMPLES - 1) * SAMPLE_MS) as f64 / 1000.0
    }
}

/// The meters that one shard keeps.
#[derive(Debug, Default)]
pub struct Meters {
    all: HashMap<Meter, Used>,
    sweep_at: usize,
}

#[derive(Debug)]
enum Used {
    Window(Window),
    Bucket(Bucket),
}

impl Meters {
    /// Counts `amount` against a limit; answers for how many milliseconds the client is to be quiet, 0 if it is within it.
    pub fn charge(&mut self, limit: &Limit, amount: f64, now: Monotonic) -> u64 {
        match self.used(limit, now) {
            Used::Window(window) => {
                window.record(now, amount);
                let throttle = window.throttle_ms(now, limit.rate);
                match limit.meter.key {
                    Key::RequestPercentage => throttle.min(REQUEST_THROTTLE_MS_MAX),
                    _ => throttle,
                }
            }
            Used::Bucket(bucket) => {
                bucket.fill(now, limit.rate);
                bucket.tokens -= amount;
                bucket.throttle_ms(limit.rate)
            }
        }
    }

    /// Counts `amount` if the limit is not overdrawn already; it may be afterwards.
    ///
    /// # Errors
    /// If it is: after how many milliseconds it no longer will be.
    pub fn try_charge(&mut self, limit: &Limit, amount: f64, now: Monotonic) -> Result<(), u64> {
        let overdrawn = match self.used(limit, now) {
            Used::Window(window) => window.throttle_ms(now, limit.rate),
            Used::Bucket(bucket) => {
                bucket.fill(now, limit.rate);
                bucket.throttle_ms(limit.rate)
            }
        };
        if overdrawn > 0 {
            return Err(overdrawn);
        }
        self.charge(limit, amount, now);
        Ok(())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    fn used(&mut self, limit: &Limit, now: Monotonic) -> &mut Used {
        if self.all.len() >= self.sweep_at.max(SWEEP_FROM) && !self.all.contains_key(&limit.meter) {
            self.all.retain(|_, used| !used.is_idle(now));
            // Not at every new name: most of those that are left are in use.
            self.sweep_at = 2 * self.all.len();
        }
        self.all.entry(limit.meter.clone()).or_insert_with(|| match limit.meter.key {
            Key::ControllerMutationRate => Used::Bucket(Bucket { tokens: burst(limit.rate), at: now }),
            _ => Used::Window(Window::default()),
        })
    }
}

impl Used {
    fn is_idle(&self, now: Monotonic) -> bool {
        match self {
            Used::Window(window) => {
                window.samples.back().is_none_or(|last| now.millis_since(last.0) >= IDLE_MS)
            }
            // It may be overdrawn by more than a window's worth; then it is still of interest.
            Used::Bucket(bucket) => bucket.tokens >= 0.0 && now.millis_since(bucket.at) >= IDLE_MS,
        }
    }
}

/// Amounts, each of a sample's length, with their beginnings.
#[derive(Debug, Default)]
struct Window {
    samples: VecDeque<(Monotonic, f64)>,
}

impl Window {
    fn record(&mut self, now: Monotonic, amount: f64) {
        self.forget(now);
        match self.samples.back_mut() {
            Some((began, sum)) if now.millis_since(*began) < SAMPLE_MS => *sum += amount,
            _ => self.samples.push_back((now, amount)),
        }
    }

    fn forget(&mut self, now: Monotonic) {
        while self.samples.pop_front_if(|(began, _)| now.millis_since(*began) >= IDLE_MS).is_some() {}
    }

    /// How long nothing may come for the average to be at the limit.
    fn throttle_ms(&mut self, now: Monotonic, rate: f64) -> u64 {
        self.forget(now);
        let Some((oldest, _)) = self.samples.front() else { return 0 };
        let elapsed = now.millis_since(*oldest);
        let missing = (SAMPLES - 1).saturating_sub(elapsed / SAMPLE_MS) * SAMPLE_MS;
        let window_ms = (elapsed + missing) as f64;
        let sum: f64 = self.samples.iter().map(|(_, amount)| amount).sum();
        let measured = sum * 1000.0 / window_ms;
        ((measured - rate) / rate * window_ms).round().max(0.0) as u64
    }
}

/// Tokens, one for each partition.
#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: Monotonic,
}

fn burst(rate: f64) -> f64 {
    rate * (SAMPLES * SAMPLE_MS) as f64 / 1000.0
}

impl Bucket {
    fn fill(&mut self, now: Monotonic, rate: f64) {
        let gained = now.millis_since(self.at) as f64 / 1000.0 * rate;
        self.tokens = (self.tokens + gained).min(burst(rate));
        self.at = self.at.max(now);
    }

    fn throttle_ms(&self, rate: f64) -> u64 {
        (-self.tokens / rate * 1000.0).round().max(0.0) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::super::Entity;
    use super::*;

    fn limit(key: Key, rate: f64) -> Limit {
        Limit { rate, meter: Meter { key, whose: Entity::default() } }
    }

    fn at(ms: u64) -> Monotonic {
        Monotonic::from_nanos(7_000_000_000).plus_millis(ms)
    }

    #[test]
    fn b10_windows() {
        let mut meters = Meters::default();
        let limit = limit(Key::ProducerByteRate, 100.0);
        // Ten seconds' worth may come at once; then it is the limit's own time.
        for (ms, amount, throttle) in [
            (0, 1000.0, 0),
            (0, 100.0, 1000),
            // It did not wait, and 1000 ms of the window are gone.
            (1000, 0.0, 1000),
            (2000, 100.0, 2000),
            (4500, 0.0, 1500),
            // The first sample is out of the window.
            (11_000, 0.0, 0),
            (11_001, 900.0, 0),
            (11_002, 1000.0, 9998),
            // All is.
            (40_000, 999.0, 0),
        ] {
            assert_eq!(meters.charge(&limit, amount, at(ms)), throttle, "{amount} at {ms} ms");
        }
    }

    #[test]
    fn b10_who_waits_as_told_is_held_to_the_rate() {
        // Those who are quiet as long as they are told get their rate and no more. (As in Kafka a request of more than a
        // whole window's worth is forgiven some of it.)
        for amount in [1.0, 70.0, 1500.0, 9000.0] {
            let mut meters = Meters::default();
            let limit = limit(Key::ConsumerByteRate, 1000.0);
            let (mut ms, mut sent) = (0, 0.0);
            while ms < 600_000 {
                // A request takes a millisecond.
                ms += 1 + meters.charge(&limit, amount, at(ms));
                sent += amount;
            }
            let rate = sent * 1000.0 / ms as f64;
            assert!((900.0..1100.0).contains(&rate), "{rate} a second with requests of {amount}");
        }
    }

    #[test]
    fn b10_thread_time_throttles_for_a_second_at_most() {
        let mut meters = Meters::default();
        assert_eq!(meters.charge(&limit(Key::RequestPercentage, 1.0), 1e9, at(0)), REQUEST_THROTTLE_MS_MAX);
    }

    #[test]
    fn b10_buckets() {
        let mut meters = Meters::default();
        let limit = limit(Key::ControllerMutationRate, 2.0);
        // Eleven seconds' worth is in it, and one request may overdraw it.
        assert_eq!(meters.try_charge(&limit, 20.0, at(0)), Ok(()));
        assert_eq!(meters.try_charge(&limit, 10.0, at(0)), Ok(()));
        assert_eq!(meters.try_charge(&limit, 1.0, at(0)), Err(4000));
        assert_eq!(meters.try_charge(&limit, 1.0, at(3000)), Err(1000));
        assert_eq!(meters.try_charge(&limit, 1.0, at(4000)), Ok(()));
        // Older clients are not refused, only made quiet.
        assert_eq!(meters.charge(&limit, 3.0, at(4000)), 2000);
        // It does not fill beyond its burst.
        assert_eq!(meters.charge(&limit, 22.0, at(1_000_000)), 0);
        assert_eq!(meters.charge(&limit, 1.0, at(1_000_000)), 500);
    }

    #[test]
    fn idle_meters_are_forgotten() {
        let mut meters = Meters::default();
        let of = |n: usize| Limit {
            rate: 1.0,
            meter: Meter {
                key: Key::ProducerByteRate,
                whose: Entity::from_parts([("user", Some(n.to_string().as_str()))]).unwrap(),
            },
        };
        for n in 0..10 * SWEEP_FROM {
            meters.charge(&of(n), 1.0, at(n as u64 * 100));
        }
        assert!(meters.len() <= SWEEP_FROM, "{} meters", meters.len());
    }

    #[test]
    fn a_changed_limit_counts_at_once() {
        let mut meters = Meters::default();
        assert_eq!(meters.charge(&limit(Key::ProducerByteRate, 100.0), 1000.0, at(0)), 0);
        assert_eq!(meters.charge(&limit(Key::ProducerByteRate, 50.0), 0.0, at(0)), 10_000);
    }
}
