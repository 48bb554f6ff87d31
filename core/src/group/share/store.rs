//! The records of a share group, and the group made of them again.
//!
//! ```text
//! type  key             value
//!   10  group, member   what the member wants                     Terms
//!   11  group           epoch, hash of the topics' metadata
//!   12  group           epoch and time of the target
//!   13  group, member   its share of the target
//!   14  group, member   what it has                               Current
//!   15  group           which partitions have state               StatePlaces
//! ```

use std::borrow::Cow;

use super::super::records::{
    RecordError, ShareKey, decode_value, group_name, member_name, record, text, tombstone,
};
use super::super::reply::GroupRecord;
use super::super::step::Step;
use super::super::timers::TimerKey;
use super::places::{ByTopic, Places, StatePlaces};
use super::{Current, Share, Terms};
use crate::group::consumer::member::Target;
use crate::ids::{GroupId, MemberId, PartitionId, TopicId, TopicName};
use crate::time::Timestamp;
use crate::wire::records::share_group_current_member_assignment_key::ShareGroupCurrentMemberAssignmentKey as CurrentKey;
use crate::wire::records::share_group_current_member_assignment_value as current_value;
use crate::wire::records::share_group_member_metadata_key::ShareGroupMemberMetadataKey as MemberKey;
use crate::wire::records::share_group_member_metadata_value::ShareGroupMemberMetadataValue as MemberValue;
use crate::wire::records::share_group_metadata_key::ShareGroupMetadataKey as EpochKey;
use crate::wire::records::share_group_metadata_value::ShareGroupMetadataValue as EpochValue;
use crate::wire::records::share_group_state_partition_metadata_key::ShareGroupStatePartitionMetadataKey as PlacesKey;
use crate::wire::records::share_group_state_partition_metadata_value as places_value;
use crate::wire::records::share_group_target_assignment_member_key::ShareGroupTargetAssignmentMemberKey as TargetKey;
use crate::wire::records::share_group_target_assignment_member_value as target_value;
use crate::wire::records::share_group_target_assignment_metadata_key::ShareGroupTargetAssignmentMetadataKey as TargetEpochKey;
use crate::wire::records::share_group_target_assignment_metadata_value::ShareGroupTargetAssignmentMetadataValue as TargetEpochValue;
use crate::wire::{Decode, DecodeError, Message, Reader};

fn numbers<'a>(partitions: impl IntoIterator<Item = &'a PartitionId>) -> Vec<i32> {
    partitions.into_iter().map(|partition| partition.get()).collect()
}

fn target_of(topics: impl Iterator<Item = (TopicId, Vec<i32>)>) -> Target {
    topics.map(|(topic, numbers)| (topic, numbers.into_iter().map(PartitionId::new).collect())).collect()
}

pub(super) fn member(group: &GroupId, id: &MemberId, terms: &Terms) -> GroupRecord {
    let value = MemberValue {
        rack_id: terms.rack.as_deref().map(Cow::Borrowed),
        client_id: Cow::Borrowed(&terms.client_id),
        client_host: Cow::Borrowed(&terms.client_host),
        subscribed_topic_names: terms.topics.iter().map(|name| Cow::Borrowed(name.get())).collect(),
    };
    record(&MemberKey { group_id: group_name(group), member_id: member_name(id) }, 0, &value)
}

pub(super) fn current(group: &GroupId, id: &MemberId, current: &Current) -> GroupRecord {
    let topics = current.assigned.iter().map(|(topic, partitions)| current_value::TopicPartitions {
        topic_id: *topic,
        partitions: numbers(partitions),
    });
    let value = current_value::ShareGroupCurrentMemberAssignmentValue {
        member_epoch: current.epoch,
        previous_member_epoch: current.previous_epoch,
        // A member of a share group is always what Kafka calls stable.
        state: 0,
        assigned_partitions: topics.collect(),
    };
    record(&CurrentKey { group_id: group_name(group), member_id: member_name(id) }, 0, &value)
}

pub(super) fn target(group: &GroupId, id: &MemberId, target: &Target) -> GroupRecord {
    let topics = target.iter().map(|(topic, partitions)| target_value::TopicPartition {
        topic_id: *topic,
        partitions: numbers(partitions),
    });
    let value = target_value::ShareGroupTargetAssignmentMemberValue { topic_partitions: topics.collect() };
    record(&TargetKey { group_id: group_name(group), member_id: member_name(id) }, 0, &value)
}

