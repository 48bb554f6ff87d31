//! The records of a consumer group, and the group made of them again.
//!
//! ```text
//! type  key             value
//!    3  group           epoch, hash of the topics' metadata
//!    4  group           (Kafka before 4.1 only; taken away when met)
//!    5  group, member   what the member wants                        Terms
//!    6  group           epoch and time of the target
//!    7  group, member   its share of the target
//!    8  group, member   what it has, and how far it is               Current
//!   16  group, regex    the topics that the expression finds
//! ```

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::super::records::{
    self, ConsumerKey, RecordError, decode_value, group_name, member_name, record, text, tombstone,
};
use super::super::reply::GroupRecord;
use super::super::request::Protocol;
use super::super::step::Step;
use super::Consumer;
use super::member::{ClassicTerms, Current, Owned, Progress, Target, Terms};
use super::subscription::Resolved;
use crate::ids::{GroupId, InstanceId, MemberId, PartitionId, TopicName};
use crate::time::Timestamp;
use crate::wire::records::consumer_group_current_member_assignment_key::ConsumerGroupCurrentMemberAssignmentKey as CurrentKey;
use crate::wire::records::consumer_group_current_member_assignment_value as current_value;
use crate::wire::records::consumer_group_member_metadata_key::ConsumerGroupMemberMetadataKey as MemberKey;
use crate::wire::records::consumer_group_member_metadata_value as member_value;
use crate::wire::records::consumer_group_metadata_key::ConsumerGroupMetadataKey as EpochKey;
use crate::wire::records::consumer_group_metadata_value::ConsumerGroupMetadataValue as EpochValue;
use crate::wire::records::consumer_group_partition_metadata_key::ConsumerGroupPartitionMetadataKey as PartitionKey;
use crate::wire::records::consumer_group_regular_expression_key::ConsumerGroupRegularExpressionKey as RegexKey;
use crate::wire::records::consumer_group_regular_expression_value::ConsumerGroupRegularExpressionValue as RegexValue;
use crate::wire::records::consumer_group_target_assignment_member_key::ConsumerGroupTargetAssignmentMemberKey as TargetKey;
use crate::wire::records::consumer_group_target_assignment_member_value as target_value;
use crate::wire::records::consumer_group_target_assignment_metadata_key::ConsumerGroupTargetAssignmentMetadataKey as TargetEpochKey;
use crate::wire::records::consumer_group_target_assignment_metadata_value::ConsumerGroupTargetAssignmentMetadataValue as TargetEpochValue;

fn millis(value: u64) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

pub(super) fn member(group: &GroupId, id: &MemberId, terms: &Terms) -> GroupRecord {
    let classic = terms.classic.as_ref().map(|classic| member_value::ClassicMemberMetadata {
        session_timeout_ms: millis(classic.session_timeout_ms),
        supported_protocols: classic
            .protocols
            .iter()
            .map(|protocol| member_value::ClassicProtocol {
                name: Cow::Borrowed(&protocol.name),
                metadata: Cow::Borrowed(&protocol.metadata),
            })
            .collect(),
    });
    let value = member_value::ConsumerGroupMemberMetadataValue {
        instance_id: terms.instance.as_ref().map(|instance| Cow::Borrowed(instance.get())),
        rack_id: terms.rack.as_deref().map(Cow::Borrowed),
        client_id: Cow::Borrowed(&terms.client_id),
        client_host: Cow::Borrowed(&terms.client_host),
        subscribed_topic_names: terms.topics.iter().map(|name| Cow::Borrowed(name.get())).collect(),
        subscribed_topic_regex: terms.regex.as_deref().map(Cow::Borrowed),
        rebalance_timeout_ms: millis(terms.rebalance_timeout_ms),
        server_assignor: terms.assignor.as_deref().map(Cow::Borrowed),
        classic_member_metadata: classic,
    };
    record(&MemberKey { group_id: group_name(group), member_id: member_name(id) }, 0, &value)
}

