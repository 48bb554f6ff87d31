//! Classic consumer groups over the wire (behaviours 49 to 56); every rule in detail: `core/tests/group_scenarios`.

use std::io::{Read, Write};
use std::net::TcpStream;

use headwater_core::ErrorCode;
use headwater_core::wire::frame;
use headwater_core::wire::messages::delete_groups_request::DeleteGroupsRequest;
use headwater_core::wire::messages::describe_groups_request::DescribeGroupsRequest;
use headwater_core::wire::messages::find_coordinator_request::FindCoordinatorRequest;
use headwater_core::wire::messages::heartbeat_request::HeartbeatRequest;
use headwater_core::wire::messages::join_group_request::{JoinGroupRequest, JoinGroupRequestProtocol};
use headwater_core::wire::messages::join_group_response::JoinGroupResponse;
use headwater_core::wire::messages::leave_group_request::{LeaveGroupRequest, MemberIdentity};
use headwater_core::wire::messages::offset_commit_request::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use headwater_core::wire::messages::offset_delete_request::{
    OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use headwater_core::wire::messages::offset_fetch_request::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopic,
};
use headwater_core::wire::messages::sync_group_request::{SyncGroupRequest, SyncGroupRequestAssignment};

use super::client::{Client, error};

/// A subscription to `t` as consumers write it: version 1, one topic, no user data, nothing owned.
const SUBSCRIPTION: &[u8] = b"\0\x01\0\0\0\x01\0\x01t\xff\xff\xff\xff\0\0\0\0";

/// A server on which groups do not wait for more members, with a topic `t` and a coordinator that has loaded.
fn with_coordinator() -> Client {
    with_coordinator_set(&["group.initial.rebalance.delay.ms=0"])
}

fn with_coordinator_set(settings: &'static [&'static str]) -> Client {
    let mut client = Client::with_settings(settings);
    assert_eq!(client.create("t", 1, &[]), 0);
    for group in ["g", "h"] {
        let find = FindCoordinatorRequest { coordinator_keys: vec![group.into()], ..Default::default() };
        loop {
            client.call(6, &find);
            let beat = HeartbeatRequest { group_id: group.into(), ..Default::default() };
            let code = error(client.call(4, &beat).error_code);
            if !matches!(code, ErrorCode::NotCoordinator | ErrorCode::CoordinatorLoadInProgress) {
                break;
            }
        }
    }
    client
}

/// No member is lost for being slow: its session is as long as a test may take, and more.
const SESSION_MS: i32 = 600_000;

fn joining(member: &str, instance: Option<&'static str>) -> JoinGroupRequest<'static> {
    JoinGroupRequest {
        group_id: "g".into(),
        session_timeout_ms: SESSION_MS,
        rebalance_timeout_ms: SESSION_MS,
        member_id: member.to_owned().into(),
        group_instance_id: instance.map(Into::into),
        protocol_type: "consumer".into(),
        protocols: vec![JoinGroupRequestProtocol { name: "range".into(), metadata: SUBSCRIPTION.into() }],
        ..Default::default()
    }
}

fn join(client: &mut Client, member: &str) -> JoinGroupResponse<'static> {
    client.call(9, &joining(member, None))
}

fn sync(client: &mut Client, member: &str, generation: i32, leads: bool) -> ErrorCode {
    let given =
        SyncGroupRequestAssignment { member_id: member.to_owned().into(), assignment: b"given"[..].into() };
    let request = SyncGroupRequest {
        group_id: "g".into(),
        generation_id: generation,
        member_id: member.to_owned().into(),
        protocol_type: Some("consumer".into()),
        protocol_name: Some("range".into()),
        assignments: if leads { vec![given] } else { Vec::new() },
        ..Default::default()
    };
    error(client.call(5, &request).error_code)
}

/// The only member of `g`, in generation 1, with its assignment; answers its id.
fn lone_member(client: &mut Client) -> String {
    let given = join(client, "").member_id;
    let joined = join(client, &given);
    assert_eq!((error(joined.error_code), joined.generation_id), (ErrorCode::None, 1));
    assert_eq!(sync(client, &given, 1, true), ErrorCode::None);
    given.into_owned()
}

fn beat(client: &mut Client, member: &str, generation: i32, instance: Option<&'static str>) -> ErrorCode {
    let request = HeartbeatRequest {
        group_id: "g".into(),
        generation_id: generation,
        member_id: member.to_owned().into(),
        group_instance_id: instance.map(Into::into),
    };
    error(client.call(4, &request).error_code)
}

