//! What tools ask of a cluster, answered as Kafka 4.3.1 answers on one node.

use headwater_core::ErrorCode;
use headwater_core::wire::messages::alter_partition_reassignments_request::{
    AlterPartitionReassignmentsRequest, ReassignablePartition, ReassignableTopic,
};
use headwater_core::wire::messages::alter_replica_log_dirs_request::{
    AlterReplicaLogDir, AlterReplicaLogDirTopic, AlterReplicaLogDirsRequest,
};
use headwater_core::wire::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic,
};
use headwater_core::wire::messages::describe_cluster_request::DescribeClusterRequest;
use headwater_core::wire::messages::describe_log_dirs_request::DescribeLogDirsRequest;
use headwater_core::wire::messages::describe_quorum_request::{
    DescribeQuorumRequest, PartitionData, TopicData,
};
use headwater_core::wire::messages::elect_leaders_request::{ElectLeadersRequest, TopicPartitions};
use headwater_core::wire::messages::find_coordinator_request::FindCoordinatorRequest;
use headwater_core::wire::messages::init_producer_id_request::InitProducerIdRequest;
use headwater_core::wire::messages::list_partition_reassignments_request::ListPartitionReassignmentsRequest;
use headwater_core::wire::messages::list_transactions_request::ListTransactionsRequest;
use headwater_core::wire::messages::unregister_broker_request::UnregisterBrokerRequest;
use headwater_core::wire::messages::update_features_request::{FeatureUpdateKey, UpdateFeaturesRequest};

use super::client::{Client, batch, error};

fn node(client: &mut Client) -> i32 {
    let request = DescribeClusterRequest { endpoint_type: 1, ..Default::default() };
    client.call(2, &request).brokers[0].broker_id
}

#[test]
fn b22_records_are_deleted_up_to_an_offset() {
    let mut client = Client::with_topic(&[]);
    assert_eq!(client.create("compacted", 1, &[("cleanup.policy", "compact")]), 0);
    client.append(batch(5));
    // Brings the internal topic into being.
    let find = FindCoordinatorRequest { coordinator_keys: vec!["g".into()], ..Default::default() };
    assert_eq!(error(client.call(4, &find).coordinators[0].error_code), ErrorCode::None);
    let mut delete = |topic: &'static str, partition_index, offset| {
        let partitions = vec![DeleteRecordsPartition { partition_index, offset }];
        let topics = vec![DeleteRecordsTopic { name: topic.into(), partitions }];
        let reply = client.call(2, &DeleteRecordsRequest { topics, timeout_ms: 1000 });
        let result = &reply.topics[0].partitions[0];
        (error(result.error_code), result.low_watermark)
    };
    for (topic, partition, offset, expected) in [
        ("t", 0, 2, (ErrorCode::None, 2)),
        // What is gone stays gone.
        ("t", 0, 1, (ErrorCode::None, 2)),
        ("t", 0, 6, (ErrorCode::OffsetOutOfRange, -1)),
        ("t", 0, -2, (ErrorCode::OffsetOutOfRange, -1)),
        // -1 is all that is committed.
        ("t", 0, -1, (ErrorCode::None, 5)),
        ("t", 1, 0, (ErrorCode::UnknownTopicOrPartition, -1)),
        ("missing", 0, 0, (ErrorCode::UnknownTopicOrPartition, -1)),
        ("compacted", 0, 0, (ErrorCode::PolicyViolation, -1)),
        ("__consumer_offsets", 0, 0, (ErrorCode::InvalidTopicException, -1)),
    ] {
        assert_eq!(delete(topic, partition, offset), expected, "{topic} {partition} before {offset}");
    }
}

#[test]
fn b59_a_producer_names_its_id_with_its_epoch_or_not_at_all() {
    let mut client = Client::start();
    let mut ask = |producer_id, producer_epoch| {
        let request = InitProducerIdRequest {
            transactional_id: Some("t".into()),
            transaction_timeout_ms: 1000,
            producer_id,
            producer_epoch,
        };
        error(client.call(4, &request).error_code)
    };
    assert_eq!(ask(-1, 0), ErrorCode::InvalidRequest);
    assert_eq!(ask(0, -1), ErrorCode::InvalidRequest);
}

