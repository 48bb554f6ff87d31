//! The group coordinator: who is in a consumer group, who reads what, and how far each group has read.
//!
//! One [`Coordinator`] for each partition of `__consumer_offsets`; it knows the groups whose names fall on that
//! partition ([`partition_for`]). It is a machine: no IO, no clock, no randomness; each call takes what happened and
//! adds to an [`Out`] the records to be written and the replies to be sent.
//!
//! ```text
//!   request ──► Coordinator ──► Out { records, replies }
//!                 │                    │        └─ After::Now      leaves at once
//!                 │                    │           After::Durable  leaves when all that this machine
//!                 │                    │                           has had written so far is durable
//!                 │                    └─ appended, in order, to this partition of __consumer_offsets
//!                 ├─ groups: GroupId ─► Group { kind: members, state      (classic/ or consumer/)
//!                 │                             offsets: committed, pending (offsets) }
//!                 ├─ timers: ordered by time     (timers)
//!                 └─ parked: replies not yet given (step)
//! ```
//!
//! | to change | open |
//! |---|---|
//! | what may be asked, what is answered | `request`, `reply` |
//! | joining, rebalances, assignments, sessions of classic groups | `classic/` |
//! | the same of consumer groups (KIP-848) | `consumer/` |
//! | the same of share groups (KIP-932) | `share/` |
//! | the same of streams groups (KIP-1071) | `streams/` |
//! | what they have in common, and a group that changes from one to the other | `kind` |
//! | commits, fetching and expiry of offsets | `commit`, `offsets`, `expiry` |
//! | listing, describing and deleting groups | `admin` |
//! | bytes in `__consumer_offsets`, and loading them | `records`, `load` |
//!
//! # The contract with the driver
//!
//! - The driver appends each call's `records`, in the order of the calls, before it makes the next call. They may share
//!   batches or be spread over several; no record is larger than `GroupConfig::record_bytes_max`.
//! - A reply with `After::Durable` waits until *everything appended for this machine so far* is durable: a call that
//!   made no record may still tell of a state that an earlier, not yet durable call made.
//! - The machine's state runs ahead of the log: it is as if every append had worked. **If an append fails**, the
//!   driver answers `COORDINATOR_NOT_AVAILABLE` in place of every `Durable` reply that waits for it and of every parked
//!   request, drops the machine, and loads a new one from what the log holds. Members come back by themselves.
//! - Each request is answered exactly once, at its own call or, when parked, at a later one, unless
//!   [`Coordinator::drop_reply`] took it back.
//! - `now` and `wall` never go back from call to call as far as the driver can help it; a step back of either is
//!   survived.
//!
//! # What it does not do
//!
//! It authorises nobody, knows no topic but through the view it is lent ([`Cluster`]), writes no log line, and knows no
//! version of a wire message: where versions differ, the request has a field that says how.

mod admin;
mod classic;
mod cluster;
mod commit;
mod config;
mod consumer;
mod coordinator;
mod expiry;
mod kind;
mod load;
mod offsets;
mod records;
mod reply;
mod request;
mod share;
mod step;
mod streams;
mod timers;

pub use classic::State;
pub use cluster::{Cluster, KnownTopic};
pub use config::{Assignors, ConsumerConfig, GroupConfig};
pub use consumer::Assignor;
pub use coordinator::Coordinator;
pub use records::RecordError;
pub use reply::{
    ConsumerAnswer, DeletedGroup, DescribedConsumer, DescribedConsumerGroup, DescribedGroup, DescribedMember,
    DescribedShareGroup, DescribedShareMember, DescribedStreamsGroup, DescribedStreamsMember,
    EndpointPartitions, FetchedGroup, FetchedOffset, FetchedTopic, GroupRecord, GroupReply, JoinedGroup,
    JoinedMember, LeftGroup, LeftMember, ListedGroup, NewShareState, Out, PartitionResult, Places, Reply,
    ReplyTo, ShareAnswer, ShareState, StateTopic, StreamsAnswer, StreamsStatus, StreamsTasks, SyncedGroup,
    TaskIds, TopicResult,
};
pub use request::{
    CommitPartition, CommitTopic, ConsumerHeartbeat, DeleteTopic, DescribeGroups, FetchGroup, FetchTopic,
    Heartbeat, JoinGroup, LeaveGroup, LeavingMember, ListGroups, OffsetCommit, OffsetDelete, OffsetFetch,
    Protocol, ShareChange, ShareChanged, ShareHeartbeat, StreamsHeartbeat, SyncGroup, TxnOffsetCommit,
};

pub use streams::{CopartitionGroup, InternalTopic, StreamsTopology, Subtopology};

use crate::ids::GroupId;

/// The partition of `__consumer_offsets`, which has `partitions` of them, that a group lives on (behaviour 58).
///
/// Kafka's rule, and other tools reckon with it: Java's `String.hashCode` over UTF-16 units, made non-negative,
/// modulo the number of partitions. The absolute value of `i32::MIN` is taken to be 0.
///
/// # Panics
/// If `partitions` is not positive.
pub fn partition_for(group: &GroupId, partitions: i32) -> i32 {
    assert!(partitions > 0, "__consumer_offsets has partitions");
    let hash = group
        .get()
        .encode_utf16()
        .fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    hash.checked_abs().unwrap_or(0) % partitions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b58_groups_fall_where_java_puts_them() {
        // "polygenelubricants" hashes to i32::MIN; "\u{1F600}" is two UTF-16 units.
        for (group, partitions, expect) in [
            ("", 50, 0),
            ("a", 50, 97 % 50),
            ("ab", 50, (97 * 31 + 98) % 50),
            ("polygenelubricants", 50, 0),
            ("\u{1F600}", 50, (0xd83d * 31 + 0xde00) % 50),
            ("console-consumer-12345", 1, 0),
        ] {
            assert_eq!(partition_for(&GroupId::new(group), partitions), expect, "{group:?}");
        }
    }
}
