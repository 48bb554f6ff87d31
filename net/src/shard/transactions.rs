//! The transaction coordinators of a shard, one on each partition of `__transaction_state` that it owns, and the shard's
//! part in the transactions of others: markers, and how producers stand in its partitions.
//!
//! Markers are written by one task for each ended
//! transaction, until every partition has its marker or is gone: a partition without one would hold back its readers for
//! ever.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use headwater_core::ErrorCode;
use headwater_core::ids::{TopicPartition, TransactionalId};
use headwater_core::record::control::EndMarker;
use headwater_core::time::Monotonic;
use headwater_core::transaction::{
    AddPartitions, ListTransactions, ListedTransaction, Place, TransactionConfig, TransactionReply,
    WriteMarkers,
};
use headwater_replication::metadata::{Image, TRANSACTION_STATE, Topic};
use headwater_replication::partition::{Partition, Standing};
use headwater_replication::transactions::{Answer, TransactionCall, TransactionHost};
use headwater_replication::waiters::{Countdown, Outcome};
use headwater_storage::disk::dma::Dma;

use super::Shard;
use super::hosts::Hosts;
use super::message::{Markers, Producers, Reply, Request, StandingItem};
use crate::rt::{self, Event};

/// How long to wait before markers are tried again where they failed: a shard may still be starting.
const MARKER_PAUSE: Duration = Duration::from_millis(20);
/// The longest such wait, reached by doubling: a failed disk does not come back soon.
const MARKER_PAUSE_MAX: Duration = Duration::from_secs(1);

/// How long to wait for the end of a producer's last transaction, whose markers are being written: far shorter than the
/// pause a client makes when it is told to come again.
pub const CONCURRENT_WAIT_MS: u64 = 100;

/// The coordinators of one shard.
pub type Transactions = Hosts<TransactionHost<Dma>>;
/// The ends that somebody waits for; each is told when its markers are written.
pub type Ends = RefCell<HashMap<TransactionalId, Event>>;

impl Shard {
    /// Hosts a coordinator on `partition` if it is one of `__transaction_state`.
    pub(super) fn host_transactions(self: &Rc<Self>, topic: &Topic, partition: &Rc<Partition<Dma>>) {
        if topic.name.get() != TRANSACTION_STATE {
            return;
        }
        let id = partition.id();
        let epoch = partition.leader_epoch().get();
        let shard = Rc::downgrade(self);
        let config = TransactionConfig::new(&self.config());
        self.transactions.add(TransactionHost::new(partition.clone(), config, move |markers| {
            if let Some(shard) = shard.upgrade() {
                rt::spawn(shard.write_markers(id, epoch, markers)).detach();
            }
        }));
    }

    /// Asks the coordinator on `partition`. Partitions that are added while the producer's last transaction is just
    /// ending wait a little for that: a client that is told to come again makes a pause of 20 ms or more, several times
    /// what the markers take.
    pub(super) fn ask_transactions(
        self: &Rc<Self>,
        partition: TopicPartition,
        call: TransactionCall,
        then: impl FnOnce(Answer) + 'static,
    ) {
        match call {
            TransactionCall::AddPartitions(request) if !request.verify_only => {
                let until = rt::now().plus_millis(CONCURRENT_WAIT_MS);
                self.add_behind_last(partition, request, until, Box::new(then));
            }
            call => self.transactions.ask(partition, call, then),
        }
    }

    fn add_behind_last(
        self: &Rc<Self>,
        partition: TopicPartition,
        request: AddPartitions,
        until: Monotonic,
        then: Box<dyn FnOnce(Answer)>,
    ) {
        let (shard, again) = (self.clone(), request.clone());
        let answered = move |answer: Answer| {
            let concurrent = matches!(&answer, Ok(TransactionReply::Partitions(codes))
                if codes.contains(&ErrorCode::ConcurrentTransactions));
            if !concurrent || rt::now() >= until || shard.stopping.get() {
                return then(answer);
            }
            // It remembers an end that comes before it is waited for.
            let ended = shard.transaction_ends.borrow_mut().entry(again.id.clone()).or_default().clone();
            rt::spawn(async move {
                if rt::deadline(until, ended.wait()).await.is_err() {
                    // Its end may never come: nothing is kept for it.
                    shard.transaction_ends.borrow_mut().remove(&again.id);
                }
                shard.add_behind_last(partition, again, until, then);
            })
            .detach();
        };
        self.transactions.ask(partition, TransactionCall::AddPartitions(request), answered);
    }

    /// What the coordinators of this shard list, and why one could not.
    pub(super) fn list_transactions(
        &self,
        request: &ListTransactions,
    ) -> (Vec<ListedTransaction>, Option<ErrorCode>) {
        let (replies, error) =
            self.transactions.ask_all(|| TransactionCall::ListTransactions(request.clone()));
        let listed = replies.into_iter().flat_map(|reply| match reply {
            TransactionReply::Listed(listed) => listed,
            _ => unreachable!("a list is answered with a list"),
        });
        (listed.collect(), error)
    }

