use std::cell::RefCell;
use std::collections::BTreeSet;

use super::sources::{READ, variable};
use super::*;

fn load(pairs: &[&str]) -> Result<BrokerConfig, ConfigError> {
    let mut sources = Sources::new();
    for pair in pairs {
        sources.set(pair)?;
    }
    BrokerConfig::load(&sources)
}

fn overrides(pairs: &[(&str, &str)]) -> Overrides {
    pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect()
}

/// `Ok(())`, or the error's text, which must contain the expectation.
#[track_caller]
fn check<T>(input: &str, got: Result<T, ConfigError>, expect: Result<(), &str>) {
    match (got, expect) {
        (Ok(_), Ok(())) => {}
        (Err(e), Err(part)) => assert!(e.to_string().contains(part), "{input}: {e}\n   lacks: {part}"),
        (Ok(_), Err(part)) => panic!("{input}: accepted, but expected: {part}"),
        (Err(e), Ok(())) => panic!("{input}: {e}"),
    }
}

#[test]
fn tables_parse_and_hold_together() {
    let mut names = BTreeSet::new();
    for scope in [Scope::Broker, Scope::Topic, Scope::Group, Scope::ClientMetrics] {
        for setting in all(scope) {
            assert!(names.insert((scope as u8, setting.name)), "{} is there twice", setting.name);
            if let Some(default) = setting.default {
                // Kafka's own defaults may be empty where a set value may not.
                let ok = default.is_empty()
                    || value::check(setting.name, setting.kind, &setting.valid, default).is_ok();
                assert!(ok, "default of {}", setting.name);
            }
            for name in setting.synonym.iter().chain(setting.bounds.iter().flatten()) {
                assert!(find(Scope::Broker, name).is_some(), "{}: {name}", setting.name);
            }
            assert!(setting.doc.ends_with(['.', ';']) || setting.doc.contains(' '), "{}", setting.name);
        }
    }
    let kafkas = |scope| all(scope).iter().filter(|s| !s.name.starts_with("headwater.")).count();
    assert_eq!((kafkas(Scope::Broker), kafkas(Scope::Topic), kafkas(Scope::Group)), (343, 34, 17));
}

/// Every row of the scope is read if it is served, and only then.
#[track_caller]
fn check_read(scope: Scope, read: &BTreeSet<&'static str>) {
    for setting in all(scope) {
        let served = setting.stance == Stance::Served;
        // Read only where a more exact one is not set.
        let shadowed = matches!(setting.name, "log.dir" | "log.dirs");
        if !shadowed {
            assert_eq!(served, read.contains(setting.name), "{} ({:?})", setting.name, setting.stance);
        }
    }
}

#[test]
fn every_served_setting_is_read() {
    READ.with_borrow_mut(BTreeSet::clear);
    let of_topics = RefCell::new(BTreeSet::new());
    // Levels are read for the codec that has them.
    for codec in ["producer", "gzip", "lz4", "zstd"] {
        let broker = load(&[&format!("compression.type={codec}")]).unwrap();
        GroupConfig::resolve(&Overrides::new(), &broker);
        ShareGroupConfig::resolve(&Overrides::new(), &broker);
        StreamsGroupConfig::resolve(&Overrides::new(), &broker);
        TopicConfig::from_values(|setting| {
            of_topics.borrow_mut().insert(setting.name);
            match setting.name {
                "compression.type" => codec.into(),
                _ => setting.default.unwrap_or_default().into(),
            }
        });
    }
    let read = READ.with_borrow(Clone::clone);
    check_read(Scope::Broker, &read);
    check_read(Scope::Group, &read);
    check_read(Scope::Topic, &of_topics.into_inner());
}

#[test]
fn environment_names_are_unambiguous() {
    let mut seen = BTreeSet::new();
    for setting in all(Scope::Broker) {
        assert!(seen.insert(variable(setting.name)), "{}", setting.name);
    }
    assert_eq!(variable("log.retention.hours"), "HEADWATER_LOG_RETENTION_HOURS");
    assert_eq!(variable("headwater.durability"), "HEADWATER_DURABILITY");
}

