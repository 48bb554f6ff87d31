//! From one generation to the next: gather the members, choose a leader and a protocol.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::records;
use super::super::step::Step;
use super::super::timers::TimerKey;
use super::{Classic, InitialDelay, State};
use crate::ErrorCode;
use crate::after::After;
use crate::ids::{Generation, MemberId, TopicName};

impl Classic {
    /// Something changed that the members must agree on anew.
    pub(super) fn rebalance_or_complete(&mut self, step: &mut Step<'_>) {
        if self.state == State::PreparingRebalance {
            self.maybe_complete_join(step);
        } else {
            self.prepare_rebalance(step);
        }
    }

    /// Asks all members to join again.
    pub(super) fn prepare_rebalance(&mut self, step: &mut Step<'_>) {
        if self.state == State::CompletingRebalance {
            self.give_up_assignment(step, ErrorCode::RebalanceInProgress);
        }
        self.unsynced.clear();
        step.timers.cancel(&mut self.sync_timer, || TimerKey::Sync(self.id.clone()));
        let was_empty = self.state == State::Empty;
        self.transition(step, State::PreparingRebalance);
        if was_empty {
            // Members that start together should find each other in the first generation.
            let delay_ms = step.config.initial_rebalance_delay_ms;
            let remaining_ms = self.rebalance_timeout_ms().saturating_sub(delay_ms);
            self.initial = Some(InitialDelay { delay_ms, remaining_ms, joined: false });
            self.wait_for_members(step, delay_ms);
        } else if self.all_joined() {
            self.complete_join(step);
        } else {
            self.wait_for_members(step, self.rebalance_timeout_ms());
        }
    }

    fn wait_for_members(&mut self, step: &mut Step<'_>, wait_ms: u64) {
        let due = step.now.plus_millis(wait_ms);
        step.timers.set(&mut self.join_timer, due, || TimerKey::Join(self.id.clone()));
    }

    fn all_joined(&self) -> bool {
        self.joined == self.members.len() && self.pending.is_empty()
    }

    /// Goes on if nobody is missing, and the group was not empty before: then more may come.
    pub(super) fn maybe_complete_join(&mut self, step: &mut Step<'_>) {
        if self.state == State::PreparingRebalance && self.initial.is_none() && self.all_joined() {
            self.complete_join(step);
        }
    }

    /// The wait for members is over.
    pub(in crate::group) fn on_join_timer(&mut self, step: &mut Step<'_>) {
        if !step.timers.elapsed(&mut self.join_timer, step.now, TimerKey::Join(self.id.clone())) {
            return;
        }
        if let Some(initial) = &mut self.initial
            && initial.joined
            && initial.remaining_ms > 0
        {
            initial.joined = false;
            let delay_ms = step.config.initial_rebalance_delay_ms.min(initial.remaining_ms);
            initial.remaining_ms = initial.remaining_ms.saturating_sub(initial.delay_ms);
            initial.delay_ms = delay_ms;
            return self.wait_for_members(step, delay_ms);
        }
        self.complete_join(step);
    }

    /// Those who joined are the next generation. Static members that did not join stay: they are expected back.
    fn complete_join(&mut self, step: &mut Step<'_>) {
        step.timers.cancel(&mut self.join_timer, || TimerKey::Join(self.id.clone()));
        let late = self.members.values().filter(|m| m.join.is_none() && m.instance.is_none());
        let late: Vec<MemberId> = late.map(|m| m.id.clone()).collect();
        for member in &late {
            self.remove_member(step, member);
        }
        self.initial = None;
        if !self.elect_leader() {
            // Only static members, and none of them joined: until their sessions end they may come back.
            return self.wait_for_members(step, self.rebalance_timeout_ms().max(1));
        }
        // A generation is an i32 on the wire and never negative.
        self.generation = Generation::new(self.generation.get().checked_add(1).unwrap_or(0));
        if self.members.is_empty() {
            self.protocol = None;
            self.subscribed = self.subscriptions();
            self.transition(step, State::Empty);
            self.store(step);
        } else {
            self.protocol = Some(self.choose_protocol());
            self.subscribed = self.subscriptions();
            self.transition(step, State::CompletingRebalance);
            self.tell_joined(step);
        }
    }

    /// Sees to it that the leader, if there are members, is one that joined. Answers whether that could be done.
    fn elect_leader(&mut self) -> bool {
        let Some(leader) = &self.leader else { return true };
        if self.members[leader].join.is_some() {
            return true;
        }
        match self.members.values().find(|m| m.join.is_some()) {
            Some(member) => self.leader = Some(member.id.clone()),
            None => return false,
        }
        true
    }

    /// Answers the parked JoinGroups, and waits for the SyncGroups.
    fn tell_joined(&mut self, step: &mut Step<'_>) {
        let ids: Vec<MemberId> = self.members.keys().cloned().collect();
        for id in &ids {
            let members = if self.is_leader(id) { self.joined_members() } else { Vec::new() };
            let reply = self.joined_group(id.clone(), members);
            let member = self.members.get_mut(id).expect("just listed");
            member.is_new = false;
            if let Some(ticket) = member.join.take() {
                self.joined -= 1;
                step.answer(ticket, After::Now, reply);
            }
            self.renew_session(step, id);
        }
        self.unsynced = ids.into_iter().collect();
        let due = step.now.plus_millis(self.rebalance_timeout_ms());
        step.timers.set(&mut self.sync_timer, due, || TimerKey::Sync(self.id.clone()));
    }

    /// Of the protocols all members know, the one most of them like best; of several, the first by name.
    pub(super) fn choose_protocol(&self) -> Arc<str> {
        let mut votes: BTreeMap<&Arc<str>, usize> = BTreeMap::new();
        for member in self.members.values() {
            let known_to_all =
                member.protocols.iter().find(|p| self.supporters.get(&p.name) == Some(&self.members.len()));
            let choice = known_to_all.expect("members join only if one protocol is left to all");
            *votes.entry(&choice.name).or_default() += 1;
        }
        let best = votes.values().copied().max().unwrap_or(0);
        let chosen = votes.into_iter().find(|(_, count)| *count == best);
        chosen.map(|(name, _)| name.clone()).expect("a group with members votes")
    }

    /// What the members subscribe to, if that can be told.
    pub(super) fn subscriptions(&self) -> Option<BTreeSet<TopicName>> {
        if !self.uses_consumer_protocol() {
            return None;
        }
        let mut topics = BTreeSet::new();
        for member in self.members.values() {
            topics.append(&mut records::subscribed_topics(member.metadata(self.protocol.as_deref()?)?)?);
        }
        Some(topics)
    }
}
