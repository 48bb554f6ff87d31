//! [`Coordinator`]: the transactional ids, and whose deadline has come.

use std::collections::{BTreeMap, BTreeSet};

use super::config::TransactionConfig;
use super::records;
use super::reply::{Out, Reply, ReplyTo, TransactionReply};
use super::state::{State, Transaction};
use crate::after::After;
use crate::ids::TransactionalId;
use crate::time::{Monotonic, Timestamp};

/// The coordinator of the transactional ids on one partition of `__transaction_state`; see the [module](super) for how to
/// drive it.
///
/// A new one is loaded with [`replay`](Self::replay), record by record, then [`loaded`](Self::loaded) is called; until
/// then it takes no requests.
#[derive(Debug)]
pub struct Coordinator {
    pub(super) config: TransactionConfig,
    pub(super) transactions: BTreeMap<TransactionalId, Transaction>,
    /// The deadlines of open transactions.
    timeouts: BTreeSet<(Monotonic, TransactionalId)>,
    /// When to look for expired ids next; set once loaded.
    pub(super) sweep_at: Option<Monotonic>,
    pub(super) is_loaded: bool,
}

impl Coordinator {
    /// A coordinator that knows no transactional id yet.
    pub fn new(config: TransactionConfig) -> Self {
        Self {
            config,
            transactions: BTreeMap::new(),
            timeouts: BTreeSet::new(),
            sweep_at: None,
            is_loaded: false,
        }
    }

    /// When it wants to be called though nobody asks.
    pub fn deadline(&self) -> Option<Monotonic> {
        [self.timeouts.first().map(|(at, _)| *at), self.sweep_at].into_iter().flatten().min()
    }

    /// Aborts transactions that took too long (behaviour 62) and forgets idle ids.
    pub fn on_deadline(&mut self, now: Monotonic, wall: Timestamp, out: &mut Out) {
        while let Some((at, id)) = self.timeouts.first().cloned() {
            if at > now {
                break;
            }
            self.fence(wall, &id, out);
        }
        if self.sweep_at.is_some_and(|at| at <= now) {
            self.sweep_at = Some(now.plus_millis(self.config.expiration_check_interval_ms));
            self.expire(wall, out);
        }
    }

    fn expire(&mut self, wall: Timestamp, out: &mut Out) {
        let max = self.config.id_expiration_ms;
        self.transactions.retain(|id, transaction| {
            let idle = wall.millis().saturating_sub(transaction.updated.millis());
            let is_open = transaction.state == State::Ongoing || transaction.state.prepared().is_some();
            let keep = is_open || u64::try_from(idle).unwrap_or(0) < max;
            if !keep {
                out.records.push(records::tombstone(id));
            }
            keep
        });
    }

    pub(super) fn set_deadline(&mut self, id: &TransactionalId, at: Monotonic) {
        self.cancel_deadline(id);
        self.transactions.get_mut(id).expect("it is open").deadline = Some(at);
        self.timeouts.insert((at, id.clone()));
    }

    pub(super) fn cancel_deadline(&mut self, id: &TransactionalId) {
        if let Some(at) = self.transactions.get_mut(id).and_then(|t| t.deadline.take()) {
            self.timeouts.remove(&(at, id.clone()));
        }
    }

    /// Writes down what is known of an id.
    pub(super) fn record(&self, id: &TransactionalId, out: &mut Out) {
        out.records.push(records::transaction(id, &self.transactions[id]));
    }

    /// How many transactional ids it knows.
    pub fn len(&self) -> usize {
        self.transactions.len()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.transactions.is_empty()
    }

    /// Asserts what must always hold: for tests, after each call.
    ///
    /// # Panics
    /// If something does not.
    pub fn check(&self) {
        let mut deadlines = 0;
        for (id, t) in &self.transactions {
            let open = t.state == State::Ongoing;
            assert_eq!(t.deadline.is_some(), open && self.is_loaded, "{id:?}: open transactions time out");
            deadlines += usize::from(t.deadline.is_some_and(|at| self.timeouts.contains(&(at, id.clone()))));
            assert!(t.next.is_none() || t.state.prepared().is_some(), "{id:?}");
            assert!(!open || (!t.partitions.is_empty() && t.started.is_some()), "{id:?}");
            if t.state == State::Empty || t.state.completed().is_some() {
                assert!(t.partitions.is_empty(), "{id:?}: nothing is open");
            }
        }
        assert_eq!(deadlines, self.timeouts.len(), "a deadline is nobody's");
    }
}

/// Answers.
pub(super) fn reply(out: &mut Out, to: ReplyTo, after: After, body: TransactionReply) {
    out.replies.push(Reply { to, after, body });
}
