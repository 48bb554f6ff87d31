//! Random members of a streams group (KIP-1071): they join, leave, fall silent, lose replies and come back, threads share
//! processes, topics grow, copies are wanted or not, the broker restarts.
//!
//! After each event: the coordinator's invariants hold, and no two members run the same task; now and then, that a
//! coordinator loaded from the log is the same. In the end, when all is quiet, every task is run and every copy kept.
//!
//!     SEED=7 cargo test -p headwater-core --test streams_random

mod driven;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use headwater_core::ErrorCode;
use headwater_core::config;
use headwater_core::group::*;
use headwater_core::ids::*;

use self::driven::{Driven, each_seed};

const EVENTS: usize = 800;
const CLIENTS: usize = 6;

#[test]
fn random_members_never_run_the_same_task() {
    each_seed("streams_random", |seed| {
        let mut run = Run::new(seed);
        for _ in 0..EVENTS {
            run.event();
        }
        run.settle();
    });
}

/// `t` is read; `r` and `log` are the group's own.
#[derive(Clone, Debug)]
struct World {
    topics: BTreeMap<&'static str, i32>,
    standbys: usize,
}

impl Cluster for World {
    fn topic(&self, name: &str) -> Option<KnownTopic> {
        let partitions = *self.topics.get(name)?;
        let mut id = [0; 16];
        id[..name.len()].copy_from_slice(name.as_bytes());
        Some(KnownTopic { id: TopicId::new(id), partitions })
    }

    fn topic_name(&self, _: TopicId) -> Option<TopicName> {
        None
    }

    fn each_topic(&self, _: &mut dyn FnMut(&str)) {}

    fn timing(&self, _: &GroupId) -> config::GroupConfig {
        unreachable!("there are no consumer groups")
    }

    fn streams(&self, _: &GroupId) -> config::StreamsGroupConfig {
        config::StreamsGroupConfig {
            session_timeout_ms: 45_000,
            heartbeat_interval_ms: 5_000,
            assignment_interval_ms: 1_000,
            initial_rebalance_delay_ms: 3_000,
            standby_replicas: self.standbys,
        }
    }
}

fn topology() -> Arc<StreamsTopology> {
    let own = |name: &str| InternalTopic {
        name: TopicName::new(name),
        partitions: 0,
        replication_factor: 0,
        configs: Vec::new(),
    };
    let reads = Subtopology {
        sources: vec![TopicName::new("t")],
        repartition_sinks: vec![TopicName::new("r")],
        ..Subtopology::default()
    };
    let counts = Subtopology {
        repartition_sources: vec![own("r")],
        changelogs: vec![own("log")],
        ..Subtopology::default()
    };
    let subtopologies = BTreeMap::from([("0".into(), reads), ("1".into(), counts)]);
    Arc::new(StreamsTopology { epoch: 1, subtopologies })
}

/// A client as it sees itself.
#[derive(Default)]
struct Client {
    /// Counts its lives: each has an id of its own.
    life: u32,
    /// `None`: it has to join.
    epoch: Option<i32>,
    has: StreamsTasks,
    /// It has something to say of its tasks, or a reply was lost.
    says_all: bool,
}

struct Run {
    driven: Driven<World>,
    clients: Vec<Client>,
    /// Nothing is lost and nothing changes any more.
    quiet: bool,
}

fn group() -> GroupId {
    GroupId::new("g")
}

fn each(ids: &TaskIds) -> impl Iterator<Item = (Arc<str>, PartitionId)> {
    ids.iter().flat_map(|(id, partitions)| partitions.iter().map(|partition| (id.clone(), *partition)))
}

impl Run {
    fn new(seed: u64) -> Self {
        Self {
            driven: Driven::new(seed, World { topics: BTreeMap::from([("t", 3)]), standbys: 1 }),
            clients: (0..CLIENTS).map(|_| Client::default()).collect(),
            quiet: false,
        }
    }

    fn event(&mut self) {
        let who = self.driven.random.below(CLIENTS as u64) as usize;
        match self.driven.random.below(40) {
            0 => self.leave(who),
            1 => self.clients[who] = Client { life: self.clients[who].life + 1, ..Client::default() },
            2 if self.driven.random.one_in(8) => {
                // Its own topics do not fit any more, until they are made anew.
                let count = 2 + self.driven.random.below(4) as i32;
                self.change(|world| _ = world.topics.insert("t", count));
            }
            3 => {
                let standbys = self.driven.random.below(3) as usize;
                self.change(|world| world.standbys = standbys);
            }
            4 => self.driven.restart(),
            5 => self.driven.wait(20_000),
            6..=14 => self.driven.wait(1_500),
            _ => self.beat(who),
        }
        self.check();
    }

    fn change(&mut self, how: impl FnOnce(&mut World)) {
        how(&mut self.driven.cluster);
        let count = self.driven.cluster.topics["t"];
        self.driven.cluster.topics.retain(|name, partitions| *name == "t" || *partitions == count);
        self.driven.cluster_changed();
    }

