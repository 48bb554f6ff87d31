// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `GroupMetadataValue`: coordinator-value 2 of __consumer_offsets, versions 0-4, flexible from 4.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupMetadataValue<'a> {
    /// string.
    pub protocol_type: Str<'a>,
    /// int32.
    pub generation: i32,
    /// string, nullable.
    pub protocol: Option<Str<'a>>,
    /// string, nullable.
    pub leader: Option<Str<'a>>,
    /// int64, versions 2+, default -1.
    pub current_state_timestamp: i64,
    /// array of MemberMetadata.
    pub members: Vec<MemberMetadata<'a>>,
}

impl Default for GroupMetadataValue<'_> {
    fn default() -> Self {
        Self {
            protocol_type: Default::default(),
            generation: Default::default(),
            protocol: Some(Default::default()),
            leader: Some(Default::default()),
            current_state_timestamp: -1,
            members: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for GroupMetadataValue<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 4;
        let mut x = Self::default();
        x.protocol_type = r.string(flex)?;
        x.generation = r.i32()?;
        x.protocol = r.opt_string(flex, true)?;
        x.leader = r.opt_string(flex, true)?;
        if v >= 2 { x.current_state_timestamp = r.i64()?; }
        x.members = r.array(flex, 15, |r| MemberMetadata::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for GroupMetadataValue<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 4;
        w.string(flex, &self.protocol_type);
        w.i32(self.generation);
        w.opt_string(flex, true, self.protocol.as_deref());
        w.opt_string(flex, true, self.leader.as_deref());
        if v >= 2 { w.i64(self.current_state_timestamp); }
        w.array(flex, &self.members, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `GroupMetadataValue`.
#[derive(Clone, Debug, PartialEq)]
pub struct MemberMetadata<'a> {
    /// string.
    pub member_id: Str<'a>,
    /// string, versions 3+, nullable.
    pub group_instance_id: Option<Str<'a>>,
    /// string.
    pub client_id: Str<'a>,
    /// string.
    pub client_host: Str<'a>,
    /// int32, versions 1+, default -1.
    pub rebalance_timeout: i32,
    /// int32.
    pub session_timeout: i32,
    /// bytes.
    pub subscription: Cow<'a, [u8]>,
    /// bytes.
    pub assignment: Cow<'a, [u8]>,
}

impl Default for MemberMetadata<'_> {
    fn default() -> Self {
        Self {
            member_id: Default::default(),
            group_instance_id: Default::default(),
            client_id: Default::default(),
            client_host: Default::default(),
            rebalance_timeout: -1,
            session_timeout: Default::default(),
            subscription: Default::default(),
            assignment: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for MemberMetadata<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 4;
        let mut x = Self::default();
        x.member_id = r.string(flex)?;
        if v >= 3 { x.group_instance_id = r.opt_string(flex, v >= 3)?; }
        x.client_id = r.string(flex)?;
        x.client_host = r.string(flex)?;
        if v >= 1 { x.rebalance_timeout = r.i32()?; }
        x.session_timeout = r.i32()?;
        x.subscription = r.bytes(flex)?;
        x.assignment = r.bytes(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for MemberMetadata<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 4;
        w.string(flex, &self.member_id);
        if v >= 3 { w.opt_string(flex, v >= 3, self.group_instance_id.as_deref()); }
        w.string(flex, &self.client_id);
        w.string(flex, &self.client_host);
        if v >= 1 { w.i32(self.rebalance_timeout); }
        w.i32(self.session_timeout);
        w.bytes(flex, &self.subscription);
        w.bytes(flex, &self.assignment);
        w.no_tags(flex);
    }
}

impl Message for GroupMetadataValue<'_> {
    const KEY: i16 = 2;
    const NAME: &'static str = "GroupMetadataValue";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 4;
    const FLEXIBLE_FROM: i16 = 4;
}