#[test]
fn values_are_checked_by_their_rows() {
    for (pair, expect) in [
        ("num.partitions=3", Ok(())),
        ("num.partitions= 3 ", Ok(())),
        (
            "num.partitions=0",
            Err("Invalid value 0 for configuration num.partitions: Value must be at least 1"),
        ),
        (
            "num.partitions=many",
            Err("Invalid value many for configuration num.partitions: Not a number of type INT"),
        ),
        ("num.partitions=3000000000", Err("Not a number of type INT")),
        ("auto.create.topics.enable=FALSE", Ok(())),
        ("auto.create.topics.enable=no", Err("either true or false")),
        (
            "compression.type=brotli",
            Err("String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer"),
        ),
        ("compression.gzip.level=-1", Ok(())),
        ("compression.gzip.level=0", Err("at least 1")),
        ("log.cleaner.min.cleanable.ratio=1.5", Err("no more than 1")),
        ("group.consumer.migration.policy=Upgrade", Ok(())),
        ("log.segment.bytes=1048575", Err("at least 1048576")),
        ("log.retention.hours=0", Err("must not be 0")),
        ("log.retention.ms=-7", Ok(())),
        ("log.cleanup.policy=", Ok(())),
        ("log.cleanup.policy=delete,shred", Err("String must be one of: compact, delete")),
        ("num.partitons=3", Err("unknown setting num.partitons (--set); did you mean num.partitions?")),
        ("xyzzy=3", Err("unknown setting xyzzy (--set)")),
        ("num.io.threads=8", Ok(())),
        ("num.io.threads=lots", Err("Not a number of type INT")),
        ("listener.name.internal.num.network.threads=4", Ok(())),
        ("listener.name.internal.nonsense=4", Err("unknown setting")),
        ("authorizer.class.name=org.acme.Guard", Err("will not pretend to")),
        ("authorizer.class.name=", Ok(())),
        ("zookeeper.connect=zk:2181", Err("zookeeper.connect (--set): there is no ZooKeeper")),
        ("inter.broker.protocol.version=3.9", Err("dropped it with 4.0")),
        ("super.users=User:admin", Err("there is no authorizer")),
        ("remote.log.storage.system.enable=false", Ok(())),
        ("remote.log.storage.system.enable=true", Err("will not pretend to")),
        ("process.roles=broker", Err("cluster of one")),
        ("controller.quorum.voters=1@a:9093,2@b:9093", Err("cluster of one")),
        ("controller.quorum.voters=1@a:9093", Ok(())),
        ("broker.id=7", Err("must be the same as node.id (1)")),
        ("log.dirs=/a,/b", Err("one folder")),
        ("queued.max.request.bytes=1000", Err("must not be less than socket.request.max.bytes")),
        ("queued.max.request.bytes=0", Ok(())),
        ("max.connections.per.ip=0", Err("0 is only valid with")),
        ("max.connections.per.ip.overrides=::1:7,host:9", Ok(())),
        ("max.connections.per.ip.overrides=host", Err("host:count")),
        ("group.consumer.session.timeout.ms=1000", Err("45000 to 60000")),
        ("group.coordinator.rebalance.protocols=consumer", Err("must contain classic")),
        ("group.consumer.assignors=org.acme.Sorter", Err("uniform and range")),
        ("headwater.shards=2", Ok(())),
        ("headwater.durability=fast", Err("durable, relaxed")),
        ("headwater.http.listener=nowhere", Err("host:port")),
        ("headwater.http.listener=[::1]:0", Ok(())),
        ("headwater.cluster.id=short", Err("22 characters")),
    ] {
        check(pair, load(&[pair]), expect);
    }
}

