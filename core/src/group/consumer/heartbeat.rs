//! ConsumerGroupHeartbeat (behaviour 57): one request does it all. A member joins with epoch 0, goes with -1, goes and
//! means to come back with -2 (static members), and otherwise says in which epoch it is and which partitions it has.

use std::sync::Arc;

use super::super::config::{ConsumerConfig, NAME_BYTES_MAX};
use super::super::reply::{ConsumerAnswer, GroupReply, ReplyTo};
use super::super::request::ConsumerHeartbeat;
use super::super::step::Step;
use super::super::timers::TimerKey;
use super::member::{AWAY, Member, Progress, Terms, target_of};
use super::{Assignor, Consumer, places, store, subscription};
use crate::ErrorCode;
use crate::after::After;
use crate::ids::{GroupId, MemberId, TopicId};

/// Why a heartbeat fails, in words for whoever reads a client's log.
pub(in crate::group) type Refusal = (ErrorCode, String);

/// The answer to a heartbeat that fails.
pub(in crate::group) fn refused((error, message): Refusal) -> GroupReply {
    GroupReply::ConsumerHeartbeat(ConsumerAnswer {
        error,
        message: Some(message),
        member: None,
        epoch: 0,
        heartbeat_interval_ms: 0,
        assignment: None,
    })
}

/// Whether those that make their own ids have one, of a group.
pub(in crate::group) fn check_names(
    member: &MemberId,
    group: &GroupId,
    rack: Option<&str>,
) -> Result<(), Refusal> {
    let problem = if member.get().is_empty() {
        "a member id is required"
    } else if group.get().is_empty() {
        "the group id is empty"
    } else if rack == Some("") {
        "the rack id is empty"
    } else {
        return Ok(());
    };
    Err((ErrorCode::InvalidRequest, problem.into()))
}

/// Whether the request can be, whatever the group is like.
pub(in crate::group) fn check_request(
    request: &ConsumerHeartbeat,
    config: &ConsumerConfig,
) -> Result<(), Refusal> {
    let invalid = |what: &str| Err((ErrorCode::InvalidRequest, what.to_owned()));
    let is_empty = |text: &Option<Arc<str>>| text.as_deref() == Some("");
    let names = [&request.rack, &request.regex, &request.assignor].into_iter().flatten().map(|t| t.len());
    let ids = request.member.iter().map(|m| m.get().len());
    let ids = ids.chain(request.instance.iter().map(|i| i.get().len()));
    if request.member.is_none() && (request.client_makes_id || request.epoch > 0 || request.epoch == -1) {
        return invalid("a member id is required");
    } else if request.group.get().is_empty() {
        return invalid("the group id is empty");
    } else if request.instance.as_ref().is_some_and(|instance| instance.get().is_empty()) {
        return invalid("the instance id is empty");
    } else if is_empty(&request.rack) {
        return invalid("the rack id is empty");
    } else if names.chain(ids).any(|length| length > NAME_BYTES_MAX) {
        return invalid("a name is too long");
    }
    match request.epoch {
        0 if request.rebalance_timeout_ms.is_none() => {
            return invalid("the first request of a member must have a rebalance timeout");
        }
        0 if request.owned.as_ref().is_none_or(|owned| !owned.is_empty()) => {
            return invalid("a member that joins must say that it has no partitions");
        }
        0 if request.topics.is_none() && request.regex.is_none() => {
            return invalid("the first request of a member must have a subscription");
        }
        AWAY if request.instance.is_none() => return invalid("only a static member goes with epoch -2"),
        i32::MIN..AWAY => return invalid("there is no such member epoch"),
        _ => {}
    }
    if let Some(name) = &request.assignor
        && !Assignor::named(name).is_some_and(|assignor| config.assignors.has(assignor))
    {
        return Err((ErrorCode::UnsupportedAssignor, format!("the assignor {name} is not here")));
    }
    if let Some(regex) = request.regex.as_ref().filter(|regex| !regex.is_empty()) {
        subscription::compile(regex).map_err(|problem| (ErrorCode::InvalidRegularExpression, problem))?;
    }
    Ok(())
}

