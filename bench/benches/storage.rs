//! The log: what an append, a commit round, a look-up, a read plan, a start, a pass of compaction and a checksum cost.
//!
//! Everything but `round` runs on the simulated disk, so it is the processor's part alone. `round` runs on the real one, in
//! the target folder, one round after the other as a single producer sees them; compare it with `headwater doctor`'s flush
//! figure of the same minute.

use std::cell::Cell;
use std::future::poll_fn;
use std::hint::black_box;
use std::path::PathBuf;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use futures_lite::future::{block_on, or, yield_now, zip};
use headwater_core::epochs::LeaderEpochs;
use headwater_core::ids::{LeaderEpoch, Offset, PartitionId, ShardId, TopicId, TopicPartition};
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::header::{BatchHeader, BatchView};
use headwater_storage::checkpoint::{Encoder, LogImage, SegmentImage};
use headwater_storage::compact::Pass;
use headwater_storage::disk::Disk;
use headwater_storage::disk::dma::{self, Dma};
use headwater_storage::disk::sim::Sim;
use headwater_storage::index::Index;
use headwater_storage::journal::ring::Position;
use headwater_storage::log::{CompactionConfig, Log, LogConfig};
use headwater_storage::store::{Store, StoreConfig};

const SHARD: ShardId = ShardId::new(0);

fn id(n: usize) -> TopicPartition {
    TopicPartition { topic: TopicId::new([9; 16]), partition: PartitionId::new(n as i32) }
}

fn config() -> StoreConfig {
    StoreConfig { journal_file_bytes: 16 << 20, ..StoreConfig::default() }
}

/// A batch of about this many bytes, in records of 1 KiB or one smaller one.
fn batch(bytes: usize) -> (BytesMut, BatchHeader) {
    let mut builder = BatchBuilder::new();
    let value = vec![7; bytes.min(1024)];
    for n in 0..bytes.div_ceil(1024) {
        builder.push(n as i64, None, Some(&value), &[]);
    }
    let batch = builder.build_mut();
    let header = BatchHeader::parse(&batch).expect("a built batch has a header");
    (batch, header)
}

/// A store and its logs.
type Opened<D> = (Rc<Store<D>>, Vec<Rc<Log<D>>>);

async fn open<D: Disk>(disk: D, folder: PathBuf, partitions: usize) -> Opened<D> {
    let store = Store::open(disk, folder, SHARD, config()).await.expect("the store opens");
    let logs = (0..partitions).map(|n| store.create_log(id(n), LogConfig::default())).collect();
    (store, logs)
}

fn append(c: &mut Criterion) {
    const APPENDS: u64 = 500;
    let mut group = c.benchmark_group("storage/append");
    for bytes in [1 << 10, 16 << 10, 64 << 10] {
        let (batch, header) = batch(bytes);
        group.throughput(Throughput::Bytes(APPENDS * batch.len() as u64));
        group.bench_function(format!("{}KiB x{APPENDS}", bytes >> 10), |b| {
            let setup = || {
                let opened = block_on(open(Sim::new(1), "/bench".into(), 16));
                (opened, vec![batch.clone(); APPENDS as usize])
            };
            let work = |((store, logs), batches): (Opened<Sim>, Vec<BytesMut>)| {
                for (n, batch) in batches.into_iter().enumerate() {
                    logs[n % 16].append(batch, &header, LeaderEpoch::new(1)).expect("it is taken");
                }
                (store, logs)
            };
            b.iter_batched(setup, work, BatchSize::PerIteration);
        });
    }
    group.finish();
}

/// `rounds` rounds of one batch into each of `partitions`, each awaited, on the real disk.
fn rounds(rounds: u64, partitions: usize, bytes: usize) -> Duration {
    dma::block_on(move || {
        Box::pin(async move {
            let folder =
                PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{}", std::process::id()));
            let (store, logs) = open(Dma, folder.clone(), partitions).await;
            let (batch, header) = batch(bytes);
            let waiting: Cell<Option<Waker>> = Cell::new(None);
            let loops = async {
                let commit = store.run_commit(|_| {
                    waiting.take().into_iter().for_each(Waker::wake);
                });
                zip(commit, store.run_write_out(yield_now)).await;
                std::future::pending().await
            };
            let driver = async {
                let begin = Instant::now();
                for _ in 0..rounds {
                    for log in &logs {
                        store.room().await;
                        log.append(batch.clone(), &header, LeaderEpoch::new(1)).expect("it is taken");
                    }
                    poll_fn(|cx| {
                        waiting.set(Some(cx.waker().clone()));
                        let done = logs.iter().all(|log| log.durable_end() == log.end());
                        if done { Poll::Ready(()) } else { Poll::Pending }
                    })
                    .await;
                }
                begin.elapsed()
            };
            let took = or(driver, loops).await;
            drop((store, logs));
            Dma.remove(&folder).await.expect("the bench's folder can be removed");
            took
        })
    })
}

