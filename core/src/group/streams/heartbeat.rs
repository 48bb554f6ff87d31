//! StreamsGroupHeartbeat: a member joins with epoch 0 and tells what the application is made of, goes with -1, and otherwise
//! says in which epoch it is and, when that has changed, which tasks it has.

use std::sync::Arc;

use super::super::config::NAME_BYTES_MAX;
use super::super::consumer::{Refusal, check_names, hash, unknown};
use super::super::reply::{GroupReply, ReplyTo, StreamsAnswer, StreamsStatus};
use super::super::request::StreamsHeartbeat;
use super::super::step::Step;
use super::super::timers::TimerKey;
use super::configure::{Configured, configure};
use super::task::{Role, Target, each, tasks};
use super::topology::StreamsTopology;
use super::{Progress, Streams, Terms, store};
use crate::ErrorCode;
use crate::after::After;
use crate::ids::MemberId;

/// The answer to a heartbeat that fails.
pub(in crate::group) fn refused((error, message): Refusal) -> GroupReply {
    GroupReply::StreamsHeartbeat(Box::new(StreamsAnswer {
        error,
        message: Some(message),
        ..StreamsAnswer::default()
    }))
}

/// Whether the request can be, whatever the group is like.
pub(in crate::group) fn check_request(request: &StreamsHeartbeat) -> Result<(), Refusal> {
    let invalid = |what: &str| Err((ErrorCode::InvalidRequest, what.to_owned()));
    let topology = request.topology.as_deref();
    let owned = [&request.active, &request.standby, &request.warmup];
    let says = owned.map(|tasks| tasks.as_ref().is_some_and(|tasks| !tasks.is_empty()));
    // What Kafka 4.3 does not do either.
    if request.instance.is_some() {
        return invalid("static members are not supported in streams groups");
    } else if request.reports_offsets {
        return invalid("offsets of tasks are not supported");
    } else if says[2] {
        return invalid("warm-up tasks are not supported");
    } else if topology.is_some_and(|t| t.subtopologies.values().any(|part| !part.source_regexes.is_empty())) {
        return invalid("regular expressions for source topics are not supported");
    }
    let text = |text: &Option<Arc<str>>| text.as_deref().map_or(0, str::len);
    let tags = request.tags.iter().flatten().flat_map(|(key, value)| [key.len(), value.len()]);
    let names = [request.member.get().len(), text(&request.rack), text(&request.process)];
    let host = request.endpoint.as_ref().map(|(host, _)| host.len());
    check_names(&request.member, &request.group, request.rack.as_deref())?;
    if request.epoch < -2 {
        return invalid("there is no such member epoch");
    } else if request.epoch == -2 {
        return invalid("only a static member goes with epoch -2");
    } else if names.into_iter().chain(host).chain(tags).any(|length| length > NAME_BYTES_MAX) {
        return invalid("a name is too long");
    }
    match (request.epoch, topology) {
        (0, _) if request.rebalance_timeout_ms.is_none() => {
            return invalid("the first request of a member must have a rebalance timeout");
        }
        (0, _) if says.contains(&true) => {
            return invalid("a member that joins must say that it has no tasks");
        }
        (0, None) => return invalid("the first request of a member must have a topology"),
        (0, Some(topology)) => topology.check().map_err(|what| (ErrorCode::StreamsInvalidTopology, what))?,
        (_, Some(_)) => return invalid("only the first request of a member may have a topology"),
        (_, None) => {}
    }
    let said = owned.iter().filter(|tasks| tasks.is_some()).count();
    if said != 0 && said != owned.len() {
        return invalid("who says what tasks it has must say so of each kind");
    }
    Ok(())
}

/// What a heartbeat comes to before anything has changed.
struct Plan {
    terms: Terms,
    /// The group's topology; whether it is new.
    topology: (Arc<StreamsTopology>, bool),
    /// What that comes to, and of which topics, if it had to be looked at.
    configured: Option<(Configured, i64)>,
    reported: Option<Target>,
}

impl Streams {
    /// Handles a heartbeat that [`check_request`] lets pass, of a member that stays.
    pub(in crate::group) fn heartbeat(
        &mut self,
        step: &mut Step<'_>,
        to: ReplyTo,
        request: StreamsHeartbeat,
    ) {
        let plan = self.admit(step, &request).and_then(|()| self.plan(step, &request));
        let body = match plan {
            Ok(plan) => self.perform(step, &request, plan).unwrap_or_else(refused),
            Err(refusal) => refused(refusal),
        };
        step.reply(to, After::Durable, body);
    }

