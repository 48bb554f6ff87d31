//! The simulated disk: files in memory, and everything that a real one does on a bad day.
//!
//! ```text
//!   written ──flush──> durable           a power cut keeps what is durable, and of what is only written any sectors
//! ```
//!
//! A power cut ([`Sim::cut_power`]) keeps, for each unflushed write, a random subset of its 512-byte sectors, and a cut
//! length or the one before. A flush covers the writes that had reached the file when it began, no later ones. Small
//! files replaced whole, folders, new names and removals are durable at once: the real disk syncs them before it
//! answers. Every operation takes a random number of turns, so that whoever shares the disk comes in between in any
//! order. Faults are set from outside: everything fails from the n-th operation on ([`Sim::fail_after`]), one operation
//! of a kind fails ([`Sim::fail_next`]), no space ([`Sim::set_capacity`], also for bytes that are there already:
//! [`Sim::set_copy_on_write`]), flipped bits ([`Sim::flip`]), a write that says it worked and went elsewhere, nowhere,
//! or in only half ([`Sim::go_astray`]), writes of a folder that take for ever ([`Sim::stall`]).
//!
//! Deterministic: same seed and same calls, same outcome.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use bytes::Bytes;
use futures_lite::future::yield_now;

use super::{Buf, Disk, DiskFile, Open, PAGE};

const SECTOR: usize = 512;
/// An operation takes fewer turns of the executor than this.
const TURNS_MAX: u64 = 5;

/// See the module's text.
#[derive(Clone)]
pub struct Sim {
    state: Rc<State>,
}

struct State {
    files: RefCell<BTreeMap<PathBuf, Rc<RefCell<Content>>>>,
    random: Cell<u64>,
    operations: Cell<u64>,
    fail_at: Cell<Option<u64>>,
    fail_next: Cell<Option<(Operation, u64)>>,
    capacity: Cell<Option<usize>>,
    copy_on_write: Cell<bool>,
    stalled: RefCell<Option<PathBuf>>,
    bytes_written: Cell<u64>,
    astray: Cell<Option<(Astray, u64)>>,
    writes: Cell<u64>,
}

/// What becomes of a write that says it worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Astray {
    /// It lands this many pages behind its place in the same file, or before it if that is beyond the file's end.
    Elsewhere(usize),
    /// It never reaches the disk.
    Nowhere,
    /// Only its first half reaches the disk.
    Half,
}

/// A kind of operation that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Reading a file, in part or whole.
    Read,
    /// Writing at a place.
    Write,
    /// Making writes durable.
    Flush,
    /// Replacing a small file.
    Replace,
    /// Anything else: opening, listing, removing, cutting.
    Other,
}

#[derive(Default)]
struct Content {
    durable: Vec<u8>,
    written: Vec<u8>,
    /// Places written since the last flush, with the number of the write.
    dirty: Vec<(u64, usize, usize)>,
    /// The shortest that it was cut to since the last flush.
    cut_to: Option<usize>,
    /// Space that it has, however short it is.
    reserved: usize,
}

impl Content {
    /// What it takes of the disk.
    fn space(&self) -> usize {
        self.written.len().max(self.reserved)
    }

    /// Makes a place durable.
    fn settle(&mut self, from: usize, to: usize) {
        let to = to.min(self.written.len());
        if self.durable.len() < to {
            self.durable.resize(to, 0);
        }
        if from < to {
            self.durable[from..to].copy_from_slice(&self.written[from..to]);
        }
    }
}

/// A file of a [`Sim`].
pub struct SimFile {
    disk: Sim,
    path: PathBuf,
    content: Rc<RefCell<Content>>,
    durable_writes: bool,
}

impl Buf for Vec<u8> {
    fn bytes(&mut self) -> &mut [u8] {
        self
    }
}

impl Sim {
    /// An empty disk.
    pub fn new(seed: u64) -> Self {
        let state = State {
            files: RefCell::default(),
            random: Cell::new(seed | 1),
            operations: Cell::new(0),
            fail_at: Cell::new(None),
            fail_next: Cell::new(None),
            capacity: Cell::new(None),
            copy_on_write: Cell::new(false),
            astray: Cell::new(None),
            writes: Cell::new(0),
            stalled: RefCell::new(None),
            bytes_written: Cell::new(0),
        };
        Self { state: Rc::new(state) }
    }

