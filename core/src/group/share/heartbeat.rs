//! ShareGroupHeartbeat: a member joins with epoch 0, goes with -1, and otherwise says in which epoch it is.

use super::super::config::NAME_BYTES_MAX;
use super::super::consumer::{Refusal, check_names, hash, places, unknown};
use super::super::reply::{GroupReply, ReplyTo, ShareAnswer};
use super::super::request::ShareHeartbeat;
use super::super::step::Step;
use super::super::timers::TimerKey;
use super::assign::{self, Players};
use super::{Current, Share, Terms, store};
use crate::ErrorCode;
use crate::after::After;
use crate::group::consumer::member::Target;
use crate::ids::MemberId;

/// What a partition takes in a record at most, with its topic's id spread over few of them.
const PARTITION_BYTES: usize = 32;

/// The answer to a heartbeat that fails.
pub(in crate::group) fn refused((error, message): Refusal) -> GroupReply {
    GroupReply::ShareHeartbeat(ShareAnswer {
        error,
        message: Some(message),
        member: None,
        epoch: 0,
        heartbeat_interval_ms: 0,
        assignment: None,
        wants_state: None,
    })
}

/// Whether the request can be, whatever the group is like.
pub(in crate::group) fn check_request(request: &ShareHeartbeat) -> Result<(), Refusal> {
    let invalid = |what: &str| Err((ErrorCode::InvalidRequest, what.to_owned()));
    check_names(&request.member, &request.group, request.rack.as_deref())?;
    if request.epoch < -1 {
        return invalid("there is no such member epoch");
    } else if request.epoch == 0 && request.topics.as_ref().is_none_or(Vec::is_empty) {
        return invalid("the first request of a member must have a subscription");
    }
    let rack = request.rack.as_deref().map_or(0, str::len);
    if request.member.get().len().max(rack) > NAME_BYTES_MAX {
        return invalid("a name is too long");
    }
    Ok(())
}

impl Share {
    /// Handles a heartbeat that [`check_request`] lets pass, of a member that stays.
    pub(in crate::group) fn heartbeat(&mut self, step: &mut Step<'_>, to: ReplyTo, request: ShareHeartbeat) {
        let id = request.member.clone();
        if let Err(refusal) = self.admit(step, &request) {
            return step.reply(to, After::Durable, refused(refusal));
        }
        let former = self.members.get(&id).map(|member| member.terms.clone()).unwrap_or_default();
        let terms = Terms {
            rack: request.rack.clone().or(former.rack),
            client_id: request.client_id.clone(),
            client_host: request.client_host.clone(),
            topics: request.topics.as_ref().map_or(former.topics, |topics| topics.iter().cloned().collect()),
        };
        let record = store::member(&self.id, &id, &terms);
        if record.value.is_some_and(|value| value.len() > step.config.record_bytes_max) {
            let refusal = (ErrorCode::InvalidRequest, "the subscription is too large to be stored".into());
            return step.reply(to, After::Now, refused(refusal));
        }
        self.members.entry(id.clone()).or_default();
        let changed = self.advance(step, &id, terms);
        let config = step.cluster.share(&self.id);
        let due = step.now.plus_millis(config.session_timeout_ms);
        let member = self.members.get_mut(&id).expect("it was just let in");
        step.timers.set(&mut member.session, due, || TimerKey::Session(self.id.clone(), id.clone()));
        if let Err(error) = changed {
            let message = "a member's share is too large to be stored: there must be more members";
            return step.reply(to, After::Durable, refused((error, message.into())));
        }
        let wants_state = self.ask_for_state(step);
        let current = &self.members[&id].current;
        let tells = request.epoch == 0 || request.topics.is_some() || changed == Ok(true);
        let answer = ShareAnswer {
            error: ErrorCode::None,
            message: None,
            epoch: current.epoch,
            heartbeat_interval_ms: config.heartbeat_interval_ms,
            assignment: tells.then(|| places(&current.assigned)),
            member: Some(id),
            wants_state,
        };
        step.reply(to, After::Durable, GroupReply::ShareHeartbeat(answer));
    }

    /// Whether the member is who it says, in the epoch it says: 0 joins whoever it is, and the epoch before the known one
    /// is of a member that missed the reply.
    fn admit(&self, step: &Step<'_>, request: &ShareHeartbeat) -> Result<(), Refusal> {
        let Some(member) = self.members.get(&request.member) else {
            if request.epoch > 0 {
                return Err(unknown(&request.member));
            }
            if self.members.len() >= step.config.share_members_max {
                return Err((
                    ErrorCode::GroupMaxSizeReached,
                    "the group has no room for more members".into(),
                ));
            }
            return Ok(());
        };
        let Current { epoch, previous_epoch, .. } = member.current;
        if request.epoch == 0 || request.epoch == epoch || request.epoch == previous_epoch {
            return Ok(());
        }
        let what = if request.epoch > epoch { "greater" } else { "smaller" };
        let message = format!("member epoch {} is {what} than {epoch}", request.epoch);
        Err((ErrorCode::FencedMemberEpoch, message))
    }

