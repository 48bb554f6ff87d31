//! The real disk: io_uring and direct IO in a temporary folder, and a store that lives, dies and comes back on it.
//!
//! Where the folder's file system has no direct IO, or the machine no io_uring, each test says so and passes: `--nocapture`
//! shows it.

#![allow(clippy::await_holding_refcell_ref)] // one task, and what it shares is touched only between its own awaits

use std::cell::Cell;
use std::fs;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::task::{Poll, Waker};

use futures_lite::future::{or, yield_now, zip};
use headwater_core::ids::{LeaderEpoch, Offset, PartitionId, ShardId, TopicId, TopicPartition};
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::header::{BatchHeader, BatchView};
use headwater_core::record::records::Records;
use headwater_storage::disk::dma::{Dma, block_on};
use headwater_storage::disk::{Buf, Disk, DiskFile, Open, PAGE};
use headwater_storage::log::LogConfig;
use headwater_storage::store::{Store, StoreConfig};

const O_DIRECT: i32 = if cfg!(target_arch = "aarch64") { 0o200_000 } else { 0o40_000 };

/// A folder of its own under the target folder, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Option<Folder> {
        let folder =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let folder = Folder(folder);
        let probe = folder.0.join("probe");
        let direct = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .custom_flags(O_DIRECT)
            .open(&probe);
        match direct {
            Ok(_) => Some(folder),
            Err(error) => {
                eprintln!("SKIPPED: no direct IO in {}: {error}", folder.0.display());
                None
            }
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs `test` with a folder of its own.
fn check<F: Future<Output = ()> + 'static>(name: &str, test: impl FnOnce(PathBuf) -> F + Send + 'static) {
    let Some(folder) = Folder::new(name) else { return };
    let path = folder.0.clone();
    block_on(move || Box::pin(test(path)));
}

async fn write(file: &impl DiskFile<Buf = <Dma as Disk>::Buf>, pos: u64, bytes: &[u8]) {
    let mut buf = Dma.alloc(bytes.len());
    buf.bytes().copy_from_slice(bytes);
    let (result, _) = file.write_at(buf, bytes.len(), pos).await;
    result.unwrap();
}

fn pattern(len: usize, seed: usize) -> Vec<u8> {
    (0..len).map(|i| ((i * 31) ^ (i >> 8) ^ seed) as u8).collect()
}

#[test]
fn files_are_read_back_at_any_place() {
    check("read-back", async |folder| {
        let file = Dma.open(&folder.join("file"), Open::Write).await.unwrap();
        let all = pattern(5 * PAGE, 1);
        write(&file, 0, &all).await;
        assert_eq!(file.size().await.unwrap(), all.len() as u64);
        for (pos, len) in [(0, 1), (0, all.len()), (1, PAGE), (PAGE - 1, 2), (4095, 9000), (all.len() - 1, 1)]
        {
            let read = file.read_at(pos as u64, len).await.unwrap();
            assert_eq!(read, all[pos..pos + len], "{pos} {len}");
        }
        // Fewer at the end, nothing behind it.
        assert_eq!(file.read_at(5 * PAGE as u64 - 10, 100).await.unwrap(), all[all.len() - 10..]);
        assert!(file.read_at(5 * PAGE as u64, 100).await.unwrap().is_empty());
        assert!(file.read_at(90 * PAGE as u64 + 7, 100).await.unwrap().is_empty());
        // A cut in the middle of a page.
        file.truncate(4100).await.unwrap();
        file.flush().await.unwrap();
        assert_eq!(file.read_at(4096, 100).await.unwrap(), all[4096..4100]);
        write(&file, 4096, &pattern(PAGE, 9)).await;
        assert_eq!(file.read_at(4090, 10).await.unwrap()[6..], pattern(PAGE, 9)[..4]);
    });
}

#[test]
fn a_buffer_is_used_again_and_each_write_has_its_own_bytes() {
    check("reuse", async |folder| {
        let file = Dma.open(&folder.join("file"), Open::Write).await.unwrap();
        let mut buf = Dma.alloc(PAGE);
        for n in 0..64u64 {
            buf.bytes().fill(n as u8);
            let (result, back) = file.write_at(buf, PAGE, n * PAGE as u64).await;
            result.unwrap();
            buf = back;
        }
        for n in 0..64u64 {
            assert!(file.read_at(n * PAGE as u64, PAGE).await.unwrap().iter().all(|b| *b == n as u8));
        }
    });
}

#[test]
fn what_is_reserved_is_given_back_when_the_file_is_cut() {
    use std::os::unix::fs::MetadataExt;
    const RESERVED: u64 = 8 << 20;
    check("reserve", async |folder| {
        let path = folder.join("file");
        let file = Dma.open(&path, Open::Write).await.unwrap();
        let taken = || std::fs::metadata(&path).unwrap().blocks() * 512;
        file.reserve(RESERVED).await.unwrap();
        file.write_at(Dma.alloc(PAGE), PAGE, 0).await.0.unwrap();
        assert_eq!(file.size().await.unwrap(), PAGE as u64, "it is no longer than what was written");
        if taken() < RESERVED {
            return eprintln!("skipped: this file system reserves nothing");
        }
        file.truncate(1000).await.unwrap();
        assert!(taken() < RESERVED / 8, "{} bytes are still taken", taken());
        // The length stays, and the space goes all the same.
        file.reserve(RESERVED).await.unwrap();
        file.truncate(1000).await.unwrap();
        assert!(taken() < RESERVED / 8, "{} bytes are still taken", taken());
    });
}

