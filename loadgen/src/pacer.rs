//! When each record of an open-loop run is meant to be sent: pure arithmetic, no clock.
//!
//! An open loop keeps its timetable whatever the broker does. With `p` producers, record `n` of producer `i`
//! is number `n·p + i` of the run, so that the producers interleave evenly and their sum is exactly the rate;
//! at an even rate that number is meant for `start + number · 1 s / rate`. If a producer is held up, its
//! records keep their intended times and the wait shows in the response time: a pacer that moved the
//! timetable would hide exactly the moments that matter (coordinated omission).
//!
//! At [`Rate::Max`] there is no timetable: a record is meant for the moment there is room for it. At
//! [`Rate::Poisson`] each producer draws the time to its next record by itself; the sum of such producers is
//! again a Poisson process.

use std::sync::Arc;
use std::time::Duration;

use crate::rate::{Curve, Rate};
use crate::rng::Rng;

/// The timetable that the producers of a run share, in nanoseconds of the run's clock.
#[derive(Clone, Debug)]
pub struct Timetable {
    rate: Rate,
    curve: Option<Curve>,
    start: u64,
    end: u64,
}

impl Timetable {
    /// The timetable of a run that begins at `start`.
    ///
    /// # Panics
    /// If the rate is 0.
    pub fn new(rate: Rate, start: u64, warmup: Duration, duration: Duration) -> Self {
        assert!(rate != Rate::PerSecond(0), "a rate of 0 has no timetable");
        let curve = Curve::of(&rate, warmup, duration);
        let end = start + (warmup + duration).as_nanos() as u64;
        Self { rate, curve, start, end }
    }

    /// Records a second that it offers between two moments; `None` where there is no timetable.
    pub fn offered_per_s(&self, from: u64, to: u64) -> Option<f64> {
        match (&self.rate, &self.curve) {
            (Rate::PerSecond(rate) | Rate::Poisson(rate), _) => Some(*rate as f64),
            (_, Some(curve)) if to > from => {
                let count = curve.count(to - self.start) - curve.count(from - self.start);
                Some(count / ((to - from) as f64 / 1e9))
            }
            _ => None,
        }
    }
}

/// One producer's part of the timetable.
#[derive(Clone, Debug)]
pub struct Pacer {
    timetable: Arc<Timetable>,
    producers: u64,
    producer: u64,
    taken: u64,
    /// Of a random timetable: the next record's moment, and where the time after it is drawn from.
    next: f64,
    rng: Rng,
}

const SECOND: u64 = 1_000_000_000;

impl Pacer {
    /// The part of `producer` (0-based) out of `producers`; `seed` is for random timetables.
    ///
    /// # Panics
    /// If `producer` is not below `producers`.
    pub fn new(timetable: Arc<Timetable>, producer: u64, producers: u64, seed: u64) -> Self {
        assert!(producer < producers, "producer {producer} of {producers}");
        let next = timetable.start as f64;
        let mut pacer = Self { timetable, producers, producer, taken: 0, next, rng: Rng::new(seed) };
        pacer.draw();
        pacer
    }

    /// Moves on to the next random moment.
    fn draw(&mut self) {
        if let Rate::Poisson(rate) = self.timetable.rate {
            self.next -= (1.0 - self.rng.unit()).ln() * self.mean_gap(rate);
        }
    }

    /// Nanoseconds between this producer's records.
    fn mean_gap(&self, rate: u64) -> f64 {
        1e9 * self.producers as f64 / rate as f64
    }

    /// When the record that is `ahead` records after the next one is meant to be sent (of a random timetable:
    /// about then); `None` once that lies at or past the end.
    ///
    /// `now` matters only at [`Rate::Max`], where every record is meant for now.
    pub fn intended(&self, ahead: u64, now: u64) -> Option<u64> {
        let table = &*self.timetable;
        let at = match (&table.rate, &table.curve) {
            (Rate::PerSecond(rate), _) => {
                let number = self.number(ahead);
                // A division of 128 bits takes as long as all else that is done for a record.
                let nanos = match number.checked_mul(SECOND) {
                    Some(product) => product / rate,
                    None => u64::try_from(u128::from(number) * u128::from(SECOND) / u128::from(*rate))
                        .unwrap_or(u64::MAX),
                };
                table.start.saturating_add(nanos)
            }
            (Rate::Poisson(rate), _) => (self.next + ahead as f64 * self.mean_gap(*rate)) as u64,
            (_, Some(curve)) => table.start.saturating_add(curve.due(self.number(ahead))?),
            (_, None) => now.max(table.start),
        };
        (at < table.end).then_some(at)
    }

    fn number(&self, ahead: u64) -> u64 {
        (self.taken + ahead) * self.producers + self.producer
    }

    /// Takes the next record if it is due by `now`, and answers when it was meant to be sent.
    pub fn take(&mut self, now: u64) -> Option<u64> {
        let at = self.intended(0, now).filter(|at| *at <= now)?;
        self.taken += 1;
        self.draw();
        Some(at)
    }

