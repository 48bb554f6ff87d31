//! `headwater start`: runs a broker.

use std::process::ExitCode;

use crate::bootstrap::failure;
use crate::config::SettingArgs;

/// Run a broker.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  headwater start\n  headwater start --listen 0.0.0.0:9092 --advertise broker-1:9092\n  \
                        headwater start --config server.properties --set log.retention.hours=24"
)]
pub struct StartArgs {
    #[command(flatten)]
    settings: SettingArgs,
    /// Where the data goes.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// Where to listen for clients.
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,
    /// The address that clients are told.
    #[arg(long, value_name = "HOST:PORT")]
    advertise: Option<String>,
    /// How many shards to run, one a core; all cores unless given.
    #[arg(long, value_name = "N")]
    shards: Option<u16>,
}

/// Runs the command.
pub fn run(args: StartArgs) -> ExitCode {
    let StartArgs { settings, data_dir: _, listen: _, advertise: _, shards: _ } = args;
    match crate::config::load(&settings, &[]) {
        Ok(_) => failure(&"this build has no broker yet"),
        Err(error) => {
            eprintln!("headwater: {error}");
            ExitCode::from(2)
        }
    }
}
