//! The records of `__share_group_state`, as Kafka writes and reads them.
//!
//! ```text
//! key   = type i16 | group, topic id, partition       type 0: a snapshot   1: an update
//! value = version i16 | value message                 no value: a tombstone
//! ```

use std::borrow::Cow;

use thiserror::Error;

use super::{RecordState, ShareKey, StateBatch, StateRecord, StoredShare, WriteState};
use crate::ids::{GroupId, Offset, PartitionId, TopicPartition};
use crate::time::Timestamp;
use crate::wire::records::share_snapshot_key::ShareSnapshotKey as SnapshotKey;
use crate::wire::records::share_snapshot_value as snapshot_value;
use crate::wire::records::share_update_key::ShareUpdateKey as UpdateKey;
use crate::wire::records::share_update_value as update_value;
use crate::wire::{Decode, DecodeError, Encode, Message, Reader, Writer};

/// Why a record of `__share_group_state` was skipped while loading.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum StateRecordError {
    /// The key says that it is of a type that this version of Headwater does not know.
    #[error("record type {0} is not known")]
    UnknownType(i16),
    /// The key or the value is not what its type says.
    #[error("the record cannot be read: {0}")]
    Damaged(#[from] DecodeError),
    /// The value can be read, but cannot be.
    #[error("the state contradicts itself at {0}")]
    Contradiction(i64),
}

/// What an update says.
pub(super) struct Update {
    pub(super) snapshot_epoch: i32,
    pub(super) leader_epoch: i32,
    pub(super) start: Option<Offset>,
    pub(super) complete: Option<i32>,
    pub(super) batches: Vec<StateBatch>,
}

fn versioned<M: Encode>(head: i16, message: &M) -> Vec<u8> {
    let mut w = Writer::new();
    w.i16(head);
    message.encode(&mut w, 0);
    w.into_vec()
}

fn snapshot_key(key: &ShareKey) -> Vec<u8> {
    let key = SnapshotKey {
        group_id: Cow::Borrowed(key.group.get()),
        topic_id: key.partition.topic,
        partition: key.partition.partition.get(),
    };
    versioned(SnapshotKey::KEY, &key)
}

pub(super) fn tombstone(key: &ShareKey) -> StateRecord {
    StateRecord { key: snapshot_key(key), value: None }
}

fn count(deliveries: u16) -> i16 {
    i16::try_from(deliveries).unwrap_or(i16::MAX)
}

pub(super) fn snapshot(key: &ShareKey, share: &StoredShare, wall: Timestamp) -> StateRecord {
    let batches = share.batches.iter().map(|batch| snapshot_value::StateBatch {
        first_offset: batch.first.get(),
        last_offset: batch.last.get(),
        delivery_state: batch.state.code(),
        delivery_count: count(batch.deliveries),
    });
    let value = snapshot_value::ShareSnapshotValue {
        snapshot_epoch: share.snapshot_epoch,
        state_epoch: share.state_epoch,
        leader_epoch: share.leader_epoch,
        start_offset: share.start.map_or(-1, Offset::get),
        delivery_complete_count: share.complete.unwrap_or(-1),
        create_timestamp: share.created.millis(),
        write_timestamp: wall.millis(),
        state_batches: batches.collect(),
    };
    StateRecord { key: snapshot_key(key), value: Some(versioned(0, &value)) }
}

pub(super) fn update(key: &ShareKey, share: &StoredShare, item: &WriteState) -> StateRecord {
    let batches = item.batches.iter().map(|batch| update_value::StateBatch {
        first_offset: batch.first.get(),
        last_offset: batch.last.get(),
        delivery_state: batch.state.code(),
        delivery_count: count(batch.deliveries),
    });
    let value = update_value::ShareUpdateValue {
        snapshot_epoch: share.snapshot_epoch,
        leader_epoch: share.leader_epoch,
        start_offset: share.start.map_or(-1, Offset::get),
        delivery_complete_count: share.complete.unwrap_or(-1),
        state_batches: batches.collect(),
    };
    let key = UpdateKey {
        group_id: Cow::Borrowed(key.group.get()),
        topic_id: key.partition.topic,
        partition: key.partition.partition.get(),
    };
    StateRecord { key: versioned(UpdateKey::KEY, &key), value: Some(versioned(0, &value)) }
}

/// What a key names, and whether it is of a snapshot.
pub(super) fn key(bytes: &[u8]) -> Result<(ShareKey, bool), StateRecordError> {
    let mut r = Reader::new(bytes);
    let kind = r.i16()?;
    if kind != SnapshotKey::KEY && kind != UpdateKey::KEY {
        return Err(StateRecordError::UnknownType(kind));
    }
    // The two are laid out alike.
    let key = SnapshotKey::decode(&mut r, 0)?;
    let partition = TopicPartition { topic: key.topic_id, partition: PartitionId::new(key.partition) };
    Ok((ShareKey { group: GroupId::new(key.group_id), partition }, kind == SnapshotKey::KEY))
}

fn value<'a, M: Decode<'a>>(bytes: &'a [u8]) -> Result<M, StateRecordError> {
    let mut r = Reader::new(bytes);
    let version = r.i16()?;
    Ok(M::decode(&mut r, version)?)
}

fn batches(wire: impl Iterator<Item = (i64, i64, i8, i16)>) -> Result<Vec<StateBatch>, StateRecordError> {
    let mut batches = Vec::new();
    for (first, last, state, deliveries) in wire {
        let state = RecordState::from_code(state).filter(|state| *state != RecordState::Acquired);
        let (Some(state), true) = (state, 0 <= first && first <= last && last < i64::MAX) else {
            return Err(StateRecordError::Contradiction(first));
        };
        let deliveries = deliveries.max(0).unsigned_abs();
        batches.push(StateBatch { first: Offset::new(first), last: Offset::new(last), state, deliveries });
    }
    Ok(batches)
}

fn at_least_0<T: PartialOrd + Default>(value: T) -> Option<T> {
    (value >= T::default()).then_some(value)
}

pub(super) fn read_snapshot(bytes: &[u8]) -> Result<StoredShare, StateRecordError> {
    let value: snapshot_value::ShareSnapshotValue = value(bytes)?;
    let wire = value.state_batches.iter();
    let batches = batches(wire.map(|b| (b.first_offset, b.last_offset, b.delivery_state, b.delivery_count)))?;
    if let Some(pair) = batches.windows(2).find(|pair| pair[1].first <= pair[0].last) {
        return Err(StateRecordError::Contradiction(pair[1].first.get()));
    }
    Ok(StoredShare {
        snapshot_epoch: value.snapshot_epoch,
        state_epoch: value.state_epoch,
        leader_epoch: value.leader_epoch,
        start: at_least_0(value.start_offset).map(Offset::new),
        complete: at_least_0(value.delivery_complete_count),
        created: Timestamp::from_millis(value.create_timestamp),
        batches: batches.into_iter().filter(|batch| batch.last.get() >= value.start_offset).collect(),
        updates: 0,
    })
}

pub(super) fn read_update(bytes: &[u8]) -> Result<Update, StateRecordError> {
    let value: update_value::ShareUpdateValue = value(bytes)?;
    let wire = value.state_batches.iter();
    Ok(Update {
        snapshot_epoch: value.snapshot_epoch,
        leader_epoch: value.leader_epoch,
        start: at_least_0(value.start_offset).map(Offset::new),
        complete: at_least_0(value.delivery_complete_count),
        batches: batches(wire.map(|b| (b.first_offset, b.last_offset, b.delivery_state, b.delivery_count)))?,
    })
}
