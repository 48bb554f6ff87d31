//! Streams groups (KIP-1071), by hand-made requests.

use headwater_core::ErrorCode;
use headwater_core::wire::messages::api_versions_request::ApiVersionsRequest;
use headwater_core::wire::messages::delete_groups_request::DeleteGroupsRequest;
use headwater_core::wire::messages::find_coordinator_request::FindCoordinatorRequest;
use headwater_core::wire::messages::list_groups_request::ListGroupsRequest;
use headwater_core::wire::messages::metadata_request::{MetadataRequest, MetadataRequestTopic};
use headwater_core::wire::messages::streams_group_describe_request::StreamsGroupDescribeRequest;
use headwater_core::wire::messages::streams_group_heartbeat_request as request;
use headwater_core::wire::messages::streams_group_heartbeat_response as response;

use crate::client::{Client, error};

/// The settings of a broker whose streams groups do not wait for more members, nor between two dealings.
const AT_ONCE: &[&str] =
    &["group.streams.initial.rebalance.delay.ms=0", "group.streams.assignment.interval.ms=0"];

fn internal(name: &'static str) -> request::TopicInfo<'static> {
    let compact = request::KeyValue { key: "cleanup.policy".into(), value: "compact".into() };
    request::TopicInfo { name: name.into(), topic_configs: vec![compact], ..Default::default() }
}

/// `t` is repartitioned by way of `r` and counted, with the changes in `log`.
fn topology() -> request::Topology<'static> {
    request::Topology {
        epoch: 1,
        subtopologies: vec![
            request::Subtopology {
                subtopology_id: "0".into(),
                source_topics: vec!["t".into()],
                repartition_sink_topics: vec!["r".into()],
                ..Default::default()
            },
            request::Subtopology {
                subtopology_id: "1".into(),
                repartition_source_topics: vec![internal("r")],
                state_changelog_topics: vec![internal("log")],
                ..Default::default()
            },
        ],
    }
}

type Heartbeat = request::StreamsGroupHeartbeatRequest<'static>;

fn heartbeat(member: &'static str, epoch: i32) -> Heartbeat {
    let joins = epoch == 0;
    request::StreamsGroupHeartbeatRequest {
        group_id: "s".into(),
        member_id: member.into(),
        member_epoch: epoch,
        endpoint_information_epoch: -1,
        rebalance_timeout_ms: if joins { 60_000 } else { -1 },
        topology: joins.then(topology),
        process_id: joins.then(|| member.into()),
        active_tasks: joins.then(Vec::new),
        standby_tasks: joins.then(Vec::new),
        warmup_tasks: joins.then(Vec::new),
        user_endpoint: joins.then(|| request::Endpoint { host: "h".into(), port: 65_535 }),
        ..Default::default()
    }
}

/// Asks until the coordinator is there.
fn call(client: &mut Client, request: &Heartbeat) -> response::StreamsGroupHeartbeatResponse<'static> {
    loop {
        let answer = client.call(0, request);
        match error(answer.error_code) {
            ErrorCode::NotCoordinator | ErrorCode::CoordinatorLoadInProgress => {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            _ => return answer,
        }
    }
}

fn client() -> Client {
    let mut client = Client::with_settings(AT_ONCE);
    let find = FindCoordinatorRequest { coordinator_keys: vec!["s".into()], ..Default::default() };
    client.call(6, &find);
    client
}

fn statuses(answer: &response::StreamsGroupHeartbeatResponse<'_>) -> Vec<i8> {
    answer.status.iter().flatten().map(|status| status.status_code).collect()
}

fn tasks(ids: Option<Vec<response::TaskIds<'_>>>) -> Vec<(String, Vec<i32>)> {
    let ids = ids.into_iter().flatten();
    ids.map(|ids| (ids.subtopology_id.to_string(), ids.partitions)).collect()
}