#[test]
fn elections_are_not_needed() {
    let mut client = Client::with_topic(&[]);
    let of = |topic: &'static str, partitions| TopicPartitions { topic: topic.into(), partitions };
    for version in 0..=2 {
        for election_type in 0..=2i8 {
            if version == 0 && election_type > 0 {
                continue;
            }
            let mut request = ElectLeadersRequest {
                election_type,
                topic_partitions: Some(vec![of("t", vec![0, 7]), of("nope", vec![0])]),
                timeout_ms: 1000,
            };
            let all = |code| (code, vec![vec![code, code], vec![code]]);
            let (whole, each) = match election_type {
                2 => all(ErrorCode::InvalidRequest),
                _ => {
                    let unknown = ErrorCode::UnknownTopicOrPartition;
                    (ErrorCode::None, vec![vec![ErrorCode::ElectionNotNeeded, unknown], vec![unknown]])
                }
            };
            let reply = client.call(version, &request);
            assert_eq!(error(reply.error_code), whole, "version {version}, type {election_type}");
            let codes: Vec<Vec<ErrorCode>> = reply
                .replica_election_results
                .iter()
                .map(|topic| topic.partition_result.iter().map(|one| error(one.error_code)).collect())
                .collect();
            assert_eq!(codes, each, "version {version}, type {election_type}");
            request.topic_partitions = None;
            let reply = client.call(version, &request);
            let named: usize = reply.replica_election_results.iter().map(|t| t.partition_result.len()).sum();
            assert_eq!((error(reply.error_code), named), (whole, 0), "all partitions");
        }
    }
}

#[test]
fn partitions_stay_where_they_are() {
    let mut client = Client::with_topic(&[]);
    let node = node(&mut client);
    let invalid = ErrorCode::InvalidReplicaAssignment;
    for version in 0..=1 {
        for (topic, partition_index, replicas, expected) in [
            ("t", 0, Some(vec![node]), ErrorCode::None),
            ("t", 0, None, ErrorCode::NoReassignmentInProgress),
            ("t", 0, Some(vec![]), invalid),
            ("t", 0, Some(vec![77]), invalid),
            ("t", 0, Some(vec![node, node]), invalid),
            ("t", 0, Some(vec![node, -1]), invalid),
            ("t", 9, Some(vec![node]), ErrorCode::UnknownTopicOrPartition),
            ("nope", 0, Some(vec![node]), ErrorCode::UnknownTopicOrPartition),
        ] {
            let partitions = vec![ReassignablePartition { partition_index, replicas: replicas.clone() }];
            let request = AlterPartitionReassignmentsRequest {
                topics: vec![ReassignableTopic { name: topic.into(), partitions }],
                ..Default::default()
            };
            let reply = client.call(version, &request);
            assert_eq!(error(reply.error_code), ErrorCode::None);
            let got = error(reply.responses[0].partitions[0].error_code);
            assert_eq!(got, expected, "{topic}-{partition_index} to {replicas:?}");
        }
    }
    let request = ListPartitionReassignmentsRequest { topics: None, ..Default::default() };
    assert_eq!(client.call(0, &request).topics, []);
}

#[test]
fn there_is_one_log_dir() {
    let mut client = Client::with_topic(&[]);
    let own = client.call(4, &DescribeLogDirsRequest { topics: None }).results[0].log_dir.to_string();
    for version in 1..=2 {
        for (path, partition, expected) in [
            (own.clone(), 0, ErrorCode::None),
            (own.clone(), 9, ErrorCode::UnknownTopicOrPartition),
            (format!("{own}/"), 0, ErrorCode::LogDirNotFound),
            ("/nowhere".into(), 9, ErrorCode::LogDirNotFound),
        ] {
            let topics = vec![AlterReplicaLogDirTopic { name: "t".into(), partitions: vec![partition] }];
            let dirs = vec![AlterReplicaLogDir { path: path.as_str().into(), topics }];
            let reply = client.call(version, &AlterReplicaLogDirsRequest { dirs });
            assert_eq!(error(reply.results[0].partitions[0].error_code), expected, "{path} {partition}");
        }
    }
}

