//! A bit flips in a file at rest: the batch that it hit is never served, its offsets are named, the rest stays readable.

mod world;

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use bytes::Bytes;
use futures_lite::future::block_on;
use headwater_core::epochs::LeaderEpochs;
use headwater_core::ids::{LeaderEpoch, Offset};
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::header::{BatchHeader, BatchView, set_base_offset, set_leader_epoch};
use headwater_storage::disk::Disk;
use headwater_storage::disk::sim::{Astray, Sim};
use headwater_storage::layout;
use headwater_storage::log::{Log, LogConfig};
use headwater_storage::plan::ReadError;
use headwater_storage::reader::{Expected, Found, ReadAt, SegmentReader};
use headwater_storage::store::{Store, StoreConfig};
use world::{SHARD, id};

/// Offsets and bytes of each batch that was appended.
type Batches = Vec<(i64, i64, Vec<u8>)>;

fn config() -> StoreConfig {
    let log = LogConfig { segment_bytes: 900, index_interval_bytes: 300, ..LogConfig::default() };
    // No cache: every read comes from the disk.
    StoreConfig { cache_bytes: 0, log, ..world::store_config() }
}

async fn open(disk: &Sim) -> (Rc<Store<Sim>>, Rc<Log<Sim>>) {
    let store = Store::open(disk.clone(), PathBuf::from("/data"), SHARD, config()).await.unwrap();
    let log = store.create_log(id(0), config().log);
    (store, log)
}

/// A log of two sealed segments and an active one, of records in several sizes and two leader epochs.
async fn write(disk: &Sim) -> Batches {
    let (store, log) = open(disk).await;
    let mut batches = Vec::new();
    for n in 0..14i64 {
        let mut builder = BatchBuilder::new();
        for i in 0..=n % 3 {
            builder.push(
                1000 + n,
                Some(b"key"),
                Some(&vec![(n * 7 + i) as u8; 20 + (n as usize * 13) % 80]),
                &[],
            );
        }
        let batch = builder.build_mut();
        let header = BatchHeader::parse(&batch).unwrap();
        let done = log.append(batch, &header, LeaderEpoch::new(1 + (n / 5) as i32)).unwrap();
        let plan = log.plan(done.base_offset, log.end(), 1 << 20, true).unwrap();
        let bytes = plan.run().await.unwrap().chunks[0].to_vec();
        batches.push((done.base_offset.get(), done.last_offset.get(), bytes));
    }
    store.shutdown().await.unwrap();
    batches
}

/// Reads every batch by itself; gives the offsets of those that can't be had, as the errors name them.
async fn read_all(log: &Rc<Log<Sim>>, batches: &Batches, file: &Path, what: &str) -> Vec<(i64, i64)> {
    let mut damaged = Vec::new();
    for (base, last, bytes) in batches {
        match log.plan(Offset::new(*base), log.end(), 1, true).unwrap().run().await {
            Ok(outcome) => {
                assert_eq!(outcome.chunks.len(), 1, "{what}: offset {base}");
                assert!(outcome.chunks[0] == bytes[..], "{what}: a damaged batch is served at {base}");
                assert_eq!(outcome.next_offset.get(), last + 1, "{what}");
            }
            Err(ReadError::Damaged { id: of, offset, last: to, file: named, .. }) => {
                assert_eq!((of, named.as_path()), (id(0), file), "{what}");
                assert!(
                    offset.get() <= *base && to.get() >= *last,
                    "{what}: {offset} to {to} for {base}..={last}"
                );
                damaged.push((*base, *last));
            }
            Err(error) => panic!("{what}: {error}"),
        }
    }
    damaged
}

