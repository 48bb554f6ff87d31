//! Who a producer is: InitProducerId.

use super::config::ID_BYTES_MAX;
use super::coordinator::{Coordinator, reply};
use super::reply::{Out, ReplyTo, TransactionReply};
use super::request::InitProducerId;
use super::state::{State, Transaction, is_exhausted};
use crate::ErrorCode;
use crate::after::After;
use crate::ids::{ProducerEpoch, ProducerId};
use crate::time::Timestamp;

/// What an introduction comes to.
enum Next {
    /// The next epoch of the same producer; `keep_last`: the one before may be asked for again.
    Bump { keep_last: bool },
    /// A new producer, since the epochs are used up.
    Rotate,
    /// The client asks again for what it was given.
    Same,
}

impl Coordinator {
    /// A producer introduces itself: whoever had the id before is fenced (behaviours 59 and 60).
    ///
    /// | state | answer |
    /// |---|---|
    /// | none | the fresh producer id, epoch 0 |
    /// | Empty, Complete… | the next epoch, or a fresh producer id when epochs are used up |
    /// | Ongoing | aborted and fenced; CONCURRENT_TRANSACTIONS until that is done |
    /// | Prepare… | CONCURRENT_TRANSACTIONS |
    ///
    /// Who says who it is and is not any more is PRODUCER_FENCED, before any of these.
    pub fn on_init_producer_id(
        &mut self,
        wall: Timestamp,
        to: ReplyTo,
        request: InitProducerId,
        out: &mut Out,
    ) {
        assert!(self.is_loaded, "requests come after loading");
        let (after, body) = match self.init(wall, &request, out) {
            Ok(Some(producer)) => (After::Durable, TransactionReply::Producer(Ok(producer))),
            Ok(None) => (After::Now, TransactionReply::NeedsProducerId),
            Err(code) => (After::Now, TransactionReply::Producer(Err(code))),
        };
        reply(out, to, after, body);
    }

    fn init(
        &mut self,
        wall: Timestamp,
        request: &InitProducerId,
        out: &mut Out,
    ) -> Result<Option<(ProducerId, ProducerEpoch)>, ErrorCode> {
        let id = &request.id;
        if !(1..=ID_BYTES_MAX).contains(&id.get().len()) {
            return Err(ErrorCode::InvalidRequest);
        }
        let in_bounds = |ms: u64| (1..=self.config.timeout_max_ms).contains(&ms);
        if !u64::try_from(request.timeout_ms).is_ok_and(in_bounds) {
            return Err(ErrorCode::InvalidTransactionTimeout);
        }
        let Some(transaction) = self.transactions.get_mut(id) else {
            let Some(fresh) = request.fresh else { return Ok(None) };
            self.transactions.insert(id.clone(), Transaction::new(fresh, request.timeout_ms, wall));
            self.record(id, out);
            return Ok(Some((fresh, ProducerEpoch::new(0))));
        };
        let next = match transaction.state {
            _ if !is_current(transaction, request.current) => return Err(ErrorCode::ProducerFenced),
            State::PrepareCommit | State::PrepareAbort => return Err(ErrorCode::ConcurrentTransactions),
            State::Ongoing => {
                self.fence(wall, id, out);
                return Err(ErrorCode::ConcurrentTransactions);
            }
            _ => next(transaction, request.current.map(|(_, epoch)| epoch))?,
        };
        match next {
            Next::Same => {}
            Next::Bump { keep_last } => transaction.bump(keep_last),
            Next::Rotate => {
                let Some(fresh) = request.fresh else { return Ok(None) };
                transaction.last_epoch = request.current.map(|_| transaction.epoch);
                transaction.previous = Some(transaction.producer);
                transaction.producer = fresh;
                transaction.epoch = ProducerEpoch::new(0);
            }
        }
        transaction.timeout_ms = request.timeout_ms;
        transaction.state = State::Empty;
        transaction.started = None;
        transaction.updated = wall;
        let producer = (transaction.producer, transaction.epoch);
        self.record(id, out);
        Ok(Some(producer))
    }
}

/// Whether the client is who it says, or was until its epochs were used up.
fn is_current(transaction: &Transaction, claimed: Option<(ProducerId, ProducerEpoch)>) -> bool {
    claimed.is_none_or(|(id, epoch)| {
        id == transaction.producer || (Some(id) == transaction.previous && is_exhausted(epoch))
    })
}

fn next(transaction: &Transaction, claimed: Option<ProducerEpoch>) -> Result<Next, ErrorCode> {
    let exhausted = transaction.is_exhausted();
    match claimed {
        None if exhausted => Ok(Next::Rotate),
        None => Ok(Next::Bump { keep_last: false }),
        Some(epoch) if epoch == transaction.epoch && exhausted => Ok(Next::Rotate),
        Some(epoch) if epoch == transaction.epoch => Ok(Next::Bump { keep_last: true }),
        Some(epoch) if Some(epoch) == transaction.last_epoch => Ok(Next::Same),
        Some(_) => Err(ErrorCode::ProducerFenced),
    }
}
