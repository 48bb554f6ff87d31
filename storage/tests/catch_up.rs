//! A reader that is behind: it gets every batch once and in order, and the disk is asked for each byte about once.

mod world;

use std::rc::Rc;

use futures_lite::future::block_on;
use headwater_core::ids::{LeaderEpoch, Offset, ShardId};
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::header::{BatchHeader, BatchView};
use headwater_storage::disk::sim::Sim;
use headwater_storage::log::{Log, LogConfig};
use headwater_storage::store::{Store, StoreConfig};

fn append(log: &Rc<Log<Sim>>, n: usize) {
    let batch =
        BatchBuilder::new().record(n as i64, None, Some(&vec![n as u8; 20 + n * 7 % 900])).build_mut();
    let header = BatchHeader::parse(&batch).unwrap();
    log.append(batch, &header, LeaderEpoch::new(1)).unwrap();
}

/// Reads from `from` to the end, in steps of this size.
async fn read_on(log: &Rc<Log<Sim>>, from: i64, step: usize) -> i64 {
    let mut at = Offset::new(from);
    while at < log.end() {
        let read = log.plan(at, log.end(), step, true).unwrap().run().await.unwrap();
        for chunk in &read.chunks {
            let (view, _) = BatchView::split(chunk).unwrap();
            view.verify_crc().unwrap();
            assert_eq!(view.header.base_offset, at);
            at = view.header.next_offset();
        }
        assert_eq!(read.next_offset, at);
    }
    at.get()
}

/// What a slow client holds is about what it was given, not what was read for it: nobody else refers to those bytes.
async fn small_reads_keep_no_windows(log: &Rc<Log<Sim>>) {
    for from in [3, 700, 701] {
        let read = log.plan(Offset::new(from), log.end(), 1, true).unwrap().run().await.unwrap();
        assert!(
            read.chunks.len() == 1 && read.chunks[0].is_unique(),
            "a batch keeps the window it was read in"
        );
        let read = log.plan(Offset::new(from), log.end(), 20_000, true).unwrap().run().await.unwrap();
        let given: usize = read.chunks.iter().map(|chunk| chunk.len()).sum();
        let (first, last) = (&read.chunks[0], &read.chunks[read.chunks.len() - 1]);
        assert_eq!(
            last.as_ptr() as usize + last.len() - first.as_ptr() as usize,
            given,
            "they have a memory of their own"
        );
    }
}

#[test]
fn the_disk_is_asked_for_each_byte_once() {
    block_on(async {
        let config = LogConfig { segment_bytes: 4 << 20, ..LogConfig::default() };
        let store = StoreConfig {
            journal_file_bytes: 1 << 20,
            journal_files: 8,
            head_bytes: 64 << 10,
            cache_bytes: 0,
            log: config,
            ..world::store_config()
        };
        let disk = Sim::new(8);
        let store = Store::open(disk.clone(), "/data".into(), ShardId::new(0), store).await.unwrap();
        let log = store.create_log(world::id(0), config);
        let driver = async {
            let mut appended = 0;
            for _ in 0..4 {
                for _ in 0..1500 {
                    store.room().await;
                    append(&log, appended);
                    appended += 1;
                }
                world::turns(3000).await;
                small_reads_keep_no_windows(&log).await;
                let (bytes, before) = (log.size_bytes(), disk.operations());
                for step in [5_000, 40_000, 1 << 20] {
                    assert_eq!(read_on(&log, 0, step).await, appended as i64);
                }
                // Windows of 128 KiB and of 1 MiB; opening files; ends of what was readable.
                let reads = disk.operations() - before;
                assert!(
                    reads <= 2 * (bytes >> 17) + (bytes >> 20) + 24,
                    "{reads} operations for {bytes} bytes"
                );
            }
        };
        world::beside(&store, driver).await;
    });
}
