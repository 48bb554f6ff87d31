//! Reads, reads that wait for more, and look-ups on the owning shard.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use headwater_core::ErrorCode;
use headwater_core::epochs::EpochEnd;
use headwater_core::ids::ShardId;
use headwater_replication::partition::{Advanced, Isolation, Partition};
use headwater_storage::disk::dma::Dma;
use headwater_storage::plan::{ReadOutcome, ReadPlan};
use headwater_storage::reader::READ_BYTES;

use super::Shard;
use super::message::{EpochItem, LookupDone, LookupItem, ReadDone, ReadItem, Reply, Request};
use crate::rt::{self, Event};

/// Names a parked read: the reader's shard, and its own number for it.
pub type Ticket = (ShardId, u64);

type Then = Box<dyn FnOnce(Reply)>;

/// A reader at the end of its partitions, until there is more or it is ended.
struct Parked {
    tail: Tail,
    /// The partitions hold weak references to it: it lives as long as the read is parked.
    _alarm: Rc<Alarm>,
    then: Then,
}

/// What a reader at the end wants.
pub struct Tail {
    /// What to read, in the client's order.
    pub items: Vec<ReadItem>,
    /// Bound on the bytes of all items together.
    pub max_bytes: usize,
    /// Which records the reader may see.
    pub isolation: Isolation,
    /// It is answered when there are so many bytes.
    pub min_bytes: usize,
}

/// The reads that are parked on one shard.
#[derive(Default)]
pub struct Tails {
    parked: RefCell<HashMap<Ticket, Parked>>,
    due: Rc<Due>,
}

/// Those whose partitions have moved; answered by a task, so that all that one commit round brought goes into one answer.
#[derive(Default)]
struct Due {
    tickets: RefCell<Vec<Ticket>>,
    more: Event,
}

struct Alarm {
    ticket: Ticket,
    rung: Cell<bool>,
    due: Rc<Due>,
}

impl Advanced for Alarm {
    fn advanced(&self) {
        if !self.rung.replace(true) {
            self.due.tickets.borrow_mut().push(self.ticket);
            self.due.more.notify();
        }
    }
}

/// A read of one partition, decided: it needs no more, or the disk.
enum Prepared {
    Done(ReadDone),
    Plan(ReadDone, Rc<Partition<Dma>>, ReadPlan<Dma>),
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
            // What they may bring together is within the bound, so none of them has to be cut afterwards; nor may reading
            // a little of very many take much more memory than that.
            let mut share = 0;
            let fit = rest.iter().take_while(|item| {
                share += item.max_bytes.max(READ_BYTES);
                share <= left
            });
            let together = &rest[..fit.count().max(1)];
            let reads = together
                .iter()
                .enumerate()
                .map(|(at, item)| self.read_one(item, left, !any && at == 0, isolation));
            for done in rt::all(reads).await {
                let bytes = done.bytes();
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

    fn prepare(&self, item: &ReadItem, left: usize, first: bool, isolation: Isolation) -> Prepared {
        let refused = |error| Prepared::Done(ReadDone { error: Some(error), ..ReadDone::default() });
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
                    return Prepared::Done(done);
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
            return Prepared::Done(done);
        }
        match partition.log().plan(item.offset, end, max, first) {
            Ok(plan) => Prepared::Plan(done, partition, plan),
            Err(error) => {
                done.error = Some(crate::errors::of_read(&error));
                Prepared::Done(done)
            }
        }
    }

    async fn read_one(&self, item: &ReadItem, left: usize, first: bool, isolation: Isolation) -> ReadDone {
        let (mut done, partition, plan) = match self.prepare(item, left, first, isolation) {
            Prepared::Done(done) => return done,
            Prepared::Plan(done, partition, plan) => (done, partition, plan),
        };
        match plan.run_to_send().await {
            Ok(outcome) => give(&mut done, &partition, item, outcome, isolation),
            Err(error) => {
                done.bounds = Some(partition.bounds());
                done.error = Some(crate::errors::of_read(&error));
            }
        }
        done
    }

