//! Where values come from, and which one counts.
//!
//! ```text
//! defaults < server.properties < environment < --set < flags        (static: until the next restart)
//!                                       < cluster-wide < this broker (dynamic: from the metadata log)
//! ```
//!
//! An environment variable is the key in upper case with `_` for `.`, after `HEADWATER_`; Headwater's own keys lose
//! their `headwater.`: `HEADWATER_LOG_RETENTION_HOURS`, `HEADWATER_DURABILITY`.

use std::collections::{BTreeMap, BTreeSet};

use super::describe::ConfigSource;
use super::error::ConfigError;
use super::properties;
use super::retired;
use super::suggest::nearest;
use super::table::{Scope, Setting, Stance, all, find};
use super::value::check;

/// Values that were set for one resource (a topic, a group, the cluster, a broker), by key.
pub type Overrides = BTreeMap<String, String>;

/// Variables that begin with `HEADWATER_` and are no settings.
const RESERVED: [&str; 3] = ["HEADWATER_BOOTSTRAP", "HEADWATER_CONFIG", "HEADWATER_LOG"];

/// Where a static value was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere: the table's default.
    Default,
    /// A line of a properties file.
    File {
        /// The file's name.
        name: String,
        /// Its line, from 1.
        line: usize,
    },
    /// An environment variable.
    Environment(String),
    /// `--set`.
    Set,
    /// A flag of the command, such as `--data`.
    Flag(&'static str),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { name, line } => write!(f, "{name}:{line}"),
            Origin::Environment(name) => write!(f, "${name}"),
            Origin::Set => f.write_str("--set"),
            Origin::Flag(flag) => f.write_str(flag),
        }
    }
}

/// Collects what was given; later calls go over earlier ones, so call in the order of the drawing above.
#[derive(Debug, Default)]
pub struct Sources {
    given: Vec<(String, String, Origin)>,
}

impl Sources {
    /// Nothing given.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the text of a `server.properties` called `name`.
    pub fn file(&mut self, name: &str, text: &str) -> Result<&mut Self, ConfigError> {
        for (line, key, value) in properties::parse(name, text)? {
            self.given.push((key, value, Origin::File { name: name.into(), line }));
        }
        Ok(self)
    }

    /// Adds the environment; variables that don't begin with `HEADWATER_` are passed over, and so are those that
    /// Kubernetes invents for a service called `headwater`.
    pub fn environment(
        &mut self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<&mut Self, ConfigError> {
        let mut ours: Vec<(String, String)> = variables
            .into_iter()
            .filter(|(name, _)| name.starts_with("HEADWATER_") && !RESERVED.contains(&name.as_str()))
            .collect();
        ours.sort();
        let names: BTreeMap<String, &'static str> = if ours.is_empty() {
            BTreeMap::new()
        } else {
            all(Scope::Broker).iter().map(|s| (variable(s.name), s.name)).collect()
        };
        for (name, value) in ours {
            match names.get(&name) {
                Some(key) => self.given.push(((*key).into(), value, Origin::Environment(name))),
                None if service_link(&name) => {}
                None => {
                    let key = name["HEADWATER_".len()..].to_ascii_lowercase().replace('_', ".");
                    return Err(unknown(&name, &key, &Origin::Environment(name.clone())));
                }
            }
        }
        Ok(self)
    }

    /// Adds one `--set key=value`.
    pub fn set(&mut self, pair: &str) -> Result<&mut Self, ConfigError> {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(ConfigError::Syntax {
                origin: format!("--set {pair}"),
                reason: "expected key=value".into(),
            });
        };
        self.given.push((key.trim().into(), value.into(), Origin::Set));
        Ok(self)
    }

    /// Adds what a flag of the command says.
    pub fn flag(&mut self, flag: &'static str, key: &str, value: impl Into<String>) -> &mut Self {
        self.given.push((key.into(), value.into(), Origin::Flag(flag)));
        self
    }

    /// Checks every key and value by its row. All that is wrong is told at once: a file from elsewhere may have many
    /// keys that need a change, and one start each would be a long evening.
    pub fn resolve(&self) -> Result<Settings, ConfigError> {
        let mut settings = Settings::default();
        let mut ignored = BTreeSet::new();
        let mut wrong = Vec::new();
        for (key, value, origin) in &self.given {
            let Some(setting) = find(Scope::Broker, key) else {
                // Kafka reads some keys with a listener's name before them; none of those means anything here.
                if listener_key(key) {
                    ignored.insert(key.clone());
                } else {
                    wrong.push(unknown(key, key, origin));
                }
                continue;
            };
            let value = match check(key, setting.kind, &setting.valid, value) {
                Ok(value) => value,
                Err(error) => {
                    wrong.push(error);
                    continue;
                }
            };
            match setting.stance {
                Stance::Served => {}
                Stance::Ignored => drop(ignored.insert(key.clone())),
                Stance::Refused if setting.default.unwrap_or("") == value => {}
                Stance::Refused => {
                    wrong.push(refused(setting, &value));
                    continue;
                }
            }
            settings.given.insert(setting.name, Given { value, origin: origin.clone() });
        }
        ConfigError::all(wrong)?;
        settings.ignored = ignored.into_iter().collect();
        Ok(settings)
    }
}

/// The environment variable that sets this key.
pub(super) fn variable(key: &str) -> String {
    let rest = key.strip_prefix("headwater.").unwrap_or(key);
    format!("HEADWATER_{}", rest.to_ascii_uppercase().replace(['.', '-'], "_"))
}

