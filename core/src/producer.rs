//! What a partition remembers of its idempotent producers: enough to drop a retried batch and to see a missing one.
//!
//! Per producer: its epoch, when it was last heard, and its last [`BATCHES_KEPT`] batches, oldest first. A producer has at
//! most that many requests in flight, so a batch it retries is always among them (behaviour 34).
//!
//! Invariants: kept batches are of the state's epoch; they are kept in the order of the log.
//!
//! The states are a function of the log (plus `now`), so a leader, a follower and a replay agree on them; a snapshot only
//! shortens the replay. Nothing here knows of open transactions: those are in [`crate::log_transactions`].
//!
//! # Snapshot, version 2
//! Big-endian, no padding:
//! ```text
//! magic      4  "HWPS"
//! version    2  u16 = 2; 1 had no coordinator's epoch
//! count      4  u32, producers; then for each, by ascending id:
//!   id       8  i64, >= 0
//!   epoch    2  i16
//!   heard    8  i64, ms since the Unix epoch
//!   coordinator 4  i32, epoch of the coordinator whose marker came last, -1 without one
//!   kept     1  u8, 0..=5; then for each, oldest first:
//!     base   8  i64, offset of the first record, >= 0
//!     first  4  i32, sequence of the first record, >= 0
//!     delta  4  i32, last offset (and sequence) less the first, >= 0
//! crc        4  u32, CRC-32C of everything before
//! ```

use std::collections::HashMap;

use bytes::{BufMut, Bytes, BytesMut};

use crate::error::ErrorCode;
use crate::ids::{Offset, ProducerEpoch, ProducerId, Sequence};
use crate::record::header::BatchHeader;
use crate::time::Timestamp;

/// How many batches are remembered per producer: Kafka's bound of `max.in.flight.requests.per.connection` for
/// idempotent producers.
pub const BATCHES_KEPT: usize = 5;

const MAGIC: &[u8; 4] = b"HWPS";
const VERSION: u16 = 2;
const CRC_BYTES: usize = 4;
/// Bytes of a producer without kept batches: what bounds `count` before anything is allocated for it.
const PRODUCER_BYTES: usize = 19;

/// What to do with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is the next one, or not an idempotent producer's.
    Append,
    /// It is in the log already: answer as if it had just been appended there (behaviour 34).
    Duplicate {
        /// Offset of the first record of the batch in the log.
        base_offset: Offset,
        /// Offset of its last record: what an answer with acks=all waits for.
        last_offset: Offset,
    },
    /// Append nothing, answer this.
    Refuse(ErrorCode),
}

/// Why a snapshot cannot be used; the states are then rebuilt from the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Cut off, or longer than its contents.
    #[error("producer snapshot of {0} bytes does not match its contents")]
    Length(usize),
    /// Not a producer snapshot.
    #[error("not a producer snapshot")]
    Magic,
    /// Written by a newer version.
    #[error("producer snapshot of unknown version {0}")]
    Version(u16),
    /// The bytes are not those that were written.
    #[error("producer snapshot has checksum {computed:08x}, not {stored:08x} as stored")]
    Checksum {
        /// As found at the end.
        stored: u32,
        /// Of the bytes before.
        computed: u32,
    },
    /// A value that is never written.
    #[error("producer snapshot has a value out of range for producer {0}")]
    Value(i64),
}

/// A batch as remembered. The last offset and sequence follow from `delta`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Kept {
    base: Offset,
    first: Sequence,
    delta: i32,
}

impl Kept {
    fn last_sequence(self) -> Sequence {
        self.first.plus(self.delta)
    }
}

/// Inline, not a `Vec`: a partition may have thousands of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ProducerState {
    epoch: ProducerEpoch,
    heard: Timestamp,
    /// Of the coordinator whose marker came last.
    coordinator: Option<i32>,
    kept: [Kept; BATCHES_KEPT],
    len: usize,
}

impl ProducerState {
    fn new(epoch: ProducerEpoch, heard: Timestamp) -> Self {
        Self { epoch, heard, coordinator: None, kept: Default::default(), len: 0 }
    }

    fn kept(&self) -> &[Kept] {
        &self.kept[..self.len]
    }

    fn push(&mut self, batch: Kept) {
        if self.len == BATCHES_KEPT {
            self.kept.rotate_left(1);
            self.len -= 1;
        }
        self.kept[self.len] = batch;
        self.len += 1;
    }
}

/// A producer as DescribeProducers shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DescribedProducer {
    /// Its id.
    pub id: ProducerId,
    /// Its epoch.
    pub epoch: ProducerEpoch,
    /// The sequence of its last record here, if one is remembered.
    pub last_sequence: Option<Sequence>,
    /// When it was last heard.
    pub heard: Timestamp,
    /// The epoch of the coordinator that ended its last transaction here.
    pub coordinator: Option<i32>,
}

