// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `RemoveDelegationTokenRecord`: metadata 26 of __cluster_metadata, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemoveDelegationTokenRecord<'a> {
    /// string.
    pub token_id: Str<'a>,
}

impl<'a> Decode<'a> for RemoveDelegationTokenRecord<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.token_id = r.string(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for RemoveDelegationTokenRecord<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.token_id);
        w.no_tags(flex);
    }
}

impl Message for RemoveDelegationTokenRecord<'_> {
    const KEY: i16 = 26;
    const NAME: &'static str = "RemoveDelegationTokenRecord";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
