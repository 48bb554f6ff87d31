// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ListGroupsResponse`: response of API 16, versions 0-5, flexible from 3.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListGroupsResponse<'a> {
    /// int32, versions 1+.
    pub throttle_time_ms: i32,
    /// int16.
    pub error_code: i16,
    /// array of ListedGroup.
    pub groups: Vec<ListedGroup<'a>>,
}

impl<'a> Decode<'a> for ListGroupsResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 3;
        let mut x = Self::default();
        if v >= 1 { x.throttle_time_ms = r.i32()?; }
        x.error_code = r.i16()?;
        x.groups = r.array(flex, 3, |r| ListedGroup::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ListGroupsResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 3;
        if v >= 1 { w.i32(self.throttle_time_ms); }
        w.i16(self.error_code);
        w.array(flex, &self.groups, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ListGroupsResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListedGroup<'a> {
    /// string (groupId).
    pub group_id: Str<'a>,
    /// string.
    pub protocol_type: Str<'a>,
    /// string, versions 4+.
    pub group_state: Str<'a>,
    /// string, versions 5+.
    pub group_type: Str<'a>,
}

impl<'a> Decode<'a> for ListedGroup<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 3;
        let mut x = Self::default();
        x.group_id = r.string(flex)?;
        x.protocol_type = r.string(flex)?;
        if v >= 4 { x.group_state = r.string(flex)?; }
        if v >= 5 { x.group_type = r.string(flex)?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ListedGroup<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 3;
        w.string(flex, &self.group_id);
        w.string(flex, &self.protocol_type);
        if v >= 4 { w.string(flex, &self.group_state); }
        if v >= 5 { w.string(flex, &self.group_type); }
        w.no_tags(flex);
    }
}

impl Message for ListGroupsResponse<'_> {
    const KEY: i16 = 16;
    const NAME: &'static str = "ListGroupsResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 5;
    const FLEXIBLE_FROM: i16 = 3;
}
