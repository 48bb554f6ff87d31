// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `UnregisterBrokerRecord`: metadata 1 of __cluster_metadata, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnregisterBrokerRecord {
    /// int32 (brokerId).
    pub broker_id: i32,
    /// int64.
    pub broker_epoch: i64,
}

impl<'a> Decode<'a> for UnregisterBrokerRecord {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.broker_id = r.i32()?;
        x.broker_epoch = r.i64()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for UnregisterBrokerRecord {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.broker_id);
        w.i64(self.broker_epoch);
        w.no_tags(flex);
    }
}

impl Message for UnregisterBrokerRecord {
    const KEY: i16 = 1;
    const NAME: &'static str = "UnregisterBrokerRecord";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
