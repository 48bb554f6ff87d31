//! `headwater produce`: every line of standard input becomes a record.

use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, sync_channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use headwater_loadgen::client::{
    Acks, ClientError, Delivery, IfMissing, Partitioner, Producer, ProducerConfig, RecordParts,
};
use headwater_loadgen::rng::Rng;

use crate::bootstrap::{BootstrapArgs, explain, failure};
use crate::interrupt::asked_to_stop;

/// How long a topic that is created on the way may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How soon a line that has been read is looked at while answers are awaited, and how soon a signal is
/// noticed.
const TURN: Duration = Duration::from_millis(5);
const IDLE_TURN: Duration = Duration::from_millis(100);

/// Lines that are handed over at once, and hand-overs that may wait.
const LINES: usize = 1000;
const WAITING: usize = 4;

/// Send lines of standard input as records.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  headwater produce greetings\n  seq 1000 | headwater produce numbers\n  \
                        echo 'user-1:{\"name\":\"Ada\"}' | headwater produce users --key-separator :\n\n\
                        The topic is created if the broker allows it. Records with the same key keep their order."
)]
pub struct ProduceArgs {
    /// The topic.
    topic: String,
    /// What stands between key and value in a line; without it lines have no key.
    #[arg(long, value_name = "C")]
    key_separator: Option<String>,
    /// Who must have a record before it counts: all in-sync replicas, the leader (1), or nobody (0).
    #[arg(long, value_name = "all|1|0", default_value = "all")]
    acks: Acks,
    #[command(flatten)]
    bootstrap: BootstrapArgs,
}

/// Why producing ended before its input did.
#[derive(Debug, thiserror::Error)]
enum Stopped {
    #[error("{}", explain(.0))]
    Client(#[from] ClientError),
    #[error("line {0}: no '{1}' between key and value")]
    NoKey(u64, String),
    #[error("line {line}: {}", explain(.cause))]
    Refused { line: u64, cause: ClientError },
    #[error("standard input: {0}")]
    Input(std::io::Error),
}

/// Runs the command.
pub fn run(args: ProduceArgs) -> ExitCode {
    if std::io::stdin().is_terminal() {
        eprintln!("Each line becomes a record of {}. Ctrl-D ends.", args.topic);
    }
    match produce(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure(&error),
    }
}

fn produce(args: &ProduceArgs) -> Result<(), Stopped> {
    let stop = asked_to_stop().map_err(Stopped::Input)?;
    let config =
        ProducerConfig { acks: args.acks, idempotent: args.acks == Acks::All, ..ProducerConfig::default() };
    let stick_bytes = config.batch_bytes;
    let mut cluster = args.bootstrap.connect()?;
    let count = cluster.wait_for_topic(&args.topic, IfMissing::Create, PATIENCE)?.partitions.len();
    let mut producer = Producer::new(cluster, config)?;
    let count = i32::try_from(count).unwrap_or(i32::MAX);
    let handles: Vec<usize> = (0..count).map(|p| producer.partition(&args.topic, p)).collect();
    let mut partitioner = Partitioner::new(stick_bytes, Rng::from_clock());

    let lines = read_lines();
    let mut number = 0;
    let mut refused: Option<Stopped> = None;
    let mut ended = false;
    while !ended || !producer.is_idle() {
        let batch = match next(&lines, !ended && producer.is_idle()) {
            Next::Lines(batch) => batch.map_err(Stopped::Input)?,
            Next::Nothing => Vec::new(),
            Next::End => {
                ended = true;
                producer.flush();
                Vec::new()
            }
        };
        // Lines that have been read are sent, also after Ctrl-C; no more are read.
        ended |= stop.load(Ordering::Relaxed);
        let mut deliver = |delivery: Delivery<'_>| {
            if let Err(cause) = delivery.outcome {
                let line = delivery.tags.first().copied().unwrap_or(0);
                refused.get_or_insert(Stopped::Refused { line, cause });
            }
        };
        for line in batch {
            number += 1;
            let (key, value) = match &args.key_separator {
                None => (None, &line[..]),
                Some(separator) => match split_once(&line, separator.as_bytes()) {
                    Some((key, value)) => (Some(key), value),
                    None => return Err(Stopped::NoKey(number, separator.clone())),
                },
            };
            let record = RecordParts { key, value: Some(value), headers: &[] };
            let bytes = record.bytes_max();
            while !producer.has_room(bytes) {
                producer.step(Instant::now() + TURN, &mut deliver)?;
            }
            let partition = partitioner.pick(key, bytes, count);
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            producer.append(
                handles[partition as usize],
                &record,
                now.as_millis() as i64,
                number,
                Instant::now(),
            );
        }
        producer
            .step(if producer.is_idle() { Instant::now() } else { Instant::now() + TURN }, &mut deliver)?;
        if let Some(refused) = refused.take() {
            return Err(refused);
        }
    }
    Ok(())
}

/// What came from standard input.
enum Next {
    Lines(std::io::Result<Vec<Vec<u8>>>),
    Nothing,
    End,
}

fn next(lines: &Receiver<std::io::Result<Vec<Vec<u8>>>>, wait: bool) -> Next {
    if wait {
        return match lines.recv_timeout(IDLE_TURN) {
            Ok(batch) => Next::Lines(batch),
            Err(RecvTimeoutError::Timeout) => Next::Nothing,
            Err(RecvTimeoutError::Disconnected) => Next::End,
        };
    }
    match lines.try_recv() {
        Ok(batch) => Next::Lines(batch),
        Err(TryRecvError::Empty) => Next::Nothing,
        Err(TryRecvError::Disconnected) => Next::End,
    }
}

/// Reads lines in a thread of their own: standard input cannot be waited for together with sockets. What is
/// there goes at once, so that a person's line is sent when Enter is pressed.
fn read_lines() -> Receiver<std::io::Result<Vec<Vec<u8>>>> {
    let (sender, receiver) = sync_channel(WAITING);
    std::thread::spawn(move || {
        let mut input = std::io::BufReader::with_capacity(1 << 16, std::io::stdin());
        let mut batch = Vec::new();
        loop {
            let mut line = Vec::new();
            let got = match input.read_until(b'\n', &mut line) {
                Ok(got) => got,
                Err(error) => {
                    let _ = sender.send(Err(error));
                    return;
                }
            };
            if line.last() == Some(&b'\n') {
                line.pop();
            }
            if got > 0 {
                batch.push(line);
            }
            let complete = input.buffer().contains(&b'\n');
            if (got == 0 || !complete || batch.len() >= LINES)
                && !batch.is_empty()
                && sender.send(Ok(std::mem::take(&mut batch))).is_err()
            {
                return;
            }
            if got == 0 {
                return;
            }
        }
    });
    receiver
}

fn split_once<'a>(line: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    if separator.is_empty() {
        return None;
    }
    let at = line.windows(separator.len()).position(|window| window == separator)?;
    Some((&line[..at], &line[at + separator.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_end_at_the_first_separator() {
        for (line, separator, expect) in [
            ("k:v", ":", Some(("k", "v"))),
            ("k:v:w", ":", Some(("k", "v:w"))),
            (":v", ":", Some(("", "v"))),
            ("k=>v", "=>", Some(("k", "v"))),
            ("kv", ":", None),
            ("kv", "", None),
        ] {
            let expect = expect.map(|(k, v)| (k.as_bytes(), v.as_bytes()));
            assert_eq!(split_once(line.as_bytes(), separator.as_bytes()), expect, "{line}");
        }
    }
}
