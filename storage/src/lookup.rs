//! Where in a log a time is, and the indexes of sealed segments, which are read when they are first needed.
//!
//! An index entry has the greatest timestamp up to its batch, so the first batch that reaches a time lies between the
//! last entry before it and the next one: whoever looks reads one index interval, whatever the segment's size.

use std::rc::Rc;

use headwater_core::ids::Offset;

use crate::disk::Disk;
use crate::index::Index;
use crate::log::Log;
use crate::plan::READ_AHEAD_MAX;
use crate::reader::{Found, SegmentReader};

impl<D: Disk> Log<D> {
    /// An offset at or before the first batch with a timestamp of `timestamp` or later, less than an index interval before
    /// it; none if there is no such batch.
    pub async fn position_for_timestamp(self: &Rc<Self>, timestamp: i64) -> Option<Offset> {
        let base = {
            let state = self.state.borrow();
            // Segments before the start may be there for a while.
            let mut ends = state.segments.iter().skip(1).map(|next| next.base).chain([state.next]);
            let reaches = |segment: &&crate::segment::Segment| {
                let visible = ends.next().is_some_and(|end| end > state.log_start);
                visible && segment.max_timestamp.is_some_and(|max| max >= timestamp)
            };
            state.segments.iter().find(reaches)?.base
        };
        self.load_index(base).await;
        let mut state = self.state.borrow_mut();
        let start = state.log_start;
        // Gone meanwhile: the search goes on where the log begins now.
        let Some(segment) = state.segment(base) else { return Some(start) };
        let at = segment.index.as_ref().map_or(base, |index| index.before_timestamp(base, timestamp));
        Some(at.max(start))
    }

    /// The greatest timestamp, and an offset at or before its batch.
    pub async fn max_timestamp(self: &Rc<Self>) -> Option<(i64, Offset)> {
        let max = self.state.borrow().segments.iter().filter_map(|segment| segment.max_timestamp).max()?;
        Some((max, self.position_for_timestamp(max).await?))
    }

    /// A sealed segment's index is read when it is first needed; without one the read begins at the segment's start.
    pub(crate) async fn load_index(self: &Rc<Self>, base: Offset) {
        let wanted = self
            .state
            .borrow_mut()
            .segment(base)
            .filter(|s| s.index.is_none())
            .map(|s| (s.max_timestamp, s.generation));
        let Some((max_timestamp, generation)) = wanted else { return };
        let [_, path] = self.shared.segment_files(self.id(), (base, generation));
        let bytes = self.shared.disk.read_file(&path).await.ok().flatten();
        let index = match bytes.as_deref().and_then(|bytes| Index::decode(bytes, max_timestamp)) {
            Some(index) => index,
            None => self.rebuild_index((base, generation), max_timestamp).await,
        };
        if let Some(segment) = self.state.borrow_mut().segment(base) {
            // Compaction may have come in between, and then this is the index of another file; or somebody else read it too.
            if segment.generation != generation || segment.index.is_some() {
                return;
            }
            segment.index = Some(index);
        }
        self.keep_index(base);
    }

    /// Walks a segment whose index is missing or damaged.
    async fn rebuild_index(&self, (base, generation): (Offset, u32), max_timestamp: Option<i64>) -> Index {
        let [path, _] = self.shared.segment_files(self.id(), (base, generation));
        tracing::warn!(segment = %path.display(), "its index is missing or damaged and is rebuilt");
        let mut index = Index::decode(&[], max_timestamp).unwrap_or_default();
        let interval = self.state.borrow().config.index_interval_bytes;
        let Some(expected) = self.expected(base) else { return index };
        let Ok(file) = self.shared.file(&path, false).await else { return index };
        let mut reader = SegmentReader::new(file, expected, 0, base);
        reader.read_ahead(READ_AHEAD_MAX);
        loop {
            let pos = reader.pos();
            match reader.step().await {
                Ok(Found::Batch(header, _)) => {
                    let delta = header.base_offset.get() - base.get();
                    let Ok(delta) = u32::try_from(delta) else { return index };
                    index.note(delta, pos, header.encoded_len, header.max_timestamp, interval);
                }
                Ok(Found::Damaged(_)) => {}
                Ok(Found::End) | Err(_) => return index,
            }
        }
    }
}
