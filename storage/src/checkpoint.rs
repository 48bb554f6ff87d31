//! The checkpoint of a shard: what is in flushed segments, and where the journal begins that has the rest.
//!
//! ```text
//!   magic "HWC1" u32 | crc u32 of the rest | version u32 = 1 | lap u64 | pos u64 | sequence u32 | logs u32
//!   log:      topic id 16 | partition i32 | log start i64 | next offset i64 | aux offset i64 | segments u32
//!             | aux length u32, aux
//!   segment:  base i64 | bytes u64 | max timestamp i64 (i64::MIN: none) | sealed u8 | index entries u32, entries
//! ```
//!
//! An unknown version stops the start, and the file is not touched.

use bytes::{Buf, BufMut, Bytes};
use headwater_core::ids::{Offset, PartitionId, TopicId, TopicPartition};

use crate::index::Index;
use crate::journal::ring::Position;

const MAGIC: u32 = u32::from_be_bytes(*b"HWC1");
const VERSION: u32 = 1;

/// One segment, as far as it is flushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentImage {
    /// Its first offset.
    pub base: Offset,
    /// Flushed bytes.
    pub bytes: u64,
    /// The greatest timestamp in them.
    pub max_timestamp: Option<i64>,
    /// Whether nothing more will be written to it.
    pub sealed: bool,
    /// Its index, if it is not sealed (a sealed one has a file).
    pub index: Index,
}

/// One log, as far as it is flushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogImage {
    /// Which log.
    pub id: TopicPartition,
    /// The first offset that may be read.
    pub log_start: Offset,
    /// The offset behind what is flushed.
    pub next: Offset,
    /// Its segments, oldest first.
    pub segments: Vec<SegmentImage>,
    /// Where the log ended when `aux` was taken, at or before `next`.
    pub aux_at: Offset,
    /// What the owner wanted kept.
    pub aux: Bytes,
}

/// See the module's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Where the journal begins.
    pub journal: Position,
    /// Every log of the shard.
    pub logs: Vec<LogImage>,
}

/// Why a checkpoint can't be read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// Its bytes are not as they were written.
    #[error("the checkpoint is damaged")]
    Damaged,
    /// A newer program wrote it.
    #[error("the checkpoint has version {0}, this program reads {VERSION}; use the program that wrote it")]
    Version(u32),
}

