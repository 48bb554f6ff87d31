//! The commands of a script.
//!
//! ```text
//! set initial-delay=3000 size=2 streams-size=2 record=500 retention=1h
//!                                              settings; the rest is Kafka's defaults
//! wait 3000                                    time passes, in milliseconds (also 5s, 2m, 3h, 7d)
//! join g client=a [member=a-1] [instance=i] [session=10s] [rebalance=60s] [type=consumer]
//!        [protocols=range:t+u,sticky:t] [v=9] [owned=t:0,1+u:2]
//!                                              protocols with the topics subscribed to, and what it has
//! sync g member=a-1 gen=1 [assign=a-1:x,b-2:y] [instance=i] [type=consumer] [protocol=range]
//! heartbeat g member=a-1 gen=1 [instance=i]
//! leave g a-1 b-2/i /j                         by id, by id and instance, by instance
//! commit g t:0=5 t:1=7@note [t:2=9^4] [member=a-1] [gen=1] [instance=i] [keep=1h] [id=1] [v=9]
//! commit-in 7 g t:0=5 …                        within the transaction of producer 7
//! end 7 commit|abort                           of that transaction
//! fetch g all | t:0 t:1 [stable] [id=1] [member=m epoch=1]
//!                                                     "/" between groups: fetch g all / h t:0
//! delete-offsets g t:0
//! delete-topic t [id=1]
//! delete-groups g h
//! describe g h [v=6]
//! list [states=Empty,Stable] [types=classic]
//! drop join a                                  the client that waits for "join a" goes away
//! restart                                      another broker loads what was written
//! load hexkey hexvalue|-                       what a lone record comes to
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use headwater_core::group::*;
use headwater_core::ids::*;
use headwater_core::wire::records::consumer_protocol_subscription::{
    ConsumerProtocolSubscription, TopicPartition,
};
use headwater_core::wire::{Encode, Writer};

use crate::world::{World, member};
use crate::{consumer, share, streams};

/// A command's words: those with a `=` before any `:` are options.
pub struct Words<'a> {
    pub plain: Vec<&'a str>,
    pub options: BTreeMap<&'a str, &'a str>,
    at: &'a str,
}

impl<'a> Words<'a> {
    fn new(at: &'a str, words: &'a str) -> Self {
        let (mut plain, mut options) = (Vec::new(), BTreeMap::new());
        for word in words.split_whitespace() {
            match word.split_once('=') {
                Some((name, value)) if !name.contains(':') => drop(options.insert(name, value)),
                _ => plain.push(word),
            }
        }
        Self { plain, options, at }
    }

    pub fn get(&self, option: &str) -> Option<&'a str> {
        self.options.get(option).copied()
    }

    pub fn number<T: std::str::FromStr>(&self, option: &str) -> Option<T> {
        let value = self.get(option)?;
        Some(value.parse().unwrap_or_else(|_| panic!("{}: {option} is no number", self.at)))
    }

    pub fn millis(&self, option: &str) -> Option<i64> {
        self.get(option).map(millis)
    }

    pub fn group(&self) -> GroupId {
        GroupId::new(self.plain.first().copied().unwrap_or_default().trim_matches('"'))
    }

    fn member(&self) -> Option<MemberId> {
        self.get("member").map(member)
    }

    pub fn instance(&self) -> Option<InstanceId> {
        self.get("instance").map(InstanceId::new)
    }

    fn generation(&self) -> Option<Generation> {
        self.number("gen").map(Generation::new)
    }

    fn topic_id(&self) -> Option<TopicId> {
        self.number::<u128>("id").map(|id| TopicId::new(id.to_be_bytes()))
    }
}

