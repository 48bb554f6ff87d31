//! The deadlines of one shard, in order. Pure: the clock is an argument, waking is the caller's.
//!
//! ```text
//! by_deadline:  (deadline, ticket) -> waker      ordered, so the earliest is the first key
//! ```
//!
//! Invariants: one entry a waiting sleep, however often it is polled; a dropped sleep leaves no entry.

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
    issued: u64,
}

impl Wheel {
    /// A wheel with nothing waiting.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entry that is due at `deadline`.
    pub fn insert(&mut self, deadline: Monotonic, waker: Waker) -> Ticket {
        self.issued += 1;
        let ticket = Ticket { deadline, number: self.issued };
        self.by_deadline.insert(ticket, waker);
        ticket
    }

    /// The earliest deadline.
    pub fn earliest(&self) -> Option<Monotonic> {
        self.by_deadline.first_key_value().map(|(ticket, _)| ticket.deadline)
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

    /// Moves every entry due at `now` to `out`.
    pub fn due(&mut self, now: Monotonic, out: &mut Vec<Waker>) {
        while let Some(first) = self.by_deadline.first_entry() {
            if first.key().deadline > now {
                break;
            }
            out.push(first.remove());
        }
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
                    let ticket = wheel.insert(at(deadline.parse().unwrap()), Waker::noop().clone());
                    tickets.insert(name.to_owned(), ticket);
                    said.push(format!("next {}", show(wheel.earliest())));
                }
                "-" => {
                    wheel.cancel(tickets[name]);
                    said.push(format!("left {}", wheel.len()));
                }
                "?" => said.push(format!("waits {}", wheel.update(tickets[name], Waker::noop()))),
                "!" => {
                    let mut out = Vec::new();
                    wheel.due(at(name.parse().unwrap()), &mut out);
                    said.push(format!("fired {} next {}", out.len(), show(wheel.earliest())));
                }
                other => panic!("no such word: {other}"),
            }
        }
        assert_eq!(said.join(", "), expect, "script: {script}");
    }

    #[test]
    fn the_earliest_is_known() {
        check("+a 10, +b 20, +c 5, +d 5, -c, -d", "next 10, next 10, next 5, next 5, left 3, left 2");
    }

    #[test]
    fn due_fires_in_order() {
        check(
            "+a 10, +b 20, !9, !10, !30",
            "next 10, next 10, fired 0 next 10, fired 1 next 20, fired 1 next -",
        );
    }

    #[test]
    fn a_cancelled_entry_never_fires() {
        check("+a 10, +b 10, -a, -a, !10, -b", "next 10, next 10, left 1, left 1, fired 1 next -, left 0");
    }

    #[test]
    fn polling_again_adds_no_entry() {
        check("+a 10, ?a, ?a, !10, ?a", "next 10, waits true, waits true, fired 1 next -, waits false");
    }
}
