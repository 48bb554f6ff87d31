//! Every row of the decision tables of recovery (`storage/src/recovery.rs`) and of replay
//! (`storage/src/journal/replay.rs`): a folder as some end of the process or of the disk left it, and what the next
//! start makes of it.
//!
//! A row that refuses to start must not have changed anything: whoever repairs the folder needs it as it was.

mod world;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use futures_lite::future::{block_on, or, yield_now};
use headwater_core::ids::{LeaderEpoch, Offset};
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::header::BatchHeader;
use headwater_storage::checkpoint::CheckpointError;
use headwater_storage::disk::sim::Sim;
use headwater_storage::disk::{Buf, Disk, DiskFile, Open, PAGE};
use headwater_storage::error::StorageError;
use headwater_storage::journal::frame::Head;
use headwater_storage::journal::replay::ReplayError;
use headwater_storage::journal::ring::file_path;
use headwater_storage::layout;
use headwater_storage::log::Log;
use headwater_storage::store::{Store, StoreConfig};
use world::{SHARD, beside, id};

/// Batches of the usual life: each is durable before the next, so each has a frame of one page of its own.
const BATCHES: usize = 6;
/// More than a lap of the journal has pages.
const BATCHES_OF_TWO_LAPS: usize = 11;

fn root() -> PathBuf {
    "/data".into()
}

fn config() -> StoreConfig {
    // Nothing is written out by itself: what is not flushed by a stop is in the journal alone.
    StoreConfig { head_bytes: 1 << 20, heads_bytes: 4 << 20, ..world::store_config() }
}

async fn open(disk: &Sim) -> Result<Rc<Store<Sim>>, StorageError> {
    Store::open(disk.clone(), root(), SHARD, config()).await
}

async fn append(store: &Store<Sim>, log: &Rc<Log<Sim>>, batches: usize) {
    let driver = async {
        for _ in 0..batches {
            let value = vec![log.end().get() as u8; 700];
            let batch = BatchBuilder::new().record(1, None, Some(&value)).build_mut();
            let header = BatchHeader::parse(&batch).unwrap();
            log.append(batch, &header, LeaderEpoch::new(1)).unwrap();
            while log.durable_end() != log.end() {
                yield_now().await;
            }
        }
    };
    beside(store, driver).await;
}

/// A life of so many batches that ends in order, or by the power going.
async fn live(disk: &Sim, batches: usize, clean: bool) {
    let store = open(disk).await.unwrap();
    append(&store, &store.create_log(id(0), config().log), batches).await;
    if clean {
        store.shutdown().await.unwrap();
    }
    drop(store);
    disk.cut_power();
}

/// What is on the disk, byte for byte.
fn everything(disk: &Sim) -> BTreeMap<PathBuf, Vec<u8>> {
    disk.paths().into_iter().map(|path| (path.clone(), disk.contents(&path))).collect()
}

/// Files of the journal that hold frames, oldest lap first, with the places of those frames.
fn laps(disk: &Sim) -> Vec<(PathBuf, Vec<usize>)> {
    let mut laps = BTreeMap::new();
    for number in 0..config().journal_files {
        let path = file_path(&layout::journal_folder(&root(), SHARD), number);
        let bytes = disk.contents(&path);
        let Some(first) = Head::parse(&bytes) else { continue };
        let of_lap = |at: &usize| Head::parse(&bytes[*at..]).is_some_and(|head| head.lap == first.lap);
        let frames = (0..bytes.len()).step_by(PAGE).take_while(of_lap).collect();
        laps.insert(first.lap, (path, frames));
    }
    laps.into_values().collect()
}

async fn put(disk: &Sim, path: &Path, bytes: Vec<u8>) {
    disk.create_folder(path.parent().unwrap()).await.unwrap();
    disk.replace_file(path, bytes).await.unwrap();
}

/// Damages the n-th frame of the oldest lap, counted from its end if `n` is negative.
fn damage_frame(disk: &Sim, n: isize) {
    let (path, frames) = laps(disk).remove(0);
    let at = frames[n.rem_euclid(frames.len() as isize) as usize];
    disk.flip(&path, at + 100, 3);
}

fn checkpoint() -> PathBuf {
    layout::checkpoint_file(&root(), SHARD)
}

/// What a start makes of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    /// It has the first so many batches, and takes more.
    With(usize),
    NoCheckpoint,
    CheckpointDamaged,
    CheckpointVersion(u32),
    JournalDamaged,
}

