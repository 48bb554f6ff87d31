//! A file that nobody writes any more, opened as the kernel caches it, so that it can be sent without passing through this
//! process.
//!
//! Everything that may wait for the disk runs on the pool: reading and warming. Asking whether a stretch is in memory
//! does not. Does not do: write, or say whether what it reads is as it was written (that is `sealed.rs`).
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use rustix::fs::Advice;

use super::recycled::Home;
use super::{page_ceil, ring};

thread_local! {
    static SCRATCH: Home = Home::default();
}

/// `cachestat(2)`: the same number on every architecture (`asm-generic/unistd.h`), since Linux 6.5.
const CACHESTAT: libc::c_long = 451;

/// `struct cachestat_range` of `linux/mman.h`.
#[repr(C)]
struct Stretch {
    offset: u64,
    len: u64,
}

/// `struct cachestat` of `linux/mman.h`: counts of pages.
#[repr(C)]
#[derive(Default)]
struct Cached {
    cached: u64,
    dirty: u64,
    under_writeback: u64,
    evicted: u64,
    recently_evicted: u64,
}

/// See the module's text. Any shard may send from it; it is closed on the pool.
#[derive(Debug)]
pub struct Buffered {
    file: Option<File>,
    /// Something else came from the disk than before.
    doubted: AtomicBool,
}

impl Buffered {
    /// Opens a file to be read; none where the kernel can't say what of it is in memory (before Linux 6.5, or
    /// forbidden): then nobody could send from it without waiting for the disk now and then. Blocks.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn open(path: &Path) -> io::Result<Option<Self>> {
        let file = File::open(path)?;
        // What is read ahead is asked for by name: the kernel's own guess is 8 MiB on some machines, wanted or not.
        rustix::fs::fadvise(&file, 0, None, Advice::Random)?;
        let file = Self { file: Some(file), doubted: AtomicBool::new(false) };
        Ok(file.cached(0, 1).is_some().then_some(file))
    }

    /// The file.
    pub fn file(&self) -> &File {
        self.file.as_ref().expect("a file is open until it is dropped")
    }

    /// From now on nothing is sent from it: what was good has come back as something else.
    pub fn doubt(&self) {
        self.doubted.store(true, Ordering::Relaxed);
    }

    /// Whether [`Self::doubt`] was ever called.
    pub fn is_doubted(&self) -> bool {
        self.doubted.load(Ordering::Relaxed)
    }

    /// Whether all of this stretch is in the kernel's memory.
    pub fn is_resident(&self, pos: u64, len: usize) -> bool {
        // SAFETY: it only answers a number.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) }.max(1) as u64;
        let pages = (pos + len as u64).div_ceil(page) - pos / page;
        self.cached(pos, len).is_some_and(|cached| cached >= pages)
    }

    /// How many pages of this stretch are in the kernel's memory, if it can say.
    fn cached(&self, pos: u64, len: usize) -> Option<u64> {
        let stretch = Stretch { offset: pos, len: len as u64 };
        let mut found = Cached::default();
        // SAFETY: both structures have the kernel's layout and live until the call returns; it writes to the second only.
        let said = unsafe {
            libc::syscall(CACHESTAT, self.file().as_raw_fd(), &raw const stretch, &raw mut found, 0)
        };
        (said == 0).then_some(found.cached)
    }

    /// Asks for a stretch, without waiting for it. Blocks where the file's map is not in memory.
    pub fn prefetch(&self, pos: u64, len: usize) {
        if let Some(len) = std::num::NonZeroU64::new(len as u64) {
            // Only advice: what it can't bring is read later.
            let _ = rustix::fs::fadvise(self.file(), pos, Some(len), Advice::WillNeed);
        }
    }

    /// Reads `len` bytes at `pos`, fewer at the end, through the kernel's memory, where they stay. Blocks.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn read_blocking(&self, pos: u64, len: usize) -> io::Result<Bytes> {
        let home = SCRATCH.with(Clone::clone);
        let mut buf = home.take(page_ceil(len.max(1)));
        let mut filled = 0;
        while filled < len {
            match self.file().read_at(&mut buf.as_mut()[filled..len], pos + filled as u64) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(home.lend(buf, 0, filled))
    }
}

impl AsFd for Buffered {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file().as_fd()
    }
}

impl Drop for Buffered {
    fn drop(&mut self) {
        // The last close of a removed file frees its blocks, which may take the disk many milliseconds.
        if let (Some(file), Some(pool)) = (self.file.take(), ring::pool_if_any()) {
            drop(pool.run(move || drop(file)));
        }
    }
}
