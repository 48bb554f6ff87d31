//! The decoding half of the runtime under the generated code: a cursor over borrowed bytes.
//!
//! Whatever the bytes are, a `Reader` neither panics nor allocates beyond what they pay for. Two rules see to it:
//!
//! 1. **A length is checked against the bytes that remain before anything is reserved.** An array's elements take
//!    at least `min` bytes each (the generator works it out from the schema), so `n` elements need `n * min`.
//! 2. **The budget.** An empty string takes one byte on the wire and 24 in memory, so rule 1 alone would let a
//!    100 MB frame claim gigabytes. Arrays are therefore charged `n * size_of::<T>()` against
//!    [`MEMORY_PER_BYTE`] `* length +` [`MEMORY_SPARE`], and a message that cannot pay is refused. Real messages can:
//!    the costliest, Metadata requests that name thousands of topics by one letter each, take 14 times their length.
//!
//! Strings and bytes are borrowed. The two encodings of a length (`flexible`, KIP-482: unsigned varint of length + 1;
//! older: `i16` for strings, `i32` for the rest, -1 for null) are chosen by the caller, field by field.

use std::borrow::Cow;

use super::{Decode, DecodeError, Str};
use crate::ids::TopicId;

/// Bytes of memory that one byte of message may claim for array elements.
pub const MEMORY_PER_BYTE: usize = 16;
/// Bytes of memory any message may claim for array elements, however short it is.
pub const MEMORY_SPARE: usize = 64 * 1024;

type Result<T> = std::result::Result<T, DecodeError>;

/// A cursor over one message's bytes. After an error its position means nothing.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    whole: usize,
    budget: usize,
}

macro_rules! fixed {
    ($($(#[$doc:meta])* $name:ident -> $ty:ty;)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name(&mut self) -> Result<$ty> {
            match self.rest.split_first_chunk() {
                Some((bytes, rest)) => {
                    self.rest = rest;
                    Ok(<$ty>::from_be_bytes(*bytes))
                }
                None => Err(self.truncated(size_of::<$ty>())),
            }
        }
    )*};
}

impl<'a> Reader<'a> {
    /// Starts at the first of `bytes`, with the budget that many bytes earn.
    pub fn new(bytes: &'a [u8]) -> Self {
        let budget = bytes.len().saturating_mul(MEMORY_PER_BYTE).saturating_add(MEMORY_SPARE);
        Self { rest: bytes, whole: bytes.len(), budget }
    }

