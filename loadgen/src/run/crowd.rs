//! A crowd of consumer groups whose members read nothing: they beat, commit and share out anew, each over a
//! connection of its own, as consumers of quiet topics do. What it measures is the coordinator.
//!
//! ```text
//! begin: connect │ join, all groups at once │ arrive │ beats, commits, rebalances by the timetable │ load over: drop connections
//! ```
//!
//! Beats and commits keep their timetable whatever the broker does, and are timed from the moment they were
//! meant for. A thread waits for each answer before it sends the next request, so a stalled broker shows as
//! lateness in all that follows.
//!
//! Deliberately absent: a life after an error. A member that is thrown out, or a broker that falls, ends the
//! run: nothing that is measured after that would mean what it says.

use std::sync::atomic::Ordering;
use std::thread::{Builder, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use headwater_core::ErrorCode;
use headwater_core::wire::messages::join_group_request::JoinGroupRequestProtocol;
use headwater_core::wire::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use headwater_core::wire::messages::sync_group_request::SyncGroupRequestAssignment;
use headwater_core::wire::messages::{
    HeartbeatRequest, JoinGroupRequest, OffsetCommitRequest, SyncGroupRequest,
};
use headwater_core::wire::records::consumer_protocol_assignment::{
    ConsumerProtocolAssignment, TopicPartition,
};
use headwater_core::wire::records::consumer_protocol_subscription::ConsumerProtocolSubscription;
use headwater_core::wire::{Message, Request};

use super::{Course, PATIENCE, RunError};
use crate::client::group::{
    ASSIGNMENT_VERSION, ASSIGNOR, OFFSET_COMMIT_BY_NAME, PROTOCOL_TYPE, SUBSCRIPTION_VERSION, versioned,
};
use crate::client::{ClientError, Cluster, Connection};
use crate::latency::Latency;
use crate::producer::lock;

/// The groups are dealt to so many threads, each of which does one thing after the other: with few of them a request
/// would wait for the answer to another member's.
const THREADS: u32 = 256;

const SESSION_TIMEOUT: Duration = Duration::from_secs(45);

/// How often a group tries to share out before the run is given up: once to be given ids, once to join, and
/// again for every member that came while the others had begun.
const SHARINGS: u32 = 10;

/// How soon the end of the load is noticed.
const TURN: Duration = Duration::from_millis(20);

const SECOND: u64 = 1_000_000_000;

/// What the crowd's requests took, from the moment each was meant for.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub heartbeat: Latency,
    pub commit: Latency,
    /// From the first member's joining to the last one's assignment.
    pub rebalance: Latency,
}

/// How many threads the crowd has: each arrives once its groups are shared out.
pub(super) fn threads(course: &Course<'_>) -> u32 {
    course.config.scenario.crowd_groups.min(THREADS)
}

/// Starts the crowd's threads.
pub(super) fn launch<'scope, 'env>(
    course: &'env Course<'_>,
    scope: &'scope Scope<'scope, 'env>,
) -> Result<Vec<ScopedJoinHandle<'scope, ()>>, RunError> {
    let threads = threads(course);
    let gather = |thread: u32| {
        let body = move || {
            let part = Part::gather(course, thread, threads);
            course.arrive();
            part.and_then(|mut part| part.live(course)).unwrap_or_else(|error| course.fail(error));
        };
        Builder::new().name(format!("crowd-{thread}")).spawn_scoped(scope, body).map_err(RunError::Thread)
    };
    (0..threads).map(gather).collect()
}

/// One member.
struct Member {
    connection: Connection,
    id: String,
}

/// One group, whole.
struct Group {
    name: String,
    generation: i32,
    members: Vec<Member>,
    /// Stands in every subscription: one that has changed is what makes a group share out anew.
    round: u32,
}

/// The groups of one thread.
struct Part {
    topic: String,
    partitions: i32,
    groups: Vec<Group>,
    members: usize,
    threads: u32,
}

impl Part {
    /// Connects every member and has the groups share out.
    fn gather(course: &Course<'_>, thread: u32, threads: u32) -> Result<Part, ClientError> {
        let scenario = &course.config.scenario;
        let mut cluster = Cluster::connect(course.config.client("crowd"))?;
        let mut part = Part {
            topic: course.layout.topics[0].clone(),
            partitions: course.layout.partitions,
            groups: Vec::new(),
            members: scenario.crowd_members as usize,
            threads,
        };
        for number in (thread..scenario.crowd_groups).step_by(threads as usize) {
            let name = format!("{}-{:016x}-crowd-{number}", scenario.topic, course.run);
            let node = cluster.group_coordinator(&name)?;
            let broker = cluster.brokers().find(|broker| broker.node == node);
            let Some(address) = broker.map(|broker| broker.address.clone()) else {
                return Err(ClientError::GaveUp(format!("the coordinator of {name} is not in the metadata")));
            };
            let open = |_| {
                let connection = Connection::open(&address, "headwater-loadgen-crowd", PATIENCE)?;
                Ok(Member { connection, id: String::new() })
            };
            let members = (0..part.members).map(open).collect::<Result<_, ClientError>>()?;
            part.groups.push(Group { name, generation: -1, members, round: 0 });
        }
        cluster.release_control();
        part.share_out(0..part.groups.len())?;
        Ok(part)
    }

