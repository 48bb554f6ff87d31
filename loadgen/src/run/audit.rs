//! After the load: reading to the end, and reading everything again.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{Course, PATIENCE, RunConfig, RunError, topics};
use crate::client::{ClientError, Cluster};
use crate::clock::Clock;
use crate::consumer::{self, LoadConsumer};
use crate::producer::lock;
use crate::reader::{Layout, Reader};
use crate::verify::{Observed, Verdict};

/// How long nothing new may come before what is missing is believed to be lost.
const SETTLE: Duration = Duration::from_secs(3);

/// How often it is looked whether the end is reached.
const LOOK: Duration = Duration::from_millis(100);

/// Waits until all readers have read to the end of every log; the error tells why it was given up.
pub(super) fn read_to_end(cluster: &mut Cluster, course: &Course<'_>, acked: u64) -> Result<(), String> {
    let readers: Vec<&Reader> = course.readers.iter().collect();
    until_read(cluster, &course.layout, &readers, &course.consumers, acked, &|| {
        lock(&course.failed).is_some()
    })
}

/// Records acknowledged may become readable a little later (the high watermark follows), so while some are
/// missing the end is looked up again until nothing moves any more.
fn until_read(
    cluster: &mut Cluster,
    layout: &Layout,
    readers: &[&Reader],
    tallies: &[Mutex<consumer::Tally>],
    acked: u64,
    failed: &dyn Fn() -> bool,
) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    let mut moved = Instant::now();
    let mut before = 0;
    while !failed() {
        let ends = topics::ends(cluster, layout);
        let consumed: u64 = tallies.iter().map(|tally| lock(tally).consumed).sum();
        let mut progress = consumed;
        let mut reached = true;
        for reader in readers {
            for (number, at) in reader.positions().enumerate() {
                progress += at as u64;
                reached &= ends.as_ref().is_ok_and(|ends| at >= ends[number]);
            }
        }
        if progress != before {
            (before, moved) = (progress, Instant::now());
        }
        // A reader that a quota holds back may well have more to come.
        let held = tallies.iter().filter_map(|tally| lock(tally).setbacks.throttled_until).max();
        let quiet = held.map_or(moved, |held| held.max(moved)) + SETTLE <= Instant::now();
        match ends {
            Ok(_) if reached && (consumed >= acked * readers.len() as u64 || quiet) => return Ok(()),
            Ok(_) if Instant::now() >= deadline && quiet => {
                return Err("the end of the log was not reached".into());
            }
            Err(error) if Instant::now() >= deadline => return Err(error.to_string()),
            _ => {}
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}

/// Reads everything since the run's beginning once more, with one consumer.
pub(super) fn read_again(
    config: &RunConfig,
    run: u64,
    layout: &Layout,
    begin: &[i64],
    clock: Clock,
    acked: u64,
) -> Result<(Vec<Observed>, Option<String>), RunError> {
    let reader = Reader::new(run, config.scenario.producers as usize, begin);
    let load_over = AtomicBool::new(true);
    let load = LoadConsumer {
        layout,
        reader: &reader,
        assigned: (0..layout.len()).collect(),
        member: None,
        read_committed: config.scenario.read_committed(),
        clock,
        starts_at: 0,
        measure_from: 0,
        measure_to: 0,
        load_over: &load_over,
    };
    let client = config.client("audit");
    let deadline = Instant::now() + PATIENCE;
    // The broker may still be on its way back.
    let mut cluster = loop {
        match Cluster::connect(client.clone()) {
            Ok(cluster) => break cluster,
            Err(error) if error.retriable() && Instant::now() < deadline => {
                std::thread::sleep(2 * LOOK);
            }
            // The report is worth having without it: what was acknowledged and not read counts as lost.
            Err(error) if error.retriable() => {
                return Ok((reader.finish().observed, Some(error.to_string())));
            }
            Err(error) => return Err(error.into()),
        }
    };
    let (stop, tally) = (AtomicBool::new(false), [Mutex::<consumer::Tally>::default()]);
    let ended = std::thread::scope(|scope| {
        let thread = scope.spawn(|| load.run(Cluster::connect(client)?, &stop, &tally[0]));
        let failed = || thread.is_finished();
        let unread = until_read(&mut cluster, layout, &[&reader], &tally, acked, &failed).err();
        stop.store(true, Ordering::Relaxed);
        let ended: Result<(), ClientError> = match thread.join() {
            Ok(ended) => ended,
            Err(_) => Err(ClientError::GaveUp("the thread that reads again has panicked".into())),
        };
        ended.map(|()| unread)
    });
    Ok((reader.finish().observed, ended?))
}

/// What is in the log after the end decides on losses; what anybody saw on the way counts for the rest.
pub(super) fn worse(live: Verdict, again: Verdict) -> Verdict {
    Verdict {
        lost: again.lost,
        missing: again.missing,
        duplicated: live.duplicated.max(again.duplicated),
        reordered: live.reordered.max(again.reordered),
        corrupt: live.corrupt.max(again.corrupt),
        uncommitted: live.uncommitted.max(again.uncommitted),
        consumed: live.consumed,
    }
}
