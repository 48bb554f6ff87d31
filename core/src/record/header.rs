//! The 61-byte header of a batch: read it, check it, patch it in place.

use bytes::BytesMut;

use crate::ids::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence};
use crate::time::Timestamp;

use super::RecordError;
use super::compress::Codec;

/// Bytes of a header.
pub const HEADER_BYTES: usize = 61;
/// Bytes before the part that the length counts.
pub const LENGTH_PREFIX_BYTES: usize = 12;
/// Where the checksummed part begins.
const CRC_FROM: usize = 21;
const CRC_AT: usize = 17;
const ATTRIBUTES_AT: usize = 21;
const MAX_TIMESTAMP_AT: usize = 35;

const LOG_APPEND_TIME: i16 = 1 << 3;
const TRANSACTIONAL: i16 = 1 << 4;
const CONTROL: i16 = 1 << 5;
const CODEC_MASK: i16 = 7;

/// A batch's header, as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// Offset of the first record.
    pub base_offset: Offset,
    /// Bytes of the whole batch.
    pub encoded_len: usize,
    /// The epoch of the leader that took it.
    pub leader_epoch: LeaderEpoch,
    /// CRC-32C as stored.
    pub crc: u32,
    /// See the layout.
    pub attributes: i16,
    /// Offset of the last record, less the base.
    pub last_offset_delta: i32,
    /// Timestamp of the first record (milliseconds), to which the records' deltas are added.
    pub base_timestamp: i64,
    /// The greatest timestamp of its records (milliseconds).
    pub max_timestamp: i64,
    /// The idempotent producer, if any.
    pub producer_id: Option<ProducerId>,
    /// Its epoch.
    pub producer_epoch: ProducerEpoch,
    /// The sequence of the first record, -1 as on the wire if there is none.
    pub base_sequence: i32,
    /// How many records.
    pub record_count: i32,
}

fn i16_at(bytes: &[u8; HEADER_BYTES], at: usize) -> i16 {
    i16::from_be_bytes([bytes[at], bytes[at + 1]])
}

fn i32_at(bytes: &[u8; HEADER_BYTES], at: usize) -> i32 {
    i32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn i64_at(bytes: &[u8; HEADER_BYTES], at: usize) -> i64 {
    (i64::from(i32_at(bytes, at)) << 32) | i64::from(i32_at(bytes, at + 4) as u32)
}

impl BatchHeader {
    /// Reads the header at the start of `bytes`. The checksum is not looked at.
    pub fn parse(bytes: &[u8]) -> Result<BatchHeader, RecordError> {
        let Some(b) = bytes.first_chunk::<HEADER_BYTES>() else {
            return Err(RecordError::Short { wanted: HEADER_BYTES, found: bytes.len() });
        };
        let length = i32_at(b, 8);
        let magic = b[16] as i8;
        if magic != 2 {
            return Err(RecordError::Magic(magic));
        }
        let encoded_len = match usize::try_from(length) {
            Ok(length) if length >= HEADER_BYTES - LENGTH_PREFIX_BYTES => length + LENGTH_PREFIX_BYTES,
            _ => return Err(RecordError::Length(length)),
        };
        let (base, last_delta) = (i64_at(b, 0), i32_at(b, 23));
        // The offset behind the batch must exist too: it is where the log goes on. The base lies outside the checksum, so
        // a damaged one is seen nowhere else.
        if base < 0 || last_delta < 0 || base.checked_add(i64::from(last_delta) + 1).is_none() {
            return Err(RecordError::Offsets { base, last_delta });
        }
        let producer_id = i64_at(b, 43);
        Ok(BatchHeader {
            base_offset: Offset::new(base),
            encoded_len,
            leader_epoch: LeaderEpoch::new(i32_at(b, 12)),
            crc: i32_at(b, CRC_AT) as u32,
            attributes: i16_at(b, ATTRIBUTES_AT),
            last_offset_delta: last_delta,
            base_timestamp: i64_at(b, 27),
            max_timestamp: i64_at(b, MAX_TIMESTAMP_AT),
            producer_id: (producer_id >= 0).then(|| ProducerId::new(producer_id)),
            producer_epoch: ProducerEpoch::new(i16_at(b, 51)),
            base_sequence: i32_at(b, 53),
            record_count: i32_at(b, 57),
        })
    }

    /// The codec of the records.
    pub fn codec(&self) -> Result<Codec, RecordError> {
        Codec::from_code(self.attributes & CODEC_MASK)
    }

    /// Whether the broker set the timestamps.
    pub fn is_log_append_time(&self) -> bool {
        self.attributes & LOG_APPEND_TIME != 0
    }

    /// Whether it belongs to a transaction.
    pub fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }

    /// Whether it holds a marker for consumers, not data.
    pub fn is_control(&self) -> bool {
        self.attributes & CONTROL != 0
    }

    /// Offset of the last record.
    pub fn last_offset(&self) -> Offset {
        self.base_offset.plus(i64::from(self.last_offset_delta))
    }

    /// The offset behind the last record.
    pub fn next_offset(&self) -> Offset {
        self.last_offset().plus(1)
    }

    /// Sequence of the last record; meaningful for idempotent producers only.
    pub fn last_sequence(&self) -> Sequence {
        Sequence::new(self.base_sequence.max(0)).plus(self.last_offset_delta)
    }
}

