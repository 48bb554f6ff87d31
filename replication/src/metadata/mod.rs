//! What the cluster agrees on: brokers, topics, settings, producer ids.
//!
//! ```text
//! request ──> Controller (a pure Machine, on shard 0) ──> records ──> log `__cluster_metadata`, partition 0
//!                 │ sees its own records at once: its                      │ durable / committed
//!                 │ Image runs ahead of the log                            ▼
//!                 └── per-item results, parked `After`          Image::apply ──> one Arc to each shard
//! ```
//!
//! Invariants: nothing changes an [`Image`] but a [`Record`]; the same records in the same order make the same image,
//! in the controller, in the driver and after a restart; what an image's [`to_records`](Image::to_records) answers
//! rebuilds it. Deliberately absent: appending, waiting and publishing (the driver's), and agreement between several
//! controllers (the quorum's, which will carry these records unchanged).

mod assign;
mod buckets;
mod bytes;
mod configs;
mod controller;
mod delete;
mod extend;
mod image;
mod internal;
mod names;
mod place;
mod quotas;
mod records;
mod topics;

pub use buckets::Buckets;
pub use configs::{AlterConfig, AlterOperation, AlterResource, AlteredResource, ResourceType};
pub use controller::{Controller, ProducerIdBlock, Refusal, Registration};
pub use delete::{DeletedTopic, TopicSelector};
pub use extend::{CreatedPartitions, NewPartitions};
pub use image::{Broker, Change, Image, ImageError, Partition, Topic};
pub use internal::{CONSUMER_OFFSETS, METADATA_TOPIC, SHARE_STATE, TRANSACTION_STATE, is_internal};
pub use names::{InvalidName, check_topic_name};
pub use quotas::AlterQuotas;
pub use records::{BrokerEndpoint, PartitionState, Record, RecordError, Resource};
pub use topics::{CreatedTopic, NewTopic, TopicCreation};

#[cfg(test)]
mod tests;
