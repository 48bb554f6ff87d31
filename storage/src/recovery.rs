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
//! Sealed segments are not read. Bytes in a segment behind what the checkpoint knows are ignored and written over, for
//! the journal has them; unless it says that they are stored there (`large.rs`). Then everything in that log up to
//! there is in its segments, and flushed: what of it the journal has is not needed. What it says is believed only if
//! the bytes check out.
//!
//! ```text
//!   stored, says the journal         the segment's bytes     what it means                       what is done
//!   ------------------------------   ---------------------   ---------------------------------   ---------------
//!   behind what is known             check out               it was durable                      taken as written
//!   behind what is known             missing or others       the log starts behind them now,     nothing
//!                                                            or is gone
//!   behind what is known             missing or others       damage: they were flushed once      refuse to start
//!   before what is known             any                     a checkpoint has them               nothing
//! ```
//! Files that no log knows (a segment begun, or one compacted or removed, when the process ended) are
//! removed in the background.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;

use bytes::Bytes;
use headwater_core::epochs::LeaderEpochs;
use headwater_core::ids::{Offset, ShardId, TopicPartition};
use headwater_core::record::header::BatchHeader;

use crate::checkpoint::{self, Checkpoint, LogImage};
use crate::disk::Disk;
use crate::error::{Missing, StorageError};
use crate::journal::frame::{Entry, Kind, Stored};
use crate::journal::replay::{Replayed, replay};
use crate::journal::ring::Position;
use crate::layout;
use crate::log::Log;
use crate::shared::Shared;

/// What is on the disk.
pub(crate) struct Found {
    pub checkpoint: Checkpoint,
    pub first_start: bool,
    /// An older program wrote the checkpoint, and may still read it: it has to be written again before anything else.
    pub outdated: bool,
}

/// Reads the checkpoint; changes nothing.
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
        let checkpoint = Checkpoint { journal, logs: Vec::new(), dropped: Vec::new() };
        return Ok(Found { checkpoint, first_start: true, outdated: false });
    };
    let outdated = !checkpoint::is_current(&bytes);
    let checkpoint =
        Checkpoint::decode(&bytes).map_err(|source| StorageError::Checkpoint { path, source })?;
    Ok(Found { checkpoint, first_start: false, outdated })
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
        epochs: LeaderEpochs::default(),
        aux_at: Offset::ZERO,
        aux: Bytes::new(),
    }
}

/// Makes the logs of a checkpoint and brings them up to date with the journal's entries.
pub(crate) async fn recover<D: Disk>(
    shared: &Rc<Shared<D>>,
    journal: &Path,
    found: Found,
) -> Result<(Logs<D>, Replayed), StorageError> {
    let Found { checkpoint, first_start, .. } = found;
    let from = checkpoint.journal;
    let mut recovering = Recovering::new(shared, checkpoint);
    if first_start {
        return Ok((recovering.logs, Replayed { end: from, laps: Vec::new() }));
    }
    let mut refused = None;
    let each = async |entry| {
        if refused.is_none() {
            refused = recovering.apply(entry).await.err();
        }
    };
    let replayed = replay(&shared.disk, journal, from, each)
        .await
        .map_err(|source| StorageError::Replay { path: journal.to_path_buf(), source })?;
    match refused {
        Some(error) => Err(error),
        None => Ok((recovering.finish(replayed.end)?, replayed)),
    }
}

/// The logs of a shard.
pub(crate) type Logs<D> = BTreeMap<TopicPartition, Rc<Log<D>>>;

struct Recovering<'s, D: Disk> {
    shared: &'s Rc<Shared<D>>,
    logs: Logs<D>,
    /// Logs that are gone: what the journal has of them, up to where it says so, is not brought back.
    dropped: BTreeSet<TopicPartition>,
    first_lap: u64,
    /// What the journal refers to and is not there, with its segment's first offset: no harm if the segment has gone since.
    missing: Vec<(Offset, Missing)>,
}

