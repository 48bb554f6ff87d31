//! JoinGroup: becoming a member, and coming back for the next generation.

use super::super::config::NEW_MEMBER_TIMEOUT_MS;
use super::super::reply::{GroupReply, JoinedGroup, ReplyTo};
use super::super::request::{JoinGroup, Protocol};
use super::super::step::Step;
use super::super::timers::{Timer, TimerKey};
use super::member::{Member, distinct, member_id};
use super::{Classic, State};
use crate::ErrorCode;
use crate::after::After;
use crate::ids::MemberId;

/// The answer to a JoinGroup that fails.
pub(in crate::group) fn refused(error: ErrorCode, member: Option<MemberId>) -> GroupReply {
    GroupReply::JoinGroup(JoinedGroup {
        error,
        generation: None,
        protocol_type: None,
        protocol: None,
        leader: None,
        skip_assignment: false,
        member,
        members: Vec::new(),
    })
}

impl Classic {
    /// Handles a JoinGroup whose names and session timeout are in bounds.
    pub(in crate::group) fn join(&mut self, step: &mut Step<'_>, to: ReplyTo, mut request: JoinGroup) {
        request.protocols = distinct(request.protocols);
        if !self.has_room(step, &request) {
            if let Some(member) = &request.member {
                self.turn_away(step, member);
            }
            step.reply(to, After::Now, refused(ErrorCode::GroupMaxSizeReached, None));
        } else if !self.supports(&request.protocol_type, &request.protocols) {
            step.reply(to, After::Now, refused(ErrorCode::InconsistentGroupProtocol, request.member));
        } else {
            match request.member.clone() {
                None => self.join_new(step, to, request),
                Some(member) => self.join_known(step, to, member, request),
            }
        }
    }

    /// Whether the group may take the member in (`group.max.size`).
    fn has_room(&self, step: &Step<'_>, request: &JoinGroup) -> bool {
        // A static member that comes back takes its own place.
        let comes_back = request.member.is_none()
            && request.instance.as_ref().is_some_and(|instance| self.statics.contains_key(instance));
        let member = request.member.as_ref().and_then(|member| self.members.get(member));
        match self.state {
            State::Empty | State::NotReady | State::Assigning | State::Reconciling | State::Dead => true,
            // Only those that wait are counted: if there are more members than may be (the setting was lowered, the
            // group was loaded), the last ones to join again are turned away.
            State::PreparingRebalance => {
                comes_back
                    || member.is_some_and(|m| m.join.is_some())
                    || self.joined < step.config.members_max
            }
            State::CompletingRebalance | State::Stable => {
                comes_back || member.is_some() || self.members.len() < step.config.members_max
            }
        }
    }

    /// There is no room for a member that is pending or has yet to join again.
    fn turn_away(&mut self, step: &mut Step<'_>, member: &MemberId) {
        let was_known = self.remove_pending(step, member) || self.remove_member(step, member);
        if was_known {
            self.maybe_complete_join(step);
        }
    }

    fn join_new(&mut self, step: &mut Step<'_>, to: ReplyTo, request: JoinGroup) {
        let prefix = request.instance.as_ref().map_or(&*request.client_id, |instance| instance.get());
        let mut random = request.random;
        let mut member = member_id(prefix, random);
        while self.members.contains_key(&member) || self.pending.contains_key(&member) {
            random = random.wrapping_add(1);
            member = member_id(prefix, random);
        }
        let current = request.instance.as_ref().and_then(|instance| self.statics.get(instance)).cloned();
        match current {
            Some(current) => self.replace_static(step, to, current, member, request),
            None if request.instance.is_none() && request.require_known_member_id => {
                let mut timer = Timer::default();
                let due = step.now.plus_millis(request.session_timeout_ms.max(0) as u64);
                step.timers.set(&mut timer, due, || TimerKey::Session(self.id.clone(), member.clone()));
                self.pending.insert(member.clone(), timer);
                step.reply(to, After::Now, refused(ErrorCode::MemberIdRequired, Some(member)));
            }
            None => self.add_member(step, to, member, request),
        }
    }

    /// Takes in a member with this id, new or pending.
    fn add_member(&mut self, step: &mut Step<'_>, to: ReplyTo, id: MemberId, request: JoinGroup) {
        self.remove_pending(step, &id);
        if self.members.is_empty() {
            self.protocol_type = Some(request.protocol_type.clone());
        }
        if let Some(initial) = &mut self.initial {
            initial.joined = true;
        }
        if let Some(instance) = &request.instance {
            self.statics.insert(instance.clone(), id.clone());
        }
        self.leader.get_or_insert_with(|| id.clone());
        let (session_timeout_ms, rebalance_timeout_ms) = timeouts(&request);
        let mut member = Member {
            id: id.clone(),
            instance: request.instance,
            client_id: request.client_id,
            client_host: request.client_host,
            rebalance_timeout_ms,
            session_timeout_ms,
            protocols: request.protocols,
            assignment: Default::default(),
            is_new: true,
            join: Some(step.park(to)),
            sync: None,
            session: Timer::default(),
        };
        let due = step.now.plus_millis(NEW_MEMBER_TIMEOUT_MS);
        step.timers.set(&mut member.session, due, || TimerKey::Session(self.id.clone(), id.clone()));
        self.count_supporters(&member.protocols, true);
        self.joined += 1;
        self.members.insert(id, member);
        self.rebalance_or_complete(step);
    }

