//! How many records a second a run offers, as it changes over time.
//!
//! | written | meaning |
//! |---|---|
//! | `20000` | this many records a second, evenly |
//! | `max` | as many as the broker takes |
//! | `steps:1000x10s,5000x10s` | these rates for these times; the last one stays |
//! | `ramp:1000-50000` | evenly from one to the other over the measured window |
//! | `sine:10000+-5000/30s` | around a mean, by up to this much, with this period |
//! | `poisson:10000` | this many on average, at random and independently, as many clients together come |
//!
//! Shapes begin with the measured window; the warm-up runs at their first rate. A shape is the curve of
//! records due by each moment, piece by piece of even or evenly changing rate, so that the moment of every
//! record follows from its number alone and nothing drifts.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::duration;

/// How many records a second a run offers over all producers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rate {
    /// This many; at least 1.
    PerSecond(u64),
    /// As many as the broker takes.
    Max,
    /// One rate after the other; the last one stays.
    Steps(Vec<(u64, Duration)>),
    /// From one rate to another over the measured window.
    Ramp {
        /// At its beginning.
        from: u64,
        /// At its end.
        to: u64,
    },
    /// Up and down.
    Sine {
        /// The mean; not below `swing`.
        mean: u64,
        /// How far it goes from the mean.
        swing: u64,
        /// From peak to peak.
        period: Duration,
    },
    /// At random, this many on average.
    Poisson(u64),
}

/// Pieces of even change that stand for one period of a sine: the greatest error is half a percent of the
/// swing.
const SINE_PIECES: u32 = 32;

/// The greatest rate that is accepted.
const RATE_MAX: u64 = 1_000_000_000;

impl Rate {
    /// The same shape with this mean rate, for a sweep; [`Rate::Max`] and steps become even.
    #[must_use]
    pub fn at(&self, rate: u64) -> Rate {
        match self {
            Rate::Poisson(_) => Rate::Poisson(rate),
            _ => Rate::PerSecond(rate),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rate::PerSecond(rate) => write!(f, "{rate}"),
            Rate::Max => f.write_str("max"),
            Rate::Steps(steps) => {
                let steps: Vec<String> =
                    steps.iter().map(|(rate, time)| format!("{rate}x{}", duration::show(*time))).collect();
                write!(f, "steps:{}", steps.join(","))
            }
            Rate::Ramp { from, to } => write!(f, "ramp:{from}-{to}"),
            Rate::Sine { mean, swing, period } => {
                write!(f, "sine:{mean}+-{swing}/{}", duration::show(*period))
            }
            Rate::Poisson(rate) => write!(f, "poisson:{rate}"),
        }
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| match text.trim().replace('_', "").parse::<u64>() {
            Ok(rate) if rate <= RATE_MAX => Ok(rate),
            _ => Err(format!("'{text}' is not a number of records a second up to {RATE_MAX}")),
        };
        let (shape, rest) = text.split_once(':').unwrap_or(("", text));
        let rate = match shape {
            "" if text == "max" => Rate::Max,
            "" => Rate::PerSecond(number(text)?),
            "poisson" => Rate::Poisson(number(rest)?),
            "ramp" => {
                let (from, to) =
                    rest.split_once('-').ok_or("a ramp is ramp:FROM-TO, such as ramp:1000-50000")?;
                Rate::Ramp { from: number(from)?, to: number(to)? }
            }
            "sine" => {
                let wrong = "a sine is sine:MEAN+-SWING/PERIOD, such as sine:10000+-5000/30s";
                let (mean, rest) = rest.split_once("+-").ok_or(wrong)?;
                let (swing, period) = rest.split_once('/').ok_or(wrong)?;
                let (mean, swing) = (number(mean)?, number(swing)?);
                let period = duration::parse(period)?;
                if swing > mean || period < Duration::from_millis(10) {
                    return Err("the swing of a sine is at most its mean, its period at least 10ms".into());
                }
                Rate::Sine { mean, swing, period }
            }
            "steps" => {
                let step = |text: &str| {
                    let wrong = || "steps are steps:RATExTIME,…, such as steps:1000x10s,5000x10s".to_owned();
                    let (rate, time) = text.split_once('x').ok_or_else(wrong)?;
                    Ok::<_, String>((number(rate)?, duration::parse(time.trim())?))
                };
                Rate::Steps(rest.split(',').map(step).collect::<Result<_, _>>()?)
            }
            _ => return Err("a rate is a number, max, or one of steps: ramp: sine: poisson:".into()),
        };
        let nothing = match &rate {
            Rate::PerSecond(rate) | Rate::Poisson(rate) => *rate == 0,
            Rate::Steps(steps) => steps.iter().all(|(rate, _)| *rate == 0),
            Rate::Ramp { from, to } => from + to == 0,
            Rate::Sine { mean, .. } => *mean == 0,
            Rate::Max => false,
        };
        if nothing { Err("give a number of records a second above 0, or max".into()) } else { Ok(rate) }
    }
}

/// A stretch of even or evenly changing rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Piece {
    /// Where it begins, nanoseconds after the curve's start.
    at: f64,
    /// How many records were due before.
    number: f64,
    /// Records a nanosecond at its beginning …
    rate: f64,
    /// … and what is added to that each nanosecond.
    slope: f64,
}

/// Records due by each moment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Curve(Vec<Piece>);

const NANOS: f64 = 1e9;

