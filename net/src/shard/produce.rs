//! Appends on the owning shard. Order is fixed when a request is submitted: nothing overtakes here.

use std::collections::VecDeque;

use headwater_core::ErrorCode;
use headwater_replication::partition::Append;
use headwater_replication::waiters::{Countdown, Outcome};

use super::Shard;
use super::message::{ProduceDone, ProduceItem, Reply};
use crate::rt;

/// A submitted request that waits for memory.
pub struct Deferred {
    items: Vec<ProduceItem>,
    wait: bool,
    then: Box<dyn FnOnce(Reply)>,
}

/// Requests that wait for memory, in the order in which they came.
pub type Queue = VecDeque<Deferred>;

impl Shard {
    /// Appends `items` to partitions of this shard and runs `then` with the results: when all of them are committed
    /// (`wait`), or at once. While the head buffers are full, requests wait here: producers are slowed, not refused.
    pub fn submit_produce(&self, items: Vec<ProduceItem>, wait: bool, then: impl FnOnce(Reply) + 'static) {
        let mut queue = self.deferred.borrow_mut();
        if queue.is_empty() && self.store.has_room() {
            drop(queue);
            self.append(items, wait, then);
        } else {
            queue.push_back(Deferred { items, wait, then: Box::new(then) });
            self.deferred_more.notify();
        }
    }

    /// Runs requests that waited for memory, for as long as the shard lives.
    pub async fn run_deferred(&self) {
        loop {
            self.deferred_more.wait().await;
            while !self.deferred.borrow().is_empty() {
                self.store.room().await;
                let next = self.deferred.borrow_mut().pop_front();
                if let Some(Deferred { items, wait, then }) = next {
                    self.append(items, wait, then);
                }
            }
        }
    }

    fn append(&self, items: Vec<ProduceItem>, wait: bool, then: impl FnOnce(Reply) + 'static) {
        let now = rt::wall();
        let countdown = Countdown::new();
        let results: Vec<_> = items
            .into_iter()
            .map(|item| {
                let partition = self.partition(item.partition).ok_or(ErrorCode::NotLeaderOrFollower)?;
                let appended = partition
                    .append(Append { batch: item.batch, header: item.header, guard: item.guard }, now)?;
                if wait {
                    partition.park(appended.end, &countdown);
                }
                Ok(ProduceDone { base: appended.base, log_start: partition.bounds().log_start })
            })
            .collect();
        countdown.arm(move |outcome| {
            then(Reply::Produce(match outcome {
                Outcome::Committed => results,
                // A round failed: none of them may be acknowledged, since it is not known which bytes are there.
                Outcome::Failed => {
                    results.into_iter().map(|result| result.and(Err(ErrorCode::KafkaStorageError))).collect()
                }
            }))
        });
    }
}
