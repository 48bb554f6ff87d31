//! One plot as SVG: scales, axes, lines.
//!
//! By hand and not by a plotting crate: colours must follow the reader's light or dark setting, which needs
//! classes and CSS variables where those crates write fixed colours, and a few scales and lines are all there is.

use std::fmt::Write;

/// The drawing's width; small, so that its text stays legible on a phone.
pub(super) const WIDTH: f64 = 480.0;
/// The drawing's height.
pub(super) const HEIGHT: f64 = 310.0;

const LEFT: f64 = 52.0;
const RIGHT: f64 = 12.0;
/// Room for the name of the vertical axis: inside of the field it would lie on the lines.
const TOP: f64 = 30.0;
const BOTTOM: f64 = 40.0;

/// How values become places along an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scale {
    /// Evenly.
    Linear { from: f64, to: f64 },
    /// By their logarithm; `from` is above 0.
    Log { from: f64, to: f64 },
    /// Percentiles, so that each next nine takes as much room.
    Percentile { to: f64 },
}

impl Scale {
    /// A logarithmic scale over these values, rounded to whole powers of ten.
    pub(super) fn log_over(values: impl Iterator<Item = f64>) -> Scale {
        let (mut low, mut high) = (f64::INFINITY, 0.0f64);
        for value in values.filter(|value| *value > 0.0) {
            (low, high) = (low.min(value), high.max(value));
        }
        if high == 0.0 {
            (low, high) = (1.0, 10.0);
        }
        let from = 10f64.powf(low.log10().floor());
        let to = 10f64.powf(high.log10().ceil());
        Scale::Log { from, to: if to > from { to } else { from * 10.0 } }
    }

    /// A logarithmic scale that ends at the 1, 2 or 5 of a power of ten next to these values.
    pub(super) fn log_close_to(values: impl Iterator<Item = f64>) -> Scale {
        let (mut low, mut high) = (f64::INFINITY, 0.0f64);
        for value in values.filter(|value| *value > 0.0) {
            (low, high) = (low.min(value), high.max(value));
        }
        if high == 0.0 {
            return Scale::Log { from: 1.0, to: 10.0 };
        }
        let steps = one_two_fives(low / 10.0, high * 10.0);
        let from = steps.iter().copied().rfind(|step| *step < low * 0.999).unwrap_or(low / 2.0);
        let to = steps.iter().copied().find(|step| *step > high * 1.001).unwrap_or(high * 2.0);
        Scale::Log { from, to }
    }

    /// A linear scale from 0 over these values.
    pub(super) fn linear_over(values: impl Iterator<Item = f64>) -> Scale {
        let high = values.fold(0.0, f64::max);
        Scale::Linear { from: 0.0, to: if high > 0.0 { high * 1.05 } else { 1.0 } }
    }

    /// Where `value` lies, 0 to 1.
    pub(super) fn place(&self, value: f64) -> f64 {
        let place = match *self {
            Scale::Linear { from, to } => (value - from) / (to - from),
            Scale::Log { from, to } => (value.max(from) / from).ln() / (to / from).ln(),
            Scale::Percentile { to } => nines(value.min(to)) / nines(to),
        };
        place.clamp(0.0, 1.0)
    }

    /// Values to mark.
    pub(super) fn ticks(&self) -> Vec<f64> {
        match *self {
            Scale::Linear { from, to } => {
                let rough = (to - from) / 5.0;
                let power = 10f64.powf(rough.log10().floor());
                let step = [1.0, 2.0, 5.0, 10.0].map(|s| s * power).into_iter().find(|s| *s >= rough);
                let step = step.unwrap_or(power * 10.0);
                let first = (from / step).ceil() as i64;
                (first..).map(|n| n as f64 * step).take_while(|tick| *tick <= to).collect()
            }
            // Of a few powers of ten, their halves and fifths are marked as well.
            Scale::Log { from, to } if to / from <= 110.0 => one_two_fives(from * 0.999, to * 1.001),
            Scale::Log { from, to } => {
                let (first, last) =
                    ((from * 0.999).log10().ceil() as i32, (to * 1.001).log10().floor() as i32);
                (first..=last).map(|power| 10f64.powi(power)).collect()
            }
            Scale::Percentile { to } => {
                let all = [0.0, 50.0, 90.0, 99.0, 99.9, 99.99, 99.999, 99.9999, 99.99999];
                all.into_iter().filter(|p| *p <= to).collect()
            }
        }
    }
}

/// The numbers 1, 2 and 5 times a power of ten between two others.
fn one_two_fives(from: f64, to: f64) -> Vec<f64> {
    let powers = from.log10().floor() as i32..=to.log10().ceil() as i32;
    let steps = powers.flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10f64.powi(power)));
    steps.filter(|step| (from..=to).contains(step)).collect()
}

/// How many nines a percentile has: 1 at 90, 2 at 99.
fn nines(percentile: f64) -> f64 {
    -(1.0 - percentile.clamp(0.0, 99.999_999) / 100.0).log10()
}

/// A plot in the making.
pub(super) struct Chart {
    x: Scale,
    y: Scale,
    body: String,
    label: String,
}

