//! Several runs side by side: medians, their spread, and the ratio to the first.
//!
//! A side is one system (or one setting) with one report or more. With as many reports on each side they are
//! taken as pairs, as an interleaved comparison A B A B … makes them: the ratio is then the median of the
//! pairs' ratios, which a machine that slows down half-way does not move, and its spread is their range.

use std::path::Path;

use serde_json::Value;

use crate::objective::broker_cpu_s_per_gb;
use crate::report::SCHEMA_VERSION;

/// One system's reports.
#[derive(Clone, Debug)]
pub struct Side {
    /// What it is called.
    pub name: String,
    /// Its reports as JSON, in the order of the runs.
    pub reports: Vec<Value>,
}

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// Its name, with unit.
    pub name: &'static str,
    /// Whether less is better; `None` if neither is.
    pub less_is_better: Option<bool>,
    place: Place,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Top(&'static str),
    Scaled(&'static str, f64),
    Latency(&'static str, &'static str),
    BrokerCpuPerGigabyte,
}

const fn latency(name: &'static str, of: &'static str, member: &'static str) -> Figure {
    Figure { name, less_is_better: Some(true), place: Place::Latency(of, member) }
}

const fn count(name: &'static str) -> Figure {
    Figure { name, less_is_better: Some(true), place: Place::Top(name) }
}

/// The figures of a comparison, in the order they are shown.
pub const FIGURES: [Figure; 20] = [
    Figure { name: "offered/s", less_is_better: None, place: Place::Top("offered_per_s") },
    Figure { name: "achieved/s", less_is_better: Some(false), place: Place::Top("achieved_per_s") },
    Figure { name: "MB/s", less_is_better: Some(false), place: Place::Scaled("achieved_bytes_per_s", 1e-6) },
    latency("ack p50 ms", "response_ms", "p50"),
    latency("ack p90 ms", "response_ms", "p90"),
    latency("ack p99 ms", "response_ms", "p99"),
    latency("ack p99.9 ms", "response_ms", "p99.9"),
    latency("ack p99.99 ms", "response_ms", "p99.99"),
    latency("ack max ms", "response_ms", "max"),
    latency("end to end p50 ms", "end_to_end_ms", "p50"),
    latency("end to end p99 ms", "end_to_end_ms", "p99"),
    latency("end to end p99.9 ms", "end_to_end_ms", "p99.9"),
    latency("end to end max ms", "end_to_end_ms", "max"),
    Figure { name: "broker CPU-s/GB", less_is_better: Some(true), place: Place::BrokerCpuPerGigabyte },
    Figure { name: "load generator CPU-s", less_is_better: None, place: Place::Top("loadgen_cpu_s") },
    count("failed"),
    count("lost"),
    count("duplicated"),
    count("reordered"),
    count("corrupt"),
];

impl Figure {
    /// The figure in one report; `None` if it was not measured.
    pub fn of(&self, report: &Value) -> Option<f64> {
        match self.place {
            Place::Top(name) => report.get(name)?.as_f64(),
            Place::Scaled(name, scale) => Some(report.get(name)?.as_f64()? * scale),
            Place::Latency(of, member) => {
                let latency = report.get(of)?;
                (latency.get("count")?.as_u64()? > 0).then(|| latency.get(member)?.as_f64()).flatten()
            }
            Place::BrokerCpuPerGigabyte => broker_cpu_s_per_gb(report),
        }
    }
}

/// A median with the least and the greatest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The median; of an even number, the mean of the two in the middle.
    pub median: f64,
    /// The least.
    pub low: f64,
    /// The greatest.
    pub high: f64,
}

impl Spread {
    /// The spread of `values`; `None` of nothing.
    pub fn of(mut values: Vec<f64>) -> Option<Spread> {
        values.sort_by(f64::total_cmp);
        let (&low, &high) = (values.first()?, values.last()?);
        let (a, b) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
        Some(Spread { median: f64::midpoint(a, b), low, high })
    }
}

/// One figure over all sides.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which.
    pub figure: Figure,
    /// By side: the value, and the ratio to the first side (none for the first itself).
    pub cells: Vec<(Option<Spread>, Option<Spread>)>,
}

