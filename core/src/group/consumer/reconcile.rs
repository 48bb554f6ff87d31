//! How one member gets from what it has to what it is to have: it gives up first, then it gets what is free.
//!
//! ```text
//!               target changed                     has given all up
//!   Stable ───────────────────► Unrevoked ──────────────────────────┐
//!     │  ▲                    (keeps its epoch; told what stays)     │
//!     │  └── all it is to have was free ◄────────────────────────────┤
//!     └─── nothing to give up ──► Unreleased ◄── some is not free ───┘
//!                              (target's epoch; gets more when others let go)
//! ```
//!
//! Invariant: a partition is assigned only while nobody else has it, assigned or to be given up. A pure function; who
//! holds what is the caller's to keep.

use std::collections::BTreeSet;

use super::member::{Current, Owned, Progress, Reported, Target};
use crate::ids::{PartitionId, TopicId};

/// What a member is to be brought to.
pub(super) struct Towards<'a> {
    /// The epoch of the target.
    pub(super) epoch: i32,
    /// The target.
    pub(super) target: &'a Target,
    /// What the member says it has; `None` if it does not say.
    pub(super) reported: Option<&'a Reported>,
    /// The topics that it subscribes to: of others it gets nothing, even if the target is of before.
    pub(super) subscribed: &'a BTreeSet<TopicId>,
    /// It has just subscribed to other topics.
    pub(super) subscription_changed: bool,
    /// Whether another member has a partition.
    pub(super) is_held: &'a dyn Fn(TopicId, PartitionId) -> bool,
}

