// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ListConfigResourcesRequest`: request of API 74, versions 0-1, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListConfigResourcesRequest {
    /// array of int8, versions 1+.
    pub resource_types: Vec<i8>,
}

impl<'a> Decode<'a> for ListConfigResourcesRequest {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        if v >= 1 { x.resource_types = r.array(flex, 1, |r| r.i8())?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ListConfigResourcesRequest {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        if v >= 1 { w.array(flex, &self.resource_types, |w, x| w.i8(*x)); }
        w.no_tags(flex);
    }
}

impl Message for ListConfigResourcesRequest {
    const KEY: i16 = 74;
    const NAME: &'static str = "ListConfigResourcesRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 1;
    const FLEXIBLE_FROM: i16 = 0;
}

impl Request for ListConfigResourcesRequest {
    type Response<'r> = super::ListConfigResourcesResponse<'r>;
}
