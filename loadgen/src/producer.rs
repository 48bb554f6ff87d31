//! Load producers: each makes records by its timetable and notes what becomes of them.
//!
//! A thread has several of them, and gives a turn to each that has something to do ([`drive`]): four hundred
//! threads on two cores would measure the scheduler. In transactions each has a thread of its own, since
//! their ends are waited for.
//!
//! The records of a moment are made when something can happen with them: when a batch is full or its linger
//! is over. Between those moments a producer sleeps, however many records fall due; each carries the time it
//! was meant for, so nothing is measured differently for it.
//!
//! When the broker holds the producer up, at most the client's buffer is filled; what falls due after that is
//! made later and keeps its intended time. Who is still behind a minute after the end makes no more: that is counted, since
//! no histogram holds it.
//!
//! In transactions a record counts as acknowledged when its transaction is committed: only then is it
//! anybody's. Records of aborted ones are counted apart and have no latency.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::client::{
    ClientError, Cluster, Connection, Delivery, IfMissing, Partitioner, Producer, ProducerConfig,
    RecordParts, for_key, wait,
};
use crate::clock::Clock;
use crate::keys::KeySpace;
use crate::latency::Latency;
use crate::pacer::Pacer;
use crate::payload::Template;
use crate::reader::Layout;
use crate::rng::Rng;
use crate::verify::Sent;

/// How many records are made before answers are looked at again and others of the thread have their turn:
/// bounds how long an answer waits to be timed.
const RECORDS_A_TURN: u32 = 2000;

/// The longest sleep: how soon a stop is noticed.
const TURN: Duration = Duration::from_millis(50);

/// What the producers of a thread have done, shared with the reporter; the histograms hold what came since the reporter's
/// last visit.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub produced: u64,
    pub acked: u64,
    pub failed: u64,
    pub aborted: u64,
    /// What the timetable had and was never made, because the system was too far behind.
    pub unmade: u64,
    /// Acknowledged within the measured window: records, and bytes of values.
    pub measured: u64,
    pub measured_bytes: u64,
    /// Ended within the measured window, either way.
    pub transactions: u64,
    pub response: Latency,
    pub service: Latency,
    pub queueing: Latency,
    /// How late turns came that a timetable had set.
    pub jitter: Latency,
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
    /// How long, at the end, to go on making what should have been made before, and then to wait for what is
    /// unacknowledged.
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
    renewals: u64,
    throttled: Duration,
}

/// How far a load producer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It makes records.
    Making,
    /// It waits, so long, for what is unacknowledged.
    Settling(Instant),
    /// Nothing is left to do.
    Done,
}

/// A load producer at work.
pub(crate) struct Working<'a> {
    load: LoadProducer<'a>,
    producer: Producer,
    account: Account<'a>,
    handles: Vec<usize>,
    partitioner: Partitioner,
    rng: Rng,
    /// A record's bytes in a batch: at the most, and in the mean.
    record_bytes: usize,
    mean_bytes: usize,
    last_handle: usize,
    in_transaction: u64,
    phase: Phase,
    /// When it has its next turn, unless an answer comes before.
    wake: Instant,
    /// Whether that is a moment of its timetable.
    timed: bool,
}

/// Gives turns to producers until each has produced by its timetable, or until `stop` is set, and has been
/// answered; answers what each sent and what of it was acknowledged, in their order.
///
/// What one of them waits for apart from answers, as for metadata or a new connection after a fall, all of the
/// thread wait for: it shows as queueing.
pub(crate) fn drive(mut all: Vec<Working<'_>>, stop: &AtomicBool) -> Result<Vec<Sent>, ClientError> {
    loop {
        let now = Instant::now();
        for one in all.iter_mut().filter(|one| one.wake <= now && one.phase != Phase::Done) {
            one.note_lateness();
            one.turn(stop)?;
        }
        let at_work = all.iter().enumerate().filter(|(_, one)| one.phase != Phase::Done);
        let Some(wake) = at_work.clone().map(|(_, one)| one.wake).min() else { break };
        let (places, connections): (Vec<(usize, i32, bool)>, Vec<&Connection>) = at_work
            .flat_map(|(at, one)| one.producer.waits_for().map(move |(node, c)| (at, node, c)))
            .map(|(at, node, connection)| ((at, node, connection.output() > 0), connection))
            .unzip();
        let readable = wait(&connections, Some(wake));
        let now = Instant::now();
        for ((at, node, has_output), readable) in places.into_iter().zip(readable) {
            let one = &mut all[at];
            if readable {
                one.producer.receive(node, &mut |delivery| one.load.note(&delivery, &mut one.account));
            }
            // What was full may take more now.
            if readable || has_output {
                one.hurry(now);
            }
        }
    }
    Ok(all.into_iter().map(|one| one.account.sent).collect())
}

