//! One frame of the journal: many entries, one checksum.

use bytes::Bytes;
use headwater_core::ids::{LeaderEpoch, Offset, PartitionId, TopicId, TopicPartition};

use crate::disk::page_ceil;

const MAGIC: u32 = u32::from_be_bytes(*b"HWJ1");
/// Bytes before the entries.
pub const HEAD_BYTES: usize = 28;
/// Bytes of an entry besides what it carries.
pub const ENTRY_BYTES: usize = 37;

/// What an entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A batch was appended at this offset.
    Append = 1,
    /// The log begins at this offset now.
    Start = 2,
    /// The log is gone.
    Drop = 3,
    /// As `Append`, and the batch is the first of a new segment: after a crash the segments begin where they did, whatever
    /// the settings are then. Otherwise the files of removed ones would be looked for.
    Roll = 4,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it says.
    pub kind: Kind,
    /// Of which log.
    pub id: TopicPartition,
    /// See the kind.
    pub offset: Offset,
    /// The leader epoch of a batch.
    pub epoch: LeaderEpoch,
    /// The batch.
    pub bytes: Bytes,
}

impl Entry {
    /// Bytes that it takes in a frame.
    pub fn encoded_len(&self) -> usize {
        ENTRY_BYTES + self.bytes.len()
    }
}

/// Bytes on the disk of a frame with entries of this length in all.
pub fn frame_len(entries: usize) -> usize {
    page_ceil(HEAD_BYTES + entries)
}

/// Writes a frame into `out`, which is at least [`frame_len`] long; the rest of `out` is zeroed.
pub fn encode(out: &mut [u8], lap: u64, sequence: u32, entries: &[Entry]) {
    encode_refs(out, lap, sequence, entries.iter());
}

/// As [`encode`], for entries that are inside something else.
pub fn encode_refs<'e>(out: &mut [u8], lap: u64, sequence: u32, entries: impl Iterator<Item = &'e Entry>) {
    let mut at = HEAD_BYTES;
    let mut count = 0u32;
    let mut put = |bytes: &[u8]| {
        out[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    };
    for entry in entries {
        count += 1;
        put(&[entry.kind as u8]);
        put(&entry.id.topic.get());
        put(&entry.id.partition.get().to_be_bytes());
        put(&entry.offset.get().to_be_bytes());
        put(&entry.epoch.get().to_be_bytes());
        put(&(entry.bytes.len() as u32).to_be_bytes());
        put(&entry.bytes);
    }
    out[at..].fill(0);
    out[..4].copy_from_slice(&MAGIC.to_be_bytes());
    out[8..16].copy_from_slice(&lap.to_be_bytes());
    out[16..20].copy_from_slice(&sequence.to_be_bytes());
    out[20..24].copy_from_slice(&((at - HEAD_BYTES) as u32).to_be_bytes());
    out[24..28].copy_from_slice(&count.to_be_bytes());
    let crc = crc32fast::hash(&out[8..at]);
    out[4..8].copy_from_slice(&crc.to_be_bytes());
}

/// The head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    crc: u32,
    /// The lap it was written in.
    pub lap: u64,
    /// Its number.
    pub sequence: u32,
    length: usize,
    count: usize,
}

impl Head {
    /// Reads a head; none if these are not the bytes of one.
    pub fn parse(bytes: &[u8]) -> Option<Head> {
        let b = bytes.first_chunk::<HEAD_BYTES>()?;
        let word = |at: usize| u32::from_be_bytes([b[at], b[at + 1], b[at + 2], b[at + 3]]);
        (word(0) == MAGIC).then(|| Head {
            crc: word(4),
            lap: (u64::from(word(8)) << 32) | u64::from(word(12)),
            sequence: word(16),
            length: word(20) as usize,
            count: word(24) as usize,
        })
    }

    /// Bytes of the whole frame on the disk.
    pub fn frame_len(&self) -> usize {
        frame_len(self.length)
    }

    /// The entries of the frame that begins with this head; none if any byte of it is not as it was written.
    pub fn entries(&self, frame: &Bytes) -> Option<Vec<Entry>> {
        let end = HEAD_BYTES.checked_add(self.length)?;
        if crc32fast::hash(frame.get(8..end)?) != self.crc {
            return None;
        }
        let mut entries = Vec::with_capacity(self.count.min(self.length / ENTRY_BYTES));
        let mut at = HEAD_BYTES;
        while at < end {
            let b = frame.get(at..at + ENTRY_BYTES)?;
            let kind = match b[0] {
                1 => Kind::Append,
                2 => Kind::Start,
                3 => Kind::Drop,
                4 => Kind::Roll,
                _ => return None,
            };
            let word = |i: usize| i32::from_be_bytes([b[i], b[i + 1], b[i + 2], b[i + 3]]);
            let length = word(33) as u32 as usize;
            let from = at + ENTRY_BYTES;
            if length > end - from {
                return None;
            }
            entries.push(Entry {
                kind,
                id: TopicPartition {
                    topic: TopicId::new(b[1..17].try_into().ok()?),
                    partition: PartitionId::new(word(17)),
                },
                offset: Offset::new((i64::from(word(21)) << 32) | i64::from(word(25) as u32)),
                epoch: LeaderEpoch::new(word(29)),
                bytes: frame.slice(from..from + length),
            });
            at = from + length;
        }
        (entries.len() == self.count).then_some(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Vec<Entry> {
        let id = TopicPartition { topic: TopicId::new([7; 16]), partition: PartitionId::new(3) };
        let entry = |kind, offset, bytes: &'static [u8]| Entry {
            kind,
            id,
            offset: Offset::new(offset),
            epoch: LeaderEpoch::new(2),
            bytes: Bytes::from_static(bytes),
        };
        vec![
            entry(Kind::Append, 1 << 40, b"batch"),
            entry(Kind::Start, 4, b""),
            entry(Kind::Drop, 0, b""),
            entry(Kind::Roll, 7, b"first"),
        ]
    }

    fn encoded() -> Vec<u8> {
        let entries = entries();
        let mut out = vec![0xee; frame_len(entries.iter().map(Entry::encoded_len).sum())];
        encode(&mut out, 99 << 32, 5, &entries);
        out
    }

    #[test]
    fn round_trip() {
        let bytes = Bytes::from(encoded());
        let head = Head::parse(&bytes).unwrap();
        assert_eq!((head.lap, head.sequence, head.frame_len()), (99 << 32, 5, 4096));
        assert_eq!(head.entries(&bytes), Some(entries()));
    }

    #[test]
    fn a_frame_is_applied_whole_or_not_at_all() {
        let good = encoded();
        let used = HEAD_BYTES + entries().iter().map(Entry::encoded_len).sum::<usize>();
        for at in 0..used {
            let mut bad = good.clone();
            bad[at] ^= 0x20;
            let bad = Bytes::from(bad);
            assert!(Head::parse(&bad).and_then(|head| head.entries(&bad)).is_none(), "flipped at {at}");
        }
        for cut in 0..used {
            let bad = Bytes::copy_from_slice(&good[..cut]);
            assert!(Head::parse(&bad).and_then(|head| head.entries(&bad)).is_none(), "cut at {cut}");
        }
    }
}
