//! ListOffsets: behaviour 47.

use headwater_core::ErrorCode;
use headwater_core::record::builder::BatchBuilder;
use headwater_core::wire::messages::list_offsets_request::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic,
};

use super::client::{Client, batch, error, now};

/// Asks of partition 0 of `t`: error, offset, timestamp.
fn ask(
    client: &mut Client,
    version: i16,
    timestamp: i64,
    current_leader_epoch: i32,
) -> (ErrorCode, i64, i64) {
    let partition = ListOffsetsPartition { partition_index: 0, current_leader_epoch, timestamp };
    let topic = ListOffsetsTopic { name: "t".into(), partitions: vec![partition] };
    let request = ListOffsetsRequest { replica_id: -1, topics: vec![topic], ..Default::default() };
    let reply = client.call(version, &request);
    let found = &reply.topics[0].partitions[0];
    (error(found.error_code), found.offset, found.timestamp)
}

#[test]
fn b47_offsets_of_times() {
    let mut client = Client::with_topic(&[]);
    let start = now() - 100_000;
    for version in 1..=11 {
        assert_eq!(ask(&mut client, version, -1, -1), (ErrorCode::None, 0, -1), "version {version}");
        assert_eq!(ask(&mut client, version, start, -1), (ErrorCode::None, -1, -1), "version {version}");
    }
    // Times 0, 10, …, 50 but for one that is out of order: offset 1 has 45.
    let at = |batch: BatchBuilder, offset: i64| batch.record(start + offset, None, Some(b"v"));
    client.append(at(at(at(BatchBuilder::new(), 0), 45), 20));
    client.append(at(at(at(BatchBuilder::new(), 30), 50), 40));
    let mut check = |timestamp: i64, offset: i64, of: i64| {
        assert_eq!(
            ask(&mut client, 7, start + timestamp, -1),
            (ErrorCode::None, offset, start + of),
            "{timestamp}"
        );
    };
    check(-5, 0, 0);
    check(0, 0, 0);
    check(1, 1, 45);
    check(20, 1, 45);
    check(45, 1, 45);
    check(46, 4, 50);
    check(50, 4, 50);
    assert_eq!(ask(&mut client, 7, start + 51, -1), (ErrorCode::None, -1, -1));
}

#[test]
fn b47_special_positions() {
    let mut client = Client::with_topic(&[]);
    let start = now() - 1000;
    let batch = BatchBuilder::new().record(start, None, None).record(start + 9, None, None).record(
        start + 5,
        None,
        None,
    );
    client.append(batch);
    assert_eq!(ask(&mut client, 7, -1, -1), (ErrorCode::None, 3, -1));
    assert_eq!(ask(&mut client, 7, -2, -1), (ErrorCode::None, 0, -1));
    assert_eq!(ask(&mut client, 7, -3, -1), (ErrorCode::None, 1, start + 9));
    assert_eq!(ask(&mut client, 8, -4, -1), (ErrorCode::None, 0, -1));
    // Nothing is tiered.
    assert_eq!(ask(&mut client, 9, -5, -1), (ErrorCode::None, -1, -1));
    // Each came with a version.
    for (version, position) in [(1, -3), (6, -3), (7, -4), (8, -5), (10, -6), (11, -7)] {
        assert_eq!(ask(&mut client, version, position, -1).0, ErrorCode::UnsupportedVersion, "{position}");
    }
}

#[test]
fn b47_a_partition_that_is_named_twice_is_refused() {
    let mut client = Client::with_topic(&[]);
    let at = |timestamp| ListOffsetsPartition { partition_index: 0, current_leader_epoch: -1, timestamp };
    let topic = ListOffsetsTopic { name: "t".into(), partitions: vec![at(-1), at(-2)] };
    let request = ListOffsetsRequest { replica_id: -1, topics: vec![topic], ..Default::default() };
    let reply = client.call(7, &request);
    let codes: Vec<_> = reply.topics[0].partitions.iter().map(|p| error(p.error_code)).collect();
    assert_eq!(codes, [ErrorCode::InvalidRequest]);
}

#[test]
fn b45_leader_epochs() {
    let mut client = Client::with_topic(&[]);
    assert_eq!(ask(&mut client, 4, -1, 0).0, ErrorCode::None);
    assert_eq!(ask(&mut client, 4, -1, 1).0, ErrorCode::UnknownLeaderEpoch);
}

/// The leader epoch that comes with the offset.
fn epoch_of(client: &mut Client, timestamp: i64) -> i32 {
    let partition = ListOffsetsPartition { partition_index: 0, current_leader_epoch: -1, timestamp };
    let topic = ListOffsetsTopic { name: "t".into(), partitions: vec![partition] };
    let request = ListOffsetsRequest { replica_id: -1, topics: vec![topic], ..Default::default() };
    client.call(8, &request).topics[0].partitions[0].leader_epoch
}

#[test]
fn b47_positions_come_with_the_epoch_of_what_is_there() {
    let mut client = Client::with_topic(&[]);
    client.append(batch(1));
    client.restart();
    assert_eq!([-2, -4, -1].map(|position| epoch_of(&mut client, position)), [0, 0, 1]);
    client.append(batch(1));
    client.restart();
    assert_eq!([-2, -4, -3, -1].map(|position| epoch_of(&mut client, position)), [0, 0, 1, 2]);
}

/// With one replica the high watermark is the log's end as soon as the log is open: nobody is told to wait for it.
#[test]
fn b48_a_new_leader_without_followers_knows_the_latest_offset_at_once() {
    let mut client = Client::with_topic(&[]);
    for round in 1..=3 {
        client.append(batch(2));
        client.restart();
        for version in 4..=11 {
            let latest = ask(&mut client, version, -1, round);
            assert_eq!(
                latest,
                (ErrorCode::None, 2 * i64::from(round), -1),
                "version {version}, epoch {round}"
            );
        }
        assert_eq!(ask(&mut client, 7, -1, round - 1).0, ErrorCode::FencedLeaderEpoch, "epoch {round}");
    }
}
