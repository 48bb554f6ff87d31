//! The watch over a run's threads: a look every second, the series and the HDR log that come of it, and the
//! sums at the end.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriter, IntervalLogWriterBuilder, Tag};

use super::{Course, RunError};
use crate::host::Usage;
use crate::latency::Latency;
use crate::producer::lock;
use crate::rate::Rate;
use crate::report::{Drain, Report, Second};

/// A second of the run's clock.
const SECOND: u64 = 1_000_000_000;

/// How often it is looked whether a second is over: bounds how late its end is noticed.
const TICK: Duration = Duration::from_millis(5);

/// What the looks have added up so far.
#[derive(Default)]
pub(super) struct Watched {
    response: Latency,
    service: Latency,
    queueing: Latency,
    jitter: Latency,
    end_to_end: Latency,
    join: Latency,
    /// The totals of the last look.
    last: Second,
    /// When the load ended: the window's end, or earlier if it was stopped.
    ended: u64,
}

/// One look at all threads.
struct Look {
    second: Second,
    response: Latency,
    service: Latency,
    end_to_end: Latency,
}

impl Look {
    /// Writes its histograms as an interval that began at `since`.
    fn log<W: Write>(
        &self,
        log: &mut IntervalLogWriter<'_, '_, W, V2DeflateSerializer>,
        since: Duration,
    ) -> std::io::Result<()> {
        let kinds =
            [("response", &self.response), ("service", &self.service), ("end_to_end", &self.end_to_end)];
        for (name, latency) in kinds.into_iter().filter(|(_, latency)| latency.count() > 0) {
            log.write_histogram(latency.histogram(), since, Duration::from_secs(1), Tag::new(name))
                .map_err(|error| std::io::Error::other(format!("{error:?}")))?;
        }
        Ok(())
    }

    /// Adds it to the end of a log that is closed.
    fn append(&self, path: &Path, since: Duration) -> std::io::Result<()> {
        let mut file = std::fs::OpenOptions::new().append(true).open(path)?;
        let mut serializer = V2DeflateSerializer::new();
        let mut log = IntervalLogWriterBuilder::new()
            .with_max_value_divisor(1e6)
            .begin_log_with(&mut file, &mut serializer)?;
        self.log(&mut log, since)
    }
}

/// What this process and the broker had used at some moment.
#[derive(Clone, Copy)]
struct Used {
    own: Option<Usage>,
    broker: Option<Usage>,
}

impl Used {
    fn now(broker_pid: Option<u32>) -> Self {
        Self { own: Usage::of(None), broker: broker_pid.and_then(|pid| Usage::of(Some(pid))) }
    }
}

/// Looks at the threads every second until `producing_ended`.
pub(super) fn watch(
    course: &Course<'_>,
    stop: &AtomicBool,
    producing_ended: &dyn Fn() -> bool,
    on_second: &mut dyn FnMut(&Second),
    report: &mut Report,
) -> Result<Watched, RunError> {
    let config = course.config;
    let log_error = |source: std::io::Error| RunError::File {
        path: config.hlog.as_deref().unwrap_or("".as_ref()).display().to_string(),
        source,
    };
    let mut log: Box<dyn Write> = match &config.hlog {
        Some(path) => Box::new(std::io::BufWriter::new(std::fs::File::create(path).map_err(log_error)?)),
        None => Box::new(std::io::sink()),
    };
    let mut serializer = V2DeflateSerializer::new();
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment("headwater loadgen; values in nanoseconds, maxima in milliseconds")
        .with_max_value_divisor(1e6)
        .begin_log_with(&mut log, &mut serializer)
        .map_err(log_error)?;

    let times = course.times();
    let mut watched = Watched { ended: times.measure_to, ..Watched::default() };
    let (mut from, mut used) = (None, None);
    let (mut number, mut next) = (0, times.start + SECOND);
    while !producing_ended() {
        std::thread::sleep(TICK);
        let now = course.clock.now();
        if stop.load(Ordering::Relaxed) && !course.stop_producing.swap(true, Ordering::Relaxed) {
            report.stopped_early = now < times.measure_to;
            watched.ended = watched.ended.min(now);
        }
        if from.is_none() && now >= times.measure_from {
            from = Some(Used::now(config.broker_pid));
        }
        if used.is_none() && now >= watched.ended {
            used = Some(Used::now(config.broker_pid));
        }
        if now < next {
            continue;
        }
        let began = next - SECOND;
        let look = watched.look(course, number, began >= times.measure_from && next <= watched.ended);
        let since = Duration::from_nanos(began);
        if config.hlog.is_some() {
            look.log(&mut log, since).map_err(log_error)?;
        }
        on_second(&look.second);
        report.series.push(look.second);
        number += 1;
        next += SECOND;
    }
    let used = used.unwrap_or_else(|| Used::now(config.broker_pid));
    if let Some(from) = from {
        report.loadgen_cpu_s = Usage::cpu_between(from.own, used.own);
        report.broker_cpu_s = Usage::cpu_between(from.broker, used.broker);
        report.broker = Usage::between(from.broker, used.broker);
    }
    report.loadgen = from.and_then(|from| Usage::between(from.own, used.own)).or(used.own);
    Ok(watched)
}