pub(super) fn places(group: &GroupId, places: &StatePlaces) -> GroupRecord {
    let infos = |by_topic: &ByTopic| -> Vec<places_value::TopicPartitionsInfo<'_>> {
        let infos = by_topic.iter().map(|(topic, places)| places_value::TopicPartitionsInfo {
            topic_id: *topic,
            topic_name: Cow::Owned(places.name.to_string()),
            partitions: numbers(&places.partitions),
        });
        infos.collect()
    };
    if places.is_empty() {
        return tombstone(&PlacesKey { group_id: group_name(group) });
    }
    let value = places_value::ShareGroupStatePartitionMetadataValue {
        initializing_topics: infos(&places.initializing),
        initialized_topics: infos(&places.initialized),
        deleting_topics: places
            .deleting
            .iter()
            .map(|(topic, name)| places_value::TopicInfo {
                topic_id: *topic,
                topic_name: Cow::Borrowed(name.get()),
            })
            .collect(),
    };
    record(&PlacesKey { group_id: group_name(group) }, 0, &value)
}

impl Share {
    pub(super) fn store_epoch(&mut self, step: &mut Step<'_>) {
        self.stored = true;
        let value = EpochValue { epoch: self.epoch, metadata_hash: self.metadata_hash };
        step.record(record(&EpochKey { group_id: group_name(&self.id) }, 0, &value));
    }

    pub(super) fn store_target_epoch(&self, step: &mut Step<'_>) {
        let value = TargetEpochValue {
            assignment_epoch: self.target_epoch,
            assignment_timestamp: self.target_made.millis(),
        };
        step.record(record(&TargetEpochKey { group_id: group_name(&self.id) }, 0, &value));
    }

    /// A member is gone.
    pub(super) fn store_removal(&self, step: &mut Step<'_>, id: &MemberId) {
        let (group_id, member_id) = (group_name(&self.id), member_name(id));
        step.record(tombstone(&CurrentKey { group_id: group_id.clone(), member_id: member_id.clone() }));
        step.record(tombstone(&TargetKey { group_id: group_id.clone(), member_id: member_id.clone() }));
        step.record(tombstone(&MemberKey { group_id, member_id }));
    }

    /// The log is to forget the group.
    pub(in crate::group) fn store_end(&self, step: &mut Step<'_>) {
        for id in self.members.keys() {
            self.store_removal(step, id);
        }
        if self.stored {
            step.record(tombstone(&PlacesKey { group_id: group_name(&self.id) }));
            step.record(tombstone(&TargetEpochKey { group_id: group_name(&self.id) }));
            step.record(tombstone(&EpochKey { group_id: group_name(&self.id) }));
        }
    }