fn committing(
    group: &'static str,
    member: &str,
    generation: i32,
    metadata: &str,
) -> OffsetCommitRequest<'static> {
    let partition = OffsetCommitRequestPartition {
        partition_index: 0,
        committed_offset: 5,
        committed_metadata: Some(metadata.to_owned().into()),
        ..Default::default()
    };
    OffsetCommitRequest {
        group_id: group.into(),
        generation_id_or_member_epoch: generation,
        member_id: member.to_owned().into(),
        topics: vec![OffsetCommitRequestTopic {
            name: "t".into(),
            partitions: vec![partition],
            ..Default::default()
        }],
        ..Default::default()
    }
}

fn commit(client: &mut Client, member: &str, generation: i32, metadata: &str) -> ErrorCode {
    let request = committing("g", member, generation, metadata);
    error(client.call(9, &request).topics[0].partitions[0].error_code)
}

/// Offset and metadata of `t`-0, as a group committed them.
fn committed(client: &mut Client, group: &'static str, version: i16) -> (i64, String) {
    let topic = OffsetFetchRequestTopic { name: "t".into(), partition_indexes: vec![0] };
    let request =
        OffsetFetchRequest { group_id: group.into(), topics: Some(vec![topic]), ..Default::default() };
    let reply = client.call(version, &request);
    let found = &reply.topics[0].partitions[0];
    assert_eq!(found.error_code, 0);
    (found.committed_offset, found.metadata.as_deref().unwrap_or("null").to_owned())
}

#[test]
fn b49_who_joins_without_an_id_is_given_one() {
    let mut client = with_coordinator();
    // Clients of before join at once, each into the next generation. (Before anybody is given an id: a rebalance
    // waits for those too, and the generation without members would come at the turn of a timer.)
    let old = client.call(0, &joining("", None));
    assert_eq!((error(old.error_code), old.generation_id), (ErrorCode::None, 1));
    assert!(old.leader == old.member_id && old.members.len() == 1);
    let left = LeaveGroupRequest { group_id: "g".into(), member_id: old.member_id, ..Default::default() };
    assert_eq!(client.call(0, &left).error_code, 0);
    assert_eq!(client.call(3, &joining("", None)).generation_id, 3);
    for version in 4..=9 {
        let answer = client.call(version, &joining("", None));
        assert_eq!(error(answer.error_code), ErrorCode::MemberIdRequired, "version {version}");
        assert!(!answer.member_id.is_empty() && answer.generation_id == -1, "version {version}");
    }
    assert_eq!(error(join(&mut client, "never-given").error_code), ErrorCode::UnknownMemberId);
}

#[test]
fn b50_session_timeouts_are_bounded() {
    let mut client = with_coordinator();
    for (timeout, code) in [
        (5_999, ErrorCode::InvalidSessionTimeout),
        (1_800_001, ErrorCode::InvalidSessionTimeout),
        (0, ErrorCode::InvalidSessionTimeout),
        (6_000, ErrorCode::MemberIdRequired),
        (1_800_000, ErrorCode::MemberIdRequired),
    ] {
        let request = JoinGroupRequest { session_timeout_ms: timeout, ..joining("", None) };
        assert_eq!(error(client.call(9, &request).error_code), code, "{timeout}");
    }
}

#[test]
fn b51_a_static_member_that_comes_again_takes_its_own_place() {
    let mut client = with_coordinator();
    let old = client.call(9, &joining("", Some("i")));
    assert_eq!((error(old.error_code), old.generation_id), (ErrorCode::None, 1));
    assert_eq!(sync(&mut client, &old.member_id, 1, true), ErrorCode::None);
    let new = client.call(9, &joining("", Some("i")));
    assert_eq!((error(new.error_code), new.generation_id), (ErrorCode::None, 1), "no rebalance");
    assert_ne!(new.member_id, old.member_id);
    assert_eq!(beat(&mut client, &old.member_id, 1, Some("i")), ErrorCode::FencedInstanceId);
    assert_eq!(beat(&mut client, &new.member_id, 1, Some("i")), ErrorCode::None);
    let leaves = |instance: &'static str| LeaveGroupRequest {
        group_id: "g".into(),
        members: vec![MemberIdentity { group_instance_id: Some(instance.into()), ..Default::default() }],
        ..Default::default()
    };
    let nobody = client.call(3, &leaves("nobody"));
    assert_eq!(error(nobody.members[0].error_code), ErrorCode::UnknownMemberId);
    assert_eq!(client.call(3, &leaves("i")).members[0].error_code, 0);
    assert_eq!(beat(&mut client, &new.member_id, 1, Some("i")), ErrorCode::UnknownMemberId);
}

