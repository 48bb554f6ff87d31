//! A run: threads that produce and consume, a watch that looks at them every second, and the oracle at the
//! end.
//!
//! ```text
//! begin: topics, where their logs end now
//! │ warm-up │ measured window │ drain: wait for acks │ read to the end │ if connections fell, or nobody read: read all again │ verdict
//! ```
//!
//! The second reading is what makes the run an oracle for a broker that is killed meanwhile: what a consumer
//! saw before the fall says nothing about what is in the log after it.

mod audit;
mod crowd;
mod storm;
mod topics;
mod watch;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::{Builder, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use crate::client::{Acks, ClientConfig, ClientError, Cluster, ProducerConfig, admin};
use crate::clock::Clock;
use crate::consumer::{self, LoadConsumer, Member};
use crate::host;
use crate::keys::KeySpace;
use crate::pacer::{Pacer, Timetable};
use crate::payload::Template;
use crate::producer::{self, LoadProducer, Working, lock};
use crate::ranges::Ranges;
use crate::rate::Rate;
use crate::reader::{Layout, Reader};
use crate::report::{Report, Second};
use crate::rng::Rng;
use crate::scenario::Scenario;
use crate::share::ShareLoad;
use crate::verify::{Sent, Verdict};

/// Unacknowledged bytes that all producers together may hold, and one of them at least and at most.
const BUFFERS_BYTES: usize = 256 << 20;
const BUFFER_BYTES_MIN: usize = 1 << 20;
const BUFFER_BYTES_MAX: usize = 32 << 20;
/// At `--rate max` a producer holds what it can have under way and as much again: what waits longer is the generator's
/// own queue, not the broker. (With batches of one small record 4 MiB were 13 s of it.)
const BUFFER_BYTES_MIN_AT_MAX: usize = 16 << 10;
const BUFFER_BYTES_AT_MAX: usize = 4 << 20;

/// Between the last connection and the first record.
const BREATH: Duration = Duration::from_millis(100);

/// How long a new group takes until every member has its part: brokers hold the first sharing-out back for
/// 3 s, and who came too late for it brings about another, noticed at a heartbeat.
const GROUP_SETTLES: Duration = Duration::from_secs(8);

/// Where a share group begins: with what is no older than this when the first member reads, so that nothing of the run is
/// missed however late that is, clocks that differ included, and not with all that earlier runs have left.
const SHARE_BEGINS: (&str, &str) = ("share.auto.offset.reset", "by_duration:PT10M");

/// How long a broker that is down at the end is waited for, first to acknowledge, then to be read.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a run is to do.
#[derive(Clone, Debug, Default)]
pub struct RunConfig {
    /// `HOST:PORT`, or several with commas between.
    pub bootstrap: String,
    /// The load.
    pub scenario: Scenario,
    /// The broker's process, for its CPU time and memory.
    pub broker_pid: Option<u32>,
    /// Where to write an HDR interval log, one line a second for each kind of latency.
    pub hlog: Option<PathBuf>,
    /// What was typed, for the report.
    pub command: Option<String>,
}

/// Why a run has no result.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The settings contradict each other or the cluster.
    #[error("{0}")]
    Settings(String),
    /// The cluster cannot be reached or refuses.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A file cannot be written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// No thread can be had.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
}

impl RunConfig {
    fn client(&self, what: &str) -> ClientConfig {
        ClientConfig::new(&*self.bootstrap, format!("headwater-loadgen-{what}"))
    }

    /// How producer `index` of a run over so many partitions is set up.
    fn producer(&self, run: u64, index: u32, partitions: usize) -> ProducerConfig {
        let scenario = &self.scenario;
        let batch = scenario.batch_bytes.max(scenario.size.mean() as usize);
        let under_way = ProducerConfig::default().in_flight_max * partitions * batch;
        ProducerConfig {
            acks: scenario.acks,
            idempotent: scenario.idempotence && scenario.acks != Acks::None,
            linger: scenario.linger,
            batch_bytes: scenario.batch_bytes,
            buffer_bytes: match scenario.rate {
                Rate::Max => {
                    (2 * under_way).clamp(BUFFER_BYTES_MIN_AT_MAX, BUFFER_BYTES_AT_MAX.max(16 * batch))
                }
                _ => (BUFFERS_BYTES / scenario.producers as usize).clamp(BUFFER_BYTES_MIN, BUFFER_BYTES_MAX),
            },
            codec: scenario.compression,
            transactional_id: (scenario.transaction_records > 0).then(|| transactional_id(run, index)),
            ..ProducerConfig::default()
        }
    }
}

