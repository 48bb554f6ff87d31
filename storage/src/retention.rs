//! What of a log has had its time: which segments go, and when the last one stops being the last one.
//!
//! ```text
//!   ├─ expired or surplus ─┼─ kept ─┼─ … ─┼─ last ─┤
//!                           ▲ the log starts here                    every segment may go, the last one too
//! ```
//!
//! The last segment goes as well when all of its records have expired, so that an idle topic gives its space back: an
//! empty one takes its place, it is sealed like any other, and goes when it is. Also by `segment.ms` alone, once
//! nothing has been appended for a while: compaction and retention by bytes only take whole segments.
//!
//! Not here: who looks, and when; removing files (`deletion.rs`).

use std::rc::Rc;

use headwater_core::ids::{LeaderEpoch, Offset, TopicPartition};

use bytes::Bytes;

use crate::disk::Disk;
use crate::journal::frame::Kind;
use crate::log::{Log, LogConfig, State};
use crate::segment::Segment;

/// How long after the first record of a segment another one is begun: `segment.ms`, less a part of `segment.jitter.ms` that
/// is the segment's own. It depends on nothing else, so that a restart does not throw the dice again, and partitions that
/// were begun together do not roll together.
pub(crate) fn segment_age_ms_max(config: &LogConfig, id: TopicPartition, base: Offset) -> i64 {
    let jitter_max = config.segment_jitter_ms.min(config.segment_ms);
    let jitter = match jitter_max {
        0 => 0,
        max => mix(id, base) % max,
    };
    i64::try_from(config.segment_ms - jitter).unwrap_or(i64::MAX)
}

/// A number that looks random, the same for the same segment (the finalizer of SplitMix64 over each word).
fn mix(id: TopicPartition, base: Offset) -> u64 {
    let topic = u128::from_be_bytes(id.topic.get());
    let words = [topic as u64, (topic >> 64) as u64, id.partition.get() as u64, base.get() as u64];
    words.into_iter().fold(0, |sum: u64, word| {
        let mut x = (sum ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    })
}

impl<D: Disk> Log<D> {
    /// Applies retention at this time, in milliseconds: drops the oldest segments whose records are all older than
    /// `retention.ms`, or that the log can do without under `retention.bytes`; nothing that is not committed. Rolls the last
    /// segment if it is among them, or if it is older than `segment.ms` and nothing was appended since the last call.
    pub fn retain(self: &Rc<Self>, now_ms: i64) {
        let (start, rolled) = {
            let mut state = self.state.borrow_mut();
            if state.dropped {
                return;
            }
            let start = state.retained_from(now_ms);
            let idle = state.end_seen == state.next;
            state.end_seen = state.next;
            let rolls = start == Some(state.next) || (idle && state.is_last_old(now_ms));
            (start, rolls && state.roll_without_append())
        };
        if rolled {
            self.queue_write_out();
        }
        if let Some(start) = start {
            self.set_log_start(start);
        }
        self.release_before_start();
    }

    /// Drops sealed segments that lie before the log's start: they were not sealed when the start passed them.
    pub(crate) fn release_before_start(self: &Rc<Self>) {
        let (start, removed) = {
            let mut state = self.state.borrow_mut();
            let start = state.log_start;
            (start, state.drop_segments_before(start))
        };
        if !removed.is_empty() {
            // Said again, because a file goes only when something durable says that it is not needed.
            let files = removed.into_iter().flat_map(|named| self.shared.segment_files(self.id(), named));
            self.shared.remove_later(files.collect());
            self.shared.journal(
                self,
                Kind::Start,
                start,
                LeaderEpoch::new(0),
                Bytes::new(),
                0,
                Offset::ZERO,
                true,
            );
        }
    }

    fn queue_write_out(self: &Rc<Self>) {
        if !std::mem::replace(&mut self.state.borrow_mut().queued, true) {
            self.shared.write_queue.borrow_mut().push_back(self.clone());
            self.shared.write_work.notify();
        }
    }
}

impl State {
    /// Where the log is to start; none if everything stays.
    fn retained_from(&self, now_ms: i64) -> Option<Offset> {
        let mut total: u64 = self.segments.iter().map(|segment| segment.size).sum();
        let ends = self.segments.iter().skip(1).map(|next| next.base).chain([self.next]);
        let mut start = None;
        for (segment, end) in self.segments.iter().zip(ends) {
            let expired = match (self.config.retention_ms, segment.max_timestamp) {
                (Some(keep), Some(newest)) => {
                    now_ms.saturating_sub(newest) > i64::try_from(keep).unwrap_or(i64::MAX)
                }
                _ => false,
            };
            let surplus = self.config.retention_bytes.is_some_and(|keep| total - segment.size >= keep);
            let passed = end <= self.log_start;
            if segment.size == 0 || end > self.committed_end() || !(expired || surplus || passed) {
                break;
            }
            total -= segment.size;
            start = Some(end);
        }
        start
    }

    fn is_last_old(&self, now_ms: i64) -> bool {
        self.segments.back().filter(|last| !last.sealed).is_some_and(|last| {
            let age_max = segment_age_ms_max(&self.config, self.image.id, last.base);
            last.first_timestamp.is_some_and(|first| now_ms.saturating_sub(first) > age_max)
        })
    }

    /// Begins an empty segment; false if the last one is empty.
    fn roll_without_append(&mut self) -> bool {
        let rolls = self.segments.back().is_some_and(|last| last.size > 0);
        if rolls {
            self.segments.push_back(Segment::new(self.next));
        }
        rolls
    }
}

#[cfg(test)]
mod tests {
    use headwater_core::ids::{PartitionId, TopicId};

    use super::*;

    #[test]
    fn segments_of_one_moment_roll_at_different_times_within_the_jitter() {
        let config = |segment_ms, segment_jitter_ms| LogConfig {
            segment_ms,
            segment_jitter_ms,
            ..LogConfig::default()
        };
        let id = |n| TopicPartition { topic: TopicId::new([3; 16]), partition: PartitionId::new(n) };
        let ages = |config: LogConfig| -> Vec<i64> {
            (0..1000).map(|n| segment_age_ms_max(&config, id(n), Offset::ZERO)).collect()
        };
        assert!(ages(config(1000, 0)).iter().all(|age| *age == 1000));
        let spread = ages(config(10_000, 4000));
        assert!(spread.iter().all(|age| (6001..=10_000).contains(age)));
        for quarter in 0..4 {
            let within = |age: &&i64| (6001 + quarter * 1000..7001 + quarter * 1000).contains(*age);
            let n = spread.iter().filter(within).count();
            assert!((200..300).contains(&n), "{n} of 1000 in quarter {quarter}");
        }
        assert_eq!(spread, ages(config(10_000, 4000)), "a restart changes nothing");
        assert!(ages(config(5, u64::MAX)).iter().all(|age| (1..=5).contains(age)));
        assert_eq!(ages(config(u64::MAX, 0))[0], i64::MAX);
    }
}
