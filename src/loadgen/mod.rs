//! `headwater loadgen`: loads a broker, verifies every record, and compares what came of it.

mod compare;
mod preset;
mod run;
mod shape;
mod show;

use std::path::Path;
use std::process::ExitCode;

/// The exit code of a command line or a scenario that makes no sense.
const USAGE: u8 = 2;

/// The exit code of a run that found records lost, duplicated, reordered, corrupt, or read though aborted.
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
    Run(Box<run::RunArgs>),
    Compare(compare::CompareArgs),
    Preset(preset::PresetArgs),
}

/// Runs the command.
pub fn run(args: LoadgenArgs) -> ExitCode {
    match args.command {
        LoadgenCommand::Run(args) => run::run(*args),
        LoadgenCommand::Compare(args) => compare::run(args),
        LoadgenCommand::Preset(args) => preset::run(args),
    }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