fn round(c: &mut Criterion) {
    let mut group = c.benchmark_group("storage/round");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    for (partitions, bytes) in [(1, 1 << 10), (1, 16 << 10), (16, 64 << 10), (1000, 1 << 10)] {
        group.throughput(Throughput::Bytes((partitions * bytes) as u64));
        group.bench_function(format!("{partitions} partitions x {}KiB", bytes >> 10), |b| {
            b.iter_custom(|n| rounds(n, partitions, bytes));
        });
    }
    group.finish();
}

fn index(c: &mut Criterion) {
    let mut index = Index::default();
    // A segment of 1 GiB, an entry each 64 KiB.
    for n in 0..16_384u32 {
        index.note(n * 64, u64::from(n) * 65_536, 65_536, i64::from(n), 65_536);
    }
    let mut group = c.benchmark_group("storage/index");
    group.throughput(Throughput::Elements(1));
    let mut at = 0i64;
    group.bench_function("place", |b| {
        b.iter(|| {
            at = (at + 7_919) % (16_384 * 64);
            index.place(Offset::ZERO, black_box(Offset::new(at)))
        });
    });
    group.finish();
}

fn plan(c: &mut Criterion) {
    let (_store, logs) = block_on(open(Sim::new(1), "/bench".into(), 1));
    let (batch, header) = batch(16 << 10);
    for _ in 0..1000 {
        logs[0].append(batch.clone(), &header, LeaderEpoch::new(1)).expect("it is taken");
    }
    let end = logs[0].end();
    let mut group = c.benchmark_group("storage/plan");
    group.throughput(Throughput::Bytes(1 << 20));
    group.bench_function("tail, 1 MiB of 16 KiB batches", |b| {
        b.iter(|| {
            let plan = logs[0].plan(black_box(Offset::new(8000)), end, 1 << 20, true).expect("in range");
            block_on(plan.run()).expect("from memory")
        });
    });
    group.finish();
}

/// Bytes of the log that a consumer reads from its beginning.
const BEHIND_BYTES: usize = 256 << 20;

/// A consumer reads a whole log from the real disk, 1 MiB at a time, as fast as it gets it; nothing of it is in memory.
fn catch_up(c: &mut Criterion) {
    let mut group = c.benchmark_group("storage/catch-up");
    group.sample_size(10).throughput(Throughput::Bytes(BEHIND_BYTES as u64));
    let (mut read, mut cpu) = (0u64, Duration::ZERO);
    group.bench_function("1 MiB at a time, 64 KiB batches", |b| {
        b.iter_custom(|n| {
            let (took, used) = read_behind(n);
            read += n * BEHIND_BYTES as u64;
            cpu += used;
            took
        });
    });
    group.finish();
    if read > 0 {
        eprintln!(
            "catch-up: {:.3} CPU-s/GB (appending not counted)",
            cpu.as_secs_f64() / (read as f64 / 1e9)
        );
    }
}

fn read_behind(times: u64) -> (Duration, Duration) {
    dma::block_on(move || {
        Box::pin(async move {
            let folder =
                PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("behind-{}", std::process::id()));
            let config = StoreConfig { cache_bytes: 0, ..config() };
            let store = Store::open(Dma, folder.clone(), SHARD, config).await.expect("the store opens");
            let log = store.create_log(id(0), LogConfig::default());
            let (batch, header) = batch(64 << 10);
            let driver = async {
                for _ in 0..BEHIND_BYTES / batch.len() + 64 {
                    store.room().await;
                    log.append(batch.clone(), &header, LeaderEpoch::new(1)).expect("it is taken");
                }
                while log.durable_end() != log.end() || store.usage().cache_bytes > 0 {
                    if store.usage().heads_bytes < 256 << 10 {
                        break;
                    }
                    yield_now().await;
                }
                let (begin, before) = (Instant::now(), cpu_used());
                for _ in 0..times {
                    let (mut at, mut bytes) = (Offset::ZERO, 0);
                    while bytes < BEHIND_BYTES {
                        let plan = log.plan(at, log.end(), 1 << 20, true).expect("in range");
                        let outcome = plan.run().await.expect("it is there");
                        bytes += outcome.chunks.iter().map(bytes::Bytes::len).sum::<usize>();
                        at = outcome.next_offset;
                    }
                }
                (begin.elapsed(), cpu_used().saturating_sub(before))
            };
            let took = beside(&store, driver).await;
            drop((log, store));
            Dma.remove(&folder).await.expect("the bench's folder can be removed");
            took
        })
    })
}

