// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `EndTransactionRecord`: metadata 24 of __cluster_metadata, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndTransactionRecord {
}

impl<'a> Decode<'a> for EndTransactionRecord {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for EndTransactionRecord {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.no_tags(flex);
    }
}

impl Message for EndTransactionRecord {
    const KEY: i16 = 24;
    const NAME: &'static str = "EndTransactionRecord";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
