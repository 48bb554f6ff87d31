//! A member of a consumer group: what it wants, and what it has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::request::Protocol;
use super::super::timers::Timer;
use crate::ids::{InstanceId, PartitionId, TopicId, TopicName};

/// Partitions that a member is to have.
pub(in crate::group) type Target = BTreeMap<TopicId, BTreeSet<PartitionId>>;

/// Partitions that a member has, each with the epoch in which it was given: a commit from an older epoch is of an earlier
/// owner.
pub(in crate::group) type Owned = BTreeMap<TopicId, BTreeMap<PartitionId, i32>>;

/// Partitions that a member says it has.
pub(in crate::group) type Reported = [(TopicId, Vec<PartitionId>)];

/// The epoch of a static member that went away and may come back.
pub(in crate::group) const AWAY: i32 = -2;

/// What only a member that speaks the classic protocol says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::group) struct ClassicTerms {
    pub(in crate::group) session_timeout_ms: u64,
    /// The best first; there is at least one.
    pub(in crate::group) protocols: Vec<Protocol>,
}

/// What a member wants: stored as a `ConsumerGroupMemberMetadata` record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::group) struct Terms {
    pub(in crate::group) instance: Option<InstanceId>,
    pub(in crate::group) rack: Option<Arc<str>>,
    pub(in crate::group) client_id: Arc<str>,
    pub(in crate::group) client_host: Arc<str>,
    pub(in crate::group) rebalance_timeout_ms: u64,
    pub(in crate::group) topics: BTreeSet<TopicName>,
    /// Never empty.
    pub(in crate::group) regex: Option<Arc<str>>,
    pub(in crate::group) assignor: Option<Arc<str>>,
    /// Set if it speaks the classic protocol.
    pub(in crate::group) classic: Option<ClassicTerms>,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            instance: None,
            rack: None,
            client_id: Arc::default(),
            client_host: Arc::default(),
            // What a record has that does not say.
            rebalance_timeout_ms: u64::MAX,
            topics: BTreeSet::new(),
            regex: None,
            assignor: None,
            classic: None,
        }
    }
}

/// How far a member is on its way to its target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::group) enum Progress {
    /// It has what it is to have, as of its epoch.
    #[default]
    Stable,
    /// It has to give partitions up first.
    Unrevoked,
    /// It waits for partitions that others have to give up.
    Unreleased,
    /// A newer coordinator wrote something else.
    Unknown,
}

impl Progress {
    pub(in crate::group) const fn code(self) -> i8 {
        match self {
            Progress::Stable => 0,
            Progress::Unrevoked => 1,
            Progress::Unreleased => 2,
            Progress::Unknown => 127,
        }
    }

    /// The epoch with which a member of epoch `epoch` goes on towards a target of epoch `target`; `None`: it is there, or it
    /// still has what it has to give up.
    pub(in crate::group) fn goes_on(
        self,
        epoch: i32,
        target: i32,
        still_has: impl FnOnce() -> bool,
    ) -> Option<i32> {
        match self {
            Progress::Stable => (epoch != target).then_some(epoch),
            Progress::Unrevoked => (!still_has()).then_some(epoch + 1),
            Progress::Unreleased => Some(epoch),
            Progress::Unknown => Some(target),
        }
    }

    pub(in crate::group) const fn from_code(code: i8) -> Self {
        match code {
            0 => Progress::Stable,
            1 => Progress::Unrevoked,
            2 => Progress::Unreleased,
            _ => Progress::Unknown,
        }
    }
}

/// What a member has: stored as a `ConsumerGroupCurrentMemberAssignment` record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::group) struct Current {
    /// The epoch of the target that it has reached; 0 if it just came, [`AWAY`] if it is.
    pub(in crate::group) epoch: i32,
    /// The one before: the reply that told of `epoch` may have been lost.
    pub(in crate::group) previous_epoch: i32,
    pub(in crate::group) progress: Progress,
    pub(in crate::group) assigned: Owned,
    /// No more assigned, and not yet given up.
    pub(in crate::group) revoking: Owned,
}

impl Current {
    /// It needs nothing to be at this epoch's target.
    pub(super) fn is_reconciled(&self, epoch: i32) -> bool {
        self.progress == Progress::Stable && self.epoch == epoch
    }

    /// All that others have to wait for.
    pub(super) fn places(&self) -> impl Iterator<Item = (TopicId, PartitionId)> {
        let owned = self.assigned.iter().chain(&self.revoking);
        owned.flat_map(|(topic, partitions)| partitions.keys().map(|partition| (*topic, *partition)))
    }

    /// Whether everything that the member says it has is assigned to it.
    pub(super) fn covers(&self, reported: &Reported) -> bool {
        reported.iter().all(|(topic, partitions)| {
            let ours = self.assigned.get(topic);
            partitions.iter().all(|partition| ours.is_some_and(|ours| ours.contains_key(partition)))
        })
    }
}

/// The partitions without their epochs.
pub(super) fn target_of(owned: &Owned) -> Target {
    owned.iter().map(|(topic, partitions)| (*topic, partitions.keys().copied().collect())).collect()
}

/// A member.
#[derive(Debug, Default)]
pub(in crate::group) struct Member {
    pub(super) terms: Terms,
    pub(super) current: Current,
    pub(super) session: Timer,
    /// Runs while it has partitions to give up.
    pub(super) rebalance: Timer,
    /// The epoch that it has to leave before `rebalance` is over.
    pub(super) rebalance_epoch: i32,
    /// A classic member was told to join again, and has to.
    pub(super) join: Timer,
    /// A classic member has joined, and has to ask for its share.
    pub(super) sync: Timer,
}

impl Member {
    pub(super) fn is_classic(&self) -> bool {
        self.terms.classic.is_some()
    }
}
