//! Records in flight, as runs of neighbours that are alike: splitting and joining them.
//!
//! Invariants: runs do not overlap; `due` has an entry for exactly the acquired ones.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use super::partition::RecordState;
use crate::ids::MemberId;
use crate::time::Monotonic;

/// A run of records that are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// The last of them.
    pub(super) last: i64,
    pub(super) state: RecordState,
    /// How often they were delivered.
    pub(super) deliveries: u16,
    /// Who has them, and until when.
    pub(super) lock: Option<(MemberId, Monotonic)>,
}

impl Span {
    fn is_like(&self, other: &Span) -> bool {
        (self.state, self.deliveries, &self.lock) == (other.state, other.deliveries, &other.lock)
    }
}

/// Runs by their first offset.
#[derive(Debug, Default)]
pub(super) struct Spans {
    by_first: BTreeMap<i64, Span>,
    due: BTreeSet<(Monotonic, i64)>,
    acquired: usize,
}

fn count(first: i64, last: i64) -> usize {
    usize::try_from(last - first + 1).expect("a run has records")
}

impl Spans {
    pub(super) fn iter(&self) -> impl Iterator<Item = (i64, &Span)> {
        self.by_first.iter().map(|(first, span)| (*first, span))
    }

    pub(super) fn first(&self) -> Option<(i64, &Span)> {
        self.iter().next()
    }

    /// How many runs there are.
    pub(super) fn len(&self) -> usize {
        self.by_first.len()
    }

    /// How many records are acquired.
    pub(super) fn acquired(&self) -> usize {
        self.acquired
    }

    /// When the first lock runs out.
    pub(super) fn first_due(&self) -> Option<Monotonic> {
        self.due.first().map(|(at, _)| *at)
    }

    pub(super) fn insert(&mut self, first: i64, span: Span) {
        if let Some((_, at)) = &span.lock {
            self.due.insert((*at, first));
            self.acquired += count(first, span.last);
        }
        let before = self.by_first.insert(first, span);
        assert!(before.is_none(), "records in flight are in one run each");
    }

    pub(super) fn remove(&mut self, first: i64) -> Option<Span> {
        let span = self.by_first.remove(&first)?;
        if let Some((_, at)) = &span.lock {
            self.due.remove(&(*at, first));
            self.acquired -= count(first, span.last);
        }
        Some(span)
    }

    /// Cuts so that a run begins at `at`, if one goes over it.
    fn cut(&mut self, at: i64) {
        let over = self.by_first.range(..at).next_back().filter(|(_, span)| span.last >= at);
        let Some(first) = over.map(|(first, _)| *first) else { return };
        let span = self.remove(first).expect("just seen");
        self.insert(first, Span { last: at - 1, ..span.clone() });
        self.insert(at, span);
    }

    /// The runs within `offsets`, cut to it.
    pub(super) fn within(&mut self, offsets: RangeInclusive<i64>) -> Vec<i64> {
        self.cut(*offsets.start());
        self.cut(*offsets.end() + 1);
        self.by_first.range(offsets).map(|(first, _)| *first).collect()
    }

    /// The runs that touch `offsets`, uncut.
    pub(super) fn over(&self, offsets: RangeInclusive<i64>) -> impl Iterator<Item = (i64, &Span)> {
        let before = self.by_first.range(..*offsets.start()).next_back();
        let before = before.filter(|(_, span)| span.last >= *offsets.start());
        before.into_iter().chain(self.by_first.range(offsets)).map(|(first, span)| (*first, span))
    }

    /// Runs whose lock has run out.
    pub(super) fn overdue(&self, now: Monotonic) -> Vec<i64> {
        self.due.iter().take_while(|(at, _)| *at <= now).map(|(_, first)| *first).collect()
    }

    /// Joins neighbours that are alike, so that acknowledging record by record leaves no crumbs.
    pub(super) fn join(&mut self) {
        let mut joined: Vec<(i64, Span)> = Vec::with_capacity(self.by_first.len());
        for (first, span) in std::mem::take(&mut self.by_first) {
            match joined.last_mut() {
                Some((_, before)) if before.last + 1 == first && before.is_like(&span) => {
                    before.last = span.last;
                }
                _ => joined.push((first, span)),
            }
        }
        (self.due, self.acquired) = (BTreeSet::new(), 0);
        for (first, span) in joined {
            self.insert(first, span);
        }
    }
}
