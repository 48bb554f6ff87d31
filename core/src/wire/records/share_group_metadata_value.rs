// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `ShareGroupMetadataValue`: coordinator-value 11 of __consumer_offsets, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupMetadataValue {
    /// int32.
    pub epoch: i32,
    /// int64.
    pub metadata_hash: i64,
}

impl<'a> Decode<'a> for ShareGroupMetadataValue {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.epoch = r.i32()?;
        x.metadata_hash = r.i64()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ShareGroupMetadataValue {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.epoch);
        w.i64(self.metadata_hash);
        w.no_tags(flex);
    }
}

impl Message for ShareGroupMetadataValue {
    const KEY: i16 = 11;
    const NAME: &'static str = "ShareGroupMetadataValue";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
