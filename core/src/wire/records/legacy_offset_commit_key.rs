// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `LegacyOffsetCommitKey`: coordinator-key 0 of __consumer_offsets, versions 0, never flexible.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LegacyOffsetCommitKey<'a> {
    /// string.
    pub group: Str<'a>,
    /// string.
    pub topic: Str<'a>,
    /// int32.
    pub partition: i32,
}

impl<'a> Decode<'a> for LegacyOffsetCommitKey<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = false;
        let mut x = Self::default();
        x.group = r.string(flex)?;
        x.topic = r.string(flex)?;
        x.partition = r.i32()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for LegacyOffsetCommitKey<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = false;
        w.string(flex, &self.group);
        w.string(flex, &self.topic);
        w.i32(self.partition);
        w.no_tags(flex);
    }
}

impl Message for LegacyOffsetCommitKey<'_> {
    const KEY: i16 = 0;
    const NAME: &'static str = "LegacyOffsetCommitKey";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = i16::MAX;
}
