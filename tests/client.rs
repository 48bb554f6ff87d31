//! The load generator's client against a broker of its own, call by call.

mod broker;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use broker::{Broker, PATIENCE, SMALL};
use headwater_core::ErrorCode;
use headwater_loadgen::client::admin::{self, OffsetSpec};
use headwater_loadgen::client::group::{Beat, Membership};
use headwater_loadgen::client::{
    Acks, ClientConfig, Cluster, Consumer, ConsumerConfig, Event, IfMissing, Producer, ProducerConfig,
    RecordParts, Start,
};
use headwater_loadgen::rng::Rng;

fn cluster(broker: &Broker) -> Cluster {
    Cluster::connect(ClientConfig::new(&*broker.address, "client-test")).unwrap()
}

/// A topic of its own for each test, so that they can run side by side and again.
fn topic(cluster: &mut Cluster, partitions: i32) -> String {
    let name = format!("client-test-{:016x}", Rng::from_clock().next_u64());
    admin::create_topic(cluster, &name, Some(partitions), &[]).unwrap();
    cluster.wait_for_topic(&name, IfMissing::Wait, PATIENCE).unwrap();
    name
}

/// Produces `count` records `0..count`, keyless, to partition `n % partitions`; all must be acknowledged.
fn produce(broker: &Broker, topic: &str, partitions: i32, count: u64, config: ProducerConfig) {
    let mut producer = Producer::new(cluster(broker), config).unwrap();
    let handles: Vec<usize> = (0..partitions).map(|p| producer.partition(topic, p)).collect();
    producer.cluster().wait_for_topic(topic, IfMissing::Wait, PATIENCE).unwrap();
    let mut acked = BTreeSet::new();
    let mut deliver = |delivery: headwater_loadgen::client::Delivery<'_>| {
        delivery.outcome.unwrap();
        for tag in delivery.tags {
            assert!(acked.insert(*tag), "record {tag} reported twice");
        }
    };
    for number in 0..count {
        let handle = handles[number as usize % handles.len()];
        let value = number.to_string();
        let headers = [("n", Some(value.as_bytes())), ("n", None)];
        let record = RecordParts { key: None, value: Some(value.as_bytes()), headers: &headers };
        while !producer.has_room(record.bytes_max()) {
            producer.step(Instant::now() + Duration::from_secs(1), &mut deliver).unwrap();
        }
        producer.append(handle, &record, 1_700_000_000_000, number, Instant::now());
        if number % 100 == 0 {
            producer.step(Instant::now(), &mut deliver).unwrap();
        }
    }
    producer.flush();
    let deadline = Instant::now() + PATIENCE;
    while !producer.is_idle() {
        assert!(Instant::now() < deadline, "not all acknowledged");
        producer.step(Instant::now() + Duration::from_secs(1), &mut deliver).unwrap();
    }
    assert_eq!(producer.buffered(), 0);
    assert_eq!(acked.len() as u64, count);
}

/// Reads `count` records and checks that each partition has its own, in order.
fn consume(broker: &Broker, topic: &str, partitions: i32, count: u64) {
    let mut consumer = Consumer::new(cluster(broker), ConsumerConfig::default());
    consumer.assign((0..partitions).map(|p| (topic.to_owned(), p, Start::Earliest)));
    let mut by_partition: BTreeMap<i32, Vec<u64>> = BTreeMap::new();
    let (mut read, deadline) = (0, Instant::now() + PATIENCE);
    while read < count {
        assert!(Instant::now() < deadline, "read {read} of {count}");
        consumer
            .poll(Instant::now() + Duration::from_secs(1), &mut |_, partition, event| {
                let record = match event {
                    Event::Arrived => return,
                    Event::Record(record) => record,
                    other => panic!("{other:?}"),
                };
                let value = std::str::from_utf8(record.value.unwrap()).unwrap();
                assert_eq!(record.headers, [(&b"n"[..], Some(value.as_bytes())), (&b"n"[..], None)]);
                assert_eq!(record.timestamp, 1_700_000_000_000);
                by_partition.entry(partition).or_default().push(value.parse().unwrap());
                read += 1;
            })
            .unwrap();
    }
    for (partition, numbers) in by_partition {
        let expect: Vec<u64> = (0..count).filter(|n| (n % partitions as u64) as i32 == partition).collect();
        assert_eq!(numbers, expect, "partition {partition}");
    }
}

