// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `RenewDelegationTokenRequest`: request of API 39, versions 1-2, flexible from 2.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RenewDelegationTokenRequest<'a> {
    /// bytes.
    pub hmac: Cow<'a, [u8]>,
    /// int64.
    pub renew_period_ms: i64,
}

impl<'a> Decode<'a> for RenewDelegationTokenRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 2;
        let mut x = Self::default();
        x.hmac = r.bytes(flex)?;
        x.renew_period_ms = r.i64()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for RenewDelegationTokenRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.bytes(flex, &self.hmac);
        w.i64(self.renew_period_ms);
        w.no_tags(flex);
    }
}

impl Message for RenewDelegationTokenRequest<'_> {
    const KEY: i16 = 39;
    const NAME: &'static str = "RenewDelegationTokenRequest";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 2;
    const FLEXIBLE_FROM: i16 = 2;
}

impl Request for RenewDelegationTokenRequest<'_> {
    type Response<'r> = super::RenewDelegationTokenResponse;
}
