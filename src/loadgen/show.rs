//! What a run says on the terminal: a line a second, and a table at its end.

use std::io::IsTerminal;

use headwater_loadgen::latency::{Latency, PERCENTILES};
use headwater_loadgen::report::{Report, Second};
use headwater_loadgen::scenario::Scenario;
use headwater_loadgen::sweep::Point;

use crate::table::{grouped, table};

/// How wide the bar is.
const BAR: usize = 20;

/// What is shown while a run lasts, on standard error: on a terminal one line that is written over, with a bar; else a
/// line a second, with headings now and then.
#[derive(Debug)]
pub struct Progress {
    terminal: bool,
    total_s: u64,
    trouble: Option<String>,
    failed: u64,
}

impl Progress {
    /// The progress of a run of this length.
    pub fn new(scenario: &Scenario) -> Self {
        let total_s = (scenario.warmup + scenario.duration).as_secs_f64().ceil() as u64;
        Self { terminal: std::io::stderr().is_terminal(), total_s, trouble: None, failed: 0 }
    }

    /// Shows a second that is over.
    pub fn second(&mut self, second: &Second) {
        self.failed += second.failed;
        self.tell_trouble(second);
        if self.terminal { self.bar(second) } else { line(second) }
    }

    /// What is tried again stands on a line of its own, once.
    fn tell_trouble(&mut self, second: &Second) {
        if second.trouble.is_some() && second.trouble != self.trouble {
            let trouble = second.trouble.as_deref().unwrap_or_default();
            let clear = if self.terminal { "\r\x1b[K" } else { "" };
            eprintln!("{clear}second {}: {trouble}; trying again", second.second);
        }
        if second.trouble.is_some() {
            self.trouble.clone_from(&second.trouble);
        }
    }

    fn bar(&self, second: &Second) {
        let done = second.second + 1;
        let filled = (BAR as u64 * done.min(self.total_s) / self.total_s.max(1)) as usize;
        let left = self.total_s.saturating_sub(done);
        let phase = if second.measured {
            ""
        } else if left > 0 {
            " warm-up"
        } else {
            " ending"
        };
        let errors = match (self.failed, second.lost_connections) {
            (0, 0) => String::new(),
            (failed, lost) => format!("  failed {}, connections lost {lost}", grouped(failed)),
        } + &held(second);
        let response = second.response;
        // Nothing is timed in the warm-up, and noughts would look like figures.
        let latency = if response.max_ms > 0.0 {
            format!("  p50 {:.1}  p99 {:.1}  max {:.1} ms", response.p50_ms, response.p99_ms, response.max_ms)
        } else {
            String::new()
        };
        eprint!(
            "\r\x1b[K[{}{}] {left} s left{phase}  {}/s{latency}{errors}",
            "#".repeat(filled),
            "·".repeat(BAR - filled),
            grouped(second.acked),
        );
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.terminal {
            eprint!("\r\x1b[K");
        }
    }
}

fn line(second: &Second) {
    if second.second.is_multiple_of(20) {
        eprintln!(
            "second    produced/s       acked/s    consumed/s   response p50/p99/max ms      end to end p50/p99 ms"
        );
    }
    let mark = if second.measured { ' ' } else { '~' };
    let failed = if second.failed > 0 { format!("  failed {}", second.failed) } else { String::new() };
    let lost = if second.lost_connections > 0 {
        format!("  connections lost {}", second.lost_connections)
    } else {
        String::new()
    };
    // Nothing is timed in the warm-up, and noughts would look like figures.
    let ms = |value: f64| if value > 0.0 { format!("{value:.2}") } else { "-".to_owned() };
    eprintln!(
        "{:>5}{mark} {:>13} {:>13} {:>13}   {:>7} {:>7} {:>8}      {:>8} {:>8}{failed}{lost}{}",
        second.second,
        grouped(second.produced),
        grouped(second.acked),
        grouped(second.consumed),
        ms(second.response.p50_ms),
        ms(second.response.p99_ms),
        ms(second.response.max_ms),
        ms(second.end_to_end.p50_ms),
        ms(second.end_to_end.p99_ms),
        held(second),
    );
}

