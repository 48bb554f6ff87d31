//! Random members, well-behaved and not, against the group coordinator.
//!
//! After each step the coordinator's invariants hold; every request is answered exactly once, and in the end all are;
//! members of a generation hear of one leader and one protocol, and get what that leader dealt to them; and a
//! coordinator that loads what was written answers like the one that wrote it.
//!
//! A failure names its seed: `SEED=<seed> cargo test -p headwater-core --test group_random`.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use headwater_core::ErrorCode;
use headwater_core::after::After;
use headwater_core::config::BrokerConfig;
use headwater_core::group::*;
use headwater_core::ids::*;
use headwater_core::time::{Monotonic, Timestamp};

/// A generator of random numbers (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// What a client knows.
#[derive(Clone, Default)]
struct Client {
    member: Option<MemberId>,
    generation: Option<Generation>,
    /// The members to deal out to, if it leads.
    followers: Option<Vec<MemberId>>,
    synced: bool,
    waits: Option<ReplyTo>,
}

/// Where a reply goes, and what was asked.
struct Asked {
    client: usize,
    generation: Option<Generation>,
    member: Option<MemberId>,
}

type Record = (Option<ProducerId>, Vec<u8>, Option<Vec<u8>>);

enum Entry {
    Record(Record),
    End(ProducerId, bool),
}

/// What a generation's members must agree on, and what its leader dealt.
#[derive(Default)]
struct Agreed {
    protocol: Option<std::sync::Arc<str>>,
    dealt: BTreeMap<MemberId, Bytes>,
}

struct World {
    random: Random,
    config: GroupConfig,
    coordinator: Coordinator,
    now: Monotonic,
    log: Vec<Entry>,
    clients: Vec<Client>,
    asked: BTreeMap<ReplyTo, Asked>,
    next_reply: ReplyTo,
    agreed: BTreeMap<(GroupId, Generation), Agreed>,
    open: BTreeSet<ProducerId>,
}

const GROUPS: usize = 3;
const CLIENTS: usize = 18;
const TOPICS: [&str; 3] = ["t", "u", "v"];

fn group(client: usize) -> GroupId {
    GroupId::new(format!("g{}", client % GROUPS))
}

