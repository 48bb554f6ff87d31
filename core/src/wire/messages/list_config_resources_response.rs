// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ListConfigResourcesResponse`: response of API 74, versions 0-1, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListConfigResourcesResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// int16.
    pub error_code: i16,
    /// array of ConfigResource.
    pub config_resources: Vec<ConfigResource<'a>>,
}

impl<'a> Decode<'a> for ListConfigResourcesResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.error_code = r.i16()?;
        x.config_resources = r.array(flex, 2, |r| ConfigResource::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ListConfigResourcesResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.array(flex, &self.config_resources, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ListConfigResourcesResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigResource<'a> {
    /// string.
    pub resource_name: Str<'a>,
    /// int8, versions 1+, default 16.
    pub resource_type: i8,
}

impl Default for ConfigResource<'_> {
    fn default() -> Self {
        Self {
            resource_name: Default::default(),
            resource_type: 16,
        }
    }
}

impl<'a> Decode<'a> for ConfigResource<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.resource_name = r.string(flex)?;
        if v >= 1 { x.resource_type = r.i8()?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ConfigResource<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.resource_name);
        if v >= 1 { w.i8(self.resource_type); }
        w.no_tags(flex);
    }
}

impl Message for ListConfigResourcesResponse<'_> {
    const KEY: i16 = 74;
    const NAME: &'static str = "ListConfigResourcesResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 1;
    const FLEXIBLE_FROM: i16 = 0;
}
