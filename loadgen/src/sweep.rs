//! The knee: the highest rate at which the objectives hold.
//!
//! ```text
//!  first rate ── holds: twice as much, until one fails ──┐
//!             └─ fails: half as much, until one holds ───┴─▶ halve the gap until it is narrow enough
//! ```
//!
//! Every rate is tried several times and the majority decides, so that one unlucky flush does not move the
//! knee; trying ends as soon as the majority is certain. Beside the stated objectives a rate must be kept
//! (an open loop that falls behind has no latency worth stating), and a run that loses a record ends the
//! sweep.

use serde_json::{Value, json};

use crate::report::Report;

/// The highest rate that is tried: beyond it this generator is the bottleneck.
const RATE_MAX: u64 = 10_000_000;

/// How many rates are tried at the most.
const RATES_MAX: usize = 40;

/// How thoroughly to look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SweepConfig {
    /// The first rate.
    pub from: u64,
    /// How often each rate is tried at the most.
    pub repeats: u32,
    /// The gap between what holds and what fails is narrow enough at this share of the rate.
    pub precision: f64,
}

impl Default for SweepConfig {
    fn default() -> Self {
        Self { from: 1000, repeats: 3, precision: 0.05 }
    }
}

/// Where the search stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bracket {
    /// The highest rate that holds, and the lowest above it that fails.
    pub holds: Option<u64>,
    /// See `holds`.
    pub fails: Option<u64>,
}

impl Bracket {
    /// The rate to try next; `None` when the gap is narrow enough, or there is nothing left to try.
    pub fn next(&self, config: &SweepConfig) -> Option<u64> {
        match (self.holds, self.fails) {
            (None, None) => Some(config.from.max(1)),
            (Some(holds), None) => (holds < RATE_MAX).then(|| (holds * 2).min(RATE_MAX)),
            (None, Some(fails)) => (fails > 1).then_some(fails / 2),
            (Some(holds), Some(fails)) => {
                let wide = (fails - holds) as f64 > holds as f64 * config.precision;
                (wide && fails - holds > 1).then_some(u64::midpoint(holds, fails))
            }
        }
    }

    /// Notes what became of a rate.
    pub fn note(&mut self, rate: u64, held: bool) {
        if held {
            self.holds = Some(self.holds.map_or(rate, |before| before.max(rate)));
        } else {
            self.fails = Some(self.fails.map_or(rate, |before| before.min(rate)));
        }
    }
}

/// One run of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The rate that was offered.
    pub rate: u64,
    /// Whether it was kept and all objectives met.
    pub held: bool,
    /// What was achieved.
    pub achieved_per_s: f64,
    /// Latencies of acknowledgement in milliseconds: p50, p99, p99.9.
    pub response_ms: [f64; 3],
}

impl Point {
    /// The point that a run makes.
    pub fn of(rate: u64, report: &Report) -> Point {
        let held =
            report.clean() && report.kept_rate() && report.objectives.iter().all(|outcome| outcome.met);
        let response_ms = [50.0, 99.0, 99.9].map(|percentile| report.response.percentile_ms(percentile));
        Point { rate, held, achieved_per_s: report.achieved_per_s, response_ms }
    }
}

/// What a sweep found.
#[derive(Clone, Debug, Default)]
pub struct Sweep {
    /// The highest rate that holds, and the lowest above it that does not.
    pub bracket: Bracket,
    /// All runs, in their order.
    pub points: Vec<Point>,
    /// Whether it was told to end before it had found the knee: the bracket is what is known so far.
    pub stopped: bool,
    /// A run at the knee, or the last one if nothing held, or the one that was not clean.
    pub report: Option<Report>,
}

impl Sweep {
    /// How many of the runs at the knee held, and how many there were.
    pub fn confidence(&self) -> (usize, usize) {
        let at_knee = self.points.iter().filter(|point| Some(point.rate) == self.bracket.holds);
        (at_knee.clone().filter(|point| point.held).count(), at_knee.count())
    }

    /// As JSON: `stopped`, `knee_per_s`, `fails_per_s`, `held_runs`, `runs`, `points`.
    pub fn json(&self) -> Value {
        let (held_runs, runs) = self.confidence();
        let point = |point: &Point| {
            let [p50, p99, p999] = point.response_ms;
            json!({
                "rate": point.rate, "held": point.held, "achieved_per_s": point.achieved_per_s,
                "response_ms": { "p50": p50, "p99": p99, "p99.9": p999 },
            })
        };
        json!({
            "stopped": self.stopped,
            "knee_per_s": self.bracket.holds,
            "fails_per_s": self.bracket.fails,
            "held_runs": held_runs,
            "runs": runs,
            "points": self.points.iter().map(point).collect::<Vec<_>>(),
        })
    }
}

