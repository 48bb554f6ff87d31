//! Committing, fetching and deleting offsets.

use std::collections::BTreeSet;

use super::config::NAME_BYTES_MAX;
use super::coordinator::Coordinator;
use super::kind::Group;
use super::offsets::{Committed, Place};
use super::records;
use super::reply::{
    FetchedGroup, FetchedOffset, FetchedTopic, GroupReply, Out, PartitionResult, Reply, ReplyTo, TopicResult,
};
use super::request::{
    CommitPartition, CommitTopic, FetchGroup, OffsetCommit, OffsetDelete, OffsetFetch, TxnOffsetCommit,
};
use super::step::Step;
use crate::ErrorCode;
use crate::after::After;
use crate::ids::{GroupId, PartitionId, ProducerId, TopicId, TopicName};
use crate::limits::TOPIC_NAME_BYTES_MAX;
use crate::time::{Monotonic, Timestamp};

/// Which partitions' offsets a member may commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CommitCheck {
    /// Any.
    Any,
    /// Those that it has had since the epoch it says.
    Only {
        /// Which.
        places: BTreeSet<(TopicId, PartitionId)>,
        /// What all get if there is another among them: the member is behind and must hear what it has now, and to commit
        /// a part of what it said to belong together is worse than nothing.
        otherwise: ErrorCode,
    },
}

impl CommitCheck {
    /// Whether these may be committed. What is refused for its metadata does not count.
    fn allows(&self, step: &Step<'_>, topics: &[CommitTopic]) -> Result<(), ErrorCode> {
        let Self::Only { places, otherwise } = self else { return Ok(()) };
        let had = |topic: &CommitTopic, asked: &CommitPartition| {
            let id = topic.topic_id.or_else(|| Some(step.cluster.topic(topic.topic.get())?.id));
            refusal(step, &topic.topic, asked).is_error()
                || id.is_some_and(|id| places.contains(&(id, asked.partition)))
        };
        let all = topics.iter().all(|topic| topic.partitions.iter().all(|asked| had(topic, asked)));
        if all { Ok(()) } else { Err(*otherwise) }
    }
}

impl Coordinator {
    /// Offsets are committed (behaviour 53).
    pub fn on_offset_commit(
        &mut self,
        now: Monotonic,
        wall: Timestamp,
        to: ReplyTo,
        request: OffsetCommit,
        out: &mut Out,
    ) {
        let id = request.group.clone();
        let expires = request.retention_ms.map(|ms| Timestamp::from_millis(wall.millis().saturating_add(ms)));
        let (groups, mut step) = self.step(now, wall, out);
        let refusal = if id.get().len() > NAME_BYTES_MAX {
            Err(ErrorCode::InvalidGroupId)
        } else if groups.contains_key(&id) || request.generation.is_none() {
            // Who is no member may commit to a group that is not there: that is what makes it.
            let group = groups.entry(id.clone()).or_insert_with(|| Group::new(id.clone()));
            let (member, instance) = (request.member.as_ref(), request.instance.as_ref());
            let knows = request.knows_epochs;
            let (epoch, cluster) = (request.generation, step.cluster);
            let check = group.validate_commit(cluster, member, instance, epoch, false, knows);
            check.and_then(|check| check.allows(&step, &request.topics)).map(|()| group)
        } else if request.report_missing_group {
            Err(ErrorCode::GroupIdNotFound)
        } else {
            Err(ErrorCode::IllegalGeneration)
        };
        let (after, topics) = match refusal {
            Err(error) => (After::Now, refuse_all(&request.topics, error)),
            Ok(group) => {
                group.on_commit_by(&mut step, &request);
                (After::Durable, commit(&mut step, &id, group, None, expires, request.topics))
            }
        };
        step.reply(to, after, GroupReply::OffsetCommit(topics));
        self.forget_if_vacant(&id);
    }

