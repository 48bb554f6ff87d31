//! What a start makes of a journal entry that only says where batches are (`large.rs` writes them).
//!
//! ```text
//!   journal:  A (bytes)   B (bytes)   stored C, D        segment:  ├─ checkpoint ─┼ A ┼ B ┼ C ┼ D ┤ ···
//!                                                                                                  ▲ written
//! ```
//!
//! The entry was queued when the segment was flushed up to the end of D, so A and B are there too, segments before it are
//! sealed, and nothing of this log has to stay in memory. The batches are read once, to check that they are those that the
//! entry means, and for the index, the epochs and the timestamps.

use std::io;
use std::path::PathBuf;

use bytes::Bytes;
use headwater_core::ids::Offset;
use headwater_core::record::header::{BatchHeader, BatchView};

use crate::disk::{Disk, DiskFile, page_floor};
use crate::error::{Missing, StorageError};
use crate::journal::frame::Stored;
use crate::large::Headers;
use crate::log::{Held, Log, State};
use crate::segment::Segment;

impl<D: Disk> Log<D> {
    /// Takes stored batches, the first one at `offset`, into the log. If they are not there, the log goes on behind them all
    /// the same, and the segment's first offset comes back with what is missing.
    pub(crate) async fn take_stored(
        &self,
        offset: Offset,
        stored: Stored,
        rolls: bool,
    ) -> Result<Option<(Offset, Missing)>, StorageError> {
        let (next, named, end) = {
            let state = self.state.borrow();
            // A checkpoint may have the first of them, and the segment with them.
            let active = state.segments.back().filter(|_| !rolls || offset < state.next);
            let named = active.map_or((offset, 0), |active| (active.base, active.generation));
            (state.next, named, active.map_or(0, |active| active.size))
        };
        if stored.next <= next {
            return Ok(None);
        }
        if offset > next {
            return Err(StorageError::Gap { id: self.id(), expected: next, found: offset });
        }
        let [path, _] = self.shared.segment_files(self.id(), named);
        let bytes = match self.read_stored(&path, stored).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StorageError::Io { what: "reading", path, source: error });
            }
            other => other,
        };
        let checked =
            bytes.map_err(|error| error.to_string()).and_then(|bytes| check(&bytes, offset, stored));
        let fresh = checked.and_then(|headers| {
            let known = headers.iter().filter(|header| header.base_offset < next);
            let place = stored.place + known.map(|header| header.encoded_len as u64).sum::<u64>();
            let fresh = headers.into_iter().filter(|header| header.base_offset >= next).collect::<Vec<_>>();
            let follows = place == end && fresh.first().is_some_and(|first| first.base_offset == next);
            if follows { Ok(fresh) } else { Err(format!("the segment before it ends at byte {end}")) }
        });
        let (fresh, why) = match fresh {
            Ok(fresh) => (fresh, None),
            Err(why) => (Vec::new(), Some(why)),
        };
        let freed = self.state.borrow_mut().take_stored(&fresh, named.0, stored);
        self.shared.heads_bytes.set(self.shared.heads_bytes.get() - freed);
        self.shared.referred_bytes.set(self.shared.referred_bytes.get() + u64::from(stored.length));
        Ok(why.map(|why| {
            let (last, place) = (stored.next.plus(-1), stored.place);
            (named.0, Missing { id: self.id(), offset, last, file: path, place, why })
        }))
    }

    async fn read_stored(&self, path: &PathBuf, stored: Stored) -> io::Result<Bytes> {
        let file = self.shared.file(path, false).await?;
        // A length must not become an allocation before there are as many bytes.
        match stored.place.checked_add(u64::from(stored.length)) {
            Some(end) if end <= file.size().await? => {
                file.read_at(stored.place, stored.length as usize).await
            }
            _ => Ok(Bytes::new()),
        }
    }
}

impl State {
    /// Puts batches at the end that are in the segment with this base, durably, and whatever comes before them too;
    /// gives the cost of what was in memory of that.
    fn take_stored(&mut self, batches: &[BatchHeader], segment: Offset, stored: Stored) -> usize {
        if self.segments.back().is_none_or(|active| active.base < segment) {
            self.segments.push_back(Segment::new(segment));
        }
        for header in batches {
            let (base, last) = (header.base_offset, header.last_offset());
            self.place(base, last, header.max_timestamp, header.leader_epoch, header.encoded_len, false);
        }
        self.next = stored.next;
        self.durable_end = stored.next;
        let last = self.segments.len() - 1;
        for (number, segment) in self.segments.iter_mut().enumerate() {
            if number == last {
                segment.size = stored.place + u64::from(stored.length);
                segment.tail = (page_floor(segment.size) == segment.size).then(Vec::new);
            } else if !segment.sealed {
                segment.tail = Some(Vec::new());
                segment.sealed = true;
                // It has a file: kept here, it would not count (`indexes.rs`).
                segment.index = None;
            }
            segment.written = segment.size;
            segment.tail_on_disk = true;
            segment.written_max_timestamp = segment.max_timestamp;
        }
        let freed = self.memory.drain(..).map(|held| Held::cost(&held)).sum();
        self.unwritten = 0;
        self.unwritten_bytes = 0;
        freed
    }
}

/// The headers of the batches in `bytes`, if they are those that the entry tells of.
fn check(bytes: &[u8], offset: Offset, stored: Stored) -> Result<Vec<BatchHeader>, String> {
    if bytes.len() < stored.length as usize {
        return Err("the file ends before them".into());
    }
    let (mut rest, mut next) = (bytes, offset);
    let mut headers = Vec::new();
    let mut checksum = Headers::new();
    while !rest.is_empty() {
        let (view, behind) = BatchView::split(rest).map_err(|error| error.to_string())?;
        view.verify_crc().map_err(|error| error.to_string())?;
        if view.header.base_offset != next {
            return Err(format!("offset {} is in the place of {next}", view.header.base_offset));
        }
        checksum.note(rest);
        next = view.header.next_offset();
        headers.push(view.header);
        rest = behind;
    }
    if next != stored.next || checksum.checksum() != stored.checksum {
        return Err("other batches are in their place".into());
    }
    Ok(headers)
}
