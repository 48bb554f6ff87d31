//! What a run is asked for: every shape of load, with names that flags, files and reports share.
//!
//! A scenario file is TOML with the names of [`Scenario`]'s fields; what it leaves out has its default, and a
//! name it does not know is an error. Times are text with a unit (`"5ms"`), rates and sizes are numbers or
//! shapes (`rate = "ramp:1000-50000"`, `size = "lognormal:1024,0.7"`).

mod check;
pub mod openmessaging;
pub mod preset;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;
use std::sync::LazyLock;
use std::time::Duration;

use headwater_core::config::nearest;
use headwater_core::record::compress::Codec;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::client::Acks;
use crate::duration;
use crate::keys::{KEY_COUNT, Keys};
use crate::objective::Objective;
use crate::payload::Body;
use crate::rate::Rate;
use crate::size::Size;

/// A load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// What it is called in reports.
    pub name: String,
    /// What it is for, in a line.
    pub about: String,
    /// The topic; created if it does not exist.
    pub topic: String,
    /// How many topics; more than one are called `TOPIC-0`, `TOPIC-1` …
    pub topics: u32,
    /// Partitions of each topic: of one that exists only checked, of a new one 6 if this is not given.
    pub partitions: Option<i32>,
    /// Settings of topics that are created.
    pub topic_config: BTreeMap<String, String>,
    /// How many producers, each with its own connections.
    pub producers: u32,
    /// How many consumers share the partitions, in each group or fan-out; with 0, all is read after the run.
    pub consumers: u32,
    /// How many times everything is read, by consumers with assigned partitions.
    pub fan_out: u32,
    /// How many consumer groups read everything; 0 for consumers with assigned partitions.
    pub groups: u32,
    /// How many share groups (KIP-932) read everything, record by record; 0 for none.
    pub share_groups: u32,
    /// Records a second of all producers together.
    #[serde(with = "text")]
    pub rate: Rate,
    /// Bytes of a value.
    #[serde(with = "text")]
    pub size: Size,
    /// How keys are drawn.
    #[serde(with = "text")]
    pub keys: Keys,
    /// How many different keys there are.
    pub key_count: u64,
    /// The share of a value (0 to 1) that compresses away; bodies then differ from record to record.
    pub compressibility: Option<f64>,
    /// How batches are compressed.
    #[serde(with = "codec")]
    pub compression: Codec,
    /// How long to produce before measuring.
    #[serde(with = "duration::text")]
    pub warmup: Duration,
    /// How long to measure.
    #[serde(with = "duration::text")]
    pub duration: Duration,
    /// Who must have a record before it counts.
    #[serde(with = "text")]
    pub acks: Acks,
    /// Whether producers are idempotent; has no effect without acknowledgements.
    pub idempotence: bool,
    /// How long a batch waits to fill.
    #[serde(with = "duration::text")]
    pub linger: Duration,
    /// Bytes at which a batch is full.
    pub batch_bytes: usize,
    /// Records of a transaction; 0 for none. Consumers then read what is committed only.
    pub transaction_records: u64,
    /// The share of transactions (0 to 1) that are aborted.
    pub abort_share: f64,
    /// Readers begin only so long after the producers: a backlog to drain.
    #[serde(with = "duration::text")]
    pub backlog: Duration,
    /// How many of the groups or fan-outs have such a backlog; all if not given.
    pub backlog_readers: Option<u32>,
    /// How many of the groups or fan-outs read slowly …
    pub slow_readers: u32,
    /// … namely so many records a second each, as long as the load lasts.
    pub slow_rate: u64,
    /// So many connections are made at once when measuring begins, and held.
    pub connections: u32,
    /// So often a member leaves its group and joins it again; 0 for never.
    #[serde(with = "duration::text")]
    pub churn: Duration,
    /// So many more consumer groups have members that read nothing: a load on the coordinator alone.
    pub crowd_groups: u32,
    /// Members of each of those, each with a connection of its own.
    pub crowd_members: u32,
    /// So often each of those members beats.
    #[serde(with = "duration::text")]
    pub heartbeat: Duration,
    /// So many offsets a second do they commit, all together.
    pub commits: u64,
    /// So often each of those groups shares out anew; 0 for never.
    #[serde(with = "duration::text")]
    pub rebalance_every: Duration,
    /// What the run must reach.
    #[serde(with = "objectives")]
    pub objectives: Vec<Objective>,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            name: String::new(),
            about: String::new(),
            topic: "loadgen".into(),
            topics: 1,
            partitions: None,
            topic_config: BTreeMap::new(),
            producers: 1,
            consumers: 1,
            fan_out: 1,
            groups: 0,
            share_groups: 0,
            rate: Rate::PerSecond(10_000),
            size: Size::Fixed(1024),
            keys: Keys::None,
            key_count: KEY_COUNT,
            compressibility: None,
            compression: Codec::None,
            warmup: Duration::from_secs(2),
            duration: Duration::from_secs(10),
            acks: Acks::All,
            idempotence: true,
            linger: Duration::from_millis(5),
            batch_bytes: 64 << 10,
            transaction_records: 0,
            abort_share: 0.0,
            backlog: Duration::ZERO,
            backlog_readers: None,
            slow_readers: 0,
            slow_rate: 100,
            connections: 0,
            churn: Duration::ZERO,
            crowd_groups: 0,
            crowd_members: 10,
            heartbeat: Duration::from_secs(3),
            commits: 0,
            rebalance_every: Duration::ZERO,
            objectives: Vec::new(),
        }
    }
}

