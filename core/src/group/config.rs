//! The settings a coordinator works with.

use super::consumer::Assignor;
use crate::config::BrokerConfig;

/// Which assignors there are; the first is for groups whose members ask for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assignors {
    first: Assignor,
    has_uniform: bool,
    has_range: bool,
}

impl Assignors {
    /// Those of these names; names that are not known are left out. `uniform` if none is left.
    pub fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<Assignor> = names.into_iter().filter_map(Assignor::named).collect();
        let first = known.first().copied().unwrap_or(Assignor::Uniform);
        let has = |assignor| first == assignor || known.contains(&assignor);
        Self { first, has_uniform: has(Assignor::Uniform), has_range: has(Assignor::Range) }
    }

    /// The first.
    pub fn first(&self) -> Assignor {
        self.first
    }

    /// Whether it is one of them.
    pub fn has(&self, assignor: Assignor) -> bool {
        match assignor {
            Assignor::Uniform => self.has_uniform,
            Assignor::Range => self.has_range,
        }
    }
}

/// Settings of consumer groups; how their members are timed is each group's own ([`Cluster`](super::Cluster)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsumerConfig {
    /// `group.coordinator.rebalance.protocols` has `consumer`.
    pub enabled: bool,
    /// `group.consumer.max.size`.
    pub members_max: usize,
    /// `group.consumer.assignors`.
    pub assignors: Assignors,
    /// `group.consumer.migration.policy`: a live classic group may become a consumer group.
    pub upgrade: bool,
    /// The same: a live consumer group may become a classic group.
    pub downgrade: bool,
}

/// Settings of groups and of committed offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupConfig {
    /// `group.initial.rebalance.delay.ms`: how long an empty group waits for more members.
    pub initial_rebalance_delay_ms: u64,
    /// `group.min.session.timeout.ms`.
    pub session_timeout_min_ms: u64,
    /// `group.max.session.timeout.ms`.
    pub session_timeout_max_ms: u64,
    /// `group.max.size`: most members of a group.
    pub members_max: usize,
    /// Settings of consumer groups.
    pub consumer: ConsumerConfig,
    /// `group.share.max.size`: most members of a share group.
    pub share_members_max: usize,
    /// `group.streams.max.size`: most members of a streams group.
    pub streams_members_max: usize,
    /// `offset.metadata.max.bytes`: longest note with an offset. Counted in UTF-16 units, as Kafka does in spite of the
    /// name.
    pub metadata_bytes_max: usize,
    /// `offsets.retention.minutes`, in milliseconds.
    pub retention_ms: i64,
    /// `offsets.retention.check.interval.ms`.
    pub retention_check_interval_ms: u64,
    /// The largest value of a record the driver can append. A group whose members do not fit cannot be stored: its leader's
    /// SyncGroup fails (Kafka's UNKNOWN_SERVER_ERROR), not the append, which would take the whole coordinator down.
    pub record_bytes_max: usize,
}

impl GroupConfig {
    /// The settings out of a broker's, for a partition that takes batches of `batch_bytes_max`.
    pub fn new(broker: &BrokerConfig, batch_bytes_max: usize) -> Self {
        Self {
            initial_rebalance_delay_ms: broker.group.initial_rebalance_delay_ms,
            session_timeout_min_ms: broker.group.session_timeout_min_ms,
            session_timeout_max_ms: broker.group.session_timeout_max_ms,
            members_max: broker.group.members_max as usize,
            consumer: ConsumerConfig {
                enabled: broker.consumer_group.enabled,
                members_max: broker.consumer_group.members_max as usize,
                assignors: Assignors::named(broker.consumer_group.assignors.iter().map(String::as_str)),
                upgrade: broker.consumer_group.upgrade,
                downgrade: broker.consumer_group.downgrade,
            },
            share_members_max: broker.share_group.members_max as usize,
            streams_members_max: broker.streams_group.members_max as usize,
            metadata_bytes_max: broker.offsets.metadata_bytes_max as usize,
            retention_ms: i64::try_from(broker.offsets.retention_ms).unwrap_or(i64::MAX),
            retention_check_interval_ms: broker.offsets.retention_check_interval_ms,
            record_bytes_max: batch_bytes_max.saturating_sub(RECORD_OVERHEAD_BYTES),
        }
    }
}

/// What a batch with one record holds besides the record's value: the batch's header (61), the record's own lengths
/// (at most 30) and its key (a group's name, at most 32,767, and its type and length).
const RECORD_OVERHEAD_BYTES: usize = 61 + 30 + 32_767 + 4;

/// How long a new member's parked JoinGroup counts as a sign of life. It has no id yet, so it cannot send heartbeats;
/// and a client that went away while parked must not hold up rebalances for ever. Kafka has the same five minutes.
pub(super) const NEW_MEMBER_TIMEOUT_MS: u64 = 5 * 60 * 1000;

/// Longest name of any kind in a request. Records of `__consumer_offsets` have room for 32,767 bytes; a longer name
/// would be cut there, and be another group's or member's. The rest is for the 37 characters a member's id adds.
pub(super) const NAME_BYTES_MAX: usize = 32_767 - 37;