impl<'s, D: Disk> Recovering<'s, D> {
    fn new(shared: &'s Rc<Shared<D>>, checkpoint: Checkpoint) -> Self {
        let mut recovering = Self {
            shared,
            logs: BTreeMap::new(),
            dropped: checkpoint.dropped.iter().copied().collect(),
            first_lap: checkpoint.journal.lap,
            missing: Vec::new(),
        };
        for image in checkpoint.logs {
            recovering.logs.insert(image.id, recovering.make(image));
        }
        for id in checkpoint.dropped {
            recovering.forget(id);
        }
        recovering
    }

    fn make(&self, image: LogImage) -> Rc<Log<D>> {
        Log::recovered(self.shared.clone(), image, self.shared.config.log)
    }

    /// A log that is gone: its files go too, if a crash came before that.
    fn forget(&mut self, id: TopicPartition) {
        if let Some(log) = self.logs.remove(&id) {
            log.mark_dropped();
        }
        self.shared.dropped.borrow_mut().insert(id, None);
        self.shared.removals.borrow_mut().push_back(layout::log_folder(&self.shared.root, id));
    }

    async fn apply(&mut self, entry: Entry) -> Result<(), StorageError> {
        let Entry { kind, id, offset, bytes, .. } = entry;
        if kind == Kind::Drop {
            self.dropped.remove(&id);
            self.forget(id);
            return Ok(());
        }
        if self.dropped.contains(&id) {
            return Ok(());
        }
        let log = match self.logs.get(&id) {
            Some(log) => log.clone(),
            None => {
                let log = self.make(empty_image(id));
                self.logs.insert(id, log.clone());
                log
            }
        };
        log.state.borrow_mut().oldest_lap = Some(self.first_lap);
        if let Kind::Stored | Kind::StoredRoll = kind {
            let Some(stored) = Stored::decode(&bytes) else {
                return Err(StorageError::NoBatch { id, offset });
            };
            let missing = log.take_stored(offset, stored, kind == Kind::StoredRoll).await?;
            self.missing.extend(missing);
            return Ok(());
        }
        let mut state = log.state.borrow_mut();
        match kind {
            Kind::Start if offset > state.log_start => {
                state.log_start = offset;
                state.epochs.truncate_from_start(offset);
            }
            Kind::Start | Kind::Drop | Kind::Stored | Kind::StoredRoll => {}
            Kind::Append | Kind::Roll if offset < state.next => {}
            Kind::Append | Kind::Roll if offset > state.next => {
                return Err(StorageError::Gap { id, expected: state.next, found: offset });
            }
            Kind::Append | Kind::Roll => {
                let header = match BatchHeader::parse(&bytes) {
                    Ok(header) if header.encoded_len == bytes.len() => header,
                    _ => return Err(StorageError::NoBatch { id, offset }),
                };
                // Copied: a slice would keep the whole window of the journal in memory.
                let bytes = Bytes::copy_from_slice(&bytes);
                let len = bytes.len();
                let (last, newest) = (header.last_offset(), header.max_timestamp);
                state.hold(offset, last, newest, header.leader_epoch, bytes, kind == Kind::Roll);
                state.durable_end = state.next;
                let over = state.unwritten_bytes >= self.shared.config.head_bytes && !state.queued;
                state.queued |= over;
                drop(state);
                self.shared.note_appended(&log, over, len);
            }
        }
        Ok(())
    }

    /// The journal has been read up to `end`.
    fn finish(self, end: Position) -> Result<Logs<D>, StorageError> {
        // Which lap tells of their end is not known: none behind this one.
        self.shared.dropped.borrow_mut().values_mut().for_each(|lap| *lap = Some(end.lap));
        for log in self.logs.values() {
            let mut state = log.state.borrow_mut();
            state.swept = false;
            let (gone, freed) = state.drop_recovered_before_start();
            self.shared.heads_bytes.set(self.shared.heads_bytes.get() - freed);
            let files = gone.into_iter().flat_map(|named| self.shared.segment_files(log.id(), named));
            self.shared.removals.borrow_mut().extend(files);
        }
        for (segment, missing) in self.missing {
            let log = self.logs.get(&missing.id);
            if log.is_some_and(|log| log.state.borrow_mut().segment(segment).is_some()) {
                return Err(StorageError::Missing(Box::new(missing)));
            }
        }
        self.shared.sweeps.borrow_mut().extend(self.logs.values().cloned());
        Ok(self.logs)
    }
}
