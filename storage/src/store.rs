//! The store of a shard: its logs, its journal, and the loops that move bytes.
//!
//! ```text
//!   append ──> pending ──[commit round: one journal frame]──> durable ──> acknowledged
//!      │          └─ large: segment first, then a frame that refers to it (large.rs)
//!      └─────> memory ──[write-out: whole pages]──> segments ──[checkpoint: flush]──> journal laps are free again
//! ```
//!
//! Invariants: nothing is acknowledged before its frame is durable; a lap is free only when a durable checkpoint begins
//! behind it; a file is removed only when the journal or a checkpoint says durably that it is not needed; after a failed
//! write or flush the store takes nothing more, and never retries it as if it had worked. No space is no failure:
//! write-out and journal wait and try again, with the same bytes, appends are refused when memory is used up, reads go on.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use futures_lite::future::yield_now;
use headwater_core::ids::{ShardId, TopicPartition};

use crate::checkpoint::Encoder;
use crate::disk::Disk;
use crate::error::StorageError;
use crate::journal::ring::{Position, Ring};
use crate::layout;
use crate::log::{Log, LogConfig};
use crate::recovery;
use crate::shared::Shared;

/// The store's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreConfig {
    /// Bytes of one journal file.
    pub journal_file_bytes: u64,
    /// Journal files at most.
    pub journal_files: usize,
    /// A log is written out when it holds this many bytes that are in no segment.
    pub head_bytes: usize,
    /// What one log brings in a round goes past the journal from so many bytes on.
    pub large_bytes: usize,
    /// Memory for such bytes, of all logs.
    pub heads_bytes: usize,
    /// Memory for batches that are in segments too.
    pub cache_bytes: usize,
    /// Segment files kept open.
    pub files_open: usize,
    /// Bytes of a checkpoint that are made at a time, before others have their turn.
    pub checkpoint_slice_bytes: usize,
    /// Settings of logs until their owner gives each its own: those that the journal is replayed with.
    pub log: LogConfig,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            journal_file_bytes: 64 << 20,
            journal_files: 4,
            head_bytes: 128 << 10,
            // docs/design/0012-large-appends.md
            large_bytes: 128 << 10,
            heads_bytes: 256 << 20,
            cache_bytes: 128 << 20,
            files_open: 1024,
            // Some tens of microseconds, checksum and all (docs/design/0009-checkpoint-in-slices.md).
            checkpoint_slice_bytes: 64 << 10,
            log: LogConfig::default(),
        }
    }
}

/// How long what relaxed logs have acknowledged waits in memory for company, at most, before a round begins.
pub const RELAXED_DELAY: Duration = Duration::from_millis(10);
/// See the module's text.
pub struct Store<D: Disk> {
    pub(crate) shared: Rc<Shared<D>>,
    pub(crate) shard: ShardId,
    pub(crate) logs: RefCell<BTreeMap<TopicPartition, Rc<Log<D>>>>,
    ring: Cell<Option<Ring<D>>>,
}

/// What a store holds, for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Logs.
    pub logs: usize,
    /// Bytes in memory that are in no segment.
    pub heads_bytes: usize,
    /// Bytes in memory that are in segments too.
    pub cache_bytes: usize,
    /// Bytes that wait for a commit round.
    pub pending_bytes: usize,
    /// Laps of the journal that are needed.
    pub journal_laps: usize,
    /// Damaged places that reads have come upon.
    pub damaged: usize,
    /// Bytes of batches that were read from segments for readers, so far.
    pub read_bytes: u64,
    /// Bytes of batches that readers got as stretches of sealed segments' files, so far.
    pub sealed_bytes: u64,
    /// Commit rounds so far.
    pub rounds: u64,
    /// Something waits for space.
    pub disk_full: bool,
}

