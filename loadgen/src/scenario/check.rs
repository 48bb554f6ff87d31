//! What no load can be: settings that contradict each other, or ask for more than a process can do.

use std::time::Duration;

use super::Scenario;
use crate::client::Acks;
use crate::keys::KEY_COUNT_MAX;
use crate::rate::Rate;

/// The most partitions of a run, over all its topics.
const PARTITIONS_MAX: u64 = 100_000;

/// The most members of a crowd: each has a connection.
const CROWD_MAX: u64 = 100_000;

/// The most threads of a run, producers and consumers together.
const THREADS_MAX: u64 = 20_000;

/// The longest run, warm-up included: nanoseconds of its clock stay far from their end.
const LENGTH_MAX: Duration = Duration::from_secs(365 * 24 * 3600);

impl Scenario {
    /// What contradicts itself, in a line.
    pub fn check(&self) -> Result<(), String> {
        let readers = u64::from(self.readers());
        let share = |value: f64| (0.0..=1.0).contains(&value);
        let partitions = u64::from(self.topics) * u64::try_from(self.partitions.unwrap_or(1)).unwrap_or(0);
        let wrong = if self.producers == 0 {
            "at least one producer is needed".into()
        } else if self.topics == 0 || !(1..=PARTITIONS_MAX).contains(&partitions) {
            format!("topics times partitions is between 1 and {PARTITIONS_MAX}")
        } else if self.rate == Rate::PerSecond(0) {
            "a rate of 0 records a second is no load".into()
        } else if self.groups > 0 && self.fan_out > 1 {
            "say how many groups, or how many times everything is read without groups, not both".into()
        } else if self.share_groups > 0 && (self.groups > 0 || self.fan_out > 1) {
            "say how many share groups, or groups, or how many times everything is read without either".into()
        } else if self.share_groups > 0 && (self.slow_readers > 0 || !self.backlog.is_zero()) {
            "share groups read from the start and as fast as they can: no backlog and no slow readers".into()
        } else if self.share_groups > 0 && self.transaction_records > 0 {
            "share groups read what was aborted too: no transactions beside them".into()
        } else if self.readers() == 0 {
            "a fan-out of 0 reads nothing: say consumers = 0 to read after the run".into()
        } else if self.consumers == 0 && self.reads_live() {
            "groups, fan-outs, backlogs and slow readers need consumers: with none, all is read once after the run".into()
        } else if u64::from(self.producers) + u64::from(self.consumers) * readers > THREADS_MAX {
            format!("producers and consumers together are at most {THREADS_MAX}")
        } else if !(1..=KEY_COUNT_MAX).contains(&self.key_count) {
            format!("there are between 1 and {KEY_COUNT_MAX} keys")
        } else if !self.compressibility.is_none_or(share) || !share(self.abort_share) {
            "compressibility and abort_share are shares between 0 and 1".into()
        } else if !(100..=64 << 20).contains(&self.batch_bytes) {
            "a batch has between 100 bytes and 64 MiB".into()
        } else if self.transaction_records > 0 && (self.acks != Acks::All || !self.idempotence) {
            "transactions need acks=all and idempotence".into()
        } else if self.abort_share > 0.0 && self.transaction_records == 0 {
            "nothing is aborted without transactions: say how many records one has".into()
        } else if self.churn > Duration::ZERO && self.groups == 0 {
            "members come and go in groups: say how many groups".into()
        } else if self.crowd_groups == 0 && (self.commits > 0 || self.rebalance_every > Duration::ZERO) {
            "a crowd commits and shares out: say how many groups it has (crowd_groups)".into()
        } else if !(1..=CROWD_MAX)
            .contains(&(u64::from(self.crowd_groups).max(1) * u64::from(self.crowd_members)))
        {
            format!("a crowd has between 1 and {CROWD_MAX} members")
        } else if self.heartbeat.is_zero() {
            "members beat at intervals that are longer than nothing".into()
        } else if self.slow_readers > 0 && self.slow_rate == 0 {
            "a slow reader reads at least 1 record a second".into()
        } else if self.slow_readers.max(self.backlog_readers.unwrap_or(0)) > self.readers() {
            format!("there are only {readers} groups or fan-outs to be slow or late")
        } else if self.duration.is_zero() {
            "nothing is measured in no time".into()
        } else if self.warmup.saturating_add(self.duration) > LENGTH_MAX {
            "a run lasts 365 days at the most".into()
        } else if self.backlog >= self.warmup.saturating_add(self.duration) {
            "readers that begin after the load has ended read no backlog: backlog must be shorter than warm-up and duration".into()
        } else if self.topic.is_empty() {
            "the topic has no name".into()
        } else {
            return Ok(());
        };
        Err(wrong)
    }

    /// Whether something is asked of those who read while the load lasts.
    fn reads_live(&self) -> bool {
        self.groups + self.share_groups > 0
            || self.fan_out > 1
            || self.slow_readers > 0
            || !self.backlog.is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contradictions_are_named() {
        for (text, word) in [
            ("", None),
            ("producers = 0", Some("producer")),
            ("partitions = 0", Some("partitions")),
            ("groups = 2\nfan_out = 2", Some("not both")),
            ("share_groups = 2\nconsumers = 3", None),
            ("share_groups = 1\ngroups = 1", Some("share groups, or groups")),
            ("share_groups = 1\nbacklog = \"1s\"", Some("no backlog")),
            ("share_groups = 1\ntransaction_records = 1", Some("no transactions")),
            ("share_groups = 1\nconsumers = 0", Some("consumers")),
            ("fan_out = 0", Some("fan-out")),
            ("abort_share = 0.5", Some("transactions")),
            ("transaction_records = 5\nacks = 1", Some("acks=all")),
            ("churn = \"1s\"", Some("groups")),
            ("slow_readers = 2", Some("only 1")),
            ("commits = 10", Some("crowd_groups")),
            ("rebalance_every = \"1s\"", Some("crowd_groups")),
            ("crowd_groups = 10\ncrowd_members = 0", Some("between 1 and")),
            ("crowd_groups = 10\ncommits = 10", None),
            ("heartbeat = \"0s\"", Some("longer than nothing")),
            ("compressibility = 1.5", Some("shares")),
            ("duration = \"0s\"", Some("no time")),
            ("duration = \"9000h\"", Some("365 days")),
            ("duration = \"5000000000h\"\nwarmup = \"5000000000h\"", Some("365 days")),
            ("backlog = \"12s\"", Some("shorter than warm-up and duration")),
            ("backlog = \"11s\"", None),
            ("topic = \"\"", Some("no name")),
            ("consumers = 0", None),
            ("consumers = 0\ngroups = 2", Some("need consumers")),
            ("consumers = 0\nfan_out = 2", Some("need consumers")),
            ("consumers = 0\nbacklog = \"5s\"", Some("need consumers")),
            ("consumers = 30000", Some("at most")),
        ] {
            let error = Scenario::parse(text).unwrap().check().err();
            assert_eq!(error.is_some(), word.is_some(), "{text}: {error:?}");
            assert!(word.is_none_or(|word| error.as_ref().unwrap().contains(word)), "{text}: {error:?}");
        }
    }
}
