//! One load consumer: a thread that reads some partitions, or what its group gives it, checks every record
//! and times how long it took from the producer.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::client::admin::{self, NamedPartition};
use crate::client::group::{Beat, Membership};
use crate::client::{ClientError, Cluster, Consumer, ConsumerConfig, Event, Setbacks, Start};
use crate::clock::Clock;
use crate::latency::Latency;
use crate::producer::lock;
use crate::reader::{Layout, Reader};

/// The longest wait: how soon a stop is noticed.
const TURN: Duration = Duration::from_millis(100);

/// How often a member commits.
const COMMIT: Duration = Duration::from_secs(1);

/// A slow reader asks for little at once, so that it is slow evenly.
const SLOW_FETCH_BYTES: i32 = 64 << 10;

/// What a consumer has done, shared with the reporter; the histograms hold what came since the reporter's
/// last visit.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub consumed: u64,
    pub end_to_end: Latency,
    /// How long joining a group took, each time.
    pub join: Latency,
    pub setbacks: Setbacks,
    /// Where the log was found shorter than what had been read, as text.
    pub rewound: Vec<String>,
    /// What was found damaged, as text; the first few.
    pub damaged: Vec<String>,
    /// Failed commits and the like, as text: the last.
    pub trouble: Option<String>,
}

/// How many descriptions of damage are kept.
pub(crate) const DAMAGE_TOLD: usize = 20;

/// A consumer's place in a group of consumers.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub group: String,
    pub number: u32,
    pub members: u32,
    /// So often one of them leaves and comes back; zero for never.
    pub churn: Duration,
}

/// What one load consumer is to do.
pub(crate) struct LoadConsumer<'a> {
    pub layout: &'a Layout,
    pub reader: &'a Reader,
    /// The numbers of the partitions it reads, without a group.
    pub assigned: Vec<usize>,
    pub member: Option<Member>,
    pub read_committed: bool,
    pub clock: Clock,
    /// When it begins to read, if its reader is late.
    pub starts_at: u64,
    /// Latencies of records that were meant to be sent from here …
    pub measure_from: u64,
    /// … to here count.
    pub measure_to: u64,
    /// Set when producing has ended: what was slow on purpose may hurry.
    pub load_over: &'a AtomicBool,
}

/// So many records that come one behind the other have one time of reading: the clock costs as much as checking
/// one of a hundred bytes, and they are no further apart than a few microseconds.
const RECORDS_A_LOOK: u32 = 64;

/// What came in one poll, before it is added to the tally under one lock.
#[derive(Default)]
struct Caught {
    consumed: u64,
    latencies: Vec<u64>,
    /// When the last records were read, on the run's clock, and how many more share that.
    now: u64,
    shared: u32,
    /// The partition of the last record, for the next one's sake: they come in runs.
    last: Option<(i32, usize)>,
    last_topic: String,
    /// When positions were last told.
    told: Option<Instant>,
}

