//! Which sealed segments have their index in memory: those that were sealed or looked into last, up to a number of bytes.
//!
//! An index has 16 bytes in memory for each 64 KiB of log, 256 KiB for a gigabyte. Without a bound a shard with ten
//! terabytes, all of it looked into once, would hold 2.5 GB of them. One that was given up is read again from its file
//! when it is needed; a consumer that reads on needs none (`cursor`). An active segment's index stays with it and does
//! not count.
//!
//! First in, first out: to keep an order of use, every look-up would have to write. Who is given up too soon costs one
//! read of a small file.

use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use headwater_core::ids::Offset;

use crate::disk::Disk;
use crate::log::Log;

/// Memory of a shard for indexes of sealed segments: those of 64 GB of log.
const INDEXES_BYTES_MAX: usize = 16 << 20;

/// An index in memory.
struct Kept<D: Disk> {
    log: Weak<Log<D>>,
    base: Offset,
    generation: u32,
    bytes: usize,
}

/// See the module's text.
pub(crate) struct Indexes<D: Disk> {
    kept: VecDeque<Kept<D>>,
    bytes: usize,
    bytes_max: usize,
}

impl<D: Disk> Default for Indexes<D> {
    fn default() -> Self {
        Self { kept: VecDeque::new(), bytes: 0, bytes_max: INDEXES_BYTES_MAX }
    }
}

impl<D: Disk> Log<D> {
    /// The index of this sealed segment is in memory from now on, and the oldest ones go for it.
    pub(crate) fn keep_index(self: &Rc<Self>, base: Offset) {
        let found =
            self.state.borrow_mut().segment(base).filter(|segment| segment.sealed).and_then(|segment| {
                let bytes = segment.index.as_mut().map(|index| index.shrink())?;
                Some((segment.generation, bytes))
            });
        let Some((generation, bytes)) = found else { return };
        let mut indexes = self.shared.indexes.borrow_mut();
        indexes.kept.push_back(Kept { log: Rc::downgrade(self), base, generation, bytes });
        indexes.bytes += bytes;
        while indexes.bytes > indexes.bytes_max && indexes.kept.len() > 1 {
            let Some(oldest) = indexes.kept.pop_front() else { return };
            indexes.bytes -= oldest.bytes;
            oldest.give_up();
        }
    }
}

impl<D: Disk> Kept<D> {
    fn give_up(self) {
        // Deleted, removed or compacted since: then there is nothing of it.
        let Some(log) = self.log.upgrade() else { return };
        let mut state = log.state.borrow_mut();
        if let Some(segment) =
            state.segment(self.base).filter(|segment| segment.generation == self.generation)
        {
            segment.index = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use bytes::Bytes;
    use futures_lite::future::{block_on, or, yield_now, zip};
    use headwater_core::ids::{LeaderEpoch, PartitionId, ShardId, TopicId, TopicPartition};
    use headwater_core::record::builder::BatchBuilder;
    use headwater_core::record::header::BatchHeader;

    use super::*;
    use crate::disk::sim::Sim;
    use crate::log::LogConfig;
    use crate::store::{Store, StoreConfig};

    const BATCHES: i64 = 60;

    /// Which segments of a log have their index in memory.
    fn in_memory(log: &Rc<Log<Sim>>) -> Vec<bool> {
        log.state.borrow().segments.iter().map(|segment| segment.index.is_some()).collect()
    }

    async fn read(log: &Rc<Log<Sim>>, offset: i64) -> Bytes {
        let plan = log.plan(Offset::new(offset), log.end(), 1, true).unwrap();
        plan.run().await.unwrap().chunks[0].clone()
    }

    #[test]
    fn indexes_of_sealed_segments_are_bounded_and_come_back() {
        block_on(async {
            let log_config =
                LogConfig { segment_bytes: 2000, index_interval_bytes: 1, ..LogConfig::default() };
            let config = StoreConfig {
                journal_file_bytes: 64 << 10,
                head_bytes: 1000,
                cache_bytes: 0,
                log: log_config,
                ..StoreConfig::default()
            };
            let disk = Sim::new(1);
            let store = Store::open(disk, PathBuf::from("/data"), ShardId::new(0), config).await.unwrap();
            let id = TopicPartition { topic: TopicId::new([1; 16]), partition: PartitionId::new(0) };
            let log = store.create_log(id, log_config);
            // Room for the indexes of three segments of some seven batches each.
            store.shared.indexes.borrow_mut().bytes_max = 3 * 8 * 16;
            let driver = async {
                for n in 0..BATCHES {
                    let batch = BatchBuilder::new().record(n, None, Some(&[n as u8; 200])).build_mut();
                    let header = BatchHeader::parse(&batch).unwrap();
                    log.append(batch, &header, LeaderEpoch::new(1)).unwrap();
                    while log.durable_end() != log.end() {
                        yield_now().await;
                    }
                }
                while log.state.borrow().segments.iter().rev().skip(1).any(|segment| !segment.sealed) {
                    yield_now().await;
                }
            };
            let loops = async {
                zip(store.run_commit(|_| {}), store.run_write_out(yield_now)).await;
                std::future::pending().await
            };
            or(driver, loops).await;
            let indexes = in_memory(&log);
            let (first, last) = (indexes[0], indexes[indexes.len() - 1]);
            assert!(indexes.len() > 6 && !first && last, "{indexes:?}");
            assert!(indexes.iter().filter(|there| **there).count() <= 1 + 3, "{indexes:?}");
            // Back and forth, so that every read needs an index, and most of them another one.
            for n in 0..BATCHES {
                let offset = n * 23 % BATCHES;
                let batch = read(&log, offset).await;
                assert!(batch.windows(200).any(|value| value == [offset as u8; 200]), "offset {offset}");
                let at = log.position_for_timestamp(offset).await.unwrap();
                assert!(at.get() <= offset && offset - at.get() <= 1, "time {offset} at {at}");
                let indexes = store.shared.indexes.borrow();
                assert!(indexes.bytes <= indexes.bytes_max && indexes.kept.len() <= 4);
            }
            assert!(in_memory(&log).iter().filter(|there| **there).count() <= 1 + 4);
            // A log that is gone leaves nothing behind that could be found.
            store.delete_log(id);
            drop(log);
            let other = store.create_log(TopicPartition { partition: PartitionId::new(1), ..id }, log_config);
            other.keep_index(Offset::ZERO);
        });
    }
}
