//! Streams groups in scripts (KIP-1071).
//!
//! ```text
//! stream-timing delay=3s standbys=1            of all groups; both are 0 before. `timing` holds for streams groups, too
//! stream-beat g member=m [epoch=0] [app=1/0:t>*r/1:*r|log] [owns=0_0,s1_2|none] [process=p] [rebalance=60s|-]
//!             [endpoint=h:1] [told=-1] [rack=r] [tags=k:v] [instance=i] [client=c] [offsets] [shutdown]
//!                                              what a member says that joins, if nothing else is said: the topology
//!                                              1/0:t, no tasks, a process of its own
//! streams g h                                  what they are like
//!
//! A topology: its epoch, then its parts. A part: its id, the topics that it reads, > those that it writes, | its changelogs,
//! & what is copartitioned, ~ expressions. The group's own topics have a * and perhaps a count: 1/0:t+*r%2>*s|log&t+*r
//! ```

use std::sync::Arc;

use headwater_core::group::*;
use headwater_core::ids::*;
use headwater_core::wire::records::{
    streams_group_current_member_assignment_value as current, streams_group_member_metadata_value as member,
    streams_group_metadata_value as epoch, streams_group_target_assignment_member_value as target,
    streams_group_target_assignment_metadata_value::StreamsGroupTargetAssignmentMetadataValue as TargetEpoch,
    streams_group_topology_value as topology,
};
use headwater_core::wire::{Decode, Reader};

use crate::script::Words;
use crate::world::World;

/// Plays a command of a streams group; answers whether it is one.
pub fn play(world: &mut World, verb: &str, words: &Words<'_>, label: String) -> bool {
    let (now, wall) = (world.now, world.wall());
    match verb {
        "stream-timing" => {
            let of = &mut world.topics.streams;
            of.0 = words.millis("delay").map_or(of.0, i64::unsigned_abs);
            of.1 = words.number("standbys").unwrap_or(of.1);
            world.lend_topics();
        }
        "stream-beat" => {
            let to = world.waiter(label);
            world.coordinator.on_streams_heartbeat(now, wall, to, heartbeat(words), &mut world.out);
        }
        "streams" => {
            let groups = words.plain.iter().map(|group| GroupId::new(*group)).collect();
            let to = world.waiter(label);
            world.coordinator.on_describe_streams(now, wall, to, groups, &mut world.out);
        }
        _ => return false,
    }
    true
}

fn heartbeat(words: &Words<'_>) -> StreamsHeartbeat {
    let epoch = words.number("epoch").unwrap_or(0);
    let text = |name: &str| words.get(name).map(Arc::from);
    let member = words.get("member").unwrap_or_default();
    let said =
        |name: &str, default| words.get(name).or((epoch == 0).then_some(default)).filter(|w| *w != "-");
    let owned = said("owns", "none").map(owned);
    StreamsHeartbeat {
        group: words.group(),
        member: MemberId::new(member),
        epoch,
        instance: words.instance(),
        rack: text("rack"),
        rebalance_timeout_ms: said("rebalance", "60s").map(|word| crate::script::millis(word) as i32),
        topology: said("app", "1/0:t").map(|app| Arc::new(parsed(app))),
        active: owned.as_ref().map(|owned| owned[0].clone()),
        standby: owned.as_ref().map(|owned| owned[1].clone()),
        warmup: owned.as_ref().map(|owned| owned[2].clone()),
        process: said("process", member).map(Arc::from),
        endpoint: words.get("endpoint").map(|endpoint| {
            let (host, port) = endpoint.split_once(':').expect("host:port");
            (host.into(), port.parse().expect("a port"))
        }),
        endpoint_epoch: words.number("told").unwrap_or(-1),
        tags: words.get("tags").map(|tags| {
            let tags = tags.split(',').filter_map(|tag| tag.split_once(':'));
            tags.map(|(key, value)| (key.into(), value.into())).collect()
        }),
        reports_offsets: words.plain.contains(&"offsets"),
        shutdown: words.plain.contains(&"shutdown"),
        client_id: words.get("client").unwrap_or("c").into(),
        client_host: "/192.0.2.1".into(),
    }
}

/// `0_1` is active, `s0_1` a standby, `w0_1` a warm-up task.
fn owned(words: &str) -> [TaskIds; 3] {
    let mut owned = [TaskIds::new(), TaskIds::new(), TaskIds::new()];
    for word in words.split(',').filter(|word| *word != "none") {
        let role = match word.as_bytes()[0] {
            b's' => 1,
            b'w' => 2,
            _ => 0,
        };
        let (id, number) = word.trim_start_matches(['s', 'w']).split_once('_').expect("part_partition");
        owned[role].push((id.into(), vec![PartitionId::new(number.parse().expect("a partition"))]));
    }
    owned
}

fn internal(word: &str) -> InternalTopic {
    let (name, count) = word.trim_start_matches('*').split_once('%').unwrap_or((word, "0"));
    InternalTopic {
        name: TopicName::new(name.trim_start_matches('*')),
        partitions: count.parse().expect("a count"),
        replication_factor: 0,
        configs: vec![("cleanup.policy".into(), "compact".into())],
    }
}

