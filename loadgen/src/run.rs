//! A run: threads that produce and consume, a reporter that looks at them every second, and the oracle at the
//! end.
//!
//! ```text
//! begin: topic, where its logs end now
//! │ warm-up │ measured window │ drain: wait for acks │ read to the end │ if connections fell, or nobody read: read all again │ verdict
//! ```
//!
//! The second reading is what makes the run an oracle for a broker that is killed meanwhile: what a consumer
//! saw before the fall says nothing about what is in the log after it.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use serde_json::json;

use crate::client::admin::{self, OffsetSpec};
use crate::client::{Acks, ClientConfig, ClientError, Cluster, IfMissing, ProducerConfig};
use crate::clock::Clock;
use crate::consumer::{self, LoadConsumer};
use crate::cpu;
use crate::keys::{KeySpace, Keys};
use crate::latency::Latency;
use crate::pacer::{Pacer, Rate};
use crate::payload;
use crate::producer::{self, LoadProducer, lock};
use crate::report::{Report, Second};
use crate::rng::Rng;
use crate::verify::{Observed, Sent, Verdict};

/// Bytes of a batch.
const BATCH_BYTES: usize = 64 << 10;

/// Unacknowledged bytes that all producers together may hold, and one of them at least and at most.
const BUFFERS_BYTES: usize = 256 << 20;
const BUFFER_BYTES_MIN: usize = 1 << 20;
const BUFFER_BYTES_MAX: usize = 32 << 20;
/// At `--rate max` a producer holds no more than it can have under way: what waits longer is the generator's
/// own queue, not the broker.
const BUFFER_BYTES_AT_MAX: usize = 4 << 20;

/// Partitions of a topic that the run creates, unless told otherwise.
const PARTITIONS: i32 = 6;

/// How long a broker that is down at the end is waited for, first to acknowledge, then to be read.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long nothing new may come before what is missing is believed to be lost.
const SETTLE: Duration = Duration::from_secs(3);

/// What a run is to do.
#[derive(Clone, Debug)]
pub struct RunConfig {
    /// `HOST:PORT`, or several with commas between.
    pub bootstrap: String,
    /// The topic; created if it does not exist.
    pub topic: String,
    /// Its partitions: of a topic that exists, only checked.
    pub partitions: Option<i32>,
    /// How many producers, each with its own connections; at least 1.
    pub producers: u32,
    /// How many consumers share the partitions; with 0, all is read after the run.
    pub consumers: u32,
    /// Records a second of all producers together.
    pub rate: Rate,
    /// Bytes of a value; at least [`payload::HEADER_BYTES`].
    pub size: usize,
    /// How long to produce before measuring.
    pub warmup: Duration,
    /// How long to measure.
    pub duration: Duration,
    /// When records are acknowledged.
    pub acks: Acks,
    /// How long a batch waits to fill.
    pub linger: Duration,
    /// How keys are drawn.
    pub keys: Keys,
    /// The broker's process, for its CPU time.
    pub broker_pid: Option<u32>,
    /// Where to write an HDR interval log, one line a second for each kind of latency.
    pub hlog: Option<PathBuf>,
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

/// The threads' tallies and what the reporter adds up of them.
struct Reporter<'a> {
    producers: &'a [Mutex<producer::Tally>],
    consumers: &'a [Mutex<consumer::Tally>],
    response: Latency,
    service: Latency,
    end_to_end: Latency,
    last: Second,
}

/// One look at all threads.
struct Look {
    second: Second,
    response: Latency,
    service: Latency,
    end_to_end: Latency,
}

impl Reporter<'_> {
    /// Takes what came since the last look. Counts in the second are differences, connections are totals.
    fn look(&mut self, number: u64, measured: bool) -> Look {
        let mut now = Second { second: number, measured, ..Second::default() };
        let (mut response, mut service, mut end_to_end) = (Latency::new(), Latency::new(), Latency::new());
        for tally in self.producers {
            let mut tally = lock(tally);
            now.produced += tally.produced;
            now.acked += tally.acked;
            now.failed += tally.failed;
            now.lost_connections += tally.lost_connections;
            response.merge(&tally.response);
            service.merge(&tally.service);
            tally.response.clear();
            tally.service.clear();
        }
        for tally in self.consumers {
            let mut tally = lock(tally);
            now.consumed += tally.consumed;
            now.lost_connections += tally.lost_connections;
            end_to_end.merge(&tally.end_to_end);
            tally.end_to_end.clear();
        }
        self.response.merge(&response);
        self.service.merge(&service);
        self.end_to_end.merge(&end_to_end);
        let total = now.clone();
        now.produced -= self.last.produced;
        now.acked -= self.last.acked;
        now.failed -= self.last.failed;
        now.consumed -= self.last.consumed;
        (now.response, now.service, now.end_to_end) =
            ((&response).into(), (&service).into(), (&end_to_end).into());
        self.last = total;
        Look { second: now, response, service, end_to_end }
    }
}

