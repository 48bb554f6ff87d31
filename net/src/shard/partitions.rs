//! Which partitions this shard has: follows the Image.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use headwater_core::ErrorCode;
use headwater_core::config::{BrokerConfig, Durability, TopicConfig};
use headwater_core::ids::{Offset, PartitionId, ProducerId, ShardId, TopicId, TopicPartition};
use headwater_replication::metadata::{Change, Image, Resource, Topic, is_internal};
use headwater_replication::partition::Partition;
use headwater_storage::log::{CompactionConfig, LogConfig, Relaxed};

use super::control::{ControllerReply, ControllerRequest, METADATA_LOG};
use super::message::{Reply, Request};
use super::{Scatter, Shard};
use crate::conn::census::Limits;
use crate::rt;

/// Pause of a compaction after each 64 KiB, which take it a fraction of this: at most some 60 MB/s.
const COMPACTION_PAUSE: Duration = Duration::from_millis(1);
/// And at most, however low its throttle is: a stop waits for it.
const COMPACTION_PAUSE_MAX: Duration = Duration::from_secs(1);

/// The controller's shard.
const CONTROLLER: ShardId = ShardId::new(0);

impl Shard {
    /// Opens every partition of this shard that the first Image has, and removes logs of topics that are gone: a deletion
    /// that a crash cut short.
    pub async fn open_partitions(self: &Rc<Self>, image: Arc<Image>) {
        self.configure(&image);
        let mut gone: std::collections::BTreeSet<TopicPartition> = self.store.logs().into_iter().collect();
        gone.remove(&METADATA_LOG);
        for topic in image.topics() {
            for id in self.own(topic) {
                gone.remove(&id);
                self.open_partition(&image, topic, id.partition).await;
            }
        }
        for id in gone {
            self.store.delete_log(id);
        }
        *self.image.borrow_mut() = image;
        self.show_groups_the_cluster();
    }

