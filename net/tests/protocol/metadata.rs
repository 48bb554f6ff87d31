//! Metadata and topics.

use headwater_core::ErrorCode;
use headwater_core::ids::TopicId;
use headwater_core::wire::messages::create_partitions_request::{
    CreatePartitionsRequest, CreatePartitionsTopic,
};
use headwater_core::wire::messages::create_topics_request::{CreatableTopic, CreateTopicsRequest};
use headwater_core::wire::messages::describe_cluster_request::DescribeClusterRequest;
use headwater_core::wire::messages::describe_configs_request::{
    DescribeConfigsRequest, DescribeConfigsResource,
};
use headwater_core::wire::messages::describe_groups_request::DescribeGroupsRequest;
use headwater_core::wire::messages::describe_topic_partitions_request::{
    Cursor, DescribeTopicPartitionsRequest, TopicRequest,
};
use headwater_core::wire::messages::metadata_request::{MetadataRequest, MetadataRequestTopic};
use headwater_core::wire::messages::metadata_response::MetadataResponse;

use super::client::{Client, error};

fn named(names: &[&str]) -> MetadataRequest<'static> {
    let topic =
        |name: &&str| MetadataRequestTopic { name: Some((*name).to_owned().into()), ..Default::default() };
    MetadataRequest {
        topics: Some(names.iter().map(topic).collect()),
        allow_auto_topic_creation: true,
        ..Default::default()
    }
}

fn names(reply: &MetadataResponse<'_>) -> Vec<String> {
    reply.topics.iter().map(|topic| topic.name.as_deref().unwrap_or_default().to_owned()).collect()
}

#[test]
fn b12_which_topics_no_topics_means() {
    let mut client = Client::with_topic(&[]);
    let all = MetadataRequest { topics: None, ..Default::default() };
    assert_eq!(names(&client.call(0, &named(&[]))), ["t"]);
    for version in 1..=13 {
        assert_eq!(names(&client.call(version, &named(&[]))), [""; 0], "version {version}");
        assert_eq!(names(&client.call(version, &all)), ["t"], "version {version}");
    }
}

#[test]
fn b15_the_controller_that_is_told_is_a_broker_that_takes_admin_requests() {
    let mut client = Client::start();
    for version in 1..=13 {
        let reply = client.call(version, &named(&[]));
        let ids: Vec<i32> = reply.brokers.iter().map(|broker| broker.node_id).collect();
        assert!(ids.contains(&reply.controller_id), "version {version}: {} of {ids:?}", reply.controller_id);
    }
    assert_eq!(client.create("made", 1, &[]), 0);
}

#[test]
fn b13_topics_are_created_when_asked_for() {
    let mut client = Client::start();
    let refused = MetadataRequest { allow_auto_topic_creation: false, ..named(&["new"]) };
    for _ in 0..2 {
        let reply = client.call(4, &refused);
        assert_eq!(error(reply.topics[0].error_code), ErrorCode::UnknownTopicOrPartition);
    }
    let reply = client.call(4, &named(&["new"]));
    assert_eq!(error(reply.topics[0].error_code), ErrorCode::UnknownTopicOrPartition);
    let reply = client.call(4, &named(&["new"]));
    assert_eq!(error(reply.topics[0].error_code), ErrorCode::None);
    assert_eq!(reply.topics[0].partitions.len(), 1);
    assert_eq!(reply.topics[0].partitions[0].leader_id, reply.brokers[0].node_id);
}

#[test]
fn b13_no_topic_is_created_for_being_asked_for_where_that_is_switched_off() {
    let mut client = Client::with_settings(&["auto.create.topics.enable=false"]);
    for _ in 0..2 {
        let reply = client.call(4, &named(&["new", "not/a/name"]));
        let codes: Vec<_> = reply.topics.iter().map(|topic| error(topic.error_code)).collect();
        assert_eq!(codes, [ErrorCode::UnknownTopicOrPartition, ErrorCode::InvalidTopicException]);
    }
    assert_eq!(client.create("new", 1, &[]), 0);
    assert_eq!(error(client.call(4, &named(&["new"])).topics[0].error_code), ErrorCode::None);
}

