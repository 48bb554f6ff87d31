//! The five codecs of record batches. Every decompression has a bound: a few kilobytes can hold gigabytes
//! (CVE-2023-34455), and the length that a stream announces is the sender's word only.

use std::io::{Read, Write};

use super::RecordError;

/// How a batch's records are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Codec {
    /// Not at all.
    #[default]
    None,
    /// RFC 1952, possibly of several members.
    Gzip,
    /// Snappy blocks in the framing of Java's library xerial, which other clients write too; raw blocks are read as well.
    Snappy,
    /// The LZ4 frame format.
    Lz4,
    /// RFC 8878.
    Zstd,
}

/// Before each xerial stream: this magic, an i32 version 1, an i32 lowest compatible version 1. Then blocks, each behind
/// its length as an i32.
const XERIAL_MAGIC: &[u8; 8] = b"\x82SNAPPY\0";
const XERIAL_HEADER_BYTES: usize = 16;
/// The block size of Java's writer.
const XERIAL_BLOCK_BYTES: usize = 32 * 1024;

impl Codec {
    /// The codec with this number in a batch's attributes.
    pub fn from_code(code: i16) -> Result<Codec, RecordError> {
        Ok(match code {
            0 => Codec::None,
            1 => Codec::Gzip,
            2 => Codec::Snappy,
            3 => Codec::Lz4,
            4 => Codec::Zstd,
            other => return Err(RecordError::Codec(other)),
        })
    }

    /// Its number in a batch's attributes.
    pub fn code(self) -> i16 {
        self as i16
    }

    /// Kafka's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Codec::None => "none",
            Codec::Gzip => "gzip",
            Codec::Snappy => "snappy",
            Codec::Lz4 => "lz4",
            Codec::Zstd => "zstd",
        }
    }

    /// Compresses at `level`, or at the codec's default. Snappy has no levels, and the LZ4 encoder here knows only its
    /// fast one.
    pub fn compress(self, plain: &[u8], level: Option<i32>) -> Vec<u8> {
        let mut out = Vec::with_capacity(plain.len() / 2 + 64);
        // Writing into memory fails only where a codec has a bug.
        match self {
            Codec::None => out.extend_from_slice(plain),
            Codec::Gzip => {
                let level = level.map_or(flate2::Compression::default(), |l| {
                    flate2::Compression::new(l.clamp(1, 9) as u32)
                });
                let mut encoder = flate2::write::GzEncoder::new(&mut out, level);
                encoder.write_all(plain).and_then(|()| encoder.try_finish()).expect("gzip into memory");
            }
            Codec::Snappy => {
                out.extend_from_slice(XERIAL_MAGIC);
                out.extend_from_slice(&1i32.to_be_bytes());
                out.extend_from_slice(&1i32.to_be_bytes());
                // One for all blocks: each new one clears a table.
                let mut encoder = snap::raw::Encoder::new();
                for block in plain.chunks(XERIAL_BLOCK_BYTES) {
                    let at = out.len();
                    out.resize(at + 4 + snap::raw::max_compress_len(block.len()), 0);
                    let packed =
                        encoder.compress(block, &mut out[at + 4..]).expect("snappy of a small block");
                    out[at..at + 4].copy_from_slice(&(packed as i32).to_be_bytes());
                    out.truncate(at + 4 + packed);
                }
            }
            Codec::Lz4 => {
                let mut encoder = lz4_flex::frame::FrameEncoder::new(&mut out);
                encoder.write_all(plain).expect("lz4 into memory");
                encoder.finish().expect("lz4 into memory");
            }
            Codec::Zstd => {
                out = zstd::bulk::compress(plain, level.unwrap_or(zstd::DEFAULT_COMPRESSION_LEVEL))
                    .expect("zstd into memory");
            }
        }
        out
    }

    /// Decompresses to at most `max` bytes.
    pub fn decompress(self, packed: &[u8], max: usize) -> Result<Vec<u8>, RecordError> {
        match self {
            Codec::None if packed.len() > max => Err(RecordError::TooLarge(max)),
            Codec::None => Ok(packed.to_vec()),
            Codec::Gzip => self.drain(flate2::bufread::MultiGzDecoder::new(packed), packed.len(), max),
            Codec::Snappy => snappy(packed, max),
            Codec::Lz4 => lz4(packed, max),
            Codec::Zstd => match zstd::stream::read::Decoder::with_buffer(packed) {
                Ok(decoder) => self.drain(decoder, packed.len(), max),
                Err(error) => Err(self.broken(error)),
            },
        }
    }

    fn drain(self, from: impl Read, packed: usize, max: usize) -> Result<Vec<u8>, RecordError> {
        // A first guess in proportion to what came, whatever the stream announces.
        let mut out = Vec::with_capacity(packed.saturating_mul(3).min(max));
        from.take(max as u64 + 1).read_to_end(&mut out).map_err(|error| self.broken(error))?;
        if out.len() > max { Err(RecordError::TooLarge(max)) } else { Ok(out) }
    }

    fn broken(self, reason: impl ToString) -> RecordError {
        RecordError::Compression { codec: self.name(), reason: reason.to_string() }
    }
}

