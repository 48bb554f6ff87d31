// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ListTransactionsResponse`: response of API 66, versions 0-2, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListTransactionsResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// int16.
    pub error_code: i16,
    /// array of string.
    pub unknown_state_filters: Vec<Str<'a>>,
    /// array of TransactionState.
    pub transaction_states: Vec<TransactionState<'a>>,
}

impl<'a> Decode<'a> for ListTransactionsResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.error_code = r.i16()?;
        x.unknown_state_filters = r.array(flex, 1, |r| r.string(flex))?;
        x.transaction_states = r.array(flex, 11, |r| TransactionState::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ListTransactionsResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.array(flex, &self.unknown_state_filters, |w, x| w.string(flex, x));
        w.array(flex, &self.transaction_states, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ListTransactionsResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TransactionState<'a> {
    /// string (transactionalId).
    pub transactional_id: Str<'a>,
    /// int64 (producerId).
    pub producer_id: i64,
    /// string.
    pub transaction_state: Str<'a>,
}

impl<'a> Decode<'a> for TransactionState<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.transactional_id = r.string(flex)?;
        x.producer_id = r.i64()?;
        x.transaction_state = r.string(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TransactionState<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.transactional_id);
        w.i64(self.producer_id);
        w.string(flex, &self.transaction_state);
        w.no_tags(flex);
    }
}

impl Message for ListTransactionsResponse<'_> {
    const KEY: i16 = 66;
    const NAME: &'static str = "ListTransactionsResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 2;
    const FLEXIBLE_FROM: i16 = 0;
}
