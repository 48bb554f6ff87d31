//! Writing a segment again, as a file of its next generation.

use std::io;
use std::rc::Rc;

use headwater_core::ids::Offset;
use headwater_core::record::header::BatchHeader;

use crate::disk::{Buf, Disk, DiskFile, Open, PAGE, page_ceil};
use crate::error::StorageError;
use crate::index::Index;
use crate::log::Log;

/// Bytes of one write.
const WRITE_BYTES: usize = 1 << 20;
/// The file of the next generation.
pub(super) struct Output<'l, D: Disk> {
    log: &'l Rc<Log<D>>,
    base: Offset,
    paths: [std::path::PathBuf; 2],
    file: Option<D::File>,
    pending: Vec<u8>,
    written: u64,
    size: u64,
    index: Index,
    interval: u64,
}

impl<'l, D: Disk> Output<'l, D> {
    pub fn new(log: &'l Rc<Log<D>>, base: Offset, generation: u32, interval: u64) -> Self {
        let paths = log.shared.segment_files(log.id(), (base, generation));
        let (file, pending, index) = (None, Vec::new(), Index::default());
        Self { log, base, paths, file, pending, written: 0, size: 0, index, interval }
    }

    pub fn failed(&self, source: io::Error) -> StorageError {
        StorageError::Io { what: "compacting", path: self.paths[0].clone(), source }
    }

    pub async fn push(&mut self, header: &BatchHeader, bytes: &[u8]) -> Result<(), StorageError> {
        let delta = (header.base_offset.get() - self.base.get()) as u32;
        self.index.note(delta, self.size, bytes.len(), header.max_timestamp, self.interval);
        self.size += bytes.len() as u64;
        for part in bytes.chunks(WRITE_BYTES) {
            self.pending.extend_from_slice(part);
            if self.pending.len() >= WRITE_BYTES {
                let whole = self.pending.len() / PAGE * PAGE;
                if let Err(error) = self.write(whole).await {
                    self.give_up().await?;
                    return Err(self.failed(error));
                }
            }
        }
        Ok(())
    }

    async fn write(&mut self, len: usize) -> io::Result<()> {
        let shared = &self.log.shared;
        let file = match self.file.take() {
            Some(file) => file,
            None => shared.disk.open(&self.paths[0], Open::Write).await?,
        };
        let mut buf = shared.buffers.take(page_ceil(len));
        buf.bytes()[..len].copy_from_slice(&self.pending[..len]);
        buf.bytes()[len..page_ceil(len)].fill(0);
        let (result, back) = file.write_at(buf, page_ceil(len), self.written).await;
        shared.buffers.give(back);
        self.file = Some(file);
        result?;
        self.written += page_ceil(len) as u64;
        self.pending.drain(..len);
        Ok(())
    }

    /// Writes the rest and flushes everything: bytes, index, greatest timestamp.
    pub async fn finish(mut self) -> Result<(u64, Index, Option<i64>), StorageError> {
        if let Err(error) = self.finish_files().await {
            self.give_up().await?;
            return Err(self.failed(error));
        }
        let newest = self.index.max_timestamp();
        Ok((self.size, self.index, newest))
    }

    async fn finish_files(&mut self) -> io::Result<()> {
        if self.size == 0 {
            return Ok(());
        }
        if !self.pending.is_empty() {
            self.write(self.pending.len()).await?;
        }
        let file = self.file.as_ref().expect("what has a size was written");
        file.truncate(self.size).await?;
        file.flush().await?;
        let mut bytes = Vec::new();
        self.index.encode(&mut bytes);
        self.log.shared.disk.replace_file(&self.paths[1], bytes).await
    }

    /// Nothing of it stays.
    pub async fn give_up(&mut self) -> Result<(), StorageError> {
        self.file = None;
        self.log.shared.removals.borrow_mut().extend(self.paths.iter().cloned());
        self.log.shared.write_work.notify();
        Ok(())
    }
}
