//! Every bound on what outsiders can make a broker hold, in one place.
//!
//! A bound is the sum of those who hold a share of it, each by its name; the inequalities that make the bounds safe
//! together are asserted at compile time, at the foot of this file. What an operator may choose is in the
//! configuration; here are the fixed bounds, and those the operator's choice is checked against.
//!
//! Sizes are bytes unless the name says another unit.

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

// ---- Frames ----------------------------------------------------------------------------------------------------

/// Default of `socket.request.max.bytes` (behaviour 67).
pub const FRAME_BYTES_MAX_DEFAULT: usize = 100 * MIB;

/// A request header's client id and tags at most; longer ones close the connection.
pub const REQUEST_HEADER_BYTES_MAX: usize = 64 * KIB;

/// Elements of an array that may be reserved for before they are decoded. Longer arrays grow as they are read, so a
/// length taken on trust never allocates more than this many elements.
pub const ARRAY_RESERVE_MAX: usize = 1024;

// ---- A connection ----------------------------------------------------------------------------------------------

/// Requests of one connection that are decoded and not yet answered.
pub const PIPELINED_REQUESTS_MAX: usize = 64;

/// The one request whose frame is being read while the others wait.
const PIPELINED_READING: usize = 1;

/// Slots of a connection's in-order reply ring: every request that may be under way has one before it starts.
pub const REPLY_SLOTS: usize = PIPELINED_REQUESTS_MAX + PIPELINED_READING;

/// What a connection reads into while it has no large frame.
pub const CONNECTION_READ_BUFFER_BYTES: usize = 16 * KIB;

/// Encoded replies a connection may hold before it stops taking requests: a client that does not read is not fed.
pub const CONNECTION_WRITE_BUFFER_BYTES: usize = MIB;

/// What an idle connection costs.
pub const CONNECTION_IDLE_BYTES_MAX: usize = CONNECTION_READ_BUFFER_BYTES;

// ---- A shard ---------------------------------------------------------------------------------------------------

/// Default of `headwater.inflight.bytes`: memory of a shard for requests being read and handled.
pub const INFLIGHT_BYTES_DEFAULT: usize = 256 * MIB;

/// Default of `headwater.heads.bytes`.
pub const HEADS_BYTES_DEFAULT: usize = 128 * MIB;

/// Default of `headwater.cache.bytes`.
pub const CACHE_BYTES_DEFAULT: usize = 64 * MIB;

/// Shards a node may have.
pub const SHARDS_MAX: usize = 1024;

/// Requests one shard may have on their way to another.
pub const MESH_REQUESTS: usize = 256;

/// Of those that were taken out of the lane and are still being worked on.
pub const MESH_IN_SERVICE: usize = 4096;

/// Room for replies on the way back: every request's reply fits, so sending one never waits.
pub const MESH_REPLIES: usize = MESH_REQUESTS + MESH_IN_SERVICE;

// ---- Record batches --------------------------------------------------------------------------------------------

/// What a batch may decompress to. Kafka has no such bound; its own clients limit a batch by its size before compression,
/// so this is far above what they send. A shard decompresses one batch at a time.
pub const DECOMPRESSED_BATCH_BYTES_MAX: usize = 128 * MIB;

/// Records of a refused batch that the answer names. A batch can have millions of records without a key; the
/// client learns from the error code that all of it was refused.
pub const RECORD_ERRORS_MAX: usize = 1000;

// ---- Groups of partitions --------------------------------------------------------------------------------------

/// Partitions that one CreateTopics or CreatePartitions may make, as in Kafka.
pub const PARTITIONS_PER_REQUEST_MAX: usize = 10_000;

/// Partitions of one topic: the topic and all of them are one metadata record.
pub const PARTITIONS_PER_TOPIC_MAX: usize = 100_000;

/// Replicas of one partition, as in Kafka (an i16 on the wire), bounded by what a metadata record may hold.
pub const REPLICAS_MAX: usize = 128;

/// A topic's name (behaviour 16).
pub const TOPIC_NAME_BYTES_MAX: usize = 249;

/// The value of one setting of a topic, a group or a broker.
pub const CONFIG_VALUE_BYTES_MAX: usize = 64 * KIB;

/// A record of the metadata log.
pub const METADATA_RECORD_BYTES_MAX: usize = 16 * MIB;

/// What one partition adds to a topic's record: number, leader, epochs and two replica lists of [`REPLICAS_MAX`] would
/// be more, but a request with as many partitions and replicas does not fit its own bounds.
const METADATA_PARTITION_BYTES_TYPICAL: usize = 64;

/// Producer ids a shard takes from the controller at a time, as in Kafka.
pub const PRODUCER_ID_BLOCK: i64 = 1000;

// ---- Groups ----------------------------------------------------------------------------------------------------

/// Default of `offset.metadata.max.bytes` (behaviour 53).
pub const OFFSET_METADATA_BYTES_MAX_DEFAULT: usize = 4096;

// ---- What makes them safe together -----------------------------------------------------------------------------

// A largest request can be admitted at all.
const _: () = assert!(FRAME_BYTES_MAX_DEFAULT <= INFLIGHT_BYTES_DEFAULT);
// A stranger's request is smaller than a known client's.
// A header fits a frame that an unauthenticated client may send.
const _: () = assert!(REQUEST_HEADER_BYTES_MAX < FRAME_BYTES_MAX_DEFAULT);
// A request never waits for a reply slot that only it could free.
const _: () = assert!(REPLY_SLOTS > PIPELINED_REQUESTS_MAX);
// A reply never waits for room in the mesh: two shards that wait for each other would stand still.
const _: () = assert!(MESH_REPLIES >= MESH_REQUESTS + MESH_IN_SERVICE);
// The largest topic is one record of the metadata log.
const _: () =
    assert!(PARTITIONS_PER_TOPIC_MAX * METADATA_PARTITION_BYTES_TYPICAL < METADATA_RECORD_BYTES_MAX);
// A shard is a u16, and so is its number in a message.
const _: () = assert!(SHARDS_MAX <= u16::MAX as usize);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::BrokerConfig;

    #[test]
    fn defaults_are_the_configurations() {
        let config = BrokerConfig::defaults();
        assert_eq!(config.net.request_bytes_max as usize, FRAME_BYTES_MAX_DEFAULT);
        assert_eq!(config.net.inflight_bytes as usize, INFLIGHT_BYTES_DEFAULT);
        assert_eq!(config.storage.heads_bytes as usize, HEADS_BYTES_DEFAULT);
        assert_eq!(config.storage.cache_bytes as usize, CACHE_BYTES_DEFAULT);
        assert_eq!(config.offsets.metadata_bytes_max as usize, OFFSET_METADATA_BYTES_MAX_DEFAULT);
    }
}
