//! One partition's batches on their way to the broker: which may go now, and what an answer means for the
//! rest.
//!
//! ```text
//!  open ──full or lingered──▶ ready ──▶ sent (on the wire) ──acknowledged──▶ gone
//!                               ▲          │
//!                               └──────────┘ refused or connection lost: back, in order
//! ```
//!
//! Pure: no socket, no clock of its own.
//!
//! Invariants: batches are sent in the order of their sequences; while one of them is back, none behind it is
//! sent, and nothing returns to `ready` before every batch on the wire has been answered, so the order
//! survives any failure; an idempotent batch that is sent again carries the sequence it had.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use headwater_core::ErrorCode;

use super::batch::{Batch, Identity, Kind, OpenBatch};

/// How many batches of one partition may be unanswered: brokers remember the last five of an idempotent
/// producer (behaviour 34).
pub(super) const IN_FLIGHT_MAX: usize = 5;

/// The least memory a batch begins with.
const FIRST_BYTES: usize = 512;

/// What becomes of a batch by its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is in the log.
    Acked,
    /// It goes back and will be sent again.
    Again,
    /// It goes back, and will be sent again under a new producer id: this one is no longer good.
    AgainAsAnother,
    /// It will never be accepted.
    Refused,
}

/// Reads an answer; `behind_a_failure` says that a batch before it is back already.
pub(super) fn verdict(code: i16, behind_a_failure: bool) -> Verdict {
    use ErrorCode as E;
    match ErrorCode::from_code(code) {
        Some(E::None | E::DuplicateSequenceNumber) => Verdict::Acked,
        // The natural consequence of the failure before it; not a fault of its own.
        Some(E::OutOfOrderSequenceNumber | E::UnknownProducerId) if behind_a_failure => Verdict::Again,
        Some(E::OutOfOrderSequenceNumber | E::UnknownProducerId | E::InvalidProducerEpoch) => {
            Verdict::AgainAsAnother
        }
        Some(code) if code.retriable() => Verdict::Again,
        _ => Verdict::Refused,
    }
}

/// A batch that was sent.
#[derive(Debug)]
struct Sent {
    batch: Batch,
    on_the_wire: bool,
}

/// One partition's queue.
#[derive(Debug)]
pub(super) struct Queue {
    pub topic: Arc<str>,
    pub partition: i32,
    kind: Kind,
    /// Whether the open transaction has been told of this partition.
    pub enlisted: bool,
    /// The batch that still takes records.
    pub open: Option<OpenBatch>,
    ready: VecDeque<Batch>,
    sent: VecDeque<Sent>,
    next_sequence: i32,
    /// How large the last batch was.
    last_bytes: usize,
    /// How many records were ever appended.
    pub appended: u64,
    /// The node that the batches on the wire went to.
    pub node: Option<i32>,
    /// Not before: set by a refusal that time may heal.
    pub blocked_until: Option<Instant>,
    /// Whether the producer's list of queues with something to send holds this one.
    pub listed: bool,
}

impl Queue {
    pub fn new(topic: Arc<str>, partition: i32, kind: Kind) -> Self {
        Self {
            topic,
            partition,
            kind,
            enlisted: false,
            open: None,
            ready: VecDeque::new(),
            sent: VecDeque::new(),
            next_sequence: 0,
            last_bytes: 0,
            appended: 0,
            node: None,
            blocked_until: None,
            listed: false,
        }
    }

    /// A batch that takes records, made if there is none: its first number, when it was begun and when it is
    /// due are those given.
    pub fn begin(&mut self, batch_bytes: usize, created: Instant, due: Instant) -> &mut OpenBatch {
        // As much memory as the batch before took: a whole batch's for every record of a slow producer would
        // be zeroed pages and nothing in them.
        let capacity =
            (self.last_bytes + self.last_bytes / 4).clamp(FIRST_BYTES, batch_bytes.max(FIRST_BYTES));
        let (appended, open) = (self.appended, &mut self.open);
        open.get_or_insert_with(|| OpenBatch::new(capacity, appended, created, due))
    }

    /// Closes the open batch, if there is one. It gets its sequence and its checksum now, while its bytes
    /// are in the processor's cache; by the time it is sent they may not be.
    pub fn seal(&mut self, identity: Option<Identity>) {
        let Some(open) = self.open.take() else { return };
        self.last_bytes = open.len();
        let mut batch = open.seal(self.kind);
        let sequence = identity.map(|_| self.take_sequence(batch.count()));
        batch.stamp(identity, sequence);
        self.ready.push_back(batch);
    }

    fn take_sequence(&mut self, count: i32) -> i32 {
        let sequence = self.next_sequence;
        self.next_sequence = headwater_core::ids::Sequence::new(sequence).plus(count).get();
        sequence
    }

    /// Whether there is something that may be sent at `now`, order and limits permitting.
    pub fn has_due(&self, now: Instant) -> bool {
        !self.ready.is_empty() || self.open.as_ref().is_some_and(|open| open.due <= now)
    }

    /// Whether order and limits allow another batch to `node`.
    pub fn may_send(&self, node: i32) -> bool {
        let in_order = self.sent.iter().all(|sent| sent.on_the_wire);
        in_order && self.sent.len() < IN_FLIGHT_MAX && (self.sent.is_empty() || self.node == Some(node))
    }

