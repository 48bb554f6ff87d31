//! The checkpoint of a shard: what is in flushed segments, and where the journal begins that has the rest.
//!
//! ```text
//!   magic "HWC1" u32 | crc u32 of the rest | version u32 = 3 | lap u64 | pos u64 | sequence u32 | logs u32 | dropped u32
//!   log:      topic id 16 | partition i32 | log start i64 | next offset i64 | aux offset i64 | segments u32 | epochs u32
//!             | aux length u32, aux | segments | epochs
//!   segment:  base i64 | generation u32 | bytes u64 | first timestamp i64 | max timestamp i64 (i64::MIN: none)
//!             | flags u8 (1 sealed, 2 compacted, 4 clean) | index bytes u32, index
//!   epoch:    leader epoch i32 | offset of its first record i64
//!   dropped:  topic id 16 | partition i32
//! ```
//!
//! A dropped log is one whose end the journal may tell of behind this checkpoint's position: what the journal has of it
//! before that is not brought back. Without that list those entries would look like a log that lost its beginning.
//!
//! An unknown version stops the start, and the file is not touched. Version 2 is the same, before the journal had entries
//! of the kinds 5 and 6: a program that reads only 2 would take their frames for torn ones, and drop what was acknowledged.

use bytes::{Buf, BufMut, Bytes};
use headwater_core::epochs::LeaderEpochs;
use headwater_core::ids::{LeaderEpoch, Offset, PartitionId, TopicId, TopicPartition};

use crate::index::Index;
use crate::journal::ring::Position;

const MAGIC: u32 = u32::from_be_bytes(*b"HWC1");
const VERSION: u32 = 3;
const VERSION_BEFORE_STORED: u32 = 2;
const SEALED: u8 = 1;
const COMPACTED: u8 = 2;
const CLEAN: u8 = 4;

/// One segment, as far as it is flushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentImage {
    /// Its first offset.
    pub base: Offset,
    /// How often it was written again by compaction; part of its file's name.
    pub generation: u32,
    /// Flushed bytes.
    pub bytes: u64,
    /// The first batch's greatest timestamp, from which `segment.ms` counts.
    pub first_timestamp: Option<i64>,
    /// The greatest timestamp in them.
    pub max_timestamp: Option<i64>,
    /// Whether nothing more will be written to it.
    pub sealed: bool,
    /// Whether compaction may have left gaps between its offsets.
    pub compacted: bool,
    /// Whether compaction is done with it: no key in it has an older record anywhere before.
    pub clean: bool,
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
    /// Which leader epoch begins where.
    pub epochs: LeaderEpochs,
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
    /// Logs that are gone; see the module's text.
    pub dropped: Vec<TopicPartition>,
}

/// Whether the bytes of a good checkpoint are of the version that is written today.
pub(crate) fn is_current(bytes: &[u8]) -> bool {
    bytes.get(8..12) == Some(&VERSION.to_be_bytes())
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
        let mut encoder = Encoder::new(self.journal, 64 + self.logs.len() * 128);
        for log in &self.logs {
            encoder.log(log, log.log_start, None);
        }
        encoder.finish(self.dropped.iter().copied())
    }

    /// Reads the bytes of the file.
    pub fn decode(bytes: &[u8]) -> Result<Checkpoint, CheckpointError> {
        let mut head = bytes.get(..12).ok_or(CheckpointError::Damaged)?;
        if head.get_u32() != MAGIC || head.get_u32() != crc32fast::hash(&bytes[8..]) {
            return Err(CheckpointError::Damaged);
        }
        let version = head.get_u32();
        if version != VERSION && version != VERSION_BEFORE_STORED {
            return Err(CheckpointError::Version(version));
        }
        Self::decode_body(&bytes[12..]).ok_or(CheckpointError::Damaged)
    }

    fn decode_body(bytes: &[u8]) -> Option<Checkpoint> {
        let mut r = bytes;
        let lap = r.try_get_u64().ok()?;
        let pos = r.try_get_u64().ok()?;
        let journal = Position { lap, pos, sequence: r.try_get_u32().ok()? };
        let logs = r.try_get_u32().ok()?;
        let dropped = r.try_get_u32().ok()?;
        let logs = (0..logs).map(|_| LogImage::decode(&mut r)).collect::<Option<_>>()?;
        let dropped = (0..dropped).map(|_| get_id(&mut r)).collect::<Option<_>>()?;
        r.is_empty().then_some(Checkpoint { journal, logs, dropped })
    }
}

