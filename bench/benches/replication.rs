//! A partition's part of an append, and the metadata: what the rules cost between a request and the log.

use std::hint::black_box;
use std::rc::Rc;
use std::sync::Arc;

use bytes::BytesMut;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use futures_lite::future::block_on;
use headwater_core::config::BrokerConfig;
use headwater_core::ids::{
    LeaderEpoch, NodeId, PartitionId, ProducerEpoch, ProducerId, ShardId, TopicId, TopicPartition,
};
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::header::BatchHeader;
use headwater_core::time::Timestamp;
use headwater_replication::metadata::{BrokerEndpoint, Controller, Image, NewTopic, Record, Registration};
use headwater_replication::partition::{Append, Partition};
use headwater_storage::disk::sim::Sim;
use headwater_storage::log::LogConfig;
use headwater_storage::store::{Store, StoreConfig};

const WALL: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const APPENDS: usize = 500;

/// A store without a disk, and a partition of it.
fn partition() -> (Rc<Store<Sim>>, Rc<Partition<Sim>>) {
    let id = TopicPartition { topic: TopicId::new([9; 16]), partition: PartitionId::new(0) };
    let config = StoreConfig { journal_file_bytes: 16 << 20, ..StoreConfig::default() };
    let store = block_on(Store::open(Sim::new(1), "/bench".into(), ShardId::new(0), config));
    let store = store.expect("the store opens");
    let partition = Partition::new(store.create_log(id, LogConfig::default()), LeaderEpoch::new(1));
    (store, partition)
}

/// Batches of one record of 100 bytes, as a producer sends them that is idempotent or is not.
fn batches(idempotent: bool) -> Vec<BytesMut> {
    let batch = |number: usize| {
        let mut builder = BatchBuilder::new();
        if idempotent {
            builder = builder.producer(ProducerId::new(7), ProducerEpoch::new(0), number as i32);
        }
        builder.push(WALL.millis(), None, Some(&[7; 100]), &[]);
        builder.build_mut()
    };
    (0..APPENDS).map(batch).collect()
}

fn append(c: &mut Criterion) {
    let mut group = c.benchmark_group("replication/append");
    group.throughput(Throughput::Elements(APPENDS as u64));
    for (name, idempotent) in [("plain", false), ("idempotent", true)] {
        let batches = batches(idempotent);
        group.bench_function(format!("{APPENDS} batches, {name}"), |b| {
            b.iter_batched(
                || (partition(), batches.clone()),
                |((store, partition), batches)| {
                    for batch in batches {
                        let header = BatchHeader::parse(&batch).expect("a built batch has a header");
                        let append = Append { batch, header, guard: None };
                        let appended = partition.append(append, WALL).expect("it is taken");
                        assert!(!appended.duplicate);
                    }
                    (store, partition)
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

/// The records of `topics` topics of ten partitions, and the controller that made them.
fn topics(topics: usize) -> (Controller, Vec<Record>) {
    let mut controller = Controller::new(Image::default(), Arc::new(BrokerConfig::defaults()))
        .expect("the defaults are sound");
    let mut records = Vec::new();
    controller.on_bootstrap("MkU3OEVBNTcwNTJENDM2Qg", &mut records);
    let endpoints = vec![BrokerEndpoint { name: "PLAINTEXT".into(), host: "h".into(), port: 9092 }];
    let broker = Registration { node: NodeId::new(1), incarnation: [1; 16], rack: None, endpoints };
    controller.on_register(broker, &mut records);
    create(&mut controller, 0..topics, &mut records);
    (controller, records)
}

fn create(controller: &mut Controller, numbers: std::ops::Range<usize>, records: &mut Vec<Record>) {
    for number in numbers {
        let topic = NewTopic { name: format!("topic-{number}"), partitions: Some(10), ..NewTopic::default() };
        let id = number as u128 + 1_000;
        let made = controller.on_create_topics(vec![topic], false, &mut || id, records);
        assert!(made[0].result.is_ok());
    }
}

fn metadata(c: &mut Criterion) {
    const TOPICS: usize = 1_000;
    let (controller, records) = topics(TOPICS);
    let mut group = c.benchmark_group("replication/metadata");
    group.sample_size(20).throughput(Throughput::Elements(records.len() as u64));
    group.bench_function("an image of 1,000 topics of 10 partitions, from its records", |b| {
        let encoded: Vec<Vec<u8>> = records.iter().map(|record| record.encode().to_vec()).collect();
        b.iter(|| {
            let mut image = Image::default();
            for record in &encoded {
                image.apply(&Record::decode(record).expect("its own")).expect("in order");
            }
            assert_eq!(image.topic_count(), TOPICS);
            image
        });
    });
    group.throughput(Throughput::Elements(1));
    // Each shard gets an image of its own, so this is what every change costs.
    group.bench_function("a copy of it", |b| b.iter(|| black_box(controller.image()).clone()));
    group.throughput(Throughput::Elements(100));
    group.bench_function("100 topics more", |b| {
        b.iter_batched(
            || controller.clone(),
            |mut controller| {
                let mut records = Vec::new();
                create(&mut controller, TOPICS..TOPICS + 100, &mut records);
                (controller, records)
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(std::time::Duration::from_secs(1))
        .measurement_time(std::time::Duration::from_secs(3));
    targets = append, metadata
}
criterion_main!(benches);
