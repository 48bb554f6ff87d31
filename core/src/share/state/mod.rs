//! The share coordinator: what share groups know of partitions that nobody has in hand, durably.
//!
//! One [`StateCoordinator`] for each partition of `__share_group_state`; it keeps the share partitions whose
//! keys fall on that partition ([`partition_for`]). A machine, as the group coordinator is: no IO, no clock.
//!
//! ```text
//!   initialize ─► snapshot ── write ─► update ── write ─► update … as many as the settings allow ─► snapshot
//!   delete ─► tombstone
//! ```
//!
//! A snapshot says everything, an update what has changed since. The log is not compacted, for updates share a key; instead
//! [`StateCoordinator::on_prune`] writes what there is once more, so that all that is older can be deleted.
//!
//! | an old writer | is told |
//! |---|---|
//! | of an earlier initialization | FENCED_STATE_EPOCH |
//! | that leads the partition no more | FENCED_LEADER_EPOCH |
//!
//! Invariants (see `check`): batches are in order, do not overlap, and none is before the start.
//!
//! It does not do: initializing of its own accord: a partition that is not known is INVALID_REQUEST.

mod batches;
mod records;

use std::collections::BTreeMap;

use self::batches::overlay;
pub use self::records::StateRecordError;
use super::{RecordState, StateBatch};
use crate::ErrorCode;
use crate::after::After;
use crate::ids::{GroupId, LeaderEpoch, Offset, TopicId, TopicPartition};
use crate::time::Timestamp;

/// A partition as one group reads it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShareKey {
    /// The group.
    pub group: GroupId,
    /// The partition.
    pub partition: TopicPartition,
}

/// The partition of `__share_group_state`, which has `partitions` of them, that a share partition's state is on: by
/// Kafka's rule, Java's hash of `group:topic-id:partition`.
///
/// # Panics
/// If `partitions` is not positive.
pub fn partition_for(key: &ShareKey, partitions: i32) -> i32 {
    let TopicPartition { topic, partition } = key.partition;
    crate::group::partition_for(&GroupId::new(format!("{}:{topic}:{partition}", key.group)), partitions)
}

/// What is stored of a share partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredShare {
    /// Counts the snapshots.
    pub snapshot_epoch: i32,
    /// Counts how often it was initialized: the group's epoch then.
    pub state_epoch: i32,
    /// Who leads the partition; 0 before anybody has read the state.
    pub leader_epoch: i32,
    /// The first record that is not over; `None`: where the group's settings say.
    pub start: Option<Offset>,
    /// How many records from there on are over; `None`: not known.
    pub complete: Option<i32>,
    /// When it was initialized.
    pub created: Timestamp,
    /// Records from the start on that are not as new; in order.
    pub batches: Vec<StateBatch>,
    /// Updates since the last snapshot.
    updates: u32,
}

/// What a coordinator may be asked, about any number of share partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateCall {
    /// Begin, or begin anew.
    Initialize(Vec<(ShareKey, InitializeState)>),
    /// What is stored; the reader leads the partition in this epoch.
    Read(Vec<(ShareKey, LeaderEpoch)>),
    /// Store changes.
    Write(Vec<(ShareKey, WriteState)>),
    /// Forget.
    Delete(Vec<ShareKey>),
    /// What is stored, for somebody who does not lead.
    Summary(Vec<ShareKey>),
}

/// How a share partition begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InitializeState {
    /// The group's epoch.
    pub state_epoch: i32,
    /// Its start; `None`: where the group's settings say.
    pub start: Option<Offset>,
}

/// What has changed in a share partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteState {
    /// Of the state that was read.
    pub state_epoch: i32,
    /// In which the writer leads.
    pub leader_epoch: LeaderEpoch,
    /// The start; `None`: as before.
    pub start: Option<Offset>,
    /// How many records from the start on are over; `None`: not known.
    pub complete: Option<i32>,
    /// Records whose state has changed, in the order of the changes.
    pub batches: Vec<StateBatch>,
}

