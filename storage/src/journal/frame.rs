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
    /// Batches from this offset on are in their segment, durably; the entry carries a [`Stored`].
    Stored = 5,
    /// As `Stored`, and the first of the batches is the first of a new segment.
    StoredRoll = 6,
}

impl Kind {
    /// Whether an entry of this kind carries a batch.
    pub fn is_append(self) -> bool {
        matches!(self, Kind::Append | Kind::Roll)
    }

    fn of(byte: u8) -> Option<Kind> {
        [Kind::Append, Kind::Start, Kind::Drop, Kind::Roll, Kind::Stored, Kind::StoredRoll]
            .into_iter()
            .find(|kind| *kind as u8 == byte)
    }
}

/// Bytes of an encoded [`Stored`].
pub const STORED_BYTES: usize = 24;

/// Where batches are that went past the journal: back to back in one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Byte of the segment at which the first one begins.
    pub place: u64,
    /// Bytes of all of them.
    pub length: u32,
    /// The offset behind the last one.
    pub next: Offset,
    /// CRC-32 of their headers, one after the other. A header has the checksum of its records, so this stands for every
    /// byte; and unlike the batches' own it tells them from others that were there at the same offsets before.
    pub checksum: u32,
}

impl Stored {
    /// What the entry carries.
    pub fn encode(&self) -> Bytes {
        let mut out = Vec::with_capacity(STORED_BYTES);
        out.extend_from_slice(&self.place.to_be_bytes());
        out.extend_from_slice(&self.length.to_be_bytes());
        out.extend_from_slice(&self.next.get().to_be_bytes());
        out.extend_from_slice(&self.checksum.to_be_bytes());
        out.into()
    }

    /// Reads what an entry carries; none if it is something else.
    pub fn decode(bytes: &[u8]) -> Option<Stored> {
        let b: &[u8; STORED_BYTES] = bytes.try_into().ok()?;
        let long = |at: usize| u64::from_be_bytes(b[at..at + 8].try_into().expect("eight bytes"));
        let word = |at: usize| u32::from_be_bytes([b[at], b[at + 1], b[at + 2], b[at + 3]]);
        Some(Stored {
            place: long(0),
            length: word(8),
            next: Offset::new(long(12) as i64),
            checksum: word(20),
        })
    }
}

/// Why a frame gives no entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Its bytes are not as they were written: torn, or never written whole.
    #[error("the frame is not whole")]
    Torn,
    /// It is whole, and a newer program wrote it.
    #[error("the frame has an entry of kind {0}, which this program does not know")]
    Kind(u8),
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

    /// The entries of the frame that begins with this head.
    pub fn entries(&self, frame: &Bytes) -> Result<Vec<Entry>, FrameError> {
        let end = HEAD_BYTES.saturating_add(self.length);
        if frame.get(8..end).map(crc32fast::hash) != Some(self.crc) {
            return Err(FrameError::Torn);
        }
        self.decode(frame, end).unwrap_or(Err(FrameError::Torn))
    }

    /// The entries of a frame whose checksum is right; none if they are no entries all the same.
    fn decode(&self, frame: &Bytes, end: usize) -> Option<Result<Vec<Entry>, FrameError>> {
        let mut entries = Vec::with_capacity(self.count.min(self.length / ENTRY_BYTES));
        let mut at = HEAD_BYTES;
        while at < end {
            let b = frame.get(at..at + ENTRY_BYTES)?;
            let Some(kind) = Kind::of(b[0]) else { return Some(Err(FrameError::Kind(b[0]))) };
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
        (entries.len() == self.count).then_some(Ok(entries))
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
            entry(Kind::StoredRoll, 9, b"place"),
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
        assert_eq!(head.entries(&bytes), Ok(entries()));
        let stored = Stored { place: 1 << 40, length: 7, next: Offset::new(1 << 50), checksum: 0xfedc_ba98 };
        assert_eq!(Stored::decode(&stored.encode()), Some(stored));
        assert_eq!(Stored::decode(&stored.encode()[1..]), None);
    }

    #[test]
    fn an_unknown_kind_is_not_taken_for_a_torn_frame() {
        for kind in [0, 7, 255] {
            let mut bytes = encoded();
            bytes[HEAD_BYTES] = kind;
            let used = HEAD_BYTES + entries().iter().map(Entry::encoded_len).sum::<usize>();
            let crc = crc32fast::hash(&bytes[8..used]);
            bytes[4..8].copy_from_slice(&crc.to_be_bytes());
            let bytes = Bytes::from(bytes);
            assert_eq!(Head::parse(&bytes).unwrap().entries(&bytes), Err(FrameError::Kind(kind)));
        }
    }

    #[test]
    fn a_frame_is_applied_whole_or_not_at_all() {
        let good = encoded();
        let used = HEAD_BYTES + entries().iter().map(Entry::encoded_len).sum::<usize>();
        for at in 0..used {
            let mut bad = good.clone();
            bad[at] ^= 0x20;
            let bad = Bytes::from(bad);
            let read = Head::parse(&bad).map(|head| head.entries(&bad));
            assert!(matches!(read, None | Some(Err(FrameError::Torn))), "flipped at {at}");
        }
        for cut in 0..used {
            let bad = Bytes::copy_from_slice(&good[..cut]);
            let read = Head::parse(&bad).map(|head| head.entries(&bad));
            assert!(matches!(read, None | Some(Err(FrameError::Torn))), "cut at {cut}");
        }
    }
}
