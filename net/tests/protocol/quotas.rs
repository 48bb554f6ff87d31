//! Quotas: what is stored, who is throttled, and that nobody else is.

use std::time::{Duration, Instant};

use headwater_core::ErrorCode;
use headwater_core::record::builder::BatchBuilder;
use headwater_core::wire::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic};
use headwater_core::wire::frame;
use headwater_core::wire::messages::alter_client_quotas_request::{
    AlterClientQuotasRequest, EntityData, EntryData, OpData,
};
use headwater_core::wire::messages::create_partitions_request::{
    CreatePartitionsRequest, CreatePartitionsTopic,
};
use headwater_core::wire::messages::create_topics_request::{CreatableTopic, CreateTopicsRequest};
use headwater_core::wire::messages::delete_topics_request::DeleteTopicsRequest;
use headwater_core::wire::messages::describe_client_quotas_request::{
    ComponentData, DescribeClientQuotasRequest,
};
use headwater_core::wire::messages::describe_user_scram_credentials_request::DescribeUserScramCredentialsRequest;
use headwater_core::wire::messages::list_groups_request::ListGroupsRequest;

use super::client::{Client, error, now, produce_request};

/// Sets limits of one entity; answers the error.
fn alter(client: &mut Client, entity: &[(&str, Option<&str>)], limits: &[(&str, Option<f64>)]) -> ErrorCode {
    let entity = entity
        .iter()
        .map(|(kind, name)| EntityData { entity_type: (*kind).into(), entity_name: name.map(Into::into) });
    let ops = limits.iter().map(|(key, value)| OpData {
        key: (*key).into(),
        value: value.unwrap_or_default(),
        remove: value.is_none(),
    });
    let entry = EntryData { entity: entity.collect(), ops: ops.collect() };
    let request = AlterClientQuotasRequest { entries: vec![entry], validate_only: false };
    error(client.call(1, &request).entries[0].error_code)
}

/// All limits that match, as `kind=name … key=value …` lines.
fn described(client: &mut Client, components: &[(&str, i8, Option<&str>)], strict: bool) -> Vec<String> {
    let components = components.iter().map(|(kind, match_type, name)| ComponentData {
        entity_type: (*kind).into(),
        match_type: *match_type,
        r#match: name.map(Into::into),
    });
    let request = DescribeClientQuotasRequest { components: components.collect(), strict };
    let reply = client.call(1, &request);
    assert_eq!(reply.error_code, 0, "{:?}", reply.error_message);
    reply
        .entries
        .unwrap()
        .iter()
        .map(|entry| {
            let entity = entry.entity.iter().map(|part| {
                format!("{}={}", part.entity_type, part.entity_name.as_deref().unwrap_or("<default>"))
            });
            let values = entry.values.iter().map(|value| format!("{}={}", value.key, value.value));
            entity.chain(values).collect::<Vec<_>>().join(" ")
        })
        .collect()
}