impl<'a> Working<'a> {
    /// A producer that is to begin; see [`prepare`].
    pub fn new(load: LoadProducer<'a>, mut producer: Producer, tally: &'a Mutex<Tally>) -> Self {
        let places = (0..load.layout.len()).map(|number| load.layout.place(number));
        let handles: Vec<usize> = places.map(|(topic, p)| producer.partition(topic, p)).collect();
        let overhead = RecordParts { key: Some(&[0; 14]), value: Some(&[]), headers: &[] }.bytes_max();
        Self {
            account: Account {
                sent: Sent::new(handles.len()),
                tally,
                held: Vec::new(),
                falls: 0,
                renewals: 0,
                throttled: Duration::ZERO,
            },
            partitioner: Partitioner::new(
                load.config.batch_bytes,
                Rng::new(load.run.rotate_left(load.index)),
            ),
            rng: Rng::new(load.run ^ u64::from(load.index).rotate_left(32)),
            record_bytes: overhead + load.template.size_max(),
            mean_bytes: overhead + load.size_mean as usize,
            last_handle: handles[0],
            in_transaction: 0,
            phase: Phase::Making,
            wake: Instant::now(),
            timed: false,
            load,
            producer,
            handles,
        }
    }

    /// Gives it a turn that its timetable has not set.
    fn hurry(&mut self, now: Instant) {
        if self.wake > now {
            (self.wake, self.timed) = (now, false);
        }
    }

    /// Notes how late a turn is that the timetable has set: the generator's own part of all latencies.
    fn note_lateness(&self) {
        let now = self.load.clock.now();
        if self.timed && (self.load.measure_from..self.load.measure_to).contains(&now) {
            lock(self.account.tally).jitter.record(now.saturating_sub(self.load.clock.at(self.wake)));
        }
    }

    /// Does what is to do now.
    fn turn(&mut self, stop: &AtomicBool) -> Result<(), ClientError> {
        let now = self.load.clock.now();
        self.timed = false;
        let until = match self.phase {
            Phase::Done => return Ok(()),
            Phase::Making
                if stop.load(Ordering::Relaxed)
                    || self.load.pacer.finished(now)
                    || now >= self.load.measure_to + self.load.drain.as_nanos() as u64 =>
            {
                if !stop.load(Ordering::Relaxed) {
                    lock(self.account.tally).unmade += self.load.pacer.left();
                }
                self.producer.flush();
                self.phase = Phase::Settling(Instant::now() + self.load.drain);
                Instant::now() + TURN
            }
            Phase::Making => self.make(now, stop)?,
            Phase::Settling(deadline) => {
                if !self.producer.is_idle() && Instant::now() >= deadline {
                    self.load.give_up(&mut self.producer, &mut self.account);
                }
                if self.producer.is_idle() {
                    self.phase = Phase::Done;
                    if self.load.transaction_records > 0 {
                        self.end_transaction(&AtomicBool::new(false))?;
                    }
                    return Ok(());
                }
                Instant::now() + TURN
            }
        };
        let load = &self.load;
        self.wake = self.producer.advance(until, &mut |delivery| load.note(&delivery, &mut self.account))?;
        self.timed &= self.wake == until;
        load.look_at(&mut self.producer, &mut self.account);
        Ok(())
    }

