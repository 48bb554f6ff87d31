// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `UnregisterBrokerRequest`: request of API 64, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnregisterBrokerRequest {
    /// int32 (brokerId).
    pub broker_id: i32,
}

impl<'a> Decode<'a> for UnregisterBrokerRequest {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.broker_id = r.i32()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for UnregisterBrokerRequest {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.broker_id);
        w.no_tags(flex);
    }
}

impl Message for UnregisterBrokerRequest {
    const KEY: i16 = 64;
    const NAME: &'static str = "UnregisterBrokerRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}

impl Request for UnregisterBrokerRequest {
    type Response<'r> = super::UnregisterBrokerResponse<'r>;
}
