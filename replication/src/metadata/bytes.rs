//! The few shapes metadata records are made of.
//!
//! ```text
//! number   unsigned LEB128, at most 10 bytes      text   number of bytes, then UTF-8
//! id       16 bytes, big-endian                   list   number of elements, then each
//! ```
//! Every length is checked against the bytes that remain before anything is allocated.

use super::records::RecordError;

pub(super) struct Out(pub Vec<u8>);

impl Out {
    pub fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    pub fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    /// 0 for none, 1 and the text.
    pub fn optional_text(&mut self, text: Option<&str>) {
        self.number(u64::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }

    pub fn list<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        self.number(items.len() as u64);
        for item in items {
            each(self, item);
        }
    }
}

pub(super) struct In<'a>(pub &'a [u8]);

impl<'a> In<'a> {
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], RecordError> {
        let (head, rest) = self.0.split_at_checked(count).ok_or(RecordError::Truncated)?;
        self.0 = rest;
        Ok(head)
    }

    pub fn byte(&mut self) -> Result<u8, RecordError> {
        Ok(self.take(1)?[0])
    }

    pub fn id(&mut self) -> Result<[u8; 16], RecordError> {
        self.take(16)?.try_into().map_err(|_| RecordError::Truncated)
    }

    pub fn number(&mut self) -> Result<u64, RecordError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(RecordError::Malformed("a number of more than 64 bits"))
    }

    /// A number that fits where it goes.
    pub fn small<T: TryFrom<u64>>(&mut self) -> Result<T, RecordError> {
        T::try_from(self.number()?).map_err(|_| RecordError::Malformed("a number that is too large"))
    }

    pub fn text(&mut self) -> Result<&'a str, RecordError> {
        let count = self.small()?;
        std::str::from_utf8(self.take(count)?).map_err(|_| RecordError::Malformed("text that is not UTF-8"))
    }

    pub fn optional_text(&mut self) -> Result<Option<&'a str>, RecordError> {
        match self.number()? {
            0 => Ok(None),
            1 => self.text().map(Some),
            _ => Err(RecordError::Malformed("a presence that is neither 0 nor 1")),
        }
    }

    pub fn list<T>(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<T, RecordError>,
    ) -> Result<Vec<T>, RecordError> {
        let count: usize = self.small()?;
        // Each element takes a byte at least, so a longer list is a lie.
        if count > self.0.len() {
            return Err(RecordError::Truncated);
        }
        let mut out = Vec::with_capacity(count.min(headwater_core::limits::ARRAY_RESERVE_MAX));
        for _ in 0..count {
            out.push(each(self)?);
        }
        Ok(out)
    }
}