    /// Removes what topics have left behind that were created or deleted when the process before this one ended. One shard
    /// looks, for all of them, when all have their partitions.
    pub async fn sweep_folders(self: &Rc<Self>) {
        let mut found = match self.store.folders().await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "can't look for folders of partitions that no topic has");
                return;
            }
        };
        // The metadata log is no topic's, and whose it is nobody asks `owner`: no other shard may take it for lost.
        found.retain(|id| *id != METADATA_LOG);
        let split = Scatter::split(found, self.count, |id| self.owner(*id));
        let calls = split.parts.into_iter().map(|(to, found)| self.call(to, Request::SweepFolders(found)));
        rt::all(calls).await;
    }

    /// Removes those of these folders that no partition of this shard has.
    pub(super) fn sweep(&self, found: &[TopicPartition]) {
        match self.store.sweep_folders(found) {
            0 => {}
            folders => tracing::info!(folders, "folders of partitions that no topic has are removed"),
        }
    }

    /// Partitions of a topic that are this shard's.
    fn own(&self, topic: &Topic) -> Vec<TopicPartition> {
        (0..topic.partition_count())
            .map(|number| TopicPartition { topic: topic.id, partition: PartitionId::new(number) })
            .filter(|id| self.owner(*id) == self.id)
            .collect()
    }

    async fn open_partition(self: &Rc<Self>, image: &Image, topic: &Arc<Topic>, number: PartitionId) {
        let id = TopicPartition { topic: topic.id, partition: number };
        let log = self.store.create_log(id, self.log_config(topic));
        let Some(state) = image.partition(topic, number) else { return };
        let partition = Partition::open(log, state.leader_epoch).await;
        self.host_groups(topic, &partition);
        self.host_transactions(topic, &partition);
        self.host_share_state(topic, &partition);
        self.partitions.borrow_mut().insert(id, partition);
    }

    /// Follows the cluster: opens what is new, drops what is gone, applies settings.
    pub fn apply(self: &Rc<Self>, image: Arc<Image>, changes: &[Change]) {
        for change in changes {
            match change {
                Change::TopicCreated(id) | Change::PartitionsAdded(id, _) => self.open_new(&image, *id),
                Change::TopicDeleted(topic) => self.drop_topic(topic),
                Change::Configs(Resource::Topic(id)) => {
                    self.topic_configs.borrow_mut().remove(id);
                    if let Some(topic) = image.topic_by_id(*id) {
                        self.configure_logs(topic);
                    }
                }
                Change::Configs(Resource::Cluster | Resource::Broker(_)) => {
                    self.configure(&image);
                    for topic in image.topics() {
                        self.configure_logs(topic);
                    }
                    self.configure_groups();
                }
                Change::Nothing | Change::Broker(_) | Change::PartitionChanged(_) | Change::Configs(_) => {}
            }
        }
        *self.image.borrow_mut() = image;
        self.show_groups_the_cluster();
    }

    /// Takes over the dynamic settings of an Image.
    fn configure(&self, image: &Image) {
        match self.started.with_dynamic(image.cluster_configs(), image.broker_configs(self.started.node_id)) {
            Ok(config) => {
                let config = Arc::new(config);
                if self.control.is_some() && config.net != self.config.borrow().net {
                    self.limit_connections(config.clone());
                }
                *self.config.borrow_mut() = config;
                self.topic_configs.borrow_mut().clear();
            }
            // The controller tries settings before it records them.
            Err(error) => tracing::error!(%error, "dynamic settings do not go with those of the start"),
        }
    }

    /// Has the census, which all shards share, go by other settings. They may name hosts, which are looked up elsewhere.
    fn limit_connections(&self, config: Arc<BrokerConfig>) {
        let census = self.census.clone();
        let revision = census.begin_limits();
        let limits = rt::spawn_blocking(move || Limits::new(&config.net));
        rt::spawn(async move {
            match limits.await {
                Ok(limits) => census.set_limits(revision, limits),
                Err(error) => tracing::error!(%error, "the limits of connections stay what they were"),
            }
        })
        .detach();
    }

    fn configure_logs(&self, topic: &Topic) {
        let config = self.log_config(topic);
        for id in self.own(topic) {
            if let Some(partition) = self.partition(id) {
                partition.log().set_config(config);
            }
        }
    }

    /// Opens partitions of a topic that this shard does not have yet; their logs are empty, so nothing is read.
    fn open_new(self: &Rc<Self>, image: &Image, id: TopicId) {
        let Some(topic) = image.topic_by_id(id) else { return };
        for id in self.own(topic) {
            let Some(state) = image.partition(topic, id.partition) else { continue };
            if self.partition(id).is_none() {
                let log = self.store.create_log(id, self.log_config(topic));
                let partition = Partition::new(log, state.leader_epoch);
                self.host_groups(topic, &partition);
                self.host_transactions(topic, &partition);
                self.host_share_state(topic, &partition);
                self.partitions.borrow_mut().insert(id, partition);
            }
        }
    }

    fn drop_topic(self: &Rc<Self>, topic: &Topic) {
        self.topic_configs.borrow_mut().remove(&topic.id);
        for id in self.own(topic) {
            let partition = self.partitions.borrow_mut().remove(&id);
            if let Some(partition) = partition {
                partition.take_offline(ErrorCode::UnknownTopicOrPartition);
            }
            self.groups.remove(id);
            self.transactions.remove(id);
            self.share_states.remove(id);
            self.store.delete_log(id);
        }
        self.forget_offsets_of(topic);
        self.forget_shares_of(topic);
    }

    fn log_config(&self, topic: &Topic) -> LogConfig {
        let mut config = log_config(&self.topic_config(topic));
        if is_internal(topic.name.get()) {
            // What coordinators have decided is told to others, who act on it: a crash must not take it back.
            config.relaxed = None;
        }
        config
    }

    /// A topic's settings, resolved once.
    pub fn topic_config(&self, topic: &Topic) -> Rc<TopicConfig> {
        if let Some(config) = self.topic_configs.borrow().get(&topic.id) {
            return config.clone();
        }
        let config = Rc::new(TopicConfig::resolve(&topic.configs, &self.config()));
        self.topic_configs.borrow_mut().insert(topic.id, config.clone());
        config
    }

    /// A commit round is durable.
    pub fn on_durable(&self, durable: &[(TopicPartition, Offset)]) {
        for (id, end) in durable {
            let partition = self.partition(*id);
            match partition {
                Some(partition) => partition.on_durable(*end),
                None if *id == METADATA_LOG => {
                    if let Some(control) = &self.control {
                        control.log().on_durable(*end);
                    }
                }
                // Deleted while it was being written.
                None => {}
            }
        }
    }

    /// The store has failed: whoever waits for it is told, later requests are refused, reads go on.
    pub fn on_store_failed(&self) {
        let all: Vec<_> = self.partitions.borrow().values().cloned().collect();
        for partition in all {
            partition.take_offline(ErrorCode::KafkaStorageError);
        }
        if let Some(control) = &self.control {
            control.log().take_offline(ErrorCode::KafkaStorageError);
        }
    }

    /// Forgets the records below `before` (behaviour 22); gives the log's start.
    pub fn delete_records(&self, id: TopicPartition, before: i64) -> Result<Offset, ErrorCode> {
        let partition = self.partition(id).ok_or(ErrorCode::NotLeaderOrFollower)?;
        partition.check_online()?;
        partition.delete_records(before)
    }

    /// Bytes and end of every log of this shard.
    pub fn sizes(&self) -> Vec<(TopicPartition, u64, Offset)> {
        self.partitions.borrow().iter().map(|(id, p)| (*id, p.log().size_bytes(), p.log().end())).collect()
    }

    /// Retention and forgotten producers, for all partitions of this shard; a pause between them, so that requests are
    /// not held up.
    pub async fn housekeeping(&self) {
        let now = rt::wall();
        let all: Vec<_> = self.partitions.borrow().values().cloned().collect();
        for partition in all {
            partition.log().retain(now.millis());
            partition.expire_producers(now, self.config().producer_id_expiration_ms);
            rt::maybe_yield().await;
        }
    }

    /// Compaction of every partition that is due, one after the other; between its slices others have the shard, and never
    /// more than a third of the time is its.
    pub async fn compact(&self) {
        let all: Vec<_> = self.partitions.borrow().values().cloned().collect();
        for partition in all.into_iter().filter(|partition| partition.log().is_compacted()) {
            let config = self.config();
            let map_bytes = usize::try_from(config.cleaner_dedupe_bytes).unwrap_or(usize::MAX);
            let pass = partition.compaction(rt::wall(), map_bytes / usize::from(self.count));
            let bytes_per_s = config.cleaner_bytes_per_s / f64::from(self.count);
            let pause =
                |bytes: usize| {
                    // What is read is written again, or nearly.
                    let throttled = Duration::try_from_secs_f64(2.0 * bytes as f64 / bytes_per_s);
                    rt::sleep(throttled.map_or(COMPACTION_PAUSE, |pause| {
                        pause.clamp(COMPACTION_PAUSE, COMPACTION_PAUSE_MAX)
                    }))
                };
            let done = self.store.compact(partition.log(), pass, pause).await;
            match done {
                Ok(done) if done.segments > 0 => tracing::info!(
                    partition = %partition.id(),
                    segments = done.segments,
                    bytes_before = done.bytes_before,
                    bytes_after = done.bytes_after,
                    "compacted"
                ),
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(partition = %partition.id(), %error, "not compacted; the log is as it was");
                }
            }
            rt::maybe_yield().await;
        }
    }

    /// Asks the controller.
    pub async fn controller(self: &Rc<Self>, request: ControllerRequest) -> ControllerReply {
        match self.call(CONTROLLER, Request::Controller(request)).await {
            Reply::Controller(reply) => reply,
            _ => unreachable!("the controller answers as the controller"),
        }
    }

    /// Has missing topics created; the refusals, by name.
    pub async fn auto_create_topics(self: &Rc<Self>, names: &[String]) -> Vec<(String, ErrorCode)> {
        match self.controller(ControllerRequest::AutoCreate(names.to_vec())).await {
            ControllerReply::Created(created) => created
                .into_iter()
                .filter_map(|topic| topic.result.err().map(|refusal| (topic.name, refusal.code)))
                .filter(|(_, code)| *code != ErrorCode::TopicAlreadyExists)
                .collect(),
            _ => names.iter().map(|name| (name.clone(), ErrorCode::KafkaStorageError)).collect(),
        }
    }

    /// An id that no producer has had.
    pub async fn next_producer_id(self: &Rc<Self>) -> Result<ProducerId, ErrorCode> {
        loop {
            if let Some(id) = self.producer_ids.borrow_mut().next() {
                return Ok(ProducerId::new(id));
            }
            match self.controller(ControllerRequest::ProducerIds).await {
                ControllerReply::ProducerIds(Ok(block)) => {
                    let first = block.first.get();
                    *self.producer_ids.borrow_mut() = first..first + block.count;
                }
                ControllerReply::ProducerIds(Err(refusal)) => return Err(refusal.code),
                _ => return Err(ErrorCode::CoordinatorNotAvailable),
            }
        }
    }
}

