//! Does the load generator tell the truth? Against a broker that does what a script says (`scripted`): known
//! delays come out as percentiles, and every record that is lost, doubled, reordered or damaged is counted as
//! what it is. (That a real broker's standstill shows at its true weight: `tests/loadgen.rs` of the program.)

mod scripted;

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use headwater_loadgen::latency::Latency;
use headwater_loadgen::report::Report;
use headwater_loadgen::run::{self, RunConfig};
use headwater_loadgen::scenario::Scenario;
use scripted::{Fate, Script, Scripted};

fn load(broker: &Scripted, scenario: &str) -> Report {
    let scenario = Scenario::parse(scenario).unwrap();
    let config = RunConfig { bootstrap: broker.address.clone(), scenario, ..RunConfig::default() };
    run::run(&config, &AtomicBool::new(false), &mut |_| {}).unwrap()
}

/// How many latencies are at least this long, within the histogram's thousandth.
fn at_least(latency: &Latency, time: Duration) -> u64 {
    let floor = (time.as_nanos() as f64 * 0.999) as u64;
    latency.count() - latency.histogram().count_between(0, floor - 1)
}

#[test]
fn known_delays_come_out_as_they_are() {
    // Of ten producers five are answered at once, four after 2 s and one after 5 s. The delays are so far apart
    // that no busy machine makes one look like another.
    let delay = |producer: u32| Duration::from_secs([0, 0, 0, 0, 0, 2, 2, 2, 2, 5][producer as usize]);
    let broker = Scripted::start(10, Script { delay, ..Script::default() });
    let report = load(
        &broker,
        "rate = 50\nproducers = 10\npartitions = 10\nwarmup = \"0s\"\nduration = \"4s\"\nlinger = \"0ms\"\nsize = 100",
    );
    assert!(report.clean(), "{:?}", report.verdict);
    assert_eq!((report.acked, report.service.count(), report.response.count()), (200, 200, 200));
    // Each producer has 20 records.
    for (time, records) in [(2, 100), (5, 20)] {
        let time = Duration::from_secs(time);
        assert!(at_least(&report.service, time) >= records, "service {time:?}");
        assert!(at_least(&report.response, time) >= records, "response {time:?}");
    }
    let near = |percentile: f64, seconds: f64| {
        let service = report.service.percentile_ms(percentile) / 1e3;
        assert!((seconds * 0.999..seconds + 1.9).contains(&service), "p{percentile} is {service} s");
    };
    near(40.0, 0.0);
    near(60.0, 2.0);
    near(85.0, 2.0);
    near(95.0, 5.0);
    near(99.9, 5.0);
    // What waits behind five unanswered requests waits: that is queueing, and response time, not service.
    assert!(report.queueing.percentile_ms(99.9) > 100.0);
    // What was answered is shown second by second as well.
    assert_eq!(report.series.iter().map(|second| second.acked).sum::<u64>(), 200);
}

#[test]
fn every_fault_of_the_way_is_counted_as_what_it_is() {
    // One producer and one partition, so that a late batch is late for certain.
    let fate = |batch: u64| match batch % 20 {
        3 => Fate::Lost,
        7 => Fate::Doubled,
        11 => Fate::Late,
        14 => Fate::Flipped,
        17 => Fate::FlippedAndSealed,
        _ => Fate::Kept,
    };
    let broker = Scripted::start(1, Script { fate, ..Script::default() });
    let report = load(
        &broker,
        "rate = 1000\npartitions = 1\nwarmup = \"0s\"\nduration = \"2s\"\nlinger = \"0ms\"\nbatch_bytes = 400\nsize = 100",
    );
    let account = broker.account();
    assert!(account.batches > 100, "{account:?}");
    assert_eq!((report.acked, report.failed), (2000, 0));
    let verdict = &report.verdict;
    assert_eq!(verdict.duplicated, account.doubled, "{account:?}");
    assert_eq!(verdict.reordered, account.late, "{account:?}");
    assert_eq!(verdict.corrupt, account.damaged, "{account:?}");
    // A record that came damaged has not come.
    assert_eq!(verdict.lost, account.lost + account.damaged, "{account:?}");
    assert!(!report.clean());
    let json = report.json();
    for (name, count) in
        [("lost", verdict.lost), ("duplicated", verdict.duplicated), ("reordered", verdict.reordered)]
    {
        assert!(count > 0 && json[name] == count, "{name}");
    }
    assert_eq!(report.missing().count(), verdict.missing.len().min(100));
}

#[test]
fn the_interval_log_holds_every_latency() {
    use base64::prelude::{BASE64_STANDARD as STANDARD, Engine};
    use hdrhistogram::serialization::Deserializer;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
    let broker = Scripted::start(1, Script::default());
    let path = std::env::temp_dir().join(format!("headwater-truth-{}.hlog", std::process::id()));
    let text = "rate = 300\npartitions = 1\nwarmup = \"0s\"\nduration = \"1500ms\"\nsize = 100";
    let config = RunConfig {
        bootstrap: broker.address.clone(),
        scenario: Scenario::parse(text).unwrap(),
        hlog: Some(path.clone()),
        ..RunConfig::default()
    };
    let report = run::run(&config, &AtomicBool::new(false), &mut |_| {}).unwrap();
    let log = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let (mut counts, mut reader) = (std::collections::BTreeMap::new(), Deserializer::new());
    for entry in IntervalLogIterator::new(&log) {
        let LogEntry::Interval(interval) = entry.unwrap() else { continue };
        let packed = interval.encoded_histogram();
        let bytes = STANDARD.decode(packed).unwrap();
        let histogram = reader.deserialize::<u64, _>(&mut &bytes[..]).unwrap();
        *counts.entry(interval.tag().unwrap().as_str().to_owned()).or_insert(0) += histogram.len();
    }
    for (name, latency) in
        [("response", &report.response), ("service", &report.service), ("end_to_end", &report.end_to_end)]
    {
        assert_eq!((counts[name], latency.count()), (450, 450), "{name}");
    }
}

#[test]
fn an_honest_broker_is_found_honest() {
    let broker = Scripted::start(3, Script::default());
    for more in [
        "",
        "fan_out = 3",
        "consumers = 0",
        "compression = \"lz4\"",
        "keys = \"zipf\"\nproducers = 3",
        "acks = 0",
    ] {
        let report = load(
            &broker,
            &format!(
                "rate = 500\npartitions = 3\nwarmup = \"200ms\"\nduration = \"800ms\"\nsize = \"uniform:50-500\"\n{more}"
            ),
        );
        assert!(report.clean(), "{more}: {:?}", report.verdict);
        assert_eq!(report.acked, 500, "{more}");
        let readings = if more.starts_with("fan") { 3 } else { 1 };
        assert_eq!(report.verdict.consumed, 500 * readings, "{more}");
    }
}
