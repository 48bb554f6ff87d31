// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `ControlRecordTypeSchema`: control-record, versions 0, never flexible.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ControlRecordTypeSchema {
    /// int16.
    pub r#type: i16,
}

impl<'a> Decode<'a> for ControlRecordTypeSchema {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = false;
        let mut x = Self::default();
        x.r#type = r.i16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ControlRecordTypeSchema {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = false;
        w.i16(self.r#type);
        w.no_tags(flex);
    }
}

impl Message for ControlRecordTypeSchema {
    const KEY: i16 = -1;
    const NAME: &'static str = "ControlRecordTypeSchema";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = i16::MAX;
}
