//! Topics the broker makes for itself, on demand.

use headwater_core::config::{BrokerConfig, Overrides};

/// Committed offsets and group memberships (behaviour 58).
pub const CONSUMER_OFFSETS: &str = "__consumer_offsets";
/// What share groups know of partitions (KIP-932).
pub const SHARE_STATE: &str = "__share_group_state";
/// Transactions.
pub const TRANSACTION_STATE: &str = "__transaction_state";
/// The metadata log: a log, not a topic of the image; clients may not create one of this name.
pub const METADATA_TOPIC: &str = "__cluster_metadata";

/// Whether Metadata marks the topic as internal.
pub fn is_internal(name: &str) -> bool {
    matches!(name, CONSUMER_OFFSETS | SHARE_STATE | TRANSACTION_STATE)
}

/// How an internal topic is made.
pub(super) struct Internal {
    pub partitions: i32,
    pub replication_factor: i16,
    pub configs: Overrides,
}

/// How the internal topic `name` is made in a cluster of `brokers`; `None` for other names.
///
/// Kafka asks for three replicas and fails below them. Here, unless somebody set a number, there are as many as there
/// are brokers, up to that: a lone broker must work as it comes.
pub(super) fn internal(name: &str, config: &BrokerConfig, brokers: usize) -> Option<Internal> {
    let fit =
        |factor: i16, set: bool| if set { factor } else { factor.min(brokers.min(i16::MAX as usize) as i16) };
    let configs = |pairs: &[(&str, String)]| pairs.iter().map(|(k, v)| (k.to_string(), v.clone())).collect();
    match name {
        CONSUMER_OFFSETS => {
            let o = &config.offsets;
            Some(Internal {
                partitions: o.partitions,
                replication_factor: fit(o.replication_factor, o.replication_factor_set),
                configs: configs(&[
                    ("cleanup.policy", "compact".into()),
                    ("compression.type", "producer".into()),
                    ("segment.bytes", o.segment_bytes.to_string()),
                ]),
            })
        }
        SHARE_STATE => {
            let s = &config.share_group;
            let replication_factor = fit(s.replication_factor, s.replication_factor_set);
            let min_isr =
                if s.min_isr_set { s.min_isr } else { s.min_isr.min(i32::from(replication_factor)) };
            Some(Internal {
                partitions: s.partitions,
                replication_factor,
                configs: configs(&[
                    // Updates of a share partition have one key: its coordinator deletes what is old itself.
                    ("cleanup.policy", "delete".into()),
                    ("compression.type", "producer".into()),
                    ("min.insync.replicas", min_isr.to_string()),
                    ("retention.ms", "-1".into()),
                    ("segment.bytes", s.segment_bytes.to_string()),
                ]),
            })
        }
        TRANSACTION_STATE => {
            let t = &config.transaction;
            let replication_factor = fit(t.replication_factor, t.replication_factor_set);
            let min_isr =
                if t.min_isr_set { t.min_isr } else { t.min_isr.min(i32::from(replication_factor)) };
            Some(Internal {
                partitions: t.partitions,
                replication_factor,
                configs: configs(&[
                    ("cleanup.policy", "compact".into()),
                    ("compression.type", "uncompressed".into()),
                    ("min.insync.replicas", min_isr.to_string()),
                    ("segment.bytes", t.segment_bytes.to_string()),
                    ("unclean.leader.election.enable", "false".into()),
                ]),
            })
        }
        _ => None,
    }
}
