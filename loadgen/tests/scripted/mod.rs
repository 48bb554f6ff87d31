//! A broker of one topic that does what a script says: it answers Produce late by known times, and its log
//! loses, doubles, reorders or damages batches, as a bad proxy or disk would; it refuses an API, or tells of quotas. It
//! keeps account of what it did, so that a test can hold the load generator's findings against it.
//!
//! In this process, in memory, one thread a connection and one for its answers; no sessions, and of groups only the
//! refusal.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::time::{Duration, Instant};

use headwater_core::ids::Offset;
use headwater_core::record::header::{BatchView, HEADER_BYTES, seal, set_base_offset};
use headwater_core::record::records::Records as BatchRecords;
use headwater_core::wire::fetch::{FetchRequest, FetchResponse, FetchableTopicResponse, PartitionData};
use headwater_core::wire::messages::api_versions_response::ApiVersion;
use headwater_core::wire::messages::create_topics_response::CreatableTopicResult;
use headwater_core::wire::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use headwater_core::wire::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use headwater_core::wire::messages::{
    ApiVersionsResponse, CreateTopicsRequest, CreateTopicsResponse, FindCoordinatorResponse,
    InitProducerIdResponse, JoinGroupResponse, ListOffsetsRequest, ListOffsetsResponse, MetadataRequest,
    MetadataResponse,
};
use headwater_core::wire::produce::{
    PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceResponse,
};
use headwater_core::wire::{ApiKey, Decode, Encode, Reader, Records, RequestHeader, frame};
use headwater_loadgen::payload;

/// Versions without topic ids, which a broker of one topic has no use for.
const SERVED: [(ApiKey, i16, i16); 9] = [
    (ApiKey::Produce, 3, 9),
    (ApiKey::Fetch, 4, 11),
    (ApiKey::ListOffsets, 1, 5),
    (ApiKey::Metadata, 1, 9),
    (ApiKey::ApiVersions, 0, 3),
    (ApiKey::InitProducerId, 0, 2),
    (ApiKey::FindCoordinator, 0, 2),
    (ApiKey::JoinGroup, 0, 5),
    (ApiKey::CreateTopics, 2, 6),
];

/// What becomes of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is appended.
    Kept,
    /// It is acknowledged and thrown away.
    Lost,
    /// It is appended twice.
    Doubled,
    /// It is appended after the next one.
    Late,
    /// A bit of its last record's value is flipped, which its CRC-32C shows.
    Flipped,
    /// The same, and the batch's CRC-32C is made to fit: only the record's own checksum shows it.
    FlippedAndSealed,
}

/// What the broker does, decided by the script of a test.
#[derive(Clone, Copy)]
pub struct Script {
    /// How late a Produce of this load producer is answered.
    pub delay: fn(producer: u32) -> Duration,
    /// What becomes of the batch with this number.
    pub fate: fn(batch: u64) -> Fate,
    /// An API that is always refused, and the error that says so.
    pub refuse: Option<(ApiKey, i16)>,
    /// For how many milliseconds an answer tells the client to be quiet: each to a Produce, and each to a Fetch that brings
    /// something. The broker itself does nothing about it.
    pub throttle_ms: (i32, i32),
    /// There is no topic at first, and this many requests to create it are too many, each for so many milliseconds.
    pub create_refusals: Option<(usize, i32)>,
}

impl Default for Script {
    /// An honest and prompt broker.
    fn default() -> Self {
        Script {
            delay: |_| Duration::ZERO,
            fate: |_| Fate::Kept,
            refuse: None,
            throttle_ms: (0, 0),
            create_refusals: None,
        }
    }
}

impl Script {
    /// The error that all of this API are answered with; 0 for none.
    fn refusal(&self, api: ApiKey) -> i16 {
        self.refuse.filter(|(refused, _)| *refused == api).map_or(0, |(_, code)| code)
    }
}

/// Records by what was done to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    pub lost: u64,
    pub doubled: u64,
    pub late: u64,
    pub damaged: u64,
    /// How often each fate came.
    pub batches: u64,
    /// Answers to Fetch that brought something.
    pub fetches: u64,
    /// When it was asked to create the topic.
    pub creations: Vec<Instant>,
}

#[derive(Default)]
struct Log {
    bytes: Vec<(i64, Vec<u8>)>,
    end: i64,
    late: Option<Vec<u8>>,
    account: Account,
}

