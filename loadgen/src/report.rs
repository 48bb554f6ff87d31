//! What a run found, and its JSON.
//!
//! The JSON's top-level names are a fixed interface ([`SCHEMA_VERSION`] changes when their meaning does):
//! `schema_version`, `response_ms`, `service_ms`, `end_to_end_ms`, `offered_per_s`, `achieved_per_s`,
//! `produced`, `acked`, `failed`, `consumed`, `lost`, `duplicated`, `reordered`, `corrupt`, `loadgen_cpu_s`,
//! `broker_cpu_s`, `series`. Others may be added.

use serde_json::{Map, Value, json};

use crate::host::Usage;
use crate::latency::Latency;
use crate::objective::{Objective, Outcome};
use crate::verify::Verdict;

/// The version of the JSON's layout.
pub const SCHEMA_VERSION: u32 = 1;

/// A run may end with what is offered in so many seconds unacknowledged, and have kept its rate.
const UNDER_WAY_S: f64 = 0.05;

/// How many stretches of lost records are listed.
const MISSING_TOLD: usize = 100;

/// One second of a run.
#[derive(Clone, Debug, Default)]
pub struct Second {
    /// Which second, from 0 at the start of producing.
    pub second: u64,
    /// Whether it lies in the measured window: after the warm-up, before the end.
    pub measured: bool,
    /// Records made.
    pub produced: u64,
    /// Records acknowledged.
    pub acked: u64,
    /// Records that failed.
    pub failed: u64,
    /// Records read.
    pub consumed: u64,
    /// From intended sending to acknowledgement.
    pub response: Brief,
    /// From actual sending to acknowledgement.
    pub service: Brief,
    /// From intended sending to reading.
    pub end_to_end: Brief,
    /// Connections lost so far, of producers and consumers.
    pub lost_connections: u64,
    /// Records acknowledged and not read yet, over all readers, at its end.
    pub backlog: u64,
    /// How the response times spread: see [`Latency::heat`].
    pub heat: Vec<(u16, u64)>,
    /// Seconds for which quotas that were found overdrawn in it hold producers back, all of them added up: a wait counts in
    /// the second in which it begins.
    pub throttled_s: f64,
    /// The same of readers.
    pub readers_throttled_s: f64,
    /// What last stood in the way and was tried again.
    pub trouble: Option<String>,
}

/// How readers that came late caught up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain {
    /// The second in which they began.
    pub began_s: u64,
    /// How many records were waiting for them.
    pub backlog: u64,
    /// The most that were waiting while they read.
    pub most: u64,
    /// How long it took until they had read what there was; `None` if they never had.
    pub drained_after_s: Option<u64>,
}

/// A histogram in four numbers: what is kept of each second, so that a long run's series stays small.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Brief {
    /// Half of all latencies lie at or below.
    pub p50_ms: f64,
    /// 99 % of all.
    pub p99_ms: f64,
    /// 99.9 % of all.
    pub p999_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

impl From<&Latency> for Brief {
    fn from(latency: &Latency) -> Self {
        Self {
            p50_ms: latency.percentile_ms(50.0),
            p99_ms: latency.percentile_ms(99.0),
            p999_ms: latency.percentile_ms(99.9),
            max_ms: latency.max_ms(),
        }
    }
}