pub fn play(world: &mut World, at: &str, command: &str) -> Vec<String> {
    let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
    let words = Words::new(at, rest);
    let (now, wall) = (world.now, world.wall());
    let label = |who: &str| format!("{verb} {who}").trim().to_string();
    let who = words.get("client").or(words.get("member")).or(words.get("instance")).unwrap_or_default();
    let mut producer = None;
    match verb {
        "set" => {
            let c = &mut world.config;
            c.initial_rebalance_delay_ms =
                words.millis("initial-delay").map_or(c.initial_rebalance_delay_ms, |ms| ms as u64);
            c.members_max = words.number("size").unwrap_or(c.members_max);
            c.streams_members_max = words.number("streams-size").unwrap_or(c.streams_members_max);
            c.record_bytes_max = words.number("record").unwrap_or(c.record_bytes_max);
            c.retention_ms = words.millis("retention").unwrap_or(c.retention_ms);
            let config = *c;
            world.coordinator.set_config(config);
        }
        "wait" => return world.wait(millis(rest) as u64),
        "restart" => world.restart(),
        "drop" => world.drop_waiters(rest),
        "load" => {
            let value = (words.plain[1] != "-").then(|| hex(words.plain[1]));
            return vec![world.replay_alone(&hex(words.plain[0]), value.as_deref())];
        }
        "join" => {
            let (request, to) = (join(world, &words), world.waiter(label(who)));
            world.coordinator.on_join_group(now, wall, to, request, &mut world.out);
        }
        "sync" => {
            let request = SyncGroup {
                group: words.group(),
                generation: words.generation().expect("gen="),
                member: words.member().expect("member="),
                instance: words.instance(),
                protocol_type: words.get("type").map(Arc::from),
                protocol: words.get("protocol").map(Arc::from),
                assignments: pairs(words.get("assign")).map(|(m, share)| (member(m), bytes(share))).collect(),
            };
            let to = world.waiter(label(who));
            world.coordinator.on_sync_group(now, wall, to, request, &mut world.out);
        }
        "heartbeat" => {
            let request = Heartbeat {
                group: words.group(),
                generation: words.generation().expect("gen="),
                member: words.member().expect("member="),
                instance: words.instance(),
            };
            let to = world.waiter(label(who));
            world.coordinator.on_heartbeat(now, wall, to, &request, &mut world.out);
        }
        "leave" => {
            let members = words.plain[1..].iter().map(|word| {
                let (id, instance) = word.split_once('/').unwrap_or((word, ""));
                LeavingMember {
                    member: (!id.is_empty()).then(|| member(id)),
                    instance: (!instance.is_empty()).then(|| InstanceId::new(instance)),
                }
            });
            let request = LeaveGroup { group: words.group(), members: members.collect() };
            let to = world.waiter(label(""));
            world.coordinator.on_leave_group(now, wall, to, request, &mut world.out);
        }
        "commit" => {
            let request = OffsetCommit {
                group: words.group(),
                generation: words.generation(),
                member: words.member(),
                instance: words.instance(),
                retention_ms: words.millis("keep"),
                report_missing_group: words.number("v").unwrap_or(9) >= 9,
                knows_epochs: words.number("v").unwrap_or(9) >= 9,
                topics: topics(&words, &words.plain[1..]),
            };
            let to = world.waiter(label(who));
            world.coordinator.on_offset_commit(now, wall, to, request, &mut world.out);
        }
        "commit-in" => {
            let id = ProducerId::new(words.plain[0].parse().expect("a producer id"));
            producer = Some(id);
            let request = TxnOffsetCommit {
                group: GroupId::new(words.plain[1]),
                producer: id,
                generation: words.generation(),
                member: words.member(),
                instance: words.instance(),
                topics: topics(&words, &words.plain[2..]),
            };
            let to = world.waiter(label(words.plain[0]));
            world.coordinator.on_txn_offset_commit(now, wall, to, request, &mut world.out);
        }
        "end" => {
            let id = ProducerId::new(words.plain[0].parse().expect("a producer id"));
            world.end(id, words.plain[1] == "commit");
        }
        "fetch" => {
            let mut stable = false;
            let groups = words.plain.split(|word| *word == "/").map(|words_of_group| {
                let (group, places) = words_of_group.split_first().expect("a group");
                stable |= places.contains(&"stable");
                let places: Vec<&str> = places.iter().copied().filter(|w| *w != "stable").collect();
                let topics = (places != ["all"]).then(|| {
                    let topics = places.iter().map(|word| {
                        let (topic, partition) = place(word);
                        FetchTopic { topic, topic_id: words.topic_id(), partitions: vec![partition] }
                    });
                    topics.collect()
                });
                FetchGroup {
                    group: GroupId::new(group.trim_matches('"')),
                    member: words.get("member").map(MemberId::new),
                    epoch: words.number("epoch"),
                    topics,
                }
            });
            let groups = groups.collect();
            let to = world.waiter(label(""));
            let request = OffsetFetch { require_stable: stable, groups };
            world.coordinator.on_offset_fetch(to, request, &mut world.out);
        }
        "delete-offsets" => {
            let topics = words.plain[1..].iter().map(|word| {
                let (topic, partition) = place(word);
                DeleteTopic { topic, partitions: vec![partition] }
            });
            let request = OffsetDelete { group: words.group(), topics: topics.collect() };
            let to = world.waiter(label(""));
            world.coordinator.on_offset_delete(now, wall, to, request, &mut world.out);
        }
        "delete-topic" => {
            let topic = TopicName::new(words.plain[0]);
            world.coordinator.on_topic_deleted(now, wall, &topic, words.topic_id(), &mut world.out);
        }
        "delete-groups" => {
            let groups = words.plain.iter().map(|group| GroupId::new(*group)).collect();
            let to = world.waiter(label(""));
            world.coordinator.on_delete_groups(now, wall, to, groups, &mut world.out);
        }
        "describe" => {
            let groups = words.plain.iter().map(|group| GroupId::new(*group)).collect();
            let report_missing_group = words.number("v").unwrap_or(6) >= 6;
            let to = world.waiter(label(""));
            let request = DescribeGroups { groups, report_missing_group };
            world.coordinator.on_describe_groups(to, request, &mut world.out);
        }
        "list" => {
            let filter = |name: &str| {
                words.get(name).map(|w| w.split(',').map(Arc::from).collect()).unwrap_or_default()
            };
            let request = ListGroups { states: filter("states"), types: filter("types") };
            let to = world.waiter(label(""));
            world.coordinator.on_list_groups(to, &request, &mut world.out);
        }
        _ => {
            let known = consumer::play(world, verb, &words, label(who))
                || share::play(world, verb, &words, label(who))
                || streams::play(world, verb, &words, label(who));
            assert!(known, "{at}: not a command");
        }
    }
    world.effects(producer)
}