#[test]
fn b08_b74_quotas_are_kept_and_described() {
    let mut client = Client::start();
    assert_eq!(described(&mut client, &[], false), [""; 0]);
    let rate = "producer_byte_rate";
    for (entity, limits, code) in [
        (
            &[("user", Some("u"))][..],
            &[(rate, Some(5.0)), ("request_percentage", Some(0.5))][..],
            ErrorCode::None,
        ),
        (&[("user", Some("u")), ("client-id", None)], &[(rate, Some(6.0))], ErrorCode::None),
        (&[("client-id", Some("c"))], &[(rate, Some(7.0))], ErrorCode::None),
        (&[("ip", Some("10.0.0.1"))], &[("connection_creation_rate", Some(8.0))], ErrorCode::None),
        (&[("user", None)], &[(rate, Some(9.0))], ErrorCode::None),
        (&[("user", None)], &[(rate, None)], ErrorCode::None),
        (&[("user", Some("u"))], &[(rate, Some(0.0))], ErrorCode::InvalidRequest),
        (&[("bogus", None)], &[(rate, Some(1.0))], ErrorCode::InvalidRequest),
    ] {
        assert_eq!(alter(&mut client, entity, limits), code, "{entity:?} {limits:?}");
    }
    for round in ["set", "read again at a start"] {
        let of = |client: &mut Client, components: &[_], strict| {
            let mut lines = described(client, components, strict);
            lines.sort();
            lines
        };
        let (u, both, c) = (
            "user=u producer_byte_rate=5 request_percentage=0.5",
            "user=u client-id=<default> producer_byte_rate=6",
            "client-id=c producer_byte_rate=7",
        );
        let ip = "ip=10.0.0.1 connection_creation_rate=8";
        assert_eq!(of(&mut client, &[], false), [c, ip, both, u], "{round}");
        assert_eq!(of(&mut client, &[], true), [""; 0]);
        assert_eq!(of(&mut client, &[("user", 0, Some("u"))], false), [both, u]);
        assert_eq!(of(&mut client, &[("user", 0, Some("u"))], true), [u]);
        assert_eq!(of(&mut client, &[("client-id", 1, None)], false), [both]);
        assert_eq!(of(&mut client, &[("client-id", 2, None), ("user", 2, None)], true), [both]);
        assert_eq!(of(&mut client, &[("ip", 2, None)], true), [ip]);
        client.restart();
    }
    for (components, code) in [
        (vec![("user", 0, None)], ErrorCode::InvalidRequest),
        (vec![("user", 1, Some("u"))], ErrorCode::InvalidRequest),
        (vec![("user", 7, None)], ErrorCode::InvalidRequest),
        (vec![("", 2, None)], ErrorCode::InvalidRequest),
        (vec![("user", 2, None), ("user", 2, None)], ErrorCode::InvalidRequest),
        (vec![("ip", 2, None), ("user", 2, None)], ErrorCode::InvalidRequest),
        (vec![("bogus", 2, None)], ErrorCode::UnsupportedVersion),
    ] {
        let components = components.into_iter().map(|(kind, match_type, name): (&str, i8, Option<&str>)| {
            ComponentData { entity_type: kind.into(), match_type, r#match: name.map(Into::into) }
        });
        let request = DescribeClientQuotasRequest { components: components.collect(), strict: false };
        assert_eq!(error(client.call(1, &request).error_code), code, "{request:?}");
    }
}

fn bytes(count: usize) -> Vec<u8> {
    BatchBuilder::new().record(now(), None, Some(&vec![7; count])).build().to_vec()
}

/// Ten seconds' worth are free; what is above them has to be waited for.
const RATE: f64 = 10_000.0;
/// So much more than that costs half a second at least.
const OVER_BYTES: usize = 105_000;
const OVER_MS: u64 = 500;

/// The next answer on a muted connection comes after its time at the earliest.
fn muted(client: &mut Client, throttle_ms: i32, since: Instant) {
    assert!(throttle_ms as u64 >= OVER_MS, "{throttle_ms}");
    client.call(4, &ListGroupsRequest::default());
    assert!(since.elapsed() >= Duration::from_millis(OVER_MS), "{:?}", since.elapsed());
}

#[test]
fn b10_producers_are_throttled() {
    let mut client = Client::with_topic(&[]);
    let request = bytes(OVER_BYTES);
    let throttled = |client: &mut Client| client.call(9, &produce_request(-1, &request)).throttle_time_ms;
    assert_eq!(throttled(&mut client), 0, "nobody is limited");
    // The client of these tests is called so.
    assert_eq!(
        alter(&mut client, &[("client-id", Some("test"))], &[("producer_byte_rate", Some(RATE))]),
        ErrorCode::None
    );
    let began = Instant::now();
    let throttle_ms = throttled(&mut client);
    muted(&mut client, throttle_ms, began);
    // Answered at once, the records being there.
    let data = super::fetch::fetch_all(&mut client);
    assert!(data.len() > 2 * OVER_BYTES);
    // Another connection of the same client pays from the same meter.
    client.reconnect();
    assert!(throttled(&mut client) as u64 > OVER_MS);
    // Without acknowledgements there is no answer to say it, and the connection is quiet all the same.
    client.reconnect();
    let limit = [("producer_byte_rate", Some(RATE))];
    assert_eq!(alter(&mut client, &[("client-id", Some("silent"))], &limit), ErrorCode::None);
    let began = Instant::now();
    client.send(&frame::request(9, 5, Some("silent"), &produce_request(0, &request)));
    muted(&mut client, i32::MAX, began);
}

#[test]
fn b10_consumers_are_throttled() {
    let mut client = Client::with_topic(&[]);
    for count in [OVER_BYTES, 7 * OVER_BYTES] {
        assert_eq!(client.produce(9, &bytes(count)).error_code, 0);
    }
    let limit = [("consumer_byte_rate", Some(RATE))];
    assert_eq!(alter(&mut client, &[("user", None), ("client-id", None)], &limit), ErrorCode::None);
    let fetch = |client: &mut Client, id: &'static str, version, fetch_offset| {
        let partition = FetchPartition { fetch_offset, partition_max_bytes: 1 << 20, ..Default::default() };
        let topic = FetchTopic { topic: "t".into(), partitions: vec![partition], ..Default::default() };
        let request =
            FetchRequest { max_bytes: 1 << 20, session_epoch: -1, topics: vec![topic], ..Default::default() };
        client.send(&frame::request(version, 5, Some(id), &request));
        let reply: FetchResponse<'_> = client.reply(version, 5);
        assert_eq!(reply.error_code, 0);
        assert!(reply.throttle_time_ms as u64 >= OVER_MS, "version {version}");
        (reply.responses.len(), reply.throttle_time_ms)
    };
    // The first finds nothing owed, and what it wants is more than may ever come at once: it gets its records.
    let began = Instant::now();
    let (records, throttle_ms) = fetch(&mut client, "small", 4, 0);
    assert_eq!(records, 1);
    muted(&mut client, throttle_ms, began);
    // Whoever comes while something is owed is answered without any: here for all of the window, which is no half second
    // that a busy machine lets pass.
    client.reconnect();
    assert_eq!(fetch(&mut client, "large", 4, 1).0, 1);
    for version in [11, 12] {
        client.reconnect();
        assert_eq!(fetch(&mut client, "large", version, 0).0, 0, "version {version}");
    }
}

