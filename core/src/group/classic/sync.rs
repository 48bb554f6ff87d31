//! SyncGroup and Heartbeat: the assignment goes from the leader to the members, and they say that they live.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::super::reply::{GroupReply, ReplyTo, SyncedGroup};
use super::super::request::{Heartbeat, SyncGroup};
use super::super::step::Step;
use super::super::timers::TimerKey;
use super::{Classic, State};
use crate::ErrorCode;
use crate::after::After;
use crate::ids::MemberId;

/// The answer to a SyncGroup that fails.
pub(in crate::group) fn not_synced(error: ErrorCode) -> GroupReply {
    GroupReply::SyncGroup(SyncedGroup {
        error,
        protocol_type: None,
        protocol: None,
        assignment: Bytes::new(),
    })
}

impl Classic {
    /// Handles a SyncGroup.
    pub(in crate::group) fn sync(&mut self, step: &mut Step<'_>, to: ReplyTo, request: SyncGroup) {
        let refusal = match self.validate_sync(&request) {
            Err(error) => Some(error),
            Ok(()) if self.state == State::PreparingRebalance => Some(ErrorCode::RebalanceInProgress),
            Ok(()) => None,
        };
        if let Some(error) = refusal {
            return step.reply(to, After::Now, not_synced(error));
        }
        self.mark_synced(step, &request.member);
        if self.state == State::Stable {
            let assignment = self.members[&request.member].assignment.clone();
            return step.reply(to, After::Durable, self.synced_group(assignment));
        }
        assert_eq!(self.state, State::CompletingRebalance, "who passes validation is in a live group");
        let ticket = step.park(to);
        let member = self.members.get_mut(&request.member).expect("validated");
        if let Some(earlier) = member.sync.replace(ticket) {
            // The client gave up on its first request. It is told to try again, in case it did not.
            step.answer(earlier, After::Now, not_synced(ErrorCode::RebalanceInProgress));
        }
        if self.is_leader(&request.member) {
            self.assign(step, request.assignments);
        }
    }

    fn validate_sync(&self, request: &SyncGroup) -> Result<(), ErrorCode> {
        self.validate_generation(&request.member, request.instance.as_ref(), request.generation)?;
        let differs =
            |claimed: &Option<Arc<str>>, ours: &Option<Arc<str>>| claimed.is_some() && claimed != ours;
        if differs(&request.protocol_type, &self.protocol_type) || differs(&request.protocol, &self.protocol)
        {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        Ok(())
    }

    fn mark_synced(&mut self, step: &mut Step<'_>, member: &MemberId) {
        self.unsynced.remove(member);
        if self.unsynced.is_empty() {
            step.timers.cancel(&mut self.sync_timer, || TimerKey::Sync(self.id.clone()));
        }
    }

    /// The leader has dealt out.
    fn assign(&mut self, step: &mut Step<'_>, assignments: Vec<(MemberId, Bytes)>) {
        let mut shares: BTreeMap<MemberId, Bytes> = assignments.into_iter().collect();
        for member in self.members.values_mut() {
            member.assignment = shares.remove(&member.id).unwrap_or_default();
        }
        if !self.fits_a_record(step) {
            self.give_up_assignment(step, ErrorCode::UnknownServerError);
            return self.prepare_rebalance(step);
        }
        self.transition(step, State::Stable);
        self.store(step);
        let waiting: Vec<MemberId> = self.waiting_for_assignment();
        for id in waiting {
            let member = self.members.get_mut(&id).expect("just listed");
            let (ticket, assignment) = (member.sync.take(), member.assignment.clone());
            let reply = self.synced_group(assignment);
            step.answer(ticket.expect("it waits"), After::Durable, reply);
            self.renew_session(step, &id);
        }
    }

    /// There will be no assignment in this generation.
    pub(super) fn give_up_assignment(&mut self, step: &mut Step<'_>, error: ErrorCode) {
        for member in self.members.values_mut() {
            member.assignment = Bytes::new();
        }
        for id in self.waiting_for_assignment() {
            let ticket = self.members.get_mut(&id).and_then(|m| m.sync.take());
            step.answer(ticket.expect("it waits"), After::Now, not_synced(error));
            // Its session ran out unnoticed while it was excused.
            self.renew_session(step, &id);
        }
    }

    fn waiting_for_assignment(&self) -> Vec<MemberId> {
        self.members.values().filter(|m| m.sync.is_some()).map(|m| m.id.clone()).collect()
    }

    fn synced_group(&self, assignment: Bytes) -> GroupReply {
        GroupReply::SyncGroup(SyncedGroup {
            error: ErrorCode::None,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            assignment,
        })
    }

    /// Handles a Heartbeat (behaviour 52).
    pub(in crate::group) fn heartbeat(&mut self, step: &mut Step<'_>, request: &Heartbeat) -> ErrorCode {
        let instance = request.instance.as_ref();
        if let Err(error) = self.validate_generation(&request.member, instance, request.generation) {
            return error;
        }
        self.renew_session(step, &request.member);
        if self.state == State::PreparingRebalance { ErrorCode::RebalanceInProgress } else { ErrorCode::None }
    }

    /// A member that commits offsets lives, unless an assignment is awaited.
    pub(in crate::group) fn on_commit_by(&mut self, step: &mut Step<'_>, member: Option<&MemberId>) {
        if let Some(member) = member.filter(|member| self.members.contains_key(*member))
            && matches!(self.state, State::Stable | State::PreparingRebalance)
        {
            self.renew_session(step, member);
        }
    }

    /// The wait for SyncGroups is over: who has not asked for its assignment is out.
    pub(in crate::group) fn on_sync_timer(&mut self, step: &mut Step<'_>) {
        if !step.timers.elapsed(&mut self.sync_timer, step.now, TimerKey::Sync(self.id.clone())) {
            return;
        }
        for member in std::mem::take(&mut self.unsynced) {
            self.remove_member(step, &member);
        }
        self.prepare_rebalance(step);
    }
}
