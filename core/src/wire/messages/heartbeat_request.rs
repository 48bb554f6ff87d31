// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `HeartbeatRequest`: request of API 12, versions 0-4, flexible from 4.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeartbeatRequest<'a> {
    /// string (groupId).
    pub group_id: Str<'a>,
    /// int32.
    pub generation_id: i32,
    /// string.
    pub member_id: Str<'a>,
    /// string, versions 3+, nullable.
    pub group_instance_id: Option<Str<'a>>,
}

impl<'a> Decode<'a> for HeartbeatRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 4;
        let mut x = Self::default();
        x.group_id = r.string(flex)?;
        x.generation_id = r.i32()?;
        x.member_id = r.string(flex)?;
        if v >= 3 { x.group_instance_id = r.opt_string(flex, v >= 3)?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for HeartbeatRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 4;
        w.string(flex, &self.group_id);
        w.i32(self.generation_id);
        w.string(flex, &self.member_id);
        if v >= 3 { w.opt_string(flex, v >= 3, self.group_instance_id.as_deref()); }
        w.no_tags(flex);
    }
}

impl Message for HeartbeatRequest<'_> {
    const KEY: i16 = 12;
    const NAME: &'static str = "HeartbeatRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 4;
    const FLEXIBLE_FROM: i16 = 4;
}

impl Request for HeartbeatRequest<'_> {
    type Response<'r> = super::HeartbeatResponse;
}
