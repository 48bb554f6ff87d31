//! What the logs and the loops of a store share: memory that is counted, entries that wait for a round, files that are
//! open, and what is to be removed when.
//!
//! Not here: what is done with it (`commit.rs`, `write_out.rs`, `large.rs`, `plan.rs`).

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use headwater_core::ids::{LeaderEpoch, Offset, TopicPartition};

use crate::cached::Cached;
use crate::cursor::Cursors;
use crate::disk::buffered::Buffered;
use crate::disk::{Buffers, Disk, Open};
use crate::error::StorageError;
use crate::event::Event;
use crate::indexes::Indexes;
use crate::journal::frame::{Entry, Kind};
use crate::journal::ring::Position;
use crate::layout;
use crate::log::{Log, cost};
use crate::plan::ReadOutcome;
use crate::reads::Reads;
use crate::sealed::{SealedFiles, SealedRange};
use crate::store::StoreConfig;

/// So many bytes that relaxed logs have acknowledged do not wait for company ([`crate::store::RELAXED_DELAY`]).
const RELAXED_BYTES: usize = 1 << 20;

/// A journal entry that waits for the next round, and what becomes durable with it.
pub(crate) struct Pending<D: Disk> {
    pub entry: Entry,
    pub log: Rc<Log<D>>,
    pub end: Offset,
    /// Where the batch begins in its segment.
    pub place: u64,
    /// What may be removed when it is durable is kept under this number.
    pub ticket: u64,
    /// It does not go past the journal, however large: that has been tried, and the disk is full.
    pub journaled: bool,
}

impl<D: Disk> Pending<D> {
    pub fn into_journal(self) -> Self {
        Self { journaled: true, ..self }
    }
}

/// Damaged places that are counted one by one; a disk with more has lost more than this store can tell.
const DAMAGE_MAX: usize = 4096;

/// An open file, and when it was last used.
type OpenFile<D> = (Rc<<D as Disk>::File>, u64);

/// What logs and loops share.
pub struct Shared<D: Disk> {
    pub(crate) disk: D,
    pub(crate) buffers: Buffers<D>,
    pub(crate) root: PathBuf,
    pub(crate) config: StoreConfig,
    pub(crate) pending: RefCell<VecDeque<Pending<D>>>,
    /// What lanes give back for the next round: it comes before what is pending.
    pub(crate) told: RefCell<VecDeque<Pending<D>>>,
    pub(crate) commit_work: Event,
    /// Something is pending that is in no hurry.
    pub(crate) relaxed_work: Event,
    /// What is pending is not to wait any longer.
    pub(crate) round_due: Cell<bool>,
    /// What goes past the journal, or waits behind it, of each log that a lane is to see to (`large.rs`).
    pub(crate) large: RefCell<BTreeMap<TopicPartition, VecDeque<Pending<D>>>>,
    pub(crate) large_queue: RefCell<VecDeque<TopicPartition>>,
    pub(crate) large_work: Event,
    pub(crate) rounds_ended: Cell<bool>,
    /// How many there were.
    pub(crate) rounds: Cell<u64>,
    /// Bytes that the journal only refers to, since the last checkpoint began.
    pub(crate) referred_bytes: Cell<u64>,
    /// Logs whose files somebody writes.
    pub(crate) writing: RefCell<BTreeSet<TopicPartition>>,
    pub(crate) written: Event,
    pub(crate) write_work: Event,
    pub(crate) laps_freed: Event,
    pub(crate) room: Event,
    pub(crate) write_queue: RefCell<VecDeque<Rc<Log<D>>>>,
    /// What is to be removed when the entry with this ticket is durable.
    pub(crate) later_removals: RefCell<BTreeMap<u64, Vec<PathBuf>>>,
    pub(crate) removals: RefCell<VecDeque<PathBuf>>,
    /// Files that compaction has written again, to be removed when a checkpoint says so.
    pub(crate) compacted_away: RefCell<Vec<PathBuf>>,
    /// Logs that are gone, and the lap whose frame says so, once that is durable.
    pub(crate) dropped: RefCell<BTreeMap<TopicPartition, Option<u64>>>,
    /// Logs whose folders may hold files that a crash left behind.
    pub(crate) sweeps: RefCell<Vec<Rc<Log<D>>>>,
    pub(crate) next_ticket: Cell<u64>,
    /// The log of each written batch in memory, in the order in which they were written.
    pub(crate) cached: RefCell<Cached<D>>,
    pub(crate) cache_bytes: Cell<usize>,
    pub(crate) heads_bytes: Cell<usize>,
    /// Bytes that wait for a commit round. They may be in segments already, and then no head counts them.
    pub(crate) pending_bytes: Cell<usize>,
    pub(crate) disk_full: Cell<bool>,
    /// The commit loop has found no space for a frame, and waits to try it again.
    pub(crate) journal_full: Cell<bool>,
    pub(crate) failure: RefCell<Option<String>>,
    /// Laps before this are free.
    pub(crate) free_before: Cell<u64>,
    /// Where the lap that is being written begins, and where in it the next frame goes.
    pub(crate) lap_start: Cell<Position>,
    pub(crate) journal_at: Cell<Position>,
    pub(crate) laps_in_use: Cell<usize>,
    /// The commit loop has no lap to go on to.
    pub(crate) lap_wanted: Cell<bool>,
    /// Where the journal begins, by the last checkpoint.
    pub(crate) checkpoint_at: Cell<Position>,
    /// How large the next one will be, about.
    pub(crate) checkpoint_bytes: Cell<usize>,
    pub(crate) stopping: Cell<bool>,
    pub(crate) committing: Cell<bool>,
    pub(crate) writing_out: Cell<bool>,
    pub(crate) loop_ended: Event,
    pub(crate) files: RefCell<HashMap<PathBuf, OpenFile<D>>>,
    pub(crate) cursors: RefCell<Cursors>,
    pub(crate) indexes: RefCell<Indexes<D>>,
    pub(crate) sealed: RefCell<SealedFiles>,
    /// Bytes of batches that readers got from segments: read, and to be sent from the file.
    pub(crate) read_bytes: Cell<u64>,
    pub(crate) sealed_bytes: Cell<u64>,
    pub(crate) file_clock: Cell<u64>,
    pub(crate) reads: Reads,
    /// Places that were found damaged, up to [`DAMAGE_MAX`].
    pub(crate) damage: RefCell<BTreeSet<(PathBuf, u64)>>,
}

