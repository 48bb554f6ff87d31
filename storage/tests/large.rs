//! Large appends: written once, in order, in nobody's way, and believed after a crash only if they are there.

mod world;

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use futures_lite::future::{block_on, yield_now};
use headwater_core::ids::{LeaderEpoch, Offset, TopicPartition};
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::header::BatchHeader;
use headwater_storage::StorageError;
use headwater_storage::disk::sim::Sim;
use headwater_storage::layout;
use headwater_storage::log::{Log, LogConfig};
use headwater_storage::store::{Store, StoreConfig};
use world::{SHARD, beside, beside_hearing, id, turns};

/// What is large here, in bytes.
const LARGE: usize = 16 << 10;

fn config() -> StoreConfig {
    let log = LogConfig::default();
    StoreConfig {
        journal_file_bytes: 512 << 10,
        journal_files: 4,
        head_bytes: 64 << 10,
        large_bytes: LARGE,
        heads_bytes: 256 << 10,
        cache_bytes: 1 << 20,
        log,
        ..world::store_config()
    }
}

async fn open(disk: &Sim, config: StoreConfig) -> Result<Rc<Store<Sim>>, StorageError> {
    let store = Store::open(disk.clone(), PathBuf::from("/data"), SHARD, config).await?;
    for n in 0..2 {
        store.create_log(id(n), LogConfig::default());
    }
    Ok(store)
}

fn append(log: &Rc<Log<Sim>>, bytes: usize) -> Offset {
    let mut builder = BatchBuilder::new();
    let value: Vec<u8> = (0..bytes).map(|n| (n as i64 * 7 + log.end().get()) as u8).collect();
    builder.push(1000 + log.end().get(), None, Some(&value), &[]);
    let batch = builder.build_mut();
    let header = BatchHeader::parse(&batch).unwrap();
    log.append(batch, &header, LeaderEpoch::new(1)).unwrap().last_offset.plus(1)
}

async fn settle(store: &Store<Sim>) {
    for _ in 0..100_000 {
        if (0..2).all(|n| store.log(id(n)).is_none_or(|log| log.durable_end() == log.end())) {
            return;
        }
        yield_now().await;
    }
    panic!("acknowledgements do not come: {:?}", store.usage());
}

fn folder(n: u32) -> PathBuf {
    layout::log_folder(&PathBuf::from("/data"), id(n))
}

/// Appends to one log until `total` bytes have come, and gives how many bytes were written for each of them.
fn written_for_each(bytes: usize, large_bytes: usize, total: usize) -> f64 {
    let disk = Sim::new(3);
    block_on(async {
        let store = open(&disk, StoreConfig { large_bytes, ..config() }).await.unwrap();
        let log = store.log(id(0)).unwrap();
        beside(&store, async {
            // The ring's files are filled once in their life.
            let ring = config().journal_file_bytes * config().journal_files as u64;
            while log.size_bytes() < ring {
                store.room().await;
                append(&log, 1000);
                settle(&store).await;
            }
            let before = (disk.bytes_written(), log.size_bytes());
            while log.size_bytes() < before.1 + total as u64 {
                for _ in 0..8 {
                    store.room().await;
                    append(&log, bytes);
                }
                settle(&store).await;
            }
            (disk.bytes_written() - before.0) as f64 / (log.size_bytes() - before.1) as f64
        })
        .await
    })
}

#[test]
fn what_is_large_is_written_once_and_what_is_small_twice() {
    let large = written_for_each(100_000, LARGE, 4 << 20);
    assert!((1.0..1.15).contains(&large), "{large} for large ones");
    let through_the_journal = written_for_each(100_000, usize::MAX, 4 << 20);
    assert!((2.0..2.5).contains(&through_the_journal), "{through_the_journal} without");
    let small = written_for_each(1_900, 64 << 10, 4 << 20);
    assert!((2.0..2.4).contains(&small), "{small} for small ones");
}

