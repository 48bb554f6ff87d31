//! The simulated disk: files in memory, and everything that a real one does on a bad day.
//!
//! ```text
//!   written ──flush──> durable           a power cut keeps what is durable, and of what is only written any sectors
//! ```
//!
//! A power cut ([`Sim::cut_power`]) keeps, for each unflushed write, a random subset of its 512-byte sectors. A flush
//! covers the writes that had reached the file when it began, no later ones. Small files replaced whole, folders and
//! removals are durable at once: the real disk syncs them before it answers.
//! Every operation takes a random number of turns, so that whoever shares the shard runs in between, as on a real disk.
//! Faults are set from outside: the n-th operation on fails ([`Sim::fail_after`]), no space ([`Sim::fill`]).
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
const TURNS_MAX: u64 = 6;

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
    full: Cell<bool>,
}

#[derive(Default)]
struct Content {
    durable: Vec<u8>,
    written: Vec<u8>,
    /// Places written since the last flush, with the number of the write.
    dirty: Vec<(u64, usize, usize)>,
}

impl Content {
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
            full: Cell::new(false),
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

    /// Whether writes that extend a file fail for want of space.
    pub fn fill(&self, full: bool) {
        self.state.full.set(full);
    }

    /// The power goes and comes back: unflushed writes are kept sector by sector, or not, by chance. Handles opened
    /// before must not be used again.
    pub fn cut_power(&self) {
        for content in self.state.files.borrow().values() {
            let mut content = content.borrow_mut();
            for (_, from, to) in std::mem::take(&mut content.dirty) {
                for sector in (from..to).step_by(SECTOR) {
                    if self.random(2) == 0 {
                        content.settle(sector, (sector + SECTOR).min(to));
                    }
                }
            }
            content.written = content.durable.clone();
        }
        self.state.fail_at.set(None);
    }

    /// Flips one bit of a file at rest.
    pub fn flip(&self, path: &Path, at: usize, bit: u8) {
        let files = self.state.files.borrow();
        let mut content = files[path].borrow_mut();
        content.durable[at] ^= 1 << bit;
        content.written[at] ^= 1 << bit;
    }

    /// Paths of all files.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.state.files.borrow().keys().cloned().collect()
    }

    fn random(&self, below: u64) -> u64 {
        let mut x = self.state.random.get();
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.state.random.set(x);
        (x >> 11) % below
    }

    /// An operation: counted, slow, and failed if it is its turn to fail.
    async fn step(&self) -> io::Result<()> {
        let n = self.state.operations.get();
        self.state.operations.set(n + 1);
        for _ in 0..self.random(TURNS_MAX) {
            yield_now().await;
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
        self.step().await?;
        let mut files = self.state.files.borrow_mut();
        if how == Open::Read && !files.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let content = files.entry(path.to_path_buf()).or_default().clone();
        Ok(SimFile { disk: self.clone(), content, durable_writes: how == Open::WriteDurable })
    }

    async fn create_folder(&self, _path: &Path) -> io::Result<()> {
        self.step().await
    }

    async fn remove(&self, path: &Path) -> io::Result<()> {
        self.step().await?;
        self.state.files.borrow_mut().retain(|other, _| !other.starts_with(path));
        Ok(())
    }

    async fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.step().await?;
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
        self.step().await?;
        Ok(self.state.files.borrow().get(path).map(|content| content.borrow().written.clone()))
    }

    async fn replace_file(&self, path: &Path, bytes: Vec<u8>) -> io::Result<()> {
        self.step().await?;
        let content = Content { durable: bytes.clone(), written: bytes, dirty: Vec::new() };
        self.state.files.borrow_mut().insert(path.to_path_buf(), Rc::new(RefCell::new(content)));
        Ok(())
    }
}

impl DiskFile for SimFile {
    type Buf = Vec<u8>;

    async fn write_at(&self, buf: Vec<u8>, pos: u64) -> (io::Result<()>, Vec<u8>) {
        assert!(pos.is_multiple_of(PAGE as u64), "direct writes begin at a page");
        let (from, to) = (pos as usize, pos as usize + buf.len());
        let number = self.disk.operations();
        {
            let mut content = self.content.borrow_mut();
            if self.disk.state.full.get() && to > content.written.len() {
                return (Err(io::ErrorKind::StorageFull.into()), buf);
            }
            if content.written.len() < to {
                content.written.resize(to, 0);
            }
            // From here on, and also if it fails, any part of it may reach the platter.
            content.written[from..to].copy_from_slice(&buf);
            content.dirty.push((number, from, to));
        }
        if let Err(error) = self.disk.step().await {
            return (Err(error), buf);
        }
        if self.durable_writes {
            let mut content = self.content.borrow_mut();
            content.dirty.retain(|(other, ..)| *other != number);
            content.settle(from, to);
        }
        (Ok(()), buf)
    }

    async fn read_at(&self, pos: u64, len: usize) -> io::Result<Bytes> {
        self.disk.step().await?;
        let content = self.content.borrow();
        let from = (pos as usize).min(content.written.len());
        let to = (from + len).min(content.written.len());
        Ok(Bytes::copy_from_slice(&content.written[from..to]))
    }

    async fn flush(&self) -> io::Result<()> {
        let begun = self.disk.operations();
        self.disk.step().await?;
        let mut content = self.content.borrow_mut();
        for (number, from, to) in std::mem::take(&mut content.dirty) {
            if number < begun {
                content.settle(from, to);
            } else {
                content.dirty.push((number, from, to));
            }
        }
        // A flush makes a file's length durable, too.
        let len = content.written.len();
        if content.dirty.is_empty() {
            content.settle(len, len);
        }
        Ok(())
    }

    async fn truncate(&self, len: u64) -> io::Result<()> {
        self.disk.step().await?;
        let mut content = self.content.borrow_mut();
        let len = len as usize;
        content.written.resize(len, 0);
        content.durable.truncate(len);
        content.dirty.retain_mut(|(_, from, to)| {
            *to = (*to).min(len);
            from < to
        });
        Ok(())
    }

    async fn size(&self) -> io::Result<u64> {
        self.disk.step().await?;
        Ok(self.content.borrow().written.len() as u64)
    }
}
