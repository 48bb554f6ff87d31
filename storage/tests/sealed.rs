//! Sealed segments as they are sent, on the real disk: what is given as a stretch of a file is what was appended, whole
//! batches within the reader's bounds, and never a damaged one.
//!
//! Where the folder's file system has no direct IO, or the kernel can't say what is in memory, each test says so and passes.

#![allow(clippy::await_holding_refcell_ref)] // one task, and what it shares is touched only between its own awaits

mod world;

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use bytes::Bytes;
use futures_lite::future::yield_now;
use headwater_core::ids::{LeaderEpoch, Offset, PartitionId, ShardId, TopicId, TopicPartition};
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::compress::Codec;
use headwater_core::record::header::{BatchHeader, BatchView};
use headwater_storage::compact::Pass as Compacting;
use headwater_storage::disk::buffered::Buffered;
use headwater_storage::disk::dma::{Dma, block_on};
use headwater_storage::disk::{Disk, Open};
use headwater_storage::layout;
use headwater_storage::log::{CompactionConfig, Log, LogConfig};
use headwater_storage::plan::{ReadError, ReadOutcome};
use headwater_storage::store::{Store, StoreConfig};
use rustix::fs::{Advice, fadvise};
use world::beside;

const LOG: TopicPartition = TopicPartition { topic: TopicId::new([6; 16]), partition: PartitionId::new(0) };
const INTERVAL: u64 = 8192;

fn config() -> StoreConfig {
    let log = LogConfig { segment_bytes: 300_000, index_interval_bytes: INTERVAL, ..LogConfig::default() };
    StoreConfig {
        journal_file_bytes: 1 << 20,
        journal_files: 4,
        head_bytes: 32 << 10,
        cache_bytes: 0,
        log,
        ..StoreConfig::default()
    }
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs `test` on a store in a folder of its own.
fn check<F: Future<Output = ()> + 'static>(name: &str, test: impl FnOnce(PathBuf) -> F + Send + 'static) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let folder = Folder(folder);
    let path = folder.0.clone();
    block_on(move || {
        Box::pin(async move {
            let probe = path.join("probe");
            fs::write(&probe, "x").unwrap();
            if Dma.open(&probe, Open::Read).await.is_err() || !matches!(Buffered::open(&probe), Ok(Some(_))) {
                eprintln!("SKIPPED: no direct IO in {}, or no cachestat", path.display());
                return;
            }
            test(path).await;
        })
    });
}

async fn open(folder: &Path) -> (Rc<Store<Dma>>, Rc<Log<Dma>>) {
    let store = Store::open(Dma, folder.to_path_buf(), ShardId::new(0), config()).await.unwrap();
    let log = store.create_log(LOG, config().log);
    (store, log)
}

/// A log of five sealed segments and an active one; gives its bytes, batch after batch.
async fn write(folder: &Path) -> Vec<Bytes> {
    let (store, log) = open(folder).await;
    let mut batches = Vec::new();
    beside(&store, async {
        for n in 0..600usize {
            let mut builder = BatchBuilder::new();
            for i in 0..=n % 3 {
                builder.push(n as i64, None, Some(&vec![(n * 7 + i) as u8; 100 + n * 131 % 2000]), &[]);
            }
            let batch = builder.build_mut();
            let header = BatchHeader::parse(&batch).unwrap();
            store.room().await;
            let done = log.append(batch, &header, LeaderEpoch::new(1)).unwrap();
            let plan = log.plan(done.base_offset, log.end(), 1 << 20, true).unwrap();
            batches.push(plan.run().await.unwrap().chunks[0].clone());
        }
    })
    .await;
    store.shutdown().await.unwrap();
    batches
}

/// The bytes that a reader gets, from wherever they come.
async fn bytes_of(outcome: &ReadOutcome) -> Vec<u8> {
    match &outcome.sealed {
        Some(range) => {
            assert!(outcome.chunks.is_empty());
            range.read(0, range.len()).await.unwrap().to_vec()
        }
        None => outcome.chunks.concat(),
    }
}