/// The moments of a run, on its clock.
#[derive(Clone, Debug)]
struct Times {
    start: u64,
    measure_from: u64,
    measure_to: u64,
    timetable: Arc<Timetable>,
}

/// What all threads of a run share.
struct Course<'a> {
    config: &'a RunConfig,
    run: u64,
    layout: Layout,
    readers: Vec<Reader>,
    keys: KeySpace,
    clock: Clock,
    /// How many threads are connected, and, once all are, when everything happens.
    arrived: AtomicUsize,
    times: OnceLock<Times>,
    /// One a thread.
    producers: Vec<Mutex<producer::Tally>>,
    consumers: Vec<Mutex<consumer::Tally>>,
    storm: Mutex<storm::Tally>,
    crowd: Mutex<crowd::Tally>,
    /// Ends producing, consuming; says that producing has ended.
    stop_producing: AtomicBool,
    stop_reading: AtomicBool,
    load_over: AtomicBool,
    /// Threads of a run share its fate: what one of them cannot do, the run cannot.
    failed: Mutex<Option<ClientError>>,
}

/// Runs; `on_second` is called after each second of producing. Setting `stop` ends producing early and goes
/// on to the verdict.
pub fn run(
    config: &RunConfig,
    stop: &AtomicBool,
    on_second: &mut dyn FnMut(&Second),
) -> Result<Report, RunError> {
    let scenario = &config.scenario;
    scenario.check().map_err(RunError::Settings)?;
    let mut cluster = Cluster::connect(config.client("control"))?;
    let layout = topics::prepare(&mut cluster, scenario)?;
    let begin = topics::ends(&mut cluster, &layout)?;
    let run = Rng::from_clock().next_u64();
    // The first use of a coordinator makes its topic, which takes seconds: not those of the run.
    if scenario.transaction_records > 0 {
        cluster.transaction_coordinator(&transactional_id(run, 0))?;
    }
    if scenario.groups + scenario.crowd_groups + scenario.share_groups > 0 {
        cluster.group_coordinator(&group(scenario, run, 0))?;
    }
    for number in 0..scenario.share_groups as usize {
        let (name, value) = SHARE_BEGINS;
        admin::set_group_config(&mut cluster, &group(scenario, run, number), name, value)?;
    }

    let clock = Clock::start();
    // More consumers than partitions would have nothing to do, unless they share them.
    let most = if scenario.share_groups > 0 { u64::MAX } else { layout.len() as u64 };
    let consumers = u64::from(scenario.consumers).min(most) as usize;
    let readers = if consumers == 0 { 0 } else { scenario.readers() };
    let course = Course {
        config,
        run,
        readers: (0..readers).map(|number| reader(scenario, run, number, readers, &begin)).collect(),
        keys: KeySpace::new(scenario.keys, scenario.key_count),
        clock,
        arrived: AtomicUsize::new(0),
        times: OnceLock::new(),
        producers: (0..producing_threads(scenario)).map(|_| Mutex::default()).collect(),
        consumers: (0..consumers * readers as usize).map(|_| Mutex::default()).collect(),
        storm: Mutex::default(),
        crowd: Mutex::default(),
        stop_producing: AtomicBool::new(false),
        stop_reading: AtomicBool::new(false),
        load_over: AtomicBool::new(false),
        failed: Mutex::new(None),
        layout,
    };
    let mut report = Report {
        settings: topics::settings(config, &course.layout),
        environment: host::environment(
            config.command.as_deref(),
            config.broker_pid,
            &mut cluster,
            &course.layout.topics[0],
        ),
        ..Report::default()
    };
    let mut sent = Vec::new();
    let mut watched = None;
    std::thread::scope(|scope| -> Result<(), RunError> {
        let threads = course.launch(scope, consumers);
        let (producing, reading) = match threads {
            Ok(threads) => threads,
            Err(error) => {
                course.stop_producing.store(true, Ordering::Relaxed);
                course.stop_reading.store(true, Ordering::Relaxed);
                // Whoever has been started waits for it.
                course.begin();
                return Err(error);
            }
        };
        course.begin();
        report.started = course.times().start;
        let ended = || producing.iter().all(ScopedJoinHandle::is_finished);
        let seen = watch::watch(&course, stop, &ended, on_second, &mut report);
        if seen.is_err() {
            course.stop_producing.store(true, Ordering::Relaxed);
        }
        course.load_over.store(true, Ordering::Relaxed);
        sent = vec![Sent::new(course.layout.len()); scenario.producers as usize];
        for (index, one) in producing.into_iter().flat_map(|thread| thread.join().unwrap_or_default()) {
            sent[index as usize] = one;
        }
        if lock(&course.failed).is_none() && seen.is_ok() && !course.readers.is_empty() {
            report.unread = audit::read_to_end(&mut cluster, &course, acked(&sent)).err();
        }
        course.stop_reading.store(true, Ordering::Relaxed);
        reading.into_iter().for_each(|thread| drop(thread.join()));
        watched = Some(seen?);
        Ok(())
    })?;
    if let Some(error) = lock(&course.failed).take() {
        return Err(error.into());
    }
    if let Some(watched) = watched {
        watched.finish(&course, &mut report)?;
    }

    let committed = scenario.read_committed();
    let (clock, layout) = (course.clock, course.layout);
    let read_live = !course.readers.is_empty();
    for reader in course.readers {
        let finished = reader.finish();
        report.redelivered += finished.redelivered;
        report.verdict.add(Verdict::judge(&sent, &finished.observed, committed));
        report.unsettled += finished.unsettled;
    }
    if !read_live || report.lost_connections > 0 {
        let (again, unread) = audit::read_again(config, run, &layout, &begin, clock, acked(&sent))?;
        let verdict = Verdict::judge(&sent, &again, committed);
        report.read_again = true;
        // What is in the log and was given to nobody is a share group's loss all the same.
        if scenario.share_groups == 0 {
            report.unread = unread;
            report.verdict = if read_live { audit::worse(report.verdict, verdict) } else { verdict };
        } else if verdict.lost > report.verdict.lost {
            report.verdict = audit::worse(report.verdict, verdict);
        }
    }
    report.verdict.lost += report.unsettled;
    report.place =
        (0..layout.len()).map(|number| layout.place(number)).map(|(t, p)| (t.to_owned(), p)).collect();
    Ok(report)
}

