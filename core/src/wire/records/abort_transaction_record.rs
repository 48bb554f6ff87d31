// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `AbortTransactionRecord`: metadata 25 of __cluster_metadata, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AbortTransactionRecord<'a> {
    /// string, nullable, tag 0.
    pub reason: Option<Str<'a>>,
}

impl<'a> Decode<'a> for AbortTransactionRecord<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        if flex {
            r.tags(&mut |tag, r| {
                match tag {
                    0 => x.reason = r.opt_string(flex, true)?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(x)
    }
}

impl Encode for AbortTransactionRecord<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        if flex {
            let has_reason = self.reason.is_some();
            w.uvarint(u32::from(has_reason));
            if has_reason { w.tag(0, &mut |w| w.opt_string(flex, true, self.reason.as_deref())); }
        }
    }
}

impl Message for AbortTransactionRecord<'_> {
    const KEY: i16 = 25;
    const NAME: &'static str = "AbortTransactionRecord";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
