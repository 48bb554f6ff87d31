//! The producer's talk with brokers: requests of what is due, and what the answers say.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use headwater_core::ids::TopicId;
use headwater_core::wire::produce::{
    PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData,
};
use headwater_core::wire::{Message, Records};

use super::super::cluster::Cluster;
use super::super::error::ClientError;
use super::super::queue::Verdict;
use super::identity::Protocol;
use super::{Acks, Delivery, Producer, RETRY_AFTER, list};

/// From this version on Produce names topics by id.
const PRODUCE_BY_ID: i16 = 13;

/// Up to this version a transaction must have been told of a partition before; later ones tell it by
/// themselves, which is for who speaks the second protocol of transactions.
const PRODUCE_ENLISTED: i16 = 11;

/// From this version on an answer that tells of a quota comes at once, and the client is to wait (KIP-219); earlier ones
/// come when the wait is over.
const PRODUCE_THROTTLED_AFTERWARDS: i16 = 6;

/// Bytes of batches in one request; a single greater batch still goes, alone.
const REQUEST_BYTES: usize = 1 << 20;

/// A smaller batch is copied into its request: that costs less than a slice of its own in the write.
const COPIED_BELOW_BYTES: usize = 4096;

fn records_of(batch: &Bytes) -> Records<'_> {
    if batch.len() < COPIED_BELOW_BYTES { Records::Borrowed(batch) } else { batch.clone().into() }
}

