//! The records of `__transaction_state`, as Kafka writes and reads them (behaviour 75).
//!
//! ```text
//! key   = type i16 = 0 | transactional id
//! value = version i16 | TransactionLogValue      no value: a tombstone; written: version 1
//! ```

use std::borrow::Cow;
use std::collections::BTreeSet;

use thiserror::Error;

use super::reply::TransactionRecord;
use super::request::Place;
use super::state::{State, Transaction};
use crate::ids::{PartitionId, ProducerEpoch, ProducerId, TopicName, TransactionalId};
use crate::time::Timestamp;
use crate::wire::records::transaction_log_key::TransactionLogKey;
use crate::wire::records::transaction_log_value::{PartitionsSchema, TransactionLogValue};
use crate::wire::{Decode, DecodeError, Encode, Message, Reader, Writer};

/// The version of the value that is written.
const VALUE_VERSION: i16 = 1;

/// Why a record of `__transaction_state` was skipped while loading.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RecordError {
    /// The key says that it is of a type that is not known.
    #[error("record type {0} is not known")]
    UnknownType(i16),
    /// The key is not what its type says.
    #[error("the key cannot be read: {0}")]
    Key(DecodeError),
    /// The value cannot be read.
    #[error("the value of transactional id {:?} cannot be read: {error}", id.get())]
    Value {
        /// What it is about.
        id: TransactionalId,
        /// What is wrong.
        error: DecodeError,
    },
    /// The value can be read, but cannot be.
    #[error("transactional id {:?} is in state {state}, which is never written", id.get())]
    State {
        /// What it is about.
        id: TransactionalId,
        /// The state's number.
        state: i8,
    },
}

pub(super) fn decode_key(bytes: &[u8]) -> Result<TransactionalId, RecordError> {
    let mut r = Reader::new(bytes);
    match r.i16().map_err(RecordError::Key)? {
        TransactionLogKey::KEY => {
            let key = TransactionLogKey::decode(&mut r, 0).map_err(RecordError::Key)?;
            Ok(TransactionalId::new(key.transactional_id))
        }
        kind => Err(RecordError::UnknownType(kind)),
    }
}

/// What is known of `id`; none if Kafka wrote that it is dead.
pub(super) fn decode_value(id: &TransactionalId, bytes: &[u8]) -> Result<Option<Transaction>, RecordError> {
    const DEAD: i8 = 6;
    let mut r = Reader::new(bytes);
    let value = r
        .i16()
        .and_then(|version| TransactionLogValue::decode(&mut r, version))
        .map_err(|error| RecordError::Value { id: id.clone(), error })?;
    if value.transaction_status == DEAD {
        return Ok(None);
    }
    let state = State::from_code(value.transaction_status)
        .ok_or_else(|| RecordError::State { id: id.clone(), state: value.transaction_status })?;
    let producer = |id: i64| (id >= 0).then(|| ProducerId::new(id));
    let partitions = value.transaction_partitions.into_iter().flatten().flat_map(|topic| {
        let name = TopicName::new(topic.topic);
        topic.partition_ids.into_iter().map(move |number| (name.clone(), PartitionId::new(number)))
    });
    Ok(Some(Transaction {
        producer: ProducerId::new(value.producer_id),
        previous: producer(value.previous_producer_id),
        next: producer(value.next_producer_id),
        epoch: ProducerEpoch::new(value.producer_epoch),
        last_epoch: None,
        timeout_ms: value.transaction_timeout_ms,
        state,
        partitions: partitions.collect(),
        started: (value.transaction_start_timestamp_ms >= 0)
            .then(|| Timestamp::from_millis(value.transaction_start_timestamp_ms)),
        updated: Timestamp::from_millis(value.transaction_last_update_timestamp_ms),
        bumps: value.client_transaction_version >= 2,
        deadline: None,
    }))
}

fn key(id: &TransactionalId) -> Vec<u8> {
    versioned(TransactionLogKey::KEY, 0, &TransactionLogKey { transactional_id: Cow::Borrowed(id.get()) })
}

fn versioned<M: Encode>(head: i16, version: i16, message: &M) -> Vec<u8> {
    let mut w = Writer::new();
    w.i16(head);
    message.encode(&mut w, version);
    w.into_vec()
}

pub(super) fn transaction(id: &TransactionalId, transaction: &Transaction) -> TransactionRecord {
    let value = TransactionLogValue {
        producer_id: transaction.producer.get(),
        previous_producer_id: transaction.previous.map_or(-1, ProducerId::get),
        next_producer_id: transaction.next.map_or(-1, ProducerId::get),
        producer_epoch: transaction.epoch.get(),
        next_producer_epoch: -1,
        transaction_timeout_ms: transaction.timeout_ms,
        transaction_status: transaction.state as i8,
        // Kafka has no list where there is no transaction, and reads one there as damage.
        transaction_partitions: (transaction.state != State::Empty)
            .then(|| by_topic(&transaction.partitions)),
        transaction_last_update_timestamp_ms: transaction.updated.millis(),
        transaction_start_timestamp_ms: transaction.started.map_or(-1, Timestamp::millis),
        client_transaction_version: if transaction.bumps { 2 } else { 0 },
    };
    TransactionRecord { key: key(id), value: Some(versioned(VALUE_VERSION, VALUE_VERSION, &value)) }
}

fn by_topic(partitions: &BTreeSet<Place>) -> Vec<PartitionsSchema<'_>> {
    let mut topics: Vec<PartitionsSchema<'_>> = Vec::new();
    for (topic, partition) in partitions {
        if topics.last().is_none_or(|last| last.topic != topic.get()) {
            topics.push(PartitionsSchema { topic: Cow::Borrowed(topic.get()), partition_ids: Vec::new() });
        }
        topics.last_mut().expect("just pushed").partition_ids.push(partition.get());
    }
    topics
}

pub(super) fn tombstone(id: &TransactionalId) -> TransactionRecord {
    TransactionRecord { key: key(id), value: None }
}