#[test]
fn records_come_back_in_order_under_every_acks() {
    let broker = Broker::start(SMALL);
    for (acks, idempotent) in
        [(Acks::All, true), (Acks::Leader, true), (Acks::Leader, false), (Acks::None, false)]
    {
        let name = topic(&mut cluster(&broker), 3);
        let config = ProducerConfig { acks, idempotent, batch_bytes: 4 << 10, ..ProducerConfig::default() };
        produce(&broker, &name, 3, 20_000, config);
        consume(&broker, &name, 3, 20_000);
        admin::delete_topic(&mut cluster(&broker), &name).unwrap();
    }
}

#[test]
fn topics_are_created_described_and_deleted() {
    let broker = Broker::start(SMALL);
    let mut cluster = cluster(&broker);
    let name = topic(&mut cluster, 5);
    assert_eq!(cluster.all_topics().unwrap()[&name].partitions.len(), 5);
    let again = admin::create_topic(&mut cluster, &name, Some(5), &[]).unwrap_err();
    assert_eq!(again.code(), Some(ErrorCode::TopicAlreadyExists), "{again}");
    assert!(admin::topic_configs(&mut cluster, &name).unwrap().iter().any(|c| c.name == "retention.ms"));
    produce(&broker, &name, 5, 10, ProducerConfig::default());
    let all: Vec<i32> = (0..5).collect();
    let ends = admin::offsets(&mut cluster, &name, &all, OffsetSpec::Latest).unwrap();
    assert_eq!(ends.values().copied().collect::<Vec<_>>(), [Some(2); 5]);
    admin::delete_topic(&mut cluster, &name).unwrap();
    let gone = admin::delete_topic(&mut cluster, &name).unwrap_err();
    assert_eq!(gone.code(), Some(ErrorCode::UnknownTopicOrPartition), "{gone}");
}

#[test]
fn two_members_share_a_topic_and_offsets_survive_them() {
    let broker = Broker::start(SMALL);
    let name = topic(&mut cluster(&broker), 4);
    produce(&broker, &name, 4, 100, ProducerConfig::default());
    let group = format!("{name}-group");
    let (mut a_cluster, mut b_cluster) = (cluster(&broker), cluster(&broker));
    let mut a = Membership::new(&*group, vec![name.clone()]);
    assert_eq!(a.join(&mut a_cluster).unwrap().len(), 4);
    a.commit(&mut a_cluster, &BTreeMap::from([((name.clone(), 2), 7)])).unwrap();

    // The second member waits until the first has noticed and joined again.
    let b_name = name.clone();
    let b_group = group.clone();
    let b = thread::spawn(move || {
        let mut b = Membership::new(b_group, vec![b_name]);
        b.join(&mut b_cluster).unwrap();
        (b, b_cluster)
    });
    let deadline = Instant::now() + PATIENCE;
    while a.beat(&mut a_cluster).unwrap() == Beat::Same {
        assert!(Instant::now() < deadline, "never told to join again");
        std::thread::sleep(Duration::from_millis(100));
    }
    a.join(&mut a_cluster).unwrap();
    let (mut b, mut b_cluster) = b.join().unwrap();
    let mut both: Vec<i32> = a.assignment().iter().chain(b.assignment()).map(|(_, p)| *p).collect();
    both.sort_unstable();
    assert_eq!(both, [0, 1, 2, 3]);
    assert_eq!(a.assignment().len(), 2);

    let described = admin::describe_group(&mut a_cluster, &group).unwrap();
    assert_eq!((described.state.as_str(), described.members.len()), ("Stable", 2));
    assert!(described.members.iter().all(|m| m.assignment.iter().map(|(_, p)| p.len()).sum::<usize>() == 2));
    b.leave(&mut b_cluster).unwrap();
    a.leave(&mut a_cluster).unwrap();
    assert_eq!(admin::describe_group(&mut a_cluster, &group).unwrap().state, "Empty");
    assert_eq!(admin::committed(&mut a_cluster, &group).unwrap(), BTreeMap::from([((name, 2), 7)]));
    assert!(admin::list_groups(&mut a_cluster).unwrap().iter().any(|g| g.group == group));
}

