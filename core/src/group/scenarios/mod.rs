//! The coordinator as its driver sees it: scenarios per numbered behaviour, and random histories.

mod membership;
mod random;
mod storage;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::ErrorCode;
use crate::after::After;
use crate::ids::{Generation, GroupId, InstanceId, MemberId, Offset, PartitionId, TopicName};
use crate::time::{Monotonic, Timestamp};
use crate::wire::records::consumer_protocol_subscription::ConsumerProtocolSubscription;
use crate::wire::{Encode, Writer};

/// Kafka's defaults.
const CONFIG: GroupConfig = GroupConfig {
    initial_rebalance_delay_ms: 3_000,
    session_timeout_min_ms: 6_000,
    session_timeout_max_ms: 1_800_000,
    members_max: i32::MAX as usize,
    metadata_bytes_max: 4096,
    retention_ms: 7 * 24 * 3_600_000,
    retention_check_interval_ms: 600_000,
    record_bytes_max: 1 << 20,
};

/// A coordinator with a clock, a log, and the replies by whom they went to.
struct Bench {
    config: GroupConfig,
    coordinator: Coordinator,
    log: Vec<GroupRecord>,
    millis: u64,
    sent: ReplyTo,
    replies: BTreeMap<ReplyTo, (After, GroupReply)>,
}

/// A group whose members have all synced.
struct Formed {
    ids: Vec<MemberId>,
    generation: Generation,
    leader: MemberId,
}

impl Bench {
    fn new(config: GroupConfig) -> Self {
        let mut bench = Self {
            config,
            coordinator: Coordinator::new(config),
            log: Vec::new(),
            millis: 1,
            sent: 0,
            replies: BTreeMap::new(),
        };
        bench.reload();
        bench
    }

    fn now(&self) -> Monotonic {
        Monotonic::default().plus_millis(self.millis)
    }

