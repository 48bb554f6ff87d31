//! The Rust client `rdkafka` (librdkafka) against a broker. BOOTSTRAP is `HOST:PORT`; RESTART, if there is one, the
//! command that kills the broker and starts it again on the same data. Arguments select points by a part of their names.

mod checks;
mod client;

use std::collections::BTreeSet;
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use checks::{Checks, Seen, WAIT, equal, equal_lists, that, unique, until};
use client::{Member, Record, Writer, create_topic, plain_consumer, read_all};
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::producer::Producer;
use rdkafka::{Offset, TopicPartitionList};

const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];

fn main() -> ExitCode {
    let mut checks = Checks { wanted: std::env::args().skip(1).collect(), failed: false };
    checks.point("topic created, described, refused twice", topics);
    for codec in CODECS {
        checks.point(&format!("records round trip, {codec}"), || round_trip(codec, "false"));
    }
    checks.point("records round trip, idempotent producer", || round_trip("lz4", "true"));
    for (strategy, cooperative) in [("range", false), ("roundrobin", false), ("cooperative-sticky", true)] {
        checks.point(&format!("group of two, {strategy}"), || group_of_two(strategy, cooperative));
    }
    checks.point("offsets committed and resumed", resumed);
    checks.point("transactions committed and aborted", transactions);
    if let Ok(command) = std::env::var("RESTART") {
        let name = "broker killed and restarted: nothing lost, doubled or disordered";
        checks.point(name, || restarted(&command));
    }
    if checks.failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn topics() -> Seen {
    let topic = unique("topics");
    create_topic(&topic, 3)?;
    let consumer = plain_consumer("none", &[])?;
    let metadata = consumer.fetch_metadata(Some(&topic), WAIT)?;
    equal(&3, &metadata.topics()[0].partitions().len(), "partitions")?;
    let leader = metadata.brokers()[0].id();
    that(
        metadata.topics()[0].partitions().iter().all(|p| p.leader() == leader),
        "a leader of each partition",
    )?;
    let again = create_topic(&topic, 1).err().map(|e| e.to_string()).unwrap_or_default();
    that(again.contains("TopicAlreadyExists"), format!("a second creation answered {again:?}"))
}

/// Keys, values, headers, timestamps and offsets, with null and empty told apart.
fn round_trip(codec: &str, idempotent: &str) -> Seen {
    let topic = unique("trip");
    create_topic(&topic, 1)?;
    let begin = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as i64 - 60_000;
    let expected: Vec<Record> = (0..1000i64)
        .map(|i| Record {
            partition: 0,
            offset: i,
            timestamp: Some(begin + i),
            key: (i % 7 != 0).then(|| if i % 7 == 1 { Vec::new() } else { format!("key {i}").into_bytes() }),
            value: (i % 10 != 0).then(|| {
                if i % 10 == 1 { Vec::new() } else { format!("value {i} ").repeat(20).into_bytes() }
            }),
            headers: match i % 3 {
                0 => vec![
                    ("h".into(), Some(b"1".to_vec())),
                    ("h".into(), Some(Vec::new())),
                    ("none".into(), None),
                ],
                _ => Vec::new(),
            },
        })
        .collect();
    let writer = Writer::new(&[("compression.type", codec), ("enable.idempotence", idempotent)])?;
    for record in &expected {
        writer.send(&topic, record)?;
    }
    let offsets: Vec<i64> = writer.finish()?.into_iter().map(|(_, offset)| offset).collect();
    equal_lists(&(0..1000).collect::<Vec<_>>(), &offsets, "offsets told to the producer")?;
    equal_lists(&expected, &read_all(&topic, 0, 1000, &[])?, "records")?;
    let consumer = plain_consumer("none", &[])?;
    equal(&(0, 1000), &consumer.fetch_watermarks(&topic, 0, WAIT)?, "first and next offset")?;
    let mut times = TopicPartitionList::new();
    times.add_partition_offset(&topic, 0, Offset::Offset(begin + 500))?;
    let found = consumer.offsets_for_times(times, WAIT)?.elements()[0].offset();
    equal(&Offset::Offset(500), &found, "offset for a time")
}

fn fill(topic: &str, partitions: i32, numbers: std::ops::Range<i32>) -> Seen {
    let writer = Writer::new(&[("enable.idempotence", "true")])?;
    for i in numbers {
        for partition in 0..partitions {
            writer.send(topic, &Record::numbered(partition, i))?;
        }
    }
    writer.finish().map(drop)
}

fn group_of_two(strategy: &str, cooperative: bool) -> Seen {
    let (topic, group) = (unique("two"), unique("two"));
    create_topic(&topic, 4)?;
    fill(&topic, 4, 0..50)?;
    let mut one = Member::join(&group, strategy, &topic)?;
    until("the first member reads all", || {
        one.poll()?;
        Ok(one.read.len() == 200)
    })?;
    let mut two = Member::join(&group, strategy, &topic)?;
    until("each has two partitions", || {
        one.poll()?;
        two.poll()?;
        Ok(one.partitions()? == 2 && two.partitions()? == 2)
    })?;
    // Eager takes all four away and gives some back; cooperative takes only what moves.
    equal(&if cooperative { 2 } else { 4 }, &one.taken(), "partitions taken from the first")?;
    fill(&topic, 4, 50..100)?;
    until("both read the rest", || {
        one.poll()?;
        two.poll()?;
        Ok(one.read.len() + two.read.len() >= 400)
    })?;
    equal(&100, &two.read.len(), "records of the second")?;
    let mut read = two.leave()?;
    until("the first has all again", || {
        one.poll()?;
        Ok(one.partitions()? == 4)
    })?;
    fill(&topic, 4, 100..110)?;
    until("the first reads the end", || {
        one.poll()?;
        Ok(one.read.len() >= 340)
    })?;
    one.poll()?;
    read.extend(one.leave()?);
    read.sort();
    let expected: Vec<_> = (0..4).flat_map(|p| (0..110).map(move |i| (p, i))).collect();
    equal_lists(&expected, &read, "records of both, none twice")
}

fn resumed() -> Seen {
    let (topic, group) = (unique("resumed"), unique("resumed"));
    create_topic(&topic, 1)?;
    fill(&topic, 1, 0..100)?;
    for (begins, commits) in [(0, 30), (30, 77), (77, 100)] {
        let consumer = plain_consumer(&group, &[])?;
        consumer.subscribe(&[&topic])?;
        equal(&begins, &client::first_offset(&consumer)?, "first record")?;
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(&topic, 0, Offset::Offset(commits))?;
        consumer.commit(&offsets, CommitMode::Sync)?;
        equal(&Offset::Offset(commits), &consumer.committed(WAIT)?.elements()[0].offset(), "committed")?;
    }
    Ok(())
}

fn transactions() -> Seen {
    let topic = unique("transactions");
    create_topic(&topic, 1)?;
    let writer = Writer::new(&[("transactional.id", topic.as_str())])?;
    writer.inner.init_transactions(WAIT)?;
    for round in 0..4 {
        writer.inner.begin_transaction()?;
        for _ in 0..10 {
            writer.send(&topic, &Record::numbered(0, round))?;
        }
        // Neither end of a transaction waits for acknowledgements that nobody polls for.
        writer.inner.flush(WAIT)?;
        if round % 2 == 0 {
            writer.inner.commit_transaction(WAIT)?
        } else {
            writer.inner.abort_transaction(WAIT)?
        }
    }
    let committed = read_all(&topic, 0, 20, &[("isolation.level", "read_committed")])?;
    that(committed.iter().all(|r| r.number() % 2 == 0), "only records of committed transactions")?;
    read_all(&topic, 0, 40, &[("isolation.level", "read_uncommitted")]).map(drop)
}

fn restart(command: &str) -> Seen {
    let done = Command::new("bash").args(["-c", command]).stdout(Stdio::null()).status()?;
    that(done.success(), "the broker starts again")
}

fn restarted(command: &str) -> Seen {
    let topic = unique("restart");
    create_topic(&topic, 3)?;
    let writer = Writer::new(&[("enable.idempotence", "true"), ("linger.ms", "0")])?;
    let (stop, mut sent) = (AtomicBool::new(false), 0);
    let killed = thread::scope(|scope| -> Seen {
        let killer = scope.spawn(|| {
            let mut outcome = Ok(());
            for _ in 0..2 {
                thread::sleep(Duration::from_secs(1));
                outcome = outcome.and_then(|()| restart(command).map_err(|e| e.to_string()));
            }
            thread::sleep(Duration::from_secs(1));
            stop.store(true, Ordering::Relaxed);
            outcome
        });
        let mut wrote = Ok(());
        while !stop.load(Ordering::Relaxed) {
            if wrote.is_ok() {
                wrote = writer.send(&topic, &Record::numbered(sent % 3, sent));
                sent += 1;
            }
            if sent % 50 == 0 {
                thread::sleep(Duration::from_millis(10));
            }
        }
        killer.join().map_err(|_| "the thread that restarts the broker panicked")??;
        wrote
    });
    killed?;
    equal(&(sent as usize), &writer.finish()?.len(), "acknowledged of those sent")?;
    let mut seen = BTreeSet::new();
    for partition in 0..3 {
        let expected: Vec<i32> = (partition..sent).step_by(3).collect();
        let read: Vec<i32> =
            read_all(&topic, partition, expected.len(), &[])?.iter().map(Record::number).collect();
        equal_lists(&expected, &read, &format!("records of partition {partition}"))?;
        seen.extend(read);
    }
    equal(&(sent as usize), &seen.len(), "different records")
}