fn lz4(packed: &[u8], max: usize) -> Result<Vec<u8>, RecordError> {
    let mut decoder = lz4_flex::frame::FrameDecoder::new(packed);
    let out = Codec::Lz4.drain(&mut decoder, packed.len(), max)?;
    // The decoder ends quietly at an empty block as well, and then whoever reads the rest would see other records.
    if decoder.get_ref().is_empty() { Ok(out) } else { Err(Codec::Lz4.broken("bytes after the last block")) }
}

fn snappy(packed: &[u8], max: usize) -> Result<Vec<u8>, RecordError> {
    let mut out = Vec::new();
    if !packed.starts_with(XERIAL_MAGIC) {
        snappy_block(packed, max, &mut out)?;
        return Ok(out);
    }
    let mut rest =
        packed.get(XERIAL_HEADER_BYTES..).ok_or_else(|| Codec::Snappy.broken("header cut short"))?;
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        // Java's writer begins a new stream after each flush of some of its users; its reader skips the header.
        if rest.starts_with(XERIAL_MAGIC) {
            rest = rest.get(XERIAL_HEADER_BYTES..).ok_or_else(|| Codec::Snappy.broken("header cut short"))?;
            continue;
        }
        let length = usize::try_from(i32::from_be_bytes(*length))
            .map_err(|_| Codec::Snappy.broken("negative length"))?;
        let (block, after) =
            after.split_at_checked(length).ok_or_else(|| Codec::Snappy.broken("block cut short"))?;
        snappy_block(block, max, &mut out)?;
        rest = after;
    }
    if rest.is_empty() { Ok(out) } else { Err(Codec::Snappy.broken("bytes after the last block")) }
}

fn snappy_block(block: &[u8], max: usize, out: &mut Vec<u8>) -> Result<(), RecordError> {
    let length = snap::raw::decompress_len(block).map_err(|error| Codec::Snappy.broken(error))?;
    // A block can't grow by more than about 64 to 1, so a longer promise is a lie that would cost memory.
    if length > max.saturating_sub(out.len()) {
        return Err(RecordError::TooLarge(max));
    }
    if length > block.len().saturating_mul(64) {
        return Err(Codec::Snappy.broken("it promises more than it can hold"));
    }
    let at = out.len();
    out.resize(at + length, 0);
    snap::raw::Decoder::new()
        .decompress(block, &mut out[at..])
        .map_err(|error| Codec::Snappy.broken(error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Codec; 5] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

    #[test]
    fn round_trip_within_the_bound_only() {
        for len in [0usize, 1, 100, 70_000] {
            let plain: Vec<u8> = (0..len).map(|i| (i / 7) as u8).collect();
            for codec in ALL {
                let packed = codec.compress(&plain, None);
                assert_eq!(codec.decompress(&packed, len).unwrap(), plain, "{codec:?} {len}");
                if len > 0 {
                    assert_eq!(
                        codec.decompress(&packed, len - 1),
                        Err(RecordError::TooLarge(len - 1)),
                        "{codec:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn damaged_data_is_an_error() {
        let plain: Vec<u8> = (0..50_000u32).map(|i| (i * i) as u8).collect();
        for codec in &ALL[1..] {
            let packed = codec.compress(&plain, None);
            for cut in [0, 1, 3, 10, packed.len() / 2] {
                let got = codec.decompress(&packed[..cut], 1 << 20);
                assert!(
                    got.is_err() || got.as_ref().is_ok_and(|got| *got != plain),
                    "{codec:?} cut at {cut}"
                );
            }
            for at in (0..packed.len()).step_by(97) {
                let mut bad = packed.clone();
                bad[at] ^= 0x55;
                let _ = codec.decompress(&bad, 1 << 20);
            }
        }
    }

    #[test]
    fn b32_snappy_is_read_raw_too() {
        let raw = snap::raw::Encoder::new().compress_vec(b"hello hello hello").unwrap();
        assert_eq!(Codec::Snappy.decompress(&raw, 100).unwrap(), b"hello hello hello");
    }

    #[test]
    fn gzip_of_several_members() {
        let mut packed = Codec::Gzip.compress(b"one ", None);
        packed.extend(Codec::Gzip.compress(b"two", None));
        assert_eq!(Codec::Gzip.decompress(&packed, 100).unwrap(), b"one two");
    }
}