    /// Offsets are committed within a transaction (behaviour 63). The driver made sure that the transaction is open and
    /// that its producer is not fenced; it appends the records as part of the transaction.
    pub fn on_txn_offset_commit(
        &mut self,
        now: Monotonic,
        wall: Timestamp,
        to: ReplyTo,
        request: TxnOffsetCommit,
        out: &mut Out,
    ) {
        let (id, producer) = (request.group, request.producer);
        let (groups, mut step) = self.step(now, wall, out);
        let refusal = if !(1..=NAME_BYTES_MAX).contains(&id.get().len()) {
            Err(ErrorCode::InvalidGroupId)
        } else if groups.contains_key(&id) || request.generation.is_none() {
            let group = groups.entry(id.clone()).or_insert_with(|| Group::new(id.clone()));
            let (member, instance) = (request.member.as_ref(), request.instance.as_ref());
            let (epoch, cluster) = (request.generation, step.cluster);
            let check = group.validate_commit(cluster, member, instance, epoch, true, true);
            check.and_then(|check| check.allows(&step, &request.topics)).map(|()| group)
        } else {
            Err(ErrorCode::IllegalGeneration)
        };
        let (after, topics) = match refusal {
            Err(error) => (After::Now, refuse_all(&request.topics, error)),
            Ok(group) => {
                (After::Durable, commit(&mut step, &id, group, Some(producer), None, request.topics))
            }
        };
        step.reply(to, after, GroupReply::TxnOffsetCommit(topics));
        if self.groups.get(&id).is_some_and(|group| group.offsets.producers().any(|p| *p == producer)) {
            self.transactions.entry(producer).or_default().insert(id.clone());
        }
        self.forget_if_vacant(&id);
    }

    /// A transaction's end marker was written to this partition, or met while loading: its offsets count, or are
    /// forgotten.
    pub fn on_transaction_end(&mut self, producer: ProducerId, committed: bool) {
        for id in self.transactions.remove(&producer).unwrap_or_default() {
            if let Some(group) = self.groups.get_mut(&id) {
                group.offsets.end(producer, committed);
            }
            self.forget_if_vacant(&id);
        }
    }

    /// Committed offsets are asked for (behaviour 54). What was never committed is no error.
    pub fn on_offset_fetch(&self, to: ReplyTo, request: OffsetFetch, out: &mut Out) {
        let stable = request.require_stable;
        let groups = request.groups.into_iter().map(|asked| {
            let group = self.groups.get(&asked.group);
            let allowed = group.map_or(Ok(()), |g| g.validate_fetch(asked.member.as_ref(), asked.epoch));
            if let Err(error) = allowed {
                return FetchedGroup { group: asked.group, error, topics: Vec::new() };
            }
            let topics = match (group, &asked) {
                (Some(group), FetchGroup { topics: None, .. }) => fetch_all(group, stable),
                (None, FetchGroup { topics: None, .. }) => Vec::new(),
                (group, FetchGroup { topics: Some(_), .. }) => fetch(group, stable, &asked),
            };
            FetchedGroup { group: asked.group, error: ErrorCode::None, topics }
        });
        let body = GroupReply::OffsetFetch(groups.collect());
        // An offset must not be seen that a crash could still take back.
        out.replies.push(Reply { to, after: After::Durable, body });
    }

    /// Offsets are to be forgotten (behaviour 56).
    pub fn on_offset_delete(
        &mut self,
        now: Monotonic,
        wall: Timestamp,
        to: ReplyTo,
        request: OffsetDelete,
        out: &mut Out,
    ) {
        let id = request.group;
        let (groups, mut step) = self.step(now, wall, out);
        let group = match groups.get_mut(&id) {
            _ if id.get().is_empty() => Err(ErrorCode::InvalidGroupId),
            None => Err(ErrorCode::GroupIdNotFound),
            Some(group) => group.validate_offset_delete().map(|()| group),
        };
        let group = match group {
            Ok(group) => group,
            Err(error) => {
                let body = GroupReply::OffsetDelete { error, topics: Vec::new() };
                return step.reply(to, After::Now, body);
            }
        };
        let topics = request.topics.into_iter().map(|asked| {
            let read = group.is_subscribed(&asked.topic);
            let error = if read { ErrorCode::GroupSubscribedToTopic } else { ErrorCode::None };
            for partition in asked.partitions.iter().filter(|_| !read) {
                delete(&mut step, &id, group, (asked.topic.clone(), *partition));
            }
            let partitions = asked.partitions.into_iter();
            let partitions = partitions.map(|partition| PartitionResult { partition, error }).collect();
            TopicResult { topic: asked.topic, topic_id: None, partitions }
        });
        let topics = topics.collect();
        step.reply(to, After::Durable, GroupReply::OffsetDelete { error: ErrorCode::None, topics });
        self.forget_if_vacant(&id);
    }
}

/// Forgets what is committed or pending for a partition, if anything is.
pub(super) fn delete(step: &mut Step<'_>, id: &GroupId, group: &mut Group, place: Place) {
    if group.offsets.get(&place).is_some() || group.offsets.is_unstable(&place) {
        step.record(records::offset_tombstone(id, &place.0, place.1));
        group.offsets.remove(&place);
    }
}

