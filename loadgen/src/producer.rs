//! One load producer: a thread that makes records by its timetable and notes what becomes of them.
//!
//! The records of a moment are made when something can happen with them: when a batch is full or its linger
//! is over. Between those moments the thread sleeps, however many records fall due; each carries the time it
//! was meant for, so nothing is measured differently for it.
//!
//! When the broker holds the producer up, at most the client's buffer is filled; what falls due after that is
//! made later and keeps its intended time.
//!
//! In transactions a record counts as acknowledged when its transaction is committed: only then is it
//! anybody's. Records of aborted ones are counted apart and have no latency.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::client::{
    ClientError, Cluster, Delivery, IfMissing, Partitioner, Producer, ProducerConfig, RecordParts, for_key,
};
use crate::clock::Clock;
use crate::keys::KeySpace;
use crate::latency::Latency;
use crate::pacer::Pacer;
use crate::payload::Template;
use crate::reader::Layout;
use crate::rng::Rng;
use crate::verify::Sent;

/// How many records are made before answers are looked at again: bounds how long an answer waits to be timed.
const RECORDS_A_TURN: u32 = 2000;

/// The longest sleep: how soon a stop is noticed.
const TURN: Duration = Duration::from_millis(50);

/// What a producer has done, shared with the reporter; the histograms hold what came since the reporter's
/// last visit.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub produced: u64,
    pub acked: u64,
    pub failed: u64,
    pub aborted: u64,
    /// Acknowledged within the measured window: records, and bytes of values.
    pub measured: u64,
    pub measured_bytes: u64,
    /// Ended within the measured window, either way.
    pub transactions: u64,
    pub response: Latency,
    pub service: Latency,
    pub queueing: Latency,
    pub lost_connections: u64,
    pub renewals: u64,
    pub throttled: Duration,
    /// The last reason why records failed.
    pub why_failed: Option<String>,
    /// What stood in the way since the reporter's last visit.
    pub trouble: Option<String>,
}

/// What one load producer is to do.
pub(crate) struct LoadProducer<'a> {
    pub layout: &'a Layout,
    pub run: u64,
    pub index: u32,
    pub template: Template,
    /// The mean size of values, for telling when a batch will be full.
    pub size_mean: f64,
    pub keys: &'a KeySpace,
    pub pacer: Pacer,
    pub clock: Clock,
    /// Latencies count from here …
    pub measure_from: u64,
    /// … to here.
    pub measure_to: u64,
    /// How long to wait for what is unacknowledged at the end.
    pub drain: Duration,
    /// Records of a transaction; 0 for none.
    pub transaction_records: u64,
    pub abort_share: f64,
    pub config: ProducerConfig,
}

/// Locks a tally; one whose thread has panicked is still readable.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A producer that is ready to send: it has its id, knows the topics, and holds no connection it does not
/// need.
pub(crate) fn prepare(
    cluster: Cluster,
    config: ProducerConfig,
    layout: &Layout,
    patience: Duration,
) -> Result<Producer, ClientError> {
    let mut producer = Producer::new(cluster, config)?;
    for number in 0..layout.len() {
        let (topic, partition) = layout.place(number);
        producer.partition(topic, partition);
    }
    producer.cluster().wait_for_topic(&layout.topics[0], IfMissing::Wait, patience)?;
    // Metadata is needed again only when something moves: four hundred idle connections would be four
    // hundred too many.
    producer.cluster().release_control();
    Ok(producer)
}

/// A batch that is in the log and waits for its transaction's end.
struct Held {
    handle: usize,
    first_number: u64,
    tags: Vec<u64>,
    value_bytes: usize,
    sent: Option<Instant>,
}

/// What a producer keeps account of while it runs.
struct Account<'a> {
    sent: Sent,
    tally: &'a Mutex<Tally>,
    /// Of the open transaction.
    held: Vec<Held>,
    falls: u64,
}