    /// The bytes not read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// How many bytes are not read yet.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    fixed! {
        /// A signed byte.
        i8 -> i8;
        /// Two bytes, signed.
        i16 -> i16;
        /// Two bytes, unsigned.
        u16 -> u16;
        /// Four bytes, signed.
        i32 -> i32;
        /// Eight bytes, signed.
        i64 -> i64;
        /// Eight bytes, IEEE 754.
        f64 -> f64;
    }

    /// A byte; anything but 0 is true, as in Kafka.
    pub fn bool(&mut self) -> Result<bool> {
        Ok(self.i8()? != 0)
    }

    /// Sixteen bytes.
    pub fn uuid(&mut self) -> Result<TopicId> {
        match self.rest.split_first_chunk() {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(TopicId::new(*bytes))
            }
            None => Err(self.truncated(16)),
        }
    }

    /// An unsigned 32-bit integer in groups of seven bits, low group first; at most five bytes.
    pub fn uvarint(&mut self) -> Result<u32> {
        let mut value = 0u32;
        for (i, &byte) in self.rest.iter().take(5).enumerate() {
            let bits = u32::from(byte & 0x7f);
            if i == 4 && bits > 0x0f {
                return Err(DecodeError::VarintTooLong);
            }
            value |= bits << (7 * i);
            if byte & 0x80 == 0 {
                self.rest = &self.rest[i + 1..];
                return Ok(value);
            }
        }
        if self.rest.len() < 5 {
            return Err(self.truncated(self.rest.len() + 1));
        }
        Err(DecodeError::VarintTooLong)
    }

    /// The next `length` bytes.
    pub fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        match self.rest.split_at_checked(length) {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => Err(self.truncated(length)),
        }
    }

    /// A string that may be null if `nullable`.
    pub fn opt_str(&mut self, flexible: bool, nullable: bool) -> Result<Option<&'a str>> {
        let length = if flexible { self.compact_length()? } else { signed_length(i32::from(self.i16()?))? };
        let Some(length) = allow_null(length, nullable)? else { return Ok(None) };
        std::str::from_utf8(self.take(length)?).map(Some).map_err(|_| DecodeError::NotUtf8)
    }

    /// [`opt_str`](Self::opt_str) as the type of generated fields.
    pub fn opt_string(&mut self, flexible: bool, nullable: bool) -> Result<Option<Str<'a>>> {
        Ok(self.opt_str(flexible, nullable)?.map(Cow::Borrowed))
    }

    /// A string.
    pub fn string(&mut self, flexible: bool) -> Result<Str<'a>> {
        Ok(self.opt_string(flexible, false)?.unwrap_or_default())
    }

    /// Bytes or records that may be null if `nullable`, uncopied.
    pub fn opt_slice(&mut self, flexible: bool, nullable: bool) -> Result<Option<&'a [u8]>> {
        match allow_null(self.length(flexible)?, nullable)? {
            Some(length) => self.take(length).map(Some),
            None => Ok(None),
        }
    }

    /// [`opt_slice`](Self::opt_slice) as the type of generated fields.
    pub fn opt_bytes(&mut self, flexible: bool, nullable: bool) -> Result<Option<Cow<'a, [u8]>>> {
        Ok(self.opt_slice(flexible, nullable)?.map(Cow::Borrowed))
    }

    /// Bytes or records that are not null.
    pub fn bytes(&mut self, flexible: bool) -> Result<Cow<'a, [u8]>> {
        Ok(self.opt_bytes(flexible, false)?.unwrap_or_default())
    }

    /// An array that may be null if `nullable`; each element takes at least `min` bytes (rule 1 above).
    pub fn opt_array<T>(
        &mut self,
        flexible: bool,
        nullable: bool,
        min: usize,
        mut element: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Option<Vec<T>>> {
        let length = self.length(flexible)?;
        let Some(length) = allow_null(length, nullable)? else { return Ok(None) };
        self.charge(length, min, size_of::<T>())?;
        let mut elements = Vec::with_capacity(length);
        for _ in 0..length {
            elements.push(element(self)?);
        }
        Ok(Some(elements))
    }

    /// An array; see [`opt_array`](Self::opt_array).
    pub fn array<T>(
        &mut self,
        flexible: bool,
        min: usize,
        element: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        Ok(self.opt_array(flexible, false, min, element)?.unwrap_or_default())
    }

    /// A structure behind a presence byte: negative for null.
    pub fn opt_struct<T: Decode<'a>>(&mut self, nullable: bool, version: i16) -> Result<Option<T>> {
        match self.i8()? {
            ..0 if nullable => Ok(None),
            ..0 => Err(DecodeError::NullNotAllowed),
            0.. => T::decode(self, version).map(Some),
        }
    }

    /// The tagged fields that end every structure of a flexible version: a count, then tag, size and bytes of each.
    ///
    /// `known` gets a reader over exactly the field's bytes and answers whether it knows the tag; the bytes of a tag
    /// it does not know are skipped (behaviour 7).
    pub fn tags(&mut self, known: &mut dyn FnMut(u32, &mut Self) -> Result<bool>) -> Result<()> {
        let count = self.uvarint()? as usize;
        if count > self.rest.len() / 2 {
            return Err(self.truncated(count.saturating_mul(2)));
        }
        let mut seen = 0u64;
        for _ in 0..count {
            let tag = self.uvarint()?;
            let size = self.uvarint()? as usize;
            let mut field = Self { rest: self.take(size)?, ..*self };
            if known(tag, &mut field)? {
                self.budget = field.budget;
                if !field.rest.is_empty() {
                    return Err(DecodeError::TagSize { tag, unread: field.rest.len() });
                }
                // Schema tags are small numbers, so one word remembers them all.
                let bit = 1u64.checked_shl(tag).unwrap_or(0);
                if seen & bit != 0 {
                    return Err(DecodeError::DuplicateTag(tag));
                }
                seen |= bit;
            }
        }
        Ok(())
    }

    /// Skips the tagged fields of a structure whose schema has none; nothing to do if not `flexible`.
    pub fn skip_tags(&mut self, flexible: bool) -> Result<()> {
        if flexible { self.tags(&mut |_, _| Ok(false)) } else { Ok(()) }
    }

    fn length(&mut self, flexible: bool) -> Result<Option<usize>> {
        if flexible { self.compact_length() } else { signed_length(self.i32()?) }
    }

    fn compact_length(&mut self) -> Result<Option<usize>> {
        Ok((self.uvarint()? as usize).checked_sub(1))
    }

    fn charge(&mut self, count: usize, min: usize, size: usize) -> Result<()> {
        let needed = count.saturating_mul(min);
        if needed > self.rest.len() {
            return Err(self.truncated(needed));
        }
        match count.checked_mul(size).and_then(|cost| self.budget.checked_sub(cost)) {
            Some(left) => {
                self.budget = left;
                Ok(())
            }
            None => Err(DecodeError::OverBudget(self.whole)),
        }
    }

    #[cold]
    fn truncated(&self, needed: usize) -> DecodeError {
        DecodeError::Truncated { needed, remaining: self.rest.len() }
    }
}

fn signed_length(length: i32) -> Result<Option<usize>> {
    match usize::try_from(length) {
        Ok(length) => Ok(Some(length)),
        Err(_) if length == -1 => Ok(None),
        Err(_) => Err(DecodeError::NegativeLength(length)),
    }
}