/// Every third client is static.
fn instance(client: usize) -> Option<InstanceId> {
    (client / GROUPS).is_multiple_of(3).then(|| InstanceId::new(format!("i{client}")))
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let mut config = GroupConfig::new(&BrokerConfig::defaults(), 1 << 20);
        config.initial_rebalance_delay_ms = [0, 3000][random.below(2) as usize];
        config.members_max = [3, 100][random.below(2) as usize];
        config.retention_ms = 3_600_000;
        config.record_bytes_max = [400, 1 << 20, 1 << 20][random.below(3) as usize];
        let mut coordinator = Coordinator::new(config);
        coordinator.loaded(Monotonic::default(), Timestamp::default());
        Self {
            random,
            config,
            coordinator,
            now: Monotonic::default(),
            log: Vec::new(),
            clients: vec![Client::default(); CLIENTS],
            asked: BTreeMap::new(),
            next_reply: 1,
            agreed: BTreeMap::new(),
            open: BTreeSet::new(),
        }
    }

    fn wall(&self) -> Timestamp {
        Timestamp::from_millis(self.now.millis_since(Monotonic::default()) as i64)
    }

    fn ask(&mut self, client: usize) -> ReplyTo {
        let to = self.next_reply;
        // Numbers that are free again are used again, as a driver's slots are.
        self.next_reply = (1..).find(|n| *n != to && !self.asked.contains_key(n)).expect("endless");
        let state = &self.clients[client];
        let asked = Asked { client, generation: state.generation, member: state.member.clone() };
        assert!(self.asked.insert(to, asked).is_none());
        to
    }

    fn step(&mut self) {
        let client = self.random.below(CLIENTS as u64) as usize;
        match self.random.below(100) {
            0..20 => self.pass(),
            20..22 => self.admin(client),
            22 => self.restart(),
            23..26 => self.transact(client),
            26..29 => self.go_away(client),
            29..32 => self.leave(client),
            32..40 => self.commit(client),
            40..44 => self.forget(client),
            _ => self.go_on(client),
        }
    }

    /// What a client of Kafka would do next.
    fn go_on(&mut self, client: usize) {
        let state = &self.clients[client];
        // Now and then a client asks again although it waits.
        if state.waits.is_some() && !self.random.one_in(10) {
            return;
        }
        match (&state.member, state.generation) {
            (Some(_), Some(_)) if !state.synced => self.sync(client),
            (Some(_), Some(_)) if !self.random.one_in(8) => self.heartbeat(client),
            _ => self.join(client),
        }
    }

    fn join(&mut self, client: usize) {
        let to = self.ask(client);
        let member = self.clients[client].member.clone();
        let protocol = |name: &str, metadata: &[u8]| Protocol {
            name: name.into(),
            metadata: Bytes::copy_from_slice(metadata),
        };
        // A subscription to "t", or to "u".
        let topics: &[u8] =
            [b"\0\0\0\0\0\x01\0\x01t\xff\xff\xff\xff", b"\0\0\0\0\0\x01\0\x01u\xff\xff\xff\xff"]
                [usize::from(self.random.one_in(5))];
        let mut protocols = vec![protocol("range", topics), protocol("sticky", topics)];
        if self.random.one_in(3) {
            protocols.reverse();
        }
        if self.random.one_in(20) {
            protocols.truncate(1);
        }
        let request = JoinGroup {
            group: group(client),
            instance: instance(client),
            client_id: format!("c{client}").into(),
            client_host: "/192.0.2.1".into(),
            session_timeout_ms: 6000 + self.random.below(20_000) as i32,
            rebalance_timeout_ms: Some(self.random.below(30_000) as i32),
            protocol_type: if self.random.one_in(40) { "connect" } else { "consumer" }.into(),
            protocols,
            require_known_member_id: self.random.one_in(2),
            can_skip_assignment: true,
            random: u128::from(self.random.next()),
            member,
        };
        self.clients[client].waits = Some(to);
        let (now, wall, mut out) = (self.now, self.wall(), Out::default());
        self.coordinator.on_join_group(now, wall, to, request, &mut out);
        self.done(None, out);
    }

    fn sync(&mut self, client: usize) {
        let to = self.ask(client);
        let state = self.clients[client].clone();
        let (Some(member), Some(generation)) = (state.member, state.generation) else { unreachable!() };
        let mut assignments = Vec::new();
        for follower in state.followers.unwrap_or_default() {
            if !self.random.one_in(10) {
                let share = Bytes::from(format!("{follower} in {generation}, {}", self.random.below(1000)));
                assignments.push((follower, share));
            }
        }
        let instance = instance(client);
        let group = group(client);
        let (protocol, protocol_type) = (None, None);
        let request = SyncGroup { group, generation, member, instance, protocol_type, protocol, assignments };
        if !request.assignments.is_empty() {
            let agreed = self.agreed.entry((request.group.clone(), generation)).or_default();
            if self.coordinator.state(&request.group) == State::CompletingRebalance {
                agreed.dealt = request.assignments.iter().cloned().collect();
            }
        }
        self.clients[client].waits = Some(to);
        let (now, wall, mut out) = (self.now, self.wall(), Out::default());
        self.coordinator.on_sync_group(now, wall, to, request, &mut out);
        self.done(None, out);
    }

    fn heartbeat(&mut self, client: usize) {
        let to = self.ask(client);
        let state = self.clients[client].clone();
        let request = Heartbeat {
            group: group(client),
            generation: state.generation.expect("the caller saw it"),
            member: state.member.expect("the caller saw it"),
            instance: instance(client),
        };
        let (now, wall, mut out) = (self.now, self.wall(), Out::default());
        self.coordinator.on_heartbeat(now, wall, to, &request, &mut out);
        self.done(None, out);
    }

    fn leave(&mut self, client: usize) {
        let to = self.ask(client);
        let member = if self.random.one_in(2) { self.clients[client].member.clone() } else { None };
        let members = vec![LeavingMember { member, instance: instance(client) }];
        let request = LeaveGroup { group: group(client), members };
        let (now, wall, mut out) = (self.now, self.wall(), Out::default());
        self.coordinator.on_leave_group(now, wall, to, request, &mut out);
        self.done(None, out);
    }

    fn offsets(&mut self) -> Vec<CommitTopic> {
        let topic = TopicName::new(TOPICS[self.random.below(3) as usize]);
        let partitions = vec![CommitPartition {
            partition: PartitionId::new(self.random.below(3) as i32),
            offset: Offset::new(self.random.below(1000) as i64),
            leader_epoch: None,
            metadata: None,
        }];
        let topic_id = self.random.one_in(2).then(|| TopicId::new([7; 16]));
        vec![CommitTopic { topic, topic_id, partitions }]
    }

    fn commit(&mut self, client: usize) {
        let (to, topics) = (self.ask(client), self.offsets());
        let state = &self.clients[client];
        let request = OffsetCommit {
            group: group(client),
            generation: state.generation,
            member: state.member.clone(),
            instance: instance(client).filter(|_| state.member.is_some()),
            retention_ms: self.random.one_in(10).then_some(60_000),
            report_missing_group: true,
            knows_epochs: true,
            topics,
        };
        let (now, wall, mut out) = (self.now, self.wall(), Out::default());
        self.coordinator.on_offset_commit(now, wall, to, request, &mut out);
        self.done(None, out);
    }

    fn transact(&mut self, client: usize) {
        let producer = ProducerId::new(self.random.below(4) as i64);
        if self.open.remove(&producer) {
            let committed = self.random.one_in(2);
            self.coordinator.on_transaction_end(producer, committed);
            self.log.push(Entry::End(producer, committed));
            return self.coordinator.check();
        }
        self.open.insert(producer);
        let (to, topics) = (self.ask(client), self.offsets());
        let state = &self.clients[client];
        let request = TxnOffsetCommit {
            group: group(client),
            producer,
            generation: state.generation,
            member: state.member.clone(),
            instance: None,
            topics,
        };
        let (now, wall, mut out) = (self.now, self.wall(), Out::default());
        self.coordinator.on_txn_offset_commit(now, wall, to, request, &mut out);
        self.done(Some(producer), out);
    }

    fn admin(&mut self, client: usize) {
        let id = group(client);
        let (now, wall, mut out) = (self.now, self.wall(), Out::default());
        match self.random.below(3) {
            0 => {
                let to = self.ask(client);
                self.coordinator.on_delete_groups(now, wall, to, vec![id], &mut out);
            }
            1 => {
                let to = self.ask(client);
                let partitions = vec![PartitionId::new(0)];
                let topics = vec![DeleteTopic { topic: TopicName::new("v"), partitions }];
                let request = OffsetDelete { group: id, topics };
                self.coordinator.on_offset_delete(now, wall, to, request, &mut out);
            }
            _ => self.coordinator.on_topic_deleted(now, wall, &TopicName::new("u"), None, &mut out),
        }
        self.done(None, out);
    }

    /// The client's connection breaks.
    fn go_away(&mut self, client: usize) {
        let theirs = |(to, asked): (&ReplyTo, &Asked)| (asked.client == client).then_some(*to);
        let gone: Vec<ReplyTo> = self.asked.iter().filter_map(theirs).collect();
        for to in gone {
            self.asked.remove(&to);
            self.coordinator.drop_reply(to);
        }
        self.clients[client].waits = None;
        self.coordinator.check();
    }

    /// The client is restarted, and knows nothing any more.
    fn forget(&mut self, client: usize) {
        self.go_away(client);
        self.clients[client] = Client::default();
    }

    /// Time passes.
    fn pass(&mut self) {
        let millis = [1, 500, 4000, 20_000, 1_000_000][self.random.below(5) as usize];
        let millis = 1 + self.random.below(millis);
        self.wait(millis);
    }

    fn wait(&mut self, millis: u64) {
        let end = self.now.plus_millis(millis);
        let mut turns = 0;
        while let Some(due) = self.coordinator.deadline().filter(|due| *due <= end) {
            turns += 1;
            assert!(turns < 100_000, "deadlines come up for ever");
            self.now = self.now.max(due);
            let (now, wall, mut out) = (self.now, self.wall(), Out::default());
            self.coordinator.on_deadline(now, wall, &mut out);
            self.done(None, out);
        }
        self.now = end;
    }

    fn load(&self) -> Coordinator {
        let mut fresh = Coordinator::new(self.config);
        let wall = self.wall();
        for entry in &self.log {
            match entry {
                Entry::End(producer, committed) => fresh.on_transaction_end(*producer, *committed),
                Entry::Record((None, key, value)) => fresh.replay(key, value.as_deref(), wall).unwrap(),
                Entry::Record((Some(producer), key, value)) => {
                    fresh.replay_transactional(*producer, key, value.as_deref(), wall).unwrap();
                }
            }
            fresh.check();
        }
        fresh
    }

    /// Another broker takes over; what was not durable yet, such as the last records, may be lost.
    fn restart(&mut self) {
        self.compare();
        let lost = self.random.below(4).min(self.log.len() as u64) as usize;
        let in_transaction = |e: &Entry| !matches!(e, Entry::Record((None, ..)));
        if !self.log[self.log.len() - lost..].iter().any(in_transaction) {
            self.log.truncate(self.log.len() - lost);
        }
        let (now, wall) = (self.now, self.wall());
        self.coordinator = self.load();
        self.coordinator.loaded(now, wall);
        self.coordinator.check();
        self.asked.clear();
        self.agreed.clear();
        self.clients.iter_mut().for_each(|client| client.waits = None);
    }

    /// Takes in what a call brought.
    fn done(&mut self, producer: Option<ProducerId>, out: Out) {
        self.coordinator.check();
        for record in out.records {
            if let Some(value) = &record.value {
                assert!(value.len() <= self.config.record_bytes_max, "{} bytes", value.len());
            } else if let [0, 2, _, _, name @ ..] = &record.key[..] {
                // The group is deleted; the next one of that name counts its generations from 1 again.
                self.agreed.retain(|(group, _), _| group.get().as_bytes() != name);
            }
            self.log.push(Entry::Record((producer, record.key, record.value)));
        }
        for reply in out.replies {
            let asked = self.asked.remove(&reply.to).expect("answered once, and only who asked");
            if self.clients[asked.client].waits == Some(reply.to) {
                self.clients[asked.client].waits = None;
            }
            self.hear(&asked, reply);
        }
    }

    fn hear(&mut self, asked: &Asked, reply: Reply) {
        let group = group(asked.client);
        let state = &mut self.clients[asked.client];
        match reply.body {
            GroupReply::JoinGroup(joined) => match joined.error {
                ErrorCode::None => {
                    let generation = joined.generation.expect("who joins is told the generation");
                    let agreed = self.agreed.entry((group, generation)).or_default();
                    let protocol = joined.protocol.expect("and the protocol");
                    assert_eq!(*agreed.protocol.get_or_insert(protocol.clone()), protocol);
                    let leads = joined.leader == joined.member;
                    assert_eq!(leads, !joined.members.is_empty());
                    let members = joined.members.into_iter().map(|m| m.member);
                    state.followers = (leads && !joined.skip_assignment).then(|| members.collect());
                    state.member = joined.member;
                    state.generation = Some(generation);
                    state.synced = false;
                }
                ErrorCode::MemberIdRequired => state.member = joined.member,
                ErrorCode::UnknownMemberId | ErrorCode::FencedInstanceId => *state = Client::default(),
                _ => state.generation = None,
            },
            GroupReply::SyncGroup(synced) => match synced.error {
                ErrorCode::None => {
                    assert_eq!(reply.after, After::Durable);
                    if !synced.assignment.is_empty() {
                        let text = String::from_utf8(synced.assignment.to_vec()).unwrap();
                        let (member, generation) = (asked.member.clone().unwrap(), asked.generation.unwrap());
                        // A static member that came back has what its former self was dealt.
                        if let Some(agreed) = self.agreed.get(&(group, generation)) {
                            let dealt = agreed.dealt.values().any(|share| *share == synced.assignment);
                            assert!(dealt || agreed.dealt.is_empty(), "{member} got {text}");
                        }
                        if instance(asked.client).is_none() {
                            assert!(
                                text.starts_with(&format!("{member} in {generation},")),
                                "{member} got {text}"
                            );
                        }
                    }
                    state.synced = true;
                }
                ErrorCode::UnknownMemberId | ErrorCode::FencedInstanceId => *state = Client::default(),
                _ => state.generation = None,
            },
            GroupReply::Heartbeat(error) => match error {
                ErrorCode::None => {}
                ErrorCode::UnknownMemberId | ErrorCode::FencedInstanceId => *state = Client::default(),
                _ => state.generation = None,
            },
            _ => {}
        }
    }

    /// What is written says all that must be known.
    fn compare(&mut self) {
        let mut fresh = self.load();
        let (now, wall) = (self.now, self.wall());
        fresh.loaded(now, wall);
        fresh.check();
        let ids: Vec<GroupId> = (0..GROUPS).map(group).collect();
        let see = |coordinator: &Coordinator, stable: bool| {
            let mut out = Out::default();
            let groups = ids
                .iter()
                .map(|id| FetchGroup { group: id.clone(), member: None, epoch: None, topics: None })
                .collect();
            coordinator.on_offset_fetch(0, OffsetFetch { require_stable: stable, groups }, &mut out);
            let request = DescribeGroups { groups: ids.clone(), report_missing_group: true };
            coordinator.on_describe_groups(0, request, &mut out);
            let [offsets, described] = <[Reply; 2]>::try_from(out.replies).expect("one reply each");
            let GroupReply::DescribeGroups(described) = described.body else { unreachable!() };
            (offsets, described)
        };
        for stable in [false, true] {
            let ((ours, groups), (theirs, loaded)) = (see(&self.coordinator, stable), see(&fresh, stable));
            assert_eq!(ours, theirs);
            for (ours, theirs) in groups.into_iter().zip(loaded) {
                // A rebalance under way is forgotten; a group that nobody completed a generation of is not known.
                if ours.state == State::Stable && theirs.state == State::Stable {
                    assert_eq!(ours, theirs);
                } else if ours.state == State::Stable {
                    assert!(theirs.state == State::PreparingRebalance, "{ours:?} {theirs:?}");
                } else if ours.state == State::Empty {
                    assert!(theirs.state == State::Empty || theirs.state == State::Dead, "{theirs:?}");
                }
            }
        }
    }
}

