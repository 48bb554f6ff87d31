// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `SyncGroupRequest`: request of API 14, versions 0-5, flexible from 4.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SyncGroupRequest<'a> {
    /// string (groupId).
    pub group_id: Str<'a>,
    /// int32.
    pub generation_id: i32,
    /// string.
    pub member_id: Str<'a>,
    /// string, versions 3+, nullable.
    pub group_instance_id: Option<Str<'a>>,
    /// string, versions 5+, nullable.
    pub protocol_type: Option<Str<'a>>,
    /// string, versions 5+, nullable.
    pub protocol_name: Option<Str<'a>>,
    /// array of SyncGroupRequestAssignment.
    pub assignments: Vec<SyncGroupRequestAssignment<'a>>,
}

impl<'a> Decode<'a> for SyncGroupRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 4;
        let mut x = Self::default();
        x.group_id = r.string(flex)?;
        x.generation_id = r.i32()?;
        x.member_id = r.string(flex)?;
        if v >= 3 { x.group_instance_id = r.opt_string(flex, v >= 3)?; }
        if v >= 5 { x.protocol_type = r.opt_string(flex, v >= 5)?; }
        if v >= 5 { x.protocol_name = r.opt_string(flex, v >= 5)?; }
        x.assignments = r.array(flex, 3, |r| SyncGroupRequestAssignment::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for SyncGroupRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 4;
        w.string(flex, &self.group_id);
        w.i32(self.generation_id);
        w.string(flex, &self.member_id);
        if v >= 3 { w.opt_string(flex, v >= 3, self.group_instance_id.as_deref()); }
        if v >= 5 { w.opt_string(flex, v >= 5, self.protocol_type.as_deref()); }
        if v >= 5 { w.opt_string(flex, v >= 5, self.protocol_name.as_deref()); }
        w.array(flex, &self.assignments, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `SyncGroupRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SyncGroupRequestAssignment<'a> {
    /// string.
    pub member_id: Str<'a>,
    /// bytes.
    pub assignment: Cow<'a, [u8]>,
}

impl<'a> Decode<'a> for SyncGroupRequestAssignment<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 4;
        let mut x = Self::default();
        x.member_id = r.string(flex)?;
        x.assignment = r.bytes(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for SyncGroupRequestAssignment<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 4;
        w.string(flex, &self.member_id);
        w.bytes(flex, &self.assignment);
        w.no_tags(flex);
    }
}

impl Message for SyncGroupRequest<'_> {
    const KEY: i16 = 14;
    const NAME: &'static str = "SyncGroupRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 5;
    const FLEXIBLE_FROM: i16 = 4;
}

impl Request for SyncGroupRequest<'_> {
    type Response<'r> = super::SyncGroupResponse<'r>;
}
