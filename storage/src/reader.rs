//! Walks the batches of a segment and lets none pass that is not as it was written.
//!
//! ```text
//!   ├─ batch ─┼─ batch ─┼─ damaged ···│··········┼─ batch ─┤
//!                        pos           searched, byte by byte, for the next batch that is whole
//! ```
//!
//! A batch is good when its checksum is right, and what the checksum does not cover is too: its base offset follows the
//! batch before (after compaction: is not before it), and its leader epoch is the one that the log knows for that offset.
//! Damage is named by the offsets that are missing; the walk goes on behind it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use headwater_core::epochs::LeaderEpochs;
use headwater_core::ids::Offset;
use headwater_core::record::header::{BatchHeader, BatchView, HEADER_BYTES, PartedChecksum};

use crate::disk::DiskFile;

/// The least that is read at once, in bytes.
pub const READ_BYTES: usize = 128 * 1024;
/// How much is read at once to find the end of a damaged stretch.
const SEARCH_BYTES: usize = 1 << 20;
/// For a batch that says it is larger there is no memory before its checksum, taken over one window after the other, has
/// shown that it is: the length lies outside the checksum, and one flipped bit of it may name all that is left of a segment.
const TRUSTED_BYTES_MAX: usize = 4 << 20;

/// Something that bytes can be read from at any place.
pub trait ReadAt {
    /// Reads `len` bytes at `pos`; fewer at the end.
    fn read_at(&self, pos: u64, len: usize) -> impl Future<Output = io::Result<Bytes>>;
}

impl<F: DiskFile> ReadAt for F {
    async fn read_at(&self, pos: u64, len: usize) -> io::Result<Bytes> {
        DiskFile::read_at(self, pos, len).await
    }
}

/// What a segment should hold.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Bytes that can be read.
    pub readable: u64,
    /// Bytes of its batches; those behind `readable` are not in the file yet.
    pub written: u64,
    /// The offset behind its last batch.
    pub end: Offset,
    /// Whether there may be gaps between its batches.
    pub gaps: bool,
    /// Which leader epoch begins where.
    pub epochs: LeaderEpochs,
}

/// What is at a place.
#[derive(Debug)]
pub enum Found {
    /// A good batch.
    Batch(BatchHeader, Bytes),
    /// Offsets `first..=last` are not to be had.
    Damaged(Damage),
    /// The end of what can be read.
    End,
}

/// A stretch that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where it begins in the file.
    pub pos: u64,
    /// Where the next good batch begins, or the segment's end.
    pub until: u64,
    /// The first offset that is missing.
    pub first: Offset,
    /// The last one.
    pub last: Offset,
    /// What is wrong.
    pub why: String,
}

/// See the module's text.
pub struct SegmentReader<R> {
    source: R,
    expected: Expected,
    pos: u64,
    next: Offset,
    rest: Lookahead,
    window_bytes: usize,
    /// Memory that batches which were given keep, and the place of the window that was counted last.
    kept_bytes: usize,
    kept_at: Option<u64>,
}

/// Bytes of a file that are in memory, or on their way there.
///
/// ```text
///   ├─ tail ─┼─ window ───────────────┼─ ahead, being read ─┤
/// ```
#[derive(Default)]
pub struct Lookahead {
    /// What is left of the window before: a batch may reach from it into the window.
    tail: Bytes,
    window: Bytes,
    window_at: u64,
    ahead: Option<Ahead>,
}

struct Ahead {
    bytes: usize,
    read: Pin<Box<dyn Future<Output = io::Result<Bytes>>>>,
}

impl Lookahead {
    /// Nothing yet, of what is at `pos`.
    pub fn at(pos: u64) -> Self {
        Self { window_at: pos, ..Self::default() }
    }

    fn tail_at(&self) -> u64 {
        self.window_at - self.tail.len() as u64
    }

    fn end(&self) -> u64 {
        self.window_at + self.window.len() as u64
    }

    /// How much memory it takes.
    pub fn bytes(&self) -> usize {
        self.tail.len() + self.window.len() + self.ahead.as_ref().map_or(0, |ahead| ahead.bytes)
    }

    /// What there is from `pos` on, if it reaches up to `end`.
    fn get(&self, pos: u64, end: u64) -> Option<Bytes> {
        if end > self.end() || pos < self.tail_at() {
            return None;
        }
        if pos >= self.window_at {
            return Some(self.window.slice((pos - self.window_at) as usize..));
        }
        let begun = &self.tail[(pos - self.tail_at()) as usize..];
        let more = &self.window[..end.saturating_sub(self.window_at) as usize];
        Some([begun, more].concat().into())
    }

    /// Goes over to what was read ahead; false if there is none, or it failed.
    async fn go_on(&mut self, pos: u64) -> bool {
        // From the tail a batch would reach over the whole window: too rare to be kept in three parts.
        if pos < self.window_at || pos > self.end() {
            self.ahead = None;
        }
        let Some(ahead) = self.ahead.take() else { return false };
        let Ok(window) = ahead.read.await else { return false };
        self.tail = self.window.slice((pos - self.window_at) as usize..);
        self.window_at = self.end();
        self.window = window;
        true
    }