#[test]
fn a_flipped_bit_anywhere_in_a_segment_is_never_served() {
    block_on(async {
        let disk = Sim::new(3);
        let batches = write(&disk).await;
        let mut segments = disk.paths();
        segments.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
        assert!(segments.len() >= 3, "{segments:?}");
        for path in segments {
            let name = path.file_name().unwrap().to_str().unwrap();
            let (segment, _) = layout::parse_segment_name(name).unwrap();
            let mut at = 0;
            // The bytes of each batch of this segment, by its place in the file.
            let inside = batches.iter().skip_while(|(base, ..)| *base < segment.get());
            for (base, last, bytes) in inside {
                if at + bytes.len() > disk.bytes_of(&path) || (at > 0 && is_base(&disk, *base)) {
                    break;
                }
                for byte in at..at + bytes.len() {
                    let bit = (byte % 8) as u8;
                    let what = format!("{name} byte {byte} bit {bit}, in batch {base}..={last}");
                    disk.flip(&path, byte, bit);
                    let (store, log) = open(&disk).await;
                    let damaged = read_all(&log, &batches, &path, &what).await;
                    assert_eq!(damaged, [(*base, *last)], "{what}");
                    assert_eq!(store.usage().damaged, 1, "{what}");
                    disk.flip(&path, byte, bit);
                }
                at += bytes.len();
            }
            assert!(at > 0);
        }
        let (store, log) = open(&disk).await;
        assert_eq!(read_all(&log, &batches, Path::new(""), "whole").await, []);
        assert_eq!(store.usage().damaged, 0);
    });
}

#[test]
fn a_write_that_went_astray_is_never_served_for_another() {
    let hows = [Astray::Elsewhere(1), Astray::Elsewhere(3), Astray::Nowhere, Astray::Half];
    let writes = {
        let disk = Sim::new(5);
        block_on(write(&disk));
        disk.writes()
    };
    let mut found = 0;
    for (write_number, how) in (0..writes).flat_map(|n| hows.map(|how| (n, how))) {
        for clean in [true, false] {
            let what = format!("write {write_number} of {writes} went {how:?}, stopped clean: {clean}");
            let disk = Sim::new(5);
            disk.go_astray(write_number, how);
            let batches = block_on(write(&disk));
            if !clean {
                // The journal is what a start goes by.
                block_on(disk.remove(&layout::checkpoint_file(Path::new("/data"), SHARD))).unwrap();
            }
            found += u32::from(block_on(read_what_is_left(&disk, &batches, &what)));
        }
    }
    assert!(found > 0, "some of them must show");
}

/// Opens the store and reads every batch that it says it has; whether anything is refused.
async fn read_what_is_left(disk: &Sim, batches: &Batches, what: &str) -> bool {
    let Ok(store) = Store::open(disk.clone(), PathBuf::from("/data"), SHARD, config()).await else {
        return true;
    };
    let log = store.create_log(id(0), config().log);
    let mut refused = false;
    for (base, last, bytes) in batches.iter().filter(|(base, ..)| *base < log.end().get()) {
        match log.plan(Offset::new(*base), log.end(), 1, true).map(|plan| plan.run()) {
            Ok(run) => match run.await {
                Ok(outcome) => {
                    assert!(outcome.chunks[0] == bytes[..], "{what}: another batch is served at {base}");
                    assert_eq!(outcome.next_offset.get(), last + 1, "{what}");
                }
                Err(_) => refused = true,
            },
            Err(_) => refused = true,
        }
    }
    refused
}

fn is_base(disk: &Sim, offset: i64) -> bool {
    disk.paths().contains(&layout::segment_file(Path::new("/data"), id(0), Offset::new(offset), 0))
}

#[test]
fn a_read_of_many_batches_stops_before_the_damage_and_goes_on_behind_it() {
    block_on(async {
        let disk = Sim::new(4);
        let batches = write(&disk).await;
        let path = layout::segment_file(Path::new("/data"), id(0), Offset::ZERO, 0);
        let third: usize = batches[..2].iter().map(|(_, _, bytes)| bytes.len()).sum();
        disk.flip(&path, third + 70, 1);
        let (_store, log) = open(&disk).await;
        let first = log.plan(Offset::ZERO, log.end(), 1 << 20, true).unwrap().run().await.unwrap();
        assert_eq!(first.chunks.len(), 2);
        let again = log.plan(first.next_offset, log.end(), 1 << 20, true).unwrap().run().await;
        let Err(ReadError::Damaged { offset, last, .. }) = again else { panic!("{again:?}") };
        assert_eq!((offset.get(), last.get()), (batches[2].0, batches[2].1));
        let mut at = last.plus(1);
        let mut seen = 3;
        while at < log.end() {
            let outcome = log.plan(at, log.end(), 1 << 20, true).unwrap().run().await.unwrap();
            for chunk in &outcome.chunks {
                BatchView::split(chunk).unwrap().0.verify_crc().unwrap();
                seen += 1;
            }
            at = outcome.next_offset;
        }
        assert_eq!(seen, batches.len());
    });
}

