//! kill -9 at random moments under load. The load generator is the oracle: it knows what was acknowledged, and reads the
//! log from the run's beginning after each fall. It exits with 3 if a record was lost, doubled, reordered or damaged, or
//! if an offset was given twice.
//!
//! `CRASH_ROUNDS=20 cargo test --test crash` kills oftener; `SEED=…` kills at the same moments again.

mod broker;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use broker::{Broker, PATIENCE, Running, seed};
use headwater_loadgen::rng::Rng;

/// Small journals wrap often, small heads are written out often: more different moments to be killed at.
const BUSY: &[&str] = &[
    "--set",
    "headwater.journal.file.bytes=4194304",
    "--set",
    "headwater.journal.files=2",
    "--set",
    "headwater.head.bytes=16384",
];

fn rounds(default: u64) -> u64 {
    std::env::var("CRASH_ROUNDS").map_or(default, |text| text.parse().expect("CRASH_ROUNDS is a number"))
}

/// Kills a broker of this many shards again and again while it is loaded with these arguments.
fn check(shards: &str, load: &[&str], rng: &mut Rng) {
    let mut broker = Broker::start(&[&["--shards", shards][..], BUSY].concat());
    let report = broker.folder().join("report.json");
    let mut args = vec!["loadgen", "run", "--topic", "t", "--partitions", "5", "--warmup", "0s", "--json"];
    args.push(report.to_str().unwrap());
    // Far longer than it will be: it is told to end.
    args.extend(["--duration", "1h", "--linger", "1ms"]);
    args.extend(load);
    let output = std::fs::File::create(broker.folder().join("load")).unwrap();
    let mut running = broker.command(&args);
    running.stdout(output.try_clone().unwrap()).stderr(output);
    let mut running = Running(running.spawn().unwrap());
    // A load that finds no broker when it begins ends. All of it is connected when the first record is there.
    let began = Instant::now();
    while !has_records(&broker) {
        let ended = running.0.try_wait().unwrap();
        assert!(ended.is_none() && began.elapsed() < PATIENCE, "the load does not begin\n{}", broker.log());
    }
    for _ in 0..rounds(4) {
        std::thread::sleep(Duration::from_millis(200 + rng.below(1500)));
        broker.kill();
        // Now and then it dies while it recovers, too.
        while rng.below(3) == 0 {
            broker.spawn_again();
            std::thread::sleep(Duration::from_millis(rng.below(150)));
            broker.kill();
        }
        broker.start_again();
    }
    std::thread::sleep(Duration::from_millis(500));
    running.signal("INT");
    let status = running.wait();
    let said = std::fs::read_to_string(broker.folder().join("load")).unwrap();
    assert!(status.success(), "{status}\n{said}\n--- the broker said\n{}", broker.log());
    let report = std::fs::read_to_string(report).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert!(report["acked"].as_u64().unwrap() > 0, "nothing was acknowledged\n{said}");

    // What was read once is read again after any number of falls without a client.
    let before = contents(&broker);
    for _ in 0..2 {
        broker.kill();
        broker.start_again();
        assert!(contents(&broker) == before, "a start without a client changed the log");
    }
    // A stop in order leaves the same as a kill.
    broker.process().signal("TERM");
    assert!(broker.process().wait().success(), "{}", broker.log());
    broker.start_again();
    assert!(contents(&broker) == before, "a stop in order changed the log");
}

fn has_records(broker: &Broker) -> bool {
    // It may not be there yet.
    let listed = broker.command(&["topic", "describe", "t", "--json"]).output().unwrap().stdout;
    let listed: serde_json::Value = serde_json::from_slice(&listed).unwrap_or_default();
    let partitions = listed["partitions"].as_array();
    partitions.is_some_and(|all| all.iter().any(|partition| partition["latest"].as_i64() > Some(0)))
}

/// Every record of the topic: partition@offset → timestamp. That values are right, the load generator has found.
fn contents(broker: &Broker) -> BTreeMap<String, String> {
    let listed = broker.run(&["topic", "describe", "t", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let count = |p: &serde_json::Value| {
        p["latest"].as_i64().unwrap_or_else(|| panic!("{listed}")) - p["earliest"].as_i64().unwrap()
    };
    let records: i64 = listed["partitions"].as_array().unwrap().iter().map(count).sum();
    let max = records.to_string();
    let format = ["--format", "%p@%o %T"];
    let read = broker.run(&[&["consume", "t", "--from-beginning", "--max", &max][..], &format].concat());
    let mut out = BTreeMap::new();
    for line in read.split_inclusive('\n').filter(|line| line.contains('@')) {
        let (place, value) = line.split_once(' ').unwrap_or((line, ""));
        out.insert(place.to_owned(), value.to_owned());
    }
    out
}

#[test]
fn acknowledged_records_survive_kills() {
    let mut rng = Rng::new(seed("crash acknowledged"));
    check("1", &["--rate", "3000", "--size", "300", "--producers", "3", "--consumers", "1"], &mut rng);
}

#[test]
fn acknowledged_records_of_a_flood_survive_kills() {
    let mut rng = Rng::new(seed("crash flood"));
    check("2", &["--rate", "max", "--size", "1000", "--producers", "2", "--consumers", "0"], &mut rng);
}

#[test]
fn records_that_only_the_leader_acknowledged_survive_kills() {
    let mut rng = Rng::new(seed("crash leader"));
    check("2", &["--rate", "2000", "--acks", "1", "--keys", "zipf", "--producers", "2"], &mut rng);
}
