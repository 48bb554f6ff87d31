use std::sync::Arc;

use headwater_core::ErrorCode::{
    self, InvalidConfig, InvalidPartitions, InvalidReplicaAssignment, InvalidReplicationFactor,
    InvalidRequest, InvalidTopicException, PolicyViolation, TopicAlreadyExists, TopicAuthorizationFailed,
    TopicDeletionDisabled, UnknownTopicId, UnknownTopicOrPartition,
};
use headwater_core::config::{BrokerConfig, ConfigSource, Sources};
use headwater_core::ids::{LeaderEpoch, NodeId, PartitionId, TopicId};
use headwater_core::quota::{Entity, Key};

use super::*;

/// A controller with brokers 1 to `brokers`, and the log it wrote.
struct World {
    controller: Controller,
    log: Vec<Record>,
    published: Image,
    random: u128,
}

fn config(pairs: &[&str]) -> Arc<BrokerConfig> {
    let mut sources = Sources::new();
    for pair in pairs {
        sources.set(pair).unwrap();
    }
    Arc::new(BrokerConfig::load(&sources).unwrap())
}

impl World {
    fn new(brokers: i32, pairs: &[&str]) -> World {
        let controller = Controller::new(Image::default(), config(pairs)).unwrap();
        let mut w = World { controller, log: Vec::new(), published: Image::default(), random: 100 };
        w.run(|c, _, out| c.on_bootstrap("MkU3OEVBNTcwNTJENDM2Qg", out));
        for node in 1..=brokers {
            w.start(node, 1);
        }
        w
    }

    /// What the driver does, with the bytes of the log in between; then everything that must hold.
    fn run<T>(
        &mut self,
        f: impl FnOnce(&mut Controller, &mut dyn FnMut() -> u128, &mut Vec<Record>) -> T,
    ) -> T {
        let mut out = Vec::new();
        let random = &mut self.random;
        let mut next = || {
            *random += 1;
            *random
        };
        let answer = f(&mut self.controller, &mut next, &mut out);
        for record in out {
            let decoded = Record::decode(&record.encode()).unwrap();
            assert_eq!(decoded, record);
            self.published.apply(&decoded).unwrap();
            self.log.push(record);
        }
        assert_eq!(&self.published, self.controller.image());
        answer
    }

    fn start(&mut self, node: i32, run: u8) -> u32 {
        let endpoints = vec![BrokerEndpoint { name: "PLAINTEXT".into(), host: "h".into(), port: 9092 }];
        let broker = Registration { node: NodeId::new(node), incarnation: [run; 16], rack: None, endpoints };
        self.run(|c, _, out| c.on_register(broker, out))
    }

    fn create(&mut self, topics: Vec<NewTopic>) -> Vec<CreatedTopic> {
        self.run(|c, random, out| c.on_create_topics(topics, false, random, out))
    }

    fn topic(&self, name: &str) -> Arc<Topic> {
        self.published.topic(name).unwrap_or_else(|| panic!("{name} is there")).clone()
    }

    fn epoch(&self, name: &str, partition: i32) -> i32 {
        let topic = self.topic(name);
        self.published.partition(&topic, PartitionId::new(partition)).unwrap().leader_epoch.get()
    }
}

fn named(name: &str) -> NewTopic {
    NewTopic { name: name.into(), ..NewTopic::default() }
}

fn sized(name: &str, partitions: i32) -> NewTopic {
    NewTopic { partitions: Some(partitions), ..named(name) }
}

fn nodes(ids: &[i32]) -> Vec<NodeId> {
    ids.iter().copied().map(NodeId::new).collect()
}

fn by_hand(name: &str, assignments: &[(i32, &[i32])]) -> NewTopic {
    let assignments = assignments.iter().map(|(p, r)| (PartitionId::new(*p), nodes(r))).collect();
    NewTopic { assignments, ..named(name) }
}

fn with_config(name: &str, key: &str, value: Option<&str>) -> NewTopic {
    NewTopic { configs: vec![(key.into(), value.map(String::from))], ..named(name) }
}

#[track_caller]
fn check<T: std::fmt::Debug>(what: &str, got: &Result<T, Refusal>, expect: Result<(), (ErrorCode, &str)>) {
    match (got, expect) {
        (Ok(_), Ok(())) => {}
        (Err(r), Err((code, part))) if r.code == code && r.message.contains(part) => {}
        _ => panic!("{what}: expected {expect:?}, got {got:?}"),
    }
}