/// What a run found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What was asked for, name and value.
    pub settings: Map<String, Value>,
    /// What was run, where, against what.
    pub environment: Map<String, Value>,
    /// Whether it was stopped before its time: the figures are those of the part that was.
    pub stopped_early: bool,
    /// From intended sending to acknowledgement.
    pub response: Latency,
    /// From actual sending to acknowledgement.
    pub service: Latency,
    /// From intended to actual sending: the wait in the generator, for a batch to fill and for room.
    pub queueing: Latency,
    /// How late the generator itself was at moments of its timetable: what it adds to the others.
    pub jitter: Latency,
    /// Making each connection of a storm.
    pub connect: Latency,
    /// Joining a consumer group, each time.
    pub join: Latency,
    /// Heartbeats of a crowd, from when each was due.
    pub heartbeat: Latency,
    /// Offset commits of a crowd, from when each was due.
    pub commit: Latency,
    /// Sharing out anew, from the first member's joining to the last one's assignment.
    pub rebalance: Latency,
    /// From intended sending to reading; empty without consumers.
    pub end_to_end: Latency,
    /// Seconds that were measured.
    pub measured_s: f64,
    /// Records a second that the timetable offered; at `--rate max`, that were made.
    pub offered_per_s: f64,
    /// Records a second that were acknowledged.
    pub achieved_per_s: f64,
    /// Bytes of values a second that were acknowledged.
    pub achieved_bytes_per_s: f64,
    /// Transactions a second that were committed or aborted.
    pub transactions_per_s: f64,
    /// Offset commits of a crowd that were answered a second.
    pub commits_per_s: f64,
    /// Heartbeats of a crowd that were answered a second.
    pub heartbeats_per_s: f64,
    /// Records made, warm-up included.
    pub produced: u64,
    /// Records acknowledged.
    pub acked: u64,
    /// Records that failed.
    pub failed: u64,
    /// Records whose transaction was aborted.
    pub aborted: u64,
    /// Records of the timetable that were never made: the system was still too far behind a minute after the end. Their
    /// waits are in no histogram.
    pub unmade: u64,
    /// Records that a group was given again at an offset it had read: allowed, and no duplicates.
    pub redelivered: u64,
    /// Records that a share group has given to a member whose acceptance was refused, and to nobody after: lost.
    pub unsettled: u64,
    /// Connections of a storm that could not be made.
    pub connects_failed: u64,
    /// Seconds for which a quota held producers back, all of them added up.
    pub throttled_s: f64,
    /// The same of readers.
    pub readers_throttled_s: f64,
    /// How readers that came late caught up, if any did.
    pub drain: Option<Drain>,
    /// Topic and partition of each of the run's partition numbers.
    pub place: Vec<(String, i32)>,
    /// Why records failed, one reason a thread at most.
    pub failures: Vec<String>,
    /// What the oracle says.
    pub verdict: Verdict,
    /// Connections lost, of producers and consumers.
    pub lost_connections: u64,
    /// How often a producer had to begin anew under another producer id.
    pub producer_renewals: u64,
    /// Where the log was found shorter than what had been read.
    pub rewound: Vec<String>,
    /// What was found damaged; the first few.
    pub damaged: Vec<String>,
    /// Whether all was read a second time, because connections fell or nobody read the first time.
    pub read_again: bool,
    /// Why the log could not be read to its end, if it could not: then what is missing counts as lost.
    pub unread: Option<String>,
    /// CPU seconds of this process over the measured window.
    pub loadgen_cpu_s: Option<f64>,
    /// CPU seconds of the broker over the measured window, if its process was named.
    pub broker_cpu_s: Option<f64>,
    /// What the broker used over the measured window, and its memory at the end.
    pub broker: Option<Usage>,
    /// What this process used over the measured window, and its memory at the end.
    pub loadgen: Option<Usage>,
    /// The points of a sweep this run was one of.
    pub sweep: Option<Value>,
    /// When producing began, nanoseconds since the Unix epoch.
    pub started: u64,
    /// What became of the objectives.
    pub objectives: Vec<Outcome>,
    /// Second by second.
    pub series: Vec<Second>,
}

impl Report {
    /// Whether nothing is lost, duplicated, reordered, corrupt or read though aborted.
    pub fn clean(&self) -> bool {
        self.verdict.clean()
    }

    /// Whether as much was acknowledged as was offered, within 1 %. What was aborted on purpose does not
    /// count against it, nor does the chance in random arrivals, nor what is under way at the end of a short
    /// run.
    pub fn kept_rate(&self) -> bool {
        let setting = |name: &str| self.settings.get(name);
        let aborted = setting("abort_share").and_then(Value::as_f64).unwrap_or(0.0);
        let random = aborted > 0.0
            || setting("rate").and_then(Value::as_str).is_some_and(|rate| rate.starts_with("poisson"));
        let offered = self.offered_per_s * (1.0 - aborted);
        let chance = if random { 3.0 / (offered * self.measured_s).max(1.0).sqrt() } else { 0.0 };
        let under_way = UNDER_WAY_S / self.measured_s.max(UNDER_WAY_S);
        self.achieved_per_s >= offered * (0.99 - chance - under_way)
    }

    /// Holds the report against objectives, and keeps what became of them.
    pub fn judge(&mut self, objectives: &[Objective]) {
        let json = self.json();
        self.objectives = objectives.iter().map(|objective| objective.judge(&json)).collect();
    }

