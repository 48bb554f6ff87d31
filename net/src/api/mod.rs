//! The API table: one row per Kafka API that is served, and nothing is advertised that is not in it.
//!
//! A row says which versions, on which shard the work is done, and which function does it. Requests run one after the
//! other on a connection, as in Kafka; only Produce goes on in the background, because its acknowledgement waits for a
//! disk and its order is fixed when it is appended.

mod admin;
mod api_versions;
mod cluster;
mod configs;
mod consumer_groups;
mod enlist;
mod epochs;
mod fetch;
mod groups;
mod list_offsets;
mod logs;
mod metadata;
mod offsets;
mod produce;
mod producer_id;
mod quorum;
mod quotas;
mod replicas;
mod request;
mod security;
mod share_fetch;
mod share_groups;
mod share_offsets;
mod share_state;
mod streams_groups;
mod telemetry;
mod throttle;
mod topics;
mod transactions;

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use bytes::BytesMut;
use headwater_core::wire::api::ApiKey;
use headwater_core::wire::{Reader, RequestHeader};

pub use request::{Context, Refused};
pub use share_fetch::disconnected;
pub use throttle::connected;

use crate::conn::connection::Connection;
use crate::conn::replies::Reply;
use crate::rt::Permit;

/// Where the work of an API is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// On the connection's shard, from its own Image.
    Here,
    /// One message to each shard that owns a partition named in the request.
    Partitions,
    /// On the shard that hosts the group's coordinator.
    Group,
    /// On the shard that hosts the transactional id's coordinator.
    Transaction,
    /// On shard 0, where the controller is.
    Controller,
}

type Handling = Pin<Box<dyn Future<Output = Result<Reply, Refused>>>>;

/// One API.
pub struct Row {
    /// Which.
    pub key: ApiKey,
    /// The oldest version served.
    pub min: i16,
    /// The newest version served.
    pub max: i16,
    /// Where it runs.
    pub route: Route,
    handle: fn(Context, BytesMut) -> Handling,
}

macro_rules! rows {
    ($($key:ident $min:literal ..= $max:literal $route:ident $handler:path;)*) => {
        /// Every API that is served, by key.
        pub const TABLE: &[Row] = &[$(Row {
            key: ApiKey::$key,
            min: $min,
            max: $max,
            route: Route::$route,
            handle: |context, body| Box::pin($handler(context, body)),
        },)*];
    };
}

