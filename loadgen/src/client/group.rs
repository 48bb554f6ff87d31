//! Membership in a classic consumer group: join, hear who reads what, beat, commit, leave.
//!
//! ```text
//!            join                 sync                      heartbeat: REBALANCE_IN_PROGRESS
//!  outside ────────▶ joined ────────────────▶ member ────────────────────────────────────────▶ join again
//!                      (the leader assigns by the range rule)   ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID ▶ join as new
//! ```
//!
//! Eager protocol: a member gives up all its partitions before it joins again, so commit first. The owner
//! calls [`Membership::beat`] between its reads; there is no thread of its own, so an owner that does not
//! come back within the session timeout is thrown out, and rightly.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use headwater_core::ErrorCode;
use headwater_core::wire::messages::join_group_request::JoinGroupRequestProtocol;
use headwater_core::wire::messages::leave_group_request::MemberIdentity;
use headwater_core::wire::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use headwater_core::wire::messages::sync_group_request::SyncGroupRequestAssignment;
use headwater_core::wire::messages::{
    HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest, OffsetCommitRequest, SyncGroupRequest,
};
use headwater_core::wire::records::consumer_protocol_assignment::{
    ConsumerProtocolAssignment, TopicPartition,
};
use headwater_core::wire::records::consumer_protocol_subscription::ConsumerProtocolSubscription;
use headwater_core::wire::{Decode, Encode, Message, Reader, Writer};

use super::admin::{NamedPartition, read_assignment};
use super::assign::{self, Assignment};
use super::cluster::Cluster;
use super::error::ClientError;

/// The protocol that consumers of topics agree on.
pub(crate) const PROTOCOL_TYPE: &str = "consumer";
pub(crate) const ASSIGNOR: &str = "range";

/// The version in which subscriptions and assignments are written: every client reads it.
pub(crate) const SUBSCRIPTION_VERSION: i16 = 1;
pub(crate) const ASSIGNMENT_VERSION: i16 = 0;

/// The version up to which OffsetCommit names topics; later ones give ids.
pub(crate) const OFFSET_COMMIT_BY_NAME: i16 = 9;

const SESSION_TIMEOUT: Duration = Duration::from_secs(45);
const REBALANCE_TIMEOUT: Duration = Duration::from_secs(60);
const HEARTBEAT: Duration = Duration::from_secs(3);

/// This process's place in a group.
#[derive(Debug)]
pub struct Membership {
    group: String,
    topics: Vec<String>,
    member: String,
    generation: i32,
    assignment: Vec<NamedPartition>,
    next_beat: Instant,
}

/// What a heartbeat found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    /// All is as it was.
    Same,
    /// The group is sharing out anew, or has thrown this member out: commit if possible, then
    /// [`Membership::join`].
    Rejoin,
}

impl Membership {
    /// A membership in `group` for reading `topics`; nothing happens until [`Membership::join`].
    pub fn new(group: impl Into<String>, topics: Vec<String>) -> Self {
        Self {
            group: group.into(),
            topics,
            member: String::new(),
            generation: -1,
            assignment: Vec::new(),
            next_beat: Instant::now(),
        }
    }

    /// The group's name.
    pub fn group(&self) -> &str {
        &self.group
    }

    /// What this member reads.
    pub fn assignment(&self) -> &[NamedPartition] {
        &self.assignment
    }