#[test]
fn order_stays_and_other_logs_do_not_wait() {
    let disk = Sim::new(5);
    block_on(async {
        let store = open(&disk, config()).await.unwrap();
        let [slow, other] = [0, 1].map(|n| store.log(id(n)).unwrap());
        // What became durable, in order.
        let heard = RefCell::new(Vec::new());
        let note = |durable: &[(TopicPartition, Offset)]| heard.borrow_mut().extend_from_slice(durable);
        beside_hearing(&store, note, async {
            append(&slow, 100);
            append(&other, 100);
            settle(&store).await;
            heard.borrow_mut().clear();
            disk.stall(Some(folder(0)));
            let large = append(&slow, 3 * LARGE);
            turns(50).await;
            // Behind it, in the next rounds: small, large, and a new start of the log.
            let small = append(&slow, 10);
            let again = append(&slow, 2 * LARGE);
            slow.set_log_start(small);
            let last = append(&slow, 10);
            for _ in 0..5 {
                let end = append(&other, 200);
                turns(100).await;
                assert_eq!(other.durable_end(), end, "a small append waits for a large one of another log");
            }
            assert!(slow.durable_end() < large);
            assert!(heard.borrow().iter().all(|(of, _)| *of == id(1)));
            // What is not acknowledged is not lost to readers of the log's own end, nor early for others.
            assert_eq!(slow.committed_end(), slow.durable_end());
            heard.borrow_mut().clear();
            disk.stall(None);
            settle(&store).await;
            let ends: Vec<Offset> =
                heard.borrow().iter().filter(|(of, _)| *of == id(0)).map(|(_, end)| *end).collect();
            assert!(ends.is_sorted() && ends[0] == large && ends.last() == Some(&last), "{ends:?}");
            assert!(ends.contains(&again) || again < last);
        })
        .await;
        drop(store);
        disk.cut_power();
        let store = open(&disk, config()).await.unwrap();
        let log = store.log(id(0)).unwrap();
        assert_eq!((log.end().get(), log.log_start().get()), (5, 3));
    });
}

#[test]
fn a_log_that_is_deleted_while_a_large_append_is_under_way_leaves_nothing() {
    for wait in 0..30 {
        let disk = Sim::new(100 + wait);
        block_on(async {
            let store = open(&disk, config()).await.unwrap();
            let log = store.log(id(0)).unwrap();
            beside(&store, async {
                append(&log, 2 * LARGE);
                turns(wait as usize).await;
                append(&log, 2 * LARGE);
                log.set_log_start(Offset::new(1));
                if wait % 2 == 0 {
                    disk.stall(Some(folder(0)));
                    turns(20).await;
                }
                store.delete_log(id(0));
                turns(40).await;
                disk.stall(None);
                append(&store.log(id(1)).unwrap(), 10);
                settle(&store).await;
                turns(400).await;
                let left = disk.paths().into_iter().find(|path| path.starts_with(folder(0)));
                assert_eq!(left, None, "after {wait} turns");
                assert_eq!(store.usage().pending_bytes, 0);
                assert!(store.usage().heads_bytes < 300, "one small batch: {:?}", store.usage());
            })
            .await;
            drop(store);
            disk.cut_power();
            let store = Store::open(disk.clone(), "/data".into(), SHARD, config()).await.unwrap();
            assert!(store.log(id(0)).is_none(), "it is back after {wait} turns");
        });
    }
}

#[test]
fn what_the_journal_refers_to_is_believed_only_if_it_is_there() {
    /// A small one, a large one, a small one; the power goes.
    fn crashed(start: i64) -> (Sim, u64) {
        let disk = Sim::new(8);
        let place = block_on(async {
            let store = open(&disk, config()).await.unwrap();
            let log = store.log(id(0)).unwrap();
            beside(&store, async {
                append(&log, 1000);
                settle(&store).await;
                let place = log.size_bytes();
                append(&log, 2 * LARGE);
                settle(&store).await;
                append(&log, 1000);
                log.set_log_start(Offset::new(start));
                settle(&store).await;
                place
            })
            .await
        });
        disk.cut_power();
        (disk, place)
    }
    let path = layout::segment_file(&PathBuf::from("/data"), id(0), Offset::ZERO, 0);
    let (disk, _) = crashed(0);
    let store = block_on(open(&disk, config())).unwrap();
    assert_eq!(store.log(id(0)).unwrap().end().get(), 3);
    assert!(store.usage().heads_bytes < 2000, "only what came behind it is in memory again");
    for (at, bit) in [(0, 0), (12, 3), (16, 1), (60, 7), (5000, 2), (2 * LARGE, 0)] {
        let (disk, place) = crashed(0);
        disk.flip(&path, place as usize + at, bit);
        let error = block_on(open(&disk, config())).err().expect("it must not start").to_string();
        assert!(error.contains("offsets 1 to 1") && error.contains("0.log"), "{error}");
        // Nothing is written: with the bit as it was, it starts.
        disk.flip(&path, place as usize + at, bit);
        assert_eq!(block_on(open(&disk, config())).unwrap().log(id(0)).unwrap().end().get(), 3);
    }
    // The log begins behind the segment now: what was in it is nobody's loss.
    let (disk, _) = crashed(3);
    disk.flip(&path, 5000, 1);
    let store = block_on(open(&disk, config())).unwrap();
    assert_eq!(store.log(id(0)).unwrap().log_start().get(), 3);
}