pub(super) fn current(group: &GroupId, id: &MemberId, current: &Current) -> GroupRecord {
    let value = current_value::ConsumerGroupCurrentMemberAssignmentValue {
        member_epoch: current.epoch,
        previous_member_epoch: current.previous_epoch,
        state: current.progress.code(),
        assigned_partitions: wire_owned(&current.assigned),
        partitions_pending_revocation: wire_owned(&current.revoking),
    };
    record(&CurrentKey { group_id: group_name(group), member_id: member_name(id) }, 0, &value)
}

fn wire_owned(owned: &Owned) -> Vec<current_value::TopicPartitions> {
    let topics = owned.iter().map(|(topic, partitions)| current_value::TopicPartitions {
        topic_id: *topic,
        partitions: partitions.keys().map(|partition| partition.get()).collect(),
        assignment_epochs: Some(partitions.values().copied().collect()),
    });
    topics.collect()
}

pub(super) fn target(group: &GroupId, id: &MemberId, target: &Target) -> GroupRecord {
    let topics = target.iter().map(|(topic, partitions)| target_value::TopicPartition {
        topic_id: *topic,
        partitions: partitions.iter().map(|partition| partition.get()).collect(),
    });
    let value = target_value::ConsumerGroupTargetAssignmentMemberValue { topic_partitions: topics.collect() };
    record(&TargetKey { group_id: group_name(group), member_id: member_name(id) }, 0, &value)
}

pub(super) fn regex(group: &GroupId, regex: &str, found: &Resolved) -> GroupRecord {
    let value = RegexValue {
        topics: found.topics.iter().map(|name| Cow::Borrowed(name.get())).collect(),
        version: found.version.cast_signed(),
        timestamp: found.at.millis(),
    };
    record(&regex_key(group, regex), 0, &value)
}

pub(super) fn regex_tombstone(group: &GroupId, regex: &str) -> GroupRecord {
    tombstone(&regex_key(group, regex))
}

fn regex_key<'a>(group: &'a GroupId, regex: &'a str) -> RegexKey<'a> {
    RegexKey { group_id: group_name(group), regular_expression: Cow::Borrowed(regex) }
}

pub(super) fn partition_metadata_tombstone(group: &GroupId) -> GroupRecord {
    tombstone(&PartitionKey { group_id: group_name(group) })
}

impl Consumer {
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

    /// All of it as it is now, for a group that was another kind before.
    pub(super) fn store_all(&mut self, step: &mut Step<'_>) {
        for (id, one) in &self.members {
            step.record(member(&self.id, id, &one.terms));
        }
        self.store_epoch(step);
        for (id, share) in &self.target {
            step.record(target(&self.id, id, share));
        }
        self.store_target_epoch(step);
        for (id, one) in &self.members {
            step.record(current(&self.id, id, &one.current));
        }
    }

    /// The log is to forget the group, but for its offsets.
    pub(in crate::group) fn store_end(&self, step: &mut Step<'_>) {
        for id in self.members.keys() {
            self.store_removal(step, id);
        }
        for regex in self.regexes.keys() {
            step.record(regex_tombstone(&self.id, regex));
        }
        if self.has_partition_metadata {
            step.record(partition_metadata_tombstone(&self.id));
        }
        if self.stored {
            step.record(tombstone(&TargetEpochKey { group_id: group_name(&self.id) }));
            step.record(tombstone(&EpochKey { group_id: group_name(&self.id) }));
        }
    }