#[test]
fn listeners_are_kafkas() {
    for (pairs, expect) in [
        (&["listeners=PLAINTEXT://:9092"][..], Ok("PLAINTEXT://:9092 as :9092")),
        (&["listeners=PLAINTEXT://[::1]:9092"], Ok("PLAINTEXT://::1:9092 as ::1:9092")),
        (
            &[
                "listeners=PLAINTEXT://:9092,CONTROLLER://:9093",
                "advertised.listeners=PLAINTEXT://a:9092,CONTROLLER://a:9093",
            ],
            Ok("PLAINTEXT://:9092 as a:9092"),
        ),
        (
            &[
                "listeners=IN://10.0.0.1:1,OUT://0.0.0.0:2",
                "listener.security.protocol.map=IN:PLAINTEXT,OUT:PLAINTEXT",
                "advertised.listeners=OUT://b:3,IN://a:4",
            ],
            Ok("IN://10.0.0.1:1 as a:4, OUT://0.0.0.0:2 as b:3"),
        ),
        (&["listeners=PLAINTEXT://0.0.0.0:9092"], Err("set advertised.listeners=PLAINTEXT://")),
        (&["listeners=SSL://:9092"], Err("asks for SSL, which this version does not have")),
        (&["listeners=SASL_SSL://:9092"], Err("asks for SASL_SSL")),
        (&["listeners=IN://:9092"], Err("gives IN no protocol")),
        (&["listeners=9092"], Err("is not NAME://host:port")),
        (&["listeners=PLAINTEXT://a:99999"], Err("is not NAME://host:port")),
        (&["listeners="], Err("must not be empty")),
        (&["listeners=PLAINTEXT://:1,PLAINTEXT://:2"], Err("there twice")),
        (&["listeners=CONTROLLER://:1"], Err("must not be a controller's")),
        (&["advertised.listeners=PLAINTEXT://0.0.0.0:9092"], Err("stands for all of them")),
        (&["advertised.listeners=OTHER://a:9092"], Err("OTHER is not among listeners")),
    ] {
        let got = load(pairs);
        match (&got, expect) {
            (Ok(config), Ok(expect)) => {
                let l = &config.listeners;
                let shown: Vec<String> = l
                    .bind
                    .iter()
                    .zip(&l.advertised)
                    .map(|(b, a)| format!("{}://{}:{} as {}:{}", b.name, b.host, b.port, a.host, a.port))
                    .collect();
                assert_eq!(shown.join(", "), expect);
            }
            _ => check(&pairs.join(" "), got, expect.map(|_| ())),
        }
    }
}

