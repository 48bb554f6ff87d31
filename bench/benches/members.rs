//! What the newer kinds of groups cost their coordinator: consumer groups (KIP-848), share groups (KIP-932) with the state
//! of a partition, and streams groups (KIP-1071).

use std::collections::BTreeMap;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use headwater_core::config::{self, BrokerConfig, Overrides, ShareGroupConfig, StreamsGroupConfig};
use headwater_core::group::{
    Cluster, ConsumerHeartbeat, Coordinator, GroupConfig, GroupReply, InternalTopic, KnownTopic, Out,
    ShareHeartbeat, StreamsHeartbeat, StreamsTopology, Subtopology,
};
use headwater_core::ids::{GroupId, MemberId, Offset, PartitionId, TopicId, TopicName};
use headwater_core::share::{Acknowledgement, ShareConfig, ShareOut, SharePartition, Verdict};
use headwater_core::time::{Monotonic, Timestamp};

const WALL: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const TOPIC: TopicId = TopicId::new([9; 16]);

/// One topic, `t`, of so many partitions; groups have the settings of a broker that was told nothing.
#[derive(Debug)]
struct OneTopic {
    partitions: i32,
    share: ShareGroupConfig,
    streams: StreamsGroupConfig,
}

impl OneTopic {
    fn new(partitions: i32) -> Self {
        let (own, broker) = (Overrides::new(), BrokerConfig::defaults());
        Self {
            partitions,
            share: ShareGroupConfig::resolve(&own, &broker),
            streams: StreamsGroupConfig::resolve(&own, &broker),
        }
    }
}

impl Cluster for OneTopic {
    fn topic(&self, name: &str) -> Option<KnownTopic> {
        (name == "t").then_some(KnownTopic { id: TOPIC, partitions: self.partitions })
    }

    fn topic_name(&self, id: TopicId) -> Option<TopicName> {
        (id == TOPIC).then(|| TopicName::new("t"))
    }

    fn each_topic(&self, visit: &mut dyn FnMut(&str)) {
        visit("t");
    }

    fn timing(&self, _: &GroupId) -> config::GroupConfig {
        config::GroupConfig {
            session_timeout_ms: 45_000,
            heartbeat_interval_ms: 5_000,
            assignment_interval_ms: 1_000,
        }
    }

    fn share(&self, _: &GroupId) -> ShareGroupConfig {
        self.share
    }

    fn streams(&self, _: &GroupId) -> StreamsGroupConfig {
        self.streams
    }
}

/// The owned partitions, or tasks, of a member, by topic or subtopology.
type Owned<K> = BTreeMap<K, Vec<PartitionId>>;

struct World {
    coordinator: Coordinator,
    /// The epoch of each member.
    epochs: Vec<i32>,
    /// What each member of a consumer group has.
    reads: Vec<Owned<TopicId>>,
    /// What each member of a streams group runs.
    runs: Vec<Owned<Arc<str>>>,
    now: Monotonic,
    out: Out,
}

fn member(number: usize) -> MemberId {
    MemberId::new(&*format!("member-{number:04}"))
}

/// Members 0 to 9 are in group 0, and so on.
fn group_of(number: usize, members: usize) -> GroupId {
    GroupId::new(&*format!("group-{}", number / members))
}

impl World {
    fn new(members: usize, partitions: i32) -> Self {
        let mut coordinator = Coordinator::new(GroupConfig::new(&BrokerConfig::defaults(), 64 << 20));
        coordinator.set_cluster(Arc::new(OneTopic::new(partitions)));
        let now = Monotonic::default().plus_millis(1_000);
        coordinator.loaded(now, WALL);
        Self {
            coordinator,
            epochs: vec![0; members],
            reads: vec![Owned::new(); members],
            runs: vec![Owned::new(); members],
            now,
            out: Out::default(),
        }
    }

    /// What the last heartbeat was answered with.
    fn answer(&mut self) -> GroupReply {
        std::mem::take(&mut self.out).replies.pop().expect("a heartbeat is answered at once").body
    }

