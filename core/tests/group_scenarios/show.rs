//! Effects in words.

use headwater_core::ErrorCode;
use headwater_core::after::After;
use headwater_core::group::{GroupReply, TopicResult};
use headwater_core::ids::MemberId;
use headwater_core::wire::records::group_metadata_value::GroupMetadataValue;
use headwater_core::wire::records::offset_commit_key::OffsetCommitKey;
use headwater_core::wire::records::offset_commit_value::OffsetCommitValue;
use headwater_core::wire::{Decode, Reader};

use crate::consumer;
use crate::share;
use crate::streams;
use crate::world::short;

/// A record, taken apart again.
pub fn record(key: &[u8], value: Option<&[u8]>) -> String {
    let mut k = Reader::new(key);
    let kind = k.i16().unwrap();
    let mut v = Reader::new(value.unwrap_or_default());
    let version = value.map(|_| v.i16().unwrap());
    match (kind, version) {
        (1, _) => {
            let key = OffsetCommitKey::decode(&mut k, 0).unwrap();
            let what = format!("offset {}/{}:{}", key.group, key.topic, key.partition);
            let Some(version) = version else { return format!("{what} gone") };
            let value = OffsetCommitValue::decode(&mut v, version).unwrap();
            assert_eq!(v.remaining(), 0);
            let mut text = format!("{what} v{version} = {}", value.offset);
            push(&mut text, " epoch ", (value.leader_epoch != -1).then_some(value.leader_epoch));
            push(&mut text, " @", note(&value.metadata));
            push(&mut text, " expires ", (value.expire_timestamp != -1).then_some(value.expire_timestamp));
            push(&mut text, " id ", (!value.topic_id.is_zero()).then_some(value.topic_id));
            text
        }
        (2, _) => {
            let group = k.string(false).unwrap();
            let Some(version) = version else { return format!("group {group} gone") };
            let value = GroupMetadataValue::decode(&mut v, version).unwrap();
            assert_eq!(v.remaining(), 0);
            let mut text = format!("group {group} v{version} generation {}", value.generation);
            push(&mut text, " type ", Some(&value.protocol_type));
            push(&mut text, " protocol ", value.protocol.as_ref());
            push(&mut text, " leader ", value.leader.map(|leader| short(&MemberId::new(leader))));
            push(&mut text, " since ", Some(value.current_state_timestamp));
            for member in value.members {
                let id = short(&MemberId::new(member.member_id));
                push(&mut text, ", ", Some(id));
                push(&mut text, "/", member.group_instance_id);
                let share = consumer::share(&member.assignment);
                push(&mut text, " = ", Some(share.unwrap_or_else(|| lossy(&member.assignment))));
            }
            text
        }
        (10..=15, _) => share::record(kind, k, value),
        (17 | 19..=23, _) => streams::record(kind, k, value),
        (kind, _) => consumer::record(kind, k, value).unwrap_or_else(|| format!("type {kind}")),
    }
}

/// A reply: who asked what, when it may leave, what it says.
pub fn reply(label: &str, after: After, body: &GroupReply) -> String {
    let when = match after {
        After::Now => "",
        After::Durable => " (durable)",
    };
    format!("{label}:{when} {}", said(body))
}

