//! The records of a streams group, and the group made of them again.
//!
//! ```text
//! type  key             value
//!   17  group           epoch, hash of the topics' metadata, which topology's topics are right, settings dealt with
//!   19  group, member   who the member is                         Terms
//!   20  group           epoch and time of the target
//!   21  group, member   its share of the target
//!   22  group, member   what it has, and how far it is            Current
//!   23  group           what the application is made of           StreamsTopology
//! ```

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::records::{
    RecordError, StreamsKey, decode_value, group_name, member_name, record, text, tombstone,
};
use super::super::reply::{GroupRecord, TaskIds};
use super::super::step::Step;
use super::super::timers::TimerKey;
use super::reconcile::Current;
use super::task::{Held, Role, Target, each, ids};
use super::topology::{CopartitionGroup, InternalTopic, StreamsTopology, Subtopology};
use super::{Member, Progress, Streams, Terms};
use crate::ids::{GroupId, MemberId, PartitionId, TopicName};
use crate::time::Timestamp;
use crate::wire::records::streams_group_current_member_assignment_key::StreamsGroupCurrentMemberAssignmentKey as CurrentKey;
use crate::wire::records::streams_group_current_member_assignment_value as current_value;
use crate::wire::records::streams_group_member_metadata_key::StreamsGroupMemberMetadataKey as MemberKey;
use crate::wire::records::streams_group_member_metadata_value as member_value;
use crate::wire::records::streams_group_metadata_key::StreamsGroupMetadataKey as EpochKey;
use crate::wire::records::streams_group_metadata_value as epoch_value;
use crate::wire::records::streams_group_target_assignment_member_key::StreamsGroupTargetAssignmentMemberKey as TargetKey;
use crate::wire::records::streams_group_target_assignment_member_value as target_value;
use crate::wire::records::streams_group_target_assignment_metadata_key::StreamsGroupTargetAssignmentMetadataKey as TargetEpochKey;
use crate::wire::records::streams_group_target_assignment_metadata_value::StreamsGroupTargetAssignmentMetadataValue as TargetEpochValue;
use crate::wire::records::streams_group_topology_key::StreamsGroupTopologyKey as TopologyKey;
use crate::wire::records::streams_group_topology_value as topology_value;
use crate::wire::{Decode, DecodeError, Message, Reader};

fn numbers(partitions: Vec<PartitionId>) -> Vec<i32> {
    partitions.into_iter().map(PartitionId::get).collect()
}

fn partitions(numbers: &[i32]) -> Vec<PartitionId> {
    numbers.iter().copied().map(PartitionId::new).collect()
}

fn names<'a>(names: &'a [TopicName]) -> Vec<Cow<'a, str>> {
    names.iter().map(|name| Cow::Borrowed(name.get())).collect()
}

pub(super) fn member(group: &GroupId, id: &MemberId, terms: &Terms) -> GroupRecord {
    let tags = terms
        .tags
        .iter()
        .map(|(key, value)| member_value::KeyValue { key: Cow::Borrowed(key), value: Cow::Borrowed(value) });
    let value = member_value::StreamsGroupMemberMetadataValue {
        instance_id: None,
        rack_id: terms.rack.as_deref().map(Cow::Borrowed),
        client_id: Cow::Borrowed(&terms.client_id),
        client_host: Cow::Borrowed(&terms.client_host),
        rebalance_timeout_ms: terms.rebalance_timeout_ms,
        topology_epoch: terms.topology_epoch,
        process_id: Cow::Borrowed(&terms.process),
        user_endpoint: terms
            .endpoint
            .as_ref()
            .map(|(host, port)| member_value::Endpoint { host: Cow::Borrowed(host), port: *port }),
        client_tags: tags.collect(),
    };
    record(&MemberKey { group_id: group_name(group), member_id: member_name(id) }, 0, &value)
}

pub(super) fn target(group: &GroupId, id: &MemberId, target: &Target) -> GroupRecord {
    let of = |role| {
        let tasks = ids(target, role).into_iter().map(|(id, partitions)| target_value::TaskIds {
            subtopology_id: Cow::Owned(id.to_string()),
            partitions: numbers(partitions),
        });
        tasks.collect()
    };
    let value = target_value::StreamsGroupTargetAssignmentMemberValue {
        active_tasks: of(Role::Active),
        standby_tasks: of(Role::Standby),
        warmup_tasks: of(Role::Warmup),
    };
    record(&TargetKey { group_id: group_name(group), member_id: member_name(id) }, 0, &value)
}