impl<D: Disk> Shared<D> {
    /// Of a store that has nothing yet, and whose journal begins at `begin`.
    pub(crate) fn new(disk: D, root: PathBuf, config: StoreConfig, begin: Position) -> Self {
        Self {
            buffers: Buffers::new(disk.clone()),
            disk,
            root,
            config,
            pending: RefCell::default(),
            told: RefCell::default(),
            commit_work: Event::default(),
            relaxed_work: Event::default(),
            round_due: Cell::new(false),
            large: RefCell::default(),
            large_queue: RefCell::default(),
            large_work: Event::default(),
            rounds_ended: Cell::new(false),
            rounds: Cell::new(0),
            referred_bytes: Cell::new(0),
            writing: RefCell::default(),
            written: Event::default(),
            write_work: Event::default(),
            laps_freed: Event::default(),
            room: Event::default(),
            write_queue: RefCell::default(),
            later_removals: RefCell::default(),
            removals: RefCell::default(),
            compacted_away: RefCell::default(),
            dropped: RefCell::default(),
            sweeps: RefCell::default(),
            next_ticket: Cell::new(0),
            cached: RefCell::default(),
            cache_bytes: Cell::new(0),
            heads_bytes: Cell::new(0),
            pending_bytes: Cell::new(0),
            disk_full: Cell::new(false),
            journal_full: Cell::new(false),
            failure: RefCell::new(None),
            free_before: Cell::new(0),
            lap_start: Cell::new(begin),
            journal_at: Cell::new(begin),
            laps_in_use: Cell::new(1),
            lap_wanted: Cell::new(false),
            checkpoint_at: Cell::new(begin),
            checkpoint_bytes: Cell::new(0),
            stopping: Cell::new(false),
            committing: Cell::new(false),
            writing_out: Cell::new(false),
            loop_ended: Event::default(),
            files: RefCell::default(),
            cursors: RefCell::default(),
            indexes: RefCell::default(),
            sealed: RefCell::default(),
            read_bytes: Cell::new(0),
            sealed_bytes: Cell::new(0),
            file_clock: Cell::new(0),
            reads: Reads::default(),
            damage: RefCell::default(),
        }
    }