struct Shared {
    script: Script,
    partitions: i32,
    port: u16,
    logs: Mutex<Vec<Log>>,
    grown: Condvar,
    fetches: AtomicU64,
    creations: Mutex<Vec<Instant>>,
}

/// The broker; it ends with the process.
pub struct Scripted {
    /// Where it listens.
    pub address: String,
    shared: Arc<Shared>,
}

impl Scripted {
    pub fn start(partitions: i32, script: Script) -> Scripted {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let logs = (0..partitions).map(|_| Log::default()).collect();
        let shared = Arc::new(Shared {
            script,
            partitions,
            port,
            logs: Mutex::new(logs),
            grown: Condvar::new(),
            fetches: AtomicU64::new(0),
            creations: Mutex::default(),
        });
        let serving = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = serving.clone();
                std::thread::spawn(move || serve(&shared, stream));
            }
        });
        Scripted { address: format!("127.0.0.1:{port}"), shared }
    }

    /// What it did so far; a batch that still waits to be late is lost.
    pub fn account(&self) -> Account {
        let logs = self.shared.logs.lock().unwrap();
        let mut sum = Account {
            fetches: self.shared.fetches.load(Ordering::Relaxed),
            creations: self.shared.creations.lock().unwrap().clone(),
            ..Account::default()
        };
        for log in logs.iter() {
            sum.lost += log.account.lost + log.late.as_ref().map_or(0, |batch| count(batch));
            sum.late += log.account.late - log.late.as_ref().map_or(0, |batch| count(batch));
            sum.doubled += log.account.doubled;
            sum.damaged += log.account.damaged;
            sum.batches += log.account.batches;
        }
        sum
    }
}

fn count(batch: &[u8]) -> u64 {
    BatchView::split(batch).unwrap().0.header.record_count as u64
}

fn serve(shared: &Shared, mut stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    let (answers, due) = mpsc::channel::<(Instant, bytes::Bytes)>();
    let mut out = stream.try_clone().unwrap();
    let writer = std::thread::spawn(move || {
        for (at, bytes) in due {
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            if out.write_all(&bytes).is_err() {
                return;
            }
        }
    });
    let mut received = Vec::new();
    let mut chunk = vec![0; 1 << 16];
    loop {
        while let Ok(frame::Split::Frame { frame, rest }) = frame::split(&received, 64 << 20) {
            let used = received.len() - rest.len();
            let began = Instant::now();
            let (delay, answer) = answer(shared, frame);
            if answers.send((began + delay, answer)).is_err() {
                return;
            }
            received.drain(..used);
        }
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => break,
            Ok(got) => received.extend_from_slice(&chunk[..got]),
        }
    }
    drop(answers);
    let _ = writer.join();
}

fn answer(shared: &Shared, request: &[u8]) -> (Duration, bytes::Bytes) {
    let mut r = Reader::new(request);
    let header = RequestHeader::read(&mut r).unwrap();
    let (api, version, id) =
        (ApiKey::from_code(header.api_key).unwrap(), header.api_version, header.correlation_id);
    let reply = |body: &dyn Fn() -> bytes::Bytes| (Duration::ZERO, body());
    fn encoded(api: ApiKey, version: i16, id: i32, body: &impl Encode) -> bytes::Bytes {
        frame::response(api, version, id, body)
    }
    match api {
        ApiKey::ApiVersions => reply(&|| {
            let supported = version <= 3;
            let api_keys = SERVED.map(|(api, min_version, max_version)| ApiVersion {
                api_key: api as i16,
                min_version,
                max_version,
            });
            let body = ApiVersionsResponse {
                error_code: if supported { 0 } else { 35 },
                api_keys: api_keys.to_vec(),
                ..Default::default()
            };
            encoded(api, if supported { version } else { 0 }, id, &body)
        }),
        ApiKey::Metadata => {
            let asked = MetadataRequest::decode(&mut r, version).unwrap();
            (Duration::ZERO, encoded(api, version, id, &metadata(shared, &asked)))
        }
        ApiKey::InitProducerId => reply(&|| {
            let error_code = shared.script.refusal(api);
            let body = InitProducerIdResponse {
                error_code,
                producer_id: 7,
                producer_epoch: 0,
                ..Default::default()
            };
            encoded(api, version, id, &body)
        }),
        ApiKey::ListOffsets => {
            let asked = ListOffsetsRequest::decode(&mut r, version).unwrap();
            (Duration::ZERO, encoded(api, version, id, &offsets(shared, &asked)))
        }
        ApiKey::Produce => {
            let asked = ProduceRequest::decode(&mut r, version).unwrap();
            let (delay, body) = produce(shared, &asked);
            (delay, encoded(api, version, id, &body))
        }
        ApiKey::Fetch => {
            let asked = FetchRequest::decode(&mut r, version).unwrap();
            (Duration::ZERO, encoded(api, version, id, &fetch(shared, &asked)))
        }
        ApiKey::FindCoordinator => reply(&|| {
            let body = FindCoordinatorResponse {
                error_code: shared.script.refusal(api),
                node_id: 1,
                host: "127.0.0.1".into(),
                port: shared.port.into(),
                ..Default::default()
            };
            encoded(api, version, id, &body)
        }),
        ApiKey::JoinGroup => reply(&|| {
            let body = JoinGroupResponse { error_code: shared.script.refusal(api), ..Default::default() };
            encoded(api, version, id, &body)
        }),
        ApiKey::CreateTopics => {
            let asked = CreateTopicsRequest::decode(&mut r, version).unwrap();
            (Duration::ZERO, encoded(api, version, id, &create(shared, &asked)))
        }
        other => panic!("{other:?} was not among the versions"),
    }
}