fn play(seed: u64) {
    let mut world = World::new(seed);
    for _ in 0..600 {
        world.step();
    }
    world.compare();
    // Left alone, everything comes to an end: requests are answered, members are out, offsets expire.
    world.wait(24 * 3_600_000);
    assert!(world.asked.is_empty(), "requests without an answer: {:?}", world.asked.keys());
    for producer in std::mem::take(&mut world.open) {
        world.coordinator.on_transaction_end(producer, false);
        world.log.push(Entry::End(producer, false));
    }
    world.wait(24 * 3_600_000);
    world.compare();
    assert!(world.coordinator.is_empty(), "{} groups are left", world.coordinator.len());
    assert!(world.load().is_empty());
}

#[test]
fn random_members_do_not_confuse_the_coordinator() {
    let seeds = match std::env::var("SEED") {
        Ok(seed) => {
            let seed = seed.parse().expect("SEED is a number");
            seed..seed + 1
        }
        Err(_) => 0..150,
    };
    for seed in seeds {
        let played = std::panic::catch_unwind(|| play(seed));
        if let Err(panic) = played {
            eprintln!("replay: SEED={seed} cargo test -p headwater-core --test group_random");
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn damaged_records_are_skipped_or_taken_in_whole() {
    let mut world = World::new(1);
    for _ in 0..400 {
        world.step();
    }
    let mut random = Random(2);
    for _ in 0..20 {
        let mut damaged = Coordinator::new(world.config);
        for entry in &world.log {
            let Entry::Record((_, key, value)) = entry else { continue };
            let (mut key, mut value) = (key.clone(), value.clone());
            let bytes = if random.one_in(3) { Some(&mut key) } else { value.as_mut() };
            if let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) {
                let at = random.below(bytes.len() as u64) as usize;
                if random.one_in(2) { bytes.truncate(at) } else { bytes[at] ^= 1 << random.below(8) }
            }
            // Whether it can still be read does not matter; that it does no harm does.
            let _ = damaged.replay(&key, value.as_deref(), Timestamp::default());
        }
        damaged.check();
        damaged.loaded(Monotonic::default(), Timestamp::default());
        damaged.check();
        let later = Monotonic::default().plus_millis(u64::from(u32::MAX));
        while damaged.deadline().is_some_and(|due| due < later) {
            let now =
                damaged.deadline().expect("just seen").max(Monotonic::default().plus_millis(1_000_000_000));
            damaged.on_deadline(now, Timestamp::default(), &mut Out::default());
            damaged.check();
        }
    }
}
