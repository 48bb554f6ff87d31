//! A topic's settings: the broker's defaults with the topic's overrides over them, typed.

use super::broker::BrokerConfig;
use super::error::ConfigError;
use super::sources::{Overrides, Settings, refused};
use super::suggest::nearest;
use super::table::{Scope, Setting, Stance, all, find};
use super::value::{Valid, check, list};

/// When an acknowledgement may leave (`headwater.durability`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// After the flush that covers it.
    Durable,
    /// At once; the flush follows within `flush.ms` and `flush.messages`.
    Relaxed,
}

/// What batches are stored as (`compression.type` with its level).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// As the producer sent them.
    Producer,
    /// Not compressed.
    Uncompressed,
    /// gzip, 1 to 9; `None` is the library's default.
    Gzip(Option<u32>),
    /// snappy, which has no levels.
    Snappy,
    /// LZ4 frames, 1 to 17.
    Lz4(u32),
    /// zstd, -131072 to 22.
    Zstd(i32),
}

/// Whose clock stamps records (`message.timestamp.type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's.
    CreateTime,
    /// The broker's, when it appends.
    LogAppendTime,
}

/// A topic's settings, resolved. Times are milliseconds, sizes bytes; `None` is "no limit".
#[derive(Clone, Debug, PartialEq)]
pub struct TopicConfig {
    /// `cleanup.policy` contains `delete`. With neither, records are kept for ever (behaviour 69).
    pub delete: bool,
    /// `cleanup.policy` contains `compact`.
    pub compact: bool,
    /// `compression.type` and the level that goes with it.
    pub compression: Compression,
    /// How long compaction keeps tombstones and transaction markers.
    pub delete_retention_ms: u64,
    /// Relaxed durability: flush after this many records.
    pub flush_messages: u64,
    /// Relaxed durability: flush what is this old.
    pub flush_ms: u64,
    /// Log bytes between index entries.
    pub index_interval_bytes: u32,
    /// Compaction is due when something dirty is this old, whatever the ratio.
    pub max_compaction_lag_ms: u64,
    /// Largest batch, as stored.
    pub max_message_bytes: u32,
    /// CreateTime: how far ahead of the broker's clock a record may be (behaviour 68).
    pub timestamp_after_max_ms: u64,
    /// CreateTime: how far behind.
    pub timestamp_before_max_ms: u64,
    /// Whose clock stamps records.
    pub timestamp_type: TimestampType,
    /// Share of the log that must be dirty before compaction is due.
    pub min_cleanable_dirty_ratio: f64,
    /// Younger records are left uncompacted.
    pub min_compaction_lag_ms: u64,
    /// In-sync replicas needed for acks=all.
    pub min_insync_replicas: u32,
    /// Reserve a segment's space when its file is made.
    pub preallocate: bool,
    /// Delete the oldest segments beyond this size.
    pub retention_bytes: Option<u64>,
    /// Delete segments older than this.
    pub retention_ms: Option<u64>,
    /// Roll a segment at this size.
    pub segment_bytes: u32,
    /// Largest index file.
    pub segment_index_bytes: u32,
    /// Random part taken off `segment_ms`.
    pub segment_jitter_ms: u64,
    /// Roll a segment at this age.
    pub segment_ms: u64,
    /// When acknowledgements may leave.
    pub durability: Durability,
}

impl TopicConfig {
    /// The settings of a topic without overrides.
    pub(super) fn defaults(settings: &Settings) -> TopicConfig {
        Self::from_values(|setting| default_value(settings, setting).unwrap_or_default())
    }

    /// The settings of a topic with these overrides. Overrides that are not valid (which
    /// [`validate`](Self::validate) keeps out) count as not set.
    pub fn resolve(overrides: &Overrides, broker: &BrokerConfig) -> TopicConfig {
        if overrides.is_empty() {
            return broker.topic_defaults.clone();
        }
        Self::from_values(|setting| {
            let set = overrides.get(setting.name);
            set.and_then(|value| check(setting.name, setting.kind, &setting.valid, value).ok())
                .or_else(|| default_value(broker.settings(), setting))
                .unwrap_or_default()
        })
    }