    /// Writes the markers that the coordinator on `host` asks for, then tells it.
    async fn write_markers(
        self: Rc<Self>,
        host: TopicPartition,
        coordinator_epoch: i32,
        ended: WriteMarkers,
    ) {
        // Before it has its Image, a shard that starts would take every topic to be gone.
        while !self.is_open() {
            rt::sleep(MARKER_PAUSE).await;
        }
        let marker = EndMarker { outcome: ended.outcome, coordinator_epoch };
        let mut left = ended.partitions.clone();
        let mut pause = MARKER_PAUSE;
        loop {
            let image = self.image();
            left.retain(|place| resolve(&image, place).is_some());
            let partitions = left.iter().filter_map(|place| resolve(&image, place)).collect();
            let (producer, epoch) = (ended.producer, ended.epoch);
            let results = self.send_markers(Markers { producer, epoch, marker, partitions }).await;
            let mut results = results.into_iter();
            left.retain(|place| match results.next() {
                Some(Err(ErrorCode::InvalidProducerEpoch)) => {
                    tracing::warn!(topic = place.0.get(), partition = %place.1, id = ended.id.get(),
                        "a producer has gone on without the end of its transaction");
                    false
                }
                Some(result) => result.is_err(),
                None => false,
            });
            if left.is_empty() {
                break;
            }
            if self.stopping.get() {
                return;
            }
            rt::sleep(pause).await;
            pause = (2 * pause).min(MARKER_PAUSE_MAX);
        }
        if let Some(host) = self.transactions.get(host) {
            host.on_markers_written(rt::wall(), &ended);
            self.transactions.after(&host);
        }
        let waited_for = self.transaction_ends.borrow_mut().remove(&ended.id);
        if let Some(waited_for) = waited_for {
            waited_for.notify();
        }
    }

    /// Has markers written on whichever shards own the partitions; results in their order.
    pub async fn send_markers(self: &Rc<Self>, markers: Markers) -> Vec<Result<(), ErrorCode>> {
        let Markers { producer, epoch, marker, partitions } = markers;
        self.gather(
            partitions,
            |partition| *partition,
            |partitions| Request::Markers(Markers { producer, epoch, marker, partitions }),
            |reply| match reply {
                Reply::Markers(results) => results,
                _ => unreachable!("markers are answered as markers"),
            },
        )
        .await
    }

    /// How producers stand in partitions of whichever shards; results in the order of `items`.
    pub async fn ask_standings(
        self: &Rc<Self>,
        items: Vec<StandingItem>,
    ) -> Vec<Result<Standing, ErrorCode>> {
        self.gather(
            items,
            |item| item.partition,
            Request::Standings,
            |reply| match reply {
                Reply::Standings(results) => results,
                _ => unreachable!("standings are answered as standings"),
            },
        )
        .await
    }

    /// The producers of partitions of whichever shards; results in the order of `partitions`.
    pub async fn ask_producers(
        self: &Rc<Self>,
        partitions: Vec<TopicPartition>,
    ) -> Vec<Result<Producers, ErrorCode>> {
        self.gather(
            partitions,
            |partition| *partition,
            Request::Producers,
            |reply| match reply {
                Reply::Producers(results) => results,
                _ => unreachable!("producers are answered as producers"),
            },
        )
        .await
    }

    /// Appends markers to partitions of this shard; `then` runs when they are committed.
    pub(super) fn append_markers(&self, markers: &Markers, then: impl FnOnce(Reply) + 'static) {
        let Markers { producer, epoch, marker, partitions } = markers;
        let countdown = Countdown::new();
        let results: Vec<Result<(), ErrorCode>> = partitions
            .iter()
            .map(|id| {
                let partition = self.partition(*id).ok_or(ErrorCode::NotLeaderOrFollower)?;
                let appended = partition.append_marker(*producer, *epoch, *marker, rt::wall())?;
                self.end_in_groups(*id, *producer, marker.outcome);
                partition.park(appended.end, &countdown);
                Ok(())
            })
            .collect();
        countdown.arm(move |outcome| {
            then(Reply::Markers(match outcome {
                Outcome::Committed => results,
                Outcome::Failed => {
                    results.into_iter().map(|r| r.and(Err(ErrorCode::KafkaStorageError))).collect()
                }
            }))
        });
    }

    /// How producers stand in partitions of this shard.
    pub(super) fn standings(&self, items: &[StandingItem]) -> Vec<Result<Standing, ErrorCode>> {
        items
            .iter()
            .map(|item| {
                let partition = self.partition(item.partition).ok_or(ErrorCode::NotLeaderOrFollower)?;
                Ok(partition.standing(item.producer, item.epoch, item.batch.as_ref(), rt::wall()))
            })
            .collect()
    }

    /// The producers of partitions of this shard.
    pub(super) fn describe_producers(
        &self,
        partitions: &[TopicPartition],
    ) -> Vec<Result<Producers, ErrorCode>> {
        partitions
            .iter()
            .map(|id| {
                let partition = self.partition(*id).ok_or(ErrorCode::NotLeaderOrFollower)?;
                Ok(partition.describe_producers())
            })
            .collect()
    }
}

fn resolve(image: &Image, (topic, partition): &Place) -> Option<TopicPartition> {
    let topic = image.topic(topic.get())?;
    image.partition(topic, *partition)?;
    Some(TopicPartition { topic: topic.id, partition: *partition })
}
