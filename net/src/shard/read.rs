//! Reads, watches and look-ups on the owning shard.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use headwater_core::ErrorCode;
use headwater_core::epochs::EpochEnd;
use headwater_core::ids::{Offset, ShardId, TopicPartition};
use headwater_replication::partition::{Advanced, Isolation};

use super::Shard;
use super::message::{EpochItem, LookupDone, LookupItem, ReadDone, ReadItem, Reply, Request};
use crate::rt;

/// Names a watch: the reader's shard, and its own number for it.
pub type Ticket = (ShardId, u64);

type Then = Box<dyn FnOnce(Reply)>;

/// A parked reader: runs its action once, at the first sign of more to read, or when it is ended.
pub struct Watch {
    then: RefCell<Option<Then>>,
}

impl Watch {
    fn fire(&self) {
        let then = self.then.borrow_mut().take();
        if let Some(then) = then {
            then(Reply::Watched);
        }
    }
}

impl Advanced for Watch {
    fn advanced(&self) {
        self.fire();
    }
}

impl Shard {
    /// Reads items in order until `max_bytes` are found. The first batch found is returned whatever its size
    /// (behaviour 40); later partitions get what is left. Items that fit together are read at the same time: one after
    /// the other, the disk would be waited for once for each.
    pub async fn read(&self, items: Vec<ReadItem>, max_bytes: usize, isolation: Isolation) -> Vec<ReadDone> {
        let mut left = max_bytes;
        let mut any = false;
        let mut out: Vec<ReadDone> = Vec::with_capacity(items.len());
        while out.len() < items.len() {
            let rest = &items[out.len()..];
            // What they may bring together is within the bound, so none of them has to be cut afterwards.
            let mut share = 0;
            let fit = rest.iter().take_while(|item| {
                share += item.max_bytes;
                share <= left
            });
            let together = &rest[..fit.count().max(1)];
            let reads = together
                .iter()
                .enumerate()
                .map(|(at, item)| self.read_one(item, left, !any && at == 0, isolation));
            for done in rt::all(reads).await {
                let bytes: usize = done.records.iter().map(bytes::Bytes::len).sum();
                any |= bytes > 0;
                left = left.saturating_sub(bytes);
                out.push(done);
            }
        }
        if !any {
            // A first batch that is larger than its partition's bound was passed over, unless it was the very first.
            for (item, done) in items
                .iter()
                .zip(&mut out)
                .filter(|(_, done)| done.error.is_none() && done.diverging.is_none())
            {
                if done.bounds.is_some_and(|bounds| item.offset < bounds.readable_end(isolation)) {
                    *done = self.read_one(item, left, true, isolation).await;
                    break;
                }
            }
        }
        out
    }

    async fn read_one(&self, item: &ReadItem, left: usize, first: bool, isolation: Isolation) -> ReadDone {
        let refused = |error| ReadDone { error: Some(error), ..ReadDone::default() };
        let Some(partition) = self.partition(item.partition) else {
            return refused(ErrorCode::NotLeaderOrFollower);
        };
        if let Err(code) = partition.check_epoch(item.current_epoch) {
            return refused(code);
        }
        let bounds = partition.bounds();
        let mut done = ReadDone { bounds: Some(bounds), ..ReadDone::default() };
        let log_end = partition.log().end();
        if item.offset < bounds.log_start {
            return refused(ErrorCode::OffsetOutOfRange);
        }
        // Before the end is looked at: a reader that is ahead of us is told where to go back to (behaviour 45).
        if let Some(last) = item.last_fetched_epoch {
            match partition.leader_epochs().divergence(last, item.offset, log_end) {
                Err(code) => return refused(code),
                Ok(None) => {}
                Ok(diverging) => {
                    done.diverging = diverging;
                    return done;
                }
            }
        }
        // Behaviour 41: at the end there is nothing, beyond it or before the start there is an error.
        if item.offset > log_end {
            return refused(ErrorCode::OffsetOutOfRange);
        }
        let end = bounds.readable_end(isolation);
        let max = left.min(item.max_bytes);
        if item.offset >= end || (max == 0 && !first) {
            return done;
        }
        let plan = match partition.log().plan(item.offset, end, max, first) {
            Ok(plan) => plan,
            Err(error) => {
                done.error = Some(crate::errors::of_read(&error));
                return done;
            }
        };
        match plan.run().await {
            Ok(outcome) => {
                if isolation == Isolation::ReadCommitted && !outcome.chunks.is_empty() {
                    done.aborted = partition.aborted(item.offset, outcome.next_offset);
                }
                done.records = outcome.chunks;
            }
            Err(error) => {
                done.bounds = Some(partition.bounds());
                done.error = Some(crate::errors::of_read(&error));
            }
        }
        done
    }