/// CPU time of this process so far: user and system, in ticks of 10 ms.
fn cpu_used() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|ticks| ticks.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}

fn recovery(c: &mut Criterion) {
    let disk = Sim::new(1);
    let (batch, header) = batch(1 << 10);
    let appends = 10_000usize;
    block_on(async {
        let (store, logs) = open(disk.clone(), "/bench".into(), 1000).await;
        let driver = async {
            for n in 0..appends {
                logs[n % 1000].append(batch.clone(), &header, LeaderEpoch::new(1)).expect("it is taken");
            }
            while logs.iter().any(|log| log.durable_end() != log.end()) {
                yield_now().await;
            }
        };
        // Without write-out: all of it is in the journal, and nothing in segments.
        or(driver, async {
            store.run_commit(|_| {}).await;
            std::future::pending().await
        })
        .await;
    });
    let mut group = c.benchmark_group("storage/recovery");
    group.sample_size(10).throughput(Throughput::Bytes((appends * batch.len()) as u64));
    group.bench_function("replay of 10,000 batches of 1,000 partitions", |b| {
        b.iter_with_large_drop(|| {
            block_on(Store::open(disk.clone(), "/bench".into(), SHARD, config())).expect("it opens")
        });
    });
    group.finish();
}

/// Bytes of values in the log that is compacted; every key is written twice.
const COMPACTED_BYTES: usize = 32 << 20;

