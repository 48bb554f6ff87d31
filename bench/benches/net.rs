//! The runtime: what a message to another shard and back costs, and a deadline that never comes. (Sockets with nothing behind
//! them: `net/tests/rt_figures.rs`; with a broker: `capacity`.)

use std::task::Waker;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use headwater_core::ids::ShardId;
use headwater_core::time::Monotonic;
use headwater_net::rt::wheel::Wheel;
use headwater_net::rt::{self, PerShard, RtConfig, mesh};

/// The time of `trips` messages from shard 0 to shard 1 and back, `under_way` of them at a time.
fn trips(trips: u64, under_way: u64) -> Duration {
    let ends = PerShard::new(mesh::<u64>(2, 256));
    let shards = rt::run_shards(&RtConfig { shards: 2, ..RtConfig::default() }, move |shard| {
        let ends = ends.clone();
        async move {
            let end = ends.take(shard);
            let (asker, other) = (ShardId::new(0), ShardId::new(1));
            if shard != asker {
                loop {
                    match end.recv().await {
                        (_, u64::MAX) => return Duration::ZERO,
                        (from, message) => end.send_reply(from, message),
                    }
                }
            }
            let begin = Instant::now();
            let mut sent = 0;
            for answered in 0..trips {
                while sent < trips && sent < answered + under_way {
                    end.send_request(other, sent).await.expect("the other shard listens");
                    sent += 1;
                }
                end.recv().await;
            }
            let took = begin.elapsed();
            end.send_notice(other, u64::MAX).await.expect("the other shard listens");
            took
        }
    });
    shards.expect("the machine lets two shards run").join()[0]
}

fn messages(c: &mut Criterion) {
    let mut group = c.benchmark_group("net/mesh");
    group.sample_size(10).throughput(Throughput::Elements(1));
    group.bench_function("there and back, one at a time", |b| b.iter_custom(|n| trips(n, 1)));
    group.bench_function("there and back, 64 under way", |b| b.iter_custom(|n| trips(n, 64)));
    group.finish();
}

fn deadlines(c: &mut Criterion) {
    let mut wheel = Wheel::new();
    let at = |ms| Monotonic::default().plus_millis(ms);
    // As with 10,000 idle connections, each with its own.
    for number in 0..10_000 {
        wheel.insert(at(number), Waker::noop().clone());
    }
    let mut number = 0;
    let mut group = c.benchmark_group("net/wheel");
    group.throughput(Throughput::Elements(1));
    group.bench_function("a deadline set and cancelled, among 10,000", |b| {
        b.iter(|| {
            number = (number + 7_919) % 10_000;
            let ticket = wheel.insert(at(number), Waker::noop().clone());
            wheel.cancel(ticket);
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = messages, deadlines
}
criterion_main!(benches);
