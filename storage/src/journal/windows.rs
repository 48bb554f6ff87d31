//! A file read from front to back, several windows ahead.
//!
//! ```text
//!   ├─ window, in memory ─┼─ window, in memory ─┼─ being read ─┼─ being read ─┼ · · ·
//!        ▲ asked for: given as it is, or put together where it reaches over an edge
//! ```
//!
//! One window at a time keeps the disk idle while a window is worked on, and the processor while one is read: that was
//! two thirds of a start after a crash.
//!
//! Invariants: places that are asked for never fall; never more than [`AHEAD`] windows are under way; a window is let
//! go when what is asked for begins behind it. Does not do: skip. What lies between two places is read all the same.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use crate::disk::DiskFile;

/// Bytes of a window: a frame of a busy shard is as large.
pub const WINDOW_BYTES: usize = 1 << 20;
/// Windows that are read ahead.
const AHEAD: usize = 4;

type Read<'f> = Pin<Box<dyn Future<Output = io::Result<Bytes>> + 'f>>;

/// See the module's text.
pub struct Windows<'f, F> {
    file: &'f F,
    size: u64,
    window_bytes: usize,
    /// Windows in memory, one behind the other; the first begins at `at`.
    held: VecDeque<Bytes>,
    at: u64,
    /// Reads that follow those, in their order.
    under_way: VecDeque<Read<'f>>,
    /// Where the next read begins.
    next: u64,
}

impl<'f, F: DiskFile> Windows<'f, F> {
    /// Of this file from `from` on.
    ///
    /// # Errors
    /// When the disk does not tell how long it is.
    pub async fn of(file: &'f F, from: u64) -> io::Result<Self> {
        let size = file.size().await?;
        let mut windows = Self {
            file,
            size,
            window_bytes: WINDOW_BYTES,
            held: VecDeque::new(),
            at: from,
            under_way: VecDeque::new(),
            next: from,
        };
        windows.read_ahead();
        Ok(windows)
    }

    /// The file's length when it was begun, in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Begins as many reads as may be under way.
    fn read_ahead(&mut self) {
        while self.under_way.len() < AHEAD && self.next < self.size {
            let (file, at) = (self.file, self.next);
            let len = (self.window_bytes as u64).min(self.size - at) as usize;
            let mut read: Read<'f> = Box::pin(file.read_at(at, len));
            // The first poll is what begins it; the result waits until it is asked for.
            if let Poll::Ready(done) = read.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                read = Box::pin(std::future::ready(done));
            }
            self.under_way.push_back(read);
            self.next = at + len as u64;
        }
    }

    /// Bytes in memory from `at` on.
    fn held_bytes(&self) -> u64 {
        self.held.iter().map(|window| window.len() as u64).sum()
    }

    /// What is at `pos`: `len` bytes at least, where the file has as many, and more of what is in memory if that needs no
    /// copy.
    ///
    /// # Errors
    /// What the disk says.
    ///
    /// # Panics
    /// If `pos` is before that of the last call.
    pub async fn get(&mut self, pos: u64, len: usize) -> io::Result<Bytes> {
        assert!(pos >= self.at, "windows are read from front to back");
        loop {
            while let Some(first) = self.held.front().filter(|first| self.at + first.len() as u64 <= pos) {
                self.at += first.len() as u64;
                self.held.pop_front();
            }
            if self.at + self.held_bytes() >= pos.saturating_add(len as u64) {
                break;
            }
            let Some(read) = self.under_way.pop_front() else { break };
            let window = read.await?;
            if window.is_empty() {
                // Shorter than it said it was: what is there is all there is.
                self.under_way.clear();
                self.next = self.size;
            }
            self.held.push_back(window);
            self.read_ahead();
        }
        let skip = (pos - self.at) as usize;
        let Some(first) = self.held.front().filter(|first| first.len() > skip) else {
            return Ok(Bytes::new());
        };
        if first.len() - skip >= len || self.held.len() == 1 {
            return Ok(first.slice(skip..));
        }
        let mut whole = Vec::with_capacity(len);
        for (n, window) in self.held.iter().enumerate() {
            let from = if n == 0 { skip } else { 0 };
            let to = window.len().min(from + len - whole.len());
            whole.extend_from_slice(&window[from..to]);
        }
        Ok(whole.into())
    }
}

#[cfg(test)]
mod tests {
    use futures_lite::future::block_on;

    use super::*;
    use crate::disk::sim::{Operation, Sim};
    use crate::disk::{Disk, Open, PAGE};

    async fn file(disk: &Sim, pages: usize) -> (impl DiskFile + use<>, Vec<u8>) {
        let file = disk.open("/file".as_ref(), Open::Write).await.unwrap();
        let mut buf = disk.alloc(pages * PAGE);
        buf.iter_mut().enumerate().for_each(|(n, byte)| *byte = (n / 7) as u8);
        file.write_at(buf.clone(), buf.len(), 0).await.0.unwrap();
        (file, buf)
    }

    #[test]
    fn any_way_of_asking_gives_what_is_in_the_file() {
        block_on(async {
            for seed in 1..60 {
                let disk = Sim::new(seed);
                let (file, written) = file(&disk, 40).await;
                let mut random = seed;
                let mut below = |n: u64| {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (random >> 33) % n
                };
                let mut pos = below(9) * PAGE as u64;
                let mut windows = Windows::of(&file, pos).await.unwrap();
                windows.window_bytes = (1 + below(5) as usize) * PAGE;
                while pos < windows.size() {
                    let len = below(7 * PAGE as u64) as usize;
                    let got = windows.get(pos, len).await.unwrap();
                    let there = (windows.size() - pos).min(len as u64) as usize;
                    assert!(got.len() >= there, "seed {seed}: {} of {len} bytes at {pos}", got.len());
                    assert!(written[pos as usize..].starts_with(&got), "seed {seed}: other bytes at {pos}");
                    assert!(windows.under_way.len() <= AHEAD);
                    pos += below(3 * PAGE as u64);
                }
                assert!(windows.get(pos, 1).await.unwrap().is_empty());
            }
        });
    }

    #[test]
    fn a_read_that_fails_says_so_to_whoever_asks_for_its_bytes() {
        block_on(async {
            for seed in 1..9 {
                let disk = Sim::new(seed);
                let (file, written) = file(&disk, 1000).await;
                disk.fail_next(Operation::Read, seed % 3);
                let mut windows = Windows::of(&file, 0).await.unwrap();
                assert!(windows.get(0, written.len()).await.is_err(), "seed {seed}");
            }
        });
    }
}
