//! What a report says in words and numbers.

use std::fmt::Write;

use serde_json::Value;

use super::chart::escape;
use crate::compare::{Side, Spread, compare, number};
use crate::latency::PERCENTILES;
use crate::objective::broker_cpu_s_per_gb;

fn count(report: &Value, name: &str) -> f64 {
    report[name].as_f64().unwrap_or(0.0)
}

/// What was lost and the like, objectives, and what else must be known before any figure is looked at.
pub(super) fn verdict(report: &Value, of: &str) -> String {
    let faults = ["lost", "duplicated", "reordered", "corrupt", "uncommitted"];
    let found: Vec<String> = faults
        .iter()
        .filter(|name| count(report, name) > 0.0)
        .map(|name| format!("{name} {}", number(count(report, name))))
        .collect();
    let of = if of.is_empty() { String::new() } else { format!("<b>{}</b>: ", escape(of)) };
    let mut out = if found.is_empty() {
        format!(
            "<div class=\"verdict\">{of}<span class=\"good\">Verified</span>: {} records read, none lost, duplicated, reordered or corrupt.",
            number(count(report, "consumed"))
        )
    } else {
        format!("<div class=\"verdict bad\">{of}<b>This run has no result: {}.</b>", found.join(", "))
    };
    let mut notes: Vec<String> = Vec::new();
    if report["stopped_early"] == Value::Bool(true) {
        notes.push("It was stopped before its time: the figures are those of the part that was.".into());
    }
    if count(report, "failed") > 0.0 {
        notes.push(format!("{} records failed.", number(count(report, "failed"))));
    }
    if count(report, "lost_connections") > 0.0 {
        notes.push(format!(
            "{} connections were lost; the log was read again.",
            number(count(report, "lost_connections"))
        ));
    }
    if report["kept_rate"] == Value::Bool(false) {
        notes.push(format!(
            "The rate was not kept: {} records/s were offered, {} acknowledged. Latencies are those of an overloaded system.",
            number(count(report, "offered_per_s")),
            number(count(report, "achieved_per_s"))
        ));
    }
    for (who, name) in [("producers", "throttled_s"), ("readers", "readers_throttled_s")] {
        if count(report, name) >= 0.001 {
            notes.push(format!(
                "A quota of the broker held {who} back for {} s, all of them added up.",
                number(count(report, name))
            ));
        }
    }
    if count(report, "unmade") > 0.0 {
        notes.push(format!(
            "{} records of the timetable were never made: a minute after its end the system was still behind. No histogram holds their waits.",
            number(count(report, "unmade"))
        ));
    }
    if let Some(why) = report["unread"].as_str() {
        notes.push(format!("The log could not be read to its end: {why}"));
    }
    if let (Some(knee), Some(fails)) =
        (report["sweep"]["knee_per_s"].as_f64(), report["sweep"]["fails_per_s"].as_f64())
    {
        notes.push(format!(
            "The knee: {} records/s held in {} of {} runs, {} records/s did not. The figures here are a run's at the knee.",
            number(knee),
            report["sweep"]["held_runs"],
            report["sweep"]["runs"],
            number(fails)
        ));
    }
    for list in ["failures", "rewound", "damaged"] {
        notes.extend(
            report[list].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned),
        );
    }
    for missing in report["missing"].as_array().into_iter().flatten().take(20) {
        let fall = match missing["acked_before_fall_s"].as_f64() {
            Some(at) => format!("acknowledged before the connection fell at {at:.1} s"),
            None => "no connection fell after they were acknowledged".to_owned(),
        };
        notes.push(format!(
            "Lost: {} partition {} producer {}, sequences {}–{}, {fall}",
            missing["topic"].as_str().unwrap_or_default(),
            missing["partition"],
            missing["producer"],
            missing["first"],
            missing["last"]
        ));
    }
    let objectives = report["objectives"].as_array().into_iter().flatten();
    let objectives: Vec<String> = objectives
        .map(|objective| {
            let met = objective["met"] == Value::Bool(true);
            let value = objective["value"].as_f64().map_or("not measured".to_owned(), number);
            let unit = objective["unit"].as_str().unwrap_or_default();
            let (class, word) = if met { ("good", "met") } else { ("missed", "missed") };
            let text = objective["objective"].as_str().unwrap_or_default();
            format!("<li><span class=\"{class}\">{word}</span> {}: {value} {unit}</li>", escape(text))
        })
        .collect();
    if notes.len() + objectives.len() > 0 {
        out += "<ul>";
        for note in notes {
            let _ = write!(out, "<li>{}</li>", escape(&note));
        }
        out += &objectives.concat();
        out += "</ul>";
    }
    out + "</div>\n"
}

