//! Settings of streams groups (KIP-1071): the broker's, and one group's.

use super::broker::{BrokerConfig, TIMES, check_bounds};
use super::error::ConfigError;
use super::group::resolved;
use super::sources::{Overrides, Settings};
use super::value::list;

/// Streams groups, as the broker has them for all groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamsSettings {
    /// Whether the protocol is on (`group.coordinator.rebalance.protocols`).
    pub enabled: bool,
    /// Most members of a group.
    pub members_max: u32,
}

impl StreamsSettings {
    pub(super) fn of(s: &Settings) -> Result<Self, ConfigError> {
        check_bounds(s, "group.streams", &TIMES)?;
        let (standbys, max) = ("group.streams.num.standby.replicas", "group.streams.max.standby.replicas");
        if s.number::<i64>(standbys) > s.number::<i64>(max) {
            let expected = format!("must be no more than {max} ({})", s.text(max));
            return Err(ConfigError::invalid(standbys, s.text(standbys), expected));
        }
        Ok(Self {
            enabled: list(s.text("group.coordinator.rebalance.protocols")).contains(&"streams"),
            members_max: s.number("group.streams.max.size"),
        })
    }
}

/// A streams group's settings, resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamsGroupConfig {
    /// A member that is silent for this long is removed.
    pub session_timeout_ms: u64,
    /// How often members are told to call.
    pub heartbeat_interval_ms: u64,
    /// Least time between two assignments.
    pub assignment_interval_ms: u64,
    /// How long a group that was empty waits for more members.
    pub initial_rebalance_delay_ms: u64,
    /// How many members keep a copy of a task's state besides the one that runs it.
    pub standby_replicas: usize,
}

impl StreamsGroupConfig {
    /// The settings of a group with these overrides. One that was stored before the broker's bounds were changed is cut to
    /// them (behaviour 73).
    pub fn resolve(overrides: &Overrides, broker: &BrokerConfig) -> Self {
        let number = |name: &str| resolved(overrides, broker, &format!("streams.{name}"));
        Self {
            session_timeout_ms: number("session.timeout.ms"),
            heartbeat_interval_ms: number("heartbeat.interval.ms"),
            assignment_interval_ms: number("assignment.interval.ms"),
            initial_rebalance_delay_ms: number("initial.rebalance.delay.ms"),
            standby_replicas: usize::try_from(number("num.standby.replicas")).unwrap_or(usize::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b73_groups_have_the_brokers_defaults_and_their_own_settings_over_them() {
        let broker = BrokerConfig::defaults();
        assert!(broker.streams_group.enabled);
        let plain = StreamsGroupConfig::resolve(&Overrides::new(), &broker);
        assert_eq!((plain.session_timeout_ms, plain.heartbeat_interval_ms), (45_000, 5_000));
        assert_eq!((plain.initial_rebalance_delay_ms, plain.assignment_interval_ms), (3_000, 1_000));
        assert_eq!(plain.standby_replicas, 0);
        let set = [
            ("streams.num.standby.replicas", "7"),
            ("streams.initial.rebalance.delay.ms", "0"),
            ("streams.session.timeout.ms", "50000"),
        ];
        let overrides = set.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        let set = StreamsGroupConfig::resolve(&overrides, &broker);
        assert_eq!(set.standby_replicas, 2, "cut to the broker's bounds");
        assert_eq!((set.initial_rebalance_delay_ms, set.session_timeout_ms), (0, 50_000));
    }
}