#[test]
fn b16_b17_create_topics_one_by_one() {
    let long = "x".repeat(250);
    for (topic, expect) in [
        (named("fine"), Ok(())),
        (named("Fine-1_2.3"), Ok(())),
        (named(""), Err((InvalidTopicException, "empty"))),
        (named("."), Err((InvalidTopicException, "'.' and '..'"))),
        (named(".."), Err((InvalidTopicException, "'.' and '..'"))),
        (named("a b"), Err((InvalidTopicException, "other than ASCII letters"))),
        (named("\u{fc}"), Err((InvalidTopicException, "other than ASCII letters"))),
        (named(&long), Err((InvalidTopicException, "250 characters"))),
        (named(&long[1..]), Ok(())),
        (named("there"), Err((TopicAlreadyExists, "Topic 'there' already exists."))),
        (named("with_dot"), Err((InvalidTopicException, "collides with existing topic: with.dot"))),
        (named("__cluster_metadata"), Err((TopicAuthorizationFailed, "broker's own log"))),
        (sized("t", 0), Err((InvalidPartitions, "larger than 0"))),
        (sized("t", -2), Err((InvalidPartitions, "larger than 0"))),
        (sized("t", 10_001), Err((PolicyViolation, "Too many partitions"))),
        (
            NewTopic { replication_factor: Some(0), ..named("t") },
            Err((InvalidReplicationFactor, "larger than 0")),
        ),
        (NewTopic { replication_factor: Some(3), ..named("t") }, Ok(())),
        (
            NewTopic { replication_factor: Some(4), ..named("t") },
            Err((InvalidReplicationFactor, "the 3 registered")),
        ),
        (by_hand("t", &[(0, &[1, 2]), (1, &[2, 3])]), Ok(())),
        (by_hand("t", &[(1, &[1]), (0, &[2])]), Ok(())),
        (by_hand("t", &[(1, &[1]), (2, &[2])]), Err((InvalidReplicaAssignment, "numbered from 0 to 1"))),
        (by_hand("t", &[(-1, &[1])]), Err((InvalidReplicaAssignment, "numbered from 0"))),
        (by_hand("t", &[(0, &[1]), (0, &[2])]), Err((InvalidReplicaAssignment, "assigned twice"))),
        (by_hand("t", &[(0, &[])]), Err((InvalidReplicaAssignment, "no broker"))),
        (by_hand("t", &[(0, &[1, 1])]), Err((InvalidReplicaAssignment, "same partition twice"))),
        (by_hand("t", &[(0, &[7])]), Err((InvalidReplicaAssignment, "Broker 7 is not registered"))),
        (by_hand("t", &[(0, &[1]), (1, &[1, 2])]), Err((InvalidReplicaAssignment, "another one to 1"))),
        (NewTopic { partitions: Some(1), ..by_hand("t", &[(0, &[1])]) }, Err((InvalidRequest, "must be -1"))),
        (
            NewTopic { replication_factor: Some(1), ..by_hand("t", &[(0, &[1])]) },
            Err((InvalidRequest, "must be -1")),
        ),
        (with_config("t", "retention.ms", Some("1000")), Ok(())),
        (
            with_config("t", "retention.ms", Some("x")),
            Err((InvalidConfig, "Invalid value x for configuration retention.ms")),
        ),
        (
            with_config("t", "retention.ms", None),
            Err((InvalidConfig, "Null value not supported for topic configs: retention.ms")),
        ),
        (with_config("t", "retention", Some("1")), Err((InvalidConfig, "unknown setting retention (topic)"))),
    ] {
        for validate_only in [true, false] {
            let mut w = World::new(3, &[]);
            w.create(vec![named("there"), named("with.dot")]);
            let before = w.log.len();
            let got =
                w.run(|c, random, out| c.on_create_topics(vec![topic.clone()], validate_only, random, out));
            check(&format!("{topic:?}"), &got[0].result, expect);
            assert_eq!(w.log.len() > before, got[0].result.is_ok() && !validate_only, "{topic:?}");
            if let Ok(creation) = &got[0].result {
                assert_eq!(creation.topic.is_zero(), validate_only);
            }
        }
    }
}

#[test]
fn b17_a_request_answers_every_name_once() {
    let mut w = World::new(1, &["num.partitions=7"]);
    let topics = vec![named("a"), named("twice"), named("b.c"), named("twice"), named("b_c"), named("twice")];
    for validate_only in [true, false] {
        let got = w.run(|c, random, out| c.on_create_topics(topics.clone(), validate_only, random, out));
        let shown: Vec<(&str, Option<ErrorCode>)> =
            got.iter().map(|t| (t.name.as_str(), t.result.as_ref().err().map(|e| e.code))).collect();
        let expect = [
            ("a", None),
            ("twice", Some(InvalidRequest)),
            ("b.c", None),
            ("b_c", Some(InvalidTopicException)),
        ];
        assert_eq!(shown, expect, "validate_only={validate_only}");
        assert_eq!(w.published.topic_count(), if validate_only { 0 } else { 2 });
    }
    assert_eq!(w.topic("a").partition_count(), 7);
    let many = vec![sized("m1", 5_000), sized("m2", 5_000), sized("m3", 1)];
    let got = w.create(many);
    assert!(got[0].result.is_ok() && got[1].result.is_ok());
    check("the third is too much", &got[2].result, Err((PolicyViolation, "Too many partitions")));
}