    /// Reads items in order from memory, as [`Self::read`] does; `None` when one of them needs the disk.
    fn read_memory(&self, tail: &Tail) -> Option<Vec<ReadDone>> {
        let mut left = tail.max_bytes;
        let mut any = false;
        let mut out = Vec::with_capacity(tail.items.len());
        for item in &tail.items {
            let done = match self.prepare(item, left, !any, tail.isolation) {
                Prepared::Done(done) => done,
                Prepared::Plan(mut done, partition, plan) => {
                    let outcome = plan.now().ok()?;
                    give(&mut done, &partition, item, outcome, tail.isolation);
                    done
                }
            };
            let bytes = done.bytes();
            any |= bytes > 0;
            left = left.saturating_sub(bytes);
            out.push(done);
        }
        Some(out)
    }

    /// Answers a reader at the end: at once with what there is when that is enough, something is wrong, the disk is
    /// needed, or it does not want to wait (`park` is false); otherwise when there is more, or by [`Self::end_tail`].
    pub fn tail(&self, tail: Tail, park: bool, ticket: Ticket, then: impl FnOnce(Reply) + 'static) {
        let found = self.read_memory(&tail);
        let enough = |found: &Vec<ReadDone>| {
            found.iter().any(ReadDone::is_final)
                || found.iter().map(ReadDone::bytes).sum::<usize>() >= tail.min_bytes
        };
        if !park || self.stopping.get() || found.as_ref().is_none_or(enough) {
            return then(Reply::Tail(found));
        }
        let alarm = Rc::new(Alarm { ticket, rung: Cell::new(false), due: self.tails.due.clone() });
        for item in &tail.items {
            if let Some(partition) = self.partition(item.partition) {
                partition.watch(Rc::downgrade(&alarm) as Weak<dyn Advanced>);
            }
        }
        let parked = Parked { tail, _alarm: alarm, then: Box::new(then) };
        self.tails.parked.borrow_mut().insert(ticket, parked);
    }

    /// Answers a parked read with what there is; nothing happens if it was answered already.
    pub fn end_tail(&self, ticket: Ticket) {
        let parked = self.tails.parked.borrow_mut().remove(&ticket);
        if let Some(Parked { tail, then, .. }) = parked {
            self.tail(tail, false, ticket, then);
        }
    }

    /// Answers all of them: the broker stops.
    pub fn end_tails(&self) {
        let tickets: Vec<Ticket> = self.tails.parked.borrow().keys().copied().collect();
        tickets.into_iter().for_each(|ticket| self.end_tail(ticket));
    }

    /// Answers parked reads whose partitions have moved, or parks them again; for as long as the shard lives.
    pub async fn run_tails(self: Rc<Self>) {
        loop {
            self.tails.due.more.wait().await;
            for ticket in self.tails.due.tickets.take() {
                let parked = self.tails.parked.borrow_mut().remove(&ticket);
                if let Some(Parked { tail, then, .. }) = parked {
                    self.tail(tail, true, ticket, then);
                }
            }
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

    /// Resolves timestamps on whichever shards own the partitions; results in the order of `items`.
    pub async fn ask_look_ups(
        self: &Rc<Self>,
        items: Vec<LookupItem>,
        isolation: Isolation,
    ) -> Vec<Result<LookupDone, ErrorCode>> {
        self.gather(
            items,
            |item| item.partition,
            |items| Request::Lookup { items, isolation },
            |reply| match reply {
                Reply::Lookup(results) => results,
                _ => unreachable!("a look-up is answered as one"),
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

/// Puts what was read into the answer.
fn give(
    done: &mut ReadDone,
    partition: &Partition<Dma>,
    item: &ReadItem,
    outcome: ReadOutcome,
    isolation: Isolation,
) {
    if isolation == Isolation::ReadCommitted && !outcome.is_empty() {
        done.aborted = partition.aborted(item.offset, outcome.next_offset);
    }
    done.records = outcome.chunks;
    done.sealed = outcome.sealed;
}