impl Chart {
    /// An empty plot; `label` says for screen readers what it shows, the others stand at the axes.
    pub(super) fn new(label: &str, x: Scale, y: Scale, x_name: &str, y_name: &str) -> Chart {
        let mut chart = Chart { x, y, body: String::new(), label: escape(label) };
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        for tick in y.ticks() {
            let at = chart.y_at(tick);
            let text = short(tick);
            let _ = write!(
                chart.body,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
                LEFT - 6.0,
                at + 4.0
            );
        }
        for tick in x.ticks() {
            let at = chart.x_at(tick);
            let text = short(tick);
            // At the edge half of it would be cut off.
            let anchor = if at > right - 16.0 { "end" } else { "middle" };
            let text_at = if at > right - 16.0 { WIDTH - 2.0 } else { at };
            let _ = write!(
                chart.body,
                "<line class=\"grid\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/>\
                 <text x=\"{text_at:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{text}</text>",
                bottom + 16.0
            );
        }
        let _ = write!(
            chart.body,
            "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{bottom}\" y2=\"{bottom}\"/>\
             <text class=\"name\" x=\"{right}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
             <text class=\"name\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            HEIGHT - 6.0,
            escape(x_name),
            LEFT - 46.0,
            TOP - 16.0,
            escape(y_name)
        );
        chart
    }

    pub(super) fn x_at(&self, value: f64) -> f64 {
        LEFT + self.x.place(value) * (WIDTH - LEFT - RIGHT)
    }

    pub(super) fn y_at(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - self.y.place(value) * (HEIGHT - TOP - BOTTOM)
    }

    /// A line through points, in the colour with this number; `how` is empty, or `thin` or `broad`.
    pub(super) fn line(&mut self, points: impl Iterator<Item = (f64, f64)>, colour: usize, how: &str) {
        let mut path = String::new();
        for (x, y) in points {
            let _ = write!(path, "{:.1},{:.1} ", self.x_at(x), self.y_at(y));
        }
        let _ =
            write!(self.body, "<polyline class=\"l{} {how}\" points=\"{}\"/>", colour % 6, path.trim_end());
    }

    /// A dot that tells `title` when it is pointed at.
    pub(super) fn dot(&mut self, x: f64, y: f64, class: &str, title: &str) {
        let _ = write!(
            self.body,
            "<circle class=\"{class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"4\"><title>{}</title></circle>",
            self.x_at(x),
            self.y_at(y),
            escape(title)
        );
    }

    /// A filled field between two corners.
    pub(super) fn field(&mut self, from: (f64, f64), to: (f64, f64), class: &str, opacity: f64, title: &str) {
        let (x0, x1) = (self.x_at(from.0), self.x_at(to.0));
        let (y0, y1) = (self.y_at(to.1), self.y_at(from.1));
        let title =
            if title.is_empty() { String::new() } else { format!("<title>{}</title>", escape(title)) };
        let _ = write!(
            self.body,
            "<rect class=\"{class}\" x=\"{x0:.1}\" y=\"{y0:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill-opacity=\"{opacity:.2}\">{title}</rect>",
            (x1 - x0).max(0.5),
            (y1 - y0).max(0.5)
        );
    }

    /// The whole of the axes' field.
    pub(super) fn height_of(&self) -> (f64, f64) {
        match self.y {
            Scale::Linear { from, to } | Scale::Log { from, to } => (from, to),
            Scale::Percentile { to } => (0.0, to),
        }
    }

    /// The drawing.
    pub(super) fn svg(&self) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">{}</svg>",
            self.label, self.body
        )
    }
}

/// A number as short as an axis needs it.
pub(super) fn short(value: f64) -> String {
    let trim = |text: String| {
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    };
    match value.abs() {
        size if size >= 1e6 => trim(format!("{:.2}", value / 1e6)) + "M",
        size if size >= 1e4 => trim(format!("{:.1}", value / 1e3)) + "k",
        _ => trim(format!("{value:.6}")),
    }
}

/// Text as HTML and SVG take it.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(scale: Scale, value: f64, place: f64, ticks: &[&str]) {
        assert!((scale.place(value) - place).abs() < 1e-6, "{scale:?}: {}", scale.place(value));
        let shown: Vec<String> = scale.ticks().into_iter().map(short).collect();
        assert_eq!(shown, ticks, "{scale:?}");
    }

    #[test]
    fn scales_place_and_mark() {
        check(Scale::Linear { from: 0.0, to: 10.0 }, 5.0, 0.5, &["0", "2", "4", "6", "8", "10"]);
        check(Scale::Linear { from: 0.0, to: 21_000.0 }, 0.0, 0.0, &["0", "5000", "10k", "15k", "20k"]);
        check(Scale::Log { from: 0.1, to: 10.0 }, 1.0, 0.5, &["0.1", "0.2", "0.5", "1", "2", "5", "10"]);
        check(Scale::Log { from: 0.1, to: 1000.0 }, 10.0, 0.5, &["0.1", "1", "10", "100", "1000"]);
        check(Scale::Percentile { to: 99.99 }, 99.0, 0.5, &["0", "50", "90", "99", "99.9", "99.99"]);
        assert_eq!(Scale::log_over([3.0, 0.0, 40.0].into_iter()), Scale::Log { from: 1.0, to: 100.0 });
        assert_eq!(Scale::log_over([].into_iter()), Scale::Log { from: 1.0, to: 10.0 });
        assert_eq!(Scale::log_over([1.0].into_iter()), Scale::Log { from: 1.0, to: 10.0 });
        assert_eq!(Scale::log_close_to([1.0].into_iter()), Scale::Log { from: 0.5, to: 2.0 });
        assert_eq!(Scale::log_close_to([0.0].into_iter()), Scale::Log { from: 1.0, to: 10.0 });
        check(Scale::log_close_to([6e3, 18e3].into_iter()), 10e3, 0.5, &["5000", "10k", "20k"]);
    }

    #[test]
    fn what_others_wrote_is_escaped() {
        let chart = Chart::new(
            "<b>",
            Scale::linear_over([].into_iter()),
            Scale::linear_over([].into_iter()),
            "\"",
            "&",
        );
        let svg = chart.svg();
        assert!(
            !svg.contains("<b>")
                && svg.contains("&lt;b&gt;")
                && svg.contains("&quot;")
                && svg.contains("&amp;")
        );
    }
}
