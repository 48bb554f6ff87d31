//! The broker's settings, typed and checked against each other.

use super::error::ConfigError;
use super::listener::{Listeners, Raw, host_and_port};
use super::share::ShareSettings;
use super::sources::{Overrides, Settings, Sources};
use super::streams::StreamsSettings;
use super::table::{Scope, Setting, Stance, Update, find};
use super::topic::{TopicConfig, default_value};
use super::value::list;
use crate::ids::NodeId;

/// A broker's settings. Times are milliseconds, sizes bytes; `None` is "no limit" or "not given".
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerConfig {
    /// `node.id`.
    pub node_id: NodeId,
    /// `headwater.cluster.id`: the id for an empty data folder.
    pub cluster_id: Option<String>,
    /// `headwater.client.metrics.topic`: where clients' metrics go; without it they are not asked for.
    pub client_metrics_topic: Option<String>,
    /// `broker.rack`.
    pub rack: Option<String>,
    /// Where to listen and what to hand out.
    pub listeners: Listeners,
    /// `log.dirs`, or `log.dir`: the data folder.
    pub log_dir: String,
    /// `num.partitions` of a topic that is created without a number.
    pub num_partitions: i32,
    /// `default.replication.factor`.
    pub default_replication_factor: i16,
    /// Whether asking for the metadata of an unknown topic may create it.
    pub auto_create_topics: bool,
    /// Whether topics may be deleted.
    pub delete_topics: bool,
    /// Most partitions in one DescribeTopicPartitions response.
    pub describe_partitions_max: u32,
    /// What a topic without overrides has.
    pub topic_defaults: TopicConfig,
    /// Whether compaction runs.
    pub cleaner: bool,
    /// How often to look for something to compact.
    pub cleaner_backoff_ms: u64,
    /// Memory for the keys of compactions, of all shards, in bytes.
    pub cleaner_dedupe_bytes: u64,
    /// What compactions of all shards may read and write a second, in bytes.
    pub cleaner_bytes_per_s: f64,
    /// How often to look for something to delete.
    pub retention_check_interval_ms: u64,
    /// Idle producers' state in a partition is forgotten after this (behaviour 38).
    pub producer_id_expiration_ms: u64,
    /// Sockets and requests.
    pub net: NetSettings,
    /// Fetch responses and sessions.
    pub fetch: FetchSettings,
    /// Classic groups.
    pub group: GroupSettings,
    /// Groups of KIP-848.
    pub consumer_group: ConsumerGroupSettings,
    /// Groups of KIP-932, and `__share_group_state`.
    pub share_group: ShareSettings,
    /// Groups of KIP-1071.
    pub streams_group: StreamsSettings,
    /// Committed offsets and `__consumer_offsets`.
    pub offsets: OffsetsSettings,
    /// Transactions and `__transaction_state`.
    pub transaction: TransactionSettings,
    /// Shards, journal, heads and caches.
    pub storage: StorageSettings,
    settings: Settings,
}

/// Sockets and requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetSettings {
    /// Largest request frame.
    pub request_bytes_max: u32,
    /// Memory of each shard for requests being read and handled.
    pub inflight_bytes: u64,
    /// Length of the kernel's queue of connections not yet accepted.
    pub listen_backlog: u32,
    /// SO_SNDBUF; `None` leaves it to the kernel.
    pub send_buffer_bytes: Option<u32>,
    /// SO_RCVBUF; `None` leaves it to the kernel.
    pub receive_buffer_bytes: Option<u32>,
    /// Connections that are idle for this long are closed.
    pub idle_ms: Option<u64>,
    /// Most connections.
    pub connections_max: u32,
    /// Most connections from one address.
    pub connections_per_ip_max: u32,
    /// Exceptions to that, by address or host name.
    pub connections_per_ip_overrides: Vec<(String, u32)>,
    /// Most new connections in a second, a second's worth at once.
    pub connection_rate_max: u32,
    /// Where metrics and health are served over HTTP, if they are.
    pub http: Option<(String, u16)>,
}

/// Fetch responses and sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchSettings {
    /// Largest response, whatever the client asks for.
    pub response_bytes_max: u32,
    /// Most incremental sessions.
    pub sessions_max: u32,
}

