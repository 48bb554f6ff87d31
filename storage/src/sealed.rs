//! Sealed segments as the kernel sends them: which stretches of them are worth its memory, and which it may send.
//!
//! ```text
//!   index entries   │ 0         │ 1         │ 2         │ 3         │ 4         │ the segment's end
//!   read twice        yes         yes         yes         yes         no
//!   checked           yes         yes         no          no          no
//!                     └─ sent, if in memory ─┴─ warmed and checked ─┴─ read directly, checked, given as bytes
//! ```
//!
//! An interval lies between two entries of the segment's index, so it holds whole batches, of 64 KiB or a little more.
//! Whoever comes first gets it by a direct read, and the second one, too: bringing it into the kernel's memory costs
//! more than that (docs/design/0013-sealed-reads.md), and pushes out what others use. From the third time on it is
//! warmed: a thread of the pool reads it through the kernel's memory and judges every batch as a direct read does, and
//! then it is sent from there, as file, place and length. What has left the kernel's memory since is warmed and checked
//! again, so what the disk gave is checked each time; also when that happens while it is being sent. An interval in
//! which anything is wrong is never sent: the direct read names the damage and serves what is around it.
//!
//! Bounded: three bits an interval, and one open file, for `FILES_MAX` segments; the one used longest ago goes first.
//! What is on its way out keeps its file open, and no memory. A compacted segment has another name, hence nothing is
//! known of it.
//!
//! Not here: who asks for what (`plan.rs`), and the sending (`net/src/rt/tcp.rs`).

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_lite::future::block_on;
use headwater_core::ids::Offset;
use headwater_core::record::header::{BatchHeader, BatchView, HEADER_BYTES};

use crate::disk::buffered::Buffered;
use crate::disk::pool::Blocking;
use crate::disk::ring;
use crate::index::Index;
use crate::reader::{Expected, Found, ReadAt, SegmentReader};

/// Segments of which something is known, in a shard.
const FILES_MAX: usize = 256;
/// How much is read at once to check it, in bytes.
const CHECK_BYTES: usize = 1 << 20;

/// Whole batches of a sealed segment that were found as they were written, to be sent from its file.
#[derive(Clone, Debug)]
pub struct SealedRange {
    file: Arc<Buffered>,
    pos: u64,
    len: usize,
}

#[expect(clippy::len_without_is_empty, reason = "there is a batch at least")]
impl SealedRange {
    /// Bytes of it.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Its file, not open for direct IO.
    pub fn file(&self) -> &File {
        self.file.file()
    }

    /// Where in the file it begins.
    pub fn pos(&self) -> u64 {
        self.pos
    }

    /// Whether `len` bytes from the `at`-th on can be sent without waiting for the disk. It was warmed, but that may be
    /// long ago.
    pub fn is_warm(&self, at: usize, len: usize) -> bool {
        self.file.is_resident(self.pos + at as u64, len)
    }

    /// Brings `len` bytes from the `at`-th on into the kernel's memory, on the pool, and checks every batch that has
    /// some of them: what had left memory since it was checked may come back as something else. `begun` is a place at
    /// or before `at` where a batch begins, such as 0; another such place for what follows comes back.
    ///
    /// # Errors
    /// What the disk says; `InvalidData` when a batch is not as it was: then nothing more is sent from the file.
    pub async fn warm(&self, at: usize, len: usize, begun: usize) -> io::Result<usize> {
        let range = self.clone();
        let warmed = ring::pool().run(move || range.check_again(at, len, begun)).await;
        warmed.unwrap_or_else(|panicked| Err(io::Error::other(panicked)))
    }

    /// Blocks.
    fn check_again(&self, at: usize, len: usize, begun: usize) -> io::Result<usize> {
        let read = |from: usize, len: usize| self.file.read_blocking(self.pos + from as u64, len);
        let damaged = |why: String| {
            self.file.doubt();
            tracing::error!(byte = self.pos, %why, "a stretch of a sealed segment has changed while it was sent; it is read again, and not from the kernel's memory");
            io::Error::new(io::ErrorKind::InvalidData, why)
        };
        let (mut from, mut last) = (begun, begun);
        while from < at + len {
            let header =
                BatchHeader::parse(&read(from, HEADER_BYTES)?).map_err(|why| damaged(why.to_string()))?;
            let end = from + header.encoded_len;
            if end > self.len {
                return Err(damaged(format!("its length is {}", header.encoded_len)));
            }
            if end > at {
                let bytes = read(from, header.encoded_len)?;
                let whole = BatchView::split(&bytes).and_then(|(batch, _)| batch.verify_crc());
                whole.map_err(|why| damaged(why.to_string()))?;
            }
            (last, from) = (from, end);
        }
        Ok(last)
    }

