//! What a partition knows of the transactions in its log: which are open, how far it is stable, which were aborted.
//!
//! ```text
//!       first of A      first of B        marker A (abort)     high watermark
//!          │               │                  │                     │
//!   ───────┴───────────────┴──────────────────┴─────────────────────┴────
//!          └── A: aborted, [first, marker] is kept for readers
//!                          └── B: open, so the log is stable up to here: the last stable offset
//! ```
//!
//! Invariants: a producer has at most one open transaction in a log; aborted ones are kept in the order of their markers; a
//! transaction whose marker is not committed yet still counts as undecided, so that the last stable offset never stands
//! behind a marker that could be lost.
//!
//! A transaction may begin here only if its coordinator knows that this partition is part of it, else nobody would end
//! it. So whoever begins one first takes a [`Guard`], asks the coordinator, and shows the guard with the batch; a
//! marker that was written meanwhile voids it (KIP-890).
//!
//! Like the producers' sequences this is a function of the log; a snapshot shortens the replay.
//!
//! # Snapshot, version 1
//! Big-endian, no padding:
//! ```text
//! magic      4  "HWTX"
//! version    2  u16 = 1
//! end        8  i64, everything below is in here
//! open       4  u32, then for each: producer i64, epoch i16, first offset i64
//! aborted    4  u32, then for each: producer i64, first offset i64, marker's offset i64, stable offset i64
//! crc        4  u32, CRC-32C of everything before
//! ```

use std::collections::{BTreeMap, HashMap};

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::error::ErrorCode;
use crate::ids::{Offset, ProducerEpoch, ProducerId};
use crate::record::control::Outcome;
use crate::record::header::BatchHeader;
use crate::time::Timestamp;

const MAGIC: &[u8; 4] = b"HWTX";
const VERSION: u16 = 1;
const OPEN_BYTES: usize = 18;
const ABORTED_BYTES: usize = 32;

/// Says that its holder looked before a marker that may have been written since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard(u64);

/// A transaction that was aborted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aborted {
    /// Whose.
    pub producer: ProducerId,
    /// Offset of its first record here.
    pub first: Offset,
    /// Offset of its marker.
    pub last: Offset,
    /// Up to where the log was stable once it was over: no later entry begins before.
    stable: Offset,
}

/// A transaction that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Open {
    /// The producer's epoch when it began.
    epoch: ProducerEpoch,
    /// Offset of its first record here.
    first: Offset,
}

/// The snapshot can't be used; what it held is rebuilt from the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("snapshot of transactions is damaged or of another version")]
pub struct SnapshotError;

/// See the module's text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogTransactions {
    open: HashMap<ProducerId, Open>,
    /// By first offset; with the marker's end once there is one.
    undecided: BTreeMap<Offset, Option<Offset>>,
    aborted: Vec<Aborted>,
    guards: HashMap<ProducerId, (Guard, Timestamp)>,
    guards_given: u64,
    end: Offset,
}

impl LogTransactions {
    /// Everything below this offset is accounted for.
    pub fn end(&self) -> Offset {
        self.end
    }

    /// The offset at which the producer's open transaction begins, if it has one.
    pub fn open_since(&self, producer: ProducerId) -> Option<Offset> {
        self.open.get(&producer).map(|open| open.first)
    }

    /// Whether the producer's open transaction is of this epoch. One of an older epoch has ended and waits for its marker:
    /// what is appended before that would end with it.
    pub fn is_open_in(&self, producer: ProducerId, epoch: ProducerEpoch) -> bool {
        self.open.get(&producer).is_some_and(|open| open.epoch == epoch)
    }

    /// A guard for a producer that wants to begin a transaction here.
    pub fn guard(&mut self, producer: ProducerId, now: Timestamp) -> Guard {
        let given = &mut self.guards_given;
        let entry = self.guards.entry(producer).or_insert_with(|| {
            *given += 1;
            (Guard(*given), now)
        });
        entry.1 = now;
        entry.0
    }

