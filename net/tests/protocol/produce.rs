//! Produce: what is taken, what is refused, and what the log then holds.

use headwater_core::ErrorCode;
use headwater_core::ids::{ProducerEpoch, ProducerId};
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::compress::Codec;
use headwater_core::record::header::{BatchView, seal};
use headwater_core::record::records::Records;
use headwater_core::wire::frame;
use headwater_core::wire::messages::init_producer_id_request::InitProducerIdRequest;

use super::client::{Client, batch, error, now, produce_request};
use super::fetch::fetch_all;

#[test]
fn b23_offset_and_epoch_are_written_beside_the_checksum() {
    let mut client = Client::with_topic(&[]);
    assert_eq!(client.append(batch(3)), 0);
    let mut second = batch(2).build_mut();
    // What a client leaves there is its own business, but for the base offset.
    second[12..16].copy_from_slice(&77i32.to_be_bytes());
    assert_eq!(client.produce(9, &second).base_offset, 3);
    let log = fetch_all(&mut client);
    let (first, rest) = BatchView::split(&log).unwrap();
    let (second, rest) = BatchView::split(rest).unwrap();
    assert!(rest.is_empty());
    for (view, base) in [(first, 0), (second, 3)] {
        view.verify_crc().unwrap();
        assert_eq!((view.header.base_offset.get(), view.header.leader_epoch.get()), (base, 0));
    }
    // A damaged batch is refused, and nothing of it is kept.
    let mut damaged = batch(1).build_mut();
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(error(client.produce(9, &damaged).error_code), ErrorCode::CorruptMessage);
    assert_eq!(fetch_all(&mut client), log);
}

/// Produces what must be refused with this code; nothing of it is in the log.
fn check(client: &mut Client, version: i16, what: &str, records: &[u8], code: ErrorCode) {
    let answer = client.produce(version, records);
    assert_eq!(error(answer.error_code), code, "{what}: {:?}", answer.error_message);
    assert_eq!(answer.base_offset, -1, "{what}");
    assert!(fetch_all(client).is_empty(), "{what}");
}

#[test]
fn b16_a_name_that_no_topic_can_have_is_an_unknown_topic() {
    let mut client = Client::start();
    for name in ["a/b", "", ".."] {
        let records = batch(1).build();
        let mut request = produce_request(-1, &records);
        request.topic_data[0].name = name.into();
        let answer = client.call(9, &request);
        let code = error(answer.responses[0].partition_responses[0].error_code);
        assert_eq!(code, ErrorCode::UnknownTopicOrPartition, "'{name}'");
    }
}

#[test]
fn b27_acks_of_all_are_those_of_the_replicas_there_are() {
    // As Kafka since 4.0: a topic of one replica can have no more than that one in sync.
    let mut client = Client::with_topic(&[("min.insync.replicas", "2")]);
    assert_eq!(client.append(batch(1)), 0);
}

#[test]
fn b24_one_batch_of_this_format() {
    let mut client = Client::with_topic(&[]);
    let one = batch(1).build();
    check(&mut client, 9, "two batches", &[&one[..], &one].concat(), ErrorCode::InvalidRecord);
    check(&mut client, 9, "nothing", &[], ErrorCode::InvalidRecord);
    let mut old = one.to_vec();
    old[16] = 1;
    check(&mut client, 9, "magic 1", &old, ErrorCode::InvalidRecord);
    let zstd = batch(3).codec(Codec::Zstd).build();
    check(&mut client, 6, "zstd too early", &zstd, ErrorCode::UnsupportedCompressionType);
    assert_eq!(client.produce(7, &zstd).error_code, 0);
}

#[test]
fn b25_batches_that_contradict_themselves() {
    let mut client = Client::with_topic(&[]);
    let changed = |at: usize, value: &[u8]| {
        let mut bytes = batch(3).build_mut();
        bytes[at..at + value.len()].copy_from_slice(value);
        seal(&mut bytes);
        bytes
    };
    check(&mut client, 9, "count", &changed(57, &4i32.to_be_bytes()), ErrorCode::InvalidRecord);
    check(&mut client, 9, "last delta", &changed(23, &3i32.to_be_bytes()), ErrorCode::InvalidRecord);
    check(&mut client, 9, "base offset", &changed(0, &9i64.to_be_bytes()), ErrorCode::InvalidRecord);
    check(&mut client, 9, "control", &batch(1).control().build(), ErrorCode::InvalidRecord);
    let negative = batch(1).producer(ProducerId::new(1), ProducerEpoch::new(0), -5).build();
    check(&mut client, 9, "negative sequence", &negative, ErrorCode::InvalidRecord);
}

