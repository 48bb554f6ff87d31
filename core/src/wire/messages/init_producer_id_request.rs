// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `InitProducerIdRequest`: request of API 22, versions 0-5, flexible from 2.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct InitProducerIdRequest<'a> {
    /// string (transactionalId), nullable.
    pub transactional_id: Option<Str<'a>>,
    /// int32.
    pub transaction_timeout_ms: i32,
    /// int64 (producerId), versions 3+, default -1.
    pub producer_id: i64,
    /// int16, versions 3+, default -1.
    pub producer_epoch: i16,
}

impl Default for InitProducerIdRequest<'_> {
    fn default() -> Self {
        Self {
            transactional_id: Some(Default::default()),
            transaction_timeout_ms: Default::default(),
            producer_id: -1,
            producer_epoch: -1,
        }
    }
}

impl<'a> Decode<'a> for InitProducerIdRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 2;
        let mut x = Self::default();
        x.transactional_id = r.opt_string(flex, true)?;
        x.transaction_timeout_ms = r.i32()?;
        if v >= 3 { x.producer_id = r.i64()?; }
        if v >= 3 { x.producer_epoch = r.i16()?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for InitProducerIdRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.opt_string(flex, true, self.transactional_id.as_deref());
        w.i32(self.transaction_timeout_ms);
        if v >= 3 { w.i64(self.producer_id); }
        if v >= 3 { w.i16(self.producer_epoch); }
        w.no_tags(flex);
    }
}

impl Message for InitProducerIdRequest<'_> {
    const KEY: i16 = 22;
    const NAME: &'static str = "InitProducerIdRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 5;
    const FLEXIBLE_FROM: i16 = 2;
}

impl Request for InitProducerIdRequest<'_> {
    type Response<'r> = super::InitProducerIdResponse;
}