impl Checkpoint {
    /// The bytes of the file.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + self.logs.len() * 128);
        out.put_u32(MAGIC);
        out.put_u32(0);
        out.put_u32(VERSION);
        out.put_u64(self.journal.lap);
        out.put_u64(self.journal.pos);
        out.put_u32(self.journal.sequence);
        out.put_u32(self.logs.len() as u32);
        for log in &self.logs {
            out.extend_from_slice(&log.id.topic.get());
            out.put_i32(log.id.partition.get());
            out.put_i64(log.log_start.get());
            out.put_i64(log.next.get());
            out.put_i64(log.aux_at.get());
            out.put_u32(log.segments.len() as u32);
            out.put_u32(log.aux.len() as u32);
            out.extend_from_slice(&log.aux);
            for segment in &log.segments {
                out.put_i64(segment.base.get());
                out.put_u64(segment.bytes);
                out.put_i64(segment.max_timestamp.unwrap_or(i64::MIN));
                out.put_u8(u8::from(segment.sealed));
                let mut index = Vec::new();
                if !segment.sealed {
                    segment.index.encode(&mut index);
                }
                out.put_u32(index.len() as u32);
                out.extend_from_slice(&index);
            }
        }
        let crc = crc32fast::hash(&out[8..]);
        out[4..8].copy_from_slice(&crc.to_be_bytes());
        out
    }

    /// Reads the bytes of the file.
    pub fn decode(bytes: &[u8]) -> Result<Checkpoint, CheckpointError> {
        let mut head = bytes.get(..12).ok_or(CheckpointError::Damaged)?;
        if head.get_u32() != MAGIC || head.get_u32() != crc32fast::hash(&bytes[8..]) {
            return Err(CheckpointError::Damaged);
        }
        let version = head.get_u32();
        if version != VERSION {
            return Err(CheckpointError::Version(version));
        }
        Self::decode_body(&bytes[12..]).ok_or(CheckpointError::Damaged)
    }

    fn decode_body(bytes: &[u8]) -> Option<Checkpoint> {
        let mut r = bytes;
        let lap = r.try_get_u64().ok()?;
        let pos = r.try_get_u64().ok()?;
        let journal = Position { lap, pos, sequence: r.try_get_u32().ok()? };
        let count = r.try_get_u32().ok()?;
        let mut logs = Vec::new();
        for _ in 0..count {
            let (topic, rest) = r.split_first_chunk::<16>()?;
            r = rest;
            let id = TopicPartition {
                topic: TopicId::new(*topic),
                partition: PartitionId::new(r.try_get_i32().ok()?),
            };
            let log_start = Offset::new(r.try_get_i64().ok()?);
            let next = Offset::new(r.try_get_i64().ok()?);
            let aux_at = Offset::new(r.try_get_i64().ok()?);
            let segment_count = r.try_get_u32().ok()?;
            let aux_len = r.try_get_u32().ok()? as usize;
            let (aux, rest) = r.split_at_checked(aux_len)?;
            r = rest;
            let mut segments = Vec::new();
            for _ in 0..segment_count {
                let base = Offset::new(r.try_get_i64().ok()?);
                let bytes = r.try_get_u64().ok()?;
                let max_timestamp = Some(r.try_get_i64().ok()?).filter(|ts| *ts != i64::MIN);
                let sealed = r.try_get_u8().ok()? != 0;
                let (index, rest) = {
                    let len = r.try_get_u32().ok()? as usize;
                    r.split_at_checked(len)?
                };
                r = rest;
                let index = Index::decode(index, max_timestamp)?;
                segments.push(SegmentImage { base, bytes, max_timestamp, sealed, index });
            }
            logs.push(LogImage { id, log_start, next, segments, aux_at, aux: Bytes::copy_from_slice(aux) });
        }
        r.is_empty().then_some(Checkpoint { journal, logs })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint() -> Checkpoint {
        let mut index = Index::default();
        index.note(0, 0, 100, 5, 10);
        index.note(3, 100, 100, 7, 10);
        let segment = |base, sealed, index| SegmentImage {
            base: Offset::new(base),
            bytes: 200,
            max_timestamp: Some(7),
            sealed,
            index,
        };
        let mut sealed_index = Index::default();
        sealed_index.clone_from(&Index::decode(&[], Some(7)).unwrap());
        Checkpoint {
            journal: Position { lap: 1 << 50, pos: 8192, sequence: 9 },
            logs: vec![LogImage {
                id: TopicPartition { topic: TopicId::new([3; 16]), partition: PartitionId::new(5) },
                log_start: Offset::new(2),
                next: Offset::new(20),
                aux_at: Offset::new(19),
                segments: vec![
                    segment(0, true, sealed_index),
                    segment(
                        10,
                        false,
                        Index::decode(
                            &{
                                let mut bytes = Vec::new();
                                index.encode(&mut bytes);
                                bytes
                            },
                            Some(7),
                        )
                        .unwrap(),
                    ),
                ],
                aux: Bytes::from_static(b"aux"),
            }],
        }
    }

    #[test]
    fn round_trip() {
        assert_eq!(Checkpoint::decode(&checkpoint().encode()).unwrap(), checkpoint());
    }

    #[test]
    fn damage_is_found_and_a_newer_version_refused() {
        let good = checkpoint().encode();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 8;
            assert!(matches!(Checkpoint::decode(&bad), Err(CheckpointError::Damaged)), "flipped at {at}");
        }
        let mut newer = good;
        newer[11] = 2;
        let crc = crc32fast::hash(&newer[8..]);
        newer[4..8].copy_from_slice(&crc.to_be_bytes());
        assert!(matches!(Checkpoint::decode(&newer), Err(CheckpointError::Version(2))));
    }
}