/// Classic groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupSettings {
    /// Wait of an empty group for more members.
    pub initial_rebalance_delay_ms: u64,
    /// Least session timeout a member may ask for.
    pub session_timeout_min_ms: u64,
    /// Most.
    pub session_timeout_max_ms: u64,
    /// Most members.
    pub members_max: u32,
}

/// Groups of KIP-848.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerGroupSettings {
    /// Whether the protocol is on (`group.coordinator.rebalance.protocols`).
    pub enabled: bool,
    /// Most members.
    pub members_max: u32,
    /// Assignors by name, the default first.
    pub assignors: Vec<String>,
    /// A live classic group may become a consumer group.
    pub upgrade: bool,
    /// A live consumer group may become a classic group.
    pub downgrade: bool,
}

/// Committed offsets and `__consumer_offsets`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetsSettings {
    /// Partitions of the topic.
    pub partitions: i32,
    /// Its replication factor, as set.
    pub replication_factor: i16,
    /// Whether somebody set it. If not, it is the number of brokers at most: a lone broker must be able to start.
    pub replication_factor_set: bool,
    /// Its segments' size.
    pub segment_bytes: u32,
    /// Longest metadata string of a commit.
    pub metadata_bytes_max: u32,
    /// Offsets of an empty group expire after this.
    pub retention_ms: u64,
    /// How often to look for expired ones.
    pub retention_check_interval_ms: u64,
}

/// Transactions and `__transaction_state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionSettings {
    /// Longest timeout a producer may ask for.
    pub timeout_max_ms: u64,
    /// Partitions of the topic.
    pub partitions: i32,
    /// Its replication factor, as set.
    pub replication_factor: i16,
    /// Whether somebody set it; see [`OffsetsSettings::replication_factor_set`].
    pub replication_factor_set: bool,
    /// Its in-sync minimum, as set.
    pub min_isr: i32,
    /// Whether somebody set that. If not, it is the replication factor at most.
    pub min_isr_set: bool,
    /// Its segments' size.
    pub segment_bytes: u32,
    /// How often to look for expired transactional ids.
    pub expiration_check_interval_ms: u64,
    /// Idle transactional ids are forgotten after this.
    pub id_expiration_ms: u64,
    /// Whether a leader asks the coordinator before a transaction's first append.
    pub verify_partitions: bool,
}

/// Shards, journal, heads and caches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageSettings {
    /// Shards to run; `None` is one for each core.
    pub shards: Option<u16>,
    /// Size of one file of a shard's journal ring.
    pub journal_file_bytes: u64,
    /// Files in it.
    pub journal_files: u32,
    /// Bytes of one partition kept out of its segment.
    pub head_bytes: u32,
    /// What one partition brings in a round goes past the journal from so many bytes on.
    pub large_append_bytes: u32,
    /// Memory of a shard for all heads.
    pub heads_bytes: u64,
    /// Memory of a shard for recent batches.
    pub cache_bytes: u64,
    /// Segment files a shard keeps open.
    pub files_open: u32,
}

impl BrokerConfig {
    /// The settings of a broker that nobody told anything.
    pub fn defaults() -> BrokerConfig {
        Self::load(&Sources::new()).unwrap_or_else(|e| panic!("the tables' defaults are valid: {e}"))
    }

    /// Checks what was given and makes it typed.
    pub fn load(sources: &Sources) -> Result<BrokerConfig, ConfigError> {
        Self::from_settings(sources.resolve()?)
    }

    /// The raw settings, with their sources.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The value a topic's setting has when the topic does not set it.
    pub(super) fn topic_default(&self, setting: &Setting) -> Option<String> {
        default_value(&self.settings, setting)
    }

    /// The same broker with these dynamic values (from the metadata log) in place of the ones before: `cluster` for all
    /// brokers, `own` for this one.
    pub fn with_dynamic(&self, cluster: &Overrides, own: &Overrides) -> Result<BrokerConfig, ConfigError> {
        Self::from_settings(self.settings.with_dynamic(cluster, own)?)
    }