#[test]
fn names_come_and_go() {
    check("names", async |folder| {
        let (deep, missing) = (folder.join("a/b/c"), folder.join("missing"));
        for how in [Open::Read, Open::Existing, Open::WriteDurable] {
            let error = Dma.open(&missing, how).await.err().expect("it is not there");
            assert_eq!(error.kind(), ErrorKind::NotFound, "{how:?}");
            assert!(!missing.exists(), "{how:?} makes no file");
        }
        Dma.create_folder(&deep).await.unwrap();
        Dma.create_folder(&deep).await.unwrap();
        assert_eq!(Dma.read_file(&deep.join("small")).await.unwrap(), None);
        for text in ["one", "two, and longer", ""] {
            Dma.replace_file(&deep.join("small"), text.into()).await.unwrap();
            assert_eq!(Dma.read_file(&deep.join("small")).await.unwrap(), Some(text.into()));
        }
        drop(Dma.open(&deep.join("large"), Open::Write).await.unwrap());
        let mut names = Dma.list(&deep).await.unwrap();
        names.sort();
        assert_eq!(names, ["large", "small"], "and no temporary file is left");
        assert_eq!(Dma.list(&missing).await.unwrap(), Vec::<String>::new());
        Dma.remove(&deep.join("large")).await.unwrap();
        Dma.remove(&deep.join("large")).await.unwrap();
        Dma.remove(&folder.join("a")).await.unwrap();
        assert_eq!(Dma.list(&folder).await.unwrap(), ["probe"]);
    });
}

const LOG: TopicPartition = TopicPartition { topic: TopicId::new([4; 16]), partition: PartitionId::new(1) };

fn small() -> StoreConfig {
    let log = LogConfig { segment_bytes: 300_000, index_interval_bytes: 4096, ..LogConfig::default() };
    StoreConfig {
        journal_file_bytes: 1 << 20,
        journal_files: 3,
        head_bytes: 16 << 10,
        heads_bytes: 1 << 20,
        cache_bytes: 64 << 10,
        files_open: 4,
        log,
        ..StoreConfig::default()
    }
}

/// One life of a store: looks at what is there, appends `more` batches of two records, and waits until all are durable.
/// A life that is not `clean` is dropped where it stands.
async fn live(folder: &Path, expected: i64, more: i64, clean: bool) {
    let store = Store::open(Dma, folder.to_path_buf(), ShardId::new(0), small()).await.unwrap();
    let log = store.create_log(LOG, small().log);
    assert_eq!(log.end().get(), expected);
    let durable = Cell::new(0);
    let waiting: Cell<Option<Waker>> = Cell::new(None);
    let loops = async {
        let commit = store.run_commit(|ends| {
            durable.set(ends.last().map_or(durable.get(), |(_, end)| end.get()));
            waiting.take().into_iter().for_each(Waker::wake);
        });
        zip(commit, store.run_write_out(yield_now)).await;
        std::future::pending::<()>().await;
    };
    let driver = async {
        let mut at = Offset::ZERO;
        while at < log.end() {
            let outcome = log.plan(at, log.end(), 50_000, true).unwrap().run().await.unwrap();
            for chunk in &outcome.chunks {
                let (view, _) = BatchView::split(chunk).unwrap();
                view.verify_crc().unwrap();
                for record in Records::of(&view, 1 << 20).unwrap().iter() {
                    let record = record.unwrap();
                    let n = record.offset.get() as usize;
                    assert_eq!(record.value, Some(pattern(n % 5000, n).as_slice()));
                }
            }
            assert!(outcome.next_offset > at);
            at = outcome.next_offset;
        }
        for _ in 0..more {
            let first = log.end().get() as usize;
            let mut builder = BatchBuilder::new();
            for n in [first, first + 1] {
                builder.push(n as i64, None, Some(&pattern(n % 5000, n)), &[]);
            }
            let batch = builder.build_mut();
            let header = BatchHeader::parse(&batch).unwrap();
            store.room().await;
            log.append(batch, &header, LeaderEpoch::new(1)).unwrap();
        }
        // Not by turns: a task that is always ready keeps the runtime from looking at its ring.
        poll_fn(|cx| {
            waiting.set(Some(cx.waker().clone()));
            let done = more == 0 || durable.get() >= expected + 2 * more || store.failure().is_some();
            if done { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        assert_eq!(store.failure(), None);
        if clean {
            store.shutdown().await.unwrap();
        }
    };
    or(driver, loops).await;
}

#[test]
fn a_store_comes_back_after_clean_and_other_ends() {
    let Some(folder) = Folder::new("store") else { return };
    let mut expected = 0;
    for (more, clean) in
        [(10, true), (400, false), (3, true), (900, false), (1, false), (0, true), (200, true)]
    {
        let path = folder.0.clone();
        // Each life has an executor of its own: what the one before left under way is gone with it.
        block_on(move || Box::pin(async move { live(&path, expected, more, clean).await }));
        expected += 2 * more;
    }
    let path = folder.0.clone();
    block_on(move || Box::pin(async move { live(&path, expected, 0, true).await }));
}
