//! `headwater consume`: prints records as they come.

pub mod format;

use std::collections::BTreeMap;
use std::io::{BufWriter, ErrorKind, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use headwater_loadgen::client::admin::{self, NamedPartition};
use headwater_loadgen::client::group::{Beat, Membership};
use headwater_loadgen::client::{ClientError, Cluster, Consumer, ConsumerConfig, Event, IfMissing, Start};

use rustix::event::{PollFd, PollFlags, Timespec};

use crate::bootstrap::{BootstrapArgs, explain, failure};
use crate::interrupt::asked_to_stop;
use format::Format;

/// How soon a signal is noticed, and how often a group's offsets are committed.
const TURN: Duration = Duration::from_millis(250);
const COMMIT: Duration = Duration::from_secs(5);

/// How long a topic may be without leaders.
const PATIENCE: Duration = Duration::from_secs(10);

/// Print the records of a topic.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  headwater consume greetings --from-beginning\n  headwater consume greetings --from-beginning --max 10\n  \
                        headwater consume orders --group billing\n  headwater consume orders --format json\n  \
                        headwater consume orders --format '%t-%p@%o %k: %v'\n\n\
                        In a format: %k key, %v value, %o offset, %p partition, %t topic, %T timestamp (ms), %h headers, %% a percent sign, \
                        \\n and \\t. Each record ends its line unless the format has a \\n of its own.\n\
                        Without --max it runs until Ctrl-C."
)]
pub struct ConsumeArgs {
    /// The topic.
    topic: String,
    /// Begin with the oldest record; in a group, only where it has committed nothing yet.
    #[arg(long)]
    from_beginning: bool,
    /// End after this many records.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max: Option<u64>,
    /// Share the partitions with the other members of this group, and commit what has been printed.
    #[arg(long, value_name = "G")]
    group: Option<String>,
    /// value, key-value, json, or a pattern with %: see below.
    #[arg(long, value_name = "FORMAT", default_value = "value")]
    format: Format,
    #[command(flatten)]
    bootstrap: BootstrapArgs,
}

/// Runs the command.
pub fn run(args: ConsumeArgs) -> ExitCode {
    let stop = match asked_to_stop() {
        Ok(stop) => stop,
        Err(error) => return failure(&error),
    };
    match consume(&args, &stop) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => match error.downcast_ref::<ClientError>() {
            Some(refused) => failure(&explain(refused)),
            None => failure(&error),
        },
    }
}

/// What is printed, and what has been printed so far.
struct Printer<'a> {
    out: BufWriter<std::io::StdoutLock<'static>>,
    format: &'a Format,
    left: Option<u64>,
    /// The offset behind the last record printed, by partition.
    next: BTreeMap<NamedPartition, i64>,
    /// Set when standard output is closed or fails.
    ended: Option<std::io::Error>,
}

impl Printer<'_> {
    fn done(&self) -> bool {
        self.left == Some(0) || self.ended.is_some()
    }

    fn on(&mut self, topic: &str, partition: i32, event: Event<'_>) {
        match event {
            Event::Arrived => {}
            Event::Record(record) => {
                if self.done() {
                    return;
                }
                if let Err(error) = self.format.write(&mut self.out, topic, partition, &record) {
                    self.ended = Some(error);
                    return;
                }
                self.left = self.left.map(|left| left - 1);
                self.next.insert((topic.to_owned(), partition), record.offset.get() + 1);
            }
            Event::Damaged { offset, records, why } => {
                eprintln!(
                    "headwater: {topic}-{partition}: skipped {records} records at offset {offset}: {why}"
                );
            }
            Event::Rewound { from, to } => {
                eprintln!(
                    "headwater: {topic}-{partition}: the log ends at {to}, before {from} where reading was"
                );
            }
            Event::Skipped { from, to } => {
                eprintln!("headwater: {topic}-{partition}: records {from} to {to} are gone (retention)");
            }
        }
    }

    /// Sends what was printed on its way, and notices when nobody is there to read it any more: a topic may
    /// be quiet for hours, and a closed pipe is otherwise only found by writing to it.
    fn flush(&mut self) {
        if let Err(error) = self.out.flush() {
            self.ended.get_or_insert(error);
        }
        let mut stdout = [PollFd::new(self.out.get_ref(), PollFlags::empty())];
        let _ = rustix::event::poll(&mut stdout, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
        if stdout[0].revents().intersects(PollFlags::ERR | PollFlags::HUP) {
            self.ended.get_or_insert(ErrorKind::BrokenPipe.into());
        }
    }
}

