// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DescribeGroupsResponse`: response of API 15, versions 0-6, flexible from 5.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeGroupsResponse<'a> {
    /// int32, versions 1+.
    pub throttle_time_ms: i32,
    /// array of DescribedGroup.
    pub groups: Vec<DescribedGroup<'a>>,
}

impl<'a> Decode<'a> for DescribeGroupsResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 5;
        let mut x = Self::default();
        if v >= 1 { x.throttle_time_ms = r.i32()?; }
        x.groups = r.array(flex, 12, |r| DescribedGroup::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeGroupsResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 5;
        if v >= 1 { w.i32(self.throttle_time_ms); }
        w.array(flex, &self.groups, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DescribeGroupsResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedGroup<'a> {
    /// int16.
    pub error_code: i16,
    /// string, versions 6+, nullable.
    pub error_message: Option<Str<'a>>,
    /// string (groupId).
    pub group_id: Str<'a>,
    /// string.
    pub group_state: Str<'a>,
    /// string.
    pub protocol_type: Str<'a>,
    /// string.
    pub protocol_data: Str<'a>,
    /// array of DescribedGroupMember.
    pub members: Vec<DescribedGroupMember<'a>>,
    /// int32, versions 3+, default -2147483648.
    pub authorized_operations: i32,
}

impl Default for DescribedGroup<'_> {
    fn default() -> Self {
        Self {
            error_code: Default::default(),
            error_message: Default::default(),
            group_id: Default::default(),
            group_state: Default::default(),
            protocol_type: Default::default(),
            protocol_data: Default::default(),
            members: Default::default(),
            authorized_operations: -2147483648,
        }
    }
}

impl<'a> Decode<'a> for DescribedGroup<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 5;
        let mut x = Self::default();
        x.error_code = r.i16()?;
        if v >= 6 { x.error_message = r.opt_string(flex, v >= 6)?; }
        x.group_id = r.string(flex)?;
        x.group_state = r.string(flex)?;
        x.protocol_type = r.string(flex)?;
        x.protocol_data = r.string(flex)?;
        x.members = r.array(flex, 7, |r| DescribedGroupMember::decode(r, v))?;
        if v >= 3 { x.authorized_operations = r.i32()?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribedGroup<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 5;
        w.i16(self.error_code);
        if v >= 6 { w.opt_string(flex, v >= 6, self.error_message.as_deref()); }
        w.string(flex, &self.group_id);
        w.string(flex, &self.group_state);
        w.string(flex, &self.protocol_type);
        w.string(flex, &self.protocol_data);
        w.array(flex, &self.members, |w, x| x.encode(w, v));
        if v >= 3 { w.i32(self.authorized_operations); }
        w.no_tags(flex);
    }
}

/// Part of `DescribeGroupsResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribedGroupMember<'a> {
    /// string.
    pub member_id: Str<'a>,
    /// string, versions 4+, nullable.
    pub group_instance_id: Option<Str<'a>>,
    /// string.
    pub client_id: Str<'a>,
    /// string.
    pub client_host: Str<'a>,
    /// bytes.
    pub member_metadata: Cow<'a, [u8]>,
    /// bytes.
    pub member_assignment: Cow<'a, [u8]>,
}

impl<'a> Decode<'a> for DescribedGroupMember<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 5;
        let mut x = Self::default();
        x.member_id = r.string(flex)?;
        if v >= 4 { x.group_instance_id = r.opt_string(flex, v >= 4)?; }
        x.client_id = r.string(flex)?;
        x.client_host = r.string(flex)?;
        x.member_metadata = r.bytes(flex)?;
        x.member_assignment = r.bytes(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribedGroupMember<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 5;
        w.string(flex, &self.member_id);
        if v >= 4 { w.opt_string(flex, v >= 4, self.group_instance_id.as_deref()); }
        w.string(flex, &self.client_id);
        w.string(flex, &self.client_host);
        w.bytes(flex, &self.member_metadata);
        w.bytes(flex, &self.member_assignment);
        w.no_tags(flex);
    }
}

impl Message for DescribeGroupsResponse<'_> {
    const KEY: i16 = 15;
    const NAME: &'static str = "DescribeGroupsResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 6;
    const FLEXIBLE_FROM: i16 = 5;
}