/// An answer: one result for each share partition asked about, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateReply {
    /// To `Initialize`, `Write` and `Delete`.
    Done(Vec<Result<(), ErrorCode>>),
    /// To `Read` and `Summary`.
    Read(Vec<Result<StoredShare, ErrorCode>>),
}

/// A record for `__share_group_state`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRecord {
    /// Type and key.
    pub key: Vec<u8>,
    /// Version and value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
}

/// See the module's text.
#[derive(Debug)]
pub struct StateCoordinator {
    updates_per_snapshot: u32,
    shares: BTreeMap<ShareKey, StoredShare>,
    /// Records since the last prune.
    written: usize,
}

/// The fewest records that are worth a prune.
const PRUNE_RECORDS: usize = 4096;

impl StateCoordinator {
    /// A coordinator that knows nothing yet; [`replay`](Self::replay) shows it the log.
    pub fn new(updates_per_snapshot: u32) -> Self {
        Self { updates_per_snapshot, shares: BTreeMap::new(), written: 0 }
    }

    /// Answers a request; the reply may leave when `After` says.
    pub fn on_call(
        &mut self,
        wall: Timestamp,
        call: StateCall,
        out: &mut Vec<StateRecord>,
    ) -> (After, StateReply) {
        let before = out.len();
        let reply = match call {
            StateCall::Initialize(items) => {
                let each = items.into_iter().map(|(key, item)| self.initialize(wall, key, item, out));
                StateReply::Done(each.collect())
            }
            StateCall::Read(items) => {
                let each = items.into_iter().map(|(key, epoch)| self.read(wall, &key, epoch, out));
                StateReply::Read(each.collect())
            }
            StateCall::Write(items) => {
                let each = items.into_iter().map(|(key, item)| self.write(wall, &key, item, out));
                StateReply::Done(each.collect())
            }
            StateCall::Delete(keys) => {
                for key in keys.iter().filter(|key| self.shares.remove(*key).is_some()) {
                    out.push(records::tombstone(key));
                }
                StateReply::Done(vec![Ok(()); keys.len()])
            }
            StateCall::Summary(keys) => {
                let each =
                    keys.iter().map(|key| self.shares.get(key).cloned().ok_or(ErrorCode::InvalidRequest));
                StateReply::Read(each.collect())
            }
        };
        self.written += out.len() - before;
        // It may tell of what an earlier call has written and what is not durable yet.
        (After::Durable, reply)
    }

    fn initialize(
        &mut self,
        wall: Timestamp,
        key: ShareKey,
        item: InitializeState,
        out: &mut Vec<StateRecord>,
    ) -> Result<(), ErrorCode> {
        let before = self.shares.get(&key);
        if before.is_some_and(|before| before.state_epoch > item.state_epoch) {
            return Err(ErrorCode::FencedStateEpoch);
        }
        let share = StoredShare {
            snapshot_epoch: before.map_or(0, |before| before.snapshot_epoch + 1),
            state_epoch: item.state_epoch,
            leader_epoch: 0,
            start: item.start,
            complete: item.start.map(|_| 0),
            created: wall,
            batches: Vec::new(),
            updates: 0,
        };
        out.push(records::snapshot(&key, &share, wall));
        self.shares.insert(key, share);
        Ok(())
    }

    fn read(
        &mut self,
        wall: Timestamp,
        key: &ShareKey,
        epoch: LeaderEpoch,
        out: &mut Vec<StateRecord>,
    ) -> Result<StoredShare, ErrorCode> {
        let share = self.shares.get_mut(key).ok_or(ErrorCode::InvalidRequest)?;
        if epoch.get() < share.leader_epoch {
            return Err(ErrorCode::FencedLeaderEpoch);
        }
        if epoch.get() > share.leader_epoch {
            share.leader_epoch = epoch.get();
            let nothing = WriteState {
                state_epoch: share.state_epoch,
                leader_epoch: epoch,
                start: None,
                complete: None,
                batches: Vec::new(),
            };
            Self::store(self.updates_per_snapshot, wall, key, share, &nothing, out);
        }
        Ok(share.clone())
    }

