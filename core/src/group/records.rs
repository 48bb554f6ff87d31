//! The records of `__consumer_offsets`, as Kafka writes and reads them (behaviours 58 and 75).
//!
//! ```text
//! key   = type i16 | key message of version 0
//! value = version i16 | value message            no value: a tombstone
//!
//! type 0, 1   a committed offset      written: type 1, version 4 (with the topic's id as a tag, when known);
//!                                     version 1 when the client set an expiry
//! type 2      a group's metadata      written: version 3
//! type 3 to 8 and 16   a consumer group   see `consumer/store`
//! type 10 to 15        a share group      see `share/store`
//! type 17 and 19 to 23 a streams group   see `streams/store`
//! others      not known       not read
//! ```

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use thiserror::Error;

use super::cluster::Cluster;
use super::consumer::member::Owned;
use super::consumer::store;
use super::offsets::Committed;
use super::reply::GroupRecord;
use super::share::store as share_store;
use super::streams::store as streams_store;
use crate::ids::{GroupId, LeaderEpoch, MemberId, Offset, PartitionId, TopicName};
use crate::time::Timestamp;
use crate::wire::records::consumer_protocol_assignment::{
    ConsumerProtocolAssignment, TopicPartition as AssignedTopic,
};
use crate::wire::records::consumer_protocol_subscription::ConsumerProtocolSubscription;
use crate::wire::records::group_metadata_key::GroupMetadataKey;
use crate::wire::records::group_metadata_value::GroupMetadataValue;
use crate::wire::records::legacy_offset_commit_key::LegacyOffsetCommitKey;
use crate::wire::records::offset_commit_key::OffsetCommitKey;
use crate::wire::records::offset_commit_value::OffsetCommitValue;
use crate::wire::{Decode, DecodeError, Encode, Message, Reader, Writer};

/// Why a record of `__consumer_offsets` was skipped while loading.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RecordError {
    /// The key says that it is of a type that this version of Headwater does not know, or does not use yet.
    #[error("record type {0} is not known")]
    UnknownType(i16),
    /// The key is not what its type says.
    #[error("the key cannot be read: {0}")]
    Key(DecodeError),
    /// The value is not what the key's type says.
    #[error("the value of group {:?} cannot be read: {error}", group.get())]
    Value {
        /// The group it is about.
        group: GroupId,
        /// What is wrong.
        error: DecodeError,
    },
    /// The value can be read, but cannot be.
    #[error("the metadata of group {:?} contradicts itself: {problem}", group.get())]
    Contradiction {
        /// The group it is about.
        group: GroupId,
        /// What is wrong.
        problem: &'static str,
    },
}

/// What a key names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A committed offset.
    Offset(GroupId, TopicName, PartitionId),
    /// A classic group.
    Group(GroupId),
    /// Something of a consumer group.
    Consumer(GroupId, ConsumerKey),
    /// Something of a share group.
    Share(GroupId, ShareKey),
    /// Something of a streams group.
    Streams(GroupId, StreamsKey),
}

/// What a key of a share group names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ShareKey {
    /// The group's epoch.
    Epoch,
    /// What a member wants.
    Member(MemberId),
    /// The target's epoch.
    TargetEpoch,
    /// A member's share of the target.
    Target(MemberId),
    /// What a member has.
    Current(MemberId),
    /// Which partitions have state.
    Places,
}

/// What a key of a streams group names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StreamsKey {
    /// The group's epoch.
    Epoch,
    /// Who a member is.
    Member(MemberId),
    /// The target's epoch.
    TargetEpoch,
    /// A member's share of the target.
    Target(MemberId),
    /// What a member has.
    Current(MemberId),
    /// What the application is made of.
    Topology,
}

/// What a key of a consumer group names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ConsumerKey {
    /// The group's epoch.
    Epoch,
    /// What Kafka before 4.1 wrote of the topics.
    PartitionMetadata,
    /// What a member wants.
    Member(MemberId),
    /// The target's epoch.
    TargetEpoch,
    /// A member's share of the target.
    Target(MemberId),
    /// What a member has.
    Current(MemberId),
    /// What a regular expression finds.
    Regex(Arc<str>),
}

/// The version of a group's metadata that is written.
const GROUP_METADATA_VERSION: i16 = 3;

