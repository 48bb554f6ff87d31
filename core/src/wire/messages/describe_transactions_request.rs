// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DescribeTransactionsRequest`: request of API 65, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeTransactionsRequest<'a> {
    /// array of string (transactionalId).
    pub transactional_ids: Vec<Str<'a>>,
}

impl<'a> Decode<'a> for DescribeTransactionsRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.transactional_ids = r.array(flex, 1, |r| r.string(flex))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeTransactionsRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.array(flex, &self.transactional_ids, |w, x| w.string(flex, x));
        w.no_tags(flex);
    }
}

impl Message for DescribeTransactionsRequest<'_> {
    const KEY: i16 = 65;
    const NAME: &'static str = "DescribeTransactionsRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}

impl Request for DescribeTransactionsRequest<'_> {
    type Response<'r> = super::DescribeTransactionsResponse<'r>;
}
