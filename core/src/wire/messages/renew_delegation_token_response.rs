// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `RenewDelegationTokenResponse`: response of API 39, versions 1-2, flexible from 2.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RenewDelegationTokenResponse {
    /// int16.
    pub error_code: i16,
    /// int64.
    pub expiry_timestamp_ms: i64,
    /// int32.
    pub throttle_time_ms: i32,
}

impl<'a> Decode<'a> for RenewDelegationTokenResponse {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 2;
        let mut x = Self::default();
        x.error_code = r.i16()?;
        x.expiry_timestamp_ms = r.i64()?;
        x.throttle_time_ms = r.i32()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for RenewDelegationTokenResponse {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.i16(self.error_code);
        w.i64(self.expiry_timestamp_ms);
        w.i32(self.throttle_time_ms);
        w.no_tags(flex);
    }
}

impl Message for RenewDelegationTokenResponse {
    const KEY: i16 = 39;
    const NAME: &'static str = "RenewDelegationTokenResponse";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 2;
    const FLEXIBLE_FROM: i16 = 2;
}