    /// How many operations there have been.
    pub fn operations(&self) -> u64 {
        self.state.operations.get()
    }

    /// From the operation with this number on, everything fails with an IO error: the power is about to go.
    pub fn fail_after(&self, operation: Option<u64>) {
        self.state.fail_at.set(operation);
    }

    /// The `n`-th operation of this kind from now on (0 is the next) fails with an IO error; those after it do not.
    pub fn fail_next(&self, operation: Operation, n: u64) {
        self.state.fail_next.set(Some((operation, n)));
    }

    /// Whether a failure that was asked for by [`Sim::fail_next`] is still to come.
    pub fn failure_is_due(&self) -> bool {
        self.state.fail_next.get().is_some()
    }

    /// The write with this number, of all that the disk has taken, goes astray.
    pub fn go_astray(&self, write: u64, how: Astray) {
        self.state.astray.set(Some((how, write)));
    }

    /// How many writes there have been.
    pub fn writes(&self) -> u64 {
        self.state.writes.get()
    }

    /// How many bytes fit in all; what would go beyond fails for want of space.
    pub fn set_capacity(&self, bytes: Option<usize>) {
        self.state.capacity.set(bytes);
    }

    /// Whether a write needs as much space as it is long also where the file has bytes already, as on a file system that
    /// never writes in place. One that finds too little leaves any sectors of it behind.
    pub fn set_copy_on_write(&self, on: bool) {
        self.state.copy_on_write.set(on);
    }

    /// Writes to files in this folder do not end until it is another one, or none.
    pub fn stall(&self, folder: Option<PathBuf>) {
        *self.state.stalled.borrow_mut() = folder;
    }

    /// Bytes of all writes so far, those of whole small files included.
    pub fn bytes_written(&self) -> u64 {
        self.state.bytes_written.get()
    }

    fn note_written(&self, bytes: usize) {
        self.state.bytes_written.set(self.state.bytes_written.get() + bytes as u64);
    }

    /// Bytes of all files, those reserved included.
    pub fn used(&self) -> usize {
        self.state.files.borrow().values().map(|content| content.borrow().space()).sum()
    }

    /// Bytes that files have reserved behind their ends.
    pub fn reserved(&self) -> usize {
        let files = self.state.files.borrow();
        files
            .values()
            .map(|content| content.borrow())
            .map(|c| c.reserved.saturating_sub(c.written.len()))
            .sum()
    }

    fn has_space(&self, more: usize) -> io::Result<()> {
        match self.state.capacity.get() {
            Some(capacity) if more > 0 && self.used() + more > capacity => {
                Err(io::ErrorKind::StorageFull.into())
            }
            _ => Ok(()),
        }
    }

    /// The power goes and comes back: unflushed writes are kept sector by sector, or not, by chance. Handles opened
    /// before must not be used again.
    pub fn cut_power(&self) {
        for content in self.state.files.borrow().values() {
            let mut content = content.borrow_mut();
            if let Some(len) = content.cut_to.take().filter(|_| self.chance()) {
                content.durable.truncate(len);
            }
            for (_, from, to) in std::mem::take(&mut content.dirty) {
                for sector in (from..to).step_by(SECTOR) {
                    if self.chance() {
                        content.settle(sector, (sector + SECTOR).min(to));
                    }
                }
            }
            content.written = content.durable.clone();
        }
        self.state.fail_at.set(None);
        self.state.fail_next.set(None);
    }

    /// Flips one bit of a file at rest.
    pub fn flip(&self, path: &Path, at: usize, bit: u8) {
        let files = self.state.files.borrow();
        let mut content = files[path].borrow_mut();
        content.durable[at] ^= 1 << bit;
        content.written[at] ^= 1 << bit;
    }

    /// Bytes of a file, 0 if it is not there.
    pub fn bytes_of(&self, path: &Path) -> usize {
        self.state.files.borrow().get(path).map_or(0, |content| content.borrow().written.len())
    }

