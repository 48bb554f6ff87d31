//! Transactions over the wire (behaviours 37, 44, 59 to 63); the coordinator's rules in detail: `core/src/transaction`.

use std::time::{Duration, Instant};

use headwater_core::ErrorCode;
use headwater_core::ids::{ProducerEpoch, ProducerId};
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::header::BatchView;
use headwater_core::wire::fetch::{FetchPartition, FetchRequest, FetchTopic, PartitionData};
use headwater_core::wire::messages::add_offsets_to_txn_request::AddOffsetsToTxnRequest;
use headwater_core::wire::messages::add_partitions_to_txn_request::{
    AddPartitionsToTxnRequest, AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction,
};
use headwater_core::wire::messages::end_txn_request::EndTxnRequest;
use headwater_core::wire::messages::find_coordinator_request::FindCoordinatorRequest;
use headwater_core::wire::messages::init_producer_id_request::InitProducerIdRequest;
use headwater_core::wire::messages::list_transactions_request::ListTransactionsRequest;
use headwater_core::wire::messages::offset_fetch_request::{OffsetFetchRequest, OffsetFetchRequestTopic};
use headwater_core::wire::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequest, TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use headwater_core::wire::produce::ProduceRequest;

use super::client::{Client, PATIENCE, error, now, produce_request};

/// A producer's id and epoch.
type Who = (i64, i16);

/// The newest versions that leave it to the client to add partitions, and those that do it for it (behaviour 61).
const OLD: (i16, i16) = (11, 4);
const NEW: (i16, i16) = (12, 5);

/// A server with a topic `t`, a coordinator for `x` and one for the group `g`.
fn with_coordinators() -> Client {
    let mut client =
        Client::with_settings(&["transaction.abort.timed.out.transaction.cleanup.interval.ms=100"]);
    assert_eq!(client.create("t", 1, &[]), 0);
    for (key, kind) in [("x", 1), ("g", 0)] {
        let find = FindCoordinatorRequest {
            coordinator_keys: vec![key.into()],
            key_type: kind,
            ..Default::default()
        };
        assert_eq!(client.call(6, &find).coordinators[0].error_code, 0);
    }
    client
}

/// Asks until the coordinator has loaded, and the markers of the last transaction are written; a broker that says "come
/// again" for ever is answered with that.
fn settled(mut ask: impl FnMut() -> ErrorCode) -> ErrorCode {
    let began = Instant::now();
    loop {
        match ask() {
            ErrorCode::CoordinatorLoadInProgress
            | ErrorCode::NotCoordinator
            | ErrorCode::ConcurrentTransactions
                if began.elapsed() < PATIENCE =>
            {
                std::thread::sleep(Duration::from_millis(2));
            }
            code => return code,
        }
    }
}

fn introduction(timeout_ms: i32, who: Who) -> InitProducerIdRequest<'static> {
    InitProducerIdRequest {
        transactional_id: Some("x".into()),
        transaction_timeout_ms: timeout_ms,
        producer_id: who.0,
        producer_epoch: who.1,
    }
}

/// A producer introduces itself, as nobody or as who it is.
fn init(client: &mut Client, who: Who) -> Result<Who, ErrorCode> {
    let mut found = (-1, -1);
    let code = settled(|| {
        let answer = client.call(5, &introduction(60_000, who));
        found = (answer.producer_id, answer.producer_epoch);
        error(answer.error_code)
    });
    if code.is_error() { Err(code) } else { Ok(found) }
}

const NOBODY: Who = (-1, -1);

fn add(client: &mut Client, version: i16, who: Who) -> ErrorCode {
    let topics = || vec![AddPartitionsToTxnTopic { name: "t".into(), partitions: vec![0] }];
    settled(|| {
        if version < 4 {
            let request = AddPartitionsToTxnRequest {
                v3_and_below_transactional_id: "x".into(),
                v3_and_below_producer_id: who.0,
                v3_and_below_producer_epoch: who.1,
                v3_and_below_topics: topics(),
                ..Default::default()
            };
            let answer = client.call(version, &request);
            return error(
                answer.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error_code,
            );
        }
        let transaction = AddPartitionsToTxnTransaction {
            transactional_id: "x".into(),
            producer_id: who.0,
            producer_epoch: who.1,
            verify_only: false,
            topics: topics(),
        };
        let request = AddPartitionsToTxnRequest { transactions: vec![transaction], ..Default::default() };
        let answer = client.call(version, &request);
        error(answer.results_by_transaction[0].topic_results[0].results_by_partition[0].partition_error_code)
    })
}

