// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `LegacyOffsetCommitValue`: coordinator-value 0 of __consumer_offsets, versions 0, never flexible.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LegacyOffsetCommitValue<'a> {
    /// int64.
    pub offset: i64,
    /// string.
    pub metadata: Str<'a>,
    /// int64.
    pub commit_timestamp: i64,
}

impl<'a> Decode<'a> for LegacyOffsetCommitValue<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = false;
        let mut x = Self::default();
        x.offset = r.i64()?;
        x.metadata = r.string(flex)?;
        x.commit_timestamp = r.i64()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for LegacyOffsetCommitValue<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = false;
        w.i64(self.offset);
        w.string(flex, &self.metadata);
        w.i64(self.commit_timestamp);
        w.no_tags(flex);
    }
}

impl Message for LegacyOffsetCommitValue<'_> {
    const KEY: i16 = 0;
    const NAME: &'static str = "LegacyOffsetCommitValue";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = i16::MAX;
}