/// The checksum of a batch whose bytes come in parts, so that one that says it is very large can be judged before there is
/// memory for it.
#[derive(Clone, Copy, Debug, Default)]
pub struct PartedChecksum {
    bytes: usize,
    crc: u32,
}

impl PartedChecksum {
    /// The next part, from the header's first byte on.
    pub fn push(&mut self, part: &[u8]) {
        let outside = CRC_FROM.saturating_sub(self.bytes).min(part.len());
        self.crc = crc32c::crc32c_append(self.crc, &part[outside..]);
        self.bytes += part.len();
    }

    /// Whether these were all the bytes of the batch with this header, as the producer checksummed them.
    pub fn is_of(&self, header: &BatchHeader) -> bool {
        self.bytes == header.encoded_len && self.crc == header.crc
    }
}

/// One whole batch inside a longer stretch of bytes.
#[derive(Clone, Copy, Debug)]
pub struct BatchView<'a> {
    /// Its header.
    pub header: BatchHeader,
    /// Its bytes, header included.
    pub bytes: &'a [u8],
}

impl<'a> BatchView<'a> {
    /// Takes the first batch off `bytes`; the checksum is not looked at.
    pub fn split(bytes: &'a [u8]) -> Result<(BatchView<'a>, &'a [u8]), RecordError> {
        let header = BatchHeader::parse(bytes)?;
        match bytes.split_at_checked(header.encoded_len) {
            Some((bytes, rest)) => Ok((BatchView { header, bytes }, rest)),
            None => Err(RecordError::Short { wanted: header.encoded_len, found: bytes.len() }),
        }
    }

    /// Fails if the bytes are not those that the producer checksummed.
    pub fn verify_crc(&self) -> Result<(), RecordError> {
        let computed = crc32c::crc32c(&self.bytes[CRC_FROM..]);
        if computed == self.header.crc {
            Ok(())
        } else {
            Err(RecordError::Checksum { stored: self.header.crc, computed })
        }
    }

    /// The records' bytes, still compressed.
    pub fn payload(&self) -> &'a [u8] {
        &self.bytes[HEADER_BYTES..]
    }
}

/// Sets the offset of the first record; the checksum stays right (behaviour 23).
///
/// # Panics
/// If `batch` is shorter than a header, as the other patches do.
pub fn set_base_offset(batch: &mut [u8], offset: Offset) {
    batch[..8].copy_from_slice(&offset.get().to_be_bytes());
}

/// Sets the leader epoch; the checksum stays right (behaviour 23).
pub fn set_leader_epoch(batch: &mut [u8], epoch: LeaderEpoch) {
    batch[12..16].copy_from_slice(&epoch.get().to_be_bytes());
}

/// Makes every record's timestamp `now` (behaviour 31), and the checksum right again.
pub fn set_log_append_time(batch: &mut [u8], now: Timestamp) {
    let attributes = i16::from_be_bytes([batch[ATTRIBUTES_AT], batch[ATTRIBUTES_AT + 1]]) | LOG_APPEND_TIME;
    batch[ATTRIBUTES_AT..ATTRIBUTES_AT + 2].copy_from_slice(&attributes.to_be_bytes());
    batch[MAX_TIMESTAMP_AT..MAX_TIMESTAMP_AT + 8].copy_from_slice(&now.millis().to_be_bytes());
    seal(batch);
}

