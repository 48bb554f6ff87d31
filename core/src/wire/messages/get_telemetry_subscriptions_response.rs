// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `GetTelemetrySubscriptionsResponse`: response of API 71, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetTelemetrySubscriptionsResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// int16.
    pub error_code: i16,
    /// uuid.
    pub client_instance_id: TopicId,
    /// int32.
    pub subscription_id: i32,
    /// array of int8.
    pub accepted_compression_types: Vec<i8>,
    /// int32.
    pub push_interval_ms: i32,
    /// int32.
    pub telemetry_max_bytes: i32,
    /// bool.
    pub delta_temporality: bool,
    /// array of string.
    pub requested_metrics: Vec<Str<'a>>,
}

impl<'a> Decode<'a> for GetTelemetrySubscriptionsResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.error_code = r.i16()?;
        x.client_instance_id = r.uuid()?;
        x.subscription_id = r.i32()?;
        x.accepted_compression_types = r.array(flex, 1, |r| r.i8())?;
        x.push_interval_ms = r.i32()?;
        x.telemetry_max_bytes = r.i32()?;
        x.delta_temporality = r.bool()?;
        x.requested_metrics = r.array(flex, 1, |r| r.string(flex))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for GetTelemetrySubscriptionsResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.uuid(self.client_instance_id);
        w.i32(self.subscription_id);
        w.array(flex, &self.accepted_compression_types, |w, x| w.i8(*x));
        w.i32(self.push_interval_ms);
        w.i32(self.telemetry_max_bytes);
        w.bool(self.delta_temporality);
        w.array(flex, &self.requested_metrics, |w, x| w.string(flex, x));
        w.no_tags(flex);
    }
}

impl Message for GetTelemetrySubscriptionsResponse<'_> {
    const KEY: i16 = 71;
    const NAME: &'static str = "GetTelemetrySubscriptionsResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