/// What the log needs to know of a topic's settings.
pub(super) fn log_config(topic: &TopicConfig) -> LogConfig {
    /// Entries closer than this cost memory and save no read: the disk gives this much at once.
    const INDEX_INTERVAL_BYTES_MIN: u64 = 64 * 1024;
    LogConfig {
        segment_bytes: u64::from(topic.segment_bytes),
        // Records must not wait longer for compaction than they may: it does not touch the segment they are appended to.
        segment_ms: match topic.compact {
            true => topic.segment_ms.min(topic.max_compaction_lag_ms),
            false => topic.segment_ms,
        },
        segment_jitter_ms: topic.segment_jitter_ms,
        segment_index_bytes: u64::from(topic.segment_index_bytes),
        index_interval_bytes: u64::from(topic.index_interval_bytes).max(INDEX_INTERVAL_BYTES_MIN),
        retention_ms: topic.retention_ms.filter(|_| topic.delete),
        retention_bytes: topic.retention_bytes.filter(|_| topic.delete),
        compaction: topic.compact.then_some(CompactionConfig {
            dirty_permille: (topic.min_cleanable_dirty_ratio * 1000.0) as u32,
            lag_ms_min: topic.min_compaction_lag_ms,
            lag_ms_max: topic.max_compaction_lag_ms,
            delete_retention_ms: topic.delete_retention_ms,
        }),
        preallocate: topic.preallocate,
        relaxed: (topic.durability == Durability::Relaxed)
            .then_some(Relaxed { flush_messages: topic.flush_messages, flush_ms: topic.flush_ms }),
    }
}

#[cfg(test)]
mod tests;