#[test]
fn b9_created_topics_say_all_their_settings_with_a_source() {
    let mut w = World::new(1, &[]);
    let got = w.create(vec![with_config("t", "segment.bytes", Some("2000000"))]);
    let creation = got[0].result.as_ref().unwrap();
    assert_eq!((creation.partitions, creation.replication_factor), (1, 1));
    let source = |name: &str| creation.configs.iter().find(|c| c.name == name).unwrap().source;
    assert_eq!(source("segment.bytes"), ConfigSource::DynamicTopic);
    assert_eq!(source("retention.ms"), ConfigSource::Default);
    assert_eq!(source("min.insync.replicas"), ConfigSource::DynamicDefaultBroker);
}

#[test]
fn ids_are_random_but_never_kafkas_own() {
    let mut w = World::new(1, &[]);
    let mut ids = vec![77u128, 77, 9, 9, 1, 0];
    let mut random = move || ids.pop().unwrap();
    let mut out = Vec::new();
    for (name, id) in [("a", 9u128), ("b", 77)] {
        let got = w.controller.on_create_topics(vec![named(name)], false, &mut random, &mut out);
        assert_eq!(got[0].result.as_ref().unwrap().topic, TopicId::new(id.to_be_bytes()));
    }
}

#[test]
fn b13_internal_topics_fit_a_lone_broker_unless_told_otherwise() {
    let auto = |w: &mut World, name: &str| {
        w.run(|c, random, out| c.on_auto_create_topics(vec![name.into()], random, out)).remove(0).result
    };
    let mut w = World::new(1, &[]);
    for (name, partitions, configs) in [
        (CONSUMER_OFFSETS, 50, "cleanup.policy=compact compression.type=producer segment.bytes=104857600"),
        (
            SHARE_STATE,
            50,
            "cleanup.policy=delete compression.type=producer min.insync.replicas=1 retention.ms=-1 \
             segment.bytes=104857600",
        ),
        (
            TRANSACTION_STATE,
            50,
            "cleanup.policy=compact compression.type=uncompressed min.insync.replicas=1 segment.bytes=104857600 \
             unclean.leader.election.enable=false",
        ),
        ("plain", 1, ""),
    ] {
        assert!(auto(&mut w, name).is_ok());
        let topic = w.topic(name);
        let shown: Vec<String> = topic.configs.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!((topic.partition_count(), shown.join(" ").as_str()), (partitions, configs), "{name}");
        assert_eq!(is_internal(name), name.starts_with("__"));
    }
    assert_eq!(auto(&mut World::new(3, &[]), CONSUMER_OFFSETS).unwrap().replication_factor, 3);
    let told = &["offsets.topic.replication.factor=3"];
    let refused = auto(&mut World::new(1, told), CONSUMER_OFFSETS);
    check("told", &refused, Err((InvalidReplicationFactor, "the 1 registered")));
}

#[test]
fn topics_are_deleted_by_name_and_by_id() {
    let mut w = World::new(1, &[]);
    w.create(vec![named("a"), named("b"), named("c.d")]);
    let id = |w: &World, name: &str| w.topic(name).id;
    let (a, b) = (id(&w, "a"), id(&w, "b"));
    let select = |name: Option<&str>, id: Option<TopicId>| TopicSelector { name: name.map(String::from), id };
    let lost = TopicId::new([9; 16]);
    let got = w.run(|c, _, out| {
        let topics = vec![
            select(Some("a"), None),
            select(None, Some(b)),
            select(Some("c.d"), None),
            select(Some("nowhere"), None),
            select(None, Some(lost)),
            select(None, None),
            select(Some("a"), Some(a)),
            select(Some("twice"), None),
            select(Some("twice"), None),
        ];
        c.on_delete_topics(topics, out)
    });
    let codes: Vec<ErrorCode> =
        got.iter().map(|t| t.result.as_ref().err().map_or(ErrorCode::None, |e| e.code)).collect();
    let ok = ErrorCode::None;
    let expect =
        [ok, ok, ok, UnknownTopicOrPartition, UnknownTopicId, InvalidRequest, InvalidRequest, InvalidRequest];
    assert_eq!(codes, expect);
    assert_eq!(got[1].name.as_deref(), Some("b"));
    assert_eq!((w.published.topic_count(), w.published.partition_count()), (0, 0));
    let both = w.create(vec![named("both")]).remove(0).result.unwrap().topic;
    let got = w
        .run(|c, _, out| c.on_delete_topics(vec![select(None, Some(both)), select(Some("both"), None)], out));
    assert!(got.iter().all(|t| t.result.as_ref().is_err_and(|e| e.code == InvalidRequest)), "{got:?}");
    // The name is free again, its collisions too, and the new topic is another one.
    assert!(w.create(vec![named("c_d"), named("a")]).iter().all(|t| t.result.is_ok()));
    assert_ne!(id(&w, "a"), a);
    let mut w = World::new(1, &["delete.topic.enable=false"]);
    w.create(vec![named("a")]);
    let got = w.run(|c, _, out| c.on_delete_topics(vec![select(Some("a"), None)], out));
    check("disabled", &got[0].result, Err((TopicDeletionDisabled, "delete.topic.enable")));
}

