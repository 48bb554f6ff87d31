//! Consumer groups in scripts (KIP-848).
//!
//! ```text
//! topics t=4 u=2                               these topics are all there are; ids are of their names
//! timing session=45s interval=1s               of all groups; the heartbeat interval is 5s
//! beat g member=m [epoch=0] [topics=t,u] [regex=t.*] [rebalance=60s|-] [owned=t:0,1+u:2|none|-]
//!        [instance=i] [rack=r] [assignor=range] [client=c] [v=1]
//!                                              epoch 0 says a rebalance timeout of 60s and no partitions
//! consumers g h                                what they are like
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use headwater_core::config;
use headwater_core::group::*;
use headwater_core::ids::*;
use headwater_core::wire::records::consumer_protocol_assignment::ConsumerProtocolAssignment;
use headwater_core::wire::{Decode, Reader};

use crate::script::Words;
use crate::world::{World, short};

/// The cluster of a scenario.
#[derive(Clone, Debug)]
pub struct Topics {
    pub partitions: BTreeMap<String, i32>,
    pub timing: config::GroupConfig,
    /// Of streams groups: the initial delay in milliseconds, the standby replicas.
    pub streams: (u64, usize),
}

impl Default for Topics {
    fn default() -> Self {
        let timing = config::GroupConfig {
            session_timeout_ms: 45_000,
            heartbeat_interval_ms: 5_000,
            assignment_interval_ms: 0,
        };
        Self { partitions: BTreeMap::new(), timing, streams: (0, 0) }
    }
}

/// A topic's id: the bytes of its name, so that transcripts can say the name.
pub fn topic_id(name: &str) -> TopicId {
    let mut id = [0; 16];
    id[..name.len()].copy_from_slice(name.as_bytes());
    TopicId::new(id)
}

pub fn topic_name(id: TopicId) -> String {
    id.get().into_iter().filter(|byte| *byte != 0).map(char::from).collect()
}

impl Cluster for Topics {
    fn topic(&self, name: &str) -> Option<KnownTopic> {
        self.partitions.get(name).map(|count| KnownTopic { id: topic_id(name), partitions: *count })
    }

    fn topic_name(&self, id: TopicId) -> Option<TopicName> {
        Some(topic_name(id)).filter(|name| self.partitions.contains_key(name)).map(TopicName::new)
    }

    fn each_topic(&self, visit: &mut dyn FnMut(&str)) {
        self.partitions.keys().for_each(|name| visit(name));
    }

    fn timing(&self, _: &GroupId) -> config::GroupConfig {
        self.timing
    }

    fn streams(&self, _: &GroupId) -> config::StreamsGroupConfig {
        config::StreamsGroupConfig {
            session_timeout_ms: self.timing.session_timeout_ms,
            heartbeat_interval_ms: self.timing.heartbeat_interval_ms,
            assignment_interval_ms: self.timing.assignment_interval_ms,
            initial_rebalance_delay_ms: self.streams.0,
            standby_replicas: self.streams.1,
        }
    }
}

/// Plays a command of a consumer group; answers whether it is one.
pub fn play(world: &mut World, verb: &str, words: &Words<'_>, label: String) -> bool {
    let (now, wall) = (world.now, world.wall());
    match verb {
        "topics" => {
            let counts = words.options.iter().map(|(name, count)| ((*name).into(), count.parse().unwrap()));
            world.topics.partitions = counts.collect();
            world.lend_topics();
        }
        "timing" => {
            let timing = &mut world.topics.timing;
            let millis = |name, default| words.millis(name).map_or(default, i64::unsigned_abs);
            timing.session_timeout_ms = millis("session", timing.session_timeout_ms);
            timing.assignment_interval_ms = millis("interval", timing.assignment_interval_ms);
            world.lend_topics();
        }
        "beat" => {
            let request = heartbeat(words);
            let to = world.waiter(label);
            world.coordinator.on_consumer_heartbeat(now, wall, to, request, &mut world.out);
        }
        "consumers" => {
            let groups = words.plain.iter().map(|group| GroupId::new(*group)).collect();
            let to = world.waiter(label);
            world.coordinator.on_describe_consumers(now, wall, to, groups, &mut world.out);
        }
        _ => return false,
    }
    true
}