/// Makes the bytes of a checkpoint log by log, so that whoever has ten thousand of them can let others in between.
///
/// Each log is as it is when its turn comes. That is sound, because an image only says what is durable already; a log
/// that goes meanwhile has to be among the dropped ones, which come last.
pub struct Encoder {
    out: Vec<u8>,
    logs: u32,
    /// Of what is behind the head, up to `hashed`.
    crc: crc32fast::Hasher,
    hashed: usize,
}

/// Bytes before the first log.
const HEAD_BYTES: usize = 40;
/// The numbers of logs and of dropped ones, and with them the head's end, are known last.
const COUNTS_AT: usize = 32;

impl Encoder {
    /// Of a checkpoint with the journal at `journal`, of about `bytes`.
    pub fn new(journal: Position, bytes: usize) -> Self {
        let mut out = Vec::with_capacity(bytes);
        out.put_u32(MAGIC);
        out.put_u32(0);
        out.put_u32(VERSION);
        out.put_u64(journal.lap);
        out.put_u64(journal.pos);
        out.put_u32(journal.sequence);
        out.put_u64(0);
        Self { out, logs: 0, crc: crc32fast::Hasher::new(), hashed: HEAD_BYTES }
    }

    /// The next log: its image, but with this start, and without segments before `first`.
    pub fn log(&mut self, image: &LogImage, log_start: Offset, first: Option<Offset>) {
        image.encode(log_start, first, &mut self.out);
        self.logs += 1;
    }

    /// Ends the slice if it has so many bytes: then it is the turn of others.
    pub fn ends_slice(&mut self, bytes: usize) -> bool {
        let ends = self.out.len() - self.hashed >= bytes;
        if ends {
            self.hash();
        }
        ends
    }

    fn hash(&mut self) {
        self.crc.update(&self.out[self.hashed..]);
        self.hashed = self.out.len();
    }

    /// The bytes of the file.
    pub fn finish(mut self, dropped: impl Iterator<Item = TopicPartition>) -> Vec<u8> {
        let mut count = 0u32;
        for id in dropped {
            put_id(&mut self.out, id);
            count += 1;
        }
        self.hash();
        self.out[COUNTS_AT..COUNTS_AT + 4].copy_from_slice(&self.logs.to_be_bytes());
        self.out[COUNTS_AT + 4..HEAD_BYTES].copy_from_slice(&count.to_be_bytes());
        let mut crc = crc32fast::Hasher::new();
        crc.update(&self.out[8..HEAD_BYTES]);
        crc.combine(&self.crc);
        self.out[4..8].copy_from_slice(&crc.finalize().to_be_bytes());
        self.out
    }
}

impl LogImage {
    fn encode(&self, log_start: Offset, first: Option<Offset>, out: &mut Vec<u8>) {
        let gone = first.map_or(0, |first| self.segments.partition_point(|segment| segment.base < first));
        let segments = &self.segments[gone..];
        put_id(out, self.id);
        out.put_i64(log_start.get());
        out.put_i64(self.next.get());
        out.put_i64(self.aux_at.get());
        out.put_u32(segments.len() as u32);
        out.put_u32(self.epochs.entries().len() as u32);
        out.put_u32(self.aux.len() as u32);
        out.extend_from_slice(&self.aux);
        for segment in segments {
            segment.encode(out);
        }
        for entry in self.epochs.entries() {
            out.put_i32(entry.epoch.get());
            out.put_i64(entry.start.get());
        }
    }

    fn decode(r: &mut &[u8]) -> Option<LogImage> {
        let id = get_id(r)?;
        let log_start = Offset::new(r.try_get_i64().ok()?);
        let next = Offset::new(r.try_get_i64().ok()?);
        let aux_at = Offset::new(r.try_get_i64().ok()?);
        let segments = r.try_get_u32().ok()?;
        let epoch_count = r.try_get_u32().ok()?;
        let aux_len = r.try_get_u32().ok()? as usize;
        let aux = Bytes::copy_from_slice(take(r, aux_len)?);
        let segments = (0..segments).map(|_| SegmentImage::decode(r)).collect::<Option<_>>()?;
        let mut epochs = LeaderEpochs::default();
        for _ in 0..epoch_count {
            let epoch = LeaderEpoch::new(r.try_get_i32().ok()?);
            epochs.assign(epoch, Offset::new(r.try_get_i64().ok()?));
        }
        Some(LogImage { id, log_start, next, segments, epochs, aux_at, aux })
    }
}

