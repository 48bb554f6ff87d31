//! The encoding half of the runtime under the generated code: a growing buffer, plus slices it leaves where they are.
//!
//! Encoding cannot fail. What a version cannot say is written as the nearest thing it can say: a null where it
//! allows none becomes empty, a string longer than the old formats' 32,767 bytes is cut at a character. (A panic
//! would let one client's odd group name kill the broker when another asks for it in an old version.)

use bytes::Bytes;

use super::Encode;
use crate::ids::TopicId;

/// Collects one message.
///
/// [`attach`](Self::attach) puts a caller's `Bytes` into the message without copying it; the result then comes
/// apart into chunks for one vectored write: written bytes, attached slice, written bytes, …
#[derive(Debug, Default)]
pub struct Writer {
    buf: Vec<u8>,
    /// Slices with their place: how many bytes of `buf` precede them.
    attached: Vec<(usize, Part)>,
    attached_len: usize,
}

/// A piece of a message on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Bytes.
    Bytes(Bytes),
    /// So many bytes that whoever sends the message has, and has not in memory: a stretch of a file.
    Apart(usize),
}

macro_rules! fixed {
    ($($(#[$doc:meta])* $name:ident($ty:ty);)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name(&mut self, value: $ty) {
            self.buf.extend_from_slice(&value.to_be_bytes());
        }
    )*};
}

impl Writer {
    /// An empty message.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty message with room for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { buf: Vec::with_capacity(capacity), ..Self::default() }
    }

    /// The message's length so far, attached slices included.
    pub fn len(&self) -> usize {
        self.buf.len() + self.attached_len
    }

    /// Whether nothing has been written.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The message in one piece; copies only if something was attached.
    pub fn into_vec(self) -> Vec<u8> {
        if self.attached.is_empty() { self.buf } else { self.into_chunks().concat() }
    }

    /// The message in one piece; copies only if something was attached.
    pub fn into_bytes(self) -> Bytes {
        self.into_vec().into()
    }

    /// The message as the slices to send one after the other, none of them empty; what was attached is not copied.
    ///
    /// # Panics
    /// When a part of it lies elsewhere ([`Self::leave_apart`]).
    pub fn into_chunks(self) -> Vec<Bytes> {
        let whole = |part| match part {
            Part::Bytes(bytes) => bytes,
            Part::Apart(_) => panic!("a part of the message lies elsewhere"),
        };
        self.into_parts().into_iter().map(whole).collect()
    }

    /// The message as the parts to send one after the other, none of them empty.
    pub fn into_parts(self) -> Vec<Part> {
        let mut parts = Vec::with_capacity(2 * self.attached.len() + 1);
        let written = Bytes::from(self.buf);
        let mut from = 0;
        for (at, part) in self.attached {
            if at > from {
                parts.push(Part::Bytes(written.slice(from..at)));
            }
            from = at;
            parts.push(part);
        }
        if written.len() > from {
            parts.push(Part::Bytes(written.slice(from..)));
        }
        parts
    }

    fixed! {
        /// A signed byte.
        i8(i8);
        /// Two bytes, signed.
        i16(i16);
        /// Two bytes, unsigned.
        u16(u16);
        /// Four bytes, signed.
        i32(i32);
        /// Eight bytes, signed.
        i64(i64);
        /// Eight bytes, IEEE 754.
        f64(f64);
    }

    /// A byte, 0 or 1.
    pub fn bool(&mut self, value: bool) {
        self.buf.push(u8::from(value));
    }

    /// Sixteen bytes.
    pub fn uuid(&mut self, value: TopicId) {
        self.buf.extend_from_slice(&value.get());
    }

    /// An unsigned integer in groups of seven bits, low group first.
    pub fn uvarint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.buf.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.buf.push(value as u8);
    }

    /// Bytes as they are, with no length before them.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.buf.extend_from_slice(bytes);
    }

    /// A slice that stays where it is, with no length before it.
    pub fn attach(&mut self, slice: Bytes) {
        if !slice.is_empty() {
            self.attached_len += slice.len();
            self.attached.push((self.buf.len(), Part::Bytes(slice)));
        }
    }

    /// Leaves a place for `len` bytes that lie elsewhere, with no length before them.
    pub fn leave_apart(&mut self, len: usize) {
        if len > 0 {
            self.attached_len += len;
            self.attached.push((self.buf.len(), Part::Apart(len)));
        }
    }

    /// Overwrites four bytes written earlier, `at` counting written bytes only.
    pub fn set_i32(&mut self, at: usize, value: i32) {
        self.buf[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }

    /// A string.
    pub fn string(&mut self, flexible: bool, value: &str) {
        if flexible {
            self.uvarint(compact(value.len()));
            self.raw(value.as_bytes());
        } else {
            let value = &value[..value.floor_char_boundary(i16::MAX as usize)];
            self.i16(value.len() as i16);
            self.raw(value.as_bytes());
        }
    }

    /// A string, or null where `nullable`.
    pub fn opt_string(&mut self, flexible: bool, nullable: bool, value: Option<&str>) {
        match value {
            None if nullable && flexible => self.uvarint(0),
            None if nullable => self.i16(-1),
            value => self.string(flexible, value.unwrap_or_default()),
        }
    }

    /// The length before bytes, records or an array; `None` writes null where `nullable`, else 0.
    pub fn length(&mut self, flexible: bool, nullable: bool, length: Option<usize>) {
        match (length, flexible) {
            (None, true) if nullable => self.uvarint(0),
            (None, false) if nullable => self.i32(-1),
            (length, true) => self.uvarint(compact(length.unwrap_or(0))),
            (length, false) => self.i32((compact(length.unwrap_or(0)) - 1) as i32),
        }
    }

    /// Bytes or records.
    pub fn bytes(&mut self, flexible: bool, value: &[u8]) {
        self.opt_bytes(flexible, false, Some(value));
    }

    /// Bytes or records, or null where `nullable`.
    pub fn opt_bytes(&mut self, flexible: bool, nullable: bool, value: Option<&[u8]>) {
        self.length(flexible, nullable, value.map(<[u8]>::len));
        self.raw(value.unwrap_or_default());
    }

    /// An array.
    pub fn array<T>(&mut self, flexible: bool, value: &[T], element: impl FnMut(&mut Self, &T)) {
        self.opt_array(flexible, false, Some(value), element);
    }

    /// An array, or null where `nullable`.
    pub fn opt_array<T>(
        &mut self,
        flexible: bool,
        nullable: bool,
        value: Option<&[T]>,
        mut element: impl FnMut(&mut Self, &T),
    ) {
        self.length(flexible, nullable, value.map(<[T]>::len));
        for each in value.unwrap_or_default() {
            element(self, each);
        }
    }

    /// A structure behind a presence byte (1, or -1 for null); a default one where null is not allowed.
    pub fn opt_struct<T: Encode + Default>(&mut self, nullable: bool, value: Option<&T>, version: i16) {
        self.i8(if value.is_none() && nullable { -1 } else { 1 });
        match value {
            Some(value) => value.encode(self, version),
            None if nullable => {}
            None => T::default().encode(self, version),
        }
    }

    /// One tagged field: tag, size, and what `field` writes. Fields go in ascending order of tags, after their count.
    pub fn tag(&mut self, tag: u32, field: &mut dyn FnMut(&mut Self)) {
        self.uvarint(tag);
        let start = self.buf.len();
        let attached = self.attached.len();
        field(self);
        assert_eq!(
            attached,
            self.attached.len(),
            "a slice attached inside a tagged field has no known place"
        );
        // The size goes before bytes whose number is known only now: append it, then rotate it to the front.
        let end = self.buf.len();
        self.uvarint((end - start) as u32);
        let size_bytes = self.buf.len() - end;
        self.buf[start..].rotate_right(size_bytes);
    }

    /// The empty list of tagged fields that ends a structure; nothing if not `flexible`.
    pub fn no_tags(&mut self, flexible: bool) {
        if flexible {
            self.uvarint(0);
        }
    }
}