#[test]
fn b26_acks() {
    let mut client = Client::with_topic(&[]);
    let one = batch(1).build();
    for acks in [-2, 2, 100] {
        let reply = client.call(9, &produce_request(acks, &one));
        let code = reply.responses[0].partition_responses[0].error_code;
        assert_eq!(error(code), ErrorCode::InvalidRequiredAcks, "{acks}");
    }
    // Nobody answers: the next reply is to the next request.
    client.send(&frame::request(9, 1, None, &produce_request(0, &one)));
    assert_eq!(client.append(batch(1)), 1);
    // Nor is an error answered, but the connection ends.
    let mut damaged = one.to_vec();
    *damaged.last_mut().unwrap() ^= 1;
    assert!(client.is_refused(&frame::request(9, 1, None, &produce_request(0, &damaged))));
}

#[test]
fn b28_large_batches() {
    let mut client = Client::with_topic(&[("max.message.bytes", "1000")]);
    let large = BatchBuilder::new().record(now(), None, Some(&[7; 2000]));
    check(&mut client, 9, "large", &large.build(), ErrorCode::MessageTooLarge);
    // What counts is what is stored.
    client.append(BatchBuilder::new().codec(Codec::Gzip).record(now(), None, Some(&[7; 2000])));
}

#[test]
fn b29_compacted_topics_want_keys() {
    let mut client = Client::with_topic(&[("cleanup.policy", "compact")]);
    let now = now();
    let mixed = BatchBuilder::new().record(now, Some(b"k"), Some(b"v")).record(now, None, Some(b"v")).record(
        now,
        Some(b"k"),
        None,
    );
    let answer = client.produce(9, &mixed.build());
    assert_eq!(error(answer.error_code), ErrorCode::InvalidRecord);
    let named: Vec<_> = answer.record_errors.iter().map(|record| record.batch_index).collect();
    assert_eq!(named, [1]);
    assert!(fetch_all(&mut client).is_empty());
    client.append(batch(2));
}

#[test]
fn b30_records_of_the_future() {
    let mut client = Client::with_topic(&[]);
    let at = |millis| BatchBuilder::new().record(now() + millis, None, Some(b"v"));
    check(&mut client, 9, "two hours ahead", &at(7_200_000).build(), ErrorCode::InvalidTimestamp);
    client.append(at(1_800_000));
    client.append(at(-365 * 24 * 3_600_000));
}

#[test]
fn b31_the_brokers_time() {
    let mut client = Client::with_topic(&[("message.timestamp.type", "LogAppendTime")]);
    let before = now();
    let answer = client.produce(9, &BatchBuilder::new().record(1000, None, Some(b"v")).build());
    assert_eq!(answer.error_code, 0);
    let time = answer.log_append_time_ms;
    assert!((before..=now()).contains(&time), "{time}");
    let log = fetch_all(&mut client);
    let (view, _) = BatchView::split(&log).unwrap();
    view.verify_crc().unwrap();
    assert!(view.header.is_log_append_time() && view.header.max_timestamp == time);
    let mut client = Client::with_topic(&[]);
    assert_eq!(client.produce(9, &batch(1).build()).log_append_time_ms, -1);
}

#[test]
fn b32_recompression() {
    for (name, codec) in [
        ("gzip", Codec::Gzip),
        ("snappy", Codec::Snappy),
        ("lz4", Codec::Lz4),
        ("zstd", Codec::Zstd),
        ("uncompressed", Codec::None),
    ] {
        let mut client = Client::with_topic(&[("compression.type", name)]);
        client.append(batch(2));
        client.append(batch(3).codec(Codec::Gzip));
        let log = fetch_all(&mut client);
        let (mut rest, mut count) = (&log[..], 0);
        while !rest.is_empty() {
            let (view, after) = BatchView::split(rest).unwrap();
            view.verify_crc().unwrap();
            assert_eq!(view.header.codec().unwrap(), codec, "{name}");
            count += Records::of(&view, 1 << 20).unwrap().iter().map(Result::unwrap).count();
            rest = after;
        }
        assert_eq!(count, 5, "{name}");
    }
}

