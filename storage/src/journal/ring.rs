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
    /// Byte where the first frame of it begins that is known: 0, but for the lap in which a clean stop ended.
    pub from: u64,
    /// The number of that frame.
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
    /// Every file there is, by its number; none for one that is not filled to its full length.
    files: Vec<Option<D::File>>,
    /// Laps that are still needed, oldest first; the last is the one being written.
    laps: VecDeque<Lap>,
    at: Position,
}

/// The path of a ring's file.
pub fn file_path(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("ring-{number}"))
}

/// How many files a ring has: they are numbered from 0 without gaps.
pub async fn count_files<D: Disk>(disk: &D, folder: &Path) -> io::Result<usize> {
    let names = disk.list(folder).await?;
    Ok(names
        .iter()
        .filter_map(|name| name.strip_prefix("ring-")?.parse::<usize>().ok())
        .map(|number| number + 1)
        .max()
        .unwrap_or(0))
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
        let existing = count_files(&disk, &folder).await?;
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
            let needed = ring.laps.iter().any(|lap| lap.file == number);
            // A crash or a full disk may have stopped the filling.
            let filled = needed || file.size().await? >= file_bytes;
            ring.files.push(filled.then_some(file));
        }
        if ring.laps.is_empty() {
            let file = ring.free_file().await?.expect("a ring without laps has a free file");
            // Never in the middle: the frames of a lap are found by the one at its file's start.
            if ring.at.pos > 0 {
                ring.at = Position { lap: at.lap + 1, pos: 0, sequence: at.sequence };
            }
            ring.laps.push_back(Lap { lap: ring.at.lap, file, from: 0, first: at.sequence });
        }
        Ok(ring)
    }

    async fn open_file(&self, number: usize) -> io::Result<D::File> {
        self.disk.open(&file_path(&self.folder, number), Open::WriteDurable).await
    }

    /// A file that no needed lap is in; made if the ring may still grow.
    async fn free_file(&mut self) -> io::Result<Option<usize>> {
        let used: Vec<usize> = self.laps.iter().map(|lap| lap.file).collect();
        let free = |filled: bool| {
            let number = |(number, file): (usize, &Option<D::File>)| {
                (file.is_some() == filled && !used.contains(&number)).then_some(number)
            };
            self.files.iter().enumerate().find_map(number)
        };
        if let Some(free) = free(true) {
            return Ok(Some(free));
        }
        let number = match free(false) {
            Some(unfilled) => unfilled,
            None if self.files.len() < self.files_max => {
                self.files.push(None);
                self.files.len() - 1
            }
            None => return Ok(None),
        };
        self.fill(number).await?;
        self.files[number] = Some(self.open_file(number).await?);
        Ok(Some(number))
    }

    /// Zero-filled, not just allocated: a write to an unwritten extent costs a file-system journal commit.
    async fn fill(&self, number: usize) -> io::Result<()> {
        let file = self.disk.open(&file_path(&self.folder, number), Open::Write).await?;
        let mut buf = self.disk.alloc(FILL_BYTES.min(self.file_bytes as usize));
        let step = buf.bytes().len() as u64;
        let mut pos = 0;
        while pos < self.file_bytes {
            let (result, back) = file.write_at(buf, pos).await;
            if let Err(error) = result {
                // What was filled so far is no use to the journal, and may be what the segments lack.
                let _ = file.truncate(0).await;
                return Err(error);
            }
            buf = back;
            pos += step;
        }
        file.flush().await
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
        Position { lap: lap.lap, pos: lap.from, sequence: lap.first }
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

    /// Whether a frame of `len` bytes fits into the file being written; at its start everything does.
    pub fn fits(&self, len: usize) -> bool {
        self.at.pos == 0 || self.at.pos + len as u64 <= self.file_bytes
    }

    /// Goes on to the next file; false if every other one is still needed. It fails when the ring could grow, and the
    /// disk has no space for that: nothing is lost by it, and it may be tried again.
    pub async fn next_lap(&mut self) -> io::Result<bool> {
        let Some(file) = self.free_file().await? else { return Ok(false) };
        self.at = Position { lap: self.at.lap + 1, pos: 0, sequence: self.at.sequence };
        self.laps.push_back(Lap { lap: self.at.lap, file, from: 0, first: self.at.sequence });
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
        let number = self.writing().file;
        let file = self.files[number].as_ref().expect("the lap being written has a filled file");
        let (result, buf) = file.write_at(frame, self.at.pos).await;
        if result.is_ok() {
            self.at.pos += len as u64;
            self.at.sequence = self.at.sequence.wrapping_add(1);
        }
        (result, buf)
    }
}
