//! Points: a name, a body, `ok NAME` or `not ok NAME: reason`.

use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What a point's body answers: whatever went wrong is the reason.
pub type Seen<T = ()> = Result<T, Box<dyn Error>>;

/// No single wait takes longer: a client's own defaults are up to five minutes.
pub const WAIT: Duration = Duration::from_secs(90);

/// Runs points, those selected by a part of their names, and remembers whether any failed.
pub struct Checks {
    pub wanted: Vec<String>,
    pub failed: bool,
}

impl Checks {
    pub fn point(&mut self, name: &str, body: impl FnOnce() -> Seen) {
        if !self.wanted.is_empty() && !self.wanted.iter().any(|part| name.contains(part)) {
            return;
        }
        let began = Instant::now();
        match body() {
            Ok(()) => println!("ok {name} ({:.1} s)", began.elapsed().as_secs_f64()),
            Err(reason) => {
                self.failed = true;
                println!("not ok {name}: {}", reason.to_string().replace('\n', " "));
            }
        }
    }
}

/// A name that no earlier run has used: a broker may be shared.
pub fn unique(name: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis());
    format!("rdkafka-{name}-{now:x}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

pub fn that(holds: bool, what: impl Into<String>) -> Seen {
    if holds { Ok(()) } else { Err(what.into().into()) }
}

pub fn equal<T: PartialEq + std::fmt::Debug>(expected: &T, actual: &T, what: &str) -> Seen {
    let short = |value: &T| format!("{value:?}").chars().take(200).collect::<String>();
    that(expected == actual, format!("{what}: expected {}, got {}", short(expected), short(actual)))
}

/// Like [`equal`], and names the first element that differs.
pub fn equal_lists<T: PartialEq + std::fmt::Debug>(expected: &[T], actual: &[T], what: &str) -> Seen {
    for (i, (e, a)) in expected.iter().zip(actual).enumerate() {
        equal(e, a, &format!("{what}, number {i}"))?;
    }
    equal(&expected.len(), &actual.len(), &format!("{what}: how many"))
}

/// Calls `step` until it answers true.
pub fn until(what: &str, mut step: impl FnMut() -> Seen<bool>) -> Seen {
    let deadline = Instant::now() + WAIT;
    while !step()? {
        that(Instant::now() < deadline, format!("not within {} s: {what}", WAIT.as_secs()))?;
    }
    Ok(())
}
