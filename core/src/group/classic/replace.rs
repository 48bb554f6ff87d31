//! A static member that was restarted: it comes without an id and takes its former self's place (KIP-345, behaviour 51).

use super::super::reply::{GroupReply, ReplyTo};
use super::super::request::JoinGroup;
use super::super::step::Step;
use super::super::timers::{Timer, TimerKey};
use super::join::refused;
use super::sync::not_synced;
use super::{Classic, State};
use crate::ErrorCode;
use crate::after::After;
use crate::ids::MemberId;

impl Classic {
    /// `member` takes the place of `former`.
    ///
    /// | state | then |
    /// |---|---|
    /// | Stable, the chosen protocol stays | the new id is stored; nobody else is troubled |
    /// | Stable, it changes | rebalance |
    /// | CompletingRebalance | rebalance: the leader may be dealing to the former id right now |
    /// | PreparingRebalance | one more has joined |
    pub(super) fn replace_static(
        &mut self,
        step: &mut Step<'_>,
        to: ReplyTo,
        former: MemberId,
        member: MemberId,
        request: JoinGroup,
    ) {
        let former_leader = self.leader.clone();
        self.take_place(step, &former, &member, &request);
        self.update_terms(&member, &request);
        self.renew_session(step, &member);
        let unchanged =
            self.state == State::Stable && self.protocol.as_ref() == Some(&self.choose_protocol());
        if unchanged && self.fits_a_record(step) {
            self.subscribed = self.subscriptions();
            self.store(step);
            let reply = self.taken_up_again(member, former_leader, request.can_skip_assignment);
            return step.reply(to, After::Durable, reply);
        }
        let ticket = step.park(to);
        self.members.get_mut(&member).expect("it took its place").join = Some(ticket);
        self.joined += 1;
        self.rebalance_or_complete(step);
    }

    /// The answer to a static member whose return changes nothing.
    fn taken_up_again(
        &self,
        member: MemberId,
        former_leader: Option<MemberId>,
        can_skip_assignment: bool,
    ) -> GroupReply {
        let leads = self.is_leader(&member);
        let members = if leads && can_skip_assignment { self.joined_members() } else { Vec::new() };
        let mut reply = self.joined_group(member, members);
        if let GroupReply::JoinGroup(reply) = &mut reply {
            if can_skip_assignment {
                reply.skip_assignment = leads;
            } else {
                // An older client that hears it leads would deal out, and its SyncGroup would be ignored. So it is told
                // of a leader that is no more.
                reply.leader = former_leader;
            }
        }
        reply
    }

    /// Moves all that `former` is over to `member`; a request it has parked is answered FENCED_INSTANCE_ID.
    fn take_place(&mut self, step: &mut Step<'_>, former: &MemberId, member: &MemberId, request: &JoinGroup) {
        let mut moved = self.members.remove(former).expect("static members are members");
        if let Some(ticket) = moved.join.take() {
            self.joined -= 1;
            let body = refused(ErrorCode::FencedInstanceId, Some(former.clone()));
            step.answer(ticket, After::Now, body);
        }
        if let Some(ticket) = moved.sync.take() {
            step.answer(ticket, After::Now, not_synced(ErrorCode::FencedInstanceId));
        }
        step.timers.cancel(&mut moved.session, || TimerKey::Session(self.id.clone(), former.clone()));
        moved.id = member.clone();
        moved.client_id = request.client_id.clone();
        moved.client_host = request.client_host.clone();
        moved.session = Timer::default();
        moved.is_new = false;
        if let Some(instance) = &moved.instance {
            self.statics.insert(instance.clone(), member.clone());
        }
        if self.is_leader(former) {
            self.leader = Some(member.clone());
        }
        if self.unsynced.remove(former) {
            self.unsynced.insert(member.clone());
        }
        self.members.insert(member.clone(), moved);
    }
}