    /// Takes the next batch to send: it is on the wire from now on. `None` if nothing is due.
    pub fn send(&mut self, node: i32, identity: Option<Identity>, now: Instant) -> Option<&Batch> {
        if self.ready.is_empty() && self.open.as_ref().is_some_and(|open| open.due <= now) {
            self.seal(identity);
        }
        let mut batch = self.ready.pop_front()?;
        // Changes nothing unless the identity is another one than when it was sealed.
        batch.stamp(identity, batch.sequence);
        batch.first_sent.get_or_insert(now);
        self.node = Some(node);
        self.sent.push_back(Sent { batch, on_the_wire: true });
        self.sent.back().map(|sent| &sent.batch)
    }

    /// The batch that [`Queue::send`] took last.
    pub fn last_sent(&self) -> Option<&Batch> {
        self.sent.back().map(|sent| &sent.batch)
    }

    /// Handles the answer to the oldest batch on the wire; answers the batch if it is done with.
    pub fn on_answer(&mut self, code: i16) -> (Verdict, Option<Batch>) {
        let Some(at) = self.sent.iter().position(|sent| sent.on_the_wire) else {
            return (Verdict::Again, None);
        };
        let verdict = verdict(code, at > 0);
        let done = match verdict {
            Verdict::Acked | Verdict::Refused => self.sent.remove(at).map(|sent| sent.batch),
            Verdict::Again | Verdict::AgainAsAnother => {
                self.sent[at].on_the_wire = false;
                None
            }
        };
        self.put_back();
        (verdict, done)
    }

    /// Nothing on the wire will be answered: the connection is gone.
    pub fn on_connection_lost(&mut self) {
        for sent in &mut self.sent {
            sent.on_the_wire = false;
        }
        self.put_back();
    }

    /// Once nothing is on the wire, what came back is ready again, in its order.
    fn put_back(&mut self) {
        if self.sent.iter().any(|sent| sent.on_the_wire) {
            return;
        }
        while let Some(sent) = self.sent.pop_back() {
            self.ready.push_front(sent.batch);
        }
    }

    /// Whether batches are on the wire.
    pub fn is_on_the_wire(&self) -> bool {
        !self.sent.is_empty()
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.open.is_none() && self.ready.is_empty() && self.sent.is_empty()
    }

    /// Begins anew under another producer id. Only while nothing is on the wire.
    pub fn renumber(&mut self) {
        self.next_sequence = 0;
        for at in 0..self.ready.len() {
            self.ready[at].sequence = Some(self.take_sequence(self.ready[at].count()));
        }
    }

    /// Takes out the ready batches that were made before `limit`; nothing while something is on the wire,
    /// since what is ready then is younger.
    pub fn expire(&mut self, limit: Instant) -> Vec<Batch> {
        let mut expired = Vec::new();
        while self.sent.is_empty() && self.ready.front().is_some_and(|batch| batch.created <= limit) {
            expired.extend(self.ready.pop_front());
        }
        expired
    }
}

#[cfg(test)]
mod tests {
    use super::super::batch::RecordParts;
    use super::*;

    const ME: Option<Identity> = Some(Identity { id: 7, epoch: 0 });

    /// Runs a script on a queue: `+` appends a batch of one record, `s` sends, `a` acknowledges, a number
    /// answers with that code, `x` loses the connection, `r` renumbers. Expects the sequences on the wire at
    /// each `s`, and `-` where none may be sent.
    fn check(script: &str, expect: &str) {
        let now = Instant::now();
        let mut queue = Queue::new("t".into(), 0, Kind::default());
        let mut shown = Vec::new();
        for word in script.split_whitespace() {
            match word {
                "+" => {
                    let record = RecordParts { value: Some(b"v"), ..RecordParts::default() };
                    queue.begin(1000, now, now).push(&record, 0, 0);
                    queue.seal(ME);
                }
                "s" => {
                    let sequence = if queue.may_send(1) {
                        queue.send(1, ME, now).and_then(|b| b.sequence)
                    } else {
                        None
                    };
                    shown.push(sequence.map_or("-".to_owned(), |s| s.to_string()));
                }
                "a" => assert_eq!(queue.on_answer(0).0, Verdict::Acked),
                "x" => queue.on_connection_lost(),
                "r" => queue.renumber(),
                code => {
                    queue.on_answer(code.parse().unwrap());
                }
            }
        }
        assert_eq!(shown.join(" "), expect, "{script}");
    }

    #[test]
    fn order_survives_refusals_and_lost_connections() {
        check("+ + s s a a + s", "0 1 2");
        check("+ s x s", "0 0");
        check("+ + + s s x s s s", "0 1 0 1 2");
        // NOT_LEADER for the first; the second is then out of order, and both are sent again as they were.
        check("+ + s s 6 s 45 s s", "0 1 - 0 1");
        // The second failed, the first was fine.
        check("+ + s s a 6 s", "0 1 1");
        check("+ + + + + + s s s s s s a s", "0 1 2 3 4 - 5");
        // Out of order without a failure before it: the broker has forgotten us.
        check("+ s a + s 45 r s", "0 1 0");
        // A refused batch leaves a hole in the sequences, which only another identity closes.
        check("+ + s 87 r s", "0 0");
        // What is made after that comes behind what was ready before it.
        check("+ + + s 87 r + s s s", "0 0 1 2");
    }

    #[test]
    fn b34_a_duplicate_is_an_acknowledgement() {
        assert_eq!(verdict(46, false), Verdict::Acked);
        assert_eq!(verdict(45, true), Verdict::Again);
        assert_eq!(verdict(45, false), Verdict::AgainAsAnother);
        assert_eq!(verdict(59, true), Verdict::Again);
        assert_eq!(verdict(47, true), Verdict::AgainAsAnother);
        assert_eq!(verdict(19, false), Verdict::Again);
        assert_eq!(verdict(10, false), Verdict::Refused);
        assert_eq!(verdict(-7, false), Verdict::Refused);
    }
}