impl Towards<'_> {
    /// What the member has next.
    pub(super) fn next(&self, current: &Current) -> Current {
        let still_has = || self.still_has(&current.revoking);
        match current.progress.goes_on(current.epoch, self.epoch, still_has) {
            Some(epoch) => self.advance(current, epoch),
            None if self.subscription_changed => self.unsubscribe(current),
            None => current.clone(),
        }
    }

    /// Whether the member may still have some of these: a member that does not say has.
    fn still_has(&self, revoking: &Owned) -> bool {
        let Some(reported) = self.reported else { return true };
        reported.iter().any(|(topic, partitions)| {
            let revoking = revoking.get(topic);
            partitions.iter().any(|partition| revoking.is_some_and(|r| r.contains_key(partition)))
        })
    }

    /// Topics that it does not subscribe to any more have to be given up, whatever the target says.
    fn unsubscribe(&self, current: &Current) -> Current {
        let (kept, gone): (Owned, Owned) =
            current.assigned.clone().into_iter().partition(|(topic, _)| self.subscribed.contains(topic));
        if gone.is_empty() {
            return current.clone();
        }
        let mut revoking = current.revoking.clone();
        for (topic, partitions) in gone {
            revoking.entry(topic).or_default().extend(partitions);
        }
        let must_revoke = self.still_has(&revoking);
        Current {
            epoch: current.epoch,
            previous_epoch: current.epoch,
            progress: if must_revoke { Progress::Unrevoked } else { current.progress },
            assigned: kept,
            revoking: if must_revoke { revoking } else { current.revoking.clone() },
        }
    }

    fn advance(&self, current: &Current, epoch: i32) -> Current {
        let mut next = Current { previous_epoch: current.epoch, ..Current::default() };
        for (topic, partitions) in &current.assigned {
            let target = self.target.get(topic).filter(|_| self.subscribed.contains(topic));
            for (partition, since) in partitions {
                let stays = target.is_some_and(|target| target.contains(partition));
                let to = if stays { &mut next.assigned } else { &mut next.revoking };
                to.entry(*topic).or_default().insert(*partition, *since);
            }
        }
        if self.still_has(&next.revoking) && !next.revoking.is_empty() {
            return Current { epoch, progress: Progress::Unrevoked, ..next };
        }
        next.revoking.clear();
        for (topic, partitions) in self.target.iter().filter(|(topic, _)| self.subscribed.contains(*topic)) {
            for partition in partitions {
                if next.assigned.get(topic).is_some_and(|has| has.contains_key(partition)) {
                    continue;
                }
                if (self.is_held)(*topic, *partition) {
                    next.progress = Progress::Unreleased;
                } else {
                    next.assigned.entry(*topic).or_default().insert(*partition, self.epoch);
                }
            }
        }
        Current { epoch: self.epoch, ..next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: TopicId = TopicId::new([1; 16]);

    fn owned(partitions: &[(i32, i32)]) -> Owned {
        let partitions: Vec<_> = partitions.iter().map(|(p, e)| (PartitionId::new(*p), *e)).collect();
        if partitions.is_empty() {
            Owned::new()
        } else {
            Owned::from([(T, partitions.into_iter().collect())])
        }
    }

    fn current(epoch: i32, progress: Progress, assigned: &[(i32, i32)], revoking: &[(i32, i32)]) -> Current {
        Current { epoch, previous_epoch: 0, progress, assigned: owned(assigned), revoking: owned(revoking) }
    }

    /// A member of `from`, told of target `target` of epoch 9, says that it has `reported`, while others hold `held`.
    fn check(from: Current, target: &[i32], reported: Option<&[i32]>, held: &[i32], expect: Current) {
        let target = Target::from([(T, target.iter().map(|p| PartitionId::new(*p)).collect())]);
        let reported: Option<Vec<_>> =
            reported.map(|ps| vec![(T, ps.iter().map(|p| PartitionId::new(*p)).collect())]);
        let next = Towards {
            epoch: 9,
            target: &target,
            reported: reported.as_deref(),
            subscribed: &BTreeSet::from([T]),
            subscription_changed: false,
            is_held: &|_, partition| held.contains(&partition.get()),
        }
        .next(&from);
        assert_eq!(Current { previous_epoch: 0, ..next }, expect, "from {from:?}");
    }

    #[test]
    fn b57_a_member_gives_up_before_it_gets() {
        use Progress::{Stable, Unreleased, Unrevoked};
        // New, all free; some held; nothing free.
        check(
            current(0, Stable, &[], &[]),
            &[1, 2],
            Some(&[]),
            &[],
            current(9, Stable, &[(1, 9), (2, 9)], &[]),
        );
        check(current(0, Stable, &[], &[]), &[1, 2], Some(&[]), &[2], current(9, Unreleased, &[(1, 9)], &[]));
        check(current(0, Stable, &[], &[]), &[1], Some(&[]), &[1], current(9, Unreleased, &[], &[]));
        // It has more than it is to have: told what stays, at its epoch, until it says it has let go.
        let has = || current(3, Stable, &[(1, 2), (2, 3)], &[]);
        let told = || current(3, Unrevoked, &[(1, 2)], &[(2, 3)]);
        check(has(), &[1, 3], None, &[], told());
        check(has(), &[1, 3], Some(&[1, 2]), &[], told());
        check(told(), &[1, 3], None, &[], told());
        check(told(), &[1, 3], Some(&[1, 2]), &[], told());
        check(told(), &[1, 3], Some(&[1]), &[], current(9, Stable, &[(1, 2), (3, 9)], &[]));
        check(told(), &[1, 3], Some(&[1]), &[3], current(9, Unreleased, &[(1, 2)], &[]));
        // Meanwhile the target has gone on, and more is to be given up.
        check(told(), &[3], Some(&[1]), &[], current(4, Unrevoked, &[], &[(1, 2)]));
        // It waited, and now all is free; or it has to give up what it had just got.
        let waits = || current(8, Unreleased, &[(1, 2)], &[]);
        check(waits(), &[1, 3], None, &[], current(9, Stable, &[(1, 2), (3, 9)], &[]));
        check(waits(), &[3], None, &[], current(8, Unrevoked, &[], &[(1, 2)]));
        // Reconciled already.
        check(current(9, Stable, &[(1, 2)], &[]), &[1], None, &[], current(9, Stable, &[(1, 2)], &[]));
    }

    #[test]
    fn b57_topics_no_more_subscribed_to_are_given_up_before_there_is_a_target() {
        let target = Target::from([(T, BTreeSet::from([PartitionId::new(1)]))]);
        let from = current(9, Progress::Stable, &[(1, 2)], &[]);
        let next = Towards {
            epoch: 9,
            target: &target,
            reported: None,
            subscribed: &BTreeSet::new(),
            subscription_changed: true,
            is_held: &|_, _| false,
        }
        .next(&from);
        assert_eq!((next.progress, next.epoch), (Progress::Unrevoked, 9));
        assert_eq!((next.assigned, next.revoking), (owned(&[]), owned(&[(1, 2)])));
    }
}