    /// Has these groups share out, all at the same time.
    fn share_out(&mut self, groups: std::ops::Range<usize>) -> Result<(), ClientError> {
        let (topic, partitions) = (&self.topic, self.partitions);
        let mut unsettled: Vec<&mut Group> = self.groups[groups].iter_mut().collect();
        for _ in 0..SHARINGS {
            for group in &mut unsettled {
                group.ask_to_join(topic)?;
            }
            let mut joined = Vec::new();
            for group in &mut unsettled {
                joined.push(group.joined()?);
            }
            for (group, leader) in unsettled.iter_mut().zip(&joined) {
                if let Some(leader) = *leader {
                    group.ask_for_assignments(leader, topic, partitions)?;
                }
            }
            let mut left = Vec::new();
            for (group, leader) in unsettled.into_iter().zip(joined) {
                if leader.is_none() || !group.assigned()? {
                    left.push(group);
                }
            }
            unsettled = left;
            if unsettled.is_empty() {
                return Ok(());
            }
        }
        Err(ClientError::GaveUp(format!("group {} does not settle", unsettled[0].name)))
    }

    /// Beats, commits and shares out anew until the load is over.
    fn live(&mut self, course: &Course<'_>) -> Result<(), ClientError> {
        let scenario = &course.config.scenario;
        let (times, clock) = (course.times(), course.clock);
        let measured = times.measure_from..times.measure_to;
        let seats = (self.groups.len() * self.members) as u64;
        let every = |period: u64| move |turn: u64| times.start.saturating_add(turn.saturating_mul(period));
        // The whole crowd commits at the given rate, each thread its part of it.
        let committing = (SECOND * u64::from(self.threads)).checked_div(scenario.commits).unwrap_or(u64::MAX);
        let sharing = match scenario.rebalance_every.as_nanos() as u64 {
            0 => u64::MAX,
            nanos => nanos / self.groups.len() as u64,
        };
        let beat_at = every((scenario.heartbeat.as_nanos() as u64 / seats).max(1));
        let (commit_at, share_at) = (every(committing.max(1)), every(sharing.max(1)));
        let (mut beats, mut commits, mut sharings) = (0, 0, 1);
        loop {
            let due = beat_at(beats).min(commit_at(commits)).min(share_at(sharings));
            while clock.now() < due {
                if course.load_over.load(Ordering::Relaxed) || course.stop_reading.load(Ordering::Relaxed) {
                    return Ok(());
                }
                std::thread::sleep(Duration::from_nanos(due.saturating_sub(clock.now())).min(TURN));
            }
            if course.load_over.load(Ordering::Relaxed) || course.stop_reading.load(Ordering::Relaxed) {
                return Ok(());
            }
            let counts = measured.contains(&due);
            if due == share_at(sharings) {
                let group = (sharings as usize - 1) % self.groups.len();
                sharings += 1;
                let began = Instant::now();
                self.share_out(group..group + 1)?;
                if counts {
                    lock(&course.crowd).rebalance.record(began.elapsed().as_nanos() as u64);
                }
            } else if due == commit_at(commits) {
                let (group, member) = self.seat(commits);
                let topic = self.topic.clone();
                self.groups[group].commit(member, &topic, member as i32 % self.partitions, commits as i64)?;
                commits += 1;
                if counts {
                    lock(&course.crowd).commit.record(clock.now().saturating_sub(due));
                }
            } else {
                let (group, member) = self.seat(beats);
                self.groups[group].beat(member)?;
                beats += 1;
                if counts {
                    lock(&course.crowd).heartbeat.record(clock.now().saturating_sub(due));
                }
            }
        }
    }

    /// Whose turn it is: group after group, so that one group's members are spread over the whole period.
    fn seat(&self, turn: u64) -> (usize, usize) {
        let turn = turn as usize % (self.groups.len() * self.members);
        (turn % self.groups.len(), turn / self.groups.len())
    }
}

impl Group {
    fn ask_to_join(&mut self, topic: &str) -> Result<(), ClientError> {
        self.round += 1;
        let subscription = ConsumerProtocolSubscription {
            topics: vec![topic.into()],
            user_data: Some(self.round.to_be_bytes().to_vec().into()),
            ..Default::default()
        };
        let metadata = versioned(&subscription, SUBSCRIPTION_VERSION);
        for member in &mut self.members {
            let request = JoinGroupRequest {
                group_id: self.name.as_str().into(),
                session_timeout_ms: SESSION_TIMEOUT.as_millis() as i32,
                rebalance_timeout_ms: PATIENCE.as_millis() as i32,
                member_id: member.id.as_str().into(),
                protocol_type: PROTOCOL_TYPE.into(),
                protocols: vec![JoinGroupRequestProtocol {
                    name: ASSIGNOR.into(),
                    metadata: metadata.as_slice().into(),
                }],
                ..Default::default()
            };
            send(&mut member.connection, &request, JoinGroupRequest::MAX_VERSION)?;
        }
        Ok(())
    }

