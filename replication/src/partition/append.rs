//! Appending: the producer-sequence table, then the log; both to completion, so that two requests never interleave.

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::ids::Offset;
use headwater_core::producer::Decision;
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
        let Append { batch, header } = append;
        let idempotent = header.producer_id.is_some();
        if idempotent {
            match self.producers.borrow().check(&header) {
                Decision::Append => {}
                Decision::Duplicate { base_offset, last_offset, .. } => {
                    return Ok(Appended { base: base_offset, end: last_offset.plus(1), duplicate: true });
                }
                Decision::Refuse(code) => return Err(code),
            }
        }
        let appended =
            self.log.append(batch, &header, self.epoch.get()).map_err(|refused| match refused {
                AppendRefused::ReadOnly | AppendRefused::NoSpace => ErrorCode::KafkaStorageError,
                AppendRefused::TooLarge => ErrorCode::RecordListTooLarge,
            })?;
        if idempotent {
            self.producers.borrow_mut().append(&header, appended.base_offset, now);
        }
        Ok(Appended { base: appended.base_offset, end: appended.last_offset.plus(1), duplicate: false })
    }
}