    /// Reads `len` bytes from the `at`-th on, on the pool: for a connection that can't be sent to from a file.
    ///
    /// # Errors
    /// What the disk says; `UnexpectedEof` if the file has become shorter.
    pub async fn read(&self, at: usize, len: usize) -> io::Result<Bytes> {
        let (file, pos) = (self.file.clone(), self.pos + at as u64);
        let read = ring::pool().run(move || file.read_blocking(pos, len)).await;
        let bytes = read.unwrap_or_else(|panicked| Err(io::Error::other(panicked)))?;
        if bytes.len() < len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes)
    }
}

/// Intervals of a segment that lie one after the other, and what of them a reader is to get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// The intervals' numbers.
    pub intervals: Range<usize>,
    /// Byte and offset at which the first one begins.
    pub first: (u64, Offset),
    /// Byte from which on the reader gets it.
    pub from: u64,
    /// Byte and offset behind the last one.
    pub until: (u64, Offset),
}

impl Stretch {
    /// What a reader gets who wants `max_bytes` at most from byte `from` on, where the batch with `offset` begins, and
    /// may see what is below `upto`; none if that is no whole interval. `end` is where the segment ends.
    pub fn find(
        (index, base): (&Index, Offset),
        (from, offset): (u64, Offset),
        (max_bytes, upto): (usize, Offset),
        end: (u64, Offset),
    ) -> Option<Stretch> {
        let first = index.number_at(base, offset)?;
        let limit = from.saturating_add(max_bytes as u64);
        let (past, until) = if end.0 <= limit && end.1 <= upto {
            (index.len(), end)
        } else {
            let last = index.last_within(base, limit, upto)?;
            (last, index.entry(base, last)?)
        };
        let whole = past > first && until.0 > from;
        whole.then_some(Stretch { intervals: first..past, first: index.entry(base, first)?, from, until })
    }

    fn len(&self) -> usize {
        (self.until.0 - self.from) as usize
    }
}

/// What is known of sealed segments, in a shard.
#[derive(Default)]
pub(crate) struct SealedFiles {
    known: HashMap<PathBuf, Known>,
    clock: u64,
    /// Neither this disk nor this kernel has files to send from.
    impossible: bool,
}

#[derive(Default)]
struct Known {
    file: Option<Arc<Buffered>>,
    read_once: Bits,
    read_twice: Bits,
    checked: Bits,
    ahead: Option<(Range<usize>, Check)>,
    used: u64,
}

/// A check that is under way.
pub(crate) type Check = Blocking<io::Result<bool>>;

impl SealedFiles {
    fn of(&mut self, path: &Path) -> &mut Known {
        self.clock += 1;
        if !self.known.contains_key(path) {
            if self.known.len() >= FILES_MAX {
                let oldest =
                    self.known.iter().min_by_key(|(_, known)| known.used).map(|(path, _)| path.clone());
                oldest.and_then(|oldest| self.known.remove(&oldest));
            }
            self.known.insert(path.to_path_buf(), Known::default());
        }
        let known = self.known.get_mut(path).expect("it is there now");
        known.used = self.clock;
        known
    }

    /// A direct read has given these intervals.
    pub fn note_read(&mut self, path: &Path, intervals: Range<usize>) {
        if intervals.is_empty() {
            return;
        }
        let known = self.of(path);
        for n in intervals {
            let again = known.read_once.all(n..n + 1);
            let times = if again { &mut known.read_twice } else { &mut known.read_once };
            times.set(n..n + 1, true);
        }
    }

    /// From now on everything is read directly.
    pub fn give_up(&mut self) {
        *self = Self { impossible: true, ..Self::default() };
    }

    /// Whether all of these intervals have been read so often that they are worth the kernel's memory.
    pub fn are_worth_it(&self, path: &Path, intervals: Range<usize>) -> bool {
        !self.impossible && self.known.get(path).is_some_and(|known| known.read_twice.all(intervals))
    }

    /// The file, if it is open.
    pub fn file(&mut self, path: &Path) -> Option<Arc<Buffered>> {
        self.of(path).file.clone()
    }

