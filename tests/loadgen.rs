//! The load generator against a real broker that stands still, falls and lies about nothing: what it reports must be
//! what happened. (Against a broker that follows a script: `loadgen/tests/truth.rs`.)

mod broker;

use std::io::{BufRead, BufReader};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use broker::{Broker, Running, SMALL};
use headwater_loadgen::run::{self, RunConfig};
use headwater_loadgen::scenario::Scenario;

#[test]
fn a_standstill_shows_at_its_true_weight() {
    let mut broker = Broker::start(SMALL);
    let scenario =
        "rate = 1000\npartitions = 2\nproducers = 2\nwarmup = \"1s\"\nduration = \"5s\"\nsize = 100";
    let scenario = Scenario::parse(scenario).unwrap();
    let config = RunConfig { bootstrap: broker.address.clone(), scenario, ..RunConfig::default() };
    let mut stood = Duration::ZERO;
    let mut on_second = |second: &headwater_loadgen::report::Second| {
        // Early enough that all of it is within what is measured, should it begin late.
        if second.second == 1 {
            broker.process().signal("STOP");
            let began = Instant::now();
            std::thread::sleep(Duration::from_secs(1));
            stood = began.elapsed();
            broker.process().signal("CONT");
        }
    };
    let report = run::run(&config, &AtomicBool::new(false), &mut on_second).unwrap();
    assert!(report.clean(), "{:?}", report.verdict);
    assert_eq!((report.acked, report.response.count(), report.failed), (6000, 5000, 0));
    // A record meant for a moment of the standstill waits for the rest of it: of 1,000 records a second, so many
    // milliseconds' worth wait at least t. A closed loop would have sent one record and shown one long wait.
    for share in [0.25, 0.5, 0.75] {
        let wait = stood.mul_f64(share);
        let expect = (stood - wait).as_millis() as u64;
        let longer = 5000 - report.response.histogram().count_between(0, wait.as_nanos() as u64);
        assert!(longer + 20 >= expect, "{longer} of {expect} records waited {wait:?}");
    }
    assert!(report.response.max_ms() >= stood.as_secs_f64() * 950.0, "{}", report.response.max_ms());
    // One second of five: at the 90th percentile half of it is left.
    assert!(report.response.percentile_ms(90.0) >= stood.as_secs_f64() * 450.0);
    assert!(report.end_to_end.percentile_ms(90.0) >= stood.as_secs_f64() * 450.0);
}

#[test]
fn shapes_of_all_kinds_are_verified() {
    let broker = Broker::start(SMALL);
    let shapes: [(&str, &[&str]); 10] = [
        ("transactions", &["--transaction-records", "20", "--abort-share", "0.4", "--producers", "2"]),
        ("groups", &["--groups", "2", "--consumers", "2"]),
        // More members than partitions: each of them gets some.
        ("share", &["--share-groups", "2", "--consumers", "3"]),
        ("fan-out", &["--fan-out", "3", "--topics", "2", "--keys", "zipf"]),
        ("packed", &["--compression", "zstd", "--size", "lognormal:300,0.6", "--compressibility", "0.7"]),
        ("backlog", &["--backlog", "1s", "--rate", "steps:200x1s,900x1s"]),
        ("slow", &["--fan-out", "2", "--slow-readers", "1", "--slow-rate", "50"]),
        ("storm", &["--connections", "50", "--rate", "poisson:400"]),
        (
            "crowd",
            &[
                "--crowd-groups",
                "3",
                "--crowd-members",
                "4",
                "--commits",
                "100",
                "--rebalance-every",
                "600ms",
                "--heartbeat",
                "300ms",
            ],
        ),
        ("plain", &["--consumers", "0", "--idempotence", "false", "--acks", "1", "--linger", "0ms"]),
    ];
    let report = broker.folder().join("report.json");
    for (name, flags) in shapes {
        let mut args =
            vec!["loadgen", "run", "--topic", name, "--partitions", "2", "--size", "200", "--json"];
        args.push(report.to_str().unwrap());
        args.extend(["--warmup", "500ms", "--duration", "2s", "--objective", "lost==0"]);
        let given = |flag: &&&str| flags.iter().any(|own| own == *flag);
        let size = args.iter().position(|arg| *arg == "--size").unwrap();
        if given(&&"--size") {
            args.drain(size..size + 2);
        }
        if !given(&&"--rate") {
            args.extend(["--rate", "400"]);
        }
        args.extend(flags);
        let said = broker.run(&args);
        assert!(said.contains("verified: nothing lost"), "{name}: {said}");
        let json: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(&report).unwrap()).unwrap();
        let count = |figure: &str| json[figure].as_u64().unwrap();
        assert_eq!(count("acked") + count("aborted"), count("produced"), "{name}");
        let readings = match name {
            "groups" | "share" | "slow" => 2,
            "fan-out" => 3,
            _ => 1,
        };
        assert_eq!(count("consumed"), count("acked") * readings, "{name}");
        assert_eq!(name == "transactions", count("aborted") > 0, "{name}");
        for latency in ["heartbeat_ms", "commit_ms", "rebalance_ms"] {
            assert_eq!(json[latency]["count"].as_u64() > Some(0), name == "crowd", "{json}");
        }
        assert!(name != "storm" || json["connect_ms"]["count"] == 50, "{json}");
        assert!(name != "backlog" || !json["drain"].is_null(), "{json}");
        assert_eq!(json["settings"]["topic"], name);
    }
}