    /// Whether the member is who it says, in the epoch it says: 0 joins whoever it is, and the epoch before the known one
    /// is of a member that missed the reply, if it has nothing but what it was given.
    fn admit(&self, step: &Step<'_>, request: &StreamsHeartbeat) -> Result<(), Refusal> {
        let joins = request.epoch == 0;
        if joins && self.members.len() >= step.config.streams_members_max {
            return Err((ErrorCode::GroupMaxSizeReached, "the group has no room for more members".into()));
        }
        let Some(member) = self.members.get(&request.member) else {
            return if joins { Ok(()) } else { Err(unknown(&request.member)) };
        };
        let current = &member.current;
        let fenced = |what: &str| {
            let message = format!("member epoch {} is {what} than {}", request.epoch, current.epoch);
            Err((ErrorCode::FencedMemberEpoch, message))
        };
        let reported = reported(request);
        if joins || request.epoch == current.epoch {
            let has_none = reported.is_some_and(|tasks| tasks.is_empty());
            return if current.progress == Progress::Unknown && !has_none {
                fenced("of another kind")
            } else {
                Ok(())
            };
        }
        if request.epoch > current.epoch {
            return fenced("greater");
        }
        let covers = |tasks: Target| tasks.iter().all(|task| current.assigned.contains_key(task));
        let missed_the_reply = request.epoch == current.previous_epoch && reported.is_some_and(covers);
        if missed_the_reply { Ok(()) } else { fenced("smaller") }
    }

    /// All that may still fail.
    fn plan(&self, step: &Step<'_>, request: &StreamsHeartbeat) -> Result<Plan, Refusal> {
        let former = self.members.get(&request.member).map(|member| member.terms.clone());
        let terms = wanted(former.unwrap_or_default(), request);
        let (topology, is_new) = match (&request.topology, &self.topology) {
            (Some(first), None) => (first.clone(), true),
            (Some(asked), Some(known)) if asked.epoch >= known.epoch && asked != known => {
                let message = "the topology of a streams group cannot change";
                return Err((ErrorCode::InvalidRequest, message.into()));
            }
            (_, Some(known)) => (known.clone(), false),
            // A damaged log: members have to come again.
            (None, None) => return Err((ErrorCode::FencedMemberEpoch, "the topology is not known".into())),
        };
        let mut configured = None;
        if is_new || self.configured.is_none() || self.topics_seen != step.topics_version {
            let hash = hash(topology.required(), step.cluster);
            if is_new || self.configured.is_none() || hash != self.metadata_hash {
                let of = configure(&topology, step.cluster);
                let of = of.map_err(|problem| (ErrorCode::StreamsInvalidTopology, problem))?;
                configured = Some((of, hash));
            }
        }
        let reported = reported(request);
        let known = configured.as_ref().map(|(of, _)| of).or(self.configured.as_ref());
        if let Some(known) = known.filter(|known| known.is_ready()) {
            for (_, (id, partition)) in reported.iter().flatten() {
                if !known.tasks.get(id).is_some_and(|(count, _)| (0..*count).contains(&partition.get())) {
                    return Err((ErrorCode::InvalidRequest, format!("there is no task {id}_{partition}")));
                }
            }
        }
        let mut records = vec![store::member(&self.id, &request.member, &terms)];
        records.extend(is_new.then(|| store::topology(&self.id, &topology)));
        let is_large = |value: &Vec<u8>| value.len() > step.config.record_bytes_max;
        if records.iter().any(|record| record.value.as_ref().is_some_and(is_large)) {
            let message = "what the member says of itself is too large to be stored";
            return Err((ErrorCode::InvalidRequest, message.into()));
        }
        Ok(Plan { terms, topology: (topology, is_new), configured, reported })
    }

    fn perform(
        &mut self,
        step: &mut Step<'_>,
        request: &StreamsHeartbeat,
        plan: Plan,
    ) -> Result<GroupReply, Refusal> {
        let id = &request.member;
        let was_empty = self.members.is_empty();
        let before = self.members.get(id).map(|member| member.current.clone()).unwrap_or_default();
        self.take(step, id, plan.terms, plan.topology, plan.configured);
        let config = step.cluster.streams(&self.id);
        if was_empty && config.initial_rebalance_delay_ms > 0 && !self.initial.is_set() {
            let due = step.now.plus_millis(config.initial_rebalance_delay_ms);
            step.timers.set(&mut self.initial, due, || TimerKey::Deal(self.id.clone()));
        }
        let advanced = self.advance(step, id, plan.reported.as_ref());
        let due = step.now.plus_millis(config.session_timeout_ms);
        let member = self.members.get_mut(id).expect("it was just let in");
        step.timers.set(&mut member.session, due, || TimerKey::Session(self.id.clone(), id.clone()));
        if request.shutdown {
            self.shutdown.get_or_insert_with(|| id.clone());
        }
        let put_off = advanced.map_err(|error| {
            let message = "a member's share is too large to be stored: there must be more members";
            (error, message.to_owned())
        })?;
        let member = &self.members[id];
        let changed = request.epoch == 0 || member.current.assigned != before.assigned;
        if changed && member.terms.endpoint.is_some() {
            self.endpoint_epoch += 1;
        }
        // Who missed a reply may have missed the tasks in it, which are told only once otherwise.
        let tells = changed || request.epoch != before.epoch;
        let configured = self.configured.as_ref();
        Ok(GroupReply::StreamsHeartbeat(Box::new(StreamsAnswer {
            member: Some(id.clone()),
            epoch: member.current.epoch,
            heartbeat_interval_ms: config.heartbeat_interval_ms,
            statuses: self.statuses(member.terms.topology_epoch, put_off),
            tasks: tells.then(|| tasks(member.current.assigned.keys())),
            endpoint_epoch: self.endpoint_epoch,
            endpoints: (request.endpoint_epoch != self.endpoint_epoch)
                .then(|| self.endpoints(step.cluster, id)),
            wants_topics: configured.map(|configured| configured.missing.clone()).unwrap_or_default(),
            ..StreamsAnswer::default()
        })))
    }