/// Sends one record of the transaction of `id`. The broker waits a little for the end of the last transaction, and for no
/// slow disk.
fn send(client: &mut Client, version: i16, id: Option<&'static str>, who: Who, sequence: i32) -> ErrorCode {
    let batch = BatchBuilder::new().record(now(), Some(b"k"), Some(b"v")).transactional();
    let batch = batch.producer(ProducerId::new(who.0), ProducerEpoch::new(who.1), sequence).build();
    let request = ProduceRequest { transactional_id: id.map(Into::into), ..produce_request(-1, &batch) };
    settled(|| error(client.call(version, &request).responses[0].partition_responses[0].error_code))
}

fn end(client: &mut Client, version: i16, who: Who, committed: bool) -> Result<Who, ErrorCode> {
    let mut next = who;
    let request =
        EndTxnRequest { transactional_id: "x".into(), producer_id: who.0, producer_epoch: who.1, committed };
    let code = settled(|| {
        let answer = client.call(version, &request);
        next = (answer.producer_id, answer.producer_epoch);
        error(answer.error_code)
    });
    if code.is_error() { Err(code) } else { Ok(next) }
}

fn read(client: &mut Client, committed: bool) -> PartitionData<'static> {
    let partition = FetchPartition { partition_max_bytes: 1 << 20, ..Default::default() };
    let request = FetchRequest {
        max_bytes: 1 << 20,
        isolation_level: i8::from(committed),
        session_epoch: -1,
        topics: vec![FetchTopic { topic: "t".into(), partitions: vec![partition], ..Default::default() }],
        ..Default::default()
    };
    client.call(12, &request).responses.remove(0).partitions.remove(0)
}

/// Base offset, and whether it is a marker, of each batch.
fn batches(data: &PartitionData<'static>) -> Vec<(i64, bool)> {
    let mut rest = data.records.slice().unwrap_or_default();
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (view, behind) = BatchView::split(rest).unwrap();
        found.push((view.header.base_offset.get(), view.header.is_control()));
        rest = behind;
    }
    found
}

/// Waits until readers of committed records see the log up to here.
fn until_stable(client: &mut Client, offset: i64) -> PartitionData<'static> {
    loop {
        let data = read(client, true);
        if data.last_stable_offset == offset {
            return data;
        }
        assert!(data.last_stable_offset < offset, "{data:?}");
    }
}

#[test]
fn b37_a_stale_epoch_has_a_name_for_each_kind_of_request() {
    let mut client = with_coordinators();
    let old = init(&mut client, NOBODY).unwrap();
    assert_eq!(add(&mut client, 3, old), ErrorCode::None);
    assert_eq!(send(&mut client, OLD.0, Some("x"), old, 0), ErrorCode::None);
    let new = init(&mut client, NOBODY).unwrap();
    assert_eq!(new.0, old.0);
    assert!(new.1 > old.1);
    for version in [3, OLD.0, NEW.0] {
        let code = send(&mut client, version, Some("x"), old, 1);
        assert_eq!(code, ErrorCode::InvalidProducerEpoch, "Produce {version}");
    }
    for (version, code) in [
        (0, ErrorCode::InvalidProducerEpoch),
        (1, ErrorCode::InvalidProducerEpoch),
        (2, ErrorCode::ProducerFenced),
        (3, ErrorCode::ProducerFenced),
        (4, ErrorCode::ProducerFenced),
    ] {
        assert_eq!(add(&mut client, version, old), code, "AddPartitionsToTxn {version}");
        assert_eq!(end(&mut client, version, old, true), Err(code), "EndTxn {version}");
    }
}

#[test]
fn b37_an_epoch_that_nobody_gave_is_refused_while_a_transaction_is_open() {
    let mut client = with_coordinators();
    let who = init(&mut client, NOBODY).unwrap();
    assert_eq!(send(&mut client, NEW.0, Some("x"), who, 0), ErrorCode::None);
    // Not "come again": it would, for ever.
    for version in [OLD.0, NEW.0] {
        let code = send(&mut client, version, Some("x"), (who.0, who.1 + 1), 0);
        assert_eq!(code, ErrorCode::InvalidProducerEpoch, "version {version}");
    }
    assert!(end(&mut client, NEW.1, who, true).is_ok());
}