/// Kubernetes gives every container `NAME_SERVICE_HOST`, `NAME_PORT_9092_TCP_ADDR` and so on for each service, and a
/// service of this broker is likely called `headwater` or `headwater-something`.
fn service_link(name: &str) -> bool {
    name.ends_with("_PORT")
        || name.contains("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.split_once("_PORT_").is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn listener_key(key: &str) -> bool {
    let Some(rest) = key.strip_prefix("listener.name.") else { return false };
    rest.match_indices('.').any(|(i, _)| find(Scope::Broker, &rest[i + 1..]).is_some())
}

fn unknown(shown: &str, key: &str, origin: &Origin) -> ConfigError {
    if let Some(reason) = retired::why(key) {
        return ConfigError::Retired { key: shown.into(), origin: origin.to_string(), reason };
    }
    ConfigError::Unknown {
        key: shown.into(),
        origin: origin.to_string(),
        nearest: nearest(key, all(Scope::Broker).iter().map(|s| s.name)),
    }
}

pub(super) fn refused(setting: &Setting, value: &str) -> ConfigError {
    ConfigError::Unsupported {
        key: setting.name.into(),
        value: if setting.sensitive() { "(hidden)".into() } else { value.into() },
        reason: format!(
            "this version does not do what the setting promises ({}) and will not pretend to; leave it out",
            setting.doc.trim_end_matches('.')
        ),
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Given {
    value: String,
    origin: Origin,
}

/// Checked values of a broker's settings, each with its source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    given: BTreeMap<&'static str, Given>,
    /// Dynamic values for all brokers and for this one.
    cluster: Overrides,
    own: Overrides,
    ignored: Vec<String>,
}

// Which settings were read, so that a test can hold the tables to their word.
#[cfg(test)]
thread_local! {
    pub(super) static READ: std::cell::RefCell<BTreeSet<&'static str>> = const { std::cell::RefCell::new(BTreeSet::new()) };
}

impl Settings {
    /// Keys that were given, that Kafka knows, and that mean nothing here: to be named once.
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// The same with other dynamic values.
    pub(super) fn with_dynamic(&self, cluster: &Overrides, own: &Overrides) -> Result<Settings, ConfigError> {
        let mut out = self.clone();
        for (to, from) in [(&mut out.cluster, cluster), (&mut out.own, own)] {
            to.clear();
            for (key, value) in from {
                let Some(setting) = find(Scope::Broker, key) else {
                    return Err(unknown(key, key, &Origin::Default));
                };
                to.insert(key.clone(), check(key, setting.kind, &setting.valid, value)?);
            }
        }
        Ok(out)
    }

    /// Dynamic values for all brokers, by key.
    pub fn cluster(&self) -> &Overrides {
        &self.cluster
    }

    /// Dynamic values for this broker, by key.
    pub fn own(&self) -> &Overrides {
        &self.own
    }

    /// The value that counts; `None` is Kafka's null.
    ///
    /// # Panics
    /// If no row has this name: a bug of the caller.
    pub fn get(&self, name: &str) -> Option<&str> {
        let setting = find(Scope::Broker, name).unwrap_or_else(|| panic!("{name} is not a setting"));
        #[cfg(test)]
        READ.with_borrow_mut(|read| read.insert(setting.name));
        self.own
            .get(name)
            .or_else(|| self.cluster.get(name))
            .or_else(|| self.given.get(name).map(|g| &g.value))
            .map(String::as_str)
            .or(setting.default)
    }

    /// Where the static value of this setting was given.
    pub fn origin(&self, name: &str) -> Origin {
        self.given.get(name).map_or(Origin::Default, |g| g.origin.clone())
    }

    /// Whether anyone gave a value, now or earlier.
    pub fn is_set(&self, name: &str) -> bool {
        self.given.contains_key(name) || self.cluster.contains_key(name) || self.own.contains_key(name)
    }

    /// Every value this name has, the one that counts first, as Kafka lists them in DescribeConfigs.
    pub(super) fn layers<'a>(&'a self, name: &str) -> Vec<(&'a str, ConfigSource)> {
        let default = find(Scope::Broker, name).and_then(|s| s.default);
        [
            (self.own.get(name).map(String::as_str), ConfigSource::DynamicBroker),
            (self.cluster.get(name).map(String::as_str), ConfigSource::DynamicDefaultBroker),
            (self.given.get(name).map(|g| g.value.as_str()), ConfigSource::StaticBroker),
            (default, ConfigSource::Default),
        ]
        .into_iter()
        .filter_map(|(value, source)| value.map(|v| (v, source)))
        .collect()
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or("")
    }

    pub(super) fn boolean(&self, name: &str) -> bool {
        self.text(name) == "true"
    }

    /// A number whose type and bounds the table has checked.
    pub(super) fn number<T: TryFrom<i64>>(&self, name: &str) -> T {
        self.optional(name).unwrap_or_else(|| panic!("{name} is null"))
    }

    pub(super) fn optional<T: TryFrom<i64>>(&self, name: &str) -> Option<T> {
        let text = self.get(name)?;
        let number: i64 = text.parse().unwrap_or_else(|_| panic!("{name}={text} passed the table's check"));
        Some(T::try_from(number).unwrap_or_else(|_| panic!("{name}={text} does not fit where it is used")))
    }

    /// A `double`, which the table has checked.
    pub(super) fn double(&self, name: &str) -> f64 {
        self.text(name).parse().unwrap_or_else(|_| panic!("{name} passed the table's check"))
    }

    /// A number of which every negative value says "no limit".
    pub(super) fn limit(&self, name: &str) -> Option<u64> {
        u64::try_from(self.number::<i64>(name)).ok()
    }
}
