//! What the log asks of a disk, and nothing more. [`dma`] is the real one; [`sim`] is the simulated one, seeded and
//! fault-injecting. [`plain`] only reads, for offline tools.
//!
//! Writes are direct: aligned buffers at aligned positions, durable when the file was opened for synchronous writes, or
//! after a flush. A buffer belongs to the disk until its write has completed.

pub mod aligned;
pub mod buffered;
pub mod dma;
pub mod plain;
pub mod pool;
mod recycled;
pub mod ring;
pub mod sim;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use self::buffered::Buffered;

/// Alignment of buffers, positions and lengths, in bytes.
pub const PAGE: usize = 4096;

/// The page that holds `pos`.
pub const fn page_floor(pos: u64) -> u64 {
    pos & !(PAGE as u64 - 1)
}

/// `len` rounded up to whole pages.
pub const fn page_ceil(len: usize) -> usize {
    len.next_multiple_of(PAGE)
}

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// To read; fails if it is not there.
    Read,
    /// To read and write; fails if it is not there.
    Existing,
    /// To read and write; made empty if it is not there, and its name is durable before this answers.
    Write,
    /// As `Existing`, and each write is durable when it completes (O_DSYNC).
    WriteDurable,
}

/// An aligned buffer that can be written again and again: a fresh megabyte costs several hundred microseconds of page
/// faults, a reused one none.
pub trait Buf: 'static {
    /// Its bytes, all of them.
    fn bytes(&mut self) -> &mut [u8];
}

/// Bytes of buffers that are kept, at most.
const KEPT_BYTES_MAX: usize = 8 << 20;

/// Buffers for writes, kept by size. Sizes are rounded up by a quarter at most, so that few sizes serve all.
pub struct Buffers<D: Disk> {
    disk: D,
    kept: RefCell<BTreeMap<usize, Vec<D::Buf>>>,
    kept_bytes: Cell<usize>,
}

impl<D: Disk> Buffers<D> {
    /// No buffers yet.
    pub fn new(disk: D) -> Self {
        Self { disk, kept: RefCell::default(), kept_bytes: Cell::new(0) }
    }

    /// A buffer of at least `len` bytes; what was in it before is still there.
    pub fn take(&self, len: usize) -> D::Buf {
        let size = rounded(len);
        if let Some(buf) = self.kept.borrow_mut().get_mut(&size).and_then(Vec::pop) {
            self.kept_bytes.set(self.kept_bytes.get() - size);
            return buf;
        }
        self.disk.alloc(size)
    }

    /// Keeps a buffer for the next use, in place of those of other sizes if there are too many.
    pub fn give(&self, mut buf: D::Buf) {
        let size = buf.bytes().len();
        if size > KEPT_BYTES_MAX {
            return;
        }
        let mut kept = self.kept.borrow_mut();
        if self.kept_bytes.get() + size > KEPT_BYTES_MAX {
            // Sizes come and go with the load: those of an hour ago are not to hold the memory for ever.
            kept.clear();
            self.kept_bytes.set(0);
        }
        kept.entry(size).or_default().push(buf);
        self.kept_bytes.set(self.kept_bytes.get() + size);
    }
}

/// `len` in whole pages, above 64 KiB in quarters of a power of two.
fn rounded(len: usize) -> usize {
    let pages = page_ceil(len.max(1));
    if pages <= 16 * PAGE {
        return pages;
    }
    let step = pages.next_power_of_two() / 8;
    pages.next_multiple_of(step.max(PAGE))
}

