//! The plots of a report, from its JSON.

use serde_json::Value;

use super::chart::{Chart, Scale};
use super::ratios::ratios;
use crate::compare::{Side, number};
use crate::latency::heat_floor_ms;

/// A plot with its heading; lines are named beneath the heading, with their colours.
#[derive(Clone, Debug)]
pub struct Plot {
    /// A name for a file.
    pub name: &'static str,
    /// What it shows.
    pub title: String,
    /// Names of colours, by their numbers.
    pub key: Vec<(usize, String)>,
    /// The drawing, without style.
    pub svg: String,
    /// What to know when looking at it.
    pub note: &'static str,
}

/// The most columns of a plot over time: more seconds are put together.
const COLUMNS_MAX: usize = 96;

/// All plots that the reports give.
pub(super) fn all(sides: &[Side]) -> Vec<Plot> {
    let mut plots = Vec::new();
    let single = match sides {
        [side] if side.reports.len() == 1 => side.reports.first(),
        _ => None,
    };
    match single {
        Some(report) => plots.extend(percentiles_of_one(report)),
        None => {
            plots.extend(ratios(sides));
            plots.extend(percentiles_of_many(
                sides,
                "response",
                "percentiles",
                "Acknowledgement by percentile",
            ));
            plots.extend(percentiles_of_many(
                sides,
                "end_to_end",
                "percentiles-end-to-end",
                "End to end by percentile",
            ));
        }
    }
    for (at, side) in sides.iter().enumerate() {
        let Some(report) = side.reports.last() else { continue };
        let of = if single.is_some() { String::new() } else { format!(": {}", side.name) };
        plots.extend(heat(report, &of, at));
        plots.extend(throughput(report, &of, at));
        plots.extend(backlog(report, &of, at));
        plots.extend(sweep(report, &of));
    }
    plots
}

const LATENCY: &str = "ms";

fn points(report: &Value, of: &str) -> Vec<(f64, f64)> {
    let pair = |point: &Value| Some((point.get(0)?.as_f64()?, point.get(1)?.as_f64()?));
    let list = report["percentiles"][of].as_array();
    list.into_iter().flatten().filter_map(pair).collect()
}

/// The last percentile of the curves that is not the maximum, for the scale.
fn last_percentile<'a>(curves: impl Iterator<Item = &'a Vec<(f64, f64)>>) -> f64 {
    let last = curves.flatten().map(|(percentile, _)| *percentile).filter(|p| *p < 100.0);
    last.fold(90.0, f64::max)
}

fn percentiles_of_one(report: &Value) -> Option<Plot> {
    let kinds = [
        ("response", "acknowledged, from the intended time"),
        ("service", "acknowledged, from sending"),
        ("end_to_end", "read, from the intended time"),
    ];
    let curves: Vec<_> = kinds.iter().map(|(of, _)| points(report, of)).collect();
    let y = Scale::log_over(curves.iter().flatten().map(|(_, ms)| *ms));
    let x = Scale::Percentile { to: last_percentile(curves.iter()) };
    let title = "Latency by percentile";
    let mut chart = Chart::new(title, x, y, "percentile", LATENCY);
    let mut key = Vec::new();
    for (at, (curve, (_, name))) in curves.iter().zip(kinds).enumerate() {
        if !curve.is_empty() {
            chart.line(curve.iter().copied(), at, "");
            key.push((at, name.to_owned()));
        }
    }
    let note = "Both axes are logarithmic: each next nine takes as much room. Nothing is averaged.";
    (!key.is_empty()).then(|| Plot { name: "percentiles", title: title.into(), key, svg: chart.svg(), note })
}

fn percentiles_of_many(sides: &[Side], of: &str, name: &'static str, title: &str) -> Option<Plot> {
    let curves: Vec<Vec<_>> =
        sides.iter().map(|side| side.reports.iter().map(|report| points(report, of)).collect()).collect();
    let y = Scale::log_over(curves.iter().flatten().flatten().map(|(_, ms)| *ms));
    let x = Scale::Percentile { to: last_percentile(curves.iter().flatten()) };
    let mut chart = Chart::new(title, x, y, "percentile", LATENCY);
    let mut key = Vec::new();
    for (at, (side, curves)) in sides.iter().zip(&curves).enumerate() {
        for curve in curves.iter().filter(|curve| !curve.is_empty()) {
            chart.line(curve.iter().copied(), at, if curves.len() > 1 { "thin" } else { "" });
            if key.last().is_none_or(|(last, _)| *last != at) {
                key.push((at, side.name.clone()));
            }
        }
    }
    let note = "One line a run. Both axes are logarithmic.";
    (!key.is_empty()).then(|| Plot { name, title: title.into(), key, svg: chart.svg(), note })
}

