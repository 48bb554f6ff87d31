//! A set of 64-bit numbers kept as disjoint ranges: what was acknowledged, and what has been seen.
//!
//! Both grow almost always at their end, so the usual set is one range and the usual insert touches one
//! entry, whatever the number of records.

use std::collections::BTreeMap;

/// A set of numbers. Invariant: ranges are not empty, do not overlap and do not touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges {
    /// First number of a range → one past its last.
    spans: BTreeMap<u64, u64>,
}

impl Ranges {
    /// The empty set.
    pub const fn new() -> Self {
        Self { spans: BTreeMap::new() }
    }

    /// Adds `first..end`; answers how many of those numbers were not in the set before.
    pub fn insert(&mut self, first: u64, end: u64) -> u64 {
        if first >= end {
            return 0;
        }
        let (mut low, mut high, mut known) = (first, end, 0);
        // A range that begins at or before `first` and reaches it, then all that begin within or right after.
        while let Some((&from, &to)) = self.spans.range(..=high).next_back() {
            if to < low {
                break;
            }
            known += to.min(end).saturating_sub(from.max(first));
            low = low.min(from);
            high = high.max(to);
            self.spans.remove(&from);
        }
        self.spans.insert(low, high);
        (end - first) - known
    }

    /// Whether `number` is in the set.
    pub fn contains(&self, number: u64) -> bool {
        self.spans.range(..=number).next_back().is_some_and(|(_, &to)| number < to)
    }

    /// How many numbers are in the set.
    pub fn len(&self) -> u64 {
        self.spans.iter().map(|(from, to)| to - from).sum()
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// One past the greatest number; 0 if empty.
    pub fn end(&self) -> u64 {
        self.spans.last_key_value().map_or(0, |(_, &to)| to)
    }

    /// The ranges `first..end` in order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.spans.iter().map(|(&from, &to)| (from, to))
    }

    /// The numbers of this set that are not in `other`.
    pub fn minus(&self, other: &Ranges) -> Ranges {
        let mut rest = Ranges::new();
        for (mut at, end) in self.iter() {
            let before = other.spans.range(..=at).next_back().map(|(_, &to)| to);
            at = at.max(before.unwrap_or(0).min(end));
            for (&from, &to) in other.spans.range(at..end) {
                rest.insert(at, from);
                at = to.min(end);
            }
            rest.insert(at, end);
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use std::collections::BTreeSet;

    fn check(spans: &[(u64, u64)], expect: &[(u64, u64)]) {
        let mut ranges = Ranges::new();
        for &(first, end) in spans {
            ranges.insert(first, end);
        }
        assert_eq!(ranges.iter().collect::<Vec<_>>(), expect, "{spans:?}");
    }

    #[test]
    fn ranges_join_when_they_touch() {
        check(&[(0, 5), (5, 9)], &[(0, 9)]);
        check(&[(5, 9), (0, 5)], &[(0, 9)]);
        check(&[(0, 2), (4, 6), (2, 4)], &[(0, 6)]);
        check(&[(0, 2), (4, 6), (1, 5)], &[(0, 6)]);
        check(&[(0, 2), (4, 6)], &[(0, 2), (4, 6)]);
        check(&[(3, 3)], &[]);
        check(&[(0, 10), (2, 3)], &[(0, 10)]);
    }

    #[test]
    fn agrees_with_a_plain_set() {
        let seed = std::env::var("SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(11);
        println!("replay: SEED={seed} cargo test -p headwater-loadgen ranges");
        let mut rng = Rng::new(seed);
        for _ in 0..300 {
            let mut sets = [(Ranges::new(), BTreeSet::new()), (Ranges::new(), BTreeSet::new())];
            for _ in 0..20 {
                let (ranges, plain) = &mut sets[rng.below(2) as usize];
                let first = rng.below(60);
                let end = first + rng.below(12);
                let fresh = (first..end).filter(|n| plain.insert(*n)).count() as u64;
                assert_eq!(ranges.insert(first, end), fresh);
            }
            let [(a, plain_a), (b, plain_b)] = &sets;
            assert_eq!(a.len(), plain_a.len() as u64);
            assert_eq!(a.end(), plain_a.last().map_or(0, |n| n + 1));
            assert!((0..80).all(|n| a.contains(n) == plain_a.contains(&n)));
            let rest = a.minus(b);
            let plain_rest: BTreeSet<u64> = plain_a.difference(plain_b).copied().collect();
            assert_eq!(rest.len(), plain_rest.len() as u64);
            assert!(plain_rest.iter().all(|n| rest.contains(*n)));
        }
    }
}
