//! In which order batches that are in segments leave memory: that in which they were written there.
//!
//! One entry a batch, which names its log only: each log's batches leave from its front. A log that is deleted takes
//! its batches with it, compaction those of the segments it writes again, and their entries stay behind; when they are
//! more than half of all, they go in one pass, so that a broker whose cache is never over its budget does not gather
//! them for ever.

use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use crate::disk::Disk;
use crate::log::Log;

/// Fewer entries are not worth a pass.
const PASS_MIN: usize = 64;

/// See the module's text.
pub(crate) struct Cached<D: Disk> {
    queue: VecDeque<Weak<Log<D>>>,
    /// Entries of batches that are gone, about.
    gone: usize,
}

impl<D: Disk> Default for Cached<D> {
    fn default() -> Self {
        Self { queue: VecDeque::new(), gone: 0 }
    }
}

/// Whether an entry of this log is of a batch that is there; to be asked once an entry, the oldest first.
fn is_there<D: Disk>(log: &Rc<Log<D>>) -> bool {
    let mut state = log.state.borrow_mut();
    let left = state.left_memory > 0;
    state.left_memory -= usize::from(left);
    !left && !state.dropped
}

impl<D: Disk> Cached<D> {
    /// So many more batches of this log are in its segments.
    pub fn push(&mut self, log: &Rc<Log<D>>, batches: usize) {
        self.queue.extend(std::iter::repeat_n(Rc::downgrade(log), batches));
    }

    /// The log whose oldest batch is to go next.
    pub fn pop(&mut self) -> Option<Rc<Log<D>>> {
        loop {
            match self.queue.pop_front()?.upgrade().filter(is_there) {
                Some(log) => return Some(log),
                None => self.gone = self.gone.saturating_sub(1),
            }
        }
    }

    /// So many batches have left memory before their turn, the oldest of their log.
    pub fn drop_of(&mut self, batches: usize) {
        self.gone += batches;
        if self.gone >= PASS_MIN && self.gone > self.queue.len() / 2 {
            self.queue.retain(|log| log.upgrade().as_ref().is_some_and(is_there));
            self.gone = 0;
        }
    }

    /// Entries, those of batches that are gone included.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.queue.len()
    }
}

#[cfg(test)]
mod tests {
    use futures_lite::future::{block_on, or, yield_now, zip};
    use headwater_core::ids::{LeaderEpoch, PartitionId, ShardId, TopicId, TopicPartition};
    use headwater_core::record::builder::BatchBuilder;
    use headwater_core::record::header::BatchHeader;

    use crate::disk::sim::Sim;
    use crate::log::LogConfig;
    use crate::store::{Store, StoreConfig};

    #[test]
    fn deleted_logs_leave_nothing_behind_though_the_cache_is_never_full() {
        block_on(async {
            let config = StoreConfig { head_bytes: 1, large_bytes: usize::MAX, ..StoreConfig::default() };
            let config = StoreConfig { journal_file_bytes: 1 << 20, ..config };
            let store = Store::open(Sim::new(1), "/data".into(), ShardId::new(0), config).await.unwrap();
            let id = |n: u8| TopicPartition { topic: TopicId::new([n; 16]), partition: PartitionId::new(0) };
            let driver = async {
                let stays = store.create_log(id(1), LogConfig::default());
                for n in 2..60 {
                    let log = store.create_log(id(n), LogConfig::default());
                    for log in [&stays, &log, &log, &log, &log] {
                        let batch = BatchBuilder::new().record(0, None, Some(&[n; 5000])).build_mut();
                        let header = BatchHeader::parse(&batch).unwrap();
                        log.append(batch, &header, LeaderEpoch::new(1)).unwrap();
                    }
                    while log.durable_end() < log.end() || log.state.borrow().unwritten > 1 {
                        yield_now().await;
                    }
                    store.delete_log(id(n));
                    let (weak, entries) = (std::rc::Rc::downgrade(&log), store.shared.cached.borrow().len());
                    drop(log);
                    assert!(entries <= 2 * usize::from(n) + 70, "{entries} entries after {n} logs");
                    for _ in 0..400 {
                        yield_now().await;
                    }
                    assert!(weak.upgrade().is_none(), "log {n} is kept");
                }
                let held = stays.state.borrow().memory.len();
                assert!(held >= 50 && store.shared.cached.borrow().len() >= held - 2);
            };
            let loops = async {
                zip(store.run_commit(|_| {}), store.run_write_out(yield_now)).await;
                std::future::pending().await
            };
            or(driver, loops).await;
        });
    }
}