    fn write(
        &mut self,
        wall: Timestamp,
        key: &ShareKey,
        item: WriteState,
        out: &mut Vec<StateRecord>,
    ) -> Result<(), ErrorCode> {
        let share = self.shares.get_mut(key).ok_or(ErrorCode::InvalidRequest)?;
        if item.leader_epoch.get() < share.leader_epoch {
            return Err(ErrorCode::FencedLeaderEpoch);
        }
        if item.state_epoch < share.state_epoch {
            return Err(ErrorCode::FencedStateEpoch);
        }
        share.leader_epoch = item.leader_epoch.get();
        share.start = item.start.or(share.start);
        share.complete = item.complete;
        overlay(&mut share.batches, &item.batches, share.start);
        Self::store(self.updates_per_snapshot, wall, key, share, &item, out);
        Ok(())
    }

    /// Writes what has changed, or all of it when enough has.
    fn store(
        updates_per_snapshot: u32,
        wall: Timestamp,
        key: &ShareKey,
        share: &mut StoredShare,
        item: &WriteState,
        out: &mut Vec<StateRecord>,
    ) {
        if share.updates < updates_per_snapshot {
            share.updates += 1;
            out.push(records::update(key, share, item));
        } else {
            share.updates = 0;
            share.snapshot_epoch += 1;
            out.push(records::snapshot(key, share, wall));
        }
    }

    /// Forgets what is kept of a topic that is gone.
    pub fn on_topic_deleted(&mut self, topic: TopicId, out: &mut Vec<StateRecord>) {
        self.shares.retain(|key, _| {
            let stays = key.partition.topic != topic;
            if !stays {
                out.push(records::tombstone(key));
            }
            stays
        });
    }

    /// Whether most of the log is of no use any more.
    pub fn wants_prune(&self) -> bool {
        self.written >= PRUNE_RECORDS.max(4 * self.shares.len())
    }

    /// Writes everything once more: when that is durable, what was written before may be deleted.
    pub fn on_prune(&mut self, wall: Timestamp, out: &mut Vec<StateRecord>) {
        self.written = 0;
        for (key, share) in &mut self.shares {
            share.updates = 0;
            share.snapshot_epoch += 1;
            out.push(records::snapshot(key, share, wall));
        }
    }

    /// Takes in one record of the log, oldest first.
    ///
    /// # Errors
    /// If the record cannot be read. It is skipped; the driver may log it and go on.
    pub fn replay(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), StateRecordError> {
        let (key, is_snapshot) = records::key(key)?;
        self.written += 1;
        match (value, is_snapshot) {
            (None, _) => drop(self.shares.remove(&key)),
            (Some(value), true) => drop(self.shares.insert(key, records::read_snapshot(value)?)),
            (Some(value), false) => {
                let update = records::read_update(value)?;
                // One that is left of state that was deleted, or that a newer snapshot has.
                let share = self.shares.get_mut(&key);
                if let Some(share) = share.filter(|share| share.snapshot_epoch == update.snapshot_epoch) {
                    share.leader_epoch = update.leader_epoch;
                    share.start = update.start.or(share.start);
                    share.complete = update.complete;
                    share.updates += 1;
                    overlay(&mut share.batches, &update.batches, share.start);
                }
            }
        }
        Ok(())
    }

    /// How many share partitions it keeps.
    pub fn len(&self) -> usize {
        self.shares.len()
    }

    /// Whether it keeps none.
    pub fn is_empty(&self) -> bool {
        self.shares.is_empty()
    }

    /// Asserts what must always hold.
    ///
    /// # Panics
    /// If something does not.
    pub fn check(&self) {
        for share in self.shares.values() {
            let mut next = share.start.unwrap_or(Offset::ZERO);
            for batch in &share.batches {
                assert!(batch.first >= next && batch.last >= batch.first, "{share:?}");
                assert_ne!(batch.state, RecordState::Acquired);
                next = batch.last.plus(1);
            }
        }
    }
}

#[cfg(test)]
mod tests;
