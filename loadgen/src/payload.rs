//! What a load record's value holds, so that whoever reads it can say what became of it.
//!
//! All integers big-endian:
//!
//! ```text
//!  0  magic      u32  "HWLG"
//!  4  crc        u32  CRC-32 (IEEE) over the body, then over bytes 8..40
//!  8  run        u64  drawn at the start of a run: records of other runs in the same topic are recognised and skipped
//! 16  producer   u32  0-based
//! 20  partition  u32  where it was sent: a record found in another partition is corrupt
//! 24  sequence   u64  counts this producer's records in this partition, from 0, without gaps
//! 32  stamp      u64  nanoseconds of the run's clock: when the record was meant to be sent
//! 40  body            random bytes, the same in every record of one producer
//! ```
//!
//! The partition counts through all topics of the run: topic number · partitions a topic + partition.
//!
//! The checksum takes the body first because the body usually never changes: its part is computed once a size,
//! and a record costs one copy and 32 bytes of CRC. This checksum is end to end; the batch's own CRC-32C is Kafka's and
//! says nothing about bytes that were damaged before it was computed.

use crate::rng::Rng;

/// Bytes of a value before its body; the smallest size of a load record.
pub const HEADER_BYTES: usize = 40;

const MAGIC: u32 = u32::from_be_bytes(*b"HWLG");

/// What a value says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// The run that made the record.
    pub run: u64,
    /// The producer, 0-based.
    pub producer: u32,
    /// The partition it was sent to.
    pub partition: u32,
    /// The record's number among this producer's records in this partition, from 0.
    pub sequence: u64,
    /// When it was meant to be sent, in nanoseconds of the run's clock.
    pub stamp: u64,
}

/// What bodies are made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Body {
    /// The same random bytes in every record of a producer: costs no checksum of the body, and is only right
    /// where nothing compresses the records.
    Same,
    /// Other bytes in each record, of which this share (0 to 1) compresses away.
    Varied {
        /// The share.
        compressible: f64,
    },
}

/// Varied bodies are stretches of a pool of this many bytes: far beyond what a codec's window finds again in
/// one batch.
const POOL_BYTES: usize = 2 << 20;

/// In a pool, so many bytes are random and the rest of each stretch is not.
const STRETCH_BYTES: usize = 64;

/// Makes values.
#[derive(Clone, Debug)]
pub struct Template {
    value: Vec<u8>,
    /// The sizes of values, with the checksum of the body where it is always the same.
    sizes: Vec<(usize, crc32fast::Hasher)>,
    /// What varied bodies are copied from; empty if they are all the same.
    pool: Vec<u8>,
    rng: Rng,
}

impl Template {
    /// A template for values of `size` bytes (raised to [`HEADER_BYTES`]) of `run` by `producer`.
    pub fn new(run: u64, producer: u32, size: usize) -> Self {
        Self::of(run, producer, &[size], Body::Same)
    }

    /// A template for values of these sizes, each as likely as the others.
    pub fn of(run: u64, producer: u32, sizes: &[usize], body: Body) -> Self {
        let greatest = sizes.iter().copied().max().unwrap_or(0).max(HEADER_BYTES);
        let mut rng = Rng::new(run ^ u64::from(producer));
        let mut value = vec![0; greatest];
        value[0..4].copy_from_slice(&MAGIC.to_be_bytes());
        value[8..16].copy_from_slice(&run.to_be_bytes());
        value[16..20].copy_from_slice(&producer.to_be_bytes());
        rng.fill(&mut value[HEADER_BYTES..]);
        let sized = |size: &usize| {
            let size = (*size).max(HEADER_BYTES);
            let mut body_crc = crc32fast::Hasher::new();
            body_crc.update(&value[HEADER_BYTES..size]);
            (size, body_crc)
        };
        let sizes = sizes.iter().map(sized).collect();
        let mut pool = Vec::new();
        if let Body::Varied { compressible } = body {
            pool.resize(POOL_BYTES.max(2 * greatest), 0);
            let random = (STRETCH_BYTES as f64 * (1.0 - compressible.clamp(0.0, 1.0))).round() as usize;
            for stretch in pool.chunks_mut(STRETCH_BYTES) {
                let random = random.min(stretch.len());
                rng.fill(&mut stretch[..random]);
            }
        }
        Self { value, sizes, pool, rng }
    }