pub(super) fn current(group: &GroupId, id: &MemberId, current: &Current) -> GroupRecord {
    let of = |held: &Held, role| {
        let tasks = ids(held.keys(), role).into_iter().map(|(id, partitions)| {
            let since = |partition: &PartitionId| held[&(role, (id.clone(), *partition))];
            current_value::TaskIds {
                // Only active tasks are committed for.
                assignment_epochs: (role == Role::Active).then(|| partitions.iter().map(since).collect()),
                subtopology_id: Cow::Owned(id.to_string()),
                partitions: numbers(partitions),
            }
        });
        tasks.collect()
    };
    let value = current_value::StreamsGroupCurrentMemberAssignmentValue {
        member_epoch: current.epoch,
        previous_member_epoch: current.previous_epoch,
        state: current.progress.code(),
        active_tasks: of(&current.assigned, Role::Active),
        standby_tasks: of(&current.assigned, Role::Standby),
        warmup_tasks: of(&current.assigned, Role::Warmup),
        active_tasks_pending_revocation: of(&current.revoking, Role::Active),
        standby_tasks_pending_revocation: of(&current.revoking, Role::Standby),
        warmup_tasks_pending_revocation: of(&current.revoking, Role::Warmup),
    };
    record(&CurrentKey { group_id: group_name(group), member_id: member_name(id) }, 0, &value)
}

pub(super) fn topology(group: &GroupId, topology: &StreamsTopology) -> GroupRecord {
    fn infos(topics: &[InternalTopic]) -> Vec<topology_value::TopicInfo<'_>> {
        let infos = topics.iter().map(|topic| topology_value::TopicInfo {
            name: Cow::Borrowed(topic.name.get()),
            partitions: topic.partitions,
            replication_factor: topic.replication_factor,
            topic_configs: topic
                .configs
                .iter()
                .map(|(key, value)| topology_value::TopicConfig {
                    key: Cow::Borrowed(key),
                    value: Cow::Borrowed(value),
                })
                .collect(),
        });
        infos.collect()
    }
    let parts = topology.subtopologies.iter().map(|(id, part)| topology_value::Subtopology {
        subtopology_id: Cow::Borrowed(id),
        source_topics: names(&part.sources),
        source_topic_regex: part.source_regexes.iter().map(|regex| Cow::Borrowed(&**regex)).collect(),
        state_changelog_topics: infos(&part.changelogs),
        repartition_sink_topics: names(&part.repartition_sinks),
        repartition_source_topics: infos(&part.repartition_sources),
        copartition_groups: part
            .copartitions
            .iter()
            .map(|group| topology_value::CopartitionGroup {
                source_topics: group.sources.clone(),
                source_topic_regex: group.source_regexes.clone(),
                repartition_source_topics: group.repartition_sources.clone(),
            })
            .collect(),
    });
    let value =
        topology_value::StreamsGroupTopologyValue { epoch: topology.epoch, subtopologies: parts.collect() };
    record(&TopologyKey { group_id: group_name(group) }, 0, &value)
}

