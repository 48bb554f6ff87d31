//! A batch of records as the broker and clients handle it: what an append checks, what a reader walks, what a
//! rewrite costs.

use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::compress::Codec;
use headwater_core::record::header::BatchView;
use headwater_core::record::records::Records;
use headwater_core::record::validate::{Rules, validate};
use headwater_core::time::Timestamp;
use headwater_loadgen::payload::{Body, Template};

const NOW_MS: i64 = 1_700_000_000_000;

/// Records of 100 bytes, of which half compresses away.
fn batch(records: u64, codec: Codec) -> Bytes {
    let mut template = Template::of(1, 0, &[100], Body::Varied { compressible: 0.5 });
    let mut batch = BatchBuilder::new().codec(codec);
    for number in 0..records {
        batch.push(NOW_MS, Some(b"key-0000000001"), Some(template.value(0, number, 0)), &[]);
    }
    batch.build()
}

fn rules(compacted: bool) -> Rules {
    Rules {
        max_message_bytes: 1 << 20,
        log_append_time: false,
        timestamp_before_max_ms: u64::MAX,
        timestamp_after_max_ms: 3_600_000,
        compacted,
        codec: None,
        version: 13,
    }
}

fn append(c: &mut Criterion) {
    let mut group = c.benchmark_group("record/validate");
    for records in [1, 10, 500] {
        let batch = batch(records, Codec::None);
        group.throughput(Throughput::Bytes(batch.len() as u64));
        for (name, rules) in [("by its header", rules(false)), ("record by record", rules(true))] {
            group.bench_function(BenchmarkId::new(name, records), |b| {
                b.iter(|| validate(black_box(&batch), &rules, Timestamp::from_millis(NOW_MS)).is_ok());
            });
        }
    }
    group.finish();
}

fn read(c: &mut Criterion) {
    let mut group = c.benchmark_group("record/walk");
    group.throughput(Throughput::Elements(500));
    for codec in [Codec::None, Codec::Lz4, Codec::Zstd] {
        let batch = batch(500, codec);
        group.bench_function(format!("500 of 100 bytes, {codec:?}"), |b| {
            b.iter(|| {
                let (view, _) = BatchView::split(black_box(&batch)).unwrap();
                Records::of(&view, 1 << 20)
                    .unwrap()
                    .iter()
                    .map(|record| record.unwrap().offset.get())
                    .sum::<i64>()
            });
        });
    }
    group.finish();
}

fn make(c: &mut Criterion) {
    let mut group = c.benchmark_group("record/build");
    let plain = batch(500, Codec::None);
    group.throughput(Throughput::Bytes(plain.len() as u64));
    for codec in [Codec::None, Codec::Lz4, Codec::Zstd] {
        group.bench_function(format!("500 of 100 bytes, {codec:?}"), |b| b.iter(|| batch(500, codec)));
    }
    group.finish();
}

criterion_group! {
    name = benches;
    // All benches of this crate together take less than ten minutes.
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = append, read, make
}
criterion_main!(benches);
