//! A live classic group becomes a consumer group when the first member of the new protocol joins; a consumer group becomes
//! a classic one when the last such member goes (`group.consumer.migration.policy`). Nobody loses what it reads.

use std::collections::BTreeSet;
use std::collections::btree_map::Entry;

use super::super::records;
use super::super::step::Step;
use super::Consumer;
use super::member::{ClassicTerms, Current, Member, Owned, Progress, Terms, target_of};
use crate::ErrorCode;
use crate::group::classic::{Classic, Converted};
use crate::ids::{Generation, MemberId};

impl Consumer {
    /// The consumer group that a classic one becomes. Its members keep what they have; those that wait are told to join
    /// again.
    ///
    /// # Errors
    /// Why it cannot; the classic group is as it was.
    pub(in crate::group) fn upgrade(step: &mut Step<'_>, classic: &mut Classic) -> Result<Self, ErrorCode> {
        let policy = step.config.consumer;
        if !policy.upgrade || !classic.uses_consumer_protocol() || classic.member_count() > policy.members_max
        {
            return Err(ErrorCode::GroupIdNotFound);
        }
        let (generation, members) = classic.to_convert().ok_or(ErrorCode::GroupIdNotFound)?;
        let mut group = Consumer::new(classic.id().clone());
        group.epoch = generation.get();
        group.target_epoch = generation.get();
        let mut sessions = Vec::with_capacity(members.len());
        for member in members {
            let Some(subscription) = records::subscription(&member.protocols[0].metadata) else {
                return Err(ErrorCode::GroupIdNotFound);
            };
            let mut assigned = Owned::new();
            for (name, numbers) in records::assigned(&member.assignment).unwrap_or_default() {
                let Some(topic) = step.cluster.topic(name.get()) else { continue };
                for number in numbers {
                    // An assignor of a client's own may deal a partition to two; one of them keeps it.
                    if let Entry::Vacant(free) = group.holders.entry((topic.id, number)) {
                        free.insert(member.id.clone());
                        assigned.entry(topic.id).or_default().insert(number, generation.get());
                    }
                }
            }
            sessions.push((member.id.clone(), member.session_timeout_ms));
            if let Some(instance) = &member.instance {
                group.statics.insert(instance.clone(), member.id.clone());
            }
            group.target.insert(member.id.clone(), target_of(&assigned));
            let terms = Terms {
                instance: member.instance,
                rack: subscription.rack,
                client_id: member.client_id,
                client_host: member.client_host,
                rebalance_timeout_ms: member.rebalance_timeout_ms,
                topics: subscription.topics,
                regex: None,
                assignor: None,
                classic: Some(ClassicTerms {
                    session_timeout_ms: member.session_timeout_ms,
                    protocols: member.protocols,
                }),
            };
            let epoch = generation.get();
            let current = Current {
                epoch,
                previous_epoch: epoch,
                progress: Progress::Stable,
                assigned,
                revoking: Owned::new(),
            };
            group.members.insert(member.id, Member { terms, current, ..Member::default() });
        }
        classic.dissolve(step);
        group.store_all(step);
        for (id, timeout_ms) in sessions {
            group.renew_session(step, &id, timeout_ms);
        }
        Ok(group)
    }

    /// Whether those that stay when these are gone all speak the classic protocol, and may be a classic group.
    pub(super) fn may_downgrade(&self, step: &Step<'_>, gone: &BTreeSet<MemberId>) -> bool {
        let stay = || self.members.iter().filter(|(id, _)| !gone.contains(*id));
        let goes_a_consumer = gone.is_empty() || gone.iter().any(|id| !self.members[id].is_classic());
        step.config.consumer.downgrade
            && goes_a_consumer
            && stay().next().is_some()
            && stay().all(|(_, member)| member.is_classic())
            && stay().count() <= step.config.members_max
    }

    /// The classic group that those who stay are from now on. It rebalances if members went.
    pub(super) fn downgrade(
        &mut self,
        step: &mut Step<'_>,
        gone: &BTreeSet<MemberId>,
        rebalance: bool,
    ) -> Classic {
        self.store_end(step);
        self.forget(step.timers);
        let mut members = Vec::new();
        for (id, member) in std::mem::take(&mut self.members) {
            if gone.contains(&id) {
                continue;
            }
            let classic = member.terms.classic.expect("only classic members stay");
            let version = records::subscription_version(&classic.protocols[0].metadata);
            members.push(Converted {
                assignment: records::assignment(version, &member.current.assigned, step.cluster),
                id,
                instance: member.terms.instance,
                client_id: member.terms.client_id,
                client_host: member.terms.client_host,
                rebalance_timeout_ms: member.terms.rebalance_timeout_ms,
                session_timeout_ms: classic.session_timeout_ms,
                protocols: classic.protocols,
            });
        }
        let generation = Generation::new(self.epoch);
        Classic::from_converted(step, self.id.clone(), generation, members, rebalance)
    }
}
