//! Reads partitions: one Fetch at a time to each broker that leads some of them, without a fetch session.
//!
//! One owner, one thread: [`Consumer::poll`] sends a Fetch wherever none is under way, waits, and hands over
//! each record while its bytes are still in the connection's buffer. A partition's records come in offset
//! order, each once per position; a Fetch may answer with a batch that begins before the position (behaviour
//! 39), and what lies before it is dropped here.
//!
//! When the broker says that a position is out of range, the position moves to the nearest end of the log:
//! forward if retention has passed it, back if the log is shorter than what was read before. The second is a
//! loss of data that somebody has already seen; it is told as [`Event::Rewound`] and is never routine.
//!
//! Deliberately absent: fetch sessions, fetching from followers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_core::ErrorCode;
use headwater_core::ids::TopicId;
use headwater_core::wire::Message;
use headwater_core::wire::fetch::{FetchPartition, FetchRequest, FetchTopic, PartitionData};

use super::admin::{self, OffsetSpec};
use super::cluster::Cluster;
use super::error::ClientError;
use super::unpack::{self, Aborted, Record, Unpacked};

/// From this version on Fetch names topics by id.
const FETCH_BY_ID: i16 = 13;

/// How long a partition that was refused is left alone.
const RETRY_AFTER: Duration = Duration::from_millis(50);

/// How much a consumer asks for at once.
#[derive(Clone, Debug)]
pub struct ConsumerConfig {
    /// A broker answers as soon as it has this many bytes.
    pub min_bytes: i32,
    /// And at the latest after this long.
    pub max_wait: Duration,
    /// Bytes in one answer; a single greater batch still comes.
    pub max_bytes: i32,
    /// Bytes of one partition in one answer.
    pub max_partition_bytes: i32,
    /// Whether records of transactions are read only once those are committed.
    pub read_committed: bool,
}

impl Default for ConsumerConfig {
    fn default() -> Self {
        Self {
            min_bytes: 1,
            max_wait: Duration::from_millis(500),
            max_bytes: 16 << 20,
            max_partition_bytes: 1 << 20,
            read_committed: false,
        }
    }
}

/// Where to begin reading a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the first offset there is.
    Earliest,
    /// Behind the last.
    Latest,
    /// At this offset.
    At(i64),
}

/// What a consumer meets in a partition.
#[derive(Debug)]
pub enum Event<'a> {
    /// A record.
    Record(Record<'a>),
    /// A batch that fails its checksum, or cannot be unpacked: it is skipped.
    Damaged {
        /// Its first offset, as far as that can be believed.
        offset: i64,
        /// How many records it says it holds.
        records: u64,
        /// What is wrong with it.
        why: String,
    },
    /// The log is shorter than what was read from it before.
    Rewound {
        /// Where reading was.
        from: i64,
        /// Where it goes on.
        to: i64,
    },
    /// Records before this position are gone (retention).
    Skipped {
        /// Where reading was.
        from: i64,
        /// Where it goes on.
        to: i64,
    },
}

/// One partition being read.
#[derive(Debug)]
struct Reading {
    topic: Arc<str>,
    partition: i32,
    start: Start,
    position: Option<i64>,
    high_watermark: Option<i64>,
    blocked_until: Option<Instant>,
    out_of_range: bool,
    under_way: bool,
}

/// A reader of partitions.
#[derive(Debug)]
pub struct Consumer {
    cluster: Cluster,
    config: ConsumerConfig,
    readings: Vec<Reading>,
    /// By node: which readings its unanswered Fetch asks for.
    fetches: BTreeMap<i32, Vec<usize>>,
    refresh_at: Option<Instant>,
    lost_connections: u64,
}

impl Consumer {
    /// A consumer on `cluster` that reads nothing yet.
    pub fn new(cluster: Cluster, config: ConsumerConfig) -> Self {
        Self {
            cluster,
            config,
            readings: Vec::new(),
            fetches: BTreeMap::new(),
            refresh_at: None,
            lost_connections: 0,
        }
    }

    /// The cluster it reads from.
    pub fn cluster(&mut self) -> &mut Cluster {
        &mut self.cluster
    }

    /// Reads exactly these partitions from now on. What is under way for others is thrown away.
    pub fn assign(&mut self, partitions: impl IntoIterator<Item = (String, i32, Start)>) {
        for node in std::mem::take(&mut self.fetches).into_keys() {
            self.cluster.close_data(node);
        }
        let mut names: BTreeMap<String, Arc<str>> = BTreeMap::new();
        let reading = |(topic, partition, start): (String, i32, Start)| {
            let name = names.entry(topic).or_insert_with_key(|topic| topic.as_str().into()).clone();
            let position = if let Start::At(offset) = start { Some(offset) } else { None };
            Reading {
                topic: name,
                partition,
                start,
                position,
                high_watermark: None,
                blocked_until: None,
                out_of_range: false,
                under_way: false,
            }
        };
        self.readings = partitions.into_iter().map(reading).collect();
        for topic in names.keys() {
            self.cluster.track(topic);
        }
        self.refresh_at = Some(Instant::now());
    }