fn parsed(app: &str) -> StreamsTopology {
    let (epoch, parts) = app.split_once('/').unwrap_or((app, ""));
    let parts = parts.split('/').filter(|part| !part.is_empty()).map(|part| {
        let (id, rest) = part.split_once(':').expect("id:topics");
        let mut found = Subtopology::default();
        let mut kind = ' ';
        for word in rest.split_inclusive(['>', '|', '&', '~', '+']) {
            let (word, next) = match word.chars().last() {
                Some(mark) if ">|&~+".contains(mark) => (&word[..word.len() - 1], mark),
                _ => (word, '+'),
            };
            let name = || TopicName::new(word.trim_start_matches('*'));
            match kind {
                _ if word.is_empty() => {}
                '>' => found.repartition_sinks.push(name()),
                '|' => found.changelogs.push(internal(word)),
                '&' => {
                    let group = CopartitionGroup {
                        sources: places(found.sources.iter().map(TopicName::get), word),
                        source_regexes: Vec::new(),
                        repartition_sources: places(
                            found.repartition_sources.iter().map(|t| t.name.get()),
                            word,
                        ),
                    };
                    if let Some(last) = found.copartitions.last_mut() {
                        last.sources.extend(group.sources);
                        last.repartition_sources.extend(group.repartition_sources);
                    } else {
                        found.copartitions.push(group);
                    }
                }
                '~' => found.source_regexes.push(word.into()),
                _ if word.starts_with('*') => found.repartition_sources.push(internal(word)),
                _ => found.sources.push(name()),
            }
            if next != '+' {
                kind = next;
            }
        }
        (id.into(), found)
    });
    StreamsTopology { epoch: epoch.parse().expect("an epoch"), subtopologies: parts.collect() }
}

fn places<'a>(names: impl Iterator<Item = &'a str>, word: &str) -> Vec<i16> {
    let name = word.trim_start_matches('*');
    names.enumerate().filter(|(_, known)| *known == name).map(|(at, _)| at as i16).collect()
}

fn numbers(partitions: impl IntoIterator<Item = i32>) -> String {
    partitions.into_iter().map(|number| number.to_string()).collect::<Vec<_>>().join(",")
}

type Numbers = Vec<(String, Vec<i32>)>;

/// `0:0,1 s1:2`, or nothing.
fn tasks(roles: [(&str, Numbers); 3]) -> String {
    let mut words = Vec::new();
    for (prefix, ids) in roles {
        words.extend(ids.into_iter().map(|(id, partitions)| format!("{prefix}{id}:{}", numbers(partitions))));
    }
    if words.is_empty() { "nothing".into() } else { words.join(" ") }
}

fn shown(of: &StreamsTasks) -> String {
    let ids = |ids: &TaskIds| {
        let ids = ids.iter();
        ids.map(|(id, numbers)| (id.to_string(), numbers.iter().map(|p| p.get()).collect())).collect()
    };
    tasks([("", ids(&of.active)), ("s", ids(&of.standby)), ("w", ids(&of.warmup))])
}

pub fn answered(answer: &StreamsAnswer) -> String {
    if answer.error.is_error() {
        return format!("{} ({})", answer.error, answer.message.as_deref().unwrap_or_default());
    }
    let member = answer.member.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut text = format!("{member} epoch {}", answer.epoch);
    if let Some(tasks) = &answer.tasks {
        text.push_str(&format!(" gets {}", shown(tasks)));
    }
    for status in &answer.statuses {
        text.push_str(&format!(" [{} {}]", status.code, status.detail));
    }
    for topic in &answer.wants_topics {
        text.push_str(&format!(" wants {}#{}", topic.name, topic.partitions));
    }
    let of = |topics: &[(TopicName, Vec<PartitionId>)]| {
        let topics = topics.iter();
        topics
            .map(|(name, ps)| format!(" {name}:{}", numbers(ps.iter().map(|p| p.get()))))
            .collect::<String>()
    };
    for known in answer.endpoints.iter().flatten() {
        let (host, port) = &known.endpoint;
        let (active, standby) = (of(&known.active), of(&known.standby));
        text.push_str(&format!(", {host}:{port} of {} has{active}", answer.endpoint_epoch));
        if !standby.is_empty() {
            text.push_str(&format!(" and copies of{standby}"));
        }
    }
    text
}

pub fn described(groups: &[DescribedStreamsGroup]) -> String {
    let groups = groups.iter().map(|group| {
        if group.error.is_error() {
            return format!("{} {}", group.group, group.error);
        }
        let (epoch, target) = (group.epoch, group.target_epoch);
        let mut text = format!("{} {} epoch {epoch} target {target}", group.group, group.state);
        for (id, part) in group.topology.iter().flat_map(|topology| &topology.subtopologies) {
            let sources: Vec<&str> = part.sources.iter().map(TopicName::get).collect();
            text.push_str(&format!(", part {id} reads {}", sources.join("+")));
            for topic in part.repartition_sources.iter().chain(&part.changelogs) {
                text.push_str(&format!(" {}#{}", topic.name, topic.partitions));
            }
        }
        for member in &group.members {
            let (id, epoch, has) = (&member.member, member.epoch, shown(&member.assigned));
            text.push_str(&format!(", {id} of {} epoch {epoch} has {has}", member.process));
            if member.assigned != member.target {
                text.push_str(&format!(" for {}", shown(&member.target)));
            }
        }
        text
    });
    groups.collect::<Vec<_>>().join("; ")
}

