//! Which leader epoch begins where in a partition's log: how a follower or a consumer finds the offset up to which its
//! log, or what it has read, agrees with the leader's (KIP-101, KIP-320, behaviour 45).
//!
//! Invariant: epochs and their starts both strictly rise. An epoch without records has no entry of its own for long: the
//! next one, assigned at the same start, takes its place.
//!
//! Pure; who owns the log also persists the entries, or rebuilds them from the headers of its batches.

use crate::error::ErrorCode;
use crate::ids::{LeaderEpoch, Offset};

/// An epoch, and the offset of its first record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochStart {
    /// The epoch.
    pub epoch: LeaderEpoch,
    /// The offset of its first record, or of the next record if it has none yet.
    pub start: Offset,
}

/// An epoch, and the offset behind its last record: OffsetForLeaderEpoch's answer, and Fetch's `diverging_epoch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochEnd {
    /// The greatest epoch known that is not above the one asked for.
    pub epoch: LeaderEpoch,
    /// The offset behind its last record.
    pub end: Offset,
}

/// The leader epochs of one partition's log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaderEpochs {
    entries: Vec<EpochStart>,
}

impl LeaderEpochs {
    /// The epochs, rising.
    pub fn entries(&self) -> &[EpochStart] {
        &self.entries
    }

    /// The epoch of the last record, or of the leader that has none yet.
    pub fn latest(&self) -> Option<LeaderEpoch> {
        self.entries.last().map(|entry| entry.epoch)
    }

    /// Notes that records from `start` on are of `epoch`; says whether anything changed and has to be persisted.
    ///
    /// Entries that contradict it (same or later start, same or later epoch) go: what is being appended is the truth. The
    /// latest epoch again, further on, changes nothing.
    pub fn assign(&mut self, epoch: LeaderEpoch, start: Offset) -> bool {
        if self.entries.last().is_some_and(|latest| latest.epoch == epoch && latest.start <= start) {
            return false;
        }
        let keep = self.entries.partition_point(|entry| entry.epoch < epoch && entry.start < start);
        self.entries.truncate(keep);
        self.entries.push(EpochStart { epoch, start });
        true
    }

    /// Where `epoch` ends in this log, whose next offset is `log_end`, by the rules of OffsetForLeaderEpoch:
    ///
    /// | asked for | answer |
    /// |---|---|
    /// | the latest | itself, ends at `log_end` |
    /// | above the latest, or nothing known | `None` (-1 and -1 on the wire) |
    /// | between two known, or one of them | the greatest not above it, ends where the next begins |
    /// | below the first known | itself, ends where the first begins |
    pub fn end_offset_for(&self, epoch: LeaderEpoch, log_end: Offset) -> Option<EpochEnd> {
        let above = self.entries.partition_point(|entry| entry.epoch <= epoch);
        let known = above.checked_sub(1).map(|at| self.entries[at].epoch);
        match self.entries.get(above) {
            Some(next) => Some(EpochEnd { epoch: known.unwrap_or(epoch), end: next.start }),
            None => known.filter(|known| *known == epoch).map(|epoch| EpochEnd { epoch, end: log_end }),
        }
    }

    /// Whether a reader whose last record before `fetch_offset` is of epoch `last_fetched` has other records than
    /// this log; if so, the epoch and offset to which it goes back (Fetch v12, behaviour 45).
    ///
    /// # Errors
    /// `OFFSET_OUT_OF_RANGE` if this log has never heard of such an epoch.
    pub fn divergence(
        &self,
        last_fetched: LeaderEpoch,
        fetch_offset: Offset,
        log_end: Offset,
    ) -> Result<Option<EpochEnd>, ErrorCode> {
        let end = self.end_offset_for(last_fetched, log_end).ok_or(ErrorCode::OffsetOutOfRange)?;
        Ok((end.epoch < last_fetched || end.end < fetch_offset).then_some(end))
    }

    /// The epoch of the record at `offset`, `None` if it is before all that is known. The log's end is not known here:
    /// offsets behind it are taken for the latest epoch's.
    pub fn epoch_at(&self, offset: Offset) -> Option<LeaderEpoch> {
        let above = self.entries.partition_point(|entry| entry.start <= offset);
        above.checked_sub(1).map(|at| self.entries[at].epoch)
    }

    /// Forgets the epochs that begin at or behind `end`, the log's new end; says whether anything changed.
    pub fn truncate_from_end(&mut self, end: Offset) -> bool {
        let keep = self.entries.partition_point(|entry| entry.start < end);
        let changed = keep < self.entries.len();
        self.entries.truncate(keep);
        changed
    }

