//! A consumer group's settings (KIP-848): the broker's defaults with the group's overrides over them, typed.
//!
//! The broker bounds most of them. A value outside the bounds is refused when it is set; one that was stored before the
//! bounds were changed is cut to them when it is used (behaviour 73).

use super::broker::BrokerConfig;
use super::error::ConfigError;
use super::sources::{Overrides, Settings};
use super::suggest::nearest;
use super::table::{Scope, Setting, all, find};
use super::value::check;

/// A consumer group's settings, resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupConfig {
    /// A member that is silent for this long is removed.
    pub session_timeout_ms: u64,
    /// How often members are told to call.
    pub heartbeat_interval_ms: u64,
    /// Least time between two assignments.
    pub assignment_interval_ms: u64,
}

impl GroupConfig {
    /// The settings of a group with these overrides.
    pub fn resolve(overrides: &Overrides, broker: &BrokerConfig) -> GroupConfig {
        let value = |name: &str| resolved(overrides, broker, name);
        GroupConfig {
            session_timeout_ms: value("consumer.session.timeout.ms"),
            heartbeat_interval_ms: value("consumer.heartbeat.interval.ms"),
            assignment_interval_ms: value("consumer.assignment.interval.ms"),
        }
    }

    /// Checks a group's overrides, of all protocols, and answers them as they are to be stored.
    pub fn validate(overrides: &Overrides, broker: &BrokerConfig) -> Result<Overrides, ConfigError> {
        let mut out = Overrides::new();
        for (key, value) in overrides {
            let setting = find(Scope::Group, key).ok_or_else(|| ConfigError::Unknown {
                key: key.clone(),
                origin: "group".into(),
                nearest: nearest(key, all(Scope::Group).iter().map(|s| s.name)),
            })?;
            let value = check(key, setting.kind, &setting.valid, value)?;
            if let Ok(number) = value.parse::<i64>() {
                let (min, max) = bounds(setting, broker.settings());
                let broken = match setting.bounds {
                    [Some(lower), _] if number < min => Some(format!("must be at least {lower} ({min})")),
                    [_, Some(upper)] if number > max => Some(format!("must be no more than {upper} ({max})")),
                    _ => None,
                };
                if let Some(expected) = broken {
                    return Err(ConfigError::invalid(key, &value, expected));
                }
            }
            out.insert(key.clone(), value);
        }
        for protocol in ["consumer", "share", "streams"] {
            let value = |suffix: &str| -> Option<i64> {
                let name = format!("{protocol}.{suffix}");
                let setting = find(Scope::Group, &name)?;
                let set = out.get(&name).and_then(|v| v.parse().ok());
                set.or_else(|| broker.settings().optional(setting.synonym?))
            };
            if let (Some(session), Some(heartbeat)) =
                (value("session.timeout.ms"), value("heartbeat.interval.ms"))
                && session <= heartbeat
            {
                let key = format!("{protocol}.session.timeout.ms");
                let expected = format!("must be more than {protocol}.heartbeat.interval.ms ({heartbeat})");
                return Err(ConfigError::invalid(&key, &session.to_string(), expected));
            }
        }
        Ok(out)
    }
}

/// The row of a group's setting.
///
/// # Panics
/// If there is none.
pub(super) fn setting(name: &str) -> &'static Setting {
    let setting = find(Scope::Group, name).unwrap_or_else(|| panic!("{name} is not a group's setting"));
    #[cfg(test)]
    super::sources::READ.with_borrow_mut(|read| read.insert(setting.name));
    setting
}

/// A number: the group's, or the broker's for all groups; within the broker's bounds, and not negative.
pub(super) fn resolved(overrides: &Overrides, broker: &BrokerConfig, name: &str) -> u64 {
    let setting = setting(name);
    let set = overrides.get(name).and_then(|value| value.parse::<i64>().ok());
    let value = set.or_else(|| broker.settings().optional(setting.synonym?)).unwrap_or(0);
    let (min, max) = bounds(setting, broker.settings());
    value.min(max).max(min).max(0).unsigned_abs()
}

fn bounds(setting: &Setting, settings: &Settings) -> (i64, i64) {
    let bound = |name: Option<&'static str>| name.and_then(|n| settings.optional::<i64>(n));
    (bound(setting.bounds[0]).unwrap_or(i64::MIN), bound(setting.bounds[1]).unwrap_or(i64::MAX))
}