    /// Whether the timetable has nothing more to offer.
    pub fn finished(&self, now: u64) -> bool {
        match self.timetable.rate {
            Rate::Max => now >= self.timetable.end,
            _ => self.intended(0, now).is_none(),
        }
    }

    /// How many records the timetable still has (a random one: about); at [`Rate::Max`] it never has any waiting.
    pub fn left(&self) -> u64 {
        if self.timetable.rate == Rate::Max {
            return 0;
        }
        let offers = |ahead: u64| self.intended(ahead, 0).is_some();
        let (mut from, mut step) = (0, 1);
        while offers(from + step) {
            from += step;
            step *= 2;
        }
        while step > 0 {
            if offers(from + step) {
                from += step;
            }
            step /= 2;
        }
        if offers(from) { from + 1 } else { 0 }
    }

    /// How many records have been taken.
    pub fn taken(&self) -> u64 {
        self.taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pacer(rate: Rate, start: u64, producer: u64, producers: u64) -> Pacer {
        let table = Timetable::new(rate, start, Duration::ZERO, Duration::from_secs(1));
        Pacer::new(Arc::new(table), producer, producers, 1)
    }

    /// Takes whatever is due at each of `nows`, and answers the intended times.
    fn check(rate: u64, producers: u64, producer: u64, nows: &[u64], expect: &[u64]) {
        let mut pacer = pacer(Rate::PerSecond(rate), 1000, producer, producers);
        let mut got = Vec::new();
        for &now in nows {
            while let Some(at) = pacer.take(now) {
                got.push(at);
            }
        }
        assert_eq!(got, expect, "{rate} {producer}/{producers}");
        if nows.last() == Some(&9_000_000_000) {
            assert_eq!(pacer.left(), 0, "{rate} {producer}/{producers}");
        }
        assert_eq!(pacer.taken(), got.len() as u64);
    }

    #[test]
    fn records_keep_their_intended_times() {
        check(4, 1, 0, &[0, 999], &[]);
        check(4, 1, 0, &[1000], &[1000]);
        // Held up for the whole run: every record still carries its own time, and none lies past the end.
        check(4, 1, 0, &[9_000_000_000], &[1000, 250_001_000, 500_001_000, 750_001_000]);
        check(4, 2, 0, &[9_000_000_000], &[1000, 500_001_000]);
        check(4, 2, 1, &[9_000_000_000], &[250_001_000, 750_001_000]);
        check(1, 3, 2, &[9_000_000_000], &[]);
    }

    #[test]
    fn the_producers_sum_to_the_rate_without_drift() {
        for rate in [1u64, 3, 7, 999, 1_000_003] {
            let mut all = Vec::new();
            for producer in 0..3 {
                let mut pacer = pacer(Rate::PerSecond(rate), 0, producer, 3);
                while let Some(at) = pacer.take(u64::MAX) {
                    all.push(at);
                }
                assert!(pacer.finished(0));
            }
            assert_eq!(all.len() as u64, rate, "rate {rate}");
            all.sort_unstable();
            assert!(
                all.iter()
                    .enumerate()
                    .all(|(n, at)| *at == (n as u128 * u128::from(SECOND) / u128::from(rate)) as u64)
            );
        }
    }

    #[test]
    fn shaped_and_random_rates_offer_what_they_say() {
        for (text, least, most) in [
            ("steps:1000x500ms,3000x500ms", 2000, 2000),
            ("ramp:0-2000", 1000, 1000),
            ("poisson:10000", 9_600, 10_400),
        ] {
            let rate: Rate = text.parse().unwrap();
            let table = Timetable::new(rate.clone(), 0, Duration::ZERO, Duration::from_secs(1));
            let offered = table.offered_per_s(0, 1_000_000_000).unwrap();
            let mut count = 0;
            for producer in 0..3 {
                let mut pacer = Pacer::new(Arc::new(table.clone()), producer, 3, producer);
                let (mut before, left) = (0, pacer.left());
                assert!(
                    text.starts_with("poisson") || left == least / 3 + u64::from(least % 3 > producer),
                    "{text}: {left}"
                );
                while let Some(at) = pacer.take(u64::MAX) {
                    assert!(at >= before);
                    (before, count) = (at, count + 1);
                }
            }
            assert!((least..=most).contains(&count), "{text}: {count}");
            assert!((least as f64..=most as f64).contains(&offered.round()), "{text}: {offered}");
        }
    }

    #[test]
    fn max_is_always_due_until_the_end() {
        let table = Timetable::new(Rate::Max, 1000, Duration::ZERO, Duration::from_nanos(1000));
        let mut pacer = Pacer::new(Arc::new(table), 0, 1, 0);
        assert_eq!(pacer.take(500), None);
        assert_eq!(pacer.take(1500), Some(1500));
        assert_eq!(pacer.take(1500), Some(1500));
        assert_eq!(pacer.take(2000), None);
        assert!(pacer.finished(2000) && !pacer.finished(1999));
    }
}