    /// Forgets the epochs that end at or before `start`, the log's new start; says whether anything changed.
    ///
    /// The epoch in force there begins there from now on: it must not claim records that are gone. It stays even
    /// if the log is empty now, so that the latest epoch is never lost to retention.
    pub fn truncate_from_start(&mut self, start: Offset) -> bool {
        let above = self.entries.partition_point(|entry| entry.start <= start);
        let Some(current) = above.checked_sub(1) else { return false };
        let changed = current > 0 || self.entries[current].start < start;
        self.entries.drain(..current);
        self.entries[0].start = start;
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Epochs and their starts.
    type Entries = &'static [(i32, i64)];

    fn epochs(entries: &[(i32, i64)]) -> LeaderEpochs {
        let entries = entries
            .iter()
            .map(|&(epoch, start)| EpochStart { epoch: LeaderEpoch::new(epoch), start: Offset::new(start) });
        LeaderEpochs { entries: entries.collect() }
    }

    fn check(
        before: &[(i32, i64)],
        change: impl FnOnce(&mut LeaderEpochs) -> bool,
        after: &[(i32, i64)],
        what: &str,
    ) {
        let mut changed = epochs(before);
        let said = change(&mut changed);
        assert_eq!(changed, epochs(after), "{before:?} {what}");
        assert_eq!(said, before != after, "{before:?} {what}");
    }

    #[test]
    fn b45_assigning_keeps_epochs_and_starts_rising() {
        let three = &[(1, 0), (3, 10), (6, 20)];
        let cases: [(Entries, (i32, i64), Entries); 11] = [
            (&[], (0, 0), &[(0, 0)]),
            (&[], (5, 70), &[(5, 70)]),
            (three, (7, 30), &[(1, 0), (3, 10), (6, 20), (7, 30)]),
            (three, (6, 20), three),
            (three, (6, 25), three),
            (three, (6, 15), &[(1, 0), (3, 10), (6, 15)]),
            (three, (7, 20), &[(1, 0), (3, 10), (7, 20)]),
            (three, (7, 10), &[(1, 0), (7, 10)]),
            (three, (3, 30), &[(1, 0), (3, 30)]),
            (three, (4, 15), &[(1, 0), (3, 10), (4, 15)]),
            (three, (0, 0), &[(0, 0)]),
        ];
        for (before, (epoch, start), after) in cases {
            let assign = |e: &mut LeaderEpochs| e.assign(LeaderEpoch::new(epoch), Offset::new(start));
            check(before, assign, after, &format!("assign {epoch} at {start}"));
        }
    }

    #[test]
    fn b45_ends_of_epochs() {
        let three: &[_] = &[(1, 5), (3, 10), (6, 20)];
        let cases = [
            (three, 6, Some((6, 99))),
            (three, 7, None),
            (three, 5, Some((3, 20))),
            (three, 3, Some((3, 20))),
            (three, 2, Some((1, 10))),
            (three, 1, Some((1, 10))),
            (three, 0, Some((0, 5))),
            (&[], 0, None),
            (&[], -1, None),
        ];
        for (entries, asked, expected) in cases {
            let end = epochs(entries).end_offset_for(LeaderEpoch::new(asked), Offset::new(99));
            assert_eq!(end.map(|end| (end.epoch.get(), end.end.get())), expected, "{entries:?} {asked}");
        }
    }

    #[test]
    fn b45_readers_that_diverged_are_told_where() {
        let epochs = epochs(&[(1, 5), (3, 10), (6, 20)]);
        for (last_fetched, offset, expected) in [
            (6, 99, Ok(None)),
            (6, 100, Ok(Some((6, 99)))),
            (3, 20, Ok(None)),
            (3, 21, Ok(Some((3, 20)))),
            (3, 12, Ok(None)),
            // It has records of an epoch that this log has none of.
            (5, 12, Ok(Some((3, 20)))),
            (0, 5, Ok(None)),
            (0, 6, Ok(Some((0, 5)))),
            (7, 20, Err(ErrorCode::OffsetOutOfRange)),
        ] {
            let got = epochs.divergence(LeaderEpoch::new(last_fetched), Offset::new(offset), Offset::new(99));
            let got = got.map(|end| end.map(|end| (end.epoch.get(), end.end.get())));
            assert_eq!(got, expected, "epoch {last_fetched} before {offset}");
        }
    }

    #[test]
    fn b45_epochs_of_offsets_and_the_latest() {
        let some = epochs(&[(1, 5), (3, 10)]);
        for (offset, expected) in [(4, None), (5, Some(1)), (9, Some(1)), (10, Some(3)), (500, Some(3))] {
            assert_eq!(some.epoch_at(Offset::new(offset)).map(LeaderEpoch::get), expected, "{offset}");
        }
        assert_eq!(some.latest(), Some(LeaderEpoch::new(3)));
        assert_eq!(some.entries().len(), 2);
        assert_eq!((epochs(&[]).latest(), epochs(&[]).epoch_at(Offset::ZERO)), (None, None));
    }

    #[test]
    fn b45_truncation_at_both_ends() {
        let three: &[_] = &[(1, 5), (3, 10), (6, 20)];
        let cases: [(i64, Entries, Entries); 7] = [
            // at, after truncation of the end, after truncation of the start
            (0, &[], three),
            (5, &[], three),
            (6, &[(1, 5)], &[(1, 6), (3, 10), (6, 20)]),
            (10, &[(1, 5)], &[(3, 10), (6, 20)]),
            (19, &[(1, 5), (3, 10)], &[(3, 19), (6, 20)]),
            (20, &[(1, 5), (3, 10)], &[(6, 20)]),
            (50, three, &[(6, 50)]),
        ];
        for (at, end, start) in cases {
            let at_offset = Offset::new(at);
            check(three, |epochs| epochs.truncate_from_end(at_offset), end, &format!("end at {at}"));
            check(three, |epochs| epochs.truncate_from_start(at_offset), start, &format!("start at {at}"));
            check(&[], |epochs| epochs.truncate_from_start(at_offset), &[], "nothing known");
        }
    }
}
