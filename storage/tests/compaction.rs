//! Compaction against a naive map, with power cuts at any operation: the last record of each key stays, offsets and
//! values do not change, nothing comes back.
//!
//! `SEED=<seed> cargo test -p headwater-storage --test compaction` replays a failure.

#![allow(clippy::await_holding_refcell_ref)] // the loops that share the model run only where nothing of it is held

mod world;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use futures_lite::future::{block_on, yield_now, zip};
use headwater_core::ids::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, TopicPartition};
use headwater_core::log_transactions::LogTransactions;
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::compress::Codec;
use headwater_core::record::control::{EndMarker, Outcome};
use headwater_core::record::header::{BatchHeader, BatchView};
use headwater_core::record::records::Records;
use headwater_core::time::Timestamp;
use headwater_storage::compact::{KEY_BYTES, Pass};
use headwater_storage::disk::sim::Sim;
use headwater_storage::error::ReadError;
use headwater_storage::log::{CompactionConfig, Log, LogConfig};
use headwater_storage::store::{Store, StoreConfig};
use world::{Random, SHARD, beside, beside_hearing, id, turns};

const DELETE_RETENTION_MS: u64 = 500;

fn config() -> StoreConfig {
    let compaction = CompactionConfig {
        dirty_permille: 100,
        lag_ms_min: 0,
        lag_ms_max: u64::MAX,
        delete_retention_ms: DELETE_RETENTION_MS,
    };
    let log = LogConfig {
        segment_bytes: 4000,
        index_interval_bytes: 500,
        compaction: Some(compaction),
        ..LogConfig::default()
    };
    StoreConfig { log, cache_bytes: 0, head_bytes: 2000, ..world::store_config() }
}

/// What is known of a record.
struct Known {
    key: u8,
    value: Option<Vec<u8>>,
    timestamp: i64,
    aborted: bool,
}

/// Each record, by offset.
type Model = BTreeMap<i64, Known>;

fn put(log: &Rc<Log<Sim>>, batch: BytesMut) -> Option<i64> {
    let header = BatchHeader::parse(&batch).unwrap();
    log.append(batch, &header, LeaderEpoch::new(1)).ok().map(|done| done.base_offset.get())
}

fn end_of_transaction(log: &Rc<Log<Sim>>, producer: ProducerId, outcome: Outcome) -> bool {
    let marker = EndMarker { outcome, coordinator_epoch: 0 };
    put(log, marker.build(producer, ProducerEpoch::new(0), Timestamp::default())[..].into()).is_some()
}

fn append(log: &Rc<Log<Sim>>, model: &mut Model, random: &mut Random, now: i64) -> bool {
    let codec = [Codec::None, Codec::None, Codec::Lz4, Codec::Zstd][random.below(4) as usize];
    let mut builder = BatchBuilder::new().codec(codec);
    let producer = ProducerId::new(1 + random.below(3) as i64);
    let outcome = match random.below(9) {
        0 => Some(Outcome::Abort),
        1 => Some(Outcome::Commit),
        _ => None,
    };
    if random.below(3) == 0 || outcome.is_some() {
        builder = builder.producer(producer, ProducerEpoch::new(0), log.end().get() as i32);
    }
    if outcome.is_some() {
        builder = builder.transactional();
    }
    let first = log.end().get();
    let mut records = Vec::new();
    for n in 0..=random.below(4) as i64 {
        let key = random.below(12) as u8;
        let value = (random.below(5) > 0).then(|| vec![(first + n) as u8; random.below(300) as usize]);
        builder.push(now, Some(&[key]), value.as_deref(), &[]);
        records.push(Known { key, value, timestamp: now, aborted: outcome == Some(Outcome::Abort) });
    }
    let Some(base) = put(log, builder.build_mut()) else { return false };
    model.extend((base..).zip(records));
    outcome.is_none_or(|outcome| end_of_transaction(log, producer, outcome))
}

