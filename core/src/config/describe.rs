//! What DescribeConfigs answers: every setting of a resource with its value, where it comes from, and what it hides.
//!
//! A topic's and a group's settings fall back on the broker's; those that do are listed as synonyms, the one that
//! counts first. `retention.ms`, `segment.ms`, `segment.jitter.ms` and `flush.ms` have a synonym only where the broker's
//! setting in milliseconds is given: a value that comes from `log.retention.hours` is reported as a default
//! (behaviours 19, 70, 71).

use super::broker::BrokerConfig;
use super::sources::Overrides;
use super::table::{Scope, Setting, Update, all, find};
use super::value::Kind;

/// Where a value comes from, with Kafka's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
pub enum ConfigSource {
    /// Set for this topic.
    DynamicTopic = 1,
    /// Set for this broker while it ran.
    DynamicBroker = 2,
    /// Set for all brokers while they ran.
    DynamicDefaultBroker = 3,
    /// Given at the broker's start.
    StaticBroker = 4,
    /// Given by nobody.
    Default = 5,
    /// Set for this subscription to metrics.
    DynamicClientMetrics = 7,
    /// Set for this group.
    DynamicGroup = 8,
}

impl ConfigSource {
    /// The number in DescribeConfigs and CreateTopics responses.
    pub fn code(self) -> i8 {
        self as i8
    }

    /// Kafka's name, such as `DEFAULT_CONFIG`.
    pub fn name(self) -> &'static str {
        match self {
            ConfigSource::DynamicTopic => "DYNAMIC_TOPIC_CONFIG",
            ConfigSource::DynamicBroker => "DYNAMIC_BROKER_CONFIG",
            ConfigSource::DynamicDefaultBroker => "DYNAMIC_DEFAULT_BROKER_CONFIG",
            ConfigSource::StaticBroker => "STATIC_BROKER_CONFIG",
            ConfigSource::Default => "DEFAULT_CONFIG",
            ConfigSource::DynamicClientMetrics => "DYNAMIC_CLIENT_METRICS_CONFIG",
            ConfigSource::DynamicGroup => "GROUP_CONFIG",
        }
    }
}

/// A setting that a value falls back on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synonym {
    /// Its name.
    pub name: &'static str,
    /// Its value; `None` if secret.
    pub value: Option<String>,
    /// Where that comes from.
    pub source: ConfigSource,
}

/// One setting of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigEntry {
    /// Its name.
    pub name: &'static str,
    /// Its value; `None` if null or secret.
    pub value: Option<String>,
    /// Where the value comes from.
    pub source: ConfigSource,
    /// Whether nobody set it (what DescribeConfigs version 0 asked).
    pub is_default: bool,
    /// Whether the value is withheld.
    pub is_sensitive: bool,
    /// Whether only a restart can change it.
    pub read_only: bool,
    /// The type of the value.
    pub kind: Kind,
    /// The effect, in one sentence.
    pub doc: &'static str,
    /// What the value falls back on, the one that counts first.
    pub synonyms: Vec<Synonym>,
}

fn entry(
    setting: &'static Setting,
    value: Option<String>,
    read_only: bool,
    synonyms: Vec<Synonym>,
) -> ConfigEntry {
    let source = synonyms.first().map_or(ConfigSource::Default, |s| s.source);
    ConfigEntry {
        name: setting.name,
        value: value.filter(|_| !setting.sensitive()),
        source,
        is_default: source == ConfigSource::Default,
        is_sensitive: setting.sensitive(),
        read_only,
        kind: setting.kind,
        doc: setting.doc,
        synonyms,
    }
}

fn layers(broker: &BrokerConfig, name: &'static str) -> impl Iterator<Item = Synonym> {
    let hidden = find(Scope::Broker, name).is_some_and(Setting::sensitive);
    broker.settings().layers(name).into_iter().map(move |(value, source)| Synonym {
        name,
        value: (!hidden).then(|| value.to_string()),
        source,
    })
}

/// The settings of a topic that has these overrides.
pub fn describe_topic(overrides: &Overrides, broker: &BrokerConfig) -> Vec<ConfigEntry> {
    let settings = all(Scope::Topic).iter().filter(|s| !s.internal());
    settings
        .map(|s| resource_entry(s, overrides, broker, ConfigSource::DynamicTopic, broker.topic_default(s)))
        .collect()
}

/// The settings of a group that has these overrides.
pub fn describe_group(overrides: &Overrides, broker: &BrokerConfig) -> Vec<ConfigEntry> {
    let value =
        |s: &Setting| s.synonym.and_then(|n| broker.settings().get(n)).or(s.default).map(String::from);
    let settings = all(Scope::Group).iter();
    settings.map(|s| resource_entry(s, overrides, broker, ConfigSource::DynamicGroup, value(s))).collect()
}

/// The settings of a subscription to clients' metrics that has these overrides.
pub fn describe_client_metrics(overrides: &Overrides, broker: &BrokerConfig) -> Vec<ConfigEntry> {
    let own = ConfigSource::DynamicClientMetrics;
    let settings = all(Scope::ClientMetrics).iter();
    settings.map(|s| resource_entry(s, overrides, broker, own, s.default.map(String::from))).collect()
}

fn resource_entry(
    setting: &'static Setting,
    overrides: &Overrides,
    broker: &BrokerConfig,
    own: ConfigSource,
    fallback: Option<String>,
) -> ConfigEntry {
    let mut synonyms = Vec::new();
    let set = overrides.get(setting.name);
    if let Some(value) = set {
        synonyms.push(Synonym { name: setting.name, value: Some(value.clone()), source: own });
    }
    if let Some(name) = setting.synonym {
        synonyms.extend(layers(broker, name));
    }
    entry(setting, set.cloned().or(fallback), false, synonyms)
}

/// The settings of one broker.
pub fn describe_broker(broker: &BrokerConfig) -> Vec<ConfigEntry> {
    let one = |setting: &'static Setting| {
        let synonyms = family(setting.name).iter().flat_map(|name| layers(broker, name)).collect();
        let value = broker.settings().get(setting.name).map(String::from);
        entry(setting, value, setting.update == Update::ReadOnly, synonyms)
    };
    all(Scope::Broker).iter().map(one).collect()
}

/// The settings that were made for all brokers while they ran (the broker resource without a name).
pub fn describe_cluster(broker: &BrokerConfig) -> Vec<ConfigEntry> {
    let one = |(key, value): (&String, &String)| {
        let setting = find(Scope::Broker, key)?;
        let synonyms = layers(broker, setting.name);
        let synonyms = synonyms.filter(|s| s.source == ConfigSource::DynamicDefaultBroker).collect();
        Some(entry(setting, Some(value.clone()), setting.update == Update::ReadOnly, synonyms))
    };
    broker.settings().cluster().iter().filter_map(one).collect()
}

/// Settings that say the same in other units, the one that counts first; or the one itself.
fn family(name: &'static str) -> Vec<&'static str> {
    const FAMILIES: [&[&str]; 4] = [
        &["log.retention.ms", "log.retention.minutes", "log.retention.hours"],
        &["log.roll.ms", "log.roll.hours"],
        &["log.roll.jitter.ms", "log.roll.jitter.hours"],
        &["log.flush.interval.ms", "log.flush.scheduler.interval.ms"],
    ];
    let family = FAMILIES.iter().find(|f| f.contains(&name) && name != "log.flush.scheduler.interval.ms");
    family.map_or_else(|| vec![name], |f| f.to_vec())
}
