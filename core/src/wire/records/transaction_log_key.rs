// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `TransactionLogKey`: coordinator-key 0 of __transaction_state, versions 0, never flexible.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TransactionLogKey<'a> {
    /// string.
    pub transactional_id: Str<'a>,
}

impl<'a> Decode<'a> for TransactionLogKey<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = false;
        let mut x = Self::default();
        x.transactional_id = r.string(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TransactionLogKey<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = false;
        w.string(flex, &self.transactional_id);
        w.no_tags(flex);
    }
}

impl Message for TransactionLogKey<'_> {
    const KEY: i16 = 0;
    const NAME: &'static str = "TransactionLogKey";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = i16::MAX;
}
