//! The deadlines of one shard, in order. Pure: the clock is an argument, waking is the caller's.
//!
//! The runtime's own timers add an entry at every poll of a pending timer and scan all of them in every loop
//! (`docs/design/0002-runtime.md`), so a shard keeps its deadlines here and arms one kernel timer for the earliest.
//!
//! ```text
//! by_deadline:  (deadline, ticket) -> waker      ordered, so the earliest is the first key
//! armed:        what the kernel timer is set to; None when it is off or has fired
//! ```
//!
//! Invariants: one entry a waiting sleep, however often it is polled; a dropped sleep leaves no entry.
//! After [`Wheel::due`], `armed` is the earliest deadline. A cancelled earliest deadline leaves the timer armed: one
//! early wake-up is cheaper than a system call for each cancelled timeout.

use std::collections::BTreeMap;
use std::task::Waker;

use headwater_core::time::Monotonic;

/// Names one waiting entry; stays valid until it fires or is cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket {
    deadline: Monotonic,
    number: u64,
}

/// The deadlines of one shard.
#[derive(Debug, Default)]
pub struct Wheel {
    by_deadline: BTreeMap<Ticket, Waker>,
    armed: Option<Monotonic>,
    issued: u64,
}

impl Wheel {
    /// A wheel with nothing waiting.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entry that is due at `deadline`.
    ///
    /// The second value says what the kernel timer must be set to, when this deadline is earlier than what it is
    /// armed for; the wheel then counts it as armed.
    pub fn insert(&mut self, deadline: Monotonic, waker: Waker) -> (Ticket, Option<Monotonic>) {
        self.issued += 1;
        let ticket = Ticket { deadline, number: self.issued };
        self.by_deadline.insert(ticket, waker);
        let earlier = self.armed.is_none_or(|armed| deadline < armed);
        if earlier {
            self.armed = Some(deadline);
        }
        (ticket, earlier.then_some(deadline))
    }

    /// Replaces the waker of a waiting entry; `false` when the entry has already fired.
    pub fn update(&mut self, ticket: Ticket, waker: &Waker) -> bool {
        match self.by_deadline.get_mut(&ticket) {
            Some(held) => {
                held.clone_from(waker);
                true
            }
            None => false,
        }
    }

    /// Takes a waiting entry out; nothing happens when it has already fired.
    pub fn cancel(&mut self, ticket: Ticket) {
        self.by_deadline.remove(&ticket);
    }

    /// Moves every entry due at `now` to `out`, and answers what the kernel timer must be set to next.
    pub fn due(&mut self, now: Monotonic, out: &mut Vec<Waker>) -> Option<Monotonic> {
        while let Some(first) = self.by_deadline.first_entry() {
            if first.key().deadline > now {
                break;
            }
            out.push(first.remove());
        }
        self.armed = self.by_deadline.first_key_value().map(|(ticket, _)| ticket.deadline);
        self.armed
    }

    /// How many entries wait.
    pub fn len(&self) -> usize {
        self.by_deadline.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.by_deadline.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Monotonic {
        Monotonic::default().plus_millis(millis)
    }

    /// Runs a script of `+name deadline`, `-name`, `!now` words and returns what each word answered.
    fn check(script: &str, expect: &str) {
        let mut wheel = Wheel::new();
        let mut tickets = BTreeMap::new();
        let mut said = Vec::new();
        let show =
            |at: Option<Monotonic>| at.map_or("-".to_owned(), |at| (at.nanos() / 1_000_000).to_string());
        for word in script.split(", ") {
            let (name, deadline) = word[1..].split_once(' ').unwrap_or((&word[1..], "0"));
            match &word[..1] {
                "+" => {
                    let (ticket, arm) = wheel.insert(at(deadline.parse().unwrap()), Waker::noop().clone());
                    tickets.insert(name.to_owned(), ticket);
                    said.push(format!("arm {}", show(arm)));
                }
                "-" => {
                    wheel.cancel(tickets[name]);
                    said.push(format!("left {}", wheel.len()));
                }
                "?" => said.push(format!("waits {}", wheel.update(tickets[name], Waker::noop()))),
                "!" => {
                    let mut out = Vec::new();
                    let next = wheel.due(at(name.parse().unwrap()), &mut out);
                    said.push(format!("fired {} next {}", out.len(), show(next)));
                }
                other => panic!("no such word: {other}"),
            }
        }
        assert_eq!(said.join(", "), expect, "script: {script}");
    }

    #[test]
    fn only_an_earlier_deadline_rearms() {
        check("+a 10, +b 20, +c 5, +d 5", "arm 10, arm -, arm 5, arm -");
    }

    #[test]
    fn due_fires_in_order_and_arms_the_next() {
        check(
            "+a 10, +b 20, !9, !10, !30",
            "arm 10, arm -, fired 0 next 10, fired 1 next 20, fired 1 next -",
        );
    }

    #[test]
    fn a_cancelled_entry_never_fires() {
        check("+a 10, +b 10, -a, -a, !10, -b", "arm 10, arm -, left 1, left 1, fired 1 next -, left 0");
    }

    #[test]
    fn polling_again_adds_no_entry() {
        check("+a 10, ?a, ?a, !10, ?a", "arm 10, waits true, waits true, fired 1 next -, waits false");
    }

    #[test]
    fn an_empty_wheel_arms_again_after_it_fired() {
        check("+a 10, !10, +b 30", "arm 10, fired 1 next -, arm 30");
    }
}
