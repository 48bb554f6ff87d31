//! Memory that direct IO takes: whole pages, aligned to a page.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::fmt;
use std::ptr::NonNull;

use super::PAGE;

/// A buffer of whole pages, zeroed when it is made.
pub struct Aligned {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: it is the only owner of its memory, as a `Box<[u8]>` is.
unsafe impl Send for Aligned {}
// SAFETY: through a shared reference it is only read.
unsafe impl Sync for Aligned {}

impl Aligned {
    /// `len` bytes, a multiple of [`PAGE`] and not 0.
    ///
    /// # Panics
    /// When it is not.
    pub fn new(len: usize) -> Self {
        // SAFETY: the layout's size is not 0, which `layout` asserts.
        let start = unsafe { alloc_zeroed(layout(len)) };
        let Some(start) = NonNull::new(start) else { handle_alloc_error(layout(len)) };
        Self { start, len }
    }

    /// Bytes in it.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Never: there is a page at least.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Where it begins.
    pub fn as_ptr(&self) -> *const u8 {
        self.start.as_ptr()
    }

    /// Where it begins, to be written to.
    pub fn as_mut_ptr(&mut self) -> *mut u8 {
        self.start.as_ptr()
    }
}

fn layout(len: usize) -> Layout {
    assert!(len > 0 && len.is_multiple_of(PAGE), "a buffer is whole pages");
    Layout::from_size_align(len, PAGE).expect("a buffer fits into memory")
}

impl AsRef<[u8]> for Aligned {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: `len` bytes from `start` on are allocated and were set to 0 or written.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl AsMut<[u8]> for Aligned {
    fn as_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and nobody else has a reference.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl Drop for Aligned {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout, and freed once.
        unsafe { dealloc(self.start.as_ptr(), layout(self.len)) };
    }
}

impl fmt::Debug for Aligned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Aligned({} bytes)", self.len)
    }
}
