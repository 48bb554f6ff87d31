//! How a transaction ends: decided, told to its partitions, complete.

use super::coordinator::{Coordinator, reply};
use super::reply::{Out, ReplyTo, TransactionReply, WriteMarkers};
use super::request::EndTransaction;
use super::state::{State, Transaction};
use crate::ErrorCode;
use crate::after::After;
use crate::ids::{ProducerEpoch, ProducerId, TransactionalId};
use crate::record::control::Outcome;
use crate::time::Timestamp;

/// What a request to end comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// End it.
    End,
    /// It ended so before, and the client did not hear of it.
    Done,
}

impl Coordinator {
    /// The producer ends its transaction (behaviour 61 for those that go on in the next epoch).
    pub fn on_end_transaction(
        &mut self,
        wall: Timestamp,
        to: ReplyTo,
        request: EndTransaction,
        out: &mut Out,
    ) {
        assert!(self.is_loaded, "requests come after loading");
        let (after, body) = match self.end(wall, &request, out) {
            Ok(Some(producer)) => (After::Durable, TransactionReply::Producer(Ok(producer))),
            Ok(None) => (After::Now, TransactionReply::NeedsProducerId),
            Err(code) => (After::Now, TransactionReply::Producer(Err(code))),
        };
        reply(out, to, after, body);
    }

    fn end(
        &mut self,
        wall: Timestamp,
        request: &EndTransaction,
        out: &mut Out,
    ) -> Result<Option<(ProducerId, ProducerEpoch)>, ErrorCode> {
        let id = &request.id;
        if id.get().is_empty() {
            return Err(ErrorCode::InvalidRequest);
        }
        let transaction = self.transactions.get_mut(id).ok_or(ErrorCode::InvalidProducerIdMapping)?;
        if judge(transaction, request)? == Verdict::Done {
            return Ok(Some((transaction.producer, transaction.epoch)));
        }
        if request.bumps {
            if transaction.is_exhausted() {
                let Some(fresh) = request.fresh else { return Ok(None) };
                transaction.next = Some(fresh);
            }
            transaction.bump(true);
        }
        transaction.bumps = request.bumps;
        // What the client goes on with; the markers are written in the bumped epoch of the old producer.
        let goes_on = match transaction.next {
            Some(next) => (next, ProducerEpoch::new(0)),
            None => (transaction.producer, transaction.epoch),
        };
        self.prepare(wall, id, request.outcome, out);
        Ok(Some(goes_on))
    }

    /// Aborts an open transaction and fences its producer: it took too long, or another one came for its id.
    pub(super) fn fence(&mut self, wall: Timestamp, id: &TransactionalId, out: &mut Out) {
        let transaction = self.transactions.get_mut(id).expect("it is open");
        transaction.bump(false);
        self.prepare(wall, id, Outcome::Abort, out);
    }

    fn prepare(&mut self, wall: Timestamp, id: &TransactionalId, outcome: Outcome, out: &mut Out) {
        self.cancel_deadline(id);
        let transaction = self.transactions.get_mut(id).expect("it is being ended");
        if transaction.state != State::Ongoing {
            // Ended before anything was part of it: when it began is not known.
            transaction.started = Some(wall);
        }
        transaction.state = match outcome {
            Outcome::Commit => State::PrepareCommit,
            Outcome::Abort => State::PrepareAbort,
        };
        transaction.updated = wall;
        self.record(id, out);
        self.tell(wall, id, out);
    }

    /// Has the markers of a decided transaction written; with no partition to tell it is complete.
    pub(super) fn tell(&mut self, wall: Timestamp, id: &TransactionalId, out: &mut Out) {
        let transaction = &self.transactions[id];
        let outcome = transaction.state.prepared().expect("it is decided");
        if transaction.partitions.is_empty() {
            return self.complete(wall, id, outcome, out);
        }
        out.markers.push(WriteMarkers {
            id: id.clone(),
            producer: transaction.producer,
            epoch: transaction.epoch,
            partitions: transaction.partitions.iter().cloned().collect(),
            outcome,
        });
    }

