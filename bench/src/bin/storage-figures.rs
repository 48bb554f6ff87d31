//! The log engine against its disk: each figure beside the raw ceiling that the same seconds allowed.
//!
//! ```text
//!   storage-figures [--folder FOLDER] [share | rounds | append]...
//! ```
//!
//! | figure | the store | the ceiling, in turn with it |
//! |---|---|---|
//! | `share` | one shard, 16 partitions, 64 KiB batches, 16 MiB under way | 1 MiB direct writes, four at a time, one flush |
//! | `rounds` | one 1 KiB batch into each of 1,000 partitions, all durable, again | as many bytes in one O_DSYNC write |
//! | `append` | one 1 KiB batch after the other, each durable | 4 KiB with O_DSYNC; 4 KiB and a flush |
//!
//! Prints one line of JSON a figure; `bench/figures` makes the table of them. The folder (default: the current one)
//! must be on the disk that is meant. It is no criterion bench, because it wants percentiles, and ratios of what was
//! measured in turn.

use std::cell::Cell;
use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use futures_lite::future::{or, yield_now, zip};
use headwater_core::ids::{LeaderEpoch, PartitionId, ShardId, TopicId, TopicPartition};
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::header::BatchHeader;
use headwater_storage::disk::dma::{self, Dma};
use headwater_storage::disk::{Buf, Disk, DiskFile, Open};
use headwater_storage::log::{Log, LogConfig};
use headwater_storage::store::{Store, StoreConfig};

// As the broker.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Turns of each figure: the median counts.
const TURNS: usize = 5;
const MIB: usize = 1 << 20;
/// Bytes of one turn of `share`: four laps of the journal and more.
const SHARE_BYTES: usize = 768 * MIB;
/// Unacknowledged bytes in `share`, as of 16 producers with a request of 1 MiB each.
const UNDER_WAY_BYTES: usize = 16 * MIB;
/// Rounds of a stretch of `rounds`; then as many raw writes.
const ROUNDS: usize = 50;
/// Stretches of `rounds` that are not measured: in them each partition's file is made, which is not done again.
const STRETCHES_BEFORE: usize = 4;
const STRETCHES: usize = 16;
const APPENDS: usize = 3000;

fn main() -> ExitCode {
    // As the broker.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    let mut folder = PathBuf::from(".");
    let mut wanted = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--folder" => folder = args.next().map_or(folder, PathBuf::from),
            "share" | "rounds" | "append" => wanted.push(arg),
            _ => {
                eprintln!("storage-figures [--folder FOLDER] [share | rounds | append]...");
                return ExitCode::from(2);
            }
        }
    }
    if wanted.is_empty() {
        wanted = ["share", "rounds", "append"].map(String::from).to_vec();
    }
    let folder = folder.join(format!("storage-figures-{}", std::process::id()));
    for figure in wanted {
        let at = folder.clone();
        dma::block_on(move || {
            Box::pin(async move {
                Dma.create_folder(&at).await.expect("a folder can be made");
                match figure.as_str() {
                    "share" => share(&at).await,
                    "rounds" => rounds(&at).await,
                    _ => append(&at).await,
                }
                Dma.remove(&at).await.expect("the folder can be removed");
            })
        });
    }
    ExitCode::SUCCESS
}

/// Settings as the broker's are by default.
fn config() -> StoreConfig {
    StoreConfig { heads_bytes: 128 << 20, cache_bytes: 64 << 20, ..StoreConfig::default() }
}

struct Opened {
    store: Rc<Store<Dma>>,
    logs: Vec<Rc<Log<Dma>>>,
    /// Who waits for a round.
    waiting: Cell<Option<Waker>>,
    /// How long appends have waited for memory.
    without_room: Cell<Duration>,
}

impl Opened {
    async fn new(folder: PathBuf, partitions: i32) -> Self {
        let store = Store::open(Dma, folder, ShardId::new(0), config()).await.expect("the store opens");
        let id = |n| TopicPartition { topic: TopicId::new([9; 16]), partition: PartitionId::new(n) };
        let logs = (0..partitions).map(|n| store.create_log(id(n), LogConfig::default())).collect();
        Self { store, logs, waiting: Cell::new(None), without_room: Cell::new(Duration::ZERO) }
    }

    /// Runs `driver` beside the store's loops.
    async fn beside<T>(&self, driver: impl Future<Output = T>) -> T {
        let commit = self.store.run_commit(|_| self.waiting.take().into_iter().for_each(Waker::wake));
        or(driver, async {
            zip(commit, self.store.run_write_out(yield_now)).await;
            panic!("the store has stopped: {:?}", self.store.failure());
        })
        .await
    }

