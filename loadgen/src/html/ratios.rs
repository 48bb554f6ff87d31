//! The plot of a comparison: each figure's ratio to the first side, with its spread.

use std::fmt::Write;

use super::chart::{Scale, WIDTH, escape, short};
use super::plots::Plot;
use crate::compare::{Row, Side, compare};

/// Where the names of figures end and the field begins: room for the longest in the larger letters that a phone gets.
const LEFT: f64 = 190.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 6.0;
const ROW: f64 = 24.0;
/// Between the marks of several sides in one row.
const APART: f64 = 5.0;

/// The plot; `None` if there is nothing to compare.
pub(super) fn ratios(sides: &[Side]) -> Option<Plot> {
    let rows: Vec<Row> = compare(sides)
        .into_iter()
        .filter(|row| {
            let counts = row.figure.less_is_better.is_none() || !row.figure.name.contains(['/', ' ']);
            !counts && row.cells.iter().any(|(_, ratio)| ratio.is_some())
        })
        .collect();
    let values = || rows.iter().flat_map(|row| row.cells.iter().filter_map(|(_, ratio)| *ratio));
    values().next()?;
    let x = Scale::log_close_to(values().flat_map(|ratio| [ratio.low, ratio.high]).chain([1.0]));
    let at = |ratio: f64| LEFT + x.place(ratio) * (WIDTH - LEFT - RIGHT);
    let bottom = TOP + ROW * rows.len() as f64;
    let mut body = String::new();
    for tick in x.ticks() {
        let class = if (tick - 1.0).abs() < 1e-9 { "axis" } else { "grid" };
        let _ = write!(
            body,
            "<line class=\"{class}\" x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/>\
             <text x=\"{0:.1}\" y=\"{1:.1}\" text-anchor=\"middle\">{2}×</text>",
            at(tick),
            bottom + 16.0,
            short(tick)
        );
    }
    for (number, row) in rows.iter().enumerate() {
        let middle = TOP + ROW * (number as f64 + 0.5);
        let _ = write!(
            body,
            "<text class=\"name\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 8.0,
            middle + 4.0,
            escape(row.figure.name)
        );
        for (side, (_, ratio)) in row.cells.iter().enumerate() {
            let Some(ratio) = ratio else { continue };
            let y = middle + APART * (side as f64 - sides.len() as f64 / 2.0);
            let colour = side % 6;
            let _ = write!(
                body,
                "<line class=\"whisker l{colour}\" x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <circle class=\"f{colour}\" cx=\"{:.1}\" cy=\"{y:.1}\" r=\"4\"><title>{}</title></circle>",
                at(ratio.low),
                at(ratio.high),
                at(ratio.median),
                escape(&format!(
                    "{}, {}: {:.2}× ({:.2}–{:.2})",
                    sides[side].name, row.figure.name, ratio.median, ratio.low, ratio.high
                ))
            );
        }
    }
    let height = bottom + 24.0;
    let title = format!("Ratio to {}", sides.first()?.name);
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\">{body}</svg>",
        escape(&title)
    );
    let key = sides.iter().enumerate().skip(1).map(|(at, side)| (at, side.name.clone())).collect();
    let note = "Median of the ratios and their spread; the dark line is as much as the first. Of latencies and CPU less is better, of rates more.";
    Some(Plot { name: "ratios", title, key, svg, note })
}