    /// Keeps the file open.
    pub fn keep(&mut self, path: &Path, file: Arc<Buffered>) {
        self.of(path).file = Some(file);
    }

    /// What may be sent now: it was checked, and has not left the kernel's memory.
    pub fn ready(&self, path: &Path, stretch: &Stretch) -> Option<SealedRange> {
        let known = self.known.get(path).filter(|known| known.checked.all(stretch.intervals.clone()))?;
        let file = known.file.clone().filter(|file| !file.is_doubted())?;
        let range = SealedRange { file, pos: stretch.from, len: stretch.len() };
        range.is_warm(0, range.len).then_some(range)
    }

    /// The check of these intervals that is under way, if it is the last that was begun ahead of a reader.
    pub fn take_ahead(&mut self, path: &Path, intervals: &Range<usize>) -> Option<Check> {
        let ahead = &mut self.known.get_mut(path)?.ahead;
        ahead.take_if(|(of, _)| of == intervals).map(|(_, check)| check)
    }

    /// Leaves a check of these intervals to whoever comes for them.
    pub fn leave_ahead(&mut self, path: &Path, intervals: Range<usize>, check: Check) {
        self.of(path).ahead = Some((intervals, check));
    }

    /// These intervals were warmed; `good` says that every batch in them is as it was written. If not, the next reader
    /// has to read them directly, which tells what is wrong.
    pub fn note_checked(&mut self, path: &Path, intervals: Range<usize>, good: bool) {
        let known = self.of(path);
        known.checked.set(intervals.clone(), good);
        if !good {
            known.read_twice.set(intervals, false);
        }
    }

    /// Forgets a file, or those of a folder.
    pub fn forget(&mut self, path: &Path) {
        self.known.retain(|known, _| !known.starts_with(path));
    }
}

/// Begins to bring a stretch into the kernel's memory, and to judge every batch of it, on the pool.
pub(crate) fn begin_check(file: Arc<Buffered>, expected: Expected, stretch: &Stretch) -> Check {
    let (first, until) = (stretch.first, stretch.until);
    ring::pool().run(move || check(&file, expected, first, until))
}

fn check(
    file: &Buffered,
    expected: Expected,
    first: (u64, Offset),
    until: (u64, Offset),
) -> io::Result<bool> {
    struct Source<'f>(&'f Buffered);
    impl ReadAt for Source<'_> {
        async fn read_at(&self, pos: u64, len: usize) -> io::Result<Bytes> {
            self.0.read_blocking(pos, len)
        }
    }
    // All of it at once, so that the disk has more than one thing to do.
    file.prefetch(first.0, (until.0 - first.0) as usize);
    let gaps = expected.gaps;
    let expected = Expected { readable: until.0, ..expected };
    let mut reader = SegmentReader::new(Source(file), expected, first.0, first.1);
    reader.read_ahead(CHECK_BYTES);
    while reader.pos() < until.0 {
        let Found::Batch(..) = block_on(reader.step())? else { return Ok(false) };
    }
    Ok(reader.pos() == until.0 && (gaps || reader.next_offset() == until.1))
}

/// A set of small numbers.
#[derive(Debug, Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn set(&mut self, numbers: Range<usize>, to: bool) {
        if self.0.len() < numbers.end.div_ceil(64) {
            self.0.resize(numbers.end.div_ceil(64), 0);
        }
        for n in numbers {
            let bit = 1 << (n % 64);
            if to { self.0[n / 64] |= bit } else { self.0[n / 64] &= !bit }
        }
    }

    fn all(&self, mut numbers: Range<usize>) -> bool {
        numbers.all(|n| self.0.get(n / 64).is_some_and(|word| word >> (n % 64) & 1 == 1))
    }
}

#[cfg(test)]
mod tests {
    use headwater_core::record::builder::BatchBuilder;

    use super::*;