impl Watched {
    /// Takes what came since the last look. Counts in the second are differences, connections are totals.
    fn look(&mut self, course: &Course<'_>, number: u64, measured: bool) -> Look {
        let mut now = Second { second: number, measured, ..Second::default() };
        let (mut response, mut service, mut end_to_end) = (Latency::new(), Latency::new(), Latency::new());
        for tally in &course.producers {
            let mut tally = lock(tally);
            now.produced += tally.produced;
            now.acked += tally.acked;
            now.failed += tally.failed;
            now.lost_connections += tally.lost_connections;
            now.throttled_s += tally.throttled.as_secs_f64();
            response.merge(&tally.response);
            service.merge(&tally.service);
            self.queueing.merge(&tally.queueing);
            self.jitter.merge(&tally.jitter);
            tally.response.clear();
            tally.service.clear();
            tally.queueing.clear();
            tally.jitter.clear();
            now.trouble = tally.trouble.take().or(now.trouble);
        }
        for tally in &course.consumers {
            let mut tally = lock(tally);
            now.consumed += tally.consumed;
            now.lost_connections += tally.setbacks.lost_connections;
            now.readers_throttled_s += tally.setbacks.throttled.as_secs_f64();
            end_to_end.merge(&tally.end_to_end);
            self.join.merge(&tally.join);
            tally.end_to_end.clear();
            tally.join.clear();
            now.trouble = tally.trouble.take().or(now.trouble);
        }
        self.response.merge(&response);
        self.service.merge(&service);
        self.end_to_end.merge(&end_to_end);
        now.backlog = (now.acked * course.readers.len() as u64).saturating_sub(now.consumed);
        let total = now.clone();
        now.produced -= self.last.produced;
        now.acked -= self.last.acked;
        now.failed -= self.last.failed;
        now.consumed -= self.last.consumed;
        now.throttled_s -= self.last.throttled_s;
        now.readers_throttled_s -= self.last.readers_throttled_s;
        (now.response, now.service, now.end_to_end) =
            ((&response).into(), (&service).into(), (&end_to_end).into());
        now.heat = response.heat();
        self.last = total;
        Look { second: now, response, service, end_to_end }
    }

    /// Writes the sums into the report, once all threads have ended.
    pub(super) fn finish(mut self, course: &Course<'_>, report: &mut Report) -> Result<(), RunError> {
        let times = course.times();
        let last = self.look(course, report.series.len() as u64, false);
        if let Some(path) = &course.config.hlog {
            // What came in after the last whole second belongs to the log as well.
            let since = Duration::from_nanos(times.start + report.series.len() as u64 * SECOND);
            last.append(path, since)
                .map_err(|source| RunError::File { path: path.display().to_string(), source })?;
        }
        let last = last.second;
        if last.acked + last.consumed + last.failed > 0 {
            report.series.push(last);
        }
        (report.produced, report.acked, report.failed) =
            (self.last.produced, self.last.acked, self.last.failed);
        (report.response, report.service, report.queueing) = (self.response, self.service, self.queueing);
        (report.end_to_end, report.join, report.jitter) = (self.end_to_end, self.join, self.jitter);
        report.lost_connections = self.last.lost_connections;
        (report.throttled_s, report.readers_throttled_s) =
            (self.last.throttled_s, self.last.readers_throttled_s);
        let (mut records, mut bytes, mut transactions) = (0, 0, 0);
        for tally in &course.producers {
            let tally = lock(tally);
            records += tally.measured;
            bytes += tally.measured_bytes;
            report.aborted += tally.aborted;
            report.unmade += tally.unmade;
            transactions += tally.transactions;
            report.producer_renewals += tally.renewals;
            report.failures.extend(tally.why_failed.clone());
        }
        for tally in &course.consumers {
            let tally = lock(tally);
            report.rewound.extend(tally.rewound.iter().cloned());
            report.damaged.extend(tally.damaged.iter().cloned());
        }
        let storm = lock(&course.storm);
        report.connect = storm.connect.clone();
        report.connects_failed = storm.failed;
        report.failures.extend(storm.why_failed.clone());
        let crowd = lock(&course.crowd);
        report.heartbeat = crowd.heartbeat.clone();
        report.commit = crowd.commit.clone();
        report.rebalance = crowd.rebalance.clone();
        report.failures.sort();
        report.failures.dedup();
        report.measured_s = self.ended.saturating_sub(times.measure_from) as f64 / 1e9;
        if report.measured_s > 0.0 {
            let per_s = |count: u64| count as f64 / report.measured_s;
            report.achieved_per_s = per_s(records);
            report.achieved_bytes_per_s = per_s(bytes);
            report.transactions_per_s = per_s(transactions);
            report.commits_per_s = per_s(crowd.commit.count());
            report.heartbeats_per_s = per_s(crowd.heartbeat.count());
            report.offered_per_s = match course.config.scenario.rate {
                Rate::Max => per_s(report.series.iter().filter(|s| s.measured).map(|s| s.produced).sum()),
                _ => times.timetable.offered_per_s(times.measure_from, self.ended).unwrap_or(0.0),
            };
        }
        report.drain = drain(course, &report.series);
        Ok(())
    }
}

/// When late readers had read what there was: the first second after they began at whose end they were no
/// more than a second's records behind.
fn drain(course: &Course<'_>, series: &[Second]) -> Option<Drain> {
    let late = course.readers.iter().map(|reader| reader.late).max().filter(|late| !late.is_zero())?;
    let first = late.as_secs() as usize;
    let backlog = series.get(first.checked_sub(1)?)?.backlog;
    let behind = |second: &&Second| second.backlog <= second.acked.max(1) * course.readers.len() as u64;
    let drained =
        series.iter().skip(first).position(|second| behind(&second)).map(|seconds| seconds as u64 + 1);
    // A backlog that grows while it is read is never drained: the worst second tells it.
    let most = series.iter().skip(first).map(|second| second.backlog).max().unwrap_or(0).max(backlog);
    Some(Drain { began_s: first as u64, backlog, most, drained_after_s: drained })
}