#[test]
fn b18_create_partitions() {
    fn new(name: &str, count: i32, assignments: Option<&[&[i32]]>) -> NewPartitions {
        let assignments = assignments.map(|a| a.iter().map(|r| nodes(r)).collect());
        NewPartitions { name: name.into(), count, assignments }
    }
    for (request, expect) in [
        (new("t", 5, None), Ok(())),
        (new("t", 2, None), Err((InvalidPartitions, "already has 2"))),
        (new("t", 1, None), Err((InvalidPartitions, "1 would not be more"))),
        (new("nowhere", 5, None), Err((UnknownTopicOrPartition, "does not host"))),
        (new("t", 3, Some(&[&[3, 1]])), Ok(())),
        (
            new("t", 4, Some(&[&[3, 1]])),
            Err((InvalidReplicaAssignment, "2 partition(s) are to be added, but 1")),
        ),
        (new("t", 3, Some(&[&[3]])), Err((InvalidReplicaAssignment, "1 broker(s), another one to 2"))),
        (new("t", 3, Some(&[&[3, 9]])), Err((InvalidReplicaAssignment, "Broker 9"))),
        (new("t", 3, Some(&[&[3, 3]])), Err((InvalidReplicaAssignment, "twice"))),
        (new("t", 20_000, None), Err((PolicyViolation, "Too many"))),
        (new("t", i32::MAX, None), Err((PolicyViolation, "Too many"))),
    ] {
        for validate_only in [true, false] {
            let mut w = World::new(3, &[]);
            w.create(vec![NewTopic { replication_factor: Some(2), ..sized("t", 2) }]);
            let got = w.run(|c, _, out| c.on_create_partitions(vec![request.clone()], validate_only, out));
            check(&format!("{request:?}"), &got[0].result, expect);
            let grown = got[0].result.is_ok() && !validate_only;
            assert_eq!(w.topic("t").partition_count(), if grown { request.count } else { 2 });
        }
    }
    let mut w = World::new(1, &[]);
    w.create(vec![named("a"), named("b")]);
    let requests = vec![new("a", 2, None), new("b", 2, None), new("b", 3, None), new("c", 2, None)];
    let got = w.run(|c, _, out| c.on_create_partitions(requests, false, out));
    let codes: Vec<ErrorCode> =
        got.iter().map(|t| t.result.as_ref().err().map_or(ErrorCode::None, |e| e.code)).collect();
    assert_eq!(codes, [ErrorCode::None, InvalidRequest, UnknownTopicOrPartition]);
}

#[test]
fn a_restart_brings_a_new_leader_epoch_without_a_record_for_each_partition() {
    let mut w = World::new(2, &[]);
    w.create(vec![by_hand("old", &[(0, &[1]), (1, &[2])])]);
    assert_eq!((w.epoch("old", 0), w.epoch("old", 1)), (0, 0));
    let before = w.log.len();
    assert_eq!(w.start(1, 2), 2);
    assert_eq!(w.start(1, 2), 2, "the same run says so twice");
    assert_eq!(w.log.len(), before + 1);
    assert_eq!((w.epoch("old", 0), w.epoch("old", 1)), (1, 0));
    // A topic that comes later starts from 0, and both rise together.
    w.create(vec![by_hand("new", &[(0, &[1])])]);
    assert_eq!(w.epoch("new", 0), 0);
    w.start(1, 3);
    assert_eq!((w.epoch("old", 0), w.epoch("new", 0)), (2, 1));
    // The leader moves: from the epoch clients saw, upwards, and back again.
    for (leader, run) in [(2, 9), (1, 10), (2, 11)] {
        let seen = w.epoch("old", 0);
        let topic = w.topic("old");
        let node = NodeId::new(leader);
        let record = Record::PartitionChanged {
            topic: topic.id,
            partition: PartitionId::new(0),
            state: PartitionState {
                replicas: nodes(&[1, 2]),
                isr: nodes(&[leader]),
                leader: Some(node),
                leader_epoch: LeaderEpoch::new(seen + 1),
                partition_epoch: seen + 1,
                broker_epoch: w.published.broker(node).unwrap().epoch,
            },
        };
        w.run(|c, _, out| c.decide(record, out));
        assert_eq!(w.epoch("old", 0), seen + 1);
        w.start(leader, run);
        assert_eq!(w.epoch("old", 0), seen + 2);
    }
}

