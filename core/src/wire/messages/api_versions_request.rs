// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ApiVersionsRequest`: request of API 18, versions 0-4, flexible from 3.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApiVersionsRequest<'a> {
    /// string, versions 3+.
    pub client_software_name: Str<'a>,
    /// string, versions 3+.
    pub client_software_version: Str<'a>,
}

impl<'a> Decode<'a> for ApiVersionsRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 3;
        let mut x = Self::default();
        if v >= 3 { x.client_software_name = r.string(flex)?; }
        if v >= 3 { x.client_software_version = r.string(flex)?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ApiVersionsRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 3;
        if v >= 3 { w.string(flex, &self.client_software_name); }
        if v >= 3 { w.string(flex, &self.client_software_version); }
        w.no_tags(flex);
    }
}

impl Message for ApiVersionsRequest<'_> {
    const KEY: i16 = 18;
    const NAME: &'static str = "ApiVersionsRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 4;
    const FLEXIBLE_FROM: i16 = 3;
}

impl Request for ApiVersionsRequest<'_> {
    type Response<'r> = super::ApiVersionsResponse<'r>;
}
