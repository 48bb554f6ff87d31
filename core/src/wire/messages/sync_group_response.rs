// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `SyncGroupResponse`: response of API 14, versions 0-5, flexible from 4.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SyncGroupResponse<'a> {
    /// int32, versions 1+.
    pub throttle_time_ms: i32,
    /// int16.
    pub error_code: i16,
    /// string, versions 5+, nullable.
    pub protocol_type: Option<Str<'a>>,
    /// string, versions 5+, nullable.
    pub protocol_name: Option<Str<'a>>,
    /// bytes.
    pub assignment: Cow<'a, [u8]>,
}

impl<'a> Decode<'a> for SyncGroupResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 4;
        let mut x = Self::default();
        if v >= 1 { x.throttle_time_ms = r.i32()?; }
        x.error_code = r.i16()?;
        if v >= 5 { x.protocol_type = r.opt_string(flex, v >= 5)?; }
        if v >= 5 { x.protocol_name = r.opt_string(flex, v >= 5)?; }
        x.assignment = r.bytes(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for SyncGroupResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 4;
        if v >= 1 { w.i32(self.throttle_time_ms); }
        w.i16(self.error_code);
        if v >= 5 { w.opt_string(flex, v >= 5, self.protocol_type.as_deref()); }
        if v >= 5 { w.opt_string(flex, v >= 5, self.protocol_name.as_deref()); }
        w.bytes(flex, &self.assignment);
        w.no_tags(flex);
    }
}

impl Message for SyncGroupResponse<'_> {
    const KEY: i16 = 14;
    const NAME: &'static str = "SyncGroupResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 5;
    const FLEXIBLE_FROM: i16 = 4;
}