#[test]
fn producer_ids_come_in_blocks_of_1000_and_never_twice() {
    let mut w = World::new(1, &[]);
    for first in [0, 1000, 2000] {
        let block = w.run(|c, _, out| c.on_allocate_producer_ids(out)).unwrap();
        assert_eq!((block.first.get(), block.count), (first, 1000));
    }
    assert_eq!(w.published.next_producer_id(), 3000);
}

fn alter(
    resource_type: ResourceType,
    name: &str,
    configs: &[(&str, AlterOperation, Option<&str>)],
) -> AlterResource {
    let configs = configs.iter().map(|(key, operation, value)| AlterConfig {
        key: key.to_string(),
        operation: *operation as i8,
        value: value.map(String::from),
    });
    AlterResource { resource_type: resource_type as i8, name: name.into(), configs: configs.collect() }
}

#[test]
fn b20_b70_b73_incremental_alter_configs() {
    use AlterOperation::*;
    use ResourceType::*;
    let mut w = World::new(2, &[]);
    w.create(vec![named("t")]);
    let mut step = |resource: AlterResource, expect: Result<(), (ErrorCode, &str)>, stored: &str| {
        for validate_only in [true, false] {
            let before = w.log.len();
            let got =
                w.run(|c, _, out| c.on_incremental_alter_configs(vec![resource.clone()], validate_only, out));
            check(&format!("{resource:?}"), &got[0].result, expect);
            assert!(!validate_only || w.log.len() == before);
        }
        let shown = |o: &headwater_core::config::Overrides| -> String {
            o.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(" ")
        };
        let i = &w.published;
        let all = match (resource.resource_type, resource.name.as_str()) {
            (2, name) => i.topic(name).map(|t| shown(&t.configs)).unwrap_or_default(),
            (4, "") => shown(i.cluster_configs()),
            (4, name) => name.parse().map(|n| shown(i.broker_configs(NodeId::new(n)))).unwrap_or_default(),
            (_, name) => shown(i.group_configs(name)),
        };
        assert_eq!(all, stored, "{resource:?}");
    };
    let kept = "cleanup.policy=compact";
    step(alter(Topic, "t", &[("retention.ms", Set, Some("5"))]), Ok(()), "retention.ms=5");
    step(alter(Topic, "t", &[("retention.ms", Delete, None)]), Ok(()), "");
    step(alter(Topic, "t", &[("no.such", Delete, None)]), Ok(()), "");
    step(
        alter(Topic, "t", &[("cleanup.policy", Append, Some("compact"))]),
        Ok(()),
        "cleanup.policy=delete,compact",
    );
    step(
        alter(Topic, "t", &[("cleanup.policy", Append, Some("compact"))]),
        Ok(()),
        "cleanup.policy=delete,compact",
    );
    step(alter(Topic, "t", &[("cleanup.policy", Subtract, Some("delete"))]), Ok(()), kept);
    step(
        alter(Topic, "t", &[("retention.ms", Append, Some("5"))]),
        Err((InvalidConfig, "Can't APPEND to key retention.ms because its type is not LIST.")),
        kept,
    );
    step(
        alter(Topic, "t", &[("segment.ms", Set, Some("9")), ("retention.ms", Set, Some("x"))]),
        Err((InvalidConfig, "Not a number")),
        kept,
    );
    step(alter(Topic, "t", &[("retention.ms", Set, None)]), Err((InvalidRequest, "Null value")), kept);
    step(
        alter(Topic, "t", &[("segment.ms", Set, Some("1")), ("segment.ms", Set, Some("2"))]),
        Err((InvalidRequest, "duplicate config keys")),
        kept,
    );
    step(alter(Topic, "u", &[]), Err((UnknownTopicOrPartition, "'u' does not exist")), "");
    step(alter(Topic, "", &[]), Err((InvalidRequest, "Default topic resources")), "");
    step(alter(Group, "", &[]), Err((InvalidRequest, "Default group resources")), "");
    let group = "consumer.session.timeout.ms=50000";
    step(alter(Group, "g", &[("consumer.session.timeout.ms", Set, Some("50000"))]), Ok(()), group);
    step(
        alter(Group, "g", &[("consumer.session.timeout.ms", Set, Some("1"))]),
        Err((InvalidConfig, "group.consumer.min.session.timeout.ms (45000)")),
        group,
    );
    let min = "min.insync.replicas=1";
    step(
        alter(Broker, "", &[("log.retention.ms", Set, Some("7"))]),
        Ok(()),
        &format!("log.retention.ms=7 {min}"),
    );
    step(alter(Broker, "", &[("log.retention.ms", Delete, None)]), Ok(()), min);
    step(
        alter(Broker, "", &[("log.retention.ms", Set, Some("0"))]),
        Err((InvalidRequest, "must not be 0")),
        min,
    );
    step(alter(Broker, "", &[("node.id", Set, Some("7"))]), Err((InvalidRequest, "by a restart")), min);
    step(alter(Broker, "", &[("no.such", Set, Some("7"))]), Err((InvalidRequest, "unknown setting")), min);
    step(
        alter(Broker, "", &[("min.insync.replicas", Delete, None)]),
        Err((InvalidConfig, "cannot be removed")),
        min,
    );
    step(
        alter(Broker, "1", &[("min.insync.replicas", Set, Some("2"))]),
        Err((InvalidConfig, "of one broker")),
        "",
    );
    step(alter(Broker, "", &[("min.insync.replicas", Set, Some("2"))]), Ok(()), "min.insync.replicas=2");
    step(alter(Broker, "one", &[]), Err((InvalidRequest, "must be an integer")), "");
    step(alter(Broker, "9", &[]), Err((InvalidRequest, "no such broker")), "");
    step(
        alter(Broker, "1", &[("log.segment.bytes", Set, Some("2000000"))]),
        Ok(()),
        "log.segment.bytes=2000000",
    );
    step(alter(ClientMetrics, "", &[]), Err((InvalidRequest, "name can't be empty")), "");
    step(
        alter(ClientMetrics, "x", &[("interval.ms", Set, Some("5"))]),
        Err((InvalidRequest, "between 100 and")),
        "",
    );
    step(alter(ClientMetrics, "x", &[("match", Set, Some("a=["))]), Err((InvalidConfig, "Illegal")), "");
    let unknown = AlterResource { resource_type: 99, ..alter(Topic, "t", &[]) };
    step(unknown, Err((InvalidRequest, "Unknown resource type 99")), "");
    // What was set for broker 1 has taken effect, and its own value goes over the cluster's.
    assert_eq!(w.controller.config().topic_defaults.segment_bytes, 2_000_000);
    assert_eq!(w.controller.config().topic_defaults.min_insync_replicas, 2);
    let twice = vec![alter(Topic, "t", &[]), alter(Group, "t", &[]), alter(Topic, "t", &[])];
    let got = w.run(|c, _, out| c.on_incremental_alter_configs(twice, false, out));
    assert_eq!(got.iter().map(|r| r.result.is_err()).collect::<Vec<_>>(), [true, false, true]);
}