    /// Makes what is due by `now`; answers when there is more to make.
    fn make(&mut self, now: u64, stop: &AtomicBool) -> Result<Instant, ClientError> {
        let most = match self.load.transaction_records {
            0 => u64::from(RECORDS_A_TURN),
            records => (records - self.in_transaction).min(RECORDS_A_TURN.into()),
        };
        let (mut made, mut has_room) = (0, true);
        while made < most {
            has_room = self.producer.has_room(self.record_bytes);
            if !has_room {
                break;
            }
            let Some(at) = self.load.pacer.take(now) else { break };
            let key = self.load.keys.draw(&mut self.rng);
            let key = key.as_ref().map(|key| &key[..]);
            let number = self.load.pick(key, self.mean_bytes, &mut self.partitioner, &mut self.rng);
            let handle = self.handles[number];
            let sequence = self.producer.next_number(handle);
            let value = Some(self.load.template.value(number as u32, sequence, at));
            let record = RecordParts { key, value, headers: &[] };
            let instant = self.load.clock.instant(at);
            self.producer.append(handle, &record, (at / 1_000_000) as i64, at, instant);
            self.account.sent.produced[number] += 1;
            self.last_handle = handle;
            made += 1;
        }
        lock(self.account.tally).produced += made;
        self.in_transaction += made;
        if self.load.transaction_records > 0 && self.in_transaction >= self.load.transaction_records {
            self.in_transaction = 0;
            self.end_transaction(stop)?;
            return Ok(Instant::now());
        }
        Ok(if made == most {
            Instant::now()
        } else if has_room {
            self.timed = true;
            self.load.next_turn(now, self.producer.room_in_batch(self.last_handle) / self.mean_bytes)
        } else {
            Instant::now() + TURN
        })
    }

    fn end_transaction(&mut self, stop: &AtomicBool) -> Result<(), ClientError> {
        let Self { load, producer, account, rng, .. } = self;
        load.end_transaction(producer, account, rng, stop)
    }
}

impl LoadProducer<'_> {
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
                self.give_up(producer, account);
                break;
            }
            producer.step(Instant::now() + TURN, &mut |delivery| self.note(&delivery, account))?;
            self.look_at(producer, account);
        }
        Ok(())
    }

    fn give_up(&self, producer: &mut Producer, account: &mut Account<'_>) {
        let mut deliver = |delivery: Delivery<'_>| self.note(&delivery, account);
        producer.abandon(&format!("not acknowledged within {:?}", self.drain), &mut deliver);
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

    /// Notes what the producer met beside answers.
    fn look_at(&self, producer: &mut Producer, account: &mut Account<'_>) {
        let falls = producer.lost_connections();
        if falls > account.falls {
            account.sent.note_fall(self.clock.now());
            lock(account.tally).lost_connections += falls - account.falls;
            account.falls = falls;
        }
        let renewals = producer.renewals();
        if renewals > account.renewals {
            lock(account.tally).renewals += renewals - account.renewals;
            account.renewals = renewals;
        }
        let throttled = producer.throttled();
        if throttled > account.throttled {
            lock(account.tally).throttled += throttled - account.throttled;
            account.throttled = throttled;
        }
        if let Some(trouble) = producer.take_trouble() {
            lock(account.tally).trouble = Some(trouble);
        }
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
        let mut timed = 0;
        // Records that were meant for the same moment, as all of a turn are at `--rate max`, cost one look.
        for same in tags.chunk_by(|a, b| a == b) {
            let (intended, count) = (same[0], same.len() as u64);
            if (self.measure_from..self.measure_to).contains(&intended) {
                tally.response.record_n(now.saturating_sub(intended), count);
                tally.queueing.record_n(sent.saturating_sub(intended), count);
                timed += count;
            }
        }
        tally.service.record_n(now.saturating_sub(sent), timed);
    }
}

fn undecided(held: &[Held], error: &ClientError, account: &mut Account<'_>) {
    let mut tally = lock(account.tally);
    tally.failed += held.iter().map(|held| held.tags.len() as u64).sum::<u64>();
    tally.why_failed = Some(error.to_string());
}
