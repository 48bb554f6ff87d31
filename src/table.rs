//! Tables for people: aligned columns without rules, as `kubectl` and `docker` print them.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};

/// A table with these headings; columns whose heading begins with `>` are aligned to the right.
pub fn table(headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let align =
        |heading: &str| if heading.starts_with('>') { CellAlignment::Right } else { CellAlignment::Left };
    let cell = |text: &str, heading: &str| Cell::new(text).set_alignment(align(heading));
    table.set_header(headings.iter().map(|heading| cell(heading.trim_start_matches('>'), heading)));
    for row in rows {
        table.add_row(row.iter().zip(headings).map(|(text, heading)| cell(text, heading)));
    }
    table.trim_fmt() + "\n"
}

/// A count with its thousands set apart.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, expect) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), expect);
        }
    }
}