impl Curve {
    /// The curve of a rate that is neither even nor random; `None` for those. It covers `warmup` and
    /// `duration`.
    pub fn of(rate: &Rate, warmup: Duration, duration: Duration) -> Option<Curve> {
        // Rate at the beginning, rate at the end, length.
        let mut stretches: Vec<(f64, f64, Duration)> = Vec::new();
        match rate {
            Rate::PerSecond(_) | Rate::Max | Rate::Poisson(_) => return None,
            Rate::Steps(steps) => {
                stretches.push((steps.first()?.0 as f64, steps.first()?.0 as f64, warmup));
                stretches.extend(steps.iter().map(|(rate, time)| (*rate as f64, *rate as f64, *time)));
            }
            Rate::Ramp { from, to } => {
                let (from, to) = (*from as f64, *to as f64);
                stretches.extend([(from, from, warmup), (from, to, duration)]);
            }
            Rate::Sine { mean, swing, period } => {
                let mean = *mean as f64;
                stretches.push((mean, mean, warmup));
                let level = |piece: u32| {
                    let turn = f64::from(piece % SINE_PIECES) / f64::from(SINE_PIECES);
                    mean + *swing as f64 * (turn * std::f64::consts::TAU).sin()
                };
                let (piece, mut covered, mut number) = (*period / SINE_PIECES, Duration::ZERO, 0u32);
                while covered < duration {
                    stretches.push((level(number), level(number + 1), piece));
                    covered += piece;
                    number = (number + 1) % SINE_PIECES;
                }
            }
        }
        let (mut pieces, mut at, mut number, mut last) = (Vec::new(), 0.0, 0.0, 0.0);
        for (from, to, length) in stretches {
            let length = length.as_nanos() as f64;
            last = to / NANOS;
            if length > 0.0 {
                pieces.push(Piece { at, number, rate: from / NANOS, slope: (to - from) / NANOS / length });
                number += (from + to) / 2.0 / NANOS * length;
                at += length;
            }
        }
        pieces.push(Piece { at, number, rate: last, slope: 0.0 });
        Some(Curve(pieces))
    }

    /// When record `number` (from 0) is due, nanoseconds after the start; `None` if never.
    pub fn due(&self, number: u64) -> Option<u64> {
        let number = number as f64;
        let piece = self.0[self.0.partition_point(|piece| piece.number <= number).saturating_sub(1)];
        let more = number - piece.number;
        if more <= 0.0 {
            return Some(piece.at as u64);
        }
        // number = rate·t + slope/2·t², solved so that nothing cancels out where the slope is small.
        let root = piece.rate * piece.rate + 2.0 * piece.slope * more;
        let divisor = piece.rate + root.max(0.0).sqrt();
        (divisor > 0.0).then(|| (piece.at + 2.0 * more / divisor) as u64)
    }

    /// How many records are due within the first `nanos`.
    pub fn count(&self, nanos: u64) -> f64 {
        let nanos = nanos as f64;
        let piece = self.0[self.0.partition_point(|piece| piece.at <= nanos).saturating_sub(1)];
        let time = nanos - piece.at;
        piece.number + piece.rate * time + piece.slope / 2.0 * time * time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_read_back_as_they_are_written() {
        for text in [
            "20000",
            "max",
            "steps:1000x10s,5000x1500ms",
            "ramp:0-50000",
            "sine:10000+-5000/30s",
            "poisson:7",
        ] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        assert_eq!("1_000".parse(), Ok(Rate::PerSecond(1000)));
        for text in [
            "",
            "0",
            "-1",
            "fast",
            "steps:",
            "steps:5",
            "steps:0x5s",
            "ramp:5",
            "ramp:0-0",
            "sine:5+-6/1s",
            "sine:5+-5/1ms",
            "poisson:0",
            "poisson:max",
            "2000000000",
        ] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }

    /// Expects how many records are due by these moments (ms), of 1 s warm-up and 10 s after it; and that
    /// each record's moment is one by which that many are due.
    fn check(text: &str, expect: &[(u64, u64)]) {
        let rate: Rate = text.parse().unwrap();
        let curve = Curve::of(&rate, Duration::from_secs(1), Duration::from_secs(10)).unwrap();
        for &(ms, count) in expect {
            assert_eq!(curve.count(ms * 1_000_000).round() as u64, count, "{text} at {ms} ms");
        }
        let mut before = 0;
        for number in 0..expect.last().unwrap().1 {
            let due = curve.due(number).unwrap();
            assert!(due >= before, "{text}: record {number}");
            assert!((curve.count(due) - number as f64).abs() < 0.01, "{text}: record {number} at {due}");
            before = due;
        }
    }

    #[test]
    fn curves_follow_their_shapes() {
        check("steps:1000x2s,0x3s,500x1s", &[(1000, 1000), (3000, 3000), (6000, 3000), (8000, 4000)]);
        check("ramp:0-1000", &[(1000, 0), (6000, 1250), (11_000, 5000), (12_000, 6000)]);
        check("ramp:1000-0", &[(1000, 1000), (11_000, 6000)]);
        check("sine:1000+-1000/4s", &[(1000, 1000), (5000, 5000), (9000, 9000)]);
        let rate: Rate = "ramp:10-0".parse().unwrap();
        let curve = Curve::of(&rate, Duration::ZERO, Duration::from_secs(10)).unwrap();
        assert!(curve.due(49).is_some());
        assert_eq!(curve.due(51), None, "the ramp has ended at nothing");
    }
}