/// See the module's text.
pub trait Disk: Clone + 'static {
    /// An open file.
    type File: DiskFile<Buf = Self::Buf>;
    /// A buffer for writes.
    type Buf: Buf;

    /// A zeroed buffer of `len` bytes, a multiple of [`PAGE`].
    fn alloc(&self, len: usize) -> Self::Buf;
    /// Opens a file; its folder must exist.
    fn open(&self, path: &Path, how: Open) -> impl Future<Output = io::Result<Self::File>>;
    /// Makes a folder and its parents; their names are durable before this answers.
    fn create_folder(&self, path: &Path) -> impl Future<Output = io::Result<()>>;
    /// Removes a file or a whole folder; it is no error if it is not there.
    fn remove(&self, path: &Path) -> impl Future<Output = io::Result<()>>;
    /// Removes a folder if nothing is in it; it is no error if there is, or if it is not there.
    fn remove_empty_folder(&self, path: &Path) -> impl Future<Output = io::Result<()>>;
    /// Names in a folder; none if it is not there.
    fn list(&self, path: &Path) -> impl Future<Output = io::Result<Vec<String>>>;
    /// A whole small file, or none if it is not there.
    fn read_file(&self, path: &Path) -> impl Future<Output = io::Result<Option<Vec<u8>>>>;
    /// Puts a whole small file in place of what is there, durably: either the old or the new one survives a crash.
    fn replace_file(&self, path: &Path, bytes: Vec<u8>) -> impl Future<Output = io::Result<()>>;
    /// A file that nobody writes any more, as the kernel can send it; none from a disk that has no such files.
    fn open_buffered(&self, _path: &Path) -> impl Future<Output = io::Result<Option<Arc<Buffered>>>> {
        std::future::ready(Ok(None))
    }
}

/// See the module's text.
pub trait DiskFile: 'static {
    /// A buffer for writes.
    type Buf;

    /// Writes the first `len` bytes of the buffer (whole pages) at `pos` (a page's start): all of them, or an error. Gives
    /// the buffer back to be used again.
    fn write_at(
        &self,
        buf: Self::Buf,
        len: usize,
        pos: u64,
    ) -> impl Future<Output = (io::Result<()>, Self::Buf)>;
    /// Reads `len` bytes at `pos`, any alignment; fewer at the end of the file.
    fn read_at(&self, pos: u64, len: usize) -> impl Future<Output = io::Result<Bytes>>;
    /// Makes every completed write durable.
    fn flush(&self) -> impl Future<Output = io::Result<()>>;
    /// Cuts or extends the file. What was reserved behind its end is given back.
    fn truncate(&self, len: u64) -> impl Future<Output = io::Result<()>>;
    /// Reserves the file's first `len` bytes of space without making it longer; no error where the file system knows no such
    /// thing. No space is one.
    fn reserve(&self, len: u64) -> impl Future<Output = io::Result<()>>;
    /// The file's length.
    fn size(&self) -> impl Future<Output = io::Result<u64>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_used_again_and_do_not_add_up() {
        let buffers = Buffers::new(sim::Sim::new(1));
        for len in (PAGE..2 << 20).step_by(3 * PAGE) {
            let [mut one, other] = [buffers.take(len), buffers.take(len)];
            one.bytes()[0] = 9;
            buffers.give(other);
            buffers.give(one);
            assert_eq!(buffers.take(len)[0], 9, "the last one given is the first one taken");
            let kept: usize = buffers.kept.borrow().iter().map(|(size, bufs)| size * bufs.len()).sum();
            assert_eq!(kept, buffers.kept_bytes.get());
            assert!(kept <= KEPT_BYTES_MAX);
        }
        buffers.give(buffers.take(KEPT_BYTES_MAX + 1));
        assert!(buffers.kept_bytes.get() <= KEPT_BYTES_MAX);
    }

    #[test]
    fn sizes_are_few_and_little_is_wasted() {
        let mut sizes = std::collections::BTreeSet::new();
        for len in (1..4 << 20).step_by(1111) {
            let size = rounded(len);
            assert!(size >= len && size.is_multiple_of(PAGE));
            assert!(size <= page_ceil(len) * 5 / 4, "{len} takes {size}");
            sizes.insert(size);
        }
        assert!(sizes.len() < 64, "{}", sizes.len());
    }
}
