//! The oracle: what was acknowledged must be read back, once, in order and intact.
//!
//! Every load record names its producer and its number among that producer's records in that partition
//! ([`crate::payload`]). The readers note each record as it comes in log order; the producers note what was
//! acknowledged. After everything has been read, the difference is the verdict:
//!
//! | count | meaning |
//! |---|---|
//! | lost | acknowledged and never read |
//! | duplicated | read again: the same number of the same producer in the same partition |
//! | reordered | read after a record with a greater number, and not a duplicate |
//! | uncommitted | read although its transaction was aborted, by a reader of committed records |
//! | corrupt | its checksum fails, or it lies in a partition it was not sent to, or its number was never sent |
//!
//! A record that was sent and not acknowledged may be in the log or not: both are right.
//!
//! A *fall* is a moment when a producer lost its connection. What had been acknowledged by then is kept per
//! fall, so that a loss can be told as "acknowledged before the broker fell".

use crate::payload::{self, Label, NotALabel};
use crate::ranges::Ranges;

/// What the reader of one partition has seen of one producer.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// Numbers seen outside the open span.
    done: Ranges,
    /// The span that is growing; a record in order costs one comparison and one addition.
    from: u64,
    next: u64,
}

/// How a record fits what was seen before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    New,
    Late,
    Again,
}

impl Seen {
    fn note(&mut self, sequence: u64) -> Fit {
        if sequence == self.next {
            self.next += 1;
            return Fit::New;
        }
        if sequence > self.next {
            self.done.insert(self.from, self.next);
            (self.from, self.next) = (sequence, sequence + 1);
            return Fit::New;
        }
        if sequence >= self.from || self.done.contains(sequence) {
            return Fit::Again;
        }
        self.done.insert(sequence, sequence + 1);
        Fit::Late
    }

    fn all(&self) -> Ranges {
        let mut all = self.done.clone();
        all.insert(self.from, self.next);
        all
    }
}

/// What the reader of one partition has seen.
#[derive(Clone, Debug)]
pub struct Observed {
    run: u64,
    partition: u32,
    producers: Vec<Seen>,
    /// Records of this run that were read, duplicates included.
    pub consumed: u64,
    /// Records read again.
    pub duplicated: u64,
    /// Records read after a later one.
    pub reordered: u64,
    /// Damaged or misplaced records.
    pub corrupt: u64,
    /// Records of other runs or of other programs, skipped.
    pub foreign: u64,
}

impl Observed {
    /// Nothing seen yet of `run` with `producers` producers in `partition`.
    pub fn new(run: u64, partition: u32, producers: usize) -> Self {
        let producers = vec![Seen::default(); producers];
        Self { run, partition, producers, consumed: 0, duplicated: 0, reordered: 0, corrupt: 0, foreign: 0 }
    }

    /// Notes the next record of the partition, in log order. Answers its label if it is an intact record of
    /// this run, seen for the first time.
    pub fn note(&mut self, value: Option<&[u8]>) -> Option<Label> {
        let label = match value.map(payload::read) {
            Some(Ok(label)) if label.run == self.run => label,
            Some(Ok(_)) | Some(Err(NotALabel::Foreign)) | None => {
                self.foreign += 1;
                return None;
            }
            Some(Err(NotALabel::Corrupt)) => {
                self.corrupt += 1;
                return None;
            }
        };
        self.consumed += 1;
        let seen =
            self.producers.get_mut(label.producer as usize).filter(|_| label.partition == self.partition);
        let Some(seen) = seen else {
            self.corrupt += 1;
            return None;
        };
        match seen.note(label.sequence) {
            Fit::New => return Some(label),
            Fit::Late => self.reordered += 1,
            Fit::Again => {
                self.duplicated += 1;
                return None;
            }
        }
        Some(label)
    }

    /// Notes that a whole batch failed its CRC-32C: `records` of them cannot be told apart any more.
    pub fn note_damaged_batch(&mut self, records: u64) {
        self.corrupt += records.max(1);
    }

    /// How many different records of this run have been seen.
    pub fn distinct(&self) -> u64 {
        self.producers.iter().map(|seen| seen.done.len() + (seen.next - seen.from)).sum()
    }
}

/// What had been acknowledged when a producer lost a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fall {
    /// When it was noticed, on the run's clock.
    pub at: u64,
    /// Per partition: one past the greatest acknowledged number.
    pub acked: Vec<u64>,
}