    fn wall(&self) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + self.millis as i64)
    }

    fn take(&mut self, out: Out) {
        self.coordinator.check();
        self.log.extend(out.records);
        for reply in out.replies {
            assert!(reply.to < self.sent, "an answer to nobody");
            let twice = self.replies.insert(reply.to, (reply.after, reply.body));
            assert!(twice.is_none(), "request {} was answered twice", reply.to);
        }
    }

    fn send(
        &mut self,
        call: impl FnOnce(&mut Coordinator, Monotonic, Timestamp, ReplyTo, &mut Out),
    ) -> ReplyTo {
        let (to, mut out) = (self.sent, Out::default());
        let (now, wall) = (self.now(), self.wall());
        self.sent += 1;
        call(&mut self.coordinator, now, wall, to, &mut out);
        self.take(out);
        to
    }

    fn join(&mut self, request: JoinGroup) -> ReplyTo {
        self.send(|c, now, wall, to, out| c.on_join_group(now, wall, to, request, out))
    }

    fn sync(&mut self, request: SyncGroup) -> ReplyTo {
        self.send(|c, now, wall, to, out| c.on_sync_group(now, wall, to, request, out))
    }

    fn leave(&mut self, members: Vec<LeavingMember>) -> Vec<ErrorCode> {
        let request = LeaveGroup { group: group(), members };
        let to = self.send(|c, now, wall, to, out| c.on_leave_group(now, wall, to, request, out));
        match &self.replies[&to].1 {
            GroupReply::LeaveGroup(reply) => reply.members.iter().map(|m| m.error).collect(),
            other => panic!("{other:?}"),
        }
    }

    fn heartbeat(&mut self, member: &MemberId, instance: Option<&str>, generation: i32) -> ErrorCode {
        let request = Heartbeat {
            group: group(),
            generation: Generation::new(generation),
            member: member.clone(),
            instance: instance.map(InstanceId::new),
        };
        let to = self.send(|c, now, wall, to, out| c.on_heartbeat(now, wall, to, &request, out));
        match self.replies[&to].1 {
            GroupReply::Heartbeat(error) => error,
            ref other => panic!("{other:?}"),
        }
    }

    fn commit(&mut self, by: Option<(&MemberId, i32)>, topic: &str, note: &str) -> ErrorCode {
        let partition = CommitPartition {
            partition: PartitionId::new(0),
            offset: Offset::new(7),
            leader_epoch: None,
            metadata: Some(note.into()),
        };
        let request = OffsetCommit {
            group: group(),
            generation: by.map(|(_, generation)| Generation::new(generation)),
            member: by.map(|(member, _)| member.clone()),
            instance: None,
            retention_ms: None,
            report_missing_group: false,
            topics: vec![CommitTopic {
                topic: TopicName::new(topic),
                topic_id: None,
                partitions: vec![partition],
            }],
        };
        let to = self.send(|c, now, wall, to, out| c.on_offset_commit(now, wall, to, request, out));
        match &self.replies[&to].1 {
            GroupReply::OffsetCommit(topics) => topics[0].partitions[0].error,
            other => panic!("{other:?}"),
        }
    }

    /// Offset and note of every partition 0.
    fn offsets(&mut self) -> Vec<(String, i64, String)> {
        let groups = vec![FetchGroup { group: group(), topics: None }];
        let request = OffsetFetch { require_stable: true, groups };
        let to = self.send(|c, _, _, to, out| c.on_offset_fetch(to, request, out));
        let GroupReply::OffsetFetch(groups) = &self.replies[&to].1 else { panic!("no fetch reply") };
        let row = |t: &FetchedTopic| {
            let p = &t.partitions[0];
            (t.topic.get().to_owned(), p.offset.expect("stored").get(), p.metadata.to_string())
        };
        groups[0].topics.iter().map(row).collect()
    }

    fn describe(&mut self, report_missing_group: bool) -> DescribedGroup {
        let request = DescribeGroups { groups: vec![group()], report_missing_group };
        let to = self.send(|c, _, _, to, out| c.on_describe_groups(to, request, out));
        match &self.replies[&to].1 {
            GroupReply::DescribeGroups(groups) => groups[0].clone(),
            other => panic!("{other:?}"),
        }
    }

    /// Lets time pass, stopping at each deadline.
    fn wait(&mut self, millis: u64) {
        let end = self.millis + millis;
        while let Some(at) = self.coordinator.deadline().filter(|at| at.nanos() <= end * 1_000_000) {
            self.millis = self.millis.max(at.nanos().div_ceil(1_000_000));
            let (now, wall, mut out) = (self.now(), self.wall(), Out::default());
            self.coordinator.on_deadline(now, wall, &mut out);
            self.take(out);
        }
        self.millis = end;
    }

    fn joined(&self, to: ReplyTo) -> JoinedGroup {
        match self.replies.get(&to) {
            Some((_, GroupReply::JoinGroup(reply))) => reply.clone(),
            other => panic!("no join reply to {to} but {other:?}"),
        }
    }

    fn synced(&self, to: ReplyTo) -> (After, SyncedGroup) {
        match self.replies.get(&to) {
            Some((after, GroupReply::SyncGroup(reply))) => (*after, reply.clone()),
            other => panic!("no sync reply to {to} but {other:?}"),
        }
    }

    /// Brings a new group to Stable.
    fn form(&mut self, joins: Vec<JoinGroup>) -> Formed {
        let sent: Vec<ReplyTo> = joins.into_iter().map(|request| self.join(request)).collect();
        self.wait(6_000);
        self.settle(&sent)
    }

    /// Syncs members whose joins were just answered; each is assigned its own id.
    fn settle(&mut self, joins: &[ReplyTo]) -> Formed {
        let replies: Vec<JoinedGroup> = joins.iter().map(|to| self.joined(*to)).collect();
        assert!(replies.iter().all(|r| r.error == ErrorCode::None), "{replies:?}");
        let generation = replies[0].generation.expect("joined");
        let leader = replies[0].leader.clone().expect("joined");
        let ids: Vec<MemberId> = replies.into_iter().map(|r| r.member.expect("joined")).collect();
        let all: Vec<_> =
            ids.iter().map(|id| (id.clone(), Bytes::copy_from_slice(id.get().as_bytes()))).collect();
        let mut syncs = Vec::new();
        for id in &ids {
            let assignments = if *id == leader { all.clone() } else { Vec::new() };
            syncs.push(self.sync(sync(id, generation.get(), assignments)));
        }
        for (id, to) in ids.iter().zip(syncs) {
            let (after, reply) = self.synced(to);
            assert_eq!((after, &*reply.assignment), (After::Durable, id.get().as_bytes()));
        }
        Formed { ids, generation, leader }
    }

    /// Another coordinator, loaded from the log.
    fn reload(&mut self) {
        let mut fresh = Coordinator::new(self.config);
        for record in &self.log {
            fresh.replay(&record.key, record.value.as_deref(), self.wall()).expect("a record of our own");
        }
        fresh.loaded(self.now(), self.wall());
        fresh.check();
        self.coordinator = fresh;
    }
}

fn group() -> GroupId {
    GroupId::new("g")
}

/// A subscription to topic `t`, as the Java client writes it.
fn subscription() -> Bytes {
    let mut w = Writer::new();
    w.i16(3);
    let topics = vec!["t".into()];
    ConsumerProtocolSubscription { topics, ..Default::default() }.encode(&mut w, 3);
    w.into_bytes()
}

/// A newcomer that is not told its id first.
fn newcomer(random: u128) -> JoinGroup {
    let protocol = |name: &str| Protocol { name: name.into(), metadata: subscription() };
    JoinGroup {
        group: group(),
        member: None,
        instance: None,
        client_id: "c".into(),
        client_host: "/192.0.2.1".into(),
        session_timeout_ms: 1_000_000,
        rebalance_timeout_ms: Some(60_000),
        protocol_type: "consumer".into(),
        protocols: vec![protocol("range"), protocol("roundrobin")],
        require_known_member_id: false,
        can_skip_assignment: true,
        random,
    }
}

fn fixed(random: u128, instance: &str) -> JoinGroup {
    JoinGroup { instance: Some(InstanceId::new(instance)), ..newcomer(random) }
}

fn again(member: &MemberId) -> JoinGroup {
    JoinGroup { member: Some(member.clone()), ..newcomer(0) }
}

fn sync(member: &MemberId, generation: i32, assignments: Vec<(MemberId, Bytes)>) -> SyncGroup {
    SyncGroup {
        group: group(),
        generation: Generation::new(generation),
        member: member.clone(),
        instance: None,
        protocol_type: None,
        protocol: None,
        assignments,
    }
}

fn name(text: &str) -> Arc<str> {
    text.into()
}