#[test]
fn b44_committed_records_are_read_up_to_the_first_open_transaction() {
    let mut client = with_coordinators();
    let who = init(&mut client, NOBODY).unwrap();
    assert_eq!(send(&mut client, NEW.0, Some("x"), who, 0), ErrorCode::None);
    client.append(super::client::batch(1));
    let data = read(&mut client, true);
    assert_eq!((data.high_watermark, data.last_stable_offset, batches(&data)), (2, 0, vec![]));
    assert_eq!(batches(&read(&mut client, false)), [(0, false), (1, false)]);
    let next = end(&mut client, NEW.1, who, false).unwrap();
    let data = until_stable(&mut client, 3);
    // Markers are delivered; what was aborted is named, and left to the client to skip.
    assert_eq!(batches(&data), [(0, false), (1, false), (2, true)]);
    let aborted = data.aborted_transactions.as_deref().unwrap();
    assert_eq!(aborted.iter().map(|a| (a.producer_id, a.first_offset)).collect::<Vec<_>>(), [(who.0, 0)]);
    assert_eq!(read(&mut client, false).aborted_transactions, None);
    assert_eq!(send(&mut client, NEW.0, Some("x"), next, 0), ErrorCode::None);
    assert!(end(&mut client, NEW.1, next, true).is_ok());
    let data = until_stable(&mut client, 5);
    assert_eq!(data.aborted_transactions.as_deref().unwrap().len(), 1, "that one was committed");
}

#[test]
fn b59_introductions_that_are_refused() {
    let mut client = Client::start();
    // Before anybody has asked for a coordinator.
    for timeout_ms in [0, -1, 900_001] {
        let answer = client.call(5, &introduction(timeout_ms, NOBODY));
        assert_eq!(error(answer.error_code), ErrorCode::InvalidTransactionTimeout, "{timeout_ms}");
    }
    let nameless =
        InitProducerIdRequest { transactional_id: Some("".into()), ..introduction(60_000, NOBODY) };
    assert_eq!(error(client.call(5, &nameless).error_code), ErrorCode::InvalidRequest);
    for who in [(7, -1), (-1, 7)] {
        let answer = client.call(5, &introduction(60_000, who));
        assert_eq!(error(answer.error_code), ErrorCode::InvalidRequest, "{who:?}");
    }
}

#[test]
fn b59_an_open_transaction_is_aborted_before_its_id_is_given_anew() {
    let mut client = with_coordinators();
    let old = init(&mut client, NOBODY).unwrap();
    assert_eq!(send(&mut client, NEW.0, Some("x"), old, 0), ErrorCode::None);
    let first = client.call(5, &introduction(60_000, NOBODY));
    assert_eq!(error(first.error_code), ErrorCode::ConcurrentTransactions);
    let new = init(&mut client, NOBODY).unwrap();
    assert!(new.0 == old.0 && new.1 > old.1, "{old:?} {new:?}");
    let data = until_stable(&mut client, 2);
    assert_eq!(data.aborted_transactions.as_deref().map(<[_]>::len), Some(1));
}

#[test]
fn b60_who_comes_second_is_the_one() {
    let mut client = with_coordinators();
    let first = init(&mut client, NOBODY).unwrap();
    let second = init(&mut client, NOBODY).unwrap();
    assert_eq!(init(&mut client, first), Err(ErrorCode::ProducerFenced));
    assert_eq!(add(&mut client, 3, first), ErrorCode::ProducerFenced);
    // Who says rightly who it is goes on, in the next epoch.
    let again = init(&mut client, second).unwrap();
    assert_eq!(again, (second.0, second.1 + 1));
    assert_eq!(add(&mut client, 3, again), ErrorCode::None);
}

#[test]
fn b61_partitions_are_added_as_they_are_written_to_and_each_end_bumps_the_epoch() {
    let mut client = with_coordinators();
    let mut who = init(&mut client, NOBODY).unwrap();
    // Whoever leaves it to the client to add partitions takes nothing that was not added.
    assert_eq!(send(&mut client, 10, Some("x"), who, 0), ErrorCode::InvalidTxnState);
    assert_eq!(send(&mut client, OLD.0, Some("x"), who, 0), ErrorCode::TransactionAbortable);
    for round in 0..3 {
        assert_eq!(send(&mut client, NEW.0, Some("x"), who, 0), ErrorCode::None, "round {round}");
        let next = end(&mut client, NEW.1, who, round % 2 == 0).unwrap();
        assert_eq!(next, (who.0, who.1 + 1), "round {round}");
        // The end is answered before its marker is written. Up to there the log takes more, as Kafka's does.
        until_stable(&mut client, 2 * (round + 1));
        let late = send(&mut client, NEW.0, Some("x"), who, 1);
        assert_eq!(late, ErrorCode::InvalidProducerEpoch, "a request of the transaction that has ended");
        who = next;
    }
    // Older clients keep their epoch.
    assert_eq!(add(&mut client, 3, who), ErrorCode::None);
    assert!(end(&mut client, OLD.1, who, true).is_ok());
    assert_eq!(add(&mut client, 3, who), ErrorCode::None);
}

