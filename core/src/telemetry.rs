//! Clients' own metrics (KIP-714): which of them a broker asks for, and from whom it takes them.
//!
//! An administrator makes subscriptions, as settings of `client-metrics` resources. A client asks what is wanted of it, is
//! given an id of its own and the id of the answer, and pushes what was asked for, as often as was asked. A changed
//! subscription changes the answer's id, so that the next push is refused and the client asks again.
//!
//! Invariants: a client that keeps asking or pushing more often than it was told is refused, whatever it pushes; what is
//! remembered of clients is bounded, and whoever was forgotten just counts as new.
//!
//! Pure. Deliberately absent: reading the metrics themselves, which are OpenTelemetry's.

use std::collections::{BTreeSet, HashMap};

use crate::config::Overrides;
use crate::error::ErrorCode;
use crate::pattern::Pattern;
use crate::time::Monotonic;

/// How often clients push, and ask, where nobody says otherwise.
pub const INTERVAL_MS_DEFAULT: u32 = 300_000;
/// What `interval.ms` may be.
const INTERVAL_MS: std::ops::RangeInclusive<u32> = 100..=3_600_000;
/// The most that one push may carry, as it is sent.
pub const PUSH_BYTES_MAX: usize = 1 << 20;
/// Clients that are remembered, as in Kafka.
const INSTANCES_MAX: usize = 16_384;
/// Kafka's compression types are 0 to 4.
const COMPRESSION_TYPES: std::ops::RangeInclusive<i8> = 0..=4;

/// What a pattern of a subscription is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Selector {
    InstanceId,
    ClientId,
    SoftwareName,
    SoftwareVersion,
    Address,
    Port,
}

impl Selector {
    fn from_name(name: &str) -> Option<Selector> {
        Some(match name {
            "client_instance_id" => Selector::InstanceId,
            "client_id" => Selector::ClientId,
            "client_software_name" => Selector::SoftwareName,
            "client_software_version" => Selector::SoftwareVersion,
            "client_source_address" => Selector::Address,
            "client_source_port" => Selector::Port,
            _ => return None,
        })
    }
}

/// A client, as patterns see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// The id that a broker gave it, as text.
    pub instance_id: String,
    /// Its name for itself.
    pub client_id: String,
    /// What it runs on.
    pub software_name: String,
    /// And in which version.
    pub software_version: String,
    /// Where it is.
    pub address: String,
    /// And on which port.
    pub port: u16,
}

/// Settings that are no subscription.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubscriptionError {
    /// A setting that subscriptions do not have.
    #[error("Unknown client metrics configuration: {0}")]
    Unknown(String),
    /// Too often, too seldom, or not a number.
    #[error("Invalid value {0} for interval.ms, interval must be between 100 and 3600000 (1 hour)")]
    Interval(String),
    /// Not a pattern.
    #[error("Illegal client matching pattern: {0}")]
    Pattern(String),
}

/// What is wanted of some clients.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Prefixes of names; `*` is all.
    metrics: Vec<String>,
    interval_ms: u32,
    matches: Vec<(Selector, Pattern)>,
}

impl Subscription {
    /// Reads the settings of a subscription.
    ///
    /// # Errors
    /// Says what is wrong with them, in Kafka's words.
    pub fn new(settings: &Overrides) -> Result<Subscription, SubscriptionError> {
        let mut read =
            Subscription { metrics: Vec::new(), interval_ms: INTERVAL_MS_DEFAULT, matches: Vec::new() };
        for (key, value) in settings {
            let parts = value.split(',').map(str::trim).filter(|part| !part.is_empty());
            match key.as_str() {
                "interval.ms" => {
                    let interval = value.trim().parse().ok().filter(|ms| INTERVAL_MS.contains(ms));
                    read.interval_ms = interval.ok_or_else(|| SubscriptionError::Interval(value.clone()))?;
                }
                "metrics" => read.metrics = parts.map(String::from).collect(),
                "match" => {
                    for part in parts {
                        let pattern = part.split_once('=').and_then(|(name, pattern)| {
                            Some((Selector::from_name(name.trim())?, Pattern::new(pattern.trim()).ok()?))
                        });
                        let pattern = pattern.ok_or_else(|| SubscriptionError::Pattern(part.into()))?;
                        read.matches.push(pattern);
                    }
                }
                other => return Err(SubscriptionError::Unknown(other.into())),
            }
        }
        Ok(read)
    }

    fn applies_to(&self, client: &Client) -> bool {
        self.matches.iter().all(|(selector, pattern)| match selector {
            Selector::InstanceId => pattern.matches(&client.instance_id),
            Selector::ClientId => pattern.matches(&client.client_id),
            Selector::SoftwareName => pattern.matches(&client.software_name),
            Selector::SoftwareVersion => pattern.matches(&client.software_version),
            Selector::Address => pattern.matches(&client.address),
            Selector::Port => pattern.matches(&client.port.to_string()),
        })
    }
}