    /// Whether this setting may be given a dynamic value, for one broker or (`cluster`) for all.
    pub fn check_dynamic(key: &str, value: &str, cluster: bool) -> Result<(), ConfigError> {
        let Some(setting) = find(Scope::Broker, key) else {
            return Err(ConfigError::Unknown { key: key.into(), origin: "broker".into(), nearest: None });
        };
        let reason = match (setting.update, setting.stance) {
            (Update::ReadOnly, _) => "it can only be changed in the configuration, by a restart",
            (Update::PerBroker, _) if cluster => {
                "it is a setting of each broker and cannot be set for all of them"
            }
            (Update::PerBroker, Stance::Served) => "this version can only change it by a restart",
            _ => return Ok(()),
        };
        let value = if setting.sensitive() { "(hidden)" } else { value };
        Err(ConfigError::Unsupported { key: key.into(), value: value.into(), reason: reason.into() })
    }

    fn from_settings(settings: Settings) -> Result<BrokerConfig, ConfigError> {
        let s = &settings;
        check_roles(s)?;
        let optional = |name: &str| s.get(name).filter(|v| !v.is_empty()).map(String::from);
        let buffer = |name: &str| u32::try_from(s.number::<i64>(name)).ok().filter(|n| *n > 0);
        let millis = |name: &str| s.number::<i64>(name).max(0).unsigned_abs();
        let listeners = Listeners::parse(&Raw {
            listeners: s.text("listeners"),
            advertised: s.get("advertised.listeners"),
            protocols: s.text("listener.security.protocol.map"),
            controllers: s.text("controller.listener.names"),
        })?;
        let config = BrokerConfig {
            node_id: NodeId::new(s.number("node.id")),
            cluster_id: optional("headwater.cluster.id"),
            client_metrics_topic: optional("headwater.client.metrics.topic"),
            rack: optional("broker.rack"),
            listeners,
            log_dir: log_dir(s)?,
            num_partitions: s.number("num.partitions"),
            default_replication_factor: small(s, "default.replication.factor")?,
            auto_create_topics: s.boolean("auto.create.topics.enable"),
            delete_topics: s.boolean("delete.topic.enable"),
            describe_partitions_max: s.number("max.request.partition.size.limit"),
            topic_defaults: TopicConfig::defaults(s),
            cleaner: s.boolean("log.cleaner.enable"),
            cleaner_backoff_ms: millis("log.cleaner.backoff.ms"),
            cleaner_dedupe_bytes: s.limit("log.cleaner.dedupe.buffer.size").unwrap_or_default(),
            cleaner_bytes_per_s: s.double("log.cleaner.io.max.bytes.per.second"),
            retention_check_interval_ms: millis("log.retention.check.interval.ms"),
            producer_id_expiration_ms: millis("producer.id.expiration.ms"),
            net: NetSettings {
                request_bytes_max: s.number("socket.request.max.bytes"),
                inflight_bytes: inflight(s)?,
                listen_backlog: s.number("socket.listen.backlog.size"),
                send_buffer_bytes: buffer("socket.send.buffer.bytes"),
                receive_buffer_bytes: buffer("socket.receive.buffer.bytes"),
                idle_ms: s.limit("connections.max.idle.ms"),
                connections_max: s.number("max.connections"),
                connections_per_ip_max: s.number("max.connections.per.ip"),
                connections_per_ip_overrides: per_ip(s)?,
                connection_rate_max: s.number("max.connection.creation.rate"),
                http: http(s)?,
            },
            fetch: FetchSettings {
                response_bytes_max: s.number("fetch.max.bytes"),
                sessions_max: s.number("max.incremental.fetch.session.cache.slots"),
            },
            group: GroupSettings {
                initial_rebalance_delay_ms: millis("group.initial.rebalance.delay.ms"),
                session_timeout_min_ms: millis("group.min.session.timeout.ms"),
                session_timeout_max_ms: millis("group.max.session.timeout.ms"),
                members_max: s.number("group.max.size"),
            },
            consumer_group: consumer_group(s)?,
            share_group: ShareSettings::of(s)?,
            streams_group: StreamsSettings::of(s)?,
            offsets: OffsetsSettings {
                partitions: s.number("offsets.topic.num.partitions"),
                replication_factor: s.number("offsets.topic.replication.factor"),
                replication_factor_set: s.is_set("offsets.topic.replication.factor"),
                segment_bytes: s.number("offsets.topic.segment.bytes"),
                metadata_bytes_max: s.number::<i64>("offset.metadata.max.bytes").max(0) as u32,
                retention_ms: millis("offsets.retention.minutes") * 60_000,
                retention_check_interval_ms: millis("offsets.retention.check.interval.ms"),
            },
            transaction: TransactionSettings {
                timeout_max_ms: millis("transaction.max.timeout.ms"),
                partitions: s.number("transaction.state.log.num.partitions"),
                replication_factor: s.number("transaction.state.log.replication.factor"),
                replication_factor_set: s.is_set("transaction.state.log.replication.factor"),
                min_isr: s.number("transaction.state.log.min.isr"),
                min_isr_set: s.is_set("transaction.state.log.min.isr"),
                segment_bytes: s.number("transaction.state.log.segment.bytes"),
                expiration_check_interval_ms: millis(
                    "transaction.remove.expired.transaction.cleanup.interval.ms",
                ),
                id_expiration_ms: millis("transactional.id.expiration.ms"),
                verify_partitions: s.boolean("transaction.partition.verification.enable"),
            },
            storage: StorageSettings {
                shards: Some(s.number("headwater.shards")).filter(|n| *n > 0),
                journal_file_bytes: s.number("headwater.journal.file.bytes"),
                journal_files: s.number("headwater.journal.files"),
                head_bytes: s.number("headwater.head.bytes"),
                large_append_bytes: s.number("headwater.large.append.bytes"),
                heads_bytes: s.number("headwater.heads.bytes"),
                cache_bytes: s.number("headwater.cache.bytes"),
                files_open: s.number("headwater.files.open"),
            },
            settings: Settings::default(),
        };
        let g = &config.group;
        if g.session_timeout_min_ms > g.session_timeout_max_ms {
            let expected =
                format!("must not be more than group.max.session.timeout.ms ({})", g.session_timeout_max_ms);
            return Err(ConfigError::invalid(
                "group.min.session.timeout.ms",
                s.text("group.min.session.timeout.ms"),
                expected,
            ));
        }
        if u64::from(config.storage.head_bytes) > config.storage.heads_bytes {
            let expected =
                format!("must not be more than headwater.heads.bytes ({})", config.storage.heads_bytes);
            return Err(ConfigError::invalid(
                "headwater.head.bytes",
                s.text("headwater.head.bytes"),
                expected,
            ));
        }
        Ok(BrokerConfig { settings, ..config })
    }
}

