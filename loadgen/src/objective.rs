//! Objectives: what a run must reach to pass, such as `ack.p99<5ms` or `lost==0`.
//!
//! ```text
//! FIGURE (< | <= | > | >= | ==) BOUND
//! ```
//!
//! | figure | what | bound |
//! |---|---|---|
//! | `ack.P` (or `response.P`, or `P` alone) | from the intended time of sending to the acknowledgement | a time: `5ms` |
//! | `service.P` | from the actual sending to the acknowledgement | a time |
//! | `queueing.P` | from the intended to the actual sending | a time |
//! | `e2e.P` (or `end_to_end.P`) | from the intended time of sending to reading | a time |
//! | `connect.P` | making a connection | a time |
//! | `heartbeat.P`, `commit.P`, `rebalance.P` | what a crowd of group members asks for, from when it was due | a time |
//! | `lost`, `duplicated`, `reordered`, `corrupt`, `uncommitted`, `failed`, … | counts of the report | a number |
//! | `throttled_s`, `readers_throttled_s` | seconds for which quotas held producers, readers back | a number |
//! | `achieved_per_s`, `offered_per_s`, `mb_per_s`, `transactions_per_s`, `commits_per_s`, `heartbeats_per_s` | rates | a number |
//! | `kept` | achieved ÷ offered | a number: `0.99` |
//! | `broker_cores` | CPU seconds of the broker a second | a number: `0.1` |
//! | `broker_cpu_s`, `loadgen_cpu_s`, `broker_cpu_s_per_gb` | CPU | a number |
//!
//! `P` is one of `mean p50 p75 p90 p95 p99 p99.9 p99.99 p99.999 max`. An objective over something that was
//! not measured is missed: a gate that nobody looked at must not be open.

use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};

use crate::latency::PERCENTILES;

/// How a figure is held against its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Below,
    AtMost,
    Above,
    AtLeast,
    Equal,
}

/// Longest first, so that `<=` is not read as `<`.
const RELATIONS: [(&str, Relation); 5] = [
    ("<=", Relation::AtMost),
    (">=", Relation::AtLeast),
    ("==", Relation::Equal),
    ("<", Relation::Below),
    (">", Relation::Above),
];

/// What an objective speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Figure {
    /// A member of one of the report's latencies, in milliseconds.
    Latency {
        of: &'static str,
        member: String,
    },
    /// A number at the report's top level.
    Plain(&'static str),
    /// One that is computed of others.
    MegabytesPerS,
    Kept,
    BrokerCpuPerGigabyte,
    BrokerCores,
}

/// Names of latencies, with their places in the report.
const LATENCIES: [(&str, &str); 10] = [
    ("ack", "response_ms"),
    ("response", "response_ms"),
    ("service", "service_ms"),
    ("queueing", "queueing_ms"),
    ("e2e", "end_to_end_ms"),
    ("end_to_end", "end_to_end_ms"),
    ("connect", "connect_ms"),
    ("heartbeat", "heartbeat_ms"),
    ("commit", "commit_ms"),
    ("rebalance", "rebalance_ms"),
];

const PLAIN: [&str; 20] = [
    "produced",
    "acked",
    "failed",
    "consumed",
    "lost",
    "duplicated",
    "reordered",
    "corrupt",
    "uncommitted",
    "redelivered",
    "lost_connections",
    "throttled_s",
    "readers_throttled_s",
    "offered_per_s",
    "achieved_per_s",
    "transactions_per_s",
    "commits_per_s",
    "heartbeats_per_s",
    "loadgen_cpu_s",
    "broker_cpu_s",
];

/// One objective; [`fmt::Display`] gives it back as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    text: String,
    figure: Figure,
    relation: Relation,
    /// Milliseconds for latencies.
    bound: f64,
}

/// What became of an objective.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// As it was written.
    pub objective: String,
    /// What was measured; milliseconds for latencies; `None` if nothing was.
    pub value: Option<f64>,
    /// Whether it was met.
    pub met: bool,
    /// `ms` for latencies, else empty.
    pub unit: &'static str,
}