    /// The value of the record with these numbers; valid until the next call.
    pub fn value(&mut self, partition: u32, sequence: u64, stamp: u64) -> &[u8] {
        let class = if self.sizes.len() == 1 { 0 } else { self.rng.below(self.sizes.len() as u64) as usize };
        let (size, ref body_crc) = self.sizes[class];
        let mut crc = body_crc.clone();
        if !self.pool.is_empty() {
            let body = &mut self.value[HEADER_BYTES..size];
            let from = self.rng.below((self.pool.len() - body.len()) as u64) as usize;
            body.copy_from_slice(&self.pool[from..from + body.len()]);
            crc = crc32fast::Hasher::new();
            crc.update(body);
        }
        self.value[20..24].copy_from_slice(&partition.to_be_bytes());
        self.value[24..32].copy_from_slice(&sequence.to_be_bytes());
        self.value[32..40].copy_from_slice(&stamp.to_be_bytes());
        crc.update(&self.value[8..HEADER_BYTES]);
        self.value[4..8].copy_from_slice(&crc.finalize().to_be_bytes());
        &self.value[..size]
    }

    /// The greatest value there can be.
    pub fn size_max(&self) -> usize {
        self.value.len()
    }
}

/// Why a value is not an intact load record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotALabel {
    /// It does not begin as a load record does: someone else's record, or a damaged beginning.
    Foreign,
    /// It begins as one, and its checksum does not match.
    Corrupt,
}

/// Reads and checks a value.
pub fn read(value: &[u8]) -> Result<Label, NotALabel> {
    let Some((header, body)) = value.split_first_chunk::<HEADER_BYTES>() else {
        return Err(NotALabel::Foreign);
    };
    let word = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let long = |at: usize| u64::from(word(at)) << 32 | u64::from(word(at + 4));
    if word(0) != MAGIC {
        return Err(NotALabel::Foreign);
    }
    let mut crc = crc32fast::Hasher::new();
    crc.update(body);
    crc.update(&header[8..]);
    if crc.finalize() != word(4) {
        return Err(NotALabel::Corrupt);
    }
    Ok(Label { run: long(8), producer: word(16), partition: word(20), sequence: long(24), stamp: long(32) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_reads_back_at_every_size() {
        for size in [0, 40, 41, 100, 1024] {
            let mut template = Template::new(9, 3, size);
            for sequence in [0, 1, u64::MAX] {
                let value = template.value(7, sequence, 123_456_789_012);
                assert_eq!(value.len(), size.max(HEADER_BYTES));
                let label = Label { run: 9, producer: 3, partition: 7, sequence, stamp: 123_456_789_012 };
                assert_eq!(read(value), Ok(label));
            }
        }
    }

    #[test]
    fn bodies_compress_as_asked() {
        use headwater_core::record::compress::Codec;
        for (compressible, least, most) in [(0.0, 0.9, 1.1), (0.5, 0.4, 0.65), (0.9, 0.05, 0.25)] {
            let mut template = Template::of(1, 2, &[500, 1000], Body::Varied { compressible });
            let mut plain = Vec::new();
            for sequence in 0..100 {
                let value = template.value(0, sequence, 5);
                assert_eq!(read(value).unwrap().sequence, sequence);
                assert!([500, 1000].contains(&value.len()));
                plain.extend_from_slice(value);
            }
            let share = Codec::Lz4.compress(&plain, None).len() as f64 / plain.len() as f64;
            assert!((least..most).contains(&share), "{compressible}: {share}");
        }
    }

    #[test]
    fn a_flipped_bit_anywhere_is_noticed() {
        let value = Template::new(1, 2, 64).value(3, 4, 5).to_vec();
        for bit in 0..value.len() * 8 {
            let mut damaged = value.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let expect = if bit < 32 { NotALabel::Foreign } else { NotALabel::Corrupt };
            assert_eq!(read(&damaged), Err(expect), "bit {bit}");
        }
        assert_eq!(read(b"hello"), Err(NotALabel::Foreign));
    }
}
