//! Describing and listing.

use super::coordinator::{Coordinator, reply};
use super::reply::{
    DescribedTransaction, KnownTransaction, ListedTransaction, Out, ReplyTo, TransactionReply,
};
use super::request::ListTransactions;
use crate::after::After;
use crate::ids::TransactionalId;
use crate::time::Timestamp;

impl Coordinator {
    /// What is known of these ids.
    pub fn on_describe_transactions(&self, to: ReplyTo, ids: Vec<TransactionalId>, out: &mut Out) {
        let described = ids.into_iter().map(|id| {
            let known = self.transactions.get(&id).map(|t| KnownTransaction {
                state: t.state,
                timeout_ms: t.timeout_ms,
                started: t.started,
                producer: t.producer,
                epoch: t.epoch,
                partitions: t.partitions.iter().cloned().collect(),
            });
            DescribedTransaction { id, known }
        });
        let body = TransactionReply::Described(described.collect());
        reply(out, to, After::Now, body);
    }

    /// Which ids there are (behaviour 63: none is no error).
    pub fn on_list_transactions(
        &self,
        wall: Timestamp,
        to: ReplyTo,
        request: &ListTransactions,
        out: &mut Out,
    ) {
        let listed = self
            .transactions
            .iter()
            .filter(|(_, t)| request.states.is_empty() || request.states.contains(&t.state))
            .filter(|(_, t)| request.producers.is_empty() || request.producers.contains(&t.producer))
            .filter(|(_, t)| {
                request.longer_than_ms.is_none_or(|ms| {
                    t.started.is_some_and(|at| wall.millis().saturating_sub(at.millis()) > ms)
                })
            })
            .filter(|(id, _)| request.pattern.as_ref().is_none_or(|pattern| pattern.matches(id.get())))
            .map(|(id, t)| ListedTransaction { id: id.clone(), producer: t.producer, state: t.state });
        let body = TransactionReply::Listed(listed.collect());
        reply(out, to, After::Now, body);
    }
}
