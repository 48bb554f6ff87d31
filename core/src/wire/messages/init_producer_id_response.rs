// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `InitProducerIdResponse`: response of API 22, versions 0-5, flexible from 2.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct InitProducerIdResponse {
    /// int32.
    pub throttle_time_ms: i32,
    /// int16.
    pub error_code: i16,
    /// int64 (producerId), default -1.
    pub producer_id: i64,
    /// int16.
    pub producer_epoch: i16,
}

impl Default for InitProducerIdResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: Default::default(),
            error_code: Default::default(),
            producer_id: -1,
            producer_epoch: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for InitProducerIdResponse {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 2;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.error_code = r.i16()?;
        x.producer_id = r.i64()?;
        x.producer_epoch = r.i16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for InitProducerIdResponse {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        w.no_tags(flex);
    }
}

impl Message for InitProducerIdResponse {
    const KEY: i16 = 22;
    const NAME: &'static str = "InitProducerIdResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 5;
    const FLEXIBLE_FROM: i16 = 2;
}
