//! Record batches of format 2, as clients make them, as the log stores them, as consumers get them.
//!
//! ```text
//!    0  base offset            i64   set by the broker, outside the checksum
//!    8  batch length           i32   bytes after this field
//!   12  leader epoch           i32   set by the broker, outside the checksum
//!   16  magic                  i8    2
//!   17  crc                    u32   CRC-32C of everything from the attributes on
//!   21  attributes             i16   bits 0-2 compression, 3 log append time, 4 transactional, 5 control, 6 delete horizon
//!   23  last offset delta      i32
//!   27  base timestamp         i64
//!   35  max timestamp          i64
//!   43  producer id            i64   -1: none
//!   51  producer epoch         i16   -1: none
//!   53  base sequence          i32   -1: none
//!   57  record count           i32
//!   61  records, compressed together as the attributes say
//!
//!   record:  length varint | attributes i8 | timestamp delta varlong | offset delta varint
//!            | key length varint, key | value length varint, value | header count varint, headers
//!   header:  key length varint, key | value length varint, value
//! ```
//!
//! Base offset and leader epoch lie outside the checksum, so that a broker sets them without touching the rest
//! (behaviour 23). Varints are zigzag coded. A length of -1 is null.

pub mod builder;
pub mod compact;
pub mod compress;
pub mod control;
pub mod header;
pub mod records;
pub mod validate;
mod varint;

/// Why bytes are not a record batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Fewer bytes than a header, or than the header's length says.
    #[error("a batch of {wanted} bytes was cut short at {found}")]
    Short {
        /// How many are needed.
        wanted: usize,
        /// How many there are.
        found: usize,
    },
    /// The length can't be one of a batch.
    #[error("a batch has the impossible length {0}")]
    Length(i32),
    /// Another format.
    #[error("record format {0} is not served, only 2 is")]
    Magic(i8),
    /// Offsets below 0, or past the last one there is: whoever added to them would overflow.
    #[error("a batch has the impossible base offset {base} and last offset delta {last_delta}")]
    Offsets {
        /// The base offset.
        base: i64,
        /// The last offset delta.
        last_delta: i32,
    },
    /// The checksum does not match.
    #[error("a batch is damaged: its checksum is {stored:#010x}, its bytes give {computed:#010x}")]
    Checksum {
        /// What the header says.
        stored: u32,
        /// What the bytes give.
        computed: u32,
    },
    /// The number of a codec that nobody knows.
    #[error("unknown compression codec {0}")]
    Codec(i16),
    /// The compressed bytes do not decompress.
    #[error("{codec} data does not decompress: {reason}")]
    Compression {
        /// Kafka's name of the codec.
        codec: &'static str,
        /// What the codec said.
        reason: String,
    },
    /// Decompressed data would be over its bound.
    #[error("a batch decompresses to more than {0} bytes")]
    TooLarge(usize),
    /// A record inside the batch is malformed.
    #[error("record {index} is malformed")]
    Record {
        /// Which one, counted from 0.
        index: i32,
    },
}