fn join(world: &mut World, words: &Words<'_>) -> JoinGroup {
    let version: i16 = words.number("v").unwrap_or(9);
    let millis = |option: &str, default| words.millis(option).map_or(default, |ms| ms as i32);
    let protocol_type = words.get("type").unwrap_or("consumer");
    let protocols = pairs(words.get("protocols").or(Some("range:t"))).map(|(name, topics)| Protocol {
        name: name.into(),
        metadata: if protocol_type == "consumer" {
            subscription(topics, words.get("owned"))
        } else {
            bytes(topics)
        },
    });
    let name = words.get("instance").or(words.get("client")).expect("client= or instance=");
    JoinGroup {
        group: words.group(),
        member: words.member(),
        instance: words.instance(),
        client_id: words.get("client").unwrap_or("c").into(),
        client_host: "/192.0.2.1".into(),
        session_timeout_ms: millis("session", 10_000),
        rebalance_timeout_ms: (version > 0).then(|| millis("rebalance", 60_000)),
        protocol_type: protocol_type.into(),
        protocols: protocols.collect(),
        require_known_member_id: version >= 4,
        can_skip_assignment: version >= 9,
        random: if words.get("member").is_none() { world.random(name) } else { 0 },
    }
}

/// What a consumer says of itself; a `!` instead of topics is none of what a consumer may say.
fn subscription(topics: &str, owned: Option<&str>) -> Bytes {
    if topics == "!" {
        return bytes("!");
    }
    let topics = topics.split('+').filter(|topic| !topic.is_empty()).map(Into::into).collect();
    let owned =
        consumer::owned(owned.unwrap_or("none")).into_iter().map(|(topic, partitions)| TopicPartition {
            topic: consumer::topic_name(topic).into(),
            partitions: partitions.into_iter().map(PartitionId::get).collect(),
        });
    let owned_partitions = owned.collect();
    let value = ConsumerProtocolSubscription { topics, owned_partitions, ..Default::default() };
    let mut w = Writer::new();
    w.i16(3);
    value.encode(&mut w, 3);
    w.into_bytes()
}

/// `t:0=5^4@note`: topic and partition, offset, leader epoch, note.
fn topics(words: &Words<'_>, offsets: &[&str]) -> Vec<CommitTopic> {
    let topics = offsets.iter().map(|word| {
        let (at, offset) = word.split_once('=').expect("topic:partition=offset");
        let (offset, metadata) = offset.split_once('@').map_or((offset, None), |(o, m)| (o, Some(m)));
        let (offset, epoch) = offset.split_once('^').map_or((offset, None), |(o, e)| (o, Some(e)));
        let (topic, partition) = place(at);
        // A note of *4097 is that many letters long.
        let metadata = metadata.map(|m| match m.strip_prefix('*') {
            Some(length) => "m".repeat(length.parse().expect("a length")).into(),
            None => m.into(),
        });
        let partitions = vec![CommitPartition {
            partition,
            offset: Offset::new(offset.parse().expect("an offset")),
            leader_epoch: epoch.map(|e| LeaderEpoch::new(e.parse().expect("an epoch"))),
            metadata,
        }];
        CommitTopic { topic, topic_id: words.topic_id(), partitions }
    });
    topics.collect()
}

fn place(word: &str) -> (TopicName, PartitionId) {
    let (topic, partition) = word.split_once(':').expect("topic:partition");
    (TopicName::new(topic), PartitionId::new(partition.parse().expect("a partition")))
}

fn pairs(list: Option<&str>) -> impl Iterator<Item = (&str, &str)> {
    let words = list.unwrap_or_default().split(',').filter(|word| !word.is_empty());
    words.map(|word| word.split_once(':').unwrap_or((word, "")))
}

pub fn millis(word: &str) -> i64 {
    let unit = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-');
    let number: i64 = word[..word.len() - unit.len()].parse().expect("a time");
    number
        * match unit {
            "" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => panic!("{word}: not a time"),
        }
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn hex(digits: &str) -> Vec<u8> {
    assert!(digits.len().is_multiple_of(2), "{digits}: half a byte too many");
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).expect("hex")).collect()
}