/// The figures to see first.
pub(super) fn tiles(report: &Value) -> String {
    let mut tiles: Vec<(String, &str)> = vec![
        (number(count(report, "achieved_per_s")) + "/s", "records acknowledged"),
        (number(count(report, "achieved_bytes_per_s") / 1e6) + " MB/s", "of values"),
    ];
    if report["settings"]["rate"] != "max" {
        tiles.insert(0, (number(count(report, "offered_per_s")) + "/s", "records offered"));
    }
    if let Some(knee) = report["sweep"]["knee_per_s"].as_f64() {
        tiles.insert(0, (number(knee) + "/s", "the knee"));
    }
    let latency = |of: &str, member: &str| report[of][member].as_f64().unwrap_or(0.0);
    tiles.push((number(latency("response_ms", "p50")) + " ms", "ack p50"));
    tiles.push((number(latency("response_ms", "p99")) + " ms", "ack p99"));
    tiles.push((number(latency("response_ms", "p99.9")) + " ms", "ack p99.9"));
    if latency("end_to_end_ms", "count") > 0.0 {
        tiles.push((number(latency("end_to_end_ms", "p99")) + " ms", "end to end p99"));
    }
    if let Some(cpu) = broker_cpu_s_per_gb(report) {
        tiles.push((number(cpu) + " s/GB", "broker CPU"));
    }
    let mut out = String::from("<div class=\"tiles\">");
    for (value, name) in tiles {
        let _ = write!(out, "<div class=\"tile\"><b>{value}</b><span>{name}</span></div>");
    }
    out + "</div>\n"
}

/// The table of latencies of one run.
pub(super) fn latencies(report: &Value) -> String {
    let kinds = [
        ("response_ms", "acknowledged, from the intended time"),
        ("service_ms", "acknowledged, from sending"),
        ("queueing_ms", "waiting to be sent"),
        ("jitter_ms", "the generator's own lateness"),
        ("end_to_end_ms", "read, from the intended time"),
        ("connect_ms", "connecting"),
        ("join_ms", "joining a group"),
        ("heartbeat_ms", "heartbeats, from when each was due"),
        ("commit_ms", "offset commits, from when each was due"),
        ("rebalance_ms", "sharing out anew"),
    ];
    let mut out = String::from(
        "<section class=\"card wide\"><h2>Latency, ms</h2><div class=\"scroll\"><table><tr><th></th>",
    );
    for (name, _) in PERCENTILES {
        let _ = write!(out, "<th>{name}</th>");
    }
    out += "<th>max</th><th>count</th></tr>";
    for (of, name) in kinds {
        let latency = &report[of];
        if latency["count"].as_u64().unwrap_or(0) == 0 {
            continue;
        }
        let _ = write!(out, "<tr><td>{name}</td>");
        for member in PERCENTILES.iter().map(|(name, _)| *name).chain(["max"]) {
            let _ = write!(out, "<td>{}</td>", number(latency[member].as_f64().unwrap_or(0.0)));
        }
        // A count has no fraction, not even one of nought.
        let count = latency["count"].as_f64().unwrap_or(0.0);
        let shown = if count < 1000.0 { count.to_string() } else { number(count) };
        let _ = write!(out, "<td>{shown}</td></tr>");
    }
    out + "</table></div></section>\n"
}

fn spread(spread: Option<&Spread>, unit: &str) -> String {
    match spread {
        None => "–".to_owned(),
        Some(s) if s.low == s.high => number(s.median) + unit,
        Some(s) => {
            format!(
                "{}{unit} <span class=\"muted\">[{}–{}]</span>",
                number(s.median),
                number(s.low),
                number(s.high)
            )
        }
    }
}

/// The table of a comparison.
pub(super) fn comparison(sides: &[Side]) -> String {
    let mut out = String::from(
        "<section class=\"card wide\"><h2>Side by side</h2><div class=\"scroll\"><table><tr><th></th>",
    );
    for (at, side) in sides.iter().enumerate() {
        let _ = write!(out, "<th>{}</th>", escape(&side.name));
        if at > 0 {
            out += "<th>ratio</th>";
        }
    }
    out += "</tr>";
    for row in compare(sides) {
        let _ = write!(out, "<tr><td>{}</td>", escape(row.figure.name));
        for (at, (value, ratio)) in row.cells.iter().enumerate() {
            let _ = write!(out, "<td>{}</td>", spread(value.as_ref(), ""));
            if at > 0 {
                let better = match (row.figure.less_is_better, ratio) {
                    (Some(less), Some(r))
                        if (r.median < 0.95) == less && (r.median < 0.95 || r.median > 1.05) =>
                    {
                        "good"
                    }
                    (Some(_), Some(r)) if !(0.95..=1.05).contains(&r.median) => "missed",
                    _ => "muted",
                };
                let _ = write!(out, "<td class=\"{better}\">{}</td>", spread(ratio.as_ref(), "×"));
            }
        }
        out += "</tr>";
    }
    out + "</table></div><p class=\"muted\">Median over the runs, with the least and the greatest in brackets. Ratios are to the \
           first column, run by run where there are as many.</p></section>\n"
}
