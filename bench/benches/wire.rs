//! The codec alone: decode and encode of the messages that matter, as partitions a second.
//!
//! Produce requests and Fetch responses carry 16 KiB for each of 100 partitions. The codec does not touch those bytes,
//! so bytes a second would flatter it; what it costs is the frame around them. Metadata is 1,000 topics of 10.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use headwater_core::ids::TopicId;
use headwater_core::wire::fetch::{
    FetchRequest, FetchResponse, FetchableTopicResponse, PartitionData, Records,
};
use headwater_core::wire::messages::fetch_request::{FetchPartition, FetchTopic};
use headwater_core::wire::messages::metadata_response::{
    MetadataResponse, MetadataResponsePartition, MetadataResponseTopic,
};
use headwater_core::wire::produce::{PartitionProduceData, ProduceRequest, TopicProduceData};
use headwater_core::wire::{Decode, Encode, Reader, Writer};

const BATCH: usize = 16 * 1024;
const PARTITIONS: i32 = 100;

fn encoded(message: &impl Encode, version: i16) -> Vec<u8> {
    let mut w = Writer::new();
    message.encode(&mut w, version);
    w.into_vec()
}

/// Benches one message both ways; `decode` reads one from a reader and drops it.
fn both_ways<E: Encode>(
    c: &mut Criterion,
    name: &str,
    version: i16,
    partitions: i32,
    message: &E,
    decode: impl Fn(&mut Reader<'_>),
) {
    let bytes = encoded(message, version);
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Elements(partitions as u64));
    group.bench_function("decode", |b| b.iter(|| decode(&mut Reader::new(black_box(&bytes)))));
    group.bench_function("encode", |b| {
        b.iter(|| {
            let mut w = Writer::with_capacity(4096);
            black_box(message).encode(&mut w, version);
            w.into_chunks()
        })
    });
    group.finish();
}

fn metadata(c: &mut Criterion) {
    let partition = |partition_index| MetadataResponsePartition {
        partition_index,
        leader_id: 1,
        leader_epoch: 7,
        replica_nodes: vec![1, 2, 3],
        isr_nodes: vec![1, 2, 3],
        ..Default::default()
    };
    let topic = |i: u8| MetadataResponseTopic {
        name: Some(format!("orders.region-{i}").into()),
        topic_id: TopicId::new([i; 16]),
        partitions: (0..10).map(partition).collect(),
        ..Default::default()
    };
    let topics = (0..1000).map(|i| topic(i as u8)).collect();
    let response = MetadataResponse { topics, ..Default::default() };
    both_ways(c, "wire/metadata response v13", 13, 10_000, &response, |r| {
        drop(black_box(MetadataResponse::decode(r, 13)))
    });
}

fn produce(c: &mut Criterion) {
    let records = Bytes::from(vec![7; BATCH]);
    let partition = |index| PartitionProduceData { index, records: records.clone().into() };
    let topic = TopicProduceData {
        topic_id: TopicId::new([5; 16]),
        partition_data: (0..PARTITIONS).map(partition).collect(),
        ..Default::default()
    };
    let request =
        ProduceRequest { acks: -1, timeout_ms: 30_000, topic_data: vec![topic], ..Default::default() };
    both_ways(c, "wire/produce request v13", 13, PARTITIONS, &request, |r| {
        drop(black_box(ProduceRequest::decode(r, 13)))
    });
}

fn fetch(c: &mut Criterion) {
    let partition = |partition| FetchPartition { partition, fetch_offset: 1 << 40, ..Default::default() };
    let topic = FetchTopic { partitions: (0..PARTITIONS).map(partition).collect(), ..Default::default() };
    let request = FetchRequest { topics: vec![topic], ..Default::default() };
    both_ways(c, "wire/fetch request v18", 18, PARTITIONS, &request, |r| {
        drop(black_box(FetchRequest::decode(r, 18)))
    });

    let records = Bytes::from(vec![7; BATCH]);
    let partition = |partition_index| PartitionData {
        partition_index,
        high_watermark: 1 << 40,
        last_stable_offset: 1 << 40,
        log_start_offset: 0,
        records: Records::Shared(vec![records.clone()]),
        ..Default::default()
    };
    let topic = FetchableTopicResponse {
        partitions: (0..PARTITIONS).map(partition).collect(),
        topic_id: TopicId::new([5; 16]),
        ..Default::default()
    };
    let response = FetchResponse { responses: vec![topic], ..Default::default() };
    both_ways(c, "wire/fetch response v18", 18, PARTITIONS, &response, |r| {
        drop(black_box(FetchResponse::decode(r, 18)))
    });
}

criterion_group! {
    name = benches;
    // All benches of this crate together take less than ten minutes.
    config = Criterion::default()
        .warm_up_time(std::time::Duration::from_secs(1))
        .measurement_time(std::time::Duration::from_secs(3));
    targets = metadata, produce, fetch
}
criterion_main!(benches);
