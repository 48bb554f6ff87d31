//! Tasks: what a streams group deals out. A subtopology has one for each partition of its sources; a member has a task in
//! one of three roles.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::reply::{StreamsTasks, TaskIds};
use crate::ids::PartitionId;

/// A subtopology, and the partition of its sources.
pub(super) type Task = (Arc<str>, PartitionId);

/// How a member has a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// It runs it: one member of the group does.
    Active,
    /// It keeps a copy of its state.
    Standby,
    /// It gets a copy, to run it later. Only records of a Kafka that deals so have it.
    Warmup,
}

/// Tasks that a member is to have, or says that it has.
pub(super) type Target = BTreeSet<(Role, Task)>;

/// Tasks that a member has. With active ones is the epoch in which they were given: a commit from an older epoch is of an
/// earlier owner; with the others, which commit nothing, is 0.
pub(super) type Held = BTreeMap<(Role, Task), i32>;

/// The tasks of one role, by subtopology.
pub(super) fn ids<'a>(tasks: impl IntoIterator<Item = &'a (Role, Task)>, role: Role) -> TaskIds {
    let mut ids = TaskIds::new();
    for (_, (subtopology, partition)) in tasks.into_iter().filter(|(of, _)| *of == role) {
        match ids.last_mut() {
            Some((last, partitions)) if last == subtopology => partitions.push(*partition),
            _ => ids.push((subtopology.clone(), vec![*partition])),
        }
    }
    ids
}

/// As replies have them.
pub(super) fn tasks<'a>(held: impl IntoIterator<Item = &'a (Role, Task)> + Clone) -> StreamsTasks {
    StreamsTasks {
        active: ids(held.clone(), Role::Active),
        standby: ids(held.clone(), Role::Standby),
        warmup: ids(held, Role::Warmup),
    }
}

/// What a request or a record says of one role.
pub(super) fn each(role: Role, ids: TaskIds) -> impl Iterator<Item = (Role, Task)> {
    let each = move |(subtopology, partitions): (Arc<str>, Vec<PartitionId>)| {
        partitions.into_iter().map(move |partition| (role, (subtopology.clone(), partition)))
    };
    ids.into_iter().flat_map(each)
}