    async fn append(&self, log: usize, batch: &BytesMut, header: &BatchHeader) {
        if !self.store.has_room() {
            let began = Instant::now();
            self.store.room().await;
            self.without_room.set(self.without_room.get() + began.elapsed());
        }
        self.logs[log].append(batch.clone(), header, LeaderEpoch::new(1)).expect("it is taken");
    }

    /// Waits, round by round, until `done`.
    async fn until(&self, done: impl Fn(&[Rc<Log<Dma>>]) -> bool) {
        poll_fn(|cx| {
            self.waiting.set(Some(cx.waker().clone()));
            if done(&self.logs) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    async fn until_durable(&self) {
        self.until(|logs| logs.iter().all(|log| log.durable_end() == log.end())).await;
    }
}

/// A batch of `records` records of 1 KiB, less what its own headers take.
fn batch(records: usize) -> (BytesMut, BatchHeader) {
    let mut builder = BatchBuilder::new();
    for n in 0..records {
        builder.push(n as i64, None, Some(&[7; 1012]), &[]);
    }
    let batch = builder.build_mut();
    let header = BatchHeader::parse(&batch).expect("a built batch has a header");
    (batch, header)
}

async fn share(folder: &Path) {
    let (mut ratios, mut stores, mut raws, mut written) = (vec![], vec![], vec![], vec![]);
    let (batch, header) = batch(64);
    for turn in 0..TURNS {
        let raw = raw_bandwidth(folder).await;
        let place = folder.join(format!("store-{turn}"));
        let opened = Opened::new(place.clone(), 16).await;
        let before = written_bytes();
        let began = Instant::now();
        let appends = SHARE_BYTES / batch.len();
        let under_way = (UNDER_WAY_BYTES / batch.len()) as i64;
        let durable =
            |logs: &[Rc<Log<Dma>>]| logs.iter().map(|log| log.durable_end().get()).sum::<i64>() / 64;
        opened
            .beside(async {
                for n in 0..appends {
                    opened.append(n % 16, &batch, &header).await;
                    let most = n as i64 - under_way;
                    if durable(&opened.logs) < most {
                        opened.until(|logs| durable(logs) >= most).await;
                    }
                }
                opened.until_durable().await;
            })
            .await;
        let store = (appends * batch.len()) as f64 / began.elapsed().as_secs_f64() / 1e6;
        // What is still only in the journal is written to segments at the stop; it counts too.
        opened.beside_stop().await;
        written.push((written_bytes() - before) as f64 / (appends * batch.len()) as f64);
        drop(opened);
        Dma.remove(&place).await.expect("the store can be removed");
        ratios.push(store / raw);
        stores.push(store);
        raws.push(raw);
    }
    println!(
        "{{\"figure\":\"share\",\"share\":{:.3},\"share_least\":{:.3},\"share_most\":{:.3},\"store_mb_s\":{:.0},\"raw_mb_s\":{:.0},\"written_per_byte\":{:.3}}}",
        median(&mut ratios),
        ratios[0],
        ratios[TURNS - 1],
        median(&mut stores),
        median(&mut raws),
        median(&mut written),
    );
}

impl Opened {
    /// Stops the store in order.
    async fn beside_stop(&self) {
        let commit = self.store.run_commit(|_| {});
        let loops = zip(commit, self.store.run_write_out(yield_now));
        let (stopped, _) = zip(self.store.shutdown(), loops).await;
        stopped.expect("a stop in order");
    }
}

/// MB/s of direct writes of 1 MiB into a new file, four at a time, flush included.
async fn raw_bandwidth(folder: &Path) -> f64 {
    let path = folder.join("raw");
    let file = Dma.open(&path, Open::Write).await.expect("a file can be made");
    let next = Cell::new(0);
    let began = Instant::now();
    let writer = || async {
        let mut buf = Dma.alloc(MIB);
        buf.bytes().fill(7);
        while next.get() < SHARE_BYTES {
            let at = next.replace(next.get() + MIB);
            let (result, back) = file.write_at(buf, MIB, at as u64).await;
            result.expect("the disk takes it");
            buf = back;
        }
    };
    zip(zip(writer(), writer()), zip(writer(), writer())).await;
    file.flush().await.expect("the disk flushes");
    let took = began.elapsed().as_secs_f64();
    drop(file);
    Dma.remove(&path).await.expect("it can be removed");
    SHARE_BYTES as f64 / took / 1e6
}

async fn rounds(folder: &Path) {
    let (batch, header) = batch(1);
    let frame = (1000 * batch.len()).next_multiple_of(4096);
    let raw = written_file(&folder.join("raw"), frame, Open::WriteDurable).await;
    let opened = Opened::new(folder.join("store"), 1000).await;
    let (mut store, mut raw_writes) = (vec![], vec![]);
    let before = written_bytes();
    let measured = opened
        .beside(async {
            let mut buf = Dma.alloc(frame);
            let mut since = Instant::now();
            for stretch in 0..STRETCHES_BEFORE + STRETCHES {
                if stretch == STRETCHES_BEFORE {
                    opened.without_room.set(Duration::ZERO);
                    since = Instant::now();
                }
                let began = Instant::now();
                for _ in 0..ROUNDS {
                    for log in 0..1000 {
                        opened.append(log, &batch, &header).await;
                    }
                    opened.until_durable().await;
                }
                store.push(ROUNDS as f64 / began.elapsed().as_secs_f64());
                let began = Instant::now();
                for _ in 0..ROUNDS {
                    let (result, back) = raw.write_at(buf, frame, 0).await;
                    result.expect("the disk takes it");
                    buf = back;
                }
                raw_writes.push(ROUNDS as f64 / began.elapsed().as_secs_f64());
            }
            since.elapsed()
        })
        .await;
    let waited = opened.without_room.get().as_secs_f64() / measured.as_secs_f64();
    opened.beside_stop().await;
    let rounds = ROUNDS * (STRETCHES_BEFORE + STRETCHES);
    let written = written_bytes() - before - (rounds * frame) as u64;
    println!(
        "{{\"figure\":\"rounds\",\"rounds_s\":{:.0},\"rounds_s_least\":{:.0},\"raw_writes_s\":{:.0},\"frame_bytes\":{frame},\"without_room\":{waited:.3},\"written_per_byte\":{:.3}}}",
        median(&mut store[STRETCHES_BEFORE..]),
        store[STRETCHES_BEFORE],
        median(&mut raw_writes),
        written as f64 / (rounds * 1000 * batch.len()) as f64,
    );
}

async fn append(folder: &Path) {
    let (batch, header) = batch(1);
    let dsync = written_file(&folder.join("raw"), 16 * MIB, Open::WriteDurable).await;
    let plain = Dma.open(&folder.join("raw"), Open::Existing).await.expect("it is there");
    let opened = Opened::new(folder.join("store"), 1).await;
    let (mut store, mut one, mut two) = (vec![], vec![], vec![]);
    opened
        .beside(async {
            let mut buf = Dma.alloc(4096);
            for n in 0..APPENDS {
                let began = Instant::now();
                opened.append(0, &batch, &header).await;
                opened.until_durable().await;
                store.push(began.elapsed());
                // In turn and forwards, as the journal goes, so that all three meet the same disk.
                let at = (n % 4000 * 4096) as u64;
                let began = Instant::now();
                let (result, back) = dsync.write_at(buf, 4096, at).await;
                result.expect("the disk takes it");
                one.push(began.elapsed());
                let began = Instant::now();
                let (result, back) = plain.write_at(back, 4096, at).await;
                result.and(plain.flush().await).expect("the disk takes it");
                two.push(began.elapsed());
                buf = back;
            }
        })
        .await;
    let us = |times: &mut Vec<Duration>, share: f64| {
        times.sort();
        times[(times.len() as f64 * share) as usize].as_secs_f64() * 1e6
    };
    println!(
        "{{\"figure\":\"append\",\"p50_us\":{:.0},\"p99_us\":{:.0},\"dsync_p50_us\":{:.0},\"dsync_p99_us\":{:.0},\"flush_p50_us\":{:.0},\"flush_p99_us\":{:.0}}}",
        us(&mut store, 0.5),
        us(&mut store, 0.99),
        us(&mut one, 0.5),
        us(&mut one, 0.99),
        us(&mut two, 0.5),
        us(&mut two, 0.99),
    );
}

/// A file of zeroes of so many bytes, opened to write over them: no block of it has to be found.
async fn written_file(path: &Path, len: usize, how: Open) -> <Dma as Disk>::File {
    let file = Dma.open(path, Open::Write).await.expect("a file can be made");
    let (result, _) = file.write_at(Dma.alloc(len), len, 0).await;
    result.and(file.flush().await).expect("the disk takes it");
    Dma.open(path, how).await.expect("it is there")
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Bytes that this process has had written to disks so far.
fn written_bytes() -> u64 {
    let io = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    io.lines().find_map(|line| line.strip_prefix("write_bytes: ")).and_then(|n| n.parse().ok()).unwrap_or(0)
}