fn said(body: &GroupReply) -> String {
    match body {
        GroupReply::JoinGroup(joined) => {
            let mut text = String::new();
            if joined.error.is_error() {
                text.push_str(joined.error.name());
                push(&mut text, " member ", joined.member.as_ref().map(short));
                return text;
            }
            push(&mut text, "generation ", joined.generation);
            push(&mut text, " member ", joined.member.as_ref().map(short));
            push(&mut text, " type ", joined.protocol_type.as_ref());
            push(&mut text, " protocol ", joined.protocol.as_ref());
            push(&mut text, " leader ", joined.leader.as_ref().map(short));
            push(&mut text, "", joined.skip_assignment.then_some(" skip assignment"));
            for (i, member) in joined.members.iter().enumerate() {
                push(&mut text, if i == 0 { " of " } else { ", " }, Some(short(&member.member)));
                push(&mut text, "/", member.instance.as_ref());
            }
            text
        }
        GroupReply::SyncGroup(synced) if synced.error.is_error() => synced.error.name().into(),
        GroupReply::SyncGroup(synced) => {
            let mut text = match consumer::share(&synced.assignment) {
                Some(share) => format!("gets {share}"),
                None => format!("gets {:?}", lossy(&synced.assignment)),
            };
            push(&mut text, " type ", synced.protocol_type.as_ref());
            push(&mut text, " protocol ", synced.protocol.as_ref());
            text
        }
        GroupReply::ConsumerHeartbeat(answer) => consumer::answered(answer),
        GroupReply::DescribeConsumers(groups) => consumer::described(groups),
        GroupReply::ShareHeartbeat(answer) => share::answered(answer),
        GroupReply::DescribeShares(groups) => share::described(groups),
        GroupReply::StreamsHeartbeat(answer) => streams::answered(answer),
        GroupReply::DescribeStreams(groups) => streams::described(groups),
        GroupReply::ShareState(state) => share::state(state),
        GroupReply::Heartbeat(error) => error.name().into(),
        GroupReply::LeaveGroup(left) if left.error.is_error() => left.error.name().into(),
        GroupReply::LeaveGroup(left) => {
            let members = left.members.iter().map(|m| {
                let mut text = m.member.as_ref().map(short).unwrap_or_default();
                push(&mut text, "/", m.instance.as_ref());
                format!("{text} {}", m.error)
            });
            members.collect::<Vec<_>>().join(", ")
        }
        GroupReply::OffsetCommit(topics) | GroupReply::TxnOffsetCommit(topics) => results(topics),
        GroupReply::OffsetDelete { error, .. } if error.is_error() => error.name().into(),
        GroupReply::OffsetDelete { topics, .. } => results(topics),
        GroupReply::OffsetFetch(groups) => {
            let groups = groups.iter().map(|group| {
                let mut text = format!("{}:", group.group);
                push(&mut text, " ", group.error.is_error().then_some(group.error));
                for topic in &group.topics {
                    for offset in &topic.partitions {
                        push(&mut text, " ", Some(&topic.topic));
                        push(&mut text, ":", Some(offset.partition));
                        match (offset.error, offset.offset) {
                            (ErrorCode::None, Some(at)) => push(&mut text, "=", Some(at)),
                            (ErrorCode::None, None) => text.push_str("=none"),
                            (error, _) => push(&mut text, "=", Some(error)),
                        }
                        push(&mut text, "^", offset.leader_epoch);
                        push(&mut text, "@", note(&offset.metadata));
                    }
                }
                text
            });
            groups.collect::<Vec<_>>().join("; ")
        }
        GroupReply::DeleteGroups(groups) => {
            groups.iter().map(|g| format!("{} {}", g.group, g.error)).collect::<Vec<_>>().join(", ")
        }
        GroupReply::DescribeGroups(groups) => {
            let groups = groups.iter().map(|group| {
                let mut text = format!("{} {}", group.group, group.state);
                push(&mut text, " ", group.error.is_error().then_some(group.error));
                push(&mut text, " type ", (!group.protocol_type.is_empty()).then_some(&group.protocol_type));
                push(&mut text, " protocol ", (!group.protocol.is_empty()).then_some(&group.protocol));
                for member in &group.members {
                    push(&mut text, ", ", Some(short(&member.member)));
                    push(&mut text, "/", member.instance.as_ref());
                    push(&mut text, " of ", Some(&member.client_id));
                    push(&mut text, " at ", Some(&member.client_host));
                    push(&mut text, " metadata ", Some(member.metadata.len()));
                    push(&mut text, " = ", Some(lossy(&member.assignment)));
                }
                text
            });
            groups.collect::<Vec<_>>().join("; ")
        }
        GroupReply::ListGroups(groups) => {
            let groups = groups
                .iter()
                .map(|g| format!("{} {} {:?} {}", g.group, g.state, &*g.protocol_type, g.group_type));
            groups.collect::<Vec<_>>().join(", ")
        }
    }
}

fn results(topics: &[TopicResult]) -> String {
    let results = topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|p| format!("{}:{} {}", topic.topic, p.partition, p.error))
    });
    results.collect::<Vec<_>>().join(", ")
}

/// A note, if there is one; of a long one its length.
fn note(metadata: &str) -> Option<String> {
    match metadata.len() {
        0 => None,
        1..100 => Some(metadata.into()),
        length => Some(format!("*{length}")),
    }
}

fn push(text: &mut String, before: &str, value: Option<impl std::fmt::Display>) {
    if let Some(value) = value {
        text.push_str(&format!("{before}{value}"));
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