rows! {
    Produce                 3..=13 Partitions produce::handle;
    Fetch                   4..=18 Partitions fetch::handle;
    ListOffsets             1..=11 Partitions list_offsets::handle;
    Metadata                0..=13 Here       metadata::handle;
    OffsetCommit            2..=10 Group      offsets::commit;
    OffsetFetch             1..=10 Group      offsets::fetch;
    FindCoordinator         0..=6  Here       groups::find_coordinator;
    JoinGroup               0..=9  Group      groups::join;
    Heartbeat               0..=4  Group      groups::heartbeat;
    LeaveGroup              0..=5  Group      groups::leave;
    SyncGroup               0..=5  Group      groups::sync;
    DescribeGroups          0..=6  Group      groups::describe;
    ListGroups              0..=5  Group      groups::list;
    SaslHandshake           0..=1  Here       security::sasl_handshake;
    ApiVersions             0..=4  Here       api_versions::handle;
    CreateTopics            2..=7  Controller topics::create;
    DeleteTopics            1..=6  Controller topics::delete;
    DeleteRecords           0..=2  Partitions logs::delete_records;
    InitProducerId          0..=5  Here       producer_id::handle;
    OffsetForLeaderEpoch    2..=4  Partitions epochs::ends;
    AddPartitionsToTxn      0..=5  Transaction transactions::add_partitions;
    AddOffsetsToTxn         0..=4  Transaction transactions::add_offsets;
    EndTxn                  0..=5  Transaction transactions::end;
    WriteTxnMarkers         1..=2  Partitions transactions::write_markers;
    TxnOffsetCommit         0..=5  Group      transactions::commit_offsets;
    DescribeAcls            1..=3  Here       security::describe_acls;
    CreateAcls              1..=3  Here       security::create_acls;
    DeleteAcls              1..=3  Here       security::delete_acls;
    DescribeConfigs         1..=4  Here       admin::describe_configs;
    AlterConfigs            0..=2  Controller configs::alter;
    AlterReplicaLogDirs     1..=2  Here       logs::alter_dirs;
    DescribeLogDirs         1..=5  Partitions logs::describe_dirs;
    SaslAuthenticate        0..=2  Here       security::sasl_authenticate;
    CreatePartitions        0..=3  Controller topics::create_partitions;
    DeleteGroups            0..=2  Group      groups::delete;
    ElectLeaders            0..=2  Here       replicas::elect;
    IncrementalAlterConfigs 0..=1  Controller configs::alter_incrementally;
    AlterPartitionReassignments 0..=1 Here    replicas::reassign;
    ListPartitionReassignments 0..=0 Here     replicas::list;
    OffsetDelete            0..=0  Group      offsets::delete;
    DescribeClientQuotas    0..=1  Here       quotas::describe;
    AlterClientQuotas       0..=1  Controller quotas::alter;
    DescribeUserScramCredentials 0..=0 Here   security::describe_scram;
    AlterUserScramCredentials 0..=0 Here      security::alter_scram;
    DescribeQuorum          0..=2  Controller quorum::describe;
    UpdateFeatures          0..=2  Here       quorum::update_features;
    DescribeCluster         0..=2  Here       cluster::describe;
    DescribeProducers       0..=0  Partitions transactions::describe_producers;
    UnregisterBroker        0..=0  Here       quorum::unregister;
    DescribeTransactions    0..=0  Transaction transactions::describe;
    ListTransactions        0..=2  Transaction transactions::list;
    ConsumerGroupHeartbeat  0..=1  Group      consumer_groups::heartbeat;
    ConsumerGroupDescribe   0..=1  Group      consumer_groups::describe;
    GetTelemetrySubscriptions 0..=0 Here      telemetry::subscriptions;
    PushTelemetry           0..=0  Here       telemetry::push;
    ListConfigResources     0..=1  Here       configs::list;
    DescribeTopicPartitions 0..=0  Here       metadata::describe_topic_partitions;
    ShareGroupHeartbeat     1..=1  Group      share_groups::heartbeat;
    ShareGroupDescribe      1..=1  Group      share_groups::describe;
    ShareFetch              1..=2  Partitions share_fetch::fetch;
    ShareAcknowledge        1..=2  Partitions share_fetch::acknowledge;
    InitializeShareGroupState 0..=0 Partitions share_state::initialize;
    ReadShareGroupState     0..=0  Partitions share_state::read_state;
    WriteShareGroupState    0..=1  Partitions share_state::write;
    DeleteShareGroupState   0..=0  Partitions share_state::delete;
    ReadShareGroupStateSummary 0..=1 Partitions share_state::summary;
    StreamsGroupHeartbeat   0..=0  Group      streams_groups::heartbeat;
    StreamsGroupDescribe    0..=0  Group      streams_groups::describe;
    DescribeShareGroupOffsets 0..=1 Group     share_offsets::describe;
    AlterShareGroupOffsets  0..=0  Group      share_offsets::alter;
    DeleteShareGroupOffsets 0..=0  Group      share_offsets::delete;
}

/// The row of an API, if it is served.
pub fn row(key: ApiKey) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.key == key)
}

/// What the reader does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Reads the next request.
    Read,
    /// Ends the connection, once what is under way has been answered.
    Close,
}

/// Runs one framed request (without its length prefix) and puts its reply in the connection's ring.
pub async fn handle(connection: &Rc<Connection>, mut frame: BytesMut, permit: Option<Permit>) -> Next {
    let mut reader = Reader::new(&frame);
    let header = match RequestHeader::read(&mut reader) {
        Ok(header) => header,
        Err(error) => {
            tracing::debug!(peer = %connection.peer, %error, "request header refused");
            return Next::Close;
        }
    };
    let Some(row) = ApiKey::from_code(header.api_key).and_then(row) else {
        tracing::debug!(peer = %connection.peer, key = header.api_key, "unknown API");
        return Next::Close;
    };
    let version = header.api_version;
    let context = Context::new(connection.clone(), row.key, &header);
    let body_at = frame.len() - reader.rest().len();
    let body = frame.split_off(body_at);
    if !(row.min..=row.max).contains(&version) {
        if row.key == ApiKey::ApiVersions {
            let slot = connection.reserve();
            connection.fill(slot, api_versions::unsupported(&context));
            return Next::Read;
        }
        tracing::debug!(peer = %connection.peer, api = row.key.name(), version, "unsupported version");
        return Next::Close;
    }
    let limits = throttle::Limits::of(&context);
    if row.key == ApiKey::Produce {
        // Paid before it is appended: its answer, which says what came of it, is made elsewhere.
        let throttle_ms = limits.charge(connection, body.len()).await;
        return limits.run(connection, produce::begin(context, body, permit, throttle_ms)).await;
    }
    let slot = connection.reserve();
    match limits.run(connection, (row.handle)(context.with_memory(permit), body)).await {
        Ok(mut reply) => {
            let throttle_ms = limits.charge(connection, reply.len()).await;
            throttle::tell(&mut reply, row.key, version, throttle_ms);
            connection.answer(slot, reply);
            Next::Read
        }
        Err(refused) => {
            tracing::debug!(peer = %connection.peer, api = row.key.name(), version, %refused, "request refused");
            connection.fill(slot, Reply::Close);
            Next::Close
        }
    }
}