/// Transactions of a record in each of two partitions; every third is aborted. Then what was committed is read.
fn transact(cluster: Cluster, reader: Cluster, topic: &str) {
    let config =
        ProducerConfig { transactional_id: Some(format!("{topic}-id")), ..ProducerConfig::default() };
    let mut producer = Producer::new(cluster, config).unwrap();
    let handles = [0, 1].map(|partition| producer.partition(topic, partition));
    producer.cluster().wait_for_topic(topic, IfMissing::Wait, PATIENCE).unwrap();
    let mut expect = Vec::new();
    for number in 0..30_u64 {
        let deadline = Instant::now() + PATIENCE;
        let value = number.to_string();
        let record = RecordParts { key: None, value: Some(value.as_bytes()), headers: &[] };
        for handle in handles {
            producer.append(handle, &record, 1_700_000_000_000, number, Instant::now());
        }
        producer.flush();
        while !producer.is_idle() {
            assert!(Instant::now() < deadline, "not all acknowledged");
            producer
                .step(Instant::now() + Duration::from_secs(1), &mut |delivery| {
                    delivery.outcome.unwrap();
                })
                .unwrap();
        }
        let commit = number % 3 != 0;
        assert_eq!(producer.end_transaction(commit).unwrap(), commit);
        if commit {
            expect.push(number);
        }
    }
    assert_eq!(producer.renewals(), 0);
    let config = ConsumerConfig { read_committed: true, ..ConsumerConfig::default() };
    let mut consumer = Consumer::new(reader, config);
    consumer.assign([0, 1].map(|partition| (topic.to_owned(), partition, Start::Earliest)));
    let mut read: [Vec<u64>; 2] = [Vec::new(), Vec::new()];
    let deadline = Instant::now() + PATIENCE;
    while read.iter().any(|read| read.len() < expect.len()) {
        assert!(Instant::now() < deadline, "read {read:?}");
        consumer
            .poll(Instant::now() + Duration::from_secs(1), &mut |_, partition, event| {
                if let Event::Record(record) = event {
                    let value = std::str::from_utf8(record.value.unwrap()).unwrap();
                    read[partition as usize].push(value.parse().unwrap());
                }
            })
            .unwrap();
    }
    assert_eq!(read, [expect.clone(), expect]);
}

#[test]
fn transactions_end_as_asked_in_the_brokers_protocol() {
    let broker = Broker::start(SMALL);
    let name = topic(&mut cluster(&broker), 2);
    transact(cluster(&broker), cluster(&broker), &name);
}

#[test]
fn transactions_end_as_asked_where_the_cluster_has_no_features() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let front = listener.local_addr().unwrap();
    // Clients come back to the address that the broker advertises.
    let broker = Broker::start(&[SMALL, &["--advertise", &front.to_string()]].concat());
    let address = broker.address.clone();
    thread::spawn(move || {
        for client in listener.incoming() {
            let broker = TcpStream::connect(&address).unwrap();
            thread::spawn(move || without_features(&client.unwrap(), &broker));
        }
    });
    let through = || Cluster::connect(ClientConfig::new(front.to_string(), "client-test")).unwrap();
    let name = topic(&mut through(), 2);
    transact(through(), through(), &name);
}

/// Stands before a broker as one that knows no ApiVersions but the first (behaviour 1), which tells no features.
fn without_features(mut client: &TcpStream, mut broker: &TcpStream) -> io::Result<()> {
    let mut head = [0; 12]; // length, API, version, correlation id
    client.read_exact(&mut head)?;
    let length = u32::from_be_bytes(head[..4].try_into().unwrap()) as usize;
    assert_eq!(head[4..6], [0, 18], "a connection begins with ApiVersions");
    assert!(head[6..8] > [0, 0][..]);
    client.read_exact(&mut vec![0; length - 8])?;
    let refusal = [&[0, 0, 0, 10][..], &head[8..12], &[0, 35, 0, 0, 0, 0]].concat();
    client.write_all(&refusal)?;
    let (from_client, to_broker) = (client.try_clone()?, broker.try_clone()?);
    thread::spawn(move || io::copy(&mut &from_client, &mut &to_broker));
    io::copy(&mut broker, &mut client)?;
    Ok(())
}
