//! What the coordinators cost: heartbeats, commits and deadlines with 1,000 groups of 10 members, one large group's
//! rebalance, a million committed offsets at a start, and a small transaction.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use headwater_core::config::BrokerConfig;
use headwater_core::group::{
    CommitPartition, CommitTopic, Coordinator, GroupConfig, GroupReply, Heartbeat, JoinGroup, OffsetCommit,
    Out, Protocol, SyncGroup,
};
use headwater_core::ids::{
    Generation, GroupId, MemberId, Offset, PartitionId, ProducerEpoch, ProducerId, TopicName, TransactionalId,
};
use headwater_core::record::control::Outcome;
use headwater_core::time::{Monotonic, Timestamp};
use headwater_core::transaction::{
    self, AddPartitions, EndTransaction, InitProducerId, TransactionConfig, TransactionReply,
};

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

/// The records of so many commits, each of its own group and partition.
fn commits(count: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut world = World::joining(0, 0);
    let mut records = Vec::with_capacity(count);
    for number in 0..count {
        let partition = CommitPartition {
            partition: PartitionId::new((number / 1000) as i32),
            offset: Offset::new(number as i64),
            leader_epoch: None,
            metadata: None,
        };
        let request = OffsetCommit {
            group: GroupId::new(format!("group-{}", number % 1000)),
            member: None,
            generation: None,
            instance: None,
            retention_ms: None,
            report_missing_group: true,
            knows_epochs: true,
            topics: vec![CommitTopic {
                topic: TopicName::new("topic"),
                topic_id: None,
                partitions: vec![partition],
            }],
        };
        world.coordinator.on_offset_commit(world.now, WALL, 0, request, &mut world.out);
        let out = std::mem::take(&mut world.out);
        records.extend(
            out.records.into_iter().map(|record| {
                (record.key.to_vec(), record.value.expect("a commit is no tombstone").to_vec())
            }),
        );
    }
    assert_eq!(records.len(), count);
    records
}

fn loading(c: &mut Criterion) {
    let records = commits(1_000_000);
    let mut group = c.benchmark_group("group");
    group.sample_size(10).throughput(Throughput::Elements(1_000_000));
    group.bench_function("start with 1,000,000 committed offsets", |b| {
        b.iter_batched(
            || Coordinator::new(GroupConfig::new(&BrokerConfig::defaults(), 64 << 20)),
            |mut coordinator| {
                for (key, value) in &records {
                    coordinator.replay(key, Some(value), WALL).expect("it was written so");
                }
                coordinator.loaded(Monotonic::default(), WALL);
                coordinator
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// One partition is added, the transaction is committed, its marker is written.
fn transaction(c: &mut Criterion) {
    let config = TransactionConfig::new(&BrokerConfig::defaults());
    let (now, mut out) = (Monotonic::default(), transaction::Out::default());
    let mut coordinator = transaction::Coordinator::new(config);
    coordinator.loaded(now, WALL, &mut out);
    let ids: Vec<_> = (0..10).map(|number| TransactionalId::new(&*format!("producer-{number}"))).collect();
    let mut who: Vec<(ProducerId, ProducerEpoch)> = Vec::new();
    let mut fresh = 0;
    let told = |out: &mut transaction::Out| match out.replies.remove(0).body {
        TransactionReply::Producer(Ok(who)) => who,
        other => panic!("{other:?}"),
    };
    for id in &ids {
        let current = None;
        let request = InitProducerId {
            id: id.clone(),
            timeout_ms: 60_000,
            current,
            fresh: Some(ProducerId::new(fresh)),
        };
        fresh += 1;
        coordinator.on_init_producer_id(WALL, 0, request, &mut out);
        who.push(told(&mut out));
        out = transaction::Out::default();
    }
    let mut turn = 0;
    let mut group = c.benchmark_group("transaction");
    group.throughput(Throughput::Elements(1));
    group.bench_function("of one partition", |b| {
        b.iter(|| {
            turn = (turn + 1) % ids.len();
            let (id, (producer, epoch)) = (ids[turn].clone(), who[turn]);
            let partitions = vec![(TopicName::new("topic"), PartitionId::new(0))];
            let add = AddPartitions {
                id: id.clone(),
                producer,
                epoch,
                partitions,
                verify_only: false,
                bumps: true,
            };
            coordinator.on_add_partitions(now, WALL, 0, add, &mut out);
            out = transaction::Out::default();
            fresh += 1;
            let fresh = Some(ProducerId::new(fresh));
            let (outcome, bumps) = (Outcome::Commit, true);
            let end = EndTransaction { id: id.clone(), producer, epoch, outcome, bumps, fresh };
            coordinator.on_end_transaction(WALL, 0, end, &mut out);
            who[turn] = told(&mut out);
            let markers = std::mem::take(&mut out.markers);
            for marker in markers {
                coordinator.on_markers_written(WALL, &marker.id, marker.producer, marker.epoch, &mut out);
            }
            out = transaction::Out::default();
        });
    });
    group.finish();
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
    group.throughput(Throughput::Elements(500));
    group.bench_function("rebalance of 500", |b| {
        b.iter_batched(|| World::joining(1, 500), |mut world| world.complete(1), BatchSize::LargeInput);
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
    targets = group, transaction, loading
}
criterion_main!(benches);
