//! Produces records: batches by size and time, keeps several requests under way, and repeats what failed
//! without making duplicates.
//!
//! One owner, one thread, no locks: the owner appends records and calls [`Producer::step`], which sends what
//! is due, reads answers and reports each batch once, acknowledged or failed. A record that was accepted by
//! [`Producer::append`] is always reported.
//!
//! With idempotence every batch carries producer id and sequence, so a repeated one is recognised by the
//! broker (behaviours 34–37). When the broker says that it does not know the sequence, a new producer id is
//! asked for and what is unacknowledged is sent again under it: [`Producer::renewals`] counts that, since in
//! that moment the protocol cannot rule duplicates out.
//!
//! With a transactional id, what is appended between two calls of [`Producer::end_transaction`] is one
//! transaction (see `identity`).
//!
//! What it deliberately does not do: a thread of its own.

mod exchange;
mod identity;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_core::record::compress::Codec;

use super::batch::{Batch, Identity, Kind, OpenBatch, RecordParts};
use super::cluster::Cluster;
use super::connection::Connection;
use super::error::ClientError;
use super::queue::Queue;
use identity::Protocol;

/// How long a partition that was refused is left alone, and how soon metadata is asked for again.
const RETRY_AFTER: Duration = Duration::from_millis(50);

/// When the broker is to acknowledge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acks {
    /// Never: a record counts as acknowledged when it has been handed to the socket.
    None,
    /// When the leader has it.
    Leader,
    /// When all in-sync replicas have it.
    All,
}

impl Acks {
    /// The number on the wire.
    pub const fn code(self) -> i16 {
        match self {
            Acks::None => 0,
            Acks::Leader => 1,
            Acks::All => -1,
        }
    }
}

impl fmt::Display for Acks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Acks::All => "all",
            Acks::Leader => "1",
            Acks::None => "0",
        })
    }
}

impl FromStr for Acks {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" | "-1" => Ok(Acks::All),
            "1" => Ok(Acks::Leader),
            "0" => Ok(Acks::None),
            _ => Err("give all, 1 or 0".into()),
        }
    }
}

/// How a producer batches and waits.
#[derive(Clone, Debug)]
pub struct ProducerConfig {
    /// When records are acknowledged.
    pub acks: Acks,
    /// Whether repeated batches are recognised by the broker; has no effect without acknowledgements.
    pub idempotent: bool,
    /// How long a batch that is not full waits for more records.
    pub linger: Duration,
    /// A batch is full at this many bytes.
    pub batch_bytes: usize,
    /// How many bytes of unacknowledged records are held before [`Producer::append`] refuses more.
    pub buffer_bytes: usize,
    /// How many requests a connection carries at once.
    pub in_flight_max: usize,
    /// How long a batch may take to be acknowledged, all repetitions included.
    pub delivery_timeout: Duration,
    /// How batches are compressed.
    pub codec: Codec,
    /// Makes everything part of transactions under this name; needs idempotence and acknowledgement by all.
    pub transactional_id: Option<String>,
}

impl Default for ProducerConfig {
    fn default() -> Self {
        Self {
            acks: Acks::All,
            idempotent: true,
            linger: Duration::from_millis(5),
            batch_bytes: 64 << 10,
            buffer_bytes: 32 << 20,
            in_flight_max: 5,
            delivery_timeout: Duration::from_secs(120),
            codec: Codec::None,
            transactional_id: None,
        }
    }
}

/// What became of a batch.
#[derive(Debug)]
pub struct Delivery<'a> {
    /// The partition, as [`Producer::partition`] numbered it.
    pub handle: usize,
    /// The first record's number among all that were appended to this partition, from 0.
    pub first_number: u64,
    /// What the caller gave with each record, in order.
    pub tags: &'a [u64],
    /// Bytes of the records' values.
    pub value_bytes: usize,
    /// When the batch was first given to a connection; `None` if never.
    pub sent: Option<Instant>,
    /// The offset of its first record (`None` if the broker does not tell), or why it failed.
    pub outcome: Result<Option<i64>, ClientError>,
}

