//! Members of a consumer group that speak the classic protocol: the group is being upgraded, one client after the other.
//!
//! They join and ask for their share as in a classic group, but nobody leads and nobody is waited for: a join is answered
//! at once, a rebalance is their own way to the next target. What they give up they show by what their next join says
//! they own; the member epoch is their generation.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::super::cluster::Cluster;
use super::super::records::{self, Subscription};
use super::super::reply::{GroupReply, JoinedGroup, LeftGroup, LeftMember, ReplyTo, SyncedGroup};
use super::super::request::{Heartbeat, JoinGroup, LeaveGroup, SyncGroup};
use super::super::step::Step;
use super::super::timers::TimerKey;
use super::Consumer;
use super::member::{ClassicTerms, Progress, Terms};
use crate::ErrorCode;
use crate::after::After;
use crate::group::classic::member::distinct;
use crate::group::classic::{CONSUMER, Classic, join, sync};
use crate::ids::{Generation, InstanceId, MemberId, PartitionId, TopicId};

/// The member's id, the one whose place it takes, and what it says of itself.
type Admitted = (MemberId, Option<MemberId>, Subscription);

impl Consumer {
    /// Handles a JoinGroup; the classic group that it is from now on, if the last member that was not one was replaced.
    #[must_use]
    pub(in crate::group) fn join_classic(
        &mut self,
        step: &mut Step<'_>,
        to: ReplyTo,
        mut request: JoinGroup,
    ) -> Option<Classic> {
        request.protocols = distinct(request.protocols);
        match self.admit_classic(step, &request) {
            Ok((id, former, subscription)) => self.take_classic(step, to, id, former, request, &subscription),
            Err((error, member)) => {
                step.reply(to, After::Now, join::refused(error, member));
                None
            }
        }
    }

    fn admit_classic(
        &self,
        step: &Step<'_>,
        request: &JoinGroup,
    ) -> Result<Admitted, (ErrorCode, Option<MemberId>)> {
        let refuse = |error| (error, request.member.clone());
        let policy = step.config.consumer;
        if !policy.upgrade && !policy.downgrade {
            return Err(refuse(ErrorCode::InconsistentGroupProtocol));
        } else if !self.has_room(step, request.member.as_ref()) {
            return Err((ErrorCode::GroupMaxSizeReached, None));
        }
        let protocol = request.protocols.first().filter(|_| self.supports(request));
        let subscription = protocol.and_then(|protocol| records::subscription(&protocol.metadata));
        let subscription = subscription.ok_or_else(|| refuse(ErrorCode::InconsistentGroupProtocol))?;
        let current = request.instance.as_ref().map(|instance| self.statics.get(instance));
        let (id, former) = match (&request.member, current) {
            (None, None) if request.require_known_member_id => {
                let id = self.new_member_id(request.random);
                return Err((ErrorCode::MemberIdRequired, Some(id)));
            }
            (None, None | Some(None)) => (self.new_member_id(request.random), None),
            (None, Some(Some(former))) => (self.new_member_id(request.random), Some(former.clone())),
            (Some(id), None) => (id.clone(), None),
            (Some(_), Some(None)) => return Err(refuse(ErrorCode::UnknownMemberId)),
            (Some(id), Some(Some(current))) if id != current => {
                return Err(refuse(ErrorCode::FencedInstanceId));
            }
            (Some(id), Some(Some(_))) => (id.clone(), None),
        };
        Ok((id, former, subscription))
    }

    /// Whether the classic members could still agree on a protocol: when the group becomes a classic one, they have to.
    fn supports(&self, request: &JoinGroup) -> bool {
        let others = || self.members.values().filter_map(|member| member.terms.classic.as_ref());
        let known_to_all =
            |name: &str| others().all(|other| other.protocols.iter().any(|p| &*p.name == name));
        &*request.protocol_type == CONSUMER && request.protocols.iter().any(|p| known_to_all(&p.name))
    }

