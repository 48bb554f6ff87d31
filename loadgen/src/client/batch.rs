//! A batch in the making: records are laid out as they come, and the 61 bytes of the header are filled in
//! when it goes.
//!
//! The bytes of a record are written once, straight into what the socket will get (the builder in
//! `headwater_core::record` gathers and copies once more, which a load generator cannot afford); sealing compresses
//! them if that is wanted and costs one CRC. The layout is Kafka's batch of magic 2 (drawn in
//! `headwater_core::record`); this module only ever writes it, and fills in what depends on the moment of sending:
//! producer id, epoch and sequence, which change if the producer must begin anew.

use std::time::Instant;

use bytes::{Bytes, BytesMut};
use headwater_core::record::compress::Codec;
use headwater_core::record::header::{HEADER_BYTES, seal};

/// A producer's identity on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub id: i64,
    pub epoch: i16,
}

/// What a record is made of.
#[derive(Clone, Copy, Debug, Default)]
pub struct RecordParts<'a> {
    /// The key, if it has one.
    pub key: Option<&'a [u8]>,
    /// The value; `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Headers in order; names may repeat, values may be null.
    pub headers: &'a [(&'a str, Option<&'a [u8]>)],
}

/// The greatest size of a varint of 32 bits.
const VARINT_MAX: usize = 5;

impl RecordParts<'_> {
    /// How many bytes the record takes in a batch at the most.
    pub fn bytes_max(&self) -> usize {
        let field = |bytes: Option<&[u8]>| VARINT_MAX + bytes.map_or(0, <[u8]>::len);
        let headers: usize = self.headers.iter().map(|(k, v)| field(Some(k.as_bytes())) + field(*v)).sum();
        // Length, attributes, timestamp (64 bits), offset, header count.
        VARINT_MAX + 1 + 10 + VARINT_MAX + VARINT_MAX + field(self.key) + field(self.value) + headers
    }
}

/// What all batches of a producer have in common.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kind {
    pub codec: Codec,
    pub transactional: bool,
}

/// The attribute of a batch that belongs to a transaction.
const TRANSACTIONAL: i16 = 1 << 4;

const LENGTH: usize = 8;
const LEADER_EPOCH: usize = 12;
const MAGIC: usize = 16;
const ATTRIBUTES: usize = 21;
const LAST_OFFSET_DELTA: usize = 23;
const BASE_TIMESTAMP: usize = 27;
const MAX_TIMESTAMP: usize = 35;
const PRODUCER_ID: usize = 43;
const PRODUCER_EPOCH: usize = 51;
const BASE_SEQUENCE: usize = 53;
const COUNT: usize = 57;

fn put<const N: usize>(bytes: &mut [u8], at: usize, value: [u8; N]) {
    bytes[at..at + N].copy_from_slice(&value);
}

/// A batch that still takes records.
#[derive(Debug)]
pub(super) struct OpenBatch {
    /// When it is to go, full or not.
    pub due: Instant,
    bytes: Vec<u8>,
    tags: Vec<u64>,
    created: Instant,
    first_number: u64,
    base_timestamp: i64,
    max_timestamp: i64,
    value_bytes: usize,
}

impl OpenBatch {
    pub fn new(capacity: usize, first_number: u64, created: Instant, due: Instant) -> Self {
        let mut bytes = Vec::with_capacity(capacity.max(HEADER_BYTES));
        bytes.resize(HEADER_BYTES, 0);
        Self {
            due,
            bytes,
            tags: Vec::new(),
            created,
            first_number,
            base_timestamp: 0,
            max_timestamp: 0,
            value_bytes: 0,
        }
    }