#[test]
fn b57_topics_of_a_streams_group_are_made_and_its_tasks_dealt() {
    let mut client = client();
    let joined = call(&mut client, &heartbeat("a", 0));
    assert_eq!((joined.error_code, joined.heartbeat_interval_ms), (0, 5_000));
    assert_eq!(statuses(&joined), [1], "the source is missing");
    assert_eq!(client.create("t", 3, &[]), 0);
    let told = call(&mut client, &heartbeat("a", joined.member_epoch));
    assert_eq!(statuses(&told), [3], "{told:?}");
    let named =
        ["r", "log"].map(|name| MetadataRequestTopic { name: Some(name.into()), ..Default::default() });
    let topics = client.call(12, &MetadataRequest { topics: Some(named.into()), ..Default::default() });
    assert!(topics.topics.iter().all(|topic| topic.error_code == 0 && topic.partitions.len() == 3));
    let dealt = call(&mut client, &heartbeat("a", told.member_epoch));
    assert_eq!(statuses(&dealt), [], "{dealt:?}");
    let all = ["0", "1"].map(|id| (id.to_string(), vec![0, 1, 2]));
    assert_eq!(tasks(dealt.active_tasks), all);
    assert_eq!((tasks(dealt.standby_tasks), tasks(dealt.warmup_tasks)), (vec![], vec![]));
    let endpoints = dealt.partitions_by_user_endpoint.unwrap();
    assert_eq!((endpoints[0].user_endpoint.port, endpoints[0].active_partitions.len()), (65_535, 2));

    let describe = StreamsGroupDescribeRequest {
        group_ids: vec!["s".into(), "nobody".into()],
        include_authorized_operations: true,
    };
    let described = client.call(0, &describe).groups;
    assert_eq!((&*described[0].group_state, described[0].assignment_epoch), ("Stable", dealt.member_epoch));
    assert!(described[0].authorized_operations > 0);
    let parts = described[0].topology.as_ref().unwrap().subtopologies.as_ref().unwrap();
    let log = &parts[1].state_changelog_topics[0];
    assert_eq!((&*log.name, log.partitions, &*log.topic_configs[0].value), ("log", 3, "compact"));
    let member = &described[0].members[0];
    assert_eq!(
        (&*member.process_id, member.assignment.active_tasks.len(), member.is_classic),
        ("a", 2, false)
    );
    assert_eq!(error(described[1].error_code), ErrorCode::GroupIdNotFound);

    // Another server that loads the log knows it all.
    client.restart();
    let again = call(&mut client, &heartbeat("a", dealt.member_epoch));
    assert_eq!((again.error_code, again.member_epoch, again.active_tasks), (0, dealt.member_epoch, None));

    let listed = |client: &mut Client| {
        let request = ListGroupsRequest { types_filter: vec!["Streams".into()], ..Default::default() };
        client.call(5, &request).groups
    };
    assert_eq!(&*listed(&mut client)[0].group_type, "streams");
    let delete = DeleteGroupsRequest { groups_names: vec!["s".into()] };
    assert_eq!(error(client.call(2, &delete).results[0].error_code), ErrorCode::NonEmptyGroup);
    assert_eq!(call(&mut client, &heartbeat("a", -1)).member_epoch, -1);
    assert_eq!(client.call(2, &delete).results[0].error_code, 0);
    assert_eq!(listed(&mut client), []);
}

#[test]
fn what_a_streams_group_cannot_have_is_refused() {
    let mut client = client();
    let refused = |client: &mut Client, change: &dyn Fn(&mut Heartbeat)| {
        let mut request = heartbeat("a", 0);
        change(&mut request);
        let answer = call(client, &request);
        assert!(answer.error_message.is_some() && answer.status == Some(Vec::new()), "{answer:?}");
        error(answer.error_code)
    };
    let invalid = ErrorCode::StreamsInvalidTopology;
    let first = |change: fn(&mut request::Subtopology<'static>)| {
        move |request: &mut Heartbeat| change(&mut request.topology.as_mut().unwrap().subtopologies[0])
    };
    let internal = first(|part| part.source_topics.push("__consumer_offsets".into()));
    assert_eq!(refused(&mut client, &internal), invalid);
    assert_eq!(refused(&mut client, &first(|part| part.subtopology_id = "1".into())), invalid);
    let copartition = request::CopartitionGroup { source_topics: vec![-1], ..Default::default() };
    let bad = move |request: &mut Heartbeat| {
        request.topology.as_mut().unwrap().subtopologies[0].copartition_groups = vec![copartition.clone()];
    };
    assert_eq!(refused(&mut client, &bad), invalid);
    let unsupported = ErrorCode::InvalidRequest;
    assert_eq!(refused(&mut client, &|request| request.instance_id = Some("i".into())), unsupported);
    assert_eq!(refused(&mut client, &|request| request.task_offsets = Some(Vec::new())), unsupported);
    assert_eq!(refused(&mut client, &|request| request.member_epoch = 7), unsupported);
    // A topic that can't be made: the member is told why.
    assert_eq!(client.create("t", 1, &[]), 0);
    let mut request = heartbeat("a", 0);
    let parts = &mut request.topology.as_mut().unwrap().subtopologies;
    parts[1].state_changelog_topics[0].topic_configs[0].value = "sometimes".into();
    let answer = call(&mut client, &request);
    let status = answer.status.unwrap();
    assert!(
        status[0].status_code == 3 && status[0].status_detail.contains("Creation failed: log"),
        "{status:?}"
    );
}

#[test]
fn clients_are_told_of_streams_groups_unless_they_are_switched_off() {
    let mut client = Client::with_settings(&["group.coordinator.rebalance.protocols=classic,consumer"]);
    let request =
        ApiVersionsRequest { client_software_name: "x".into(), client_software_version: "1".into() };
    let reply = client.call(4, &request);
    let level = reply.finalized_features.iter().find(|feature| feature.name == "streams.version");
    assert_eq!(level.expect("it is finalized").max_version_level, 1);
    assert_eq!(error(client.call(0, &heartbeat("a", 0)).error_code), ErrorCode::UnsupportedVersion);
    let describe = StreamsGroupDescribeRequest { group_ids: vec!["s".into()], ..Default::default() };
    assert_eq!(error(client.call(0, &describe).groups[0].error_code), ErrorCode::UnsupportedVersion);
}
