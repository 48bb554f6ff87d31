//! Members go: they say so, or they fall silent.

use super::super::reply::{GroupReply, LeftGroup, LeftMember, ReplyTo};
use super::super::request::{LeaveGroup, LeavingMember};
use super::super::step::Step;
use super::super::timers::TimerKey;
use super::join::refused;
use super::sync::not_synced;
use super::{Classic, State};
use crate::ErrorCode;
use crate::after::After;
use crate::ids::MemberId;

/// The answer when every member fails alike.
pub(in crate::group) fn none_left(request: LeaveGroup, error: ErrorCode) -> GroupReply {
    let members = request.members.into_iter();
    let members = members.map(|m| LeftMember { member: m.member, instance: m.instance, error }).collect();
    GroupReply::LeaveGroup(LeftGroup { error: ErrorCode::None, members })
}

/// Who left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// One that was told its id and never came back with it: nobody reckoned with it but a rebalance under way.
    Pending,
    /// A member.
    Member,
}

impl Classic {
    /// Handles a LeaveGroup.
    pub(in crate::group) fn leave(&mut self, step: &mut Step<'_>, to: ReplyTo, request: LeaveGroup) {
        let mut members = Vec::with_capacity(request.members.len());
        let mut members_gone = false;
        for leaving in request.members {
            let left = self.leave_one(step, &leaving);
            members_gone |= left == Ok(Left::Member);
            let error = left.err().unwrap_or(ErrorCode::None);
            members.push(LeftMember { member: leaving.member, instance: leaving.instance, error });
        }
        if members_gone {
            self.on_members_gone(step);
        } else {
            // A rebalance may have waited for the pending ones.
            self.maybe_complete_join(step);
        }
        let body = GroupReply::LeaveGroup(LeftGroup { error: ErrorCode::None, members });
        step.reply(to, After::Durable, body);
    }

    fn leave_one(&mut self, step: &mut Step<'_>, leaving: &LeavingMember) -> Result<Left, ErrorCode> {
        let instance = leaving.instance.as_ref();
        let member = match &leaving.member {
            Some(member) if self.remove_pending(step, member) => return Ok(Left::Pending),
            Some(member) => {
                self.validate_member(member, instance)?;
                member.clone()
            }
            // An administrator removes a static member without knowing its id.
            None => instance
                .and_then(|instance| self.statics.get(instance))
                .cloned()
                .ok_or(ErrorCode::UnknownMemberId)?,
        };
        self.remove_member(step, &member);
        Ok(Left::Member)
    }

    /// Rebalances without those that are gone.
    fn on_members_gone(&mut self, step: &mut Step<'_>) {
        match self.state {
            State::Stable | State::CompletingRebalance => self.prepare_rebalance(step),
            State::PreparingRebalance => self.maybe_complete_join(step),
            State::Empty | State::NotReady | State::Assigning | State::Reconciling | State::Dead => {}
        }
    }

    /// A member's session, or the patience with a pending one, may be over.
    pub(in crate::group) fn on_session_timer(&mut self, step: &mut Step<'_>, id: MemberId) {
        let key = TimerKey::Session(self.id.clone(), id.clone());
        if let Some(timer) = self.pending.get_mut(&id) {
            if step.timers.elapsed(timer, step.now, key) {
                self.pending.remove(&id);
                self.maybe_complete_join(step);
            }
            return;
        }
        let Some(member) = self.members.get_mut(&id) else { return };
        if !step.timers.elapsed(&mut member.session, step.now, key) || member.is_excused() {
            return;
        }
        self.remove_member(step, &id);
        self.on_members_gone(step);
    }

    /// Takes a member out; answers whether there was one. Requests it has parked are answered UNKNOWN_MEMBER_ID, so that
    /// a client that is there after all starts afresh.
    pub(super) fn remove_member(&mut self, step: &mut Step<'_>, id: &MemberId) -> bool {
        let Some(mut member) = self.members.remove(id) else { return false };
        if let Some(ticket) = member.join.take() {
            self.joined -= 1;
            step.answer(ticket, After::Now, refused(ErrorCode::UnknownMemberId, None));
        }
        if let Some(ticket) = member.sync.take() {
            step.answer(ticket, After::Now, not_synced(ErrorCode::UnknownMemberId));
        }
        step.timers.cancel(&mut member.session, || TimerKey::Session(self.id.clone(), id.clone()));
        self.count_supporters(&member.protocols, false);
        if let Some(instance) = &member.instance {
            self.statics.remove(instance);
        }
        if self.is_leader(id) {
            self.leader = self.members.keys().next().cloned();
        }
        self.unsynced.remove(id);
        true
    }
}