#[test]
fn b20_alter_configs_replaces_all() {
    use AlterOperation::Set;
    let mut w = World::new(1, &[]);
    let both = vec![("retention.ms".into(), Some("5".into())), ("segment.ms".into(), Some("6".into()))];
    w.create(vec![NewTopic { configs: both, ..named("t") }]);
    let change = vec![alter(ResourceType::Topic, "t", &[("segment.ms", Set, Some("7"))])];
    let got = w.run(|c, _, out| c.on_alter_configs(change, false, out));
    assert!(got[0].result.is_ok());
    assert_eq!(
        w.topic("t").configs.iter().collect::<Vec<_>>(),
        [(&"segment.ms".to_string(), &"7".to_string())]
    );
    let change = vec![alter(ResourceType::Broker, "", &[])];
    let got = w.run(|c, _, out| c.on_alter_configs(change, false, out));
    check("min.insync.replicas goes", &got[0].result, Err((InvalidConfig, "cannot be removed")));
}

/// A world in which everything has happened.
fn busy() -> World {
    let mut w = World::new(3, &[]);
    w.create(
        (0..300)
            .map(|n| NewTopic { replication_factor: Some(2), ..sized(&format!("t.{n}"), 1 + n % 5) })
            .collect(),
    );
    w.start(2, 2);
    let delete = (0..50).map(|n| TopicSelector { name: Some(format!("t.{}", n * 3)), id: None }).collect();
    w.run(|c, _, out| c.on_delete_topics(delete, out));
    let set = |kind, name: &str, key: &str| alter(kind, name, &[(key, AlterOperation::Set, Some("50000"))]);
    let changes = vec![
        set(ResourceType::Topic, "t.1", "retention.ms"),
        set(ResourceType::Group, "g", "consumer.session.timeout.ms"),
        set(ResourceType::Broker, "3", "log.retention.ms"),
        set(ResourceType::Broker, "", "log.roll.ms"),
    ];
    let got = w.run(|c, _, out| c.on_incremental_alter_configs(changes, false, out));
    assert!(got.iter().all(|r| r.result.is_ok()), "{got:?}");
    let grow = vec![NewPartitions { name: "t.2".into(), count: 9, assignments: None }];
    w.run(|c, _, out| c.on_create_partitions(grow, false, out));
    w.run(|c, _, out| c.on_allocate_producer_ids(out)).unwrap();
    w.run(|c, random, out| c.on_auto_create_topics(vec![CONSUMER_OFFSETS.into()], random, out));
    let metrics = alter(ResourceType::ClientMetrics, "m", &[("metrics", AlterOperation::Set, Some("*"))]);
    w.run(|c, _, out| c.on_incremental_alter_configs(vec![metrics], false, out)).remove(0).result.unwrap();
    let quota = |user: &str, client: Option<&str>, key: &str, limit| AlterQuotas {
        entity: vec![("user".into(), Some(user.into())), ("client-id".into(), client.map(Into::into))],
        limits: vec![(key.into(), Some(limit))],
    };
    let quotas =
        vec![quota("u", Some("c"), "producer_byte_rate", 5e6), quota("u", None, "request_percentage", 0.5)];
    assert_eq!(w.run(|c, _, out| c.on_alter_client_quotas(quotas, false, out)), [Ok(()), Ok(())]);
    w
}

