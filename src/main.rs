//! The `headwater` binary: one file a command.

mod config;

use std::process::ExitCode;

/// An event-streaming broker for Linux that speaks the Apache Kafka wire protocol.
#[derive(clap::Parser)]
#[command(name = "headwater", version, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Config(config::ConfigArgs),
}

fn main() -> ExitCode {
    match <Cli as clap::Parser>::parse().command {
        Command::Config(args) => config::run(args),
    }
}
