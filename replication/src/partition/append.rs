//! Appending: the producer-sequence table, the transactions, then the log; all to completion, so that two requests never
//! interleave.

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::ids::{Offset, ProducerEpoch, ProducerId};
use headwater_core::log_transactions::Guard;
use headwater_core::producer::Decision;
use headwater_core::record::control::EndMarker;
use headwater_core::record::header::BatchHeader;
use headwater_core::time::Timestamp;
use headwater_storage::disk::Disk;
use headwater_storage::log::AppendRefused;

use super::Partition;

/// One validated batch on its way into a partition.
pub struct Append {
    /// The whole batch; base offset and leader epoch are patched in place.
    pub batch: BytesMut,
    /// Its parsed header.
    pub header: BatchHeader,
    /// What allows it to begin a transaction here, see [`Partition::standing`].
    pub guard: Option<Guard>,
}

/// How a producer's transaction stands in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It goes on, or the append will be answered without one.
    Known,
    /// It would begin with this batch: the coordinator must know that the partition is part of it, and then the guard
    /// goes with the batch.
    Begins(Guard),
    /// Its last transaction, of another epoch, is still open here: the marker is on its way.
    Ends,
}

/// Where a batch went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The offset of its first record.
    pub base: Offset,
    /// Exclusive end: the reply may leave when the high watermark is here.
    pub end: Offset,
    /// It was already in the log: an idempotent producer sent it again (behaviour 34).
    pub duplicate: bool,
}

impl<D: Disk> Partition<D> {
    /// Appends one validated batch in the current leader epoch. A batch of an idempotent producer that is already in
    /// the log gives the original offsets and changes nothing (behaviours 34–37). The caller parks its reply with
    /// [`Partition::park`] at `end`: a duplicate too waits until its original is durable.
    ///
    /// Errors: the Kafka code to refuse with; nothing was changed.
    pub fn append(&self, append: Append, now: Timestamp) -> Result<Appended, ErrorCode> {
        self.check_online()?;
        let Append { batch, header, guard } = append;
        let idempotent = header.producer_id.is_some();
        if idempotent {
            match self.producers.borrow().check(&header) {
                Decision::Append => {}
                Decision::Duplicate { base_offset, last_offset, .. } => {
                    return Ok(Appended { base: base_offset, end: last_offset.plus(1), duplicate: true });
                }
                Decision::Refuse(code) => return Err(code),
            }
            self.transactions.borrow().check(&header, guard)?;
        }
        let appended = self.push(batch, &header)?;
        if idempotent {
            self.producers.borrow_mut().append(&header, appended.base, now);
            self.transactions.borrow_mut().append(&header, appended.base);
        }
        // Of a relaxed log everything is committed at once; now, when the last stable offset knows of it.
        self.advance(self.log.committed_end());
        Ok(appended)
    }

    /// Ends a producer's transaction here, or only moves its epoch if none is open (behaviours 44 and 62). The marker counts
    /// when the high watermark has passed the end that is returned.
    ///
    /// Errors: `INVALID_PRODUCER_EPOCH` if the producer has gone on since, or why the log takes nothing.
    pub fn append_marker(
        &self,
        id: ProducerId,
        epoch: ProducerEpoch,
        marker: EndMarker,
        now: Timestamp,
    ) -> Result<Appended, ErrorCode> {
        self.check_online()?;
        let batch = BytesMut::from(&marker.build(id, epoch, now)[..]);
        let header = BatchHeader::parse(&batch).map_err(|_| ErrorCode::UnknownServerError)?;
        if let Decision::Refuse(code) = self.producers.borrow().check(&header) {
            return Err(code);
        }
        let appended = self.push(batch, &header)?;
        {
            let mut producers = self.producers.borrow_mut();
            producers.append(&header, appended.base, now);
            producers.note_coordinator(id, marker.coordinator_epoch);
        }
        self.transactions.borrow_mut().finish(id, marker.outcome, appended.base);
        self.advance(self.log.committed_end());
        Ok(appended)
    }

    /// How a producer's transaction stands here; `batch` is what it wants to append, if that is known yet.
    pub fn standing(
        &self,
        id: ProducerId,
        epoch: ProducerEpoch,
        batch: Option<&BatchHeader>,
        now: Timestamp,
    ) -> Standing {
        let decided = batch.is_some_and(|batch| self.producers.borrow().check(batch) != Decision::Append);
        let mut transactions = self.transactions.borrow_mut();
        if decided || transactions.is_open_in(id, epoch) {
            Standing::Known
        } else if transactions.open_since(id).is_some() {
            // A guard from now would be void as soon as the marker comes.
            Standing::Ends
        } else {
            Standing::Begins(transactions.guard(id, now))
        }
    }

    /// Whether a coordinator may write for this producer: what [`append`](Self::append) would say to a batch without a
    /// sequence.
    pub fn check_transactional(&self, header: &BatchHeader, guard: Option<Guard>) -> Result<(), ErrorCode> {
        self.check_online()?;
        match self.producers.borrow().check(header) {
            Decision::Refuse(code) => Err(code),
            _ => self.transactions.borrow().check(header, guard),
        }
    }

    fn push(&self, batch: BytesMut, header: &BatchHeader) -> Result<Appended, ErrorCode> {
        let appended = self.log.append(batch, header, self.epoch.get()).map_err(|refused| match refused {
            AppendRefused::ReadOnly | AppendRefused::NoSpace => ErrorCode::KafkaStorageError,
            AppendRefused::TooLarge => ErrorCode::RecordListTooLarge,
        })?;
        Ok(Appended { base: appended.base_offset, end: appended.last_offset.plus(1), duplicate: false })
    }
}
