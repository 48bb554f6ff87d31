//! What a broker takes, as a client sees it: the real binary, a real disk, a socket between them.
//!
//! | bench | one iteration |
//! |---|---|
//! | `capacity/round` | one batch of one small record, sent, made durable, acknowledged; then the next |
//! | `capacity/append` | one batch of the size, of several under way, over 6 partitions, acknowledged when durable |
//! | `capacity/fetch` | one answer of up to 1 MiB, one after the other: of what is in memory, and of what only the disk has |
//! | `capacity/fan-out` | one batch of 64 KiB, until each of 1 or 16 consumers that wait for it has it |
//!
//! The broker is `target/release/headwater` (or what `HEADWATER` names), on a free port and a folder beside the
//! build's. With `CAPACITY_BOOTSTRAP=HOST:PORT` it is one that runs already, of any make, anywhere: that is how to find
//! out what a machine can do before it has to. Topics are made for each bench and deleted after it. The client is one
//! thread that sends batches made beforehand, so what is measured is the broker, the disk and the sockets.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{Criterion, Throughput};
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::header::BatchHeader;
use headwater_core::wire::Records;
use headwater_core::wire::fetch::{FetchPartition, FetchRequest, FetchTopic};
use headwater_core::wire::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use headwater_loadgen::client::{Answer, ClientConfig, Cluster, Connection, admin, wait};

const PARTITIONS: i32 = 6;
/// Requests under way on the one connection, as clients do it.
const UNDER_WAY: u64 = 5;
/// The last versions of Produce and Fetch that name topics.
const BY_NAME: i16 = 12;
const FETCH_BYTES: i32 = 1 << 20;
/// Of which some are in memory, and more are not: the broker keeps 64 MiB of a shard.
const COLD_BYTES: usize = 512 << 20;
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let broker = match Broker::find() {
        Ok(broker) => broker,
        Err(why) => {
            eprintln!("SKIPPED capacity: {why}");
            return ExitCode::SUCCESS;
        }
    };
    let mut c = Criterion::default().configure_from_args();
    round(&mut c, &broker);
    append(&mut c, &broker);
    fetch(&mut c, &broker);
    fan_out(&mut c, &broker);
    c.final_summary();
    ExitCode::SUCCESS
}

/// The broker under load; one that was started here ends with the value, and its folder goes.
struct Broker {
    address: String,
    own: Option<(Child, PathBuf)>,
}

impl Broker {
    fn find() -> Result<Broker, String> {
        if let Ok(address) = std::env::var("CAPACITY_BOOTSTRAP") {
            return Ok(Broker { address, own: None });
        }
        let built = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/release/headwater");
        let binary = std::env::var("HEADWATER").unwrap_or_else(|_| built.into());
        let folder =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("capacity-{}", std::process::id()));
        let mut child = Command::new(&binary)
            .args(["start", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{binary}: {error}; cargo build --release makes it"))?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            let _ = BufReader::new(out).read_line(&mut line);
        }
        let address = line.trim_end().strip_prefix("ready ").map(String::from);
        let broker = Broker { address: address.clone().unwrap_or_default(), own: Some((child, folder)) };
        address
            .map(|_| broker)
            .ok_or_else(|| format!("{binary} does not start here; headwater doctor may say why"))
    }

    fn cluster(&self) -> Cluster {
        Cluster::connect(ClientConfig::new(&*self.address, "capacity")).expect("the broker answers")
    }

