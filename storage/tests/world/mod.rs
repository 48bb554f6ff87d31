//! A store on the simulated disk, beside a model of what it was told and what it has acknowledged.
//!
//! The model knows each record's value and leader epoch by log and offset. After a crash it forgets what lies behind the
//! log's recovered end, because those offsets are given again; everything below what a round has made durable has to be
//! there, so a relaxed log may lose its tail, and nothing else.

#![allow(clippy::await_holding_refcell_ref)] // the loops that share the model run only where nothing of it is held
#![allow(dead_code)] // each suite uses a part

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

use futures_lite::future::{or, yield_now, zip};
use headwater_core::ids::{LeaderEpoch, Offset, PartitionId, ShardId, TopicId, TopicPartition};
use headwater_core::record::builder::BatchBuilder;
use headwater_core::record::header::{BatchHeader, BatchView};
use headwater_core::record::records::Records;
use headwater_storage::disk::Disk;
use headwater_storage::disk::sim::Sim;
use headwater_storage::log::{AppendRefused, Log, LogConfig, Relaxed};
use headwater_storage::plan::ReadError;
use headwater_storage::store::{Store, StoreConfig};

pub const SHARD: ShardId = ShardId::new(0);
const SLOTS: usize = 3;
/// More turns than any piece of work takes; what is not done by then hangs.
const TURNS_MAX: usize = 40_000;

/// Everything small, so that rolls, laps, write-outs and evictions happen within a few dozen appends.
pub fn store_config() -> StoreConfig {
    StoreConfig {
        journal_file_bytes: 32 << 10,
        journal_files: 3,
        head_bytes: 4 << 10,
        large_bytes: 2500,
        heads_bytes: 64 << 10,
        cache_bytes: 12 << 10,
        files_open: 2,
        checkpoint_slice_bytes: 1,
        log: log_config(),
    }
}

pub fn log_config() -> LogConfig {
    LogConfig {
        segment_bytes: 10_000,
        index_interval_bytes: 1,
        retention_bytes: Some(25_000),
        retention_ms: Some(250),
        segment_ms: 150,
        segment_jitter_ms: 60,
        ..LogConfig::default()
    }
}

/// Every third log is relaxed.
fn config_of(id: TopicPartition) -> LogConfig {
    let relaxed = Relaxed { flush_messages: 5, flush_ms: 1000 };
    let preallocate = id.topic.get()[3].is_multiple_of(2);
    LogConfig { relaxed: is_relaxed(id).then_some(relaxed), preallocate, ..log_config() }
}

fn is_relaxed(id: TopicPartition) -> bool {
    let [a, b, c, d, ..] = id.topic.get();
    u32::from_be_bytes([a, b, c, d]) % 3 == 1
}

pub fn id(n: u32) -> TopicPartition {
    let mut topic = [7; 16];
    topic[..4].copy_from_slice(&n.to_be_bytes());
    TopicPartition { topic: TopicId::new(topic), partition: PartitionId::new(0) }
}

/// Runs `driver` beside the store's loops until it is done.
pub async fn beside<D: Disk, T>(store: &Store<D>, driver: impl Future<Output = T>) -> T {
    beside_hearing(store, |_| {}, driver).await
}

/// As [`beside`]; `heard` is told what becomes durable.
pub async fn beside_hearing<D: Disk, T>(
    store: &Store<D>,
    heard: impl Fn(&[(TopicPartition, Offset)]),
    driver: impl Future<Output = T>,
) -> T {
    let loops = async {
        zip(store.run_commit(heard), store.run_write_out(yield_now)).await;
        std::future::pending().await
    };
    or(driver, loops).await
}

pub async fn turns(n: usize) {
    for _ in 0..n {
        yield_now().await;
    }
}

/// Numbers by chance, the same for the same seed.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}

/// What is known of one log.
#[derive(Default)]
struct Known {
    /// Value and leader epoch of each record.
    records: BTreeMap<i64, (Vec<u8>, i32)>,
    acknowledged: i64,
    start: i64,
    deleted: bool,
}