    fn ask(&mut self, who: usize, epoch: i32) -> StreamsAnswer {
        let joins = epoch == 0;
        let says_all = joins || self.clients[who].says_all || self.driven.random.one_in(4);
        let client = &self.clients[who];
        let tasks = if joins { StreamsTasks::default() } else { client.has.clone() };
        let said = |ids: TaskIds| says_all.then_some(ids);
        let request = StreamsHeartbeat {
            group: group(),
            member: MemberId::new(format!("m{who}-{}", client.life)),
            epoch,
            instance: None,
            rack: None,
            rebalance_timeout_ms: joins.then_some(30_000),
            topology: joins.then(topology),
            active: said(tasks.active),
            standby: said(tasks.standby),
            warmup: said(tasks.warmup),
            // Two threads a process.
            process: joins.then(|| format!("p{}", who / 2).into()),
            endpoint: None,
            endpoint_epoch: -1,
            tags: None,
            reports_offsets: false,
            shutdown: false,
            client_id: "c".into(),
            client_host: "/192.0.2.1".into(),
        };
        let reply = self.driven.ask(|coordinator, now, wall, out| {
            coordinator.on_streams_heartbeat(now, wall, 0, request, out);
        });
        let GroupReply::StreamsHeartbeat(answer) = reply else { panic!("an answer of another kind") };
        *answer
    }

    fn beat(&mut self, who: usize) {
        let epoch = self.clients[who].epoch.unwrap_or(0);
        let answer = self.ask(who, epoch);
        if !answer.wants_topics.is_empty() && (self.quiet || self.driven.random.one_in(2)) {
            self.change(|world| world.topics.extend([("r", world.topics["t"]), ("log", world.topics["t"])]));
        }
        let lost = !self.quiet && self.driven.random.one_in(12);
        let client = &mut self.clients[who];
        if lost {
            client.says_all = true;
            return;
        }
        match answer.error {
            ErrorCode::None => {
                client.epoch = Some(answer.epoch);
                client.says_all = answer.tasks.is_some();
                client.has = answer.tasks.unwrap_or(std::mem::take(&mut client.has));
            }
            // The number of tasks has changed: what it has is gone.
            ErrorCode::InvalidRequest
            | ErrorCode::FencedMemberEpoch
            | ErrorCode::UnknownMemberId
            | ErrorCode::GroupIdNotFound => {
                (client.epoch, client.has, client.says_all) = (None, StreamsTasks::default(), true);
            }
            other => panic!("{other}"),
        }
    }

    fn leave(&mut self, who: usize) {
        if self.clients[who].epoch.is_some() {
            drop(self.ask(who, -1));
        }
        self.clients[who] = Client { life: self.clients[who].life + 1, ..Client::default() };
    }

    fn described(&mut self) -> DescribedStreamsGroup {
        let (ours, theirs) = self.driven.look(|coordinator, now, wall| {
            let mut out = Out::default();
            coordinator.on_describe_streams(now, wall, 0, vec![group()], &mut out);
            let GroupReply::DescribeStreams(mut groups) = out.replies.remove(0).body else { unreachable!() };
            groups.remove(0)
        });
        if let Some(theirs) = theirs {
            // Counts of partitions are not in the log.
            let without =
                |group: &DescribedStreamsGroup| DescribedStreamsGroup { topology: None, ..group.clone() };
            assert_eq!(without(&ours), without(&theirs), "the log says something else");
        }
        ours
    }

    fn check(&mut self) {
        self.driven.coordinator.check();
        let described = self.described();
        let members: BTreeSet<&str> = described.members.iter().map(|member| member.member.get()).collect();
        let mut run = BTreeMap::new();
        for (who, client) in self.clients.iter().enumerate() {
            // One that was put out runs on until it hears of it: its commits are refused.
            if !members.contains(format!("m{who}-{}", client.life).as_str()) {
                continue;
            }
            for task in each(&client.has.active) {
                let before = run.insert(task.clone(), who);
                assert!(before.is_none(), "{task:?} is run by {who} and {before:?}: {described:?}");
            }
        }
    }

    /// Nothing happens any more but heartbeats.
    fn settle(&mut self) {
        self.quiet = true;
        for _ in 0..60 {
            for who in 0..CLIENTS {
                self.beat(who);
                self.check();
            }
            self.driven.wait(6_000);
        }
        let described = self.described();
        assert_eq!(described.state, State::Stable, "{described:?}");
        let run: BTreeSet<_> = self.clients.iter().flat_map(|client| each(&client.has.active)).collect();
        let count = self.driven.cluster.topics["t"];
        let all =
            ["0", "1"].into_iter().flat_map(|id| (0..count).map(move |n| (id.into(), PartitionId::new(n))));
        assert_eq!(run, all.collect(), "{described:?}");
        // One part has state; three processes keep two copies besides at most.
        let copies: usize = self.clients.iter().map(|client| each(&client.has.standby).count()).sum();
        assert_eq!(copies, count as usize * self.driven.cluster.standbys.min(2), "{described:?}");
    }
}