/// What one producer sent and got acknowledged.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    /// Per partition: how many records were handed to the client.
    pub produced: Vec<u64>,
    /// Per partition: the numbers that were acknowledged.
    pub acked: Vec<Ranges>,
    /// Per partition: the numbers whose transaction was aborted.
    pub aborted: Vec<Ranges>,
    /// Connections lost, in order.
    pub falls: Vec<Fall>,
}

impl Sent {
    /// Nothing sent yet to any of `partitions`.
    pub fn new(partitions: usize) -> Self {
        let none = vec![Ranges::new(); partitions];
        Self { produced: vec![0; partitions], acked: none.clone(), aborted: none, falls: Vec::new() }
    }

    /// Notes that the connection fell at `at`.
    pub fn note_fall(&mut self, at: u64) {
        let acked = self.acked.iter().map(Ranges::end).collect();
        self.falls.push(Fall { at, acked });
    }
}

/// A stretch of acknowledged records that were not read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The producer.
    pub producer: usize,
    /// The partition.
    pub partition: usize,
    /// The first number.
    pub first: u64,
    /// One past the last number.
    pub end: u64,
    /// When the first connection fell by which the first of them had been acknowledged, on the run's clock;
    /// `None` if none did.
    pub acked_before_fall: Option<u64>,
}

/// The oracle's judgement; all counts are records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Acknowledged and never read.
    pub lost: u64,
    /// Read more than once.
    pub duplicated: u64,
    /// Read after a later one.
    pub reordered: u64,
    /// Damaged or misplaced.
    pub corrupt: u64,
    /// Read although aborted, by a reader of committed records.
    pub uncommitted: u64,
    /// Records of this run that were read.
    pub consumed: u64,
    /// Where the lost ones were, in order of producer, partition and number.
    pub missing: Vec<Missing>,
}

impl Verdict {
    /// Compares what was acknowledged with what was read; `observed` holds every partition once, in order.
    /// `committed` says that only committed records may have been read.
    ///
    /// # Panics
    /// If `observed` does not hold partition `n` in place `n`.
    pub fn judge(sent: &[Sent], observed: &[Observed], committed: bool) -> Verdict {
        let mut verdict = Verdict::default();
        for (place, o) in observed.iter().enumerate() {
            assert_eq!(o.partition as usize, place, "partitions out of order");
            verdict.consumed += o.consumed;
            verdict.duplicated += o.duplicated;
            verdict.reordered += o.reordered;
            verdict.corrupt += o.corrupt;
        }
        for (producer, sent) in sent.iter().enumerate() {
            for (partition, acked) in sent.acked.iter().enumerate() {
                if sent.produced[partition] == 0 {
                    continue;
                }
                let seen = observed.get(partition).and_then(|o| o.producers.get(producer));
                let seen = seen.map(Seen::all).unwrap_or_default();
                // A number that was never handed to the client cannot be an intact record of ours.
                verdict.corrupt += seen.end().saturating_sub(sent.produced[partition]);
                if committed {
                    let aborted = &sent.aborted[partition];
                    verdict.uncommitted += aborted.len() - aborted.minus(&seen).len();
                }
                for (first, end) in acked.minus(&seen).iter() {
                    verdict.lost += end - first;
                    let fall = sent.falls.iter().find(|f| first < f.acked[partition]);
                    let acked_before_fall = fall.map(|f| f.at);
                    verdict.missing.push(Missing { producer, partition, first, end, acked_before_fall });
                }
            }
        }
        verdict
    }

    /// Adds what another reader of the same records found.
    pub fn add(&mut self, other: Verdict) {
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.reordered += other.reordered;
        self.corrupt += other.corrupt;
        self.uncommitted += other.uncommitted;
        self.consumed += other.consumed;
        self.missing.extend(other.missing);
    }