    /// Where reading of each partition stands: the offset of the next record to come. Partitions not begun
    /// yet are left out.
    pub fn positions(&self) -> impl Iterator<Item = (&str, i32, i64)> {
        self.readings.iter().filter_map(|r| Some((&*r.topic, r.partition, r.position?)))
    }

    /// How far readers may read each partition, as the last answer said.
    pub fn high_watermarks(&self) -> impl Iterator<Item = (&str, i32, i64)> {
        self.readings.iter().filter_map(|r| Some((&*r.topic, r.partition, r.high_watermark?)))
    }

    /// How many connections broke.
    pub fn lost_connections(&self) -> u64 {
        self.lost_connections
    }

    /// Fetches once round: waits until something came, or `until`. An error here is one that repetition
    /// cannot heal.
    pub fn poll(
        &mut self,
        until: Instant,
        on: &mut dyn FnMut(&str, i32, Event<'_>),
    ) -> Result<(), ClientError> {
        let now = Instant::now();
        self.heal(now, on)?;
        let again_at = self.fetch(now)?;
        let mut wake = until;
        for at in [again_at, self.refresh_at].into_iter().flatten() {
            wake = wake.min(at);
        }
        for node in self.cluster.data_nodes() {
            self.transfer(node, false, on)?;
        }
        for node in self.cluster.wait_for_data(wake) {
            self.transfer(node, true, on)?;
        }
        for node in self.cluster.hung(self.cluster.config().request_timeout + self.config.max_wait) {
            self.lose(node);
        }
        Ok(())
    }

    /// Finds out leaders and positions where they are missing.
    fn heal(&mut self, now: Instant, on: &mut dyn FnMut(&str, i32, Event<'_>)) -> Result<(), ClientError> {
        if self.refresh_at.is_some_and(|at| at <= now) {
            match self.cluster.refresh(false) {
                Ok(()) => self.refresh_at = None,
                Err(error) if error.retriable() => {
                    self.refresh_at = Some(Instant::now() + RETRY_AFTER);
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        for at in 0..self.readings.len() {
            let reading = &self.readings[at];
            let waiting = reading.blocked_until.is_some_and(|until| until > now);
            if waiting || (reading.position.is_some() && !reading.out_of_range) {
                continue;
            }
            let (topic, partition) = (reading.topic.clone(), reading.partition);
            if self.cluster.leader(&topic, partition).is_none() {
                self.refresh_soon(now);
                continue;
            }
            match self.find_position(at, on) {
                Ok(()) => {}
                Err(error) if error.retriable() => {
                    self.readings[at].blocked_until = Some(now + RETRY_AFTER);
                    self.refresh_soon(now);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn find_position(
        &mut self,
        at: usize,
        on: &mut dyn FnMut(&str, i32, Event<'_>),
    ) -> Result<(), ClientError> {
        let (topic, partition) = (self.readings[at].topic.clone(), self.readings[at].partition);
        let mut ask = |spec| {
            let found = admin::offsets(&mut self.cluster, &topic, &[partition], spec)?;
            Ok::<i64, ClientError>(found.get(&partition).copied().flatten().unwrap_or(0))
        };
        let before = self.readings[at].position;
        let to = match before {
            Some(from) => {
                let (earliest, latest) = (ask(OffsetSpec::Earliest)?, ask(OffsetSpec::Latest)?);
                if from > latest {
                    on(&topic, partition, Event::Rewound { from, to: latest });
                    latest
                } else if from < earliest {
                    on(&topic, partition, Event::Skipped { from, to: earliest });
                    earliest
                } else {
                    from
                }
            }
            None if self.readings[at].start == Start::Latest => ask(OffsetSpec::Latest)?,
            None => ask(OffsetSpec::Earliest)?,
        };
        let reading = &mut self.readings[at];
        (reading.position, reading.out_of_range) = (Some(to), false);
        Ok(())
    }

    fn refresh_soon(&mut self, now: Instant) {
        self.refresh_at.get_or_insert(now + RETRY_AFTER);
    }

    /// Sends a Fetch to each leader that has none under way; answers when to look again at what could not be
    /// asked for now.
    fn fetch(&mut self, now: Instant) -> Result<Option<Instant>, ClientError> {
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
                Ok(Some(_)) => self.fetch_from(node, wanted)?,
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

    fn transfer(
        &mut self,
        node: i32,
        readable: bool,
        on: &mut dyn FnMut(&str, i32, Event<'_>),
    ) -> Result<(), ClientError> {
        let Some(connection) = self.cluster.open_data(node) else { return Ok(()) };
        let moved = connection.transfer(readable);
        let taken = self.take_answer(node, on);
        if moved.is_err() || taken.is_err() {
            self.lose(node);
        }
        Ok(())
    }

    fn lose(&mut self, node: i32) {
        self.lost_connections += 1;
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
        let Self { cluster, readings, fetches, refresh_at, .. } = self;
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
    unpack::unpack(bytes, Aborted::new(aborted), &mut position, &mut |unpacked| match unpacked {
        Unpacked::Record(record) => on(&topic, partition, Event::Record(record)),
        Unpacked::Damaged { offset, records, why } => {
            on(&topic, partition, Event::Damaged { offset, records, why });
        }
    });
    reading.position = Some(position);
    Ok(true)
}