/// One pass over a log of which half is superseded: how long it works, and the longest time that it holds the shard.
fn compaction(c: &mut Criterion) {
    let mut group = c.benchmark_group("storage/compaction");
    group.sample_size(10).throughput(Throughput::Bytes(COMPACTED_BYTES as u64));
    group.bench_function("a pass over 32 MiB, 16 KiB batches", |b| {
        b.iter_custom(|n| (0..n).map(|_| compact().0).sum());
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("the longest slice", |b| b.iter_custom(|n| (0..n).map(|_| compact().1).sum()));
    group.finish();
}

/// Compacts a new log once; answers how long that worked, and its longest slice.
fn compact() -> (Duration, Duration) {
    let compaction =
        CompactionConfig { dirty_permille: 0, lag_ms_min: 0, lag_ms_max: u64::MAX, delete_retention_ms: 0 };
    let log = LogConfig { segment_bytes: 4 << 20, compaction: Some(compaction), ..LogConfig::default() };
    let config = StoreConfig { cache_bytes: 0, log, ..config() };
    let disk = Sim::new(1);
    let open = async || {
        let store = Store::open(disk.clone(), "/bench".into(), SHARD, config).await.expect("it opens");
        let log = store.create_log(id(0), log);
        (store, log)
    };
    block_on(async {
        let (store, log) = open().await;
        let value = [7; 1024];
        let keys = (COMPACTED_BYTES / value.len() / 2) as u32;
        beside(&store, async {
            for batch in 0..2 * keys / 16 {
                let mut builder = BatchBuilder::new();
                for n in 0..16 {
                    builder.push(1, Some(&((batch * 16 + n) % keys).to_be_bytes()), Some(&value), &[]);
                }
                let batch = builder.build_mut();
                let header = BatchHeader::parse(&batch).expect("a built batch has a header");
                store.room().await;
                log.append(batch, &header, LeaderEpoch::new(1)).expect("it is taken");
            }
            while log.durable_end() != log.end() {
                yield_now().await;
            }
        })
        .await;
        // Whatever is in memory goes to its segments.
        store.shutdown().await.expect("a simulated disk takes it");
        drop((store, log));
        let (store, log) = open().await;
        beside(&store, async {
            loop {
                let (longest, since) = (Cell::new(Duration::ZERO), Cell::new(Instant::now()));
                let pause = |_| {
                    longest.set(longest.get().max(since.get().elapsed()));
                    since.set(Instant::now());
                    std::future::ready(())
                };
                let (begin, upto) = (Instant::now(), log.end());
                let pass = Pass { now_ms: 1, upto, map_bytes: 64 << 20, ..Pass::default() };
                let done = log.compact(pass, pause).await.expect("it can be compacted");
                if done.segments > 0 {
                    assert!(done.bytes_after < done.bytes_before * 2 / 3, "{done:?}");
                    return (begin.elapsed(), longest.get());
                }
                // Not before it was looked what a crash has left.
                yield_now().await;
            }
        })
        .await
    })
}

/// Runs `driver` beside the store's loops.
async fn beside<D: Disk, T>(store: &Store<D>, driver: impl Future<Output = T>) -> T {
    or(driver, async {
        zip(store.run_commit(|_| {}), store.run_write_out(yield_now)).await;
        std::future::pending().await
    })
    .await
}

/// The longest time that a checkpoint of 10,000 partitions holds the shard; the file itself is written by another thread.
fn checkpoint(c: &mut Criterion) {
    let images: Vec<LogImage> = (0..10_000).map(image).collect();
    let encode = || {
        let mut encoder = Encoder::new(Position { lap: 1, pos: 0, sequence: 0 }, 16 << 20);
        let (mut longest, mut since) = (Duration::ZERO, Instant::now());
        for image in &images {
            encoder.log(image, image.log_start, None);
            if encoder.ends_slice(StoreConfig::default().checkpoint_slice_bytes) {
                longest = longest.max(since.elapsed());
                since = Instant::now();
            }
        }
        let bytes = encoder.finish(std::iter::empty());
        (longest.max(since.elapsed()), bytes.len())
    };
    let mut group = c.benchmark_group("storage/checkpoint of 10,000 partitions");
    group.throughput(Throughput::Bytes(encode().1 as u64));
    group.bench_function("whole", |b| b.iter(encode));
    group.throughput(Throughput::Elements(1));
    group.bench_function("its longest slice", |b| {
        b.iter_custom(|n| (0..n).map(|_| encode().0).sum());
    });
    group.finish();
}

/// A log with three sealed segments, an index of 50 entries, and two idempotent producers.
fn image(n: usize) -> LogImage {
    let mut index = Index::default();
    for entry in 0..50u32 {
        index.note(entry * 64, u64::from(entry) * 65_536, 65_536, i64::from(entry), 65_536);
    }
    let segment = |base: i64, sealed| SegmentImage {
        base: Offset::new(base),
        generation: 0,
        bytes: 64 << 20,
        first_timestamp: Some(1),
        max_timestamp: Some(2),
        sealed,
        compacted: false,
        clean: false,
        index: if sealed { Index::default() } else { index.clone() },
    };
    let mut epochs = LeaderEpochs::default();
    epochs.assign(LeaderEpoch::new(1), Offset::ZERO);
    LogImage {
        id: id(n),
        log_start: Offset::ZERO,
        next: Offset::new(400_000),
        segments: vec![
            segment(0, true),
            segment(100_000, true),
            segment(200_000, true),
            segment(300_000, false),
        ],
        epochs,
        aux_at: Offset::new(400_000),
        aux: vec![1; 200].into(),
    }
}

fn crc(c: &mut Criterion) {
    let mut group = c.benchmark_group("storage/checksum");
    let (batch, header) = batch(64 << 10);
    group.throughput(Throughput::Bytes(batch.len() as u64));
    group.bench_function("CRC-32C of a 64 KiB batch", |b| {
        b.iter(|| BatchView { header, bytes: black_box(&batch) }.verify_crc());
    });
    let frame = vec![3u8; 1 << 20];
    group.throughput(Throughput::Bytes(frame.len() as u64));
    group.bench_function("CRC-32 of a 1 MiB frame", |b| b.iter(|| crc32fast::hash(black_box(&frame))));
    group.finish();
}

criterion_group! {
    name = benches;
    // All benches of this crate together take less than ten minutes.
    config = Criterion::default()
        .warm_up_time(std::time::Duration::from_secs(1))
        .measurement_time(std::time::Duration::from_secs(3));
    targets = append, round, index, plan, catch_up, recovery, compaction, checkpoint, crc
}
criterion_main!(benches);