    /// Takes in one record; sessions do not run before [`start`](Self::start).
    pub(in crate::group) fn load(&mut self, key: ShareKey, value: Option<&[u8]>) -> Result<(), RecordError> {
        let Some(value) = value else {
            self.load_tombstone(&key);
            return Ok(());
        };
        self.stored = true;
        let group = &self.id;
        match key {
            ShareKey::Epoch => {
                let (_, value) = decode_value::<EpochValue>(group, value)?;
                (self.epoch, self.metadata_hash) = (value.epoch, value.metadata_hash);
            }
            ShareKey::Member(id) => {
                let (_, value) = decode_value::<MemberValue<'_>>(group, value)?;
                self.members.entry(id).or_default().terms = Terms {
                    rack: value.rack_id.map(text),
                    client_id: text(value.client_id),
                    client_host: text(value.client_host),
                    topics: value.subscribed_topic_names.into_iter().map(TopicName::new).collect(),
                };
            }
            ShareKey::TargetEpoch => {
                let (_, value) = decode_value::<TargetEpochValue>(group, value)?;
                self.target_epoch = value.assignment_epoch;
                self.target_made = Timestamp::from_millis(value.assignment_timestamp);
            }
            ShareKey::Target(id) => {
                let (_, value) =
                    decode_value::<target_value::ShareGroupTargetAssignmentMemberValue>(group, value)?;
                let topics = value.topic_partitions.into_iter().map(|t| (t.topic_id, t.partitions));
                self.target.insert(id, target_of(topics));
            }
            ShareKey::Current(id) => {
                let (_, value) =
                    decode_value::<current_value::ShareGroupCurrentMemberAssignmentValue>(group, value)?;
                let topics = value.assigned_partitions.into_iter().map(|t| (t.topic_id, t.partitions));
                self.members.entry(id).or_default().current = Current {
                    epoch: value.member_epoch,
                    previous_epoch: value.previous_member_epoch,
                    assigned: target_of(topics),
                };
            }
            ShareKey::Places => {
                let (_, value) =
                    decode_value::<places_value::ShareGroupStatePartitionMetadataValue<'_>>(group, value)?;
                let by_topic = |infos: Vec<places_value::TopicPartitionsInfo<'_>>| -> ByTopic {
                    let infos = infos.into_iter().map(|info| {
                        let partitions = info.partitions.into_iter().map(PartitionId::new).collect();
                        (info.topic_id, Places { name: TopicName::new(info.topic_name), partitions })
                    });
                    infos.collect()
                };
                let deleting = value.deleting_topics.into_iter();
                self.places = StatePlaces {
                    initializing: by_topic(value.initializing_topics),
                    initialized: by_topic(value.initialized_topics),
                    deleting: deleting.map(|t| (t.topic_id, TopicName::new(t.topic_name))).collect(),
                    asked: Default::default(),
                };
            }
        }
        Ok(())
    }

    fn load_tombstone(&mut self, key: &ShareKey) {
        match key {
            ShareKey::Epoch => *self = Share::new(self.id.clone()),
            ShareKey::Member(id) => drop(self.members.remove(id)),
            ShareKey::TargetEpoch => self.target_epoch = 0,
            ShareKey::Target(id) => drop(self.target.remove(id)),
            ShareKey::Current(id) => {
                if let Some(member) = self.members.get_mut(id) {
                    member.current = Current::default();
                }
            }
            ShareKey::Places => self.places = StatePlaces::default(),
        }
    }

    /// The group is loaded: from now on its members must be heard of.
    pub(in crate::group) fn start(&mut self, step: &mut Step<'_>) {
        let Share { id: group, members, target, .. } = self;
        target.retain(|id, _| members.contains_key(id));
        let timeout_ms = step.cluster.share(group).session_timeout_ms;
        for (id, member) in members {
            self.epoch = self.epoch.max(member.current.epoch);
            let due = step.now.plus_millis(timeout_ms);
            step.timers.set(&mut member.session, due, || TimerKey::Session(group.clone(), id.clone()));
        }
        let is_dealt = |topic: &TopicId, partition: &PartitionId| {
            let mut shares = self.target.values();
            shares.any(|share| share.get(topic).is_some_and(|partitions| partitions.contains(partition)))
        };
        let ready = self.places.initialized.iter();
        self.undealt = ready
            .filter(|(_, places)| self.members.values().any(|m| m.terms.topics.contains(&places.name)))
            .any(|(topic, places)| places.partitions.iter().any(|partition| !is_dealt(topic, partition)));
    }
}

/// What a key names, if it is of a share group.
pub(in crate::group) fn decode_key(
    kind: i16,
    r: &mut Reader<'_>,
) -> Option<Result<(GroupId, ShareKey), DecodeError>> {
    let group = |name: Cow<'_, str>| GroupId::new(name);
    let member = |name: Cow<'_, str>| MemberId::new(name);
    Some(match kind {
        EpochKey::KEY => EpochKey::decode(r, 0).map(|k| (group(k.group_id), ShareKey::Epoch)),
        MemberKey::KEY => {
            MemberKey::decode(r, 0).map(|k| (group(k.group_id), ShareKey::Member(member(k.member_id))))
        }
        TargetEpochKey::KEY => {
            TargetEpochKey::decode(r, 0).map(|k| (group(k.group_id), ShareKey::TargetEpoch))
        }
        TargetKey::KEY => {
            TargetKey::decode(r, 0).map(|k| (group(k.group_id), ShareKey::Target(member(k.member_id))))
        }
        CurrentKey::KEY => {
            CurrentKey::decode(r, 0).map(|k| (group(k.group_id), ShareKey::Current(member(k.member_id))))
        }
        PlacesKey::KEY => PlacesKey::decode(r, 0).map(|k| (group(k.group_id), ShareKey::Places)),
        _ => return None,
    })
}