    /// What is in a file; nothing if it is not there.
    pub fn contents(&self, path: &Path) -> Vec<u8> {
        self.state.files.borrow().get(path).map_or_else(Vec::new, |content| content.borrow().written.clone())
    }

    /// Paths of all files.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.state.files.borrow().keys().cloned().collect()
    }

    fn chance(&self) -> bool {
        self.random() >> 63 == 1
    }

    fn random(&self) -> u64 {
        let mut x = self.state.random.get();
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.state.random.set(x);
        x.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Takes its turns, and fails if it is to.
    async fn step(&self, operation: Operation) -> io::Result<()> {
        // Counted before it takes its turns: numbers tell which write came before which flush.
        let n = self.state.operations.get();
        self.state.operations.set(n + 1);
        for _ in 0..(self.random() >> 33) % TURNS_MAX {
            yield_now().await;
        }
        if let Some((of, left)) = self.state.fail_next.get().filter(|(of, _)| *of == operation) {
            self.state.fail_next.set(left.checked_sub(1).map(|left| (of, left)));
            if left == 0 {
                return Err(io::Error::other("simulated: an input or output error"));
            }
        }
        match self.state.fail_at.get() {
            Some(at) if n >= at => Err(io::Error::other("simulated: the power is going")),
            _ => Ok(()),
        }
    }
}

impl Disk for Sim {
    type File = SimFile;
    type Buf = Vec<u8>;

    fn alloc(&self, len: usize) -> Vec<u8> {
        assert!(len > 0 && len.is_multiple_of(PAGE), "a buffer is whole pages");
        vec![0; len]
    }

    async fn open(&self, path: &Path, how: Open) -> io::Result<SimFile> {
        self.step(Operation::Other).await?;
        let mut files = self.state.files.borrow_mut();
        if how != Open::Write && !files.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let content = files.entry(path.to_path_buf()).or_default().clone();
        Ok(SimFile {
            disk: self.clone(),
            path: path.to_path_buf(),
            content,
            durable_writes: how == Open::WriteDurable,
        })
    }

    async fn create_folder(&self, _path: &Path) -> io::Result<()> {
        self.step(Operation::Other).await
    }

    async fn remove(&self, path: &Path) -> io::Result<()> {
        self.step(Operation::Other).await?;
        self.state.files.borrow_mut().retain(|other, _| !other.starts_with(path));
        Ok(())
    }

    async fn remove_empty_folder(&self, _path: &Path) -> io::Result<()> {
        // A folder is there as long as a file is in it.
        self.step(Operation::Other).await
    }

    async fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.step(Operation::Other).await?;
        let files = self.state.files.borrow();
        let mut names: Vec<String> = files
            .keys()
            .filter_map(|other| other.strip_prefix(path).ok()?.iter().next())
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.dedup();
        Ok(names)
    }

    async fn read_file(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        self.step(Operation::Read).await?;
        Ok(self.state.files.borrow().get(path).map(|content| content.borrow().written.clone()))
    }

    async fn replace_file(&self, path: &Path, bytes: Vec<u8>) -> io::Result<()> {
        self.step(Operation::Replace).await?;
        self.has_space(bytes.len())?;
        self.note_written(bytes.len());
        let content = Content { durable: bytes.clone(), written: bytes, ..Content::default() };
        self.state.files.borrow_mut().insert(path.to_path_buf(), Rc::new(RefCell::new(content)));
        Ok(())
    }
}

impl SimFile {
    /// Any sectors of a write that failed, of what lies within the file.
    fn leave_some(&self, buf: &[u8], pos: usize, number: u64) {
        let mut content = self.content.borrow_mut();
        let end = content.written.len().min(pos + buf.len());
        for from in (pos..end).step_by(SECTOR) {
            if self.disk.chance() {
                let to = (from + SECTOR).min(end);
                content.written[from..to].copy_from_slice(&buf[from - pos..to - pos]);
                content.dirty.push((number, from, to));
            }
        }
    }
}

impl DiskFile for SimFile {
    type Buf = Vec<u8>;

