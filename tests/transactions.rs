//! kill -9 in the middle of transactions, of both protocols at once. Each transaction writes its number to every
//! partition, and one of the producers commits it as an offset, too. Whatever the moment of the kill, a reader of
//! committed records sees a number everywhere or nowhere; everywhere if the commit was acknowledged, nowhere if none
//! was asked for. In the end nothing is left open.
//!
//! `CRASH_ROUNDS=20 cargo test --test transactions` kills oftener.

mod broker;

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use broker::wire::{Socket, decode, request};
use broker::{Broker, PATIENCE, seed};
use headwater_core::ErrorCode;
use headwater_core::ids::{ProducerEpoch, ProducerId};
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::control::{EndMarker, Outcome};
use headwater_core::record::header::BatchView;
use headwater_core::record::records::Records as InBatch;
use headwater_core::wire::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic};
use headwater_core::wire::messages::add_partitions_to_txn_request::{
    AddPartitionsToTxnRequest, AddPartitionsToTxnTopic,
};
use headwater_core::wire::messages::add_partitions_to_txn_response::AddPartitionsToTxnResponse;
use headwater_core::wire::messages::end_txn_request::EndTxnRequest;
use headwater_core::wire::messages::end_txn_response::EndTxnResponse;
use headwater_core::wire::messages::find_coordinator_request::FindCoordinatorRequest;
use headwater_core::wire::messages::init_producer_id_request::InitProducerIdRequest;
use headwater_core::wire::messages::init_producer_id_response::InitProducerIdResponse;
use headwater_core::wire::messages::offset_fetch_request::{OffsetFetchRequest, OffsetFetchRequestTopic};
use headwater_core::wire::messages::offset_fetch_response::OffsetFetchResponse;
use headwater_core::wire::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequest, TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use headwater_core::wire::messages::txn_offset_commit_response::TxnOffsetCommitResponse;
use headwater_core::wire::produce::{
    PartitionProduceData, ProduceRequest, ProduceResponse, TopicProduceData,
};
use headwater_core::wire::{Records, Request};
use headwater_loadgen::rng::Rng;

const PARTITIONS: i32 = 4;

/// What its producer knows of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Committed,
    /// No commit was asked for.
    NotCommitted,
    /// A commit was asked for and not answered.
    Unknown,
}

/// The connection broke, or the broker refused: the producer begins anew.
#[derive(Debug)]
struct Broken;

struct Producer {
    address: String,
    socket: Option<Socket>,
    id: &'static str,
    /// It leaves its partitions to the broker and gets an epoch for each transaction (`transaction.version` 2).
    bumps: bool,
    identity: Option<(i64, i16)>,
    sequence: i32,
}

impl Producer {
    /// Sends a request; gives the reply's body.
    fn ask<R: Request>(&mut self, version: i16, body: &R) -> Result<Vec<u8>, Broken> {
        let flexible = version >= R::FLEXIBLE_FROM;
        let bytes = request(R::KEY, version, flexible, body);
        if self.socket.is_none() {
            let stream = TcpStream::connect(&self.address).map_err(|_| Broken)?;
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            self.socket = Some(Socket(stream));
        }
        let socket = self.socket.as_mut().unwrap();
        let reply = socket.0.write_all(&bytes).ok().and_then(|()| socket.receive());
        if reply.is_none() {
            self.socket = None;
        }
        reply.map(|reply| reply[usize::from(flexible)..].to_vec()).ok_or(Broken)
    }

