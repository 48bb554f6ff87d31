//! Latency histograms: nanoseconds in, milliseconds out, mergeable, three significant digits.
//!
//! HdrHistogram keeps every value within 0.1 % from 1 ns to any length, so percentiles of merged histograms
//! are those of all values together (which averages of percentiles never are).

use hdrhistogram::Histogram;
use serde_json::{Value, json};

/// A histogram of latencies.
#[derive(Clone, Debug)]
pub struct Latency(Histogram<u64>);

impl Default for Latency {
    fn default() -> Self {
        Self::new()
    }
}

/// The percentiles that a report shows, with their JSON names.
pub const PERCENTILES: [(&str, f64); 8] = [
    ("p50", 50.0),
    ("p75", 75.0),
    ("p90", 90.0),
    ("p95", 95.0),
    ("p99", 99.0),
    ("p99.9", 99.9),
    ("p99.99", 99.99),
    ("p99.999", 99.999),
];

impl Latency {
    /// An empty histogram; it grows with the longest value.
    pub fn new() -> Self {
        // Three digits are always valid, so this cannot fail; an auto-resizing histogram never refuses a
        // value either.
        Self(Histogram::new(3).expect("three significant digits are within HdrHistogram's bounds"))
    }

    /// Notes one latency in nanoseconds.
    pub fn record(&mut self, nanos: u64) {
        self.0.record(nanos.max(1)).expect("an auto-resizing histogram takes any value");
    }

    /// Notes the same latency of `count` records, in nanoseconds.
    pub fn record_n(&mut self, nanos: u64, count: u64) {
        self.0.record_n(nanos.max(1), count).expect("an auto-resizing histogram takes any value");
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Latency) {
        self.0.add(&other.0).expect("an auto-resizing histogram holds any other");
    }

    /// Forgets everything, keeping the memory.
    pub fn clear(&mut self) {
        self.0.reset();
    }

    /// How many latencies have been noted.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The latency below or at which `percentile` percent of all lie, in milliseconds; 0 if there are none.
    pub fn percentile_ms(&self, percentile: f64) -> f64 {
        millis(self.0.value_at_percentile(percentile))
    }

    /// The longest, in milliseconds.
    pub fn max_ms(&self) -> f64 {
        millis(self.0.max())
    }

    /// The mean, in milliseconds.
    pub fn mean_ms(&self) -> f64 {
        self.0.mean() / 1e6
    }

    /// `{"count", "mean", "p50", … "p99.999", "max"}`, milliseconds.
    pub fn json(&self) -> Value {
        let mut out = serde_json::Map::new();
        out.insert("count".into(), json!(self.count()));
        out.insert("mean".into(), json!(self.mean_ms()));
        for (name, percentile) in PERCENTILES {
            out.insert(name.into(), json!(self.percentile_ms(percentile)));
        }
        out.insert("max".into(), json!(self.max_ms()));
        Value::Object(out)
    }

    /// How many latencies lie in each of the buckets of a heat map: [`heat_floor_ms`] tells where they begin.
    pub fn heat(&self) -> Vec<(u16, u64)> {
        let mut heat: Vec<(u16, u64)> = Vec::new();
        for step in self.0.iter_recorded() {
            let bucket = heat_bucket(step.value_iterated_to());
            match heat.last_mut() {
                Some((last, count)) if *last == bucket => *count += step.count_at_value(),
                _ => heat.push((bucket, step.count_at_value())),
            }
        }
        heat
    }

    /// Points of the curve of latency by percentile, as far as the count gives it meaning: percentile and
    /// milliseconds. Each halving of what lies above gets as many points as the one before.
    pub fn curve(&self) -> Vec<(f64, f64)> {
        let mut points = Vec::new();
        let mut above = 100.0;
        while self.count() > 0 && above / 100.0 * self.count() as f64 >= 1.0 {
            for part in 0..CURVE_POINTS {
                let percentile = 100.0 - above * (1.0 - f64::from(part) / f64::from(2 * CURVE_POINTS));
                points.push((percentile, self.percentile_ms(percentile)));
            }
            above /= 2.0;
        }
        if self.count() > 0 {
            points.push((100.0, self.max_ms()));
        }
        points
    }

    /// The histogram itself, for the HDR log.
    pub fn histogram(&self) -> &Histogram<u64> {
        &self.0
    }
}

/// Points of the curve by percentile for each halving.
const CURVE_POINTS: u32 = 4;

/// Buckets of a heat map for each doubling of the latency.
const HEAT_STEPS: f64 = 4.0;

fn heat_bucket(nanos: u64) -> u16 {
    ((nanos.max(1000) as f64 / 1000.0).log2() * HEAT_STEPS) as u16
}

/// Where a bucket of [`Latency::heat`] begins: the first at 1 µs (it holds all below, too), and each 2^(1/4)
/// times the one before.
pub fn heat_floor_ms(bucket: u16) -> f64 {
    (f64::from(bucket) / HEAT_STEPS).exp2() / 1000.0
}

fn millis(nanos: u64) -> f64 {
    nanos as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values_ms: &[u64], percentile: f64, expect_ms: f64) {
        let mut latency = Latency::new();
        for ms in values_ms {
            latency.record(ms * 1_000_000);
        }
        let got = latency.percentile_ms(percentile);
        assert!((got - expect_ms).abs() <= expect_ms * 0.001, "p{percentile} is {got}, not {expect_ms}");
        assert_eq!(latency.count(), values_ms.len() as u64);
    }

    #[test]
    fn percentiles_are_within_a_thousandth() {
        let thousand: Vec<u64> = (1..=1000).collect();
        check(&thousand, 50.0, 500.0);
        check(&thousand, 99.0, 990.0);
        check(&thousand, 99.8, 998.0);
        check(&thousand, 100.0, 1000.0);
        check(&[], 99.0, 0.0);
        check(&[3_600_000], 50.0, 3_600_000.0);
    }

    #[test]
    fn curves_and_heat_hold_every_value() {
        let mut latency = Latency::new();
        assert!(latency.curve().is_empty() && latency.heat().is_empty());
        for nanos in (1..=100_000u64).map(|n| n * 1000) {
            latency.record(nanos);
        }
        let curve = latency.curve();
        assert!(curve.is_sorted() && curve.last().unwrap().0 == 100.0);
        assert!((curve[0].1, curve.len()) < (0.01, 100));
        let heat = latency.heat();
        assert_eq!(heat.iter().map(|(_, count)| count).sum::<u64>(), 100_000);
        assert!(heat.is_sorted() && heat.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for (bucket, floor) in [(0, 0.001), (4, 0.002), (40, 1.024)] {
            assert!((heat_floor_ms(bucket) - floor).abs() < 1e-9);
        }
    }

    #[test]
    fn merging_equals_recording_together() {
        let (mut a, mut b, mut both) = (Latency::new(), Latency::new(), Latency::new());
        for i in 1..10_000u64 {
            let nanos = i * i * 37;
            if i % 3 == 0 {
                a.record(nanos)
            } else {
                b.record_n(nanos, 2);
                both.record(nanos);
            }
            both.record(nanos);
        }
        a.merge(&b);
        assert_eq!(a.json(), both.json());
        a.clear();
        assert_eq!(a.count(), 0);
    }
}