#[test]
fn b14_topic_ids() {
    let mut client = Client::with_topic(&[]);
    let id = client.call(12, &named(&["t"])).topics[0].topic_id;
    assert_ne!(id, TopicId::ZERO);
    let asked = |topic_id, name: Option<&'static str>| MetadataRequest {
        topics: Some(vec![MetadataRequestTopic { topic_id, name: name.map(Into::into) }]),
        ..Default::default()
    };
    let by_id = |topic_id| asked(topic_id, None);
    // The Java client sends an empty name with an id.
    for request in [by_id(id), asked(id, Some(""))] {
        let reply = client.call(12, &request);
        assert_eq!((reply.topics[0].name.as_deref(), reply.topics[0].error_code), (Some("t"), 0));
    }
    let reply = client.call(12, &by_id(TopicId::new([7; 16])));
    assert_eq!(error(reply.topics[0].error_code), ErrorCode::UnknownTopicId);
    for version in 10..12 {
        let mut request = named(&["t"]);
        request.topics.as_mut().unwrap()[0].topic_id = id;
        let reply = client.call(version, &request);
        assert_eq!(error(reply.topics[0].error_code), ErrorCode::InvalidRequest, "version {version}");
    }
}

#[test]
fn b66_who_asks_is_told_that_everything_is_allowed() {
    let mut client = Client::with_topic(&[]);
    for asks in [false, true] {
        let told = |operations: i32| if asks { operations } else { i32::MIN };
        let mut request = named(&["t", ".."]);
        request.include_topic_authorized_operations = asks;
        request.include_cluster_authorized_operations = asks;
        let reply = client.call(10, &request);
        let topics: Vec<_> = reply.topics.iter().map(|topic| topic.topic_authorized_operations).collect();
        // READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS; nothing of what is not there.
        assert_eq!(topics, [told(3576), i32::MIN]);
        assert_eq!(reply.cluster_authorized_operations, told(8096));
        let request =
            DescribeClusterRequest { include_cluster_authorized_operations: asks, ..Default::default() };
        assert_eq!(client.call(0, &request).cluster_authorized_operations, told(8096));
        let request = DescribeGroupsRequest { groups: vec!["g".into()], include_authorized_operations: asks };
        assert_eq!(client.call(5, &request).groups[0].authorized_operations, told(3400));
    }
}

#[test]
fn b16_names_of_topics() {
    let mut client = Client::start();
    let long = "a".repeat(250);
    for name in ["", ".", "..", "a b", "ä", &long] {
        assert_eq!(error(client.create(name, 1, &[])), ErrorCode::InvalidTopicException, "{name:?}");
        let reply = client.call(4, &named(&[name]));
        assert_eq!(error(reply.topics[0].error_code), ErrorCode::InvalidTopicException, "{name:?}");
    }
    assert_eq!(client.create("a.b_c-D", 1, &[]), 0);
    assert_eq!(error(client.create("a_b.c-D", 1, &[])), ErrorCode::InvalidTopicException);
    assert_eq!(client.create(&long[..249], 1, &[]), 0);
}

#[test]
fn b17_creating_topics() {
    let mut client = Client::start();
    let topic = |name: &'static str, num_partitions, replication_factor| CreatableTopic {
        name: name.into(),
        num_partitions,
        replication_factor,
        ..Default::default()
    };
    let mut create = |validate_only, topics| {
        let request = CreateTopicsRequest { topics, timeout_ms: 30_000, validate_only };
        let reply = client.call(5, &request);
        reply.topics.iter().map(|topic| (topic.name.to_string(), error(topic.error_code))).collect::<Vec<_>>()
    };
    let expect = |name: &str, code| vec![(name.to_owned(), code)];
    assert_eq!(create(true, vec![topic("a", -1, -1)]), expect("a", ErrorCode::None));
    // It was validated only.
    assert_eq!(create(false, vec![topic("a", -1, -1)]), expect("a", ErrorCode::None));
    assert_eq!(create(false, vec![topic("a", 1, 1)]), expect("a", ErrorCode::TopicAlreadyExists));
    assert_eq!(
        create(false, vec![topic("b", 1, 1), topic("b", 1, 1)]),
        expect("b", ErrorCode::InvalidRequest)
    );
    assert_eq!(create(false, vec![topic("c", 1, 2)]), expect("c", ErrorCode::InvalidReplicationFactor));
    assert_eq!(create(false, vec![topic("d", 0, 1)]), expect("d", ErrorCode::InvalidPartitions));
}