    /// Begins to read `bytes` behind the window, up to `readable`, unless that is under way.
    pub fn read_ahead<F: DiskFile>(&mut self, file: &Rc<F>, bytes: usize, readable: u64) {
        let (at, left) = (self.end(), readable.saturating_sub(self.end()));
        let bytes = (bytes as u64).min(left) as usize;
        if self.ahead.is_some() || bytes == 0 {
            return;
        }
        let file = file.clone();
        let mut read: Pin<Box<dyn Future<Output = _>>> =
            Box::pin(async move { DiskFile::read_at(&*file, at, bytes).await });
        // The first poll is what begins it; the result waits until somebody asks for it.
        let mut cx = Context::from_waker(Waker::noop());
        if let Poll::Ready(done) = read.as_mut().poll(&mut cx) {
            read = Box::pin(std::future::ready(done));
        }
        self.ahead = Some(Ahead { bytes, read });
    }
}

enum Verdict {
    Good(BatchHeader),
    /// So many bytes are needed to tell.
    More(usize),
    Bad(String),
    /// It reaches behind what can be read.
    NotYet,
}

impl<R: ReadAt> SegmentReader<R> {
    /// A reader that begins at byte `pos`, where the batch with `next` is (or the first behind it, if there are gaps).
    pub fn new(source: R, expected: Expected, pos: u64, next: Offset) -> Self {
        Self::resume(source, expected, pos, next, Lookahead::at(pos))
    }

    /// A reader that goes on with what another one has left.
    pub fn resume(source: R, expected: Expected, pos: u64, next: Offset, rest: Lookahead) -> Self {
        let (window_bytes, kept_bytes, kept_at) = (READ_BYTES, 0, None);
        Self { source, expected, pos, next, rest, window_bytes, kept_bytes, kept_at }
    }

    /// What it has in memory.
    pub fn into_rest(self) -> Lookahead {
        self.rest
    }

    /// How much to read at once, where that is more than the least.
    pub fn read_ahead(&mut self, bytes: usize) {
        self.window_bytes = READ_BYTES.max(bytes);
    }

    /// How much memory the batches keep that it has given so far: a slice of a window keeps all of it.
    pub fn kept_bytes(&self) -> usize {
        self.kept_bytes
    }

    fn note_kept(&mut self, len: usize) {
        if self.pos < self.rest.window_at {
            // Put together from two windows, or of the one before.
            self.kept_bytes += len;
        } else if self.kept_at != Some(self.rest.window_at) {
            self.kept_at = Some(self.rest.window_at);
            self.kept_bytes += self.rest.window.len();
        }
    }

    /// Where the next batch begins.
    pub fn pos(&self) -> u64 {
        self.pos
    }

    /// The offset that comes next.
    pub fn next_offset(&self) -> Offset {
        self.next
    }

    /// The batch here, or the damage; goes on behind it.
    pub async fn step(&mut self) -> io::Result<Found> {
        Ok(self.step_within(usize::MAX).await?.expect("no batch is larger than that"))
    }

    /// As [`Self::step`], unless the batch says that it is larger than `bytes_max`: then nothing is checked, and this
    /// is where the next step begins. For a read that has something to give already: what does not fit is checked when
    /// it is given.
    pub async fn step_within(&mut self, bytes_max: usize) -> io::Result<Option<Found>> {
        let mut wanted = HEADER_BYTES;
        loop {
            if self.pos >= self.expected.readable {
                return Ok(Some(Found::End));
            }
            let bytes = self.bytes_at(self.pos, wanted).await?;
            if bytes_max < usize::MAX
                && bytes.len() >= HEADER_BYTES
                && BatchHeader::parse(&bytes).is_ok_and(|header| header.encoded_len > bytes_max)
            {
                return Ok(None);
            }
            match self.judge(&bytes, self.pos, self.next, self.expected.gaps) {
                Verdict::Good(header) => {
                    self.note_kept(header.encoded_len);
                    self.pos += header.encoded_len as u64;
                    self.next = header.next_offset();
                    return Ok(Some(Found::Batch(header, bytes.slice(..header.encoded_len))));
                }
                Verdict::More(more) if more > wanted => match self.adds_up(&bytes, self.pos, more).await? {
                    true => wanted = more,
                    false => {
                        let why = format!("its length {more} or its bytes are not as they were written");
                        return self.damaged(why).await.map(Some);
                    }
                },
                Verdict::More(_) => {
                    return self.damaged("the file ends inside a batch".into()).await.map(Some);
                }
                Verdict::Bad(why) => return self.damaged(why).await.map(Some),
                Verdict::NotYet => return Ok(Some(Found::End)),
            }
        }
    }

