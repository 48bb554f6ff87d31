// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DeleteGroupsResponse`: response of API 42, versions 0-2, flexible from 2.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteGroupsResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// array of DeletableGroupResult.
    pub results: Vec<DeletableGroupResult<'a>>,
}

impl<'a> Decode<'a> for DeleteGroupsResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 2;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.results = r.array(flex, 4, |r| DeletableGroupResult::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DeleteGroupsResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.i32(self.throttle_time_ms);
        w.array(flex, &self.results, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DeleteGroupsResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeletableGroupResult<'a> {
    /// string (groupId).
    pub group_id: Str<'a>,
    /// int16.
    pub error_code: i16,
}

impl<'a> Decode<'a> for DeletableGroupResult<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 2;
        let mut x = Self::default();
        x.group_id = r.string(flex)?;
        x.error_code = r.i16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DeletableGroupResult<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.string(flex, &self.group_id);
        w.i16(self.error_code);
        w.no_tags(flex);
    }
}

impl Message for DeleteGroupsResponse<'_> {
    const KEY: i16 = 42;
    const NAME: &'static str = "DeleteGroupsResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 2;
    const FLEXIBLE_FROM: i16 = 2;
}
