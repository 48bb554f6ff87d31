//! Agreement about logs: partitions with their replicas and waiters, machines hosted on them, the cluster's metadata.
//!
//! No sockets and no runtime: whoever drives these loops is in `net`.

pub mod cluster;
pub mod coordinator;
mod driver;
pub mod effect;
pub mod hosted;
pub mod machine_log;
pub mod metadata;
pub mod partition;
pub mod share_state;
pub mod transactions;
pub mod waiters;
