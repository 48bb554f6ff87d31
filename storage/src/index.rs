//! The sparse index of a segment: which byte to begin at for an offset, or for a time.
//!
//! ```text
//!   entry, 20 bytes:  offset less base u32 | byte u32 | greatest timestamp up to and with this batch i64 | crc of the
//!                     16 bytes before u32
//! ```
//!
//! Invariants: offsets, bytes and timestamps never decrease. An entry stands for the batch that begins at its byte. Small
//! in memory: one entry each `interval` bytes. A damaged entry is found by its checksum and the index is rebuilt from
//! the segment.

use headwater_core::ids::Offset;

/// Bytes of an entry.
pub const ENTRY_BYTES: usize = 20;

/// One entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// Base offset of the batch, less that of the segment.
    pub delta: u32,
    /// Where the batch begins.
    pub pos: u32,
    /// The greatest timestamp of the segment up to and including the batch.
    pub max_timestamp: i64,
}

/// See the module's text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    entries: Vec<IndexEntry>,
    max_timestamp: Option<i64>,
    since_last: u64,
}

impl Index {
    /// Notes a batch; an entry is made for the first one and each time `interval` bytes have passed.
    pub fn note(&mut self, delta: u32, pos: u64, len: usize, max_timestamp: i64, interval: u64) {
        let max = self.max_timestamp.map_or(max_timestamp, |max| max.max(max_timestamp));
        self.max_timestamp = Some(max);
        if self.is_entry_due(interval) {
            let entry = IndexEntry { delta, pos: pos as u32, max_timestamp: max };
            // An index out of order would find nothing, or the wrong batch, and would be refused when it is read back.
            assert!(
                self.entries.last().is_none_or(|last| last.delta < entry.delta && last.pos < entry.pos),
                "batches are noted in their order: {entry:?} after {:?}",
                self.entries.last()
            );
            self.entries.push(entry);
            self.since_last = 0;
        }
        self.since_last += len as u64;
    }

    /// Whether the next batch gets an entry.
    pub fn is_entry_due(&self, interval: u64) -> bool {
        self.entries.is_empty() || self.since_last >= interval
    }

    /// What of it stands for the first `bytes` of the segment.
    pub fn up_to(&self, bytes: u64, max_timestamp: Option<i64>) -> Index {
        let n = self.entries.partition_point(|entry| u64::from(entry.pos) < bytes);
        Index { entries: self.entries[..n].to_vec(), max_timestamp, since_last: 0 }
    }

    /// The byte and the offset of the last indexed batch that begins at or before `offset`; those of the segment's start if
    /// there is none.
    pub fn place(&self, base: Offset, offset: Offset) -> (u64, Offset) {
        let delta = offset.get() - base.get();
        let n = self.entries.partition_point(|entry| i64::from(entry.delta) <= delta);
        n.checked_sub(1).map_or((0, base), |i| {
            let entry = self.entries[i];
            (u64::from(entry.pos), base.plus(i64::from(entry.delta)))
        })
    }

    /// The number of the last entry at or before `offset`.
    pub fn number_at(&self, base: Offset, offset: Offset) -> Option<usize> {
        let delta = offset.get() - base.get();
        self.entries.partition_point(|entry| i64::from(entry.delta) <= delta).checked_sub(1)
    }

    /// The number of the last entry whose byte is `pos` at most, and whose offset is `upto` at most.
    pub fn last_within(&self, base: Offset, pos: u64, upto: Offset) -> Option<usize> {
        let delta = upto.get() - base.get();
        let within = |entry: &IndexEntry| u64::from(entry.pos) <= pos && i64::from(entry.delta) <= delta;
        self.entries.partition_point(within).checked_sub(1)
    }

    /// The byte and the offset of an entry.
    pub fn entry(&self, base: Offset, number: usize) -> Option<(u64, Offset)> {
        self.entries.get(number).map(|entry| (u64::from(entry.pos), base.plus(i64::from(entry.delta))))
    }

