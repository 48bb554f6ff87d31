//! A segment: a stretch of a log in one file, written in whole pages.
//!
//! ```text
//!   0                      floor            written              size
//!   ├── whole pages, on disk ──┼── tail ───────┼── batches in memory ──┤
//! ```
//!
//! The tail is the part of the last page that is filled so far. It stays in memory and is written, zero-padded, only when
//! the log is flushed for a checkpoint or sealed. When more comes, that page is written again with the same bytes before
//! it: whichever sectors survive a power cut, the acknowledged bytes are there.

use headwater_core::ids::Offset;

use crate::checkpoint::SegmentImage;
use crate::disk::page_floor;
use crate::index::Index;

/// See the module's text.
pub struct Segment {
    /// Its first offset, which names its file.
    pub base: Offset,
    /// How often compaction has written it again.
    pub generation: u32,
    /// Bytes appended.
    pub size: u64,
    /// Bytes that have left memory for the file, or are in `tail`.
    pub written: u64,
    /// The bytes from the last page's start up to `written`; none when they must be read from the file first.
    pub tail: Option<Vec<u8>>,
    /// Whether the tail is in the file too.
    pub tail_on_disk: bool,
    /// Nothing more comes, everything is in the file and flushed.
    pub sealed: bool,
    /// Compaction may have left gaps between its offsets.
    pub compacted: bool,
    /// Compaction is done with it.
    pub clean: bool,
    /// The first batch's greatest timestamp.
    pub first_timestamp: Option<i64>,
    /// The greatest timestamp.
    pub max_timestamp: Option<i64>,
    /// The greatest timestamp of what has left memory for the file.
    pub written_max_timestamp: Option<i64>,
    /// The index; none until it is read for a sealed segment.
    pub index: Option<Index>,
}

impl Segment {
    /// A new one.
    pub fn new(base: Offset) -> Self {
        Self {
            base,
            generation: 0,
            size: 0,
            written: 0,
            tail: Some(Vec::new()),
            tail_on_disk: true,
            sealed: false,
            compacted: false,
            clean: false,
            first_timestamp: None,
            max_timestamp: None,
            written_max_timestamp: None,
            index: Some(Index::default()),
        }
    }

    /// As a checkpoint knew it.
    pub fn recovered(image: &SegmentImage) -> Self {
        Self {
            base: image.base,
            generation: image.generation,
            size: image.bytes,
            written: image.bytes,
            tail: (page_floor(image.bytes) == image.bytes).then(Vec::new),
            tail_on_disk: true,
            sealed: image.sealed,
            compacted: image.compacted,
            clean: image.clean,
            first_timestamp: image.first_timestamp,
            max_timestamp: image.max_timestamp,
            written_max_timestamp: image.max_timestamp,
            index: (!image.sealed).then(|| image.index.clone()),
        }
    }

    /// For a checkpoint, taken when everything written has been flushed. What is only in memory is no part of it: after a
    /// crash the journal brings it again, or it never was.
    pub fn image(&self) -> SegmentImage {
        let max_timestamp = self.written_max_timestamp;
        let index = match &self.index {
            Some(index) if !self.sealed => index.up_to(self.written, max_timestamp),
            _ => Index::default(),
        };
        SegmentImage {
            base: self.base,
            generation: self.generation,
            bytes: self.written,
            first_timestamp: self.first_timestamp,
            max_timestamp,
            sealed: self.sealed,
            compacted: self.compacted,
            clean: self.clean,
            index,
        }
    }

    /// Up to which byte the file can be read.
    pub fn readable(&self) -> u64 {
        if self.sealed || self.tail_on_disk { self.written } else { page_floor(self.written) }
    }
}