/// The idempotent producers of one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProducerStates {
    producers: HashMap<ProducerId, ProducerState>,
}

impl ProducerStates {
    /// How many producers are remembered.
    pub fn len(&self) -> usize {
        self.producers.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.producers.is_empty()
    }

    /// Judges a batch that a client wants appended (behaviours 34 to 37).
    ///
    /// | the producer's state | the batch | decision |
    /// |---|---|---|
    /// | any | without producer id | append |
    /// | none | any sequence | append: the log's start may have been deleted under it, or the state expired |
    /// | epoch above the batch's | any | `INVALID_PRODUCER_EPOCH` |
    /// | epoch below the batch's | sequence 0, or a marker | append |
    /// | epoch below the batch's | other sequence | `OUT_OF_ORDER_SEQUENCE_NUMBER` |
    /// | same epoch or one below | a marker, or what a coordinator writes for a producer | append: no sequence |
    /// | same epoch | first and last sequence of a kept batch | duplicate |
    /// | same epoch | follows the last kept, or is 0 and none is kept | append |
    /// | same epoch | other sequence | `OUT_OF_ORDER_SEQUENCE_NUMBER` |
    ///
    /// The last line also takes duplicates older than those kept: they cannot be told from a gap, as in Kafka, which
    /// stopped answering `DUPLICATE_SEQUENCE_NUMBER` (to a client that means "written", which nobody can know here).
    pub fn check(&self, batch: &BatchHeader) -> Decision {
        let Some(state) = batch.producer_id.and_then(|id| self.producers.get(&id)) else {
            return Decision::Append;
        };
        if batch.producer_epoch < state.epoch {
            return Decision::Refuse(ErrorCode::InvalidProducerEpoch);
        }
        // Clients' batches without a sequence were refused before they came here.
        if batch.is_control() || batch.base_sequence < 0 {
            return Decision::Append;
        }
        let kept = if batch.producer_epoch == state.epoch { state.kept() } else { &[] };
        let duplicate = kept.iter().find(|kept| {
            kept.first.get() == batch.base_sequence && kept.last_sequence() == batch.last_sequence()
        });
        if let Some(kept) = duplicate {
            return Decision::Duplicate {
                base_offset: kept.base,
                last_offset: kept.base.plus(i64::from(kept.delta)),
            };
        }
        let expected = kept.last().map_or(Sequence::new(0), |last| last.last_sequence().plus(1));
        if batch.base_sequence == expected.get() {
            Decision::Append
        } else {
            Decision::Refuse(ErrorCode::OutOfOrderSequenceNumber)
        }
    }

    /// Remembers a batch that was appended at `base` (the header's own base offset may still be the client's).
    ///
    /// Takes whatever the log holds without [`check`](Self::check): a follower and a replay have no say in it. `now` is the
    /// clock for a leader; a replay gives the batch's timestamp, so that a restart does not keep producers alive.
    pub fn append(&mut self, batch: &BatchHeader, base: Offset, now: Timestamp) {
        let Some(id) = batch.producer_id else { return };
        let state = self.producers.entry(id).or_insert_with(|| ProducerState::new(batch.producer_epoch, now));
        if state.epoch != batch.producer_epoch {
            let coordinator = state.coordinator;
            *state = ProducerState { coordinator, ..ProducerState::new(batch.producer_epoch, now) };
        }
        state.heard = state.heard.max(now);
        if !batch.is_control() && batch.base_sequence >= 0 && batch.last_offset_delta >= 0 {
            let first = Sequence::new(batch.base_sequence);
            state.push(Kept { base, first, delta: batch.last_offset_delta });
        }
    }

    /// Notes which coordinator, by its epoch, wrote the marker that was just [appended](Self::append) for this producer.
    pub fn note_coordinator(&mut self, id: ProducerId, epoch: i32) {
        if let Some(state) = self.producers.get_mut(&id) {
            state.coordinator = (epoch >= 0).then_some(epoch);
        }
    }

    /// Forgets producers not heard of for `expiration_ms` (`producer.id.expiration.ms`, behaviour 38), but those that
    /// have to be kept: their transactions are open.
    pub fn expire(&mut self, now: Timestamp, expiration_ms: u64, keep: impl Fn(ProducerId) -> bool) {
        self.producers.retain(|id, state| {
            let silent = now.millis().saturating_sub(state.heard.millis());
            // A clock set back makes it negative: heard in the future is heard just now.
            u64::try_from(silent).unwrap_or(0) < expiration_ms || keep(*id)
        });
    }

