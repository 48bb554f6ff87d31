//! Every codec under one signature, ours and, where it has it, that of the crate `kafka-protocol`.

use bytes::Bytes;
use headwater_core::wire::{Decode, DecodeError, Encode, Message, Reader, Writer, messages, records};
use kafka_protocol::messages as theirs;
use kafka_protocol::protocol::{Decodable, Encodable};

/// Decodes a body and encodes what came out: the bytes again, and how many were left over.
type Recode<E> = fn(&[u8], i16) -> Result<(Vec<u8>, usize), E>;

/// One message's codecs.
pub struct Codec {
    pub name: &'static str,
    pub ours: Recode<DecodeError>,
    /// Ours, decoding only.
    pub decode: fn(&[u8], i16) -> Result<(), DecodeError>,
    /// The other implementation's, if it has the message.
    pub theirs: Option<Recode<String>>,
}

fn ours<'a, M: Message + Decode<'a> + Encode>(
    bytes: &'a [u8],
    version: i16,
) -> Result<(Vec<u8>, usize), DecodeError> {
    let mut r = Reader::new(bytes);
    let message = M::decode(&mut r, version)?;
    let mut w = Writer::new();
    message.encode(&mut w, version);
    Ok((w.into_vec(), r.remaining()))
}

fn recode<M: Decodable + Encodable>(bytes: &[u8], version: i16) -> Result<(Vec<u8>, usize), String> {
    let mut bytes = Bytes::copy_from_slice(bytes);
    let message = M::decode(&mut bytes, version).map_err(|e| e.to_string())?;
    let mut out = Vec::new();
    message.encode(&mut out, version).map_err(|e| e.to_string())?;
    Ok((out, bytes.len()))
}

macro_rules! codecs {
    ($module:ident: both { $($both:ident),* $(,)? } ours { $($ours:ident),* $(,)? }) => {
        [
            $(Codec {
                name: stringify!($both),
                ours: |bytes, version| ours::<$module::$both>(bytes, version),
                decode: |bytes, version| $module::$both::decode(&mut Reader::new(bytes), version).map(drop),
                theirs: Some(recode::<theirs::$both>),
            },)*
            $(Codec {
                name: stringify!($ours),
                ours: |bytes, version| ours::<$module::$ours>(bytes, version),
                decode: |bytes, version| $module::$ours::decode(&mut Reader::new(bytes), version).map(drop),
                theirs: None,
            },)*
        ]
    };
}

/// All codecs. `ours` lists what kafka-protocol 0.18 lacks altogether: streams groups (new in Kafka 4.2) and the
/// records of internal topics, which no client sees. A test holds these lists against the schema.
pub fn all() -> Vec<Codec> {
    let mut all = Vec::from(messages_of_both());
    all.extend(records_of_both());
    all
}

#[rustfmt::skip]
fn messages_of_both() -> [Codec; 154] {
    codecs! { messages: both {
    ProduceRequest, ProduceResponse, FetchRequest, FetchResponse, ListOffsetsRequest,
    ListOffsetsResponse, MetadataRequest, MetadataResponse, OffsetCommitRequest,
    OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse, FindCoordinatorRequest,
    FindCoordinatorResponse, JoinGroupRequest, JoinGroupResponse, HeartbeatRequest,
    HeartbeatResponse, LeaveGroupRequest, LeaveGroupResponse, SyncGroupRequest, SyncGroupResponse,
    DescribeGroupsRequest, DescribeGroupsResponse, ListGroupsRequest, ListGroupsResponse,
    SaslHandshakeRequest, SaslHandshakeResponse, ApiVersionsRequest, ApiVersionsResponse,
    CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest, DeleteTopicsResponse,
    DeleteRecordsRequest, DeleteRecordsResponse, InitProducerIdRequest, InitProducerIdResponse,
    OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, AddPartitionsToTxnRequest,
    AddPartitionsToTxnResponse, AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, EndTxnRequest,
    EndTxnResponse, WriteTxnMarkersRequest, WriteTxnMarkersResponse, TxnOffsetCommitRequest,
    TxnOffsetCommitResponse, DescribeAclsRequest, DescribeAclsResponse, CreateAclsRequest,
    CreateAclsResponse, DeleteAclsRequest, DeleteAclsResponse, DescribeConfigsRequest,
    DescribeConfigsResponse, AlterConfigsRequest, AlterConfigsResponse, AlterReplicaLogDirsRequest,
    AlterReplicaLogDirsResponse, DescribeLogDirsRequest, DescribeLogDirsResponse,
    SaslAuthenticateRequest, SaslAuthenticateResponse, CreatePartitionsRequest,
    CreatePartitionsResponse, CreateDelegationTokenRequest, CreateDelegationTokenResponse,
    RenewDelegationTokenRequest, RenewDelegationTokenResponse, ExpireDelegationTokenRequest,
    ExpireDelegationTokenResponse, DescribeDelegationTokenRequest, DescribeDelegationTokenResponse,
    DeleteGroupsRequest, DeleteGroupsResponse, ElectLeadersRequest, ElectLeadersResponse,
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse,
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse, OffsetDeleteRequest,
    OffsetDeleteResponse, DescribeClientQuotasRequest, DescribeClientQuotasResponse,
    AlterClientQuotasRequest, AlterClientQuotasResponse, DescribeUserScramCredentialsRequest,
    DescribeUserScramCredentialsResponse, AlterUserScramCredentialsRequest,
    AlterUserScramCredentialsResponse, DescribeQuorumRequest, DescribeQuorumResponse,
    UpdateFeaturesRequest, UpdateFeaturesResponse, DescribeClusterRequest, DescribeClusterResponse,
    DescribeProducersRequest, DescribeProducersResponse, UnregisterBrokerRequest,
    UnregisterBrokerResponse, DescribeTransactionsRequest, DescribeTransactionsResponse,
    ListTransactionsRequest, ListTransactionsResponse, ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse, ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse,
    GetTelemetrySubscriptionsRequest, GetTelemetrySubscriptionsResponse, PushTelemetryRequest,
    PushTelemetryResponse, ListConfigResourcesRequest, ListConfigResourcesResponse,
    DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, ShareGroupHeartbeatRequest,
    ShareGroupHeartbeatResponse, ShareGroupDescribeRequest, ShareGroupDescribeResponse,
    ShareFetchRequest, ShareFetchResponse, ShareAcknowledgeRequest, ShareAcknowledgeResponse,
    AddRaftVoterRequest, AddRaftVoterResponse, RemoveRaftVoterRequest, RemoveRaftVoterResponse,
    InitializeShareGroupStateRequest, InitializeShareGroupStateResponse, ReadShareGroupStateRequest,
    ReadShareGroupStateResponse, WriteShareGroupStateRequest, WriteShareGroupStateResponse,
    DeleteShareGroupStateRequest, DeleteShareGroupStateResponse, ReadShareGroupStateSummaryRequest,
    ReadShareGroupStateSummaryResponse, DescribeShareGroupOffsetsRequest,
    DescribeShareGroupOffsetsResponse, AlterShareGroupOffsetsRequest,
    AlterShareGroupOffsetsResponse, DeleteShareGroupOffsetsRequest, DeleteShareGroupOffsetsResponse,
    } ours {
    StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse, StreamsGroupDescribeRequest,
    StreamsGroupDescribeResponse,
    } }
}