fn heartbeat(words: &Words<'_>) -> ConsumerHeartbeat {
    let epoch = words.number("epoch").unwrap_or(0);
    let text = |name: &str| words.get(name).map(Arc::from);
    let said = |name: &str, default: &'static str| {
        words.get(name).or((epoch == 0).then_some(default)).filter(|said| *said != "-")
    };
    let rebalance = said("rebalance", "60s").map(|said| crate::script::millis(said) as i32);
    ConsumerHeartbeat {
        group: words.group(),
        member: words.get("member").map(MemberId::new),
        client_makes_id: words.number("v").unwrap_or(1) >= 1,
        epoch,
        instance: words.instance(),
        rack: text("rack"),
        rebalance_timeout_ms: rebalance,
        topics: words
            .get("topics")
            .map(|names| names.split(',').filter(|name| !name.is_empty()).map(TopicName::new).collect()),
        regex: text("regex"),
        assignor: text("assignor"),
        owned: said("owned", "none").map(owned),
        client_id: words.get("client").unwrap_or("c").into(),
        client_host: "/192.0.2.1".into(),
        random: 1,
    }
}

/// `t:0,1+u:2`
pub fn owned(text: &str) -> Vec<(TopicId, Vec<PartitionId>)> {
    let topics = text.split('+').filter(|part| *part != "none");
    let topics = topics.map(|part| {
        let (topic, numbers) = part.split_once(':').expect("topic:partitions");
        (topic_id(topic), numbers.split(',').map(|n| PartitionId::new(n.parse().unwrap())).collect())
    });
    topics.collect()
}

pub fn places(places: &Places) -> String {
    if places.is_empty() {
        return "nothing".into();
    }
    let topics = places.iter().map(|(topic, numbers)| {
        let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        format!("{}:{}", topic_name(*topic), numbers.join(","))
    });
    topics.collect::<Vec<_>>().join("+")
}

pub fn answered(answer: &ConsumerAnswer) -> String {
    if answer.error.is_error() {
        return format!("{} ({})", answer.error, answer.message.as_deref().unwrap_or_default());
    }
    let member = answer.member.as_ref().map(short).unwrap_or_default();
    let mut text = format!("{member} epoch {}", answer.epoch);
    if let Some(assignment) = &answer.assignment {
        text.push_str(&format!(" gets {}", places(assignment)));
    }
    text
}

pub fn described(groups: &[DescribedConsumerGroup]) -> String {
    let groups = groups.iter().map(|group| {
        if group.error.is_error() {
            return format!("{} {}", group.group, group.error);
        }
        let mut text = format!(
            "{} {} epoch {} target {} by {}",
            group.group, group.state, group.epoch, group.target_epoch, group.assignor
        );
        for member in &group.members {
            text.push_str(&format!(", {} epoch {}", short(&member.member), member.epoch));
            if let Some(instance) = &member.instance {
                text.push_str(&format!(" instance {instance}"));
            }
            let topics: Vec<&str> = member.topics.iter().map(TopicName::get).collect();
            text.push_str(&format!(" reads {}", topics.join("+")));
            if let Some(regex) = &member.regex {
                text.push_str(&format!(" and {regex}"));
            }
            text.push_str(&format!(" has {} of {}", places(&member.assigned), places(&member.target)));
            text.push_str(if member.is_classic { " (classic)" } else { "" });
        }
        text
    });
    groups.collect::<Vec<_>>().join("; ")
}

/// What a classic member of a consumer group is told, if it is that.
pub fn share(bytes: &[u8]) -> Option<String> {
    let mut r = Reader::new(bytes);
    let version = r.i16().ok().filter(|version| (0..=3).contains(version))?;
    let value = ConsumerProtocolAssignment::decode(&mut r, version).ok()?;
    let topics = value.assigned_partitions.iter().map(|topic| {
        (topic_id(&topic.topic), topic.partitions.iter().map(|n| PartitionId::new(*n)).collect())
    });
    Some(places(&topics.collect()))
}