    fn connect(&self) -> Connection {
        Connection::open(&self.address, "capacity", PATIENCE).expect("the broker answers")
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some((child, folder)) = &mut self.own {
            let _ = child.kill();
            let _ = child.wait();
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// A topic that goes with the value.
struct Topic<'b> {
    name: String,
    broker: &'b Broker,
}

impl<'b> Topic<'b> {
    fn new(broker: &'b Broker, what: &str, partitions: i32) -> Self {
        let name = format!("capacity-{what}-{}", std::process::id());
        admin::create_topic(&mut broker.cluster(), &name, Some(partitions), &[])
            .expect("a topic can be made");
        Self { name, broker }
    }

    fn produce(&self, connection: &mut Connection, partition: i32, batch: &Bytes) {
        let records = Records::Shared(vec![batch.clone()]);
        let partition = PartitionProduceData { index: partition, records };
        let name = self.name.as_str().into();
        let topic = TopicProduceData { name, partition_data: vec![partition], ..Default::default() };
        let request =
            ProduceRequest { transactional_id: None, acks: -1, timeout_ms: 30_000, topic_data: vec![topic] };
        let version = connection.version::<ProduceRequest<'_>>(BY_NAME).expect("it produces");
        connection.send(&request, version);
    }

    fn fetch(&self, connection: &mut Connection, offset: i64) {
        let partition = FetchPartition {
            fetch_offset: offset,
            current_leader_epoch: -1,
            log_start_offset: -1,
            partition_max_bytes: FETCH_BYTES,
            ..Default::default()
        };
        let topic = self.name.as_str().into();
        let request = FetchRequest {
            replica_id: -1,
            max_wait_ms: 30_000,
            min_bytes: 1,
            max_bytes: FETCH_BYTES,
            session_epoch: -1,
            topics: vec![FetchTopic { topic, partitions: vec![partition], ..Default::default() }],
            ..Default::default()
        };
        let version = connection.version::<FetchRequest<'_>>(BY_NAME).expect("it fetches");
        connection.send(&request, version);
    }

    /// Appends `n` batches to partition 0 and waits for them.
    fn fill(&self, connection: &mut Connection, batch: &Bytes, n: u64) {
        exchange(connection, n, UNDER_WAY, |connection, _| self.produce(connection, 0, batch), stored);
    }
}

impl Drop for Topic<'_> {
    fn drop(&mut self) {
        let _ = admin::delete_topic(&mut self.broker.cluster(), &self.name);
    }
}

/// Sends `n` requests with so many under way, and takes their answers.
fn exchange(
    connection: &mut Connection,
    n: u64,
    under_way: u64,
    mut send: impl FnMut(&mut Connection, u64),
    mut answered: impl FnMut(&Answer<'_>),
) {
    let (mut sent, mut taken) = (0, 0);
    while taken < n {
        while sent < n && sent - taken < under_way {
            send(connection, sent);
            sent += 1;
        }
        connection.transfer(false).expect("the broker stays");
        if !connection.has_answer() {
            let readable = wait(&[&*connection], Some(Instant::now() + PATIENCE))[0];
            connection.transfer(readable).expect("the broker stays");
        }
        while let Some(answer) = connection.take().expect("the broker stays") {
            answered(&answer);
            taken += 1;
        }
    }
}

/// Whether a batch was taken; anything else would make a fast figure of refusals.
fn stored(answer: &Answer<'_>) {
    let answer = answer.read::<ProduceRequest<'_>>().expect("an answer that can be read");
    assert_eq!(answer.responses[0].partition_responses[0].error_code, 0, "the broker takes it");
}

/// Bytes of records in an answer, and the offset behind them.
fn fetched(answer: &Answer<'_>) -> (usize, i64) {
    let answer = answer.read::<FetchRequest<'_>>().expect("an answer that can be read");
    let partition = &answer.responses[0].partitions[0];
    assert_eq!(partition.error_code, 0, "the broker gives it");
    let records = partition.records.slice().unwrap_or_default();
    let (mut at, mut next) = (0, 0);
    while let Ok(header) = BatchHeader::parse(&records[at..]) {
        at += header.encoded_len;
        if at > records.len() {
            break;
        }
        next = header.last_offset().get() + 1;
    }
    (records.len(), next)
}

/// A batch of about this many bytes, of records of 1 KiB or one smaller one, that no codec of the way would shrink.
fn batch(bytes: usize) -> Bytes {
    let now = std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_millis() as i64);
    let mut builder = BatchBuilder::new();
    let mut state = 1u64;
    let mut value = || -> Vec<u8> {
        (0..bytes.min(1012))
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56) as u8
            })
            .collect()
    };
    for _ in 0..bytes.div_ceil(1024) {
        builder.push(now, None, Some(&value()), &[]);
    }
    builder.build()
}

fn group<'c>(
    c: &'c mut Criterion,
    name: &str,
) -> criterion::BenchmarkGroup<'c, criterion::measurement::WallTime> {
    let mut group = c.benchmark_group(format!("capacity/{name}"));
    group.sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    group
}