/// All batches of a log.
async fn batches(log: &Rc<Log<Sim>>) -> Result<Vec<Bytes>, ReadError> {
    let mut out = Vec::new();
    let mut at = log.log_start();
    while at < log.end() {
        let outcome = log.plan(at, log.end(), 2000, true)?.run().await?;
        assert!(outcome.next_offset > at && !outcome.chunks.is_empty(), "nothing at {at}");
        for mut chunk in outcome.chunks {
            while !chunk.is_empty() {
                let batch = chunk.split_to(BatchHeader::parse(&chunk).unwrap().encoded_len);
                BatchView::split(&batch).unwrap().0.verify_crc().unwrap();
                out.push(batch);
            }
        }
        at = outcome.next_offset;
    }
    Ok(out)
}

/// The transactions in a log, as a restart finds them.
async fn transactions(log: &Rc<Log<Sim>>) -> Result<LogTransactions, ReadError> {
    let mut found = LogTransactions::default();
    for batch in batches(log).await? {
        let (view, _) = BatchView::split(&batch).unwrap();
        if view.header.is_control() {
            let records = Records::of(&view, 100).unwrap();
            let marker = EndMarker::read(&records.iter().next().unwrap().unwrap()).unwrap().unwrap();
            found.finish(view.header.producer_id.unwrap(), marker.outcome, view.header.base_offset);
        } else {
            found.append(&view.header, view.header.base_offset);
        }
    }
    Ok(found)
}

fn pass(now_ms: i64, map_bytes: usize, transactions: &LogTransactions) -> Pass {
    let upto = Offset::new(i64::MAX);
    let producers = (1..=3).map(ProducerId::new).collect();
    Pass { now_ms, upto, map_bytes, aborted: transactions.aborted_below(upto), producers }
}

/// Reads the log; every record is as the model has it, and of each key the last value is there (a last tombstone may be
/// gone). Gives the offsets that are there.
async fn check(log: &Rc<Log<Sim>>, model: &Model, what: &str) -> Vec<i64> {
    let mut there = Vec::new();
    let mut seen: BTreeMap<u8, Option<Vec<u8>>> = BTreeMap::new();
    for batch in batches(log).await.unwrap_or_else(|error| panic!("{what}: {error}")) {
        let (view, _) = BatchView::split(&batch).unwrap();
        if view.header.is_control() {
            continue;
        }
        for record in Records::of(&view, 1 << 20).unwrap().iter() {
            let record = record.unwrap();
            let offset = record.offset.get();
            let known = model.get(&offset).unwrap_or_else(|| panic!("{what}: offset {offset} is invented"));
            assert_eq!(record.key, Some(&[known.key][..]), "{what}: {offset}");
            assert_eq!(record.value, known.value.as_deref(), "{what}: {offset}");
            assert_eq!(record.timestamp, known.timestamp, "{what}: {offset}");
            assert!(there.last().is_none_or(|last| *last < offset), "{what}: {offset} goes back");
            there.push(offset);
            if !known.aborted {
                seen.insert(known.key, known.value.clone());
            }
        }
    }
    let last: BTreeMap<u8, &Option<Vec<u8>>> =
        model.values().filter(|known| !known.aborted).map(|known| (known.key, &known.value)).collect();
    for (key, value) in last {
        let found = seen.get(&key).cloned().flatten();
        assert_eq!(&found, value, "{what}: the last value of key {key}");
    }
    there
}

/// Keys that have more than one record below `end` although compaction is through.
fn repeated(there: &[i64], model: &Model, end: i64) -> Vec<u8> {
    let mut counts: BTreeMap<u8, u32> = BTreeMap::new();
    for offset in there.iter().filter(|offset| **offset < end) {
        *counts.entry(model[offset].key).or_default() += 1;
    }
    counts.into_iter().filter(|(_, count)| *count > 1).map(|(key, _)| key).collect()
}

