//! New files for the ring: zero-filled, and begun before the ring needs them.
//!
//! A ring that made its next file when the last one was full kept every append waiting for 64 MiB of zeroes, some 60 ms.
//! So frames and filling go on side by side: the file is filled twice as fast as frames come.

use std::cell::{Cell, RefCell};
use std::io;
use std::path::PathBuf;

use super::ring::file_path;
use crate::disk::{Buf, Disk, DiskFile, Open};
use crate::event::Event;

/// How much is filled at a time: a frame waits behind no more than that.
const FILL_BYTES: usize = 256 << 10;

/// Fills one file at a time.
pub struct Filler<D: Disk> {
    disk: D,
    folder: PathBuf,
    file_bytes: u64,
    /// The file that is being filled.
    number: Cell<Option<usize>>,
    /// How far it is to be filled by now.
    goal: Cell<u64>,
    goal_moved: Event,
    filled: RefCell<Option<(usize, io::Result<D::File>)>>,
    ended: Event,
}

impl<D: Disk> Filler<D> {
    /// Of the ring in `folder`.
    pub(super) fn new(disk: D, folder: PathBuf, file_bytes: u64) -> Self {
        Self {
            disk,
            folder,
            file_bytes,
            number: Cell::new(None),
            goal: Cell::new(0),
            goal_moved: Event::default(),
            filled: RefCell::new(None),
            ended: Event::default(),
        }
    }

    /// Fills what is ordered; never ends.
    pub async fn run(&self) {
        loop {
            match self.number.get() {
                Some(number) => {
                    let filled = self.fill(number).await;
                    self.filled.replace(Some((number, filled)));
                    self.number.set(None);
                    self.ended.notify();
                }
                None => self.goal_moved.wait().await,
            }
        }
    }

    /// Whether a file is being filled.
    pub(super) fn is_busy(&self) -> bool {
        self.number.get().is_some()
    }

    /// Orders a file, as far as [`Self::reach`] will say.
    pub(super) fn order(&self, number: usize) {
        self.number.set(Some(number));
        self.goal.set(0);
        self.goal_moved.notify();
    }

    /// The file that is being filled is to be filled so far by now.
    pub(super) fn reach(&self, goal: u64) {
        if self.is_busy() && goal > self.goal.get() {
            self.goal.set(goal);
            self.goal_moved.notify();
        }
    }

    /// Waits for the file that is being filled. Needs [`Self::run`] to go on.
    pub(super) async fn finish(&self) {
        self.reach(self.file_bytes);
        while self.is_busy() {
            self.ended.wait().await;
        }
    }

    /// What has ended since it was asked last.
    pub(super) fn take(&self) -> Option<(usize, io::Result<D::File>)> {
        self.filled.take()
    }

    /// Fills a file at once.
    pub(super) async fn fill_now(&self, number: usize) -> io::Result<D::File> {
        self.goal.set(self.file_bytes);
        self.fill(number).await
    }

    /// Zero-filled, not just allocated: a write to an unwritten extent costs a file-system journal commit.
    async fn fill(&self, number: usize) -> io::Result<D::File> {
        let path = file_path(&self.folder, number);
        let file = self.disk.open(&path, Open::Write).await?;
        let mut buf = self.disk.alloc(FILL_BYTES.min(self.file_bytes as usize));
        let step = buf.bytes().len() as u64;
        let mut pos = 0;
        while pos < self.file_bytes {
            while pos >= self.goal.get() {
                self.goal_moved.wait().await;
            }
            let (result, back) = file.write_at(buf, step as usize, pos).await;
            if let Err(error) = result {
                // What was filled so far is no use to the journal, and may be what the segments lack.
                let _ = file.truncate(0).await;
                return Err(error);
            }
            buf = back;
            pos += step;
        }
        file.flush().await?;
        self.disk.open(&path, Open::WriteDurable).await
    }
}
