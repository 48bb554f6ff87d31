//! A Kafka client of our own, on plain blocking threads: no async runtime, no thread behind the owner's back.
//!
//! | to find | open |
//! |---|---|
//! | requests and answers on one socket | [`Connection`] |
//! | who leads what, and connections to them | [`Cluster`] |
//! | topics, groups and offsets, by calls that are waited for | [`admin`] |
//! | sending records | [`Producer`] |
//! | reading records | [`Consumer`] |
//! | sharing partitions with other readers of a group | [`group`] |
//! | sharing records with other readers of a partition | [`share`] |
//!
//! One thread owns each of these and waits in `poll(2)` with nanosecond timeouts, for one of them or for
//! several at once ([`wait`]). The load generator has as many producing threads as cores: four hundred
//! threads with a producer each took 1.1 s of CPU a second for 20,000 records, most of it the scheduler's,
//! where two threads take 0.3. Only connections with something under way are waited for, so that the list
//! stays short without epoll.
//!
//! Deliberately absent: TLS and SASL, the new consumer protocol (KIP-848), transactions over consumed offsets.

mod batch;
mod cluster;
mod connection;
mod consumer;
mod error;
mod metadata;
mod partitioner;
mod producer;
mod queue;
mod setbacks;
mod unpack;

pub mod admin;
pub mod assign;
pub mod group;
pub mod share;

pub use batch::RecordParts;
pub use cluster::{ClientConfig, Cluster, IfMissing};
pub use connection::{Answer, Connection, wait};
pub use consumer::{Consumer, ConsumerConfig, Event, Start};
pub use error::ClientError;
pub use metadata::{Broker, PartitionInfo, TopicInfo};
pub use partitioner::{Partitioner, for_key};
pub use producer::{Acks, Delivery, Producer, ProducerConfig};
pub use setbacks::Setbacks;
pub use unpack::Record;
