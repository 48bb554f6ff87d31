//! `rdkafka` in the words of the points: a producer that keeps its acknowledgements, a consumer of one partition, a
//! member of a group.

use std::env;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::{ClientContext, DefaultClientContext};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};

use crate::checks::{Seen, WAIT, equal, that, until};

const POLL: Duration = Duration::from_millis(100);

/// What is produced and what comes back.
#[derive(Debug, PartialEq)]
pub struct Record {
    pub partition: i32,
    pub offset: i64,
    pub timestamp: Option<i64>,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Record {
    /// One whose value is a number in text.
    pub fn numbered(partition: i32, number: i32) -> Record {
        let value = Some(number.to_string().into_bytes());
        Record { partition, offset: 0, timestamp: None, key: None, value, headers: Vec::new() }
    }

    /// Its number, or -1.
    pub fn number(&self) -> i32 {
        let text = self.value.as_deref().and_then(|v| std::str::from_utf8(v).ok());
        text.and_then(|t| t.parse().ok()).unwrap_or(-1)
    }

    fn of(message: &impl Message) -> Record {
        let headers = message
            .headers()
            .map(|all| all.iter().map(|h| (h.key.to_owned(), h.value.map(<[u8]>::to_vec))).collect());
        Record {
            partition: message.partition(),
            offset: message.offset(),
            timestamp: message.timestamp().to_millis(),
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers: headers.unwrap_or_default(),
        }
    }
}

fn config(settings: &[(&str, &str)]) -> Seen<ClientConfig> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", env::var("BOOTSTRAP")?).set("topic.metadata.refresh.interval.ms", "1000");
    for (key, value) in settings {
        config.set(*key, *value);
    }
    Ok(config)
}

/// Creates a topic and waits until each partition has a leader: a broker may answer before.
pub fn create_topic(name: &str, partitions: i32) -> Seen {
    let admin: AdminClient<DefaultClientContext> = config(&[])?.create()?;
    let options = AdminOptions::new().operation_timeout(Some(WAIT));
    let topics = [NewTopic::new(name, partitions, TopicReplication::Fixed(1))];
    let mut made = std::pin::pin!(admin.create_topics(&topics, &options));
    // The answer comes from a thread of the client; looking again now and then needs no async runtime.
    let mut context = Context::from_waker(Waker::noop());
    let mut answer = None;
    until("an answer to the creation", || {
        match made.as_mut().poll(&mut context) {
            Poll::Ready(result) => answer = Some(result),
            Poll::Pending => std::thread::sleep(Duration::from_millis(5)),
        }
        Ok(answer.is_some())
    })?;
    for result in answer.transpose()?.into_iter().flatten() {
        result.map_err(|(topic, code)| format!("{topic}: {code:?}"))?;
    }
    until("leaders", || {
        let metadata = admin.inner().fetch_metadata(Some(name), WAIT)?;
        let led = metadata.topics()[0].partitions().iter().filter(|p| p.leader() >= 0).count();
        Ok(led == partitions as usize)
    })
}

/// Collects (partition, offset) of what is acknowledged and the first error, in the order they are told.
#[derive(Default)]
pub struct Acknowledged {
    offsets: Mutex<Vec<(i32, i64)>>,
    error: Mutex<Option<String>>,
}

impl ClientContext for Acknowledged {}

impl ProducerContext for Acknowledged {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, _: ()) {
        match result {
            Ok(message) => lock(&self.offsets).push((message.partition(), message.offset())),
            Err((error, _)) => {
                lock(&self.error).get_or_insert_with(|| error.to_string());
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A producer.
pub struct Writer {
    pub inner: BaseProducer<Acknowledged>,
}

impl Writer {
    pub fn new(settings: &[(&str, &str)]) -> Seen<Writer> {
        // A transactional producer refuses a delivery timeout longer than its transaction's.
        let mut config = config(&[("linger.ms", "5"), ("delivery.timeout.ms", "60000")])?;
        for (key, value) in settings {
            config.set(*key, *value);
        }
        Ok(Writer { inner: config.create_with_context(Acknowledged::default())? })
    }

    pub fn send(&self, topic: &str, record: &Record) -> Seen {
        let mut headers = OwnedHeaders::new();
        for (key, value) in &record.headers {
            headers = headers.insert(Header { key, value: value.as_deref() });
        }
        let mut next = BaseRecord::<[u8], [u8]>::to(topic).partition(record.partition);
        next.key = record.key.as_deref();
        next.payload = record.value.as_deref();
        next.timestamp = record.timestamp;
        if !record.headers.is_empty() {
            next.headers = Some(headers);
        }
        loop {
            match self.inner.send(next) {
                Ok(()) => break,
                // The broker is away, and the client's queue is full.
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), same)) => {
                    next = same;
                    self.inner.poll(POLL);
                }
                Err((error, _)) => return Err(error.into()),
            }
        }
        self.inner.poll(Duration::ZERO);
        Ok(())
    }