    /// Runs `then` when one of `seen` has moved past the end that the reader knows, or when the watch is ended.
    pub fn watch(
        self: &Rc<Self>,
        seen: &[(TopicPartition, Offset)],
        isolation: Isolation,
        ticket: Ticket,
        then: impl FnOnce(Reply) + 'static,
    ) {
        let shard = self.clone();
        let then = move |reply| {
            shard.watches.borrow_mut().remove(&ticket);
            then(reply);
        };
        let watch = Rc::new(Watch { then: RefCell::new(Some(Box::new(then))) });
        for (id, end) in seen {
            match self.partition(*id) {
                Some(partition) if partition.bounds().readable_end(isolation) == *end => {
                    let weak: Weak<dyn Advanced> = Rc::downgrade(&(watch.clone() as Rc<dyn Advanced>));
                    partition.watch(weak);
                }
                // It has moved, or is gone: either way the reader must look again.
                _ => return watch.fire(),
            }
        }
        // The partitions hold weak references; this one keeps the watch until its reader ends it.
        self.watches.borrow_mut().insert(ticket, watch);
    }

    /// Ends a watch; nothing happens if it has fired already.
    pub fn unwatch(&self, ticket: Ticket) {
        let watch = self.watches.borrow().get(&ticket).cloned();
        if let Some(watch) = watch {
            watch.fire();
        }
    }

    /// Resolves each item (behaviour 47).
    pub async fn look_up(
        &self,
        items: Vec<LookupItem>,
        isolation: Isolation,
    ) -> Vec<Result<LookupDone, ErrorCode>> {
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            out.push(self.look_up_one(item, isolation).await);
        }
        out
    }

    /// Where leader epochs end in partitions of this shard (behaviour 45).
    pub fn epoch_ends(&self, items: &[EpochItem]) -> Vec<Result<Option<EpochEnd>, ErrorCode>> {
        let end = |item: &EpochItem| {
            let partition = self.partition(item.partition).ok_or(ErrorCode::NotLeaderOrFollower)?;
            partition.check_epoch(item.current_epoch)?;
            let asked = item.epoch;
            Ok(asked.and_then(|epoch| partition.leader_epochs().end_offset_for(epoch, partition.log().end())))
        };
        items.iter().map(end).collect()
    }

    /// Where leader epochs end on whichever shards own the partitions; results in the order of `items`.
    pub async fn ask_epoch_ends(
        self: &Rc<Self>,
        items: Vec<EpochItem>,
    ) -> Vec<Result<Option<EpochEnd>, ErrorCode>> {
        self.gather(
            items,
            |item| item.partition,
            Request::EpochEnds,
            |reply| match reply {
                Reply::EpochEnds(results) => results,
                _ => unreachable!("ends of epochs are answered as such"),
            },
        )
        .await
    }

    async fn look_up_one(&self, item: LookupItem, isolation: Isolation) -> Result<LookupDone, ErrorCode> {
        let partition = self.partition(item.partition).ok_or(ErrorCode::NotLeaderOrFollower)?;
        partition.check_epoch(item.current_epoch)?;
        partition
            .look_up(item.timestamp, isolation)
            .await
            .map_err(|error| crate::errors::of_lookup(&error))
            .map(|found| LookupDone { offset: found.offset, timestamp: found.timestamp, epoch: found.epoch })
    }
}
