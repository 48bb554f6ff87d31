//! InitProducerId: an identity for an idempotent producer. Each shard hands out ids from a block that the controller
//! made durable, so an id is never given twice, whatever falls when.

use bytes::BytesMut;
use headwater_core::ErrorCode;
use headwater_core::wire::messages::init_producer_id_request::InitProducerIdRequest;
use headwater_core::wire::messages::init_producer_id_response::InitProducerIdResponse;

use super::{Context, Refused};
use crate::conn::replies::Reply;

/// Answers with a new producer id in epoch 0. Transactional ids are not served yet: their coordinator is not there, and
/// `COORDINATOR_NOT_AVAILABLE` would make clients ask for ever, so they get `UNSUPPORTED_VERSION`, which is final.
pub async fn handle(context: Context, body: BytesMut) -> Result<Reply, Refused> {
    let request: InitProducerIdRequest<'_> = context.decode(&body)?;
    let outcome = match request.transactional_id.as_deref() {
        Some("") => Err(ErrorCode::InvalidRequest),
        Some(_) => Err(ErrorCode::UnsupportedVersion),
        None => context.shard().next_producer_id().await,
    };
    context.reply(&match outcome {
        Ok(id) => InitProducerIdResponse { producer_id: id.get(), producer_epoch: 0, ..Default::default() },
        Err(code) => {
            InitProducerIdResponse { error_code: code.code(), producer_epoch: -1, ..Default::default() }
        }
    })
}