/// Runs; `on_second` is called after each second of producing. Setting `stop` ends producing early and goes
/// on to the verdict.
pub fn run(
    config: &RunConfig,
    stop: &AtomicBool,
    on_second: &mut dyn FnMut(&Second),
) -> Result<Report, RunError> {
    check(config)?;
    let client = |what: &str| ClientConfig::new(&*config.bootstrap, format!("headwater-loadgen-{what}"));
    let mut cluster = Cluster::connect(client("control"))?;
    let partitions = prepare_topic(&mut cluster, config)?;
    let all: Vec<i32> = (0..partitions).collect();
    let begin: Vec<(i32, i64)> = ends(&mut cluster, &config.topic, &all)?;

    let run = Rng::from_clock().next_u64();
    let key_space = KeySpace::new(config.keys);
    let producer_config = ProducerConfig {
        acks: config.acks,
        idempotent: config.acks != Acks::None,
        linger: config.linger,
        batch_bytes: BATCH_BYTES,
        buffer_bytes: match config.rate {
            Rate::Max => BUFFER_BYTES_AT_MAX,
            Rate::PerSecond(_) => {
                (BUFFERS_BYTES / config.producers as usize).clamp(BUFFER_BYTES_MIN, BUFFER_BYTES_MAX)
            }
        },
        ..ProducerConfig::default()
    };
    let mut log: Box<dyn Write> = match &config.hlog {
        Some(path) => {
            Box::new(std::io::BufWriter::new(std::fs::File::create(path).map_err(file_error(path))?))
        }
        None => Box::new(std::io::sink()),
    };
    let mut serializer = V2DeflateSerializer::new();
    let log_error = |error: std::io::Error| file_error(&config.hlog.clone().unwrap_or_default())(error);
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment("headwater loadgen; values in nanoseconds, maxima in milliseconds")
        .with_max_value_divisor(1e6)
        .begin_log_with(&mut log, &mut serializer)
        .map_err(log_error)?;

    let tallies: Vec<Mutex<producer::Tally>> = (0..config.producers).map(|_| Mutex::default()).collect();
    let readers = config.consumers.min(partitions as u32) as usize;
    let reader_tallies: Vec<Mutex<consumer::Tally>> = (0..readers).map(|_| Mutex::default()).collect();
    let stop_reading = AtomicBool::new(false);
    // Threads of a run share its fate: what one of them cannot do, the run cannot.
    let failed: Mutex<Option<ClientError>> = Mutex::new(None);
    let stop_all = AtomicBool::new(false);
    let fail = |error: ClientError| {
        lock(&failed).get_or_insert(error);
        stop_all.store(true, Ordering::Relaxed);
    };

    // Connecting takes a while: the timetable begins when everybody can be there.
    let clock = Clock::start();
    let settle_ns = 200_000_000 + u64::from(config.producers) * 2_000_000;
    let start = clock.now() + settle_ns;
    let measure_from = start + config.warmup.as_nanos() as u64;
    let measure_to = measure_from + config.duration.as_nanos() as u64;
    let mut report = Report { settings: settings(config, partitions), started: start, ..Report::default() };
    let mut reporter = Reporter {
        producers: &tallies,
        consumers: &reader_tallies,
        response: Latency::new(),
        service: Latency::new(),
        end_to_end: Latency::new(),
        last: Second::default(),
    };

    let (mut sent, mut observed, mut ended) = (Vec::new(), Vec::new(), measure_to);
    let mut cpu_from = (None, None);
    std::thread::scope(|scope| -> Result<(), RunError> {
        let fail = &fail;
        let mut reading = Vec::new();
        for (index, tally) in reader_tallies.iter().enumerate() {
            let load = LoadConsumer {
                topic: &config.topic,
                partitions: begin.iter().copied().skip(index).step_by(readers).collect(),
                run,
                producers: config.producers as usize,
                clock,
                measure_from,
                measure_to,
            };
            let (stop_reading, client) = (&stop_reading, client(&format!("consumer-{index}")));
            let body = move || {
                let outcome =
                    Cluster::connect(client).and_then(|cluster| load.run(cluster, stop_reading, tally));
                outcome.map_err(fail).unwrap_or_default()
            };
            let name = format!("consumer-{index}");
            reading.push(
                std::thread::Builder::new().name(name).spawn_scoped(scope, body).map_err(RunError::Thread)?,
            );
        }
        let mut producing = Vec::new();
        for (index, tally) in (0..config.producers).zip(&tallies) {
            let load = LoadProducer {
                topic: &config.topic,
                partitions,
                run,
                index,
                size: config.size,
                keys: &key_space,
                pacer: Pacer::new(config.rate, start, measure_to, index.into(), config.producers.into()),
                clock,
                measure_from,
                measure_to,
                drain: PATIENCE,
                config: producer_config.clone(),
            };
            let (stop_all, client) = (&stop_all, client(&format!("producer-{index}")));
            let body = move || {
                let outcome = Cluster::connect(client).and_then(|cluster| load.run(cluster, stop_all, tally));
                outcome.map_err(fail).unwrap_or_else(|()| Sent::new(partitions as usize))
            };
            let name = format!("producer-{index}");
            let spawned = std::thread::Builder::new().name(name).spawn_scoped(scope, body);
            if spawned.is_err() {
                stop_all.store(true, Ordering::Relaxed);
                stop_reading.store(true, Ordering::Relaxed);
            }
            producing.push(spawned.map_err(RunError::Thread)?);
        }

        let mut number = 0;
        let mut next = start + 1_000_000_000;
        while !producing.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            std::thread::sleep(Duration::from_millis(5));
            let now = clock.now();
            if stop.load(Ordering::Relaxed) && !stop_all.swap(true, Ordering::Relaxed) {
                ended = ended.min(now);
            }
            if cpu_from.0.is_none() && now >= measure_from {
                cpu_from = (cpu::seconds(None), config.broker_pid.and_then(|pid| cpu::seconds(Some(pid))));
            }
            if report.loadgen_cpu_s.is_none() && now >= ended {
                note_cpu(&mut report, cpu_from, config.broker_pid);
            }
            if now < next {
                continue;
            }
            let began = next - 1_000_000_000;
            let look = reporter.look(number, began >= measure_from && next <= ended);
            let since = Duration::from_nanos(began);
            for (name, latency) in
                [("response", &look.response), ("service", &look.service), ("end_to_end", &look.end_to_end)]
            {
                if config.hlog.is_some() && latency.count() > 0 {
                    log.write_histogram(latency.histogram(), since, Duration::from_secs(1), Tag::new(name))
                        .map_err(|error| log_error(std::io::Error::other(format!("{error:?}"))))?;
                }
            }
            on_second(&look.second);
            report.series.push(look.second);
            number += 1;
            next += 1_000_000_000;
        }
        if report.loadgen_cpu_s.is_none() {
            note_cpu(&mut report, cpu_from, config.broker_pid);
        }
        sent = producing.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Sent::new(0))).collect();
        if lock(&failed).is_none() && readers > 0 {
            let acked = sent.iter().flat_map(|sent: &Sent| &sent.acked).map(crate::ranges::Ranges::len).sum();
            report.unread = read_to_end(&mut cluster, &config.topic, &all, &reader_tallies, acked).err();
        }
        stop_reading.store(true, Ordering::Relaxed);
        observed = reading.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect();
        Ok(())
    })?;
    if let Some(error) = lock(&failed).take() {
        return Err(error.into());
    }

    let last = reporter.look(report.series.len() as u64, false).second;
    if last.acked + last.consumed + last.failed > 0 {
        report.series.push(last);
    }
    (report.produced, report.acked, report.failed) =
        (reporter.last.produced, reporter.last.acked, reporter.last.failed);
    (report.response, report.service, report.end_to_end) =
        (reporter.response, reporter.service, reporter.end_to_end);
    report.lost_connections = reporter.last.lost_connections;
    let mut measured_records = 0;
    for tally in &tallies {
        let tally = lock(tally);
        measured_records += tally.measured;
        report.producer_renewals += tally.renewals;
        report.failures.extend(tally.why_failed.clone());
    }
    report.failures.sort();
    report.failures.dedup();
    for tally in &reader_tallies {
        let tally = lock(tally);
        report.rewound.extend(tally.rewound.iter().cloned());
        report.damaged.extend(tally.damaged.iter().cloned());
    }
    report.measured_s = ended.saturating_sub(measure_from) as f64 / 1e9;
    if report.measured_s > 0.0 {
        let per_s = |count: u64| count as f64 / report.measured_s;
        report.achieved_per_s = per_s(measured_records);
        report.achieved_bytes_per_s = per_s(measured_records * config.size.max(payload::HEADER_BYTES) as u64);
        report.offered_per_s = match config.rate {
            Rate::PerSecond(rate) => rate as f64,
            Rate::Max => per_s(report.series.iter().filter(|s| s.measured).map(|s| s.produced).sum()),
        };
    }
    report.verdict = Verdict::judge(&sent, &observed);
    if readers == 0 || report.lost_connections > 0 {
        let (again, unread) = read_again(config, client("audit"), run, &begin, clock, &sent)?;
        let verdict = Verdict::judge(&sent, &again);
        report.read_again = true;
        report.unread = unread;
        report.verdict = if readers == 0 { verdict } else { worse(report.verdict, verdict) };
    }
    Ok(report)
}

