//! Share groups (KIP-932), by hand-made requests.

use headwater_core::ErrorCode;
use headwater_core::ids::TopicId;
use headwater_core::wire::messages::api_versions_request::ApiVersionsRequest;
use headwater_core::wire::messages::delete_groups_request::DeleteGroupsRequest;
use headwater_core::wire::messages::describe_share_group_offsets_request::{
    DescribeShareGroupOffsetsRequest, DescribeShareGroupOffsetsRequestGroup,
};
use headwater_core::wire::messages::find_coordinator_request::FindCoordinatorRequest;
use headwater_core::wire::messages::read_share_group_state_request as read_state;
use headwater_core::wire::messages::share_acknowledge_request as acknowledge;
use headwater_core::wire::messages::share_fetch_request as fetch;
use headwater_core::wire::messages::share_fetch_response as fetched;
use headwater_core::wire::messages::share_group_describe_request::ShareGroupDescribeRequest;
use headwater_core::wire::messages::share_group_heartbeat_request::ShareGroupHeartbeatRequest;

use crate::client::{Client, batch, error};

fn heartbeat(member: &'static str, epoch: i32) -> ShareGroupHeartbeatRequest<'static> {
    ShareGroupHeartbeatRequest {
        group_id: "s".into(),
        member_id: member.into(),
        member_epoch: epoch,
        subscribed_topic_names: (epoch == 0).then(|| vec!["t".into()]),
        ..Default::default()
    }
}

/// A member of group `s` that has been dealt the one partition of `t`; with the topic's id.
fn with_member() -> (Client, TopicId, i32) {
    let mut client = Client::with_topic(&[]);
    let find = FindCoordinatorRequest { coordinator_keys: vec!["s".into()], ..Default::default() };
    let mut epoch = 0;
    loop {
        client.call(6, &find);
        let answer = client.call(1, &heartbeat("a", epoch));
        match error(answer.error_code) {
            ErrorCode::None => epoch = answer.member_epoch,
            ErrorCode::NotCoordinator | ErrorCode::CoordinatorLoadInProgress => {}
            other => panic!("{other}"),
        }
        if let Some(given) = answer.assignment.and_then(|mut given| given.topic_partitions.pop()) {
            assert_eq!(given.partitions, [0]);
            return (client, given.topic_id, epoch);
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

fn share_fetch(topic: TopicId, epoch: i32, said: &[(i64, i64, i8)]) -> fetch::ShareFetchRequest<'static> {
    let batches = said.iter().map(|(first, last, verdict)| fetch::AcknowledgementBatch {
        first_offset: *first,
        last_offset: *last,
        acknowledge_types: vec![*verdict],
    });
    let partition = fetch::FetchPartition { partition_index: 0, acknowledgement_batches: batches.collect() };
    fetch::ShareFetchRequest {
        group_id: Some("s".into()),
        member_id: Some("a".into()),
        share_session_epoch: epoch,
        max_wait_ms: 100,
        min_bytes: 1,
        max_bytes: 1 << 20,
        max_records: 500,
        batch_size: 500,
        topics: vec![fetch::FetchTopic { topic_id: topic, partitions: vec![partition] }],
        ..Default::default()
    }
}

fn share_acknowledge(
    topic: TopicId,
    epoch: i32,
    said: (i64, i64, i8),
) -> acknowledge::ShareAcknowledgeRequest<'static> {
    let batch = acknowledge::AcknowledgementBatch {
        first_offset: said.0,
        last_offset: said.1,
        acknowledge_types: vec![said.2],
    };
    let partition =
        acknowledge::AcknowledgePartition { partition_index: 0, acknowledgement_batches: vec![batch] };
    acknowledge::ShareAcknowledgeRequest {
        group_id: Some("s".into()),
        member_id: Some("a".into()),
        share_session_epoch: epoch,
        is_renew_ack: false,
        topics: vec![acknowledge::AcknowledgeTopic { topic_id: topic, partitions: vec![partition] }],
    }
}

/// First, last, deliveries.
fn given(response: &fetched::ShareFetchResponse<'_>) -> Vec<(i64, i64, i16)> {
    let partitions = response.responses.iter().flat_map(|topic| &topic.partitions);
    let acquired = partitions.flat_map(|partition| &partition.acquired_records);
    acquired.map(|one| (one.first_offset, one.last_offset, one.delivery_count)).collect()
}

#[test]
fn records_are_given_once_and_come_back_when_they_are_released() {
    let (mut client, topic, _) = with_member();
    assert!(given(&client.call(2, &share_fetch(topic, 0, &[]))).is_empty(), "it begins at the end");
    for _ in 0..3 {
        client.append(batch(1));
    }
    assert_eq!(given(&client.call(2, &share_fetch(topic, 1, &[]))).first().map(|one| one.0), Some(0));
    assert!(given(&client.call(2, &share_fetch(topic, 2, &[]))).is_empty(), "they are in hand");
    // 0 is done, 1 is not, 2 is to come again; in one request.
    let answer = client.call(2, &share_fetch(topic, 3, &[(0, 0, 1), (1, 1, 3), (2, 2, 2)]));
    assert_eq!(given(&answer), [(2, 2, 2)]);
    assert_eq!(answer.acquisition_lock_timeout_ms, 30_000);

    client.restart();
    let again = loop {
        let answer = client.call(2, &share_fetch(topic, 0, &[]));
        if !given(&answer).is_empty() {
            break answer;
        }
        assert_eq!(answer.error_code, 0);
    };
    // Its connection gave it back, and that delivery counts if it was written down before the stop.
    let places: Vec<_> = given(&again).into_iter().map(|(first, last, _)| (first, last)).collect();
    assert_eq!(places, [(2, 2)], "what was acknowledged stays so");
    let done = client.call(2, &share_acknowledge(topic, 1, (2, 2, 1)));
    assert_eq!(done.responses[0].partitions[0].error_code, 0);
}

#[test]
fn sessions_are_checked() {
    let (mut client, topic, _) = with_member();
    let mut code = |request: &fetch::ShareFetchRequest<'static>| error(client.call(2, request).error_code);
    assert_eq!(code(&share_fetch(topic, 1, &[])), ErrorCode::ShareSessionNotFound);
    assert_eq!(code(&share_fetch(topic, -1, &[])), ErrorCode::ShareSessionNotFound);
    assert_eq!(code(&share_fetch(topic, 0, &[(0, 0, 1)])), ErrorCode::InvalidRequest);
    assert_eq!(code(&share_fetch(topic, 0, &[])), ErrorCode::None);
    assert_eq!(code(&share_fetch(topic, 2, &[])), ErrorCode::InvalidShareSessionEpoch);
    assert_eq!(code(&share_fetch(topic, 1, &[])), ErrorCode::None);
    let nameless = fetch::ShareFetchRequest { group_id: None, ..share_fetch(topic, 0, &[]) };
    assert_eq!(code(&nameless), ErrorCode::InvalidRequest);
    assert_eq!(code(&share_fetch(topic, -1, &[])), ErrorCode::None);
    let after = client.call(2, &share_acknowledge(topic, 3, (0, 0, 1)));
    assert_eq!(error(after.error_code), ErrorCode::ShareSessionNotFound);
}

// Requests of one member on several connections, which several shards serve: each has its session, while the one lives
// that it was opened on.
#[test]
fn a_session_is_found_from_every_connection() {
    let (mut client, topic, _) = with_member();
    assert_eq!(client.call(2, &share_fetch(topic, 0, &[])).error_code, 0);
    let opener = client.stream.try_clone().unwrap();
    for epoch in [1, 3, 5, 7] {
        client.reconnect();
        assert_eq!(client.call(2, &share_fetch(topic, epoch, &[])).error_code, 0, "{epoch}");
        client.reconnect();
        let answer = client.call(2, &share_acknowledge(topic, epoch + 1, (0, 0, 1)));
        assert_eq!(answer.error_code, 0, "{epoch}");
    }
    opener.shutdown(std::net::Shutdown::Both).unwrap();
    let mut epoch = 9;
    loop {
        match error(client.call(2, &share_fetch(topic, epoch, &[])).error_code) {
            ErrorCode::None => epoch += 1,
            ErrorCode::ShareSessionNotFound => break,
            other => panic!("{other}"),
        }
    }
}

#[test]
fn bad_acknowledgements_are_refused_and_change_nothing() {
    let (mut client, topic, _) = with_member();
    client.call(2, &share_fetch(topic, 0, &[]));
    client.append(batch(1));
    assert_eq!(given(&client.call(2, &share_fetch(topic, 1, &[]))), [(0, 0, 1)]);
    for (epoch, said, expect) in [
        (2, (0, 0, 9), ErrorCode::InvalidRequest),
        (3, (1, 0, 1), ErrorCode::InvalidRequest),
        (4, (i64::MIN, i64::MAX, 1), ErrorCode::InvalidRequest),
        (5, (0, 0, 4), ErrorCode::InvalidRequest),
        (6, (7, 9, 1), ErrorCode::InvalidRecordState),
        (7, (0, 0, 1), ErrorCode::None),
        (8, (0, 0, 1), ErrorCode::None),
    ] {
        let answer = client.call(2, &share_acknowledge(topic, epoch, said));
        assert_eq!(error(answer.responses[0].partitions[0].error_code), expect, "{said:?}");
    }
    let unknown = client.call(2, &share_fetch(TopicId::new([9; 16]), 9, &[]));
    assert_eq!(error(unknown.responses[0].partitions[0].error_code), ErrorCode::UnknownTopicId);
}

#[test]
fn state_goes_with_its_group() {
    let (mut client, topic, epoch) = with_member();
    client.call(2, &share_fetch(topic, 0, &[]));
    let deleted = |client: &mut Client| {
        let request = DeleteGroupsRequest { groups_names: vec!["s".into()] };
        error(client.call(2, &request).results[0].error_code)
    };
    let offsets = |client: &mut Client| {
        let group = DescribeShareGroupOffsetsRequestGroup { group_id: "s".into(), topics: None };
        let answer = client.call(1, &DescribeShareGroupOffsetsRequest { groups: vec![group] });
        let group = &answer.groups[0];
        let start = group.topics.first().map(|topic| topic.partitions[0].start_offset);
        (error(group.error_code), start)
    };
    let state = |client: &mut Client| {
        let partition = read_state::PartitionData { partition: 0, leader_epoch: 5 };
        let topics = vec![read_state::ReadStateData { topic_id: topic, partitions: vec![partition] }];
        let request = read_state::ReadShareGroupStateRequest { group_id: "s".into(), topics };
        error(client.call(0, &request).results[0].partitions[0].error_code)
    };
    assert_eq!(offsets(&mut client), (ErrorCode::None, Some(0)));
    assert_eq!(state(&mut client), ErrorCode::None);
    assert_eq!(deleted(&mut client), ErrorCode::NonEmptyGroup);
    let described = ShareGroupDescribeRequest { group_ids: vec!["s".into()], ..Default::default() };
    let group = &client.call(1, &described).groups[0].clone();
    assert_eq!((&*group.group_state, &*group.assignor_name, group.group_epoch), ("Stable", "simple", epoch));
    assert_eq!(client.call(1, &heartbeat("a", -1)).member_epoch, -1);
    assert_eq!(deleted(&mut client), ErrorCode::None);
    assert_eq!(offsets(&mut client), (ErrorCode::None, None));
    assert_eq!(state(&mut client), ErrorCode::InvalidRequest);
}

#[test]
fn clients_are_told_of_share_groups() {
    let mut client = Client::start();
    let request =
        ApiVersionsRequest { client_software_name: "x".into(), client_software_version: "1".into() };
    let reply = client.call(4, &request);
    let level = reply.finalized_features.iter().find(|feature| feature.name == "share.version");
    assert_eq!(level.expect("it is finalized").max_version_level, 1);
}