#[test]
fn b52_heartbeats_tell_how_the_group_stands() {
    let mut client = with_coordinator();
    let me = lone_member(&mut client);
    assert_eq!(beat(&mut client, &me, 1, None), ErrorCode::None);
    assert_eq!(beat(&mut client, &me, 0, None), ErrorCode::IllegalGeneration);
    assert_eq!(beat(&mut client, &me, 2, None), ErrorCode::IllegalGeneration);
    assert_eq!(beat(&mut client, "nobody", 1, None), ErrorCode::UnknownMemberId);
    // Another one joins: it waits on a connection of its own, until everybody has come again.
    let mut other = TcpStream::connect(client.stream.peer_addr().unwrap()).unwrap();
    let given = join(&mut client, "").member_id;
    other.write_all(&frame::request(9, 7, Some("other"), &joining(&given, None))).unwrap();
    while beat(&mut client, &me, 1, None) == ErrorCode::None {}
    assert_eq!(beat(&mut client, &me, 1, None), ErrorCode::RebalanceInProgress);
    assert_eq!(join(&mut client, &me).generation_id, 2);
    let mut length = [0; 4];
    other.read_exact(&mut length).unwrap();
    let mut reply = vec![0; u32::from_be_bytes(length) as usize];
    other.read_exact(&mut reply).unwrap();
    let (_, joined) = frame::read_response::<JoinGroupResponse<'_>>(&reply, 9).unwrap();
    assert_eq!((joined.error_code, joined.generation_id), (0, 2));
    // Nobody was lost.
    assert_eq!(beat(&mut client, &me, 2, None), ErrorCode::None);
    assert_eq!(beat(&mut client, &given, 2, None), ErrorCode::None);
}

#[test]
fn b53_commits_are_held_against_the_group() {
    let mut client = with_coordinator();
    let given = join(&mut client, "").member_id.into_owned();
    assert_eq!(error(join(&mut client, &given).error_code), ErrorCode::None);
    // While the group shares out nobody knows whose the partition is.
    assert_eq!(commit(&mut client, &given, 1, ""), ErrorCode::RebalanceInProgress);
    assert_eq!(sync(&mut client, &given, 1, true), ErrorCode::None);
    for (member, generation, code) in [
        (&*given, 1, ErrorCode::None),
        (&given, 0, ErrorCode::IllegalGeneration),
        (&given, 2, ErrorCode::IllegalGeneration),
        ("nobody", 1, ErrorCode::UnknownMemberId),
        ("", -1, ErrorCode::UnknownMemberId),
    ] {
        assert_eq!(commit(&mut client, member, generation, ""), code, "{member} in {generation}");
    }
    let most = "m".repeat(4096);
    assert_eq!(commit(&mut client, &given, 1, &most), ErrorCode::None);
    assert_eq!(commit(&mut client, &given, 1, &(most.clone() + "m")), ErrorCode::OffsetMetadataTooLarge);
    assert_eq!(committed(&mut client, "g", 7), (5, most));
    // A group without members may be written to by whoever commits as nobody.
    let answer = client.call(9, &committing("h", "", -1, "by hand"));
    assert_eq!(answer.topics[0].partitions[0].error_code, 0);
    assert_eq!(committed(&mut client, "h", 1), (5, "by hand".into()));
}

#[test]
fn b54_what_was_never_committed_is_no_error() {
    let mut client = with_coordinator();
    for version in 1..=7 {
        assert_eq!(committed(&mut client, "g", version), (-1, String::new()), "version {version}");
    }
    client.call(9, &committing("h", "", -1, ""));
    let group = |name: &'static str, topics| OffsetFetchRequestGroup {
        group_id: name.into(),
        topics,
        ..Default::default()
    };
    let named = vec![headwater_core::wire::messages::offset_fetch_request::OffsetFetchRequestTopics {
        name: "nope".into(),
        partition_indexes: vec![3],
        ..Default::default()
    }];
    let groups = vec![group("g", None), group("h", None)];
    let reply = client.call(9, &OffsetFetchRequest { groups, ..Default::default() });
    let [nothing, all] = &reply.groups[..] else { panic!("{reply:?}") };
    assert_eq!((nothing.error_code, nothing.topics.len()), (0, 0));
    assert_eq!((all.error_code, all.topics[0].partitions[0].committed_offset), (0, 5));
    let groups = vec![group("h", Some(named))];
    let reply = client.call(9, &OffsetFetchRequest { groups, ..Default::default() });
    let one = &reply.groups[0];
    let found = &one.topics[0].partitions[0];
    assert_eq!((one.error_code, found.error_code, found.committed_offset), (0, 0, -1));
}

