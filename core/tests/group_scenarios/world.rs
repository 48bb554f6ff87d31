//! The coordinator of a scenario, with a clock, a log, and names for those who wait.

use std::collections::BTreeMap;
use std::sync::Arc;

use headwater_core::config::BrokerConfig;
use headwater_core::group::{Coordinator, GroupConfig, Out, ReplyTo};
use headwater_core::ids::{MemberId, ProducerId};
use headwater_core::time::{Monotonic, Timestamp};

use crate::consumer::Topics;
use crate::show;

/// A record of the log; the producer if it is part of a transaction, and the markers between.
pub enum Entry {
    Record { producer: Option<ProducerId>, key: Vec<u8>, value: Option<Vec<u8>> },
    End { producer: ProducerId, committed: bool },
}

pub struct World {
    pub config: GroupConfig,
    pub coordinator: Coordinator,
    pub now: Monotonic,
    pub out: Out,
    pub topics: Topics,
    log: Vec<Entry>,
    waiting: BTreeMap<ReplyTo, String>,
    next_reply: ReplyTo,
    /// How often a name came without an id.
    newcomers: BTreeMap<String, u32>,
}

const BATCH_BYTES_MAX: usize = 1 << 20;

impl Default for World {
    fn default() -> Self {
        let config = GroupConfig::new(&BrokerConfig::defaults(), BATCH_BYTES_MAX);
        let mut world = Self {
            config,
            coordinator: Coordinator::new(config),
            now: Monotonic::default(),
            out: Out::default(),
            topics: Topics::default(),
            log: Vec::new(),
            waiting: BTreeMap::new(),
            next_reply: 1,
            newcomers: BTreeMap::new(),
        };
        world.lend_topics();
        let (now, wall) = (world.now, world.wall());
        world.coordinator.loaded(now, wall);
        world
    }
}

impl World {
    /// The time of day: a scenario starts at an hour long ago, so that times in transcripts are short.
    pub fn wall(&self) -> Timestamp {
        Timestamp::from_millis(self.now.millis_since(Monotonic::default()) as i64)
    }

    /// The coordinator sees the topics as they are now.
    pub fn lend_topics(&mut self) {
        self.coordinator.set_cluster(Arc::new(self.topics.clone()));
    }

    /// A place for the reply to a request; `label` is how the transcript calls it.
    pub fn waiter(&mut self, label: String) -> ReplyTo {
        let to = self.next_reply;
        self.next_reply += 1;
        self.waiting.insert(to, label);
        to
    }

    /// The randomness for a newcomer's id: its number, so written that its digits can be read in the id.
    pub fn random(&mut self, name: &str) -> u128 {
        let count = self.newcomers.entry(name.into()).or_default();
        *count += 1;
        u128::from_str_radix(&count.to_string(), 16).expect("digits")
    }

    /// The clients whose requests are called so go away.
    pub fn drop_waiters(&mut self, label: &str) {
        let gone: Vec<ReplyTo> =
            self.waiting.iter().filter(|(_, l)| *l == label).map(|(to, _)| *to).collect();
        assert!(!gone.is_empty(), "nobody waits for {label:?}");
        for to in gone {
            self.waiting.remove(&to);
            self.coordinator.drop_reply(to);
        }
    }

    /// What the last call brought; records go to the log.
    pub fn effects(&mut self, producer: Option<ProducerId>) -> Vec<String> {
        self.coordinator.check();
        let out = std::mem::take(&mut self.out);
        let mut lines = Vec::new();
        for record in out.records {
            lines.push(format!("write {}", show::record(&record.key, record.value.as_deref())));
            self.log.push(Entry::Record { producer, key: record.key, value: record.value });
        }
        for reply in out.replies {
            let label = self.waiting.remove(&reply.to).expect("a request is answered once");
            lines.push(show::reply(&label, reply.after, &reply.body));
        }
        lines
    }

    /// A transaction ends.
    pub fn end(&mut self, producer: ProducerId, committed: bool) {
        self.log.push(Entry::End { producer, committed });
        self.coordinator.on_transaction_end(producer, committed);
    }

    /// Time passes; what is due is done when it is due.
    pub fn wait(&mut self, millis: u64) -> Vec<String> {
        let end = self.now.plus_millis(millis);
        let mut lines = Vec::new();
        while let Some(due) = self.coordinator.deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            let (now, wall) = (self.now, self.wall());
            self.coordinator.on_deadline(now, wall, &mut self.out);
            let effects = self.effects(None);
            if !effects.is_empty() {
                lines.push(format!("at {} ms", self.wall().millis()));
                lines.extend(effects);
            }
        }
        self.now = end;
        lines
    }

    /// The broker dies, and another loads the log.
    pub fn restart(&mut self) {
        self.waiting.clear();
        self.coordinator = Coordinator::new(self.config);
        self.lend_topics();
        let wall = self.wall();
        for entry in &self.log {
            let coordinator = &mut self.coordinator;
            match entry {
                Entry::End { producer, committed } => coordinator.on_transaction_end(*producer, *committed),
                Entry::Record { producer: None, key, value } => {
                    coordinator.replay(key, value.as_deref(), wall).expect("its own records");
                }
                Entry::Record { producer: Some(producer), key, value } => {
                    let value = value.as_deref();
                    coordinator.replay_transactional(*producer, key, value, wall).expect("its own records");
                }
            }
        }
        let now = self.now;
        self.coordinator.loaded(now, wall);
    }

    /// Takes in a record from elsewhere, while nobody is served.
    pub fn replay_alone(&mut self, key: &[u8], value: Option<&[u8]>) -> String {
        let mut coordinator = Coordinator::new(self.config);
        match coordinator.replay(key, value, self.wall()) {
            Ok(()) => format!("loaded, {} groups", coordinator.len()),
            Err(error) => format!("skipped: {error}"),
        }
    }
}

/// `a-1` for `a-00000000-0000-4000-8000-000000000001`.
const UUID: &str = "-00000000-0000-4000-8000-";

/// A member's full id.
pub fn member(short: &str) -> MemberId {
    match short.rsplit_once('-') {
        Some((name, number)) if number.parse::<u64>().is_ok() => {
            MemberId::new(format!("{name}{UUID}{number:0>12}"))
        }
        _ => MemberId::new(short),
    }
}

/// A member's id as scripts have it.
pub fn short(member: &MemberId) -> String {
    match member.get().split_once(UUID) {
        Some((name, number)) => format!("{name}-{}", number.trim_start_matches('0')),
        None => member.get().to_string(),
    }
}