/// What a reader who goes through the log got.
#[derive(Default)]
struct Pass {
    bytes: Vec<u8>,
    /// Bytes that came as stretches of files.
    sealed: usize,
    damaged: Vec<(i64, i64)>,
}

async fn pass(log: &Rc<Log<Dma>>, max_bytes: usize, upto: Offset) -> Pass {
    let (mut pass, mut at) = (Pass::default(), Offset::ZERO);
    while at < upto {
        match log.plan(at, upto, max_bytes, true).unwrap().run_to_send().await {
            Err(ReadError::Damaged { offset, last, .. }) => {
                assert!(offset <= at && last >= at, "{offset} to {last} at {at}");
                pass.damaged.push((offset.get(), last.get()));
                at = last.plus(1);
            }
            Err(error) => panic!("{error}"),
            Ok(outcome) => {
                let bytes = bytes_of(&outcome).await;
                pass.sealed += outcome.sealed.as_ref().map_or(0, |range| range.len());
                let mut rest = bytes.as_slice();
                if rest.is_empty() {
                    return pass;
                }
                let first = BatchHeader::parse(rest).unwrap().encoded_len;
                assert!(bytes.len() <= max_bytes.max(first), "{} bytes of {max_bytes}", bytes.len());
                while !rest.is_empty() {
                    let (view, more) = BatchView::split(rest).unwrap();
                    view.verify_crc().unwrap();
                    assert_eq!(view.header.base_offset, at);
                    at = view.header.next_offset();
                    rest = more;
                }
                assert!(at == outcome.next_offset && at <= upto);
                pass.bytes.extend(bytes);
            }
        }
    }
    pass
}