    /// Takes over who the member is, and what is new of the application and its topics.
    fn take(
        &mut self,
        step: &mut Step<'_>,
        id: &MemberId,
        terms: Terms,
        (topology, is_new): (Arc<StreamsTopology>, bool),
        configured: Option<(Configured, i64)>,
    ) {
        // A new group begins at 1 with nothing dealt: 0 is the epoch of members that join.
        if self.epoch == 0 {
            (self.epoch, self.target_epoch) = (1, 1);
        }
        let is_member = self.members.contains_key(id);
        let member = self.members.entry(id.clone()).or_default();
        let mut has_changed = !is_member || member.terms != terms;
        if has_changed {
            step.record(store::member(&self.id, id, &terms));
            member.terms = terms;
        }
        if is_new {
            step.record(store::topology(&self.id, &topology));
        }
        if let Some((configured, hash)) = configured {
            has_changed |= hash != self.metadata_hash;
            (self.configured, self.metadata_hash) = (Some(configured), hash);
        }
        self.topics_seen = step.topics_version;
        let is_ready = self.configured.as_ref().is_some_and(Configured::is_ready);
        let validated = if is_ready { topology.epoch } else { -1 };
        let settings = self.deals_with(step);
        has_changed |= validated != self.validated || settings != self.dealt_with;
        self.topology = Some(topology);
        if has_changed {
            (self.validated, self.dealt_with) = (validated, settings);
            self.epoch += 1;
            self.store_epoch(step);
        }
    }

    /// What a member is told besides its tasks, in Kafka's order.
    fn statuses(&self, topology_epoch: i32, put_off: Option<StreamsStatus>) -> Vec<StreamsStatus> {
        let known = self.topology.as_ref().map_or(-1, |topology| topology.epoch);
        let stale = (topology_epoch < known).then(|| StreamsStatus {
            code: StreamsStatus::STALE_TOPOLOGY,
            detail: format!(
                "The member's topology epoch {topology_epoch} is behind the group's topology epoch {known}."
            ),
        });
        let problem = self.configured.as_ref().and_then(|configured| configured.problem.clone());
        let shutdown = self.shutdown.as_ref().map(|member| StreamsStatus {
            code: StreamsStatus::SHUTDOWN_APPLICATION,
            detail: format!("Member {member} has failed and asks the whole application to shut down."),
        });
        [stale, put_off, problem, shutdown].into_iter().flatten().collect()
    }
}

/// The tasks that the member says it has; `None` if it does not say.
fn reported(request: &StreamsHeartbeat) -> Option<Target> {
    let roles = [
        (Role::Active, request.active.as_ref()?),
        (Role::Standby, request.standby.as_ref()?),
        (Role::Warmup, request.warmup.as_ref()?),
    ];
    Some(roles.into_iter().flat_map(|(role, ids)| each(role, ids.clone())).collect())
}

/// Who the member is now: what it does not say stays.
fn wanted(former: Terms, request: &StreamsHeartbeat) -> Terms {
    let topology = request.topology.as_ref();
    Terms {
        rack: request.rack.clone().or(former.rack),
        client_id: request.client_id.clone(),
        client_host: request.client_host.clone(),
        rebalance_timeout_ms: request.rebalance_timeout_ms.unwrap_or(former.rebalance_timeout_ms),
        topology_epoch: topology.map_or(former.topology_epoch, |topology| topology.epoch),
        process: request.process.clone().unwrap_or(former.process),
        endpoint: request.endpoint.clone().or(former.endpoint),
        tags: request.tags.as_ref().map_or(former.tags, |tags| tags.iter().cloned().collect()),
    }
}
