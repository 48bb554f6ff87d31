// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `JoinGroupResponse`: response of API 11, versions 0-9, flexible from 6.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinGroupResponse<'a> {
    /// int32, versions 2+.
    pub throttle_time_ms: i32,
    /// int16.
    pub error_code: i16,
    /// int32, default -1.
    pub generation_id: i32,
    /// string, versions 7+, nullable.
    pub protocol_type: Option<Str<'a>>,
    /// string, nullable in 7+.
    pub protocol_name: Option<Str<'a>>,
    /// string.
    pub leader: Str<'a>,
    /// bool, versions 9+, default false.
    pub skip_assignment: bool,
    /// string.
    pub member_id: Str<'a>,
    /// array of JoinGroupResponseMember.
    pub members: Vec<JoinGroupResponseMember<'a>>,
}

impl Default for JoinGroupResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: Default::default(),
            error_code: Default::default(),
            generation_id: -1,
            protocol_type: Default::default(),
            protocol_name: Some(Default::default()),
            leader: Default::default(),
            skip_assignment: Default::default(),
            member_id: Default::default(),
            members: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for JoinGroupResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 6;
        let mut x = Self::default();
        if v >= 2 { x.throttle_time_ms = r.i32()?; }
        x.error_code = r.i16()?;
        x.generation_id = r.i32()?;
        if v >= 7 { x.protocol_type = r.opt_string(flex, v >= 7)?; }
        x.protocol_name = r.opt_string(flex, v >= 7)?;
        x.leader = r.string(flex)?;
        if v >= 9 { x.skip_assignment = r.bool()?; }
        x.member_id = r.string(flex)?;
        x.members = r.array(flex, 4, |r| JoinGroupResponseMember::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for JoinGroupResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 6;
        if v >= 2 { w.i32(self.throttle_time_ms); }
        w.i16(self.error_code);
        w.i32(self.generation_id);
        if v >= 7 { w.opt_string(flex, v >= 7, self.protocol_type.as_deref()); }
        w.opt_string(flex, v >= 7, self.protocol_name.as_deref());
        w.string(flex, &self.leader);
        if v >= 9 { w.bool(self.skip_assignment); }
        w.string(flex, &self.member_id);
        w.array(flex, &self.members, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `JoinGroupResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JoinGroupResponseMember<'a> {
    /// string.
    pub member_id: Str<'a>,
    /// string, versions 5+, nullable.
    pub group_instance_id: Option<Str<'a>>,
    /// bytes.
    pub metadata: Cow<'a, [u8]>,
}

impl<'a> Decode<'a> for JoinGroupResponseMember<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 6;
        let mut x = Self::default();
        x.member_id = r.string(flex)?;
        if v >= 5 { x.group_instance_id = r.opt_string(flex, v >= 5)?; }
        x.metadata = r.bytes(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for JoinGroupResponseMember<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 6;
        w.string(flex, &self.member_id);
        if v >= 5 { w.opt_string(flex, v >= 5, self.group_instance_id.as_deref()); }
        w.bytes(flex, &self.metadata);
        w.no_tags(flex);
    }
}

impl Message for JoinGroupResponse<'_> {
    const KEY: i16 = 11;
    const NAME: &'static str = "JoinGroupResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 9;
    const FLEXIBLE_FROM: i16 = 6;
}
