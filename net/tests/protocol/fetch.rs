//! Fetch: what comes back, and how much of it.

use headwater_core::ErrorCode;
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::header::BatchView;
use headwater_core::wire::fetch::{
    FetchPartition, FetchRequest, FetchResponse, FetchTopic, ForgottenTopic, PartitionData,
};
use headwater_core::wire::messages::metadata_request::{MetadataRequest, MetadataRequestTopic};
use headwater_core::wire::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopic,
};

use super::client::{Client, batch, error, now};

fn partition(number: i32, offset: i64) -> FetchPartition {
    FetchPartition {
        partition: number,
        fetch_offset: offset,
        partition_max_bytes: 1 << 20,
        ..Default::default()
    }
}

/// A request without a session, that does not wait.
fn of(partitions: Vec<FetchPartition>) -> FetchRequest<'static> {
    FetchRequest {
        replica_id: -1,
        max_bytes: 50 << 20,
        session_epoch: -1,
        topics: vec![FetchTopic { topic: "t".into(), partitions, ..Default::default() }],
        ..Default::default()
    }
}

fn one(client: &mut Client, request: &FetchRequest<'_>) -> PartitionData<'static> {
    let mut reply = client.call(12, request);
    assert_eq!(error(reply.error_code), ErrorCode::None);
    reply.responses.remove(0).partitions.remove(0)
}

fn records(data: &PartitionData<'static>) -> &'static [u8] {
    data.records.slice().unwrap_or_default()
}

/// The bytes of partition 0 of `t`, from the beginning.
pub fn fetch_all(client: &mut Client) -> Vec<u8> {
    let data = one(client, &of(vec![partition(0, 0)]));
    assert_eq!(error(data.error_code), ErrorCode::None);
    records(&data).to_vec()
}

#[test]
fn b39_batches_are_whole() {
    let mut client = Client::with_topic(&[]);
    client.append(batch(10));
    client.append(batch(5));
    for (offset, base) in [(0, 0), (7, 0), (9, 0), (10, 10), (14, 10)] {
        let data = one(&mut client, &of(vec![partition(0, offset)]));
        let (view, _) = BatchView::split(records(&data)).unwrap();
        assert_eq!(view.header.base_offset.get(), base, "offset {offset}");
    }
}

#[test]
fn b40_the_first_batch_comes_whatever_its_size() {
    let mut client = Client::with_topic(&[]);
    let large = || BatchBuilder::new().record(now(), None, Some(&[7; 5000]));
    client.append(large());
    client.append(large());
    let mut request = of(vec![FetchPartition { partition_max_bytes: 10, ..partition(0, 0) }]);
    request.max_bytes = 10;
    let data = one(&mut client, &request);
    let (view, rest) = BatchView::split(records(&data)).unwrap();
    assert!(view.header.base_offset.get() == 0 && rest.is_empty());
    // The second partition of a request has no such right.
    assert_eq!(client.create("u", 1, &[]), 0);
    let mut request = of(vec![partition(0, 0)]);
    request.max_bytes = 10;
    request.topics.push(request.topics[0].clone());
    request.topics[0].topic = "u".into();
    let reply = client.call(12, &request);
    let order: Vec<_> = reply.responses.iter().map(|topic| topic.topic.to_string()).collect();
    assert_eq!(order, ["u", "t"]);
    assert!(
        !records(&reply.responses[1].partitions[0]).is_empty(),
        "the first batch of all, in the request's order"
    );
}

#[test]
fn b41_the_end_and_beyond() {
    let mut client = Client::with_topic(&[]);
    client.append(batch(4));
    let data = one(&mut client, &of(vec![partition(0, 4)]));
    assert_eq!((data.error_code, records(&data).len(), data.high_watermark), (0, 0, 4));
    for offset in [5, 1_000_000, -1] {
        let data = one(&mut client, &of(vec![partition(0, offset)]));
        assert_eq!(error(data.error_code), ErrorCode::OffsetOutOfRange, "{offset}");
    }
    let data = one(&mut client, &of(vec![partition(1, 0)]));
    assert_eq!(error(data.error_code), ErrorCode::UnknownTopicOrPartition);
}

#[test]
fn b41_a_relaxed_topic_is_read_up_to_what_was_acknowledged() {
    for settings in [&[][..], &[("flush.messages", "1")], &[("flush.messages", "3")], &[("flush.ms", "0")]] {
        let relaxed = [&[("headwater.durability", "relaxed")], settings].concat();
        let mut client = Client::with_topic(&relaxed);
        for n in 0..20 {
            assert_eq!(client.append(batch(2)), n * 2);
            let data = one(&mut client, &of(vec![partition(0, n * 2)]));
            assert_eq!((data.error_code, data.high_watermark), (0, n * 2 + 2), "{settings:?}");
            assert!(!records(&data).is_empty());
        }
    }
}

#[test]
fn b41_a_fetch_waits_for_records() {
    let mut client = Client::with_topic(&[]);
    let mut request = of(vec![partition(0, 0)]);
    (request.max_wait_ms, request.min_bytes) = (60_000, 1);
    let bytes = headwater_core::wire::frame::request(12, 77, None, &request);
    client.send(&bytes);
    // Another connection produces: requests of one wait for each other.
    let first = client.stream.try_clone().unwrap();
    client.reconnect();
    client.append(batch(2));
    client.stream = first;
    let reply: FetchResponse<'_> = client.reply(12, 77);
    assert!(!records(&reply.responses[0].partitions[0]).is_empty());
}

#[test]
fn b41_a_fetch_of_what_has_left_memory_waits_for_enough() {
    let mut client = Client::with_topic(&[]);
    client.append(batch(2));
    let there = fetch_all(&mut client).len() as i32;
    // Nothing is in memory after it.
    client.restart();
    let mut request = of(vec![partition(0, 0)]);
    (request.max_wait_ms, request.min_bytes) = (60_000, there + 1);
    let bytes = headwater_core::wire::frame::request(12, 77, None, &request);
    client.send(&bytes);
    let first = client.stream.try_clone().unwrap();
    client.reconnect();
    client.append(batch(3));
    client.stream = first;
    let reply: FetchResponse<'_> = client.reply(12, 77);
    assert_eq!(reply.responses[0].partitions[0].high_watermark, 5, "it has waited for the second batch");
}

#[test]
fn b42_watermarks_are_filled_in() {
    let mut client = Client::with_topic(&[]);
    client.append(batch(4));
    for version in 4..=12 {
        let mut reply = client.call(version, &of(vec![partition(0, 0)]));
        let data = reply.responses.remove(0).partitions.remove(0);
        assert_eq!((data.high_watermark, data.last_stable_offset), (4, 4), "version {version}");
        if version >= 5 {
            assert_eq!(data.log_start_offset, 0, "version {version}");
        }
    }
}

#[test]
fn b40_only_the_first_batch_of_all_may_be_larger_than_asked_for() {
    let mut client = Client::start();
    // Enough partitions that several shards have some.
    assert_eq!(client.create("t", 4, &[]), 0);
    for number in 0..4 {
        let records = batch(1).build();
        let mut request = super::client::produce_request(-1, &records);
        request.topic_data[0].partition_data[0].index = number;
        assert_eq!(client.call(9, &request).responses[0].partition_responses[0].error_code, 0);
    }
    let tiny = |number| FetchPartition { partition_max_bytes: 1, ..partition(number, 0) };
    let reply = client.call(12, &of((0..4).map(tiny).collect()));
    let counts = reply.responses[0].partitions.iter().map(|p| usize::from(!records(p).is_empty()));
    assert_eq!(counts.collect::<Vec<_>>(), [1, 0, 0, 0]);
}

#[test]
fn b43_sessions() {
    let mut client = Client::start();
    assert_eq!(client.create("t", 3, &[]), 0);
    let full = FetchRequest { session_epoch: 0, ..of((0..3).map(|p| partition(p, 0)).collect()) };
    let reply = client.call(12, &full);
    let id = reply.session_id;
    assert_ne!(id, 0);
    assert_eq!(reply.responses[0].partitions.len(), 3, "a full fetch answers all");
    let next = |session_epoch| FetchRequest { session_id: id, session_epoch, topics: vec![], ..of(vec![]) };
    assert_eq!(client.call(12, &next(1)).responses, [], "nothing has changed");
    client.append(batch(2));
    let reply = client.call(12, &next(2));
    let changed: Vec<_> = reply.responses[0].partitions.iter().map(|p| p.partition_index).collect();
    assert_eq!((reply.session_id, changed), (id, vec![0]));
    // Behind in its epochs, unknown, and another version's names or ids.
    assert_eq!(error(client.call(12, &next(2)).error_code), ErrorCode::InvalidFetchSessionEpoch);
    let unknown = FetchRequest { session_id: id ^ 1, ..next(3) };
    assert_eq!(error(client.call(12, &unknown).error_code), ErrorCode::FetchSessionIdNotFound);
    assert_eq!(error(client.call(13, &next(3)).error_code), ErrorCode::FetchSessionTopicIdError);
    // What is forgotten is not answered, even if it changes.
    let forgotten = ForgottenTopic { topic: "t".into(), partitions: vec![0], ..Default::default() };
    let reply = client.call(12, &FetchRequest { forgotten_topics_data: vec![forgotten], ..next(3) });
    assert_eq!((error(reply.error_code), reply.responses.len()), (ErrorCode::None, 0));
    client.append(batch(2));
    assert_eq!(client.call(12, &next(4)).responses, []);
    // Its end.
    let reply = client.call(12, &next(-1));
    assert_eq!((reply.error_code, reply.session_id), (0, 0));
    assert_eq!(error(client.call(12, &next(5)).error_code), ErrorCode::FetchSessionIdNotFound);
}

#[test]
fn b43_a_session_ends_when_a_fetch_names_what_is_not_there() {
    let mut client = Client::with_topic(&[]);
    let full = FetchRequest { session_epoch: 0, ..of(vec![partition(0, 0), partition(1, 0)]) };
    // The client would believe that both are in it.
    assert_eq!(client.call(12, &full).session_id, 0);
    let full = FetchRequest { session_epoch: 0, ..of(vec![partition(0, 0)]) };
    let session_id = client.call(12, &full).session_id;
    assert_ne!(session_id, 0);
    let more = FetchRequest { session_id, session_epoch: 1, ..of(vec![partition(1, 0)]) };
    let reply = client.call(12, &more);
    assert_eq!(reply.responses.len(), 1, "one entry a topic");
    let numbers: Vec<_> =
        reply.responses.iter().flat_map(|topic| &topic.partitions).map(|p| p.partition_index).collect();
    assert_eq!((reply.session_id, numbers), (0, vec![0, 1]));
}

#[test]
fn b45_a_reader_that_diverged_is_told_where() {
    let mut client = Client::with_topic(&[]);
    client.append(batch(3));
    client.restart();
    // Nothing of the new epoch is there yet; whoever has something of it cannot have it from here.
    let ask = |client: &mut Client, offset, epoch| {
        let asked = FetchPartition { last_fetched_epoch: epoch, ..partition(0, offset) };
        let mut request = of(vec![asked]);
        // Who diverged does not wait for records.
        (request.max_wait_ms, request.min_bytes) = (30_000, 1);
        let data = one(client, &request);
        let at = &data.diverging_epoch;
        (error(data.error_code), (at.epoch, at.end_offset), records(&data).len())
    };
    assert_eq!(ask(&mut client, 4, 1), (ErrorCode::None, (1, 3), 0));
    client.append(batch(2));
    for (offset, epoch, expected) in [
        (4, 0, (ErrorCode::None, (0, 3), 0)),
        (1_000_000, 0, (ErrorCode::None, (0, 3), 0)),
        (6, 1, (ErrorCode::None, (1, 5), 0)),
        (2, 2, (ErrorCode::OffsetOutOfRange, (-1, -1), 0)),
        (-1, 0, (ErrorCode::OffsetOutOfRange, (-1, -1), 0)),
    ] {
        assert_eq!(ask(&mut client, offset, epoch), expected, "epoch {epoch} before {offset}");
    }
    for (offset, epoch) in [(3, 0), (2, 0), (3, 1), (2, -1)] {
        let (code, at, bytes) = ask(&mut client, offset, epoch);
        assert!(code == ErrorCode::None && at == (-1, -1) && bytes > 0, "epoch {epoch} before {offset}");
    }
    // In a session too, though nothing else has changed.
    let full = FetchRequest { session_epoch: 0, ..of(vec![partition(0, 5)]) };
    let session_id = client.call(12, &full).session_id;
    let behind = vec![FetchPartition { last_fetched_epoch: 0, ..partition(0, 5) }];
    let next = FetchRequest { session_id, session_epoch: 1, ..of(behind) };
    assert_eq!(one(&mut client, &next).diverging_epoch.end_offset, 3);
}

#[test]
fn b45_ends_of_epochs() {
    let mut client = Client::with_topic(&[]);
    let ask = |client: &mut Client, version, partition, current_leader_epoch, leader_epoch| {
        let asked = OffsetForLeaderPartition { partition, current_leader_epoch, leader_epoch };
        let topic = OffsetForLeaderTopic { topic: "t".into(), partitions: vec![asked] };
        let request = OffsetForLeaderEpochRequest { replica_id: -1, topics: vec![topic] };
        let answer = &client.call(version, &request).topics[0].partitions[0];
        assert_eq!(answer.partition, partition);
        (error(answer.error_code), answer.leader_epoch, answer.end_offset)
    };
    assert_eq!(ask(&mut client, 4, 0, -1, 0), (ErrorCode::None, 0, 0), "our epoch, without a record");
    client.append(batch(3));
    client.restart();
    assert_eq!(ask(&mut client, 4, 0, -1, 1), (ErrorCode::None, 1, 3), "our epoch, without a record");
    client.append(batch(2));
    client.restart();
    client.restart();
    for version in 2..=4 {
        for (partition, current, asked, expected) in [
            (0, -1, 0, (ErrorCode::None, 0, 3)),
            (0, 3, 1, (ErrorCode::None, 1, 5)),
            // Nothing was written in it.
            (0, -1, 2, (ErrorCode::None, 1, 5)),
            (0, 3, 3, (ErrorCode::None, 3, 5)),
            (0, -1, 4, (ErrorCode::None, -1, -1)),
            (0, -1, -1, (ErrorCode::None, -1, -1)),
            (0, 2, 0, (ErrorCode::FencedLeaderEpoch, -1, -1)),
            (0, 4, 0, (ErrorCode::UnknownLeaderEpoch, -1, -1)),
            (1, -1, 0, (ErrorCode::UnknownTopicOrPartition, -1, -1)),
        ] {
            let got = ask(&mut client, version, partition, current, asked);
            assert_eq!(got, expected, "version {version}, epoch {asked} of {partition}, known {current}");
        }
    }
}

#[test]
fn b45_leader_epochs() {
    let mut client = Client::with_topic(&[]);
    client.append(batch(1));
    for (epoch, code) in [(-1, ErrorCode::None), (0, ErrorCode::None), (1, ErrorCode::UnknownLeaderEpoch)] {
        let asked = FetchPartition { current_leader_epoch: epoch, ..partition(0, 0) };
        let data = one(&mut client, &of(vec![asked]));
        assert_eq!(error(data.error_code), code, "epoch {epoch}");
    }
}

#[test]
fn b46_whoever_knows_an_older_epoch_is_told_the_leader() {
    let mut client = Client::with_topic(&[]);
    client.append(batch(1));
    let topics = vec![MetadataRequestTopic { name: Some("t".into()), ..Default::default() }];
    let about = MetadataRequest { topics: Some(topics), ..Default::default() };
    client.restart();
    let known = client.call(12, &about);
    let (topic_id, broker) = (known.topics[0].topic_id, &known.brokers[0]);
    for version in 12..=18 {
        for (epoch, code, leader) in [
            (0, ErrorCode::FencedLeaderEpoch, Some((broker.node_id, 1))),
            (1, ErrorCode::None, None),
            (2, ErrorCode::UnknownLeaderEpoch, None),
        ] {
            let asked = FetchPartition { current_leader_epoch: epoch, ..partition(0, 0) };
            let mut request = of(vec![asked]);
            request.topics[0].topic_id = topic_id;
            let reply = client.call(version, &request);
            let data = &reply.responses[0].partitions[0];
            assert_eq!(error(data.error_code), code, "version {version}, epoch {epoch}");
            let leader = leader.filter(|_| version >= 16);
            let told = (data.current_leader.leader_id, data.current_leader.leader_epoch);
            assert_eq!(told, leader.unwrap_or((-1, -1)), "version {version}, epoch {epoch}");
            let nodes = reply.node_endpoints.iter().map(|node| (node.node_id, &*node.host, node.port));
            let expected = leader.map(|_| (broker.node_id, &*broker.host, broker.port));
            assert_eq!(
                nodes.collect::<Vec<_>>(),
                Vec::from_iter(expected),
                "version {version}, epoch {epoch}"
            );
        }
    }
}

/// All bytes of partition 0 of `t`, at most so many at a time.
fn drain(client: &mut Client, at_a_time: i32) -> Vec<u8> {
    let (mut all, mut at) = (Vec::new(), 0);
    loop {
        let wanted = FetchPartition { partition_max_bytes: at_a_time, ..partition(0, at) };
        let data = one(client, &of(vec![wanted]));
        assert_eq!(error(data.error_code), ErrorCode::None, "at {at}");
        let mut rest = records(&data);
        all.extend_from_slice(rest);
        while !rest.is_empty() {
            let (view, more) = BatchView::split(rest).unwrap();
            view.verify_crc().unwrap();
            (at, rest) = (view.header.next_offset().get(), more);
        }
        if at == data.high_watermark {
            return all;
        }
    }
}

#[test]
fn b39_what_sealed_segments_send_is_what_was_appended() {
    let mut client = Client::with_topic(&[("segment.bytes", "1048576")]);
    for n in 0..50u8 {
        let value: Vec<u8> = (0..70_000).map(|i: usize| (i * 31) as u8 ^ n).collect();
        client.append(BatchBuilder::new().record(now(), None, Some(&value)));
    }
    let whole = drain(&mut client, 1 << 20);
    assert!(whole.len() > 50 * 70_000);
    // Nothing is in memory after it.
    client.restart();
    for at_a_time in [400_000, 400_000, 400_000, 1 << 20, 150_000, 1] {
        assert!(drain(&mut client, at_a_time) == whole, "{at_a_time} bytes at a time");
    }
    // Replies that wait behind others, and a client that lets them wait.
    let request = of(vec![FetchPartition { partition_max_bytes: 300_000, ..partition(0, 0) }]);
    for id in 0..5 {
        client.send(&headwater_core::wire::frame::request(12, id, None, &request));
    }
    std::thread::sleep(std::time::Duration::from_millis(300));
    for id in 0..5 {
        let reply: FetchResponse<'_> = client.reply(12, id);
        for data in &reply.responses[0].partitions {
            assert!(records(data).len() > 200_000 && whole.starts_with(records(data)), "reply {id}");
        }
    }
}