/// A producer's transactional id.
fn transactional_id(run: u64, producer: u32) -> String {
    format!("headwater-loadgen-{run:016x}-{producer}")
}

/// The name of the group with this number.
fn group(scenario: &Scenario, run: u64, number: usize) -> String {
    format!("{}-{run:016x}-{number}", scenario.topic)
}

/// How many records were acknowledged.
fn acked(sent: &[Sent]) -> u64 {
    sent.iter().flat_map(|sent| &sent.acked).map(Ranges::len).sum()
}

/// The reader with this number: the last ones are those that are late or slow.
fn reader(scenario: &Scenario, run: u64, number: u32, readers: u32, begin: &[i64]) -> Reader {
    let mut reader = Reader::new(run, scenario.producers as usize, begin);
    let is_among_last = |count: u32| number + count >= readers;
    let late = if scenario.backlog.is_zero() { 0 } else { scenario.backlog_readers.unwrap_or(readers) };
    if late > 0 && is_among_last(late) {
        reader.late = scenario.backlog;
        reader.timed = late == readers;
    }
    reader.shares = scenario.share_groups > 0;
    if scenario.slow_readers > 0 && is_among_last(scenario.slow_readers) {
        reader.pace = Some(scenario.slow_rate);
        reader.timed = scenario.slow_readers == readers;
    }
    reader
}

/// The threads of producers, each with what its producers sent, and of consumers.
type Threads<'scope> = (Vec<ScopedJoinHandle<'scope, Vec<(u32, Sent)>>>, Vec<ScopedJoinHandle<'scope, ()>>);

/// How many threads produce: one a core, which gives turns to its producers; in transactions one a producer.
fn producing_threads(scenario: &Scenario) -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32);
    if scenario.transaction_records > 0 { scenario.producers } else { scenario.producers.min(cores) }
}

