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
//!
//! One thread owns each of these and waits in `poll(2)` with nanosecond timeouts. That was chosen over an
//! event loop for many producers because a producer must be woken at the microsecond its timetable says,
//! whatever its neighbours do; a thread a producer is what the kernel schedules best, and four hundred of
//! them, mostly asleep, cost less than sharing a loop would cost in precision. Epoll would only pay with many
//! sockets in one thread; here it is one a broker.
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
mod unpack;

pub mod admin;
pub mod assign;
pub mod group;

pub use batch::RecordParts;
pub use cluster::{ClientConfig, Cluster, IfMissing};
pub use connection::{Answer, Connection, wait};
pub use consumer::{Consumer, ConsumerConfig, Event, Start};
pub use error::ClientError;
pub use metadata::{Broker, PartitionInfo, TopicInfo};
pub use partitioner::{Partitioner, for_key};
pub use producer::{Acks, Delivery, Producer, ProducerConfig};
pub use unpack::Record;
