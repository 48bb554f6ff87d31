//! Who gets which task. Sticky: who runs a task keeps it, who keeps a copy of its state comes next, as long as everybody's
//! part stays even; what is left goes to the process with least to do for its members.
//!
//! The order of the passes, and what counts as even, are Kafka's (its assignor `sticky`), so that a group that moves between
//! the two keeps its tasks. Warm-up tasks are not dealt: neither does Kafka 4.3.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::task::{Role, Target, Task};
use crate::ids::{MemberId, PartitionId};

/// A member that gets tasks.
#[derive(Debug)]
pub(super) struct Player<'a> {
    /// The process that it is a thread of: two members of one do not have the same task.
    pub(super) process: &'a str,
    /// What it was dealt last.
    pub(super) dealt: &'a Target,
}

/// Deals the tasks of subtopologies (how many, and whether they have state), and so many copies of those with state.
pub(super) fn deal(
    players: &BTreeMap<&MemberId, Player<'_>>,
    subtopologies: &BTreeMap<Arc<str>, (i32, bool)>,
    standbys: usize,
) -> BTreeMap<MemberId, Target> {
    let mut table = Table::new(players, subtopologies, standbys);
    if !players.is_empty() {
        table.deal_active();
        table.deal_standbys(standbys);
    }
    players.keys().zip(table.hands).map(|(id, hand)| ((*id).clone(), hand)).collect()
}

/// How much is even: a part for each, of what those that are not yet full have left.
#[derive(Debug)]
struct Quota {
    tasks: usize,
    members: usize,
}

impl Quota {
    fn each(&self) -> usize {
        if self.members == 0 { 0 } else { self.tasks.div_ceil(self.members) }
    }

    /// A member has come to have `count`.
    fn on_count(&mut self, count: usize) {
        if self.members > 0 && count == self.each() {
            self.members -= 1;
            self.tasks = self.tasks.saturating_sub(count);
        }
    }
}

struct Table {
    /// The members by process, each as its place among the players.
    processes: Vec<Vec<usize>>,
    /// Each player's process.
    process_of: Vec<usize>,
    hands: Vec<Target>,
    active_quota: Quota,
    quota: Quota,
    /// Which processes have a task, in whatever role.
    at: BTreeMap<Task, BTreeSet<usize>>,
    /// Who was dealt a task before, and who a copy.
    ran: BTreeMap<Task, usize>,
    copied: BTreeMap<Task, Vec<usize>>,
    active: Vec<Task>,
    stateful: Vec<Task>,
}

/// By partition first, so that the tasks of one partition are looked at together.
fn by_partition(tasks: &mut [Task]) {
    tasks.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
}

impl Table {
    fn new(
        players: &BTreeMap<&MemberId, Player<'_>>,
        subtopologies: &BTreeMap<Arc<str>, (i32, bool)>,
        standbys: usize,
    ) -> Self {
        let (mut active, mut stateful) = (Vec::new(), Vec::new());
        for (id, (count, has_state)) in subtopologies {
            let tasks = (0..*count).map(|number| (id.clone(), PartitionId::new(number)));
            active.extend(tasks.clone());
            stateful.extend(tasks.filter(|_| *has_state));
        }
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        let (mut processes, mut process_of) = (Vec::new(), Vec::new());
        let (mut ran, mut copied): (_, BTreeMap<Task, Vec<usize>>) = (BTreeMap::new(), BTreeMap::new());
        for (place, player) in players.values().enumerate() {
            let process = *numbers.entry(player.process).or_insert(processes.len());
            if process == processes.len() {
                processes.push(Vec::new());
            }
            processes[process].push(place);
            process_of.push(process);
            for (role, task) in player.dealt {
                match role {
                    Role::Active => drop(ran.insert(task.clone(), place)),
                    Role::Standby => copied.entry(task.clone()).or_default().push(place),
                    Role::Warmup => {}
                }
            }
        }
        let members = players.len();
        Self {
            processes,
            process_of,
            hands: vec![Target::new(); members],
            active_quota: Quota { tasks: active.len(), members },
            quota: Quota { tasks: active.len() + stateful.len() * standbys.min(members), members },
            at: BTreeMap::new(),
            ran,
            copied,
            active,
            stateful,
        }
    }

