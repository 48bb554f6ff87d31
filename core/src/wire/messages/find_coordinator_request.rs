// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `FindCoordinatorRequest`: request of API 10, versions 0-6, flexible from 3.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FindCoordinatorRequest<'a> {
    /// string, versions 0-3.
    pub key: Str<'a>,
    /// int8, versions 1+, default 0.
    pub key_type: i8,
    /// array of string, versions 4+.
    pub coordinator_keys: Vec<Str<'a>>,
}

impl<'a> Decode<'a> for FindCoordinatorRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 3;
        let mut x = Self::default();
        if v <= 3 { x.key = r.string(flex)?; }
        if v >= 1 { x.key_type = r.i8()?; }
        if v >= 4 { x.coordinator_keys = r.array(flex, 1, |r| r.string(flex))?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for FindCoordinatorRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 3;
        if v <= 3 { w.string(flex, &self.key); }
        if v >= 1 { w.i8(self.key_type); }
        if v >= 4 { w.array(flex, &self.coordinator_keys, |w, x| w.string(flex, x)); }
        w.no_tags(flex);
    }
}

impl Message for FindCoordinatorRequest<'_> {
    const KEY: i16 = 10;
    const NAME: &'static str = "FindCoordinatorRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 6;
    const FLEXIBLE_FROM: i16 = 3;
}

impl Request for FindCoordinatorRequest<'_> {
    type Response<'r> = super::FindCoordinatorResponse<'r>;
}
