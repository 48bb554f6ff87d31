//! What the load generator itself costs per record, since it must never be the bottleneck: making a record
//! and putting it into a batch, checking one that was read, and noting a latency.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use headwater_loadgen::client::RecordParts;
use headwater_loadgen::keys::{KEY_COUNT, KeySpace, Keys};
use headwater_loadgen::latency::Latency;
use headwater_loadgen::pacer::{Pacer, Timetable};
use headwater_loadgen::payload::Template;
use headwater_loadgen::rate::Rate;
use headwater_loadgen::rng::Rng;
use headwater_loadgen::verify::Observed;

const SIZES: [usize; 3] = [100, 1024, 10_240];

fn make(c: &mut Criterion) {
    let mut group = c.benchmark_group("loadgen/make");
    for size in SIZES {
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(format!("{size}"), |b| {
            let (mut template, mut sequence) = (Template::new(1, 0, size), 0);
            b.iter(|| {
                sequence += 1;
                let value = template.value(3, sequence, black_box(1_700_000_000_000_000_000));
                black_box(RecordParts { value: Some(value), ..RecordParts::default() }.bytes_max())
            });
        });
    }
    group.finish();
}

fn check(c: &mut Criterion) {
    let mut group = c.benchmark_group("loadgen/check_1000");
    for size in SIZES {
        group.throughput(Throughput::Bytes(1000 * size as u64));
        group.bench_function(format!("{size}"), |b| {
            let mut template = Template::new(1, 0, size);
            let values: Vec<Vec<u8>> = (0..1000).map(|n| template.value(0, n, 1).to_vec()).collect();
            b.iter_batched(
                || Observed::new(1, 0, 1),
                |mut observed| {
                    for value in &values {
                        black_box(observed.note(Some(value)));
                    }
                    observed
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn note(c: &mut Criterion) {
    let mut group = c.benchmark_group("loadgen/a record's");
    group.throughput(Throughput::Elements(1));
    group.bench_function("latency", |b| {
        let (mut latency, mut rng) = (Latency::new(), Rng::new(1));
        b.iter(|| latency.record(rng.below(100_000_000)));
    });
    group.bench_function("look at the clock", |b| b.iter(Instant::now));
    group.bench_function("moment", |b| {
        let table =
            Timetable::new(Rate::PerSecond(1_000_000), 0, Duration::ZERO, Duration::from_secs(1 << 30));
        let mut pacer = Pacer::new(Arc::new(table), 0, 1, 1);
        b.iter(|| pacer.take(u64::MAX));
    });
    for keys in [Keys::Uniform, Keys::Zipf] {
        let space = KeySpace::new(keys, KEY_COUNT);
        let mut rng = Rng::new(1);
        group.bench_function(format!("key, {keys}"), |b| b.iter(|| space.draw(&mut rng)));
    }
    group.finish();
}

criterion_group! {
    name = benches;
    // All benches of this crate together take less than ten minutes.
    config = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3));
    targets = make, check, note
}
criterion_main!(benches);
