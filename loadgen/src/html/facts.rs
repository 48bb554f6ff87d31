//! What was run, where, against what, and what it used.

use std::fmt::Write;

use serde_json::Value;

use super::chart::escape;
use crate::compare::number;

/// Settings that mean nothing while another one is off, and that one.
const GOVERNED: [(&str, &str); 8] = [
    ("key_count", "keys"),
    ("abort_share", "transaction_records"),
    ("slow_rate", "slow_readers"),
    ("backlog_readers", "backlog"),
    ("crowd_members", "crowd_groups"),
    ("heartbeat", "crowd_groups"),
    ("commits", "crowd_groups"),
    ("rebalance_every", "crowd_groups"),
];

/// Settings that are off at 0; others say something by it (`acks`, `linger`, `consumers`).
const OFF_AT_NOUGHT: [&str; 10] = [
    "groups",
    "share_groups",
    "transaction_records",
    "backlog",
    "slow_readers",
    "connections",
    "churn",
    "crowd_groups",
    "commits",
    "rebalance_every",
];

/// Whether a setting is off, or governed by one that is.
fn is_off(settings: &Value, name: &str) -> bool {
    let off = |name: &str| ["0", "0us", "none"].contains(&show(&settings[name]).as_str());
    let governed = GOVERNED.iter().any(|(setting, by)| *setting == name && off(by));
    governed || (OFF_AT_NOUGHT.contains(&name) && off(name))
}

/// Bytes in the unit that suits them.
fn bytes(count: f64) -> String {
    let units = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let unit = units.into_iter().find(|(unit, _)| count >= *unit);
    unit.map_or(format!("{count} bytes"), |(unit, name)| format!("{} {name}", number(count / unit)))
}

