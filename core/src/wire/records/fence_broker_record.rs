// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `FenceBrokerRecord`: metadata 7 of __cluster_metadata, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FenceBrokerRecord {
    /// int32 (brokerId).
    pub id: i32,
    /// int64.
    pub epoch: i64,
}

impl<'a> Decode<'a> for FenceBrokerRecord {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.id = r.i32()?;
        x.epoch = r.i64()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for FenceBrokerRecord {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.id);
        w.i64(self.epoch);
        w.no_tags(flex);
    }
}

impl Message for FenceBrokerRecord {
    const KEY: i16 = 7;
    const NAME: &'static str = "FenceBrokerRecord";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
