//! What goes wrong in here. Refusals are values of their own (`AppendRefused`, `ReadError`).

use std::io;
use std::path::PathBuf;

use headwater_core::ids::{Offset, TopicPartition};

use crate::checkpoint::CheckpointError;
use crate::journal::replay::ReplayError;

/// The way out where a start would lose what was acknowledged: nothing is mended by guessing.
const RESTORE: &str = "; the folder is left as it is: put a whole copy of it in its place, or see docs/operations.md, \
                       \"When something is wrong\", for what `headwater log` can still read";

/// A fault of the store: it does not start, or takes no more appends.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The disk.
    #[error("{what} {path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the disk said.
        source: io::Error,
    },
    /// The checkpoint can't be used.
    #[error("{path}: {source}{}", if matches!(.source, CheckpointError::Damaged) { RESTORE } else { "" })]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// Why.
        source: CheckpointError,
    },
    /// There is a journal, and no checkpoint that says where it begins.
    #[error("{0} is missing, but there is a journal beside it{RESTORE}")]
    NoCheckpoint(PathBuf),
    /// The journal can't be used.
    #[error("{path}: {source}{}", if matches!(.source, ReplayError::Damaged { .. }) { RESTORE } else { "" })]
    Replay {
        /// The journal's folder.
        path: PathBuf,
        /// Why.
        source: ReplayError,
    },
    /// The journal goes on behind the end of a log.
    #[error(
        "the journal of {id} goes on at offset {found}, and the log ends at {expected}: batches are missing{RESTORE}"
    )]
    Gap {
        /// The log.
        id: TopicPartition,
        /// Where it ends.
        expected: Offset,
        /// What comes next.
        found: Offset,
    },
    /// The journal says that batches are in a segment, and they are not.
    #[error("{0}")]
    Missing(Box<Missing>),
    /// A batch in the journal is not one.
    #[error("the journal of {id} holds bytes at offset {offset} that are no batch{RESTORE}")]
    NoBatch {
        /// The log.
        id: TopicPartition,
        /// Where.
        offset: Offset,
    },
}

/// Batches that went past the journal and are not in their segment.
#[derive(Debug, thiserror::Error)]
#[error(
    "{id}: {file} does not hold offsets {offset} to {last} at byte {place}, though the journal says that they were stored: {why}; restore the folder from a copy"
)]
pub struct Missing {
    /// The log.
    pub id: TopicPartition,
    /// The first offset.
    pub offset: Offset,
    /// The last one.
    pub last: Offset,
    /// The segment's file.
    pub file: PathBuf,
    /// Where in it.
    pub place: u64,
    /// What is wrong.
    pub why: String,
}

/// Why an append is refused; nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendRefused {
    /// The store has failed, or the log is gone.
    #[error("the log takes no more appends")]
    ReadOnly,
    /// The disk is full and so is the memory for what waits.
    #[error("the disk is full")]
    NoSpace,
    /// Larger than a segment or a journal file.
    #[error("the batch is larger than a segment")]
    TooLarge,
}

/// Why a read gives nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Before the log's start or behind its end.
    #[error("offset {0} is out of range")]
    OutOfRange(Offset),
    /// What is on the disk is not what was written; it is not served.
    #[error("{id}: offsets {offset} to {last} are damaged, in {file} at byte {pos}: {why}")]
    Damaged {
        /// The log.
        id: TopicPartition,
        /// The first offset that is not to be had.
        offset: Offset,
        /// The last one; the log goes on behind it.
        last: Offset,
        /// The file.
        file: PathBuf,
        /// Where in it.
        pos: u64,
        /// What is wrong.
        why: String,
    },
    /// The disk.
    #[error("{id}: reading {file}: {source}")]
    Io {
        /// The log.
        id: TopicPartition,
        /// The file.
        file: PathBuf,
        /// What the disk said.
        source: io::Error,
    },
}
