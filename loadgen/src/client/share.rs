//! A member of a share group (KIP-932): several members read one partition, record by record.
//!
//! ```text
//!  heartbeat ─▶ what to read ─▶ ShareFetch: records, each locked for this member
//!                                   ▲                    │ handed to the owner
//!                                   └── accepted ◀───────┘ told with the next ShareFetch; its answer says what came of it
//! ```
//!
//! Everything that was handed over is accepted. A record whose acceptance is refused (its lock was over), or was never sent
//! (the session is gone), comes again, to this member or another one. Where an answer is missing because a connection
//! broke, nobody knows, and the owner is told so.
//!
//! One ShareFetch at a time to each broker, in a session; one owner, one thread, as in [`Consumer`](super::Consumer).
//!
//! Deliberately absent: releasing, rejecting and renewing; moving to the leader that an answer names (metadata tells).

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use headwater_core::ErrorCode;
use headwater_core::ids::TopicId;
use headwater_core::wire::Message;
use headwater_core::wire::messages::share_acknowledge_request as acknowledge;
use headwater_core::wire::messages::share_fetch_request as fetch;
use headwater_core::wire::messages::share_fetch_response::PartitionData;
use headwater_core::wire::messages::{
    ShareAcknowledgeRequest, ShareFetchRequest, ShareGroupHeartbeatRequest,
};

use super::cluster::Cluster;
use super::error::ClientError;
use super::setbacks::Setbacks;
use super::unpack::{self, Aborted, Record, Unpacked};
use crate::rng::Rng;

/// How long whoever refused or could not be reached is left alone.
const RETRY_AFTER: Duration = Duration::from_millis(50);
/// A member that nothing is said about beats so often until it is told how often.
const BEAT: Duration = Duration::from_secs(1);
/// How long an answer may be held back until there is something.
const MAX_WAIT: Duration = Duration::from_millis(500);
const MAX_BYTES: i32 = 16 << 20;
/// Records of an answer: as many as may be locked of one partition at a time, by default.
const MAX_RECORDS: i32 = 2000;
/// How long members wait for the answers to what they say last.
const FAREWELL: Duration = Duration::from_secs(5);

/// Member epochs: on its way in, and out.
const JOINING: i32 = 0;
const LEAVING: i32 = -1;
/// Epochs of a share session: to begin it, and to end it.
const OPENING: i32 = 0;
const CLOSING: i32 = -1;

/// AcknowledgeType ACCEPT.
const ACCEPT: i8 = 1;

/// What came of the acceptance of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// They are done: nobody gets them any more.
    Accepted,
    /// The answer did not come.
    Unknown,
    /// They come again.
    Refused,
}

/// What a member meets in a partition. Offsets are the first and one past the last.
#[derive(Debug)]
pub enum ShareEvent<'a> {
    /// These are locked for this member; the records among them follow.
    Acquired(&'a [(i64, i64)]),
    /// One of them.
    Record(Record<'a>),
    /// A batch that fails its checksum, or cannot be unpacked: it is skipped.
    Damaged {
        /// Its first offset, as far as that can be believed.
        offset: i64,
        /// How many records it says it holds.
        records: u64,
        /// What is wrong with it.
        why: String,
    },
    /// What came of having accepted these.
    Settled(i64, i64, Outcome),
}

/// Told of each event, with topic and partition.
pub type OnShare<'a> = dyn FnMut(&str, i32, ShareEvent<'_>) + 'a;

type Place = (TopicId, i32);
type Spans = BTreeMap<Place, Vec<(i64, i64)>>;

/// How a member stands in its group, as a heartbeat was answered.
struct Standing {
    epoch: i32,
    /// When to say so again.
    interval: Duration,
    /// What it is to read, if that is told.
    assigned: Option<BTreeSet<Place>>,
}

/// The talk with one broker.
#[derive(Debug, Default)]
struct Session {
    epoch: i32,
    /// What the broker knows that this member wants.
    known: BTreeSet<Place>,
    /// To be accepted with the next request.
    pending: Spans,
    /// Accepted by the request that is not answered yet, if there is one.
    under_way: Option<Spans>,
    /// When to ask again after a refusal.
    blocked_until: Option<Instant>,
}

/// See the module's text.
#[derive(Debug)]
pub struct ShareConsumer {
    cluster: Cluster,
    group: String,
    topics: Vec<String>,
    member: String,
    epoch: i32,
    next_beat: Instant,
    assigned: BTreeSet<Place>,
    sessions: BTreeMap<i32, Session>,
    refresh_at: Option<Instant>,
    setbacks: Setbacks,
}

