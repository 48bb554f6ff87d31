// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `ConsumerGroupMetadataValue`: coordinator-value 3 of __consumer_offsets, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupMetadataValue {
    /// int32.
    pub epoch: i32,
    /// int64, tag 0, default 0.
    pub metadata_hash: i64,
}

impl<'a> Decode<'a> for ConsumerGroupMetadataValue {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.epoch = r.i32()?;
        if flex {
            r.tags(&mut |tag, r| {
                match tag {
                    0 => x.metadata_hash = r.i64()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(x)
    }
}

impl Encode for ConsumerGroupMetadataValue {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.epoch);
        if flex {
            let has_metadata_hash = self.metadata_hash != 0;
            w.uvarint(u32::from(has_metadata_hash));
            if has_metadata_hash { w.tag(0, &mut |w| w.i64(self.metadata_hash)); }
        }
    }
}

impl Message for ConsumerGroupMetadataValue {
    const KEY: i16 = 3;
    const NAME: &'static str = "ConsumerGroupMetadataValue";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