/// How a member comes.
enum Comes {
    Known,
    New,
    /// A static member that was restarted.
    InPlaceOf(MemberId),
}

impl Consumer {
    /// Handles a heartbeat that [`check_request`] lets pass, of a member that stays.
    pub(in crate::group) fn heartbeat(
        &mut self,
        step: &mut Step<'_>,
        to: ReplyTo,
        mut request: ConsumerHeartbeat,
    ) {
        let given = request.member.take();
        let id = given.unwrap_or_else(|| self.new_member_id(request.random));
        let comes = match self.admit(step, &id, &request) {
            Ok(comes) => comes,
            Err(refusal) => return step.reply(to, After::Durable, refused(refusal)),
        };
        let former = match &comes {
            Comes::InPlaceOf(former) => Some(&self.members[former].terms),
            Comes::Known => Some(&self.members[&id].terms),
            Comes::New => None,
        };
        let terms = wanted(former.cloned().unwrap_or_default(), &request);
        if !self.fits_a_record(step, &id, &terms) {
            let refusal = (ErrorCode::InvalidRequest, "the subscription is too large to be stored".into());
            return step.reply(to, After::Now, refused(refusal));
        }
        match comes {
            Comes::Known => {}
            Comes::New => drop(self.members.insert(id.clone(), Member::default())),
            Comes::InPlaceOf(former) => self.replace(step, &former, &id),
        }
        let changed = self.advance(step, &id, terms, request.owned.as_deref());
        let timing = step.cluster.timing(&self.id);
        self.renew_session(step, &id, timing.session_timeout_ms);
        let changed = match changed {
            Ok(changed) => changed,
            Err(error) => {
                let message = "a member's share is too large to be stored: there must be more members";
                return step.reply(to, After::Durable, refused((error, message.into())));
            }
        };
        let current = &self.members[&id].current;
        let is_full = request.rebalance_timeout_ms.is_some()
            && (request.topics.is_some() || request.regex.is_some())
            && request.owned.is_some();
        let tells = request.epoch == 0 || is_full || changed;
        let answer = ConsumerAnswer {
            error: ErrorCode::None,
            message: None,
            epoch: current.epoch,
            heartbeat_interval_ms: timing.heartbeat_interval_ms,
            assignment: tells.then(|| places(&target_of(&current.assigned))),
            member: Some(id),
        };
        step.reply(to, After::Durable, GroupReply::ConsumerHeartbeat(answer));
    }

    /// An id for a member that did not make one itself: a random UUID as Kafka writes them.
    pub(super) fn new_member_id(&self, random: u128) -> MemberId {
        let mut random = random;
        loop {
            let id = MemberId::new(TopicId::new(random.to_be_bytes()).to_string());
            if !self.members.contains_key(&id) {
                return id;
            }
            random = random.wrapping_add(1);
        }
    }

