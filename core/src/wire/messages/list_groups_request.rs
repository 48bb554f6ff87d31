// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ListGroupsRequest`: request of API 16, versions 0-5, flexible from 3.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListGroupsRequest<'a> {
    /// array of string, versions 4+.
    pub states_filter: Vec<Str<'a>>,
    /// array of string, versions 5+.
    pub types_filter: Vec<Str<'a>>,
}

impl<'a> Decode<'a> for ListGroupsRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 3;
        let mut x = Self::default();
        if v >= 4 { x.states_filter = r.array(flex, 1, |r| r.string(flex))?; }
        if v >= 5 { x.types_filter = r.array(flex, 1, |r| r.string(flex))?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ListGroupsRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 3;
        if v >= 4 { w.array(flex, &self.states_filter, |w, x| w.string(flex, x)); }
        if v >= 5 { w.array(flex, &self.types_filter, |w, x| w.string(flex, x)); }
        w.no_tags(flex);
    }
}

impl Message for ListGroupsRequest<'_> {
    const KEY: i16 = 16;
    const NAME: &'static str = "ListGroupsRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 5;
    const FLEXIBLE_FROM: i16 = 3;
}

impl Request for ListGroupsRequest<'_> {
    type Response<'r> = super::ListGroupsResponse<'r>;
}
