// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DescribeGroupsRequest`: request of API 15, versions 0-6, flexible from 5.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeGroupsRequest<'a> {
    /// array of string (groupId).
    pub groups: Vec<Str<'a>>,
    /// bool, versions 3+.
    pub include_authorized_operations: bool,
}

impl<'a> Decode<'a> for DescribeGroupsRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 5;
        let mut x = Self::default();
        x.groups = r.array(flex, 1, |r| r.string(flex))?;
        if v >= 3 { x.include_authorized_operations = r.bool()?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeGroupsRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 5;
        w.array(flex, &self.groups, |w, x| w.string(flex, x));
        if v >= 3 { w.bool(self.include_authorized_operations); }
        w.no_tags(flex);
    }
}

impl Message for DescribeGroupsRequest<'_> {
    const KEY: i16 = 15;
    const NAME: &'static str = "DescribeGroupsRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 6;
    const FLEXIBLE_FROM: i16 = 5;
}

impl Request for DescribeGroupsRequest<'_> {
    type Response<'r> = super::DescribeGroupsResponse<'r>;
}