    /// Whether the member is who it says, in the epoch it says.
    ///
    /// | epoch | dynamic | static |
    /// |---|---|---|
    /// | 0 | comes, or comes again | comes; or again under another id, if its former self is away or speaks classic |
    /// | the known one | is | is, if the instance is still its own (FENCED_INSTANCE_ID) |
    /// | the one before | is, if it has nothing but what it was given: it missed the reply | likewise |
    /// | any other | FENCED_MEMBER_EPOCH | FENCED_MEMBER_EPOCH |
    fn admit(&self, step: &Step<'_>, id: &MemberId, request: &ConsumerHeartbeat) -> Result<Comes, Refusal> {
        if !self.has_room(step, Some(id)) {
            return Err((ErrorCode::GroupMaxSizeReached, "the group has no room for more members".into()));
        }
        let joins = request.epoch == 0;
        let current = match &request.instance {
            None if self.members.contains_key(id) => id,
            None if joins => return Ok(Comes::New),
            None => return Err(unknown(id)),
            Some(instance) => match self.statics.get(instance) {
                None if joins => return Ok(Comes::New),
                None => return Err((ErrorCode::UnknownMemberId, format!("instance {instance} is unknown"))),
                Some(current) if joins => {
                    let former = &self.members[current];
                    if !former.is_classic() && former.current.epoch != AWAY {
                        let message = format!("instance {instance} is still {current}");
                        return Err((ErrorCode::UnreleasedInstanceId, message));
                    }
                    return Ok(Comes::InPlaceOf(current.clone()));
                }
                Some(current) if current != id => {
                    let message = format!("instance {instance} is {current} now");
                    return Err((ErrorCode::FencedInstanceId, message));
                }
                Some(current) => current,
            },
        };
        let current = &self.members[current].current;
        let fenced = |what: &str| {
            let message = format!("member epoch {} is {what} than {}", request.epoch, current.epoch);
            Err((ErrorCode::FencedMemberEpoch, message))
        };
        if joins || request.epoch == current.epoch {
            if current.progress == Progress::Unknown && request.owned.as_ref().is_none_or(|o| !o.is_empty()) {
                return fenced("of another kind");
            }
            return Ok(Comes::Known);
        }
        if request.epoch > current.epoch {
            return fenced("greater");
        }
        let missed_the_reply = request.epoch == current.previous_epoch
            && request.owned.as_ref().is_some_and(|owned| current.covers(owned));
        if missed_the_reply { Ok(Comes::Known) } else { fenced("smaller") }
    }

    /// A static member has come back under another id: what its former self had is its own.
    pub(super) fn replace(&mut self, step: &mut Step<'_>, former: &MemberId, id: &MemberId) {
        self.cancel_timers(step.timers, former);
        let mut current = self.members[former].current.clone();
        self.set_current(former, Default::default());
        let mut member = self.members.remove(former).expect("the caller saw it");
        (current.epoch, current.previous_epoch) = (0, 0);
        if current.progress == Progress::Unrevoked {
            // It starts anew: whatever it had to give up, it has.
            (current.progress, current.revoking) = (Progress::Stable, Default::default());
        }
        let target = self.target.remove(former).unwrap_or_default();
        self.store_removal(step, former);
        step.record(store::member(&self.id, id, &member.terms));
        step.record(store::target(&self.id, id, &target));
        step.record(store::current(&self.id, id, &current));
        if let Some(instance) = &member.terms.instance {
            self.statics.insert(instance.clone(), id.clone());
        }
        member.current = Default::default();
        self.members.insert(id.clone(), member);
        self.target.insert(id.clone(), target);
        self.set_current(id, current);
    }

    /// Starts a member's session anew.
    pub(super) fn renew_session(&mut self, step: &mut Step<'_>, id: &MemberId, timeout_ms: u64) {
        let member = self.members.get_mut(id).expect("only members have sessions");
        let due = step.now.plus_millis(timeout_ms);
        step.timers.set(&mut member.session, due, || TimerKey::Session(self.id.clone(), id.clone()));
    }
}

pub(in crate::group) fn unknown(id: &MemberId) -> Refusal {
    (ErrorCode::UnknownMemberId, format!("{id} is not a member"))
}

/// What the member wants now: what it does not say stays.
fn wanted(mut terms: Terms, request: &ConsumerHeartbeat) -> Terms {
    terms.instance = request.instance.clone().or(terms.instance);
    terms.rack = request.rack.clone().or(terms.rack);
    if let Some(timeout) = request.rebalance_timeout_ms {
        terms.rebalance_timeout_ms = timeout.max(0).unsigned_abs().into();
    }
    terms.assignor = request.assignor.clone().or(terms.assignor);
    if let Some(topics) = &request.topics {
        terms.topics = topics.iter().cloned().collect();
    }
    if let Some(regex) = &request.regex {
        terms.regex = Some(regex.clone()).filter(|regex| !regex.is_empty());
    }
    terms.client_id = request.client_id.clone();
    terms.client_host = request.client_host.clone();
    terms.classic = None;
    terms
}