    /// The id of every producer that is remembered.
    pub fn ids(&self) -> impl Iterator<Item = ProducerId> {
        self.producers.keys().copied()
    }

    /// Every producer that is remembered, by id.
    pub fn describe(&self) -> Vec<DescribedProducer> {
        let mut all: Vec<_> = self
            .producers
            .iter()
            .map(|(id, state)| DescribedProducer {
                id: *id,
                epoch: state.epoch,
                last_sequence: state.kept().last().map(|kept| kept.last_sequence()),
                heard: state.heard,
                coordinator: state.coordinator,
            })
            .collect();
        all.sort_unstable_by_key(|producer| producer.id);
        all
    }

    /// The states as bytes, see the module's layout; equal states give equal bytes.
    pub fn encode_snapshot(&self) -> Bytes {
        let mut producers: Vec<_> = self.producers.iter().collect();
        producers.sort_unstable_by_key(|(id, _)| **id);
        let mut out = BytesMut::with_capacity(14 + producers.len() * (PRODUCER_BYTES + 16 * BATCHES_KEPT));
        out.put_slice(MAGIC);
        out.put_u16(VERSION);
        out.put_u32(u32::try_from(producers.len()).expect("fewer producers than memory"));
        for (id, state) in producers {
            out.put_i64(id.get());
            out.put_i16(state.epoch.get());
            out.put_i64(state.heard.millis());
            out.put_i32(state.coordinator.unwrap_or(-1));
            out.put_u8(state.len as u8);
            for kept in state.kept() {
                out.put_i64(kept.base.get());
                out.put_i32(kept.first.get());
                out.put_i32(kept.delta);
            }
        }
        let crc = crc32c::crc32c(&out);
        out.put_u32(crc);
        out.freeze()
    }

    /// Reads what [`encode_snapshot`](Self::encode_snapshot) wrote; refuses anything else.
    pub fn decode_snapshot(bytes: &[u8]) -> Result<ProducerStates, SnapshotError> {
        let short = SnapshotError::Length(bytes.len());
        let (body, stored) = bytes.split_last_chunk::<CRC_BYTES>().ok_or(short)?;
        let mut rest = body;
        if &take::<4>(&mut rest).ok_or(short)? != MAGIC {
            return Err(SnapshotError::Magic);
        }
        // Before the checksum: a newer version may end in something else.
        let version = u16::from_be_bytes(take(&mut rest).ok_or(short)?);
        if !(1..=VERSION).contains(&version) {
            return Err(SnapshotError::Version(version));
        }
        let (stored, computed) = (u32::from_be_bytes(*stored), crc32c::crc32c(body));
        if stored != computed {
            return Err(SnapshotError::Checksum { stored, computed });
        }
        let count = u32::from_be_bytes(take(&mut rest).ok_or(short)?) as usize;
        if count > rest.len() / PRODUCER_BYTES {
            return Err(short);
        }
        let mut producers = HashMap::with_capacity(count);
        for _ in 0..count {
            let id = i64::from_be_bytes(take(&mut rest).ok_or(short)?);
            let epoch = i16::from_be_bytes(take(&mut rest).ok_or(short)?);
            let heard = i64::from_be_bytes(take(&mut rest).ok_or(short)?);
            let coordinator = match version {
                1 => None,
                _ => Some(i32::from_be_bytes(take(&mut rest).ok_or(short)?)).filter(|epoch| *epoch >= 0),
            };
            let [len] = take(&mut rest).ok_or(short)?;
            let mut state = ProducerState {
                coordinator,
                ..ProducerState::new(ProducerEpoch::new(epoch), Timestamp::from_millis(heard))
            };
            if id < 0 || usize::from(len) > BATCHES_KEPT {
                return Err(SnapshotError::Value(id));
            }
            for _ in 0..len {
                let base = i64::from_be_bytes(take(&mut rest).ok_or(short)?);
                let first = i32::from_be_bytes(take(&mut rest).ok_or(short)?);
                let delta = i32::from_be_bytes(take(&mut rest).ok_or(short)?);
                if base < 0 || first < 0 || delta < 0 || base.checked_add(i64::from(delta)).is_none() {
                    return Err(SnapshotError::Value(id));
                }
                state.push(Kept { base: Offset::new(base), first: Sequence::new(first), delta });
            }
            if producers.insert(ProducerId::new(id), state).is_some() {
                return Err(SnapshotError::Value(id));
            }
        }
        if rest.is_empty() { Ok(ProducerStates { producers }) } else { Err(short) }
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

#[cfg(test)]
mod tests;