#[test]
fn b09_created_topics_say_what_they_are_like() {
    let mut client = Client::start();
    let topics = vec![CreatableTopic {
        name: "a".into(),
        num_partitions: 3,
        replication_factor: 1,
        ..Default::default()
    }];
    let reply = client.call(7, &CreateTopicsRequest { topics, timeout_ms: 30_000, validate_only: false });
    let topic = &reply.topics[0];
    assert_eq!((topic.num_partitions, topic.replication_factor), (3, 1));
    // Behaviour 8: never null.
    let configs = topic.configs.as_ref().unwrap();
    assert!(configs.iter().all(|config| config.config_source >= 0));
}

#[test]
fn b18_partitions_are_added() {
    let mut client = Client::with_topic(&[]);
    let topic =
        |name: &'static str, count| CreatePartitionsTopic { name: name.into(), count, assignments: None };
    let topics = vec![topic("t", 3), topic("none", 3)];
    let reply = client.call(3, &CreatePartitionsRequest { topics, timeout_ms: 30_000, validate_only: false });
    let mut codes: Vec<_> = reply.results.iter().map(|r| (r.name.to_string(), error(r.error_code))).collect();
    codes.sort_by(|a, b| b.0.cmp(&a.0));
    assert_eq!(codes, [("t".into(), ErrorCode::None), ("none".into(), ErrorCode::UnknownTopicOrPartition)]);
    assert_eq!(client.call(12, &named(&["t"])).topics[0].partitions.len(), 3);
    let topics = vec![topic("t", 2)];
    let reply = client.call(3, &CreatePartitionsRequest { topics, timeout_ms: 30_000, validate_only: false });
    assert_eq!(error(reply.results[0].error_code), ErrorCode::InvalidPartitions);
}

#[test]
fn b19_settings_and_where_they_come_from() {
    let mut client = Client::with_topic(&[("max.message.bytes", "5000")]);
    let resource =
        DescribeConfigsResource { resource_type: 2, resource_name: "t".into(), configuration_keys: None };
    let request = DescribeConfigsRequest { resources: vec![resource], ..Default::default() };
    let reply = client.call(4, &request);
    assert_eq!(error(reply.results[0].error_code), ErrorCode::None);
    let source = |name: &str| {
        let config = reply.results[0].configs.iter().find(|config| config.name == name).unwrap();
        (config.value.as_deref().unwrap().to_owned(), config.config_source)
    };
    assert_eq!(source("max.message.bytes"), ("5000".into(), 1));
    assert_eq!(source("retention.ms"), ("604800000".into(), 5));
}

#[test]
fn b21_topics_are_described_page_by_page() {
    check_pages(&[], 2);
    check_pages(&["max.request.partition.size.limit=2"], 2000);
}

/// Every partition is in one answer of two at most, where client or broker bound them so.
fn check_pages(settings: &'static [&'static str], limit: i32) {
    let mut client = Client::with_settings(settings);
    for name in ["a", "b", "c"] {
        assert_eq!(client.create(name, 3, &[]), 0);
    }
    let topics = ["a", "b", "c"].map(|name| TopicRequest { name: name.into() });
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let request = DescribeTopicPartitionsRequest {
            topics: topics.to_vec(),
            response_partition_limit: limit,
            cursor,
        };
        let reply = client.call(0, &request);
        assert!(reply.topics.iter().map(|topic| topic.partitions.len()).sum::<usize>() <= 2);
        for topic in &reply.topics {
            let name = topic.name.as_deref().unwrap();
            seen.extend(topic.partitions.iter().map(|p| format!("{name}{}", p.partition_index)));
        }
        let Some(next) = reply.next_cursor else { break };
        cursor = Some(Cursor { topic_name: next.topic_name, partition_index: next.partition_index });
        assert!(seen.len() < 20, "{seen:?}");
    }
    assert_eq!(seen, ["a0", "a1", "a2", "b0", "b1", "b2", "c0", "c1", "c2"]);
}