    /// Bytes so far, the header included.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Adds a record; `tag` is the caller's.
    pub fn push(&mut self, record: &RecordParts<'_>, timestamp: i64, tag: u64) {
        if self.tags.is_empty() {
            (self.base_timestamp, self.max_timestamp) = (timestamp, timestamp);
        }
        self.max_timestamp = self.max_timestamp.max(timestamp);
        let timestamp_delta = timestamp.wrapping_sub(self.base_timestamp);
        let offset_delta = self.tags.len() as i64;
        let length = 1
            + varint_len(timestamp_delta)
            + varint_len(offset_delta)
            + field_len(record.key)
            + field_len(record.value)
            + varint_len(record.headers.len() as i64)
            + record
                .headers
                .iter()
                .map(|(k, v)| field_len(Some(k.as_bytes())) + field_len(*v))
                .sum::<usize>();
        let out = &mut self.bytes;
        varint(out, length as i64);
        out.push(0);
        varint(out, timestamp_delta);
        varint(out, offset_delta);
        field(out, record.key);
        field(out, record.value);
        varint(out, record.headers.len() as i64);
        for (name, value) in record.headers {
            field(out, Some(name.as_bytes()));
            field(out, *value);
        }
        self.value_bytes += record.value.map_or(0, <[u8]>::len);
        self.tags.push(tag);
    }

    /// Closes the batch. It must hold a record.
    pub fn seal(self, kind: Kind) -> Batch {
        assert!(!self.tags.is_empty(), "an empty batch has no meaning to a broker");
        let mut bytes = self.bytes;
        let held_bytes = bytes.len() - HEADER_BYTES;
        if kind.codec != Codec::None {
            let packed = kind.codec.compress(&bytes[HEADER_BYTES..], None);
            bytes.truncate(HEADER_BYTES);
            bytes.extend_from_slice(&packed);
        }
        let attributes = kind.codec.code() | if kind.transactional { TRANSACTIONAL } else { 0 };
        let count = self.tags.len() as i32;
        let length = (bytes.len() - LENGTH - 4) as i32;
        put(&mut bytes, LENGTH, length.to_be_bytes());
        put(&mut bytes, LEADER_EPOCH, (-1i32).to_be_bytes());
        put(&mut bytes, MAGIC, [2]);
        put(&mut bytes, ATTRIBUTES, attributes.to_be_bytes());
        put(&mut bytes, LAST_OFFSET_DELTA, (count - 1).to_be_bytes());
        put(&mut bytes, BASE_TIMESTAMP, self.base_timestamp.to_be_bytes());
        put(&mut bytes, MAX_TIMESTAMP, self.max_timestamp.to_be_bytes());
        put(&mut bytes, COUNT, count.to_be_bytes());
        let Self { tags, created, first_number, value_bytes, .. } = self;
        Batch {
            bytes: bytes.into(),
            held_bytes,
            value_bytes,
            tags,
            first_number,
            created,
            first_sent: None,
            sequence: None,
            identity: None,
            stamped: false,
        }
    }
}

/// A closed batch.
#[derive(Debug)]
pub(super) struct Batch {
    bytes: Bytes,
    /// Bytes of its records before compression: what a buffer is charged for them.
    pub held_bytes: usize,
    /// Bytes of values.
    pub value_bytes: usize,
    /// One per record.
    pub tags: Vec<u64>,
    /// The first record's number among all of its partition.
    pub first_number: u64,
    pub created: Instant,
    pub first_sent: Option<Instant>,
    /// The sequence it was sent with.
    pub sequence: Option<i32>,
    identity: Option<Identity>,
    stamped: bool,
}

impl Batch {
    /// Fills in who sends it; the CRC is computed only when something changed.
    pub fn stamp(&mut self, identity: Option<Identity>, sequence: Option<i32>) {
        if self.stamped && (self.identity, self.sequence) == (identity, sequence) {
            return;
        }
        (self.identity, self.sequence, self.stamped) = (identity, sequence, true);
        let Identity { id, epoch } = identity.unwrap_or(Identity { id: -1, epoch: -1 });
        // Copied only if a connection that was lost still holds them.
        let mut bytes = BytesMut::from(std::mem::take(&mut self.bytes));
        put(&mut bytes, PRODUCER_ID, id.to_be_bytes());
        put(&mut bytes, PRODUCER_EPOCH, epoch.to_be_bytes());
        put(&mut bytes, BASE_SEQUENCE, sequence.unwrap_or(-1).to_be_bytes());
        seal(&mut bytes);
        self.bytes = bytes.freeze();
    }

    /// The batch as it goes to the broker.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// How many records it holds.
    pub fn count(&self) -> i32 {
        self.tags.len() as i32
    }
}

/// ZigZag, so that small negative numbers stay short.
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn varint_len(value: i64) -> usize {
    (70 - zigzag(value).leading_zeros() as usize) / 7 + usize::from(value == 0)
}