    /// Judges a batch of a producer that is not fenced and not out of order.
    ///
    /// | open | the batch | answer |
    /// |---|---|---|
    /// | any | control, or without producer id | ok |
    /// | yes | transactional, in the same epoch | ok |
    /// | yes | transactional, in another epoch | INVALID_TXN_STATE |
    /// | yes | plain | INVALID_TXN_STATE |
    /// | no | transactional, with a valid guard | ok: it begins |
    /// | no | transactional, without | INVALID_TXN_STATE |
    /// | no | plain | ok |
    pub fn check(&self, batch: &BatchHeader, guard: Option<Guard>) -> Result<(), ErrorCode> {
        let Some(producer) = batch.producer_id.filter(|_| !batch.is_control()) else { return Ok(()) };
        let is_guarded = || guard.is_some() && self.guards.get(&producer).map(|(guard, _)| *guard) == guard;
        match (self.open.get(&producer), batch.is_transactional()) {
            (None, false) => Ok(()),
            (Some(open), true) if open.epoch == batch.producer_epoch => Ok(()),
            (None, true) if is_guarded() => Ok(()),
            _ => Err(ErrorCode::InvalidTxnState),
        }
    }

    /// Remembers a data batch that was appended at `base`.
    pub fn append(&mut self, batch: &BatchHeader, base: Offset) {
        let Some(producer) = batch.producer_id else { return };
        self.end = self.end.max(base.plus(i64::from(batch.last_offset_delta.max(0)) + 1));
        if batch.is_transactional() && !batch.is_control() && !self.open.contains_key(&producer) {
            self.guards.remove(&producer);
            self.open.insert(producer, Open { epoch: batch.producer_epoch, first: base });
            self.undecided.insert(base, None);
        }
    }

    /// Remembers a marker that was appended at `marker`.
    pub fn finish(&mut self, producer: ProducerId, outcome: Outcome, marker: Offset) {
        let after = marker.plus(1);
        self.end = self.end.max(after);
        self.guards.remove(&producer);
        let Some(Open { first, .. }) = self.open.remove(&producer) else { return };
        self.undecided.insert(first, Some(after));
        if outcome == Outcome::Abort {
            let other = self.undecided.iter().find(|(_, marker)| marker.is_none());
            let stable = other.map_or(after, |(first, _)| *first);
            self.aborted.push(Aborted { producer, first, last: marker, stable });
        }
    }

    /// Markers below `high_watermark` can't be lost any more.
    pub fn on_committed(&mut self, high_watermark: Offset) {
        if !self.undecided.is_empty() {
            self.undecided.retain(|_, marker| marker.is_none_or(|end| end > high_watermark));
        }
    }

    /// The first offset that is not decided, if there is one: read_committed consumers stay below.
    pub fn first_unstable(&self) -> Option<Offset> {
        self.undecided.keys().next().copied()
    }

    /// The aborted transactions that have records in `from..until`, a range below the last stable offset
    /// (behaviour 44).
    pub fn aborted(&self, from: Offset, until: Offset) -> Vec<(ProducerId, Offset)> {
        let start = self.aborted.partition_point(|aborted| aborted.last < from);
        let mut found = Vec::new();
        for aborted in &self.aborted[start..] {
            if aborted.first < until {
                found.push((aborted.producer, aborted.first));
            }
            if aborted.stable >= until {
                break;
            }
        }
        found
    }

    /// The aborted transactions that begin below an offset: compaction removes their records.
    pub fn aborted_below(&self, upto: Offset) -> Vec<Aborted> {
        self.aborted.iter().filter(|aborted| aborted.first < upto).copied().collect()
    }

    /// Forgets what nobody can read any more, and guards of producers that never came back.
    pub fn forget(&mut self, log_start: Offset, now: Timestamp, guard_ms: u64) {
        let gone = self.aborted.partition_point(|aborted| aborted.last < log_start);
        self.aborted.drain(..gone);
        self.guards.retain(|_, (_, given)| {
            u64::try_from(now.millis().saturating_sub(given.millis())).unwrap_or(0) < guard_ms
        });
    }

