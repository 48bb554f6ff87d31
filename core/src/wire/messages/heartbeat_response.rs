// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `HeartbeatResponse`: response of API 12, versions 0-4, flexible from 4.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeartbeatResponse {
    /// int32, versions 1+.
    pub throttle_time_ms: i32,
    /// int16.
    pub error_code: i16,
}

impl<'a> Decode<'a> for HeartbeatResponse {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 4;
        let mut x = Self::default();
        if v >= 1 { x.throttle_time_ms = r.i32()?; }
        x.error_code = r.i16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for HeartbeatResponse {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 4;
        if v >= 1 { w.i32(self.throttle_time_ms); }
        w.i16(self.error_code);
        w.no_tags(flex);
    }
}

impl Message for HeartbeatResponse {
    const KEY: i16 = 12;
    const NAME: &'static str = "HeartbeatResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 4;
    const FLEXIBLE_FROM: i16 = 4;
}
