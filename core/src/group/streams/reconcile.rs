//! How one member gets from the tasks that it has to those that it is to have: it gives up first, then it gets what is free.
//!
//! The states are those of consumer groups (`consumer/reconcile` draws them). What differs is when a task is free: an active
//! one if nobody else runs it; and of one process, only one member has a task, in whatever role, as they share a folder of
//! state.

use super::super::consumer::member::Progress;
use super::task::{Held, Role, Target, Task};

/// What a member has: stored as a `StreamsGroupCurrentMemberAssignment` record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Current {
    /// The epoch of the target that it has reached; 0 if it just came.
    pub(super) epoch: i32,
    /// The one before: the reply that told of `epoch` may have been lost.
    pub(super) previous_epoch: i32,
    pub(super) progress: Progress,
    pub(super) assigned: Held,
    /// No more assigned, and not yet given up.
    pub(super) revoking: Held,
}

impl Current {
    /// It needs nothing to be at this epoch's target.
    pub(super) fn is_reconciled(&self, epoch: i32) -> bool {
        self.progress == Progress::Stable && self.epoch == epoch
    }

    /// All that others have to wait for.
    pub(super) fn tasks(&self) -> impl Iterator<Item = &(Role, Task)> {
        self.assigned.keys().chain(self.revoking.keys())
    }

    /// Whether it has a task in this role, or has yet to give it up.
    pub(super) fn has(&self, place: &(Role, Task)) -> bool {
        self.assigned.contains_key(place) || self.revoking.contains_key(place)
    }
}

/// What a member is to be brought to.
pub(super) struct Towards<'a> {
    /// The epoch of the target.
    pub(super) epoch: i32,
    /// The target.
    pub(super) target: &'a Target,
    /// What the member says it has; `None` if it does not say.
    pub(super) reported: Option<&'a Target>,
    /// Whether others let the member have a task in a role.
    pub(super) is_free: &'a dyn Fn(Role, &Task) -> bool,
}

impl Towards<'_> {
    /// What the member has next.
    pub(super) fn next(&self, current: &Current) -> Current {
        let still_has = || self.still_has(&current.revoking);
        let epoch = current.progress.goes_on(current.epoch, self.epoch, still_has);
        epoch.map_or_else(|| current.clone(), |epoch| self.advance(current, epoch))
    }

    /// Whether the member may still have some of these: a member that does not say has.
    fn still_has(&self, revoking: &Held) -> bool {
        self.reported.is_none_or(|reported| revoking.keys().any(|task| reported.contains(task)))
    }

    fn advance(&self, current: &Current, epoch: i32) -> Current {
        let (mut assigned, revoking): (Held, Held) =
            current.assigned.clone().into_iter().partition(|(task, _)| self.target.contains(task));
        let mut next = Current { epoch, previous_epoch: current.epoch, ..Current::default() };
        if !revoking.is_empty() && self.still_has(&revoking) {
            return Current { progress: Progress::Unrevoked, assigned, revoking, ..next };
        }
        next.epoch = self.epoch;
        for place @ (role, task) in self.target {
            if assigned.contains_key(place) {
                continue;
            }
            if (self.is_free)(*role, task) {
                assigned.insert(place.clone(), if *role == Role::Active { self.epoch } else { 0 });
            } else {
                next.progress = Progress::Unreleased;
            }
        }
        Current { assigned, ..next }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ids::PartitionId;

    /// `a0` is active, `s1` a standby.
    fn place(name: &str) -> (Role, Task) {
        let (role, number) = name.split_at(1);
        let role = if role == "a" { Role::Active } else { Role::Standby };
        (role, (Arc::from("0"), PartitionId::new(number.parse().unwrap())))
    }

    fn held(names: &[(&str, i32)]) -> Held {
        names.iter().map(|(name, since)| (place(name), *since)).collect()
    }

    fn current(
        epoch: i32,
        progress: Progress,
        assigned: &[(&str, i32)],
        revoking: &[(&str, i32)],
    ) -> Current {
        Current { epoch, previous_epoch: 0, progress, assigned: held(assigned), revoking: held(revoking) }
    }

    /// A member of `from`, told of `target` of epoch 9, says that it has `reported`, while others keep it from `taken`.
    fn check(from: Current, target: &[&str], reported: Option<&[&str]>, taken: &[&str], expect: Current) {
        let target: Target = target.iter().map(|name| place(name)).collect();
        let reported: Option<Target> = reported.map(|names| names.iter().map(|name| place(name)).collect());
        let taken: Target = taken.iter().map(|name| place(name)).collect();
        let next = Towards {
            epoch: 9,
            target: &target,
            reported: reported.as_ref(),
            is_free: &|role, task| !taken.contains(&(role, task.clone())),
        }
        .next(&from);
        assert_eq!(Current { previous_epoch: 0, ..next }, expect, "from {from:?}");
    }

    #[test]
    fn b57_a_member_gives_tasks_up_before_it_gets_others() {
        use Progress::{Stable, Unreleased, Unrevoked};
        let new = || current(0, Stable, &[], &[]);
        check(new(), &["a1", "s2"], Some(&[]), &[], current(9, Stable, &[("a1", 9), ("s2", 0)], &[]));
        check(new(), &["a1", "a2"], Some(&[]), &["a2"], current(9, Unreleased, &[("a1", 9)], &[]));
        // It has more than it is to have: told what stays, at its epoch, until it says it has let go.
        let has = || current(3, Stable, &[("a1", 2), ("a2", 3)], &[]);
        let told = || current(3, Unrevoked, &[("a1", 2)], &[("a2", 3)]);
        check(has(), &["a1", "a3"], None, &[], told());
        check(told(), &["a1", "a3"], None, &[], told());
        check(told(), &["a1", "a3"], Some(&["a1", "a2"]), &[], told());
        check(told(), &["a1", "a3"], Some(&["a1"]), &[], current(9, Stable, &[("a1", 2), ("a3", 9)], &[]));
        check(told(), &["a1", "a3"], Some(&["a1"]), &["a3"], current(9, Unreleased, &[("a1", 2)], &[]));
        // A copy becomes the task itself, and the other way round: the old role is given up first.
        let copy = || current(8, Stable, &[("s1", 0)], &[]);
        check(copy(), &["a1"], None, &[], current(8, Unrevoked, &[], &[("s1", 0)]));
        let told = || current(8, Unrevoked, &[], &[("s1", 0)]);
        check(told(), &["a1"], Some(&[]), &[], current(9, Stable, &[("a1", 9)], &[]));
        // Meanwhile the target has gone on, and more is to be given up.
        let more = current(3, Unrevoked, &[("a1", 2)], &[("a2", 3)]);
        check(more, &["a3"], Some(&["a1"]), &[], current(4, Unrevoked, &[], &[("a1", 2)]));
        // It waited, and now all is free.
        let waits = current(8, Unreleased, &[("a1", 2)], &[]);
        check(waits, &["a1", "a3"], None, &[], current(9, Stable, &[("a1", 2), ("a3", 9)], &[]));
    }
}