    /// As bytes, see the module's layout; equal states give equal bytes. Guards are not among them: who holds one is gone
    /// after a restart.
    pub fn encode_snapshot(&self) -> Bytes {
        let mut open: Vec<_> = self.open.iter().collect();
        open.sort_unstable_by_key(|(producer, _)| **producer);
        let mut out =
            BytesMut::with_capacity(26 + open.len() * OPEN_BYTES + self.aborted.len() * ABORTED_BYTES);
        out.put_slice(MAGIC);
        out.put_u16(VERSION);
        out.put_i64(self.end.get());
        out.put_u32(u32::try_from(open.len()).expect("fewer than fit in memory"));
        for (producer, Open { epoch, first }) in open {
            out.put_i64(producer.get());
            out.put_i16(epoch.get());
            out.put_i64(first.get());
        }
        out.put_u32(u32::try_from(self.aborted.len()).expect("fewer than fit in memory"));
        for aborted in &self.aborted {
            out.put_i64(aborted.producer.get());
            out.put_i64(aborted.first.get());
            out.put_i64(aborted.last.get());
            out.put_i64(aborted.stable.get());
        }
        let crc = crc32c::crc32c(&out);
        out.put_u32(crc);
        out.freeze()
    }

    /// Reads what [`encode_snapshot`](Self::encode_snapshot) wrote. Everything in it counts as committed: it came from
    /// a checkpoint.
    ///
    /// # Errors
    /// If it is anything else.
    pub fn decode_snapshot(bytes: &[u8]) -> Result<LogTransactions, SnapshotError> {
        let (body, stored) = bytes.split_last_chunk::<4>().ok_or(SnapshotError)?;
        if crc32c::crc32c(body) != u32::from_be_bytes(*stored) || !body.starts_with(MAGIC) {
            return Err(SnapshotError);
        }
        let mut r = &body[MAGIC.len()..];
        if r.try_get_u16().ok() != Some(VERSION) {
            return Err(SnapshotError);
        }
        let offset = |r: &mut &[u8]| r.try_get_i64().map(Offset::new).map_err(|_| SnapshotError);
        let mut out = LogTransactions { end: offset(&mut r)?, ..Default::default() };
        for _ in 0..count(&mut r, OPEN_BYTES)? {
            let producer = ProducerId::new(offset(&mut r)?.get());
            let epoch = ProducerEpoch::new(r.try_get_i16().map_err(|_| SnapshotError)?);
            let first = offset(&mut r)?;
            out.open.insert(producer, Open { epoch, first });
            out.undecided.insert(first, None);
        }
        for _ in 0..count(&mut r, ABORTED_BYTES)? {
            let producer = ProducerId::new(offset(&mut r)?.get());
            let (first, last, stable) = (offset(&mut r)?, offset(&mut r)?, offset(&mut r)?);
            out.aborted.push(Aborted { producer, first, last, stable });
        }
        if r.is_empty() { Ok(out) } else { Err(SnapshotError) }
    }
}

