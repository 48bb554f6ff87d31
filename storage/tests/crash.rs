//! The power goes at every operation of the disk; nothing acknowledged may be lost, nothing invented.
//!
//! A failure names its seed and cut: `SEED=<seed> CUT=<operation> cargo test -p headwater-storage --test crash`.

#![allow(clippy::await_holding_refcell_ref)] // the loops that share the model run only where nothing of it is held

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

use futures_lite::future::{block_on, or, yield_now};
use headwater_core::ids::{LeaderEpoch, Offset, PartitionId, ShardId, TopicId, TopicPartition};
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::header::{BatchHeader, BatchView};
use headwater_core::record::records::Records;
use headwater_storage::disk::sim::Sim;
use headwater_storage::log::LogConfig;
use headwater_storage::store::{Store, StoreConfig};

const SHARD: ShardId = ShardId::new(0);
const LOGS: usize = 3;

fn small() -> StoreConfig {
    StoreConfig {
        journal_file_bytes: 64 << 10,
        journal_files: 3,
        head_bytes: 8 << 10,
        heads_bytes: 256 << 10,
        cache_bytes: 32 << 10,
        files_open: 2,
        log: log_config(),
    }
}

fn log_config() -> LogConfig {
    LogConfig { segment_bytes: 20_000, index_interval_bytes: 1, ..LogConfig::default() }
}

fn id(n: usize) -> TopicPartition {
    TopicPartition { topic: TopicId::new([n as u8 + 1; 16]), partition: PartitionId::new(0) }
}

struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}

/// What the world knows: the value at each offset that was appended, and how far each log was acknowledged.
#[derive(Default)]
struct Model {
    appended: [BTreeMap<i64, Vec<u8>>; LOGS],
    acknowledged: [i64; LOGS],
    start: [i64; LOGS],
}

async fn open(disk: &Sim) -> Rc<Store<Sim>> {
    let store = Store::open(disk.clone(), PathBuf::from("/data"), SHARD, small()).await.unwrap();
    for n in 0..LOGS {
        store.create_log(id(n), log_config());
    }
    store
}

/// Appends until `rounds` are done or the store has failed; then stops it cleanly if `clean`.
async fn work(store: &Store<Sim>, model: &RefCell<Model>, random: &mut Random, rounds: u64, clean: bool) {
    let commit = store.run_commit(|durable| {
        let mut model = model.borrow_mut();
        for (log, end) in durable {
            let n = (0..LOGS).find(|n| id(*n) == *log).unwrap();
            model.acknowledged[n] = model.acknowledged[n].max(end.get());
        }
    });
    let write_out = store.run_write_out(yield_now);
    let loops = async {
        futures_lite::future::zip(commit, write_out).await;
        std::future::pending::<()>().await;
    };
    let driver = async {
        for _ in 0..rounds {
            let n = random.below(LOGS as u64) as usize;
            let log = store.log(id(n)).unwrap();
            let mut builder = BatchBuilder::new();
            let mut values = Vec::new();
            for _ in 0..=random.below(4) {
                let value = vec![random.below(256) as u8; random.below(3000) as usize];
                builder.push(random.below(1000) as i64, None, Some(&value), &[]);
                values.push(value);
            }
            let batch = builder.build_mut();
            let header = BatchHeader::parse(&batch).unwrap();
            let Ok(done) = log.append(batch, &header, LeaderEpoch::new(1)) else { break };
            let mut known = model.borrow_mut();
            for (i, value) in values.into_iter().enumerate() {
                known.appended[n].insert(done.base_offset.get() + i as i64, value);
            }
            drop(known);
            if random.below(40) == 0 && model.borrow().acknowledged[n] > 0 {
                let to = random.below(model.borrow().acknowledged[n] as u64) as i64;
                log.set_log_start(Offset::new(to));
                let mut known = model.borrow_mut();
                known.start[n] = known.start[n].max(to);
            }
            // The disk is slow: an appender that never waited would be done before it has begun.
            for _ in 0..random.below(16) {
                yield_now().await;
            }
        }
        for _ in 0..50 {
            yield_now().await;
        }
        if clean {
            store.shutdown().await.unwrap();
        }
    };
    or(driver, loops).await;
}

