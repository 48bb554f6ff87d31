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
//! What it deliberately does not do: transactions, and a thread of its own.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_core::ids::TopicId;
use headwater_core::record::header::HEADER_BYTES;
use headwater_core::wire::messages::InitProducerIdRequest;
use headwater_core::wire::produce::{
    PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData,
};
use headwater_core::wire::{Message, Records};

use super::batch::{Batch, Identity, OpenBatch, RecordParts};
use super::cluster::Cluster;
use super::connection::{self, Connection};
use super::error::ClientError;
use super::queue::{Queue, Verdict};

/// From this version on Produce names topics by id.
const PRODUCE_BY_ID: i16 = 13;

/// Bytes of batches in one request; a single greater batch still goes, alone.
const REQUEST_BYTES: usize = 1 << 20;

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
    lost_connections: u64,
    renewals: u64,
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
            lost_connections: 0,
            renewals: 0,
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
        self.queues.push(Queue::new(name.clone(), partition));
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
        let bytes = record.bytes_max();
        if queue.open.as_ref().is_some_and(|open| open.len() + bytes > self.config.batch_bytes) {
            queue.seal();
        }
        let due = now + self.config.linger;
        let open = match &mut queue.open {
            Some(open) => open,
            none => {
                self.lingering.push_back((due, handle));
                none.insert(OpenBatch::new(self.config.batch_bytes, queue.appended, now, due))
            }
        };
        let before = open.len();
        open.push(record, timestamp_ms, tag);
        self.buffered += open.len() - before;
        queue.appended += 1;
        if open.len() >= self.config.batch_bytes {
            queue.seal();
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
            queue.seal();
            if queue.has_due(Instant::now()) {
                list(&mut self.sendable, queue, handle);
            }
        }
        self.lingering.clear();
    }

    /// Sends what is due and waits for answers: once round, until something happened or `until`.
    /// An error here is one that repetition cannot heal; failures of single batches come as deliveries.
    pub fn step(&mut self, until: Instant, deliver: &mut dyn FnMut(Delivery<'_>)) -> Result<(), ClientError> {
        let now = Instant::now();
        self.settle_lingering(now);
        if now >= self.next_expiry {
            self.next_expiry = now + Duration::from_millis(200);
            self.time_out(now, deliver);
        }
        self.heal(now)?;
        let send_again_at = self.send(now, deliver)?;
        let mut wake = until.min(self.next_expiry);
        for at in [send_again_at, self.refresh_at, self.lingering.front().map(|(due, _)| *due)]
            .into_iter()
            .flatten()
        {
            wake = wake.min(at);
        }
        self.exchange(wake, deliver)
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
        let timeout = self.cluster.config().request_timeout;
        let late =
            |connection: &Connection| connection.oldest_sent().is_some_and(|sent| now - sent > timeout);
        let hung: Vec<i32> =
            self.cluster.data_connections().filter(|(_, c)| late(c)).map(|(node, _)| node).collect();
        for node in hung {
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
            self.queues[handle].seal();
            self.queues[handle].on_connection_lost();
            for batch in self.queues[handle].expire(far) {
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
        self.buffered -= batch.bytes().len() - HEADER_BYTES;
        let (first_number, sent) = (batch.first_number, batch.first_sent);
        deliver(Delivery { handle, first_number, tags: &batch.tags, sent, outcome });
    }

    /// Asks for metadata or a new producer id if that is what is missing.
    fn heal(&mut self, now: Instant) -> Result<(), ClientError> {
        if self.refresh_at.is_some_and(|at| at <= now) {
            match self.cluster.refresh(false) {
                Ok(()) => self.refresh_at = None,
                Err(error) if error.retriable() => self.refresh_at = Some(Instant::now() + RETRY_AFTER),
                Err(error) => return Err(error),
            }
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

    fn new_identity(&mut self) -> Result<Identity, ClientError> {
        let deadline = Instant::now() + self.cluster.config().request_timeout;
        let request = InitProducerIdRequest {
            transactional_id: None,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        loop {
            let node = self.cluster.any_node()?;
            let timeout = self.cluster.config().request_timeout;
            let limit = InitProducerIdRequest::MAX_VERSION;
            let given = self.cluster.call(node, limit, &request, timeout, |answer| {
                let response = answer.read::<InitProducerIdRequest>()?;
                ClientError::check(|| "producer id".into(), response.error_code, None)?;
                Ok(Identity { id: response.producer_id, epoch: response.producer_epoch })
            });
            match given {
                // A broker that has just started may not be ready to give ids.
                Err(ClientError::Refused { .. }) if given.as_ref().is_err_and(ClientError::retriable) => {
                    if Instant::now() >= deadline {
                        return given;
                    }
                    std::thread::sleep(RETRY_AFTER);
                }
                given => return given,
            }
        }
    }

    fn refresh_soon(&mut self, now: Instant) {
        self.refresh_at.get_or_insert(now + RETRY_AFTER);
    }

    /// Gives each broker one request of what is due for it; answers when to try again what could not go now.
    fn send(
        &mut self,
        now: Instant,
        deliver: &mut dyn FnMut(Delivery<'_>),
    ) -> Result<Option<Instant>, ClientError> {
        let mut again: Option<Instant> = None;
        let mut wait_until = |at: Instant| again = Some(again.map_or(at, |before| before.min(at)));
        let mut by_node: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
        for _ in 0..self.sendable.len() {
            let Some(handle) = self.sendable.pop_front() else { break };
            let queue = &mut self.queues[handle];
            queue.listed = false;
            if !queue.has_due(now) {
                continue;
            }
            list(&mut self.sendable, queue, handle);
            // What waits for its turn is looked at again when an answer comes; only other reasons need a
            // clock.
            if self.renew {
                wait_until(now + RETRY_AFTER);
                continue;
            }
            if let Some(until) = queue.blocked_until
                && until > now
            {
                wait_until(until);
                continue;
            }
            let Some(node) = self.cluster.leader(&queue.topic, queue.partition) else {
                self.refresh_at.get_or_insert(now + RETRY_AFTER);
                continue;
            };
            if queue.may_send(node) {
                by_node.entry(node).or_default().push(handle);
            }
        }
        for (node, handles) in by_node {
            match self.cluster.data(node) {
                Ok(Some(connection)) => {
                    let under_way = connection.unanswered().max(connection.output());
                    if under_way < self.config.in_flight_max {
                        self.send_to(node, &handles, now, deliver)?;
                    }
                }
                Ok(None) => {
                    wait_until(self.cluster.rested_at(node).unwrap_or(now + RETRY_AFTER));
                    self.refresh_soon(now);
                }
                Err(error) if error.retriable() => {
                    wait_until(now + RETRY_AFTER);
                    self.refresh_soon(now);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(again)
    }

    fn send_to(
        &mut self,
        node: i32,
        handles: &[usize],
        now: Instant,
        deliver: &mut dyn FnMut(Delivery<'_>),
    ) -> Result<(), ClientError> {
        let Some(connection) = self.cluster.open_data(node) else { return Ok(()) };
        let mut version = connection.version::<ProduceRequest<'_>>(ProduceRequest::MAX_VERSION)?;
        let id_of =
            |cluster: &Cluster, topic: &str| cluster.topic(topic).map_or(TopicId::ZERO, |info| info.id);
        let ids: Vec<TopicId> =
            handles.iter().map(|&handle| id_of(&self.cluster, &self.queues[handle].topic)).collect();
        if version >= PRODUCE_BY_ID && ids.contains(&TopicId::ZERO) {
            version = PRODUCE_BY_ID - 1;
        }
        let (mut carried, mut bytes) = (Vec::with_capacity(handles.len()), 0);
        for (&handle, &id) in handles.iter().zip(&ids) {
            if bytes >= REQUEST_BYTES {
                break;
            }
            if let Some(batch) = self.queues[handle].send(node, self.identity, now) {
                bytes += batch.bytes().len();
                carried.push((handle, id));
            }
        }
        if carried.is_empty() {
            return Ok(());
        }
        let mut topics: Vec<TopicProduceData<'_>> = Vec::new();
        for &(handle, topic_id) in &carried {
            let queue = &self.queues[handle];
            let records = queue.last_sent().map_or(Records::Null, |batch| Records::Borrowed(batch.bytes()));
            let data = PartitionProduceData { index: queue.partition, records };
            match topics.iter_mut().find(|topic| *topic.name == *queue.topic) {
                Some(topic) => topic.partition_data.push(data),
                None => {
                    topics.push(TopicProduceData {
                        name: (*queue.topic).into(),
                        topic_id,
                        partition_data: vec![data],
                    });
                }
            }
        }
        let request = ProduceRequest {
            transactional_id: None,
            acks: self.config.acks.code(),
            timeout_ms: i32::try_from(self.cluster.config().request_timeout.as_millis()).unwrap_or(i32::MAX),
            topic_data: topics,
        };
        let Some(connection) = self.cluster.open_data(node) else { return Ok(()) };
        if self.config.acks != Acks::None {
            connection.send(&request, version);
            let handles = carried.iter().map(|(handle, _)| *handle).collect();
            self.pipelines.entry(node).or_default().push_back(handles);
            return Ok(());
        }
        connection.send_unanswered(&request, version);
        for (handle, _) in carried {
            if let (_, Some(batch)) = self.queues[handle].on_answer(0) {
                self.report(handle, batch, Ok(None), deliver);
            }
        }
        Ok(())
    }

    /// Moves bytes on all connections until `wake` or until something came.
    fn exchange(&mut self, wake: Instant, deliver: &mut dyn FnMut(Delivery<'_>)) -> Result<(), ClientError> {
        let nodes: Vec<i32> = self.cluster.data_connections().map(|(node, _)| node).collect();
        for &node in &nodes {
            self.transfer(node, false, deliver)?;
        }
        let (nodes, connections): (Vec<i32>, Vec<&Connection>) = self.cluster.data_connections().unzip();
        let readable = connection::wait(&connections, Some(wake));
        for (node, readable) in nodes.into_iter().zip(readable) {
            if readable {
                self.transfer(node, true, deliver)?;
            }
        }
        Ok(())
    }

    fn transfer(
        &mut self,
        node: i32,
        readable: bool,
        deliver: &mut dyn FnMut(Delivery<'_>),
    ) -> Result<(), ClientError> {
        let Some(connection) = self.cluster.open_data(node) else { return Ok(()) };
        let moved = connection.transfer(readable);
        // What had come before the connection broke still counts.
        let taken = self.take_answers(node, deliver);
        if moved.is_err() || taken.is_err() {
            self.lose(node);
        }
        Ok(())
    }

    fn lose(&mut self, node: i32) {
        self.lost_connections += 1;
        self.cluster.drop_data(node);
        let now = Instant::now();
        for handles in self.pipelines.remove(&node).unwrap_or_default() {
            for handle in handles {
                let queue = &mut self.queues[handle];
                queue.on_connection_lost();
                list(&mut self.sendable, queue, handle);
            }
        }
        self.refresh_soon(now);
    }

    fn take_answers(&mut self, node: i32, deliver: &mut dyn FnMut(Delivery<'_>)) -> Result<(), ClientError> {
        let mut results = Vec::new();
        loop {
            let Some(connection) = self.cluster.open_data(node) else { return Ok(()) };
            let Some(answer) = connection.take()? else { return Ok(()) };
            let response = answer.read::<ProduceRequest<'_>>()?;
            let Some(handles) = self.pipelines.get_mut(&node).and_then(VecDeque::pop_front) else {
                return Ok(());
            };
            results.clear();
            read_results(&response, &mut results);
            drop(response);
            self.settle(handles, &results, deliver);
        }
    }

    fn settle(
        &mut self,
        handles: Vec<usize>,
        results: &[PartitionResult],
        deliver: &mut dyn FnMut(Delivery<'_>),
    ) {
        let now = Instant::now();
        for (at, handle) in handles.into_iter().enumerate() {
            let queue = &mut self.queues[handle];
            let id = self.cluster.topic(&queue.topic).map(|info| info.id);
            let is_it = |r: &PartitionResult| r.is(&queue.topic, id, queue.partition);
            // Brokers answer in the request's order as a rule.
            let result = results.get(at).filter(|r| is_it(r)).or_else(|| results.iter().find(|r| is_it(r)));
            let (code, base_offset, message) = match result {
                Some(result) => (result.code, result.base_offset, result.message.clone()),
                None => (headwater_core::ErrorCode::NetworkException.code(), -1, None),
            };
            let (verdict, done) = queue.on_answer(code);
            if queue.has_due(now) {
                list(&mut self.sendable, queue, handle);
            }
            match verdict {
                Verdict::Acked => {}
                Verdict::Again => {
                    queue.blocked_until = Some(now + RETRY_AFTER);
                    self.refresh_soon(now);
                }
                Verdict::AgainAsAnother | Verdict::Refused => self.renew |= self.identity.is_some(),
            }
            if let Some(batch) = done {
                let what = || format!("{}-{}", self.queues[handle].topic, self.queues[handle].partition);
                let outcome = match verdict {
                    Verdict::Acked => Ok((base_offset >= 0).then_some(base_offset)),
                    _ => Err(ClientError::Refused { what: what(), code, message }),
                };
                self.report(handle, batch, outcome, deliver);
            }
        }
    }
}

/// Puts a queue on the list of those with something to send, once.
fn list(sendable: &mut VecDeque<usize>, queue: &mut Queue, handle: usize) {
    if !queue.listed {
        queue.listed = true;
        sendable.push_back(handle);
    }
}

/// One partition's part of an answer, detached from the connection's buffer.
#[derive(Debug)]
struct PartitionResult {
    topic: Arc<str>,
    id: TopicId,
    partition: i32,
    code: i16,
    base_offset: i64,
    message: Option<String>,
}

impl PartitionResult {
    fn is(&self, topic: &str, id: Option<TopicId>, partition: i32) -> bool {
        let same_topic = if self.topic.is_empty() { Some(self.id) == id } else { &*self.topic == topic };
        self.partition == partition && same_topic
    }
}

fn read_results(response: &ProduceResponse<'_>, results: &mut Vec<PartitionResult>) {
    for topic in &response.responses {
        let name: Arc<str> = topic.name.as_ref().into();
        for p in &topic.partition_responses {
            results.push(PartitionResult {
                topic: name.clone(),
                id: topic.topic_id,
                partition: p.index,
                code: p.error_code,
                base_offset: p.base_offset,
                message: p.error_message.clone().map(String::from),
            });
        }
    }
}