fn small(s: &Settings, name: &str) -> Result<i16, ConfigError> {
    let value: i64 = s.number(name);
    i16::try_from(value)
        .ok()
        .filter(|n| *n > 0)
        .ok_or_else(|| ConfigError::invalid(name, &value.to_string(), "Value must be from 1 to 32767"))
}

/// One process is a cluster of one: both roles, and no other controller to ask.
fn check_roles(s: &Settings) -> Result<(), ConfigError> {
    let unsupported = |key: &str, reason: &str| {
        Err(ConfigError::Unsupported { key: key.into(), value: s.text(key).into(), reason: reason.into() })
    };
    let roles = list(s.text("process.roles"));
    if !(roles.contains(&"broker") && roles.contains(&"controller")) {
        return unsupported("process.roles", "this version runs a cluster of one; use broker,controller");
    }
    for key in ["controller.quorum.voters", "controller.quorum.bootstrap.servers"] {
        if list(s.text(key)).len() > 1 {
            return unsupported(
                key,
                "this version runs a cluster of one; name this node alone, or leave it out",
            );
        }
    }
    let (node, broker): (i64, i64) = (s.number("node.id"), s.number("broker.id"));
    if broker >= 0 && s.is_set("broker.id") && broker != node {
        return Err(ConfigError::invalid(
            "broker.id",
            &broker.to_string(),
            format!("must be the same as node.id ({node})"),
        ));
    }
    Ok(())
}

fn log_dir(s: &Settings) -> Result<String, ConfigError> {
    let (key, value) = match s.get("log.dirs") {
        Some(dirs) => ("log.dirs", dirs),
        None => ("log.dir", s.text("log.dir")),
    };
    match list(value)[..] {
        [one] => Ok(one.to_string()),
        _ => Err(ConfigError::Unsupported {
            key: key.into(),
            value: value.into(),
            reason: "this version keeps its data in one folder; name one".into(),
        }),
    }
}

