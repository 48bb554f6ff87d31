//! Asking transaction coordinators, and making sure that one knows of a partition before its producer's transaction begins
//! there (KIP-890).
//!
//! ```text
//!   producer ── batch ──► here ── how does it stand? ──► owner of the partition: begins, with this guard
//!                          │
//!                          ├── is it part of it? (or, where the client leaves that to us: make it so) ──► coordinator
//!                          └── batch with the guard ──► owner: appended, unless a marker came in between
//! ```
//!
//! A producer's last transaction may still be ending. That is waited for in two places, as neither sees what the other
//! does. Here, for its marker in this partition: a guard has to be younger than that marker (which makes older ones void)
//! and older than the coordinator's word, so the coordinator is asked only when the marker is there. At the coordinator
//! (`Shard::ask_transactions`), for the markers in all the other partitions, before which nothing can be added; clients
//! that add partitions themselves wait there and never come here. A batch waits for one after the other, and once for each.

use std::rc::Rc;
use std::time::Duration;

use headwater_core::ErrorCode;
use headwater_core::ids::{PartitionId, ProducerEpoch, ProducerId, TopicPartition, TransactionalId};
use headwater_core::log_transactions::Guard;
use headwater_core::time::Monotonic;
use headwater_core::transaction::{AddPartitions, Place, TransactionReply, partition_for};
use headwater_replication::metadata::{Image, TRANSACTION_STATE};
use headwater_replication::partition::Standing;
use headwater_replication::transactions::{Answer, TransactionCall};

use super::Context;
use crate::rt;
use crate::shard::message::{Reply, Request, StandingItem};
use crate::shard::{CONCURRENT_WAIT_MS, Shard};

/// The partition of `__transaction_state` that a transactional id lives on, once the topic exists.
fn partition_of(image: &Image, id: &TransactionalId) -> Option<TopicPartition> {
    let topic = image.topic(TRANSACTION_STATE)?;
    let partition = PartitionId::new(partition_for(id, topic.partition_count()));
    Some(TopicPartition { topic: topic.id, partition })
}

/// Asks the coordinator of `id`.
pub(super) async fn ask(shard: &Rc<Shard>, id: &TransactionalId, call: TransactionCall) -> Answer {
    let partition = partition_of(&shard.image(), id).ok_or(ErrorCode::NotCoordinator)?;
    match shard.call(shard.owner(partition), Request::Transaction { partition, call }).await {
        Reply::Transaction(answer) => answer,
        _ => unreachable!("a coordinator answers as a coordinator"),
    }
}

/// Adds partitions to a transaction, or asks whether they are part of it; a result for each.
pub(super) async fn add(shard: &Rc<Shard>, request: AddPartitions) -> Result<Vec<ErrorCode>, ErrorCode> {
    let id = request.id.clone();
    match ask(shard, &id, TransactionCall::AddPartitions(request)).await? {
        TransactionReply::Partitions(codes) => Ok(codes),
        _ => unreachable!("an addition is answered as one"),
    }
}

/// The wait for the end of a producer's last transaction, in pauses that are a part of what it has taken so far.
struct Patience {
    began: Monotonic,
}

impl Patience {
    fn begin() -> Self {
        Self { began: rt::now() }
    }

    fn is_over(&self) -> bool {
        rt::now().millis_since(self.began) >= CONCURRENT_WAIT_MS
    }

    async fn pause(&self) {
        let waited = Duration::from_nanos(rt::now().nanos() - self.began.nanos());
        rt::sleep((waited / 4).max(Duration::from_millis(1))).await;
    }
}

/// Who wants to write, and how its client takes part.
pub(super) struct Writer {
    /// Its transactional id.
    pub id: TransactionalId,
    /// Its producer id.
    pub producer: ProducerId,
    /// Its epoch.
    pub epoch: ProducerEpoch,
    /// The client leaves it to the broker to add partitions (`transaction.version` 2, behaviour 61).
    pub adds: bool,
}

/// Lets a writer into partitions where its transaction may begin: for each the guard it needs, if any, or why not. The
/// codes are the coordinator's own.
pub(super) async fn admit(
    context: &Context,
    writer: &Writer,
    items: Vec<(Place, StandingItem)>,
) -> Vec<Result<Option<Guard>, ErrorCode>> {
    let shard = context.shard();
    let (places, items): (Vec<Place>, Vec<StandingItem>) = items.into_iter().unzip();
    let patience = Patience::begin();
    loop {
        // Anew in each turn: the marker of the last transaction makes the guards from before it void.
        let standings = shard.ask_standings(items.clone()).await;
        let mut outcome: Vec<Result<Option<Guard>, ErrorCode>> = Vec::with_capacity(standings.len());
        let mut begins = Vec::new();
        let mut ends = Vec::new();
        for (at, standing) in standings.into_iter().enumerate() {
            outcome.push(match standing {
                Ok(Standing::Known) => Ok(None),
                Ok(Standing::Begins(guard)) => {
                    begins.push(at);
                    Ok(Some(guard))
                }
                Ok(Standing::Ends) => {
                    ends.push(at);
                    Err(ErrorCode::ConcurrentTransactions)
                }
                Err(code) => Err(code),
            });
        }
        // With verification switched off, whoever does its own additions is believed.
        let believed = !writer.adds && !shard.config().transaction.verify_partitions;
        if ends.is_empty() && (begins.is_empty() || believed) {
            return outcome;
        }
        let late = patience.is_over();
        if ends.is_empty() || late {
            let of = |which: &[usize]| which.iter().map(|at| places[*at].clone()).collect();
            // What still stands in the way may be the transaction of another epoch than the writer's: one that the
            // coordinator does not know is told so. "Come again" would have a fenced producer come for ever.
            if let Some(code) = refusal(shard, writer, of(&ends)).await {
                ends.iter().for_each(|at| outcome[*at] = Err(code));
            }
            let codes = begin(shard, writer, of(&begins)).await;
            let concurrent =
                codes.as_ref().is_ok_and(|codes| codes.contains(&ErrorCode::ConcurrentTransactions));
            // Asked anew: the coordinator may have waited, and would as long again.
            if !concurrent || patience.is_over() {
                for (place, at) in begins.into_iter().enumerate() {
                    let code = codes.as_ref().map_or_else(|code| *code, |codes| codes[place]);
                    if code.is_error() {
                        outcome[at] = Err(code);
                    }
                }
                return outcome;
            }
        }
        patience.pause().await;
    }
}

/// Why a coordinator would have none of this writer, whatever its partitions.
async fn refusal(shard: &Rc<Shard>, writer: &Writer, partitions: Vec<Place>) -> Option<ErrorCode> {
    if partitions.is_empty() {
        return None;
    }
    let request = AddPartitions {
        id: writer.id.clone(),
        producer: writer.producer,
        epoch: writer.epoch,
        partitions,
        verify_only: true,
        bumps: writer.adds,
    };
    let code = match add(shard, request).await {
        Ok(codes) => codes[0],
        Err(code) => code,
    };
    matches!(code, ErrorCode::ProducerFenced | ErrorCode::InvalidProducerIdMapping).then_some(code)
}

async fn begin(
    shard: &Rc<Shard>,
    writer: &Writer,
    partitions: Vec<Place>,
) -> Result<Vec<ErrorCode>, ErrorCode> {
    if partitions.is_empty() {
        return Ok(Vec::new());
    }
    let request = AddPartitions {
        id: writer.id.clone(),
        producer: writer.producer,
        epoch: writer.epoch,
        partitions,
        verify_only: !writer.adds,
        bumps: writer.adds,
    };
    add(shard, request).await
}