async fn check(name: &str, disk: &Sim, expected: Start) {
    let before = everything(disk);
    let started = open(disk).await;
    let outcome = match &started {
        Ok(store) => {
            let log = store.create_log(id(0), config().log);
            let end = log.end();
            assert_eq!(log.durable_end(), end, "{name}: what is found is durable");
            let mut at = Offset::ZERO;
            while at < end {
                let read = log.plan(at, end, 1, true).unwrap().run().await;
                let read = read.unwrap_or_else(|error| panic!("{name}: offset {at}: {error}"));
                let batch = &read.chunks[0];
                let filler = [at.get() as u8; 700];
                assert!(batch.windows(700).any(|value| value == filler), "{name}: another batch at {at}");
                at = read.next_offset;
            }
            Start::With(end.get() as usize)
        }
        Err(StorageError::NoCheckpoint(_)) => Start::NoCheckpoint,
        Err(StorageError::Checkpoint { source: CheckpointError::Damaged, .. }) => Start::CheckpointDamaged,
        Err(StorageError::Checkpoint { source: CheckpointError::Version(version), .. }) => {
            Start::CheckpointVersion(*version)
        }
        Err(StorageError::Replay { source: ReplayError::Damaged { .. }, .. }) => Start::JournalDamaged,
        Err(error) => panic!("{name}: {error}"),
    };
    assert_eq!(outcome, expected, "{name}");
    match started {
        // Whatever was found is gone on with, and comes back with it.
        Ok(store) => {
            let log = store.create_log(id(0), config().log);
            let end = log.end();
            append(&store, &log, 2).await;
            drop((store, log));
            disk.cut_power();
            let log = open(disk).await.unwrap_or_else(|error| panic!("{name}, again: {error}")).log(id(0));
            assert_eq!(log.map(|log| log.end()), Some(end.plus(2)), "{name}, again");
        }
        Err(_) => assert!(everything(disk) == before, "{name}: a start that is refused changes nothing"),
    }
}

#[test]
fn the_checkpoint_decides() {
    block_on(async {
        check("nothing there: a first start", &Sim::new(1), Start::With(0)).await;

        let disk = Sim::new(2);
        put(&disk, &file_path(&layout::journal_folder(&root(), SHARD), 0), vec![0; 32 << 10]).await;
        check("a first start was cut short: a journal of zeroes", &disk, Start::With(0)).await;

        for (name, clean) in [("after a stop", true), ("after any other end", false)] {
            let disk = Sim::new(3);
            live(&disk, BATCHES, clean).await;
            check(name, &disk, Start::With(BATCHES)).await;
            check(&format!("{name}, once more"), &disk, Start::With(BATCHES + 2)).await;
        }

        for clean in [true, false] {
            let life = async || {
                let disk = Sim::new(4);
                live(&disk, BATCHES, clean).await;
                disk
            };
            let disk = life().await;
            disk.remove(&checkpoint()).await.unwrap();
            check("the checkpoint is lost", &disk, Start::NoCheckpoint).await;

            for at in [0, 5, 30, disk.bytes_of(&checkpoint())] {
                let disk = life().await;
                let at = at.min(disk.bytes_of(&checkpoint()) - 1);
                disk.flip(&checkpoint(), at, 1);
                check("the checkpoint is damaged", &disk, Start::CheckpointDamaged).await;
            }

            let disk = life().await;
            let mut bytes = disk.contents(&checkpoint());
            bytes[8..12].copy_from_slice(&99u32.to_be_bytes());
            let crc = crc32fast::hash(&bytes[8..]);
            bytes[4..8].copy_from_slice(&crc.to_be_bytes());
            put(&disk, &checkpoint(), bytes).await;
            check("a newer program wrote it", &disk, Start::CheckpointVersion(99)).await;
        }
    });
}

#[test]
fn the_journal_ends_at_a_torn_frame_and_damage_before_its_end_is_refused() {
    block_on(async {
        let life = async |batches| {
            let disk = Sim::new(5);
            live(&disk, batches, false).await;
            disk
        };
        let disk = life(BATCHES).await;
        assert_eq!(laps(&disk).iter().map(|(_, frames)| frames.len()).collect::<Vec<_>>(), [BATCHES]);
        damage_frame(&disk, -1);
        check("the last frame is torn", &disk, Start::With(BATCHES - 1)).await;

        for n in 0..BATCHES as isize - 1 {
            let disk = life(BATCHES).await;
            damage_frame(&disk, n);
            check(&format!("frame {n} is damaged, later ones are whole"), &disk, Start::JournalDamaged).await;
        }

        let disk = life(BATCHES_OF_TWO_LAPS).await;
        assert_eq!(laps(&disk).len(), 2, "the journal has gone on to another file");
        check("two laps", &disk, Start::With(BATCHES_OF_TWO_LAPS)).await;

        let disk = life(BATCHES_OF_TWO_LAPS).await;
        damage_frame(&disk, -1);
        check("a lap's last frame is damaged, and the next lap is there", &disk, Start::JournalDamaged).await;

        let disk = life(BATCHES_OF_TWO_LAPS).await;
        let (path, _) = laps(&disk).remove(1);
        disk.flip(&path, 1, 0);
        check("the page that names a lap is damaged", &disk, Start::JournalDamaged).await;
    });
}

