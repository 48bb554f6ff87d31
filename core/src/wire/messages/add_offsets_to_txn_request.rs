// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `AddOffsetsToTxnRequest`: request of API 25, versions 0-4, flexible from 3.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddOffsetsToTxnRequest<'a> {
    /// string (transactionalId).
    pub transactional_id: Str<'a>,
    /// int64 (producerId).
    pub producer_id: i64,
    /// int16.
    pub producer_epoch: i16,
    /// string (groupId).
    pub group_id: Str<'a>,
}

impl<'a> Decode<'a> for AddOffsetsToTxnRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 3;
        let mut x = Self::default();
        x.transactional_id = r.string(flex)?;
        x.producer_id = r.i64()?;
        x.producer_epoch = r.i16()?;
        x.group_id = r.string(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AddOffsetsToTxnRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 3;
        w.string(flex, &self.transactional_id);
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        w.string(flex, &self.group_id);
        w.no_tags(flex);
    }
}

impl Message for AddOffsetsToTxnRequest<'_> {
    const KEY: i16 = 25;
    const NAME: &'static str = "AddOffsetsToTxnRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 4;
    const FLEXIBLE_FROM: i16 = 3;
}

impl Request for AddOffsetsToTxnRequest<'_> {
    type Response<'r> = super::AddOffsetsToTxnResponse;
}
