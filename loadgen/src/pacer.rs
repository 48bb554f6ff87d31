//! When each record of an open-loop run is meant to be sent: pure arithmetic, no clock.
//!
//! An open loop keeps its timetable whatever the broker does. With `p` producers, record `n` of producer `i`
//! is meant for `start + (n·p + i) · 1 s / rate`, so that the producers interleave evenly and their sum is
//! exactly the rate. If a producer is held up, its records keep their intended times and the wait shows in
//! the response time: a pacer that moved the timetable would hide exactly the moments that matter
//! (coordinated omission).
//!
//! At `Rate::Max` there is no timetable: a record is meant for the moment there is room for it.

/// How many records a second a run offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// This many records a second over all producers; at least 1.
    PerSecond(u64),
    /// As many as the broker takes.
    Max,
}

/// One producer's timetable, in nanoseconds of the run's clock.
#[derive(Clone, Debug)]
pub struct Pacer {
    rate: Rate,
    start: u64,
    end: u64,
    producers: u64,
    producer: u64,
    taken: u64,
}

const SECOND: u128 = 1_000_000_000;

impl Pacer {
    /// The timetable of `producer` (0-based) out of `producers`, from `start` to `end` (exclusive).
    ///
    /// # Panics
    /// If `producer` is not below `producers`, or the rate is 0.
    pub fn new(rate: Rate, start: u64, end: u64, producer: u64, producers: u64) -> Self {
        assert!(producer < producers, "producer {producer} of {producers}");
        assert!(rate != Rate::PerSecond(0), "a rate of 0 has no timetable");
        Self { rate, start, end, producers, producer, taken: 0 }
    }

    /// When the record that is `ahead` records after the next one is meant to be sent; `None` once that lies
    /// at or past the end.
    ///
    /// `now` matters only at [`Rate::Max`], where every record is meant for now.
    pub fn intended(&self, ahead: u64, now: u64) -> Option<u64> {
        let at = match self.rate {
            Rate::Max => now.max(self.start),
            Rate::PerSecond(rate) => {
                let number =
                    u128::from(self.taken + ahead) * u128::from(self.producers) + u128::from(self.producer);
                u64::try_from(u128::from(self.start) + number * SECOND / u128::from(rate)).unwrap_or(u64::MAX)
            }
        };
        (at < self.end).then_some(at)
    }

    /// Takes the next record if it is due by `now`, and answers when it was meant to be sent.
    pub fn take(&mut self, now: u64) -> Option<u64> {
        let at = self.intended(0, now).filter(|at| *at <= now)?;
        self.taken += 1;
        Some(at)
    }

    /// Whether the timetable has nothing more to offer.
    pub fn finished(&self, now: u64) -> bool {
        match self.rate {
            Rate::Max => now >= self.end,
            Rate::PerSecond(_) => self.intended(0, now).is_none(),
        }
    }

    /// How many records have been taken.
    pub fn taken(&self) -> u64 {
        self.taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes whatever is due at each of `nows`, and answers the intended times.
    fn check(rate: Rate, producers: u64, producer: u64, nows: &[u64], expect: &[u64]) {
        let mut pacer = Pacer::new(rate, 1000, 1_000_001_000, producer, producers);
        let mut got = Vec::new();
        for &now in nows {
            while let Some(at) = pacer.take(now) {
                got.push(at);
            }
        }
        assert_eq!(got, expect, "{rate:?} {producer}/{producers}");
        assert_eq!(pacer.taken(), got.len() as u64);
    }

    #[test]
    fn records_keep_their_intended_times() {
        let four = Rate::PerSecond(4);
        check(four, 1, 0, &[0, 999], &[]);
        check(four, 1, 0, &[1000], &[1000]);
        // Held up for the whole run: every record still carries its own time, and none lies past the end.
        check(four, 1, 0, &[9_000_000_000], &[1000, 250_001_000, 500_001_000, 750_001_000]);
        check(four, 2, 0, &[9_000_000_000], &[1000, 500_001_000]);
        check(four, 2, 1, &[9_000_000_000], &[250_001_000, 750_001_000]);
        check(Rate::PerSecond(1), 3, 2, &[9_000_000_000], &[]);
    }

    #[test]
    fn the_producers_sum_to_the_rate_without_drift() {
        for rate in [1u64, 3, 7, 999, 1_000_003] {
            let mut all = Vec::new();
            for producer in 0..3 {
                let mut pacer = Pacer::new(Rate::PerSecond(rate), 0, 1_000_000_000, producer, 3);
                while let Some(at) = pacer.take(u64::MAX) {
                    all.push(at);
                }
                assert!(pacer.finished(0));
            }
            assert_eq!(all.len() as u64, rate, "rate {rate}");
            all.sort_unstable();
            assert!(
                all.iter().enumerate().all(|(n, at)| *at == (n as u128 * SECOND / u128::from(rate)) as u64)
            );
        }
    }

    #[test]
    fn max_is_always_due_until_the_end() {
        let mut pacer = Pacer::new(Rate::Max, 1000, 2000, 0, 1);
        assert_eq!(pacer.take(500), None);
        assert_eq!(pacer.take(1500), Some(1500));
        assert_eq!(pacer.take(1500), Some(1500));
        assert_eq!(pacer.take(2000), None);
        assert!(pacer.finished(2000) && !pacer.finished(1999));
    }
}