/// A producer of records.
#[derive(Debug)]
pub struct Producer {
    cluster: Cluster,
    config: ProducerConfig,
    queues: Vec<Queue>,
    handles: HashMap<(Arc<str>, i32), usize>,
    identity: Option<Identity>,
    /// When open batches become due, in that order, and whose they are.
    lingering: VecDeque<(Instant, usize)>,
    /// Queues that have, or may have, something to send.
    sendable: VecDeque<usize>,
    /// By node: which queues each unanswered request carries a batch of, in the request's order.
    pipelines: BTreeMap<i32, VecDeque<Vec<usize>>>,
    buffered: usize,
    refresh_at: Option<Instant>,
    renew: bool,
    /// The node that coordinates its transactions, as far as is known.
    coordinator: Option<i32>,
    /// Which protocol of transactions is spoken.
    protocol: Protocol,
    /// Queues that the open transaction must be told of before they are sent.
    unlisted: Vec<usize>,
    /// Why the open transaction can only be aborted.
    broken: Option<String>,
    lost_connections: u64,
    renewals: u64,
    throttled: Duration,
    trouble: Option<String>,
    /// That the broker will never let this client produce.
    forbidden: Option<ClientError>,
    next_expiry: Instant,
}

impl Producer {
    /// A producer on `cluster`; asks for a producer id if it is to be idempotent.
    pub fn new(cluster: Cluster, config: ProducerConfig) -> Result<Producer, ClientError> {
        let mut producer = Producer {
            cluster,
            queues: Vec::new(),
            handles: HashMap::new(),
            identity: None,
            lingering: VecDeque::new(),
            sendable: VecDeque::new(),
            pipelines: BTreeMap::new(),
            buffered: 0,
            refresh_at: None,
            renew: false,
            coordinator: None,
            protocol: Protocol::First,
            unlisted: Vec::new(),
            broken: None,
            lost_connections: 0,
            renewals: 0,
            throttled: Duration::ZERO,
            trouble: None,
            forbidden: None,
            next_expiry: Instant::now() + RETRY_AFTER,
            config,
        };
        if producer.config.idempotent && producer.config.acks != Acks::None {
            producer.identity = Some(producer.new_identity()?);
        }
        Ok(producer)
    }

    /// The cluster it produces to.
    pub fn cluster(&mut self) -> &mut Cluster {
        &mut self.cluster
    }

    /// The handle of a partition, for [`Producer::append`].
    pub fn partition(&mut self, topic: &str, partition: i32) -> usize {
        let name: Arc<str> = topic.into();
        if let Some(&handle) = self.handles.get(&(name.clone(), partition)) {
            return handle;
        }
        let name =
            self.queues.iter().find(|queue| queue.topic == name).map_or(name, |queue| queue.topic.clone());
        let handle = self.queues.len();
        let kind = Kind { codec: self.config.codec, transactional: self.config.transactional_id.is_some() };
        self.queues.push(Queue::new(name.clone(), partition, kind));
        self.handles.insert((name, partition), handle);
        self.cluster.track(topic);
        handle
    }

    /// How many records were ever appended to the partition: the number the next one gets.
    pub fn next_number(&self, handle: usize) -> u64 {
        self.queues[handle].appended
    }

    /// Bytes of records that are not acknowledged yet.
    pub fn buffered(&self) -> usize {
        self.buffered
    }

    /// Whether a record of this many bytes finds room.
    pub fn has_room(&self, bytes: usize) -> bool {
        self.buffered == 0 || self.buffered + bytes <= self.config.buffer_bytes
    }

    /// How full the fullest open batch is meant to be before it goes: bytes left in the open batch of
    /// `handle`, or a whole batch.
    pub fn room_in_batch(&self, handle: usize) -> usize {
        let used = self.queues[handle].open.as_ref().map_or(0, OpenBatch::len);
        self.config.batch_bytes.saturating_sub(used)
    }

    /// How many connections broke with requests or records under way.
    pub fn lost_connections(&self) -> u64 {
        self.lost_connections
    }

    /// How often a new producer id had to be asked for.
    pub fn renewals(&self) -> u64 {
        self.renewals
    }

