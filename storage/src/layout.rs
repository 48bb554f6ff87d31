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

use headwater_core::ids::{Offset, PartitionId, ShardId, TopicId, TopicPartition};

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

/// The folder of all topics.
pub fn topics_folder(root: &Path) -> PathBuf {
    root.join("topics")
}

/// The folder of a topic's partitions.
pub fn topic_folder(root: &Path, id: TopicPartition) -> PathBuf {
    topics_folder(root).join(format!("{:032x}", u128::from_be_bytes(id.topic.get())))
}

/// The topic's folder, if this is the folder of a partition.
pub fn topic_folder_of<'p>(root: &Path, path: &'p Path) -> Option<&'p Path> {
    let topic = path.parent()?;
    (topic.parent()? == topics_folder(root)).then_some(topic)
}

/// Whose segments are in a folder, by the names of the topic's folder and of its own; none if these are other names.
pub fn parse_log_folder(topic: &str, partition: &str) -> Option<TopicPartition> {
    let id = u128::from_str_radix(topic, 16).ok()?;
    let number = partition.parse().ok().filter(|number| *number >= 0)?;
    let id = TopicPartition { topic: TopicId::new(id.to_be_bytes()), partition: PartitionId::new(number) };
    // Not another way to write the same numbers.
    log_folder(Path::new(""), id).ends_with(Path::new(topic).join(partition)).then_some(id)
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
    fn log_folders_are_read_back() {
        let root = Path::new("/data");
        for (topic, partition) in [([0; 16], 0), ([0xfe; 16], i32::MAX)] {
            let id = TopicPartition { topic: TopicId::new(topic), partition: PartitionId::new(partition) };
            let folder = log_folder(root, id);
            let names: Vec<_> = folder.iter().rev().take(2).map(|name| name.to_str().unwrap()).collect();
            assert_eq!(parse_log_folder(names[1], names[0]), Some(id));
            assert_eq!(topic_folder_of(root, &folder), Some(topic_folder(root, id).as_path()));
            assert_eq!(topic_folder_of(root, &segment_file(root, id, Offset::ZERO, 0)), None);
        }
        let topic = "0123456789abcdef0123456789abcdef";
        for (topic, partition) in [
            (topic, "-1"),
            (topic, "+1"),
            (topic, "01"),
            (topic, "x"),
            (&topic[1..], "1"),
            ("lost+found", "1"),
        ] {
            assert_eq!(parse_log_folder(topic, partition), None, "{topic}/{partition}");
        }
    }

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
