//! The `headwater` binary: one file a command. Each parses its arguments, calls a crate and prints; none has
//! logic of its own.
//!
//! Exit codes, for scripts: see [`EXIT_CODES`].

mod bootstrap;
mod config;
mod consume;
mod doctor;
mod group;
mod interrupt;
mod loadgen;
mod log;
mod produce;
mod start;
mod table;
mod topic;

use std::process::ExitCode;

use clap::Parser;
use headwater_loadgen::duration;

// Batches are received on one shard and freed on another. The C library's allocator takes a lock for that, which was
// fought over, and moved the end of its heap every 16 KiB (docs/design/0006-allocator.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What `--help` says of exit codes; every command keeps to it.
const EXIT_CODES: &str = "\
Exit codes:
  0  it was done
  1  it failed: the cause is one line on standard error
  2  the command line or a setting is wrong
  3  loadgen: records were lost, duplicated, reordered, corrupt or read though aborted
  4  loadgen: an objective was missed; doctor: a broker runs here, but not as well as it could

First steps, in three terminals:
  headwater start
  headwater produce greetings
  headwater consume greetings --from-beginning";

/// An event-streaming broker for Linux that speaks the Apache Kafka wire protocol.
#[derive(Parser)]
#[command(name = "headwater", version, disable_help_subcommand = true, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Start(start::StartArgs),
    Topic(topic::TopicArgs),
    Produce(produce::ProduceArgs),
    Consume(consume::ConsumeArgs),
    Group(group::GroupArgs),
    Loadgen(loadgen::LoadgenArgs),
    Config(config::ConfigArgs),
    Log(log::LogArgs),
    Doctor(doctor::DoctorArgs),
}

fn main() -> ExitCode {
    // The first touch of a huge page stops the thread until two megabytes are zeroed: 8 to 47 ms on a virtual machine whose
    // host has to find them first, and that was the tail of every latency (docs/design/0008-reactor.md).
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    match Cli::parse().command {
        Command::Start(args) => start::run(args),
        Command::Topic(args) => topic::run(args),
        Command::Produce(args) => produce::run(args),
        Command::Consume(args) => consume::run(args),
        Command::Group(args) => group::run(args),
        Command::Loadgen(args) => loadgen::run(args),
        Command::Config(args) => config::run(args),
        Command::Log(args) => log::run(args),
        Command::Doctor(args) => doctor::run(args),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    fn check(line: &str, parses: bool) {
        let result = Cli::try_parse_from(line.split_whitespace());
        assert_eq!(
            result.is_ok(),
            parses,
            "{line}: {}",
            result.err().map(|e| e.to_string()).unwrap_or_default()
        );
    }

    #[test]
    fn the_fixed_interface_parses() {
        for line in [
            "headwater start",
            "headwater start --config f --data-dir d --listen h:1 --advertise h:2 --shards 2 --set a=b --set c=d",
            "headwater topic create t",
            "headwater topic create t --partitions 3 --config a=b --config c=d --bootstrap h:1",
            "headwater topic list --json",
            "headwater topic describe t --json",
            "headwater topic delete t",
            "headwater produce t --key-separator : --acks 1",
            "headwater consume t --from-beginning --max 3 --group g --format json",
            "headwater consume t --format %k=%v",
            "headwater group list --json",
            "headwater group describe g",
            "headwater loadgen run",
            "headwater loadgen run --bootstrap h:1 --topic t --partitions 2 --producers 3 --consumers 4 --rate 1000 --size 100 \
             --warmup 2s --duration 10s --acks all --linger 5ms --keys zipf --json f --html f --hlog f --broker-pid 3",
            "headwater doctor --data-dir d --json",
            "headwater log inspect d --json",
            "headwater log verify d",
            "headwater log dump d --records --from 5 --max 3 --json",
            "headwater loadgen run --rate max --acks 0 --keys uniform",
            "headwater loadgen run --objective ack.p99<5ms --objective lost==0",
            "headwater loadgen run --preset soak --rate sine:10000+-5000/30s --size lognormal:1024,0.7 --compression zstd --groups 2",
            "headwater loadgen run --scenario f.toml --backlog 20s --transaction-records 100 --abort-share 0.1",
            "headwater loadgen preset --list",
            "headwater loadgen compare a.json b=b1.json,b2.json",
        ] {
            check(line, true);
        }
        for line in [
            "headwater",
            "headwater topic",
            "headwater topic create",
            "headwater topic create t --partitions 0",
            "headwater topic create t --config a",
            "headwater produce t --acks 2",
            "headwater consume t --format %q",
            "headwater consume t --max 0",
            "headwater loadgen run --rate 0",
            "headwater loadgen run --rate fast",
            "headwater loadgen run --duration 10",
            "headwater loadgen run --size 39",
            "headwater loadgen run --keys all",
            "headwater loadgen run --objective p99",
            "headwater loadgen run --preset a --scenario b",
            "headwater loadgen preset",
            "headwater loadgen compare a.json",
        ] {
            check(line, false);
        }
    }
}
