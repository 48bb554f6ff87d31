// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `JoinGroupRequest`: request of API 11, versions 0-9, flexible from 6.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinGroupRequest<'a> {
    /// string (groupId).
    pub group_id: Str<'a>,
    /// int32.
    pub session_timeout_ms: i32,
    /// int32, versions 1+, default -1.
    pub rebalance_timeout_ms: i32,
    /// string.
    pub member_id: Str<'a>,
    /// string, versions 5+, nullable.
    pub group_instance_id: Option<Str<'a>>,
    /// string.
    pub protocol_type: Str<'a>,
    /// array of JoinGroupRequestProtocol.
    pub protocols: Vec<JoinGroupRequestProtocol<'a>>,
    /// string, versions 8+, nullable.
    pub reason: Option<Str<'a>>,
}

impl Default for JoinGroupRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: Default::default(),
            session_timeout_ms: Default::default(),
            rebalance_timeout_ms: -1,
            member_id: Default::default(),
            group_instance_id: Default::default(),
            protocol_type: Default::default(),
            protocols: Default::default(),
            reason: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for JoinGroupRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 6;
        let mut x = Self::default();
        x.group_id = r.string(flex)?;
        x.session_timeout_ms = r.i32()?;
        if v >= 1 { x.rebalance_timeout_ms = r.i32()?; }
        x.member_id = r.string(flex)?;
        if v >= 5 { x.group_instance_id = r.opt_string(flex, v >= 5)?; }
        x.protocol_type = r.string(flex)?;
        x.protocols = r.array(flex, 3, |r| JoinGroupRequestProtocol::decode(r, v))?;
        if v >= 8 { x.reason = r.opt_string(flex, v >= 8)?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for JoinGroupRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 6;
        w.string(flex, &self.group_id);
        w.i32(self.session_timeout_ms);
        if v >= 1 { w.i32(self.rebalance_timeout_ms); }
        w.string(flex, &self.member_id);
        if v >= 5 { w.opt_string(flex, v >= 5, self.group_instance_id.as_deref()); }
        w.string(flex, &self.protocol_type);
        w.array(flex, &self.protocols, |w, x| x.encode(w, v));
        if v >= 8 { w.opt_string(flex, v >= 8, self.reason.as_deref()); }
        w.no_tags(flex);
    }
}

/// Part of `JoinGroupRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JoinGroupRequestProtocol<'a> {
    /// string.
    pub name: Str<'a>,
    /// bytes.
    pub metadata: Cow<'a, [u8]>,
}

impl<'a> Decode<'a> for JoinGroupRequestProtocol<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 6;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.metadata = r.bytes(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for JoinGroupRequestProtocol<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 6;
        w.string(flex, &self.name);
        w.bytes(flex, &self.metadata);
        w.no_tags(flex);
    }
}

impl Message for JoinGroupRequest<'_> {
    const KEY: i16 = 11;
    const NAME: &'static str = "JoinGroupRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 9;
    const FLEXIBLE_FROM: i16 = 6;
}

impl Request for JoinGroupRequest<'_> {
    type Response<'r> = super::JoinGroupResponse<'r>;
}