fn run(seed: u64) {
    let what = format!("SEED={seed}");
    let disk = Sim::new(seed);
    let mut random = Random::new(seed);
    let mut model = Model::new();
    let acknowledged = Cell::new(0);
    let mut now = 1000;
    for life in 0..4 {
        block_on(async {
            let cache_bytes = [0, 2000, 1 << 20][seed as usize % 3];
            let config = StoreConfig { cache_bytes, ..config() };
            let store = Store::open(disk.clone(), PathBuf::from("/data"), SHARD, config).await;
            let store = store.unwrap_or_else(|error| panic!("{what}: {error}"));
            let log = store.create_log(id(0), config.log);
            assert!(log.end().get() >= acknowledged.get(), "{what}: acknowledged records are lost");
            model.split_off(&log.end().get());
            check(&log, &model, &what).await;
            let found = transactions(&log).await.unwrap();
            // The power went between the last batch and its marker.
            let open = (1..=3).map(ProducerId::new).find_map(|id| Some((id, found.open_since(id)?)));
            if let Some((producer, first)) = open {
                model.range_mut(first.get()..).for_each(|(_, known)| known.aborted = true);
                assert!(end_of_transaction(&log, producer, Outcome::Abort));
            }
            let cut = (life < 3 && random.below(3) > 0).then(|| disk.operations() + random.below(500));
            disk.fail_after(cut);
            let map_bytes = if random.below(3) == 0 { KEY_BYTES * 4 } else { 1 << 20 };
            let heard = |ends: &[(TopicPartition, Offset)]| {
                let end = ends.iter().map(|(_, end)| end.get()).max().unwrap_or(0);
                acknowledged.set(acknowledged.get().max(end));
            };
            let driver = async {
                for _ in 0..60 {
                    now += random.below(40) as i64;
                    if !append(&log, &mut model, &mut random, now) {
                        return;
                    }
                    for _ in 0..random.below(20) {
                        yield_now().await;
                    }
                    if random.below(8) == 0 {
                        let Ok(found) = transactions(&log).await else { return };
                        let compacting = store.compact(&log, pass(now, map_bytes, &found), |_| yield_now());
                        let (_, read) = zip(compacting, async {
                            yield_now().await;
                            let outcome =
                                log.plan(log.log_start(), log.end(), 3000, true).unwrap().run().await;
                            outcome.map(|outcome| outcome.next_offset)
                        })
                        .await;
                        assert!(cut.is_some() || read.is_ok(), "{what}: {read:?}");
                    }
                    if random.below(30) == 0 {
                        log.set_log_start(Offset::new(log.log_start().get() + random.below(4) as i64));
                        let start = log.log_start().get();
                        model.retain(|offset, _| *offset >= start || cut.is_some());
                    }
                }
                if cut.is_none() {
                    assert_eq!(store.failure(), None, "{what}");
                    store.shutdown().await.unwrap();
                }
            };
            beside_hearing(&store, heard, driver).await;
            if cut.is_none() {
                let _ = check(&log, &model, &what).await;
            }
        });
        disk.cut_power();
    }
}

#[test]
fn b64_the_last_record_of_each_key_stays_wherever_the_power_goes() {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse::<u64>().ok());
    let seeds = seed.map_or(1..61, |seed| seed..seed + 1);
    seeds.for_each(run);
}

