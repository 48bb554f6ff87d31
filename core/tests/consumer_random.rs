//! Random members of a consumer group (KIP-848): they join, commit, leave, fall silent, lose replies and come back, topics
//! grow and go, the broker restarts.
//!
//! After each event: the coordinator's invariants hold, and no two members read the same partition; now and then, that a
//! coordinator loaded from the log is the same. In the end, when all is quiet, every partition is read.
//!
//!     SEED=7 cargo test -p headwater-core --test consumer_random

mod driven;

use std::collections::{BTreeMap, BTreeSet};

use headwater_core::ErrorCode;
use headwater_core::config;
use headwater_core::group::*;
use headwater_core::ids::*;

use self::driven::{Driven, each_seed};

const EVENTS: usize = 1_000;
const CLIENTS: usize = 6;

#[test]
fn random_members_never_share_a_partition() {
    each_seed("consumer_random", |seed| {
        let mut run = Run::new(seed);
        for _ in 0..EVENTS {
            run.event();
        }
        run.settle();
    });
}

#[derive(Clone, Debug)]
struct Topics(BTreeMap<String, i32>);

fn topic_id(name: &str) -> TopicId {
    let mut id = [0; 16];
    id[..name.len()].copy_from_slice(name.as_bytes());
    TopicId::new(id)
}

impl Cluster for Topics {
    fn topic(&self, name: &str) -> Option<KnownTopic> {
        self.0.get(name).map(|count| KnownTopic { id: topic_id(name), partitions: *count })
    }

    fn topic_name(&self, id: TopicId) -> Option<TopicName> {
        self.0.keys().find(|name| topic_id(name) == id).map(|name| TopicName::new(name.as_str()))
    }

    fn each_topic(&self, visit: &mut dyn FnMut(&str)) {
        self.0.keys().for_each(|name| visit(name));
    }

    fn timing(&self, _: &GroupId) -> config::GroupConfig {
        config::GroupConfig {
            session_timeout_ms: 45_000,
            heartbeat_interval_ms: 5_000,
            assignment_interval_ms: 1_000,
        }
    }
}

type Place = (TopicId, PartitionId);

/// A client as it sees itself.
#[derive(Default)]
struct Client {
    /// Counts its lives: each has an id of its own.
    life: u32,
    /// `None`: it has to join.
    epoch: Option<i32>,
    reads: BTreeSet<Place>,
    /// A reply was lost: the next request says everything.
    says_all: bool,
}

struct Run {
    driven: Driven<Topics>,
    clients: Vec<Client>,
    /// Nothing is lost and nothing changes any more.
    quiet: bool,
}

fn group() -> GroupId {
    GroupId::new("g")
}

impl Run {
    fn new(seed: u64) -> Self {
        Self {
            driven: Driven::new(seed, Topics(BTreeMap::from([("t".into(), 4), ("u".into(), 2)]))),
            clients: (0..CLIENTS).map(|_| Client::default()).collect(),
            quiet: false,
        }
    }

    fn event(&mut self) {
        let who = self.driven.random.below(CLIENTS as u64) as usize;
        match self.driven.random.below(40) {
            0 => self.leave(who),
            1 => self.clients[who] = Client { life: self.clients[who].life + 1, ..Client::default() },
            2 => self.change_topics(),
            3 => self.driven.restart(),
            4 => self.driven.wait(20_000),
            5..=14 => self.driven.wait(1_500),
            _ => drop(self.beat(who)),
        }
        self.check();
    }

    fn change_topics(&mut self) {
        let name = ["t", "u", "v", "w"][self.driven.random.below(4) as usize];
        if self.driven.random.one_in(3) && self.driven.cluster.0.len() > 2 {
            self.driven.cluster.0.remove(name);
        } else {
            let count = self.driven.cluster.0.entry(name.into()).or_insert(0);
            *count = (*count + 1).min(7);
        }
        self.driven.cluster_changed();
    }

