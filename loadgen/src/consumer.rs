//! One load consumer: a thread that reads some partitions, checks every record and times how long it took
//! from the producer.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::client::{ClientError, Cluster, Consumer, ConsumerConfig, Event, Start};
use crate::clock::Clock;
use crate::latency::Latency;
use crate::producer::lock;
use crate::verify::Observed;

/// The longest wait: how soon a stop is noticed.
const TURN: Duration = Duration::from_millis(100);

/// What a consumer has done, shared with the reporter; the histogram holds what came since the reporter's
/// last visit.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub consumed: u64,
    pub end_to_end: Latency,
    /// Partition and the offset of the next record to read.
    pub positions: Vec<(i32, i64)>,
    pub lost_connections: u64,
    /// Where the log was found shorter than what had been read, as text.
    pub rewound: Vec<String>,
    /// What was found damaged, as text; the first few.
    pub damaged: Vec<String>,
}

/// How many descriptions of damage are kept.
const DAMAGE_TOLD: usize = 20;

/// What one load consumer is to do.
pub(crate) struct LoadConsumer<'a> {
    pub topic: &'a str,
    /// Partitions, and where to begin in each.
    pub partitions: Vec<(i32, i64)>,
    pub run: u64,
    pub producers: usize,
    pub clock: Clock,
    /// Latencies of records that were meant to be sent from here …
    pub measure_from: u64,
    /// … to here count.
    pub measure_to: u64,
}

impl LoadConsumer<'_> {
    /// Reads until `stop` is set; answers what was seen, one entry a partition.
    pub fn run(
        self,
        cluster: Cluster,
        stop: &AtomicBool,
        tally: &Mutex<Tally>,
    ) -> Result<Vec<Observed>, ClientError> {
        let mut observed: Vec<Observed> =
            self.partitions.iter().map(|(p, _)| Observed::new(self.run, *p as u32, self.producers)).collect();
        let mut consumer = Consumer::new(cluster, ConsumerConfig::default());
        consumer.assign(self.partitions.iter().map(|(p, at)| (self.topic.to_owned(), *p, Start::At(*at))));
        let mut told = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            let mut last = 0;
            consumer.poll(Instant::now() + TURN, &mut |_, partition, event| {
                // Partitions of one consumer come in runs.
                if self.partitions[last].0 != partition {
                    last = self.partitions.iter().position(|(p, _)| *p == partition).unwrap_or(last);
                }
                self.note(event, partition, &mut observed[last], tally);
            })?;
            let now = Instant::now();
            if now >= told {
                told = now + TURN;
                let mut tally = lock(tally);
                tally.positions.clear();
                tally.positions.extend(consumer.positions().map(|(_, partition, at)| (partition, at)));
                tally.lost_connections = consumer.lost_connections();
            }
        }
        Ok(observed)
    }

    fn note(&self, event: Event<'_>, partition: i32, observed: &mut Observed, tally: &Mutex<Tally>) {
        match event {
            Event::Record(record) => {
                let Some(label) = observed.note(record.value) else { return };
                let now = self.clock.now();
                let mut tally = lock(tally);
                tally.consumed += 1;
                if (self.measure_from..self.measure_to).contains(&label.stamp) {
                    tally.end_to_end.record(now.saturating_sub(label.stamp));
                }
            }
            Event::Damaged { offset, records, why } => {
                observed.note_damaged_batch(records);
                let mut tally = lock(tally);
                if tally.damaged.len() < DAMAGE_TOLD {
                    tally.damaged.push(format!("partition {partition} offset {offset}: {why}"));
                }
            }
            Event::Rewound { from, to } => {
                lock(tally)
                    .rewound
                    .push(format!("partition {partition}: read up to {from}, the log ends at {to}"));
            }
            // Retention: what it took is counted as lost if it was acknowledged, since nobody has read it.
            Event::Skipped { .. } => {}
        }
    }
}