    /// Takes in one record; sessions do not run, and nobody holds anything, before [`start`](Self::start).
    pub(in crate::group) fn load(
        &mut self,
        key: ConsumerKey,
        value: Option<&[u8]>,
    ) -> Result<(), RecordError> {
        let Some(value) = value else {
            self.load_tombstone(&key);
            return Ok(());
        };
        self.stored = true;
        let group = &self.id;
        match key {
            ConsumerKey::Epoch => {
                let (_, value) = decode_value::<EpochValue>(group, value)?;
                (self.epoch, self.metadata_hash) = (value.epoch, value.metadata_hash);
            }
            ConsumerKey::PartitionMetadata => self.has_partition_metadata = true,
            ConsumerKey::Member(id) => {
                let (_, value) =
                    decode_value::<member_value::ConsumerGroupMemberMetadataValue>(group, value)?;
                self.members.entry(id).or_default().terms = terms(value);
            }
            ConsumerKey::TargetEpoch => {
                let (_, value) = decode_value::<TargetEpochValue>(group, value)?;
                self.target_epoch = value.assignment_epoch;
                self.target_made = Timestamp::from_millis(value.assignment_timestamp);
            }
            ConsumerKey::Target(id) => {
                let (_, value) =
                    decode_value::<target_value::ConsumerGroupTargetAssignmentMemberValue>(group, value)?;
                let topics = value.topic_partitions.into_iter();
                let topics =
                    topics.map(|t| (t.topic_id, t.partitions.into_iter().map(PartitionId::new).collect()));
                self.target.insert(id, topics.collect());
            }
            ConsumerKey::Current(id) => {
                let (_, value) =
                    decode_value::<current_value::ConsumerGroupCurrentMemberAssignmentValue>(group, value)?;
                self.members.entry(id).or_default().current = loaded_current(value);
            }
            ConsumerKey::Regex(regex) => {
                let (_, value) = decode_value::<RegexValue>(group, value)?;
                let topics = value.topics.into_iter().map(TopicName::new).collect();
                let at = Timestamp::from_millis(value.timestamp);
                self.regexes.insert(regex, Resolved { topics, version: value.version.cast_unsigned(), at });
            }
        }
        Ok(())
    }

    fn load_tombstone(&mut self, key: &ConsumerKey) {
        match key {
            ConsumerKey::Epoch => *self = Consumer::new(self.id.clone()),
            ConsumerKey::PartitionMetadata => self.has_partition_metadata = false,
            ConsumerKey::Member(id) => drop(self.members.remove(id)),
            ConsumerKey::TargetEpoch => self.target_epoch = 0,
            ConsumerKey::Target(id) => drop(self.target.remove(id)),
            ConsumerKey::Current(id) => {
                if let Some(member) = self.members.get_mut(id) {
                    member.current = Current::default();
                }
            }
            ConsumerKey::Regex(regex) => drop(self.regexes.remove(regex)),
        }
    }

    /// The group is loaded: from now on its members must be heard of.
    pub(in crate::group) fn start(&mut self, step: &mut Step<'_>) {
        let ids: Vec<MemberId> = self.members.keys().cloned().collect();
        self.target.retain(|id, _| ids.binary_search(id).is_ok());
        let timing = step.cluster.timing(&self.id);
        for id in &ids {
            let member = self.members.get_mut(id).expect("just listed");
            if let Some(instance) = member.terms.instance.clone() {
                self.statics.insert(instance, id.clone());
            }
            let mut current = std::mem::take(&mut member.current);
            // Two holders of a partition cannot be; if a log says so, the first keeps it.
            for owned in [&mut current.assigned, &mut current.revoking] {
                for (topic, partitions) in owned.iter_mut() {
                    partitions.retain(|partition, _| !self.holders.contains_key(&(*topic, *partition)));
                }
                owned.retain(|_, partitions| !partitions.is_empty());
            }
            if current.progress == Progress::Unrevoked && current.revoking.is_empty() {
                current.progress = Progress::Unreleased;
            } else if current.progress != Progress::Unrevoked {
                current.revoking.clear();
            }
            self.epoch = self.epoch.max(current.epoch);
            let session = member.terms.classic.as_ref().map(|classic| classic.session_timeout_ms);
            self.set_current(id, current);
            self.renew_session(step, id, session.unwrap_or(timing.session_timeout_ms));
            self.restart_revocation(step, id);
        }
        // Of two members of an instance the log's last word is the one that counts; the other falls silent.
        for (id, member) in &mut self.members {
            if let Some(instance) = &member.terms.instance
                && self.statics.get(instance) != Some(id)
            {
                member.terms.instance = None;
            }
        }
        let wanted: Vec<Arc<str>> = self.members.values().filter_map(|m| m.terms.regex.clone()).collect();
        self.regexes.retain(|regex, _| wanted.contains(regex));
        for regex in wanted {
            self.regexes.entry(regex).or_default();
        }
    }
}

