//! `headwater loadgen run`: loads a broker and verifies every record.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use headwater_loadgen::compare::Side;
use headwater_loadgen::host::Usage;
use headwater_loadgen::rate::Rate;
use headwater_loadgen::report::Report;
use headwater_loadgen::run::{self, RunConfig, RunError};
use headwater_loadgen::scenario::Scenario;
use headwater_loadgen::sweep::{self, SweepConfig};

use super::compare::write_pages;
use super::shape::ShapeArgs;
use super::{MISSED, UNCLEAN, USAGE, show, write};
use crate::bootstrap::{BootstrapArgs, failure, print};
use crate::interrupt::asked_to_stop;

/// Produce and consume at a constant rate, whatever the broker does, and verify every record.
#[derive(Debug, clap::Args)]
#[command(allow_negative_numbers = true)] // "--rate -1" is to hear what a rate is, not that there is no flag "-1".
#[command(after_help = "Examples:\n  headwater loadgen run --rate 50000 --duration 30s\n  \
                        headwater loadgen run --rate max --producers 8 --partitions 12 --json report.json\n  \
                        headwater loadgen run --rate 5000 --duration 5m --broker-pid $(pidof headwater)   # kill -9 the broker meanwhile\n  \
                        headwater loadgen run --rate 20000 --objective 'ack.p99<5ms' --objective 'e2e.p99.9<50ms' --objective 'lost==0'\n  \
                        headwater loadgen run --sweep --objective 'p99<10ms' --duration 20s --html knee.html\n\n\
                        Latency counts from the moment a record was meant to be sent (response), from when it was sent (service), and until it \
                        was read (end to end).\nEvery record that was acknowledged must be read back once, in order and intact; otherwise the exit \
                        code is 3; it is 4 if an --objective was missed.\nConnections that fall are made again, so a broker may be killed and restarted under a run.")]
pub struct RunArgs {
    #[command(flatten)]
    bootstrap: BootstrapArgs,
    #[command(flatten)]
    shape: ShapeArgs,
    /// Find the highest rate at which the objectives hold, by bisection from --rate (or 1000) on.
    #[arg(long, requires = "objective")]
    sweep: bool,
    /// How often a sweep tries each rate at the most; the majority decides.
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u32).range(1..=99))]
    sweep_repeats: u32,
    /// How narrow the gap between what holds and what fails must become, as a share of the rate.
    #[arg(long, value_name = "SHARE", default_value = "0.05", value_parser = precision)]
    sweep_precision: f64,
    /// The broker's process, for its CPU time.
    #[arg(long, value_name = "PID")]
    broker_pid: Option<u32>,
    /// Write the report as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write one HTML page with tables and plots.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the plots as SVG files into this folder.
    #[arg(long, value_name = "FOLDER")]
    svg: Option<PathBuf>,
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
    let stop = match asked_to_stop() {
        Ok(stop) => stop,
        Err(error) => return failure(&error),
    };
    // Said before the run, not after it: an hour's figures should not be lost to a folder that does not
    // exist.
    for path in [&args.json, &args.html, &args.hlog].into_iter().flatten() {
        if let Err(error) = may_write(path) {
            return failure(&error);
        }
    }
    if let Some(folder) = &args.svg
        && let Err(error) = std::fs::create_dir_all(folder)
    {
        return failure(&format!("{}: {error}", folder.display()));
    }
    if let Some(pid) = args.broker_pid
        && Usage::of(Some(pid)).is_none()
    {
        eprintln!("headwater: --broker-pid {pid}: there is no such process on this machine");
        return ExitCode::from(USAGE);
    }
    let config = RunConfig {
        bootstrap: args.bootstrap.bootstrap,
        scenario,
        broker_pid: args.broker_pid,
        hlog: args.hlog,
        command: Some(std::env::args().collect::<Vec<_>>().join(" ")),
    };
    let found = if args.sweep {
        let sweep = SweepConfig {
            from: if let Rate::PerSecond(rate) = config.scenario.rate {
                rate
            } else {
                SweepConfig::default().from
            },
            repeats: args.sweep_repeats,
            precision: args.sweep_precision,
        };
        find_knee(&config, &sweep, &stop)
    } else {
        let mut progress = show::Progress::new(&config.scenario);
        run::run(&config, &stop, &mut |second| progress.second(second)).map(|mut report| {
            report.judge(&config.scenario.objectives);
            report
        })
    };
    let report = match found {
        Ok(report) => report,
        Err(error) => return failure(&error),
    };
    let json = report.json();
    let written = match &args.json {
        Some(path) => write(path, &format!("{json:#}\n")),
        None => Ok(()),
    };
    let side = [Side { name: config.scenario.name.clone(), reports: vec![json] }];
    let written = written.and_then(|()| write_pages(&side, args.html.as_deref(), args.svg.as_deref()));
    if let Err(error) = written {
        return failure(&error);
    }
    let printed = print(&show::closing(&report));
    if !report.clean() {
        ExitCode::from(UNCLEAN)
    } else if report.acked == 0 && report.failed > 0 {
        failure(&"not a single record was acknowledged: this run has no result")
    } else if report.sweep.as_ref().is_some_and(|sweep| sweep["stopped"] == true) {
        failure(&"the sweep was stopped before it had found the knee")
    } else if report.sweep.as_ref().is_some_and(|sweep| sweep["knee_per_s"].is_null())
        || report.objectives.iter().any(|outcome| !outcome.met)
    {
        ExitCode::from(MISSED)
    } else {
        printed
    }
}

/// Whether a file can be written; one that is there keeps what it holds, since the run may yet fail.
fn may_write(path: &Path) -> Result<(), String> {
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    let new = !path.exists();
    std::fs::OpenOptions::new().append(true).create(true).open(path).map_err(told)?;
    if new { std::fs::remove_file(path).map_err(told) } else { Ok(()) }
}

fn precision(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.001..=1.0).contains(share));
    share.ok_or_else(|| "give a share of the rate between 0.001 and 1".into())
}

/// Sweeps; answers the report at the knee, with the sweep in it.
fn find_knee(config: &RunConfig, sweep: &SweepConfig, stop: &AtomicBool) -> Result<Report, RunError> {
    let mut at = |rate: u64| {
        let scenario = Scenario { rate: config.scenario.rate.at(rate), ..config.scenario.clone() };
        let config = RunConfig { scenario, ..config.clone() };
        let mut report = run::run(&config, stop, &mut |_| {})?;
        report.judge(&config.scenario.objectives);
        Ok::<_, RunError>(report)
    };
    let stopped = || stop.load(Ordering::Relaxed);
    let swept = sweep::sweep(sweep, &stopped, &mut at, &mut show::point)?;
    let found = swept.json();
    let mut report = swept.report.unwrap_or_default();
    report.sweep = Some(found);
    Ok(report)
}