/// What is wrong with one offset, whoever commits it.
fn refusal(step: &Step<'_>, topic: &TopicName, asked: &CommitPartition) -> ErrorCode {
    if topic.get().len() > TOPIC_NAME_BYTES_MAX {
        ErrorCode::InvalidTopicException
    } else if is_longer(asked.metadata.as_deref().unwrap_or_default(), step.config.metadata_bytes_max) {
        ErrorCode::OffsetMetadataTooLarge
    } else {
        ErrorCode::None
    }
}

/// Commits what may be.
fn commit(
    step: &mut Step<'_>,
    id: &GroupId,
    group: &mut Group,
    producer: Option<ProducerId>,
    expires: Option<Timestamp>,
    topics: Vec<CommitTopic>,
) -> Vec<TopicResult> {
    let mut results = Vec::with_capacity(topics.len());
    for CommitTopic { topic, topic_id, partitions } in topics {
        let mut result =
            TopicResult { topic: topic.clone(), topic_id, partitions: Vec::with_capacity(partitions.len()) };
        for asked in partitions {
            let error = refusal(step, &topic, &asked);
            result.partitions.push(PartitionResult { partition: asked.partition, error });
            if error.is_error() {
                continue;
            }
            let place = (topic.clone(), asked.partition);
            let mut committed = Committed {
                offset: asked.offset,
                leader_epoch: asked.leader_epoch,
                metadata: asked.metadata.unwrap_or_default(),
                committed: step.wall,
                expires,
                topic_id,
                order: 0,
            };
            if expires.is_some() {
                // The version of the record that has an expiry lacks these. What a restart would forget must not be
                // known before either, or the same question would have two answers.
                (committed.leader_epoch, committed.topic_id) = (None, None);
            }
            step.record(records::offset(id, &place.0, place.1, &committed));
            match producer {
                None => group.offsets.commit(place, committed),
                Some(producer) => group.offsets.commit_pending(producer, place, committed),
            }
        }
        results.push(result);
    }
    results
}

/// Whether a text has more than `max` UTF-16 units, which is what Kafka counts.
fn is_longer(text: &str, max: usize) -> bool {
    text.len() > max && text.encode_utf16().count() > max
}

fn refuse_all(topics: &[CommitTopic], error: ErrorCode) -> Vec<TopicResult> {
    let results = topics.iter().map(|topic| TopicResult {
        topic: topic.topic.clone(),
        topic_id: topic.topic_id,
        partitions: topic
            .partitions
            .iter()
            .map(|asked| PartitionResult { partition: asked.partition, error })
            .collect(),
    });
    results.collect()
}

fn fetch(group: Option<&Group>, require_stable: bool, asked: &FetchGroup) -> Vec<FetchedTopic> {
    let topics = asked.topics.iter().flatten().map(|asked| {
        let partitions = asked.partitions.iter().map(|partition| {
            let place = (asked.topic.clone(), *partition);
            if require_stable && group.is_some_and(|group| group.offsets.is_unstable(&place)) {
                return fetched(*partition, None, ErrorCode::UnstableOffsetCommit);
            }
            let committed = group.and_then(|group| group.offsets.get(&place));
            // Another topic of that name is not the one asked for.
            let committed = committed.filter(|committed| match (committed.topic_id, asked.topic_id) {
                (Some(ours), Some(theirs)) => ours == theirs,
                _ => true,
            });
            fetched(*partition, committed, ErrorCode::None)
        });
        FetchedTopic {
            topic: asked.topic.clone(),
            topic_id: asked.topic_id,
            partitions: partitions.collect(),
        }
    });
    topics.collect()
}

fn fetch_all(group: &Group, require_stable: bool) -> Vec<FetchedTopic> {
    let mut topics: Vec<FetchedTopic> = Vec::new();
    for (place, committed) in group.offsets.iter() {
        if topics.last().is_none_or(|last| last.topic != place.0) {
            let (topic, topic_id) = (place.0.clone(), committed.topic_id);
            topics.push(FetchedTopic { topic, topic_id, partitions: Vec::new() });
        }
        let result = if require_stable && group.offsets.is_unstable(place) {
            fetched(place.1, None, ErrorCode::UnstableOffsetCommit)
        } else {
            fetched(place.1, Some(committed), ErrorCode::None)
        };
        topics.last_mut().expect("just pushed").partitions.push(result);
    }
    topics
}

fn fetched(partition: PartitionId, committed: Option<&Committed>, error: ErrorCode) -> FetchedOffset {
    FetchedOffset {
        partition,
        offset: committed.map(|c| c.offset),
        leader_epoch: committed.and_then(|c| c.leader_epoch),
        metadata: committed.map(|c| c.metadata.clone()).unwrap_or_default(),
        error,
    }
}