    fn join_known(&mut self, step: &mut Step<'_>, to: ReplyTo, id: MemberId, request: JoinGroup) {
        if request.instance.is_none() && self.pending.contains_key(&id) {
            return self.add_member(step, to, id, request);
        }
        if let Err(error) = self.validate_member(&id, request.instance.as_ref()) {
            return step.reply(to, After::Now, refused(error, Some(id)));
        }
        let unchanged = self.members[&id].protocols == request.protocols;
        // What the member may go on with, instead of joining a next generation.
        let current = match self.state {
            // It may not have got the reply that told it of the generation.
            State::CompletingRebalance if unchanged => Some(After::Now),
            // A leader that joins wants a rebalance: it saw what the others did not, such as a topic's new partitions.
            State::Stable if unchanged && !self.is_leader(&id) => Some(After::Durable),
            _ => None,
        };
        match current {
            Some(after) => {
                let members = if self.is_leader(&id) { self.joined_members() } else { Vec::new() };
                step.reply(to, after, self.joined_group(id, members));
            }
            None => {
                self.update_member(step, to, &id, request);
                self.rebalance_or_complete(step);
            }
        }
    }

    /// The answer that tells a member of the current generation.
    pub(super) fn joined_group(
        &self,
        member: MemberId,
        members: Vec<super::super::reply::JoinedMember>,
    ) -> GroupReply {
        GroupReply::JoinGroup(JoinedGroup {
            error: ErrorCode::None,
            generation: Some(self.generation),
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            skip_assignment: false,
            member: Some(member),
            members,
        })
    }

    /// Takes over what a member says of itself in a JoinGroup, which is parked.
    fn update_member(&mut self, step: &mut Step<'_>, to: ReplyTo, id: &MemberId, request: JoinGroup) {
        self.update_terms(id, &request);
        let ticket = step.park(to);
        let member = self.members.get_mut(id).expect("the caller saw it");
        match member.join.replace(ticket) {
            // The client gave up on its first request. It is told to try again, in case it did not.
            Some(earlier) => {
                let body = refused(ErrorCode::RebalanceInProgress, Some(id.clone()));
                step.answer(earlier, After::Now, body);
            }
            None => self.joined += 1,
        }
    }

    /// Takes over protocols and timeouts.
    pub(super) fn update_terms(&mut self, id: &MemberId, request: &JoinGroup) {
        self.count_supporters(&request.protocols, true);
        let member = self.members.get_mut(id).expect("the caller saw it");
        let earlier = std::mem::replace(&mut member.protocols, request.protocols.clone());
        (member.session_timeout_ms, member.rebalance_timeout_ms) = timeouts(request);
        self.count_supporters(&earlier, false);
    }

    /// Counts a member that knows these protocols in or out.
    pub(super) fn count_supporters(&mut self, protocols: &[Protocol], add: bool) {
        for protocol in protocols {
            let count = self.supporters.entry(protocol.name.clone()).or_insert(0);
            if add {
                *count += 1;
            } else {
                *count -= 1;
                if *count == 0 {
                    self.supporters.remove(&protocol.name);
                }
            }
        }
    }

    /// Forgets a pending member; answers whether there was one.
    pub(super) fn remove_pending(&mut self, step: &mut Step<'_>, member: &MemberId) -> bool {
        let Some(mut timer) = self.pending.remove(member) else { return false };
        step.timers.cancel(&mut timer, || TimerKey::Session(self.id.clone(), member.clone()));
        true
    }

    /// Starts a member's session anew.
    pub(super) fn renew_session(&mut self, step: &mut Step<'_>, id: &MemberId) {
        let member = self.members.get_mut(id).expect("only members have sessions");
        let due = step.now.plus_millis(member.session_timeout_ms);
        step.timers.set(&mut member.session, due, || TimerKey::Session(self.id.clone(), id.clone()));
    }
}

/// Session and rebalance timeout.
fn timeouts(request: &JoinGroup) -> (u64, u64) {
    let rebalance = request.rebalance_timeout_ms.unwrap_or(request.session_timeout_ms);
    (request.session_timeout_ms.max(0) as u64, rebalance.max(0) as u64)
}
