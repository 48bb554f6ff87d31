//! Settings of share groups (KIP-932): the broker's, and one group's.

use super::broker::{BrokerConfig, TIMES, check_bounds};
use super::error::ConfigError;
use super::group::{resolved, setting};
use super::sources::{Overrides, Settings};

/// Share groups and `__share_group_state`, as the broker has them for all groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareSettings {
    /// Most members of a group.
    pub members_max: u32,
    /// Most share sessions of the broker.
    pub sessions_max: u32,
    /// Partitions of `__share_group_state`.
    pub partitions: i32,
    /// Its replication factor, as set.
    pub replication_factor: i16,
    /// Whether somebody set it. If not, it is the number of brokers at most: a lone broker must be able to start.
    pub replication_factor_set: bool,
    /// Its `min.insync.replicas`.
    pub min_isr: i32,
    /// Whether somebody set that.
    pub min_isr_set: bool,
    /// Its segments' size.
    pub segment_bytes: u32,
    /// After so many changes the whole state of a share partition is written once more.
    pub updates_per_snapshot: u32,
}

impl ShareSettings {
    pub(super) fn of(s: &Settings) -> Result<Self, ConfigError> {
        let of_records = ["delivery.count.limit", "record.lock.duration.ms", "partition.max.record.locks"];
        check_bounds(s, "group.share", &[TIMES, of_records].concat())?;
        if s.text("group.share.assignors").trim() != "simple" {
            return Err(ConfigError::Unsupported {
                key: "group.share.assignors".into(),
                value: s.text("group.share.assignors").into(),
                reason: "only simple is here".into(),
            });
        }
        let topic = |name: &str| format!("share.coordinator.state.topic.{name}");
        Ok(Self {
            members_max: s.number("group.share.max.size"),
            sessions_max: s.number("group.share.max.share.sessions"),
            partitions: s.number(&topic("num.partitions")),
            replication_factor: s.number(&topic("replication.factor")),
            replication_factor_set: s.is_set(&topic("replication.factor")),
            min_isr: s.number(&topic("min.isr")),
            min_isr_set: s.is_set(&topic("min.isr")),
            segment_bytes: s.number(&topic("segment.bytes")),
            updates_per_snapshot: s.number("share.coordinator.snapshot.update.records.per.snapshot"),
        })
    }
}

/// Where a group begins to read a partition of which nothing is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShareReset {
    /// With what comes from now on.
    Latest,
    /// With what is there.
    Earliest,
    /// With what is not older than so many milliseconds.
    ByDuration(i64),
}

/// A share group's settings, resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareGroupConfig {
    /// A member that is silent for this long is removed.
    pub session_timeout_ms: u64,
    /// How often members are told to call.
    pub heartbeat_interval_ms: u64,
    /// Least time between two assignments.
    pub assignment_interval_ms: u64,
    /// A record that comes back after so many deliveries is given up.
    pub deliveries_max: u16,
    /// How long a member has a record to itself.
    pub lock_ms: u64,
    /// Most records of a partition that members have at a time.
    pub locks_max: usize,
    /// Where to begin.
    pub reset: ShareReset,
    /// Only records of committed transactions are delivered.
    pub read_committed: bool,
    /// Members may ask for more time.
    pub renew: bool,
}

impl ShareGroupConfig {
    /// The settings of a group with these overrides. One that was stored before the broker's bounds were changed is cut to
    /// them (behaviour 73).
    pub fn resolve(overrides: &Overrides, broker: &BrokerConfig) -> Self {
        let text = |name: &str| {
            let setting = setting(&format!("share.{name}"));
            overrides.get(setting.name).map(String::as_str).or(setting.default).unwrap_or_default()
        };
        let number = |name: &str| resolved(overrides, broker, &format!("share.{name}"));
        Self {
            session_timeout_ms: number("session.timeout.ms"),
            heartbeat_interval_ms: number("heartbeat.interval.ms"),
            assignment_interval_ms: number("assignment.interval.ms"),
            deliveries_max: u16::try_from(number("delivery.count.limit")).unwrap_or(u16::MAX),
            lock_ms: number("record.lock.duration.ms"),
            locks_max: usize::try_from(number("partition.max.record.locks")).unwrap_or(usize::MAX),
            reset: match text("auto.offset.reset") {
                "earliest" => ShareReset::Earliest,
                other => other
                    .strip_prefix("by_duration:")
                    .and_then(duration_ms)
                    .map_or(ShareReset::Latest, ShareReset::ByDuration),
            },
            read_committed: text("isolation.level") == "read_committed",
            renew: text("renew.acknowledge.enable") == "true",
        }
    }
}

/// The milliseconds of an ISO-8601 duration such as `P1DT2H3M4.5S`, which the table has checked.
fn duration_ms(text: &str) -> Option<i64> {
    let (mut millis, mut number) = (0i64, String::new());
    for c in text.chars() {
        let unit = match c.to_ascii_uppercase() {
            '0'..='9' | '.' => {
                number.push(c);
                continue;
            }
            'P' | 'T' | '+' => continue,
            'D' => 86_400_000.0,
            'H' => 3_600_000.0,
            'M' => 60_000.0,
            'S' => 1000.0,
            _ => return None,
        };
        let value: f64 = number.parse().ok()?;
        // A duration beyond all times is as long as can be.
        millis = millis.saturating_add((value * unit) as i64);
        number.clear();
    }
    number.is_empty().then_some(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_the_brokers_defaults_and_their_own_settings_over_them() {
        let broker = BrokerConfig::defaults();
        let plain = ShareGroupConfig::resolve(&Overrides::new(), &broker);
        assert_eq!((plain.deliveries_max, plain.lock_ms, plain.locks_max), (5, 30_000, 2_000));
        assert_eq!((plain.reset, plain.read_committed, plain.renew), (ShareReset::Latest, false, true));
        let set = [
            ("share.auto.offset.reset", "by_duration:PT1M"),
            ("share.record.lock.duration.ms", "15000"),
            ("share.delivery.count.limit", "99"),
            ("share.isolation.level", "read_committed"),
        ];
        let overrides = set.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        let set = ShareGroupConfig::resolve(&overrides, &broker);
        assert_eq!((set.deliveries_max, set.lock_ms), (10, 15_000), "b73: cut to the broker's bounds");
        assert_eq!((set.reset, set.read_committed), (ShareReset::ByDuration(60_000), true));
    }

    #[test]
    fn durations_are_those_of_java() {
        for (text, millis) in
            [("PT0.5S", Some(500)), ("P1DT2H3M", Some(93_780_000)), ("PT90M", Some(5_400_000)), ("x", None)]
        {
            assert_eq!(duration_ms(text), millis, "{text}");
        }
    }
}
