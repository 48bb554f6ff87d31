// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ShareGroupDescribeRequest`: request of API 77, versions 1, flexible from 1.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupDescribeRequest<'a> {
    /// array of string (groupId).
    pub group_ids: Vec<Str<'a>>,
    /// bool.
    pub include_authorized_operations: bool,
}

impl<'a> Decode<'a> for ShareGroupDescribeRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.group_ids = r.array(flex, 1, |r| r.string(flex))?;
        x.include_authorized_operations = r.bool()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ShareGroupDescribeRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.array(flex, &self.group_ids, |w, x| w.string(flex, x));
        w.bool(self.include_authorized_operations);
        w.no_tags(flex);
    }
}

impl Message for ShareGroupDescribeRequest<'_> {
    const KEY: i16 = 77;
    const NAME: &'static str = "ShareGroupDescribeRequest";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 1;
    const FLEXIBLE_FROM: i16 = 1;
}

impl Request for ShareGroupDescribeRequest<'_> {
    type Response<'r> = super::ShareGroupDescribeResponse<'r>;
}
