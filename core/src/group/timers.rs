//! All deadlines of a coordinator, ordered by time.
//!
//! A heartbeat moves its member's deadline, thousands of times a second, and nearly always further away. So a
//! [`Timer`] keeps the time that counts (`due`) apart from the time it is filed under (`armed`): moving it later only
//! changes `due`, and the entry is filed again when it comes up. Invariant: each armed timer has exactly one entry,
//! filed no later than it is due.

use std::collections::BTreeSet;

use crate::ids::{GroupId, MemberId};
use crate::time::Monotonic;

/// Whose deadline it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TimerKey {
    /// A member, or one that was told its id and has yet to come back, is silent for too long.
    Session(GroupId, MemberId),
    /// The wait for members to join ends.
    Join(GroupId),
    /// The wait for members to fetch their assignment ends.
    Sync(GroupId),
    /// A member of a consumer or streams group has partitions or tasks to give up.
    Rebalance(GroupId, MemberId),
    /// A classic member of a consumer group has to join again.
    MemberJoin(GroupId, MemberId),
    /// A classic member of a consumer group has to ask for its share.
    MemberSync(GroupId, MemberId),
    /// A streams group that was empty has waited for more members.
    Deal(GroupId),
    /// Time to look for expired offsets.
    Sweep,
}

/// One deadline, kept by who it belongs to.
#[derive(Debug, Default)]
pub(super) struct Timer {
    due: Option<Monotonic>,
    armed: Option<Monotonic>,
}

impl Timer {
    /// Whether it is set.
    pub(super) fn is_set(&self) -> bool {
        self.due.is_some()
    }

    /// For `check`: the time it is filed under.
    pub(super) fn armed(&self) -> Option<Monotonic> {
        assert!(self.armed.is_some() == self.due.is_some() && self.armed <= self.due, "{self:?}");
        self.armed
    }
}

/// The entries of all timers.
#[derive(Debug, Default)]
pub(super) struct Timers {
    entries: BTreeSet<(Monotonic, TimerKey)>,
}

impl Timers {
    /// When the first entry comes up. It may turn out to have been moved.
    pub(super) fn first(&self) -> Option<Monotonic> {
        self.entries.first().map(|(at, _)| *at)
    }

    /// Sets `timer`, which may be set already, to `due`.
    pub(super) fn set(&mut self, timer: &mut Timer, due: Monotonic, key: impl FnOnce() -> TimerKey) {
        timer.due = Some(due);
        match timer.armed {
            Some(armed) if armed <= due => {}
            Some(armed) => {
                let key = key();
                self.entries.remove(&(armed, key.clone()));
                self.arm(timer, due, key);
            }
            None => self.arm(timer, due, key()),
        }
    }

    /// Unsets `timer`, if it is set.
    pub(super) fn cancel(&mut self, timer: &mut Timer, key: impl FnOnce() -> TimerKey) {
        if let Some(armed) = timer.armed.take() {
            self.entries.remove(&(armed, key()));
        }
        timer.due = None;
    }

    /// Takes out the first entry if it has come up. Its owner must call [`elapsed`](Self::elapsed).
    pub(super) fn pop(&mut self, now: Monotonic) -> Option<TimerKey> {
        if self.first()? > now {
            return None;
        }
        self.entries.pop_first().map(|(_, key)| key)
    }

    /// Whether `timer`, whose entry was taken out, is really due: then it is unset. If it was moved meanwhile, it is
    /// filed again.
    pub(super) fn elapsed(&mut self, timer: &mut Timer, now: Monotonic, key: TimerKey) -> bool {
        timer.armed = None;
        match timer.due {
            Some(due) if due > now => {
                self.arm(timer, due, key);
                false
            }
            _ => {
                timer.due = None;
                true
            }
        }
    }

    fn arm(&mut self, timer: &mut Timer, due: Monotonic, key: TimerKey) {
        timer.armed = Some(due);
        let fresh = self.entries.insert((due, key));
        assert!(fresh, "a timer is filed once");
    }

    /// For `check`: how many entries there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Asserts that a timer is filed, if it is set. Answers how many entries it has.
    pub(super) fn check(&self, timer: &Timer, key: TimerKey) -> usize {
        let Some(armed) = timer.armed() else { return 0 };
        let entry = (armed, key);
        assert!(self.entries.contains(&entry), "{:?} is not filed", entry.1);
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Monotonic {
        Monotonic::default().plus_millis(millis)
    }

    fn key() -> TimerKey {
        TimerKey::Join(GroupId::new("g"))
    }

    #[test]
    fn a_timer_moved_later_comes_up_when_due() {
        let (mut timers, mut timer) = (Timers::default(), Timer::default());
        timers.set(&mut timer, at(10), key);
        timers.set(&mut timer, at(30), key);
        assert_eq!((timers.first(), timers.len()), (Some(at(10)), 1));
        assert_eq!(timers.pop(at(9)), None);
        assert_eq!(timers.pop(at(10)), Some(key()));
        assert!(!timers.elapsed(&mut timer, at(10), key()));
        assert_eq!(timers.pop(at(30)), Some(key()));
        assert!(timers.elapsed(&mut timer, at(30), key()));
        assert_eq!((timers.len(), timer.is_set()), (0, false));
    }

    #[test]
    fn a_timer_moved_earlier_is_filed_anew_and_a_cancelled_one_is_gone() {
        let (mut timers, mut timer) = (Timers::default(), Timer::default());
        timers.set(&mut timer, at(30), key);
        timers.set(&mut timer, at(10), key);
        assert_eq!((timers.first(), timers.len()), (Some(at(10)), 1));
        timers.cancel(&mut timer, key);
        timers.cancel(&mut timer, key);
        assert_eq!((timers.first(), timer.is_set()), (None, false));
    }
}
