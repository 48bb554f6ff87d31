//! Readers that come back: where a read from the disk ended, what of the next one is in memory already, and what is
//! being read meanwhile.
//!
//! A consumer that is behind asks for one stretch after the other. Without a cursor each of its reads begins at an
//! index entry before the place, checks what it has had already, and throws away what it has read too much; and the
//! disk rests while the consumer works. A cursor is found by the offset that comes next, taken by the read that begins
//! there, and left again by it; the second one in a row also begins to read ahead, one window.
//!
//! Bytes are checked when they are given, not when they are read, so a cursor never makes good what is damaged. What it
//! holds never changes in the file: it is below what could be read, and compaction makes another file.
//!
//! Bounded: by [`CURSORS_BYTES_MAX`] and [`CURSORS_MAX`]; the one left longest ago goes first.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use headwater_core::ids::Offset;

use crate::reader::Lookahead;

/// Bytes that all cursors of a shard hold, those being read ahead included.
const CURSORS_BYTES_MAX: usize = 24 << 20;

/// Cursors of a shard: one that holds no bytes costs something, too, and all are looked through.
const CURSORS_MAX: usize = 1024;

/// See the module's text.
pub(crate) struct Cursor {
    /// The segment's file: a compacted one has another name.
    pub path: PathBuf,
    /// The offset that comes next.
    pub next: Offset,
    /// Where its batch begins.
    pub pos: u64,
    /// What is known of the bytes from there on.
    pub rest: Lookahead,
}

/// The cursors of a shard.
#[derive(Default)]
pub(crate) struct Cursors {
    left: VecDeque<Cursor>,
    bytes: usize,
}

impl Cursors {
    /// The cursor that was left here.
    pub fn take(&mut self, path: &Path, next: Offset) -> Option<Cursor> {
        let at = self.left.iter().position(|cursor| cursor.next == next && cursor.path == path)?;
        let cursor = self.left.remove(at)?;
        self.bytes -= cursor.rest.bytes();
        Some(cursor)
    }

    /// Where the batch of the cursor begins that was left here.
    pub fn place(&self, path: &Path, next: Offset) -> Option<u64> {
        let found = self.left.iter().find(|cursor| cursor.next == next && cursor.path == path);
        found.map(|cursor| cursor.pos)
    }

    /// Leaves a cursor.
    pub fn leave(&mut self, cursor: Cursor) {
        self.bytes += cursor.rest.bytes();
        self.left.push_back(cursor);
        while self.bytes > CURSORS_BYTES_MAX || self.left.len() > CURSORS_MAX {
            let Some(oldest) = self.left.pop_front() else { return };
            self.bytes -= oldest.rest.bytes();
        }
    }

    /// Forgets those of a file, or of a folder: what is being read keeps its file, and that its space.
    pub fn forget(&mut self, path: &Path) {
        self.left.retain(|cursor| !cursor.path.starts_with(path));
        self.bytes = self.left.iter().map(|cursor| cursor.rest.bytes()).sum();
    }
}