    /// One heartbeat of a member of a consumer group of `members`; whether it is told of new partitions.
    fn consumer(&mut self, number: usize, members: usize) -> bool {
        let joins = self.epochs[number] == 0;
        let request = ConsumerHeartbeat {
            group: group_of(number, members),
            member: Some(member(number)),
            client_makes_id: true,
            epoch: self.epochs[number],
            instance: None,
            rack: None,
            rebalance_timeout_ms: joins.then_some(60_000),
            topics: joins.then(|| vec![TopicName::new("t")]),
            regex: None,
            assignor: None,
            owned: Some(self.reads[number].clone().into_iter().collect()),
            client_id: "client".into(),
            client_host: "/192.0.2.1".into(),
            random: number as u128,
        };
        self.coordinator.on_consumer_heartbeat(self.now, WALL, 0, request, &mut self.out);
        let GroupReply::ConsumerHeartbeat(answer) = self.answer() else { unreachable!("it was a heartbeat") };
        assert!(!answer.error.is_error(), "{:?}", answer.message);
        self.epochs[number] = answer.epoch;
        let told = answer.assignment.map(|topics| topics.into_iter().collect());
        let changed = told.is_some();
        self.reads[number] = told.unwrap_or_else(|| std::mem::take(&mut self.reads[number]));
        changed
    }

    /// One heartbeat of a member of a share group.
    fn share(&mut self, number: usize, members: usize) {
        let joins = self.epochs[number] == 0;
        let request = ShareHeartbeat {
            group: group_of(number, members),
            member: member(number),
            epoch: self.epochs[number],
            rack: None,
            topics: joins.then(|| vec![TopicName::new("t")]),
            client_id: "client".into(),
            client_host: "/192.0.2.1".into(),
        };
        self.coordinator.on_share_heartbeat(self.now, WALL, 0, request, &mut self.out);
        let GroupReply::ShareHeartbeat(answer) = self.answer() else { unreachable!("it was a heartbeat") };
        assert!(!answer.error.is_error(), "{:?}", answer.message);
        self.epochs[number] = answer.epoch;
    }

    /// One heartbeat of a member of the streams group; whether it is told of new tasks.
    fn streams(&mut self, number: usize, topology: &Arc<StreamsTopology>) -> bool {
        let joins = self.epochs[number] == 0;
        let request = StreamsHeartbeat {
            group: group_of(0, 1),
            member: member(number),
            epoch: self.epochs[number],
            instance: None,
            rack: None,
            rebalance_timeout_ms: joins.then_some(60_000),
            topology: joins.then(|| topology.clone()),
            active: Some(self.runs[number].clone().into_iter().collect()),
            standby: Some(Vec::new()),
            warmup: Some(Vec::new()),
            process: joins.then(|| format!("process-{}", number / 4).into()),
            endpoint: None,
            endpoint_epoch: 0,
            tags: joins.then(Vec::new),
            reports_offsets: false,
            shutdown: false,
            client_id: "client".into(),
            client_host: "/192.0.2.1".into(),
        };
        self.coordinator.on_streams_heartbeat(self.now, WALL, 0, request, &mut self.out);
        let GroupReply::StreamsHeartbeat(answer) = self.answer() else { unreachable!("it was a heartbeat") };
        assert!(!answer.error.is_error(), "{:?}", answer.message);
        self.epochs[number] = answer.epoch;
        let told = answer.tasks.map(|tasks| tasks.active.into_iter().collect());
        let changed = told.is_some();
        self.runs[number] = told.unwrap_or_else(|| std::mem::take(&mut self.runs[number]));
        changed
    }

    /// Lets everybody beat, second by second, until `beat` tells nobody anything new for three of them.
    fn settle(&mut self, mut beat: impl FnMut(&mut Self, usize) -> bool) {
        let mut quiet = 0;
        while quiet < 3 {
            self.now = self.now.plus_millis(1_000);
            self.coordinator.on_deadline(self.now, WALL, &mut self.out);
            self.out = Out::default();
            let told = (0..self.epochs.len()).filter(|number| beat(self, *number)).count();
            quiet = if told == 0 { quiet + 1 } else { 0 };
        }
    }
}