    /// Tasks of a process for each of its members, as a fraction that can be compared exactly.
    fn load(&self, process: usize) -> (usize, usize) {
        let members = &self.processes[process];
        (members.iter().map(|member| self.hands[*member].len()).sum(), members.len())
    }

    fn is_less(&self, a: usize, b: usize) -> bool {
        let ((a_tasks, a_members), (b_tasks, b_members)) = (self.load(a), self.load(b));
        a_tasks * b_members < b_tasks * a_members
    }

    fn has(&self, process: usize, task: &Task) -> bool {
        self.at.get(task).is_some_and(|processes| processes.contains(&process))
    }

    fn give(&mut self, member: usize, role: Role, task: &Task) {
        self.hands[member].insert((role, task.clone()));
        self.at.entry(task.clone()).or_default().insert(self.process_of[member]);
        let count = self.hands[member].len();
        if role == Role::Active {
            self.active_quota.on_count(count);
        }
        self.quota.on_count(count);
    }

    /// The least loaded process that does not have the task, and there the member with least.
    fn least_loaded(&self, task: &Task) -> Option<usize> {
        let mut best = None;
        for process in (0..self.processes.len()).filter(|process| !self.has(*process, task)) {
            if best.is_none_or(|best| self.is_less(process, best)) {
                best = Some(process);
            }
        }
        self.processes[best?].iter().copied().min_by_key(|member| self.hands[*member].len())
    }

    /// Of those that had a copy, one that is less busy than the others, in a process that does not have the task.
    fn with_copy(&self, task: &Task) -> Option<usize> {
        let mut best: Option<usize> = None;
        for member in self.copied.get(task)?.iter().copied() {
            let process = self.process_of[member];
            let is_better = |best: usize| {
                self.is_less(process, self.process_of[best])
                    && self.hands[member].len() < self.hands[best].len()
            };
            if !self.has(process, task) && best.is_none_or(is_better) {
                best = Some(member);
            }
        }
        best
    }

    fn deal_active(&mut self) {
        let mut left = std::mem::take(&mut self.active);
        by_partition(&mut left);
        // A look at who has what before comes first, then who has a copy.
        for with_copy in [false, true] {
            left.retain(|task| {
                let former = if with_copy { self.with_copy(task) } else { self.ran.get(task).copied() };
                let fits = former.filter(|member| self.hands[*member].len() < self.active_quota.each());
                if let Some(member) = fits {
                    self.give(member, Role::Active, task);
                }
                fits.is_none()
            });
        }
        left.sort();
        for task in left {
            if let Some(member) = self.least_loaded(&task) {
                self.give(member, Role::Active, &task);
            }
        }
    }

    fn deal_standbys(&mut self, standbys: usize) {
        let mut tasks = std::mem::take(&mut self.stateful);
        by_partition(&mut tasks);
        // From the end, as active tasks come from the beginning: a member gets copies of others' tasks.
        tasks.reverse();
        let mut left = Vec::new();
        // More copies than processes find no place.
        let standbys = standbys.min(self.processes.len());
        for task in tasks {
            for copy in 0..standbys {
                let ran = self.ran.get(&task).copied();
                let ran = ran.filter(|member| !self.has(self.process_of[*member], &task));
                let has_room = |member: &usize| self.hands[*member].len() < self.quota.each();
                let former = ran.filter(has_room).or_else(|| self.with_copy(&task).filter(has_room));
                let Some(member) = former else {
                    left.push((task.clone(), standbys - copy));
                    break;
                };
                self.give(member, Role::Standby, &task);
            }
        }
        left.sort();
        for (task, copies) in left.into_iter().rev() {
            for _ in 0..copies {
                let Some(member) = self.least_loaded(&task) else { break };
                self.give(member, Role::Standby, &task);
            }
        }
    }
}

#[cfg(test)]
mod tests;