impl<D: Disk> Store<D> {
    /// Opens the store of a shard: reads its checkpoint, replays its journal (one ring at most), and nothing else.
    pub async fn open(
        disk: D,
        root: PathBuf,
        shard: ShardId,
        config: StoreConfig,
    ) -> Result<Rc<Store<D>>, StorageError> {
        let found =
            recovery::find(&disk, &root, shard, || RandomState::new().hash_one(shard.get()) >> 1).await?;
        let folder = layout::journal_folder(&root, shard);
        let begin = found.checkpoint.journal;
        let shared = Rc::new(Shared::new(disk.clone(), root, config, begin));
        let (first_start, outdated) = (found.first_start, found.outdated);
        let (logs, replayed) = recovery::recover(&shared, &folder, found).await?;
        let ring = Ring::open(
            disk.clone(),
            folder.clone(),
            config.journal_file_bytes,
            config.journal_files,
            replayed.end,
            replayed.laps,
        )
        .await
        .map_err(|source| StorageError::Io { what: "opening the journal", path: folder, source })?;
        shared.lap_start.set(ring.lap_start());
        shared.journal_at.set(ring.at());
        shared.laps_in_use.set(ring.laps_in_use());
        let at = ring.at();
        let store = Rc::new(Store { shared, shard, logs: RefCell::new(logs), ring: Cell::new(Some(ring)) });
        if first_start || outdated || at != replayed.end {
            // Before the first append: a journal without a checkpoint that leads to it would look like a lost one.
            store.write_checkpoint(at).await?;
        }
        Ok(store)
    }

    /// The logs that it has.
    pub fn logs(&self) -> Vec<TopicPartition> {
        self.logs.borrow().keys().copied().collect()
    }

    /// One of its logs.
    pub fn log(&self, id: TopicPartition) -> Option<Rc<Log<D>>> {
        self.logs.borrow().get(&id).cloned()
    }

    /// The log with this id, made if there is none. Files are made when something is written out. The id of a deleted log
    /// is not used again.
    pub fn create_log(&self, id: TopicPartition, config: LogConfig) -> Rc<Log<D>> {
        let mut logs = self.logs.borrow_mut();
        let log = logs
            .entry(id)
            .or_insert_with(|| Log::recovered(self.shared.clone(), recovery::empty_image(id), config));
        log.set_config(config);
        log.clone()
    }

    /// Why the store takes no more appends, if it has failed.
    pub fn failure(&self) -> Option<String> {
        self.shared.failure.borrow().clone()
    }

    /// Whether there is memory for more appends.
    pub fn has_room(&self) -> bool {
        self.shared.has_memory()
            || self.shared.disk_full.get()
            || self.shared.stopping.get()
            || self.shared.failed()
    }

    /// Waits until there is memory for more appends, or until they will be refused anyway.
    pub async fn room(&self) {
        while !self.has_room() {
            self.shared.room.wait().await;
        }
    }

    /// What it holds.
    pub fn usage(&self) -> Usage {
        Usage {
            logs: self.logs.borrow().len(),
            heads_bytes: self.shared.heads_bytes.get(),
            cache_bytes: self.shared.cache_bytes.get(),
            pending_bytes: self.shared.pending_bytes.get(),
            journal_laps: self.shared.laps_in_use.get(),
            damaged: self.shared.damage.borrow().len(),
            read_bytes: self.shared.read_bytes.get(),
            sealed_bytes: self.shared.sealed_bytes.get(),
            rounds: self.shared.rounds.get(),
            disk_full: self.shared.disk_full.get(),
        }
    }

    pub(crate) fn take_ring(&self) -> Option<Ring<D>> {
        self.ring.take()
    }

    pub(crate) fn all_logs(&self) -> Vec<Rc<Log<D>>> {
        self.logs.borrow().values().cloned().collect()
    }

    /// Writes a checkpoint from which the journal begins at `journal`. It is made in slices: others have their turn in
    /// between.
    pub(crate) async fn write_checkpoint(&self, journal: Position) -> Result<(), StorageError> {
        let shared = &self.shared;
        let mut checkpoint = Encoder::new(journal, shared.checkpoint_bytes.get());
        for log in self.all_logs() {
            log.tell(&mut checkpoint);
            if checkpoint.ends_slice(shared.config.checkpoint_slice_bytes) {
                yield_now().await;
            }
        }
        // A frame before `journal` is not read again, and what it says needs no telling.
        let told = |lap: &Option<u64>| lap.is_some_and(|lap| lap < journal.lap);
        let bytes = {
            let dropped = shared.dropped.borrow();
            checkpoint.finish(dropped.iter().filter(|(_, lap)| !told(lap)).map(|(id, _)| *id))
        };
        // Grown while it is made, it would be copied at a time.
        shared.checkpoint_bytes.set(bytes.len() + bytes.len() / 8);
        let path = layout::checkpoint_file(&shared.root, self.shard);
        shared.disk.replace_file(&path, bytes).await.map_err(|source| StorageError::Io {
            what: "writing the checkpoint",
            path,
            source,
        })?;
        shared.dropped.borrow_mut().retain(|_, lap| !told(lap));
        shared.checkpoint_at.set(journal);
        Ok(())
    }
}
