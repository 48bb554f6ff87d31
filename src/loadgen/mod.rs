//! `headwater loadgen`: loads a broker, verifies every record, and compares what came of it.

mod compare;
mod run;
mod show;

use std::path::Path;
use std::process::ExitCode;

/// The exit code of a run that found records lost, duplicated, reordered or corrupt.
const UNCLEAN: u8 = 3;

/// The exit code of a run that missed an objective.
const MISSED: u8 = 4;

/// Load a broker and verify every record.
#[derive(Debug, clap::Args)]
pub struct LoadgenArgs {
    #[command(subcommand)]
    command: LoadgenCommand,
}

#[derive(Debug, clap::Subcommand)]
enum LoadgenCommand {
    Run(run::RunArgs),
    Compare(compare::CompareArgs),
}

/// Runs the command.
pub fn run(args: LoadgenArgs) -> ExitCode {
    match args.command {
        LoadgenCommand::Run(args) => run::run(args),
        LoadgenCommand::Compare(args) => compare::run(args),
    }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