    /// For how long brokers have had this client wait because a quota was overdrawn (none tells without acknowledgements).
    pub fn throttled(&self) -> Duration {
        self.throttled
    }

    /// Takes what last stood in the way and was tried again: for people who wonder why nothing moves.
    pub fn take_trouble(&mut self) -> Option<String> {
        self.trouble.take()
    }

    /// Takes a record for a partition; `tag` comes back with its [`Delivery`]. Ask [`Producer::has_room`]
    /// before.
    pub fn append(
        &mut self,
        handle: usize,
        record: &RecordParts<'_>,
        timestamp_ms: i64,
        tag: u64,
        now: Instant,
    ) {
        let queue = &mut self.queues[handle];
        if self.config.transactional_id.is_some() && !queue.enlisted {
            queue.enlisted = true;
            if self.protocol == Protocol::First {
                self.unlisted.push(handle);
            }
        }
        let bytes = record.bytes_max();
        if queue.open.as_ref().is_some_and(|open| open.len() + bytes > self.config.batch_bytes) {
            queue.seal(self.identity);
        }
        let due = now + self.config.linger;
        if queue.open.is_none() {
            self.lingering.push_back((due, handle));
        }
        let open = queue.begin(self.config.batch_bytes, now, due);
        let before = open.len();
        open.push(record, timestamp_ms, tag);
        let length = open.len();
        self.buffered += length - before;
        queue.appended += 1;
        if length >= self.config.batch_bytes {
            queue.seal(self.identity);
        }
        if queue.has_due(now) {
            list(&mut self.sendable, queue, handle);
        }
    }

    /// Whether every record has been reported.
    pub fn is_idle(&self) -> bool {
        self.queues.iter().all(Queue::is_empty)
    }

    /// Makes every open batch due now.
    pub fn flush(&mut self) {
        for (handle, queue) in self.queues.iter_mut().enumerate() {
            queue.seal(self.identity);
            if queue.has_due(Instant::now()) {
                list(&mut self.sendable, queue, handle);
            }
        }
        self.lingering.clear();
    }