#[test]
fn b64_what_no_checkpoint_has_come_to_is_compacted() {
    let disk = Sim::new(7);
    let (mut model, mut random) = (Model::new(), Random::new(7));
    block_on(async {
        // Nothing asks for a checkpoint: the journal is hardly used, and the head is never full.
        let idle = StoreConfig { head_bytes: 1 << 20, cache_bytes: 1 << 20, ..config() };
        let store = Store::open(disk.clone(), PathBuf::from("/data"), SHARD, idle).await.unwrap();
        let log = store.create_log(id(0), config().log);
        let driver = async {
            for n in 0..150 {
                assert!(append(&log, &mut model, &mut random, 1000 + n));
            }
            while log.durable_end() < log.end() {
                yield_now().await;
            }
            let found = transactions(&log).await.unwrap();
            let known = log.compact(pass(5000, 1 << 20, &found), |_| yield_now()).await.unwrap();
            assert_eq!(known.segments, 0, "a checkpoint came, and the test shows nothing");
            let done = store.compact(&log, pass(5000, 1 << 20, &found), |_| yield_now()).await.unwrap();
            assert!(done.segments > 3 && done.bytes_after < done.bytes_before, "{done:?}");
            let again = store.compact(&log, pass(5000, 1 << 20, &found), |_| yield_now()).await.unwrap();
            assert_eq!(again.segments, 0, "clean is clean");
            // Readers are given what is left, not what memory still had.
            let there = check(&log, &model, "compacted from memory").await;
            assert!(there.len() < model.len() / 2, "{} of {}", there.len(), model.len());
        };
        beside(&store, driver).await;
    });
    disk.cut_power();
    block_on(async {
        let store = Store::open(disk.clone(), PathBuf::from("/data"), SHARD, config()).await.unwrap();
        let log = store.create_log(id(0), config().log);
        beside(&store, async { check(&log, &model, "after a power cut").await }).await;
    });
}

/// A log that has been written, flushed and opened again: every segment but the last is sealed.
async fn sealed(disk: &Sim, model: &mut Model, random: &mut Random, now: i64, appends: i64) {
    let store = Store::open(disk.clone(), PathBuf::from("/data"), SHARD, config()).await.unwrap();
    let log = store.create_log(id(0), config().log);
    for n in 0..appends {
        assert!(append(&log, model, random, now + n));
    }
    store.shutdown().await.unwrap();
}

#[test]
fn b64_one_record_a_key_is_left_and_tombstones_go_when_their_time_is_up() {
    for (seed, map_bytes) in [(1, 1 << 20), (2, KEY_BYTES * 3), (3, KEY_BYTES)] {
        let disk = Sim::new(seed);
        let (mut model, mut random) = (Model::new(), Random::new(seed));
        block_on(async {
            sealed(&disk, &mut model, &mut random, 1000, 150).await;
            let store = Store::open(disk.clone(), PathBuf::from("/data"), SHARD, config()).await.unwrap();
            let log = store.create_log(id(0), config().log);
            let what = format!("map of {map_bytes} bytes");
            let before = check(&log, &model, &what).await.len();
            let driver = async {
                // The sweep of what a crash may have left comes first.
                for _ in 0..100 {
                    yield_now().await;
                }
                let found = transactions(&log).await.unwrap();
                let done = log.compact(pass(5000, map_bytes, &found), |_| yield_now()).await.unwrap();
                // With a small map a segment is written again in several rounds.
                assert!(done.segments > 3 && done.bytes_after < done.bytes_before, "{what}: {done:?}");
                let again = log.compact(pass(5000, map_bytes, &found), |_| yield_now()).await.unwrap();
                assert_eq!(again.segments, 0, "{what}: clean is clean");
                for _ in 0..500 {
                    yield_now().await;
                }
                let there = check(&log, &model, &what).await;
                assert!(there.len() < before / 2, "{what}");
                // All but the last segment, which is still written.
                let active = headwater_storage::layout::log_folder(&PathBuf::from("/data"), id(0));
                let bases = disk.paths().into_iter().filter(|path| path.starts_with(&active));
                let newest = bases
                    .filter_map(|path| {
                        headwater_storage::layout::parse_segment_name(path.file_name()?.to_str()?)
                    })
                    .max()
                    .unwrap();
                assert_eq!(repeated(&there, &model, newest.0.get()), [], "{what}");
                store.shutdown().await.unwrap();
            };
            beside(&store, driver).await;
            drop((store, log));
            // More comes, and the time of the tombstones is up.
            sealed(&disk, &mut model, &mut random, 2000, 60).await;
            let store = Store::open(disk.clone(), PathBuf::from("/data"), SHARD, config()).await.unwrap();
            let log = store.create_log(id(0), config().log);
            let driver = async {
                for _ in 0..100 {
                    yield_now().await;
                }
                let late = 5000 + DELETE_RETENTION_MS as i64;
                let found = transactions(&log).await.unwrap();
                assert!(
                    log.compact(pass(late, map_bytes, &found), |_| yield_now()).await.unwrap().segments > 0,
                    "{what}"
                );
                let there = check(&log, &model, &what).await;
                // Those of the first pass had a horizon; they are gone now.
                let old = there
                    .iter()
                    .filter(|offset| model[offset].timestamp < 1100 && model[offset].value.is_none());
                assert_eq!(old.copied().collect::<Vec<_>>(), [], "{what}");
            };
            beside(&store, driver).await;
        });
    }
}