    /// Whether nothing is lost, duplicated, reordered, corrupt or read though aborted.
    pub fn clean(&self) -> bool {
        self.lost + self.duplicated + self.reordered + self.corrupt + self.uncommitted == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Template;

    /// Producer 0 sent `sent` records to partition 0 and got `acked` acknowledged; the reader saw `read` in
    /// this order. Expects (lost, duplicated, reordered, corrupt).
    fn check(sent: u64, acked: &[(u64, u64)], read: &[u64], expect: (u64, u64, u64, u64)) -> Verdict {
        let mut producer = Sent::new(1);
        producer.produced[0] = sent;
        for &(first, end) in acked {
            producer.acked[0].insert(first, end);
        }
        let mut observed = Observed::new(5, 0, 1);
        let mut template = Template::new(5, 0, 64);
        for &sequence in read {
            observed.note(Some(template.value(0, sequence, 1)));
        }
        assert_eq!(observed.consumed, read.len() as u64);
        let verdict = Verdict::judge(&[producer], &[observed], false);
        let got = (verdict.lost, verdict.duplicated, verdict.reordered, verdict.corrupt);
        assert_eq!(got, expect, "sent {sent} acked {acked:?} read {read:?}");
        assert_eq!(verdict.clean(), expect == (0, 0, 0, 0));
        verdict
    }

    #[test]
    fn each_fault_is_counted_as_what_it_is() {
        check(4, &[(0, 4)], &[0, 1, 2, 3], (0, 0, 0, 0));
        check(4, &[(0, 4)], &[], (4, 0, 0, 0));
        check(4, &[(0, 4)], &[0, 3], (2, 0, 0, 0));
        check(4, &[(0, 4)], &[1, 2, 3], (1, 0, 0, 0));
        check(4, &[(0, 4)], &[0, 1, 1, 2, 3], (0, 1, 0, 0));
        check(4, &[(0, 4)], &[0, 1, 2, 3, 0, 1, 2, 3], (0, 4, 0, 0));
        check(4, &[(0, 4)], &[1, 0, 2, 3], (0, 0, 1, 0));
        check(4, &[(0, 4)], &[3, 2, 1, 0], (0, 0, 3, 0));
        check(4, &[(0, 4)], &[0, 3, 1, 1, 2], (0, 1, 2, 0));
        // Sent, not acknowledged: in the log or not, nothing is wrong.
        check(4, &[(0, 2)], &[0, 1], (0, 0, 0, 0));
        check(4, &[(0, 2)], &[0, 1, 2, 3], (0, 0, 0, 0));
        check(4, &[(0, 1), (2, 3)], &[0], (1, 0, 0, 0));
        // Never sent.
        check(2, &[(0, 2)], &[0, 1, 2], (0, 0, 0, 1));
    }

    #[test]
    fn a_loss_names_the_fall_it_was_acknowledged_before() {
        let mut sent = Sent::new(2);
        sent.produced = vec![9, 9];
        sent.acked[1].insert(0, 3);
        sent.note_fall(100);
        sent.acked[1].insert(3, 6);
        sent.note_fall(200);
        sent.acked[1].insert(6, 9);
        let mut observed = Observed::new(5, 1, 1);
        let mut template = Template::new(5, 0, 64);
        for sequence in [0, 1, 3, 5, 6] {
            observed.note(Some(template.value(1, sequence, 1)));
        }
        let verdict = Verdict::judge(&[sent], &[Observed::new(5, 0, 1), observed], false);
        let told: Vec<_> =
            verdict.missing.iter().map(|m| (m.partition, m.first, m.end, m.acked_before_fall)).collect();
        assert_eq!(told, [(1, 2, 3, Some(100)), (1, 4, 5, Some(200)), (1, 7, 9, None)]);
    }

    #[test]
    fn aborted_records_may_only_be_seen_by_who_asks_for_them() {
        let mut sent = Sent::new(1);
        sent.produced[0] = 6;
        sent.acked[0].insert(0, 2);
        sent.aborted[0].insert(2, 6);
        for (read, committed, expect) in [(2, true, 0), (4, true, 2), (4, false, 0), (6, true, 4)] {
            let mut observed = Observed::new(5, 0, 1);
            let mut template = Template::new(5, 0, 64);
            for sequence in 0..read {
                observed.note(Some(template.value(0, sequence, 1)));
            }
            let verdict = Verdict::judge(&[sent.clone()], &[observed], committed);
            assert_eq!((verdict.uncommitted, verdict.lost, verdict.clean()), (expect, 0, expect == 0));
        }
    }

    #[test]
    fn other_runs_are_foreign_and_misplaced_records_corrupt() {
        let mut observed = Observed::new(5, 0, 1);
        assert_eq!(observed.note(Some(Template::new(6, 0, 64).value(0, 0, 1))), None);
        assert_eq!(observed.note(Some(b"hello")), None);
        assert_eq!(observed.note(None), None);
        assert_eq!((observed.foreign, observed.corrupt), (3, 0));
        assert_eq!(observed.note(Some(Template::new(5, 0, 64).value(1, 0, 1))), None);
        assert_eq!(observed.note(Some(Template::new(5, 1, 64).value(0, 0, 1))), None);
        observed.note_damaged_batch(7);
        assert_eq!((observed.foreign, observed.corrupt, observed.distinct()), (3, 9, 0));
    }
}
