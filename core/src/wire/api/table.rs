// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! The APIs of Apache Kafka 4.3.

use super::Row;

/// An API, by its key on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum ApiKey {
    /// Versions 3-13.
    Produce = 0,
    /// Versions 4-18.
    Fetch = 1,
    /// Versions 1-11.
    ListOffsets = 2,
    /// Versions 0-13.
    Metadata = 3,
    /// Versions 2-10.
    OffsetCommit = 8,
    /// Versions 1-10.
    OffsetFetch = 9,
    /// Versions 0-6.
    FindCoordinator = 10,
    /// Versions 0-9.
    JoinGroup = 11,
    /// Versions 0-4.
    Heartbeat = 12,
    /// Versions 0-5.
    LeaveGroup = 13,
    /// Versions 0-5.
    SyncGroup = 14,
    /// Versions 0-6.
    DescribeGroups = 15,
    /// Versions 0-5.
    ListGroups = 16,
    /// Versions 0-1.
    SaslHandshake = 17,
    /// Versions 0-4.
    ApiVersions = 18,
    /// Versions 2-7.
    CreateTopics = 19,
    /// Versions 1-6.
    DeleteTopics = 20,
    /// Versions 0-2.
    DeleteRecords = 21,
    /// Versions 0-5.
    InitProducerId = 22,
    /// Versions 2-4.
    OffsetForLeaderEpoch = 23,
    /// Versions 0-5.
    AddPartitionsToTxn = 24,
    /// Versions 0-4.
    AddOffsetsToTxn = 25,
    /// Versions 0-5.
    EndTxn = 26,
    /// Versions 1-2.
    WriteTxnMarkers = 27,
    /// Versions 0-5.
    TxnOffsetCommit = 28,
    /// Versions 1-3.
    DescribeAcls = 29,
    /// Versions 1-3.
    CreateAcls = 30,
    /// Versions 1-3.
    DeleteAcls = 31,
    /// Versions 1-4.
    DescribeConfigs = 32,
    /// Versions 0-2.
    AlterConfigs = 33,
    /// Versions 1-2.
    AlterReplicaLogDirs = 34,
    /// Versions 1-5.
    DescribeLogDirs = 35,
    /// Versions 0-2.
    SaslAuthenticate = 36,
    /// Versions 0-3.
    CreatePartitions = 37,
    /// Versions 1-3.
    CreateDelegationToken = 38,
    /// Versions 1-2.
    RenewDelegationToken = 39,
    /// Versions 1-2.
    ExpireDelegationToken = 40,
    /// Versions 1-3.
    DescribeDelegationToken = 41,
    /// Versions 0-2.
    DeleteGroups = 42,
    /// Versions 0-2.
    ElectLeaders = 43,
    /// Versions 0-1.
    IncrementalAlterConfigs = 44,
    /// Versions 0-1.
    AlterPartitionReassignments = 45,
    /// Versions 0.
    ListPartitionReassignments = 46,
    /// Versions 0.
    OffsetDelete = 47,
    /// Versions 0-1.
    DescribeClientQuotas = 48,
    /// Versions 0-1.
    AlterClientQuotas = 49,
    /// Versions 0.
    DescribeUserScramCredentials = 50,
    /// Versions 0.
    AlterUserScramCredentials = 51,
    /// Versions 0-2, between controllers.
    Vote = 52,
    /// Versions 0-1, between controllers.
    BeginQuorumEpoch = 53,
    /// Versions 0-1, between controllers.
    EndQuorumEpoch = 54,
    /// Versions 0-2.
    DescribeQuorum = 55,
    /// Versions 2-3, between controllers.
    AlterPartition = 56,
    /// Versions 0-2.
    UpdateFeatures = 57,
    /// Versions 0, between controllers.
    Envelope = 58,
    /// Versions 0-1, between controllers.
    FetchSnapshot = 59,
    /// Versions 0-2.
    DescribeCluster = 60,
    /// Versions 0.
    DescribeProducers = 61,
    /// Versions 0-4, between controllers.
    BrokerRegistration = 62,
    /// Versions 0-2, between controllers.
    BrokerHeartbeat = 63,
    /// Versions 0.
    UnregisterBroker = 64,
    /// Versions 0.
    DescribeTransactions = 65,
    /// Versions 0-2.
    ListTransactions = 66,
    /// Versions 0, between controllers.
    AllocateProducerIds = 67,
    /// Versions 0-1.
    ConsumerGroupHeartbeat = 68,
    /// Versions 0-1.
    ConsumerGroupDescribe = 69,
    /// Versions 0, between controllers.
    ControllerRegistration = 70,
    /// Versions 0.
    GetTelemetrySubscriptions = 71,
    /// Versions 0.
    PushTelemetry = 72,
    /// Versions 0, between controllers.
    AssignReplicasToDirs = 73,
    /// Versions 0-1.
    ListConfigResources = 74,
    /// Versions 0.
    DescribeTopicPartitions = 75,
    /// Versions 1.
    ShareGroupHeartbeat = 76,
    /// Versions 1.
    ShareGroupDescribe = 77,
    /// Versions 1-2.
    ShareFetch = 78,
    /// Versions 1-2.
    ShareAcknowledge = 79,
    /// Versions 0-1.
    AddRaftVoter = 80,
    /// Versions 0.
    RemoveRaftVoter = 81,
    /// Versions 0, between controllers.
    UpdateRaftVoter = 82,
    /// Versions 0.
    InitializeShareGroupState = 83,
    /// Versions 0.
    ReadShareGroupState = 84,
    /// Versions 0-1.
    WriteShareGroupState = 85,
    /// Versions 0.
    DeleteShareGroupState = 86,
    /// Versions 0-1.
    ReadShareGroupStateSummary = 87,
    /// Versions 0.
    StreamsGroupHeartbeat = 88,
    /// Versions 0.
    StreamsGroupDescribe = 89,
    /// Versions 0-1.
    DescribeShareGroupOffsets = 90,
    /// Versions 0.
    AlterShareGroupOffsets = 91,
    /// Versions 0.
    DeleteShareGroupOffsets = 92,
}