impl ShareConsumer {
    /// A member-to-be of `group` that reads `topics`; it joins with the first [`ShareConsumer::poll`].
    pub fn new(mut cluster: Cluster, group: impl Into<String>, topics: Vec<String>) -> Self {
        topics.iter().for_each(|topic| cluster.track(topic));
        let mut rng = Rng::from_clock();
        let mut id = [0; 16];
        id[..8].copy_from_slice(&rng.next_u64().to_be_bytes());
        id[8..].copy_from_slice(&rng.next_u64().to_be_bytes());
        let now = Instant::now();
        Self {
            cluster,
            group: group.into(),
            topics,
            member: TopicId::new(id).to_string(),
            epoch: JOINING,
            next_beat: now,
            assigned: BTreeSet::new(),
            sessions: BTreeMap::new(),
            refresh_at: Some(now),
            setbacks: Setbacks::default(),
        }
    }

    /// What has held it up so far.
    pub fn setbacks(&self) -> Setbacks {
        self.setbacks
    }

    /// Fetches once round: waits until something came, or `until`. What was handed over before is accepted. An error here is
    /// one that repetition cannot heal.
    pub fn poll(&mut self, until: Instant, on: &mut OnShare<'_>) -> Result<(), ClientError> {
        let now = Instant::now();
        self.beat(now)?;
        if self.refresh_at.is_some_and(|at| at <= now) {
            match self.cluster.refresh(false) {
                Ok(()) => self.refresh_at = None,
                Err(error) if error.retriable() => self.refresh_at = Some(Instant::now() + RETRY_AFTER),
                Err(error) => return Err(error),
            }
        }
        let again = self.ask(now)?;
        let wake =
            [again, self.refresh_at, Some(self.next_beat)].into_iter().flatten().fold(until, Instant::min);
        self.exchange(wake, on)
    }

    /// Says what it has accepted, ends its sessions and leaves the group.
    pub fn leave(&mut self, on: &mut OnShare<'_>) -> Result<(), ClientError> {
        let deadline = Instant::now() + FAREWELL;
        while self.sessions.values().any(|session| session.under_way.is_some()) && Instant::now() < deadline {
            self.exchange(deadline, on)?;
        }
        let nodes: Vec<i32> = self.sessions.keys().copied().collect();
        for node in nodes {
            if self.sessions[&node].under_way.is_some() {
                self.lose(node, on);
            } else if let Err(error) = self.close(node, deadline, on) {
                if !error.retriable() {
                    return Err(error);
                }
                self.lose(node, on);
            }
        }
        self.heartbeat(LEAVING)
            .map(|_| ())
            .or_else(|error| if error.retriable() { Ok(()) } else { Err(error) })
    }

