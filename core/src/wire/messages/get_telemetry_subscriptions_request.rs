// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `GetTelemetrySubscriptionsRequest`: request of API 71, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetTelemetrySubscriptionsRequest {
    /// uuid.
    pub client_instance_id: TopicId,
}

impl<'a> Decode<'a> for GetTelemetrySubscriptionsRequest {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.client_instance_id = r.uuid()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for GetTelemetrySubscriptionsRequest {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.uuid(self.client_instance_id);
        w.no_tags(flex);
    }
}

impl Message for GetTelemetrySubscriptionsRequest {
    const KEY: i16 = 71;
    const NAME: &'static str = "GetTelemetrySubscriptionsRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}

impl Request for GetTelemetrySubscriptionsRequest {
    type Response<'r> = super::GetTelemetrySubscriptionsResponse<'r>;
}
