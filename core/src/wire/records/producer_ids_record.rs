// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `ProducerIdsRecord`: metadata 15 of __cluster_metadata, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct ProducerIdsRecord {
    /// int32 (brokerId).
    pub broker_id: i32,
    /// int64, default -1.
    pub broker_epoch: i64,
    /// int64.
    pub next_producer_id: i64,
}

impl Default for ProducerIdsRecord {
    fn default() -> Self {
        Self {
            broker_id: Default::default(),
            broker_epoch: -1,
            next_producer_id: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for ProducerIdsRecord {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.broker_id = r.i32()?;
        x.broker_epoch = r.i64()?;
        x.next_producer_id = r.i64()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ProducerIdsRecord {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.broker_id);
        w.i64(self.broker_epoch);
        w.i64(self.next_producer_id);
        w.no_tags(flex);
    }
}

impl Message for ProducerIdsRecord {
    const KEY: i16 = 15;
    const NAME: &'static str = "ProducerIdsRecord";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