/// Seconds put together so that at most [`COLUMNS_MAX`] columns come of them.
fn columns(report: &Value) -> (usize, Vec<&[Value]>) {
    put_together(report["series"].as_array().map_or(&[][..], Vec::as_slice))
}

fn put_together(series: &[Value]) -> (usize, Vec<&[Value]>) {
    let wide = series.len().div_ceil(COLUMNS_MAX).max(1);
    (wide, series.chunks(wide).collect())
}

/// Marks the seconds that were not measured.
fn mark_unmeasured(chart: &mut Chart, report: &Value) {
    let field = chart.height_of();
    for second in report["series"].as_array().into_iter().flatten() {
        if let (Some(false), Some(at)) = (second["measured"].as_bool(), second["second"].as_f64()) {
            chart.field((at, field.0), (at + 1.0, field.1), "warm", 1.0, "");
        }
    }
}

fn heat(report: &Value, of: &str, at: usize) -> Option<Plot> {
    let (wide, columns) = columns(report);
    let cells = |second: &Value| -> Vec<(u16, f64)> {
        let cell = |pair: &Value| Some((u16::try_from(pair.get(0)?.as_u64()?).ok()?, pair.get(1)?.as_f64()?));
        second["response_heat"].as_array().into_iter().flatten().filter_map(cell).collect()
    };
    let mut grid: Vec<std::collections::BTreeMap<u16, f64>> = Vec::new();
    for column in &columns {
        let mut sums = std::collections::BTreeMap::new();
        for (bucket, count) in column.iter().flat_map(&cells) {
            *sums.entry(bucket).or_insert(0.0) += count;
        }
        grid.push(sums);
    }
    let buckets: Vec<u16> = grid.iter().flat_map(|sums| sums.keys().copied()).collect();
    let (low, high) = (buckets.iter().min()?, buckets.iter().max()?);
    let y = Scale::log_over([heat_floor_ms(*low), heat_floor_ms(*high + 1)].into_iter());
    let x = Scale::Linear { from: 0.0, to: (columns.len() * wide) as f64 };
    let title = format!("Response time over time{of}");
    let mut chart = Chart::new(&title, x, y, "s", LATENCY);
    mark_unmeasured(&mut chart, report);
    for (column, sums) in grid.iter().enumerate() {
        let all: f64 = sums.values().sum();
        let from = (column * wide) as f64;
        for (bucket, count) in sums {
            let (floor, ceiling) = (heat_floor_ms(*bucket), heat_floor_ms(*bucket + 1));
            // The root keeps one record of a thousand visible beside the other 999.
            let opacity = 0.12 + 0.88 * (count / all).sqrt().sqrt();
            let told =
                format!("{from} s: {} records at {}–{} ms", number(*count), number(floor), number(ceiling));
            chart.field((from, floor), (from + wide as f64, ceiling), "heat", opacity, &told);
        }
    }
    let p99 = columns.iter().enumerate().filter_map(|(column, seconds)| {
        let worst = seconds.iter().filter_map(|s| s["response_ms"]["p99"].as_f64()).fold(0.0, f64::max);
        (worst > 0.0).then(|| ((column * wide) as f64 + wide as f64 / 2.0, worst))
    });
    chart.line(p99, 1, "");
    let name = ["heat", "heat-1", "heat-2", "heat-3", "heat-4", "heat-5"][at % 6];
    let note = "The stronger the colour, the more records of that second took so long. Grey: not measured.";
    Some(Plot { name, title, key: vec![(1, "p99 of the second".into())], svg: chart.svg(), note })
}

