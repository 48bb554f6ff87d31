//! What belongs to a transaction.

use super::coordinator::{Coordinator, reply};
use super::reply::{Out, ReplyTo, TransactionReply};
use super::request::AddPartitions;
use super::state::State;
use crate::ErrorCode;
use crate::after::After;
use crate::time::{Monotonic, Timestamp};

impl Coordinator {
    /// Partitions become part of the producer's transaction, which begins with the first of them; or they are only asked
    /// for (`verify_only`): those that are not part of it are TRANSACTION_ABORTABLE.
    ///
    /// Also an answer that changes nothing waits for the disk: a leader that was told "it is part of it" appends, and
    /// must not have done so to a transaction that a crash makes unknown.
    pub fn on_add_partitions(
        &mut self,
        now: Monotonic,
        wall: Timestamp,
        to: ReplyTo,
        request: AddPartitions,
        out: &mut Out,
    ) {
        assert!(self.is_loaded, "requests come after loading");
        let (after, codes) = match self.may_add(&request) {
            Err(code) => (After::Now, vec![code; request.partitions.len()]),
            Ok(()) if request.verify_only => {
                let partitions = &self.transactions[&request.id].partitions;
                let code = |place| match partitions.contains(place) {
                    true => ErrorCode::None,
                    false => ErrorCode::TransactionAbortable,
                };
                (After::Durable, request.partitions.iter().map(code).collect())
            }
            Ok(()) => {
                let codes = vec![ErrorCode::None; request.partitions.len()];
                if !codes.is_empty() {
                    self.add(now, wall, request, out);
                }
                (After::Durable, codes)
            }
        };
        reply(out, to, after, TransactionReply::Partitions(codes));
    }

    fn may_add(&self, request: &AddPartitions) -> Result<(), ErrorCode> {
        if request.id.get().is_empty() {
            return Err(ErrorCode::InvalidRequest);
        }
        match self.transactions.get(&request.id) {
            None => Err(ErrorCode::InvalidProducerIdMapping),
            Some(t) if t.producer != request.producer => Err(ErrorCode::InvalidProducerIdMapping),
            Some(t) if t.epoch != request.epoch => Err(ErrorCode::ProducerFenced),
            Some(t) if t.state.prepared().is_some() => Err(ErrorCode::ConcurrentTransactions),
            Some(_) => Ok(()),
        }
    }

    fn add(&mut self, now: Monotonic, wall: Timestamp, request: AddPartitions, out: &mut Out) {
        let id = request.id;
        let transaction = self.transactions.get_mut(&id).expect("just looked at");
        let begins = transaction.state != State::Ongoing;
        let before = transaction.partitions.len();
        transaction.partitions.extend(request.partitions);
        if !begins && transaction.partitions.len() == before {
            return;
        }
        transaction.state = State::Ongoing;
        transaction.updated = wall;
        transaction.bumps = request.bumps;
        if begins {
            transaction.started = Some(wall);
            let timeout_ms = u64::try_from(transaction.timeout_ms).unwrap_or(0);
            self.set_deadline(&id, now.plus_millis(timeout_ms));
        }
        self.record(&id, out);
    }
}
