// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ListTransactionsRequest`: request of API 66, versions 0-2, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct ListTransactionsRequest<'a> {
    /// array of string.
    pub state_filters: Vec<Str<'a>>,
    /// array of int64 (producerId).
    pub producer_id_filters: Vec<i64>,
    /// int64, versions 1+, default -1.
    pub duration_filter: i64,
    /// string, versions 2+, nullable.
    pub transactional_id_pattern: Option<Str<'a>>,
}

impl Default for ListTransactionsRequest<'_> {
    fn default() -> Self {
        Self {
            state_filters: Default::default(),
            producer_id_filters: Default::default(),
            duration_filter: -1,
            transactional_id_pattern: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for ListTransactionsRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.state_filters = r.array(flex, 1, |r| r.string(flex))?;
        x.producer_id_filters = r.array(flex, 8, |r| r.i64())?;
        if v >= 1 { x.duration_filter = r.i64()?; }
        if v >= 2 { x.transactional_id_pattern = r.opt_string(flex, v >= 2)?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ListTransactionsRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.array(flex, &self.state_filters, |w, x| w.string(flex, x));
        w.array(flex, &self.producer_id_filters, |w, x| w.i64(*x));
        if v >= 1 { w.i64(self.duration_filter); }
        if v >= 2 { w.opt_string(flex, v >= 2, self.transactional_id_pattern.as_deref()); }
        w.no_tags(flex);
    }
}

impl Message for ListTransactionsRequest<'_> {
    const KEY: i16 = 66;
    const NAME: &'static str = "ListTransactionsRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 2;
    const FLEXIBLE_FROM: i16 = 0;
}

impl Request for ListTransactionsRequest<'_> {
    type Response<'r> = super::ListTransactionsResponse<'r>;
}