/// One thing that is done to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Append records of this size in all to the log in this slot.
    Append(usize, usize),
    /// DeleteRecords: up to this share (of 256) of what is acknowledged.
    Start(usize, u8),
    /// Apply retention, so long after the newest record (a record's time is its offset).
    Retain(usize, u16),
    /// Delete the log and put a new one in its slot.
    Delete(usize),
    /// Read a stretch and compare.
    Read(usize, u8),
    /// A higher leader epoch from now on.
    Epoch,
    /// Let the loops work for so many turns.
    Turns(u16),
    /// Let the loops work until everything is acknowledged.
    Settle,
    /// The disk takes only so many bytes more.
    Space(u32),
    /// The disk has space again.
    SpaceAgain,
    /// From now on the disk never writes in place.
    CopyOnWrite,
}

impl Action {
    pub fn random(random: &mut Random, with_space: bool) -> Action {
        let slot = random.below(SLOTS as u64) as usize;
        match random.below(100) {
            0..60 => {
                let size = match random.below(10) {
                    0 => 9000,
                    1..4 => 3000,
                    _ => 300,
                };
                Action::Append(slot, random.below(size) as usize)
            }
            60..64 => Action::Start(slot, random.below(256) as u8),
            64..68 => Action::Retain(slot, random.below(400) as u16),
            68..70 => Action::Delete(slot),
            70..76 => Action::Read(slot, random.below(256) as u8),
            76..78 => Action::Epoch,
            78..80 if with_space => Action::Space(random.below(60_000) as u32),
            80..83 if with_space => Action::SpaceAgain,
            83 => Action::Settle,
            _ => Action::Turns(random.below(60) as u16),
        }
    }
}

pub struct World {
    pub disk: Sim,
    pub what: String,
    known: RefCell<BTreeMap<TopicPartition, Known>>,
    slots: RefCell<[u32; SLOTS]>,
    epoch: RefCell<i32>,
    /// The disk may refuse or be full: an append that is refused, or an error in a read, is no fault of the store.
    pub troubled: RefCell<bool>,
    /// The disk fails in this life.
    pub faulty: RefCell<bool>,
}

impl World {
    pub fn new(seed: u64, what: String) -> Self {
        let slots = RefCell::new(std::array::from_fn(|n| n as u32));
        let disk = Sim::new(seed);
        // Half of the disks never write in place: they may have no space for a frame of the journal either.
        disk.set_copy_on_write(seed.is_multiple_of(2));
        Self {
            disk,
            what,
            known: RefCell::default(),
            slots,
            epoch: RefCell::new(1),
            troubled: RefCell::new(false),
            faulty: RefCell::new(false),
        }
    }

    pub async fn try_open(&self) -> Result<Rc<Store<Sim>>, String> {
        let store = Store::open(self.disk.clone(), PathBuf::from("/data"), SHARD, store_config())
            .await
            .map_err(|error| error.to_string())?;
        for id in store.logs() {
            store.create_log(id, config_of(id));
        }
        for slot in *self.slots.borrow() {
            store.create_log(id(slot), config_of(id(slot)));
            self.known.borrow_mut().entry(id(slot)).or_default();
        }
        Ok(store)
    }

    pub async fn open(&self) -> Rc<Store<Sim>> {
        self.try_open().await.unwrap_or_else(|error| panic!("{}: does not start: {error}", self.what))
    }

    /// Runs the loops beside `driver` until the driver is done.
    pub async fn beside<T>(&self, store: &Store<Sim>, driver: impl Future<Output = T>) -> T {
        let commit = store.run_commit(|durable| {
            let mut known = self.known.borrow_mut();
            for (log, end) in durable {
                if let Some(known) = known.get_mut(log).filter(|known| !known.deleted) {
                    known.acknowledged = known.acknowledged.max(end.get());
                }
            }
        });
        let loops = async {
            let relaxed = store.run_relaxed(|_| turns(20));
            zip(zip(commit, relaxed), store.run_write_out(yield_now)).await;
            std::future::pending().await
        };
        or(driver, loops).await
    }

    fn slot(&self, slot: usize) -> TopicPartition {
        id(self.slots.borrow()[slot])
    }