/// Looks for the knee. `run` runs at a rate and answers a judged report; `on_point` is told of each. Ends
/// early when `stopped` says so or a run was not clean.
pub fn sweep<E>(
    config: &SweepConfig,
    stopped: &dyn Fn() -> bool,
    run: &mut dyn FnMut(u64) -> Result<Report, E>,
    on_point: &mut dyn FnMut(&Point),
) -> Result<Sweep, E> {
    let mut sweep = Sweep::default();
    for _ in 0..RATES_MAX {
        let Some(rate) = sweep.bracket.next(config) else { break };
        let repeats = config.repeats.max(1);
        let (mut held, mut failed) = (0, 0);
        while held <= repeats / 2 && failed < repeats.div_ceil(2) {
            let report = run(rate)?;
            if stopped() {
                // Half a run tells nothing; it is shown only if there is no whole one.
                sweep.stopped = true;
                sweep.report.get_or_insert(report);
                return Ok(sweep);
            }
            let point = Point::of(rate, &report);
            on_point(&point);
            *if point.held { &mut held } else { &mut failed } += 1;
            let clean = report.clean();
            let at_knee = point.held && sweep.bracket.holds.is_none_or(|holds| rate >= holds);
            if at_knee || sweep.bracket.holds.is_none() || !clean {
                sweep.report = Some(report);
            }
            sweep.points.push(point);
            if !clean {
                return Ok(sweep);
            }
        }
        sweep.bracket.note(rate, held > failed);
    }
    Ok(sweep)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A broker that holds up to `knee`, but for the runs whose numbers are in `unlucky`.
    fn check(from: u64, knee: u64, unlucky: &[usize], runs_at_most: usize) -> Sweep {
        let config = SweepConfig { from, ..SweepConfig::default() };
        let mut number = 0;
        let mut run = |rate: u64| {
            let holds = rate <= knee && !unlucky.contains(&number);
            number += 1;
            let achieved_per_s = if holds { rate } else { knee.min(rate) / 2 } as f64;
            Ok::<_, ()>(Report {
                offered_per_s: rate as f64,
                achieved_per_s,
                measured_s: 1.0,
                ..Report::default()
            })
        };
        let sweep = sweep(&config, &|| false, &mut run, &mut |_| {}).unwrap();
        assert!(sweep.points.len() <= runs_at_most, "{} runs", sweep.points.len());
        sweep
    }

    #[test]
    fn the_knee_is_found_within_the_precision() {
        for (from, knee) in [(1000, 50_000), (1000, 1000), (1_000_000, 3), (10, 9_999_999)] {
            let sweep = check(from, knee, &[], 80);
            let found = sweep.bracket.holds.unwrap();
            assert!(found <= knee && found as f64 >= knee as f64 * 0.95 - 1.0, "{found} of {knee}");
            assert!(sweep.bracket.fails.is_none_or(|fails| fails > knee));
            let (held, runs) = sweep.confidence();
            assert_eq!((held, runs), (2, 2));
            assert_eq!(sweep.report.as_ref().unwrap().offered_per_s as u64, found);
        }
        assert_eq!(check(1000, u64::MAX, &[], 80).bracket, Bracket { holds: Some(RATE_MAX), fails: None });
        assert_eq!(check(8, 0, &[], 80).bracket, Bracket { holds: None, fails: Some(1) });
    }

    #[test]
    fn one_unlucky_run_does_not_move_the_knee() {
        let sweep = check(1000, 1500, &[0], 80);
        assert!(sweep.bracket.holds.unwrap() >= 1425);
    }

    #[test]
    fn a_sweep_that_is_stopped_tells_what_held_so_far() {
        for (after, holds) in [(1, None), (6, Some(2000))] {
            let runs = std::cell::Cell::new(0);
            let mut run = |rate: u64| {
                runs.set(runs.get() + 1);
                let rate = rate as f64;
                Ok::<_, ()>(Report {
                    offered_per_s: rate,
                    achieved_per_s: rate,
                    measured_s: 1.0,
                    ..Report::default()
                })
            };
            let stopped = || runs.get() == after;
            let config = SweepConfig { from: 1000, ..SweepConfig::default() };
            let sweep = sweep(&config, &stopped, &mut run, &mut |_| {}).unwrap();
            assert_eq!((sweep.stopped, sweep.bracket.holds), (true, holds), "after {after} runs");
            assert!(sweep.report.is_some());
        }
        assert!(!check(1000, 5000, &[], 80).stopped);
    }

    #[test]
    fn a_run_that_is_not_clean_ends_it() {
        let mut run = |_| {
            let mut report = Report::default();
            report.verdict.lost = 1;
            Ok::<_, ()>(report)
        };
        let sweep = sweep(&SweepConfig::default(), &|| false, &mut run, &mut |_| {}).unwrap();
        assert_eq!((sweep.points.len(), sweep.report.unwrap().clean()), (1, false));
    }
}