/// One row a key, in order.
pub(super) static TABLE: [Option<Row>; 93] = [
    Some(Row { key: ApiKey::Produce, name: "Produce", min: 3, max: 13, flexible: 9, broker: true, throttle: i16::MAX }),
    Some(Row { key: ApiKey::Fetch, name: "Fetch", min: 4, max: 18, flexible: 12, broker: true, throttle: 4 }),
    Some(Row { key: ApiKey::ListOffsets, name: "ListOffsets", min: 1, max: 11, flexible: 6, broker: true, throttle: 2 }),
    Some(Row { key: ApiKey::Metadata, name: "Metadata", min: 0, max: 13, flexible: 9, broker: true, throttle: 3 }),
    None,
    None,
    None,
    None,
    Some(Row { key: ApiKey::OffsetCommit, name: "OffsetCommit", min: 2, max: 10, flexible: 8, broker: true, throttle: 3 }),
    Some(Row { key: ApiKey::OffsetFetch, name: "OffsetFetch", min: 1, max: 10, flexible: 6, broker: true, throttle: 3 }),
    Some(Row { key: ApiKey::FindCoordinator, name: "FindCoordinator", min: 0, max: 6, flexible: 3, broker: true, throttle: 1 }),
    Some(Row { key: ApiKey::JoinGroup, name: "JoinGroup", min: 0, max: 9, flexible: 6, broker: true, throttle: 2 }),
    Some(Row { key: ApiKey::Heartbeat, name: "Heartbeat", min: 0, max: 4, flexible: 4, broker: true, throttle: 1 }),
    Some(Row { key: ApiKey::LeaveGroup, name: "LeaveGroup", min: 0, max: 5, flexible: 4, broker: true, throttle: 1 }),
    Some(Row { key: ApiKey::SyncGroup, name: "SyncGroup", min: 0, max: 5, flexible: 4, broker: true, throttle: 1 }),
    Some(Row { key: ApiKey::DescribeGroups, name: "DescribeGroups", min: 0, max: 6, flexible: 5, broker: true, throttle: 1 }),
    Some(Row { key: ApiKey::ListGroups, name: "ListGroups", min: 0, max: 5, flexible: 3, broker: true, throttle: 1 }),
    Some(Row { key: ApiKey::SaslHandshake, name: "SaslHandshake", min: 0, max: 1, flexible: i16::MAX, broker: true, throttle: i16::MAX }),
    Some(Row { key: ApiKey::ApiVersions, name: "ApiVersions", min: 0, max: 4, flexible: 3, broker: true, throttle: i16::MAX }),
    Some(Row { key: ApiKey::CreateTopics, name: "CreateTopics", min: 2, max: 7, flexible: 5, broker: true, throttle: 2 }),
    Some(Row { key: ApiKey::DeleteTopics, name: "DeleteTopics", min: 1, max: 6, flexible: 4, broker: true, throttle: 1 }),
    Some(Row { key: ApiKey::DeleteRecords, name: "DeleteRecords", min: 0, max: 2, flexible: 2, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::InitProducerId, name: "InitProducerId", min: 0, max: 5, flexible: 2, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::OffsetForLeaderEpoch, name: "OffsetForLeaderEpoch", min: 2, max: 4, flexible: 4, broker: true, throttle: 2 }),
    Some(Row { key: ApiKey::AddPartitionsToTxn, name: "AddPartitionsToTxn", min: 0, max: 5, flexible: 3, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::AddOffsetsToTxn, name: "AddOffsetsToTxn", min: 0, max: 4, flexible: 3, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::EndTxn, name: "EndTxn", min: 0, max: 5, flexible: 3, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::WriteTxnMarkers, name: "WriteTxnMarkers", min: 1, max: 2, flexible: 1, broker: true, throttle: i16::MAX }),
    Some(Row { key: ApiKey::TxnOffsetCommit, name: "TxnOffsetCommit", min: 0, max: 5, flexible: 3, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::DescribeAcls, name: "DescribeAcls", min: 1, max: 3, flexible: 2, broker: true, throttle: 1 }),
    Some(Row { key: ApiKey::CreateAcls, name: "CreateAcls", min: 1, max: 3, flexible: 2, broker: true, throttle: 1 }),
    Some(Row { key: ApiKey::DeleteAcls, name: "DeleteAcls", min: 1, max: 3, flexible: 2, broker: true, throttle: 1 }),
    Some(Row { key: ApiKey::DescribeConfigs, name: "DescribeConfigs", min: 1, max: 4, flexible: 4, broker: true, throttle: 1 }),
    Some(Row { key: ApiKey::AlterConfigs, name: "AlterConfigs", min: 0, max: 2, flexible: 2, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::AlterReplicaLogDirs, name: "AlterReplicaLogDirs", min: 1, max: 2, flexible: 2, broker: true, throttle: 1 }),
    Some(Row { key: ApiKey::DescribeLogDirs, name: "DescribeLogDirs", min: 1, max: 5, flexible: 2, broker: true, throttle: 1 }),
    Some(Row { key: ApiKey::SaslAuthenticate, name: "SaslAuthenticate", min: 0, max: 2, flexible: 2, broker: true, throttle: i16::MAX }),
    Some(Row { key: ApiKey::CreatePartitions, name: "CreatePartitions", min: 0, max: 3, flexible: 2, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::CreateDelegationToken, name: "CreateDelegationToken", min: 1, max: 3, flexible: 2, broker: true, throttle: i16::MAX }),
    Some(Row { key: ApiKey::RenewDelegationToken, name: "RenewDelegationToken", min: 1, max: 2, flexible: 2, broker: true, throttle: i16::MAX }),
    Some(Row { key: ApiKey::ExpireDelegationToken, name: "ExpireDelegationToken", min: 1, max: 2, flexible: 2, broker: true, throttle: i16::MAX }),
    Some(Row { key: ApiKey::DescribeDelegationToken, name: "DescribeDelegationToken", min: 1, max: 3, flexible: 2, broker: true, throttle: i16::MAX }),
    Some(Row { key: ApiKey::DeleteGroups, name: "DeleteGroups", min: 0, max: 2, flexible: 2, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::ElectLeaders, name: "ElectLeaders", min: 0, max: 2, flexible: 2, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::IncrementalAlterConfigs, name: "IncrementalAlterConfigs", min: 0, max: 1, flexible: 1, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::AlterPartitionReassignments, name: "AlterPartitionReassignments", min: 0, max: 1, flexible: 0, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::ListPartitionReassignments, name: "ListPartitionReassignments", min: 0, max: 0, flexible: 0, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::OffsetDelete, name: "OffsetDelete", min: 0, max: 0, flexible: i16::MAX, broker: true, throttle: i16::MAX }),
    Some(Row { key: ApiKey::DescribeClientQuotas, name: "DescribeClientQuotas", min: 0, max: 1, flexible: 1, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::AlterClientQuotas, name: "AlterClientQuotas", min: 0, max: 1, flexible: 1, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::DescribeUserScramCredentials, name: "DescribeUserScramCredentials", min: 0, max: 0, flexible: 0, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::AlterUserScramCredentials, name: "AlterUserScramCredentials", min: 0, max: 0, flexible: 0, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::Vote, name: "Vote", min: 0, max: 2, flexible: 0, broker: false, throttle: i16::MAX }),
    Some(Row { key: ApiKey::BeginQuorumEpoch, name: "BeginQuorumEpoch", min: 0, max: 1, flexible: 1, broker: false, throttle: i16::MAX }),
    Some(Row { key: ApiKey::EndQuorumEpoch, name: "EndQuorumEpoch", min: 0, max: 1, flexible: 1, broker: false, throttle: i16::MAX }),
    Some(Row { key: ApiKey::DescribeQuorum, name: "DescribeQuorum", min: 0, max: 2, flexible: 0, broker: true, throttle: i16::MAX }),
    Some(Row { key: ApiKey::AlterPartition, name: "AlterPartition", min: 2, max: 3, flexible: 2, broker: false, throttle: i16::MAX }),
    Some(Row { key: ApiKey::UpdateFeatures, name: "UpdateFeatures", min: 0, max: 2, flexible: 0, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::Envelope, name: "Envelope", min: 0, max: 0, flexible: 0, broker: false, throttle: i16::MAX }),
    Some(Row { key: ApiKey::FetchSnapshot, name: "FetchSnapshot", min: 0, max: 1, flexible: 0, broker: false, throttle: i16::MAX }),
    Some(Row { key: ApiKey::DescribeCluster, name: "DescribeCluster", min: 0, max: 2, flexible: 0, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::DescribeProducers, name: "DescribeProducers", min: 0, max: 0, flexible: 0, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::BrokerRegistration, name: "BrokerRegistration", min: 0, max: 4, flexible: 0, broker: false, throttle: i16::MAX }),
    Some(Row { key: ApiKey::BrokerHeartbeat, name: "BrokerHeartbeat", min: 0, max: 2, flexible: 0, broker: false, throttle: i16::MAX }),
    Some(Row { key: ApiKey::UnregisterBroker, name: "UnregisterBroker", min: 0, max: 0, flexible: 0, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::DescribeTransactions, name: "DescribeTransactions", min: 0, max: 0, flexible: 0, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::ListTransactions, name: "ListTransactions", min: 0, max: 2, flexible: 0, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::AllocateProducerIds, name: "AllocateProducerIds", min: 0, max: 0, flexible: 0, broker: false, throttle: i16::MAX }),
    Some(Row { key: ApiKey::ConsumerGroupHeartbeat, name: "ConsumerGroupHeartbeat", min: 0, max: 1, flexible: 0, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::ConsumerGroupDescribe, name: "ConsumerGroupDescribe", min: 0, max: 1, flexible: 0, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::ControllerRegistration, name: "ControllerRegistration", min: 0, max: 0, flexible: 0, broker: false, throttle: i16::MAX }),
    Some(Row { key: ApiKey::GetTelemetrySubscriptions, name: "GetTelemetrySubscriptions", min: 0, max: 0, flexible: 0, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::PushTelemetry, name: "PushTelemetry", min: 0, max: 0, flexible: 0, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::AssignReplicasToDirs, name: "AssignReplicasToDirs", min: 0, max: 0, flexible: 0, broker: false, throttle: i16::MAX }),
    Some(Row { key: ApiKey::ListConfigResources, name: "ListConfigResources", min: 0, max: 1, flexible: 0, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::DescribeTopicPartitions, name: "DescribeTopicPartitions", min: 0, max: 0, flexible: 0, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::ShareGroupHeartbeat, name: "ShareGroupHeartbeat", min: 1, max: 1, flexible: 1, broker: true, throttle: 1 }),
    Some(Row { key: ApiKey::ShareGroupDescribe, name: "ShareGroupDescribe", min: 1, max: 1, flexible: 1, broker: true, throttle: 1 }),
    Some(Row { key: ApiKey::ShareFetch, name: "ShareFetch", min: 1, max: 2, flexible: 1, broker: true, throttle: 1 }),
    Some(Row { key: ApiKey::ShareAcknowledge, name: "ShareAcknowledge", min: 1, max: 2, flexible: 1, broker: true, throttle: 1 }),
    Some(Row { key: ApiKey::AddRaftVoter, name: "AddRaftVoter", min: 0, max: 1, flexible: 0, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::RemoveRaftVoter, name: "RemoveRaftVoter", min: 0, max: 0, flexible: 0, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::UpdateRaftVoter, name: "UpdateRaftVoter", min: 0, max: 0, flexible: 0, broker: false, throttle: i16::MAX }),
    Some(Row { key: ApiKey::InitializeShareGroupState, name: "InitializeShareGroupState", min: 0, max: 0, flexible: 0, broker: true, throttle: i16::MAX }),
    Some(Row { key: ApiKey::ReadShareGroupState, name: "ReadShareGroupState", min: 0, max: 0, flexible: 0, broker: true, throttle: i16::MAX }),
    Some(Row { key: ApiKey::WriteShareGroupState, name: "WriteShareGroupState", min: 0, max: 1, flexible: 0, broker: true, throttle: i16::MAX }),
    Some(Row { key: ApiKey::DeleteShareGroupState, name: "DeleteShareGroupState", min: 0, max: 0, flexible: 0, broker: true, throttle: i16::MAX }),
    Some(Row { key: ApiKey::ReadShareGroupStateSummary, name: "ReadShareGroupStateSummary", min: 0, max: 1, flexible: 0, broker: true, throttle: i16::MAX }),
    Some(Row { key: ApiKey::StreamsGroupHeartbeat, name: "StreamsGroupHeartbeat", min: 0, max: 0, flexible: 0, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::StreamsGroupDescribe, name: "StreamsGroupDescribe", min: 0, max: 0, flexible: 0, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::DescribeShareGroupOffsets, name: "DescribeShareGroupOffsets", min: 0, max: 1, flexible: 0, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::AlterShareGroupOffsets, name: "AlterShareGroupOffsets", min: 0, max: 0, flexible: 0, broker: true, throttle: 0 }),
    Some(Row { key: ApiKey::DeleteShareGroupOffsets, name: "DeleteShareGroupOffsets", min: 0, max: 0, flexible: 0, broker: true, throttle: 0 }),
];