#[test]
fn the_quorum_is_this_node() {
    let mut client = Client::with_topic(&[]);
    let node = node(&mut client);
    let ask = |client: &mut Client, version, name: &'static str, partitions: &[i32]| {
        let partitions = partitions.iter().map(|n| PartitionData { partition_index: *n }).collect();
        let topics = vec![TopicData { topic_name: name.into(), partitions }];
        client.call(version, &DescribeQuorumRequest { topics })
    };
    for version in 0..=2 {
        let reply = ask(&mut client, version, "__cluster_metadata", &[0]);
        let partition = &reply.topics[0].partitions[0];
        assert_eq!((reply.error_code, partition.error_code, partition.leader_id), (0, 0, node));
        assert!(partition.high_watermark > 0 && partition.leader_epoch > 0);
        let voters: Vec<_> =
            partition.current_voters.iter().map(|v| (v.replica_id, v.log_end_offset)).collect();
        assert_eq!((voters, partition.observers.len()), (vec![(node, partition.high_watermark)], 0));
        assert_eq!(reply.nodes.len(), usize::from(version >= 2));
        for (name, partitions) in
            [("t", vec![0]), ("__cluster_metadata", vec![1]), ("__cluster_metadata", vec![0, 1])]
        {
            let reply = ask(&mut client, version, name, &partitions);
            let all = reply.topics[0].partitions.iter().all(|p| p.error_code == 3);
            assert!(all && reply.error_code == 0, "{name} {partitions:?}: {reply:?}");
        }
    }
    let before = ask(&mut client, 2, "__cluster_metadata", &[0]).topics[0].partitions[0].leader_epoch;
    client.restart();
    let after = ask(&mut client, 2, "__cluster_metadata", &[0]).topics[0].partitions[0].leader_epoch;
    assert!(after > before, "{after} after {before}");
}

#[test]
fn features_stay_at_their_levels() {
    let mut client = Client::start();
    for version in 0..=2 {
        for (feature, max_version_level, upgrade_type, refused) in [
            ("transaction.version", 2, 1, false),
            ("transaction.version", 2, 3, false),
            ("transaction.version", 9, 1, true),
            ("transaction.version", -1, 1, true),
            ("transaction.version", 1, 2, true),
            ("nope", 1, 1, true),
        ] {
            let feature_updates = vec![FeatureUpdateKey {
                feature: feature.into(),
                max_version_level,
                upgrade_type: if version == 0 { 1 } else { upgrade_type },
                ..Default::default()
            }];
            let request = UpdateFeaturesRequest { feature_updates, ..Default::default() };
            let reply = client.call(version, &request);
            let code = if refused { ErrorCode::InvalidUpdateVersion } else { ErrorCode::None };
            assert_eq!(error(reply.error_code), code, "version {version}, {feature} at {max_version_level}");
            assert_eq!(reply.error_message.is_some(), refused);
            assert_eq!(reply.results.len(), usize::from(version < 2 && !refused));
        }
    }
}

#[test]
fn the_only_broker_stays_registered() {
    let mut client = Client::start();
    let own = node(&mut client);
    for (broker_id, code) in [
        (77, ErrorCode::BrokerIdNotRegistered),
        (-1, ErrorCode::BrokerIdNotRegistered),
        (own, ErrorCode::InvalidRequest),
    ] {
        let reply = client.call(0, &UnregisterBrokerRequest { broker_id });
        assert_eq!(error(reply.error_code), code, "{broker_id}");
    }
}

#[test]
fn b63_transactions_are_listed_by_pattern() {
    let mut client = Client::start();
    for (pattern, code) in [
        (None, ErrorCode::None),
        (Some(""), ErrorCode::None),
        (Some("a.*"), ErrorCode::None),
        (Some("["), ErrorCode::InvalidRegularExpression),
        (Some("(?=x)"), ErrorCode::InvalidRegularExpression),
    ] {
        let request = ListTransactionsRequest {
            duration_filter: -1,
            transactional_id_pattern: pattern.map(Into::into),
            ..Default::default()
        };
        assert_eq!(error(client.call(2, &request).error_code), code, "{pattern:?}");
    }
}
