// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ExpireDelegationTokenRequest`: request of API 40, versions 1-2, flexible from 2.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExpireDelegationTokenRequest<'a> {
    /// bytes.
    pub hmac: Cow<'a, [u8]>,
    /// int64.
    pub expiry_time_period_ms: i64,
}

impl<'a> Decode<'a> for ExpireDelegationTokenRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 2;
        let mut x = Self::default();
        x.hmac = r.bytes(flex)?;
        x.expiry_time_period_ms = r.i64()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ExpireDelegationTokenRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.bytes(flex, &self.hmac);
        w.i64(self.expiry_time_period_ms);
        w.no_tags(flex);
    }
}

impl Message for ExpireDelegationTokenRequest<'_> {
    const KEY: i16 = 40;
    const NAME: &'static str = "ExpireDelegationTokenRequest";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 2;
    const FLEXIBLE_FROM: i16 = 2;
}

impl Request for ExpireDelegationTokenRequest<'_> {
    type Response<'r> = super::ExpireDelegationTokenResponse;
}