pub(super) fn decode_key(bytes: &[u8]) -> Result<Key, RecordError> {
    let mut r = Reader::new(bytes);
    let kind = r.i16().map_err(RecordError::Key)?;
    match kind {
        // The two are laid out alike.
        LegacyOffsetCommitKey::KEY | OffsetCommitKey::KEY => {
            let key = OffsetCommitKey::decode(&mut r, 0).map_err(RecordError::Key)?;
            Ok(Key::Offset(
                GroupId::new(key.group),
                TopicName::new(key.topic),
                PartitionId::new(key.partition),
            ))
        }
        GroupMetadataKey::KEY => {
            let key = GroupMetadataKey::decode(&mut r, 0).map_err(RecordError::Key)?;
            Ok(Key::Group(GroupId::new(key.group)))
        }
        kind => {
            let of_consumers = |r: &mut Reader<'_>| {
                Some(store::decode_key(kind, r)?.map(|(id, key)| Key::Consumer(id, key)))
            };
            let of_shares = |r: &mut Reader<'_>| {
                Some(share_store::decode_key(kind, r)?.map(|(id, key)| Key::Share(id, key)))
            };
            let of_streams = |r: &mut Reader<'_>| {
                Some(streams_store::decode_key(kind, r)?.map(|(id, key)| Key::Streams(id, key)))
            };
            let key = of_consumers(&mut r).or_else(|| of_shares(&mut r)).or_else(|| of_streams(&mut r));
            key.ok_or(RecordError::UnknownType(kind))?.map_err(RecordError::Key)
        }
    }
}

/// A value's version and what follows it.
pub(super) fn decode_value<'a, M: Decode<'a>>(
    group: &GroupId,
    bytes: &'a [u8],
) -> Result<(i16, M), RecordError> {
    let mut r = Reader::new(bytes);
    r.i16()
        .and_then(|version| Ok((version, M::decode(&mut r, version)?)))
        .map_err(|error| RecordError::Value { group: group.clone(), error })
}

/// A committed offset; its `order` is left 0.
pub(super) fn decode_offset(group: &GroupId, bytes: &[u8]) -> Result<Committed, RecordError> {
    let (_, value) = decode_value::<OffsetCommitValue>(group, bytes)?;
    Ok(Committed {
        offset: Offset::new(value.offset),
        leader_epoch: (value.leader_epoch >= 0).then(|| LeaderEpoch::new(value.leader_epoch)),
        metadata: value.metadata.into(),
        committed: Timestamp::from_millis(value.commit_timestamp),
        expires: (value.expire_timestamp != -1).then(|| Timestamp::from_millis(value.expire_timestamp)),
        topic_id: (!value.topic_id.is_zero()).then_some(value.topic_id),
        order: 0,
    })
}

pub(super) fn decode_group<'a>(
    group: &GroupId,
    bytes: &'a [u8],
) -> Result<GroupMetadataValue<'a>, RecordError> {
    decode_value(group, bytes).map(|(_, value)| value)
}

/// A record of a key and a value of this version.
pub(super) fn record<V: Encode>(of: &(impl Message + Encode), version: i16, value: &V) -> GroupRecord {
    GroupRecord { key: key(of), value: Some(versioned(version, version, value)) }
}

/// A group as keys have it.
pub(super) fn group_name(group: &GroupId) -> Cow<'_, str> {
    Cow::Borrowed(group.get())
}

/// A member as keys have it.
pub(super) fn member_name(member: &MemberId) -> Cow<'_, str> {
    Cow::Borrowed(member.get())
}

/// What takes the record of a key away.
pub(super) fn tombstone(of: &(impl Message + Encode)) -> GroupRecord {
    GroupRecord { key: key(of), value: None }
}

fn key<M: Message + Encode>(message: &M) -> Vec<u8> {
    versioned(M::KEY, 0, message)
}

/// `head` before `message`: a key's type, or a value's version.
fn versioned<M: Encode>(head: i16, version: i16, message: &M) -> Vec<u8> {
    let mut w = Writer::new();
    w.i16(head);
    message.encode(&mut w, version);
    w.into_vec()
}

fn offset_key(group: &GroupId, topic: &TopicName, partition: PartitionId) -> Vec<u8> {
    key(&OffsetCommitKey {
        group: Cow::Borrowed(group.get()),
        topic: Cow::Borrowed(topic.get()),
        partition: partition.get(),
    })
}