#[test]
fn an_interrupted_run_reports_what_was() {
    let broker = Broker::start(SMALL);
    let (json, html) = (broker.folder().join("report.json"), broker.folder().join("report.html"));
    let mut args =
        vec!["loadgen", "run", "--rate", "500", "--warmup", "0s", "--duration", "1h", "--size", "100"];
    args.extend([
        "--json",
        json.to_str().unwrap(),
        "--html",
        html.to_str().unwrap(),
        "--objective",
        "e2e.max<1h",
    ]);
    let mut running = Running(broker.command(&args).spawn().unwrap());
    let mut progress = BufReader::new(running.0.stderr.take().unwrap()).lines();
    let is_second = |line: &str| line.split_whitespace().next() == Some("1");
    assert!(progress.by_ref().any(|line| is_second(&line.unwrap())), "it ended before it was interrupted");
    std::thread::spawn(move || progress.for_each(drop));
    running.signal("INT");
    assert_eq!(running.wait().code(), Some(0));
    let report: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
    assert_eq!(report["stopped_early"], true);
    assert!(report["acked"].as_u64().unwrap() > 0 && report["lost"] == 0, "{report}");
    assert!(report["measured_s"].as_f64().unwrap() < 3000.0);
    assert!(std::fs::read_to_string(html).unwrap().contains("stopped before its time"));
}

/// Retention takes what nobody has read yet: to whom it was acknowledged, it is lost.
#[test]
fn a_run_that_lost_records_says_so_first_and_ends_with_code_3() {
    let broker = Broker::start(&[SMALL, &["--set", "log.retention.check.interval.ms=200"]].concat());
    let scenario = broker.folder().join("lossy.toml");
    let text = "topic_config = { \"segment.bytes\" = \"1048576\", \"retention.bytes\" = \"1048576\" }\n\
                rate = 4000\npartitions = 1\nconsumers = 0\nwarmup = \"0s\"\nduration = \"4s\"";
    std::fs::write(&scenario, text).unwrap();
    let (json, html) = (broker.folder().join("report.json"), broker.folder().join("report.html"));
    let files = ["--json", json.to_str().unwrap(), "--html", html.to_str().unwrap()];
    let args = [&["loadgen", "run", "--scenario", scenario.to_str().unwrap()][..], &files].concat();
    let output = broker.command(&args).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.trim_start().starts_with("FAILED: lost "), "{said}");
    let report: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
    let count = |figure: &str| report[figure].as_u64().unwrap();
    assert!(count("lost") > 0 && count("lost") + count("consumed") == count("acked"), "{said}");
    assert!(!report["missing"].as_array().unwrap().is_empty());
    assert!(std::fs::read_to_string(html).unwrap().contains("This run has no result: lost"));
}

#[test]
fn what_stands_in_the_way_is_named() {
    let mut broker = Broker::start(SMALL);
    let check = |broker: &Broker, args: &[&str], code: i32, words: &[&str]| {
        let output = broker.command(&[&["loadgen"], args].concat()).output().unwrap();
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{args:?}: no '{word}' in {said}");
        }
    };
    let short = ["run", "--rate", "200", "--warmup", "0s", "--duration", "1s", "--size", "100"];
    check(&broker, &[&short[..], &["--objective", "ack.p50<1us"]].concat(), 4, &["MISSED", "ack.p50<1us"]);
    check(&broker, &[&short[..], &["--partitions", "3"]].concat(), 1, &["has 6 partitions, not 3"]);
    check(&broker, &[&short[..], &["--topic", "a/b"]].concat(), 1, &["a/b", "INVALID_TOPIC"]);
    check(&broker, &[&short[..], &["--acks", "1", "--transaction-records", "5"]].concat(), 2, &["acks=all"]);
    check(&broker, &["run", "--rate", "-1"], 2, &["--rate", "'-1' is not a number"]);
    check(&broker, &["run", "--size", "0"], 2, &["--size", "between 40"]);
    check(&broker, &["run", "--preset", "producer-4"], 2, &["did you mean producers-4?"]);
    check(&broker, &[&short[..], &["--acks", "0", "--idempotence", "true"]].concat(), 2, &["idempotent"]);
    let sweep = ["--sweep", "--objective", "p99<1s", "--sweep-precision", "nan"];
    check(&broker, &[&short[..], &sweep].concat(), 2, &["--sweep-precision", "between 0.001 and 1"]);
    let scenario = broker.folder().join("typo.toml");
    std::fs::write(&scenario, "producer = 3\n").unwrap();
    let scenario = scenario.to_str().unwrap();
    check(&broker, &["run", "--scenario", scenario], 2, &["producer = 3", "did you mean producers?"]);
    // Records too large for the topic: every one fails, and a run without one acknowledgement is no result.
    let large = ["--topic", "large", "--size", "1048576", "--batch-bytes", "2000000"];
    check(
        &broker,
        &[&short[..short.len() - 2], &large].concat(),
        1,
        &["MESSAGE_TOO_LARGE", "not a single record"],
    );

    // A report that cannot be written is told before the run, and one that is there outlives a run that fails.
    check(&broker, &[&short[..], &["--json", "/nowhere/a.json"]].concat(), 1, &["/nowhere/a.json"]);
    let report = broker.folder().join("kept.json");
    std::fs::write(&report, "{}").unwrap();
    let new = broker.folder().join("new.html");
    broker.kill();
    let files = ["--json", report.to_str().unwrap(), "--html", new.to_str().unwrap()];
    check(&broker, &[&short[..], &files].concat(), 1, &["no broker of", "refused"]);
    assert_eq!(std::fs::read_to_string(&report).unwrap(), "{}");
    assert!(!new.exists(), "a run that failed has left an empty report");
}
