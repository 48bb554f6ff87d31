//! The ring of files that frames are written to.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

use crate::disk::{Buf, Disk, DiskFile, Open};

/// Where a frame is, or will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The pass over a file.
    pub lap: u64,
    /// Byte in that file.
    pub pos: u64,
    /// The frame's number.
    pub sequence: u32,
}

/// One pass over a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lap {
    /// Its number.
    pub lap: u64,
    /// The file.
    pub file: usize,
    /// The number of its first frame.
    pub first: u32,
}

/// How much a new file is zero-filled at a time.
const FILL_BYTES: usize = 1 << 20;

/// The writer's end of the journal.
pub struct Ring<D: Disk> {
    disk: D,
    folder: PathBuf,
    file_bytes: u64,
    files_max: usize,
    /// Every file there is, by its number.
    files: Vec<D::File>,
    /// Laps that are still needed, oldest first; the last is the one being written.
    laps: VecDeque<Lap>,
    at: Position,
}

/// The path of a ring's file.
pub fn file_path(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("ring-{number}"))
}

impl<D: Disk> Ring<D> {
    /// A ring that goes on at `at`. `laps` are those that recovery found to be needed, oldest first, the last being the one
    /// of `at`; empty for a ring without frames.
    pub async fn open(
        disk: D,
        folder: PathBuf,
        file_bytes: u64,
        files_max: usize,
        at: Position,
        laps: Vec<Lap>,
    ) -> io::Result<Self> {
        disk.create_folder(&folder).await?;
        let existing = disk.list(&folder).await?.iter().filter(|name| name.starts_with("ring-")).count();
        let mut ring = Self {
            disk,
            folder,
            file_bytes,
            files_max: files_max.max(2),
            files: Vec::new(),
            laps: laps.into(),
            at,
        };
        for number in 0..existing {
            let file = ring.open_file(number).await?;
            ring.files.push(file);
        }
        if ring.laps.is_empty() {
            let file = ring.free_file().await?.expect("a ring without frames has a free file");
            ring.laps.push_back(Lap { lap: at.lap, file, first: at.sequence });
        }
        Ok(ring)
    }

    async fn open_file(&self, number: usize) -> io::Result<D::File> {
        self.disk.open(&file_path(&self.folder, number), Open::WriteDurable).await
    }

    /// A file that no needed lap is in; made if the ring may still grow.
    async fn free_file(&mut self) -> io::Result<Option<usize>> {
        let used: Vec<usize> = self.laps.iter().map(|lap| lap.file).collect();
        if let Some(free) = (0..self.files.len()).find(|number| !used.contains(number)) {
            return Ok(Some(free));
        }
        if self.files.len() >= self.files_max {
            return Ok(None);
        }
        let number = self.files.len();
        let path = file_path(&self.folder, number);
        // Zero-filled, not just allocated: a write to an unwritten extent costs a file-system journal commit.
        let file = self.disk.open(&path, Open::Write).await?;
        let mut buf = self.disk.alloc(FILL_BYTES.min(self.file_bytes as usize));
        let step = buf.bytes().len() as u64;
        let mut pos = 0;
        while pos < self.file_bytes {
            let (result, back) = file.write_at(buf, pos).await;
            result?;
            buf = back;
            pos += step;
        }
        file.flush().await?;
        drop(file);
        let file = self.open_file(number).await?;
        self.files.push(file);
        Ok(Some(number))
    }

    /// Where the next frame goes.
    pub fn at(&self) -> Position {
        self.at
    }

    fn writing(&self) -> Lap {
        *self.laps.back().expect("one lap is always being written")
    }

    /// Where the lap that is being written begins.
    pub fn lap_start(&self) -> Position {
        let lap = self.writing();
        Position { lap: lap.lap, pos: 0, sequence: lap.first }
    }

    /// Laps that are still needed, the one being written included.
    pub fn laps_in_use(&self) -> usize {
        self.laps.len()
    }

    /// How many laps fit before the writer has to wait.
    pub fn laps_max(&self) -> usize {
        self.files_max
    }

    /// The largest frame.
    pub fn frame_max(&self) -> usize {
        self.file_bytes as usize
    }

    /// Whether a frame of `len` bytes fits into the file being written.
    pub fn fits(&self, len: usize) -> bool {
        self.at.pos + len as u64 <= self.file_bytes
    }

    /// Goes on to the next file; false if every other one is still needed.
    pub async fn next_lap(&mut self) -> io::Result<bool> {
        let Some(file) = self.free_file().await? else { return Ok(false) };
        self.at = Position { lap: self.at.lap + 1, pos: 0, sequence: self.at.sequence };
        self.laps.push_back(Lap { lap: self.at.lap, file, first: self.at.sequence });
        Ok(true)
    }

    /// Laps before `lap` are no longer needed: a durable checkpoint begins behind them.
    pub fn free_before(&mut self, lap: u64) {
        while self.laps.len() > 1 && self.laps[0].lap < lap {
            self.laps.pop_front();
        }
    }

    /// Writes one frame durably. After an error nothing more may be written: it is not known what is there.
    pub async fn write(&mut self, frame: D::Buf, len: usize) -> (io::Result<()>, D::Buf) {
        let file = self.writing().file;
        let (result, buf) = self.files[file].write_at(frame, self.at.pos).await;
        if result.is_ok() {
            self.at.pos += len as u64;
            self.at.sequence = self.at.sequence.wrapping_add(1);
        }
        (result, buf)
    }
}