/// `queued.max.request.bytes` is the broker's, `headwater.inflight.bytes` a shard's; the first one bounds the other.
fn inflight(s: &Settings) -> Result<u64, ConfigError> {
    let request: u64 = s.number("socket.request.max.bytes");
    let queued: i64 = s.number("queued.max.request.bytes");
    let own: u64 = s.number("headwater.inflight.bytes");
    let (key, bytes) = match u64::try_from(queued) {
        Ok(queued) if queued > 0 && queued < own => ("queued.max.request.bytes", queued),
        _ => ("headwater.inflight.bytes", own),
    };
    // Less, and the largest valid request could never be admitted: its connection would wait for ever.
    if bytes < request {
        let expected = format!("must not be less than socket.request.max.bytes ({request})");
        return Err(ConfigError::invalid(key, &bytes.to_string(), expected));
    }
    Ok(bytes)
}

fn http(s: &Settings) -> Result<Option<(String, u16)>, ConfigError> {
    let key = "headwater.http.listener";
    let said = s.text(key);
    if said.is_empty() {
        return Ok(None);
    }
    match host_and_port(said) {
        Some(address) => Ok(Some(address)),
        None => Err(ConfigError::invalid(key, said, "expected host:port")),
    }
}

fn per_ip(s: &Settings) -> Result<Vec<(String, u32)>, ConfigError> {
    let key = "max.connections.per.ip.overrides";
    let overrides = list(s.text(key))
        .into_iter()
        .map(|pair| {
            // The last colon: an IPv6 address has colons of its own.
            let (host, count) = pair.rsplit_once(':')?;
            Some((host.trim().to_string(), count.trim().parse().ok()?))
        })
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| ConfigError::invalid(key, s.text(key), "expected host:count,…"))?;
    if overrides.is_empty() && s.number::<i64>("max.connections.per.ip") == 0 {
        return Err(ConfigError::invalid(
            "max.connections.per.ip",
            "0",
            format!("0 is only valid with {key}"),
        ));
    }
    Ok(overrides)
}

/// What the broker bounds of groups of every new protocol: `<of>.<name>` by `<of>.min.<name>` and `<of>.max.<name>`.
pub(super) const TIMES: [&str; 3] = ["session.timeout.ms", "heartbeat.interval.ms", "assignment.interval.ms"];

/// Checks the defaults of groups against the broker's own bounds, and that members may call more than once a session.
pub(super) fn check_bounds(s: &Settings, of: &str, names: &[&str]) -> Result<(), ConfigError> {
    for name in names {
        let key = format!("{of}.{name}");
        let value: i64 = s.number(&key);
        let min: i64 = s.number(&format!("{of}.min.{name}"));
        let max: i64 = s.number(&format!("{of}.max.{name}"));
        if value < min || value > max {
            let expected = format!("must be within {of}.min.{name} and {of}.max.{name} ({min} to {max})");
            return Err(ConfigError::invalid(&key, &value.to_string(), expected));
        }
    }
    let [session, heartbeat] = [0, 1].map(|at| format!("{of}.{}", TIMES[at]));
    if s.number::<i64>(&session) <= s.number::<i64>(&heartbeat) {
        return Err(ConfigError::invalid(
            &session,
            s.text(&session),
            format!("must be more than {heartbeat}"),
        ));
    }
    Ok(())
}

fn consumer_group(s: &Settings) -> Result<ConsumerGroupSettings, ConfigError> {
    check_bounds(s, "group.consumer", &TIMES)?;
    let protocols = "group.coordinator.rebalance.protocols";
    let enabled = list(s.text(protocols));
    if !enabled.contains(&"classic") {
        return Err(ConfigError::invalid(protocols, s.text(protocols), "must contain classic"));
    }
    let key = "group.consumer.assignors";
    let assignors: Vec<String> = list(s.text(key)).into_iter().map(String::from).collect();
    if let Some(other) = assignors.iter().find(|a| !matches!(a.as_str(), "uniform" | "range")) {
        return Err(ConfigError::Unsupported {
            key: key.into(),
            value: s.text(key).into(),
            reason: format!("{other} is not here; uniform and range are"),
        });
    }
    let policy = s.text("group.consumer.migration.policy").to_ascii_lowercase();
    Ok(ConsumerGroupSettings {
        enabled: enabled.contains(&"consumer"),
        members_max: s.number("group.consumer.max.size"),
        assignors,
        upgrade: matches!(policy.as_str(), "upgrade" | "bidirectional"),
        downgrade: matches!(policy.as_str(), "downgrade" | "bidirectional"),
    })
}
