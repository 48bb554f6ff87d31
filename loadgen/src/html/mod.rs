//! One self-contained HTML page of one report or several: no script, no network, light and dark, readable on
//! a phone.
//!
//! Everything comes from the JSON of reports, so that a page can be made of runs of last year as well.

mod chart;
mod facts;
mod plots;
mod ratios;
mod tables;

use std::fmt::Write;

use crate::compare::Side;
use chart::escape;
pub use plots::Plot;

const STYLE: &str = include_str!("style.css");
const PAGE_STYLE: &str = include_str!("page.css");

/// The page. A single side with a single report is shown in full, several are compared.
pub fn page(sides: &[Side]) -> String {
    let single = match sides {
        [side] if side.reports.len() == 1 => side.reports.first(),
        _ => None,
    };
    let name = single.and_then(|report| report["settings"]["name"].as_str()).filter(|name| !name.is_empty());
    let title = match (single, name) {
        (Some(_), Some(name)) => format!("{name} — Headwater load report"),
        (Some(_), None) => "Headwater load report".to_owned(),
        (None, _) => {
            sides.iter().map(|side| side.name.as_str()).collect::<Vec<_>>().join(" and ") + " compared"
        }
    };
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><title>{}</title><style>{STYLE}{PAGE_STYLE}</style></head><body><main>\n\
         <h1>{}</h1>\n",
        escape(&title),
        escape(&title)
    );
    for side in sides {
        for (number, report) in side.reports.iter().enumerate() {
            let of = match side.reports.len() {
                _ if single.is_some() => String::new(),
                1 => side.name.clone(),
                _ => format!("{}, run {}", side.name, number + 1),
            };
            out += &tables::verdict(report, &of);
        }
    }
    if let Some(report) = single {
        out += &tables::tiles(report);
    }
    out += "<div class=\"cards\">\n";
    match single {
        Some(report) => out += &tables::latencies(report),
        None => out += &tables::comparison(sides),
    }
    for plot in plots::all(sides) {
        out += &card(&plot);
    }
    for side in sides {
        if let Some(report) = side.reports.last() {
            let of = if single.is_some() { "" } else { &side.name };
            out += &(facts::used(report, of) + &facts::facts(report, of));
        }
    }
    out += "</div></main></body></html>\n";
    out
}

fn card(plot: &Plot) -> String {
    let mut key = String::new();
    for (colour, name) in &plot.key {
        let _ =
            write!(key, "<span><i style=\"background:var(--s{})\"></i>{}</span>", colour % 6, escape(name));
    }
    format!(
        "<section class=\"card\"><h2>{}</h2><div class=\"key\">{key}</div>{}<p class=\"muted\">{}</p></section>\n",
        escape(&plot.title),
        plot.svg,
        escape(plot.note)
    )
}

/// The plots as SVG files: name and text. Each carries its own style, so that it follows the reader's setting
/// wherever it is shown.
pub fn svgs(sides: &[Side]) -> Vec<(String, String)> {
    let whole = |plot: Plot| {
        let style = format!("<style>{}</style>", STYLE.replace(":root", "svg"));
        let head = plot.svg.find('>').map_or(0, |at| at + 1);
        let mut svg = plot.svg.clone();
        svg.insert_str(head, &style);
        (format!("{}.svg", plot.name), svg)
    };
    plots::all(sides).into_iter().map(whole).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Report, Second};
    use serde_json::Value;

    fn report(lost: u64) -> Value {
        let mut report = Report { failures: vec!["<script>alert(1)</script>".into()], ..Report::default() };
        for ms in 1..1000u64 {
            report.response.record(ms * 1_000_000);
        }
        report.verdict.lost = lost;
        report.settings.insert("name".into(), "<i>".into());
        let heat = report.response.heat();
        report.series = (0..300)
            .map(|second| Second {
                second,
                acked: 5,
                measured: second > 2,
                heat: heat.clone(),
                ..Second::default()
            })
            .collect();
        report.json()
    }

    fn side(name: &str, reports: Vec<Value>) -> Side {
        Side { name: name.into(), reports }
    }

    /// Every tag that is opened is closed, and nothing asks for anything from elsewhere.
    fn check(page: &str, words: &[&str]) {
        for tag in ["main", "section", "svg", "table", "title", "div", "style", "h2", "p", "ul"] {
            let opened =
                page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
        }
        assert!(
            !page.contains("<script")
                && !page.contains("src=")
                && !page.contains("url(")
                && !page.contains("<i>")
        );
        for word in words {
            assert!(page.contains(word), "{word}");
        }
    }

    #[test]
    fn pages_are_whole_and_stand_alone() {
        let one = page(&[side("a", vec![report(0)])]);
        check(
            &one,
            &[
                "Latency by percentile",
                "Response time over time",
                "Throughput",
                "&lt;script&gt;",
                "prefers-color-scheme",
                "<td>999</td></tr>",
            ],
        );
        assert!(one.len() < 400_000, "{} bytes", one.len());
        check(&page(&[side("a", vec![report(3)])]), &["lost 3"]);
        let many = page(&[side("a", vec![report(0), report(0)]), side("b<c", vec![report(0), report(1)])]);
        check(&many, &["Acknowledgement by percentile", "b&lt;c", "Ratio to a", "a, run 2"]);
    }

    #[test]
    fn pages_of_empty_reports_are_whole() {
        check(&page(&[side("a", vec![Report::default().json()])]), &[]);
        check(&page(&[side("a", vec![Value::Null]), side("b", vec![])]), &[]);
    }

    #[test]
    fn svg_files_carry_their_style() {
        let files = svgs(&[side("a", vec![report(0)])]);
        assert_eq!(
            files.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            ["percentiles.svg", "heat.svg", "throughput.svg"]
        );
        assert!(files.iter().all(|(_, svg)| svg.contains("<style>svg {") && svg.ends_with("</svg>")));
    }
}