    fn beat(&mut self, now: Instant) -> Result<(), ClientError> {
        if now < self.next_beat {
            return Ok(());
        }
        self.next_beat = now + BEAT;
        match self.heartbeat(self.epoch) {
            Ok(Standing { epoch, interval, assigned }) => {
                self.epoch = epoch;
                self.next_beat = now + interval;
                if let Some(assigned) = assigned {
                    self.assigned = assigned;
                } else if self.assigned.is_empty() {
                    // Nothing yet: others may have to be told first, and a second is soon enough to ask again.
                    self.next_beat = now + BEAT.min(interval);
                }
            }
            Err(error)
                if matches!(
                    error.code(),
                    Some(ErrorCode::UnknownMemberId | ErrorCode::FencedMemberEpoch)
                ) =>
            {
                (self.epoch, self.next_beat) = (JOINING, now + RETRY_AFTER);
            }
            Err(error) if error.retriable() => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Says in which epoch this member is.
    fn heartbeat(&mut self, epoch: i32) -> Result<Standing, ClientError> {
        let names = || self.topics.iter().map(|topic| topic.as_str().into()).collect();
        let request = ShareGroupHeartbeatRequest {
            group_id: self.group.as_str().into(),
            member_id: self.member.as_str().into(),
            member_epoch: epoch,
            rack_id: None,
            subscribed_topic_names: (epoch == JOINING).then(names),
        };
        let node = self.cluster.group_coordinator(&self.group)?;
        let (timeout, group) = (self.cluster.config().request_timeout, &self.group);
        self.cluster.call(node, ShareGroupHeartbeatRequest::MAX_VERSION, &request, timeout, |answer| {
            let response = answer.read::<ShareGroupHeartbeatRequest<'_>>()?;
            let message = response.error_message.as_deref();
            ClientError::check(|| format!("share group {group}"), response.error_code, message)?;
            let interval =
                Duration::from_millis(response.heartbeat_interval_ms.max(100).unsigned_abs().into());
            let assigned = response.assignment.map(|assignment| {
                let topics = assignment.topic_partitions.into_iter();
                topics.flat_map(|t| t.partitions.into_iter().map(move |p| (t.topic_id, p))).collect()
            });
            Ok(Standing { epoch: response.member_epoch, interval, assigned })
        })
    }

    fn name(&self, topic: TopicId) -> Option<&str> {
        self.topics
            .iter()
            .map(String::as_str)
            .find(|name| self.cluster.topic(name).is_some_and(|t| t.id == topic))
    }

    /// Sends a ShareFetch to each broker that leads something of this member's, or has to be told something, and has none
    /// under way; answers when to look again at what could not be asked now.
    fn ask(&mut self, now: Instant) -> Result<Option<Instant>, ClientError> {
        let mut wanted: BTreeMap<i32, BTreeSet<Place>> = BTreeMap::new();
        for place in &self.assigned {
            let leader = self.name(place.0).and_then(|topic| self.cluster.leader(topic, place.1));
            match leader {
                Some(node) => drop(wanted.entry(node).or_default().insert(*place)),
                None => drop(self.refresh_at.get_or_insert(now + RETRY_AFTER)),
            }
        }
        for node in self.sessions.keys() {
            wanted.entry(*node).or_default();
        }
        let mut again: Option<Instant> = None;
        let mut look_at = |at: Instant| again = Some(again.map_or(at, |before| before.min(at)));
        for (node, wanted) in wanted {
            let session = self.sessions.entry(node).or_default();
            if session.under_way.is_some() || (wanted.is_empty() && session.known.is_empty()) {
                continue;
            }
            if let Some(until) = session.blocked_until.filter(|until| *until > now) {
                look_at(until);
                continue;
            }
            match self.cluster.data(node) {
                Ok(Some(connection)) => match connection.quiet_until(now) {
                    Some(until) => look_at(until),
                    None => {
                        let version =
                            connection.version::<ShareFetchRequest<'_>>(ShareFetchRequest::MAX_VERSION)?;
                        let request = session.next(&self.group, &self.member, &wanted);
                        connection.send(&request, version);
                    }
                },
                Ok(None) => look_at(self.cluster.rested_at(node).unwrap_or(now + RETRY_AFTER)),
                Err(error) if error.retriable() => {
                    look_at(now + RETRY_AFTER);
                    self.refresh_at.get_or_insert(now + RETRY_AFTER);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(again)
    }

    /// Writes what is to be written and takes in what comes, until `wake` at most.
    fn exchange(&mut self, wake: Instant, on: &mut OnShare<'_>) -> Result<(), ClientError> {
        for node in self.cluster.data_nodes() {
            self.transfer(node, false, on)?;
        }
        for node in self.cluster.wait_for_data(wake) {
            self.transfer(node, true, on)?;
        }
        for node in self.cluster.hung(self.cluster.config().request_timeout + MAX_WAIT) {
            self.lose(node, on);
        }
        Ok(())
    }

    fn transfer(&mut self, node: i32, readable: bool, on: &mut OnShare<'_>) -> Result<(), ClientError> {
        let Some(connection) = self.cluster.open_data(node) else { return Ok(()) };
        let moved = connection.transfer(readable);
        let taken = self.take_answer(node, on);
        match moved.and(taken) {
            Ok(()) => Ok(()),
            // Who may not read will not be allowed to by asking again.
            Err(error @ ClientError::Refused { .. }) if !error.retriable() => Err(error),
            Err(_) => {
                self.lose(node, on);
                Ok(())
            }
        }
    }

    /// A connection is gone, and its session with it: what was locked comes again.
    fn lose(&mut self, node: i32, on: &mut OnShare<'_>) {
        self.setbacks.lost_connections += 1;
        self.cluster.drop_data(node);
        self.refresh_at.get_or_insert(Instant::now() + RETRY_AFTER);
        let session = self.sessions.remove(&node).unwrap_or_default();
        self.settle(&session.under_way.unwrap_or_default(), Outcome::Unknown, on);
        self.settle(&session.pending, Outcome::Refused, on);
    }

    fn settle(&self, spans: &Spans, outcome: Outcome, on: &mut OnShare<'_>) {
        for ((topic, partition), spans) in spans {
            let Some(topic) = self.name(*topic) else { continue };
            for (first, end) in spans {
                on(topic, *partition, ShareEvent::Settled(*first, *end, outcome));
            }
        }
    }

    fn take_answer(&mut self, node: i32, on: &mut OnShare<'_>) -> Result<(), ClientError> {
        let names: BTreeMap<TopicId, String> = self
            .topics
            .iter()
            .filter_map(|name| Some((self.cluster.topic(name)?.id, name.clone())))
            .collect();
        let Some(connection) = self.cluster.open_data(node) else { return Ok(()) };
        let Some(answer) = connection.take()? else { return Ok(()) };
        let session = self.sessions.entry(node).or_default();
        let mut accepted = session.under_way.take().unwrap_or_default();
        let response = answer.read::<ShareFetchRequest<'_>>()?;
        let throttle_ms = response.throttle_time_ms;
        let code = ErrorCode::from_code(response.error_code);
        if code != Some(ErrorCode::None) {
            // A broker that has no such session has let go of what was locked in it.
            let begins_anew = matches!(
                code,
                Some(
                    ErrorCode::ShareSessionNotFound
                        | ErrorCode::InvalidShareSessionEpoch
                        | ErrorCode::ShareSessionLimitReached
                )
            );
            if !begins_anew && !code.is_some_and(ErrorCode::retriable) {
                let message = response.error_message.as_deref();
                return ClientError::check(
                    || format!("share group {}", self.group),
                    response.error_code,
                    message,
                );
            }
            drop(response);
            for (place, spans) in std::mem::take(&mut session.pending) {
                accepted.entry(place).or_default().extend(spans);
            }
            *session = Session { blocked_until: Some(Instant::now() + RETRY_AFTER), ..Session::default() };
            self.settle(&accepted, Outcome::Refused, on);
            return Ok(());
        }
        session.epoch = session.epoch.checked_add(1).unwrap_or(OPENING + 1);
        for topic in &response.responses {
            let Some(name) = names.get(&topic.topic_id) else { continue };
            for data in &topic.partitions {
                let place = (topic.topic_id, data.partition_index);
                let outcome = match ErrorCode::from_code(data.acknowledge_error_code) {
                    Some(ErrorCode::None) => Outcome::Accepted,
                    _ => Outcome::Refused,
                };
                for (first, end) in accepted.remove(&place).unwrap_or_default() {
                    on(name, place.1, ShareEvent::Settled(first, end, outcome));
                }
                match ErrorCode::from_code(data.error_code) {
                    Some(ErrorCode::None) => {
                        let spans = take_records(name, data, on);
                        session.pending.entry(place).or_default().extend(spans);
                    }
                    Some(code) if code.retriable() => {
                        let at = Instant::now() + RETRY_AFTER;
                        session.blocked_until = Some(at);
                        // A new leader is asked in a session of its own.
                        session.known.remove(&place);
                        self.refresh_at.get_or_insert(at);
                    }
                    _ => {
                        let message = data.error_message.as_deref();
                        let what = || format!("reading {name}-{}", place.1);
                        return ClientError::check(what, data.error_code, message);
                    }
                }
            }
        }
        session.pending.retain(|_, spans| !spans.is_empty());
        drop(response);
        self.setbacks.throttle(connection, throttle_ms);
        // Nothing was said of these.
        self.settle(&accepted, Outcome::Unknown, on);
        Ok(())
    }

    /// Accepts the last records that came from `node`, and ends the session.
    fn close(&mut self, node: i32, deadline: Instant, on: &mut OnShare<'_>) -> Result<(), ClientError> {
        let Some(session) = self.sessions.get_mut(&node) else { return Ok(()) };
        if session.epoch == OPENING {
            return Ok(());
        }
        let mut accepted = std::mem::take(&mut session.pending);
        let mut topics: Vec<acknowledge::AcknowledgeTopic> = Vec::new();
        for ((topic_id, partition_index), spans) in &accepted {
            let batch = |&(first, end): &(i64, i64)| acknowledge::AcknowledgementBatch {
                first_offset: first,
                last_offset: end - 1,
                acknowledge_types: vec![ACCEPT],
            };
            let acknowledgement_batches = spans.iter().map(batch).collect();
            let partition = acknowledge::AcknowledgePartition {
                partition_index: *partition_index,
                acknowledgement_batches,
            };
            match topics.last_mut().filter(|topic| topic.topic_id == *topic_id) {
                Some(topic) => topic.partitions.push(partition),
                None => topics
                    .push(acknowledge::AcknowledgeTopic { topic_id: *topic_id, partitions: vec![partition] }),
            }
        }
        let request = ShareAcknowledgeRequest {
            group_id: Some(self.group.as_str().into()),
            member_id: Some(self.member.as_str().into()),
            share_session_epoch: CLOSING,
            is_renew_ack: false,
            topics,
        };
        // Should the answer not come, nobody knows.
        session.under_way = Some(accepted.clone());
        let Some(connection) = self.cluster.open_data(node) else { return Ok(()) };
        let version =
            connection.version::<ShareAcknowledgeRequest<'_>>(ShareAcknowledgeRequest::MAX_VERSION)?;
        connection.send(&request, version);
        let answer = connection.wait_for_answer(deadline)?;
        let response = answer.read::<ShareAcknowledgeRequest<'_>>()?;
        let whole = response.error_code;
        let mut done = Spans::new();
        for topic in &response.responses {
            for data in topic.partitions.iter().filter(|data| data.error_code == 0 && whole == 0) {
                let place = (topic.topic_id, data.partition_index);
                done.extend(accepted.remove_entry(&place));
            }
        }
        self.sessions.remove(&node);
        self.settle(&done, Outcome::Accepted, on);
        self.settle(&accepted, Outcome::Refused, on);
        Ok(())
    }
}

impl Session {
    /// The next request: what is wanted now and was not, or the other way round, and what is accepted.
    fn next(&mut self, group: &str, member: &str, wanted: &BTreeSet<Place>) -> ShareFetchRequest<'static> {
        if self.epoch == OPENING {
            self.known.clear();
        }
        let accepted = std::mem::take(&mut self.pending);
        let mut topics: Vec<fetch::FetchTopic> = Vec::new();
        let named: BTreeSet<Place> = accepted.keys().chain(wanted.difference(&self.known)).copied().collect();
        for place in &named {
            let spans = accepted.get(place).into_iter().flatten();
            let batch = |&(first, end): &(i64, i64)| fetch::AcknowledgementBatch {
                first_offset: first,
                last_offset: end - 1,
                acknowledge_types: vec![ACCEPT],
            };
            let acknowledgement_batches = spans.map(batch).collect();
            let partition = fetch::FetchPartition { partition_index: place.1, acknowledgement_batches };
            match topics.last_mut().filter(|topic| topic.topic_id == place.0) {
                Some(topic) => topic.partitions.push(partition),
                None => topics.push(fetch::FetchTopic { topic_id: place.0, partitions: vec![partition] }),
            }
        }
        self.known.extend(named);
        // What is accepted with this request is forgotten with a later one.
        let gone: Vec<Place> =
            self.known.iter().filter(|p| !wanted.contains(p) && !accepted.contains_key(p)).copied().collect();
        let mut forgotten: Vec<fetch::ForgottenTopic> = Vec::new();
        for (topic_id, partition) in gone {
            self.known.remove(&(topic_id, partition));
            match forgotten.last_mut().filter(|topic| topic.topic_id == topic_id) {
                Some(topic) => topic.partitions.push(partition),
                None => forgotten.push(fetch::ForgottenTopic { topic_id, partitions: vec![partition] }),
            }
        }
        self.under_way = Some(accepted);
        ShareFetchRequest {
            group_id: Some(group.to_owned().into()),
            member_id: Some(member.to_owned().into()),
            share_session_epoch: self.epoch,
            max_wait_ms: MAX_WAIT.as_millis() as i32,
            min_bytes: 1,
            max_bytes: MAX_BYTES,
            max_records: MAX_RECORDS,
            batch_size: MAX_RECORDS,
            topics,
            forgotten_topics_data: forgotten,
            ..Default::default()
        }
    }
}

/// Hands over what is locked for this member of one partition's part of an answer, and answers what that is.
fn take_records(name: &str, data: &PartitionData<'_>, on: &mut OnShare<'_>) -> Vec<(i64, i64)> {
    let spans: Vec<(i64, i64)> =
        data.acquired_records.iter().map(|a| (a.first_offset, a.last_offset.saturating_add(1))).collect();
    let partition = data.partition_index;
    on(name, partition, ShareEvent::Acquired(&spans));
    let (mut at, mut position) = (0, 0);
    // Whole batches come, of which others may have a part.
    unpack::unpack(
        data.records.slice().unwrap_or_default(),
        Aborted::default(),
        &mut position,
        &mut |unpacked| match unpacked {
            Unpacked::Record(record) => {
                let offset = record.offset.get();
                while spans.get(at).is_some_and(|(_, end)| *end <= offset) {
                    at += 1;
                }
                if spans.get(at).is_some_and(|(first, _)| *first <= offset) {
                    on(name, partition, ShareEvent::Record(record));
                }
            }
            Unpacked::Damaged { offset, records, why } => {
                on(name, partition, ShareEvent::Damaged { offset, records, why });
            }
        },
    );
    spans
}

#[cfg(test)]
mod tests {
    use headwater_core::ids::Offset;
    use headwater_core::record::builder::BatchBuilder;
    use headwater_core::record::header::set_base_offset;
    use headwater_core::wire::Records;
    use headwater_core::wire::messages::share_fetch_response::AcquiredRecords;

    use super::*;

    const TOPIC: TopicId = TopicId::new([1; 16]);

    /// The next request when these partitions are wanted, as `epoch named forgotten`: a partition, and what is accepted.
    fn check_next(session: &mut Session, wanted: &[i32], expect: &str) {
        let wanted = wanted.iter().map(|partition| (TOPIC, *partition)).collect();
        let request = session.next("g", "m", &wanted);
        let named = request.topics.iter().flat_map(|topic| &topic.partitions).map(|partition| {
            let batches = partition.acknowledgement_batches.iter();
            let spans: Vec<String> = batches
                .map(|b| format!("{}..={}{:?}", b.first_offset, b.last_offset, b.acknowledge_types))
                .collect();
            format!("{}:{}", partition.partition_index, spans.join(","))
        });
        let named: Vec<String> = named.collect();
        let gone: Vec<i32> = request.forgotten_topics_data.into_iter().flat_map(|t| t.partitions).collect();
        assert_eq!(format!("{} {} {gone:?}", request.share_session_epoch, named.join(" ")), expect);
        // It is answered, and brings nothing.
        session.under_way = None;
        session.epoch += 1;
    }

    #[test]
    fn sessions_say_what_is_new_and_what_is_accepted() {
        let mut session = Session::default();
        check_next(&mut session, &[0, 1], "0 0: 1: []");
        check_next(&mut session, &[0, 1], "1  []");
        session.pending.insert((TOPIC, 1), vec![(3, 5), (9, 10)]);
        check_next(&mut session, &[0, 1, 2], "2 1:3..=4[1],9..=9[1] 2: []");
        // A partition that goes to another member is forgotten once its records are accepted.
        session.pending.insert((TOPIC, 1), vec![(20, 30)]);
        check_next(&mut session, &[2], "3 1:20..=29[1] [0]");
        check_next(&mut session, &[2], "4  [1]");
        check_next(&mut session, &[], "5  [2]");
    }

    #[test]
    fn only_what_is_locked_for_a_member_is_handed_over() {
        let mut bytes = Vec::new();
        for base in [10, 13, 16] {
            let batch = (0..3).fold(BatchBuilder::new(), |batch, n: u8| batch.record(5, None, Some(&[n])));
            let mut batch = batch.build_mut();
            set_base_offset(&mut batch, Offset::new(base));
            bytes.extend_from_slice(&batch);
        }
        let acquired =
            |first_offset, last_offset| AcquiredRecords { first_offset, last_offset, delivery_count: 1 };
        let data = PartitionData {
            records: Records::Borrowed(&bytes),
            acquired_records: vec![acquired(11, 12), acquired(14, 16)],
            ..Default::default()
        };
        let mut seen = Vec::new();
        let spans = take_records("t", &data, &mut |_, _, event| match event {
            ShareEvent::Acquired(spans) => seen.push(format!("{spans:?}")),
            ShareEvent::Record(record) => seen.push(record.offset.get().to_string()),
            other => panic!("{other:?}"),
        });
        assert_eq!(seen, ["[(11, 13), (14, 17)]", "11", "12", "14", "15", "16"]);
        assert_eq!(spans, [(11, 13), (14, 17)]);
    }
}