impl Scenario {
    /// Reads a scenario file: TOML, or an OpenMessaging Benchmark workload if its name ends in `.yaml` or
    /// `.yml`. The second part tells what of a workload has no meaning here.
    pub fn read(path: &Path) -> Result<(Scenario, Vec<String>), String> {
        let told = |error: &dyn Display| format!("{}: {error}", path.display());
        let text = std::fs::read_to_string(path).map_err(|error| told(&error))?;
        let yaml = path.extension().is_some_and(|e| e == "yaml" || e == "yml");
        let read =
            if yaml { openmessaging::read(&text) } else { Self::parse(&text).map(|s| (s, Vec::new())) };
        let (mut scenario, ignored) = read.map_err(|error| told(&error))?;
        if scenario.name.is_empty() {
            scenario.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        }
        Ok((scenario, ignored))
    }

    /// Reads a scenario in TOML.
    pub fn parse(text: &str) -> Result<Scenario, String> {
        toml::from_str(text).map_err(|error| {
            let told = error.to_string().trim_end().to_owned();
            let (Some((said, _)), Some(near)) =
                (told.split_once(", expected one of "), near(error.message()))
            else {
                return told;
            };
            format!("{said}; did you mean {near}?")
        })
    }

    /// How many times everything is read: groups or share groups, or fan-outs without either.
    pub fn readers(&self) -> u32 {
        match self.groups + self.share_groups {
            0 => self.fan_out,
            groups => groups,
        }
    }

    /// Whether consumers read only what is committed.
    pub fn read_committed(&self) -> bool {
        self.transaction_records > 0
    }

    /// What bodies are made of.
    pub fn body(&self) -> Body {
        match (self.compressibility, self.compression) {
            (Some(compressible), _) => Body::Varied { compressible },
            // Equal bodies would compress to nothing, which no real record does.
            (None, codec) if codec != Codec::None => Body::Varied { compressible: 0.5 },
            (None, _) => Body::Same,
        }
    }

    /// The names of its topics.
    pub fn topic_names(&self) -> Vec<String> {
        if self.topics <= 1 {
            return vec![self.topic.clone()];
        }
        (0..self.topics).map(|n| format!("{}-{n}", self.topic)).collect()
    }
}