/// Compares the sides; figures that no side has are left out.
pub fn compare(sides: &[Side]) -> Vec<Row> {
    let row = |figure: &Figure| {
        let values: Vec<Vec<Option<f64>>> =
            sides.iter().map(|side| side.reports.iter().map(|report| figure.of(report)).collect()).collect();
        let spread = |values: &[Option<f64>]| Spread::of(values.iter().flatten().copied().collect());
        let cells: Vec<_> = values
            .iter()
            .enumerate()
            .map(|(at, own)| (spread(own), if at == 0 { None } else { ratio(&values[0], own) }))
            .collect();
        cells.iter().any(|(value, _)| value.is_some()).then_some(Row { figure: *figure, cells })
    };
    FIGURES.iter().filter_map(row).collect()
}

/// How `own` stands to `first`: pair by pair if there are as many, else median to median.
fn ratio(first: &[Option<f64>], own: &[Option<f64>]) -> Option<Spread> {
    let divide = |of: f64, by: f64| (by != 0.0).then_some(of / by);
    if first.len() == own.len() {
        let pairs = first.iter().zip(own).filter_map(|(by, of)| divide((*of)?, (*by)?));
        return Spread::of(pairs.collect());
    }
    let median =
        |values: &[Option<f64>]| Some(Spread::of(values.iter().flatten().copied().collect())?.median);
    divide(median(own)?, median(first)?).map(|ratio| Spread { median: ratio, low: ratio, high: ratio })
}

/// A figure in about three digits that mean something, with its thousands set apart.
pub fn number(value: f64) -> String {
    let digits = match value.abs() {
        0.0 => 0,
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.digits$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut out = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) && !out.ends_with('-') {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

/// Reads a report that `--json` wrote.
pub fn read_report(path: &Path) -> Result<Value, String> {
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| told(&error))?;
    let report: Value = serde_json::from_str(&text)
        .map_err(|error| told(&format!("not a report of headwater loadgen: {error}")))?;
    match report.get("schema_version").and_then(Value::as_u64) {
        Some(version) if version == u64::from(SCHEMA_VERSION) => Ok(report),
        Some(version) => {
            Err(told(&format!("a report of version {version}, this program reads {SCHEMA_VERSION}")))
        }
        None => Err(told(&"not a report of headwater loadgen")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn side(rates: &[f64]) -> Side {
        let report = |rate: &f64| json!({ "achieved_per_s": rate, "lost": 0 });
        Side { name: "x".into(), reports: rates.iter().map(report).collect() }
    }

    /// Expects median, low and high of the ratio of the achieved rates.
    fn check(first: &[f64], second: &[f64], expect: Option<(f64, f64, f64)>) {
        let rows = compare(&[side(first), side(second)]);
        let row = rows.iter().find(|row| row.figure.name == "achieved/s").unwrap();
        let got = row.cells[1].1.map(|ratio| (ratio.median, ratio.low, ratio.high));
        assert_eq!(got, expect, "{first:?} {second:?}");
        assert!(rows.iter().all(|row| !row.figure.name.starts_with("ack")), "nobody measured that");
    }

    #[test]
    fn numbers_are_short() {
        for (value, expect) in [
            (0.0, "0"),
            (0.1234, "0.123"),
            (1.234, "1.23"),
            (12.34, "12.3"),
            (123.4, "123"),
            (1_234_567.8, "1,234,568"),
            (-123.4, "-123"),
        ] {
            assert_eq!(number(value), expect);
        }
    }

    #[test]
    fn ratios_are_taken_pair_by_pair() {
        check(&[100.0], &[50.0], Some((0.5, 0.5, 0.5)));
        // The machine became ten times slower: each pair still says 2.
        check(&[100.0, 10.0, 100.0], &[200.0, 20.0, 200.0], Some((2.0, 2.0, 2.0)));
        check(&[100.0, 100.0, 100.0], &[200.0, 100.0, 400.0], Some((2.0, 1.0, 4.0)));
        check(&[100.0, 300.0], &[400.0], Some((2.0, 2.0, 2.0)));
        check(&[0.0], &[400.0], None);
    }
}