    /// The stretches of lost records in words, at most a hundred.
    pub fn missing(&self) -> impl Iterator<Item = String> + '_ {
        self.verdict.missing.iter().take(MISSING_TOLD).map(|m| {
            let fall = match m.acked_before_fall {
                Some(at) => {
                    let after = at.saturating_sub(self.started) as f64 / 1e9;
                    format!("acknowledged before the connection fell at {after:.1} s")
                }
                None => "no connection fell after they were acknowledged".to_owned(),
            };
            let (producer, partition) = (m.producer, m.partition);
            let (topic, partition) =
                self.place.get(partition).map_or(("", partition as i32), |(t, p)| (t, *p));
            format!(
                "{topic} partition {partition} producer {producer}: sequences {}–{}, {fall}",
                m.first,
                m.end - 1
            )
        })
    }

    /// The report as JSON.
    pub fn json(&self) -> Value {
        let started = self.started;
        let missing = self.verdict.missing.iter().take(MISSING_TOLD).map(|m| {
            json!({
                "producer": m.producer,
                "topic": self.place.get(m.partition).map(|(topic, _)| topic),
                "partition": self.place.get(m.partition).map_or(m.partition as i32, |(_, partition)| *partition),
                "first": m.first,
                "last": m.end - 1,
                "acked_before_fall_s": m.acked_before_fall.map(|at| at.saturating_sub(started) as f64 / 1e9),
            })
        });
        let found = json!({
            "produced": self.produced,
            "acked": self.acked,
            "failed": self.failed,
            "failures": self.failures,
            "consumed": self.verdict.consumed,
            "lost": self.verdict.lost,
            "duplicated": self.verdict.duplicated,
            "reordered": self.verdict.reordered,
            "corrupt": self.verdict.corrupt,
            "uncommitted": self.verdict.uncommitted,
            "aborted": self.aborted,
            "unmade": self.unmade,
            "redelivered": self.redelivered,
            "unsettled": self.unsettled,
            "connects_failed": self.connects_failed,
            "throttled_s": self.throttled_s,
            "readers_throttled_s": self.readers_throttled_s,
            "drain": self.drain.map(|d| json!({
                "began_s": d.began_s, "backlog": d.backlog, "most": d.most, "drained_after_s": d.drained_after_s,
            })),
            "missing": missing.collect::<Vec<_>>(),
            "rewound": self.rewound,
            "damaged": self.damaged,
            "lost_connections": self.lost_connections,
            "producer_renewals": self.producer_renewals,
            "read_again": self.read_again,
            "unread": self.unread,
            "loadgen_cpu_s": self.loadgen_cpu_s,
            "broker_cpu_s": self.broker_cpu_s,
            "broker": self.broker.map(|usage| usage.json()),
            "loadgen": self.loadgen.map(|usage| usage.json()),
            "sweep": self.sweep,
            "started_unix_ns": self.started,
            "objectives": self.objectives.iter().map(Outcome::json).collect::<Vec<_>>(),
            "series": self.series.iter().map(Second::json).collect::<Vec<_>>(),
        });
        let mut report = json!({
            "schema_version": SCHEMA_VERSION,
            "stopped_early": self.stopped_early,
            "kept_rate": self.kept_rate(),
            "settings": self.settings,
            "environment": self.environment,
            "response_ms": self.response.json(),
            "service_ms": self.service.json(),
            "end_to_end_ms": self.end_to_end.json(),
            "queueing_ms": self.queueing.json(),
            "jitter_ms": self.jitter.json(),
            "connect_ms": self.connect.json(),
            "join_ms": self.join.json(),
            "heartbeat_ms": self.heartbeat.json(),
            "commit_ms": self.commit.json(),
            "rebalance_ms": self.rebalance.json(),
            "percentiles": {
                "response": self.response.curve(),
                "service": self.service.curve(),
                "end_to_end": self.end_to_end.curve(),
            },
            "measured_s": self.measured_s,
            "offered_per_s": self.offered_per_s,
            "achieved_per_s": self.achieved_per_s,
            "achieved_bytes_per_s": self.achieved_bytes_per_s,
            "transactions_per_s": self.transactions_per_s,
            "commits_per_s": self.commits_per_s,
            "heartbeats_per_s": self.heartbeats_per_s,
        });
        if let (Value::Object(report), Value::Object(found)) = (&mut report, found) {
            report.extend(found);
        }
        report
    }
}

impl Second {
    fn json(&self) -> Value {
        let brief = |brief: &Brief| json!({ "p50": brief.p50_ms, "p99": brief.p99_ms, "p99.9": brief.p999_ms, "max": brief.max_ms });
        json!({
            "second": self.second,
            "measured": self.measured,
            "produced": self.produced,
            "acked": self.acked,
            "failed": self.failed,
            "consumed": self.consumed,
            "response_ms": brief(&self.response),
            "service_ms": brief(&self.service),
            "end_to_end_ms": brief(&self.end_to_end),
            "lost_connections": self.lost_connections,
            "backlog": self.backlog,
            "throttled_s": self.throttled_s,
            "readers_throttled_s": self.readers_throttled_s,
            "response_heat": self.heat,
            "trouble": self.trouble,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixed_names_are_there() {
        let json = Report { series: vec![Second::default()], ..Report::default() }.json();
        for name in [
            "schema_version",
            "response_ms",
            "service_ms",
            "end_to_end_ms",
            "offered_per_s",
            "achieved_per_s",
            "produced",
            "acked",
            "failed",
            "consumed",
            "lost",
            "duplicated",
            "reordered",
            "corrupt",
            "loadgen_cpu_s",
            "broker_cpu_s",
            "series",
        ] {
            assert!(json.get(name).is_some(), "{name}");
        }
        for name in ["p50", "p75", "p90", "p95", "p99", "p99.9", "p99.99", "p99.999", "max", "count"] {
            assert!(json["response_ms"].get(name).is_some(), "{name}");
        }
    }
}