/// A record of a consumer group in words.
pub fn record(kind: i16, mut k: Reader<'_>, value: Option<&[u8]>) -> Option<String> {
    use headwater_core::wire::records::{
        consumer_group_current_member_assignment_value as current,
        consumer_group_member_metadata_value as member,
        consumer_group_metadata_value::ConsumerGroupMetadataValue as Epoch,
        consumer_group_regular_expression_value::ConsumerGroupRegularExpressionValue as Regex,
        consumer_group_target_assignment_member_value as target,
        consumer_group_target_assignment_metadata_value::ConsumerGroupTargetAssignmentMetadataValue as TargetEpoch,
    };
    let group = k.string(false).ok()?.to_string();
    let mut name = || k.string(false).map(|name| short(&MemberId::new(name))).unwrap();
    let what = match kind {
        3 => format!("epoch of {group}"),
        5 => format!("member {group}/{}", name()),
        6 => format!("target epoch of {group}"),
        7 => format!("target {group}/{}", name()),
        8 => format!("current {group}/{}", name()),
        16 => format!("regex {group} {}", name()),
        _ => return None,
    };
    let Some(value) = value else { return Some(format!("{what} gone")) };
    let mut r = Reader::new(value);
    assert_eq!(r.i16().unwrap(), 0);
    let says = match kind {
        3 => format!("{}", Epoch::decode(&mut r, 0).unwrap().epoch),
        5 => {
            let value = member::ConsumerGroupMemberMetadataValue::decode(&mut r, 0).unwrap();
            let mut text = value.subscribed_topic_names.join("+");
            for (before, more) in [
                (" regex ", value.subscribed_topic_regex),
                (" instance ", value.instance_id),
                (" rack ", value.rack_id),
                (" assignor ", value.server_assignor),
            ] {
                if let Some(more) = more {
                    text.push_str(&format!("{before}{more}"));
                }
            }
            text.push_str(&format!(" timeout {}", value.rebalance_timeout_ms));
            if let Some(classic) = value.classic_member_metadata {
                let names: Vec<&str> = classic.supported_protocols.iter().map(|p| &*p.name).collect();
                text.push_str(&format!(" classic {}", names.join(",")));
            }
            text
        }
        6 => {
            let value = TargetEpoch::decode(&mut r, 0).unwrap();
            format!("{} at {}", value.assignment_epoch, value.assignment_timestamp)
        }
        7 => {
            let value = target::ConsumerGroupTargetAssignmentMemberValue::decode(&mut r, 0).unwrap();
            let topics = value.topic_partitions.into_iter();
            let topics =
                topics.map(|t| (t.topic_id, t.partitions.into_iter().map(PartitionId::new).collect()));
            places(&topics.collect())
        }
        8 => {
            let value = current::ConsumerGroupCurrentMemberAssignmentValue::decode(&mut r, 0).unwrap();
            let list = |topics: Vec<current::TopicPartitions>| {
                let topics = topics.into_iter().map(|topic| {
                    let epochs = topic.assignment_epochs.expect("written with epochs");
                    let partitions = topic.partitions.iter().zip(epochs);
                    let partitions: Vec<String> = partitions.map(|(p, e)| format!("{p}^{e}")).collect();
                    format!("{}:{}", topic_name(topic.topic_id), partitions.join(","))
                });
                let list = topics.collect::<Vec<_>>().join("+");
                if list.is_empty() { "nothing".to_string() } else { list }
            };
            let state = ["stable", "revoking", "waiting"].get(value.state as usize).copied().unwrap_or("?");
            let mut text = format!(
                "epoch {} after {} {state} has {}",
                value.member_epoch,
                value.previous_member_epoch,
                list(value.assigned_partitions)
            );
            if !value.partitions_pending_revocation.is_empty() {
                text.push_str(&format!(" gives up {}", list(value.partitions_pending_revocation)));
            }
            text
        }
        _ => Regex::decode(&mut r, 0).unwrap().topics.join("+"),
    };
    assert_eq!(r.remaining(), 0);
    Some(format!("{what} = {says}"))
}
