// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `PushTelemetryRequest`: request of API 72, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PushTelemetryRequest<'a> {
    /// uuid.
    pub client_instance_id: TopicId,
    /// int32.
    pub subscription_id: i32,
    /// bool.
    pub terminating: bool,
    /// int8.
    pub compression_type: i8,
    /// bytes.
    pub metrics: Cow<'a, [u8]>,
}

impl<'a> Decode<'a> for PushTelemetryRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.client_instance_id = r.uuid()?;
        x.subscription_id = r.i32()?;
        x.terminating = r.bool()?;
        x.compression_type = r.i8()?;
        x.metrics = r.bytes(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for PushTelemetryRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.uuid(self.client_instance_id);
        w.i32(self.subscription_id);
        w.bool(self.terminating);
        w.i8(self.compression_type);
        w.bytes(flex, &self.metrics);
        w.no_tags(flex);
    }
}

impl Message for PushTelemetryRequest<'_> {
    const KEY: i16 = 72;
    const NAME: &'static str = "PushTelemetryRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}

impl Request for PushTelemetryRequest<'_> {
    type Response<'r> = super::PushTelemetryResponse;
}