fn terms(value: member_value::ConsumerGroupMemberMetadataValue<'_>) -> Terms {
    let positive = |millis: i32| millis.max(0).unsigned_abs().into();
    let classic = value.classic_member_metadata.filter(|classic| !classic.supported_protocols.is_empty());
    Terms {
        instance: value.instance_id.map(InstanceId::new),
        rack: value.rack_id.map(text),
        client_id: text(value.client_id),
        client_host: text(value.client_host),
        rebalance_timeout_ms: if value.rebalance_timeout_ms == -1 {
            Terms::default().rebalance_timeout_ms
        } else {
            positive(value.rebalance_timeout_ms)
        },
        topics: value.subscribed_topic_names.into_iter().map(TopicName::new).collect(),
        regex: value.subscribed_topic_regex.map(text).filter(|regex| !regex.is_empty()),
        assignor: value.server_assignor.map(text),
        classic: classic.map(|classic| ClassicTerms {
            session_timeout_ms: positive(classic.session_timeout_ms),
            protocols: classic
                .supported_protocols
                .into_iter()
                .map(|protocol| Protocol {
                    name: text(protocol.name),
                    metadata: Bytes::copy_from_slice(&protocol.metadata),
                })
                .collect(),
        }),
    }
}

fn loaded_current(value: current_value::ConsumerGroupCurrentMemberAssignmentValue) -> Current {
    let epoch = value.member_epoch;
    let owned = |topics: Vec<current_value::TopicPartitions>| -> Owned {
        let mut owned = Owned::new();
        for topic in topics {
            let epochs = topic.assignment_epochs.unwrap_or_default();
            let known = epochs.len() == topic.partitions.len();
            let partitions = topic.partitions.iter().enumerate().map(|(nth, partition)| {
                // Records before 4.3 do not say: the member's own epoch is the strictest there can be.
                (PartitionId::new(*partition), if known { epochs[nth] } else { epoch })
            });
            let partitions: BTreeMap<PartitionId, i32> = partitions.collect();
            if !partitions.is_empty() {
                owned.entry(topic.topic_id).or_default().extend(partitions);
            }
        }
        owned
    };
    Current {
        epoch,
        previous_epoch: value.previous_member_epoch,
        progress: Progress::from_code(value.state),
        assigned: owned(value.assigned_partitions),
        revoking: owned(value.partitions_pending_revocation),
    }
}

/// What a key names, if it is of a consumer group.
pub(in crate::group) fn decode_key(
    kind: i16,
    r: &mut crate::wire::Reader<'_>,
) -> Option<Result<(GroupId, ConsumerKey), crate::wire::DecodeError>> {
    use crate::wire::{Decode, Message};
    type Decoded = Result<(GroupId, ConsumerKey), crate::wire::DecodeError>;
    let group = |name: Cow<'_, str>| GroupId::new(name);
    let found: Decoded = match kind {
        EpochKey::KEY => EpochKey::decode(r, 0).map(|k| (group(k.group_id), ConsumerKey::Epoch)),
        PartitionKey::KEY => {
            PartitionKey::decode(r, 0).map(|k| (group(k.group_id), ConsumerKey::PartitionMetadata))
        }
        MemberKey::KEY => MemberKey::decode(r, 0)
            .map(|k| (group(k.group_id), ConsumerKey::Member(MemberId::new(k.member_id)))),
        TargetEpochKey::KEY => {
            TargetEpochKey::decode(r, 0).map(|k| (group(k.group_id), ConsumerKey::TargetEpoch))
        }
        TargetKey::KEY => TargetKey::decode(r, 0)
            .map(|k| (group(k.group_id), ConsumerKey::Target(MemberId::new(k.member_id)))),
        CurrentKey::KEY => CurrentKey::decode(r, 0)
            .map(|k| (group(k.group_id), ConsumerKey::Current(MemberId::new(k.member_id)))),
        RegexKey::KEY => RegexKey::decode(r, 0)
            .map(|k| (group(k.group_id), ConsumerKey::Regex(records::text(k.regular_expression)))),
        _ => return None,
    };
    Some(found)
}
