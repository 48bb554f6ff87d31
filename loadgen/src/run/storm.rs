//! A connection storm: many clients that connect at the same moment and stay, as when a service restarts.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{Builder, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use super::{Course, RunError};
use crate::client::Connection;
use crate::latency::Latency;
use crate::producer::lock;

/// So many connect at the same time; each of them does the next when one is made.
const THREADS: u32 = 64;

/// How long one connection may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What came of the storm.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// From the first packet to the exchanged versions.
    pub connect: Latency,
    pub failed: u64,
    pub why_failed: Option<String>,
}

/// Starts the storm's threads; they begin with the measured window.
pub(super) fn launch<'scope, 'env>(
    course: &'env Course<'_>,
    scope: &'scope Scope<'scope, 'env>,
) -> Result<Vec<ScopedJoinHandle<'scope, ()>>, RunError> {
    let count = course.config.scenario.connections;
    let left = std::sync::Arc::new(AtomicU32::new(count));
    let storm = |index: u32| {
        let left = left.clone();
        Builder::new().name(format!("storm-{index}")).spawn_scoped(scope, move || blow(course, &left))
    };
    (0..THREADS.min(count)).map(|index| storm(index).map_err(RunError::Thread)).collect()
}

fn blow(course: &Course<'_>, left: &AtomicU32) {
    let stopped = || course.stop_reading.load(Ordering::Relaxed);
    let measure_from = course.times().measure_from;
    while course.clock.now() < measure_from && !stopped() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let address = course.config.bootstrap.split(',').next().unwrap_or_default().trim();
    let take_one = |left: u32| left.checked_sub(1);
    let mut held = Vec::new();
    while !stopped() && left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take_one).is_ok() {
        let began = Instant::now();
        let opened = Connection::open(address, "headwater-loadgen-storm", TIMEOUT);
        let mut tally = lock(&course.storm);
        match opened {
            Ok(connection) => {
                tally.connect.record(began.elapsed().as_nanos() as u64);
                held.push(connection);
            }
            Err(error) => {
                tally.failed += 1;
                tally.why_failed = Some(error.to_string());
            }
        }
    }
    while !stopped() && !course.load_over.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(20));
    }
}
