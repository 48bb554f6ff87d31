//! Sockets, shards, request handlers: the server.
//!
//! [`boot::Server`] starts a broker. `shard` owns the data of one core, `conn` the sockets, `api` is the table of Kafka
//! APIs, `rt` the runtime. No rules about data live here: those are in `core` and `replication`.

pub mod api;
pub mod boot;
pub mod conn;
pub mod errors;
pub mod http;
pub mod metrics;
pub mod rt;
pub mod shard;

pub use boot::{BootError, Server};
