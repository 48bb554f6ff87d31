//! `headwater loadgen`: loads a broker and verifies every record.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use headwater_loadgen::client::Acks;
use headwater_loadgen::keys::Keys;
use headwater_loadgen::latency::{Latency, PERCENTILES};
use headwater_loadgen::pacer::Rate;
use headwater_loadgen::payload;
use headwater_loadgen::report::{Report, Second};
use headwater_loadgen::run::{self, RunConfig};

use crate::bootstrap::{BootstrapArgs, failure, print};
use crate::table::{grouped, table};
use crate::{duration, produce};

/// The exit code of a run that found records lost, duplicated, reordered or corrupt.
const UNCLEAN: u8 = 3;

/// Load a broker and verify every record.
#[derive(Debug, clap::Args)]
pub struct LoadgenArgs {
    #[command(subcommand)]
    command: LoadgenCommand,
}

#[derive(Debug, clap::Subcommand)]
enum LoadgenCommand {
    Run(RunArgs),
}

/// Produce and consume at a constant rate, whatever the broker does, and verify every record.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  headwater loadgen run --rate 50000 --duration 30s\n  \
                        headwater loadgen run --rate max --producers 8 --partitions 12 --json report.json\n  \
                        headwater loadgen run --rate 5000 --duration 5m --broker-pid $(pidof headwater)   # kill -9 the broker meanwhile\n\n\
                        Latency counts from the moment a record was meant to be sent (response), from when it was sent (service), and until it \
                        was read (end to end).\nEvery record that was acknowledged must be read back once, in order and intact; otherwise the exit \
                        code is 3.\nConnections that fall are made again, so a broker may be killed and restarted under a run.")]
struct RunArgs {
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
pub fn run(args: LoadgenArgs) -> ExitCode {
    let LoadgenCommand::Run(args) = args.command;
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
    let report = match run::run(&config, &stop, &mut progress) {
        Ok(report) => report,
        Err(error) => return failure(&error),
    };
    if let Some(Err(error)) = args.json.as_deref().map(|path| write(path, &format!("{:#}\n", report.json())))
    {
        return failure(&error);
    }
    let printed = print(&closing(&report));
    if report.clean() { printed } else { ExitCode::from(UNCLEAN) }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// One line a second on standard error, with headings now and then.
fn progress(second: &Second) {
    if second.second.is_multiple_of(20) {
        let note = if std::io::stderr().is_terminal() { "  (Ctrl-C ends the load and reports)" } else { "" };
        eprintln!(
            "second    produced/s       acked/s    consumed/s   response p50/p99/max ms      end to end p50/p99 ms{note}"
        );
    }
    let mark = if second.measured { ' ' } else { '~' };
    let failed = if second.failed > 0 { format!("  failed {}", second.failed) } else { String::new() };
    let lost = if second.lost_connections > 0 {
        format!("  connections lost {}", second.lost_connections)
    } else {
        String::new()
    };
    eprintln!(
        "{:>5}{mark} {:>13} {:>13} {:>13}   {:>7.2} {:>7.2} {:>8.2}      {:>8.2} {:>8.2}{failed}{lost}",
        second.second,
        grouped(second.produced),
        grouped(second.acked),
        grouped(second.consumed),
        second.response.p50_ms,
        second.response.p99_ms,
        second.response.max_ms,
        second.end_to_end.p50_ms,
        second.end_to_end.p99_ms,
    );
}

/// What a run ends with.
fn closing(report: &Report) -> String {
    let mut headings = vec!["LATENCY ms"];
    let names: Vec<String> = PERCENTILES.iter().map(|(name, _)| format!(">{name}")).collect();
    headings.extend(names.iter().map(String::as_str));
    headings.extend([">max", ">count"]);
    let row = |name: &str, latency: &Latency| {
        let mut row = vec![name.to_owned()];
        row.extend(PERCENTILES.iter().map(|(_, p)| format!("{:.2}", latency.percentile_ms(*p))));
        row.extend([format!("{:.2}", latency.max_ms()), grouped(latency.count())]);
        row
    };
    let mut rows = vec![row("response", &report.response), row("service", &report.service)];
    if report.end_to_end.count() > 0 {
        rows.push(row("end to end", &report.end_to_end));
    }
    let mut out = String::from("\n") + &table(&headings, rows);
    out += &format!(
        "\noffered {} records/s, achieved {} records/s ({:.1} MB/s) over {:.1} s\n",
        grouped(report.offered_per_s.round() as u64),
        grouped(report.achieved_per_s.round() as u64),
        report.achieved_bytes_per_s / 1e6,
        report.measured_s,
    );
    if let Some(seconds) = report.loadgen_cpu_s {
        let broker = report.broker_cpu_s.map_or(String::new(), |s| format!(", broker {s:.2} s"));
        out += &format!("CPU: load generator {seconds:.2} s{broker}\n");
    }
    let verdict = &report.verdict;
    out += &format!(
        "produced {}, acknowledged {}, failed {}, consumed {}\n",
        grouped(report.produced),
        grouped(report.acked),
        grouped(report.failed),
        grouped(verdict.consumed),
    );
    if report.lost_connections > 0 {
        out += &format!(
            "connections lost {}, producers begun anew {}; the log was read again from the run's beginning\n",
            report.lost_connections, report.producer_renewals
        );
    }
    if report.achieved_per_s < report.offered_per_s * 0.99 {
        out += "the rate was not kept: latencies are those of an overloaded system\n";
    }
    for line in report.failures.iter().chain(&report.rewound).chain(&report.damaged) {
        out += &format!("{line}\n");
    }
    for line in report.missing() {
        out += &format!("lost: {line}\n");
    }
    if let Some(why) = &report.unread {
        out += &format!("the log could not be read to its end ({why}): what was not read counts as lost\n");
    }
    out += &if report.clean() {
        "verified: nothing lost, duplicated, reordered or corrupt\n".to_owned()
    } else {
        format!(
            "FAILED: lost {}, duplicated {}, reordered {}, corrupt {}\n",
            verdict.lost, verdict.duplicated, verdict.reordered, verdict.corrupt
        )
    };
    out
}
