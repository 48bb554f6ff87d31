//! `headwater loadgen run`: loads a broker and verifies every record.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use headwater_loadgen::run::{self, RunConfig};

use super::shape::ShapeArgs;
use super::{MISSED, UNCLEAN, USAGE, show, write};
use crate::bootstrap::{BootstrapArgs, failure, print};

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
    #[command(flatten)]
    shape: ShapeArgs,
    /// The broker's process, for its CPU time.
    #[arg(long, value_name = "PID")]
    broker_pid: Option<u32>,
    /// Write the report as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write an HDR interval log.
    #[arg(long, value_name = "FILE")]
    hlog: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: RunArgs) -> ExitCode {
    let scenario = match args.shape.scenario() {
        Ok(scenario) => scenario,
        Err(error) => {
            eprintln!("headwater: {error}");
            return ExitCode::from(USAGE);
        }
    };
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
        scenario,
        broker_pid: args.broker_pid,
        hlog: args.hlog,
        command: Some(std::env::args().collect::<Vec<_>>().join(" ")),
    };
    let mut report = match run::run(&config, &stop, &mut show::progress) {
        Ok(report) => report,
        Err(error) => return failure(&error),
    };
    report.judge(&config.scenario.objectives);
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