    /// Even clients are static. Each life of a dynamic client is another member; so is each of a static one, with its
    /// instance.
    fn request(&mut self, who: usize, epoch: i32) -> ConsumerHeartbeat {
        let joins = epoch == 0;
        let (life, says_all) = (self.clients[who].life, self.clients[who].says_all);
        let full = joins || says_all || self.driven.random.one_in(4);
        let mut owned: BTreeMap<TopicId, Vec<PartitionId>> = BTreeMap::new();
        for (topic, partition) in self.clients[who].reads.iter().filter(|_| !joins) {
            owned.entry(*topic).or_default().push(*partition);
        }
        // What a client subscribes to changes now and then.
        let choice = if full && !self.quiet && self.driven.random.one_in(10) {
            self.driven.random.below(4)
        } else {
            who as u64 % 4
        };
        let names: &[&str] = [&["t"][..], &["t", "u"], &[], &["u", "v"]][choice as usize];
        ConsumerHeartbeat {
            group: group(),
            member: Some(MemberId::new(format!("m{who}-{life}"))),
            client_makes_id: true,
            epoch,
            instance: who.is_multiple_of(2).then(|| InstanceId::new(format!("i{who}"))),
            rack: None,
            rebalance_timeout_ms: full.then_some(30_000),
            topics: full.then(|| names.iter().map(|name| TopicName::new(*name)).collect()),
            regex: full.then(|| if choice == 2 { "[t-v]".into() } else { "".into() }),
            assignor: (joins && who == 1).then(|| "range".into()),
            owned: (full || self.driven.random.one_in(2)).then(|| owned.into_iter().collect()),
            client_id: "c".into(),
            client_host: "/192.0.2.1".into(),
            random: 0,
        }
    }

    fn ask(&mut self, request: ConsumerHeartbeat) -> ConsumerAnswer {
        let reply = self.driven.ask(|coordinator, now, wall, out| {
            coordinator.on_consumer_heartbeat(now, wall, 0, request, out);
        });
        let GroupReply::ConsumerHeartbeat(answer) = reply else { panic!("an answer of another kind") };
        answer
    }

    /// Answers whether the client is a member now and got its reply.
    fn beat(&mut self, who: usize) -> bool {
        let epoch = self.clients[who].epoch.unwrap_or(0);
        let request = self.request(who, epoch);
        let answer = self.ask(request);
        let lost = !self.quiet && self.driven.random.one_in(12);
        let client = &mut self.clients[who];
        if lost {
            client.says_all = true;
            return false;
        }
        client.says_all = false;
        match answer.error {
            ErrorCode::None => {
                client.epoch = Some(answer.epoch);
                if let Some(assignment) = answer.assignment {
                    let places = assignment.into_iter().flat_map(|(topic, partitions)| {
                        partitions.into_iter().map(move |partition| (topic, partition))
                    });
                    client.reads = places.collect();
                }
                true
            }
            ErrorCode::UnreleasedInstanceId => false,
            ErrorCode::FencedMemberEpoch | ErrorCode::UnknownMemberId | ErrorCode::GroupIdNotFound => {
                (client.epoch, client.reads) = (None, BTreeSet::new());
                false
            }
            ErrorCode::FencedInstanceId => {
                *client = Client { life: client.life + 1, ..Client::default() };
                false
            }
            other => panic!("{other}"),
        }
    }

    fn leave(&mut self, who: usize) {
        if self.clients[who].epoch.is_none() {
            return;
        }
        let away = who.is_multiple_of(2) && !self.driven.random.one_in(3);
        let request = self.request(who, if away { -2 } else { -1 });
        drop(self.ask(request));
        self.clients[who] = Client { life: self.clients[who].life + 1, ..Client::default() };
    }

    fn described(&mut self) -> DescribedConsumerGroup {
        let (ours, theirs) = self.driven.look(|coordinator, now, wall| {
            let mut out = Out::default();
            coordinator.on_describe_consumers(now, wall, 0, vec![group()], &mut out);
            let GroupReply::DescribeConsumers(mut groups) = out.replies.remove(0).body else {
                unreachable!()
            };
            groups.remove(0)
        });
        if let Some(theirs) = theirs {
            assert_eq!(ours, theirs, "the log says something else");
        }
        ours
    }

    fn check(&mut self) {
        self.driven.coordinator.check();
        let described = self.described();
        let members: BTreeSet<&str> = described.members.iter().map(|member| member.member.get()).collect();
        let mut read = BTreeMap::new();
        for (who, client) in self.clients.iter().enumerate() {
            // One that was put out reads on until it hears of it: its commits are refused.
            let id = format!("m{who}-{}", client.life);
            if !members.contains(id.as_str()) {
                continue;
            }
            for place in &client.reads {
                let before = read.insert(*place, who);
                assert!(before.is_none(), "{place:?} is read by {who} and {before:?}: {described:?}");
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
        let reads: BTreeSet<Place> = self.clients.iter().flat_map(|client| client.reads.clone()).collect();
        // Client 0 reads t, 1 and 5 t and u, 3 u and v, 2 all of these by an expression.
        let wanted =
            ["t", "u", "v"].into_iter().filter_map(|name| Some((name, *self.driven.cluster.0.get(name)?)));
        let wanted =
            wanted.flat_map(|(name, count)| (0..count).map(move |n| (topic_id(name), PartitionId::new(n))));
        assert_eq!(reads, wanted.collect(), "{described:?}");
    }
}