/// A copy of `batch` whose records are `packed`, by `codec`; everything else stays, and the checksum is right.
pub fn replace_payload(batch: &[u8], codec: Codec, packed: &[u8]) -> BytesMut {
    let mut out = BytesMut::with_capacity(HEADER_BYTES + packed.len());
    out.extend_from_slice(&batch[..HEADER_BYTES]);
    out.extend_from_slice(packed);
    let length = (out.len() - LENGTH_PREFIX_BYTES) as i32;
    out[8..12].copy_from_slice(&length.to_be_bytes());
    // The codec's bits are in the second of the two bytes.
    out[ATTRIBUTES_AT + 1] = out[ATTRIBUTES_AT + 1] & !(CODEC_MASK as u8) | codec.code() as u8;
    seal(&mut out);
    out
}

/// Computes the checksum of a finished batch.
pub fn seal(batch: &mut [u8]) {
    let crc = crc32c::crc32c(&batch[CRC_FROM..]);
    batch[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::builder::BatchBuilder;

    #[test]
    fn b23_offset_and_epoch_are_outside_the_checksum() {
        let mut batch = BatchBuilder::new().record(5, Some(b"k"), Some(b"v")).build().to_vec();
        set_base_offset(&mut batch, Offset::new(77));
        set_leader_epoch(&mut batch, LeaderEpoch::new(3));
        let (view, rest) = BatchView::split(&batch).unwrap();
        assert!(rest.is_empty());
        view.verify_crc().unwrap();
        assert_eq!((view.header.base_offset.get(), view.header.leader_epoch.get()), (77, 3));
        assert_eq!(view.header.next_offset().get(), 78);
        batch[61] ^= 1;
        assert!(matches!(
            BatchView::split(&batch).unwrap().0.verify_crc(),
            Err(RecordError::Checksum { .. })
        ));
    }

    #[test]
    fn b31_log_append_time_keeps_the_checksum_right() {
        let mut batch = BatchBuilder::new().record(5, None, Some(b"v")).build().to_vec();
        set_log_append_time(&mut batch, Timestamp::from_millis(99));
        let (view, _) = BatchView::split(&batch).unwrap();
        view.verify_crc().unwrap();
        assert!(view.header.is_log_append_time());
        assert_eq!(view.header.max_timestamp, 99);
    }

    #[test]
    fn b23_the_checksum_is_castagnolis() {
        // RFC 3720, B.4: 32 bytes of zeros, and the check value that every catalogue of CRCs gives.
        assert_eq!(crc32c::crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn lengths_are_checked_before_they_are_used() {
        let batch = BatchBuilder::new().record(0, None, None).build().to_vec();
        for cut in 0..batch.len() {
            assert!(matches!(BatchView::split(&batch[..cut]), Err(RecordError::Short { .. })), "{cut}");
        }
        for (length, refused) in [(-1, true), (0, true), (48, true), (49, false)] {
            let mut bad = batch.clone();
            bad[8..12].copy_from_slice(&i32::to_be_bytes(length));
            assert_eq!(matches!(BatchHeader::parse(&bad), Err(RecordError::Length(_))), refused, "{length}");
        }
        for (base, delta, refused) in [
            (-1i64, 0i32, true),
            (0, -1, true),
            (i64::MAX, 0, true),
            (i64::MAX - 1, 0, false),
            (i64::MAX - i64::from(i32::MAX), i32::MAX, true),
        ] {
            let mut bad = batch.clone();
            bad[..8].copy_from_slice(&base.to_be_bytes());
            bad[23..27].copy_from_slice(&delta.to_be_bytes());
            let parsed = BatchHeader::parse(&bad);
            assert_eq!(
                matches!(parsed, Err(RecordError::Offsets { .. })),
                refused,
                "{base} {delta}: {parsed:?}"
            );
            if let Ok(header) = parsed {
                assert_eq!(header.next_offset().get(), base + i64::from(delta) + 1);
            }
        }
        let mut old = batch;
        old[16] = 1;
        assert_eq!(BatchHeader::parse(&old), Err(RecordError::Magic(1)));
    }
}
