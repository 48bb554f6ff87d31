//! The ring of files that frames are written to.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::fill::Filler;
use crate::disk::{Disk, DiskFile, Open};

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
    filler: Rc<Filler<D>>,
    /// There was no space for another file; it is made when there is no other way.
    no_space: bool,
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
        let filler = Rc::new(Filler::new(disk.clone(), folder.clone(), file_bytes));
        let mut ring = Self {
            disk,
            folder,
            file_bytes,
            files_max: files_max.max(2),
            files: Vec::new(),
            laps: laps.into(),
            at,
            filler,
            no_space: false,
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

    /// What fills the ring's next files, to be run beside it.
    pub fn filler(&self) -> Rc<Filler<D>> {
        self.filler.clone()
    }

    /// A file that no lap is in, of those that are filled or of those that are not.
    fn free(&self, filled: bool) -> Option<usize> {
        (0..self.files.len()).find(|&number| {
            self.files[number].is_some() == filled && self.laps.iter().all(|lap| lap.file != number)
        })
    }

    /// The number of a file that may be filled.
    fn unfilled(&mut self) -> Option<usize> {
        self.free(false).or_else(|| {
            (self.files.len() < self.files_max).then(|| {
                self.files.push(None);
                self.files.len() - 1
            })
        })
    }

    /// A file that no needed lap is in; made if the ring may still grow.
    async fn free_file(&mut self) -> io::Result<Option<usize>> {
        loop {
            if let Some(free) = self.free(true) {
                return Ok(Some(free));
            }
            if self.filler.is_busy() {
                self.filler.finish().await;
            }
            if let Some((number, filled)) = self.filler.take() {
                self.files[number] = Some(filled?);
                continue;
            }
            let Some(number) = self.unfilled() else { return Ok(None) };
            self.files[number] = Some(self.filler.fill_now(number).await?);
            self.no_space = false;
        }
    }

    /// Has the next file made while this one is written to: begun at its first quarter, and there at its third.
    pub fn look_ahead(&mut self) {
        let begin = self.file_bytes / 4;
        if self.at.pos < begin {
            return;
        }
        if let Some((number, filled)) = self.filler.take() {
            self.no_space = filled.is_err();
            self.files[number] = filled.ok();
        }
        if !self.filler.is_busy() {
            if self.no_space || self.free(true).is_some() {
                return;
            }
            let Some(number) = self.unfilled() else { return };
            self.filler.order(number);
        }
        self.filler.reach((self.at.pos - begin) * 2);
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
        let (result, buf) = file.write_at(frame, len, self.at.pos).await;
        if result.is_ok() {
            self.at.pos += len as u64;
            self.at.sequence = self.at.sequence.wrapping_add(1);
        }
        (result, buf)
    }
}

#[cfg(test)]
mod tests {
    use futures_lite::future::{block_on, or};

    use super::*;
    use crate::disk::PAGE;
    use crate::disk::sim::Sim;

    const FILE_BYTES: u64 = 64 * PAGE as u64;

    async fn ring(disk: &Sim) -> Ring<Sim> {
        let at = Position { lap: 1, pos: 0, sequence: 0 };
        Ring::open(disk.clone(), "journal".into(), FILE_BYTES, 3, at, Vec::new()).await.unwrap()
    }

    async fn write_pages(ring: &mut Ring<Sim>, pages: usize) {
        for _ in 0..pages {
            let frame = ring.disk.alloc(PAGE);
            ring.write(frame, PAGE).await.0.unwrap();
            ring.look_ahead();
        }
    }

    #[test]
    fn the_next_file_is_filled_while_this_one_is_written_to() {
        block_on(async {
            let disk = Sim::new(1);
            let mut ring = ring(&disk).await;
            let filler = ring.filler();
            let rounds = async {
                write_pages(&mut ring, 15).await;
                assert_eq!(
                    count_files(&disk, Path::new("journal")).await.unwrap(),
                    1,
                    "not before a quarter"
                );
                write_pages(&mut ring, 49).await;
                assert!(!ring.fits(PAGE));
                assert!(ring.free(true).is_some(), "there before this one is full");
                // A lap that is free again is used before the ring grows.
                assert!(ring.next_lap().await.unwrap());
                ring.free_before(ring.at().lap);
                write_pages(&mut ring, 64).await;
                assert!(ring.next_lap().await.unwrap());
                assert_eq!(count_files(&disk, Path::new("journal")).await.unwrap(), 2);
            };
            or(rounds, filler.run()).await;
        });
    }

    #[test]
    fn a_ring_without_space_for_its_next_file_goes_on_and_says_so_when_it_needs_it() {
        block_on(async {
            let disk = Sim::new(2);
            let mut ring = ring(&disk).await;
            let filler = ring.filler();
            let rounds = async {
                disk.set_capacity(Some(FILE_BYTES as usize + 4 * PAGE));
                write_pages(&mut ring, 64).await;
                assert!(ring.next_lap().await.is_err());
                disk.set_capacity(None);
                assert!(ring.next_lap().await.unwrap());
                write_pages(&mut ring, 64).await;
                assert!(ring.free(true).is_some(), "it looks ahead again");
            };
            or(rounds, filler.run()).await;
        });
    }
}