fn allow_null(length: Option<usize>, nullable: bool) -> Result<Option<usize>> {
    if length.is_none() && !nullable { Err(DecodeError::NullNotAllowed) } else { Ok(length) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs `read` over `bytes` and compares its outcome, shown with `{:?}`, and the bytes left.
    fn check<'a, T: std::fmt::Debug>(
        bytes: &'a [u8],
        read: impl FnOnce(&mut Reader<'a>) -> Result<T>,
        expect: &str,
        left: usize,
    ) {
        let mut reader = Reader::new(bytes);
        let outcome = match read(&mut reader) {
            Ok(value) => {
                assert_eq!(reader.remaining(), left, "{bytes:?}");
                format!("{value:?}")
            }
            Err(error) => error.to_string(),
        };
        assert_eq!(outcome, expect, "{bytes:?}");
    }

    #[test]
    fn varints_end_within_32_bits() {
        check(&[0x00], |r| r.uvarint(), "0", 0);
        check(&[0x7f, 9], |r| r.uvarint(), "127", 1);
        check(&[0x80, 0x01], |r| r.uvarint(), "128", 0);
        check(&[0xff, 0xff, 0xff, 0xff, 0x0f], |r| r.uvarint(), "4294967295", 0);
        check(&[0xff, 0xff, 0xff, 0xff, 0x1f], |r| r.uvarint(), "a varint does not fit 32 bits", 0);
        check(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x00], |r| r.uvarint(), "a varint does not fit 32 bits", 0);
        check(&[0x80, 0x80], |r| r.uvarint(), "3 bytes needed, 2 remain", 0);
        check(&[], |r| r.uvarint(), "1 bytes needed, 0 remain", 0);
    }

    #[test]
    fn lengths_are_bounded_by_what_remains() {
        check(&[0, 1, b'a'], |r| r.string(false), "\"a\"", 0);
        check(&[2, b'a'], |r| r.string(true), "\"a\"", 0);
        check(&[0x7f, 0xff, b'a'], |r| r.string(false), "32767 bytes needed, 1 remain", 0);
        check(&[0xff, 0xff], |r| r.string(false), "null where the schema allows none", 0);
        check(&[0xff, 0xfe], |r| r.string(false), "negative length -2", 0);
        check(&[0xff, 0xff, 7], |r| r.opt_string(false, true), "None", 1);
        check(&[0], |r| r.opt_string(true, true), "None", 0);
        check(&[0], |r| r.string(true), "null where the schema allows none", 0);
        check(&[2, 0xff], |r| r.string(true), "a string is not UTF-8", 0);
        check(&[0x7f, 0xff, 0xff, 0xff], |r| r.bytes(false), "2147483647 bytes needed, 0 remain", 0);
        check(
            &[0x7f, 0xff, 0xff, 0xff, 1, 2],
            |r| r.array(false, 4, Reader::i32),
            "8589934588 bytes needed, 2 remain",
            0,
        );
        check(&[3, 0, 1, 0, 2], |r| r.array(true, 2, Reader::i16), "[1, 2]", 0);
    }

    #[test]
    fn a_flood_of_empty_elements_exceeds_the_budget() {
        let mut bytes = vec![0u8; 1 << 20];
        bytes[..4].copy_from_slice(&((1 << 20) - 4i32).to_be_bytes());
        bytes[4..].fill(1);
        check(
            &bytes,
            |r| r.array(false, 1, |r| r.string(true)).map(|a| a.len()),
            "decoding needs more memory than 1048576 bytes of message may claim",
            0,
        );
        bytes.truncate(2000 + 4);
        bytes[..4].copy_from_slice(&2000i32.to_be_bytes());
        check(&bytes, |r| r.array(false, 1, |r| r.string(true)).map(|a| a.len()), "2000", 0);
    }

    #[test]
    fn b7_unknown_tags_are_skipped_and_known_ones_checked() {
        let read = |r: &mut Reader<'_>| {
            let mut value = 0;
            r.tags(&mut |tag, field| {
                if tag == 1 {
                    value = field.i16()?;
                }
                Ok(tag == 1)
            })?;
            Ok(value)
        };
        check(&[0], read, "0", 0);
        check(&[1, 1, 2, 0, 5], read, "5", 0);
        check(&[3, 0, 1, 9, 1, 2, 0, 5, 0xff, 0x01, 0], read, "5", 0);
        check(&[1, 1, 3, 0, 5, 5], read, "tagged field 1 has 1 bytes too many", 0);
        check(&[1, 1, 1, 0, 5], read, "2 bytes needed, 1 remain", 0);
        check(&[2, 1, 2, 0, 5, 1, 2, 0, 5], read, "tagged field 1 appears twice", 0);
        check(&[1, 7, 0x7f, 0], read, "127 bytes needed, 1 remain", 0);
        check(&[0x7f, 1, 1], read, "254 bytes needed, 2 remain", 0);
    }
}
