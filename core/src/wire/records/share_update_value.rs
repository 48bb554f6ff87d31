// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `ShareUpdateValue`: coordinator-value 1 of __share_group_state, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct ShareUpdateValue {
    /// int32.
    pub snapshot_epoch: i32,
    /// int32.
    pub leader_epoch: i32,
    /// int64.
    pub start_offset: i64,
    /// int32, tag 0, default -1.
    pub delivery_complete_count: i32,
    /// array of StateBatch.
    pub state_batches: Vec<StateBatch>,
}

impl Default for ShareUpdateValue {
    fn default() -> Self {
        Self {
            snapshot_epoch: Default::default(),
            leader_epoch: Default::default(),
            start_offset: Default::default(),
            delivery_complete_count: -1,
            state_batches: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for ShareUpdateValue {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.snapshot_epoch = r.i32()?;
        x.leader_epoch = r.i32()?;
        x.start_offset = r.i64()?;
        x.state_batches = r.array(flex, 20, |r| StateBatch::decode(r, v))?;
        if flex {
            r.tags(&mut |tag, r| {
                match tag {
                    0 => x.delivery_complete_count = r.i32()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(x)
    }
}

impl Encode for ShareUpdateValue {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.snapshot_epoch);
        w.i32(self.leader_epoch);
        w.i64(self.start_offset);
        w.array(flex, &self.state_batches, |w, x| x.encode(w, v));
        if flex {
            let has_delivery_complete_count = self.delivery_complete_count != -1;
            w.uvarint(u32::from(has_delivery_complete_count));
            if has_delivery_complete_count { w.tag(0, &mut |w| w.i32(self.delivery_complete_count)); }
        }
    }
}

/// Part of `ShareUpdateValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateBatch {
    /// int64.
    pub first_offset: i64,
    /// int64.
    pub last_offset: i64,
    /// int8.
    pub delivery_state: i8,
    /// int16.
    pub delivery_count: i16,
}

impl<'a> Decode<'a> for StateBatch {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.first_offset = r.i64()?;
        x.last_offset = r.i64()?;
        x.delivery_state = r.i8()?;
        x.delivery_count = r.i16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for StateBatch {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i64(self.first_offset);
        w.i64(self.last_offset);
        w.i8(self.delivery_state);
        w.i16(self.delivery_count);
        w.no_tags(flex);
    }
}

impl Message for ShareUpdateValue {
    const KEY: i16 = 1;
    const NAME: &'static str = "ShareUpdateValue";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
