//! Newer states of records laid over older ones.

use super::super::StateBatch;
use crate::ids::Offset;

/// Lays `newer`, in the order of the changes, over `batches`; forgets what is before `start`.
pub(super) fn overlay(batches: &mut Vec<StateBatch>, newer: &[StateBatch], start: Option<Offset>) {
    for new in newer {
        let mut laid: Vec<StateBatch> = Vec::with_capacity(batches.len() + 2);
        let (before, rest): (Vec<_>, Vec<_>) = batches.drain(..).partition(|old| old.last < new.first);
        laid.extend(before);
        let mut after = Vec::new();
        for old in rest {
            if old.first < new.first {
                laid.push(StateBatch { last: Offset::new(new.first.get() - 1), ..old });
            }
            if old.last > new.last {
                after.push(StateBatch { first: old.first.max(new.last.plus(1)), ..old });
            }
        }
        laid.push(*new);
        laid.extend(after);
        *batches = laid;
    }
    if let Some(start) = start {
        batches.retain(|batch| batch.last >= start);
        if let Some(first) = batches.first_mut() {
            first.first = first.first.max(start);
        }
    }
    batches.dedup_by(|next, before| {
        let alike = before.last.plus(1) == next.first
            && (before.state, before.deliveries) == (next.state, next.deliveries);
        if alike {
            before.last = next.last;
        }
        alike
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::share::RecordState::{self, *};

    fn batch((first, last, state, deliveries): (i64, i64, RecordState, u16)) -> StateBatch {
        StateBatch { first: Offset::new(first), last: Offset::new(last), state, deliveries }
    }

    #[test]
    fn newer_batches_lie_over_older_ones() {
        type Batches = &'static [(i64, i64, RecordState, u16)];
        let cases: &[(Batches, Batches, i64, Batches)] = &[
            (&[], &[(0, 4, Available, 1)], 0, &[(0, 4, Available, 1)]),
            (
                &[(0, 9, Available, 1)],
                &[(3, 5, Acknowledged, 1)],
                0,
                &[(0, 2, Available, 1), (3, 5, Acknowledged, 1), (6, 9, Available, 1)],
            ),
            (
                &[(0, 2, Available, 1), (3, 5, Available, 2)],
                &[(1, 4, Archived, 2)],
                0,
                &[(0, 0, Available, 1), (1, 4, Archived, 2), (5, 5, Available, 2)],
            ),
            (&[(0, 2, Acknowledged, 1)], &[(3, 5, Acknowledged, 1)], 0, &[(0, 5, Acknowledged, 1)]),
            (
                &[(0, 5, Acknowledged, 1)],
                &[(8, 9, Available, 1)],
                4,
                &[(4, 5, Acknowledged, 1), (8, 9, Available, 1)],
            ),
            (
                &[(4, 5, Available, 1)],
                &[(4, 5, Available, 2), (4, 4, Acknowledged, 2)],
                0,
                &[(4, 4, Acknowledged, 2), (5, 5, Available, 2)],
            ),
        ];
        for (old, new, start, expect) in cases {
            let each = |batches: &Batches| batches.iter().copied().map(batch).collect::<Vec<_>>();
            let mut batches = each(old);
            overlay(&mut batches, &each(new), Some(Offset::new(*start)));
            assert_eq!(batches, each(expect), "{old:?} {new:?}");
        }
    }
}
