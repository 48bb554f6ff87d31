// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `EndTxnRequest`: request of API 26, versions 0-5, flexible from 3.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndTxnRequest<'a> {
    /// string (transactionalId).
    pub transactional_id: Str<'a>,
    /// int64 (producerId).
    pub producer_id: i64,
    /// int16.
    pub producer_epoch: i16,
    /// bool.
    pub committed: bool,
}

impl<'a> Decode<'a> for EndTxnRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 3;
        let mut x = Self::default();
        x.transactional_id = r.string(flex)?;
        x.producer_id = r.i64()?;
        x.producer_epoch = r.i16()?;
        x.committed = r.bool()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for EndTxnRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 3;
        w.string(flex, &self.transactional_id);
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        w.bool(self.committed);
        w.no_tags(flex);
    }
}

impl Message for EndTxnRequest<'_> {
    const KEY: i16 = 26;
    const NAME: &'static str = "EndTxnRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 5;
    const FLEXIBLE_FROM: i16 = 3;
}

impl Request for EndTxnRequest<'_> {
    type Response<'r> = super::EndTxnResponse;
}