fn consume(args: &ConsumeArgs, stop: &AtomicBool) -> Result<(), Box<dyn std::error::Error>> {
    let mut cluster = args.bootstrap.connect()?;
    let partitions = cluster.wait_for_topic(&args.topic, IfMissing::Fail, PATIENCE)?.partitions.len();
    let start = if args.from_beginning { Start::Earliest } else { Start::Latest };
    let mut printer = Printer {
        out: BufWriter::new(std::io::stdout().lock()),
        format: &args.format,
        left: args.max,
        next: BTreeMap::new(),
        ended: None,
    };
    let mut consumer = Consumer::new(cluster, ConsumerConfig::default());
    match &args.group {
        None => {
            let all = (0..).take(partitions).map(|p| (args.topic.clone(), p, start));
            consumer.assign(all);
            while !stop.load(Ordering::Relaxed) && !printer.done() {
                consumer.poll(Instant::now() + TURN, &mut |topic, p, event| printer.on(topic, p, event))?;
                printer.flush();
            }
        }
        Some(group) => {
            let mut membership = Membership::new(group.as_str(), vec![args.topic.clone()]);
            let ended = in_group(&mut membership, &mut consumer, &mut printer, start, stop);
            // Whatever ended it, the others must not wait for this member's session to run out.
            let left = membership.leave(consumer.cluster());
            ended?;
            left?;
        }
    }
    match printer.ended {
        // A reader that has seen enough (`| head`) is no failure.
        Some(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn in_group(
    membership: &mut Membership,
    consumer: &mut Consumer,
    printer: &mut Printer<'_>,
    start: Start,
    stop: &AtomicBool,
) -> Result<(), ClientError> {
    join(membership, consumer, printer, start)?;
    let mut commit_at = Instant::now() + COMMIT;
    while !stop.load(Ordering::Relaxed) && !printer.done() {
        consumer.poll(Instant::now() + TURN, &mut |topic, p, event| printer.on(topic, p, event))?;
        printer.flush();
        if Instant::now() >= commit_at {
            commit_at = Instant::now() + COMMIT;
            commit(membership, consumer.cluster(), printer);
        }
        if membership.beat(consumer.cluster())? == Beat::Rejoin {
            // What was printed is committed before others take the partitions over.
            commit(membership, consumer.cluster(), printer);
            join(membership, consumer, printer, start)?;
        }
    }
    commit(membership, consumer.cluster(), printer);
    Ok(())
}

fn join(
    membership: &mut Membership,
    consumer: &mut Consumer,
    printer: &mut Printer<'_>,
    start: Start,
) -> Result<(), ClientError> {
    printer.next.clear();
    let assigned = membership.join(consumer.cluster())?.to_vec();
    let committed = admin::committed(consumer.cluster(), membership.group())?;
    consumer.assign(assigned.into_iter().map(|partition| {
        let from = committed.get(&partition).map_or(start, |offset| Start::At(*offset));
        (partition.0, partition.1, from)
    }));
    Ok(())
}

/// Commits what has been printed. A failure is told and not fatal: the next commit covers the same, and at
/// worst records are printed twice.
fn commit(membership: &Membership, cluster: &mut Cluster, printer: &Printer<'_>) {
    if let Err(error) = membership.commit(cluster, &printer.next) {
        eprintln!("headwater: {error}");
    }
}