/// What is asked of one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// Names the answer: another one has another id.
    pub id: i32,
    /// How often it pushes.
    pub interval_ms: u32,
    /// Prefixes of metrics' names; `*` alone is all, none is nothing.
    pub metrics: Vec<String>,
}

/// What all subscriptions together ask of a client.
pub fn grant<'a>(subscriptions: impl IntoIterator<Item = &'a Subscription>, client: &Client) -> Granted {
    let mut metrics = BTreeSet::new();
    let mut interval_ms = None;
    for one in subscriptions.into_iter().filter(|one| !one.metrics.is_empty() && one.applies_to(client)) {
        metrics.extend(one.metrics.iter().map(String::as_str));
        interval_ms = [interval_ms, Some(one.interval_ms)].into_iter().flatten().min();
    }
    let metrics: Vec<String> = match metrics.contains("*") {
        true => vec!["*".into()],
        false => metrics.into_iter().map(String::from).collect(),
    };
    let interval_ms = interval_ms.unwrap_or(INTERVAL_MS_DEFAULT);
    // Equal on every shard and after a restart, so that clients do not have to ask again without a reason.
    let mut crc = crc32c::crc32c(&interval_ms.to_be_bytes());
    for name in &metrics {
        crc = crc32c::crc32c_append(crc, name.as_bytes());
        crc = crc32c::crc32c_append(crc, &[0]);
    }
    Granted { id: crc as i32, interval_ms, metrics }
}

/// A push, without what is pushed.
#[derive(Clone, Copy, Debug)]
pub struct Push {
    /// The id of the answer that the client goes by.
    pub subscription_id: i32,
    /// It is the client's last.
    pub terminating: bool,
    /// As on the wire.
    pub compression: i8,
    /// How long it is.
    pub bytes: usize,
}

#[derive(Debug, Default)]
struct Instance {
    heard: Monotonic,
    asked: Option<Monotonic>,
    pushed: Option<Monotonic>,
    /// It may ask at once: its last push was refused for what it went by.
    refused: bool,
    terminated: bool,
}

/// When clients asked and pushed.
#[derive(Debug, Default)]
pub struct Instances {
    all: HashMap<[u8; 16], Instance>,
    /// Orders them by when they were last heard, for forgetting.
    heard: BTreeSet<(Monotonic, [u8; 16])>,
}

impl Instances {
    /// A client asks what is wanted of it.
    ///
    /// # Errors
    /// `THROTTLING_QUOTA_EXCEEDED` if it does so more often than it was told.
    pub fn on_ask(&mut self, id: [u8; 16], granted: &Granted, now: Monotonic) -> Result<(), ErrorCode> {
        let instance = self.hear(id, now);
        let last = instance.asked.max(instance.pushed);
        if !instance.refused && last.is_some_and(|at| now.millis_since(at) < u64::from(granted.interval_ms)) {
            return Err(ErrorCode::ThrottlingQuotaExceeded);
        }
        instance.asked = Some(now);
        instance.refused = false;
        Ok(())
    }