impl LoadProducer<'_> {
    /// Produces until the timetable ends or `stop` is set, then waits for what is unacknowledged; answers
    /// what was sent and acknowledged.
    pub fn run(
        mut self,
        mut producer: Producer,
        stop: &AtomicBool,
        tally: &Mutex<Tally>,
    ) -> Result<Sent, ClientError> {
        let places = (0..self.layout.len()).map(|number| self.layout.place(number));
        let handles: Vec<usize> = places.map(|(topic, p)| producer.partition(topic, p)).collect();
        let mut account = Account { sent: Sent::new(handles.len()), tally, held: Vec::new(), falls: 0 };
        let seed = Rng::new(self.run.rotate_left(self.index));
        let mut partitioner = Partitioner::new(self.config.batch_bytes, seed);
        let mut rng = Rng::new(self.run ^ u64::from(self.index).rotate_left(32));
        let overhead = RecordParts { key: Some(&[0; 14]), value: Some(&[]), headers: &[] }.bytes_max();
        let record_bytes = overhead + self.template.size_max();
        let mean_bytes = overhead + self.size_mean as usize;
        let mut last_handle = handles[0];
        let mut in_transaction = 0;

        loop {
            let now = self.clock.now();
            if stop.load(Ordering::Relaxed) || self.pacer.finished(now) {
                break;
            }
            let (mut made, mut has_room) = (0, true);
            let transaction_full =
                |in_transaction| self.transaction_records > 0 && in_transaction >= self.transaction_records;
            while made < RECORDS_A_TURN && !transaction_full(in_transaction) {
                has_room = producer.has_room(record_bytes);
                if !has_room {
                    break;
                }
                let Some(at) = self.pacer.take(now) else { break };
                let key = self.keys.draw(&mut rng);
                let key = key.as_ref().map(|key| &key[..]);
                let number = self.pick(key, mean_bytes, &mut partitioner, &mut rng);
                last_handle = handles[number];
                let sequence = producer.next_number(last_handle);
                let value = Some(self.template.value(number as u32, sequence, at));
                let record = RecordParts { key, value, headers: &[] };
                producer.append(last_handle, &record, (at / 1_000_000) as i64, at, self.clock.instant(at));
                account.sent.produced[number] += 1;
                made += 1;
                in_transaction += 1;
            }
            lock(tally).produced += u64::from(made);
            if transaction_full(in_transaction) {
                in_transaction = 0;
                self.end_transaction(&mut producer, &mut account, &mut rng, stop)?;
                continue;
            }
            let until = if made == RECORDS_A_TURN {
                Instant::now()
            } else if has_room {
                self.next_turn(now, producer.room_in_batch(last_handle) / mean_bytes)
            } else {
                Instant::now() + TURN
            };
            self.step(&mut producer, until, &mut account)?;
        }
        self.settle_all(&mut producer, &mut account)?;
        if self.transaction_records > 0 {
            self.end_transaction(&mut producer, &mut account, &mut rng, &AtomicBool::new(false))?;
        }
        Ok(account.sent)
    }

    /// The partition of the next record.
    fn pick(&self, key: Option<&[u8]>, bytes: usize, partitioner: &mut Partitioner, rng: &mut Rng) -> usize {
        let (topics, partitions) = (self.layout.topics.len(), self.layout.partitions);
        match key {
            Some(key) if topics > 1 => {
                rng.below(topics as u64) as usize * partitions as usize + for_key(key, partitions) as usize
            }
            key => partitioner.pick(key, bytes, (topics as i32) * partitions) as usize,
        }
    }

    /// Waits until everything is acknowledged, and gives up what is not in time.
    fn settle_all(&self, producer: &mut Producer, account: &mut Account<'_>) -> Result<(), ClientError> {
        producer.flush();
        let deadline = Instant::now() + self.drain;
        while !producer.is_idle() {
            if Instant::now() >= deadline {
                let mut deliver = |delivery: Delivery<'_>| self.note(&delivery, account);
                producer.abandon(&format!("not acknowledged within {:?}", self.drain), &mut deliver);
                break;
            }
            self.step(producer, Instant::now() + TURN, account)?;
        }
        Ok(())
    }

    fn end_transaction(
        &self,
        producer: &mut Producer,
        account: &mut Account<'_>,
        rng: &mut Rng,
        stop: &AtomicBool,
    ) -> Result<(), ClientError> {
        self.settle_all(producer, account)?;
        let commit = rng.unit() >= self.abort_share || stop.load(Ordering::Relaxed);
        let outcome = producer.end_transaction(commit);
        let held = std::mem::take(&mut account.held);
        if outcome.is_ok() && (self.measure_from..self.measure_to).contains(&self.clock.now()) {
            lock(account.tally).transactions += 1;
        }
        match outcome {
            Ok(true) => held.iter().for_each(|held| self.acknowledge(held, account)),
            Ok(false) => {
                for Held { handle, first_number, tags, .. } in held {
                    let count = tags.len() as u64;
                    account.sent.aborted[handle].insert(first_number, first_number + count);
                    lock(account.tally).aborted += count;
                }
            }
            // Nobody knows what became of it: such records may be in the log or not.
            Err(error @ (ClientError::Refused { .. } | ClientError::GaveUp(_))) => {
                undecided(&held, &error, account)
            }
            Err(error) if error.retriable() => undecided(&held, &error, account),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn step(
        &self,
        producer: &mut Producer,
        until: Instant,
        account: &mut Account<'_>,
    ) -> Result<(), ClientError> {
        producer.step(until, &mut |delivery| self.note(&delivery, account))?;
        if producer.lost_connections() > account.falls {
            account.falls = producer.lost_connections();
            account.sent.note_fall(self.clock.now());
            lock(account.tally).lost_connections = account.falls;
        }
        if producer.renewals() > 0 {
            lock(account.tally).renewals = producer.renewals();
        }
        if !producer.throttled().is_zero() {
            lock(account.tally).throttled = producer.throttled();
        }
        if let Some(trouble) = producer.take_trouble() {
            lock(account.tally).trouble = Some(trouble);
        }
        Ok(())
    }

    /// When records must be made again: when the next would have lingered long enough, or when `fill` more of
    /// them fill the batch in the making.
    fn next_turn(&self, now: u64, fill: usize) -> Instant {
        let lingered = self.pacer.intended(0, now).map(|at| self.clock.instant(at) + self.config.linger);
        let full = self.pacer.intended(fill as u64, now).map(|at| self.clock.instant(at));
        let turn = Instant::now() + TURN;
        [lingered, full].into_iter().flatten().fold(turn, Instant::min)
    }

    fn note(&self, delivery: &Delivery<'_>, account: &mut Account<'_>) {
        if let Err(error) = &delivery.outcome {
            let mut tally = lock(account.tally);
            tally.failed += delivery.tags.len() as u64;
            tally.why_failed = Some(error.to_string());
            return;
        }
        let held = Held {
            handle: delivery.handle,
            first_number: delivery.first_number,
            tags: if self.transaction_records > 0 { delivery.tags.to_vec() } else { Vec::new() },
            value_bytes: delivery.value_bytes,
            sent: delivery.sent,
        };
        if self.transaction_records > 0 {
            account.held.push(held);
        } else {
            self.acknowledge_tags(&held, delivery.tags, account);
        }
    }

    fn acknowledge(&self, held: &Held, account: &mut Account<'_>) {
        self.acknowledge_tags(held, &held.tags, account);
    }

    fn acknowledge_tags(&self, held: &Held, tags: &[u64], account: &mut Account<'_>) {
        let now = self.clock.now();
        let count = tags.len() as u64;
        account.sent.acked[held.handle].insert(held.first_number, held.first_number + count);
        let mut tally = lock(account.tally);
        tally.acked += count;
        if (self.measure_from..self.measure_to).contains(&now) {
            tally.measured += count;
            tally.measured_bytes += held.value_bytes as u64;
        }
        let sent = held.sent.map_or(now, |sent| self.clock.at(sent));
        for &intended in tags {
            if (self.measure_from..self.measure_to).contains(&intended) {
                tally.response.record(now.saturating_sub(intended));
                tally.service.record(now.saturating_sub(sent));
                tally.queueing.record(sent.saturating_sub(intended));
            }
        }
    }
}

fn undecided(held: &[Held], error: &ClientError, account: &mut Account<'_>) {
    let mut tally = lock(account.tally);
    tally.failed += held.iter().map(|held| held.tags.len() as u64).sum::<u64>();
    tally.why_failed = Some(error.to_string());
}
