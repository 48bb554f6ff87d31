//! Memory runs short: producers wait, nobody is refused while the disk takes what there is, and the largest head goes first.

mod world;

use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;

use futures_lite::future::{block_on, yield_now, zip};
use headwater_core::ids::LeaderEpoch;
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::header::BatchHeader;
use headwater_storage::disk::sim::Sim;
use headwater_storage::layout;
use headwater_storage::log::{AppendRefused, Log, LogConfig};
use headwater_storage::store::{Store, StoreConfig};
use world::{SHARD, beside, id, turns};

const HEADS_BYTES: usize = 128 << 10;

async fn open(disk: &Sim) -> Rc<Store<Sim>> {
    let config = StoreConfig {
        journal_file_bytes: 1 << 20,
        journal_files: 8,
        // No head is ever large enough by itself.
        head_bytes: 1 << 20,
        heads_bytes: HEADS_BYTES,
        large_bytes: usize::MAX,
        log: LogConfig::default(),
        ..world::store_config()
    };
    Store::open(disk.clone(), "/data".into(), SHARD, config).await.unwrap()
}

fn append(log: &Rc<Log<Sim>>, bytes: usize) -> Result<(), AppendRefused> {
    let mut builder = BatchBuilder::new();
    builder.push(1000, None, Some(&vec![7; bytes]), &[]);
    let batch = builder.build_mut();
    let header = BatchHeader::parse(&batch).unwrap();
    log.append(batch, &header, LeaderEpoch::new(1)).map(|_| ())
}

#[test]
fn the_largest_head_is_written_out_first() {
    let disk = Sim::new(4);
    block_on(async {
        let store = open(&disk).await;
        let logs = [0, 1, 2].map(|n| store.create_log(id(n), LogConfig::default()));
        let on_disk = |n: u32| {
            disk.bytes_of(&layout::segment_file(&PathBuf::from("/data"), id(n), logs[0].log_start(), 0))
        };
        beside(&store, async {
            for (log, bytes) in [(0, 10_000), (1, 30_000), (2, 20_000)] {
                append(&logs[log], bytes).unwrap();
            }
            turns(200).await;
            assert_eq!([0, 1, 2].map(on_disk), [0, 0, 0], "memory is not short yet");
            append(&logs[0], 5_000).unwrap();
            turns(200).await;
            assert!(
                on_disk(1) > 30_000 && on_disk(0) == 0 && on_disk(2) == 0,
                "{:?}",
                [0, 1, 2].map(on_disk)
            );
            append(&logs[0], 12_000).unwrap();
            append(&logs[2], 20_000).unwrap();
            turns(200).await;
            assert!(on_disk(2) > 40_000 && on_disk(0) == 0, "{:?}", [0, 1, 2].map(on_disk));
        })
        .await;
    });
}

#[test]
fn producers_wait_and_none_is_refused() {
    let disk = Sim::new(6);
    block_on(async {
        let store = open(&disk).await;
        let logs = [0, 1].map(|n| store.create_log(id(n), LogConfig::default()));
        let appended = Cell::new(0);
        let produce = async |log: &Rc<Log<Sim>>, bytes: usize| {
            for _ in 0..100 {
                store.room().await;
                append(log, bytes).expect("nobody is refused while the disk takes what there is");
                appended.set(appended.get() + 1);
                yield_now().await;
            }
        };
        beside(&store, async {
            // Segments can't be written: what waits is bounded, by the budget and one append of each producer.
            disk.stall(Some("/data/topics".into()));
            let stalled = async {
                turns(3000).await;
                let (before, usage) = (appended.get(), store.usage());
                assert!(!store.has_room() && before < 200, "{before} appended, {usage:?}");
                assert!(usage.heads_bytes < HEADS_BYTES + 2 * 5000, "{usage:?}");
                turns(3000).await;
                assert_eq!(appended.get(), before, "producers wait");
                disk.stall(None);
            };
            zip(zip(produce(&logs[0], 1500), produce(&logs[1], 4000)), stalled).await;
            assert_eq!(appended.get(), 200);
        })
        .await;
    });
}
