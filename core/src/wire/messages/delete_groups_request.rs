// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DeleteGroupsRequest`: request of API 42, versions 0-2, flexible from 2.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteGroupsRequest<'a> {
    /// array of string (groupId).
    pub groups_names: Vec<Str<'a>>,
}

impl<'a> Decode<'a> for DeleteGroupsRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 2;
        let mut x = Self::default();
        x.groups_names = r.array(flex, 1, |r| r.string(flex))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DeleteGroupsRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.array(flex, &self.groups_names, |w, x| w.string(flex, x));
        w.no_tags(flex);
    }
}

impl Message for DeleteGroupsRequest<'_> {
    const KEY: i16 = 42;
    const NAME: &'static str = "DeleteGroupsRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 2;
    const FLEXIBLE_FROM: i16 = 2;
}

impl Request for DeleteGroupsRequest<'_> {
    type Response<'r> = super::DeleteGroupsResponse<'r>;
}
