//! The schema type `records`: batches as they are stored, which the codec carries and never copies.

use bytes::Bytes;

use super::{DecodeError, Reader, Writer};

/// The value of a `records` field (Produce request; Fetch and ShareFetch response).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Records<'a> {
    /// Null.
    #[default]
    Null,
    /// Somewhere in the frame: what decoding gives. Copied when encoded.
    Borrowed(&'a [u8]),
    /// Slices that follow one another, from caches and disk reads: what a broker answers with. Attached when encoded,
    /// so [`frame::response_chunks`](super::frame::response_chunks) hands them to the socket as they are.
    Shared(Vec<Bytes>),
    /// So many bytes that whoever sends the frame has elsewhere: [`frame::response_parts`](super::frame::response_parts)
    /// says where in the frame they belong.
    Apart(usize),
}

impl<'a> Records<'a> {
    /// The number of bytes; 0 for null.
    pub fn len(&self) -> usize {
        match self {
            Records::Null => 0,
            Records::Borrowed(slice) => slice.len(),
            Records::Shared(slices) => slices.iter().map(Bytes::len).sum(),
            Records::Apart(len) => *len,
        }
    }

    /// Whether there are no bytes, or null.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Decoded records as one slice of the frame, `None` for null. [`Shared`](Self::Shared) and
    /// [`Apart`](Self::Apart) are never decoded, and have no one slice: `None` too.
    pub fn slice(&self) -> Option<&'a [u8]> {
        match self {
            Records::Borrowed(slice) => Some(slice),
            Records::Null | Records::Shared(_) | Records::Apart(_) => None,
        }
    }
}

impl From<Bytes> for Records<'_> {
    fn from(slice: Bytes) -> Self {
        Records::Shared(vec![slice])
    }
}

impl<'a> Reader<'a> {
    /// Records, uncopied; null only if `nullable`.
    pub fn records(&mut self, flexible: bool, nullable: bool) -> Result<Records<'a>, DecodeError> {
        Ok(self.opt_slice(flexible, nullable)?.map_or(Records::Null, Records::Borrowed))
    }
}

impl Writer {
    /// Records with their length; null becomes empty unless `nullable`.
    pub fn records(&mut self, flexible: bool, nullable: bool, value: &Records<'_>) {
        match value {
            Records::Null => self.length(flexible, nullable, None),
            Records::Borrowed(slice) => self.bytes(flexible, slice),
            Records::Shared(slices) => {
                self.length(flexible, nullable, Some(value.len()));
                slices.iter().for_each(|slice| self.attach(slice.clone()));
            }
            Records::Apart(len) => {
                self.length(flexible, nullable, Some(*len));
                self.leave_apart(*len);
            }
        }
    }
}
