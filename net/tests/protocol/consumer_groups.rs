//! Consumer groups of the new protocol (KIP-848).

use headwater_core::ErrorCode;
use headwater_core::wire::messages::api_versions_request::ApiVersionsRequest;
use headwater_core::wire::messages::consumer_group_describe_request::ConsumerGroupDescribeRequest;
use headwater_core::wire::messages::consumer_group_heartbeat_request::{
    ConsumerGroupHeartbeatRequest, TopicPartitions,
};
use headwater_core::wire::messages::find_coordinator_request::FindCoordinatorRequest;
use headwater_core::wire::messages::offset_commit_request::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use headwater_core::wire::messages::offset_fetch_request::{OffsetFetchRequest, OffsetFetchRequestGroup};

use crate::client::{Client, error};

fn heartbeat(member: &'static str, epoch: i32) -> ConsumerGroupHeartbeatRequest<'static> {
    ConsumerGroupHeartbeatRequest {
        group_id: "g".into(),
        member_id: member.into(),
        member_epoch: epoch,
        rebalance_timeout_ms: if epoch == 0 { 60_000 } else { -1 },
        subscribed_topic_names: (epoch == 0).then(|| vec!["t".into()]),
        topic_partitions: (epoch == 0).then(Vec::new),
        ..Default::default()
    }
}

fn with_group() -> Client {
    let mut client = Client::with_topic(&[]);
    client.create("t2", 1, &[]);
    let find = FindCoordinatorRequest { coordinator_keys: vec!["g".into()], ..Default::default() };
    // The internal topic is made, and its coordinators load.
    loop {
        client.call(6, &find);
        let answer = client.call(1, &heartbeat("a", 0));
        match error(answer.error_code) {
            ErrorCode::None => return client,
            ErrorCode::NotCoordinator | ErrorCode::CoordinatorLoadInProgress => {}
            other => panic!("{other}"),
        }
    }
}

#[test]
fn b57_members_are_dealt_partitions_and_known_after_a_restart() {
    let mut client = with_group();
    let answer = client.call(1, &heartbeat("a", 0));
    assert_eq!((answer.member_id.as_deref(), answer.member_epoch), (Some("a"), 2));
    assert_eq!(answer.heartbeat_interval_ms, 5_000);
    let given = &answer.assignment.expect("a member that joins is told").topic_partitions[0];
    let topic = given.topic_id;
    assert_eq!(given.partitions, [0]);

    client.restart();
    let beat = loop {
        let answer = client.call(1, &heartbeat("a", 2));
        if error(answer.error_code) != ErrorCode::CoordinatorLoadInProgress {
            break answer;
        }
    };
    assert_eq!((beat.error_code, beat.member_epoch, beat.assignment.is_none()), (0, 2, true));
    let owned = TopicPartitions { topic_id: topic, partitions: vec![0] };
    let stale = ConsumerGroupHeartbeatRequest { topic_partitions: Some(vec![owned]), ..heartbeat("a", 7) };
    assert_eq!(error(client.call(1, &stale).error_code), ErrorCode::FencedMemberEpoch);

    let asked = ConsumerGroupDescribeRequest {
        group_ids: vec!["g".into(), "nobody".into()],
        include_authorized_operations: false,
    };
    let described = client.call(1, &asked);
    let group = &described.groups[0];
    assert_eq!((&*group.group_state, &*group.assignor_name, group.group_epoch), ("Stable", "uniform", 2));
    let member = &group.members[0];
    assert_eq!((&*member.member_id, member.member_epoch, member.member_type), ("a", 2, 1));
    assert_eq!(member.assignment.topic_partitions[0].topic_name, "t");
    assert_eq!(error(described.groups[1].error_code), ErrorCode::GroupIdNotFound);
}

#[test]
fn b57_offsets_are_fetched_with_a_member_epoch() {
    let mut client = with_group();
    for (epoch, expect) in [(2, ErrorCode::None), (3, ErrorCode::StaleMemberEpoch)] {
        let group = OffsetFetchRequestGroup {
            group_id: "g".into(),
            member_id: Some("a".into()),
            member_epoch: epoch,
            topics: None,
        };
        let request = OffsetFetchRequest { groups: vec![group], ..Default::default() };
        assert_eq!(error(client.call(9, &request).groups[0].error_code), expect);
    }
}

#[test]
fn b57_commits_with_an_older_epoch_are_taken_for_what_the_member_still_has() {
    let mut client = with_group();
    client.create("wide", 2, &[]);
    let joining = |member| ConsumerGroupHeartbeatRequest {
        group_id: "w".into(),
        subscribed_topic_names: Some(vec!["wide".into()]),
        ..heartbeat(member, 0)
    };
    let beating =
        |member, epoch| ConsumerGroupHeartbeatRequest { group_id: "w".into(), ..heartbeat(member, epoch) };
    let old = loop {
        // The coordinator of this group may load yet.
        let answer = client.call(1, &joining("a"));
        if answer.error_code == 0 {
            break answer.member_epoch;
        }
    };
    // Another member: the first is to give up one of two partitions, and does. Shares are dealt again when
    // group.consumer.assignment.interval.ms is over.
    assert_eq!(client.call(1, &joining("b")).error_code, 0);
    let kept = loop {
        if let Some(given) = client.call(1, &beating("a", old)).assignment {
            break given.topic_partitions;
        }
    };
    assert_eq!(kept[0].partitions.len(), 1);
    let (topic_id, has) = (kept[0].topic_id, kept[0].partitions[0]);
    let gives_up = ConsumerGroupHeartbeatRequest {
        topic_partitions: Some(vec![TopicPartitions { topic_id, partitions: vec![has] }]),
        ..beating("a", old)
    };
    let new = client.call(1, &gives_up).member_epoch;
    assert!(new > old);
    let mut commit = |version, epoch, partitions: &[i32]| {
        let partitions = partitions.iter().map(|partition| OffsetCommitRequestPartition {
            partition_index: *partition,
            committed_offset: 7,
            ..Default::default()
        });
        let topic =
            OffsetCommitRequestTopic { name: "wide".into(), topic_id, partitions: partitions.collect() };
        let request = OffsetCommitRequest {
            group_id: "w".into(),
            member_id: "a".into(),
            generation_id_or_member_epoch: epoch,
            topics: vec![topic],
            ..Default::default()
        };
        let reply = client.call(version, &request);
        reply.topics[0].partitions.iter().map(|partition| error(partition.error_code)).collect::<Vec<_>>()
    };
    let stale = ErrorCode::StaleMemberEpoch;
    for version in [9, 10] {
        assert_eq!(commit(version, new, &[0, 1]), [ErrorCode::None, ErrorCode::None]);
        assert_eq!(commit(version, old, &[has]), [ErrorCode::None]);
        assert_eq!(commit(version, old, &[1 - has]), [stale]);
        assert_eq!(commit(version, old, &[has, 1 - has]), [stale, stale], "all of it or nothing");
        assert_eq!(commit(version, new + 1, &[has]), [stale]);
    }
    assert_eq!(commit(8, new, &[has]), [ErrorCode::UnsupportedVersion], "knows no member epochs");
}

#[test]
fn b57_clients_are_told_of_the_protocol() {
    let mut client = Client::start();
    let request =
        ApiVersionsRequest { client_software_name: "x".into(), client_software_version: "1".into() };
    let reply = client.call(4, &request);
    let level = reply.finalized_features.iter().find(|feature| feature.name == "group.version");
    assert_eq!(level.expect("it is finalized").max_version_level, 1);
}
