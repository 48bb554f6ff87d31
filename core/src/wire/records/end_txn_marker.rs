// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `EndTxnMarker`: control-record, versions 0, never flexible.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndTxnMarker {
    /// int32.
    pub coordinator_epoch: i32,
}

impl<'a> Decode<'a> for EndTxnMarker {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = false;
        let mut x = Self::default();
        x.coordinator_epoch = r.i32()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for EndTxnMarker {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = false;
        w.i32(self.coordinator_epoch);
        w.no_tags(flex);
    }
}

impl Message for EndTxnMarker {
    const KEY: i16 = -1;
    const NAME: &'static str = "EndTxnMarker";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = i16::MAX;
}
