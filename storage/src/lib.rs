//! The log on a disk: a journal per shard that makes appends durable, segments per partition that hold them.
//!
//! [`store::Store`] is a shard's; [`log::Log`] a partition's. Generic over [`disk::Disk`]. Knows nothing of clients, of
//! topics' names, or of replicas.

mod cached;
pub mod checkpoint;
mod commit;
pub mod compact;
mod cursor;
mod deletion;
pub mod disk;
pub mod error;
mod event;
pub mod index;
mod indexes;
pub mod journal;
mod large;
pub mod layout;
pub mod log;
mod lookup;
pub mod offline;
pub mod plan;
pub mod reader;
mod reads;
mod recovery;
mod retention;
pub mod sealed;
mod segment;
mod shared;
pub mod store;
mod stored;
pub mod together;
mod write_log;
mod write_out;

pub use error::StorageError;
