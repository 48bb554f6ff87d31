//! One load consumer of a share group: a thread that takes records, accepts them, checks each and times how long it took
//! from the producer.
//!
//! A share group promises no order, and may give a record again as long as it is not accepted. What it does promise is
//! held against it: a record whose acceptance was confirmed is never given again, and one that was not is.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::client::share::{Outcome, ShareConsumer, ShareEvent};
use crate::client::{ClientError, Cluster};
use crate::clock::Clock;
use crate::consumer::{DAMAGE_TOLD, Tally};
use crate::producer::lock;
use crate::ranges::Ranges;
use crate::reader::{Layout, Reader};

/// The longest wait: how soon a stop is noticed.
const TURN: Duration = Duration::from_millis(100);

/// What a share group has had of one partition, by offset.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// Given to somebody, once at least.
    given: Ranges,
    /// Accepted for certain: not to be given again.
    accepted: Ranges,
    /// Accepted, for certain or perhaps: need not be given again.
    settled: Ranges,
}

impl Shared {
    /// Notes that these are locked for somebody; answers those that nobody has had before.
    fn give(&mut self, first: u64, end: u64) -> Ranges {
        let mut span = Ranges::new();
        span.insert(first, end);
        let fresh = span.minus(&self.given);
        self.given.insert(first, end);
        fresh
    }

    fn settle(&mut self, first: u64, end: u64, outcome: Outcome) {
        if outcome == Outcome::Refused {
            return;
        }
        self.settled.insert(first, end);
        if outcome == Outcome::Accepted {
            self.accepted.insert(first, end);
        }
    }

    /// Up to where everything from `begin` on is settled.
    fn settled_to(&self, begin: i64) -> i64 {
        let from = u64::try_from(begin).unwrap_or(0);
        let span = self.settled.iter().find(|(first, end)| *first <= from && from < *end);
        span.map_or(begin, |(_, end)| i64::try_from(end).unwrap_or(i64::MAX))
    }

    /// How many were given, not accepted, and not given again to somebody who did.
    pub fn unsettled(&self) -> u64 {
        self.given.minus(&self.settled).len()
    }
}

/// What one load consumer of a share group is to do.
pub(crate) struct ShareLoad<'a> {
    pub layout: &'a Layout,
    pub reader: &'a Reader,
    pub group: String,
    pub clock: Clock,
    /// Latencies of records that were meant to be sent from here …
    pub measure_from: u64,
    /// … to here count.
    pub measure_to: u64,
}

/// What came in one poll, before it is added to the tally under one lock.
#[derive(Default)]
struct Caught {
    consumed: u64,
    latencies: Vec<u64>,
    /// When the records at hand came, on the run's clock.
    now: u64,
    /// Those of them that nobody has had before.
    fresh: Ranges,
}

