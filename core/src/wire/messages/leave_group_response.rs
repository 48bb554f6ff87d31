// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `LeaveGroupResponse`: response of API 13, versions 0-5, flexible from 4.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeaveGroupResponse<'a> {
    /// int32, versions 1+.
    pub throttle_time_ms: i32,
    /// int16.
    pub error_code: i16,
    /// array of MemberResponse, versions 3+.
    pub members: Vec<MemberResponse<'a>>,
}

impl<'a> Decode<'a> for LeaveGroupResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 4;
        let mut x = Self::default();
        if v >= 1 { x.throttle_time_ms = r.i32()?; }
        x.error_code = r.i16()?;
        if v >= 3 { x.members = r.array(flex, 5, |r| MemberResponse::decode(r, v))?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for LeaveGroupResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 4;
        if v >= 1 { w.i32(self.throttle_time_ms); }
        w.i16(self.error_code);
        if v >= 3 { w.array(flex, &self.members, |w, x| x.encode(w, v)); }
        w.no_tags(flex);
    }
}

/// Part of `LeaveGroupResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct MemberResponse<'a> {
    /// string.
    pub member_id: Str<'a>,
    /// string, nullable.
    pub group_instance_id: Option<Str<'a>>,
    /// int16.
    pub error_code: i16,
}

impl Default for MemberResponse<'_> {
    fn default() -> Self {
        Self {
            member_id: Default::default(),
            group_instance_id: Some(Default::default()),
            error_code: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for MemberResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 4;
        let mut x = Self::default();
        x.member_id = r.string(flex)?;
        x.group_instance_id = r.opt_string(flex, true)?;
        x.error_code = r.i16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for MemberResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 4;
        w.string(flex, &self.member_id);
        w.opt_string(flex, true, self.group_instance_id.as_deref());
        w.i16(self.error_code);
        w.no_tags(flex);
    }
}

impl Message for LeaveGroupResponse<'_> {
    const KEY: i16 = 13;
    const NAME: &'static str = "LeaveGroupResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 5;
    const FLEXIBLE_FROM: i16 = 4;
}
