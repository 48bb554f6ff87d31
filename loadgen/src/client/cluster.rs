//! A cluster as a client sees it: who its brokers are, who leads which partition, and the connections to
//! them.
//!
//! Two connections a broker at most: *control* for calls that are waited for (metadata, coordinators, admin),
//! and *data* for the pipelines of [`crate::client::Producer`] and [`crate::client::Consumer`], so that
//! neither waits behind the other. Both are made when first used.
//!
//! A broker that cannot be reached is left alone for a while that doubles from 50 ms to 1 s, with jitter, so
//! that a thousand clients of a broker that comes back do not all knock at once. When no known broker
//! answers, the bootstrap addresses are tried again.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use headwater_core::ErrorCode;
use headwater_core::wire::messages::metadata_request::MetadataRequestTopic;
use headwater_core::wire::messages::{FindCoordinatorRequest, MetadataRequest, MetadataResponse};
use headwater_core::wire::{Message, Request};

use super::connection::{self, Answer, Connection};
use super::error::ClientError;
use super::metadata::{Broker, TopicInfo, topic_info};
use crate::rng::Rng;

/// The key types of groups and of transactions in FindCoordinator.
const GROUP_KEY: i8 = 0;
const TRANSACTION_KEY: i8 = 1;

const BACKOFF_MIN: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(1);

/// How a client presents itself and how long it waits.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Where to begin: `HOST:PORT`, or several with commas between.
    pub bootstrap: String,
    /// The name brokers show and apply quotas to.
    pub client_id: String,
    /// How long making a connection may take, the exchange of versions included.
    pub connect_timeout: Duration,
    /// How long an answer may take.
    pub request_timeout: Duration,
}

impl ClientConfig {
    /// The defaults for `bootstrap`.
    pub fn new(bootstrap: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self {
            bootstrap: bootstrap.into(),
            client_id: client_id.into(),
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
        }
    }
}

/// What to do about a topic that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfMissing {
    /// Say so.
    Fail,
    /// Wait: somebody has just created it, and not every broker knows yet.
    Wait,
    /// Let the broker create it, if its settings allow that.
    Create,
}

#[derive(Debug)]
struct Backoff {
    failures: u32,
    until: Instant,
}

/// The cluster, as far as this client has asked.
#[derive(Debug)]
pub struct Cluster {
    config: ClientConfig,
    brokers: BTreeMap<i32, Broker>,
    controller: Option<i32>,
    cluster_id: Option<String>,
    topics: BTreeMap<String, TopicInfo>,
    control: BTreeMap<i32, Connection>,
    data: BTreeMap<i32, Connection>,
    backoffs: BTreeMap<i32, Backoff>,
    rng: Rng,
}

impl Cluster {
    /// Finds the cluster: the first bootstrap address that answers tells who the brokers are.
    pub fn connect(config: ClientConfig) -> Result<Cluster, ClientError> {
        let mut cluster = Cluster {
            config,
            brokers: BTreeMap::new(),
            controller: None,
            cluster_id: None,
            topics: BTreeMap::new(),
            control: BTreeMap::new(),
            data: BTreeMap::new(),
            backoffs: BTreeMap::new(),
            rng: Rng::from_clock(),
        };
        cluster.refresh(false)?;
        Ok(cluster)
    }

    /// How this client was set up.
    pub fn config(&self) -> &ClientConfig {
        &self.config
    }

    /// The brokers, by node.
    pub fn brokers(&self) -> impl Iterator<Item = &Broker> {
        self.brokers.values()
    }

    /// The cluster's identity, if the broker told.
    pub fn cluster_id(&self) -> Option<&str> {
        self.cluster_id.as_deref()
    }

    /// What the last metadata said of a topic.
    pub fn topic(&self, name: &str) -> Option<&TopicInfo> {
        self.topics.get(name)
    }

    /// The leader of a partition by the last metadata.
    pub fn leader(&self, topic: &str, partition: i32) -> Option<i32> {
        let info = self.topics.get(topic)?.partitions.get(usize::try_from(partition).ok()?)?;
        info.leader.filter(|node| self.brokers.contains_key(node))
    }

    /// Has every later [`Cluster::refresh`] ask for this topic too.
    pub fn track(&mut self, topic: &str) {
        self.topics.entry(topic.to_owned()).or_default();
    }