    /// A member wants this now. Takes it over, deals anew if that is due, and leads the member to its share. Answers
    /// whether what it is assigned has changed.
    fn advance(&mut self, step: &mut Step<'_>, id: &MemberId, terms: Terms) -> Result<bool, ErrorCode> {
        let member = self.members.get_mut(id).expect("the caller let it in");
        let wants_other = member.terms.topics != terms.topics;
        if member.terms != terms {
            self.stored = true;
            step.record(store::member(&self.id, id, &terms));
            member.terms = terms;
        }
        // A new group begins at 1 with nothing dealt: 0 is the epoch of members that join.
        if self.epoch == 0 {
            (self.epoch, self.target_epoch) = (1, 1);
        }
        if wants_other || self.undealt || self.topics_seen != step.topics_version {
            self.topics_seen = step.topics_version;
            let hash = hash(self.subscribed(), step.cluster);
            if wants_other || self.undealt || hash != self.metadata_hash {
                self.metadata_hash = hash;
                self.undealt = false;
                self.epoch += 1;
                self.store_epoch(step);
            }
        }
        let interval_ms = step.cluster.share(&self.id).assignment_interval_ms;
        if self.epoch > self.target_epoch && step.may_deal(self.target_made, interval_ms) {
            self.deal(step)?;
        }
        Ok(self.lead(step, id))
    }

    fn deal(&mut self, step: &mut Step<'_>) -> Result<(), ErrorCode> {
        let players: Players<'_> = self
            .members
            .iter()
            .map(|(id, member)| (id, Share::topic_ids(&member.terms, step.cluster)))
            .collect();
        let ready = self.places.initialized.iter().map(|(topic, places)| (*topic, places.partitions.clone()));
        let has = |id: &MemberId, (topic, partition): &_| {
            let partitions = self.target.get(id).and_then(|target: &Target| target.get(topic));
            partitions.is_some_and(|partitions| partitions.contains(partition))
        };
        let dealt = assign::deal(&players, &ready.collect(), &has);
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

    /// The member has what it was dealt, at once: nobody has to give anything up first.
    fn lead(&mut self, step: &mut Step<'_>, id: &MemberId) -> bool {
        let member = &self.members[id];
        let subscribed = Share::topic_ids(&member.terms, step.cluster);
        let mut next = member.current.clone();
        if next.epoch != self.target_epoch {
            next.previous_epoch = std::mem::replace(&mut next.epoch, self.target_epoch);
            next.assigned = self.target.get(id).cloned().unwrap_or_default();
        }
        // What it does not want any more it gives up before the next dealing.
        next.assigned.retain(|topic, _| subscribed.contains(topic));
        if next == member.current {
            return false;
        }
        step.record(store::current(&self.id, id, &next));
        let changed = next.assigned != member.current.assigned;
        self.members.get_mut(id).expect("just seen").current = next;
        changed
    }

    /// Handles a heartbeat of a member that goes.
    pub(in crate::group) fn leave(&mut self, step: &mut Step<'_>, to: ReplyTo, request: ShareHeartbeat) {
        if !self.members.contains_key(&request.member) {
            return step.reply(to, After::Durable, refused(unknown(&request.member)));
        }
        self.fence(step, &request.member);
        let answer = ShareAnswer {
            error: ErrorCode::None,
            message: None,
            member: Some(request.member),
            epoch: request.epoch,
            heartbeat_interval_ms: 0,
            assignment: None,
            wants_state: None,
        };
        step.reply(to, After::Durable, GroupReply::ShareHeartbeat(answer));
    }

    /// Takes a member out; others get its share with their next heartbeats.
    fn fence(&mut self, step: &mut Step<'_>, id: &MemberId) {
        let mut member = self.members.remove(id).expect("the caller saw it");
        step.timers.cancel(&mut member.session, || TimerKey::Session(self.id.clone(), id.clone()));
        self.target.remove(id);
        self.store_removal(step, id);
        self.metadata_hash = hash(self.subscribed(), step.cluster);
        self.epoch += 1;
        self.store_epoch(step);
    }

    /// A member's timer has come up: it has been silent for too long.
    pub(in crate::group) fn on_session_timer(&mut self, step: &mut Step<'_>, id: &MemberId) {
        let Some(member) = self.members.get_mut(id) else { return };
        let key = TimerKey::Session(self.id.clone(), id.clone());
        if step.timers.elapsed(&mut member.session, step.now, key) {
            self.fence(step, id);
        }
    }
}
