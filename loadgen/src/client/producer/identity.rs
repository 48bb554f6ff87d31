//! Who a producer is to the brokers: its id, and the transaction that is open under it.
//!
//! ```text
//!  append to a partition ──▶ AddPartitionsToTxn ──▶ batches ──▶ all acknowledged ──▶ EndTxn: commit or abort
//!                            (first protocol only)     │
//!                 fenced, sequence unknown, refused ───┴──▶ broken: everything fails, a new epoch aborts what is open
//! ```
//!
//! Where the cluster has `transaction.version` 2 (KIP-890), its second protocol is spoken: the first batch adds its
//! partition, and each end gives the epoch of the next transaction. Elsewhere the first one, which every broker
//! knows that has any.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use headwater_core::ErrorCode;
use headwater_core::wire::Message;
use headwater_core::wire::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use headwater_core::wire::messages::{AddPartitionsToTxnRequest, EndTxnRequest, InitProducerIdRequest};

use super::super::batch::Identity;
use super::super::error::ClientError;
use super::super::queue::Queue;
use super::{Delivery, Producer, RETRY_AFTER};

/// A protocol of transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Each partition is named to the coordinator before its first batch.
    First,
    /// The brokers do that, and each end gives a new epoch.
    Second,
}

impl Protocol {
    /// The last version of EndTxn that belongs to it.
    const fn end_version(self) -> i16 {
        match self {
            Protocol::First => 4,
            Protocol::Second => EndTxnRequest::MAX_VERSION,
        }
    }
}

/// The feature whose level says which protocol a cluster has in force.
const FEATURE: &str = "transaction.version";

/// The last version of AddPartitionsToTxn that clients send.
const ADD_PARTITIONS_VERSION: i16 = 3;

/// How long the coordinator waits for the end of a transaction before it aborts it.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(60);

impl Producer {
    pub(super) fn new_identity(&mut self) -> Result<Identity, ClientError> {
        let deadline = Instant::now() + self.cluster.config().request_timeout;
        let id = self.config.transactional_id.clone();
        let request = InitProducerIdRequest {
            transactional_id: id.as_deref().map(Into::into),
            transaction_timeout_ms: TRANSACTION_TIMEOUT.as_millis() as i32,
            producer_id: -1,
            producer_epoch: -1,
        };
        loop {
            let node = match &id {
                Some(id) => self.coordinator(id)?,
                None => self.cluster.any_node()?,
            };
            let timeout = self.cluster.config().request_timeout;
            let limit = InitProducerIdRequest::MAX_VERSION;
            let given = self.cluster.call(node, limit, &request, timeout, |answer| {
                let response = answer.read::<InitProducerIdRequest>()?;
                ClientError::check(|| "producer id".into(), response.error_code, None)?;
                Ok(Identity { id: response.producer_id, epoch: response.producer_epoch })
            });
            match given {
                // A broker that has just started may not be ready to give ids.
                Err(ClientError::Refused { .. }) if given.as_ref().is_err_and(ClientError::retriable) => {
                    self.coordinator = None;
                    if Instant::now() >= deadline {
                        return given;
                    }
                    std::thread::sleep(RETRY_AFTER);
                }
                Ok(identity) => {
                    let second = self.cluster.feature(node, FEATURE) >= 2;
                    self.protocol = if second { Protocol::Second } else { Protocol::First };
                    return Ok(identity);
                }
                Err(error) => {
                    self.coordinator = None;
                    return Err(error);
                }
            }
        }
    }

    /// Where transactions of `id` are coordinated; asked for once, and again after a call there has failed.
    fn coordinator(&mut self, id: &str) -> Result<i32, ClientError> {
        if let Some(node) = self.coordinator {
            return Ok(node);
        }
        let node = self.cluster.transaction_coordinator(id)?;
        self.coordinator = Some(node);
        Ok(node)
    }

