//! The records inside a batch, borrowed from its (decompressed) bytes.

use std::borrow::Cow;

use crate::ids::Offset;

use super::RecordError;
use super::compress::Codec;
use super::header::{BatchHeader, BatchView};
use super::varint::{take, take_nullable};

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its offset.
    pub offset: Offset,
    /// Its timestamp, in milliseconds.
    pub timestamp: i64,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value; none is a tombstone on a compacted topic.
    pub value: Option<&'a [u8]>,
    /// Its headers in their order; names may repeat, values may be null (behaviour 33).
    pub headers: Vec<(&'a [u8], Option<&'a [u8]>)>,
}

/// The records of one batch, ready to be walked.
pub struct Records<'b> {
    header: BatchHeader,
    bytes: Cow<'b, [u8]>,
}

impl<'b> Records<'b> {
    /// Decompresses a batch's records if need be, to at most `max` bytes.
    pub fn of(batch: &BatchView<'b>, max: usize) -> Result<Records<'b>, RecordError> {
        let bytes = match batch.header.codec()? {
            Codec::None => Cow::Borrowed(batch.payload()),
            codec => Cow::Owned(codec.decompress(batch.payload(), max)?),
        };
        Ok(Records { header: batch.header, bytes })
    }

    /// The same with bytes of their own.
    pub fn into_owned(self) -> Records<'static> {
        Records { header: self.header, bytes: Cow::Owned(self.bytes.into_owned()) }
    }

    /// The uncompressed bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Walks the records; an error ends the walk.
    pub fn iter(&self) -> Iter<'_> {
        Iter { header: self.header, rest: &self.bytes, index: 0, broken: false }
    }
}

/// See [`Records::iter`].
pub struct Iter<'r> {
    header: BatchHeader,
    rest: &'r [u8],
    index: i32,
    broken: bool,
}

impl<'r> Iter<'r> {
    fn record(&mut self) -> Option<Record<'r>> {
        let length = usize::try_from(take(&mut self.rest)?).ok()?;
        let (mut body, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        body = body.get(1..)?;
        let timestamp = take(&mut body)?;
        let delta = take(&mut body)?;
        // Also keeps the offset from overflowing, which the header's parse has checked up to its last one.
        if !(0..=i64::from(self.header.last_offset_delta)).contains(&delta) {
            return None;
        }
        let key = take_nullable(&mut body)?;
        let value = take_nullable(&mut body)?;
        let count = usize::try_from(take(&mut body)?).ok()?;
        // A header takes two bytes at least, so this bounds what is reserved by what came.
        if count > body.len() / 2 {
            return None;
        }
        let mut headers = Vec::with_capacity(count);
        for _ in 0..count {
            let name = take_nullable(&mut body)??;
            headers.push((name, take_nullable(&mut body)?));
        }
        if !body.is_empty() {
            return None;
        }
        let timestamp = if self.header.is_log_append_time() {
            self.header.max_timestamp
        } else {
            // Wraps, as in the Java client, which makes a delta of any two timestamps.
            self.header.base_timestamp.wrapping_add(timestamp)
        };
        Some(Record { offset: self.header.base_offset.plus(delta), timestamp, key, value, headers })
    }
}

impl<'r> Iterator for Iter<'r> {
    type Item = Result<Record<'r>, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.broken || self.index == self.header.record_count {
            // Bytes behind the last record would be lost by whoever copies record by record.
            if !self.broken && !self.rest.is_empty() {
                self.broken = true;
                return Some(Err(RecordError::Record { index: self.index }));
            }
            return None;
        }
        let record = self.record();
        self.index += 1;
        Some(record.ok_or_else(|| {
            self.broken = true;
            RecordError::Record { index: self.index - 1 }
        }))
    }
}