#[test]
fn b54_a_group_that_is_named_twice_is_answered_twice() {
    let mut client = with_coordinator();
    client.call(9, &committing("h", "", -1, ""));
    let of = |partition: i32| OffsetFetchRequestGroup {
        group_id: "h".into(),
        topics: Some(vec![headwater_core::wire::messages::offset_fetch_request::OffsetFetchRequestTopics {
            name: "t".into(),
            partition_indexes: vec![partition],
            ..Default::default()
        }]),
        ..Default::default()
    };
    let other = OffsetFetchRequestGroup { group_id: "g".into(), ..of(0) };
    let groups = vec![of(0), other, of(7)];
    for version in [8, 9] {
        let reply =
            client.call(version, &OffsetFetchRequest { groups: groups.clone(), ..Default::default() });
        let found = reply.groups.iter().map(|group| {
            let partition = &group.topics[0].partitions[0];
            (&*group.group_id, partition.partition_index, partition.committed_offset)
        });
        assert_eq!(found.collect::<Vec<_>>(), [("h", 0, 5), ("g", 0, -1), ("h", 7, -1)], "version {version}");
    }
}

#[test]
fn b55_offsets_expire_once_their_time_is_up() {
    // For this test only: whoever looks for expired offsets also takes empty groups away.
    let mut client = with_coordinator_set(&[
        "group.initial.rebalance.delay.ms=0",
        "offsets.retention.check.interval.ms=100",
    ]);
    // Up to version 4 a commit says itself for how long it is to be kept.
    let brief = OffsetCommitRequest { retention_time_ms: 1, ..committing("h", "", -1, "") };
    assert_eq!(client.call(4, &brief).topics[0].partitions[0].error_code, 0);
    let member = lone_member(&mut client);
    assert_eq!(commit(&mut client, &member, 1, ""), ErrorCode::None);
    while committed(&mut client, "h", 7).0 == 5 {}
    assert_eq!(committed(&mut client, "h", 7).0, -1);
    assert_eq!(committed(&mut client, "g", 7).0, 5, "seven days, from when the group is empty");
}

#[test]
fn b56_descriptions_and_deletions() {
    let mut client = with_coordinator();
    let describe = DescribeGroupsRequest { groups: vec!["g".into()], ..Default::default() };
    let describe = |client: &mut Client, version| {
        let reply = client.call(version, &describe);
        let group = &reply.groups[0];
        (error(group.error_code), group.group_state.to_string(), group.members.len())
    };
    for version in 0..=5 {
        assert_eq!(describe(&mut client, version), (ErrorCode::None, "Dead".into(), 0), "version {version}");
    }
    assert_eq!(describe(&mut client, 6), (ErrorCode::GroupIdNotFound, "Dead".into(), 0));
    // Named twice, it is answered once: the second time it would not be there any more.
    let delete = |client: &mut Client| {
        let request = DeleteGroupsRequest { groups_names: vec!["g".into(), "g".into()] };
        let [result] = &client.call(2, &request).results[..] else { panic!("one group, one answer") };
        error(result.error_code)
    };
    assert_eq!(delete(&mut client), ErrorCode::GroupIdNotFound);
    let me = lone_member(&mut client);
    assert_eq!(commit(&mut client, &me, 1, ""), ErrorCode::None);
    assert_eq!(describe(&mut client, 6), (ErrorCode::None, "Stable".into(), 1));
    assert_eq!(delete(&mut client), ErrorCode::NonEmptyGroup);
    let partitions = vec![OffsetDeleteRequestPartition { partition_index: 0 }];
    let topics = vec![OffsetDeleteRequestTopic { name: "t".into(), partitions }];
    let forget = OffsetDeleteRequest { group_id: "g".into(), topics };
    let answer = client.call(0, &forget);
    assert_eq!(error(answer.topics[0].partitions[0].error_code), ErrorCode::GroupSubscribedToTopic);
    let leave = MemberIdentity { member_id: me.into(), ..Default::default() };
    client.call(5, &LeaveGroupRequest { group_id: "g".into(), members: vec![leave], ..Default::default() });
    assert_eq!(client.call(0, &forget).topics[0].partitions[0].error_code, 0);
    assert_eq!(delete(&mut client), ErrorCode::None);
    assert_eq!(describe(&mut client, 6).0, ErrorCode::GroupIdNotFound);
}