    /// Whether there may be memory for the `len` bytes of the batch at `pos`, which begins with `bytes`.
    async fn adds_up(&self, bytes: &[u8], pos: u64, len: usize) -> io::Result<bool> {
        let Ok(header) = BatchHeader::parse(bytes) else { return Ok(true) };
        if len <= TRUSTED_BYTES_MAX {
            return Ok(true);
        }
        let mut checksum = PartedChecksum::default();
        let mut at = 0;
        while at < len {
            let part = self.source.read_at(pos + at as u64, (len - at).min(SEARCH_BYTES)).await?;
            if part.is_empty() {
                break;
            }
            checksum.push(&part);
            at += part.len();
        }
        Ok(checksum.is_of(&header))
    }

    /// At least `len` bytes at `pos`, if there are as many.
    async fn bytes_at(&mut self, pos: u64, len: usize) -> io::Result<Bytes> {
        let end = (pos + len as u64).min(self.expected.readable);
        if let Some(bytes) = self.rest.get(pos, end) {
            return Ok(bytes);
        }
        if self.rest.go_on(pos).await
            && let Some(bytes) = self.rest.get(pos, end)
        {
            return Ok(bytes);
        }
        let left = self.expected.readable.saturating_sub(pos);
        let ask = (len.max(self.window_bytes) as u64).min(left) as usize;
        let window = self.source.read_at(pos, ask).await?;
        self.rest = Lookahead { tail: Bytes::new(), window: window.clone(), window_at: pos, ahead: None };
        Ok(window)
    }

    /// Whether a good batch is at the start of `bytes`, which begin at `pos`.
    fn judge(&self, bytes: &Bytes, pos: u64, next: Offset, gaps: bool) -> Verdict {
        if bytes.len() < HEADER_BYTES {
            let left = self.expected.readable.saturating_sub(pos) < HEADER_BYTES as u64;
            let in_memory = left && pos + (HEADER_BYTES as u64) <= self.expected.written;
            return if in_memory { Verdict::NotYet } else { Verdict::More(HEADER_BYTES) };
        }
        let header = match BatchHeader::parse(bytes) {
            Ok(header) => header,
            Err(why) => return Verdict::Bad(why.to_string()),
        };
        let base = header.base_offset;
        if base < next || (base > next && !gaps) {
            return Verdict::Bad(format!("its offset is {base}, and {next} is expected"));
        }
        if header.last_offset_delta < 0 || header.last_offset() >= self.expected.end {
            return Verdict::Bad(format!("its last offset is {}", header.last_offset()));
        }
        let end = pos + header.encoded_len as u64;
        if end > self.expected.written {
            return Verdict::Bad(format!("its length {} reaches behind the segment", header.encoded_len));
        }
        if let Some(epoch) = self.expected.epochs.epoch_at(base).filter(|epoch| *epoch != header.leader_epoch)
        {
            return Verdict::Bad(format!(
                "its leader epoch is {}, and {epoch} is expected",
                header.leader_epoch
            ));
        }
        if end > self.expected.readable {
            return Verdict::NotYet;
        }
        match bytes.get(..header.encoded_len) {
            None => Verdict::More(header.encoded_len),
            Some(batch) => match (BatchView { header, bytes: batch }).verify_crc() {
                Ok(()) => Verdict::Good(header),
                Err(why) => Verdict::Bad(why.to_string()),
            },
        }
    }

    /// Finds the end of the damage that begins here, and goes on there.
    async fn damaged(&mut self, why: String) -> io::Result<Found> {
        let (pos, first) = (self.pos, self.next);
        let mut at = pos + 1;
        let found = loop {
            if at + HEADER_BYTES as u64 > self.expected.readable {
                break None;
            }
            let window = self.bytes_at(at, HEADER_BYTES.max(SEARCH_BYTES)).await?;
            if window.len() < HEADER_BYTES {
                break None;
            }
            let last = window.len() - HEADER_BYTES;
            // Magic first: it throws away nearly every place.
            let place = (0..=last).find(|i| {
                let slice = window.slice(i..);
                window[i + 16] == 2
                    && !matches!(self.judge(&slice, at + *i as u64, first.plus(1), true), Verdict::Bad(_))
            });
            let Some(place) = place else {
                at += last as u64 + 1;
                continue;
            };
            at += place as u64;
            let header = BatchHeader::parse(&window[place..]).expect("a judged header parses");
            let in_file = at + header.encoded_len as u64 <= self.expected.readable;
            if in_file && !self.adds_up(&window[place..], at, header.encoded_len).await? {
                at += 1;
                continue;
            }
            let whole = self.bytes_at(at, header.encoded_len).await?;
            match self.judge(&whole, at, first.plus(1), true) {
                Verdict::Good(header) => break Some((at, header.base_offset)),
                // What is in memory is read from there.
                Verdict::NotYet => break Some((at, header.base_offset)),
                _ => at += 1,
            }
        };
        let (until, next) = found.unwrap_or((self.expected.readable, self.expected.end));
        (self.pos, self.next) = (until, next);
        Ok(Found::Damaged(Damage { pos, until, first, last: next.plus(-1), why }))
    }
}