fn file_error(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> RunError + use<> {
    let path = path.display().to_string();
    move |source| RunError::File { path, source }
}

fn note_cpu(report: &mut Report, from: (Option<f64>, Option<f64>), broker: Option<u32>) {
    let since = |from: Option<f64>, now: Option<f64>| Some((now? - from?).max(0.0));
    report.loadgen_cpu_s = since(from.0, cpu::seconds(None));
    report.broker_cpu_s = broker.and_then(|pid| since(from.1, cpu::seconds(Some(pid))));
}

/// What is in the log after the end decides on losses; what anybody saw on the way counts for the rest.
fn worse(live: Verdict, again: Verdict) -> Verdict {
    Verdict {
        lost: again.lost,
        missing: again.missing,
        duplicated: live.duplicated.max(again.duplicated),
        reordered: live.reordered.max(again.reordered),
        corrupt: live.corrupt.max(again.corrupt),
        consumed: live.consumed,
    }
}

fn check(config: &RunConfig) -> Result<(), RunError> {
    let settings = |text: String| Err(RunError::Settings(text));
    if config.producers == 0 {
        return settings("at least one producer is needed".into());
    }
    if config.rate == Rate::PerSecond(0) {
        return settings("a rate of 0 records a second is no load".into());
    }
    if config.size < payload::HEADER_BYTES {
        return settings(format!(
            "a record of {} bytes cannot carry what verification needs: at least {}",
            config.size,
            payload::HEADER_BYTES
        ));
    }
    Ok(())
}

/// Makes sure that the topic exists; answers how many partitions it has.
fn prepare_topic(cluster: &mut Cluster, config: &RunConfig) -> Result<i32, RunError> {
    let topic = &config.topic;
    let exists = match cluster.wait_for_topic(topic, IfMissing::Fail, PATIENCE) {
        Ok(_) => true,
        Err(error) if error.code() == Some(headwater_core::ErrorCode::UnknownTopicOrPartition) => false,
        Err(error) => return Err(error.into()),
    };
    if !exists {
        let partitions = config.partitions.unwrap_or(PARTITIONS);
        admin::create_topic(cluster, topic, Some(partitions), &[])?;
    }
    let count = cluster.wait_for_topic(topic, IfMissing::Wait, PATIENCE)?.partitions.len();
    let count = i32::try_from(count).unwrap_or(i32::MAX);
    match config.partitions {
        Some(wanted) if wanted != count => {
            Err(RunError::Settings(format!("topic {topic} exists and has {count} partitions, not {wanted}")))
        }
        _ => Ok(count),
    }
}

fn settings(config: &RunConfig, partitions: i32) -> Vec<(&'static str, serde_json::Value)> {
    vec![
        ("bootstrap", json!(config.bootstrap)),
        ("topic", json!(config.topic)),
        ("partitions", json!(partitions)),
        ("producers", json!(config.producers)),
        ("consumers", json!(config.consumers)),
        ("rate", if let Rate::PerSecond(rate) = config.rate { json!(rate) } else { json!("max") }),
        ("size", json!(config.size)),
        ("warmup_s", json!(config.warmup.as_secs_f64())),
        ("duration_s", json!(config.duration.as_secs_f64())),
        ("acks", json!(if config.acks == Acks::All { "all".into() } else { config.acks.code().to_string() })),
        ("linger_ms", json!(config.linger.as_secs_f64() * 1e3)),
        ("keys", json!(format!("{:?}", config.keys).to_lowercase())),
        ("batch_bytes", json!(BATCH_BYTES)),
    ]
}

/// Where the log of each partition ends now.
fn ends(cluster: &mut Cluster, topic: &str, partitions: &[i32]) -> Result<Vec<(i32, i64)>, ClientError> {
    let found = admin::offsets(cluster, topic, partitions, OffsetSpec::Latest)?;
    Ok(partitions.iter().map(|p| (*p, found.get(p).copied().flatten().unwrap_or(0))).collect())
}

/// Waits until the consumers have read to the end of every log. Records acknowledged may become readable a
/// little later (the high watermark follows), so while some are missing the end is looked up again until
/// nothing moves any more. The error tells why it was given up.
fn read_to_end(
    cluster: &mut Cluster,
    topic: &str,
    partitions: &[i32],
    tallies: &[Mutex<consumer::Tally>],
    acked: u64,
) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    let mut moved = Instant::now();
    let mut before = 0;
    loop {
        let ends = ends(cluster, topic, partitions);
        let mut positions = std::collections::BTreeMap::new();
        let mut consumed = 0;
        for tally in tallies {
            let tally = lock(tally);
            positions.extend(tally.positions.iter().copied());
            consumed += tally.consumed;
        }
        let progress = consumed + positions.values().map(|at| *at as u64).sum::<u64>();
        if progress != before {
            (before, moved) = (progress, Instant::now());
        }
        let quiet = moved.elapsed() >= SETTLE;
        match ends {
            Ok(ends) => {
                let reached = ends.iter().all(|(p, end)| positions.get(p).is_some_and(|at| at >= end));
                if reached && (consumed >= acked || quiet) {
                    return Ok(());
                }
                if Instant::now() >= deadline && quiet {
                    return Err("the end of the log was not reached".into());
                }
            }
            Err(error) if Instant::now() >= deadline => return Err(error.to_string()),
            Err(_) => {}
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Reads everything since the run's beginning once more, with one consumer.
fn read_again(
    config: &RunConfig,
    client: ClientConfig,
    run: u64,
    begin: &[(i32, i64)],
    clock: Clock,
    sent: &[Sent],
) -> Result<(Vec<Observed>, Option<String>), RunError> {
    let partitions: Vec<i32> = begin.iter().map(|(p, _)| *p).collect();
    let load = LoadConsumer {
        topic: &config.topic,
        partitions: begin.to_vec(),
        run,
        producers: config.producers as usize,
        clock,
        measure_from: 0,
        measure_to: 0,
    };
    let deadline = Instant::now() + PATIENCE;
    // The broker may still be on its way back.
    let mut cluster = loop {
        match Cluster::connect(client.clone()) {
            Ok(cluster) => break cluster,
            Err(error) if error.retriable() && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(200));
            }
            Err(error) => return Err(error.into()),
        }
    };
    let (stop, tally) = (AtomicBool::new(false), [Mutex::<consumer::Tally>::default()]);
    let acked = sent.iter().flat_map(|sent| &sent.acked).map(crate::ranges::Ranges::len).sum();
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| load.run(Cluster::connect(client)?, &stop, &tally[0]));
        let unread = read_to_end(&mut cluster, &config.topic, &partitions, &tally, acked).err();
        stop.store(true, Ordering::Relaxed);
        match thread.join() {
            Ok(observed) => Ok((observed?, unread)),
            Err(_) => Err(RunError::Settings("the thread that reads again has panicked".into())),
        }
    })
}