    /// A client pushes; `granted` is what is wanted of it now.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn on_push(
        &mut self,
        id: [u8; 16],
        push: Push,
        granted: &Granted,
        now: Monotonic,
    ) -> Result<(), ErrorCode> {
        let instance = self.hear(id, now);
        if instance.terminated {
            return Err(ErrorCode::InvalidRequest);
        }
        let due = match instance.pushed {
            None => true,
            // The first push after an answer may come at once: it is spread by the client.
            Some(pushed) => {
                instance.asked > Some(pushed) || now.millis_since(pushed) >= u64::from(granted.interval_ms)
            }
        };
        if !due && !push.terminating {
            return Err(ErrorCode::ThrottlingQuotaExceeded);
        }
        instance.pushed = Some(now);
        instance.terminated = push.terminating;
        let refusal = if push.subscription_id != granted.id {
            ErrorCode::UnknownSubscriptionId
        } else if !COMPRESSION_TYPES.contains(&push.compression) {
            ErrorCode::UnsupportedCompressionType
        } else if push.bytes > PUSH_BYTES_MAX {
            return Err(ErrorCode::TelemetryTooLarge);
        } else {
            return Ok(());
        };
        instance.refused = true;
        Err(refusal)
    }

    fn hear(&mut self, id: [u8; 16], now: Monotonic) -> &mut Instance {
        match self.all.get(&id).map(|known| known.heard) {
            Some(before) => drop(self.heard.remove(&(before, id))),
            None if self.all.len() >= INSTANCES_MAX => {
                if let Some((_, oldest)) = self.heard.pop_first() {
                    self.all.remove(&oldest);
                }
            }
            None => {}
        }
        self.heard.insert((now, id));
        let instance = self.all.entry(id).or_default();
        instance.heard = now;
        instance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Overrides {
        pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect()
    }

    fn subscription(metrics: &str, interval: &str, matches: &str) -> Subscription {
        Subscription::new(&settings(&[("metrics", metrics), ("interval.ms", interval), ("match", matches)]))
            .unwrap()
    }

    #[test]
    fn settings_that_are_no_subscription() {
        for (key, value) in [
            ("interval.ms", "99"),
            ("interval.ms", "3600001"),
            ("interval.ms", "often"),
            ("match", "client_id"),
            ("match", "nothing=x"),
            ("match", "client_id=["),
            ("retention.ms", "1"),
        ] {
            assert!(Subscription::new(&settings(&[(key, value)])).is_err(), "{key}={value}");
        }
        assert!(
            Subscription::new(&settings(&[("interval.ms", "100"), ("match", ""), ("metrics", "")])).is_ok()
        );
    }

    #[test]
    fn what_is_asked_of_a_client() {
        let all = [
            subscription("org.a.,org.b.", "1000", ""),
            subscription("org.b.,org.c.", "500", "client_id=x.*"),
            subscription("*", "2000", "client_software_name=librdkafka,client_source_port=9"),
            subscription("", "100", ""),
        ];
        let client = |client_id: &str, software: &str| Client {
            client_id: client_id.into(),
            software_name: software.into(),
            port: 9,
            ..Client::default()
        };
        let asked = |client_id, software| {
            let granted = grant(&all, &client(client_id, software));
            (granted.interval_ms, granted.metrics.join(" "))
        };
        assert_eq!(asked("y", "java"), (1000, "org.a. org.b.".into()));
        assert_eq!(asked("x1", "java"), (500, "org.a. org.b. org.c.".into()));
        assert_eq!(asked("y", "librdkafka"), (1000, "*".into()));
        let nothing = grant(&[], &client("y", "java"));
        assert_eq!((nothing.interval_ms, nothing.metrics.len()), (INTERVAL_MS_DEFAULT, 0));
        assert_ne!(nothing.id, grant(&all, &client("y", "java")).id);
        assert_eq!(grant(&all, &client("y", "java")).id, grant(&all[..1], &client("z", "c")).id);
    }

    #[test]
    fn clients_ask_and_push_as_often_as_they_were_told() {
        use ErrorCode::{
            InvalidRequest, None, TelemetryTooLarge, ThrottlingQuotaExceeded as Throttled,
            UnknownSubscriptionId, UnsupportedCompressionType,
        };
        let granted = Granted { id: 7, interval_ms: 1000, metrics: Vec::new() };
        let good = Push { subscription_id: 7, terminating: false, compression: 4, bytes: 10 };
        let stale = Push { subscription_id: 6, ..good };
        let last = Push { terminating: true, ..good };
        let mut instances = Instances::default();
        for (ms, push, expected) in [
            (0, Option::None, None),
            (10, Option::None, Throttled),
            (20, Some(good), None),
            (500, Some(good), Throttled),
            (900, Option::None, Throttled),
            (1020, Some(stale), UnknownSubscriptionId),
            (1030, Option::None, None),
            (1040, Some(Push { compression: 9, ..good }), UnsupportedCompressionType),
            (1050, Option::None, None),
            (1060, Some(Push { bytes: PUSH_BYTES_MAX + 1, ..good }), TelemetryTooLarge),
            (1070, Option::None, Throttled),
            (1080, Some(last), None),
            (9000, Some(last), InvalidRequest),
        ] {
            let now = Monotonic::from_nanos(5).plus_millis(ms);
            let got = match push {
                Some(push) => instances.on_push([1; 16], push, &granted, now),
                Option::None => instances.on_ask([1; 16], &granted, now),
            };
            assert_eq!(got.err().unwrap_or(None), expected, "at {ms} ms");
        }
    }

    #[test]
    fn clients_are_forgotten_when_there_are_too_many() {
        let granted = Granted { id: 7, interval_ms: 1000, metrics: Vec::new() };
        let mut instances = Instances::default();
        let id = |n: usize| (n as u128).to_be_bytes();
        for n in 0..2 * INSTANCES_MAX {
            // The first one asks again and again.
            for id in [id(n), id(0)] {
                let _ = instances.on_ask(id, &granted, Monotonic::from_nanos(n as u64));
            }
        }
        assert_eq!((instances.all.len(), instances.heard.len()), (INSTANCES_MAX, INSTANCES_MAX));
        assert!(instances.all.contains_key(&id(0)) && !instances.all.contains_key(&id(1)));
    }
}