fn show(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(n) => n.as_f64().filter(|n| n.abs() >= 1e4).map_or(n.to_string(), number),
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        Value::Object(map) => map
            .iter()
            .map(|(k, v)| match v.as_str() {
                // How Kafka writes never.
                Some("9223372036854775807") => format!("{k} never"),
                Some(text) => format!("{k}={text}"),
                None => format!("{k}={v}"),
            })
            .collect::<Vec<_>>()
            .join(", "),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// What broker and load generator used, as far as it is known: a column each.
pub(super) fn used(report: &Value, of: &str) -> String {
    let whole =
        |name: &str| report[name].as_f64().unwrap_or(0.0) * report["measured_s"].as_f64().unwrap_or(0.0);
    let (records, volume) = (whole("achieved_per_s"), whole("achieved_bytes_per_s"));
    let columns: Vec<(&str, &Value, Option<f64>)> =
        [("broker", "broker", "broker_cpu_s"), ("load generator", "loadgen", "loadgen_cpu_s")]
            .into_iter()
            .map(|(name, of, cpu)| (name, &report[of], report[cpu].as_f64()))
            .filter(|(_, usage, cpu)| usage.is_object() || cpu.is_some())
            .collect();
    if columns.is_empty() || records <= 0.0 || volume <= 0.0 {
        return String::new();
    }
    let figure = |usage: &Value, name: &str| usage[name].as_f64();
    type Cell<'a> = &'a dyn Fn(&Value, Option<f64>) -> Option<String>;
    let rows: [(&str, Cell<'_>); 8] = [
        ("CPU seconds", &|_, cpu| cpu.map(number)),
        ("CPU seconds a GB of values", &|_, cpu| Some(number(cpu? / (volume / 1e9)))),
        ("CPU microseconds a record", &|_, cpu| Some(number(cpu? / records * 1e6))),
        ("memory at the end", &|usage, _| figure(usage, "rss_bytes").map(bytes)),
        ("memory at the most, ever", &|usage, _| figure(usage, "rss_peak_bytes").map(bytes)),
        ("reading and writing system calls (those of io_uring are not counted), a record", &|usage, _| {
            let calls = figure(usage, "syscalls")?;
            Some(format!("{}, {}", number(calls), number(calls / records)))
        }),
        ("bytes written to disks, a byte acknowledged", &|usage, _| {
            let written = figure(usage, "written_bytes")?;
            Some(format!("{}, {}", bytes(written), number(written / volume)))
        }),
        ("context switches, a record", &|usage, _| {
            let switches = figure(usage, "switches")?;
            Some(format!("{}, {}", number(switches), number(switches / records)))
        }),
    ];
    let mut out = format!(
        "<section class=\"card wide\"><h2>What it used while it was measured{}</h2><div class=\"scroll\"><table><tr><th></th>",
        heading(of)
    );
    for (name, ..) in &columns {
        let _ = write!(out, "<th>{name}</th>");
    }
    out += "</tr>";
    for (name, cell) in rows {
        let cells: Vec<Option<String>> = columns.iter().map(|(_, usage, cpu)| cell(usage, *cpu)).collect();
        if cells.iter().any(Option::is_some) {
            let _ = write!(out, "<tr><td>{name}</td>");
            for cell in cells {
                let _ = write!(out, "<td>{}</td>", cell.as_deref().unwrap_or("–"));
            }
            out += "</tr>";
        }
    }
    out + "</table></div></section>\n"
}

fn heading(of: &str) -> String {
    if of.is_empty() { String::new() } else { format!(": {}", escape(of)) }
}

/// What was run, where, against what.
pub(super) fn facts(report: &Value, of: &str) -> String {
    let mut rows: Vec<(String, String)> = Vec::new();
    for section in ["environment", "settings"] {
        let fields = &report[section];
        for (name, value) in fields.as_object().into_iter().flatten() {
            // Numbers for programs of what stands there for people.
            let twin = ["_s", "_ms", "_mean"].iter().find_map(|end| name.strip_suffix(end));
            if twin.is_some_and(|twin| !fields[twin].is_null())
                || (section == "settings" && is_off(fields, name))
            {
                continue;
            }
            let (name, shown) = match name.strip_suffix("_bytes") {
                // What was asked for is shown as it was asked for.
                Some(of) if name != "batch_bytes" => (of, value.as_f64().map_or_else(String::new, bytes)),
                _ => (name.as_str(), show(value)),
            };
            if !shown.is_empty() {
                rows.push((name.replace('_', " "), if shown == "0us" { "0".to_owned() } else { shown }));
            }
        }
    }
    if rows.is_empty() {
        return String::new();
    }
    let mut out = format!(
        "<section class=\"card wide\"><h2>What was run, and where{}</h2><table class=\"facts\">",
        heading(of)
    );
    for (name, value) in rows {
        let _ = write!(out, "<tr><td>{}</td><td>{}</td></tr>", escape(&name), escape(&value));
    }
    out + "</table></section>\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Report;
    use crate::scenario::Scenario;
    use serde_json::json;

    fn report(scenario: &str) -> Value {
        let mut report = Report { measured_s: 2.0, ..Report::default() }.json();
        report["settings"] = serde_json::to_value(Scenario::parse(scenario).unwrap()).unwrap();
        report
    }

    /// Expects these names to have a row or to have none.
    fn check(scenario: &str, there: &[&str], not_there: &[&str]) {
        let page = facts(&report(scenario), "");
        let row = |name: &&str| page.contains(&format!("<tr><td>{name}</td>"));
        assert!(there.iter().all(row), "{there:?}: {page}");
        assert!(!not_there.iter().any(row), "{not_there:?}: {page}");
    }

    #[test]
    fn what_is_off_has_no_row_and_what_says_something_by_nought_has() {
        let crowd = ["crowd members", "heartbeat", "commits", "rebalance every"];
        check("linger = \"0ms\"\nacks = 0\nconsumers = 0", &["linger", "acks", "consumers", "keys"], &crowd);
        check(
            "crowd_groups = 3\ncommits = 5",
            &["crowd groups", "crowd members", "heartbeat", "commits"],
            &crowd[3..],
        );
        check("keys = \"zipf\"", &["key count"], &["abort share", "slow rate", "backlog", "groups", "churn"]);
        check("transaction_records = 4", &["transaction records", "abort share"], &["key count"]);
    }

    #[test]
    fn what_was_used_is_told_by_record_and_byte() {
        let mut report = report("");
        assert_eq!(used(&report, ""), "", "nothing is known");
        report["achieved_per_s"] = json!(1000.0);
        report["achieved_bytes_per_s"] = json!(1e6);
        report["broker_cpu_s"] = json!(0.1 + 0.2);
        report["broker"] =
            json!({"rss_bytes": 5e6, "syscalls": 4000, "written_bytes": 5e6, "switches": null});
        let page = used(&report, "a<b");
        for cell in ["a&lt;b", "0.300", "<td>150</td>", "5.00 MB, 2.50", "4,000, 2.00", "<td>5.00 MB</td>"] {
            assert!(page.contains(cell), "{cell}: {page}");
        }
        assert!(!page.contains("context switches") && !page.contains("load generator"), "{page}");
    }
}