    /// Asks for the metadata of the brokers and of all tracked topics; `create` lets the broker make those
    /// that do not exist.
    pub fn refresh(&mut self, create: bool) -> Result<(), ClientError> {
        let names: Vec<String> = self.topics.keys().cloned().collect();
        self.metadata(Some(&names), create, |cluster, response| {
            for topic in &response.topics {
                if let Some(name) = &topic.name {
                    cluster.topics.insert(name.clone().into_owned(), topic_info(topic));
                }
            }
        })
    }

    /// All topics of the cluster, with their metadata.
    pub fn all_topics(&mut self) -> Result<BTreeMap<String, TopicInfo>, ClientError> {
        self.metadata(None, false, |_, response| {
            let named =
                response.topics.iter().filter_map(|t| Some((t.name.clone()?.into_owned(), topic_info(t))));
            named.collect()
        })
    }

    /// Tracks `topic` and waits until each of its partitions has a leader.
    pub fn wait_for_topic(
        &mut self,
        topic: &str,
        if_missing: IfMissing,
        timeout: Duration,
    ) -> Result<&TopicInfo, ClientError> {
        let deadline = Instant::now() + timeout;
        self.track(topic);
        loop {
            self.refresh(if_missing == IfMissing::Create)?;
            let info = &self.topics[topic];
            let led = !info.partitions.is_empty() && info.partitions.iter().all(|p| p.leader.is_some());
            if info.error == 0 && led {
                return Ok(&self.topics[topic]);
            }
            // A topic just asked for, or just created elsewhere, is unknown or without leader for a moment;
            // nothing else heals by waiting.
            let missing = info.error == ErrorCode::UnknownTopicOrPartition.code();
            let heals =
                ErrorCode::from_code(info.error).is_some_and(|e| e.retriable() || e == ErrorCode::None);
            if !heals || (missing && if_missing == IfMissing::Fail) || Instant::now() >= deadline {
                let code = if info.error == 0 { ErrorCode::LeaderNotAvailable.code() } else { info.error };
                ClientError::check(|| format!("topic {topic}"), code, None)?;
            }
            std::thread::sleep(BACKOFF_MIN);
        }
    }

