//! Opening a store after any end of the process before.
//!
//! ```text
//!   checkpoint   journal files   what it means                       what is done
//!   ----------   -------------   ---------------------------------   --------------------------------------------
//!   none         none            first start                         begin at a random lap, checkpoint at once
//!   none         some            the checkpoint was lost             refuse to start
//!   whole        any             any end, clean or not               logs as it says, then one replay from its lap
//!   damaged      any             the disk lost what it had promised  refuse to start
//!   newer        any             a newer program wrote it            refuse to start, touch nothing
//! ```
//!
//! Sealed segments are not read. Bytes in a segment behind what the checkpoint knows are ignored and written over: the
//! journal has them.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use bytes::Bytes;
use headwater_core::ids::{Offset, ShardId, TopicPartition};
use headwater_core::record::header::BatchHeader;

use crate::checkpoint::{Checkpoint, LogImage};
use crate::disk::Disk;
use crate::error::StorageError;
use crate::journal::frame::{Entry, Kind};
use crate::journal::replay::{Replayed, replay};
use crate::journal::ring::Position;
use crate::layout;
use crate::log::Log;
use crate::store::Shared;

/// What is on the disk.
pub(crate) struct Found {
    pub checkpoint: Checkpoint,
    pub replayed: Replayed,
    pub first_start: bool,
}

/// Reads checkpoint and journal; changes nothing.
pub(crate) async fn find<D: Disk>(
    disk: &D,
    root: &Path,
    shard: ShardId,
    random_lap: impl Fn() -> u64,
) -> Result<Found, StorageError> {
    let path = layout::checkpoint_file(root, shard);
    let folder = layout::journal_folder(root, shard);
    disk.create_folder(&folder).await.map_err(|source| StorageError::Io {
        what: "making",
        path: folder.clone(),
        source,
    })?;
    let bytes = disk.read_file(&path).await.map_err(|source| StorageError::Io {
        what: "reading",
        path: path.clone(),
        source,
    })?;
    let Some(bytes) = bytes else {
        let files = disk.list(&folder).await.map_err(|source| StorageError::Io {
            what: "listing",
            path: folder,
            source,
        })?;
        // A first start that was cut short has left a file of zeroes, with no frame in it.
        let journal = Position { lap: random_lap(), pos: 0, sequence: 0 };
        if !files.is_empty() && has_frames(disk, root, shard, files.len()).await {
            return Err(StorageError::NoCheckpoint(path));
        }
        let replayed = Replayed { entries: Vec::new(), end: journal, laps: Vec::new() };
        return Ok(Found {
            checkpoint: Checkpoint { journal, logs: Vec::new() },
            replayed,
            first_start: true,
        });
    };
    let checkpoint =
        Checkpoint::decode(&bytes).map_err(|source| StorageError::Checkpoint { path, source })?;
    let replayed = replay(disk, &folder, checkpoint.journal)
        .await
        .map_err(|source| StorageError::Replay { path: folder, source })?;
    Ok(Found { checkpoint, replayed, first_start: false })
}

async fn has_frames<D: Disk>(disk: &D, root: &Path, shard: ShardId, files: usize) -> bool {
    use crate::disk::{DiskFile, Open, PAGE};
    use crate::journal::frame::Head;
    use crate::journal::ring::file_path;
    for number in 0..files {
        let path = file_path(&layout::journal_folder(root, shard), number);
        let Ok(file) = disk.open(&path, Open::Read).await else { continue };
        let Ok(page) = file.read_at(0, PAGE).await else { continue };
        if Head::parse(&page).is_some() {
            return true;
        }
    }
    false
}

/// The image of a log that nothing is known of.
pub(crate) fn empty_image(id: TopicPartition) -> LogImage {
    LogImage {
        id,
        log_start: Offset::ZERO,
        next: Offset::ZERO,
        segments: Vec::new(),
        aux_at: Offset::ZERO,
        aux: Bytes::new(),
    }
}

/// Makes the logs of a checkpoint and brings them up to date with the journal's entries.
pub(crate) fn apply<D: Disk>(
    shared: &Rc<Shared<D>>,
    checkpoint: Checkpoint,
    entries: Vec<Entry>,
    first_lap: u64,
) -> Result<BTreeMap<TopicPartition, Rc<Log<D>>>, StorageError> {
    let mut logs = BTreeMap::new();
    let make = |image: LogImage| Log::recovered(shared.clone(), image, shared.config.log);
    for image in checkpoint.logs {
        logs.insert(image.id, make(image));
    }
    for Entry { kind, id, offset, bytes, .. } in entries {
        if kind == Kind::Drop {
            logs.remove(&id);
            shared.removals.borrow_mut().push(layout::log_folder(&shared.root, id));
            continue;
        }
        let log = logs.entry(id).or_insert_with(|| make(empty_image(id)));
        let mut state = log.state.borrow_mut();
        state.oldest_lap = Some(first_lap);
        match kind {
            Kind::Start => state.log_start = state.log_start.max(offset),
            Kind::Append if offset < state.next => {}
            Kind::Append if offset > state.next => {
                return Err(StorageError::Gap { id, expected: state.next, found: offset });
            }
            Kind::Append => {
                let header = match BatchHeader::parse(&bytes) {
                    Ok(header) if header.encoded_len == bytes.len() => header,
                    _ => return Err(StorageError::NoBatch { id, offset }),
                };
                // Copied: a slice would keep the whole window of the journal in memory.
                let bytes = Bytes::copy_from_slice(&bytes);
                shared.heads_bytes.set(shared.heads_bytes.get() + bytes.len());
                state.hold(offset, header.last_offset(), header.max_timestamp, bytes);
                state.durable_end = state.next;
                if state.unwritten_bytes >= shared.config.head_bytes && !state.queued {
                    state.queued = true;
                    shared.write_queue.borrow_mut().push_back(log.clone());
                }
            }
            Kind::Drop => {}
        }
    }
    Ok(logs)
}