/// What quotas have done to a second, if anything.
fn held(second: &Second) -> String {
    match quotas(second.throttled_s, second.readers_throttled_s) {
        Some(held) => format!("  quota holds {held}"),
        None => String::new(),
    }
}

/// Whom quotas hold back, and for how long.
fn quotas(producers_s: f64, readers_s: f64) -> Option<String> {
    let part = |who: &str, seconds: f64| (seconds >= 0.001).then(|| format!("{who} {seconds:.1} s"));
    match (part("producers", producers_s), part("readers", readers_s)) {
        (Some(a), Some(b)) => Some(format!("{a}, {b}")),
        (a, b) => a.or(b),
    }
}

/// One line a run of a sweep, on standard error.
pub fn point(point: &Point) {
    let [p50, p99, p999] = point.response_ms;
    eprintln!(
        "{:>12}/s {}  achieved {:>12}/s   p50 {p50:>8.2}  p99 {p99:>8.2}  p99.9 {p999:>8.2} ms",
        grouped(point.rate),
        if point.held { "holds" } else { "FAILS" },
        grouped(point.achieved_per_s.round() as u64),
    );
}

/// What a run ends with.
pub fn closing(report: &Report) -> String {
    let mut headings = vec!["LATENCY ms"];
    let names: Vec<String> = PERCENTILES.iter().map(|(name, _)| format!(">{name}")).collect();
    headings.extend(names.iter().map(String::as_str));
    headings.extend([">max", ">count"]);
    let row = |name: &str, latency: &Latency| {
        let mut row = vec![name.to_owned()];
        row.extend(PERCENTILES.iter().map(|(_, p)| format!("{:.2}", latency.percentile_ms(*p))));
        row.extend([format!("{:.2}", latency.max_ms()), grouped(latency.count())]);
        row
    };
    let mut rows = vec![row("response", &report.response), row("service", &report.service)];
    let more = [
        ("end to end", &report.end_to_end),
        ("queueing", &report.queueing),
        ("jitter", &report.jitter),
        ("connecting", &report.connect),
        ("joining a group", &report.join),
        ("heartbeats", &report.heartbeat),
        ("offset commits", &report.commit),
        ("rebalances", &report.rebalance),
    ];
    rows.extend(
        more.iter().filter(|(_, latency)| latency.count() > 0).map(|(name, latency)| row(name, latency)),
    );
    let mut out = String::from("\n");
    if !report.clean() {
        out += &unclean(report);
    }
    out += &table(&headings, rows);
    out += &format!(
        "\noffered {} records/s, achieved {} records/s ({:.1} MB/s) over {:.1} s\n",
        grouped(report.offered_per_s.round() as u64),
        grouped(report.achieved_per_s.round() as u64),
        report.achieved_bytes_per_s / 1e6,
        report.measured_s,
    );
    let rates = [
        ("transactions", report.transactions_per_s),
        ("offset commits", report.commits_per_s),
        ("heartbeats", report.heartbeats_per_s),
    ];
    for (name, rate) in rates.into_iter().filter(|(_, rate)| *rate > 0.0) {
        out += &format!("{name} {}/s\n", grouped(rate.round() as u64));
    }
    if let Some(seconds) = report.loadgen_cpu_s {
        let broker = report.broker_cpu_s.map_or(String::new(), |s| format!(", broker {s:.2} s"));
        out += &format!("CPU: load generator {seconds:.2} s{broker}\n");
    }
    if report.stopped_early {
        out += "stopped before its time: the figures are those of the part that was\n";
    }
    let verdict = &report.verdict;
    out += &format!(
        "produced {}, acknowledged {}, failed {}, consumed {}\n",
        grouped(report.produced),
        grouped(report.acked),
        grouped(report.failed),
        grouped(verdict.consumed),
    );
    if report.unmade > 0 {
        out += &format!(
            "NOT MADE: {} records of the timetable, since a minute after its end the system was still behind; no histogram holds their waits\n",
            grouped(report.unmade)
        );
    }
    if report.aborted > 0 {
        out += &format!("aborted {}\n", grouped(report.aborted));
    }
    if report.redelivered > 0 {
        out += &format!("redelivered to groups {}\n", grouped(report.redelivered));
    }
    if report.unsettled > 0 {
        out += &format!(
            "lost: {} records that a share group gave to a member, did not let it accept, and gave to nobody after\n",
            grouped(report.unsettled)
        );
    }
    if let Some(held) = quotas(report.throttled_s, report.readers_throttled_s) {
        out += &format!("a quota of the broker was overdrawn and held back: {held} (all of them added up)\n");
    }
    if let Some(drain) = &report.drain {
        let backlog = grouped(drain.backlog);
        out += &match drain.drained_after_s {
            Some(after) => format!(
                "a backlog of {backlog} records, {} at the most, was drained within {after} s\n",
                grouped(drain.most)
            ),
            None => format!(
                "a backlog of {backlog} records grew to {} and was NOT drained while the load lasted\n",
                grouped(drain.most)
            ),
        };
    }
    if report.lost_connections > 0 {
        out += &format!(
            "connections lost {}, producers begun anew {}; the log was read again from the run's beginning\n",
            report.lost_connections, report.producer_renewals
        );
    }
    if !report.kept_rate() {
        out += "the rate was not kept: latencies are those of an overloaded system\n";
    }
    for line in report.failures.iter().chain(&report.rewound).chain(&report.damaged) {
        out += &format!("{line}\n");
    }
    for line in report.missing() {
        out += &format!("lost: {line}\n");
    }
    if let Some(why) = &report.unread {
        out += &format!("the log could not be read to its end ({why}): what was not read counts as lost\n");
    }
    if let Some(sweep) = &report.sweep {
        let rate = |name: &str| sweep[name].as_u64().map(grouped);
        out += &match (rate("knee_per_s"), rate("fails_per_s")) {
            (Some(holds), fails) if sweep["stopped"] == true => {
                let fails = fails.map_or(String::new(), |fails| format!(", {fails} records/s did not"));
                format!("stopped before the knee was found: {holds} records/s held so far{fails}\n")
            }
            (None, Some(fails)) if sweep["stopped"] == true => {
                format!(
                    "stopped before the knee was found: {fails} records/s did not hold, and nothing below it was tried to its end\n"
                )
            }
            (None, None) if sweep["stopped"] == true => {
                "stopped before the knee was found, and before any rate was tried to its end\n".to_owned()
            }
            (Some(knee), Some(fails)) => format!(
                "the knee: {knee} records/s held in {} of {} runs, {fails} records/s did not; the figures above are a run's at the knee\n",
                sweep["held_runs"], sweep["runs"]
            ),
            (Some(knee), None) => format!("{knee} records/s held, and no more was tried\n"),
            (None, _) => "no rate held\n".to_owned(),
        };
    }
    for outcome in &report.objectives {
        out += &format!("{outcome}\n");
    }
    out += &if report.acked == 0 && report.failed > 0 {
        "nothing was acknowledged: there is nothing to verify\n".to_owned()
    } else if report.clean() {
        "verified: nothing lost, duplicated, reordered or corrupt\n".to_owned()
    } else {
        unclean(report)
    };
    out
}

/// What is wrong with what was read: first, since no figure of such a run means anything, and last, where people look.
fn unclean(report: &Report) -> String {
    let verdict = &report.verdict;
    format!(
        "FAILED: lost {}, duplicated {}, reordered {}, corrupt {}, read though aborted {}\n",
        verdict.lost, verdict.duplicated, verdict.reordered, verdict.corrupt, verdict.uncommitted
    )
}