#[test]
fn what_an_end_in_the_middle_of_something_leaves_is_told_from_what_is_needed() {
    block_on(async {
        let life = async |clean| {
            let disk = Sim::new(6);
            live(&disk, BATCHES, clean).await;
            disk
        };
        // Behind what the checkpoint knows: a write of a segment that the power cut short, or one of which it says
        // nothing yet.
        let disk = life(true).await;
        let segment = layout::segment_file(&root(), id(0), Offset::ZERO, 0);
        let mut bytes = disk.contents(&segment);
        bytes.extend([0xee; 3 * PAGE]);
        put(&disk, &segment, bytes).await;
        check("bytes behind a segment's end", &disk, Start::With(BATCHES)).await;

        // A segment that was begun and that no log knows: it is gone when the background work has come to it.
        for clean in [true, false] {
            let disk = life(clean).await;
            let begun = layout::segment_file(&root(), id(0), Offset::new(77), 0);
            let compacted = layout::segment_file(&root(), id(0), Offset::ZERO, 4);
            for path in [&begun, &compacted] {
                put(&disk, path, vec![1; PAGE]).await;
            }
            let store = open(&disk).await.unwrap();
            let swept = async {
                while disk.paths().iter().any(|path| *path == begun || *path == compacted) {
                    yield_now().await;
                }
            };
            or(swept, async {
                store.run_write_out(yield_now).await;
                panic!("the loop goes on");
            })
            .await;
            drop(store);
            check("a segment that was begun", &disk, Start::With(BATCHES)).await;
        }

        // A log that was deleted, and of whose files some are left.
        let disk = life(true).await;
        let store = open(&disk).await.unwrap();
        let log = store.log(id(0)).unwrap();
        store.delete_log(id(0));
        let other = store.create_log(id(1), config().log);
        append(&store, &other, 1).await;
        drop((store, log, other));
        disk.cut_power();
        put(&disk, &layout::segment_file(&root(), id(0), Offset::ZERO, 0), vec![1; PAGE]).await;
        let store = open(&disk).await.unwrap();
        assert_eq!(store.logs(), [id(1)], "a deleted log does not come back");
        let gone = async {
            while disk.paths().iter().any(|path| path.starts_with(layout::log_folder(&root(), id(0)))) {
                yield_now().await;
            }
        };
        or(gone, async {
            store.run_write_out(yield_now).await;
            panic!("the loop goes on");
        })
        .await;
    });
}

/// A batch that the journal holds whole, and that is none: no end of a process leaves that.
#[test]
fn a_frame_that_makes_no_sense_is_refused() {
    use bytes::Bytes;
    use headwater_storage::journal::frame::{Entry, Kind, encode, frame_len};
    block_on(async {
        let entry = |kind, offset, bytes: &'static [u8]| Entry {
            kind,
            id: id(0),
            offset: Offset::new(offset),
            epoch: LeaderEpoch::new(1),
            bytes: Bytes::from_static(bytes),
        };
        for (name, entry) in [
            ("bytes that are no batch", entry(Kind::Append, BATCHES as i64, b"no batch")),
            ("a batch behind the log's end", entry(Kind::Append, 1000, b"no batch either")),
        ] {
            let disk = Sim::new(7);
            live(&disk, BATCHES, false).await;
            let (path, frames) = laps(&disk).remove(0);
            let head = Head::parse(&disk.contents(&path)[frames[BATCHES - 1]..]).unwrap();
            let mut page = disk.alloc(frame_len(entry.encoded_len()));
            encode(page.bytes(), head.lap, head.sequence + 1, std::slice::from_ref(&entry));
            let file = disk.open(&path, Open::WriteDurable).await.unwrap();
            let len = page.len();
            file.write_at(page, len, (frames[BATCHES - 1] + PAGE) as u64).await.0.unwrap();
            let before = everything(&disk);
            match open(&disk).await.err() {
                Some(StorageError::NoBatch { offset, .. }) => assert_eq!(offset, entry.offset, "{name}"),
                Some(StorageError::Gap { expected, found, .. }) => {
                    assert_eq!((expected.get(), found), (BATCHES as i64, entry.offset), "{name}");
                }
                other => panic!("{name}: {other:?}"),
            }
            assert!(everything(&disk) == before, "{name}: a start that is refused changes nothing");
        }
    });
}
