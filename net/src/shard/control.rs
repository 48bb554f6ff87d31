//! The driver of the controller, on shard 0: requests in, records to the metadata log, a new Image to every shard.
//!
//! One request at a time: its records are durable and every shard has the new Image before it is answered, so a client
//! that was told of a topic finds it on whatever connection it asks next.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use headwater_core::config::BrokerConfig;
use headwater_core::ids::{LeaderEpoch, Offset, PartitionId, TopicId, TopicPartition};
use headwater_core::limits::METADATA_RECORD_BYTES_MAX;
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::header::{BatchHeader, BatchView};
use headwater_core::record::records::Records;
use headwater_replication::metadata::{
    AlterQuotas, AlterResource, AlteredResource, BrokerEndpoint, Change, Controller, CreatedPartitions,
    CreatedTopic, DeletedTopic, Image, NewPartitions, NewTopic, ProducerIdBlock, Record, Refusal,
    Registration, TopicSelector,
};
use headwater_replication::partition::{Append, Partition};
use headwater_replication::waiters::{Countdown, Outcome};
use headwater_storage::disk::dma::Dma;
use headwater_storage::log::LogConfig;
use headwater_storage::store::Store;

use super::Shard;
use super::message::Request;
use crate::rt::{self, Semaphore};

/// The metadata log: partition 0 of Kafka's own id for `__cluster_metadata`.
pub const METADATA_LOG: TopicPartition = TopicPartition {
    topic: TopicId::new([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
    partition: PartitionId::new(0),
};

/// What the controller is asked.
pub enum ControllerRequest {
    /// CreateTopics.
    Create(Vec<NewTopic>, bool),
    /// Topics that somebody asked for and that do not exist.
    AutoCreate(Vec<String>),
    /// DeleteTopics.
    Delete(Vec<TopicSelector>),
    /// CreatePartitions.
    Extend(Vec<NewPartitions>, bool),
    /// IncrementalAlterConfigs; with the flag, only tried.
    AlterIncrementally(Vec<AlterResource>, bool),
    /// AlterConfigs; with the flag, only tried.
    Alter(Vec<AlterResource>, bool),
    /// AlterClientQuotas; with the flag, only tried.
    AlterQuotas(Vec<AlterQuotas>, bool),
    /// Producer ids for one shard.
    ProducerIds,
    /// How far the metadata log is.
    Quorum,
}

/// Its answers, in the same order.
pub enum ControllerReply {
    /// To `Create` and `AutoCreate`.
    Created(Vec<CreatedTopic>),
    /// To `Delete`.
    Deleted(Vec<DeletedTopic>),
    /// To `Extend`.
    Extended(Vec<CreatedPartitions>),
    /// To `AlterIncrementally` and `Alter`.
    Altered(Vec<AlteredResource>),
    /// To `AlterQuotas`: for each entity, in order.
    AlteredQuotas(Vec<Result<(), Refusal>>),
    /// To `ProducerIds`.
    ProducerIds(Result<ProducerIdBlock, Refusal>),
    /// To `Quorum`.
    Quorum {
        /// Behind the last record.
        end: Offset,
        /// Behind the last that is durable.
        high_watermark: Offset,
    },
    /// To any: the metadata log takes nothing more.
    Failed,
}

/// See the module's text.
pub struct Control {
    controller: RefCell<Controller>,
    published: RefCell<Image>,
    log: Rc<Partition<Dma>>,
    turn: Semaphore,
}

impl Control {
    /// Folds the metadata log into an Image, and takes it from there.
    pub async fn load(store: &Rc<Store<Dma>>, config: &Arc<BrokerConfig>) -> Result<Control, String> {
        let log = store.create_log(METADATA_LOG, LogConfig::default());
        let log = Partition::open(log, LeaderEpoch::new(0)).await;
        let mut image = Image::default();
        let mut at = log.bounds().log_start;
        while at < log.log().end() {
            at = fold(&log, at, &mut image)
                .await
                .map_err(|why| format!("the metadata log can't be read: {why}"))?;
        }
        let controller = Controller::new(image.clone(), config.clone()).map_err(|error| error.to_string())?;
        Ok(Control {
            controller: RefCell::new(controller),
            published: RefCell::new(image),
            log,
            turn: Semaphore::new(1),
        })
    }

    /// Says that this broker has started: first of all that the cluster exists, if this is its first start. Returns the
    /// Image to begin with. The shard's commit rounds must be running.
    pub async fn register(&self, cluster_id: &str, broker: Registration) -> Result<Arc<Image>, String> {
        let mut records = Vec::new();
        {
            let mut controller = self.controller.borrow_mut();
            if controller.image().cluster_id().is_none() {
                controller.on_bootstrap(cluster_id, &mut records);
            }
            controller.on_register(broker, &mut records);
        }
        self.append(&records).await?;
        let mut published = self.published.borrow_mut();
        for record in &records {
            published.apply(record).map_err(|error| error.to_string())?;
        }
        Ok(Arc::new(published.clone()))
    }

    /// Runs one request.
    pub async fn handle(&self, shard: &Rc<Shard>, request: ControllerRequest) -> ControllerReply {
        let _turn = self.turn.acquire(1).await;
        let mut records = Vec::new();
        let reply = self.decide(request, &mut records);
        if records.is_empty() {
            return reply;
        }
        if let Err(why) = self.append(&records).await {
            // The controller is ahead of its log now and must not answer anything more from that state.
            tracing::error!(why, "the metadata log takes nothing more");
            shard.stop_broker();
            return ControllerReply::Failed;
        }
        let (image, changes) = {
            let mut published = self.published.borrow_mut();
            let applied = records.iter().map(|record| published.apply(record));
            let changes: Vec<Change> =
                applied.collect::<Result<_, _>>().expect("the controller made these records");
            (Arc::new(published.clone()), Arc::new(changes))
        };
        shard.call_all(|| Request::Image { image: image.clone(), changes: changes.clone() }).await;
        reply
    }

    fn decide(&self, request: ControllerRequest, out: &mut Vec<Record>) -> ControllerReply {
        let mut controller = self.controller.borrow_mut();
        let mut random = || u128::from_be_bytes(rt::random_bytes());
        match request {
            ControllerRequest::Create(topics, validate_only) => {
                ControllerReply::Created(controller.on_create_topics(topics, validate_only, &mut random, out))
            }
            ControllerRequest::AutoCreate(names) => {
                // Another connection may have had them created while this request waited for its turn.
                let missing =
                    names.into_iter().filter(|name| controller.image().topic(name).is_none()).collect();
                ControllerReply::Created(controller.on_auto_create_topics(missing, &mut random, out))
            }
            ControllerRequest::Delete(topics) => {
                ControllerReply::Deleted(controller.on_delete_topics(topics, out))
            }
            ControllerRequest::Extend(topics, validate_only) => {
                ControllerReply::Extended(controller.on_create_partitions(topics, validate_only, out))
            }
            ControllerRequest::AlterIncrementally(resources, validate_only) => ControllerReply::Altered(
                controller.on_incremental_alter_configs(resources, validate_only, out),
            ),
            ControllerRequest::Alter(resources, validate_only) => {
                ControllerReply::Altered(controller.on_alter_configs(resources, validate_only, out))
            }
            ControllerRequest::AlterQuotas(asked, validate_only) => {
                ControllerReply::AlteredQuotas(controller.on_alter_client_quotas(asked, validate_only, out))
            }
            ControllerRequest::ProducerIds => {
                ControllerReply::ProducerIds(controller.on_allocate_producer_ids(out))
            }
            ControllerRequest::Quorum => ControllerReply::Quorum {
                end: self.log.log().end(),
                high_watermark: self.log.bounds().high_watermark,
            },
        }
    }

    async fn append(&self, records: &[Record]) -> Result<(), String> {
        let now = rt::wall();
        let mut builder = BatchBuilder::new();
        for record in records {
            let bytes = record.encode();
            if bytes.len() > METADATA_RECORD_BYTES_MAX {
                return Err(format!("a metadata record of {} bytes is over its bound", bytes.len()));
            }
            builder.push(now.millis(), None, Some(&bytes), &[]);
        }
        let batch = builder.build_mut();
        let header = BatchHeader::parse(&batch).map_err(|error| error.to_string())?;
        let appended =
            self.log.append(Append { batch, header, guard: None }, now).map_err(|code| code.to_string())?;
        let countdown = Countdown::new();
        self.log.park(appended.end, &countdown);
        match countdown.wait().await {
            Outcome::Committed => Ok(()),
            Outcome::Failed => Err("its disk has failed".into()),
        }
    }

    /// The metadata log's partition: the commit rounds tell it what is durable.
    pub fn log(&self) -> &Rc<Partition<Dma>> {
        &self.log
    }
}

/// Folds one stretch of the log into `image`; gives the offset behind it.
async fn fold(log: &Rc<Partition<Dma>>, at: Offset, image: &mut Image) -> Result<Offset, String> {
    let plan = log.log().plan(at, log.log().end(), 1 << 20, true).map_err(|error| error.to_string())?;
    let outcome = plan.run().await.map_err(|error| error.to_string())?;
    if outcome.next_offset <= at {
        return Err(format!("there is nothing at offset {at}"));
    }
    for chunk in &outcome.chunks {
        let (view, _) = BatchView::split(chunk).map_err(|error| error.to_string())?;
        let records = Records::of(&view, 2 * METADATA_RECORD_BYTES_MAX).map_err(|error| error.to_string())?;
        for record in records.iter() {
            let record = record.map_err(|error| error.to_string())?;
            let value = record.value.ok_or("a record without a value")?;
            let decoded =
                Record::decode(value).map_err(|error| format!("offset {}: {error}", record.offset))?;
            image.apply(&decoded).map_err(|error| error.to_string())?;
        }
    }
    Ok(outcome.next_offset)
}

/// What this broker says of itself.
pub fn registration(config: &BrokerConfig, host: &str, port: u16) -> Registration {
    let name = config
        .listeners
        .bind
        .first()
        .map_or_else(|| "PLAINTEXT".to_string(), |endpoint| endpoint.name.clone());
    Registration {
        node: config.node_id,
        incarnation: rt::random_bytes(),
        rack: config.rack.clone(),
        endpoints: vec![BrokerEndpoint { name, host: host.to_string(), port }],
    }
}
