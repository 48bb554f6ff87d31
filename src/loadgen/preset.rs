//! `headwater loadgen preset`: scenarios that come with the program.

use std::process::ExitCode;

use headwater_loadgen::scenario::preset;

use super::USAGE;
use crate::bootstrap::{failure, print};
use crate::table::table;

/// List the presets, or print one as a scenario file to begin with.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  headwater loadgen preset --list\n  headwater loadgen preset keyed-small-batches > mine.toml\n  \
                        headwater loadgen run --scenario mine.toml --rate 50000\n  headwater loadgen run --preset backlog-drain"
)]
pub struct PresetArgs {
    /// The preset to print.
    #[arg(required_unless_present = "list")]
    name: Option<String>,
    /// List all of them.
    #[arg(long)]
    list: bool,
}

/// Runs the command.
pub fn run(args: PresetArgs) -> ExitCode {
    match args.name {
        Some(name) if !args.list => match (preset::find(&name), preset::text(&name)) {
            (Ok(_), Some(text)) => print(&format!("{text}\n")),
            (Err(error), _) => {
                eprintln!("headwater: {error}");
                ExitCode::from(USAGE)
            }
            (Ok(_), None) => failure(&format!("no preset '{name}'")),
        },
        _ => {
            let rows = preset::all().iter().map(|preset| vec![preset.name.clone(), preset.about.clone()]);
            print(&table(&["PRESET", "WHAT IT ASKS"], rows))
        }
    }
}