#[test]
fn b61_a_transaction_without_an_id_is_nobodys() {
    let mut client = with_coordinators();
    let who = init(&mut client, NOBODY).unwrap();
    for version in [3, OLD.0, NEW.0] {
        let code = send(&mut client, version, None, who, 0);
        assert_eq!(code, ErrorCode::TransactionalIdAuthorizationFailed, "version {version}");
    }
    assert!(batches(&read(&mut client, false)).is_empty());
}

#[test]
fn b62_a_transaction_that_takes_too_long_is_aborted() {
    let mut client = with_coordinators();
    let mut timeout_ms = 200;
    // Where its time is over before the disk has the record, it is tried with more.
    let (who, began) = loop {
        let mut who = NOBODY;
        settled(|| {
            let answer = client.call(5, &introduction(timeout_ms, NOBODY));
            who = (answer.producer_id, answer.producer_epoch);
            error(answer.error_code)
        });
        let began = Instant::now();
        match send(&mut client, NEW.0, Some("x"), who, 0) {
            ErrorCode::None => break (who, began),
            code => assert_eq!(code, ErrorCode::InvalidProducerEpoch),
        }
        timeout_ms *= 2;
        assert!(timeout_ms < 60_000, "no time is enough");
    };
    let data = loop {
        let data = read(&mut client, true);
        if data.last_stable_offset == data.high_watermark {
            break data;
        }
    };
    assert!(began.elapsed() >= Duration::from_millis(timeout_ms as u64));
    let [.., (record, false), (marker, true)] = batches(&data)[..] else { panic!("{data:?}") };
    assert_eq!((marker, data.high_watermark), (record + 1, record + 2));
    assert_eq!(data.aborted_transactions.as_deref().map(<[_]>::len), Some(1));
    // Its commit comes too late, and it is fenced.
    assert_eq!(end(&mut client, NEW.1, who, true), Err(ErrorCode::InvalidTxnState));
    assert_eq!(send(&mut client, NEW.0, Some("x"), who, 1), ErrorCode::InvalidProducerEpoch);
}

#[test]
fn b63_offsets_of_a_transaction_count_once_it_is_committed() {
    let mut client = with_coordinators();
    let list = ListTransactionsRequest { duration_filter: -1, ..Default::default() };
    let empty = client.call(1, &list);
    assert_eq!((empty.error_code, empty.transaction_states.len()), (0, 0));
    let mut who = init(&mut client, NOBODY).unwrap();
    for (committed, offset) in [(false, -1), (true, 7)] {
        let enlist = AddOffsetsToTxnRequest {
            transactional_id: "x".into(),
            producer_id: who.0,
            producer_epoch: who.1,
            group_id: "g".into(),
        };
        assert_eq!(settled(|| error(client.call(4, &enlist).error_code)), ErrorCode::None);
        let partition = TxnOffsetCommitRequestPartition { committed_offset: 7, ..Default::default() };
        let commit = TxnOffsetCommitRequest {
            transactional_id: "x".into(),
            group_id: "g".into(),
            producer_id: who.0,
            producer_epoch: who.1,
            topics: vec![TxnOffsetCommitRequestTopic { name: "t".into(), partitions: vec![partition] }],
            ..Default::default()
        };
        let mut ask = |request: &TxnOffsetCommitRequest<'_>| {
            settled(|| error(client.call(3, request).topics[0].partitions[0].error_code))
        };
        assert_eq!(ask(&commit), ErrorCode::None);
        let other = TxnOffsetCommitRequest { producer_epoch: who.1 + 1, ..commit.clone() };
        assert_eq!(ask(&other), ErrorCode::InvalidProducerEpoch);
        let fetch = |client: &mut Client, require_stable| {
            let topic = OffsetFetchRequestTopic { name: "t".into(), partition_indexes: vec![0] };
            let topics = Some(vec![topic]);
            let request =
                OffsetFetchRequest { group_id: "g".into(), topics, require_stable, ..Default::default() };
            let reply = client.call(7, &request);
            let found = &reply.topics[0].partitions[0];
            (error(found.error_code), found.committed_offset)
        };
        assert_eq!(fetch(&mut client, true), (ErrorCode::UnstableOffsetCommit, -1));
        assert_eq!(fetch(&mut client, false), (ErrorCode::None, -1), "nobody sees it yet");
        assert_eq!(client.call(1, &list).transaction_states.len(), 1);
        who = end(&mut client, NEW.1, who, committed).unwrap();
        while fetch(&mut client, true).0 == ErrorCode::UnstableOffsetCommit {}
        assert_eq!(fetch(&mut client, false), (ErrorCode::None, offset));
    }
}
