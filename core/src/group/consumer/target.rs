//! Dealing anew, and leading one member towards what it was dealt.

use super::super::step::Step;
use super::super::timers::TimerKey;
use super::assign::{Assignor, Hand, Player};
use super::member::{Progress, Reported, Target, Terms};
use super::reconcile::Towards;
use super::{Consumer, store};
use crate::ErrorCode;
use crate::ids::MemberId;

/// What a partition takes in a record at most, with its topic's id spread over few of them.
const PARTITION_BYTES: usize = 32;

impl Consumer {
    /// The assignor that most members ask for; of several the last by name, as in Kafka; else the broker's first.
    pub(super) fn assignor(&self, step: &Step<'_>) -> Assignor {
        let mut votes = std::collections::BTreeMap::new();
        for name in self.members.values().filter_map(|member| member.terms.assignor.as_deref()) {
            *votes.entry(name).or_insert(0) += 1;
        }
        let chosen = votes.into_iter().max_by_key(|(_, count)| *count);
        chosen.and_then(|(name, _)| Assignor::named(name)).unwrap_or(step.config.consumer.assignors.first())
    }

    /// A member wants this now. Takes it over, deals anew if that is due, and leads the member one step on. Answers
    /// whether what it is assigned has changed.
    ///
    /// # Errors
    /// If what would be dealt can't be stored. What the member wants is taken over all the same.
    pub(super) fn advance(
        &mut self,
        step: &mut Step<'_>,
        id: &MemberId,
        terms: Terms,
        reported: Option<&Reported>,
    ) -> Result<bool, ErrorCode> {
        let changed = self.take_terms(step, id, terms);
        let found = self.refresh_regexes(step);
        // A new group begins at 1 with nothing dealt: 0 is the epoch of members that join.
        let is_new = self.epoch == 0;
        if is_new {
            (self.epoch, self.target_epoch) = (1, 1);
        }
        self.follow_topics(step, changed, found);
        if is_new && self.epoch == 1 {
            self.store_epoch(step);
            self.store_target_epoch(step);
        }
        if self.has_partition_metadata {
            self.has_partition_metadata = false;
            step.record(store::partition_metadata_tombstone(&self.id));
        }
        let interval_ms = step.cluster.timing(&self.id).assignment_interval_ms;
        if self.epoch > self.target_epoch && step.may_deal(self.target_made, interval_ms) {
            self.deal(step)?;
        }
        Ok(self.lead(step, id, reported, changed))
    }

    /// Answers whether it subscribes to something else now.
    fn take_terms(&mut self, step: &mut Step<'_>, id: &MemberId, terms: Terms) -> bool {
        let member = self.members.get_mut(id).expect("the caller let it in");
        if member.terms == terms {
            return false;
        }
        self.stored = true;
        step.record(store::member(&self.id, id, &terms));
        let changed = (&member.terms.topics, &member.terms.regex) != (&terms.topics, &terms.regex);
        if let Some(instance) = &terms.instance {
            self.statics.insert(instance.clone(), id.clone());
        }
        member.terms = terms;
        self.follow_regexes(step);
        changed
    }

    fn deal(&mut self, step: &mut Step<'_>) -> Result<(), ErrorCode> {
        let nothing = Target::new();
        let mut hand = Hand { players: Default::default(), partitions: Default::default() };
        for (id, member) in &self.members {
            let topics = self.topic_ids(&member.terms, step.cluster);
            let dealt = self.target.get(id).unwrap_or(&nothing);
            hand.players.insert(id, Player { instance: member.terms.instance.as_ref(), topics, dealt });
        }
        let topics = self.subscribed().into_iter().filter_map(|name| step.cluster.topic(name.get()));
        hand.partitions = topics.map(|topic| (topic.id, topic.partitions)).collect();
        let dealt = self.assignor(step).deal(&hand);
        let most = dealt.values().map(|target| target.values().map(|ps| ps.len() + 1).sum::<usize>()).max();
        if most.unwrap_or(0).saturating_mul(PARTITION_BYTES) > step.config.record_bytes_max {
            return Err(ErrorCode::UnknownServerError);
        }
        step.adopt(&mut self.target, dealt, |id, target| store::target(&self.id, id, target));
        self.target_epoch = self.epoch;
        self.target_made = step.wall;
        self.store_target_epoch(step);
        Ok(())
    }

    /// One step towards the target; answers whether what is assigned has changed.
    fn lead(
        &mut self,
        step: &mut Step<'_>,
        id: &MemberId,
        reported: Option<&Reported>,
        subscription_changed: bool,
    ) -> bool {
        let member = &self.members[id];
        if member.current.is_reconciled(self.target_epoch) && !subscription_changed {
            return false;
        }
        let nothing = Target::new();
        let subscribed = self.topic_ids(&member.terms, step.cluster);
        let next = Towards {
            epoch: self.target_epoch,
            target: self.target.get(id).unwrap_or(&nothing),
            reported,
            subscribed: &subscribed,
            subscription_changed,
            is_held: &|topic, partition| {
                self.holders.get(&(topic, partition)).is_some_and(|holder| holder != id)
            },
        }
        .next(&member.current);
        if next == member.current {
            return false;
        }
        step.record(store::current(&self.id, id, &next));
        let assigned = |current: &super::Current| super::target_of(&current.assigned);
        let changed = assigned(&member.current) != assigned(&next);
        self.set_current(id, next);
        self.time_revocation(step, id);
        changed
    }

    /// A loaded member's time to give up partitions begins anew.
    pub(super) fn restart_revocation(&mut self, step: &mut Step<'_>, id: &MemberId) {
        if self.members[id].current.progress == Progress::Unrevoked {
            self.time_revocation(step, id);
        }
    }

    /// A member that has partitions to give up has its rebalance timeout for it. Classic members are timed by their joins.
    fn time_revocation(&mut self, step: &mut Step<'_>, id: &MemberId) {
        let member = self.members.get_mut(id).expect("the caller has it");
        let key = || TimerKey::Rebalance(self.id.clone(), id.clone());
        if member.current.progress == Progress::Unrevoked && !member.is_classic() {
            member.rebalance_epoch = member.current.epoch;
            let due = step.now.plus_millis(member.terms.rebalance_timeout_ms);
            step.timers.set(&mut member.rebalance, due, key);
        } else {
            step.timers.cancel(&mut member.rebalance, key);
        }
    }
}
