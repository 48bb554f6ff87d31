//! Does the load generator say what stands in its way? Against a broker that refuses, or that tells of quotas
//! (`scripted`). (Brokers that are gone and topics that cannot be made: `tests/loadgen.rs` of the program.)

#[allow(dead_code)] // Shared with the other tests, which ask for more.
mod scripted;

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use headwater_core::wire::ApiKey;
use headwater_loadgen::report::Report;
use headwater_loadgen::run::{self, RunConfig, RunError};
use headwater_loadgen::scenario::Scenario;
use scripted::{Script, Scripted};

fn load(broker: &Scripted, more: &str) -> Result<Report, RunError> {
    let text = format!("partitions = 2\nwarmup = \"0s\"\nduration = \"1s\"\nsize = 100\nrate = 500\n{more}");
    let scenario = Scenario::parse(&text).unwrap();
    let config = RunConfig { bootstrap: broker.address.clone(), scenario, ..RunConfig::default() };
    run::run(&config, &AtomicBool::new(false), &mut |_| {})
}

#[test]
fn who_is_not_allowed_is_told_what_and_why() {
    let check = |api: ApiKey, code: i16, more: &str, words: &[&str]| {
        let script = Script { refuse: Some((api, code)), ..Script::default() };
        let ended = load(&Scripted::start(2, script), more);
        let said = ended.expect_err("a run that is not allowed has no result").to_string();
        for word in words.iter().chain(&["does not authenticate"]) {
            assert!(said.contains(word), "{api:?} {code}: no '{word}' in '{said}'");
        }
    };
    check(ApiKey::Metadata, 29, "", &["topic loadgen", "TOPIC_AUTHORIZATION_FAILED"]);
    check(ApiKey::ListOffsets, 29, "", &["loadgen", "TOPIC_AUTHORIZATION_FAILED"]);
    check(ApiKey::InitProducerId, 31, "", &["producer id", "CLUSTER_AUTHORIZATION_FAILED"]);
    check(ApiKey::Produce, 29, "", &["producing to loadgen-", "TOPIC_AUTHORIZATION_FAILED"]);
    check(ApiKey::Produce, 31, "acks = 1", &["producing to loadgen-", "CLUSTER_AUTHORIZATION_FAILED"]);
    check(ApiKey::Fetch, 29, "", &["reading loadgen-", "TOPIC_AUTHORIZATION_FAILED"]);
    check(ApiKey::Fetch, 29, "consumers = 0", &["reading loadgen-", "TOPIC_AUTHORIZATION_FAILED"]);
    check(ApiKey::FindCoordinator, 30, "groups = 1", &["group loadgen-", "GROUP_AUTHORIZATION_FAILED"]);
    check(ApiKey::JoinGroup, 30, "groups = 1", &["group loadgen-", "GROUP_AUTHORIZATION_FAILED"]);
    let transactions = "transaction_records = 10";
    check(ApiKey::FindCoordinator, 53, transactions, &["TRANSACTIONAL_ID_AUTHORIZATION_FAILED"]);
    check(ApiKey::InitProducerId, 53, transactions, &["TRANSACTIONAL_ID_AUTHORIZATION_FAILED"]);
}

/// KIP-599: a topic that is one too many may be made later, and how much later the broker says.
#[test]
fn a_quota_for_making_topics_is_waited_for() {
    let create_refusals = Some((2, 300));
    let broker = Scripted::start(2, Script { create_refusals, ..Script::default() });
    let report = load(&broker, "").unwrap();
    assert_eq!((report.acked, report.verdict.consumed), (500, 500));
    let asked = broker.account().creations;
    assert_eq!(asked.len(), 3, "refused twice, then made");
    assert!(asked.windows(2).all(|two| two[1] - two[0] >= Duration::from_millis(300)), "{asked:?}");

    // Not for longer than any change may take: the reason is told at once.
    let create_refusals = Some((2, 3_600_000));
    let broker = Scripted::start(2, Script { create_refusals, ..Script::default() });
    let said = load(&broker, "").expect_err("there is no topic").to_string();
    assert!(said.contains("topic loadgen: THROTTLING_QUOTA_EXCEEDED"), "{said}");
    assert_eq!(broker.account().creations.len(), 1);
}

/// Records that are refused for what they are fail one by one, and the run goes on.
#[test]
fn refused_records_are_counted_and_named() {
    let script = Script { refuse: Some((ApiKey::Produce, 10)), ..Script::default() };
    let report = load(&Scripted::start(2, script), "").unwrap();
    assert_eq!((report.acked, report.failed), (0, 500));
    assert!(report.failures[0].contains("MESSAGE_TOO_LARGE"), "{:?}", report.failures);
    assert!(report.clean());
}

/// Both sides of KIP-219: the client keeps quiet for as long as it was asked to, and the report says for how long that was.
#[test]
fn b10_quotas_are_honoured_and_told() {
    let began = Instant::now();
    let script = Script { throttle_ms: (300, 0), ..Script::default() };
    let broker = Scripted::start(2, script);
    let report = load(&broker, "linger = \"0ms\"").unwrap();
    let most = began.elapsed().as_secs_f64() + 0.3;
    assert!(report.clean(), "{:?}", report.verdict);
    assert_eq!((report.acked, report.verdict.consumed, report.readers_throttled_s), (500, 500, 0.0));
    assert!((0.3..most).contains(&report.throttled_s), "{} of {most}", report.throttled_s);
    // Five requests may be under way when the first answer comes; after that there is one a wait, of a batch for each
    // partition, which takes all that has come to wait for it.
    let batches = broker.account().batches;
    assert!(batches as f64 <= 2.0 * (6.0 + most / 0.3), "{batches} batches");

    let began = Instant::now();
    let broker = Scripted::start(2, Script { throttle_ms: (0, 4000), ..Script::default() });
    let report = load(&broker, "linger = \"0ms\"").unwrap();
    let most = began.elapsed().as_secs_f64() + 4.0;
    // A reader that is held back for longer than the run waits for stragglers has lost nothing.
    assert!(report.clean() && report.unread.is_none(), "{:?}", report.verdict);
    assert_eq!((report.acked, report.verdict.consumed, report.throttled_s), (500, 500, 0.0));
    assert!((4.0..most).contains(&report.readers_throttled_s), "{} of {most}", report.readers_throttled_s);
    let fetches = broker.account().fetches;
    assert!(fetches as f64 <= 1.0 + most / 4.0, "{fetches} fetches");
    let json = report.json();
    assert!(
        json["readers_throttled_s"].as_f64().unwrap() >= 4.0 && json["series"][0]["throttled_s"] == 0.0,
        "{json}"
    );
}
