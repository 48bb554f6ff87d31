//! The disk has no space: for a frame of the journal (where a file system never writes in place), or for what a segment
//! is to reserve. Appends wait, then are refused; nothing fails, and everything goes on when there is space again.

mod world;

use std::path::PathBuf;
use std::rc::Rc;

use futures_lite::future::{block_on, yield_now};
use headwater_core::ids::{LeaderEpoch, Offset};
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::header::{BatchHeader, BatchView};
use headwater_storage::disk::sim::{Operation, Sim};
use headwater_storage::layout;
use headwater_storage::log::{AppendRefused, Log, LogConfig};
use headwater_storage::store::{Store, StoreConfig};
use world::{SHARD, beside, id, turns};

const HEADS_BYTES: usize = 64 << 10;

fn config() -> StoreConfig {
    StoreConfig {
        journal_file_bytes: 256 << 10,
        head_bytes: 4 << 10,
        heads_bytes: HEADS_BYTES,
        large_bytes: usize::MAX,
        log: LogConfig::default(),
        ..world::store_config()
    }
}

async fn open(disk: &Sim) -> Rc<Store<Sim>> {
    Store::open(disk.clone(), "/data".into(), SHARD, config()).await.unwrap()
}

fn append(log: &Rc<Log<Sim>>, bytes: usize) -> Result<(), AppendRefused> {
    let value = vec![log.end().get() as u8; bytes];
    let batch = BatchBuilder::new().record(1000, None, Some(&value)).build_mut();
    let header = BatchHeader::parse(&batch).unwrap();
    log.append(batch, &header, LeaderEpoch::new(1)).map(|_| ())
}

async fn settle(log: &Rc<Log<Sim>>) {
    while log.durable_end() < log.end() {
        yield_now().await;
    }
}

/// Every record up to the log's end has the value that it was appended with.
async fn check(log: &Rc<Log<Sim>>) {
    let mut at = Offset::ZERO;
    while at < log.end() {
        let read = log.plan(at, log.end(), 20_000, true).unwrap().run().await.unwrap();
        for chunk in &read.chunks {
            let (view, _) = BatchView::split(chunk).unwrap();
            view.verify_crc().unwrap();
            assert_eq!(view.header.base_offset, at);
            assert!(chunk.windows(50).any(|value| value == [at.get() as u8; 50]), "offset {at}");
            at = view.header.next_offset();
        }
    }
}

#[test]
fn a_frame_without_space_is_written_again_and_appends_are_refused_meanwhile() {
    for seed in 1..40 {
        let disk = Sim::new(seed);
        disk.set_copy_on_write(true);
        let ends = block_on(async {
            let store = open(&disk).await;
            let log = store.create_log(id(0), LogConfig::default());
            beside(&store, async {
                append(&log, 700).unwrap();
                settle(&log).await;
                disk.set_capacity(Some(disk.used() + 1000));
                let durable = log.durable_end();
                append(&log, 900).unwrap();
                turns(300).await;
                assert_eq!(store.failure(), None, "seed {seed}: no space is no failure");
                assert_eq!(log.durable_end(), durable, "seed {seed}: nothing without space is acknowledged");
                let mut accepted = 0;
                let refused = loop {
                    assert!(store.has_room(), "seed {seed}: nobody waits for what may never come");
                    match append(&log, 5000) {
                        Ok(()) => accepted += 5000,
                        Err(refused) => break refused,
                    }
                    turns(5).await;
                    assert!(accepted < 2 * HEADS_BYTES, "seed {seed}: memory is bounded");
                };
                assert_eq!(refused, AppendRefused::NoSpace, "seed {seed}");
                turns(seed as usize * 3).await;
                assert_eq!((store.failure(), log.durable_end()), (None, durable), "seed {seed}");
                check(&log).await;
                if seed % 3 > 0 {
                    disk.set_capacity(None);
                    settle(&log).await;
                    // As soon as something has left memory.
                    while append(&log, 300).is_err() {
                        turns(1).await;
                    }
                    settle(&log).await;
                    check(&log).await;
                }
                if seed % 3 == 2 {
                    // A stop, with space or without, is an end as good as any.
                    disk.set_capacity(Some(disk.used() + 1000));
                    append(&log, 300).unwrap();
                    turns(200).await;
                    let _ = store.shutdown().await;
                }
            })
            .await;
            (log.durable_end(), log.end())
        });
        disk.set_capacity(None);
        disk.cut_power();
        block_on(async {
            let store = open(&disk).await;
            let log = store.create_log(id(0), LogConfig::default());
            let end = log.end();
            assert!(ends.0 <= end && end <= ends.1, "seed {seed}: {end} after {ends:?}");
            beside(&store, async {
                append(&log, 400).unwrap();
                settle(&log).await;
                check(&log).await;
            })
            .await;
        });
    }
}