#[test]
fn b10_thread_time_is_limited() {
    let mut client = Client::with_topic(&[]);
    // So little that a few requests use ten seconds' worth of it up.
    let limit = [("request_percentage", Some(1e-6))];
    assert_eq!(alter(&mut client, &[("user", Some("ANONYMOUS"))], &limit), ErrorCode::None);
    client.reconnect();
    let told = (0..3).map(|_| client.call(4, &ListGroupsRequest::default()).throttle_time_ms).max().unwrap();
    assert!((1..=1000).contains(&told), "{told}");
    // Not told in a version that has no place for it.
    client.reconnect();
    assert_eq!(client.call(0, &ListGroupsRequest::default()).error_code, 0);
    // Taken away, nobody is throttled any more.
    client.reconnect();
    assert_eq!(
        alter(&mut client, &[("user", Some("ANONYMOUS"))], &[("request_percentage", None)]),
        ErrorCode::None
    );
    client.reconnect();
    assert_eq!(client.call(4, &ListGroupsRequest::default()).throttle_time_ms, 0);
}

#[test]
fn b10_makers_of_partitions_are_refused_or_throttled() {
    let mut client = Client::start();
    let create = |client: &mut Client, version, name: &'static str, num_partitions| {
        let topic =
            CreatableTopic { name: name.into(), num_partitions, replication_factor: 1, ..Default::default() };
        let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: 30_000, ..Default::default() };
        let reply = client.call(version, &request);
        client.reconnect();
        (error(reply.topics[0].error_code), reply.throttle_time_ms > 0)
    };
    // So little that what is overdrawn stays so, however slow the machine is.
    let limit = [("controller_mutation_rate", Some(0.001))];
    assert_eq!(alter(&mut client, &[("client-id", Some("test"))], &limit), ErrorCode::None);
    // One may overdraw it; what comes then is refused, or only throttled in versions that do not know the error.
    assert_eq!(create(&mut client, 7, "a", 4), (ErrorCode::None, false));
    assert_eq!(create(&mut client, 7, "b", 1), (ErrorCode::ThrottlingQuotaExceeded, true));
    assert_eq!(create(&mut client, 5, "c", 1), (ErrorCode::None, true));
    assert_eq!(create(&mut client, 7, "c", 1), (ErrorCode::TopicAlreadyExists, false), "costs nothing");
    for (version, code) in [(3, ErrorCode::ThrottlingQuotaExceeded), (2, ErrorCode::None)] {
        let topic = CreatePartitionsTopic { name: "c".into(), count: 2, assignments: None };
        let request =
            CreatePartitionsRequest { topics: vec![topic], timeout_ms: 30_000, validate_only: false };
        let reply = client.call(version, &request);
        client.reconnect();
        assert_eq!(
            (error(reply.results[0].error_code), reply.throttle_time_ms > 0),
            (code, true),
            "{version}"
        );
    }
    for (version, code) in [(5, ErrorCode::ThrottlingQuotaExceeded), (4, ErrorCode::None)] {
        let request =
            DeleteTopicsRequest { topic_names: vec!["a".into()], timeout_ms: 30_000, ..Default::default() };
        let reply = client.call(version, &request);
        client.reconnect();
        assert_eq!(
            (error(reply.responses[0].error_code), reply.throttle_time_ms > 0),
            (code, true),
            "{version}"
        );
    }
}

#[test]
fn b10_addresses_that_connect_too_often_are_not_read_at_once() {
    let mut client = Client::start();
    assert_eq!(
        alter(&mut client, &[("ip", None)], &[("connection_creation_rate", Some(2.0))]),
        ErrorCode::None
    );
    let began = Instant::now();
    // Twenty are free.
    for _ in 0..21 {
        client.reconnect();
        client.call(4, &ListGroupsRequest::default());
    }
    assert!(began.elapsed() >= Duration::from_millis(400), "{:?}", began.elapsed());
}

#[test]
fn users_have_no_credentials() {
    let mut client = Client::start();
    let ask = |client: &mut Client, users: Option<&[&'static str]>| {
        let users = users.map(|users| users.iter().map(|name| scram_user(name)).collect());
        let reply = client.call(0, &DescribeUserScramCredentialsRequest { users });
        reply.results.iter().map(|one| (one.user.to_string(), error(one.error_code))).collect::<Vec<_>>()
    };
    assert_eq!(ask(&mut client, None), []);
    let expected = [("x".into(), ErrorCode::DuplicateResource), ("y".into(), ErrorCode::ResourceNotFound)];
    assert_eq!(ask(&mut client, Some(&["x", "y", "x"])), expected);
}

fn scram_user(
    name: &'static str,
) -> headwater_core::wire::messages::describe_user_scram_credentials_request::UserName<'static> {
    headwater_core::wire::messages::describe_user_scram_credentials_request::UserName { name: name.into() }
}