    pub fn append(&self, store: &Store<Sim>, id: TopicPartition, bytes: usize) -> Result<(), AppendRefused> {
        let log = store.log(id).expect("the log is there");
        let mut builder = BatchBuilder::new();
        let records = 1 + bytes % 3;
        let first = log.end().get();
        let values: Vec<Vec<u8>> =
            (0..records).map(|i| vec![(first as usize + i * 37 + bytes) as u8; bytes / records]).collect();
        for value in &values {
            builder.push(first, None, Some(value), &[]);
        }
        let batch = builder.build_mut();
        let header = BatchHeader::parse(&batch).unwrap();
        let epoch = *self.epoch.borrow();
        let done = log.append(batch, &header, LeaderEpoch::new(epoch))?;
        assert_eq!(done.base_offset.get(), first, "{}", self.what);
        let committed = log.committed_end();
        assert!(committed >= log.durable_end() && committed <= log.end(), "{}", self.what);
        if is_relaxed(id) && log.end().get() - log.durable_end().get() < 5 {
            assert_eq!(committed, log.end(), "{}: a relaxed log answers from memory", self.what);
        }
        let mut known = self.known.borrow_mut();
        let known = known.entry(id).or_default();
        for (i, value) in values.into_iter().enumerate() {
            known.records.insert(first + i as i64, (value, epoch));
        }
        Ok(())
    }

    /// Does one thing; false if the store takes nothing more.
    pub async fn act(&self, store: &Store<Sim>, action: Action) -> bool {
        match action {
            Action::Append(slot, bytes) => {
                let mut turns = 0;
                while !store.has_room() && turns < TURNS_MAX {
                    turns += 1;
                    yield_now().await;
                }
                assert!(store.has_room(), "{}: no room for ever", self.what);
                match self.append(store, self.slot(slot), bytes) {
                    Ok(()) => {}
                    Err(AppendRefused::NoSpace) => assert!(*self.troubled.borrow(), "{}", self.what),
                    Err(_) => return false,
                }
            }
            Action::Start(slot, share) => {
                let id = self.slot(slot);
                let mut known = self.known.borrow_mut();
                let known = known.get_mut(&id).expect("a log in a slot is known");
                let log = store.log(id).expect("the log is there");
                let to = log.committed_end().get() * i64::from(share) / 256;
                known.start = known.start.max(to);
                log.set_log_start(Offset::new(to));
            }
            Action::Retain(slot, age) => {
                let id = self.slot(slot);
                let log = store.log(id).expect("the log is there");
                log.retain(log.end().get() + i64::from(age));
                let mut known = self.known.borrow_mut();
                let known = known.get_mut(&id).expect("a log in a slot is known");
                known.start = known.start.max(log.log_start().get());
            }
            Action::Delete(slot) => {
                let id = self.slot(slot);
                store.delete_log(id);
                self.known.borrow_mut().get_mut(&id).expect("a log in a slot is known").deleted = true;
                let mut slots = self.slots.borrow_mut();
                slots[slot] = slots.iter().max().expect("there are slots") + 1;
                let new = self::id(slots[slot]);
                store.create_log(new, config_of(new));
                self.known.borrow_mut().insert(new, Known::default());
            }
            Action::Read(slot, share) => {
                let log = store.log(self.slot(slot)).expect("the log is there");
                let (start, end) = (log.log_start().get(), log.end().get());
                let from = start + (end - start) * i64::from(share) / 256;
                self.compare(&log, Offset::new(from), 2000).await;
            }
            Action::Epoch => *self.epoch.borrow_mut() += 1,
            Action::Turns(n) => turns(n.into()).await,
            Action::Settle => self.settle(store).await,
            Action::Space(more) => {
                *self.troubled.borrow_mut() = true;
                self.disk.set_capacity(Some(self.disk.used() + more as usize));
            }
            Action::CopyOnWrite => self.disk.set_copy_on_write(true),
            Action::SpaceAgain => {
                self.disk.set_capacity(None);
                self.settle(store).await;
                *self.troubled.borrow_mut() = *self.faulty.borrow();
            }
        }
        store.failure().is_none()
    }

    /// Waits until everything is acknowledged, unless the disk is in trouble.
    pub async fn settle(&self, store: &Store<Sim>) {
        let all = || store.logs().into_iter().filter_map(|id| store.log(id));
        for _ in 0..TURNS_MAX {
            let done = all().all(|log| log.durable_end() == log.end());
            if done || store.failure().is_some() {
                return;
            }
            yield_now().await;
        }
        assert!(*self.troubled.borrow(), "{}: acknowledgements do not come: {:?}", self.what, store.usage());
    }