    /// Introduces itself until it is let in.
    fn begin(&mut self) -> (i64, i16) {
        let began = Instant::now();
        loop {
            assert!(began.elapsed() < PATIENCE, "{} is never let in", self.id);
            // The coordinators' topics are made by these.
            for (key_type, key) in [(0, "g"), (1, self.id)] {
                let find = FindCoordinatorRequest { key: key.into(), key_type, ..Default::default() };
                let _ = self.ask(3, &find);
            }
            let init = InitProducerIdRequest {
                transactional_id: Some(self.id.into()),
                transaction_timeout_ms: 60_000,
                producer_id: -1,
                producer_epoch: -1,
            };
            if let Ok(reply) = self.ask(4, &init) {
                let reply: InitProducerIdResponse = decode(&reply, 4, false);
                if reply.error_code == 0 {
                    self.sequence = 0;
                    self.identity = Some((reply.producer_id, reply.producer_epoch));
                    return (reply.producer_id, reply.producer_epoch);
                }
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn transact(&mut self, number: i64, commit: bool) -> Fate {
        let (id, epoch) = self.identity.unwrap_or_else(|| self.begin());
        if self.fill(id, epoch, number).is_err() {
            self.identity = None;
            return Fate::NotCommitted;
        }
        match self.end(id, epoch, commit) {
            Ok(()) if commit => Fate::Committed,
            Ok(()) => Fate::NotCommitted,
            Err(Broken) => {
                self.identity = None;
                if commit { Fate::Unknown } else { Fate::NotCommitted }
            }
        }
    }

    /// Tries until the last transaction's markers are written.
    fn patiently(&mut self, mut ask: impl FnMut(&mut Self) -> Result<i16, Broken>) -> Result<(), Broken> {
        let began = Instant::now();
        loop {
            let code = ErrorCode::from_code(ask(self)?).unwrap();
            match code {
                ErrorCode::None => return Ok(()),
                code if code.retriable() && began.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                _ => return Err(Broken),
            }
        }
    }

    fn fill(&mut self, id: i64, epoch: i16, number: i64) -> Result<(), Broken> {
        if !self.bumps {
            let topic = AddPartitionsToTxnTopic { name: "t".into(), partitions: (0..PARTITIONS).collect() };
            let add = AddPartitionsToTxnRequest {
                v3_and_below_transactional_id: self.id.into(),
                v3_and_below_producer_id: id,
                v3_and_below_producer_epoch: epoch,
                v3_and_below_topics: vec![topic],
                ..Default::default()
            };
            self.patiently(|producer| {
                let reply = producer.ask(3, &add)?;
                let reply: AddPartitionsToTxnResponse<'_> = decode(&reply, 3, false);
                Ok(reply.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error_code)
            })?;
        }
        let sequence = if self.bumps { 0 } else { self.sequence };
        let value = format!("{}{number}", self.id);
        let batch = BatchBuilder::new()
            .producer(ProducerId::new(id), ProducerEpoch::new(epoch), sequence)
            .transactional()
            .record(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() as i64, None, Some(value.as_bytes()))
            .build();
        for index in 0..PARTITIONS {
            let partition = PartitionProduceData { index, records: Records::Borrowed(&batch) };
            let topic =
                TopicProduceData { name: "t".into(), partition_data: vec![partition], ..Default::default() };
            let produce = ProduceRequest {
                transactional_id: Some(self.id.into()),
                acks: -1,
                timeout_ms: 10_000,
                topic_data: vec![topic],
            };
            let version = if self.bumps { 12 } else { 9 };
            self.patiently(|producer| {
                let reply = producer.ask(version, &produce)?;
                let reply: ProduceResponse<'_> = decode(&reply, version, false);
                Ok(reply.responses[0].partition_responses[0].error_code)
            })?;
        }
        self.sequence += 1;
        if self.bumps {
            let partition = TxnOffsetCommitRequestPartition {
                partition_index: 0,
                committed_offset: number,
                ..Default::default()
            };
            let topic = TxnOffsetCommitRequestTopic { name: "t".into(), partitions: vec![partition] };
            let commit = TxnOffsetCommitRequest {
                transactional_id: self.id.into(),
                group_id: "g".into(),
                producer_id: id,
                producer_epoch: epoch,
                generation_id: -1,
                topics: vec![topic],
                ..Default::default()
            };
            self.patiently(|producer| {
                let reply = producer.ask(5, &commit)?;
                let reply: TxnOffsetCommitResponse<'_> = decode(&reply, 5, false);
                Ok(reply.topics[0].partitions[0].error_code)
            })?;
        }
        Ok(())
    }

    fn end(&mut self, id: i64, epoch: i16, committed: bool) -> Result<(), Broken> {
        let version = if self.bumps { 5 } else { 3 };
        let end = EndTxnRequest {
            transactional_id: self.id.into(),
            producer_id: id,
            producer_epoch: epoch,
            committed,
        };
        let reply = self.ask(version, &end)?;
        let reply: EndTxnResponse = decode(&reply, version, false);
        if reply.error_code != 0 {
            return Err(Broken);
        }
        if self.bumps {
            assert_eq!((reply.producer_id, reply.producer_epoch), (id, epoch + 1));
            self.identity = Some((reply.producer_id, reply.producer_epoch));
        }
        Ok(())
    }
}

/// The values in a partition that a reader of committed records keeps, as a client does it: by the list of aborted
/// transactions and the markers. Also that nothing is left open.
fn committed(address: &str, index: i32) -> Vec<String> {
    let mut socket = Socket::open(address);
    let (mut offset, mut values) = (0, Vec::new());
    loop {
        let partition = FetchPartition {
            partition: index,
            fetch_offset: offset,
            partition_max_bytes: 4096,
            ..Default::default()
        };
        let topic = FetchTopic { topic: "t".into(), partitions: vec![partition], ..Default::default() };
        let body = FetchRequest {
            replica_id: -1,
            max_bytes: 1 << 20,
            isolation_level: 1,
            session_epoch: -1,
            topics: vec![topic],
            ..Default::default()
        };
        socket.0.write_all(&request(1, 11, false, &body)).unwrap();
        let reply = socket.receive().unwrap();
        let reply: FetchResponse<'_> = decode(&reply, 11, false);
        let answer = &reply.responses[0].partitions[0];
        assert_eq!(answer.error_code, 0);
        let mut aborted: HashMap<i64, Vec<i64>> = HashMap::new();
        for one in answer.aborted_transactions.as_ref().expect("a list, for this isolation") {
            aborted.entry(one.producer_id).or_default().push(one.first_offset);
        }
        let mut rest = answer.records.slice().unwrap_or_default();
        if rest.is_empty() {
            assert_eq!(answer.last_stable_offset, answer.high_watermark, "something is left open");
            assert_eq!(offset, answer.high_watermark);
            return values;
        }
        let from = offset;
        while let Ok((view, more)) = BatchView::split(rest) {
            rest = more;
            let header = view.header;
            let base = header.base_offset.get();
            offset = base + i64::from(header.last_offset_delta) + 1;
            let producer = header.producer_id.unwrap().get();
            let records = InBatch::of(&view, 1 << 20).unwrap();
            let record = records.iter().next().unwrap().unwrap();
            let skipped = aborted.entry(producer).or_default();
            if header.is_control() {
                let marker = EndMarker::read(&record).unwrap().unwrap();
                // The list names what is aborted within these records; a marker ends the first of it.
                if marker.outcome == Outcome::Abort && skipped.first().is_some_and(|first| *first < base) {
                    skipped.remove(0);
                }
            } else if base >= from && skipped.first().is_none_or(|first| *first > base) {
                values.push(String::from_utf8(record.value.unwrap().to_vec()).unwrap());
            }
        }
    }
}

fn committed_offset(producer: &mut Producer) -> i64 {
    let topic = OffsetFetchRequestTopic { name: "t".into(), partition_indexes: vec![0] };
    let fetch = OffsetFetchRequest {
        group_id: "g".into(),
        topics: Some(vec![topic]),
        require_stable: true,
        ..Default::default()
    };
    let mut offset = -1;
    producer
        .patiently(|producer| {
            let reply = producer.ask(7, &fetch)?;
            let reply: OffsetFetchResponse<'_> = decode(&reply, 7, false);
            if reply.error_code != 0 {
                return Ok(reply.error_code);
            }
            let answer = &reply.topics[0].partitions[0];
            offset = answer.committed_offset;
            Ok(answer.error_code)
        })
        .unwrap();
    offset
}

#[test]
fn b61_b62_b63_a_transaction_is_everywhere_or_nowhere_whenever_the_broker_is_killed() {
    let mut rng = Rng::new(seed("transactions"));
    let settings = [
        "headwater.journal.file.bytes=4194304",
        "headwater.journal.files=2",
        "headwater.head.bytes=16384",
        "transaction.state.log.num.partitions=3",
        "offsets.topic.num.partitions=3",
    ];
    let mut args = vec!["--shards", "2"];
    args.extend(settings.iter().flat_map(|setting| ["--set", setting]));
    let mut broker = Broker::start(&args);
    broker.run(&["topic", "create", "t", "--partitions", &PARTITIONS.to_string()]);
    let stop = Arc::new(AtomicBool::new(false));
    // How many transactions were not committed, and how many were.
    let ended: Arc<[AtomicU32; 2]> = Arc::default();
    let threads: Vec<_> = [("a", true), ("b", false)]
        .map(|(id, bumps)| {
            let (address, stop, ended) = (broker.address.clone(), stop.clone(), ended.clone());
            std::thread::spawn(move || {
                let mut producer = Producer { address, socket: None, id, bumps, identity: None, sequence: 0 };
                let mut fates = BTreeMap::new();
                for number in 1.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let fate = producer.transact(number, number % 3 != 0);
                    if fate != Fate::Unknown {
                        ended[usize::from(fate == Fate::Committed)].fetch_add(1, Ordering::Relaxed);
                    }
                    fates.insert(format!("{id}{number}"), fate);
                }
                // Ends what its last fall may have left open.
                producer.begin();
                (producer, fates)
            })
        })
        .into();
    let rounds = std::env::var("CRASH_ROUNDS").map_or(6, |text| text.parse().expect("a number"));
    for _ in 0..rounds {
        std::thread::sleep(Duration::from_millis(100 + rng.below(900)));
        broker.kill();
        broker.start_again();
    }
    std::thread::sleep(Duration::from_millis(300));
    // Between two kills a slow disk may let none end.
    let began = Instant::now();
    while ended.iter().any(|count| count.load(Ordering::Relaxed) == 0) {
        assert!(began.elapsed() < PATIENCE, "no transaction ends\n{}", broker.log());
        std::thread::sleep(Duration::from_millis(5));
    }
    stop.store(true, Ordering::Relaxed);
    let mut fates = BTreeMap::new();
    let mut producers = Vec::new();
    for thread in threads {
        let (producer, known) =
            thread.join().unwrap_or_else(|_| panic!("a producer failed\n{}", broker.log()));
        producers.push(producer);
        fates.extend(known);
    }
    let check = |broker: &Broker, producer: &mut Producer| {
        let seen: Vec<Vec<String>> = (0..PARTITIONS).map(|index| committed(&broker.address, index)).collect();
        for (name, fate) in &fates {
            let times: Vec<usize> =
                seen.iter().map(|values| values.iter().filter(|value| *value == name).count()).collect();
            let everywhere = times.iter().all(|times| *times == 1);
            let nowhere = times.iter().all(|times| *times == 0);
            let right = match fate {
                Fate::Committed => everywhere,
                Fate::NotCommitted => nowhere,
                Fate::Unknown => everywhere || nowhere,
            };
            assert!(right, "{name} {fate:?} is there {times:?} times\n{}", broker.log());
        }
        let last = seen[0].iter().filter_map(|value| value.strip_prefix('a')).next_back();
        assert_eq!(committed_offset(producer), last.map_or(-1, |number| number.parse().unwrap()));
        seen
    };
    let before = check(&broker, &mut producers[0]);
    let count = |of: Fate| fates.values().filter(|fate| **fate == of).count();
    println!(
        "{} committed, {} not, {} unknown",
        count(Fate::Committed),
        count(Fate::NotCommitted),
        count(Fate::Unknown)
    );
    assert!(count(Fate::Committed) > 0 && count(Fate::NotCommitted) > 0);
    // A start without a client changes nothing, after a kill or an orderly stop.
    broker.kill();
    broker.start_again();
    producers[0].socket = None;
    assert!(check(&broker, &mut producers[0]) == before);
    broker.process().signal("TERM");
    assert!(broker.process().wait().success(), "{}", broker.log());
    broker.start_again();
    producers[0].socket = None;
    assert!(check(&broker, &mut producers[0]) == before);
}
