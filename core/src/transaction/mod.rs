//! The transaction coordinator: which producer a transactional id stands for, and how its transactions end.
//!
//! One [`Coordinator`] for each partition of `__transaction_state`; it knows the transactional ids that fall on that
//! partition ([`partition_for`]). It is a machine as the group coordinator is: each call takes what happened and adds to
//! an [`Out`] the records to be written, the replies to be sent, and the markers to be written elsewhere.
//!
//! ```text
//!            InitProducerId          AddPartitions            EndTransaction             all markers written
//!   (none) ───────────────► Empty ──────────────► Ongoing ──┬──────────► PrepareCommit ───────► CompleteCommit
//!                             ▲                     ▲       └──────────► PrepareAbort  ───────► CompleteAbort
//!                             │                     │        also by a timeout, or by                 │
//!                             │                     │        InitProducerId: then it is fenced         │
//!                             │                     └────────────── AddPartitions ────────────────────┤
//!                             └──────────────────────────────────── InitProducerId ───────────────────┘
//! ```
//!
//! What is decided is decided once: when the record of `Prepare…` is durable. Whatever falls after that, the next
//! coordinator that loads the log writes the same markers again.
//!
//! | to change | open |
//! |---|---|
//! | what may be asked, what is answered | `request`, `reply` |
//! | who a producer is: epochs, fencing, exhausted epochs | `init` |
//! | what belongs to a transaction | `add` |
//! | commit, abort, timeouts, markers | `end` |
//! | describing and listing | `admin` |
//! | bytes in `__transaction_state`, and loading them | `records`, `load` |
//!
//! # The contract with the driver
//!
//! - Records, `Durable` replies and failed appends: as for the group coordinator (see [`crate::group`]).
//! - Markers ([`WriteMarkers`]) may be written when all that was appended so far is durable, not before: a marker that
//!   is there while the decision is lost would let one partition commit and another abort. The driver writes them until it
//!   has succeeded everywhere (a partition that is gone counts as a success), then calls
//!   [`Coordinator::on_markers_written`].
//! - State changes at once, so there is no "pending" state as in Kafka: who asks in between gets an answer that waits for
//!   the disk.
//!
//! # What it does not do
//!
//! It makes up no producer ids: where one is needed and none was given, it says so and changes nothing. It authorises
//! nobody and knows no topic. Two-phase commit (KIP-939) is not here.

mod add;
mod admin;
mod config;
mod coordinator;
mod end;
mod init;
mod load;
mod records;
mod reply;
mod request;
mod state;

pub use config::TransactionConfig;
pub use coordinator::Coordinator;
pub use records::RecordError;
pub use reply::{
    DescribedTransaction, KnownTransaction, ListedTransaction, Out, Reply, ReplyTo, TransactionRecord,
    TransactionReply, WriteMarkers,
};
pub use request::{AddPartitions, EndTransaction, InitProducerId, ListTransactions, Place};
pub use state::State;

use crate::ids::{GroupId, TransactionalId};

/// The partition of `__transaction_state`, which has `partitions` of them, that a transactional id lives on: the rule is
/// that of groups (behaviour 58).
///
/// # Panics
/// If `partitions` is not positive.
pub fn partition_for(id: &TransactionalId, partitions: i32) -> i32 {
    crate::group::partition_for(&GroupId::new(id.get()), partitions)
}

#[cfg(test)]
mod tests;
