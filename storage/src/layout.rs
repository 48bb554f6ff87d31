//! Names of files and folders.
//!
//! ```text
//!   data folder
//!   ├─ shards                       how many shards wrote this folder
//!   ├─ shard-<n>/checkpoint         what is in segments, and where the journal begins
//!   ├─ shard-<n>/journal/ring-<i>   the journal
//!   └─ topics/<topic id, hex>/<partition>/<base offset, 20 digits>.log     whole batches, back to back
//!                                                                 .index   sparse index of a sealed segment
//! ```

use std::path::{Path, PathBuf};

use headwater_core::ids::{Offset, ShardId, TopicPartition};

/// The file that says how many shards wrote the folder.
pub fn shards_file(root: &Path) -> PathBuf {
    root.join("shards")
}

/// A shard's folder.
pub fn shard_folder(root: &Path, shard: ShardId) -> PathBuf {
    root.join(format!("shard-{shard}"))
}

/// A shard's checkpoint.
pub fn checkpoint_file(root: &Path, shard: ShardId) -> PathBuf {
    shard_folder(root, shard).join("checkpoint")
}

/// A shard's journal.
pub fn journal_folder(root: &Path, shard: ShardId) -> PathBuf {
    shard_folder(root, shard).join("journal")
}

/// The folder of a topic's partitions.
pub fn topic_folder(root: &Path, id: TopicPartition) -> PathBuf {
    root.join("topics").join(format!("{:032x}", u128::from_be_bytes(id.topic.get())))
}

/// The folder of a partition's segments.
pub fn log_folder(root: &Path, id: TopicPartition) -> PathBuf {
    topic_folder(root, id).join(id.partition.to_string())
}

/// A segment's file.
pub fn segment_file(root: &Path, id: TopicPartition, base: Offset) -> PathBuf {
    log_folder(root, id).join(format!("{:020}.log", base.get()))
}

/// A sealed segment's index.
pub fn index_file(root: &Path, id: TopicPartition, base: Offset) -> PathBuf {
    log_folder(root, id).join(format!("{:020}.index", base.get()))
}
