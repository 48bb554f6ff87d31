//! A coordinator that random members drive: its log, its clock, and the same coordinator made of that log.

use std::sync::Arc;

use headwater_core::config::BrokerConfig;
use headwater_core::group::*;
use headwater_core::time::{Monotonic, Timestamp};

const BATCH_BYTES_MAX: usize = 1 << 20;

/// Runs `life` for the seed in `SEED`, or for a few; says before each how to run it again.
pub fn each_seed(test: &str, life: impl Fn(u64)) {
    let seeds = match std::env::var("SEED") {
        Ok(seed) => vec![seed.parse().expect("SEED is a number")],
        Err(_) => (1..=4).collect(),
    };
    for seed in seeds {
        println!("SEED={seed} cargo test -p headwater-core --test {test}");
        life(seed);
    }
}

/// xorshift64*: good enough to choose what happens next.
pub struct Random(u64);

impl Random {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// See the module's text.
pub struct Driven<C> {
    pub random: Random,
    pub coordinator: Coordinator,
    /// What the coordinator sees is what this was when [`Self::cluster_changed`] was called last.
    pub cluster: C,
    config: GroupConfig,
    log: Vec<GroupRecord>,
    now: Monotonic,
}

impl<C: Cluster + Clone + Send + Sync + 'static> Driven<C> {
    pub fn new(seed: u64, cluster: C) -> Self {
        let config = GroupConfig::new(&BrokerConfig::defaults(), BATCH_BYTES_MAX);
        let mut driven = Self {
            random: Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            config,
            coordinator: Coordinator::new(config),
            cluster,
            log: Vec::new(),
            now: Monotonic::default().plus_millis(1_000),
        };
        driven.restart();
        driven
    }

    fn wall(&self) -> Timestamp {
        Timestamp::from_millis(self.now.millis_since(Monotonic::default()) as i64)
    }

    /// A coordinator made of the log.
    pub fn loaded(&self) -> Coordinator {
        let mut coordinator = Coordinator::new(self.config);
        for record in &self.log {
            coordinator.replay(&record.key, record.value.as_deref(), self.wall()).expect("its own records");
        }
        coordinator.set_cluster(Arc::new(self.cluster.clone()));
        coordinator.loaded(self.now, self.wall());
        coordinator
    }

    /// The broker ends, and another one begins with the log.
    pub fn restart(&mut self) {
        self.coordinator = self.loaded();
    }

    pub fn cluster_changed(&mut self) {
        self.coordinator.set_cluster(Arc::new(self.cluster.clone()));
    }

    /// Lets some time pass, and what is due in it happen.
    pub fn wait(&mut self, up_to_ms: u64) {
        let end = self.now.plus_millis(self.random.below(up_to_ms));
        while let Some(due) = self.coordinator.deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            let (now, wall, mut out) = (self.now, self.wall(), Out::default());
            self.coordinator.on_deadline(now, wall, &mut out);
            self.log.extend(out.records);
        }
        self.now = end;
    }

    /// Asks something that has one answer.
    pub fn ask(&mut self, ask: impl FnOnce(&mut Coordinator, Monotonic, Timestamp, &mut Out)) -> GroupReply {
        let (now, wall, mut out) = (self.now, self.wall(), Out::default());
        ask(&mut self.coordinator, now, wall, &mut out);
        self.log.extend(out.records);
        let [reply] = <[Reply; 1]>::try_from(out.replies).expect("one reply");
        reply.body
    }

    /// What a look at the coordinator shows; and now and then, since the log grows, what one at a coordinator made of the log
    /// does.
    pub fn look<T>(&mut self, see: impl Fn(&mut Coordinator, Monotonic, Timestamp) -> T) -> (T, Option<T>) {
        let (now, wall) = (self.now, self.wall());
        let ours = see(&mut self.coordinator, now, wall);
        let theirs = self.random.one_in(20).then(|| see(&mut self.loaded(), now, wall));
        (ours, theirs)
    }
}