    pub(crate) fn failed(&self) -> bool {
        self.failure.borrow().is_some()
    }

    /// The write-out, or another who flushes segments, can't go on.
    pub(crate) fn fail_writing(&self, error: &StorageError) {
        self.fail("writing segments", &io::Error::other(error.to_string()));
    }

    pub(crate) fn fail(&self, what: &str, error: &io::Error) {
        let mut failure = self.failure.borrow_mut();
        if failure.is_none() {
            tracing::error!(%error, what, "the log store takes no more appends; find the cause and restart");
            *failure = Some(format!("{what}: {error}"));
        }
        drop(failure);
        for event in [
            &self.commit_work,
            &self.relaxed_work,
            &self.write_work,
            &self.room,
            &self.laps_freed,
            &self.loop_ended,
        ] {
            event.notify();
        }
    }

    /// Waits until nobody writes the files of this log, and keeps others from it for as long as the answer is kept.
    pub(crate) async fn writing(&self, id: TopicPartition) -> Writing<'_, D> {
        while !self.writing.borrow_mut().insert(id) {
            self.written.wait().await;
        }
        Writing { shared: self, id }
    }

    /// Waits until nobody writes in this folder of a log that is gone: a file made after the folder's removal would stay.
    pub(crate) async fn unwritten(&self, folder: &Path) {
        let is_written =
            || self.writing.borrow().iter().any(|id| layout::log_folder(&self.root, *id) == folder);
        while is_written() {
            self.written.wait().await;
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.disk_full.get() && !self.has_memory()
    }

    pub(crate) fn has_memory(&self) -> bool {
        let budget = self.config.heads_bytes;
        self.heads_bytes.get() < budget && self.pending_bytes.get() < budget
    }

    pub(crate) fn frame_max(&self) -> usize {
        self.config.journal_file_bytes as usize
    }

    pub(crate) fn note_appended(&self, log: &Rc<Log<D>>, over: bool, len: usize) {
        self.heads_bytes.set(self.heads_bytes.get() + cost(len));
        if over {
            self.write_queue.borrow_mut().push_back(log.clone());
            self.write_work.notify();
        }
        if self.heads_bytes.get() >= self.config.heads_bytes / 2 {
            self.write_work.notify();
        }
    }

    /// Removes files when the entry that is queued next is durable.
    pub(crate) fn remove_later(&self, files: Vec<PathBuf>) {
        self.later_removals.borrow_mut().entry(self.next_ticket.get()).or_default().extend(files);
    }

    /// Queues an entry for the next round, which begins at once if it is `urgent`.
    #[allow(clippy::too_many_arguments)] // an entry's fields, and what follows from it
    pub(crate) fn journal(
        &self,
        log: &Rc<Log<D>>,
        kind: Kind,
        offset: Offset,
        epoch: LeaderEpoch,
        bytes: Bytes,
        place: u64,
        end: Offset,
        urgent: bool,
    ) {
        let ticket = self.next_ticket.get();
        self.next_ticket.set(ticket + 1);
        self.pending_bytes.set(self.pending_bytes.get() + cost(bytes.len()));
        let entry = Entry { kind, id: log.id(), offset, epoch, bytes };
        self.pending.borrow_mut().push_back(Pending {
            entry,
            log: log.clone(),
            end,
            place,
            ticket,
            journaled: false,
        });
        if urgent || self.pending_bytes.get() >= RELAXED_BYTES {
            self.begin_round();
        } else if !self.round_due.get() {
            self.relaxed_work.notify();
        }
    }

    /// Whether something waits for a round.
    pub(crate) fn has_pending(&self) -> bool {
        !(self.pending.borrow().is_empty() && self.told.borrow().is_empty())
    }

    /// Lets what is pending go into a round as soon as the one under way is done.
    pub(crate) fn begin_round(&self) {
        if self.has_pending() {
            self.round_due.set(true);
            self.commit_work.notify();
        }
    }

    /// What was to wait for the entry with this ticket may be removed now.
    pub(crate) fn release_removals(&self, ticket: u64) {
        if let Some(files) = self.later_removals.borrow_mut().remove(&ticket) {
            self.removals.borrow_mut().extend(files);
            self.write_work.notify();
        }
    }

    /// Whatever was to wait for entries up to `ticket` may be removed now, whether or not they are durable.
    pub(crate) fn release_removals_up_to(&self, ticket: u64) {
        let tickets: Vec<u64> = self.later_removals.borrow().range(..=ticket).map(|(of, _)| *of).collect();
        tickets.into_iter().for_each(|of| self.release_removals(of));
    }

    /// The entry with this ticket never comes: what it was to release goes with its log's folder.
    pub(crate) fn forget_removals(&self, ticket: u64) {
        self.later_removals.borrow_mut().remove(&ticket);
    }

    /// Counts what a reader got from a segment.
    pub(crate) fn note_given(&self, outcome: &ReadOutcome) {
        let read: usize = outcome.chunks.iter().map(Bytes::len).sum();
        let sealed = outcome.sealed.as_ref().map_or(0, SealedRange::len);
        self.read_bytes.set(self.read_bytes.get() + read as u64);
        self.sealed_bytes.set(self.sealed_bytes.get() + sealed as u64);
    }

    /// Counts a damaged place; false if it was known.
    pub(crate) fn note_damage(&self, path: &Path, pos: u64) -> bool {
        let mut damage = self.damage.borrow_mut();
        damage.len() < DAMAGE_MAX && damage.insert((path.to_path_buf(), pos))
    }

    /// The paths of a segment's files.
    pub(crate) fn segment_files(&self, id: TopicPartition, named: (Offset, u32)) -> [PathBuf; 2] {
        let (base, generation) = named;
        [
            layout::segment_file(&self.root, id, base, generation),
            layout::index_file(&self.root, id, base, generation),
        ]
    }

    /// A sealed segment's file, to be sent from; none if this disk, or this kernel, has no such files.
    pub(crate) async fn sealed_file(&self, path: &Path) -> Option<Arc<Buffered>> {
        if let Some(file) = self.sealed.borrow_mut().file(path) {
            return Some(file);
        }
        match self.disk.open_buffered(path).await {
            Ok(Some(file)) => {
                self.sealed.borrow_mut().keep(path, file.clone());
                Some(file)
            }
            Ok(None) => {
                self.sealed.borrow_mut().give_up();
                None
            }
            // Removed meanwhile, or no descriptor is free: the read itself will tell.
            Err(_) => None,
        }
    }

    /// Removes a file, or a folder and what is in it.
    pub(crate) async fn remove(&self, path: &Path) -> io::Result<()> {
        self.files.borrow_mut().retain(|open, _| !open.starts_with(path));
        self.cursors.borrow_mut().forget(path);
        self.sealed.borrow_mut().forget(path);
        self.disk.remove(path).await
    }

    /// A segment's file, open; the one used longest ago is closed when there are too many. Only a writer makes a file that
    /// is not there: a reader that came late would bring back the name of a removed one.
    pub(crate) async fn file(&self, path: &PathBuf, make: bool) -> io::Result<Rc<D::File>> {
        let tick = self.file_clock.get() + 1;
        self.file_clock.set(tick);
        if let Some((file, used)) = self.files.borrow_mut().get_mut(path) {
            *used = tick;
            return Ok(file.clone());
        }
        let file = match self.disk.open(path, Open::Existing).await {
            Err(error) if make && error.kind() == io::ErrorKind::NotFound => {
                if let Some(folder) = path.parent() {
                    self.disk.create_folder(folder).await?;
                }
                self.disk.open(path, Open::Write).await?
            }
            other => other?,
        };
        let file = Rc::new(file);
        let mut files = self.files.borrow_mut();
        if files.len() >= self.config.files_open.max(1) {
            let oldest = files.iter().min_by_key(|(_, (_, used))| *used).map(|(path, _)| path.clone());
            if let Some(oldest) = oldest {
                files.remove(&oldest);
            }
        }
        files.insert(path.clone(), (file.clone(), tick));
        Ok(file)
    }
}

/// Says that somebody writes a log's files, for as long as it is kept.
pub(crate) struct Writing<'s, D: Disk> {
    shared: &'s Shared<D>,
    id: TopicPartition,
}

impl<D: Disk> Drop for Writing<'_, D> {
    fn drop(&mut self) {
        self.shared.writing.borrow_mut().remove(&self.id);
        self.shared.written.notify();
    }
}
