// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `PushTelemetryResponse`: response of API 72, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PushTelemetryResponse {
    /// int32.
    pub throttle_time_ms: i32,
    /// int16.
    pub error_code: i16,
}

impl<'a> Decode<'a> for PushTelemetryResponse {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.error_code = r.i16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for PushTelemetryResponse {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.no_tags(flex);
    }
}

impl Message for PushTelemetryResponse {
    const KEY: i16 = 72;
    const NAME: &'static str = "PushTelemetryResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