    /// Tells the open transaction of partitions, or begins anew after it broke.
    pub(super) fn heal_transaction(
        &mut self,
        now: Instant,
        deliver: &mut dyn FnMut(Delivery<'_>),
    ) -> Result<(), ClientError> {
        if self.renew {
            // What of it is in the log can only be aborted, so nothing of it may be sent again.
            self.broken.get_or_insert_with(|| "the broker refused a batch of the transaction".to_owned());
            self.abandon("its transaction broke", deliver);
            match self.new_identity() {
                Ok(identity) => {
                    self.identity = Some(identity);
                    self.renew = false;
                    self.renewals += 1;
                    self.unlisted.clear();
                    self.queues.iter_mut().for_each(Queue::renumber);
                }
                Err(error) if error.retriable() => self.refresh_soon(now),
                Err(error) => return Err(error),
            }
        }
        if self.unlisted.is_empty() || self.renew {
            return Ok(());
        }
        match self.enlist() {
            Ok(()) => {
                self.unlisted.clear();
                Ok(())
            }
            Err(error) if error.retriable() => {
                self.coordinator = None;
                self.refresh_soon(now);
                std::thread::sleep(RETRY_AFTER / 10);
                Ok(())
            }
            Err(ClientError::Refused { .. }) => {
                self.renew = true;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn enlist(&mut self) -> Result<(), ClientError> {
        let (Some(id), Some(Identity { id: producer_id, epoch })) =
            (self.config.transactional_id.clone(), self.identity)
        else {
            return Ok(());
        };
        let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
        for &handle in &self.unlisted {
            let queue = &self.queues[handle];
            topics.entry(&queue.topic).or_default().push(queue.partition);
        }
        let request = AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: id.as_str().into(),
            v3_and_below_producer_id: producer_id,
            v3_and_below_producer_epoch: epoch,
            v3_and_below_topics: topics
                .into_iter()
                .map(|(name, partitions)| AddPartitionsToTxnTopic {
                    name: name.to_owned().into(),
                    partitions,
                })
                .collect(),
            ..Default::default()
        };
        let node = self.coordinator(&id)?;
        let timeout = self.cluster.config().request_timeout;
        self.cluster.call(node, ADD_PARTITIONS_VERSION, &request, timeout, |answer| {
            let response = answer.read::<AddPartitionsToTxnRequest>()?;
            for topic in &response.results_by_topic_v3_and_below {
                for p in &topic.results_by_partition {
                    let what = || format!("{}-{} in transaction {id}", topic.name, p.partition_index);
                    ClientError::check(what, p.partition_error_code, None)?;
                }
            }
            Ok(())
        })
    }

    /// Ends the open transaction; everything appended must have been reported ([`Producer::is_idle`]).
    /// Answers whether it was committed: false if that was not asked for, or if it broke on the way, which
    /// aborts it. An error means that nobody knows.
    ///
    /// # Panics
    /// If records are still under way.
    pub fn end_transaction(&mut self, commit: bool) -> Result<bool, ClientError> {
        assert!(self.is_idle(), "a transaction ends behind its last record");
        let begun = self.queues.iter().any(|queue| queue.enlisted);
        self.queues.iter_mut().for_each(|queue| queue.enlisted = false);
        self.unlisted.clear();
        let (Some(id), Some(Identity { id: producer_id, epoch }), true) =
            (self.config.transactional_id.clone(), self.identity, begun)
        else {
            return Ok(commit && self.broken.take().is_none());
        };
        if self.broken.take().is_some() {
            return Ok(false);
        }
        let request = EndTxnRequest {
            transactional_id: id.as_str().into(),
            producer_id,
            producer_epoch: epoch,
            committed: commit,
        };
        let deadline = Instant::now() + TRANSACTION_TIMEOUT;
        loop {
            let ended = self.coordinator(&id).and_then(|node| {
                let timeout = self.cluster.config().request_timeout;
                self.cluster.call(node, self.protocol.end_version(), &request, timeout, |answer| {
                    let response = answer.read::<EndTxnRequest>()?;
                    ClientError::check(|| format!("end of transaction {id}"), response.error_code, None)?;
                    Ok(Identity { id: response.producer_id, epoch: response.producer_epoch })
                })
            });
            match ended {
                Ok(next) => {
                    // The first protocol goes on as who it was, and is told no one.
                    if next.id >= 0 {
                        self.identity = Some(next);
                        self.queues.iter_mut().for_each(Queue::renumber);
                    }
                    return Ok(commit);
                }
                // Ending it twice the same way is no mistake, so what was not answered is asked again.
                Err(error) if error.retriable() && Instant::now() < deadline => {
                    std::thread::sleep(RETRY_AFTER / 10);
                    if error.code() != Some(ErrorCode::ConcurrentTransactions) {
                        self.coordinator = None;
                        let _ = self.cluster.refresh(false);
                    }
                }
                Err(error @ ClientError::Refused { .. }) => {
                    self.renew = true;
                    return if commit { Err(error) } else { Ok(false) };
                }
                Err(error) => return Err(error),
            }
        }
    }
}
