//! What the group coordinator costs: heartbeats, commits and deadlines with 1,000 groups of 10 members, and one large
//! group's rebalance.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use headwater_core::config::BrokerConfig;
use headwater_core::group::{
    CommitPartition, CommitTopic, Coordinator, GroupConfig, GroupReply, Heartbeat, JoinGroup, OffsetCommit,
    Out, Protocol, SyncGroup,
};
use headwater_core::ids::{Generation, GroupId, MemberId, Offset, PartitionId, TopicName};
use headwater_core::time::{Monotonic, Timestamp};

const WALL: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const GENERATION: Generation = Generation::new(1);
const SESSION_MS: i32 = 45_000;

struct World {
    coordinator: Coordinator,
    members: Vec<(GroupId, MemberId)>,
    now: Monotonic,
    out: Out,
}

impl World {
    /// Groups that wait for their members to join.
    fn joining(groups: usize, members: usize) -> Self {
        let config = GroupConfig::new(&BrokerConfig::defaults(), 64 << 20);
        let (now, mut out) = (Monotonic::default(), Out::default());
        let mut coordinator = Coordinator::new(config);
        coordinator.loaded(now, WALL);
        for number in 0..groups * members {
            let request = JoinGroup {
                group: GroupId::new(format!("group-{}", number % groups)),
                member: None,
                instance: None,
                client_id: "consumer-1".into(),
                client_host: "/192.0.2.1".into(),
                session_timeout_ms: SESSION_MS,
                rebalance_timeout_ms: Some(SESSION_MS),
                protocol_type: "consumer".into(),
                protocols: vec![Protocol { name: "range".into(), metadata: vec![0; 64].into() }],
                require_known_member_id: false,
                can_skip_assignment: true,
                random: number as u128,
            };
            coordinator.on_join_group(now, WALL, number as u64, request, &mut out);
        }
        Self { coordinator, members: Vec::new(), now, out }
    }

    /// Everybody has joined, and has an assignment.
    fn stable(groups: usize, members: usize) -> Self {
        let mut world = Self::joining(groups, members);
        world.complete(groups);
        world
    }

    fn complete(&mut self, groups: usize) {
        while self.members.is_empty() {
            self.now = self.coordinator.deadline().expect("the rebalance ends");
            self.coordinator.on_deadline(self.now, WALL, &mut self.out);
            for reply in std::mem::take(&mut self.out).replies {
                let GroupReply::JoinGroup(joined) = reply.body else { continue };
                let group = GroupId::new(format!("group-{}", reply.to % groups as u64));
                self.members.push((group, joined.member.expect("it joined")));
            }
        }
        for (number, (group, member)) in self.members.iter().enumerate() {
            let request = SyncGroup {
                group: group.clone(),
                generation: GENERATION,
                member: member.clone(),
                instance: None,
                protocol_type: None,
                protocol: None,
                assignments: vec![(member.clone(), vec![0; 64].into())],
            };
            self.coordinator.on_sync_group(self.now, WALL, number as u64, request, &mut self.out);
        }
        self.out = Out::default();
    }

    fn heartbeat(&mut self, number: usize) {
        let (group, member) = self.members[number % self.members.len()].clone();
        let request = Heartbeat { group, member, generation: GENERATION, instance: None };
        self.coordinator.on_heartbeat(self.now, WALL, 0, &request, &mut self.out);
        assert!(self.out.replies[0].body == GroupReply::Heartbeat(headwater_core::ErrorCode::None));
        self.out.replies.clear();
    }

    fn commit(&mut self, number: usize) {
        let (group, member) = self.members[number % self.members.len()].clone();
        let partition = CommitPartition {
            partition: PartitionId::new(0),
            offset: Offset::new(number as i64),
            leader_epoch: None,
            metadata: None,
        };
        let topic = TopicName::new("topic");
        let request = OffsetCommit {
            group,
            member: Some(member),
            generation: Some(GENERATION),
            instance: None,
            retention_ms: None,
            report_missing_group: true,
            knows_epochs: true,
            topics: vec![CommitTopic { topic, topic_id: None, partitions: vec![partition] }],
        };
        self.coordinator.on_offset_commit(self.now, WALL, 0, request, &mut self.out);
        self.out = Out::default();
    }
}

fn group(c: &mut Criterion) {
    let mut world = World::stable(1000, 10);
    let mut number = 0;
    let mut group = c.benchmark_group("group/request");
    group.throughput(Throughput::Elements(1));
    group.bench_function("heartbeat of one of 10,000 members", |b| {
        b.iter(|| {
            number += 1;
            world.heartbeat(number);
        });
    });
    group.bench_function("commit of one partition", |b| {
        b.iter(|| {
            number += 1;
            world.commit(number);
        });
    });
    group.finish();
    let mut group = c.benchmark_group("group/members");
    group.throughput(Throughput::Elements(10_000));
    // Every member beats every 3 s; what comes up meanwhile is filed anew, at most once a session timeout.
    group.bench_function("3 s of 10,000", |b| {
        b.iter(|| {
            for _ in 0..world.members.len() {
                number += 1;
                world.heartbeat(number);
            }
            world.now = world.now.plus_millis(3000);
            world.coordinator.on_deadline(world.now, WALL, &mut world.out);
            world.out = Out::default();
        });
    });
    group.throughput(Throughput::Elements(1000));
    group.bench_function("rebalance of 1,000", |b| {
        b.iter_batched(|| World::joining(1, 1000), |mut world| world.complete(1), BatchSize::LargeInput);
    });
    group.finish();
}

criterion_group! {
    name = benches;
    // All benches of this crate together take less than ten minutes.
    config = Criterion::default()
        .warm_up_time(std::time::Duration::from_secs(1))
        .measurement_time(std::time::Duration::from_secs(3));
    targets = group
}
criterion_main!(benches);
