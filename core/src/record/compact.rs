//! Rewriting a batch without some of its records, as compaction does (behaviour 64).
//!
//! What stays keeps its offset and timestamp; so do the batch's first and last offset, its producer and its sequence,
//! because readers and the producers' table go by them. A tombstone that stays gives the batch a delete horizon
//! (KIP-534): attribute bit 6 is set, and the base timestamp is the time from which the tombstones may go. The records'
//! timestamp deltas count from there.

use bytes::{BufMut, BytesMut};

use super::RecordError;
use super::compress::Codec;
use super::header::{BatchHeader, BatchView, HEADER_BYTES, LENGTH_PREFIX_BYTES, seal};
use super::records::{Record, Records};
use super::varint::put;

const CODEC_MASK: i16 = 7;
const DELETE_HORIZON: i16 = 1 << 6;

/// What is left of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// All of it; its bytes stay.
    All,
    /// Some records, in these bytes.
    Some(BytesMut),
    /// None; these bytes hold only the header, which some batches have to leave behind.
    Nothing(BytesMut),
}

/// From when on the tombstones of a batch may go, in milliseconds; none if it has not been set.
pub fn delete_horizon(header: &BatchHeader) -> Option<i64> {
    (header.attributes & DELETE_HORIZON != 0).then_some(header.base_timestamp)
}