/// Length + 1, as the flexible format says it. Kafka's lengths are `i32`; more than 2 GiB in one field is our bug.
fn compact(length: usize) -> u32 {
    assert!(length <= i32::MAX as usize, "a field of {length} bytes or elements cannot be said on the wire");
    length as u32 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(write: impl FnOnce(&mut Writer), expect: &[u8]) {
        let mut writer = Writer::new();
        write(&mut writer);
        assert_eq!(writer.len(), expect.len());
        assert_eq!(writer.into_vec(), expect);
    }

    #[test]
    fn both_formats_of_lengths_and_nulls() {
        check(|w| w.string(false, "ab"), &[0, 2, b'a', b'b']);
        check(|w| w.string(true, "ab"), &[3, b'a', b'b']);
        check(|w| w.opt_string(false, true, None), &[0xff, 0xff]);
        check(|w| w.opt_string(true, true, None), &[0]);
        check(|w| w.opt_string(false, false, None), &[0, 0]);
        check(|w| w.opt_string(true, false, None), &[1]);
        check(|w| w.opt_bytes(false, true, None), &[0xff, 0xff, 0xff, 0xff]);
        check(|w| w.opt_bytes(true, false, None), &[1]);
        check(|w| w.bytes(true, &[7; 127]), &[[0x80, 0x01].as_slice(), &[7; 127]].concat());
        check(|w| w.array(false, &[1i16, 2], |w, x| w.i16(*x)), &[0, 0, 0, 2, 0, 1, 0, 2]);
    }

    #[test]
    fn a_string_too_long_for_the_old_format_is_cut_at_a_character() {
        let mut writer = Writer::new();
        writer.string(false, &"é".repeat(20_000));
        let bytes = writer.into_vec();
        assert_eq!(bytes.len(), 2 + 32_766);
        assert_eq!(bytes[..2], 32_766i16.to_be_bytes());
    }

    #[test]
    fn a_tag_states_its_size() {
        check(|w| w.tag(3, &mut |w| w.i16(5)), &[3, 2, 0, 5]);
        check(|w| w.tag(0, &mut |w| w.raw(&[9; 200])), &[[0, 0xc8, 0x01].as_slice(), &[9; 200]].concat());
    }

    #[test]
    fn attached_slices_are_not_copied() {
        let slice = Bytes::from(vec![1, 2, 3]);
        let mut writer = Writer::new();
        writer.attach(slice.clone());
        writer.i8(9);
        writer.attach(slice.clone());
        writer.attach(Bytes::new());
        writer.attach(slice.clone());
        assert_eq!(writer.len(), 10);
        let chunks = writer.into_chunks();
        assert_eq!(chunks.concat(), [1, 2, 3, 9, 1, 2, 3, 1, 2, 3]);
        assert_eq!(chunks.len(), 4);
        for at in [0, 2, 3] {
            assert_eq!(chunks[at].as_ptr(), slice.as_ptr());
        }
    }
}