impl Streams {
    pub(super) fn store_epoch(&mut self, step: &mut Step<'_>) {
        self.stored = true;
        let settings = self.dealt_with.iter().map(|(key, value)| epoch_value::LastAssignmentConfig {
            key: Cow::Borrowed(key),
            value: Cow::Borrowed(value),
        });
        let value = epoch_value::StreamsGroupMetadataValue {
            epoch: self.epoch,
            metadata_hash: self.metadata_hash,
            validated_topology_epoch: self.validated,
            last_assignment_configs: Some(settings.collect()),
        };
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

    /// The log is to forget the group, but for its offsets.
    pub(in crate::group) fn store_end(&self, step: &mut Step<'_>) {
        for id in self.members.keys() {
            self.store_removal(step, id);
        }
        if self.stored {
            step.record(tombstone(&TargetEpochKey { group_id: group_name(&self.id) }));
            step.record(tombstone(&EpochKey { group_id: group_name(&self.id) }));
            step.record(tombstone(&TopologyKey { group_id: group_name(&self.id) }));
        }
    }

    /// Takes in one record; sessions do not run before [`start`](Self::start).
    pub(in crate::group) fn load(
        &mut self,
        key: StreamsKey,
        value: Option<&[u8]>,
    ) -> Result<(), RecordError> {
        let Some(value) = value else {
            self.load_tombstone(&key);
            return Ok(());
        };
        self.stored = true;
        let group = &self.id;
        match key {
            StreamsKey::Epoch => {
                let (_, value) = decode_value::<epoch_value::StreamsGroupMetadataValue<'_>>(group, value)?;
                (self.epoch, self.metadata_hash) = (value.epoch, value.metadata_hash);
                self.validated = value.validated_topology_epoch;
                let settings = value.last_assignment_configs.into_iter().flatten();
                self.dealt_with = settings.map(|c| (text(c.key), text(c.value))).collect();
            }
            StreamsKey::Member(id) => {
                let (_, value) =
                    decode_value::<member_value::StreamsGroupMemberMetadataValue<'_>>(group, value)?;
                self.members.entry(id).or_default().terms = loaded_terms(value);
            }
            StreamsKey::TargetEpoch => {
                let (_, value) = decode_value::<TargetEpochValue>(group, value)?;
                self.target_epoch = value.assignment_epoch;
                self.target_made = Timestamp::from_millis(value.assignment_timestamp);
            }
            StreamsKey::Target(id) => {
                let (_, value) =
                    decode_value::<target_value::StreamsGroupTargetAssignmentMemberValue<'_>>(group, value)?;
                let ids = |tasks: Vec<target_value::TaskIds<'_>>| -> TaskIds {
                    tasks.into_iter().map(|t| (text(t.subtopology_id), partitions(&t.partitions))).collect()
                };
                let roles = [
                    (Role::Active, ids(value.active_tasks)),
                    (Role::Standby, ids(value.standby_tasks)),
                    (Role::Warmup, ids(value.warmup_tasks)),
                ];
                let target = roles.into_iter().flat_map(|(role, ids)| each(role, ids)).collect();
                self.target.insert(id, target);
            }
            StreamsKey::Current(id) => {
                let (_, value) = decode_value::<current_value::StreamsGroupCurrentMemberAssignmentValue<'_>>(
                    group, value,
                )?;
                self.members.entry(id).or_default().current = loaded_current(value);
            }
            StreamsKey::Topology => {
                let (_, value) = decode_value::<topology_value::StreamsGroupTopologyValue<'_>>(group, value)?;
                let topology = loaded_topology(value);
                topology.check().map_err(|_| RecordError::Contradiction {
                    group: group.clone(),
                    problem: "the topology cannot be",
                })?;
                self.topology = Some(Arc::new(topology));
            }
        }
        Ok(())
    }

    fn load_tombstone(&mut self, key: &StreamsKey) {
        match key {
            StreamsKey::Epoch => {
                // The topology's own tombstone comes after it.
                let topology = self.topology.take();
                *self = Streams { topology, ..Streams::new(self.id.clone()) };
            }
            StreamsKey::Member(id) => drop(self.members.remove(id)),
            StreamsKey::TargetEpoch => self.target_epoch = 0,
            StreamsKey::Target(id) => drop(self.target.remove(id)),
            StreamsKey::Current(id) => {
                if let Some(member) = self.members.get_mut(id) {
                    member.current = Current::default();
                }
            }
            StreamsKey::Topology => self.topology = None,
        }
    }

    /// The group is loaded: from now on its members must be heard of.
    pub(in crate::group) fn start(&mut self, step: &mut Step<'_>) {
        let ids: Vec<MemberId> = self.members.keys().cloned().collect();
        self.target.retain(|id, _| ids.binary_search(id).is_ok());
        let timeout_ms = step.cluster.streams(&self.id).session_timeout_ms;
        // What a group begins with is not in the log before tasks are dealt, and 0 is the epoch of members that join.
        self.target_epoch = self.target_epoch.max(self.epoch.min(1));
        for id in &ids {
            let Member { mut current, terms, .. } = self.members.remove(id).expect("just listed");
            // Two cannot have what one can; if a log says so, the first keeps it.
            let is_free = |(role, task): &(Role, _)| self.is_free(id, &terms.process, *role, task);
            current.assigned.retain(|place, _| is_free(place));
            current.revoking.retain(|place, _| is_free(place));
            if current.progress == Progress::Unrevoked && current.revoking.is_empty() {
                current.progress = Progress::Unreleased;
            } else if current.progress != Progress::Unrevoked {
                current.revoking.clear();
            }
            self.epoch = self.epoch.max(current.epoch);
            let mut member = Member { terms, current, ..Member::default() };
            let due = step.now.plus_millis(timeout_ms);
            step.timers.set(&mut member.session, due, || TimerKey::Session(self.id.clone(), id.clone()));
            self.members.insert(id.clone(), member);
            self.time_revocation(step, id);
        }
    }
}