impl Course<'_> {
    /// A thread is connected: waits until all are, or until the run has failed.
    fn arrive(&self) -> &Times {
        self.arrived.fetch_add(1, Ordering::Release);
        self.times()
    }

    /// When everything happens; waits until that is known.
    fn times(&self) -> &Times {
        self.times.wait()
    }

    /// Sets the moments, once everybody who produces or reads is there: the time it takes hundreds of them to
    /// connect is not the broker's response time.
    fn begin(&self) {
        let scenario = &self.config.scenario;
        let everybody = self.producers.len() + self.consumers.len() + crowd::threads(self) as usize;
        let deadline = Instant::now() + PATIENCE;
        while self.arrived.load(Ordering::Acquire) < everybody
            && Instant::now() < deadline
            && !self.stop_producing.load(Ordering::Relaxed)
        {
            std::thread::sleep(Duration::from_millis(1));
        }
        let joining =
            if scenario.groups + scenario.share_groups > 0 { GROUP_SETTLES } else { Duration::ZERO };
        let start = self.clock.now() + (BREATH + joining).as_nanos() as u64;
        let measure_from = start + scenario.warmup.as_nanos() as u64;
        let measure_to = measure_from + scenario.duration.as_nanos() as u64;
        let timetable = Timetable::new(scenario.rate.clone(), start, scenario.warmup, scenario.duration);
        let _ = self.times.set(Times { start, measure_from, measure_to, timetable: Arc::new(timetable) });
    }

    fn fail(&self, error: ClientError) {
        lock(&self.failed).get_or_insert(error);
        self.stop_producing.store(true, Ordering::Relaxed);
    }

    fn launch<'scope, 'env>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        consumers: usize,
    ) -> Result<Threads<'scope>, RunError> {
        let scenario = &self.config.scenario;
        let mut reading = Vec::new();
        for (index, tally) in self.consumers.iter().enumerate() {
            let (reader, member) = (index / consumers, index % consumers);
            let group = group(scenario, self.run, reader);
            let member =
                Member { group, number: member as u32, members: consumers as u32, churn: scenario.churn };
            let client = self.config.client(&format!("consumer-{index}"));
            let body = move || {
                let connected = Cluster::connect(client);
                let times = self.arrive();
                if scenario.share_groups > 0 {
                    let load = ShareLoad {
                        layout: &self.layout,
                        reader: &self.readers[reader],
                        group: member.group,
                        clock: self.clock,
                        measure_from: times.measure_from,
                        measure_to: times.measure_to,
                    };
                    let ended = connected.and_then(|c| load.run(c, &self.stop_reading, tally));
                    return ended.unwrap_or_else(|error| self.fail(error));
                }
                let load = LoadConsumer {
                    layout: &self.layout,
                    reader: &self.readers[reader],
                    assigned: (member.number as usize..self.layout.len()).step_by(consumers).collect(),
                    member: (scenario.groups > 0).then_some(member),
                    read_committed: scenario.read_committed(),
                    clock: self.clock,
                    starts_at: times.start + self.readers[reader].late.as_nanos() as u64,
                    measure_from: times.measure_from,
                    measure_to: times.measure_to,
                    load_over: &self.load_over,
                };
                let ended = connected.and_then(|c| load.run(c, &self.stop_reading, tally));
                ended.unwrap_or_else(|error| self.fail(error));
            };
            let spawned = Builder::new().name(format!("consumer-{index}")).spawn_scoped(scope, body);
            reading.push(spawned.map_err(RunError::Thread)?);
        }
        reading.extend(storm::launch(self, scope)?);
        reading.extend(crowd::launch(self, scope)?);
        let mut producing = Vec::new();
        for (thread, tally) in self.producers.iter().enumerate() {
            let indices: Vec<u32> =
                (0..scenario.producers).skip(thread).step_by(self.producers.len()).collect();
            let body = move || {
                let sent = self.produce(&indices, tally);
                let sent = sent.unwrap_or_else(|error| {
                    self.fail(error);
                    Vec::new()
                });
                indices.into_iter().zip(sent).collect()
            };
            let spawned = Builder::new().name(format!("producers-{thread}")).spawn_scoped(scope, body);
            producing.push(spawned.map_err(RunError::Thread)?);
        }
        Ok((producing, reading))
    }

    /// A thread with these producers.
    fn produce(&self, indices: &[u32], tally: &Mutex<producer::Tally>) -> Result<Vec<Sent>, ClientError> {
        let scenario = &self.config.scenario;
        let sizes = scenario.size.classes();
        let ready = |&index: &u32| {
            let cluster = Cluster::connect(self.config.client(&format!("producer-{index}")))?;
            let config = self.config.producer(self.run, index, self.layout.len());
            let producer = producer::prepare(cluster, config, &self.layout, PATIENCE)?;
            Ok((index, producer, Template::of(self.run, index, &sizes, scenario.body())))
        };
        let ready: Result<Vec<_>, ClientError> = indices.iter().map(ready).collect();
        let times = self.arrive();
        let working = ready?.into_iter().map(|(index, producer, template)| {
            let seed = self.run ^ u64::from(index).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let load = LoadProducer {
                layout: &self.layout,
                run: self.run,
                index,
                template,
                size_mean: scenario.size.mean(),
                keys: &self.keys,
                pacer: Pacer::new(times.timetable.clone(), index.into(), scenario.producers.into(), seed),
                clock: self.clock,
                measure_from: times.measure_from,
                measure_to: times.measure_to,
                drain: PATIENCE,
                transaction_records: scenario.transaction_records,
                abort_share: scenario.abort_share,
                config: self.config.producer(self.run, index, self.layout.len()),
            };
            Working::new(load, producer, tally)
        });
        producer::drive(working.collect(), &self.stop_producing)
    }
}