impl SegmentImage {
    fn encode(&self, out: &mut Vec<u8>) {
        out.put_i64(self.base.get());
        out.put_u32(self.generation);
        out.put_u64(self.bytes);
        out.put_i64(self.first_timestamp.unwrap_or(i64::MIN));
        out.put_i64(self.max_timestamp.unwrap_or(i64::MIN));
        let flags = [(self.sealed, SEALED), (self.compacted, COMPACTED), (self.clean, CLEAN)];
        out.put_u8(flags.iter().filter(|(is, _)| *is).map(|(_, flag)| flag).sum());
        let at = out.len();
        out.put_u32(0);
        if !self.sealed {
            self.index.encode(out);
        }
        let len = (out.len() - at - 4) as u32;
        out[at..at + 4].copy_from_slice(&len.to_be_bytes());
    }

    fn decode(r: &mut &[u8]) -> Option<SegmentImage> {
        let base = Offset::new(r.try_get_i64().ok()?);
        let generation = r.try_get_u32().ok()?;
        let bytes = r.try_get_u64().ok()?;
        let first_timestamp = Some(r.try_get_i64().ok()?).filter(|ts| *ts != i64::MIN);
        let max_timestamp = Some(r.try_get_i64().ok()?).filter(|ts| *ts != i64::MIN);
        let flags = r.try_get_u8().ok()?;
        let len = r.try_get_u32().ok()? as usize;
        let index = Index::decode(take(r, len)?, max_timestamp)?;
        let [sealed, compacted, clean] = [SEALED, COMPACTED, CLEAN].map(|flag| flags & flag != 0);
        Some(SegmentImage {
            base,
            generation,
            bytes,
            first_timestamp,
            max_timestamp,
            sealed,
            compacted,
            clean,
            index,
        })
    }
}

fn put_id(out: &mut Vec<u8>, id: TopicPartition) {
    out.extend_from_slice(&id.topic.get());
    out.put_i32(id.partition.get());
}

fn get_id(r: &mut &[u8]) -> Option<TopicPartition> {
    let topic = TopicId::new(take(r, 16)?.try_into().ok()?);
    Some(TopicPartition { topic, partition: PartitionId::new(r.try_get_i32().ok()?) })
}

fn take<'b>(r: &mut &'b [u8], len: usize) -> Option<&'b [u8]> {
    let (taken, rest) = r.split_at_checked(len)?;
    *r = rest;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint() -> Checkpoint {
        let index = |noted: bool| {
            let mut index = Index::default();
            if noted {
                index.note(0, 0, 100, 5, 10);
                index.note(3, 100, 100, 7, 10);
            }
            let mut bytes = Vec::new();
            index.encode(&mut bytes);
            Index::decode(&bytes, Some(7)).unwrap()
        };
        let segment = |base, sealed| SegmentImage {
            base: Offset::new(base),
            generation: 3,
            bytes: 200,
            first_timestamp: None,
            max_timestamp: Some(7),
            sealed,
            compacted: sealed,
            clean: sealed,
            index: index(!sealed),
        };
        let id = |n| TopicPartition { topic: TopicId::new([n; 16]), partition: PartitionId::new(5) };
        let mut epochs = LeaderEpochs::default();
        epochs.assign(LeaderEpoch::new(4), Offset::new(2));
        epochs.assign(LeaderEpoch::new(9), Offset::new(11));
        Checkpoint {
            journal: Position { lap: 1 << 50, pos: 8192, sequence: 9 },
            logs: vec![LogImage {
                id: id(3),
                log_start: Offset::new(2),
                next: Offset::new(20),
                aux_at: Offset::new(19),
                segments: vec![segment(0, true), segment(10, false)],
                epochs,
                aux: Bytes::from_static(b"aux"),
            }],
            dropped: vec![id(8), id(9)],
        }
    }

    #[test]
    fn round_trip() {
        assert_eq!(Checkpoint::decode(&checkpoint().encode()).unwrap(), checkpoint());
    }

    #[test]
    fn damage_is_found_and_another_version_refused() {
        let good = checkpoint().encode();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 8;
            assert!(matches!(Checkpoint::decode(&bad), Err(CheckpointError::Damaged)), "flipped at {at}");
        }
        for version in [1, 4] {
            let mut other = good.clone();
            other[11] = version;
            let crc = crc32fast::hash(&other[8..]);
            other[4..8].copy_from_slice(&crc.to_be_bytes());
            let decoded = Checkpoint::decode(&other);
            assert!(matches!(decoded, Err(CheckpointError::Version(v)) if v == u32::from(version)));
        }
    }
}