fn loaded_terms(value: member_value::StreamsGroupMemberMetadataValue<'_>) -> Terms {
    let tags: BTreeMap<Arc<str>, Arc<str>> =
        value.client_tags.into_iter().map(|tag| (text(tag.key), text(tag.value))).collect();
    Terms {
        rack: value.rack_id.map(text),
        client_id: text(value.client_id),
        client_host: text(value.client_host),
        rebalance_timeout_ms: value.rebalance_timeout_ms,
        topology_epoch: value.topology_epoch,
        process: text(value.process_id),
        endpoint: value.user_endpoint.map(|endpoint| (text(endpoint.host), endpoint.port)),
        tags,
    }
}

fn loaded_current(value: current_value::StreamsGroupCurrentMemberAssignmentValue<'_>) -> Current {
    let epoch = value.member_epoch;
    let held = |roles: [(Role, Vec<current_value::TaskIds<'_>>); 3]| -> Held {
        let mut held = Held::new();
        for (role, tasks) in roles {
            for task in tasks {
                let id = text(task.subtopology_id);
                let epochs = task.assignment_epochs.filter(|epochs| epochs.len() == task.partitions.len());
                for (nth, partition) in task.partitions.iter().enumerate() {
                    let since = match (&epochs, role) {
                        (Some(epochs), Role::Active) => epochs[nth],
                        // Records before 4.3 do not say: the member's own epoch is the strictest there can be.
                        (None, Role::Active) => epoch,
                        _ => 0,
                    };
                    held.insert((role, (id.clone(), PartitionId::new(*partition))), since);
                }
            }
        }
        held
    };
    Current {
        epoch,
        previous_epoch: value.previous_member_epoch,
        progress: Progress::from_code(value.state),
        assigned: held([
            (Role::Active, value.active_tasks),
            (Role::Standby, value.standby_tasks),
            (Role::Warmup, value.warmup_tasks),
        ]),
        revoking: held([
            (Role::Active, value.active_tasks_pending_revocation),
            (Role::Standby, value.standby_tasks_pending_revocation),
            (Role::Warmup, value.warmup_tasks_pending_revocation),
        ]),
    }
}

fn loaded_topology(value: topology_value::StreamsGroupTopologyValue<'_>) -> StreamsTopology {
    let names = |names: Vec<Cow<'_, str>>| names.into_iter().map(TopicName::new).collect();
    let topics = |infos: Vec<topology_value::TopicInfo<'_>>| {
        let topics = infos.into_iter().map(|info| InternalTopic {
            name: TopicName::new(info.name),
            partitions: info.partitions,
            replication_factor: info.replication_factor,
            configs: info.topic_configs.into_iter().map(|c| (text(c.key), text(c.value))).collect(),
        });
        topics.collect()
    };
    let parts = value.subtopologies.into_iter().map(|part| {
        let loaded = Subtopology {
            sources: names(part.source_topics),
            source_regexes: part.source_topic_regex.into_iter().map(text).collect(),
            changelogs: topics(part.state_changelog_topics),
            repartition_sinks: names(part.repartition_sink_topics),
            repartition_sources: topics(part.repartition_source_topics),
            copartitions: part
                .copartition_groups
                .into_iter()
                .map(|group| CopartitionGroup {
                    sources: group.source_topics,
                    source_regexes: group.source_topic_regex,
                    repartition_sources: group.repartition_source_topics,
                })
                .collect(),
        };
        (text(part.subtopology_id), loaded)
    });
    StreamsTopology { epoch: value.epoch, subtopologies: parts.collect() }
}

/// What a key names, if it is of a streams group.
pub(in crate::group) fn decode_key(
    kind: i16,
    r: &mut Reader<'_>,
) -> Option<Result<(GroupId, StreamsKey), DecodeError>> {
    let group = |name: Cow<'_, str>| GroupId::new(name);
    let member = |name: Cow<'_, str>| MemberId::new(name);
    Some(match kind {
        EpochKey::KEY => EpochKey::decode(r, 0).map(|k| (group(k.group_id), StreamsKey::Epoch)),
        MemberKey::KEY => {
            MemberKey::decode(r, 0).map(|k| (group(k.group_id), StreamsKey::Member(member(k.member_id))))
        }
        TargetEpochKey::KEY => {
            TargetEpochKey::decode(r, 0).map(|k| (group(k.group_id), StreamsKey::TargetEpoch))
        }
        TargetKey::KEY => {
            TargetKey::decode(r, 0).map(|k| (group(k.group_id), StreamsKey::Target(member(k.member_id))))
        }
        CurrentKey::KEY => {
            CurrentKey::decode(r, 0).map(|k| (group(k.group_id), StreamsKey::Current(member(k.member_id))))
        }
        TopologyKey::KEY => TopologyKey::decode(r, 0).map(|k| (group(k.group_id), StreamsKey::Topology)),
        _ => return None,
    })
}
