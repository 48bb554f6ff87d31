// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `StreamsGroupTargetAssignmentMetadataValue`: coordinator-value 20 of __consumer_offsets, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupTargetAssignmentMetadataValue {
    /// int32.
    pub assignment_epoch: i32,
    /// int64, tag 0, default 0.
    pub assignment_timestamp: i64,
}

impl<'a> Decode<'a> for StreamsGroupTargetAssignmentMetadataValue {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.assignment_epoch = r.i32()?;
        if flex {
            r.tags(&mut |tag, r| {
                match tag {
                    0 => x.assignment_timestamp = r.i64()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(x)
    }
}

impl Encode for StreamsGroupTargetAssignmentMetadataValue {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.assignment_epoch);
        if flex {
            let has_assignment_timestamp = self.assignment_timestamp != 0;
            w.uvarint(u32::from(has_assignment_timestamp));
            if has_assignment_timestamp { w.tag(0, &mut |w| w.i64(self.assignment_timestamp)); }
        }
    }
}

impl Message for StreamsGroupTargetAssignmentMetadataValue {
    const KEY: i16 = 20;
    const NAME: &'static str = "StreamsGroupTargetAssignmentMetadataValue";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
