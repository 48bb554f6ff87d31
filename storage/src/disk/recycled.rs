//! Read buffers that are used again, so that a reader that is behind touches the same memory over and over: the first
//! touch of a fresh megabyte costs more than reading and checking it (docs/design/0013-sealed-reads.md).
//!
//! ```text
//!   take ──> read ──> Bytes ──> slices, in replies, on any shard ──last one dropped──> home, on the thread that took it first
//! ```
//!
//! Invariants: a buffer has one owner, and comes home only when nothing refers to it; what is kept at home is bounded by
//! [`KEPT_BYTES_MAX`], and the largest buffers are not kept at all.
//! Does not do: zero a buffer that is used again. What is given out is what was read into it, never more.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::aligned::Aligned;
use super::{KEPT_BYTES_MAX as BUFFER_BYTES_MAX, rounded};

/// Bytes that a home keeps: a dozen windows of readers that are behind.
const KEPT_BYTES_MAX: usize = 16 << 20;

/// Where the read buffers of a thread come home to.
#[derive(Clone, Debug, Default)]
pub(super) struct Home {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    by_size: BTreeMap<usize, Vec<Aligned>>,
    bytes: usize,
}

/// A buffer on its way; it comes home when it is dropped.
#[derive(Debug)]
struct Away {
    buf: Option<Aligned>,
    home: Home,
}

impl Home {
    /// A buffer of at least `len` bytes, with anything in it.
    pub fn take(&self, len: usize) -> Aligned {
        let size = rounded(len);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.by_size.get_mut(&size).and_then(Vec::pop);
        if found.is_some() {
            kept.bytes -= size;
        }
        drop(kept);
        found.unwrap_or_else(|| Aligned::new(size))
    }

    /// Takes a buffer back.
    pub fn give(&self, buf: Aligned) {
        let size = buf.len();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if size <= BUFFER_BYTES_MAX && kept.bytes + size <= KEPT_BYTES_MAX {
            kept.bytes += size;
            kept.by_size.entry(size).or_default().push(buf);
        }
    }

    /// `from..to` of a buffer that was read into, as bytes; the buffer comes back when the last of them is dropped.
    pub fn lend(&self, buf: Aligned, from: usize, to: usize) -> Bytes {
        if from >= to {
            self.give(buf);
            return Bytes::new();
        }
        Bytes::from_owner(Away { buf: Some(buf), home: self.clone() }).slice(from..to)
    }
}

impl AsRef<[u8]> for Away {
    fn as_ref(&self) -> &[u8] {
        self.buf.as_ref().map_or(&[], AsRef::as_ref)
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        if let Some(buf) = self.buf.take() {
            self.home.give(buf);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_home_when_the_last_slice_is_dropped_wherever_that_is() {
        let home = Home::default();
        let buf = home.take(300_000);
        let (place, size) = (buf.as_ptr() as usize, buf.len());
        let bytes = home.lend(buf, 10, 200_000);
        let part = bytes.slice(5..);
        drop(bytes);
        assert_eq!(home.kept.lock().unwrap().bytes, 0, "a slice of it is still out");
        std::thread::spawn(move || drop(part)).join().unwrap();
        assert_eq!(home.kept.lock().unwrap().bytes, size);
        assert_eq!(home.take(300_000).as_ptr() as usize, place);
        assert_eq!(home.kept.lock().unwrap().bytes, 0);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let home = Home::default();
        let many: Vec<Bytes> = (0..64).map(|_| home.lend(home.take(1 << 20), 0, 7)).collect();
        drop(many);
        assert_eq!(home.kept.lock().unwrap().bytes, KEPT_BYTES_MAX);
        // Of nothing that was read, nothing is lent.
        assert!(home.lend(home.take(8 << 20), 7, 7).is_empty());
        assert!(home.kept.lock().unwrap().bytes <= KEPT_BYTES_MAX);
    }
}