    /// Takes everybody's answer to joining; the leader's index if all are in one generation.
    fn joined(&mut self) -> Result<Option<usize>, ClientError> {
        let (mut leader, mut together) = (None, true);
        for (index, member) in self.members.iter_mut().enumerate() {
            let answer = member.connection.wait_for_answer(Instant::now() + PATIENCE * 2)?;
            let response = answer.read::<JoinGroupRequest>()?;
            let id = response.member_id.clone().into_owned();
            match ErrorCode::from_code(response.error_code) {
                Some(ErrorCode::None) => {
                    together &= index == 0 || response.generation_id == self.generation;
                    self.generation = response.generation_id;
                    if response.leader == response.member_id {
                        leader = Some(index);
                    }
                }
                Some(ErrorCode::MemberIdRequired | ErrorCode::RebalanceInProgress) => together = false,
                _ => {
                    ClientError::check(|| format!("joining group {}", self.name), response.error_code, None)?
                }
            }
            member.id = id;
        }
        Ok(leader.filter(|_| together))
    }

    fn ask_for_assignments(
        &mut self,
        leader: usize,
        topic: &str,
        partitions: i32,
    ) -> Result<(), ClientError> {
        let assignment = |(number, member): (usize, &Member)| {
            let share = TopicPartition { topic: topic.into(), partitions: vec![number as i32 % partitions] };
            let body = ConsumerProtocolAssignment { assigned_partitions: vec![share], ..Default::default() };
            SyncGroupRequestAssignment {
                member_id: member.id.clone().into(),
                assignment: versioned(&body, ASSIGNMENT_VERSION).into(),
            }
        };
        let mut shares: Vec<_> = self.members.iter().enumerate().map(assignment).collect();
        for (index, member) in self.members.iter_mut().enumerate() {
            let request = SyncGroupRequest {
                group_id: self.name.as_str().into(),
                generation_id: self.generation,
                member_id: member.id.as_str().into(),
                protocol_type: Some(PROTOCOL_TYPE.into()),
                protocol_name: Some(ASSIGNOR.into()),
                assignments: if index == leader { std::mem::take(&mut shares) } else { Vec::new() },
                ..Default::default()
            };
            send(&mut member.connection, &request, SyncGroupRequest::MAX_VERSION)?;
        }
        Ok(())
    }

    /// Takes everybody's assignment; whether nobody came in between.
    fn assigned(&mut self) -> Result<bool, ClientError> {
        let mut settled = true;
        for member in &mut self.members {
            let answer = member.connection.wait_for_answer(Instant::now() + PATIENCE * 2)?;
            let code = answer.read::<SyncGroupRequest>()?.error_code;
            if code == ErrorCode::RebalanceInProgress.code() {
                settled = false;
            } else {
                ClientError::check(|| format!("sharing out group {}", self.name), code, None)?;
            }
        }
        Ok(settled)
    }

    fn beat(&mut self, member: usize) -> Result<(), ClientError> {
        let Group { name, generation, members, .. } = self;
        let Member { connection, id } = &mut members[member];
        let request = HeartbeatRequest {
            group_id: name.as_str().into(),
            generation_id: *generation,
            member_id: id.as_str().into(),
            ..Default::default()
        };
        let version = connection.version::<HeartbeatRequest>(HeartbeatRequest::MAX_VERSION)?;
        let answer = connection.call(&request, version, PATIENCE)?;
        let code = answer.read::<HeartbeatRequest>()?.error_code;
        ClientError::check(|| format!("heartbeat in group {name}"), code, None)
    }

    fn commit(&mut self, member: usize, topic: &str, partition: i32, offset: i64) -> Result<(), ClientError> {
        let Group { name, generation, members, .. } = self;
        let Member { connection, id } = &mut members[member];
        let request = OffsetCommitRequest {
            group_id: name.as_str().into(),
            generation_id_or_member_epoch: *generation,
            member_id: id.as_str().into(),
            topics: vec![OffsetCommitRequestTopic {
                name: topic.into(),
                partitions: vec![OffsetCommitRequestPartition {
                    partition_index: partition,
                    committed_offset: offset,
                    committed_leader_epoch: -1,
                    committed_metadata: Some("".into()),
                }],
                ..Default::default()
            }],
            ..Default::default()
        };
        let version = connection.version::<OffsetCommitRequest>(OFFSET_COMMIT_BY_NAME)?;
        let answer = connection.call(&request, version, PATIENCE)?;
        let response = answer.read::<OffsetCommitRequest>()?;
        for found in response.topics.iter().flat_map(|topic| &topic.partitions) {
            ClientError::check(|| format!("committing in group {name}"), found.error_code, None)?;
        }
        Ok(())
    }
}

fn send<R: Request>(connection: &mut Connection, request: &R, limit: i16) -> Result<(), ClientError> {
    let version = connection.version::<R>(limit)?;
    connection.send(request, version);
    connection.transfer(false)
}
