//! Names of files and folders.
//!
//! ```text
//!   data folder
//!   ├─ shards                       how many shards wrote this folder
//!   ├─ shard-<n>/checkpoint         what is in segments, and where the journal begins
//!   ├─ shard-<n>/journal/ring-<i>   the journal
//!   └─ topics/<topic id, hex>/<partition>/<base offset, 20 digits>[-<generation>].log    whole batches, back to back
//!                                                                               .index  sparse index of a sealed segment
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

/// A segment's file. Compaction writes a segment again as its next generation, beside the one before.
pub fn segment_file(root: &Path, id: TopicPartition, base: Offset, generation: u32) -> PathBuf {
    log_folder(root, id).join(segment_name(base, generation, "log"))
}

/// A sealed segment's index.
pub fn index_file(root: &Path, id: TopicPartition, base: Offset, generation: u32) -> PathBuf {
    log_folder(root, id).join(segment_name(base, generation, "index"))
}

fn segment_name(base: Offset, generation: u32, extension: &str) -> String {
    match generation {
        0 => format!("{:020}.{extension}", base.get()),
        _ => format!("{:020}-{generation}.{extension}", base.get()),
    }
}

/// Base offset and generation in the name of a segment's file or index; none if it is another name.
pub fn parse_segment_name(name: &str) -> Option<(Offset, u32)> {
    let stem = name.strip_suffix(".log").or_else(|| name.strip_suffix(".index"))?;
    let (base, generation) = match stem.split_once('-') {
        Some((base, generation)) => (base, generation.parse().ok()?),
        None => (stem, 0),
    };
    let digits = base.len() == 20 && base.bytes().all(|b| b.is_ascii_digit());
    Some((Offset::new(base.parse().ok().filter(|_| digits)?), generation))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segment_names_are_read_back() {
        for (base, generation) in [(0, 0), (42, 0), (i64::MAX, 7)] {
            for extension in ["log", "index"] {
                let name = segment_name(Offset::new(base), generation, extension);
                assert_eq!(parse_segment_name(&name), Some((Offset::new(base), generation)), "{name}");
            }
        }
        for name in ["", "1.log", "0000000000000000000x.log", "00000000000000000001.tmp", "-1.log"] {
            assert_eq!(parse_segment_name(name), None, "{name}");
        }
    }
}