/// The name of a field that the unknown one in serde's message was probably meant to be.
fn near(message: &str) -> Option<&'static str> {
    static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| match serde_json::to_value(Scenario::default()) {
        Ok(serde_json::Value::Object(fields)) => fields.into_iter().map(|(name, _)| name).collect(),
        _ => Vec::new(),
    });
    let unknown = message.strip_prefix("unknown field `")?.split('`').next()?;
    nearest(unknown, NAMES.iter().map(String::as_str))
}

/// Reads a codec by its name in Kafka.
pub fn parse_codec(text: &str) -> Result<Codec, String> {
    [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd]
        .into_iter()
        .find(|codec| codec.name() == text)
        .ok_or_else(|| "give none, gzip, snappy, lz4 or zstd".into())
}

/// A value in text or, where its text is a number, as a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum TextOrNumber {
    Number(i64),
    Text(String),
}

impl TextOrNumber {
    fn into_text(self) -> String {
        match self {
            TextOrNumber::Number(number) => number.to_string(),
            TextOrNumber::Text(text) => text,
        }
    }
}

/// For `#[serde(with = "…")]`: what is written as people write it.
mod text {
    use super::*;

    pub(super) fn serialize<T: Display, S: Serializer>(value: &T, s: S) -> Result<S::Ok, S::Error> {
        let text = value.to_string();
        match text.parse::<i64>() {
            Ok(number) => s.serialize_i64(number),
            Err(_) => s.serialize_str(&text),
        }
    }

    pub(super) fn deserialize<'de, T: FromStr<Err = String>, D: Deserializer<'de>>(
        d: D,
    ) -> Result<T, D::Error> {
        TextOrNumber::deserialize(d)?.into_text().parse().map_err(serde::de::Error::custom)
    }
}

/// The same for codecs.
mod codec {
    use super::*;

    pub(super) fn serialize<S: Serializer>(codec: &Codec, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(codec.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Codec, D::Error> {
        parse_codec(&String::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}

/// The same for lists of objectives.
mod objectives {
    use super::*;

    pub(super) fn serialize<S: Serializer>(all: &[Objective], s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(all.iter().map(ToString::to_string))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Objective>, D::Error> {
        let all: Vec<String> = Deserialize::deserialize(d)?;
        all.iter().map(|text| text.parse().map_err(serde::de::Error::custom)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_say_what_they_mean() {
        let scenario = Scenario::parse(
            "rate = \"ramp:1-5\"\nsize = 100\nacks = 1\nkeys = \"zipf\"\nlinger = \"0ms\"\ncompression = \"zstd\"\n\
             objectives = [\"ack.p99<5ms\"]\n[topic_config]\n\"retention.ms\" = \"1000\"\n",
        )
        .unwrap();
        assert_eq!(scenario.rate, Rate::Ramp { from: 1, to: 5 });
        assert_eq!(
            (scenario.size, scenario.acks, scenario.keys),
            (Size::Fixed(100), Acks::Leader, Keys::Zipf)
        );
        assert_eq!((scenario.linger, scenario.compression), (Duration::ZERO, Codec::Zstd));
        assert_eq!(scenario.objectives[0].to_string(), "ack.p99<5ms");
        assert_eq!(scenario.producers, 1);
        let again: Scenario = serde_json::from_value(serde_json::to_value(&scenario).unwrap()).unwrap();
        assert_eq!(again, scenario);
        for text in ["speed = 1", "rate = \"fast\"", "warmup = 5", "objectives = [\"p99\"]", "acks = 2"] {
            assert!(Scenario::parse(text).is_err(), "{text}");
        }
        for (text, near) in
            [("rat = 5", "rate"), ("producer = 5", "producers"), ("batch-bytes = 5", "batch_bytes")]
        {
            let error = Scenario::parse(text).unwrap_err();
            assert!(error.ends_with(&format!("; did you mean {near}?")), "{error}");
        }
        assert!(Scenario::parse("colour = 1").unwrap_err().contains("expected one of"));
    }
}