    /// All markers of a [`WriteMarkers`] are durable. Nothing happens if the coordinator has gone on since.
    pub fn on_markers_written(
        &mut self,
        wall: Timestamp,
        id: &TransactionalId,
        producer: ProducerId,
        epoch: ProducerEpoch,
        out: &mut Out,
    ) {
        let Some(transaction) = self.transactions.get(id) else { return };
        if transaction.producer != producer || transaction.epoch != epoch {
            return;
        }
        if let Some(outcome) = transaction.state.prepared() {
            self.complete(wall, id, outcome, out);
        }
    }

    fn complete(&mut self, wall: Timestamp, id: &TransactionalId, outcome: Outcome, out: &mut Out) {
        let transaction = self.transactions.get_mut(id).expect("it is decided");
        transaction.state = match outcome {
            Outcome::Commit => State::CompleteCommit,
            Outcome::Abort => State::CompleteAbort,
        };
        transaction.partitions.clear();
        transaction.updated = wall;
        if let Some(next) = transaction.next.take() {
            transaction.previous = Some(transaction.producer);
            transaction.producer = next;
            transaction.epoch = ProducerEpoch::new(0);
        }
        self.record(id, out);
    }
}

/// | state | commit | abort |
/// |---|---|---|
/// | Ongoing | end | end |
/// | PrepareCommit | CONCURRENT_TRANSACTIONS | INVALID_TXN_STATE; of the next transaction CONCURRENT_TRANSACTIONS |
/// | PrepareAbort | INVALID_TXN_STATE; of the next transaction CONCURRENT_TRANSACTIONS | CONCURRENT_TRANSACTIONS |
/// | CompleteCommit | done if asked again | with bumps end, else INVALID_TXN_STATE |
/// | CompleteAbort | INVALID_TXN_STATE | done if asked again; with bumps end |
/// | Empty | INVALID_TXN_STATE | with bumps end, else INVALID_TXN_STATE |
///
/// "Asked again" shows where ends bump epochs: the client is one epoch behind (or was, with its old id). Where they do not,
/// any request for what has happened counts as such. "Of the next transaction" shows there too: the client goes on in the
/// epoch that it was answered when the end was decided, and may be done before the markers are written.
fn judge(transaction: &Transaction, request: &EndTransaction) -> Result<Verdict, ErrorCode> {
    let behind = request.bumps
        && transaction.producer == request.producer
        && request.epoch.get().checked_add(1) == Some(transaction.epoch.get());
    let rotated = request.bumps
        && transaction.previous == Some(request.producer)
        && request.epoch.get() == i16::MAX - 1
        && transaction.epoch.get() == 0;
    let again = behind || rotated;
    // It has an id that the transaction gets with its last marker.
    let ahead = request.bumps && transaction.next == Some(request.producer) && request.epoch.get() == 0;
    if ahead && transaction.state.prepared().is_some() {
        return Err(ErrorCode::ConcurrentTransactions);
    }
    if transaction.producer != request.producer && !rotated {
        return Err(ErrorCode::InvalidProducerIdMapping);
    }
    if transaction.epoch != request.epoch && !again {
        return Err(ErrorCode::ProducerFenced);
    }
    let aborts = request.outcome == Outcome::Abort;
    match transaction.state {
        // The next transaction has begun: this request is from before.
        State::Ongoing if again => Err(ErrorCode::ProducerFenced),
        State::Ongoing => Ok(Verdict::End),
        state if state.prepared().is_some() => match state.prepared() == Some(request.outcome) {
            true => Err(ErrorCode::ConcurrentTransactions),
            false if request.bumps && !again => Err(ErrorCode::ConcurrentTransactions),
            false => Err(ErrorCode::InvalidTxnState),
        },
        state if state.completed() == Some(request.outcome) && (again || !request.bumps) => Ok(Verdict::Done),
        // An abort of nothing: the client can't know whether its first records had arrived.
        _ if request.bumps && aborts && !again => Ok(Verdict::End),
        _ => Err(ErrorCode::InvalidTxnState),
    }
}
