//! The consumer's talk with brokers: what is asked for, and what the answers hold.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use headwater_core::ErrorCode;
use headwater_core::ids::TopicId;
use headwater_core::wire::Message;
use headwater_core::wire::fetch::{FetchPartition, FetchRequest, FetchTopic, PartitionData};

use super::super::error::ClientError;
use super::super::unpack::{self, Aborted, Unpacked};
use super::{Consumer, Event, RETRY_AFTER, Reading};

/// From this version on Fetch names topics by id.
const FETCH_BY_ID: i16 = 13;

/// From this version on an answer that tells of a quota comes at once, and the client is to wait (KIP-219); earlier ones
/// come when the wait is over.
const FETCH_THROTTLED_AFTERWARDS: i16 = 8;

impl Consumer {
    /// Sends a Fetch to each leader that has none under way; answers when to look again at what could not be
    /// asked for now.
    pub(super) fn fetch(&mut self, now: Instant) -> Result<Option<Instant>, ClientError> {
        let mut again: Option<Instant> = None;
        let mut wait_until = |at: Instant| again = Some(again.map_or(at, |before| before.min(at)));
        let mut by_node: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
        for (at, reading) in self.readings.iter().enumerate() {
            if reading.under_way || reading.position.is_none() || reading.out_of_range {
                if reading.out_of_range || reading.position.is_none() {
                    wait_until(now + RETRY_AFTER);
                }
                continue;
            }
            if let Some(until) = reading.blocked_until
                && until > now
            {
                wait_until(until);
                continue;
            }
            match self.cluster.leader(&reading.topic, reading.partition) {
                Some(node) if !self.fetches.contains_key(&node) => by_node.entry(node).or_default().push(at),
                Some(_) => {}
                None => {
                    self.refresh_at.get_or_insert(now + RETRY_AFTER);
                }
            }
        }
        for (node, wanted) in by_node {
            match self.cluster.data(node) {
                Ok(Some(connection)) => match connection.quiet_until(now) {
                    Some(until) => wait_until(until),
                    None => self.fetch_from(node, wanted)?,
                },
                Ok(None) => {
                    wait_until(self.cluster.rested_at(node).unwrap_or(now + RETRY_AFTER));
                    self.refresh_soon(now);
                }
                Err(error) if error.retriable() => {
                    wait_until(now + RETRY_AFTER);
                    self.refresh_soon(now);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(again)
    }

    fn fetch_from(&mut self, node: i32, mut wanted: Vec<usize>) -> Result<(), ClientError> {
        // Who came first in the last answer comes last in the next: an answer full of one partition must not
        // starve the others.
        if !wanted.is_empty() {
            let turn = (self.readings[wanted[0]].position.unwrap_or(0) as usize) % wanted.len();
            wanted.rotate_left(turn);
        }
        let ids: BTreeMap<Arc<str>, TopicId> = wanted
            .iter()
            .map(|&at| self.readings[at].topic.clone())
            .map(|topic| (topic.clone(), self.cluster.topic(&topic).map_or(TopicId::ZERO, |info| info.id)))
            .collect();
        let Some(connection) = self.cluster.open_data(node) else { return Ok(()) };
        let mut version = connection.version::<FetchRequest<'_>>(FetchRequest::MAX_VERSION)?;
        if version >= FETCH_BY_ID && ids.values().any(|id| *id == TopicId::ZERO) {
            version = FETCH_BY_ID - 1;
        }
        let mut topics: Vec<FetchTopic<'_>> = Vec::new();
        for &at in &wanted {
            let reading = &mut self.readings[at];
            let Some(fetch_offset) = reading.position else { continue };
            reading.under_way = true;
            let partition = FetchPartition {
                partition: reading.partition,
                current_leader_epoch: -1,
                fetch_offset,
                log_start_offset: -1,
                partition_max_bytes: self.config.max_partition_bytes,
                ..Default::default()
            };
            match topics.iter_mut().find(|topic| *topic.topic == *reading.topic) {
                Some(topic) => topic.partitions.push(partition),
                None => topics.push(FetchTopic {
                    topic: reading.topic.to_string().into(),
                    topic_id: ids[&reading.topic],
                    partitions: vec![partition],
                }),
            }
        }
        let request = FetchRequest {
            replica_id: -1,
            max_wait_ms: i32::try_from(self.config.max_wait.as_millis()).unwrap_or(i32::MAX),
            min_bytes: self.config.min_bytes,
            max_bytes: self.config.max_bytes,
            isolation_level: i8::from(self.config.read_committed),
            session_id: 0,
            session_epoch: -1,
            topics,
            ..Default::default()
        };
        connection.send(&request, version);
        self.fetches.insert(node, wanted);
        Ok(())
    }

    pub(super) fn transfer(
        &mut self,
        node: i32,
        readable: bool,
        on: &mut dyn FnMut(&str, i32, Event<'_>),
    ) -> Result<(), ClientError> {
        let Some(connection) = self.cluster.open_data(node) else { return Ok(()) };
        let moved = connection.transfer(readable);
        let taken = self.take_answer(node, on);
        match moved.and(taken) {
            Ok(()) => Ok(()),
            Err(error) => {
                self.lose(node);
                // Who may not read will not be allowed to by asking again.
                let hopeless = matches!(error, ClientError::Refused { .. }) && !error.retriable();
                if hopeless { Err(error) } else { Ok(()) }
            }
        }
    }

    pub(super) fn lose(&mut self, node: i32) {
        self.setbacks.lost_connections += 1;
        self.cluster.drop_data(node);
        for at in self.fetches.remove(&node).unwrap_or_default() {
            self.readings[at].under_way = false;
        }
        self.refresh_soon(Instant::now());
    }

    fn take_answer(
        &mut self,
        node: i32,
        on: &mut dyn FnMut(&str, i32, Event<'_>),
    ) -> Result<(), ClientError> {
        let Self { cluster, readings, fetches, refresh_at, setbacks, .. } = self;
        let ids: BTreeMap<TopicId, Arc<str>> = fetches
            .get(&node)
            .into_iter()
            .flatten()
            .map(|&at| readings[at].topic.clone())
            .filter_map(|topic| Some((cluster.topic(&topic)?.id, topic)))
            .collect();
        let Some(connection) = cluster.open_data(node) else { return Ok(()) };
        let address = connection.address().to_owned();
        let Some(answer) = connection.take()? else { return Ok(()) };
        let asked = fetches.remove(&node).unwrap_or_default();
        for &at in &asked {
            readings[at].under_way = false;
        }
        let response = answer.read::<FetchRequest<'_>>()?;
        ClientError::check(|| format!("fetch from {address}"), response.error_code, None)?;
        for topic in &response.responses {
            let by_id = ids.get(&topic.topic_id).filter(|_| topic.topic.is_empty());
            let name: &str = by_id.map_or(&*topic.topic, |name| name);
            for data in &topic.partitions {
                let is_it = |at: &&usize| {
                    let reading = &readings[**at];
                    *reading.topic == *name && reading.partition == data.partition_index
                };
                let Some(&at) = asked.iter().find(is_it) else { continue };
                if !take_partition(&mut readings[at], data, on)? {
                    refresh_at.get_or_insert(Instant::now() + RETRY_AFTER);
                }
            }
        }
        let (throttle_ms, version) = (response.throttle_time_ms, answer.version());
        drop(response);
        if version >= FETCH_THROTTLED_AFTERWARDS {
            setbacks.throttle(connection, throttle_ms);
        }
        Ok(())
    }
}

/// Takes one partition's part of an answer; answers false if its leader must be looked up again.
fn take_partition(
    reading: &mut Reading,
    data: &PartitionData<'_>,
    on: &mut dyn FnMut(&str, i32, Event<'_>),
) -> Result<bool, ClientError> {
    let what = || format!("reading {}-{}", reading.topic, reading.partition);
    match ErrorCode::from_code(data.error_code) {
        Some(ErrorCode::None) => {}
        Some(ErrorCode::OffsetOutOfRange) => {
            reading.out_of_range = true;
            return Ok(true);
        }
        // The broker found its own copy damaged: nothing it could send would be right.
        Some(code) if code.retriable() => {
            reading.blocked_until = Some(Instant::now() + RETRY_AFTER);
            return Ok(false);
        }
        _ => return ClientError::check(what, data.error_code, None).map(|()| true),
    }
    reading.high_watermark = (data.high_watermark >= 0).then_some(data.high_watermark);
    let (Some(mut position), Some(bytes)) = (reading.position, data.records.slice()) else { return Ok(true) };
    let (topic, partition) = (reading.topic.clone(), reading.partition);
    let aborted = data.aborted_transactions.iter().flatten().map(|t| (t.first_offset, t.producer_id));
    if !bytes.is_empty() {
        on(&topic, partition, Event::Arrived);
    }
    unpack::unpack(bytes, Aborted::new(aborted), &mut position, &mut |unpacked| match unpacked {
        Unpacked::Record(record) => on(&topic, partition, Event::Record(record)),
        Unpacked::Damaged { offset, records, why } => {
            on(&topic, partition, Event::Damaged { offset, records, why });
        }
    });
    reading.position = Some(position);
    Ok(true)
}
