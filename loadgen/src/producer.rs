//! One load producer: a thread that makes records by its timetable and notes what becomes of them.
//!
//! The records of a moment are made when something can happen with them: when a batch is full or its linger
//! is over. Between those moments the thread sleeps, however many records fall due; each carries the time it
//! was meant for, so nothing is measured differently for it.
//!
//! When the broker holds the producer up, at most the client's buffer is filled; what falls due after that is
//! made later and keeps its intended time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::client::{ClientError, Cluster, Delivery, Partitioner, Producer, ProducerConfig, RecordParts};
use crate::clock::Clock;
use crate::keys::KeySpace;
use crate::latency::Latency;
use crate::pacer::Pacer;
use crate::payload::Template;
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
    /// Acknowledged within the measured window.
    pub measured: u64,
    pub response: Latency,
    pub service: Latency,
    pub lost_connections: u64,
    pub renewals: u64,
    /// The last reason why records failed.
    pub why_failed: Option<String>,
}

/// What one load producer is to do.
pub(crate) struct LoadProducer<'a> {
    pub topic: &'a str,
    pub partitions: i32,
    pub run: u64,
    pub index: u32,
    pub size: usize,
    pub keys: &'a KeySpace,
    pub pacer: Pacer,
    pub clock: Clock,
    /// Latencies count from here …
    pub measure_from: u64,
    /// … to here.
    pub measure_to: u64,
    /// How long to wait for what is unacknowledged at the end.
    pub drain: Duration,
    pub config: ProducerConfig,
}

/// Locks a tally; one whose thread has panicked is still readable.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LoadProducer<'_> {
    /// Produces until the timetable ends or `stop` is set, then waits for what is unacknowledged; answers
    /// what was sent and acknowledged.
    pub fn run(
        mut self,
        cluster: Cluster,
        stop: &AtomicBool,
        tally: &Mutex<Tally>,
    ) -> Result<Sent, ClientError> {
        let mut producer = Producer::new(cluster, self.config.clone())?;
        let handles: Vec<usize> = (0..self.partitions).map(|p| producer.partition(self.topic, p)).collect();
        producer.cluster().wait_for_topic(self.topic, crate::client::IfMissing::Wait, self.drain)?;
        // Metadata is needed again only when something moves: four hundred idle connections would be four
        // hundred too many.
        producer.cluster().release_control();
        let mut sent = Sent::new(handles.len());
        let mut template = Template::new(self.run, self.index, self.size);
        let mut partitioner =
            Partitioner::new(self.config.batch_bytes, Rng::new(self.run.rotate_left(self.index)));
        let mut rng = Rng::new(self.run ^ u64::from(self.index).rotate_left(32));
        let record_bytes =
            RecordParts { key: Some(&[0; 14]), value: Some(template.value(0, 0, 0)), headers: &[] };
        let record_bytes = record_bytes.bytes_max();
        let mut last_handle = handles[0];
        let mut falls = 0;

        loop {
            let now = self.clock.now();
            let stopped = stop.load(Ordering::Relaxed);
            if stopped || self.pacer.finished(now) {
                break;
            }
            let (mut made, mut has_room) = (0, true);
            while made < RECORDS_A_TURN {
                has_room = producer.has_room(record_bytes);
                if !has_room {
                    break;
                }
                let Some(at) = self.pacer.take(now) else { break };
                let key = self.keys.draw(&mut rng);
                let key = key.as_ref().map(|key| &key[..]);
                let partition = partitioner.pick(key, record_bytes, self.partitions);
                last_handle = handles[partition as usize];
                let sequence = producer.next_number(last_handle);
                let value = Some(template.value(partition as u32, sequence, at));
                let record = RecordParts { key, value, headers: &[] };
                producer.append(last_handle, &record, (at / 1_000_000) as i64, at, self.clock.instant(at));
                sent.produced[partition as usize] += 1;
                made += 1;
            }
            lock(tally).produced += u64::from(made);
            let until = if made == RECORDS_A_TURN {
                Instant::now()
            } else if has_room {
                self.next_turn(now, producer.room_in_batch(last_handle) / record_bytes)
            } else {
                Instant::now() + TURN
            };
            self.step(&mut producer, until, &mut sent, tally, &mut falls)?;
        }

        producer.flush();
        let deadline = Instant::now() + self.drain;
        while !producer.is_idle() {
            if Instant::now() >= deadline {
                let mut deliver = |delivery: Delivery<'_>| self.note(&delivery, &mut sent, tally);
                producer.abandon(
                    &format!("not acknowledged within {:?} after the run", self.drain),
                    &mut deliver,
                );
                break;
            }
            self.step(&mut producer, Instant::now() + TURN, &mut sent, tally, &mut falls)?;
        }
        Ok(sent)
    }

    fn step(
        &self,
        producer: &mut Producer,
        until: Instant,
        sent: &mut Sent,
        tally: &Mutex<Tally>,
        falls: &mut u64,
    ) -> Result<(), ClientError> {
        producer.step(until, &mut |delivery| self.note(&delivery, sent, tally))?;
        if producer.lost_connections() > *falls {
            *falls = producer.lost_connections();
            sent.note_fall(self.clock.now());
            lock(tally).lost_connections = *falls;
        }
        if producer.renewals() > 0 {
            lock(tally).renewals = producer.renewals();
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

    fn note(&self, delivery: &Delivery<'_>, sent: &mut Sent, tally: &Mutex<Tally>) {
        let now = self.clock.now();
        let count = delivery.tags.len() as u64;
        let mut tally = lock(tally);
        if let Err(error) = &delivery.outcome {
            tally.failed += count;
            tally.why_failed = Some(error.to_string());
            return;
        }
        sent.acked[delivery.handle].insert(delivery.first_number, delivery.first_number + count);
        tally.acked += count;
        if (self.measure_from..self.measure_to).contains(&now) {
            tally.measured += count;
        }
        let service = delivery.sent.map_or(0, |sent| now.saturating_sub(self.clock.at(sent)));
        for &intended in delivery.tags {
            if (self.measure_from..self.measure_to).contains(&intended) {
                tally.response.record(now.saturating_sub(intended));
                tally.service.record(service);
            }
        }
    }
}