#[test]
fn b33_headers_stay_as_they_are() {
    let mut client = Client::with_topic(&[("compression.type", "lz4")]);
    let headers: &[(&[u8], Option<&[u8]>)] =
        &[(b"b", Some(b"1")), (b"a", None), (b"b", Some(b"")), (b"\xff\0", Some(b"\x80"))];
    let mut sent = BatchBuilder::new();
    sent.push(now(), None, None, headers);
    client.append(sent);
    let log = fetch_all(&mut client);
    let (view, _) = BatchView::split(&log).unwrap();
    let records = Records::of(&view, 1 << 20).unwrap();
    let record = records.iter().next().unwrap().unwrap();
    assert_eq!((record.headers.as_slice(), record.key, record.value), (headers, None, None));
}

/// A producer's id from the broker, epoch 0.
fn producer(client: &mut Client) -> ProducerId {
    let request = InitProducerIdRequest {
        transactional_id: None,
        transaction_timeout_ms: 60_000,
        producer_id: -1,
        producer_epoch: -1,
    };
    let reply = client.call(4, &request);
    assert_eq!((reply.error_code, reply.producer_epoch), (0, 0));
    ProducerId::new(reply.producer_id)
}

/// Appends one batch of an idempotent producer: error and base offset.
fn idempotent(
    client: &mut Client,
    id: ProducerId,
    epoch: i16,
    sequence: i32,
    records: usize,
) -> (ErrorCode, i64) {
    let batch = batch(records).producer(id, ProducerEpoch::new(epoch), sequence);
    let answer = client.produce(9, &batch.build());
    (error(answer.error_code), answer.base_offset)
}

#[test]
fn b34_the_last_five_batches_are_remembered() {
    let mut client = Client::with_topic(&[]);
    let id = producer(&mut client);
    for n in 0..7 {
        assert_eq!(idempotent(&mut client, id, 0, 2 * n, 2), (ErrorCode::None, 2 * i64::from(n)));
    }
    for n in 2..7 {
        assert_eq!(
            idempotent(&mut client, id, 0, 2 * n, 2),
            (ErrorCode::None, 2 * i64::from(n)),
            "batch {n}"
        );
    }
    assert_eq!(idempotent(&mut client, id, 0, 0, 2).0, ErrorCode::OutOfOrderSequenceNumber);
    assert_eq!(idempotent(&mut client, id, 0, 20, 2).0, ErrorCode::OutOfOrderSequenceNumber);
    assert_eq!(idempotent(&mut client, id, 0, 14, 2), (ErrorCode::None, 14));
}

#[test]
fn b35_a_new_epoch_begins_at_zero() {
    let mut client = Client::with_topic(&[]);
    let id = producer(&mut client);
    // Nothing is known of it: it may have been forgotten.
    assert_eq!(idempotent(&mut client, id, 0, 500, 1), (ErrorCode::None, 0));
    assert_eq!(idempotent(&mut client, id, 1, 501, 1).0, ErrorCode::OutOfOrderSequenceNumber);
    assert_eq!(idempotent(&mut client, id, 1, 0, 1), (ErrorCode::None, 1));
}

#[test]
fn b36_sequences_wrap() {
    let mut client = Client::with_topic(&[]);
    let id = producer(&mut client);
    assert_eq!(idempotent(&mut client, id, 0, i32::MAX - 1, 4), (ErrorCode::None, 0));
    assert_eq!(idempotent(&mut client, id, 0, 2, 1), (ErrorCode::None, 4));
    assert_eq!(idempotent(&mut client, id, 0, i32::MAX - 1, 4), (ErrorCode::None, 0));
}

#[test]
fn b37_old_epochs_are_refused() {
    let mut client = Client::with_topic(&[]);
    let id = producer(&mut client);
    assert_eq!(idempotent(&mut client, id, 3, 0, 1), (ErrorCode::None, 0));
    assert_eq!(idempotent(&mut client, id, 2, 1, 1).0, ErrorCode::InvalidProducerEpoch);
}