    #[test]
    fn what_has_changed_since_it_was_checked_is_noticed_when_it_comes_back() {
        let path = std::env::temp_dir().join(format!("headwater-sealed-{}.log", std::process::id()));
        let batch = |n: i64| BatchBuilder::new().record(n, None, Some(&[n as u8; 700])).build_mut();
        let batches: Vec<_> = (0..9).map(batch).collect();
        let len = batches.iter().map(|batch| batch.len()).sum();
        let one = batches[0].len();
        let mut bytes = batches.concat();
        std::fs::write(&path, &bytes).unwrap();
        let Some(file) = Buffered::open(&path).unwrap() else {
            return eprintln!("skipped: no cachestat here");
        };
        let range = SealedRange { file: Arc::new(file), pos: 0, len };
        // In steps that end within batches.
        let (mut at, mut begun) = (0, 0);
        while at < len {
            let step = (len - at).min(1000);
            begun = range.check_again(at, step, begun).unwrap();
            at += step;
            assert!(begun < at && begun.is_multiple_of(one) && begun + one >= at, "{begun} for {at}");
        }
        for changed in [one * 4 + 100, one * 4 + 10, one * 4 + 16] {
            bytes[changed] ^= 4;
            std::fs::write(&path, &bytes).unwrap();
            assert!(range.check_again(0, one * 4, 0).is_ok(), "before it all is well");
            assert!(range.check_again(one * 5, one, one * 5).is_ok(), "and behind it");
            let range = SealedRange { file: Arc::new(Buffered::open(&path).unwrap().unwrap()), ..range };
            let error = range.check_again(one * 3, one + 1, 0).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            assert!(range.file.is_doubted());
            bytes[changed] ^= 4;
        }
        std::fs::remove_file(&path).unwrap();
    }

    /// Ten batches of ten offsets and 1000 bytes each from offset 500 on, an entry for each second one.
    fn index() -> Index {
        let mut index = Index::default();
        for n in 0..10u32 {
            index.note(n * 10, u64::from(n) * 1000, 1000, 0, 2000);
        }
        index
    }

    const BASE: Offset = Offset::new(500);

    fn check(from: u64, offset: i64, max_bytes: usize, upto: i64, expect: Option<(Range<usize>, u64, i64)>) {
        let (index, end) = (index(), (10_000, Offset::new(600)));
        let found =
            Stretch::find((&index, BASE), (from, Offset::new(offset)), (max_bytes, Offset::new(upto)), end);
        let got = found.clone().map(|s| (s.intervals, s.until.0, s.until.1.get()));
        assert_eq!(got, expect, "{max_bytes} bytes from {offset} at {from}, below {upto}");
        if let Some(stretch) = found {
            assert!(stretch.first.0 <= from && stretch.from == from && stretch.len() <= max_bytes);
        }
    }

    #[test]
    fn a_reader_gets_whole_intervals_within_its_bounds() {
        check(0, 500, 10_000, 600, Some((0..5, 10_000, 600)));
        check(0, 500, 9_999, 600, Some((0..4, 8_000, 580)));
        check(0, 500, 2_000, 600, Some((0..1, 2_000, 520)));
        check(0, 500, 1_999, 600, None);
        // From the middle of an interval on; its end is soon there.
        check(3_000, 530, 1_000, 600, Some((1..2, 4_000, 540)));
        check(3_000, 530, 999, 600, None);
        check(9_000, 590, 1_000, 600, Some((4..5, 10_000, 600)));
        // Not what the reader may not see yet, were it one record.
        check(0, 500, 10_000, 599, Some((0..4, 8_000, 580)));
        check(8_000, 580, 10_000, 599, None);
        check(0, 500, 10_000, 519, None);
        check(10_000, 600, 10_000, 700, None);
    }

    #[test]
    fn what_is_known_is_bounded_and_forgotten_with_its_folder() {
        let mut files = SealedFiles::default();
        let path = |n: usize| PathBuf::from(format!("/d/{}/{n}.log", n % 2));
        for n in 0..FILES_MAX + 10 {
            files.note_read(&path(n), 3..70);
            files.note_read(&path(n), 3..70);
        }
        assert_eq!(files.known.len(), FILES_MAX);
        assert!(!files.are_worth_it(&path(9), 3..70) && files.are_worth_it(&path(10), 3..70));
        assert!(!files.are_worth_it(&path(10), 2..5) && !files.are_worth_it(&path(10), 60..71));
        files.note_read(&path(10), 70..72);
        assert!(!files.are_worth_it(&path(10), 69..71), "it was read once");
        files.note_checked(&path(10), 5..6, false);
        assert!(!files.are_worth_it(&path(10), 3..70) && files.are_worth_it(&path(10), 6..70));
        files.forget(Path::new("/d/0"));
        assert!(files.known.keys().all(|path| path.starts_with("/d/1")));
    }
}