    /// Waits for every acknowledgement.
    pub fn finish(self) -> Seen<Vec<(i32, i64)>> {
        self.inner.flush(Duration::from_secs(180))?;
        let context = self.inner.context();
        if let Some(error) = lock(&context.error).take() {
            return Err(format!("not acknowledged: {error}").into());
        }
        let offsets = std::mem::take(&mut *lock(&context.offsets));
        Ok(offsets)
    }
}

fn consumer_config(group: &str, settings: &[(&str, &str)]) -> Seen<ClientConfig> {
    let mut config = config(&[
        ("group.id", group),
        ("auto.offset.reset", "earliest"),
        ("enable.auto.commit", "false"),
        ("session.timeout.ms", "30000"),
        ("heartbeat.interval.ms", "300"),
        ("check.crcs", "true"),
    ])?;
    for (key, value) in settings {
        config.set(*key, *value);
    }
    Ok(config)
}

pub fn plain_consumer(group: &str, settings: &[(&str, &str)]) -> Seen<BaseConsumer> {
    Ok(consumer_config(group, settings)?.create()?)
}

/// The next record; errors that the client gets over by itself (a broker that is away) are none.
fn next<C: ConsumerContext>(consumer: &BaseConsumer<C>, patience: Duration) -> Seen<Option<Record>> {
    match consumer.poll(patience) {
        None => Ok(None),
        Some(Ok(message)) => Ok(Some(Record::of(&message))),
        Some(Err(error)) => match error.rdkafka_error_code() {
            Some(
                RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::AllBrokersDown
                | RDKafkaErrorCode::CoordinatorNotAvailable
                | RDKafkaErrorCode::CoordinatorLoadInProgress,
            ) => Ok(None),
            _ => Err(error.into()),
        },
    }
}

/// The first record of a consumer's turn.
pub fn first_offset(consumer: &BaseConsumer) -> Seen<i64> {
    let mut first = None;
    until("a record", || {
        first = next(consumer, POLL)?;
        Ok(first.is_some())
    })?;
    Ok(first.map_or(-1, |r| r.offset))
}

/// Every record of a partition from its beginning, `count` of them.
pub fn read_all(topic: &str, partition: i32, count: usize, settings: &[(&str, &str)]) -> Seen<Vec<Record>> {
    let consumer = plain_consumer("none", settings)?;
    let mut place = rdkafka::TopicPartitionList::new();
    place.add_partition_offset(topic, partition, rdkafka::Offset::Beginning)?;
    consumer.assign(&place)?;
    let mut all = Vec::new();
    until(&format!("{count} records of {topic}-{partition}"), || {
        all.extend(next(&consumer, POLL)?);
        Ok(all.len() >= count)
    })?;
    all.extend(next(&consumer, 2 * POLL)?);
    equal(&count, &all.len(), "records read")?;
    Ok(all)
}

/// Counts what is taken away, and commits before it is.
#[derive(Default)]
pub struct Taken {
    count: AtomicUsize,
}

impl ClientContext for Taken {}

impl ConsumerContext for Taken {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(partitions) = rebalance {
            self.count.fetch_add(partitions.count(), Ordering::Relaxed);
            // There may be nothing new to commit; a commit that is lost shows as records read twice.
            let _ = consumer.commit_consumer_state(CommitMode::Sync);
        }
    }
}

/// A member of a group with what it has read: (partition, number).
pub struct Member {
    consumer: BaseConsumer<Taken>,
    pub read: Vec<(i32, i32)>,
}

impl Member {
    pub fn join(group: &str, strategy: &str, topic: &str) -> Seen<Member> {
        let consumer: BaseConsumer<Taken> =
            consumer_config(group, &[("partition.assignment.strategy", strategy)])?
                .create_with_context(Taken::default())?;
        consumer.subscribe(&[topic])?;
        Ok(Member { consumer, read: Vec::new() })
    }

    pub fn poll(&mut self) -> Seen {
        let mut patience = POLL;
        while let Some(record) = next(&self.consumer, patience)? {
            self.read.push((record.partition, record.number()));
            patience = Duration::ZERO;
        }
        Ok(())
    }

    pub fn partitions(&self) -> Seen<usize> {
        Ok(self.consumer.assignment()?.count())
    }

    /// How many partitions were taken away so far.
    pub fn taken(&self) -> usize {
        self.consumer.context().count.load(Ordering::Relaxed)
    }

    /// Leaves the group, with its offsets committed; answers what it has read.
    pub fn leave(self) -> Seen<Vec<(i32, i32)>> {
        that(!self.read.is_empty(), "a member leaves that has read nothing")?;
        self.consumer.commit_consumer_state(CommitMode::Sync)?;
        Ok(self.read)
    }
}