impl ShareLoad<'_> {
    /// Reads until `stop` is set.
    pub fn run(self, cluster: Cluster, stop: &AtomicBool, tally: &Mutex<Tally>) -> Result<(), ClientError> {
        let mut consumer = ShareConsumer::new(cluster, self.group.as_str(), self.layout.topics.clone());
        let mut caught = Caught::default();
        let mut ended = Ok(());
        while ended.is_ok() && !stop.load(Ordering::Relaxed) {
            ended = consumer.poll(Instant::now() + TURN, &mut |topic, partition, event| {
                self.note(topic, partition, event, &mut caught, tally);
            });
            self.add(&consumer, &mut caught, tally);
        }
        // Whatever ended it, the others must not wait for what is locked for this member.
        let left = consumer.leave(&mut |topic, partition, event| {
            self.note(topic, partition, event, &mut caught, tally);
        });
        self.add(&consumer, &mut caught, tally);
        ended.and(left)
    }

    fn add(&self, consumer: &ShareConsumer, caught: &mut Caught, tally: &Mutex<Tally>) {
        let mut tally = lock(tally);
        tally.setbacks = consumer.setbacks();
        tally.consumed += std::mem::take(&mut caught.consumed);
        for latency in caught.latencies.drain(..) {
            tally.end_to_end.record(latency);
        }
    }

    fn note(
        &self,
        topic: &str,
        partition: i32,
        event: ShareEvent<'_>,
        caught: &mut Caught,
        tally: &Mutex<Tally>,
    ) {
        let Some(number) = self.layout.number(topic, partition) else { return };
        let mut place = lock(&self.reader.places[number]);
        let place = &mut *place;
        // The group begins with what is a little older than the run.
        let begin = u64::try_from(place.begin).unwrap_or(0);
        let of_run = |first: i64, end: i64| {
            (u64::try_from(first).unwrap_or(0).max(begin), u64::try_from(end).unwrap_or(0).max(begin))
        };
        match event {
            ShareEvent::Acquired(spans) => {
                caught.now = self.clock.now();
                caught.fresh = Ranges::new();
                for (first, end) in spans {
                    let (first, end) = of_run(*first, *end);
                    for (first, end) in place.shared.give(first, end).iter() {
                        caught.fresh.insert(first, end);
                    }
                }
            }
            ShareEvent::Record(record) => {
                let offset = u64::try_from(record.offset.get()).unwrap_or(0);
                if offset < begin {
                    return;
                }
                if !caught.fresh.contains(offset) {
                    match place.shared.accepted.contains(offset) {
                        true => place.observed.duplicated += 1,
                        false => place.redelivered += 1,
                    }
                    return;
                }
                let Some(label) = place.observed.note(record.value) else { return };
                caught.consumed += 1;
                if self.reader.timed && (self.measure_from..self.measure_to).contains(&label.stamp) {
                    caught.latencies.push(caught.now.saturating_sub(label.stamp));
                }
            }
            ShareEvent::Damaged { offset, records, why } => {
                place.observed.note_damaged_batch(records);
                let mut tally = lock(tally);
                if tally.damaged.len() < DAMAGE_TOLD {
                    tally.damaged.push(format!("{topic}-{partition} offset {offset}: {why}"));
                }
            }
            ShareEvent::Settled(first, end, outcome) => {
                let (first, end) = of_run(first, end);
                place.shared.settle(first, end, outcome);
                place.position = place.shared.settled_to(place.begin);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use headwater_core::ids::Offset;
    use headwater_core::record::builder::BatchBuilder;
    use headwater_core::record::header::{BatchView, set_base_offset};
    use headwater_core::record::records::Records;

    use super::*;
    use crate::payload::Template;
    use crate::verify::{Sent, Verdict};

    const RUN: u64 = 5;
    /// Where the run began; the group begins before it.
    const BEGIN: i64 = 100;

    enum Step {
        /// Somebody is given these, first to last.
        Give(i64, i64),
        /// What comes of their being accepted.
        Settle(i64, i64, Outcome),
    }
    use Outcome::{Accepted, Refused, Unknown};
    use Step::{Give, Settle};

    /// Ten records were sent and acknowledged. Expects (consumed, redelivered, duplicated, lost, position).
    fn check(steps: &[Step], expect: (u64, u64, u64, u64, i64)) {
        let layout = Layout::new(vec!["t".into()], 1);
        let mut reader = Reader::new(RUN, 1, &[BEGIN]);
        reader.shares = true;
        let load = ShareLoad {
            layout: &layout,
            reader: &reader,
            group: String::new(),
            clock: Clock::start(),
            measure_from: 0,
            measure_to: u64::MAX,
        };
        let (mut caught, tally) = (Caught::default(), Mutex::default());
        let mut template = Template::new(RUN, 0, 64);
        for step in steps {
            match step {
                Give(first, last) => {
                    load.note("t", 0, ShareEvent::Acquired(&[(*first, last + 1)]), &mut caught, &tally);
                    for offset in *first..=*last {
                        // Before the run's beginning lies what another run has left.
                        let value = template.value(0, (offset - BEGIN).max(0) as u64, 1).to_vec();
                        let mut batch = BatchBuilder::new().record(1, None, Some(&value)).build_mut();
                        set_base_offset(&mut batch, Offset::new(offset));
                        let view = BatchView::split(&batch).unwrap().0;
                        let records = Records::of(&view, 1 << 20).unwrap();
                        let record = records.iter().next().unwrap().unwrap();
                        load.note("t", 0, ShareEvent::Record(record), &mut caught, &tally);
                    }
                }
                Settle(first, last, outcome) => {
                    load.note("t", 0, ShareEvent::Settled(*first, last + 1, *outcome), &mut caught, &tally);
                }
            }
        }
        let consumed = caught.consumed;
        let position = lock(&reader.places[0]).position;
        let finished = reader.finish();
        let mut sent = Sent::new(1);
        sent.produced[0] = 10;
        sent.acked[0].insert(0, 10);
        let verdict = Verdict::judge(&[sent], &finished.observed, false);
        let lost = verdict.lost + finished.unsettled;
        assert_eq!((consumed, finished.redelivered, verdict.duplicated, lost, position), expect);
        assert_eq!((verdict.reordered, verdict.corrupt), (0, 0), "order is not promised");
    }

    #[test]
    fn a_share_group_is_held_to_what_it_promises() {
        check(&[Give(100, 109), Settle(100, 109, Accepted)], (10, 0, 0, 0, 110));
        check(&[Give(90, 109), Settle(90, 109, Accepted)], (10, 0, 0, 0, 110));
        // In any order, from several members.
        let two = [Give(105, 109), Give(100, 104), Settle(105, 109, Accepted), Settle(100, 104, Accepted)];
        check(&two, (10, 0, 0, 0, 110));
        check(&two[..3], (10, 0, 0, 5, 100));
        // Given again after a lock was over: allowed.
        let again = [Give(100, 109), Settle(100, 109, Refused), Give(100, 109), Settle(100, 109, Accepted)];
        check(&again, (10, 10, 0, 0, 110));
        // Never given again: lost, though somebody had it.
        check(&again[..2], (10, 0, 0, 10, 100));
        // Given again after it was accepted for certain.
        check(&[Give(100, 109), Settle(100, 109, Accepted), Give(103, 104)], (10, 0, 2, 0, 110));
        // Nobody knows: it may come again, and need not.
        let unknown = [Give(100, 109), Settle(100, 109, Unknown), Give(100, 101), Settle(100, 101, Accepted)];
        check(&unknown[..2], (10, 0, 0, 0, 110));
        check(&unknown, (10, 2, 0, 0, 110));
        // Never given to anybody.
        check(&[Give(100, 105), Settle(100, 105, Accepted)], (6, 0, 0, 4, 106));
    }
}