impl LoadConsumer<'_> {
    /// Reads until `stop` is set.
    pub fn run(self, cluster: Cluster, stop: &AtomicBool, tally: &Mutex<Tally>) -> Result<(), ClientError> {
        let over = || stop.load(Ordering::Relaxed) || self.load_over.load(Ordering::Relaxed);
        while !self.reader.late.is_zero() && self.clock.now() < self.starts_at && !over() {
            let left = Duration::from_nanos(self.starts_at.saturating_sub(self.clock.now()));
            std::thread::sleep(TURN.min(left));
        }
        let mut config = ConsumerConfig { read_committed: self.read_committed, ..ConsumerConfig::default() };
        if self.reader.pace.is_some() {
            config.max_bytes = SLOW_FETCH_BYTES;
            config.max_partition_bytes = SLOW_FETCH_BYTES;
        }
        let mut consumer = Consumer::new(cluster, config);
        let mut caught = Caught::default();
        match &self.member {
            None => {
                let start = |number: &usize| {
                    let (topic, partition) = self.layout.place(*number);
                    (topic.to_owned(), partition, Start::At(lock(&self.reader.places[*number]).begin))
                };
                consumer.assign(self.assigned.iter().map(start).collect::<Vec<_>>());
                let began = Instant::now();
                let mut total = 0;
                while !stop.load(Ordering::Relaxed) {
                    total += self.poll(&mut consumer, &mut caught, tally)?;
                    self.keep_pace(began, total, stop);
                }
                Ok(())
            }
            Some(member) => {
                let mut membership = Membership::new(member.group.as_str(), self.layout.topics.clone());
                let ended = self.in_group(member, &mut membership, &mut consumer, &mut caught, stop, tally);
                // Whatever ended it, the others must not wait for this member's session to run out.
                let left = membership.leave(consumer.cluster());
                ended.and(left.or_else(|error| if error.retriable() { Ok(()) } else { Err(error) }))
            }
        }
    }

    /// Reads once round; answers how many records came.
    fn poll(
        &self,
        consumer: &mut Consumer,
        caught: &mut Caught,
        tally: &Mutex<Tally>,
    ) -> Result<u64, ClientError> {
        consumer.poll(Instant::now() + TURN, &mut |topic, partition, event| {
            self.note(topic, partition, event, caught, tally);
        })?;
        // Control records and aborted ones move the position without being seen. Not after each poll: there may
        // be ten thousand partitions.
        let now = Instant::now();
        let tell = caught.told.is_none_or(|told| now >= told + TURN);
        if tell {
            caught.told = Some(now);
        }
        for (topic, partition, at) in consumer.positions().filter(|_| tell) {
            if let Some(number) = self.layout.number(topic, partition) {
                let mut place = lock(&self.reader.places[number]);
                place.position = place.position.max(at);
            }
        }
        let mut tally = lock(tally);
        tally.setbacks = consumer.setbacks();
        tally.consumed += caught.consumed;
        for latency in caught.latencies.drain(..) {
            tally.end_to_end.record(latency);
        }
        Ok(std::mem::take(&mut caught.consumed))
    }

    /// Sleeps while more than the pace allows has been read.
    fn keep_pace(&self, began: Instant, total: u64, stop: &AtomicBool) {
        let Some(pace) = self.reader.pace else { return };
        let due = began + Duration::from_secs_f64(total as f64 / pace as f64);
        while !stop.load(Ordering::Relaxed) && !self.load_over.load(Ordering::Relaxed) {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(TURN));
        }
    }

    fn note(&self, topic: &str, partition: i32, event: Event<'_>, caught: &mut Caught, tally: &Mutex<Tally>) {
        let number = match caught.last {
            Some((last, number)) if last == partition && caught.last_topic == topic => number,
            _ => {
                let Some(number) = self.layout.number(topic, partition) else { return };
                caught.last = Some((partition, number));
                topic.clone_into(&mut caught.last_topic);
                number
            }
        };
        match event {
            Event::Arrived => caught.shared = 0,
            Event::Record(record) => {
                let mut place = lock(&self.reader.places[number]);
                let offset = record.offset.get();
                if offset < place.position {
                    place.redelivered += 1;
                    return;
                }
                place.position = offset + 1;
                let Some(label) = place.observed.note(record.value) else { return };
                caught.consumed += 1;
                if self.reader.timed && (self.measure_from..self.measure_to).contains(&label.stamp) {
                    if caught.shared == 0 {
                        (caught.now, caught.shared) = (self.clock.now(), RECORDS_A_LOOK);
                    }
                    caught.shared -= 1;
                    caught.latencies.push(caught.now.saturating_sub(label.stamp));
                }
            }
            Event::Damaged { offset, records, why } => {
                lock(&self.reader.places[number]).observed.note_damaged_batch(records);
                let mut tally = lock(tally);
                if tally.damaged.len() < DAMAGE_TOLD {
                    tally.damaged.push(format!("{topic}-{partition} offset {offset}: {why}"));
                }
            }
            Event::Rewound { from, to } => {
                lock(&self.reader.places[number]).position = to;
                lock(tally)
                    .rewound
                    .push(format!("{topic}-{partition}: read up to {from}, the log ends at {to}"));
            }
            // Retention: what it took is counted as lost if it was acknowledged, since nobody has read it.
            Event::Skipped { .. } => {}
        }
    }

    fn in_group(
        &self,
        member: &Member,
        membership: &mut Membership,
        consumer: &mut Consumer,
        caught: &mut Caught,
        stop: &AtomicBool,
        tally: &Mutex<Tally>,
    ) -> Result<(), ClientError> {
        self.join(membership, consumer, tally)?;
        let mut commit_at = Instant::now() + COMMIT;
        let mut turns = self.churn_turn(member);
        while !stop.load(Ordering::Relaxed) {
            self.poll(consumer, caught, tally)?;
            if Instant::now() >= commit_at {
                commit_at = Instant::now() + COMMIT;
                commit(membership, consumer, tally);
            }
            let turn = self.churn_turn(member);
            if turn != turns && !self.load_over.load(Ordering::Relaxed) {
                turns = turn;
                if turn % u64::from(member.members) == u64::from(member.number) {
                    commit(membership, consumer, tally);
                    consumer.assign(Vec::new());
                    membership.leave(consumer.cluster())?;
                    self.join(membership, consumer, tally)?;
                }
            }
            if membership.beat(consumer.cluster())? == Beat::Rejoin {
                commit(membership, consumer, tally);
                self.join(membership, consumer, tally)?;
            }
        }
        commit(membership, consumer, tally);
        Ok(())
    }

    /// How many times members have come and gone by now.
    fn churn_turn(&self, member: &Member) -> u64 {
        let churn = member.churn.as_nanos() as u64;
        self.clock.now().saturating_sub(self.measure_from).checked_div(churn).unwrap_or(0)
    }

    fn join(
        &self,
        membership: &mut Membership,
        consumer: &mut Consumer,
        tally: &Mutex<Tally>,
    ) -> Result<(), ClientError> {
        let began = Instant::now();
        let assigned = membership.join(consumer.cluster())?.to_vec();
        let committed = admin::committed(consumer.cluster(), membership.group())?;
        lock(tally).join.record(began.elapsed().as_nanos() as u64);
        let start = |partition: NamedPartition| {
            let number = self.layout.number(&partition.0, partition.1)?;
            let at = committed.get(&partition).copied();
            let at = at.unwrap_or_else(|| lock(&self.reader.places[number]).begin);
            Some((partition.0, partition.1, Start::At(at)))
        };
        consumer.assign(assigned.into_iter().filter_map(start).collect::<Vec<_>>());
        Ok(())
    }
}

/// Commits what has been read. A failure is told and not fatal: at worst records are delivered again.
fn commit(membership: &Membership, consumer: &mut Consumer, tally: &Mutex<Tally>) {
    let offsets: BTreeMap<NamedPartition, i64> =
        consumer.positions().map(|(topic, partition, at)| ((topic.to_owned(), partition), at)).collect();
    if let Err(error) = membership.commit(consumer.cluster(), &offsets) {
        lock(tally).trouble = Some(error.to_string());
    }
}