fn consumer(c: &mut Criterion) {
    let mut world = World::new(1_000, 10);
    world.settle(|world, number| world.consumer(number, 10));
    let mut number = 0;
    let mut group = c.benchmark_group("consumer/request");
    group.throughput(Throughput::Elements(1));
    group.bench_function("heartbeat of one of 1,000 members", |b| {
        b.iter(|| {
            number = (number + 1) % 1_000;
            world.consumer(number, 10)
        });
    });
    group.finish();
    let mut group = c.benchmark_group("consumer/members");
    group.sample_size(10).throughput(Throughput::Elements(500));
    group.bench_function("500 come and share 1,000 partitions", |b| {
        b.iter_batched(
            || World::new(500, 1_000),
            |mut world| {
                world.settle(|world, number| world.consumer(number, 500));
                assert_eq!(world.reads.iter().flat_map(|reads| reads.values()).flatten().count(), 1_000);
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn share(c: &mut Criterion) {
    let mut world = World::new(1_000, 10);
    for number in 0..1_000 {
        world.share(number, 10);
    }
    let mut number = 0;
    let mut group = c.benchmark_group("share/request");
    group.throughput(Throughput::Elements(1));
    group.bench_function("heartbeat of one of 1,000 members", |b| {
        b.iter(|| {
            number = (number + 1) % 1_000;
            world.share(number, 10);
        });
    });
    group.finish();

    let config = ShareConfig { deliveries_max: 5, lock_ms: 30_000, locks_max: 2_000 };
    let (member, now) = (member(0), Monotonic::default());
    let mut group = c.benchmark_group("share/records");
    group.throughput(Throughput::Elements(500));
    // `each`: every record has a verdict of its own, and every tenth comes again.
    for (name, each) in [("500 accepted at once", false), ("500 judged one by one", true)] {
        let mut partition = SharePartition::new(config, Offset::new(0));
        let mut out = ShareOut::default();
        group.bench_function(name, |b| {
            b.iter(|| {
                let from = partition.next_read();
                let given = partition.acquire(now, &member, from, from.plus(499), 500);
                let said: Vec<Acknowledgement> = given
                    .iter()
                    .map(|run| {
                        let count =
                            usize::try_from(run.last.get() - run.first.get() + 1).expect("a run has records");
                        let verdicts = if each {
                            let verdict = |n| if n % 10 == 0 { Verdict::Release } else { Verdict::Accept };
                            (0..count).map(verdict).collect()
                        } else {
                            vec![Verdict::Accept]
                        };
                        Acknowledgement { first: run.first, last: run.last, verdicts }
                    })
                    .collect();
                partition.acknowledge(now, &member, &said, &mut out).expect("they are its own");
                out = ShareOut::default();
            });
        });
    }
    group.finish();
}

fn streams(c: &mut Criterion) {
    let own = |name: &str| InternalTopic {
        name: TopicName::new(name),
        partitions: 0,
        replication_factor: 0,
        configs: Vec::new(),
    };
    let reads = Subtopology {
        sources: vec![TopicName::new("t")],
        changelogs: vec![own("t")],
        ..Subtopology::default()
    };
    let subtopologies = BTreeMap::from([("0".into(), reads)]);
    let topology = Arc::new(StreamsTopology { epoch: 1, subtopologies });
    let mut group = c.benchmark_group("streams/members");
    group.sample_size(10).throughput(Throughput::Elements(100));
    group.bench_function("100 threads of 25 processes share 400 tasks", |b| {
        b.iter_batched(
            || World::new(100, 400),
            |mut world| {
                world.settle(|world, number| world.streams(number, &topology));
                assert_eq!(world.runs.iter().flat_map(|runs| runs.values()).flatten().count(), 400);
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(std::time::Duration::from_secs(1))
        .measurement_time(std::time::Duration::from_secs(3));
    targets = consumer, share, streams
}
criterion_main!(benches);