fn series_plot(report: &Value, title: &str, lines: &[(&str, &str)], y_name: &str) -> Option<Chart> {
    // After the last measured second only what is left comes in: it would look as if the rate had broken down.
    let series = report["series"].as_array().map_or(&[][..], Vec::as_slice);
    let end = series.iter().rposition(|second| second["measured"] == true).map_or(series.len(), |at| at + 1);
    let (wide, columns) = put_together(&series[..end]);
    let rate = |seconds: &[Value], of: &str| {
        seconds.iter().filter_map(|second| second[of].as_f64()).sum::<f64>() / seconds.len() as f64
    };
    let values: Vec<Vec<(f64, f64)>> = lines
        .iter()
        .map(|(of, _)| {
            let point = |(column, seconds): (usize, &&[Value])| {
                ((column * wide) as f64 + wide as f64 / 2.0, rate(seconds, of))
            };
            columns.iter().enumerate().map(point).collect()
        })
        .collect();
    let y = Scale::linear_over(values.iter().flatten().map(|(_, y)| *y));
    let x = Scale::Linear { from: 0.0, to: (columns.len() * wide).max(1) as f64 };
    let mut chart = Chart::new(title, x, y, "s", y_name);
    mark_unmeasured(&mut chart, report);
    for (at, line) in values.iter().enumerate() {
        // Where readers keep up, the second line lies on the first: that one shows on both sides of it.
        chart.line(line.iter().copied(), at, if at + 1 < values.len() { "broad" } else { "" });
    }
    (!columns.is_empty()).then_some(chart)
}

fn throughput(report: &Value, of: &str, at: usize) -> Option<Plot> {
    let title = format!("Throughput{of}");
    let lines = [("acked", "acknowledged"), ("consumed", "read")];
    let chart = series_plot(report, &title, &lines, "records/s")?;
    let key = lines.iter().enumerate().map(|(at, (_, name))| (at, (*name).to_owned())).collect();
    let name = ["throughput", "throughput-1", "throughput-2", "throughput-3", "throughput-4", "throughput-5"]
        [at % 6];
    Some(Plot { name, title, key, svg: chart.svg(), note: "Grey: not measured." })
}

fn backlog(report: &Value, of: &str, at: usize) -> Option<Plot> {
    report.get("drain").filter(|drain| !drain.is_null())?;
    let title = format!("Backlog{of}");
    let chart = series_plot(report, &title, &[("backlog", "")], "records")?;
    let key = vec![(0, "acknowledged and not read yet".to_owned())];
    let name = ["backlog", "backlog-1", "backlog-2", "backlog-3", "backlog-4", "backlog-5"][at % 6];
    Some(Plot { name, title, key, svg: chart.svg(), note: "It must shrink once reading has begun." })
}

fn sweep(report: &Value, of: &str) -> Option<Plot> {
    let points = report["sweep"]["points"].as_array()?;
    let kinds = ["p50", "p99", "p99.9"];
    let rate = |point: &Value| point["rate"].as_f64().unwrap_or(0.0);
    let latency = |point: &Value, kind: &str| point["response_ms"][kind].as_f64().unwrap_or(0.0);
    let y = Scale::log_over(points.iter().flat_map(|p| kinds.map(|kind| latency(p, kind))));
    let x = Scale::log_close_to(points.iter().map(rate));
    let title = format!("Sweep{of}: latency by offered rate");
    let mut chart = Chart::new(&title, x, y, "records/s offered", LATENCY);
    let mut sorted: Vec<&Value> = points.iter().collect();
    sorted.sort_by(|a, b| rate(a).total_cmp(&rate(b)));
    for (at, kind) in kinds.iter().enumerate() {
        // Repeats of a rate are one point of the line: their median.
        let line = sorted.chunk_by(|a, b| rate(a) == rate(b)).map(|same| {
            let mut values: Vec<f64> = same.iter().map(|point| latency(point, kind)).collect();
            values.sort_by(f64::total_cmp);
            (rate(same[0]), values[values.len() / 2])
        });
        chart.line(line, at, "");
        for point in &sorted {
            let held = point["held"].as_bool() == Some(true);
            let told = format!(
                "{} records/s offered, {} achieved, {kind} {} ms: {}",
                number(rate(point)),
                number(point["achieved_per_s"].as_f64().unwrap_or(0.0)),
                number(latency(point, kind)),
                if held { "held" } else { "did not hold" }
            );
            let class = if held { format!("f{at}") } else { format!("hollow l{at}") };
            chart.dot(rate(point), latency(point, kind), &class, &told);
        }
    }
    let key = kinds.iter().enumerate().map(|(at, kind)| (at, (*kind).to_owned())).collect();
    let note = "One dot a run; hollow where the objectives were missed or the rate was not kept.";
    Some(Plot { name: "sweep", title, key, svg: chart.svg(), note })
}