/// Several logs are written and flushed at a time. A flush that has failed must not be tried again: the kernel has let
/// go of the pages, and answers the second one that all is well.
#[test]
fn a_full_disk_hides_no_failed_flush() {
    const LOGS: u32 = 6;
    let mut fallen = 0;
    for (space, flush) in (0..8).flat_map(|space| (0..LOGS).map(move |flush| (space * 4096, flush))) {
        block_on(async {
            let disk = Sim::new(11);
            // Memory is never short: it is a checkpoint that writes and flushes all at once.
            let config = StoreConfig {
                journal_file_bytes: 32 << 10,
                head_bytes: 1 << 20,
                heads_bytes: 1 << 20,
                ..config()
            };
            let store = Store::open(disk.clone(), "/data".into(), SHARD, config).await.unwrap();
            let logs: Vec<_> = (0..LOGS).map(|n| store.create_log(id(n), LogConfig::default())).collect();
            beside(&store, async {
                // Rings turn until a checkpoint is due.
                let checkpoint = async || {
                    for _ in 0..24 {
                        let _ = append(&logs[0], 2000);
                        turns(20).await;
                    }
                    turns(200).await;
                };
                logs.iter().for_each(|log| append(log, 500).unwrap());
                checkpoint().await;
                // Every other one needs space to be written; the others have it in their last pages.
                for (n, log) in logs.iter().enumerate() {
                    append(log, if n % 2 == 0 { 5000 } else { 10 }).unwrap();
                }
                disk.fail_next(Operation::Flush, flush.into());
                disk.set_capacity(Some(disk.used() + space));
                checkpoint().await;
                let failed = !disk.failure_is_due();
                assert_eq!(store.failure().is_some(), failed, "{space} bytes of space, flush {flush}");
                fallen += usize::from(failed);
            })
            .await;
        });
    }
    assert!(fallen > 10, "{fallen} flushes failed on a full disk");
}

#[test]
fn a_preallocated_segment_has_its_space_until_it_is_sealed() {
    const SEGMENT_BYTES: u64 = 40_000;
    block_on(async {
        let disk = Sim::new(3);
        let file = |base: i64| {
            disk.bytes_of(&layout::segment_file(&PathBuf::from("/data"), id(0), Offset::new(base), 0))
        };
        let reserving = LogConfig { segment_bytes: SEGMENT_BYTES, preallocate: true, ..LogConfig::default() };
        let store = open(&disk).await;
        let log = store.create_log(id(0), reserving);
        let batches = async |n: usize| {
            for _ in 0..n {
                store.room().await;
                append(&log, 4500).unwrap();
                turns(60).await;
            }
        };
        beside(&store, async {
            append(&log, 50).unwrap();
            settle(&log).await;
            turns(100).await;
            assert_eq!(
                (disk.reserved(), file(0)),
                (0, 0),
                "a log that has written nothing out takes no space"
            );
            batches(4).await;
            let written = file(0);
            assert!(written > 8000 && written < SEGMENT_BYTES as usize);
            assert_eq!(
                disk.reserved(),
                SEGMENT_BYTES as usize - written,
                "the file is as short as without it"
            );
            // Not a byte of space is left but what is reserved.
            disk.set_capacity(Some(disk.used()));
            batches(3).await;
            assert!(file(0) > written && log.durable_end() == log.end(), "it is written into what it has");
            // The next segment finds too little: what the first one gave back when it was sealed.
            batches(5).await;
            assert_eq!((store.failure(), disk.reserved()), (None, 0));
            while append(&log, 4500).is_ok() {
                turns(5).await;
            }
            assert_eq!(append(&log, 4500), Err(AppendRefused::NoSpace));
            disk.set_capacity(None);
            settle(&log).await;
            turns(2000).await;
            // The first is sealed: it gave back what it did not need. The last one has its own.
            assert!(log.size_bytes() > SEGMENT_BYTES && (file(0) as u64) <= SEGMENT_BYTES);
            assert!(disk.reserved() > 0 && disk.reserved() < SEGMENT_BYTES as usize);
            check(&log).await;
            // A setting for the segments to come.
            log.set_config(LogConfig { preallocate: false, ..reserving });
            batches(20).await;
            turns(2000).await;
            assert_eq!(disk.reserved(), 0);
        })
        .await;
        let end = log.end();
        drop((log, store));
        disk.cut_power();
        let store = open(&disk).await;
        let log = store.create_log(id(0), reserving);
        assert_eq!(log.end(), end);
        check(&log).await;
    });
}