/// A number of entries that there is room for.
fn count(r: &mut &[u8], entry_bytes: usize) -> Result<usize, SnapshotError> {
    let count = r.try_get_u32().map_err(|_| SnapshotError)? as usize;
    if count <= r.len() / entry_bytes { Ok(count) } else { Err(SnapshotError) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::builder::BatchBuilder;

    fn id(producer: i64) -> ProducerId {
        ProducerId::new(producer)
    }

    fn batch(producer: i64, transactional: bool) -> BatchHeader {
        let builder = BatchBuilder::new().producer(id(producer), ProducerEpoch::new(0), 0);
        let builder = if transactional { builder.transactional() } else { builder };
        BatchHeader::parse(&builder.record(0, None, None).build()).unwrap()
    }

    /// A log, from offset 0 on: a letter is a record of a producer, with `!` behind it its abort, with `+` its commit.
    fn log(text: &str) -> LogTransactions {
        let mut transactions = LogTransactions::default();
        let mut offset = 0;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let producer = i64::from(u32::from(c));
            match chars.peek() {
                Some('!') => transactions.finish(id(producer), Outcome::Abort, Offset::new(offset)),
                Some('+') => transactions.finish(id(producer), Outcome::Commit, Offset::new(offset)),
                _ => transactions.append(&batch(producer, true), Offset::new(offset)),
            }
            chars.next_if(|c| matches!(c, '!' | '+'));
            offset += 1;
        }
        transactions
    }

    fn unstable(transactions: &mut LogTransactions, committed: i64) -> Option<i64> {
        transactions.on_committed(Offset::new(committed));
        transactions.first_unstable().map(Offset::get)
    }

    #[test]
    fn b44_the_last_stable_offset_stays_below_what_is_open_or_not_committed() {
        for (text, committed, expected) in [
            ("", 0, None),
            ("ab", 2, Some(0)),
            ("aba+", 3, Some(1)),
            ("aba+", 2, Some(0)),
            ("aba+b!", 4, None),
            ("aba+b!", 3, Some(1)),
            ("abb!", 3, Some(0)),
            ("aa+a", 2, Some(2)),
            ("a+", 1, None),
        ] {
            assert_eq!(unstable(&mut log(text), committed), expected, "{text} {committed}");
        }
    }

    #[test]
    fn b44_aborted_transactions_of_a_range() {
        // offsets: a0 b1 c2 b!3 a+4 c!5 d6 d!7
        let transactions = log("abcb!a+c!dd!");
        for (from, until, expected) in [
            (0, 8, "bcd"),
            (0, 1, ""),
            (0, 2, "b"),
            (0, 3, "bc"),
            (3, 4, "bc"),
            (4, 5, "c"),
            (4, 7, "cd"),
            (6, 7, "d"),
            (8, 9, ""),
        ] {
            let found = transactions.aborted(Offset::new(from), Offset::new(until));
            let names: String =
                found.iter().map(|(id, _)| char::from_u32(id.get() as u32).unwrap()).collect();
            assert_eq!(names, expected, "{from}..{until}");
        }
        let mut later = transactions.clone();
        later.forget(Offset::new(4), Timestamp::default(), 1);
        assert_eq!(later.aborted.len(), 2);
    }

    #[test]
    fn b61_a_transaction_begins_with_a_guard_that_no_marker_has_voided() {
        let invalid = Err(ErrorCode::InvalidTxnState);
        let now = Timestamp::default();
        let mut transactions = LogTransactions::default();
        assert_eq!(transactions.check(&batch(1, true), None), invalid);
        assert_eq!(transactions.check(&batch(1, false), None), Ok(()));
        let guard = transactions.guard(id(1), now);
        assert_eq!(transactions.guard(id(1), now), guard);
        assert_eq!(transactions.check(&batch(1, true), Some(guard)), Ok(()));
        assert_eq!(transactions.check(&batch(2, true), Some(guard)), invalid);
        transactions.finish(id(1), Outcome::Abort, Offset::new(0));
        assert_eq!(transactions.check(&batch(1, true), Some(guard)), invalid);
        let guard = transactions.guard(id(1), now);
        transactions.append(&batch(1, true), Offset::new(1));
        assert_eq!(transactions.open_since(id(1)), Some(Offset::new(1)));
        assert_eq!(transactions.check(&batch(1, true), None), Ok(()));
        assert_eq!(transactions.check(&batch(1, false), None), invalid);
        // The end bumped the epoch, its marker is on the way: the next transaction must not run into it.
        let next = BatchHeader { producer_epoch: ProducerEpoch::new(1), ..batch(1, true) };
        assert_eq!(transactions.check(&next, None), invalid);
        assert!(!transactions.is_open_in(id(1), next.producer_epoch));
        transactions.finish(id(1), Outcome::Commit, Offset::new(2));
        assert_eq!(transactions.check(&batch(1, true), Some(guard)), invalid);
        transactions.guard(id(1), now);
        transactions.forget(Offset::ZERO, Timestamp::from_millis(10), 10);
        assert!(transactions.guards.is_empty());
    }

    #[test]
    fn snapshots_keep_everything_and_damage_is_refused() {
        let mut transactions = log("abcb!a+dd!e");
        transactions.on_committed(transactions.end());
        let bytes = transactions.encode_snapshot();
        assert_eq!(LogTransactions::decode_snapshot(&bytes), Ok(transactions));
        for cut in 0..bytes.len() {
            assert_eq!(LogTransactions::decode_snapshot(&bytes[..cut]), Err(SnapshotError), "cut at {cut}");
        }
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.to_vec();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(LogTransactions::decode_snapshot(&bad), Err(SnapshotError), "bit {bit}");
        }
        for at in [14, 54] {
            let mut bad = bytes[..bytes.len() - 4].to_vec();
            bad[at..at + 4].copy_from_slice(&[0xff; 4]);
            bad.extend(crc32c::crc32c(&bad).to_be_bytes());
            assert_eq!(LogTransactions::decode_snapshot(&bad), Err(SnapshotError), "count at {at}");
        }
    }
}