    fn take_classic(
        &mut self,
        step: &mut Step<'_>,
        to: ReplyTo,
        id: MemberId,
        former: Option<MemberId>,
        request: JoinGroup,
        subscription: &Subscription,
    ) -> Option<Classic> {
        let session_timeout_ms = u64::try_from(request.session_timeout_ms).unwrap_or(0);
        let rebalance_timeout_ms =
            request.rebalance_timeout_ms.map_or(session_timeout_ms, |ms| u64::try_from(ms).unwrap_or(0));
        let known = self.members.get(former.as_ref().unwrap_or(&id)).map(|member| &member.terms);
        let terms = Terms {
            instance: request.instance.or_else(|| known?.instance.clone()),
            rack: subscription.rack.clone().or_else(|| known?.rack.clone()),
            client_id: request.client_id,
            client_host: request.client_host,
            rebalance_timeout_ms,
            topics: subscription.topics.clone(),
            regex: None,
            assignor: None,
            classic: Some(ClassicTerms { session_timeout_ms, protocols: request.protocols }),
        };
        if !self.fits_a_record(step, &id, &terms) {
            step.reply(to, After::Now, join::refused(ErrorCode::InvalidRequest, Some(id)));
            return None;
        }
        let protocol = terms.classic.as_ref().and_then(|classic| classic.protocols.first());
        let protocol = protocol.map(|protocol| protocol.name.clone());
        match &former {
            Some(former) => self.replace(step, former, &id),
            None => drop(self.members.entry(id.clone()).or_default()),
        }
        let owned = owned_ids(subscription, step.cluster);
        let advanced = self.advance(step, &id, terms, Some(&owned));
        self.renew_session(step, &id, session_timeout_ms);
        if let Err(error) = advanced {
            step.reply(to, After::Durable, join::refused(error, Some(id)));
            return None;
        }
        let member = self.members.get_mut(&id).expect("just let in");
        let generation = Generation::new(member.current.epoch);
        let group = &self.id;
        step.timers.cancel(&mut member.join, || TimerKey::MemberJoin(group.clone(), id.clone()));
        let due = step.now.plus_millis(rebalance_timeout_ms);
        step.timers.set(&mut member.sync, due, || TimerKey::MemberSync(group.clone(), id.clone()));
        let nobody = BTreeSet::new();
        let downgraded = (former.is_some() && self.may_downgrade(step, &nobody))
            .then(|| self.downgrade(step, &nobody, false));
        let joined = JoinedGroup {
            error: ErrorCode::None,
            generation: Some(generation),
            protocol_type: Some(CONSUMER.into()),
            protocol,
            leader: None,
            skip_assignment: false,
            member: Some(id),
            members: Vec::new(),
        };
        step.reply(to, After::Durable, GroupReply::JoinGroup(joined));
        downgraded
    }

    /// A classic member of the generation it says.
    fn classic_member(
        &self,
        id: &MemberId,
        instance: Option<&InstanceId>,
        generation: Generation,
    ) -> Result<MemberId, ErrorCode> {
        let id = match instance {
            Some(instance) => self.of_instance(instance, Some(id))?,
            None => id.clone(),
        };
        let member = self.members.get(&id).filter(|member| member.is_classic());
        let member = member.ok_or(ErrorCode::UnknownMemberId)?;
        if member.current.epoch == generation.get() { Ok(id) } else { Err(ErrorCode::IllegalGeneration) }
    }

    /// Handles a SyncGroup.
    pub(in crate::group) fn sync_classic(&mut self, step: &mut Step<'_>, to: ReplyTo, request: SyncGroup) {
        match self.classic_share(step, &request) {
            Ok(assignment) => {
                let (protocol_type, protocol) = (request.protocol_type, request.protocol);
                let synced = SyncedGroup { error: ErrorCode::None, protocol_type, protocol, assignment };
                step.reply(to, After::Durable, GroupReply::SyncGroup(synced));
            }
            Err(error) => step.reply(to, After::Durable, sync::not_synced(error)),
        }
    }