/// `k` is a record of that key, `A:k` one of A's transaction, `A+` its commit, `A!` its abort; each a batch of its own.
async fn write(disk: &Sim, script: &str) {
    let store = Store::open(disk.clone(), PathBuf::from("/data"), SHARD, config()).await.unwrap();
    // A batch a segment; the last one is still written to, and not compacted.
    let log = store.create_log(id(0), LogConfig { segment_bytes: 100, ..config().log });
    for (n, word) in script.split(' ').chain(["end"]).enumerate() {
        let (producer, rest) = match word.as_bytes() {
            [producer, rest @ ..] if producer.is_ascii_uppercase() => {
                (Some(ProducerId::new((*producer).into())), rest)
            }
            rest => (None, rest),
        };
        let outcome = match rest {
            b"+" => Some(Outcome::Commit),
            b"!" => Some(Outcome::Abort),
            _ => None,
        };
        if let (Some(producer), Some(outcome)) = (producer, outcome) {
            assert!(end_of_transaction(&log, producer, outcome));
            continue;
        }
        let mut builder = BatchBuilder::new();
        if let Some(producer) = producer {
            builder = builder.producer(producer, ProducerEpoch::new(0), n as i32).transactional();
        }
        put(&log, builder.record(0, rest.last_chunk::<1>().map(|key| &key[..]), Some(b"v")).build_mut())
            .unwrap();
    }
    store.shutdown().await.unwrap();
}

/// Compacts what `script` says; what is left of it, with `_` for a batch without records.
fn left_of(script: &str, producers: &str) -> String {
    let disk = Sim::new(1);
    let words: Vec<&str> = script.split(' ').collect();
    let mut left = Vec::new();
    block_on(async {
        write(&disk, script).await;
        let store = Store::open(disk.clone(), PathBuf::from("/data"), SHARD, config()).await.unwrap();
        let log = store.create_log(id(0), config().log);
        let driver = async {
            for _ in 0..100 {
                yield_now().await;
            }
            let producers = producers.bytes().map(|name| ProducerId::new(name.into())).collect();
            let pass = Pass { producers, ..pass(1000, 1 << 20, &transactions(&log).await.unwrap()) };
            log.compact(pass, |_| yield_now()).await.unwrap();
            for batch in batches(&log).await.unwrap() {
                let header = BatchHeader::parse(&batch).unwrap();
                let Some(word) = words.get(header.base_offset.get() as usize) else { continue };
                left.push(if header.record_count == 0 {
                    format!("{}_", &word[..1])
                } else {
                    word.to_string()
                });
            }
            let mut found = transactions(&log).await.unwrap();
            found.on_committed(log.end());
            assert_eq!(
                found.first_unstable(),
                None,
                "{script}: a marker went before its transaction's batches"
            );
        };
        beside(&store, driver).await;
    });
    left.join(" ")
}