    async fn write_at(&self, buf: Vec<u8>, len: usize, pos: u64) -> (io::Result<()>, Vec<u8>) {
        assert!(pos.is_multiple_of(PAGE as u64), "direct writes begin at a page");
        assert!(len.is_multiple_of(PAGE) && len <= buf.len(), "direct writes are of whole pages");
        let (from, to) = (pos as usize, pos as usize + len);
        let number = self.disk.operations();
        let in_place = !self.disk.state.copy_on_write.get();
        let more = if in_place { to.saturating_sub(self.content.borrow().space()) } else { len };
        if let Err(error) = self.disk.has_space(more) {
            if !in_place {
                self.leave_some(&buf[..len], from, number);
            }
            return (Err(error), buf);
        }
        let (mut from, mut to) = (from, to);
        self.disk.note_written(len);
        {
            let mut content = self.content.borrow_mut();
            if content.written.len() < to {
                content.written.resize(to, 0);
            }
            let write = self.disk.state.writes.replace(self.disk.writes() + 1);
            match self.disk.state.astray.get().filter(|(_, of)| *of == write) {
                Some((Astray::Elsewhere(pages), _)) if to + pages * PAGE <= content.written.len() => {
                    (from, to) = (from + pages * PAGE, to + pages * PAGE);
                }
                Some((Astray::Elsewhere(pages), _)) => {
                    let before = from.saturating_sub(pages * PAGE);
                    (from, to) = (before, before + len);
                }
                Some((Astray::Nowhere, _)) => to = from,
                Some((Astray::Half, _)) => to = from + len / 2,
                None => {}
            }
            // From here on, and also if it fails, any part of it may reach the platter.
            content.written[from..to].copy_from_slice(&buf[..to - from]);
            content.dirty.push((number, from, to));
        }
        if let Err(error) = self.disk.step(Operation::Write).await {
            return (Err(error), buf);
        }
        while self.disk.state.stalled.borrow().as_ref().is_some_and(|folder| self.path.starts_with(folder)) {
            yield_now().await;
        }
        if self.durable_writes {
            let mut content = self.content.borrow_mut();
            content.dirty.retain(|(other, ..)| *other != number);
            content.settle(from, to);
        }
        (Ok(()), buf)
    }

    async fn read_at(&self, pos: u64, len: usize) -> io::Result<Bytes> {
        self.disk.step(Operation::Read).await?;
        let content = self.content.borrow();
        let from = (pos as usize).min(content.written.len());
        let to = (from + len).min(content.written.len());
        Ok(Bytes::copy_from_slice(&content.written[from..to]))
    }

    async fn flush(&self) -> io::Result<()> {
        let begun = self.disk.operations();
        let cut_to = self.content.borrow().cut_to;
        self.disk.step(Operation::Flush).await?;
        let mut content = self.content.borrow_mut();
        if let Some(len) = cut_to {
            content.durable.truncate(len);
            content.cut_to = None;
        }
        for (number, from, to) in std::mem::take(&mut content.dirty) {
            if number < begun {
                content.settle(from, to);
            } else {
                content.dirty.push((number, from, to));
            }
        }
        Ok(())
    }

    async fn truncate(&self, len: u64) -> io::Result<()> {
        self.disk.step(Operation::Other).await?;
        let mut content = self.content.borrow_mut();
        let len = len as usize;
        content.written.resize(len, 0);
        content.reserved = 0;
        content.cut_to = Some(content.cut_to.map_or(len, |before| before.min(len)));
        content.dirty.retain_mut(|(_, from, to)| {
            *to = (*to).min(len);
            from < to
        });
        Ok(())
    }

    async fn reserve(&self, len: u64) -> io::Result<()> {
        self.disk.step(Operation::Other).await?;
        let more = (len as usize).saturating_sub(self.content.borrow().space());
        self.disk.has_space(more)?;
        let mut content = self.content.borrow_mut();
        content.reserved = content.reserved.max(len as usize);
        Ok(())
    }

    async fn size(&self) -> io::Result<u64> {
        self.disk.step(Operation::Other).await?;
        Ok(self.content.borrow().written.len() as u64)
    }
}