/// Reads a whole log and compares.
async fn check(store: &Store<Sim>, model: &Model, what: &str) {
    for n in 0..LOGS {
        let log = store.log(id(n)).unwrap();
        let (start, end) = (log.log_start().get(), log.end().get());
        assert!(
            end >= model.acknowledged[n],
            "{what}: log {n} ends at {end}, acknowledged {}",
            model.acknowledged[n]
        );
        assert!(start <= model.start[n], "{what}: log {n} starts at {start}, was told {}", model.start[n]);
        let mut at = log.log_start();
        while at < log.end() {
            let outcome = log
                .plan(at, log.end(), 10_000, true)
                .unwrap()
                .run()
                .await
                .unwrap_or_else(|e| panic!("{what}: {e}"));
            assert!(outcome.next_offset > at, "{what}: log {n} has a hole at {at}");
            for chunk in &outcome.chunks {
                let (view, _) = BatchView::split(chunk).unwrap();
                view.verify_crc().unwrap();
                assert!(view.header.last_offset() >= at, "{what}: log {n} goes back at {at}");
                for record in Records::of(&view, 1 << 20).unwrap().iter() {
                    let record = record.unwrap();
                    let expected = model.appended[n].get(&record.offset.get());
                    assert_eq!(
                        record.value,
                        expected.map(Vec::as_slice),
                        "{what}: log {n} offset {}",
                        record.offset
                    );
                }
                at = view.header.next_offset();
            }
        }
    }
}

/// One life with a power cut at `cut`, one more life, and a look after each.
fn run(seed: u64, cut: Option<u64>) -> u64 {
    let what = format!("SEED={seed} CUT={cut:?}");
    let disk = Sim::new(seed);
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let model = RefCell::new(Model::default());
    let operations = Cell::new(0);
    block_on(async {
        let store = open(&disk).await;
        disk.fail_after(cut.map(|cut| disk.operations() + cut));
        let before = disk.operations();
        work(&store, &model, &mut random, 300, cut.is_none() && seed.is_multiple_of(2)).await;
        operations.set(disk.operations() - before);
        drop(store);
        disk.cut_power();

        let store = open(&disk).await;
        check(&store, &model.borrow(), &what).await;
        forget_unacknowledged(&store, &mut model.borrow_mut());
        work(&store, &model, &mut random, 100, false).await;
        check(&store, &model.borrow(), &what).await;
        drop(store);
        disk.cut_power();

        let store = open(&disk).await;
        check(&store, &model.borrow(), &what).await;
    });
    operations.get()
}

/// What was appended but never durable may be gone; its offsets will be given again.
fn forget_unacknowledged(store: &Store<Sim>, model: &mut Model) {
    for n in 0..LOGS {
        let end = store.log(id(n)).unwrap().end().get();
        model.appended[n].split_off(&end);
    }
}

#[test]
fn nothing_acknowledged_is_lost_wherever_the_power_goes() {
    if let Ok(seed) = std::env::var("SEED") {
        let cut = std::env::var("CUT").ok().and_then(|cut| cut.parse().ok());
        run(seed.parse().unwrap(), cut);
        return;
    }
    for seed in 1..=3 {
        let operations = run(seed, None);
        // Every cut takes minutes in a debug build: a different third of them for each seed.
        for cut in (seed..operations).step_by(9) {
            run(seed, Some(cut));
        }
    }
    for seed in 100..130 {
        let mut random = Random(seed);
        run(seed, Some(random.below(400)));
    }
}

#[test]
fn a_full_disk_refuses_nothing_while_there_is_memory_and_recovers() {
    let disk = Sim::new(7);
    let model = RefCell::new(Model::default());
    let mut random = Random(7);
    block_on(async {
        let store = open(&disk).await;
        disk.fill(true);
        work(&store, &model, &mut random, 20, false).await;
        check(&store, &model.borrow(), "full").await;
        drop(store);
        disk.fill(false);
        let store = open(&disk).await;
        check(&store, &model.borrow(), "not full").await;
        work(&store, &model, &mut random, 200, true).await;
        drop(store);
        let store = open(&disk).await;
        check(&store, &model.borrow(), "after").await;
    });
}