#[test]
fn b64_transactions_are_compacted_by_their_outcome() {
    for (script, producers, expected) in [
        ("k A:k A+", "", "A:k A+"),
        ("k A:k A!", "", "k A!"),
        ("A:k A:j A+ k", "", "A:j A+ k"),
        ("A:k A+ k", "", "k"),
        ("A:k A! k", "", "A! k"),
        // The last of a producer that may come back is still known by its header, and that by its marker.
        ("A:k A+ k", "A", "A_ A+ k"),
        ("A:k A! k", "A", "A_ A! k"),
        ("A:k A+ A:j A+ k j", "A", "A_ A+ k j"),
        ("A:k A+ A+ k", "A", "A_ A+ k"),
        ("A+ k", "A", "A+ k"),
        ("A+ k", "", "k"),
        // Two at the same time.
        ("A:k B:k A! B:j B+", "", "B:k A! B:j B+"),
        ("B:k A:k A+ B! k", "", "B! k"),
    ] {
        assert_eq!(left_of(script, producers), expected, "{script}, {producers:?} may come back");
    }
}

/// One batch of a megabyte, compressed or not, is no longer a stretch of the shard's time than many small ones.
#[test]
fn b64_a_very_large_batch_is_compacted_in_slices() {
    const RECORDS: usize = 8000;
    const VALUE_BYTES: usize = 120;
    const ROUND_MS: i64 = 1000;
    for codec in [Codec::None, Codec::Zstd, Codec::Lz4] {
        block_on(async {
            // Each batch begins a segment of its own, by its age.
            let log_config =
                LogConfig { segment_bytes: 2 << 20, segment_ms: 1, segment_jitter_ms: 0, ..config().log };
            let config = StoreConfig {
                journal_file_bytes: 4 << 20,
                journal_files: 4,
                heads_bytes: 8 << 20,
                log: log_config,
                ..config()
            };
            let disk = Sim::new(5);
            let open = async || {
                let store = Store::open(disk.clone(), "/data".into(), SHARD, config).await.unwrap();
                let log = store.create_log(id(0), log_config);
                (store, log)
            };
            let (store, log) = open().await;
            for round in 0..3 {
                let mut builder = BatchBuilder::new().codec(codec);
                for n in 0..RECORDS {
                    // Each round writes every second key of the one before again.
                    let key = ((n as u32) << round).to_be_bytes();
                    builder.push(round * ROUND_MS, Some(&key), Some(&[round as u8; VALUE_BYTES]), &[]);
                }
                put(&log, builder.build_mut()).unwrap();
            }
            store.shutdown().await.unwrap();
            drop((log, store));
            let (store, log) = open().await;
            let pauses = Cell::new(0);
            let pause = |_| {
                pauses.set(pauses.get() + 1);
                yield_now()
            };
            let driver = async {
                // What a crash may have left is swept first.
                turns(200).await;
                log.compact(pass(5000, 1 << 20, &LogTransactions::default()), pause).await.unwrap()
            };
            let done = beside(&store, driver).await;
            assert_eq!(done.segments, 1, "{codec:?}: {done:?}");
            // Two segments are mapped, and written again or found to be as they should.
            let worked = 4 * RECORDS * VALUE_BYTES;
            assert!(pauses.get() >= worked / (64 << 10), "{codec:?}: {} pauses", pauses.get());
            let mut left = [0; 3];
            for batch in batches(&log).await.unwrap() {
                let (view, _) = BatchView::split(&batch).unwrap();
                for record in Records::of(&view, 64 << 20).unwrap().iter() {
                    let record = record.unwrap();
                    let round = record.offset.get() as usize / RECORDS;
                    let n = record.offset.get() as usize % RECORDS;
                    assert_eq!(record.key, Some(&((n as u32) << round).to_be_bytes()[..]));
                    assert_eq!(record.value, Some(&[round as u8; VALUE_BYTES][..]));
                    assert!(round > 0 || n % 2 == 1, "{codec:?}: offset {} was written again", record.offset);
                    left[round] += 1;
                }
            }
            // The last segment is not touched, and its keys do not count yet.
            assert_eq!(left, [RECORDS / 2, RECORDS, RECORDS], "{codec:?}");
        });
    }
}
