// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `NoOpRecord`: metadata 20 of __cluster_metadata, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NoOpRecord {
}

impl<'a> Decode<'a> for NoOpRecord {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for NoOpRecord {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.no_tags(flex);
    }
}

impl Message for NoOpRecord {
    const KEY: i16 = 20;
    const NAME: &'static str = "NoOpRecord";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
