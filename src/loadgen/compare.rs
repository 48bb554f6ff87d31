//! `headwater loadgen compare`: reports side by side.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use headwater_loadgen::compare::{Row, Side, Spread, compare, number, read_report};
use headwater_loadgen::html;

use super::write;
use crate::bootstrap::{failure, print};
use crate::table::table;

/// Show reports side by side, with ratios to the first.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  headwater loadgen compare before.json after.json --html compared.html\n  \
                        headwater loadgen compare headwater=h1.json,h2.json,h3.json kafka=k1.json,k2.json,k3.json\n\n\
                        Several files of one side are repeats: shown are the median and, in brackets, the least and the greatest. \
                        With as many on each side the ratios are taken pair by pair, in the order given."
)]
pub struct CompareArgs {
    /// Reports that --json wrote: FILE, or NAME=FILE,FILE… for the repeats of one system.
    #[arg(value_name = "[NAME=]FILE[,FILE…]", required = true, num_args = 2..)]
    sides: Vec<String>,
    /// Write one HTML page with tables and plots.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the plots as SVG files into this folder.
    #[arg(long, value_name = "FOLDER")]
    svg: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: CompareArgs) -> ExitCode {
    let sides: Result<Vec<Side>, String> = args.sides.iter().map(|text| side(text)).collect();
    let sides = match sides {
        Ok(sides) => sides,
        Err(error) => return failure(&error),
    };
    if let Err(error) = write_pages(&sides, args.html.as_deref(), args.svg.as_deref()) {
        return failure(&error);
    }
    print(&show(&sides, &compare(&sides)))
}

/// Writes the page and the plots that were asked for.
pub fn write_pages(sides: &[Side], page: Option<&Path>, folder: Option<&Path>) -> Result<(), String> {
    if let Some(path) = page {
        write(path, &html::page(sides))?;
    }
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for (name, svg) in html::svgs(sides) {
            write(&folder.join(name), &svg)?;
        }
    }
    Ok(())
}

fn side(text: &str) -> Result<Side, String> {
    let (name, files) = text.split_once('=').unwrap_or(("", text));
    let files: Vec<PathBuf> = files.split(',').filter(|file| !file.is_empty()).map(PathBuf::from).collect();
    let stem = files.first().and_then(|file| file.file_stem()).unwrap_or_default().to_string_lossy();
    let name = if name.is_empty() { stem.into_owned() } else { name.to_owned() };
    let reports: Result<Vec<_>, _> = files.iter().map(|file| read_report(Path::new(file))).collect();
    let reports = reports?;
    if reports.is_empty() {
        return Err(format!("'{text}' names no file"));
    }
    Ok(Side { name, reports })
}

fn show(sides: &[Side], rows: &[Row]) -> String {
    let mut headings = vec![String::new()];
    for (at, side) in sides.iter().enumerate() {
        headings.push(format!(">{}", side.name));
        if at > 0 {
            headings.push(">ratio".to_owned());
        }
    }
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    let rows = rows.iter().map(|row| {
        let mut line = vec![row.figure.name.to_owned()];
        for (at, (value, ratio)) in row.cells.iter().enumerate() {
            line.push(spread(value.as_ref(), ""));
            if at > 0 {
                line.push(spread(ratio.as_ref(), "×"));
            }
        }
        line
    });
    table(&headings, rows)
}

fn spread(spread: Option<&Spread>, unit: &str) -> String {
    match spread {
        None => "-".to_owned(),
        Some(s) if s.low == s.high => number(s.median) + unit,
        Some(s) => format!("{}{unit} [{}–{}]", number(s.median), number(s.low), number(s.high)),
    }
}
