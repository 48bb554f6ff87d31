//! What time does to a log that nothing is appended to, and what a question for a time reads of it.

mod world;

use std::path::{Path, PathBuf};
use std::rc::Rc;

use futures_lite::future::block_on;
use headwater_core::ids::{LeaderEpoch, Offset, PartitionId, ShardId, TopicId, TopicPartition};
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::header::{BatchHeader, BatchView};
use headwater_storage::disk::sim::Sim;
use headwater_storage::layout;
use headwater_storage::log::{Log, LogConfig};
use headwater_storage::store::{Store, StoreConfig};
use world::{beside, turns};

const LOG: TopicPartition = TopicPartition { topic: TopicId::new([5; 16]), partition: PartitionId::new(0) };
const ROOT: &str = "/data";
const INTERVAL: u64 = 2000;

fn config(change: impl Fn(&mut LogConfig)) -> LogConfig {
    let mut log =
        LogConfig { segment_bytes: 100_000, index_interval_bytes: INTERVAL, ..LogConfig::default() };
    change(&mut log);
    log
}

async fn open(disk: &Sim, log: LogConfig) -> (Rc<Store<Sim>>, Rc<Log<Sim>>) {
    let small = StoreConfig {
        journal_file_bytes: 256 << 10,
        journal_files: 3,
        head_bytes: 16 << 10,
        cache_bytes: 16 << 10,
        log,
        ..StoreConfig::default()
    };
    let store = Store::open(disk.clone(), ROOT.into(), ShardId::new(0), small).await.unwrap();
    let log = store.create_log(LOG, log);
    (store, log)
}

/// Appends a batch of some 100 bytes whose record has this time.
fn append(log: &Rc<Log<Sim>>, time: i64) {
    let batch = BatchBuilder::new().record(time, None, Some(&[1; 32])).build_mut();
    let header = BatchHeader::parse(&batch).unwrap();
    log.append(batch, &header, LeaderEpoch::new(1)).unwrap();
}

fn segment_files(disk: &Sim) -> Vec<PathBuf> {
    let folder = layout::log_folder(Path::new(ROOT), LOG);
    disk.paths().into_iter().filter(|path| path.starts_with(&folder)).collect()
}

#[test]
fn an_idle_log_gives_its_space_back_when_its_records_expire() {
    block_on(async {
        let disk = Sim::new(4);
        let config = config(|log| log.retention_ms = Some(1000));
        let (store, log) = open(&disk, config).await;
        beside(&store, async {
            for time in 0..400 {
                append(&log, time);
            }
            turns(500).await;
            log.retain(1399);
            turns(500).await;
            assert_eq!(
                (log.log_start().get(), log.end().get()),
                (0, 400),
                "the newest record is not too old"
            );
            log.retain(1400);
            assert_eq!((log.log_start().get(), log.end().get()), (400, 400), "at once, for whoever reads");
            turns(500).await;
            assert_eq!(segment_files(&disk), Vec::<PathBuf>::new(), "and its files soon");
            assert_eq!(log.size_bytes(), 0);
            log.retain(9999);
            append(&log, 9000);
            turns(500).await;
            let read = log.plan(Offset::new(400), log.end(), 1000, true).unwrap().run().await.unwrap();
            assert_eq!((read.chunks.len(), read.next_offset.get()), (1, 401));
        })
        .await;
        drop((store, log));
        disk.cut_power();
        let (store, log) = open(&disk, config).await;
        assert_eq!((log.log_start().get(), log.end().get()), (400, 401));
        beside(&store, turns(200)).await;
    });
}

#[test]
fn an_idle_segment_is_sealed_when_its_time_has_come() {
    block_on(async {
        let disk = Sim::new(5);
        let config = config(|log| log.segment_ms = 1000);
        let (store, log) = open(&disk, config).await;
        let sealed =
            || segment_files(&disk).iter().filter(|path| path.extension().unwrap() == "index").count();
        beside(&store, async {
            append(&log, 100);
            // As old as it may be; then too old, but somebody has appended since; then idle.
            for (now, expect) in [(1100, 0), (1101, 1)] {
                log.retain(now);
                turns(300).await;
                assert_eq!(sealed(), expect, "at {now}");
            }
            append(&log, 200);
            log.retain(5000);
            turns(300).await;
            assert_eq!(sealed(), 1, "something was appended since retention was looked at");
            log.retain(5000);
            turns(300).await;
            assert_eq!(sealed(), 2);
            for _ in 0..5 {
                log.retain(9000);
                turns(100).await;
            }
            assert_eq!(sealed(), 2, "an empty segment is not rolled");
            append(&log, 300);
            turns(300).await;
        })
        .await;
        drop((store, log));
        disk.cut_power();
        let (_store, log) = open(&disk, config).await;
        assert_eq!((log.log_start().get(), log.end().get()), (0, 3));
        for offset in 0..3 {
            let plan = log.plan(Offset::new(offset), log.end(), 100, true).unwrap();
            assert_eq!(plan.run().await.unwrap().next_offset.get(), offset + 1);
        }
    });
}

#[test]
fn deleted_records_free_their_segments_once_those_are_sealed() {
    block_on(async {
        let disk = Sim::new(6);
        let (store, log) = open(&disk, config(|_| {})).await;
        beside(&store, async {
            for time in 0..100 {
                append(&log, time);
            }
            turns(300).await;
            log.set_log_start(log.end());
            turns(300).await;
            log.retain(0);
            turns(300).await;
            assert_eq!(segment_files(&disk), Vec::<PathBuf>::new());
        })
        .await;
    });
}

#[test]
fn a_time_is_found_within_one_index_interval() {
    block_on(async {
        let disk = Sim::new(7);
        let config = config(|_| {});
        let (store, log) = open(&disk, config).await;
        beside(&store, async {
            for n in 0..3000 {
                // Now and then a time that is behind.
                append(&log, if n % 7 == 0 { n * 10 - 65 } else { n * 10 });
                if n % 50 == 0 {
                    turns(50).await;
                }
            }
            turns(2000).await;
        })
        .await;
        store.shutdown().await.unwrap();
        drop((store, log));
        // After a start no sealed segment's index is in memory.
        let (_store, log) = open(&disk, config).await;
        assert!(segment_files(&disk).len() > 4);
        for time in (1..30_000).step_by(311) {
            let before = disk.operations();
            let from = log.position_for_timestamp(time).await.expect("there are later records");
            let read = log.plan(from, log.end(), 2 * INTERVAL as usize, true).unwrap().run().await.unwrap();
            assert!(
                disk.operations() - before <= 3,
                "one read of an index, one of records, and opening them"
            );
            let mut behind = 0;
            let found = read.chunks.iter().find(|chunk| {
                let (view, _) = BatchView::split(chunk).unwrap();
                behind += view.header.encoded_len as u64;
                view.header.max_timestamp >= time
            });
            let (view, _) = BatchView::split(found.expect("within what was read")).unwrap();
            let expect = (time + 9) / 10;
            let expect = if expect % 7 == 0 { expect + 1 } else { expect };
            assert_eq!(view.header.base_offset.get(), expect, "{time}");
            assert!(behind <= INTERVAL + 2 * view.header.encoded_len as u64, "{time}: {behind} bytes");
        }
        assert_eq!(log.position_for_timestamp(30_000).await, None);
        assert_eq!(log.max_timestamp().await.map(|(newest, _)| newest), Some(29_990));
    });
}