    /// Joins, or joins again, and waits until the group has shared out; answers what this member reads.
    pub fn join(&mut self, cluster: &mut Cluster) -> Result<&[NamedPartition], ClientError> {
        let deadline = Instant::now() + REBALANCE_TIMEOUT * 2;
        loop {
            match self.join_once(cluster) {
                Ok(()) => {
                    self.next_beat = Instant::now() + HEARTBEAT;
                    return Ok(&self.assignment);
                }
                Err(error) if Instant::now() < deadline && self.survives(&error) => {
                    if error.retriable() {
                        std::thread::sleep(Duration::from_millis(100));
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether joining again may succeed; forgets the member id if the group has.
    fn survives(&mut self, error: &ClientError) -> bool {
        match error.code() {
            Some(ErrorCode::RebalanceInProgress) => true,
            Some(ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration) => {
                self.member.clear();
                true
            }
            // The call has noted the id that the group asks us to come back with.
            Some(ErrorCode::MemberIdRequired) => !self.member.is_empty(),
            _ => error.retriable(),
        }
    }

    fn join_once(&mut self, cluster: &mut Cluster) -> Result<(), ClientError> {
        self.assignment.clear();
        let node = cluster.group_coordinator(&self.group)?;
        let subscription = ConsumerProtocolSubscription {
            topics: self.topics.iter().map(|topic| topic.as_str().into()).collect(),
            ..Default::default()
        };
        let request = JoinGroupRequest {
            group_id: self.group.as_str().into(),
            session_timeout_ms: SESSION_TIMEOUT.as_millis() as i32,
            rebalance_timeout_ms: REBALANCE_TIMEOUT.as_millis() as i32,
            member_id: self.member.as_str().into(),
            protocol_type: PROTOCOL_TYPE.into(),
            protocols: vec![JoinGroupRequestProtocol {
                name: ASSIGNOR.into(),
                metadata: versioned(&subscription, SUBSCRIPTION_VERSION).into(),
            }],
            ..Default::default()
        };
        let what = || format!("joining group {}", self.group);
        // The coordinator holds the answer back until all members have joined.
        let patience = REBALANCE_TIMEOUT + cluster.config().request_timeout;
        let joined = cluster.call(node, JoinGroupRequest::MAX_VERSION, &request, patience, |answer| {
            let response = answer.read::<JoinGroupRequest>()?;
            let member = response.member_id.clone().into_owned();
            let members: Option<BTreeMap<String, Vec<String>>> =
                (response.leader == response.member_id && response.error_code == 0).then(|| {
                    let wants = response.members.iter();
                    wants
                        .map(|m| (m.member_id.clone().into_owned(), read_subscription(&m.metadata)))
                        .collect()
                });
            let refused = ClientError::check(what, response.error_code, None).err();
            Ok((member, response.generation_id, members, refused))
        });
        let (member, generation, members, refused) = joined?;
        if !member.is_empty() {
            self.member = member;
        }
        if let Some(refused) = refused {
            return Err(refused);
        }
        self.generation = generation;
        let assignments = match members {
            Some(members) => share_out(cluster, &members)?,
            None => BTreeMap::new(),
        };
        self.sync(cluster, node, &assignments)
    }

    fn sync(
        &mut self,
        cluster: &mut Cluster,
        node: i32,
        assignments: &BTreeMap<String, Assignment>,
    ) -> Result<(), ClientError> {
        let assignment = |(member, topics): (&String, &Assignment)| {
            let assigned_partitions = topics
                .iter()
                .map(|(topic, partitions)| TopicPartition {
                    topic: topic.as_str().into(),
                    partitions: partitions.clone(),
                })
                .collect();
            let body = ConsumerProtocolAssignment { assigned_partitions, ..Default::default() };
            SyncGroupRequestAssignment {
                member_id: member.clone().into(),
                assignment: versioned(&body, ASSIGNMENT_VERSION).into(),
            }
        };
        let request = SyncGroupRequest {
            group_id: self.group.as_str().into(),
            generation_id: self.generation,
            member_id: self.member.as_str().into(),
            protocol_type: Some(PROTOCOL_TYPE.into()),
            protocol_name: Some(ASSIGNOR.into()),
            assignments: assignments.iter().map(assignment).collect(),
            ..Default::default()
        };
        let what = || format!("sharing out group {}", self.group);
        let patience = REBALANCE_TIMEOUT + cluster.config().request_timeout;
        let assigned = cluster.call(node, SyncGroupRequest::MAX_VERSION, &request, patience, |answer| {
            let response = answer.read::<SyncGroupRequest>()?;
            ClientError::check(what, response.error_code, None)?;
            Ok(read_assignment(&response.assignment))
        })?;
        let flat =
            assigned.into_iter().flat_map(|(topic, list)| list.into_iter().map(move |p| (topic.clone(), p)));
        self.assignment = flat.collect();
        Ok(())
    }

    /// Beats if it is time to.
    pub fn beat(&mut self, cluster: &mut Cluster) -> Result<Beat, ClientError> {
        if Instant::now() < self.next_beat {
            return Ok(Beat::Same);
        }
        self.next_beat = Instant::now() + HEARTBEAT;
        let request = HeartbeatRequest {
            group_id: self.group.as_str().into(),
            generation_id: self.generation,
            member_id: self.member.as_str().into(),
            ..Default::default()
        };
        let what = || format!("heartbeat in group {}", self.group);
        let beaten = cluster.group_coordinator(&self.group).and_then(|node| {
            let timeout = cluster.config().request_timeout;
            cluster.call(node, HeartbeatRequest::MAX_VERSION, &request, timeout, |answer| {
                ClientError::check(what, answer.read::<HeartbeatRequest>()?.error_code, None)
            })
        });
        match beaten {
            Ok(()) => Ok(Beat::Same),
            Err(error) if matches!(error.code(), Some(ErrorCode::RebalanceInProgress)) => Ok(Beat::Rejoin),
            Err(error)
                if matches!(
                    error.code(),
                    Some(ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration)
                ) =>
            {
                self.member.clear();
                Ok(Beat::Rejoin)
            }
            // The coordinator moves or restarts: the next beat finds it again, well within the session
            // timeout.
            Err(error) if error.retriable() => {
                self.next_beat = Instant::now() + HEARTBEAT / 6;
                Ok(Beat::Same)
            }
            Err(error) => Err(error),
        }
    }

    /// Commits the offsets of the next records to read.
    pub fn commit(
        &self,
        cluster: &mut Cluster,
        offsets: &BTreeMap<NamedPartition, i64>,
    ) -> Result<(), ClientError> {
        if offsets.is_empty() {
            return Ok(());
        }
        let mut topics: Vec<OffsetCommitRequestTopic<'_>> = Vec::new();
        for ((topic, partition), &offset) in offsets {
            let part = OffsetCommitRequestPartition {
                partition_index: *partition,
                committed_offset: offset,
                committed_leader_epoch: -1,
                committed_metadata: Some("".into()),
            };
            match topics.last_mut().filter(|last| *last.name == **topic) {
                Some(last) => last.partitions.push(part),
                None => topics.push(OffsetCommitRequestTopic {
                    name: topic.as_str().into(),
                    partitions: vec![part],
                    ..Default::default()
                }),
            }
        }
        let request = OffsetCommitRequest {
            group_id: self.group.as_str().into(),
            generation_id_or_member_epoch: self.generation,
            member_id: self.member.as_str().into(),
            topics,
            ..Default::default()
        };
        let node = cluster.group_coordinator(&self.group)?;
        let timeout = cluster.config().request_timeout;
        cluster.call(node, OFFSET_COMMIT_BY_NAME, &request, timeout, |answer| {
            for topic in &answer.read::<OffsetCommitRequest>()?.topics {
                for p in &topic.partitions {
                    let what =
                        || format!("committing group {} in {}-{}", self.group, topic.name, p.partition_index);
                    ClientError::check(what, p.error_code, None)?;
                }
            }
            Ok(())
        })
    }

    /// Leaves the group, so that the others need not wait for the session timeout.
    pub fn leave(&mut self, cluster: &mut Cluster) -> Result<(), ClientError> {
        if self.member.is_empty() {
            return Ok(());
        }
        // One field or the other, by version (a list of members from 3 on).
        let request = LeaveGroupRequest {
            group_id: self.group.as_str().into(),
            member_id: self.member.as_str().into(),
            members: vec![MemberIdentity { member_id: self.member.as_str().into(), ..Default::default() }],
        };
        let node = cluster.group_coordinator(&self.group)?;
        let timeout = cluster.config().request_timeout;
        let what = || format!("leaving group {}", self.group);
        let left = cluster.call(node, LeaveGroupRequest::MAX_VERSION, &request, timeout, |answer| {
            ClientError::check(what, answer.read::<LeaveGroupRequest>()?.error_code, None)
        });
        self.member.clear();
        self.assignment.clear();
        left
    }
}

/// The leader's work: every topic anybody wants, shared out by the range rule.
fn share_out(
    cluster: &mut Cluster,
    members: &BTreeMap<String, Vec<String>>,
) -> Result<BTreeMap<String, Assignment>, ClientError> {
    for topic in members.values().flatten() {
        cluster.track(topic);
    }
    cluster.refresh(false)?;
    let count =
        |topic: &String| Some((topic.clone(), i32::try_from(cluster.topic(topic)?.partitions.len()).ok()?));
    let partitions = members.values().flatten().filter_map(count).collect();
    Ok(assign::range(members, &partitions))
}

/// A record of the consumer protocol, with its version in front.
pub(crate) fn versioned(body: &impl Encode, version: i16) -> Vec<u8> {
    let mut w = Writer::new();
    w.i16(version);
    body.encode(&mut w, version);
    w.into_vec()
}

/// The topics a member wants; a subscription that cannot be read wants nothing.
fn read_subscription(bytes: &[u8]) -> Vec<String> {
    let mut r = Reader::new(bytes);
    let Ok(version) = r.i16() else { return Vec::new() };
    // Newer versions only add fields behind the known ones.
    let version = version.clamp(0, ConsumerProtocolSubscription::MAX_VERSION);
    let read = ConsumerProtocolSubscription::decode(&mut r, version);
    read.map(|s| s.topics.into_iter().map(String::from).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscriptions_and_assignments_read_back() {
        let subscription =
            ConsumerProtocolSubscription { topics: vec!["a".into(), "b".into()], ..Default::default() };
        for version in 0..=ConsumerProtocolSubscription::MAX_VERSION {
            assert_eq!(
                read_subscription(&versioned(&subscription, version)),
                ["a", "b"],
                "version {version}"
            );
        }
        let assigned_partitions = vec![TopicPartition { topic: "t".into(), partitions: vec![0, 2] }];
        let assignment = ConsumerProtocolAssignment { assigned_partitions, ..Default::default() };
        assert_eq!(read_assignment(&versioned(&assignment, 0)), [("t".to_owned(), vec![0, 2])]);
        assert_eq!(read_assignment(&[]), []);
        assert_eq!(read_assignment(&[0, 0, 0x7f, 0xff, 0xff, 0xff]), []);
        assert_eq!(read_subscription(b"\x00"), [""; 0]);
    }

    #[test]
    fn what_a_failed_join_leads_to() {
        let mut me = Membership::new("g", vec![]);
        let error = |code: ErrorCode| ClientError::check(String::new, code.code(), None).unwrap_err();
        for (code, member, survives, member_after) in [
            (ErrorCode::RebalanceInProgress, "m", true, "m"),
            (ErrorCode::UnknownMemberId, "m", true, ""),
            (ErrorCode::IllegalGeneration, "m", true, ""),
            (ErrorCode::MemberIdRequired, "m", true, "m"),
            (ErrorCode::MemberIdRequired, "", false, ""),
            (ErrorCode::NotCoordinator, "m", true, "m"),
            (ErrorCode::InconsistentGroupProtocol, "m", false, "m"),
        ] {
            me.member = member.to_owned();
            assert_eq!((me.survives(&error(code)), me.member.as_str()), (survives, member_after), "{code}");
        }
    }
}