impl Producer {
    /// Gives each broker one request of what is due for it; answers when to try again what could not go now.
    pub(super) fn send(
        &mut self,
        now: Instant,
        deliver: &mut dyn FnMut(Delivery<'_>),
    ) -> Result<Option<Instant>, ClientError> {
        let mut again: Option<Instant> = None;
        let mut wait_until = |at: Instant| again = Some(again.map_or(at, |before| before.min(at)));
        let mut by_node: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
        for _ in 0..self.sendable.len() {
            let Some(handle) = self.sendable.pop_front() else { break };
            let queue = &mut self.queues[handle];
            queue.listed = false;
            if !queue.has_due(now) {
                continue;
            }
            list(&mut self.sendable, queue, handle);
            // What waits for its turn is looked at again when an answer comes; only other reasons need a
            // clock.
            if self.renew || !self.unlisted.is_empty() {
                wait_until(now + RETRY_AFTER);
                continue;
            }
            if let Some(until) = queue.blocked_until
                && until > now
            {
                wait_until(until);
                continue;
            }
            let Some(node) = self.cluster.leader(&queue.topic, queue.partition) else {
                self.refresh_at.get_or_insert(now + RETRY_AFTER);
                continue;
            };
            if queue.may_send(node) {
                by_node.entry(node).or_default().push(handle);
            }
        }
        for (node, handles) in by_node {
            match self.cluster.data(node) {
                Ok(Some(connection)) => {
                    if let Some(until) = connection.quiet_until(now) {
                        wait_until(until);
                        continue;
                    }
                    let under_way = connection.unanswered().max(connection.output());
                    if under_way < self.config.in_flight_max {
                        self.send_to(node, &handles, now, deliver)?;
                    }
                }
                Ok(None) => {
                    wait_until(self.cluster.rested_at(node).unwrap_or(now + RETRY_AFTER));
                    self.refresh_soon(now);
                }
                Err(error) if error.retriable() => {
                    self.trouble = Some(error.to_string());
                    wait_until(now + RETRY_AFTER);
                    self.refresh_soon(now);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(again)
    }

    fn send_to(
        &mut self,
        node: i32,
        handles: &[usize],
        now: Instant,
        deliver: &mut dyn FnMut(Delivery<'_>),
    ) -> Result<(), ClientError> {
        let Some(connection) = self.cluster.open_data(node) else { return Ok(()) };
        let mut version = connection.version::<ProduceRequest<'_>>(ProduceRequest::MAX_VERSION)?;
        let id_of =
            |cluster: &Cluster, topic: &str| cluster.topic(topic).map_or(TopicId::ZERO, |info| info.id);
        let ids: Vec<TopicId> =
            handles.iter().map(|&handle| id_of(&self.cluster, &self.queues[handle].topic)).collect();
        if self.config.transactional_id.is_some() && self.protocol == Protocol::First {
            version = version.min(PRODUCE_ENLISTED);
        }
        if version >= PRODUCE_BY_ID && ids.contains(&TopicId::ZERO) {
            version = PRODUCE_BY_ID - 1;
        }
        let (mut carried, mut bytes) = (Vec::with_capacity(handles.len()), 0);
        for (&handle, &id) in handles.iter().zip(&ids) {
            if bytes >= REQUEST_BYTES {
                break;
            }
            if let Some(batch) = self.queues[handle].send(node, self.identity, now) {
                bytes += batch.bytes().len();
                carried.push((handle, id));
            }
        }
        if carried.is_empty() {
            return Ok(());
        }
        let mut topics: Vec<TopicProduceData<'_>> = Vec::new();
        for &(handle, topic_id) in &carried {
            let queue = &self.queues[handle];
            let records = queue.last_sent().map_or(Records::Null, |batch| records_of(batch.bytes()));
            let data = PartitionProduceData { index: queue.partition, records };
            match topics.iter_mut().find(|topic| *topic.name == *queue.topic) {
                Some(topic) => topic.partition_data.push(data),
                None => {
                    topics.push(TopicProduceData {
                        name: (*queue.topic).into(),
                        topic_id,
                        partition_data: vec![data],
                    });
                }
            }
        }
        let request = ProduceRequest {
            transactional_id: self.config.transactional_id.as_deref().map(Into::into),
            acks: self.config.acks.code(),
            timeout_ms: i32::try_from(self.cluster.config().request_timeout.as_millis()).unwrap_or(i32::MAX),
            topic_data: topics,
        };
        let Some(connection) = self.cluster.open_data(node) else { return Ok(()) };
        if self.config.acks != Acks::None {
            connection.send(&request, version);
            let handles = carried.iter().map(|(handle, _)| *handle).collect();
            self.pipelines.entry(node).or_default().push_back(handles);
            return Ok(());
        }
        connection.send_unanswered(&request, version);
        for (handle, _) in carried {
            if let (_, Some(batch)) = self.queues[handle].on_answer(0) {
                self.report(handle, batch, Ok(None), deliver);
            }
        }
        Ok(())
    }

    /// Moves bytes on the connection to `node`: out, and if `readable` in.
    pub(super) fn transfer(&mut self, node: i32, readable: bool, deliver: &mut dyn FnMut(Delivery<'_>)) {
        let Some(connection) = self.cluster.open_data(node) else { return };
        let moved = connection.transfer(readable);
        // What had come before the connection broke still counts.
        let taken = self.take_answers(node, deliver);
        if let Err(error) = moved.and(taken) {
            self.trouble = Some(error.to_string());
            self.lose(node);
        }
    }

    pub(super) fn lose(&mut self, node: i32) {
        self.lost_connections += 1;
        self.cluster.drop_data(node);
        let now = Instant::now();
        for handles in self.pipelines.remove(&node).unwrap_or_default() {
            for handle in handles {
                let queue = &mut self.queues[handle];
                queue.on_connection_lost();
                list(&mut self.sendable, queue, handle);
            }
        }
        self.refresh_soon(now);
    }

    fn take_answers(&mut self, node: i32, deliver: &mut dyn FnMut(Delivery<'_>)) -> Result<(), ClientError> {
        let mut results = Vec::new();
        loop {
            let Some(connection) = self.cluster.open_data(node) else { return Ok(()) };
            let Some(answer) = connection.take()? else { return Ok(()) };
            let response = answer.read::<ProduceRequest<'_>>()?;
            let Some(handles) = self.pipelines.get_mut(&node).and_then(VecDeque::pop_front) else {
                return Ok(());
            };
            let (throttle_ms, version) = (response.throttle_time_ms, answer.version());
            results.clear();
            read_results(&response, &mut results);
            drop(response);
            if throttle_ms > 0 && version >= PRODUCE_THROTTLED_AFTERWARDS {
                self.throttled += connection.throttle(throttle_ms, Instant::now());
            }
            self.settle(handles, &results, deliver);
        }
    }

    fn settle(
        &mut self,
        handles: Vec<usize>,
        results: &[PartitionResult],
        deliver: &mut dyn FnMut(Delivery<'_>),
    ) {
        let now = Instant::now();
        for (at, handle) in handles.into_iter().enumerate() {
            let queue = &mut self.queues[handle];
            let id = self.cluster.topic(&queue.topic).map(|info| info.id);
            let is_it = |r: &PartitionResult| r.is(&queue.topic, id, queue.partition);
            // Brokers answer in the request's order as a rule.
            let result = results.get(at).filter(|r| is_it(r)).or_else(|| results.iter().find(|r| is_it(r)));
            let (code, base_offset, message) = match result {
                Some(result) => (result.code, result.base_offset, result.message.clone()),
                None => (headwater_core::ErrorCode::NetworkException.code(), -1, None),
            };
            let (verdict, done) = queue.on_answer(code);
            if queue.has_due(now) {
                list(&mut self.sendable, queue, handle);
            }
            match verdict {
                Verdict::Acked => {}
                Verdict::Again => {
                    let what = format!("producing to {}-{}", queue.topic, queue.partition);
                    let refused = ClientError::check(|| what, code, message.as_deref());
                    self.trouble = refused.err().map(|error| error.to_string());
                    queue.blocked_until = Some(now + RETRY_AFTER);
                    self.refresh_soon(now);
                }
                Verdict::AgainAsAnother | Verdict::Refused => self.renew |= self.identity.is_some(),
            }
            if let Some(batch) = done {
                let queue = &self.queues[handle];
                let what = || format!("producing to {}-{}", queue.topic, queue.partition);
                let outcome = match verdict {
                    Verdict::Acked => Ok((base_offset >= 0).then_some(base_offset)),
                    _ => Err(ClientError::Refused { what: what(), code, message: message.clone() }),
                };
                if outcome.as_ref().is_err_and(ClientError::forbidden) {
                    self.forbidden = ClientError::check(what, code, message.as_deref()).err();
                }
                self.report(handle, batch, outcome, deliver);
            }
        }
    }
}

/// One partition's part of an answer, detached from the connection's buffer.
#[derive(Debug)]
struct PartitionResult {
    topic: Arc<str>,
    id: TopicId,
    partition: i32,
    code: i16,
    base_offset: i64,
    message: Option<String>,
}

impl PartitionResult {
    fn is(&self, topic: &str, id: Option<TopicId>, partition: i32) -> bool {
        let same_topic = if self.topic.is_empty() { Some(self.id) == id } else { &*self.topic == topic };
        self.partition == partition && same_topic
    }
}

fn read_results(response: &ProduceResponse<'_>, results: &mut Vec<PartitionResult>) {
    for topic in &response.responses {
        let name: Arc<str> = topic.name.as_ref().into();
        for p in &topic.partition_responses {
            results.push(PartitionResult {
                topic: name.clone(),
                id: topic.topic_id,
                partition: p.index,
                code: p.error_code,
                base_offset: p.base_offset,
                message: p.error_message.clone().map(String::from),
            });
        }
    }
}
