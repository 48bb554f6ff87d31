//! `headwater loadgen run`: loads a broker and verifies every record.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use headwater_loadgen::client::Acks;
use headwater_loadgen::keys::Keys;
use headwater_loadgen::objective::Objective;
use headwater_loadgen::pacer::Rate;
use headwater_loadgen::payload;
use headwater_loadgen::run::{self, RunConfig};

use super::{MISSED, UNCLEAN, show, write};
use crate::bootstrap::{BootstrapArgs, failure, print};
use crate::{duration, produce};

/// Produce and consume at a constant rate, whatever the broker does, and verify every record.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  headwater loadgen run --rate 50000 --duration 30s\n  \
                        headwater loadgen run --rate max --producers 8 --partitions 12 --json report.json\n  \
                        headwater loadgen run --rate 5000 --duration 5m --broker-pid $(pidof headwater)   # kill -9 the broker meanwhile\n  \
                        headwater loadgen run --rate 20000 --objective 'ack.p99<5ms' --objective 'e2e.p99.9<50ms' --objective 'lost==0'\n\n\
                        Latency counts from the moment a record was meant to be sent (response), from when it was sent (service), and until it \
                        was read (end to end).\nEvery record that was acknowledged must be read back once, in order and intact; otherwise the exit \
                        code is 3; it is 4 if an --objective was missed.\nConnections that fall are made again, so a broker may be killed and restarted under a run.")]
pub struct RunArgs {
    #[command(flatten)]
    bootstrap: BootstrapArgs,
    /// The topic; created if it does not exist.
    #[arg(long, value_name = "T", default_value = "loadgen")]
    topic: String,
    /// How many partitions the topic has; 6 if it is created and this is not given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    partitions: Option<i32>,
    /// How many producers.
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..))]
    producers: u32,
    /// How many consumers share the partitions; with 0, all is read and verified after the run.
    #[arg(long, value_name = "N", default_value = "1")]
    consumers: u32,
    /// Records a second of all producers together, or max.
    #[arg(long, value_name = "RECORDS_PER_S|max", default_value = "10000", value_parser = rate)]
    rate: Rate,
    /// Bytes of a value.
    #[arg(long, value_name = "BYTES", default_value = "1024", value_parser = size)]
    size: usize,
    /// How long to produce before measuring.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration::parse)]
    warmup: Duration,
    /// How long to measure.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration::parse)]
    duration: Duration,
    /// Who must have a record before it counts: all in-sync replicas, the leader (1), or nobody (0).
    #[arg(long, value_name = "all|1|0", default_value = "all", value_parser = produce::acks)]
    acks: Acks,
    /// How long a batch waits to fill.
    #[arg(long, value_name = "TIME", default_value = "5ms", value_parser = duration::parse)]
    linger: Duration,
    /// Keys of records, which decide on their partitions.
    #[arg(long, value_name = "none|uniform|zipf", default_value = "none", value_parser = keys)]
    keys: Keys,
    /// The broker's process, for its CPU time.
    #[arg(long, value_name = "PID")]
    broker_pid: Option<u32>,
    /// Write the report as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write an HDR interval log.
    #[arg(long, value_name = "FILE")]
    hlog: Option<PathBuf>,
    /// What the run must reach, such as 'ack.p99<5ms', 'lost==0' or 'kept>=0.99'; may be given again.
    #[arg(long, value_name = "OBJECTIVE")]
    objective: Vec<Objective>,
}

fn rate(text: &str) -> Result<Rate, String> {
    match text.replace('_', "").parse::<u64>() {
        _ if text == "max" => Ok(Rate::Max),
        Ok(0) | Err(_) => Err("give a number of records a second above 0, or max".into()),
        Ok(rate) => Ok(Rate::PerSecond(rate)),
    }
}

fn size(text: &str) -> Result<usize, String> {
    let size: usize = text.parse().map_err(|_| "give a number of bytes".to_owned())?;
    if (payload::HEADER_BYTES..=1 << 20).contains(&size) {
        Ok(size)
    } else {
        Err(format!("between {} (what verification needs) and {}", payload::HEADER_BYTES, 1 << 20))
    }
}

fn keys(text: &str) -> Result<Keys, String> {
    match text {
        "none" => Ok(Keys::None),
        "uniform" => Ok(Keys::Uniform),
        "zipf" => Ok(Keys::Zipf),
        _ => Err("give none, uniform or zipf".into()),
    }
}

/// Runs the command.
pub fn run(args: RunArgs) -> ExitCode {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // The first ends the load and leads to a report, the second ends the process.
        let registered = signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, stop.clone())
            .and_then(|_| signal_hook::flag::register(signal, stop.clone()));
        if let Err(error) = registered {
            return failure(&error);
        }
    }
    // Said before the run, not after it: an hour's figures should not be lost to a folder that does not
    // exist.
    if let Some(Err(error)) = args.json.as_deref().map(|path| write(path, "")) {
        return failure(&error);
    }
    let config = RunConfig {
        bootstrap: args.bootstrap.bootstrap,
        topic: args.topic,
        partitions: args.partitions,
        producers: args.producers,
        consumers: args.consumers,
        rate: args.rate,
        size: args.size,
        warmup: args.warmup,
        duration: args.duration,
        acks: args.acks,
        linger: args.linger,
        keys: args.keys,
        broker_pid: args.broker_pid,
        hlog: args.hlog,
    };
    let mut report = match run::run(&config, &stop, &mut show::progress) {
        Ok(report) => report,
        Err(error) => return failure(&error),
    };
    report.judge(&args.objective);
    if let Some(Err(error)) = args.json.as_deref().map(|path| write(path, &format!("{:#}\n", report.json())))
    {
        return failure(&error);
    }
    let printed = print(&show::closing(&report));
    if !report.clean() {
        ExitCode::from(UNCLEAN)
    } else if report.objectives.iter().any(|outcome| !outcome.met) {
        ExitCode::from(MISSED)
    } else {
        printed
    }
}