pub(super) fn offset(
    group: &GroupId,
    topic: &TopicName,
    partition: PartitionId,
    committed: &Committed,
) -> GroupRecord {
    // An expiry has a place in version 1 only.
    let version = if committed.expires.is_some() { 1 } else { 4 };
    let value = OffsetCommitValue {
        offset: committed.offset.get(),
        leader_epoch: committed.leader_epoch.map_or(-1, LeaderEpoch::get),
        metadata: Cow::Borrowed(&committed.metadata),
        commit_timestamp: committed.committed.millis(),
        expire_timestamp: committed.expires.map_or(-1, Timestamp::millis),
        topic_id: committed.topic_id.unwrap_or_default(),
    };
    GroupRecord { key: offset_key(group, topic, partition), value: Some(versioned(version, version, &value)) }
}

pub(super) fn offset_tombstone(group: &GroupId, topic: &TopicName, partition: PartitionId) -> GroupRecord {
    GroupRecord { key: offset_key(group, topic, partition), value: None }
}

fn group_key(group: &GroupId) -> Vec<u8> {
    key(&GroupMetadataKey { group: Cow::Borrowed(group.get()) })
}

pub(super) fn group(group: &GroupId, value: &GroupMetadataValue<'_>) -> GroupRecord {
    let value = versioned(GROUP_METADATA_VERSION, GROUP_METADATA_VERSION, value);
    GroupRecord { key: group_key(group), value: Some(value) }
}

pub(super) fn group_tombstone(group: &GroupId) -> GroupRecord {
    GroupRecord { key: group_key(group), value: None }
}

/// The topics a consumer's subscription names. Only the part is read that every version starts with, so that a
/// version to come is understood; `None` if it is none of them.
pub(super) fn subscribed_topics(subscription: &[u8]) -> Option<BTreeSet<TopicName>> {
    let mut r = Reader::new(subscription);
    if r.i16().ok()? < 0 {
        return None;
    }
    let value = ConsumerProtocolSubscription::decode(&mut r, 0).ok()?;
    Some(value.topics.into_iter().map(TopicName::new).collect())
}

/// What a consumer says of itself in the classic protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Subscription {
    pub(super) topics: BTreeSet<TopicName>,
    pub(super) owned: Vec<(TopicName, Vec<PartitionId>)>,
    pub(super) rack: Option<Arc<str>>,
}

/// Reads a consumer's subscription; `None` if it is none.
pub(super) fn subscription(bytes: &[u8]) -> Option<Subscription> {
    let version = subscription_version(bytes);
    let mut r = Reader::new(bytes);
    r.i16().ok().filter(|version| *version >= 0)?;
    let value = ConsumerProtocolSubscription::decode(&mut r, version).ok()?;
    let owned = value.owned_partitions.into_iter();
    Some(Subscription {
        topics: value.topics.into_iter().map(TopicName::new).collect(),
        owned: owned
            .map(|topic| {
                (TopicName::new(topic.topic), topic.partitions.into_iter().map(PartitionId::new).collect())
            })
            .collect(),
        rack: value.rack_id.map(text),
    })
}

/// The version of a subscription, as far as it is known here.
pub(super) fn subscription_version(bytes: &[u8]) -> i16 {
    let version = Reader::new(bytes).i16().unwrap_or(0);
    version.clamp(0, ConsumerProtocolSubscription::MAX_VERSION)
}

/// Reads a consumer's assignment; empty bytes are an empty one, `None` if it is none.
pub(super) fn assigned(bytes: &[u8]) -> Option<Vec<(TopicName, Vec<PartitionId>)>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    let mut r = Reader::new(bytes);
    r.i16().ok().filter(|version| *version >= 0)?;
    let value = ConsumerProtocolAssignment::decode(&mut r, 0).ok()?;
    let topics = value.assigned_partitions.into_iter();
    let topics = topics.map(|topic| {
        (TopicName::new(topic.topic), topic.partitions.into_iter().map(PartitionId::new).collect())
    });
    Some(topics.collect())
}

/// A consumer's assignment, of topics that exist, for one whose subscription has this version.
pub(super) fn assignment(version: i16, owned: &Owned, cluster: &dyn Cluster) -> Bytes {
    let topics: Vec<(TopicName, Vec<i32>)> = owned
        .iter()
        .filter_map(|(topic, partitions)| {
            Some((cluster.topic_name(*topic)?, partitions.keys().map(|partition| partition.get()).collect()))
        })
        .collect();
    let topics = topics.iter().map(|(name, partitions)| AssignedTopic {
        topic: Cow::Borrowed(name.get()),
        partitions: partitions.clone(),
    });
    let value = ConsumerProtocolAssignment { assigned_partitions: topics.collect(), user_data: None };
    versioned(version, version, &value).into()
}

/// A name as it is kept.
pub(super) fn text(value: Cow<'_, str>) -> Arc<str> {
    value.into()
}
