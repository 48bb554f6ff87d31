// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `GroupMetadataKey`: coordinator-key 2 of __consumer_offsets, versions 0, never flexible.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupMetadataKey<'a> {
    /// string.
    pub group: Str<'a>,
}

impl<'a> Decode<'a> for GroupMetadataKey<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = false;
        let mut x = Self::default();
        x.group = r.string(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for GroupMetadataKey<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = false;
        w.string(flex, &self.group);
        w.no_tags(flex);
    }
}

impl Message for GroupMetadataKey<'_> {
    const KEY: i16 = 2;
    const NAME: &'static str = "GroupMetadataKey";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = i16::MAX;
}
