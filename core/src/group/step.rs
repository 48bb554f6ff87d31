//! What every call of a coordinator hands down to the group it concerns: the time, the settings, the places to put
//! effects; and the parked replies.

use std::collections::BTreeMap;

use super::cluster::Cluster;
use super::config::GroupConfig;
use super::reply::{GroupRecord, GroupReply, Out, Reply, ReplyTo};
use super::timers::Timers;
use crate::after::After;
use crate::ids::MemberId;
use crate::time::{Monotonic, Timestamp};

/// A parked request's number within the machine; never used again, whereas the driver's numbers may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(u64);

/// The requests that wait for a reply. A ticket that is not here any more (its client went away) is answered into
/// the void: its member still counts as one that waits, as in Kafka.
#[derive(Debug, Default)]
pub(super) struct Parked {
    next: u64,
    by_ticket: BTreeMap<Ticket, ReplyTo>,
    by_reply: BTreeMap<ReplyTo, Ticket>,
}

impl Parked {
    /// Forgets who waited; what is answered later goes nowhere.
    pub(super) fn drop_reply(&mut self, to: ReplyTo) {
        if let Some(ticket) = self.by_reply.remove(&to) {
            self.by_ticket.remove(&ticket);
        }
    }

    /// For `check`: how many wait.
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.by_ticket.len(), self.by_reply.len());
        self.by_ticket.len()
    }

    /// For `check`: whether somebody waits at this ticket.
    pub(super) fn holds(&self, ticket: Ticket) -> bool {
        self.by_ticket.contains_key(&ticket)
    }
}

/// One call's surroundings.
pub(super) struct Step<'a> {
    /// The monotonic time, for deadlines.
    pub(super) now: Monotonic,
    /// The time of day, for what is stored.
    pub(super) wall: Timestamp,
    /// The settings.
    pub(super) config: &'a GroupConfig,
    /// The cluster's topics.
    pub(super) cluster: &'a dyn Cluster,
    /// Counts how often they have changed.
    pub(super) topics_version: u64,
    /// All deadlines.
    pub(super) timers: &'a mut Timers,
    /// All parked replies.
    pub(super) parked: &'a mut Parked,
    /// The effects so far.
    pub(super) out: &'a mut Out,
}

impl Step<'_> {
    /// Answers a request of this very call.
    pub(super) fn reply(&mut self, to: ReplyTo, after: After, body: GroupReply) {
        self.out.replies.push(Reply { to, after, body });
    }

    /// Writes a record.
    pub(super) fn record(&mut self, record: GroupRecord) {
        self.out.records.push(record);
    }

    /// Whether it is long enough since a group's partitions were last dealt (0: never).
    pub(super) fn may_deal(&self, made: Timestamp, interval_ms: u64) -> bool {
        let passed = self.wall.millis().saturating_sub(made.millis());
        // A clock that was set back must not stop all dealing.
        made.millis() == 0 || passed < 0 || passed.unsigned_abs() >= interval_ms
    }

    /// Members get what they were dealt anew, and what has changed is written.
    pub(super) fn adopt<T: PartialEq>(
        &mut self,
        targets: &mut BTreeMap<MemberId, T>,
        dealt: BTreeMap<MemberId, T>,
        record: impl Fn(&MemberId, &T) -> GroupRecord,
    ) {
        for (id, target) in dealt {
            if targets.get(&id) != Some(&target) {
                self.record(record(&id, &target));
                targets.insert(id, target);
            }
        }
    }

    /// Lets a request wait.
    pub(super) fn park(&mut self, to: ReplyTo) -> Ticket {
        let ticket = Ticket(self.parked.next);
        self.parked.next += 1;
        self.parked.by_ticket.insert(ticket, to);
        let fresh = self.parked.by_reply.insert(to, ticket).is_none();
        assert!(fresh, "reply number {to} is in use");
        ticket
    }

    /// Answers a request that waited.
    pub(super) fn answer(&mut self, ticket: Ticket, after: After, body: GroupReply) {
        if let Some(to) = self.parked.by_ticket.remove(&ticket) {
            self.parked.by_reply.remove(&to);
            self.reply(to, after, body);
        }
    }
}