/// A record of a streams group in words.
pub fn record(kind: i16, mut k: Reader<'_>, value: Option<&[u8]>) -> String {
    let group = k.string(false).unwrap().to_string();
    let mut name = || k.string(false).unwrap().to_string();
    let what = match kind {
        17 => format!("streams epoch of {group}"),
        19 => format!("streams member {group}/{}", name()),
        20 => format!("streams target epoch of {group}"),
        21 => format!("streams target {group}/{}", name()),
        22 => format!("streams current {group}/{}", name()),
        _ => format!("streams topology of {group}"),
    };
    let Some(value) = value else { return format!("{what} gone") };
    let mut r = Reader::new(value);
    assert_eq!(r.i16().unwrap(), 0);
    let says = match kind {
        17 => {
            let value = epoch::StreamsGroupMetadataValue::decode(&mut r, 0).unwrap();
            let settings = value.last_assignment_configs.unwrap();
            let settings: Vec<String> = settings.iter().map(|c| format!("{}={}", c.key, c.value)).collect();
            format!("{} topology {} {}", value.epoch, value.validated_topology_epoch, settings.join(" "))
        }
        19 => {
            let value = member::StreamsGroupMemberMetadataValue::decode(&mut r, 0).unwrap();
            let rack = value.rack_id.map(|rack| format!(" rack {rack}")).unwrap_or_default();
            let tags: String =
                value.client_tags.iter().map(|tag| format!(" {}:{}", tag.key, tag.value)).collect();
            let at = value.user_endpoint.map(|at| format!(" at {}:{}", at.host, at.port)).unwrap_or_default();
            format!("{} topology {}{at}{rack}{tags}", value.process_id, value.topology_epoch)
        }
        20 => {
            let value = TargetEpoch::decode(&mut r, 0).unwrap();
            format!("{} at {}", value.assignment_epoch, value.assignment_timestamp)
        }
        21 => {
            let value = target::StreamsGroupTargetAssignmentMemberValue::decode(&mut r, 0).unwrap();
            let ids = |ids: Vec<target::TaskIds<'_>>| {
                ids.into_iter().map(|t| (t.subtopology_id.to_string(), t.partitions)).collect()
            };
            let (active, standby) = (ids(value.active_tasks), ids(value.standby_tasks));
            tasks([("", active), ("s", standby), ("w", ids(value.warmup_tasks))])
        }
        22 => {
            let v = current::StreamsGroupCurrentMemberAssignmentValue::decode(&mut r, 0).unwrap();
            let since = v.active_tasks.iter().flat_map(|t| t.assignment_epochs.iter().flatten());
            let since: Vec<String> = since.map(ToString::to_string).collect();
            let ids = |ids: Vec<current::TaskIds<'_>>| {
                ids.into_iter().map(|t| (t.subtopology_id.to_string(), t.partitions)).collect()
            };
            let has =
                tasks([("", ids(v.active_tasks)), ("s", ids(v.standby_tasks)), ("w", ids(v.warmup_tasks))]);
            let revoking = tasks([
                ("", ids(v.active_tasks_pending_revocation)),
                ("s", ids(v.standby_tasks_pending_revocation)),
                ("w", ids(v.warmup_tasks_pending_revocation)),
            ]);
            let since = if since.is_empty() { String::new() } else { format!(" since {}", since.join(",")) };
            let (epoch, before, state) = (v.member_epoch, v.previous_member_epoch, v.state);
            let gives = if revoking == "nothing" { String::new() } else { format!(" gives up {revoking}") };
            format!("epoch {epoch} after {before} state {state} has {has}{since}{gives}")
        }
        _ => {
            let value = topology::StreamsGroupTopologyValue::decode(&mut r, 0).unwrap();
            let parts = value.subtopologies.iter().map(|part| {
                let mut text = format!(" {}: {}", part.subtopology_id, part.source_topics.join("+"));
                let own = |topics: &[topology::TopicInfo<'_>]| -> String {
                    topics.iter().map(|t| format!(" {}#{}", t.name, t.partitions)).collect()
                };
                text.push_str(&own(&part.repartition_source_topics));
                if !part.repartition_sink_topics.is_empty() {
                    text.push_str(&format!(" > {}", part.repartition_sink_topics.join("+")));
                }
                if !part.state_changelog_topics.is_empty() {
                    text.push_str(&format!(" |{}", own(&part.state_changelog_topics)));
                }
                text
            });
            format!("{}{}", value.epoch, parts.collect::<Vec<_>>().join(" /"))
        }
    };
    assert_eq!(r.remaining(), 0);
    format!("{what} = {says}").trim_end().to_string()
}
