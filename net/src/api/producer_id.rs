//! InitProducerId: an identity for an idempotent producer. Each shard hands out ids from a block that the controller
//! made durable, so an id is never given twice, whatever falls when.

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::ids::{ProducerEpoch, ProducerId, TransactionalId};
use headwater_core::transaction::InitProducerId;
use headwater_core::wire::messages::init_producer_id_request::InitProducerIdRequest;
use headwater_core::wire::messages::init_producer_id_response::InitProducerIdResponse;

use super::{Context, Refused, transactions};
use crate::conn::replies::Reply;

fn timeout_max(context: &Context) -> i64 {
    i64::try_from(context.shard().config().transaction.timeout_max_ms).unwrap_or(i64::MAX)
}

/// Answers with a new producer id in epoch 0; who has a transactional id is given what its coordinator says.
pub async fn handle(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: InitProducerIdRequest<'_> = context.decode(&body)?;
    let outcome = match request.transactional_id.as_deref() {
        Some("") => Err(ErrorCode::InvalidRequest),
        // One without the other names no identity.
        Some(_) if (request.producer_id == -1) != (request.producer_epoch == -1) => {
            Err(ErrorCode::InvalidRequest)
        }
        // Said before anybody is asked who is responsible (behaviour 59).
        Some(_) if !(1..=timeout_max(&context)).contains(&i64::from(request.transaction_timeout_ms)) => {
            Err(ErrorCode::InvalidTransactionTimeout)
        }
        Some(id) => {
            let request = InitProducerId {
                id: TransactionalId::new(id),
                timeout_ms: request.transaction_timeout_ms,
                current: (request.producer_id >= 0).then(|| {
                    (ProducerId::new(request.producer_id), ProducerEpoch::new(request.producer_epoch))
                }),
                fresh: None,
            };
            transactions::introduce(&context, request).await
        }
        None => context.shard().next_producer_id().await.map(|id| (id, ProducerEpoch::new(0))),
    };
    context.reply(&match outcome {
        Ok((id, epoch)) => InitProducerIdResponse {
            producer_id: id.get(),
            producer_epoch: epoch.get(),
            ..Default::default()
        },
        Err(code) => {
            InitProducerIdResponse { error_code: code.code(), producer_epoch: -1, ..Default::default() }
        }
    })
}