fn timed(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

fn round(c: &mut Criterion, broker: &Broker) {
    let (topic, mut connection) = (Topic::new(broker, "round", PARTITIONS), broker.connect());
    let batch = batch(100);
    let mut group = group(c, "round");
    group.throughput(Throughput::Elements(1));
    group.bench_function("one after the other", |b| {
        b.iter_custom(|n| {
            let send =
                |connection: &mut Connection, n| topic.produce(connection, n as i32 % PARTITIONS, &batch);
            timed(|| exchange(&mut connection, n, 1, send, stored))
        });
    });
    group.bench_function("64 under way", |b| {
        b.iter_custom(|n| {
            let send =
                |connection: &mut Connection, n| topic.produce(connection, n as i32 % PARTITIONS, &batch);
            timed(|| exchange(&mut connection, n, 64, send, stored))
        });
    });
}

fn append(c: &mut Criterion, broker: &Broker) {
    let mut group = group(c, "append");
    for kib in [1, 16, 64, 256, 1000] {
        let (topic, mut connection) =
            (Topic::new(broker, &format!("append-{kib}"), PARTITIONS), broker.connect());
        let batch = batch(kib << 10);
        group.throughput(Throughput::Bytes(batch.len() as u64));
        group.bench_function(format!("{kib} KiB"), |b| {
            b.iter_custom(|n| {
                let send =
                    |connection: &mut Connection, n| topic.produce(connection, n as i32 % PARTITIONS, &batch);
                timed(|| exchange(&mut connection, n, UNDER_WAY, send, stored))
            });
        });
    }
}

fn fetch(c: &mut Criterion, broker: &Broker) {
    let (topic, mut connection) = (Topic::new(broker, "fetch", 1), broker.connect());
    let batch = batch(64 << 10);
    let batches = (COLD_BYTES / batch.len()) as u64;
    topic.fill(&mut connection, &batch, batches);
    let records = batches as i64 * 64;
    let mut group = group(c, "fetch");
    // Newest first: reading it does not bring the rest into memory.
    for (name, from, until) in
        [("from memory", records - 64 * 256, records - 64 * 32), ("from the disk", 0, records - 64 * 4096)]
    {
        let mut at = from;
        let mut one = |connection: &mut Connection, n: u64| {
            let mut bytes = 0;
            for _ in 0..n {
                let mut next = 0;
                exchange(
                    connection,
                    1,
                    1,
                    |connection, _| topic.fetch(connection, at),
                    |answer| {
                        let (len, behind) = fetched(answer);
                        bytes += len;
                        next = behind;
                    },
                );
                assert!(next > at, "there is something at {at}");
                at = if next < until { next } else { from };
            }
            bytes
        };
        group.throughput(Throughput::Bytes(one(&mut connection, 1) as u64));
        group.bench_function(name, |b| {
            b.iter_custom(|n| {
                timed(|| {
                    one(&mut connection, n);
                })
            });
        });
    }
}

fn fan_out(c: &mut Criterion, broker: &Broker) {
    let batch = batch(64 << 10);
    let mut group = group(c, "fan-out");
    for consumers in [1, 16] {
        let topic = Topic::new(broker, &format!("fan-out-{consumers}"), 1);
        let mut producer = broker.connect();
        let mut waiting: Vec<Connection> = (0..consumers).map(|_| broker.connect()).collect();
        let mut at = 0;
        for connection in &mut waiting {
            topic.fetch(connection, at);
            connection.transfer(false).expect("the broker stays");
        }
        group.throughput(Throughput::Bytes(consumers as u64 * batch.len() as u64));
        group.bench_function(format!("{consumers} consumers"), |b| {
            b.iter_custom(|n| {
                timed(|| {
                    for _ in 0..n {
                        topic.fill(&mut producer, &batch, 1);
                        at = received(&topic, &mut waiting, at);
                    }
                })
            });
        });
    }
}

/// Waits until all have what comes at `at`, and has each wait for the next; answers the offset of that.
fn received(topic: &Topic<'_>, waiting: &mut [Connection], at: i64) -> i64 {
    let mut next = vec![at; waiting.len()];
    while next.contains(&at) {
        let connections: Vec<&Connection> = waiting.iter().collect();
        let readable = wait(&connections, Some(Instant::now() + PATIENCE));
        for ((connection, next), readable) in waiting.iter_mut().zip(&mut next).zip(readable) {
            connection.transfer(readable).expect("the broker stays");
            let behind = connection.take().expect("the broker stays").map(|answer| fetched(&answer).1);
            if let Some(behind) = behind {
                // An answer may be empty when its time is up.
                *next = behind.max(*next);
                topic.fetch(connection, *next);
                connection.transfer(false).expect("the broker stays");
            }
        }
    }
    next[0]
}
