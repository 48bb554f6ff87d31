//! Making batches: for producers of ours, for internal topics, for tests.

use bytes::{BufMut, Bytes, BytesMut};

use crate::ids::{ProducerEpoch, ProducerId};

use super::compress::Codec;
use super::header::{HEADER_BYTES, LENGTH_PREFIX_BYTES, seal};
use super::varint::put;

/// Collects records and makes one batch of them, with base offset 0 and leader epoch -1.
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    codec: Codec,
    level: Option<i32>,
    attributes: i16,
    producer: Option<(ProducerId, ProducerEpoch, i32)>,
    base_timestamp: i64,
    max_timestamp: i64,
    count: i32,
    records: Vec<u8>,
    scratch: Vec<u8>,
}

impl Default for BatchBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl BatchBuilder {
    /// An empty batch, not compressed.
    pub fn new() -> Self {
        Self {
            codec: Codec::None,
            level: None,
            attributes: 0,
            producer: None,
            base_timestamp: 0,
            max_timestamp: -1,
            count: 0,
            records: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Compresses the records.
    #[must_use]
    pub fn codec(mut self, codec: Codec) -> Self {
        self.codec = codec;
        self
    }

    /// With this effort instead of the codec's default.
    #[must_use]
    pub fn level(mut self, level: Option<i32>) -> Self {
        self.level = level;
        self
    }

    /// For an idempotent producer; `sequence` is that of the first record.
    #[must_use]
    pub fn producer(mut self, id: ProducerId, epoch: ProducerEpoch, sequence: i32) -> Self {
        self.producer = Some((id, epoch, sequence));
        self
    }

    /// Marks it as part of a transaction.
    #[must_use]
    pub fn transactional(mut self) -> Self {
        self.attributes |= 1 << 4;
        self
    }

    /// Marks it as a control batch.
    #[must_use]
    pub fn control(mut self) -> Self {
        self.attributes |= 1 << 5;
        self
    }

    /// Adds a record without headers.
    #[must_use]
    pub fn record(mut self, timestamp: i64, key: Option<&[u8]>, value: Option<&[u8]>) -> Self {
        self.push(timestamp, key, value, &[]);
        self
    }

    /// Adds a record.
    pub fn push(
        &mut self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(&[u8], Option<&[u8]>)],
    ) {
        if self.count == 0 {
            self.base_timestamp = timestamp;
        }
        self.max_timestamp = self.max_timestamp.max(timestamp);
        let body = &mut self.scratch;
        body.clear();
        body.push(0);
        put(body, timestamp.wrapping_sub(self.base_timestamp));
        put(body, i64::from(self.count));
        for part in [key, value] {
            put_nullable(body, part);
        }
        put(body, headers.len() as i64);
        for (name, value) in headers {
            put_nullable(body, Some(name));
            put_nullable(body, *value);
        }
        put(&mut self.records, body.len() as i64);
        self.records.extend_from_slice(body);
        self.count += 1;
    }

    /// How many records it has.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes of the records, before compression.
    pub fn record_bytes(&self) -> usize {
        self.records.len()
    }

    /// The whole batch, which may still be patched.
    ///
    /// An empty one is no batch: its last offset would be before its first, and every reader refuses it.
    pub fn build_mut(self) -> BytesMut {
        let packed = match self.codec {
            Codec::None => self.records,
            codec => codec.compress(&self.records, self.level),
        };
        let (id, epoch, sequence) =
            self.producer.map_or((-1, -1, -1), |(id, epoch, sequence)| (id.get(), epoch.get(), sequence));
        let mut out = BytesMut::with_capacity(HEADER_BYTES + packed.len());
        out.put_i64(0);
        out.put_i32((HEADER_BYTES - LENGTH_PREFIX_BYTES + packed.len()) as i32);
        out.put_i32(-1);
        out.put_i8(2);
        out.put_u32(0);
        out.put_i16(self.attributes | self.codec.code());
        out.put_i32(self.count - 1);
        out.put_i64(self.base_timestamp);
        out.put_i64(self.max_timestamp);
        out.put_i64(id);
        out.put_i16(epoch);
        out.put_i32(sequence);
        out.put_i32(self.count);
        out.extend_from_slice(&packed);
        seal(&mut out);
        out
    }

    /// The whole batch.
    pub fn build(self) -> Bytes {
        self.build_mut().freeze()
    }
}

fn put_nullable(out: &mut Vec<u8>, value: Option<&[u8]>) {
    match value {
        None => put(out, -1),
        Some(value) => {
            put(out, value.len() as i64);
            out.extend_from_slice(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::RecordError;
    use crate::record::header::BatchView;
    use crate::record::records::Records;

    #[test]
    fn b33_what_goes_in_comes_out_in_every_codec() {
        for codec in [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
            let mut builder =
                BatchBuilder::new().codec(codec).producer(ProducerId::new(9), ProducerEpoch::new(1), 4);
            builder.push(100, Some(b"k"), Some(b"v"), &[(b"h", Some(b"1")), (b"h", None), (b"", Some(b""))]);
            builder.push(90, None, None, &[]);
            let batch = builder.build();
            let (view, _) = BatchView::split(&batch).unwrap();
            view.verify_crc().unwrap();
            assert_eq!((view.header.max_timestamp, view.header.last_offset_delta), (100, 1));
            assert_eq!(view.header.last_sequence().get(), 5);
            let records = Records::of(&view, 1000).unwrap();
            let all: Vec<_> = records.iter().collect::<Result<_, _>>().unwrap();
            assert_eq!(all[0].headers, [(&b"h"[..], Some(&b"1"[..])), (b"h", None), (b"", Some(b""))]);
            assert_eq!((all[0].key, all[0].value, all[0].timestamp), (Some(&b"k"[..]), Some(&b"v"[..]), 100));
            assert_eq!((all[1].key, all[1].value, all[1].timestamp), (None, None, 90));
            assert_eq!(all[1].offset.get(), 1);
        }
    }

    #[test]
    fn random_bytes_never_panic_in_the_record_walk() {
        let good =
            BatchBuilder::new().record(1, Some(b"key"), Some(b"value")).record(2, None, Some(b"x")).build();
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        for _ in 0..20_000 {
            let mut bytes = good.to_vec();
            for _ in 0..3 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let at = 57 + (state as usize % (bytes.len() - 57));
                bytes[at] = (state >> 32) as u8;
            }
            let (view, _) = BatchView::split(&bytes).unwrap();
            let Ok(records) = Records::of(&view, 1 << 16) else { continue };
            for record in records.iter() {
                if let Err(error) = record {
                    assert!(matches!(error, RecordError::Record { .. }));
                }
            }
        }
    }
}