    /// Reads one stretch from `from` and compares it; gives the offset behind it.
    async fn compare(&self, log: &Rc<Log<Sim>>, from: Offset, max_bytes: usize) -> Offset {
        let what = &self.what;
        let outcome = match log.plan(from, log.end(), max_bytes, true) {
            Ok(plan) => plan.run().await,
            Err(error) => Err(error),
        };
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(ReadError::Io { .. }) if *self.troubled.borrow() => return log.end(),
            Err(error) => panic!("{what}: {error}"),
        };
        let known = self.known.borrow();
        let known = &known[&log.id()];
        let mut at = from;
        for chunk in &outcome.chunks {
            let (view, _) = BatchView::split(chunk).unwrap();
            view.verify_crc().unwrap();
            let header = view.header;
            assert!(
                header.base_offset <= at && header.last_offset() >= at,
                "{what}: {} has batch {}..={} at {at}",
                log.id(),
                header.base_offset,
                header.last_offset()
            );
            for record in Records::of(&view, 1 << 20).unwrap().iter() {
                let record = record.unwrap();
                let (value, epoch) = known
                    .records
                    .get(&record.offset.get())
                    .unwrap_or_else(|| panic!("{what}: {} {} is invented", log.id(), record.offset));
                assert_eq!(record.value, Some(value.as_slice()), "{what}: {} {}", log.id(), record.offset);
                assert_eq!(header.leader_epoch.get(), *epoch, "{what}: {} {}", log.id(), record.offset);
            }
            at = header.next_offset();
        }
        assert_eq!(outcome.next_offset, at, "{what}: {}", log.id());
        at
    }

    /// Everything acknowledged is there, in order, with its values; nothing else is.
    pub async fn check(&self, store: &Store<Sim>) {
        let what = &self.what;
        for id in store.logs() {
            let log = store.log(id).expect("the log is there");
            {
                let known = self.known.borrow();
                let known = known.get(&id).unwrap_or_else(|| panic!("{what}: {id} is invented"));
                let (start, end) = (log.log_start().get(), log.end().get());
                assert!(
                    end >= known.acknowledged,
                    "{what}: {id} ends at {end}, acknowledged {}",
                    known.acknowledged
                );
                assert!(start <= known.start, "{what}: {id} starts at {start}, was told {}", known.start);
                assert!(start <= end, "{what}: {id} starts at {start}, and ends at {end}");
                let epochs = log.leader_epochs();
                for (offset, (_, epoch)) in known.records.range(start..end) {
                    let found = epochs.epoch_at(Offset::new(*offset));
                    assert_eq!(found.map(|e| e.get()), Some(*epoch), "{what}: {id} {offset}");
                }
            }
            let mut at = log.log_start();
            while at < log.end() {
                let next = self.compare(&log, at, 3000).await;
                assert!(next > at, "{what}: {id} has a hole at {at}");
                at = next;
            }
        }
        for (id, known) in self.known.borrow().iter() {
            assert!(
                known.deleted || known.acknowledged == 0 || store.log(*id).is_some(),
                "{what}: {id} is gone"
            );
        }
    }

    /// After a crash and a start: what was never durable may be gone, and its offsets will be given again; what was
    /// deleted and came back is deleted again, as the metadata log has it done.
    pub fn forget_unacknowledged(&self, store: &Store<Sim>) {
        for (id, known) in self.known.borrow_mut().iter_mut() {
            let end = store.log(*id).map_or(0, |log| log.end().get());
            known.records.split_off(&end);
            known.start = known.start.min(end);
            if known.deleted {
                store.delete_log(*id);
            }
        }
    }

    /// When nothing is under way: no file of a deleted log is left, no memory is counted that nobody holds, and the ring's
    /// files have not grown.
    pub fn check_nothing_leaks(&self, store: &Store<Sim>) {
        let what = &self.what;
        for (id, known) in self.known.borrow().iter().filter(|(_, known)| known.deleted) {
            let folder = headwater_storage::layout::log_folder(&PathBuf::from("/data"), *id);
            let left = self.disk.paths().into_iter().find(|path| path.starts_with(&folder));
            assert_eq!(left, None, "{what}: a file of a deleted log ({})", known.deleted);
        }
        for path in self.disk.paths().iter().filter(|path| path.to_string_lossy().contains("ring-")) {
            assert!(self.disk.bytes_of(path) <= 32 << 10, "{what}: {} has grown", path.display());
        }
        assert_eq!(store.usage().pending_bytes, 0, "{what}");
    }
}