    /// The number of the last entry whose batch begins at byte `pos` or before.
    pub fn number_at_byte(&self, pos: u64) -> usize {
        self.entries.partition_point(|entry| u64::from(entry.pos) <= pos).saturating_sub(1)
    }

    /// An offset at or before the first batch that reaches `timestamp`.
    pub fn before_timestamp(&self, base: Offset, timestamp: i64) -> Offset {
        let n = self.entries.partition_point(|entry| entry.max_timestamp < timestamp);
        base.plus(n.checked_sub(1).map_or(0, |i| i64::from(self.entries[i].delta)))
    }

    /// The greatest timestamp noted.
    pub fn max_timestamp(&self) -> Option<i64> {
        self.max_timestamp
    }

    /// Nothing more is noted: gives back the memory for that. Answers the bytes that are left.
    pub(crate) fn shrink(&mut self) -> usize {
        self.entries.shrink_to_fit();
        self.entries.len() * size_of::<IndexEntry>()
    }

    /// How many entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries as bytes.
    pub fn encode(&self, out: &mut Vec<u8>) {
        for entry in &self.entries {
            let at = out.len();
            out.extend_from_slice(&entry.delta.to_be_bytes());
            out.extend_from_slice(&entry.pos.to_be_bytes());
            out.extend_from_slice(&entry.max_timestamp.to_be_bytes());
            let crc = crc32fast::hash(&out[at..]);
            out.extend_from_slice(&crc.to_be_bytes());
        }
    }

    /// Reads what [`Index::encode`] wrote; none if anything is damaged. `max_timestamp` is that of the whole segment.
    pub fn decode(bytes: &[u8], max_timestamp: Option<i64>) -> Option<Index> {
        if !bytes.len().is_multiple_of(ENTRY_BYTES) {
            return None;
        }
        let mut entries: Vec<IndexEntry> = Vec::with_capacity(bytes.len() / ENTRY_BYTES);
        for chunk in bytes.chunks_exact(ENTRY_BYTES) {
            let word =
                |at: usize| u32::from_be_bytes([chunk[at], chunk[at + 1], chunk[at + 2], chunk[at + 3]]);
            if crc32fast::hash(&chunk[..16]) != word(16) {
                return None;
            }
            let entry = IndexEntry {
                delta: word(0),
                pos: word(4),
                max_timestamp: (i64::from(word(8) as i32) << 32) | i64::from(word(12)),
            };
            if entries.last().is_some_and(|last| last.delta >= entry.delta || last.pos >= entry.pos) {
                return None;
            }
            entries.push(entry);
        }
        Some(Index { entries, max_timestamp, since_last: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> Index {
        let mut index = Index::default();
        for i in 0..100u32 {
            index.note(i * 10, u64::from(i) * 1000, 1000, i64::from(i) * 5, 4000);
        }
        index
    }

    #[test]
    fn look_ups_give_a_place_at_or_before() {
        let (index, base) = (index(), Offset::new(5000));
        assert_eq!(index.len(), 25);
        for offset in 0..1000 {
            let (pos, at) = index.place(base, base.plus(offset));
            assert!(at <= base.plus(offset) && (at.get() - 5000) as u64 * 100 == pos);
            assert!(pos <= (offset as u64 / 10) * 1000);
            assert!((offset as u64 / 10) * 1000 - pos <= 4000);
        }
        for timestamp in 0..500 {
            let exact = base.plus((timestamp + 4) / 5 * 10);
            assert!(index.before_timestamp(base, timestamp) <= exact);
        }
        assert_eq!(index.max_timestamp(), Some(495));
    }

    #[test]
    fn round_trip_and_damage() {
        let index = index();
        let mut bytes = Vec::new();
        index.encode(&mut bytes);
        let back = Index::decode(&bytes, index.max_timestamp()).unwrap();
        assert_eq!(back.entries, index.entries);
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 1;
            assert_eq!(Index::decode(&bad, None), None, "flipped at {at}");
        }
    }
}
