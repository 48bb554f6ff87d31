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

mod exchange;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::admin::{self, OffsetSpec};
use super::cluster::Cluster;
use super::error::ClientError;
use super::setbacks::Setbacks;
use super::unpack::Record;

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
    /// An answer with bytes of this partition is here; what follows until the next of these came with it.
    Arrived,
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
    setbacks: Setbacks,
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
            setbacks: Setbacks::default(),
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

    /// What has held it up so far.
    pub fn setbacks(&self) -> Setbacks {
        self.setbacks
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
}
