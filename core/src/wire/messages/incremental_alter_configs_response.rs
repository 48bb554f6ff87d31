// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `IncrementalAlterConfigsResponse`: response of API 44, versions 0-1, flexible from 1.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IncrementalAlterConfigsResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// array of AlterConfigsResourceResponse.
    pub responses: Vec<AlterConfigsResourceResponse<'a>>,
}

impl<'a> Decode<'a> for IncrementalAlterConfigsResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 1;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.responses = r.array(flex, 6, |r| AlterConfigsResourceResponse::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for IncrementalAlterConfigsResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 1;
        w.i32(self.throttle_time_ms);
        w.array(flex, &self.responses, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `IncrementalAlterConfigsResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterConfigsResourceResponse<'a> {
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
    /// int8.
    pub resource_type: i8,
    /// string.
    pub resource_name: Str<'a>,
}

impl Default for AlterConfigsResourceResponse<'_> {
    fn default() -> Self {
        Self {
            error_code: Default::default(),
            error_message: Some(Default::default()),
            resource_type: Default::default(),
            resource_name: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for AlterConfigsResourceResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 1;
        let mut x = Self::default();
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        x.resource_type = r.i8()?;
        x.resource_name = r.string(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AlterConfigsResourceResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 1;
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        w.i8(self.resource_type);
        w.string(flex, &self.resource_name);
        w.no_tags(flex);
    }
}

impl Message for IncrementalAlterConfigsResponse<'_> {
    const KEY: i16 = 44;
    const NAME: &'static str = "IncrementalAlterConfigsResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 1;
    const FLEXIBLE_FROM: i16 = 1;
}