    fn classic_share(&mut self, step: &mut Step<'_>, request: &SyncGroup) -> Result<Bytes, ErrorCode> {
        let id = self.classic_member(&request.member, request.instance.as_ref(), request.generation)?;
        let member = &self.members[&id];
        let classic = member.terms.classic.as_ref().expect("just looked at");
        let protocol = &classic.protocols[0];
        let differs = |claimed: Option<&str>, ours: &str| claimed.is_some_and(|claimed| claimed != ours);
        if differs(request.protocol_type.as_deref(), CONSUMER)
            || differs(request.protocol.as_deref(), &protocol.name)
        {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        if member.current.epoch < self.target_epoch && member.current.progress != Progress::Unrevoked {
            self.ask_to_join(step, &id);
            return Err(ErrorCode::RebalanceInProgress);
        }
        let version = records::subscription_version(&protocol.metadata);
        let share = records::assignment(version, &member.current.assigned, step.cluster);
        let session = classic.session_timeout_ms;
        self.renew_session(step, &id, session);
        let (group, member) = (&self.id, self.members.get_mut(&id).expect("just looked at"));
        step.timers.cancel(&mut member.sync, || TimerKey::MemberSync(group.clone(), id.clone()));
        Ok(share)
    }

    /// The member is told to join again: it has its rebalance timeout for it, from the first time.
    fn ask_to_join(&mut self, step: &mut Step<'_>, id: &MemberId) {
        let member = self.members.get_mut(id).expect("the caller saw it");
        if !member.join.is_set() {
            let due = step.now.plus_millis(member.terms.rebalance_timeout_ms);
            step.timers.set(&mut member.join, due, || TimerKey::MemberJoin(self.id.clone(), id.clone()));
        }
    }

    /// Handles a Heartbeat.
    pub(in crate::group) fn heartbeat_classic(
        &mut self,
        step: &mut Step<'_>,
        request: &Heartbeat,
    ) -> ErrorCode {
        let instance = request.instance.as_ref();
        let id = match self.classic_member(&request.member, instance, request.generation) {
            Ok(id) => id,
            Err(error) => return error,
        };
        let member = &self.members[&id];
        let session = member.terms.classic.as_ref().map_or(0, |classic| classic.session_timeout_ms);
        let must_join = match member.current.progress {
            Progress::Unrevoked => true,
            Progress::Unreleased if !self.waits(&id) => true,
            _ => member.current.epoch < self.target_epoch.max(self.epoch),
        };
        self.renew_session(step, &id, session);
        if must_join {
            self.ask_to_join(step, &id);
            return ErrorCode::RebalanceInProgress;
        }
        ErrorCode::None
    }

    /// Whether others still have something that the member is to have.
    fn waits(&self, id: &MemberId) -> bool {
        let assigned = &self.members[id].current.assigned;
        let targets = self.target.get(id).into_iter().flatten();
        let mut missing = targets.flat_map(|(topic, partitions)| {
            let has = assigned.get(topic);
            let missing = partitions.iter().filter(move |p| has.is_none_or(|has| !has.contains_key(*p)));
            missing.map(|partition| (*topic, *partition))
        });
        missing.any(|place| self.holders.contains_key(&place))
    }

    /// Handles a LeaveGroup; of any member, for an administrator may take out whom he likes.
    #[must_use]
    pub(in crate::group) fn leave_classic(
        &mut self,
        step: &mut Step<'_>,
        to: ReplyTo,
        request: LeaveGroup,
    ) -> Option<Classic> {
        let mut gone = BTreeSet::new();
        let members = request.members.into_iter().map(|leaving| {
            let found = match (&leaving.instance, &leaving.member) {
                (Some(instance), id) => self.of_instance(instance, id.as_ref()),
                (None, Some(id)) if self.members.contains_key(id) => Ok(id.clone()),
                (None, _) => Err(ErrorCode::UnknownMemberId),
            };
            let error = found.map(|id| gone.insert(id)).err().unwrap_or(ErrorCode::None);
            LeftMember { member: leaving.member, instance: leaving.instance, error }
        });
        let members = members.collect();
        let downgraded = self.fence(step, gone);
        let body = GroupReply::LeaveGroup(LeftGroup { error: ErrorCode::None, members });
        step.reply(to, After::Durable, body);
        downgraded
    }
}

/// The partitions that a classic member says it has, of topics that exist.
fn owned_ids(subscription: &Subscription, cluster: &dyn Cluster) -> Vec<(TopicId, Vec<PartitionId>)> {
    let owned = subscription.owned.iter();
    owned.filter_map(|(name, numbers)| Some((cluster.topic(name.get())?.id, numbers.clone()))).collect()
}
