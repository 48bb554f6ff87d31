//! Kafka's configuration as typed data, validated once.
//!
//! Three tables name every setting of Apache Kafka 4.3 and Headwater's own (which begin with `headwater.`):
//! `broker.tsv`, `topic.tsv` and `group.tsv`, read by `table`. Each row says type, default, valid values, what it
//! may be set from, what it means, and whether it means anything here ([`Stance`]).
//!
//! ```text
//! defaults < server.properties < HEADWATER_… variables < --set key=value < flags      [sources]
//!      └────────────┬────────────────────────────────────────────────────┘
//!                Settings: name -> value + source                                     [sources]
//!                   ├─ BrokerConfig: typed, checked                                   [broker]
//!                   │     + dynamic values from the metadata log (cluster, then this broker)
//!                   ├─ TopicConfig: a topic's overrides over it                       [topic]
//!                   ├─ GroupConfig: a group's overrides over it                       [group]
//!                   └─ ConfigEntry: what DescribeConfigs answers                      [describe]
//! ```
//!
//! Invariants: a value in [`Settings`] has passed the check of its row; a `BrokerConfig` has passed the rules between
//! keys too, so nothing after the start asks again. Deliberately absent: reading files and the environment (text and
//! pairs are arguments), and applying a change to what is running.

mod broker;
mod describe;
mod error;
mod group;
mod identity;
mod listener;
mod properties;
mod retired;
mod share;
mod sources;
mod streams;
mod suggest;
mod table;
mod topic;
mod value;

pub use broker::{
    BrokerConfig, ConsumerGroupSettings, FetchSettings, GroupSettings, NetSettings, OffsetsSettings,
    StorageSettings, TransactionSettings,
};
pub use describe::{
    ConfigEntry, ConfigSource, Synonym, describe_broker, describe_client_metrics, describe_cluster,
    describe_group, describe_topic,
};
pub use error::ConfigError;
pub use group::GroupConfig;
pub use identity::ClusterMeta;
pub use listener::{Endpoint, Listeners};
pub use properties::parse as parse_properties;
pub use share::{ShareGroupConfig, ShareReset, ShareSettings};
pub use sources::{Origin, Overrides, Settings, Sources};
pub use streams::{StreamsGroupConfig, StreamsSettings};
pub use suggest::nearest;
pub use table::{Importance, Scope, Setting, Stance, Update, all, find};
pub use topic::{Compression, Durability, TimestampType, TopicConfig};
pub use value::Kind;

#[cfg(test)]
mod tests;