#[test]
fn properties_are_javas() {
    for (text, expect) in [
        ("a=b", &[("a", "b")][..]),
        ("  a  =  b  ", &[("a", "b  ")]),
        ("a:b\na b\na\tb", &[("a", "b"), ("a", "b"), ("a", "b")]),
        ("a\na=\na==b", &[("a", ""), ("a", ""), ("a", "=b")]),
        ("# c\n ! c\n\n\\# = 1", &[("#", "1")]),
        ("a=one, \\\r\n   two\\\n\\ three", &[("a", "one, two three")]),
        ("a=b\\", &[("a", "b")]),
        ("a=c:\\\\d\\=\\e", &[("a", "c:\\d=e")]),
        ("a\\ b=\\t\\n\\u00e9\\ud83d\\ude00", &[("a b", "\t\n\u{e9}\u{1f600}")]),
        ("\u{feff}a=b", &[("a", "b")]),
        ("a=b # not a comment", &[("a", "b # not a comment")]),
    ] {
        let got = parse_properties("f", text).unwrap();
        let got: Vec<(&str, &str)> = got.iter().map(|(_, k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(got, expect, "{text:?}");
    }
    check("short escape", parse_properties("f", "x=1\na=\\u12"), Err("f:2: \\u12 is not"));
    check("half a pair", parse_properties("f", "a=\\ud83dx"), Err("surrogate"));
}

#[test]
fn sources_go_over_each_other_in_order() {
    let file = "num.partitions=2\nlog.retention.hours=24\nnum.io.threads=4\nbackground.threads=3\n";
    let env = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect()
    };
    let mut sources = Sources::new();
    sources.file("server.properties", file).unwrap();
    let variables = [
        ("HEADWATER_NUM_PARTITIONS", "3"),
        ("HEADWATER_DEFAULT_REPLICATION_FACTOR", "1"),
        ("HEADWATER_SERVICE_HOST", "10.0.0.9"),
        ("HEADWATER_PORT", "tcp://10.0.0.9:9092"),
        ("HEADWATER_PORT_9092_TCP_ADDR", "10.0.0.9"),
        ("HEADWATER_LOG", "debug"),
        ("HEADWATER_BOOTSTRAP", "broker:9092"),
        ("PATH", "/bin"),
    ];
    sources.environment(env(&variables)).unwrap();
    let config = BrokerConfig::load(&sources).unwrap();
    assert_eq!(config.num_partitions, 3);
    assert_eq!(config.topic_defaults.retention_ms, Some(86_400_000));
    assert_eq!(config.settings().ignored(), ["background.threads", "num.io.threads"]);
    assert_eq!(config.settings().origin("log.retention.hours").to_string(), "server.properties:2");
    sources.set("num.partitions=4").unwrap().flag("--partitions", "num.partitions", "5");
    let config = BrokerConfig::load(&sources).unwrap();
    assert_eq!(
        (config.num_partitions, config.settings().origin("num.partitions")),
        (5, Origin::Flag("--partitions"))
    );
    let typo = Sources::new().environment(env(&[("HEADWATER_LOG_RETENTION_HUORS", "1")])).map(|_| ());
    check("typo", typo, Err("$HEADWATER_LOG_RETENTION_HUORS); did you mean log.retention.hours?"));
    check("no =", Sources::new().set("num.partitions").map(|_| ()), Err("expected key=value"));
}

#[test]
fn kafkas_own_example_file_is_read_as_it_is() {
    let file = "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.bootstrap.servers=localhost:9093\n\
        listeners=PLAINTEXT://:9092,CONTROLLER://:9093\ninter.broker.listener.name=PLAINTEXT\n\
        advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093\n\
        controller.listener.names=CONTROLLER\n\
        listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL\n\
        num.network.threads=3\nnum.io.threads=8\nsocket.send.buffer.bytes=102400\nsocket.receive.buffer.bytes=102400\n\
        socket.request.max.bytes=104857600\nlog.dirs=/tmp/kraft-combined-logs\nnum.partitions=1\n\
        num.recovery.threads.per.data.dir=2\noffsets.topic.replication.factor=1\n\
        share.coordinator.state.topic.replication.factor=1\nshare.coordinator.state.topic.min.isr=1\n\
        transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\nlog.retention.hours=168\n\
        log.segment.bytes=1073741824\nlog.retention.check.interval.ms=300000\n";
    let mut sources = Sources::new();
    sources.file("server.properties", file).unwrap();
    let config = BrokerConfig::load(&sources).unwrap();
    assert_eq!(config.listeners.bind.len(), 1);
    assert_eq!(config.log_dir, "/tmp/kraft-combined-logs");
    assert_eq!(config.settings().ignored().len(), 4);
}

/// What a fresh topic of Apache Kafka 4.3.1 was seen to answer.
#[test]
fn b19_b70_b71_describe_topic_is_kafkas() {
    // A fresh cluster with eligible leader replicas records this value for the whole cluster.
    let cluster = overrides(&[("min.insync.replicas", "1")]);
    let broker = BrokerConfig::defaults().with_dynamic(&cluster, &Overrides::new()).unwrap();
    let mut got = String::from("name\tvalue\tsource\ttype\tread_only\tsensitive\tsynonyms\tsynonym_list\n");
    let show = |text: &Option<String>| match text.as_deref() {
        Some("") => "\"\"".to_string(),
        Some(text) => text.to_string(),
        None => "null".to_string(),
    };
    for e in describe_topic(&Overrides::new(), &broker) {
        if e.name.starts_with("headwater.") {
            continue;
        }
        let list: Vec<String> =
            e.synonyms.iter().map(|s| format!("{}={}@{}", s.name, show(&s.value), s.source.name())).collect();
        let list = if list.is_empty() { "-".to_string() } else { list.join("; ") };
        got += &format!(
            "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n",
            e.name,
            show(&e.value),
            e.source.name(),
            e.kind.name().to_uppercase(),
            e.read_only,
            e.is_sensitive,
            e.synonyms.len(),
            list
        );
    }
    assert_eq!(got, include_str!("tests/describe-configs-topic-4.3.tsv"));
}

fn described(entries: &[ConfigEntry], name: &str) -> String {
    let e = entries.iter().find(|e| e.name == name).unwrap_or_else(|| panic!("{name}"));
    let synonyms: Vec<String> = e
        .synonyms
        .iter()
        .map(|s| format!("{}={}@{}", s.name, s.value.as_deref().unwrap_or("null"), s.source.code()))
        .collect();
    format!("{} @{} [{}]", e.value.as_deref().unwrap_or("null"), e.source.code(), synonyms.join(" "))
}

#[test]
fn b71_retention_has_a_synonym_only_in_ms() {
    for (set, expect) in [
        (&["log.retention.hours=24"][..], "86400000 @5 []"),
        (&["log.retention.minutes=10", "log.retention.hours=24"], "600000 @5 []"),
        (&["log.retention.ms=5", "log.retention.minutes=10"], "5 @4 [log.retention.ms=5@4]"),
        (&["log.retention.ms=-9"], "-1 @4 [log.retention.ms=-9@4]"),
    ] {
        let broker = load(set).unwrap();
        assert_eq!(described(&describe_topic(&Overrides::new(), &broker), "retention.ms"), expect, "{set:?}");
    }
}

#[test]
fn b19_overrides_are_described_before_what_they_hide() {
    let broker = load(&["log.segment.bytes=2000000"]).unwrap();
    let broker =
        broker.with_dynamic(&overrides(&[("log.segment.bytes", "3000000")]), &Overrides::new()).unwrap();
    let entries = describe_topic(&overrides(&[("segment.bytes", "4000000")]), &broker);
    let all_four = "log.segment.bytes=3000000@3 log.segment.bytes=2000000@4 log.segment.bytes=1073741824@5";
    assert_eq!(
        described(&entries, "segment.bytes"),
        format!("4000000 @1 [segment.bytes=4000000@1 {all_four}]")
    );
    let entries = describe_broker(&broker);
    assert_eq!(described(&entries, "log.segment.bytes"), format!("3000000 @3 [{all_four}]"));
    assert_eq!(described(&entries, "log.retention.ms"), "null @5 [log.retention.hours=168@5]");
    assert_eq!(
        described(&describe_cluster(&broker), "log.segment.bytes"),
        "3000000 @3 [log.segment.bytes=3000000@3]"
    );
    assert_eq!(describe_cluster(&broker).len(), 1);
}

#[test]
fn b76_advertised_listeners_are_read_only_and_secrets_are_hidden() {
    let broker = load(&["ssl.key.password=hush"]).unwrap();
    let entries = describe_broker(&broker);
    let read_only = |name: &str| entries.iter().find(|e| e.name == name).unwrap().read_only;
    assert!(read_only("advertised.listeners") && !read_only("listeners"));
    assert_eq!(described(&entries, "ssl.key.password"), "null @4 [ssl.key.password=null@4]");
    check(
        "read-only",
        BrokerConfig::check_dynamic("node.id", "2", false),
        Err("only be changed in the configuration"),
    );
    check(
        "per broker",
        BrokerConfig::check_dynamic("ssl.protocol", "x", true),
        Err("setting of each broker"),
    );
    check("dynamic", BrokerConfig::check_dynamic("log.retention.ms", "1000", true), Ok(()));
}

#[test]
fn b68_b69_b72_topic_overrides() {
    let broker = BrokerConfig::defaults();
    assert_eq!(broker.topic_defaults.timestamp_after_max_ms, 3_600_000);
    for (key, value, expect) in [
        ("retention.ms", "0", Ok(())),
        ("retention.ms", "-1", Ok(())),
        ("retention.ms", "-2", Err("Value must be at least -1")),
        (
            "retention.ms",
            "soon",
            Err("Invalid value soon for configuration retention.ms: Not a number of type LONG"),
        ),
        ("retention.bytes", "-99", Ok(())),
        ("segment.bytes", "1048575", Err("at least 1048576")),
        ("cleanup.policy", "", Ok(())),
        ("cleanup.policy", "Compact", Err("must be one of: compact, delete")),
        ("min.insync.replicas", "0", Err("at least 1")),
        ("leader.replication.throttled.replicas", "0:1,1:2", Ok(())),
        ("leader.replication.throttled.replicas", "0-1", Err("list of partition:broker")),
        ("min.compaction.lag.ms", "9223372036854775807", Ok(())),
        ("remote.storage.enable", "true", Err("will not pretend to")),
        ("headwater.durability", "relaxed", Ok(())),
        ("headwater.durability", "fast", Err("durable, relaxed")),
        ("log.retention.ms", "5", Err("unknown setting log.retention.ms (topic)")),
        ("retention.mss", "5", Err("did you mean retention.ms?")),
    ] {
        check(key, TopicConfig::validate(&overrides(&[(key, value)]), &broker), expect);
    }
    let lags = overrides(&[("min.compaction.lag.ms", "10"), ("max.compaction.lag.ms", "9")]);
    check("lags", TopicConfig::validate(&lags, &broker), Err("max.compaction.lag.ms (9)"));
    let stored =
        TopicConfig::validate(&overrides(&[("cleanup.policy", "compact, delete,compact")]), &broker).unwrap();
    assert_eq!(stored["cleanup.policy"], "compact,delete");
    let config = TopicConfig::resolve(&stored, &broker);
    assert!(config.compact && config.delete);
    let config = TopicConfig::resolve(
        &overrides(&[("cleanup.policy", ""), ("compression.type", "zstd"), ("retention.ms", "-1")]),
        &broker,
    );
    assert_eq!((config.compact, config.delete, config.retention_ms), (false, false, None));
    assert_eq!(config.compression, Compression::Zstd(3));
    let relaxed = TopicConfig::resolve(&overrides(&[("headwater.durability", "relaxed")]), &broker);
    assert_eq!(
        (broker.topic_defaults.durability, relaxed.durability),
        (Durability::Durable, Durability::Relaxed)
    );
}

#[test]
fn b73_group_settings_are_bounded_by_the_broker() {
    let broker = BrokerConfig::defaults();
    for (key, value, expect) in [
        ("consumer.session.timeout.ms", "50000", Ok(())),
        (
            "consumer.session.timeout.ms",
            "44999",
            Err("must be at least group.consumer.min.session.timeout.ms (45000)"),
        ),
        (
            "consumer.session.timeout.ms",
            "60001",
            Err("no more than group.consumer.max.session.timeout.ms (60000)"),
        ),
        ("consumer.session.timeout", "60001", Err("did you mean consumer.session.timeout.ms?")),
        ("share.auto.offset.reset", "by_duration:PT1H30M", Ok(())),
        ("share.auto.offset.reset", "by_duration:1h", Err("Expected latest")),
        ("streams.num.standby.replicas", "3", Err("no more than group.streams.max.standby.replicas (2)")),
    ] {
        check(key, GroupConfig::validate(&overrides(&[(key, value)]), &broker), expect);
    }
    let stored =
        overrides(&[("consumer.session.timeout.ms", "100000"), ("consumer.heartbeat.interval.ms", "1")]);
    let config = GroupConfig::resolve(&stored, &broker);
    assert_eq!((config.session_timeout_ms, config.heartbeat_interval_ms), (60_000, 5_000));
}

#[test]
fn meta_properties_round_trip_and_refuse_the_unknown() {
    let meta = ClusterMeta::new(ClusterMeta::cluster_id([7; 16]), crate::ids::NodeId::new(3));
    assert_eq!(ClusterMeta::decode("f", &meta.encode()).unwrap(), meta);
    for (text, expect) in [
        ("version=2\ncluster.id=x\nnode.id=1\n", "folder layout 2 is not 1"),
        ("version=1\ncluster.id=x\n", "node.id is missing"),
        ("version=1\ncluster.id=\nnode.id=1\n", "cluster.id is missing"),
        ("version=1\ncluster.id=x\nnode.id=-1\n", "node.id is not a number"),
        ("version=1\ncluster.id=x\nnode.id=1\ndirectory.id=y\n", "unknown key directory.id"),
        ("", "version is missing"),
    ] {
        check(text, ClusterMeta::decode("meta.properties", text), Err(expect));
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let mut sources = Sources::new();
    let file = "num.partitons=3\nnum.io.threads=8\nzookeeper.connect=zk\nlog.retention.hours=x\n";
    let error = BrokerConfig::load(sources.file("f", file).unwrap()).unwrap_err().to_string();
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines.len(), 4, "{error}");
    assert_eq!(lines[0], "3 settings cannot be used:");
    for (line, word) in
        lines[1..].iter().zip(["num.partitions?", "zookeeper.connect (f:3)", "log.retention.hours"])
    {
        assert!(line.contains(word), "{word}: {error}");
    }
}