impl Shared {
    /// Whether there is a topic.
    fn is_created(&self) -> bool {
        self.script.create_refusals.is_none_or(|(times, _)| self.creations.lock().unwrap().len() > times)
    }
}

fn create(shared: &Shared, asked: &CreateTopicsRequest<'_>) -> CreateTopicsResponse<'static> {
    shared.creations.lock().unwrap().push(Instant::now());
    let too_many = !shared.is_created();
    let topics = asked.topics.iter().map(|topic| CreatableTopicResult {
        name: topic.name.clone().into_owned().into(),
        error_code: if too_many { 89 } else { 0 },
        ..Default::default()
    });
    let throttle_time_ms = shared.script.create_refusals.filter(|_| too_many).map_or(0, |(_, ms)| ms);
    CreateTopicsResponse { throttle_time_ms, topics: topics.collect() }
}

fn metadata(shared: &Shared, asked: &MetadataRequest<'_>) -> MetadataResponse<'static> {
    let partition = |partition_index: i32| MetadataResponsePartition {
        partition_index,
        leader_id: 1,
        replica_nodes: vec![1],
        isr_nodes: vec![1],
        ..Default::default()
    };
    let unknown = if shared.is_created() { 0 } else { 3 };
    let topics = asked.topics.iter().flatten().map(|topic| MetadataResponseTopic {
        error_code: shared.script.refusal(ApiKey::Metadata).max(unknown),
        name: topic.name.clone().map(|name| name.into_owned().into()),
        partitions: (0..shared.partitions).map(partition).collect(),
        ..Default::default()
    });
    let broker = MetadataResponseBroker {
        node_id: 1,
        host: "127.0.0.1".into(),
        port: shared.port.into(),
        ..Default::default()
    };
    MetadataResponse {
        brokers: vec![broker],
        controller_id: 1,
        topics: topics.collect(),
        ..Default::default()
    }
}

fn offsets(shared: &Shared, asked: &ListOffsetsRequest<'_>) -> ListOffsetsResponse<'static> {
    let logs = shared.logs.lock().unwrap();
    let topics = asked.topics.iter().map(|topic| ListOffsetsTopicResponse {
        name: topic.name.clone().into_owned().into(),
        partitions: topic
            .partitions
            .iter()
            .map(|p| ListOffsetsPartitionResponse {
                partition_index: p.partition_index,
                error_code: shared.script.refusal(ApiKey::ListOffsets),
                timestamp: -1,
                offset: if p.timestamp == -1 { logs[p.partition_index as usize].end } else { 0 },
                ..Default::default()
            })
            .collect(),
    });
    ListOffsetsResponse { topics: topics.collect(), ..Default::default() }
}

fn produce(shared: &Shared, asked: &ProduceRequest<'_>) -> (Duration, ProduceResponse<'static>) {
    let mut logs = shared.logs.lock().unwrap();
    let (mut delay, mut responses) = (Duration::ZERO, Vec::new());
    for topic in &asked.topic_data {
        let mut partition_responses = Vec::new();
        for data in &topic.partition_data {
            let log = &mut logs[data.index as usize];
            let batch = data.records.slice().unwrap();
            delay = delay.max((shared.script.delay)(producer_of(batch)));
            let base_offset = log.end;
            let error_code = shared.script.refusal(ApiKey::Produce);
            if error_code == 0 {
                log.take(batch.to_vec(), shared.script.fate);
            }
            partition_responses.push(PartitionProduceResponse {
                index: data.index,
                error_code,
                base_offset,
                ..Default::default()
            });
        }
        responses.push(TopicProduceResponse {
            name: topic.name.to_string().into(),
            partition_responses,
            ..Default::default()
        });
    }
    shared.grown.notify_all();
    let throttle_time_ms = shared.script.throttle_ms.0;
    (delay, ProduceResponse { responses, throttle_time_ms, ..Default::default() })
}

/// Which load producer made a batch.
fn producer_of(batch: &[u8]) -> u32 {
    let view = BatchView::split(batch).unwrap().0;
    let records = BatchRecords::of(&view, 1 << 20).unwrap();
    let record = records.iter().next().unwrap().unwrap();
    payload::read(record.value.unwrap()).unwrap().producer
}

impl Log {
    fn take(&mut self, mut batch: Vec<u8>, fate: fn(u64) -> Fate) {
        let fate = fate(self.account.batches);
        self.account.batches += 1;
        let records = count(&batch);
        let waiting = self.late.take();
        match fate {
            Fate::Kept => self.append(batch),
            Fate::Lost => self.account.lost += records,
            Fate::Doubled => {
                self.account.doubled += records;
                self.append(batch.clone());
                self.append(batch);
            }
            Fate::Late => {
                self.account.late += records;
                self.late = Some(batch);
            }
            Fate::Flipped | Fate::FlippedAndSealed => {
                // The last byte counts the headers, the one before it ends the value.
                let at = batch.len() - 2;
                assert!(at > HEADER_BYTES);
                batch[at] ^= 1;
                let sealed = fate == Fate::FlippedAndSealed;
                if sealed {
                    seal(&mut batch);
                }
                // A batch whose CRC fails is not looked into: all of it counts.
                self.account.damaged += if sealed { 1 } else { records };
                self.append(batch);
            }
        }
        if let Some(batch) = waiting {
            self.append(batch);
        }
    }

    fn append(&mut self, mut batch: Vec<u8>) {
        set_base_offset(&mut batch, Offset::new(self.end));
        let base = self.end;
        self.end += count(&batch) as i64;
        self.bytes.push((base, batch));
    }

    /// Whole batches from the one that holds `offset` on, up to a megabyte.
    fn read(&self, offset: i64) -> Vec<bytes::Bytes> {
        let first = self.bytes.partition_point(|(base, _)| *base <= offset).saturating_sub(1);
        if offset >= self.end {
            return Vec::new();
        }
        let mut left = 1usize << 20;
        let batches = self.bytes[first..].iter().take_while(|(_, batch)| {
            let fits = left > 0;
            left = left.saturating_sub(batch.len());
            fits
        });
        batches.map(|(_, batch)| batch.clone().into()).collect()
    }
}

fn fetch(shared: &Shared, asked: &FetchRequest<'_>) -> FetchResponse<'static> {
    let deadline = Instant::now() + Duration::from_millis(asked.max_wait_ms as u64);
    let mut logs = shared.logs.lock().unwrap();
    loop {
        let mut bytes = 0;
        let mut responses = Vec::new();
        for topic in &asked.topics {
            let mut partitions = Vec::new();
            for p in &topic.partitions {
                let log = &logs[p.partition as usize];
                let records = log.read(p.fetch_offset);
                bytes += records.iter().map(bytes::Bytes::len).sum::<usize>();
                partitions.push(PartitionData {
                    partition_index: p.partition,
                    error_code: shared.script.refusal(ApiKey::Fetch),
                    high_watermark: log.end,
                    last_stable_offset: log.end,
                    records: Records::Shared(records),
                    ..Default::default()
                });
            }
            responses.push(FetchableTopicResponse {
                topic: topic.topic.to_string().into(),
                partitions,
                ..Default::default()
            });
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if bytes > 0 {
            shared.fetches.fetch_add(1, Ordering::Relaxed);
            let throttle_time_ms = shared.script.throttle_ms.1;
            return FetchResponse { responses, throttle_time_ms, ..Default::default() };
        }
        if left.is_zero() {
            return FetchResponse { responses, ..Default::default() };
        }
        logs = shared.grown.wait_timeout(logs, left).unwrap().0;
    }
}
