//! `headwater start`: a broker in this process, until it is told to stop.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Instant;

use headwater_net::Server;

use crate::bootstrap::failure;
use crate::config::{self, SettingArgs};

/// Run a broker.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  headwater start\n  headwater start --data-dir /var/lib/headwater --listen 0.0.0.0:9092 \
                        --advertise broker1:9092\n  headwater start --config server.properties --set log.retention.hours=24\n\n\
                        SIGTERM or Ctrl-C stops it in order; a second one at once. Nothing acknowledged depends on an orderly stop."
)]
pub struct StartArgs {
    #[command(flatten)]
    settings: SettingArgs,
    /// Where the data is [default: ./headwater-data].
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// Where to listen; port 0 picks a free one [default: 127.0.0.1:9092].
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,
    /// What clients are told to connect to [default: where it listens].
    #[arg(long, value_name = "HOST:PORT")]
    advertise: Option<String>,
    /// How many shards to run [default: one a usable core].
    #[arg(long, value_name = "N")]
    shards: Option<u16>,
}

/// Runs the broker.
pub fn run(args: StartArgs) -> ExitCode {
    let began = Instant::now();
    init_logs();
    let mut flags = Vec::new();
    if let Some(dir) = args.data_dir {
        flags.push(("--data-dir", "log.dirs", dir));
    }
    if let Some(listen) = args.listen {
        flags.push(("--listen", "listeners", format!("PLAINTEXT://{listen}")));
    }
    if let Some(advertise) = args.advertise {
        flags.push(("--advertise", "advertised.listeners", format!("PLAINTEXT://{advertise}")));
    }
    if let Some(shards) = args.shards {
        flags.push(("--shards", "headwater.shards", shards.to_string()));
    }
    let config = match config::load(&args.settings, &flags) {
        Ok(config) => config,
        Err(why) => {
            eprintln!("headwater: {why}");
            return ExitCode::from(2);
        }
    };
    let ignored = config.settings().ignored();
    if !ignored.is_empty() {
        eprintln!("these settings of Kafka mean nothing here and are ignored: {}", ignored.join(", "));
    }
    let folder = config.log_dir.clone();
    let server = match Server::start(config) {
        Ok(server) => server,
        Err(error) => return failure(&error),
    };
    if let Err(error) = server.shutdown().on_signals() {
        return failure(&format!("cannot listen to signals: {error}"));
    }
    let address = server.address();
    eprintln!(
        "Headwater {version}\n  \
         clients   {address}\n  \
         data      {folder}\n  \
         shards    {shards}\n  \
         durable   every acknowledged record is on the disk first (journal, O_DSYNC)\n  \
         started   in {took} ms\n  \
         next      echo hello | headwater produce greetings",
        version = env!("CARGO_PKG_VERSION"),
        shards = server.shards(),
        took = began.elapsed().as_millis(),
    );
    // Scripts wait for this line; a closed standard output is no reason not to serve.
    let _ = writeln!(std::io::stdout(), "ready {address}");
    let _ = std::io::stdout().flush();
    if server.join() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn init_logs() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("HEADWATER_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // Escape codes in a file or the journal of the system are noise.
    let colour = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colour).with_writer(std::io::stderr).init();
}