/// Rewrites `batch` with the records that `keep` wants. If a tombstone stays and the batch has no horizon yet, it gets
/// `horizon`. `decompressed_max` bounds the memory for its records, in bytes.
///
/// # Errors
/// When the records can't be read: nothing may be dropped then.
pub fn rewrite(
    batch: &BatchView<'_>,
    horizon: i64,
    decompressed_max: usize,
    mut keep: impl FnMut(&Record<'_>) -> bool,
) -> Result<Left, RecordError> {
    let header = &batch.header;
    let records = Records::of(batch, decompressed_max)?;
    let mut kept = Vec::new();
    let (mut all, mut tombstone) = (true, false);
    for record in records.iter() {
        let record = record?;
        if keep(&record) {
            tombstone |= record.value.is_none();
            kept.push(record);
        } else {
            all = false;
        }
    }
    let horizon = delete_horizon(header).or(tombstone.then_some(horizon));
    if all && horizon == delete_horizon(header) {
        return Ok(Left::All);
    }
    if kept.is_empty() {
        return Ok(Left::Nothing(encode(header, None, &[], 0, header.max_timestamp)));
    }
    let base = horizon.unwrap_or(header.base_timestamp);
    let mut body = Vec::with_capacity(records.bytes().len());
    let mut scratch = Vec::new();
    for record in &kept {
        put_record(&mut body, &mut scratch, record, header, base);
    }
    let newest = kept.iter().map(|record| record.timestamp).max().unwrap_or(header.max_timestamp);
    let codec = header.codec()?;
    let packed = if codec == Codec::None { body } else { codec.compress(&body, None) };
    Ok(Left::Some(encode(header, horizon, &packed, kept.len() as i32, newest)))
}

fn put_record(
    out: &mut Vec<u8>,
    scratch: &mut Vec<u8>,
    record: &Record<'_>,
    header: &BatchHeader,
    base: i64,
) {
    let part = |out: &mut Vec<u8>, bytes: Option<&[u8]>| {
        put(out, bytes.map_or(-1, |bytes| bytes.len() as i64));
        out.extend_from_slice(bytes.unwrap_or_default());
    };
    scratch.clear();
    scratch.push(0);
    put(scratch, record.timestamp.wrapping_sub(base));
    put(scratch, record.offset.get() - header.base_offset.get());
    part(scratch, record.key);
    part(scratch, record.value);
    put(scratch, record.headers.len() as i64);
    for (name, value) in &record.headers {
        part(scratch, Some(name));
        part(scratch, *value);
    }
    put(out, scratch.len() as i64);
    out.extend_from_slice(scratch);
}

fn encode(header: &BatchHeader, horizon: Option<i64>, packed: &[u8], count: i32, newest: i64) -> BytesMut {
    let mut attributes = header.attributes;
    if horizon.is_some() {
        attributes |= DELETE_HORIZON;
    }
    if count == 0 {
        attributes &= !CODEC_MASK;
    }
    let mut out = BytesMut::with_capacity(HEADER_BYTES + packed.len());
    out.put_i64(header.base_offset.get());
    out.put_i32((HEADER_BYTES - LENGTH_PREFIX_BYTES + packed.len()) as i32);
    out.put_i32(header.leader_epoch.get());
    out.put_i8(2);
    out.put_u32(0);
    out.put_i16(attributes);
    out.put_i32(header.last_offset_delta);
    out.put_i64(horizon.unwrap_or(header.base_timestamp));
    out.put_i64(newest);
    out.put_i64(header.producer_id.map_or(-1, |id| id.get()));
    out.put_i16(header.producer_epoch.get());
    out.put_i32(header.base_sequence);
    out.put_i32(count);
    out.extend_from_slice(packed);
    seal(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};
    use crate::record::builder::BatchBuilder;
    use crate::record::header::{set_base_offset, set_leader_epoch};

    /// Offset, timestamp, key, value.
    type Plain = (i64, i64, Vec<u8>, Option<Vec<u8>>);

    fn batch(codec: Codec) -> BytesMut {
        let producer = (ProducerId::new(7), ProducerEpoch::new(2), 40);
        let mut builder = BatchBuilder::new().codec(codec).producer(producer.0, producer.1, producer.2);
        let headers: &[(&[u8], Option<&[u8]>)] = &[(b"h", Some(b"1")), (b"h", None)];
        for (n, value) in [Some(&b"a"[..]), None, Some(b"c"), Some(b"d")].into_iter().enumerate() {
            builder.push(1000 + n as i64, Some(&[b'k', n as u8]), value, headers);
        }
        let mut batch = builder.build_mut();
        set_base_offset(&mut batch, Offset::new(500));
        set_leader_epoch(&mut batch, LeaderEpoch::new(9));
        batch
    }

    fn plain(bytes: &[u8]) -> Vec<Plain> {
        let (view, rest) = BatchView::split(bytes).unwrap();
        assert!(rest.is_empty());
        view.verify_crc().unwrap();
        let records = Records::of(&view, 1 << 20).unwrap();
        let owned = |r: Record<'_>| {
            assert_eq!(r.headers.len(), 2);
            (r.offset.get(), r.timestamp, r.key.unwrap().to_vec(), r.value.map(<[u8]>::to_vec))
        };
        records.iter().map(|record| owned(record.unwrap())).collect()
    }

    fn check(codec: Codec, kept: &[usize]) {
        let before = batch(codec);
        let (view, _) = BatchView::split(&before).unwrap();
        let all = plain(&before);
        let left =
            rewrite(&view, 99_000, 1 << 20, |r| kept.contains(&((r.offset.get() - 500) as usize))).unwrap();
        let bytes = match left {
            Left::All => before.clone(),
            Left::Some(bytes) | Left::Nothing(bytes) => bytes,
        };
        let header = BatchHeader::parse(&bytes).unwrap();
        if kept.is_empty() {
            assert_eq!((bytes.len(), header.record_count), (HEADER_BYTES, 0));
            BatchView::split(&bytes).unwrap().0.verify_crc().unwrap();
        } else {
            let expected: Vec<Plain> = kept.iter().map(|n| all[*n].clone()).collect();
            assert_eq!(plain(&bytes), expected, "{codec:?} {kept:?}");
        }
        let what = |h: &BatchHeader| {
            (h.base_offset, h.last_offset(), h.leader_epoch, h.producer_id, h.producer_epoch, h.base_sequence)
        };
        assert_eq!(what(&header), what(&view.header));
        let tombstone = kept.contains(&1);
        assert_eq!(delete_horizon(&header), tombstone.then_some(99_000), "{kept:?}");
        // Once set, a horizon stays.
        let (again, _) = BatchView::split(&bytes).unwrap();
        let left = rewrite(&again, 111_000, 1 << 20, |_| true).unwrap();
        assert_eq!(left, Left::All, "{codec:?} {kept:?}");
    }

    #[test]
    fn b64_what_stays_keeps_its_offset_and_the_batch_its_own() {
        for codec in [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
            for kept in [&[0, 1, 2, 3][..], &[0, 2, 3], &[1], &[3], &[]] {
                check(codec, kept);
            }
        }
    }
}