    /// Sends what is due and waits for answers: once round, until something happened or `until`.
    /// An error here is one that repetition cannot heal; failures of single batches come as deliveries.
    pub fn step(&mut self, until: Instant, deliver: &mut dyn FnMut(Delivery<'_>)) -> Result<(), ClientError> {
        let wake = self.advance(until, deliver)?;
        for node in self.cluster.wait_for_data(wake) {
            self.receive(node, deliver);
        }
        Ok(())
    }

    /// The first half of [`Producer::step`], for who waits for several producers at once: sends what is due
    /// and answers when this must be called again, `until` at the latest, or earlier if one of
    /// [`Producer::waits_for`] has something for [`Producer::receive`].
    pub fn advance(
        &mut self,
        until: Instant,
        deliver: &mut dyn FnMut(Delivery<'_>),
    ) -> Result<Instant, ClientError> {
        if let Some(error) = self.forbidden.take() {
            return Err(error);
        }
        let now = Instant::now();
        self.settle_lingering(now);
        if now >= self.next_expiry {
            self.next_expiry = now + Duration::from_millis(200);
            self.time_out(now, deliver);
        }
        self.heal(now, deliver)?;
        let send_again_at = self.send(now, deliver)?;
        let mut wake = until.min(self.next_expiry);
        for at in [send_again_at, self.refresh_at, self.lingering.front().map(|(due, _)| *due)]
            .into_iter()
            .flatten()
        {
            wake = wake.min(at);
        }
        for node in self.cluster.data_nodes() {
            self.transfer(node, false, deliver);
        }
        Ok(wake)
    }

    /// The connections that an answer is to come from or that cannot take more now, and their nodes.
    pub fn waits_for(&self) -> impl Iterator<Item = (i32, &Connection)> {
        let busy = |connection: &Connection| connection.unanswered() > 0 || connection.output() > 0;
        self.cluster.data_connections().filter(move |(_, connection)| busy(connection))
    }

    /// Takes what has come from `node`, and reports what it acknowledges.
    pub fn receive(&mut self, node: i32, deliver: &mut dyn FnMut(Delivery<'_>)) {
        self.transfer(node, true, deliver);
    }

    fn settle_lingering(&mut self, now: Instant) {
        while let Some(&(due, handle)) = self.lingering.front()
            && due <= now
        {
            self.lingering.pop_front();
            let queue = &mut self.queues[handle];
            // The batch may have gone already, and another be open: that one has its own entry.
            if queue.has_due(now) {
                list(&mut self.sendable, queue, handle);
            }
        }
    }

    /// Looks for answers that never came and for batches that took too long.
    fn time_out(&mut self, now: Instant, deliver: &mut dyn FnMut(Delivery<'_>)) {
        for node in self.cluster.hung(self.cluster.config().request_timeout) {
            self.lose(node);
        }
        let Some(limit) = now.checked_sub(self.config.delivery_timeout) else { return };
        for handle in 0..self.queues.len() {
            for batch in self.queues[handle].expire(limit) {
                // Its sequence was used and will never come: the broker would refuse all that follow.
                self.renew |= batch.sequence.is_some();
                let after = self.config.delivery_timeout;
                let outcome = Err(ClientError::GaveUp(format!("not acknowledged within {after:?}")));
                self.report(handle, batch, outcome, deliver);
            }
        }
    }

    /// Fails everything that is not acknowledged yet.
    pub fn abandon(&mut self, why: &str, deliver: &mut dyn FnMut(Delivery<'_>)) {
        let nodes: Vec<i32> = self.pipelines.keys().copied().collect();
        for node in nodes {
            self.pipelines.remove(&node);
            self.cluster.drop_data(node);
        }
        let far = Instant::now() + Duration::from_secs(1);
        for handle in 0..self.queues.len() {
            self.queues[handle].seal(self.identity);
            self.queues[handle].on_connection_lost();
            for batch in self.queues[handle].expire(far) {
                // Its sequence will never come: the broker would refuse all that follow.
                self.renew |= batch.sequence.is_some();
                self.report(handle, batch, Err(ClientError::GaveUp(why.to_owned())), deliver);
            }
        }
    }

    fn report(
        &mut self,
        handle: usize,
        batch: Batch,
        outcome: Result<Option<i64>, ClientError>,
        deliver: &mut dyn FnMut(Delivery<'_>),
    ) {
        self.buffered -= batch.held_bytes;
        let (first_number, sent, value_bytes) = (batch.first_number, batch.first_sent, batch.value_bytes);
        deliver(Delivery { handle, first_number, tags: &batch.tags, value_bytes, sent, outcome });
    }

    /// Asks for metadata or a new producer id if that is what is missing.
    fn heal(&mut self, now: Instant, deliver: &mut dyn FnMut(Delivery<'_>)) -> Result<(), ClientError> {
        if self.refresh_at.is_some_and(|at| at <= now) {
            match self.cluster.refresh(false) {
                Ok(()) => self.refresh_at = None,
                Err(error) if error.retriable() => {
                    self.refresh_at = Some(Instant::now() + RETRY_AFTER);
                    self.trouble = Some(error.to_string());
                }
                Err(error) => return Err(error),
            }
        }
        if self.config.transactional_id.is_some() {
            return self.heal_transaction(now, deliver);
        }
        let quiet = || self.queues.iter().all(|queue| !queue.is_on_the_wire());
        if self.renew && quiet() {
            match self.new_identity() {
                Ok(identity) => {
                    self.identity = Some(identity);
                    self.renew = false;
                    self.renewals += 1;
                    self.queues.iter_mut().for_each(Queue::renumber);
                }
                Err(error) if error.retriable() => self.refresh_soon(now),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn refresh_soon(&mut self, now: Instant) {
        self.refresh_at.get_or_insert(now + RETRY_AFTER);
    }
}

/// Puts a queue on the list of those with something to send, once.
fn list(sendable: &mut VecDeque<usize>, queue: &mut Queue, handle: usize) {
    if !queue.listed {
        queue.listed = true;
        sendable.push_back(handle);
    }
}