#[test]
fn a_snapshot_rebuilds_the_image() {
    let w = busy();
    let mut rebuilt = Image::default();
    let snapshot = w.published.to_records();
    for record in &snapshot {
        rebuilt.apply(&Record::decode(&record.encode()).unwrap()).unwrap();
    }
    assert_eq!(rebuilt, w.published);
    assert_eq!(rebuilt.to_records(), snapshot);
    let controller = Controller::new(rebuilt, config(&[])).unwrap();
    assert_eq!(controller.collisions, w.controller.collisions);
    assert_eq!(controller.config(), w.controller.config());
}

#[test]
fn records_are_read_in_full_or_not_at_all() {
    for record in busy().published.to_records() {
        let bytes = record.encode();
        for cut in 0..bytes.len() {
            assert!(Record::decode(&bytes[..cut]).is_err(), "{record:?} cut at {cut}");
        }
        let longer = [&bytes[..], &[0]].concat();
        assert!(Record::decode(&longer).is_err(), "{record:?}");
        let newer = [&[bytes[0], 1], &bytes[2..]].concat();
        assert_eq!(Record::decode(&newer), Err(RecordError::Unknown { kind: bytes[0], version: 1 }));
    }
    let lie =
        [4u8, 0].into_iter().chain([0; 16]).chain([0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
    assert_eq!(Record::decode(&lie.collect::<Vec<_>>()), Err(RecordError::Truncated));
}

/// The bytes are for ever: a change of them loses every cluster that was made before.
#[test]
fn records_have_their_golden_bytes() {
    let state = PartitionState {
        replicas: nodes(&[1, 300]),
        isr: nodes(&[300]),
        leader: Some(NodeId::new(300)),
        leader_epoch: LeaderEpoch::new(4),
        partition_epoch: 5,
        broker_epoch: 6,
    };
    let lone = PartitionState {
        replicas: nodes(&[1]),
        isr: nodes(&[1]),
        leader: None,
        leader_epoch: LeaderEpoch::new(0),
        partition_epoch: 0,
        broker_epoch: 0,
    };
    let topic = TopicId::new(*b"0123456789abcdef");
    let id = "30313233343536373839616263646566";
    for (record, expect) in [
        (Record::ClusterCreated { cluster_id: "c".into() }, "010001 63".to_string()),
        (Record::FeatureLevel { name: "f".into(), level: 30 }, "0200 0166 1e".into()),
        (
            Record::BrokerRegistered {
                node: NodeId::new(1),
                incarnation: [0xab; 16],
                epoch: 2,
                rack: Some("r".into()),
                endpoints: vec![BrokerEndpoint { name: "P".into(), host: "h".into(), port: 9092 }],
            },
            format!("0300 01 {} 02 010172 01 0150 0168 8447", "ab".repeat(16)),
        ),
        (
            Record::TopicCreated {
                topic,
                name: "t".into(),
                partitions: vec![lone, state.clone()],
                configs: vec![("k".into(), "v".into())],
            },
            format!("0400 {id} 0174 02 010100000000 00 0201ac0202ac02ad02040506 01 016b0176"),
        ),
        (Record::TopicDeleted { topic }, format!("0500 {id}")),
        (
            Record::PartitionsAdded { topic, first: PartitionId::new(3), partitions: vec![] },
            format!("0600 {id} 03 00"),
        ),
        (
            Record::PartitionChanged { topic, partition: PartitionId::new(3), state },
            format!("0700 {id} 03 0201ac0202ac02ad02040506"),
        ),
        (
            Record::ConfigSet { resource: Resource::Cluster, key: "k".into(), value: Some("v".into()) },
            "0800 00 016b 010176".into(),
        ),
        (
            Record::ConfigSet { resource: Resource::Broker(NodeId::new(1)), key: "k".into(), value: None },
            "0800 0101 016b 00".into(),
        ),
        (
            Record::ConfigSet { resource: Resource::Topic(topic), key: "k".into(), value: None },
            format!("0800 02{id} 016b 00"),
        ),
        (
            Record::ConfigSet { resource: Resource::Group("g".into()), key: "k".into(), value: None },
            "0800 030167 016b 00".into(),
        ),
        (
            Record::ConfigSet { resource: Resource::ClientMetrics("m".into()), key: "k".into(), value: None },
            "0800 04016d 016b 00".into(),
        ),
        (Record::ProducerIdsReserved { next: 1000 }, "0900 e807".into()),
        (
            Record::QuotaSet {
                entity: Entity::from_parts([("client-id", None), ("user", Some("u"))]).unwrap(),
                key: Key::RequestPercentage,
                limit: Some(12.5),
            },
            format!(
                "0a00 02 0475736572 010175 09636c69656e742d6964 00 12{} 01 4029000000000000",
                hex_of("request_percentage")
            ),
        ),
        (
            Record::QuotaSet {
                entity: Entity::from_parts([("ip", Some("::1"))]).unwrap(),
                key: Key::ConnectionCreationRate,
                limit: None,
            },
            format!("0a00 01 026970 01033a3a31 18{} 00", hex_of("connection_creation_rate")),
        ),
    ] {
        let hex: String = record.encode().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, expect.replace(' ', ""), "{record:?}");
        assert_eq!(Record::decode(&record.encode()), Ok(record));
    }
}

#[test]
fn a_log_that_contradicts_itself_is_refused() {
    let topic = TopicId::new([5; 16]);
    let create =
        |name: &str| Record::TopicCreated { topic, name: name.into(), partitions: vec![], configs: vec![] };
    let register = |epoch| Record::BrokerRegistered {
        node: NodeId::new(1),
        incarnation: [0; 16],
        epoch,
        rack: None,
        endpoints: vec![],
    };
    let cluster = || Record::ClusterCreated { cluster_id: "c".into() };
    for (records, expect) in [
        (vec![cluster(), cluster()], "cluster c was created after c"),
        (vec![create("a"), create("b")], "created twice"),
        (vec![Record::TopicDeleted { topic }], "was deleted but never created"),
        (vec![register(2), register(2)], "epoch 2 after 2"),
        (
            vec![
                create("a"),
                Record::PartitionsAdded { topic, first: PartitionId::new(1), partitions: vec![] },
            ],
            "extended from 1 but had 0",
        ),
        (vec![Record::ProducerIdsReserved { next: 0 }], "reserved after"),
    ] {
        let mut image = Image::default();
        let error = records.iter().find_map(|r| image.apply(r).err()).expect(expect);
        assert!(error.to_string().contains(expect), "{error}");
    }
}

fn hex_of(text: &str) -> String {
    text.bytes().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn b74_alter_client_quotas() {
    let mut w = World::new(1, &[]);
    let user = |name: &str| vec![("user".to_string(), Some(name.to_string()))];
    let ip = || vec![("ip".to_string(), None)];
    let set = |key: &str, value: f64| (key.to_string(), Some(value));
    let rate = "producer_byte_rate";
    let mut step = |entity: Vec<(String, Option<String>)>,
                    limits: Vec<(String, Option<f64>)>,
                    expect: Result<(), (ErrorCode, &str)>,
                    records: usize| {
        for validate_only in [true, false] {
            let before = w.log.len();
            let asked = vec![AlterQuotas { entity: entity.clone(), limits: limits.clone() }];
            let got = w.run(|c, _, out| c.on_alter_client_quotas(asked, validate_only, out));
            check(&format!("{entity:?} {limits:?}"), &got[0], expect);
            assert_eq!(
                w.log.len() - before,
                if validate_only { 0 } else { records },
                "{entity:?} {limits:?}"
            );
        }
    };
    let bad = |why| Err((ErrorCode::InvalidRequest, why));
    step(user("u"), vec![set(rate, 5.0), set("request_percentage", 0.5)], Ok(()), 2);
    step(user("u"), vec![set(rate, 5.0)], Ok(()), 0);
    step(user("u"), vec![(rate.into(), None), ("nothing".into(), None)], Ok(()), 1);
    step(user("v"), vec![(rate.into(), None)], Ok(()), 0);
    step(user("u"), vec![set(rate, 1.0), set("nothing", 1.0)], bad("Invalid configuration key nothing"), 0);
    step(user("u"), vec![set(rate, 1.0), (rate.into(), None)], bad("more than once"), 0);
    step(user("u"), vec![set(rate, 1.5)], bad("fractional"), 0);
    step(user("u"), vec![set("connection_creation_rate", 1.0)], bad("Invalid configuration key"), 0);
    step(ip(), vec![set("connection_creation_rate", 1.0)], Ok(()), 1);
    step(ip(), vec![set(rate, 1.0)], bad("Invalid configuration key"), 0);
    step(vec![], vec![set(rate, 1.0)], bad("empty"), 0);
    let one = |name: &str| AlterQuotas { entity: user(name), limits: vec![set(rate, 3.0)] };
    let got = w.run(|c, _, out| c.on_alter_client_quotas(vec![one("a"), one("b"), one("a")], false, out));
    assert_eq!(got.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, true, false]);
}