#[rustfmt::skip]
fn records_of_both() -> [Codec; 86] {
    codecs! { records: both {
    ConsumerProtocolAssignment, ConsumerProtocolSubscription, EndTxnMarker, KRaftVersionRecord,
    LeaderChangeMessage, SnapshotFooterRecord, SnapshotHeaderRecord, VotersRecord,
    DefaultPrincipalData,
    } ours {
    LegacyOffsetCommitKey, LegacyOffsetCommitValue, OffsetCommitKey, OffsetCommitValue,
    GroupMetadataKey, GroupMetadataValue, ConsumerGroupMetadataKey, ConsumerGroupMetadataValue,
    ConsumerGroupPartitionMetadataKey, ConsumerGroupPartitionMetadataValue,
    ConsumerGroupMemberMetadataKey, ConsumerGroupMemberMetadataValue,
    ConsumerGroupTargetAssignmentMetadataKey, ConsumerGroupTargetAssignmentMetadataValue,
    ConsumerGroupTargetAssignmentMemberKey, ConsumerGroupTargetAssignmentMemberValue,
    ConsumerGroupCurrentMemberAssignmentKey, ConsumerGroupCurrentMemberAssignmentValue,
    ShareGroupMemberMetadataKey, ShareGroupMemberMetadataValue, ShareGroupMetadataKey,
    ShareGroupMetadataValue, ShareGroupTargetAssignmentMetadataKey,
    ShareGroupTargetAssignmentMetadataValue, ShareGroupTargetAssignmentMemberKey,
    ShareGroupTargetAssignmentMemberValue, ShareGroupCurrentMemberAssignmentKey,
    ShareGroupCurrentMemberAssignmentValue, ShareGroupStatePartitionMetadataKey,
    ShareGroupStatePartitionMetadataValue, ConsumerGroupRegularExpressionKey,
    ConsumerGroupRegularExpressionValue, StreamsGroupMetadataKey, StreamsGroupMetadataValue,
    StreamsGroupMemberMetadataKey, StreamsGroupMemberMetadataValue,
    StreamsGroupTargetAssignmentMetadataKey, StreamsGroupTargetAssignmentMetadataValue,
    StreamsGroupTargetAssignmentMemberKey, StreamsGroupTargetAssignmentMemberValue,
    StreamsGroupCurrentMemberAssignmentKey, StreamsGroupCurrentMemberAssignmentValue,
    StreamsGroupTopologyKey, StreamsGroupTopologyValue, TransactionLogKey, TransactionLogValue,
    ShareSnapshotKey, ShareSnapshotValue, ShareUpdateKey, ShareUpdateValue, ControlRecordTypeSchema,
    RegisterBrokerRecord, UnregisterBrokerRecord, TopicRecord, PartitionRecord, ConfigRecord,
    PartitionChangeRecord, FenceBrokerRecord, UnfenceBrokerRecord, RemoveTopicRecord,
    DelegationTokenRecord, UserScramCredentialRecord, FeatureLevelRecord, ClientQuotaRecord,
    ProducerIdsRecord, BrokerRegistrationChangeRecord, AccessControlEntryRecord,
    RemoveAccessControlEntryRecord, NoOpRecord, ZkMigrationStateRecord,
    RemoveUserScramCredentialRecord, BeginTransactionRecord, EndTransactionRecord,
    AbortTransactionRecord, RemoveDelegationTokenRecord, RegisterControllerRecord, ClearElrRecord,
    } }
}
