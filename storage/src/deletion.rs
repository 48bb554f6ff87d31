//! Logs that go, and their folders.
//!
//! ```text
//!   delete_log ── Drop in the journal ── durable ── the log's folder ── the topic's folder, if nothing else is in it
//!   a start ── folders that no log has ──────────────────┘
//! ```
//!
//! Invariants: a folder goes when its log's end is durable, never before. What lies there at a start and belongs to no log
//! was begun or ended when a process ended, and nothing of it was ever acknowledged.
//!
//! Not here: single segments (`retention.rs`, `compact.rs`), and files that a log does not know (`write_out.rs`).

use std::io;

use bytes::Bytes;
use headwater_core::ids::{LeaderEpoch, Offset, TopicPartition};

use crate::disk::Disk;
use crate::error::StorageError;
use crate::journal::frame::Kind;
use crate::layout;
use crate::store::Store;

impl<D: Disk> Store<D> {
    /// Removes a log; its files go in the background, when that is durable.
    pub fn delete_log(&self, id: TopicPartition) {
        let Some(log) = self.logs.borrow_mut().remove(&id) else {
            // Of a log that a crash took back whole, because nothing of it was durable, a file may be there. One that
            // was deleted before is another matter: its files go when that is durable.
            if !self.shared.dropped.borrow().contains_key(&id) {
                self.shared.removals.borrow_mut().push_back(layout::log_folder(&self.shared.root, id));
                self.shared.write_work.notify();
            }
            return;
        };
        log.mark_dropped();
        self.shared.dropped.borrow_mut().insert(id, None);
        self.shared.remove_later(vec![layout::log_folder(&self.shared.root, id)]);
        let (zero, none) = (Offset::ZERO, Bytes::new());
        self.shared.journal(&log, Kind::Drop, zero, LeaderEpoch::new(0), none, 0, zero, true);
    }

    /// Logs that have a folder, those of other shards too. The folder of a topic that has none goes.
    ///
    /// # Errors
    /// When a folder can't be listed, or an empty one not be removed.
    pub async fn folders(&self) -> io::Result<Vec<TopicPartition>> {
        let topics = layout::topics_folder(&self.shared.root);
        let mut found = Vec::new();
        for topic in self.shared.disk.list(&topics).await? {
            let partitions = self.shared.disk.list(&topics.join(&topic)).await?;
            if partitions.is_empty() {
                self.shared.disk.remove_empty_folder(&topics.join(&topic)).await?;
            }
            found.extend(partitions.iter().filter_map(|name| layout::parse_log_folder(&topic, name)));
        }
        Ok(found)
    }

    /// Removes those of these folders, all of this shard, that no log has: their topic was created or deleted when a process
    /// ended, and nobody else will ever ask for them. To be called when every log is there that is to be. Answers how many
    /// they are.
    pub fn sweep_folders(&self, found: &[TopicPartition]) -> usize {
        let unknown = found.iter().filter(|id| self.log(**id).is_none());
        unknown.map(|id| self.delete_log(*id)).count()
    }

    /// Removes what is to be removed now.
    pub(crate) async fn remove_files(&self) -> Result<(), StorageError> {
        let shared = &self.shared;
        loop {
            let Some(path) = shared.removals.borrow_mut().pop_front() else { return Ok(()) };
            shared.unwritten(&path).await;
            let mut removed = shared.remove(&path).await;
            if let Some(topic) = layout::topic_folder_of(&shared.root, &path).filter(|_| removed.is_ok()) {
                removed = shared.disk.remove_empty_folder(topic).await;
            }
            removed.map_err(|source| StorageError::Io { what: "removing", path, source })?;
        }
    }
}