    fn metadata<T>(
        &mut self,
        topics: Option<&[String]>,
        create: bool,
        read: impl FnOnce(&mut Cluster, &MetadataResponse<'_>) -> T,
    ) -> Result<T, ClientError> {
        let name_topic =
            |name: &String| MetadataRequestTopic { name: Some(name.clone().into()), ..Default::default() };
        let request = MetadataRequest {
            topics: topics.map(|names| names.iter().map(name_topic).collect()),
            allow_auto_topic_creation: create,
            ..Default::default()
        };
        let (mut connection, node) = self.control_anywhere()?;
        let version = connection.version::<MetadataRequest>(MetadataRequest::MAX_VERSION)?;
        let answer = connection.call(&request, version, self.config.request_timeout)?;
        let response = answer.read::<MetadataRequest>()?;
        ClientError::check(|| "metadata".into(), response.error_code, None)?;
        self.take_brokers(&response);
        let out = read(self, &response);
        // A bootstrap address becomes the broker that advertises it, so that there is no second connection to
        // the same place.
        let node = node.or_else(|| {
            self.brokers
                .values()
                .find(|broker| broker.address == connection.address())
                .map(|broker| broker.node)
        });
        if let Some(node) = node {
            self.control.insert(node, connection);
        }
        Ok(out)
    }

    fn take_brokers(&mut self, response: &MetadataResponse<'_>) {
        self.brokers = response
            .brokers
            .iter()
            .map(|b| {
                let host =
                    if b.host.contains(':') { format!("[{}]", b.host) } else { b.host.clone().into_owned() };
                let rack = b.rack.clone().map(String::from);
                (b.node_id, Broker { node: b.node_id, address: format!("{host}:{}", b.port), rack })
            })
            .collect();
        self.controller = (response.controller_id >= 0).then_some(response.controller_id);
        self.cluster_id = response.cluster_id.clone().map(String::from);
        // A node that moved to another address must not be talked to at the old one.
        let brokers = &self.brokers;
        let still = |node: &i32, connection: &mut Connection| {
            brokers.get(node).is_some_and(|broker| broker.address == connection.address())
        };
        self.control.retain(still);
    }

    /// A control connection to whichever broker answers; taken out of the cluster, so that an error drops it.
    fn control_anywhere(&mut self) -> Result<(Connection, Option<i32>), ClientError> {
        if let Some((node, connection)) = self.control.pop_first() {
            if !connection.is_stale() {
                return Ok((connection, Some(node)));
            }
            return self.control_anywhere();
        }
        let now = Instant::now();
        let mut known: Vec<Broker> = self.brokers.values().cloned().collect();
        let start = self.rng.below(known.len() as u64) as usize;
        known.rotate_left(start);
        for broker in known {
            if self.rested(broker.node, now)
                && let Ok(connection) = self.open(broker.node, &broker.address)
            {
                return Ok((connection, Some(broker.node)));
            }
        }
        let mut last = ClientError::Address(self.config.bootstrap.clone());
        for address in self.config.bootstrap.split(',').map(str::trim).filter(|address| !address.is_empty()) {
            match Connection::open(address, &self.config.client_id, self.config.connect_timeout) {
                Ok(connection) => return Ok((connection, None)),
                Err(error) => last = error,
            }
        }
        match last {
            ClientError::Address(_) => Err(last),
            last => Err(ClientError::NoBroker {
                bootstrap: self.config.bootstrap.clone(),
                source: Box::new(last),
            }),
        }
    }

    /// Whether `node` may be tried (again).
    fn rested(&self, node: i32, now: Instant) -> bool {
        self.backoffs.get(&node).is_none_or(|backoff| backoff.until <= now)
    }

    /// Opens a connection and keeps count of failures.
    fn open(&mut self, node: i32, address: &str) -> Result<Connection, ClientError> {
        let opened = Connection::open(address, &self.config.client_id, self.config.connect_timeout);
        match opened {
            Ok(_) => {
                self.backoffs.remove(&node);
            }
            Err(_) => self.back_off(node),
        }
        opened
    }

    fn back_off(&mut self, node: i32) {
        let failures = self.backoffs.get(&node).map_or(0, |backoff| backoff.failures) + 1;
        let full = BACKOFF_MIN.saturating_mul(1 << (failures - 1).min(8)).min(BACKOFF_MAX);
        let until = Instant::now() + full.mul_f64(0.75 + self.rng.unit() / 2.0);
        self.backoffs.insert(node, Backoff { failures, until });
    }

    /// The data connection to `node`, made if there is none and its last failure is long enough ago; `None`
    /// if it is not.
    pub fn data(&mut self, node: i32) -> Result<Option<&mut Connection>, ClientError> {
        if !self.data.contains_key(&node) {
            let Some(broker) = self.brokers.get(&node).cloned() else { return Ok(None) };
            if !self.rested(node, Instant::now()) {
                return Ok(None);
            }
            let connection = self.open(node, &broker.address)?;
            self.data.insert(node, connection);
        }
        Ok(self.data.get_mut(&node))
    }

    /// The data connection to `node`, if there is one.
    pub fn open_data(&mut self, node: i32) -> Option<&mut Connection> {
        self.data.get_mut(&node)
    }

    /// All data connections.
    pub fn data_connections(&self) -> impl Iterator<Item = (i32, &Connection)> {
        self.data.iter().map(|(node, connection)| (*node, connection))
    }

    /// The nodes there are data connections to.
    pub(super) fn data_nodes(&self) -> Vec<i32> {
        self.data.keys().copied().collect()
    }

    /// Waits until a data connection can be read, or written if it has output, or until `wake`; answers the
    /// nodes whose connections may be read.
    pub(super) fn wait_for_data(&self, wake: Instant) -> Vec<i32> {
        let (nodes, connections): (Vec<i32>, Vec<&Connection>) = self.data_connections().unzip();
        let readable = connection::wait(&connections, Some(wake));
        nodes.into_iter().zip(readable).filter(|(_, readable)| *readable).map(|(node, _)| node).collect()
    }

    /// The nodes that have left a request on their data connection unanswered for longer than `patience`.
    pub(super) fn hung(&self, patience: Duration) -> Vec<i32> {
        let late = |c: &Connection| c.oldest_sent().is_some_and(|sent| sent.elapsed() > patience);
        self.data_connections().filter(|(_, connection)| late(connection)).map(|(node, _)| node).collect()
    }

    /// Drops the data connection to a broker that failed, and leaves the broker alone for a moment.
    pub fn drop_data(&mut self, node: i32) {
        self.data.remove(&node);
        self.back_off(node);
    }

    /// Closes the data connection to a broker that has done nothing wrong.
    pub fn close_data(&mut self, node: i32) {
        self.data.remove(&node);
    }

    /// Drops the control connections: a client that only moves data needs none for now.
    pub fn release_control(&mut self) {
        self.control.clear();
    }

    /// When the first broker that is being left alone may be tried again, if `node` is one.
    pub fn rested_at(&self, node: i32) -> Option<Instant> {
        self.backoffs.get(&node).map(|backoff| backoff.until)
    }

    /// Calls a broker on its control connection, and reads the answer while it is there.
    pub fn call<R: Request, T>(
        &mut self,
        node: i32,
        limit: i16,
        request: &R,
        timeout: Duration,
        read: impl FnOnce(&Answer<'_>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let mut connection = match self.control.remove(&node).filter(|connection| !connection.is_stale()) {
            Some(connection) => connection,
            None => {
                let address = match self.brokers.get(&node) {
                    Some(broker) => broker.address.clone(),
                    None => {
                        return Err(ClientError::GaveUp(format!("the cluster has no node {node} any more")));
                    }
                };
                self.open(node, &address)?
            }
        };
        let version = connection.version::<R>(limit)?;
        let out = read(&connection.call(request, version, timeout)?);
        self.control.insert(node, connection);
        out
    }

    /// The level of a feature that is in force, as `node` said when it was last called; 0 if it is not.
    pub fn feature(&self, node: i32, name: &str) -> i16 {
        self.control.get(&node).map_or(0, |connection| connection.feature(name))
    }

    /// A node to ask what every broker knows.
    pub fn any_node(&self) -> Result<i32, ClientError> {
        let connected = self.control.keys().next().or_else(|| self.brokers.keys().next());
        connected.copied().ok_or_else(|| ClientError::GaveUp("the cluster has no broker".into()))
    }

    /// The node that carries out changes: the controller where it is a broker, else any (which forwards).
    pub fn controller(&self) -> Result<i32, ClientError> {
        match self.controller.filter(|node| self.brokers.contains_key(node)) {
            Some(node) => Ok(node),
            None => self.any_node(),
        }
    }

    /// The node that coordinates a group.
    pub fn group_coordinator(&mut self, group: &str) -> Result<i32, ClientError> {
        self.coordinator(GROUP_KEY, group)
    }

    /// The node that coordinates the transactions of a transactional id.
    pub fn transaction_coordinator(&mut self, id: &str) -> Result<i32, ClientError> {
        self.coordinator(TRANSACTION_KEY, id)
    }

    fn coordinator(&mut self, key_type: i8, key: &str) -> Result<i32, ClientError> {
        // One field or the other, by version (batched from 4 on); the one the version lacks is not written.
        let request =
            FindCoordinatorRequest { key: key.into(), key_type, coordinator_keys: vec![key.into()] };
        let what =
            || if key_type == GROUP_KEY { format!("group {key}") } else { format!("transaction {key}") };
        let deadline = Instant::now() + self.config.request_timeout;
        loop {
            let node = self.any_node()?;
            let timeout = self.config.request_timeout;
            let found = self.call(node, FindCoordinatorRequest::MAX_VERSION, &request, timeout, |answer| {
                let response = answer.read::<FindCoordinatorRequest>()?;
                let (code, message, node) = match response.coordinators.first() {
                    Some(c) => (c.error_code, &c.error_message, c.node_id),
                    None => (response.error_code, &response.error_message, response.node_id),
                };
                ClientError::check(what, code, message.as_deref())?;
                Ok(node)
            });
            match found {
                Ok(node) if self.brokers.contains_key(&node) => return Ok(node),
                Ok(_) => self.refresh(false)?,
                Err(error) if error.retriable() && Instant::now() < deadline => {
                    // The first use of either makes the coordinator's topic, which takes a moment.
                    std::thread::sleep(2 * BACKOFF_MIN);
                    let _ = self.refresh(false);
                }
                Err(error) => return Err(error),
            }
        }
    }
}
