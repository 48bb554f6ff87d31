// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `BeginTransactionRecord`: metadata 23 of __cluster_metadata, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BeginTransactionRecord<'a> {
    /// string, nullable, tag 0.
    pub name: Option<Str<'a>>,
}

impl<'a> Decode<'a> for BeginTransactionRecord<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        if flex {
            r.tags(&mut |tag, r| {
                match tag {
                    0 => x.name = r.opt_string(flex, true)?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(x)
    }
}

impl Encode for BeginTransactionRecord<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        if flex {
            let has_name = self.name.is_some();
            w.uvarint(u32::from(has_name));
            if has_name { w.tag(0, &mut |w| w.opt_string(flex, true, self.name.as_deref())); }
        }
    }
}

impl Message for BeginTransactionRecord<'_> {
    const KEY: i16 = 23;
    const NAME: &'static str = "BeginTransactionRecord";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
