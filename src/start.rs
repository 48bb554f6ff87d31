//! `headwater start`: a broker in this process, until it is told to stop.

use std::io::{IsTerminal, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use headwater_core::config::Durability;
use headwater_net::{BootError, Server};

use crate::bootstrap::failure;
use crate::config::{self, SettingArgs};
use crate::doctor::in_memory;

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
    if let Err(why) = init_logs() {
        say(&format!("headwater: {why}"));
        return ExitCode::from(2);
    }
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
            say(&format!("headwater: {why}"));
            return ExitCode::from(2);
        }
    };
    let ignored = config.settings().ignored();
    if !ignored.is_empty() {
        say(&format!("these settings of Kafka mean nothing here and are ignored: {}", ignored.join(", ")));
    }
    let folder = config.log_dir.clone();
    let relaxed = config.topic_defaults.durability == Durability::Relaxed;
    let server = match Server::start(config) {
        Ok(server) => server,
        // Nothing of the machine's: the settings ask for what is not served.
        Err(error @ BootError::Listeners) => {
            say(&format!("headwater: {error}"));
            return ExitCode::from(2);
        }
        Err(error) => return failure(&error),
    };
    if let Err(error) = server.shutdown().on_signals() {
        return failure(&format!("cannot listen to signals: {error}"));
    }
    let address = server.address();
    say(&format!(
        "Headwater {version}\n  \
         clients   {address}\n  \
         data      {folder}\n  \
         shards    {shards}\n  \
         {durable}\n{metrics}  \
         started   in {took} ms\n  \
         next      echo hello | headwater produce greetings{bootstrap}",
        version = env!("CARGO_PKG_VERSION"),
        shards = server.shards(),
        took = began.elapsed().as_millis(),
        durable = durable(relaxed, in_memory(Path::new(&folder))),
        metrics = server.http().map(|at| format!("  metrics   http://{at}/metrics\n")).unwrap_or_default(),
        bootstrap = bootstrap(address),
    ));
    // Scripts wait for this line; a closed standard output is no reason not to serve.
    let _ = writeln!(std::io::stdout(), "ready {address}");
    let _ = std::io::stdout().flush();
    if server.join() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Says something on standard error; a closed one is no reason not to serve.
fn say(words: &str) {
    let _ = writeln!(std::io::stderr(), "{words}");
}

/// What an acknowledgement is worth, for the banner.
fn durable(relaxed: bool, in_memory: bool) -> &'static str {
    match (in_memory, relaxed) {
        (true, _) => "NOT durable: the data folder is on tmpfs, in memory, and gone when the machine stops",
        (false, true) => {
            "relaxed   acknowledged from memory (headwater.durability=relaxed): a crash may take the last moments"
        }
        (false, false) => "durable   every acknowledged record is on the disk first (journal, O_DSYNC)",
    }
}

/// How a client command is told where the broker is, if it would not find it by itself.
fn bootstrap(address: SocketAddr) -> String {
    let found =
        address.port() == 9092 && (address.ip().is_unspecified() || address.ip() == Ipv4Addr::LOCALHOST);
    let called = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, address.port()).into(),
        IpAddr::V6(ip) if ip.is_unspecified() => (Ipv6Addr::LOCALHOST, address.port()).into(),
        _ => address,
    };
    if found { String::new() } else { format!(" --bootstrap {called}") }
}

fn init_logs() -> Result<(), String> {
    use tracing_subscriber::EnvFilter;
    let said = std::env::var_os("HEADWATER_LOG").unwrap_or_default();
    let filter = EnvFilter::new(log_filter(&said.to_string_lossy())?);
    // Escape codes in a file or the journal of the system are noise.
    let colour = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colour)
        .with_writer(std::io::stderr)
        // What can't be written is not said at all: the library would say that on standard error, and panic if that is
        // closed. The thread that waits for signals ended so, and with it the way to stop the broker.
        .log_internal_errors(false)
        .init();
    Ok(())
}

/// The directives of `HEADWATER_LOG`: levels, alone or for a target. The library takes a mistyped level for the name of a
/// target, and then shows nothing at all, no errors either.
fn log_filter(said: &str) -> Result<String, String> {
    let mut directives = "info".to_owned();
    for part in said.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (target, level) =
            part.split_once('=').map_or((None, part), |(target, level)| (Some(target), level));
        let named = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        let target_fits = target.is_none_or(|target| !target.is_empty() && target.chars().all(named));
        if !target_fits || !LOG_LEVELS.contains(&level.to_ascii_lowercase().as_str()) {
            return Err(format!(
                "HEADWATER_LOG={said}: '{part}' is neither a level ({}) nor target=level, such as headwater_net=debug",
                LOG_LEVELS.join(", ")
            ));
        }
        directives += ",";
        directives += part;
    }
    Ok(directives)
}

const LOG_LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_that_is_none_is_told() {
        for (said, expect) in [
            ("", Some("info")),
            ("debug", Some("info,debug")),
            ("WARN", Some("info,WARN")),
            ("headwater_net=trace, error", Some("info,headwater_net=trace,error")),
            ("debgu", None),
            ("headwater_net=debgu", None),
            ("=debug", None),
            ("headwater_net[span]=debug", None),
            ("headwater_net", None),
        ] {
            assert_eq!(log_filter(said).ok().as_deref(), expect, "{said}");
        }
    }

    #[test]
    fn the_banner_tells_what_is_so() {
        assert!(durable(false, false).starts_with("durable"));
        assert!(durable(true, false).contains("relaxed"));
        assert!(durable(false, true).contains("NOT") && durable(true, true).contains("NOT"));
        for (address, expect) in [
            ("127.0.0.1:9092", ""),
            ("0.0.0.0:9092", ""),
            ("0.0.0.0:9093", " --bootstrap 127.0.0.1:9093"),
            ("127.0.0.1:5", " --bootstrap 127.0.0.1:5"),
            ("10.0.0.1:9092", " --bootstrap 10.0.0.1:9092"),
            ("[::]:7", " --bootstrap [::1]:7"),
        ] {
            assert_eq!(bootstrap(address.parse().unwrap()), expect, "{address}");
        }
    }
}
