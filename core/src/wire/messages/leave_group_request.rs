// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `LeaveGroupRequest`: request of API 13, versions 0-5, flexible from 4.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeaveGroupRequest<'a> {
    /// string (groupId).
    pub group_id: Str<'a>,
    /// string, versions 0-2.
    pub member_id: Str<'a>,
    /// array of MemberIdentity, versions 3+.
    pub members: Vec<MemberIdentity<'a>>,
}

impl<'a> Decode<'a> for LeaveGroupRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 4;
        let mut x = Self::default();
        x.group_id = r.string(flex)?;
        if v <= 2 { x.member_id = r.string(flex)?; }
        if v >= 3 { x.members = r.array(flex, 3, |r| MemberIdentity::decode(r, v))?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for LeaveGroupRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 4;
        w.string(flex, &self.group_id);
        if v <= 2 { w.string(flex, &self.member_id); }
        if v >= 3 { w.array(flex, &self.members, |w, x| x.encode(w, v)); }
        w.no_tags(flex);
    }
}

/// Part of `LeaveGroupRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MemberIdentity<'a> {
    /// string.
    pub member_id: Str<'a>,
    /// string, nullable.
    pub group_instance_id: Option<Str<'a>>,
    /// string, versions 5+, nullable.
    pub reason: Option<Str<'a>>,
}

impl<'a> Decode<'a> for MemberIdentity<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 4;
        let mut x = Self::default();
        x.member_id = r.string(flex)?;
        x.group_instance_id = r.opt_string(flex, true)?;
        if v >= 5 { x.reason = r.opt_string(flex, v >= 5)?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for MemberIdentity<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 4;
        w.string(flex, &self.member_id);
        w.opt_string(flex, true, self.group_instance_id.as_deref());
        if v >= 5 { w.opt_string(flex, v >= 5, self.reason.as_deref()); }
        w.no_tags(flex);
    }
}

impl Message for LeaveGroupRequest<'_> {
    const KEY: i16 = 13;
    const NAME: &'static str = "LeaveGroupRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 5;
    const FLEXIBLE_FROM: i16 = 4;
}

impl Request for LeaveGroupRequest<'_> {
    type Response<'r> = super::LeaveGroupResponse<'r>;
}
