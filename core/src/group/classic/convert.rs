//! What a classic group hands over when it becomes a consumer group, and takes over when it was one.

use std::sync::Arc;

use bytes::Bytes;

use super::super::records;
use super::super::request::Protocol;
use super::super::step::Step;
use super::super::timers::{Timer, TimerKey};
use super::join::refused;
use super::member::Member;
use super::sync::not_synced;
use super::{CONSUMER, Classic, State};
use crate::ErrorCode;
use crate::after::After;
use crate::ids::{Generation, GroupId, InstanceId, MemberId};

/// A member on its way between the two kinds of groups.
#[derive(Debug)]
pub(in crate::group) struct Converted {
    pub(in crate::group) id: MemberId,
    pub(in crate::group) instance: Option<InstanceId>,
    pub(in crate::group) client_id: Arc<str>,
    pub(in crate::group) client_host: Arc<str>,
    pub(in crate::group) rebalance_timeout_ms: u64,
    pub(in crate::group) session_timeout_ms: u64,
    /// The best first; never empty.
    pub(in crate::group) protocols: Vec<Protocol>,
    pub(in crate::group) assignment: Bytes,
}

impl Classic {
    pub(in crate::group) fn id(&self) -> &GroupId {
        &self.id
    }

    pub(in crate::group) fn member_count(&self) -> usize {
        self.members.len()
    }

    /// The generation and the members, if each says something of itself.
    pub(in crate::group) fn to_convert(&self) -> Option<(Generation, Vec<Converted>)> {
        let members = self.members.values().map(|member| {
            let mut protocols = member.protocols.clone();
            // The chosen one first: what the member says in it is what counts.
            let chosen = |p: &Protocol| self.protocol.as_ref() != Some(&p.name);
            protocols.sort_by_key(chosen);
            (!protocols.is_empty()).then(|| Converted {
                id: member.id.clone(),
                instance: member.instance.clone(),
                client_id: member.client_id.clone(),
                client_host: member.client_host.clone(),
                rebalance_timeout_ms: member.rebalance_timeout_ms,
                session_timeout_ms: member.session_timeout_ms,
                protocols,
                assignment: member.assignment.clone(),
            })
        });
        Some((self.generation, members.collect::<Option<Vec<_>>>()?))
    }

    /// The group is another kind from now on: those that wait are told to come again, the log forgets it.
    pub(in crate::group) fn dissolve(&mut self, step: &mut Step<'_>) {
        for (id, mut member) in std::mem::take(&mut self.members) {
            if let Some(ticket) = member.join.take() {
                step.answer(ticket, After::Now, refused(ErrorCode::RebalanceInProgress, Some(id.clone())));
            }
            if let Some(ticket) = member.sync.take() {
                step.answer(ticket, After::Now, not_synced(ErrorCode::RebalanceInProgress));
            }
            step.timers.cancel(&mut member.session, || TimerKey::Session(self.id.clone(), id));
        }
        self.forget(step.timers);
        if self.stored {
            step.record(records::group_tombstone(&self.id));
        }
    }

    /// The classic group of members that were in a consumer group; with `rebalance` they are asked to join again.
    pub(in crate::group) fn from_converted(
        step: &mut Step<'_>,
        id: GroupId,
        generation: Generation,
        members: Vec<Converted>,
        rebalance: bool,
    ) -> Self {
        let mut group = Classic::new(id);
        group.generation = generation;
        group.protocol_type = Some(CONSUMER.into());
        group.state = State::Stable;
        group.since = Some(step.wall);
        for member in members {
            group.count_supporters(&member.protocols, true);
            if let Some(instance) = &member.instance {
                group.statics.insert(instance.clone(), member.id.clone());
            }
            group.leader.get_or_insert_with(|| member.id.clone());
            let id = member.id.clone();
            let member = Member {
                id: member.id,
                instance: member.instance,
                client_id: member.client_id,
                client_host: member.client_host,
                rebalance_timeout_ms: member.rebalance_timeout_ms,
                session_timeout_ms: member.session_timeout_ms,
                protocols: member.protocols,
                assignment: member.assignment,
                is_new: false,
                join: None,
                sync: None,
                session: Timer::default(),
            };
            group.members.insert(id.clone(), member);
            group.renew_session(step, &id);
        }
        group.protocol = Some(group.choose_protocol());
        group.subscribed = group.subscriptions();
        // If it does not fit, the log knows nothing of it, and its members come anew after a restart.
        if group.fits_a_record(step) {
            group.store(step);
        }
        if rebalance {
            group.prepare_rebalance(step);
        }
        group
    }
}