fn varint(out: &mut Vec<u8>, value: i64) {
    let mut rest = zigzag(value);
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn field_len(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(1, |bytes| varint_len(bytes.len() as i64) + bytes.len())
}

fn field(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => {
            varint(out, bytes.len() as i64);
            out.extend_from_slice(bytes);
        }
        None => varint(out, -1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varint_lengths_agree_with_what_is_written() {
        for shift in 0..64 {
            for value in [1i64 << shift, -(1i64 << shift.min(62)), (1i64 << shift).wrapping_sub(1), 0, -1] {
                let mut out = Vec::new();
                varint(&mut out, value);
                assert_eq!(varint_len(value), out.len(), "{value}");
            }
        }
    }

    #[test]
    fn a_batch_reads_back_as_core_reads_it() {
        use headwater_core::record::{header::BatchView, records::Records};
        let now = Instant::now();
        let headers = [("h", Some(&b"x"[..])), ("h", None)];
        let mut open = OpenBatch::new(100, 40, now, now);
        open.push(&RecordParts { key: Some(b"k"), value: Some(&[7; 300]), headers: &headers }, 1000, 5);
        open.push(&RecordParts::default(), 990, 6);
        open.push(&RecordParts { value: Some(b""), ..RecordParts::default() }, 1_000_000_000_000, 7);
        let mut batch = open.seal(Kind::default());
        assert_eq!((batch.count(), batch.first_number, batch.tags.as_slice()), (3, 40, &[5, 6, 7][..]));
        for (identity, sequence) in [(Some(Identity { id: 9, epoch: 2 }), Some(77)), (None, None)] {
            batch.stamp(identity, sequence);
            let (view, rest) = BatchView::split(batch.bytes()).unwrap();
            assert!(rest.is_empty());
            view.verify_crc().unwrap();
            assert_eq!(view.header.base_sequence, sequence.unwrap_or(-1));
            let records = Records::of(&view, 0).unwrap();
            let read: Vec<_> = records.iter().map(Result::unwrap).collect();
            let times: Vec<i64> = read.iter().map(|r| r.timestamp).collect();
            assert_eq!(times, [1000, 990, 1_000_000_000_000]);
            assert_eq!(view.header.max_timestamp, 1_000_000_000_000);
            assert_eq!((read[0].key, read[0].value), (Some(&b"k"[..]), Some(&[7; 300][..])));
            assert_eq!(read[0].headers, [(&b"h"[..], Some(&b"x"[..])), (&b"h"[..], None)]);
            assert_eq!((read[1].key, read[1].value, read[2].value), (None, None, Some(&b""[..])));
        }
    }

    #[test]
    fn compressed_batches_read_back() {
        use headwater_core::record::{header::BatchView, records::Records};
        for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
            let now = Instant::now();
            let mut open = OpenBatch::new(100, 0, now, now);
            for _ in 0..50 {
                open.push(&RecordParts { value: Some(&[7; 300]), ..RecordParts::default() }, 1000, 5);
            }
            let held = open.len() - HEADER_BYTES;
            let mut batch = open.seal(Kind { codec, transactional: true });
            assert_eq!((batch.held_bytes, batch.value_bytes), (held, 50 * 300));
            assert!(batch.bytes().len() < held / 5);
            batch.stamp(Some(Identity { id: 9, epoch: 2 }), Some(0));
            let (view, _) = BatchView::split(batch.bytes()).unwrap();
            view.verify_crc().unwrap();
            assert!(view.header.is_transactional() && !view.header.is_control());
            assert_eq!(Records::of(&view, 1 << 20).unwrap().iter().count(), 50);
        }
    }

    #[test]
    fn bytes_max_bounds_a_record() {
        let now = Instant::now();
        let headers = [("h", Some(&b"x"[..])), ("h", None)];
        for record in [
            RecordParts::default(),
            RecordParts { key: Some(b"k"), value: Some(&[7; 300]), headers: &headers },
        ] {
            let mut open = OpenBatch::new(0, 0, now, now);
            for timestamp in [i64::MIN, 0, i64::MAX] {
                let before = open.len();
                open.push(&record, timestamp, 0);
                assert!(open.len() - before <= record.bytes_max());
            }
        }
    }
}