    pub(super) fn from_values(value: impl Fn(&'static Setting) -> String) -> TopicConfig {
        let text = |name: &str| {
            value(find(Scope::Topic, name).unwrap_or_else(|| panic!("{name} is not a topic's setting")))
        };
        let long = |name: &str| -> i64 {
            text(name).parse().unwrap_or_else(|_| panic!("{name} is a checked number"))
        };
        let unsigned = |name: &str| long(name).max(0).unsigned_abs();
        let limit = |name: &str| u64::try_from(long(name)).ok();
        let int = |name: &str| u32::try_from(unsigned(name)).unwrap_or(u32::MAX);
        let boolean = |name: &str| text(name) == "true";
        let policy = text("cleanup.policy");
        let compression = match text("compression.type").as_str() {
            "uncompressed" => Compression::Uncompressed,
            "gzip" => Compression::Gzip(u32::try_from(long("compression.gzip.level")).ok()),
            "snappy" => Compression::Snappy,
            "lz4" => Compression::Lz4(int("compression.lz4.level")),
            "zstd" => Compression::Zstd(long("compression.zstd.level") as i32),
            _ => Compression::Producer,
        };
        // Kafka's tests set this one to roll segments below the bound of segment.bytes.
        let segment_bytes = match text("internal.segment.bytes").parse::<u32>() {
            Ok(bytes) if bytes > 0 => bytes,
            _ => int("segment.bytes"),
        };
        TopicConfig {
            delete: list(&policy).contains(&"delete"),
            compact: list(&policy).contains(&"compact"),
            compression,
            delete_retention_ms: unsigned("delete.retention.ms"),
            flush_messages: unsigned("flush.messages"),
            flush_ms: unsigned("flush.ms"),
            index_interval_bytes: int("index.interval.bytes"),
            max_compaction_lag_ms: unsigned("max.compaction.lag.ms"),
            max_message_bytes: int("max.message.bytes"),
            timestamp_after_max_ms: unsigned("message.timestamp.after.max.ms"),
            timestamp_before_max_ms: unsigned("message.timestamp.before.max.ms"),
            timestamp_type: match text("message.timestamp.type").as_str() {
                "LogAppendTime" => TimestampType::LogAppendTime,
                _ => TimestampType::CreateTime,
            },
            min_cleanable_dirty_ratio: text("min.cleanable.dirty.ratio").parse().unwrap_or(0.5),
            min_compaction_lag_ms: unsigned("min.compaction.lag.ms"),
            min_insync_replicas: int("min.insync.replicas"),
            preallocate: boolean("preallocate"),
            retention_bytes: limit("retention.bytes"),
            retention_ms: limit("retention.ms"),
            segment_bytes,
            segment_index_bytes: int("segment.index.bytes"),
            segment_jitter_ms: unsigned("segment.jitter.ms"),
            segment_ms: unsigned("segment.ms"),
            durability: match text("headwater.durability").as_str() {
                "relaxed" => Durability::Relaxed,
                _ => Durability::Durable,
            },
        }
    }

    /// Checks a topic's overrides, keys, values and the rules between them, and answers them as they are to be stored.
    /// The message of the error is the one for INVALID_CONFIG.
    pub fn validate(overrides: &Overrides, broker: &BrokerConfig) -> Result<Overrides, ConfigError> {
        let mut out = Overrides::new();
        for (key, value) in overrides {
            let setting = find(Scope::Topic, key).ok_or_else(|| ConfigError::Unknown {
                key: key.clone(),
                origin: "topic".into(),
                nearest: nearest(key, all(Scope::Topic).iter().map(|s| s.name)),
            })?;
            let value = check(key, setting.kind, &setting.valid, value)?;
            if setting.stance == Stance::Refused && setting.default.unwrap_or("") != value {
                return Err(refused(setting, &value));
            }
            out.insert(key.clone(), value);
        }
        let config = Self::resolve(&out, broker);
        if config.min_compaction_lag_ms > config.max_compaction_lag_ms {
            let expected =
                format!("must not be more than max.compaction.lag.ms ({})", config.max_compaction_lag_ms);
            return Err(ConfigError::invalid(
                "min.compaction.lag.ms",
                &config.min_compaction_lag_ms.to_string(),
                expected,
            ));
        }
        Ok(out)
    }
}

/// The value a topic's setting has when the topic does not set it; `None` is Kafka's null.
///
/// The settings in milliseconds fall back on the broker's in milliseconds, then minutes, then hours.
pub(super) fn default_value(settings: &Settings, setting: &Setting) -> Option<String> {
    let scaled = |name: &str, unit_ms: i64| settings.optional::<i64>(name).map(|n| n.saturating_mul(unit_ms));
    let millis = match setting.name {
        "retention.ms" => scaled("log.retention.ms", 1)
            .or_else(|| scaled("log.retention.minutes", 60_000))
            .or_else(|| scaled("log.retention.hours", 3_600_000))
            // Any negative number says "no limit" at the broker, only -1 does at the topic (behaviour 72).
            .map(|ms| ms.max(-1)),
        "segment.ms" => scaled("log.roll.ms", 1).or_else(|| scaled("log.roll.hours", 3_600_000)),
        "segment.jitter.ms" => {
            scaled("log.roll.jitter.ms", 1).or_else(|| scaled("log.roll.jitter.hours", 3_600_000))
        }
        "flush.ms" => {
            scaled("log.flush.interval.ms", 1).or_else(|| scaled("log.flush.scheduler.interval.ms", 1))
        }
        _ => match setting.synonym {
            Some(name) => return settings.get(name).map(String::from),
            None => return setting.default.map(String::from),
        },
    };
    // The broker's rows have looser bounds than the topic's here and there; the topic's hold.
    match (&setting.valid, millis) {
        (Valid::Within { min: Some(min), .. }, Some(ms)) => Some(ms.max(*min as i64).to_string()),
        (_, ms) => ms.map(|ms| ms.to_string()),
    }
}
