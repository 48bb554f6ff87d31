//! Share groups in scripts (KIP-932).
//!
//! ```text
//! share-beat g member=m [epoch=0] [topics=t,u] [rack=r] [client=c]
//! shares g h                                   what they are like
//! places g nothing|ending|altering|initialized|deleting|deleted [t:0,1+u:2]
//!                                              what happens to partitions' state
//! ```

use std::sync::Arc;

use headwater_core::ErrorCode;
use headwater_core::group::*;
use headwater_core::ids::*;
use headwater_core::wire::records::{
    share_group_current_member_assignment_value as current, share_group_member_metadata_value as member,
    share_group_metadata_value::ShareGroupMetadataValue as Epoch,
    share_group_state_partition_metadata_value as of_places,
    share_group_target_assignment_member_value as target,
    share_group_target_assignment_metadata_value::ShareGroupTargetAssignmentMetadataValue as TargetEpoch,
};
use headwater_core::wire::{Decode, Reader};

use crate::consumer::{owned, places, topic_name};
use crate::script::Words;
use crate::world::World;

/// Plays a command of a share group; answers whether it is one.
pub fn play(world: &mut World, verb: &str, words: &Words<'_>, label: String) -> bool {
    let (now, wall) = (world.now, world.wall());
    match verb {
        "share-beat" => {
            let request = ShareHeartbeat {
                group: words.group(),
                member: MemberId::new(words.get("member").unwrap_or_default()),
                epoch: words.number("epoch").unwrap_or(0),
                rack: words.get("rack").map(Arc::from),
                topics: words
                    .get("topics")
                    .map(|names| names.split(',').filter(|n| !n.is_empty()).map(TopicName::new).collect()),
                client_id: words.get("client").unwrap_or("c").into(),
                client_host: "/192.0.2.1".into(),
            };
            let to = world.waiter(label);
            world.coordinator.on_share_heartbeat(now, wall, to, request, &mut world.out);
        }
        "shares" => {
            let groups = words.plain.iter().map(|group| GroupId::new(*group)).collect();
            let to = world.waiter(label);
            world.coordinator.on_describe_shares(now, wall, to, groups, &mut world.out);
        }
        "places" => {
            let what = match words.plain[1] {
                "nothing" => ShareChanged::Nothing,
                "ending" => ShareChanged::Ending,
                "altering" => ShareChanged::Altering,
                "initialized" => ShareChanged::Initialized,
                "deleting" => ShareChanged::Deleting,
                "deleted" => ShareChanged::Deleted,
                other => panic!("what is {other}?"),
            };
            let topics = owned(words.plain.get(2).copied().unwrap_or("none"));
            let topics = topics.into_iter().map(|(topic, partitions)| StateTopic {
                topic,
                name: TopicName::new(topic_name(topic)),
                partitions,
            });
            let change = ShareChange { group: words.group(), what, topics: topics.collect() };
            let to = world.waiter(label);
            world.coordinator.on_share_change(now, wall, to, change, &mut world.out);
        }
        _ => return false,
    }
    true
}

pub fn answered(answer: &ShareAnswer) -> String {
    if answer.error.is_error() {
        return format!("{} ({})", answer.error, answer.message.as_deref().unwrap_or_default());
    }
    let member = answer.member.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut text = format!("{member} epoch {}", answer.epoch);
    if let Some(assignment) = &answer.assignment {
        text.push_str(&format!(" gets {}", places(assignment)));
    }
    if let Some(new) = &answer.wants_state {
        for (topic, start) in &new.topics {
            let start = start.map_or("reset".into(), |start| start.to_string());
            let list = places(&vec![(topic.topic, topic.partitions.clone())]);
            text.push_str(&format!(" wants state {} of {list} at {start}", new.epoch));
        }
    }
    text
}

pub fn described(groups: &[DescribedShareGroup]) -> String {
    let groups = groups.iter().map(|group| {
        if group.error.is_error() {
            return format!("{} {}", group.group, group.error);
        }
        let (epoch, target) = (group.epoch, group.target_epoch);
        let mut text = format!("{} {} epoch {epoch} target {target}", group.group, group.state);
        for member in &group.members {
            let topics: Vec<&str> = member.topics.iter().map(TopicName::get).collect();
            let (id, epoch, has) = (&member.member, member.epoch, places(&member.assigned));
            text.push_str(&format!(", {id} epoch {epoch} reads {} has {has}", topics.join("+")));
        }
        text
    });
    groups.collect::<Vec<_>>().join("; ")
}

pub fn state(state: &Result<ShareState, ErrorCode>) -> String {
    match state {
        Err(code) => code.name().into(),
        Ok(state) => {
            let topics = state.initialized.iter().map(|topic| (topic.topic, topic.partitions.clone()));
            format!("epoch {}, state of {}", state.epoch, places(&topics.collect()))
        }
    }
}

fn list(topics: impl Iterator<Item = (TopicId, Vec<i32>)>) -> String {
    places(&topics.map(|(id, numbers)| (id, numbers.into_iter().map(PartitionId::new).collect())).collect())
}

/// A record of a share group in words.
pub fn record(kind: i16, mut k: Reader<'_>, value: Option<&[u8]>) -> String {
    let group = k.string(false).unwrap().to_string();
    let mut name = || k.string(false).unwrap().to_string();
    let what = match kind {
        10 => format!("share member {group}/{}", name()),
        11 => format!("share epoch of {group}"),
        12 => format!("share target epoch of {group}"),
        13 => format!("share target {group}/{}", name()),
        14 => format!("share current {group}/{}", name()),
        _ => format!("share places of {group}"),
    };
    let Some(value) = value else { return format!("{what} gone") };
    let mut r = Reader::new(value);
    assert_eq!(r.i16().unwrap(), 0);
    let says = match kind {
        10 => {
            let value = member::ShareGroupMemberMetadataValue::decode(&mut r, 0).unwrap();
            let rack = value.rack_id.map(|rack| format!(" rack {rack}")).unwrap_or_default();
            format!("{}{rack}", value.subscribed_topic_names.join("+"))
        }
        11 => Epoch::decode(&mut r, 0).unwrap().epoch.to_string(),
        12 => {
            let value = TargetEpoch::decode(&mut r, 0).unwrap();
            format!("{} at {}", value.assignment_epoch, value.assignment_timestamp)
        }
        13 => {
            let value = target::ShareGroupTargetAssignmentMemberValue::decode(&mut r, 0).unwrap();
            list(value.topic_partitions.into_iter().map(|t| (t.topic_id, t.partitions)))
        }
        14 => {
            let value = current::ShareGroupCurrentMemberAssignmentValue::decode(&mut r, 0).unwrap();
            let has = list(value.assigned_partitions.into_iter().map(|t| (t.topic_id, t.partitions)));
            format!("epoch {} after {} has {has}", value.member_epoch, value.previous_member_epoch)
        }
        _ => {
            let value = of_places::ShareGroupStatePartitionMetadataValue::decode(&mut r, 0).unwrap();
            let of = |topics: Vec<of_places::TopicPartitionsInfo<'_>>| {
                list(topics.into_iter().map(|t| (t.topic_id, t.partitions)))
            };
            let deleting: Vec<String> =
                value.deleting_topics.iter().map(|t| t.topic_name.to_string()).collect();
            let (initializing, initialized) = (of(value.initializing_topics), of(value.initialized_topics));
            format!("{initialized}, initializing {initializing}, deleting {}", deleting.join("+"))
        }
    };
    assert_eq!(r.remaining(), 0);
    format!("{what} = {says}").trim_end().to_string()
}