#[test]
fn a_lost_or_damaged_index_is_rebuilt() {
    block_on(async {
        let disk = Sim::new(5);
        let batches = write(&disk).await;
        let mut indexes = disk.paths();
        indexes.retain(|path| path.extension().is_some_and(|extension| extension == "index"));
        for path in &indexes {
            for byte in 0..disk.bytes_of(path) {
                disk.flip(path, byte, 3);
                let (_store, log) = open(&disk).await;
                assert_eq!(read_all(&log, &batches, Path::new(""), "index").await, []);
                disk.flip(path, byte, 3);
            }
        }
    });
}

/// Bytes of a segment, and the most that was asked for at once.
struct Asked<'b> {
    bytes: &'b Bytes,
    most: &'b Cell<usize>,
}

impl ReadAt for Asked<'_> {
    async fn read_at(&self, pos: u64, len: usize) -> std::io::Result<Bytes> {
        self.most.set(self.most.get().max(len));
        let from = (pos as usize).min(self.bytes.len());
        Ok(self.bytes.slice(from..(from + len).min(self.bytes.len())))
    }
}

#[test]
fn a_flipped_bit_of_a_length_costs_no_memory() {
    const LARGE: usize = 6 << 20;
    let mut segment = Vec::new();
    let mut places = Vec::new();
    for (n, size) in [500, 500, 500, LARGE, 500, LARGE, 500].into_iter().enumerate() {
        let mut batch = BatchBuilder::new().record(0, None, Some(&vec![n as u8; size])).build_mut();
        set_base_offset(&mut batch, Offset::new(n as i64));
        set_leader_epoch(&mut batch, LeaderEpoch::new(1));
        places.push((segment.len(), batch.len()));
        segment.extend_from_slice(&batch);
    }
    let len = segment.len() as u64;
    let mut epochs = LeaderEpochs::default();
    epochs.assign(LeaderEpoch::new(1), Offset::ZERO);
    let expected = Expected { readable: len, written: len, end: Offset::new(7), gaps: false, epochs };
    // Which bit of which batch's length, and which batch goes on behind it.
    for (hit, bit) in [(7, 0), (1, 22), (1, 23), (2, 22), (3, 0), (3, 21), (4, 22)] {
        if let Some((place, _)) = places.get(hit) {
            segment[place + 11 - bit / 8] ^= 1 << (bit % 8);
        }
        let (bytes, most) = (Bytes::copy_from_slice(&segment), Cell::new(0));
        let source = Asked { bytes: &bytes, most: &most };
        let mut reader = SegmentReader::new(source, expected.clone(), 0, Offset::ZERO);
        let mut found = Vec::new();
        block_on(async {
            loop {
                let before = most.replace(0);
                match reader.step().await.unwrap() {
                    Found::Batch(header, _) => {
                        assert!(most.get() <= LARGE + 1000, "{} bytes at once", most.get());
                        found.push((header.base_offset.get(), true));
                    }
                    Found::Damaged(damage) => {
                        // A window, and what the batch behind it takes.
                        assert!(
                            most.get() <= 1 << 20 || [3, 5].contains(&(damage.last.get() + 1)),
                            "{} bytes",
                            most.get()
                        );
                        found.extend((damage.first.get()..=damage.last.get()).map(|lost| (lost, false)));
                    }
                    Found::End => break,
                }
                most.set(most.get().max(before));
            }
        });
        let all: Vec<_> = (0..7).map(|n| (n, n as usize != hit)).collect();
        assert_eq!(found, all, "bit {bit} of the length of batch {hit}");
        if let Some((place, _)) = places.get(hit) {
            segment[place + 11 - bit / 8] ^= 1 << (bit % 8);
        }
    }
}