impl Outcome {
    /// `{"objective", "value", "unit", "met"}`.
    pub fn json(&self) -> Value {
        json!({ "objective": self.objective, "value": self.value, "unit": self.unit, "met": self.met })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.met { "met" } else { "MISSED" };
        match self.value {
            Some(value) if value.fract() == 0.0 => {
                write!(f, "{verdict}  {}  (is {value}{})", self.objective, self.unit)
            }
            Some(value) => write!(f, "{verdict}  {}  (is {value:.3}{})", self.objective, self.unit),
            None => write!(f, "{verdict}  {}  (not measured)", self.objective),
        }
    }
}

impl Objective {
    /// Holds the objective against a report's JSON.
    pub fn judge(&self, report: &Value) -> Outcome {
        let value = self.figure.of(report);
        let met = value.is_some_and(|value| match self.relation {
            Relation::Below => value < self.bound,
            Relation::AtMost => value <= self.bound,
            Relation::Above => value > self.bound,
            Relation::AtLeast => value >= self.bound,
            Relation::Equal => value == self.bound,
        });
        let unit = if matches!(self.figure, Figure::Latency { .. }) { "ms" } else { "" };
        Outcome { objective: self.text.clone(), value, met, unit }
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Figure {
    fn of(&self, report: &Value) -> Option<f64> {
        let number = |name: &str| report.get(name).and_then(Value::as_f64);
        match self {
            Figure::Latency { of, member } => {
                let latency = report.get(of)?;
                (latency.get("count")?.as_u64()? > 0).then(|| latency.get(member)?.as_f64()).flatten()
            }
            Figure::Plain(name) => number(name),
            Figure::MegabytesPerS => Some(number("achieved_bytes_per_s")? / 1e6),
            Figure::Kept => Some(number("achieved_per_s")? / number("offered_per_s").filter(|r| *r > 0.0)?),
            Figure::BrokerCpuPerGigabyte => broker_cpu_s_per_gb(report),
            Figure::BrokerCores => broker_cores(report),
        }
    }

    fn parse(text: &str) -> Option<Figure> {
        let is_member =
            |text: &str| ["mean", "max"].contains(&text) || PERCENTILES.iter().any(|(name, _)| *name == text);
        match text {
            "mb_per_s" => return Some(Figure::MegabytesPerS),
            "kept" => return Some(Figure::Kept),
            "broker_cores" => return Some(Figure::BrokerCores),
            "broker_cpu_s_per_gb" => return Some(Figure::BrokerCpuPerGigabyte),
            _ => {}
        }
        if let Some(name) = PLAIN.iter().find(|name| **name == text) {
            return Some(Figure::Plain(name));
        }
        let (kind, member) = text.split_once('.').unwrap_or(("ack", text));
        // `p99.9` alone has a point of its own.
        let (kind, member) = if is_member(text) { ("ack", text) } else { (kind, member) };
        let (_, of) = LATENCIES.iter().find(|(name, _)| *name == kind)?;
        is_member(member).then(|| Figure::Latency { of, member: member.to_owned() })
    }
}

/// CPU seconds of the broker per gigabyte of values acknowledged in the measured window.
pub fn broker_cpu_s_per_gb(report: &Value) -> Option<f64> {
    let number = |name: &str| report.get(name).and_then(Value::as_f64);
    let gigabytes = number("achieved_bytes_per_s")? * number("measured_s")? / 1e9;
    Some(number("broker_cpu_s")? / Some(gigabytes).filter(|gb| *gb > 0.0)?)
}

/// CPU seconds of the broker a second of the measured window.
pub fn broker_cores(report: &Value) -> Option<f64> {
    let number = |name: &str| report.get(name).and_then(Value::as_f64);
    Some(number("broker_cpu_s")? / number("measured_s").filter(|s| *s > 0.0)?)
}

impl FromStr for Objective {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = |why: &str| Err(format!("'{text}': {why}"));
        let split = RELATIONS.iter().find_map(|(sign, relation)| {
            let (figure, bound) = text.split_once(sign)?;
            Some((figure.trim(), *relation, bound.trim()))
        });
        let Some((figure, relation, bound)) = split else {
            return bad("an objective is FIGURE < BOUND (or <=, >, >=, ==), such as ack.p99<5ms or lost==0");
        };
        let Some(figure) = Figure::parse(figure) else {
            return bad(
                "the figure is ack, service, queueing, e2e, connect, heartbeat, commit or rebalance with .mean, .p50 … .p99.999 or .max, or one of lost, \
                 duplicated, reordered, corrupt, uncommitted, failed, throttled_s, acked, consumed, achieved_per_s, transactions_per_s, \
                 commits_per_s, heartbeats_per_s, mb_per_s, kept, broker_cores, broker_cpu_s, broker_cpu_s_per_gb",
            );
        };
        let bound = if matches!(figure, Figure::Latency { .. }) {
            match crate::duration::parse(bound) {
                Ok(bound) => bound.as_secs_f64() * 1e3,
                Err(why) => return bad(&why),
            }
        } else {
            match bound.replace(['_', ','], "").parse::<f64>() {
                Ok(bound) if bound.is_finite() => bound,
                _ => return bad("the bound is a number"),
            }
        };
        Ok(Self { text: text.split_whitespace().collect(), figure, relation, bound })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run that lost 2 records, with an ack p99 of 4 ms, p99.9 of 9 ms, nothing read, 50 MB/s for 10 s at 2
    /// CPU seconds.
    fn check(text: &str, expect: Result<(Option<f64>, bool), ()>) {
        let report = json!({
            "response_ms": { "count": 10, "p50": 1.5, "p99": 4.0, "p99.9": 9.0, "max": 20.0, "mean": 2.0 },
            "end_to_end_ms": { "count": 0, "p99": 0.0 },
            "lost": 2, "duplicated": 0, "broker_cpu_s": 2.0, "loadgen_cpu_s": null,
            "achieved_per_s": 990.0, "offered_per_s": 1000.0, "achieved_bytes_per_s": 5e7, "measured_s": 10.0,
        });
        let got = text.parse::<Objective>().map(|objective| {
            let outcome = objective.judge(&report);
            (outcome.value, outcome.met)
        });
        assert_eq!(got.map_err(drop), expect, "{text}");
    }

    #[test]
    fn objectives_are_met_or_missed() {
        check("ack.p99<5ms", Ok((Some(4.0), true)));
        check("p99 < 4ms", Ok((Some(4.0), false)));
        check("p99 <= 4ms", Ok((Some(4.0), true)));
        check("p99.9<10ms", Ok((Some(9.0), true)));
        check("response.p99.9<0.01s", Ok((Some(9.0), true)));
        check("ack.max>20000us", Ok((Some(20.0), false)));
        check("ack.mean==2ms", Ok((Some(2.0), true)));
        check("lost==0", Ok((Some(2.0), false)));
        check("duplicated==0", Ok((Some(0.0), true)));
        check("kept>=0.99", Ok((Some(0.99), true)));
        check("mb_per_s>50", Ok((Some(50.0), false)));
        check("broker_cores<=0.2", Ok((Some(0.2), true)));
        check("broker_cpu_s_per_gb<=4", Ok((Some(4.0), true)));
        check("achieved_per_s>=1_000", Ok((Some(990.0), false)));
    }

    #[test]
    fn what_was_not_measured_is_missed() {
        check("e2e.p99<1h", Ok((None, false)));
        check("loadgen_cpu_s<1", Ok((None, false)));
        check("corrupt==0", Ok((None, false)));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "ack.p99", "p99<5", "ack.p98<5ms", "speed>3", "lost=0", "lost==zero", "lost<inf"] {
            check(text, Err(()));
        }
    }
}