fn segments(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(layout::log_folder(folder, LOG)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
    files.sort();
    files
}

/// Takes a file out of the kernel's memory.
fn cool(path: &Path) {
    let file = fs::File::open(path).unwrap();
    file.sync_all().unwrap();
    fadvise(&file, 0, None, Advice::DontNeed).unwrap();
}

#[test]
fn the_third_reader_is_sent_files_and_gets_the_same() {
    check("sent", async |folder| {
        let whole = write(&folder).await.concat();
        let (store, log) = open(&folder).await;
        let sealed: u64 =
            segments(&folder).iter().rev().skip(1).map(|p| fs::metadata(p).unwrap().len()).sum();
        for _ in 0..2 {
            let read = pass(&log, 100_000, log.end()).await;
            assert!(read.bytes == whole && read.sealed == 0, "{} bytes were sent too soon", read.sealed);
        }
        assert_eq!((store.usage().read_bytes, store.usage().sealed_bytes), (2 * whole.len() as u64, 0));
        for (max_bytes, share) in [(100_000, 90), (40_000, 70), (300_000, 90)] {
            let again = pass(&log, max_bytes, log.end()).await;
            assert!(again.bytes == whole);
            let percent = again.sealed as u64 * 100 / sealed;
            assert!(percent >= share, "{percent} % of {sealed} bytes as files, {max_bytes} at a time");
        }
        // Out of the kernel's memory, and back.
        segments(&folder).iter().for_each(|path| cool(path));
        let again = pass(&log, 100_000, log.end()).await;
        assert!(again.bytes == whole && again.sealed > 0);
        // Less than an interval at a time, and a reader that may not see all of it (behaviours 39, 40).
        for max_bytes in [1, 3000] {
            let small = pass(&log, max_bytes, log.end()).await;
            assert!(small.bytes == whole && (small.sealed == 0 || max_bytes > 1));
        }
        for upto in (1..log.end().get()).step_by(37) {
            let read = pass(&log, 50_000, Offset::new(upto)).await;
            assert!(whole.starts_with(&read.bytes), "below {upto}");
        }
    });
}

#[test]
fn who_reads_for_himself_gets_bytes() {
    check("bytes", async |folder| {
        let whole = write(&folder).await.concat();
        let (_store, log) = open(&folder).await;
        for _ in 0..4 {
            assert!(pass(&log, 100_000, log.end()).await.bytes == whole);
        }
        let outcome = log.plan(Offset::ZERO, log.end(), 100_000, true).unwrap().run().await.unwrap();
        assert!(outcome.sealed.is_none() && whole.starts_with(&outcome.chunks.concat()));
    });
}

#[test]
fn a_damaged_batch_is_never_sent() {
    check("damaged", async |folder| {
        let batches = write(&folder).await;
        let path = segments(&folder).remove(1);
        let base: i64 = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
        let len = fs::metadata(&path).unwrap().len();
        for at in [70, len / 2, len - 3] {
            let file = fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
            let mut byte = [0];
            file.read_exact_at(&mut byte, at).unwrap();
            let flip = |to: u8| {
                file.write_all_at(&[to], at).unwrap();
                cool(&path);
            };
            flip(byte[0] ^ 4);
            let (store, log) = open(&folder).await;
            let mut hit = None;
            let mut pos = 0;
            for batch in
                batches.iter().skip_while(|b| BatchHeader::parse(b).unwrap().base_offset.get() < base)
            {
                let header = BatchHeader::parse(batch).unwrap();
                if (pos..pos + batch.len() as u64).contains(&at) {
                    hit = Some((header.base_offset.get(), header.last_offset().get()));
                }
                pos += batch.len() as u64;
            }
            let left: Vec<u8> = batches
                .iter()
                .filter(|b| Some(BatchHeader::parse(b).unwrap().base_offset.get()) != hit.map(|hit| hit.0))
                .flatten()
                .copied()
                .collect();
            for n in 0..5 {
                let read = pass(&log, 100_000, log.end()).await;
                assert_eq!(read.damaged, Vec::from_iter(hit), "byte {at}, pass {n}");
                assert!(read.bytes == left, "byte {at}, pass {n}");
                assert_eq!(read.sealed > 0, n > 1, "what is around it is sent");
            }
            assert_eq!(store.usage().damaged, 1);
            flip(byte[0]);
        }
    });
}

#[test]
fn a_reply_outlives_its_segment() {
    check("outlived", async |folder| {
        let whole = write(&folder).await.concat();
        let (store, log) = open(&folder).await;
        pass(&log, 100_000, log.end()).await;
        pass(&log, 100_000, log.end()).await;
        let outcome = log.plan(Offset::ZERO, log.end(), 100_000, true).unwrap().run_to_send().await.unwrap();
        assert!(outcome.sealed.is_some());
        let path = segments(&folder).remove(0);
        beside(&store, async {
            log.set_log_start(Offset::new(1000));
            while path.exists() {
                futures_lite::future::yield_now().await;
            }
        })
        .await;
        assert!(whole.starts_with(&bytes_of(&outcome).await));
    });
}

#[test]
fn sixteen_readers_of_the_tail_share_one_copy_and_ask_no_disk() {
    check("tail", async |folder| {
        let store = Store::open(
            Dma,
            folder.clone(),
            ShardId::new(0),
            StoreConfig { cache_bytes: 64 << 20, ..config() },
        );
        let store = store.await.unwrap();
        let log = store.create_log(LOG, config().log);
        for n in 0..50i64 {
            let batch = BatchBuilder::new().record(n, None, Some(&[n as u8; 9000])).build_mut();
            let header = BatchHeader::parse(&batch).unwrap();
            log.append(batch, &header, LeaderEpoch::new(1)).unwrap();
        }
        let places = |outcome: ReadOutcome| -> Vec<usize> {
            outcome.chunks.iter().map(|chunk| chunk.as_ptr() as usize).collect()
        };
        let read =
            || log.plan(Offset::ZERO, log.end(), 1 << 20, true).unwrap().now().ok().expect("in memory");
        let first = places(read());
        assert_eq!(first.len(), 50);
        for _ in 1..16 {
            assert_eq!(places(read()), first);
        }
        assert_eq!(store.usage().read_bytes, 0);
    });
}

#[test]
fn b64_what_is_on_its_way_out_stays_while_its_segment_is_compacted() {
    const KEYS: usize = 40;
    check("compacted", async |folder| {
        let compaction = CompactionConfig {
            dirty_permille: 0,
            lag_ms_min: 0,
            lag_ms_max: u64::MAX,
            delete_retention_ms: 0,
        };
        let of_log = LogConfig { compaction: Some(compaction), ..config().log };
        let (store, log) = open(&folder).await;
        let mut last = vec![0; KEYS];
        beside(&store, async {
            for n in 0..500usize {
                // Compressed and larger than what is unpacked on the shard: the pool does it.
                let mut seed = n as u32;
                let noise = std::iter::repeat_with(|| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (seed >> 24) as u8
                });
                let value: Vec<u8> = noise.take(2500).collect();
                let key = [(n * 7 % KEYS) as u8];
                let batch = BatchBuilder::new().codec(Codec::Zstd).record(n as i64, Some(&key), Some(&value));
                let batch = batch.build_mut();
                let header = BatchHeader::parse(&batch).unwrap();
                store.room().await;
                let done = log.append(batch, &header, LeaderEpoch::new(1)).unwrap();
                last[usize::from(key[0])] = done.base_offset.get();
            }
        })
        .await;
        store.shutdown().await.unwrap();
        drop((log, store));
        let (store, log) = open(&folder).await;
        log.set_config(of_log);
        beside(&store, async {
            for _ in 0..2 {
                pass(&log, 64 << 10, log.end()).await;
            }
            let (mut held, mut at) = (Vec::new(), Offset::ZERO);
            while at < log.end() {
                let outcome = log.plan(at, log.end(), 64 << 10, true).unwrap().run_to_send().await.unwrap();
                at = outcome.next_offset;
                let bytes = bytes_of(&outcome).await;
                held.extend(outcome.sealed.map(|range| (range, bytes)));
            }
            assert!(held.len() > 10, "{} stretches", held.len());
            let before: Vec<_> = log_files(&folder);
            let upto = log.end();
            let compacting = Compacting { now_ms: 1000, upto, map_bytes: 1 << 20, ..Compacting::default() };
            let done = log.compact(compacting, |_| yield_now()).await.unwrap();
            assert!(done.segments > 2, "{done:?}");
            // Their names go, with a checkpoint.
            while before.iter().filter(|path| path.exists()).count() > before.len() - done.segments {
                yield_now().await;
            }
            for (range, bytes) in &held {
                assert!(range.read(0, range.len()).await.unwrap() == bytes[..], "other bytes are sent");
                range.warm(0, range.len(), 0).await.unwrap();
            }
            let (mut there, mut at) = (Vec::new(), Offset::ZERO);
            while at < log.end() {
                let outcome = log.plan(at, log.end(), 64 << 10, true).unwrap().run_to_send().await.unwrap();
                at = outcome.next_offset;
                let bytes = bytes_of(&outcome).await;
                let mut rest = bytes.as_slice();
                while !rest.is_empty() {
                    let (view, behind) = BatchView::split(rest).unwrap();
                    view.verify_crc().unwrap();
                    there.push(view.header.base_offset.get());
                    rest = behind;
                }
            }
            assert!(there.len() < 200 && last.iter().all(|offset| there.contains(offset)), "{there:?}");
        })
        .await;
    });
}

/// Segments' files.
fn log_files(folder: &Path) -> Vec<PathBuf> {
    let names = fs::read_dir(layout::log_folder(folder, LOG)).unwrap();
    let paths = names.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "log")).collect()
}
