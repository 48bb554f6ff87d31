// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `RemoveUserScramCredentialRecord`: metadata 22 of __cluster_metadata, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemoveUserScramCredentialRecord<'a> {
    /// string.
    pub name: Str<'a>,
    /// int8.
    pub mechanism: i8,
}

impl<'a> Decode<'a> for RemoveUserScramCredentialRecord<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.mechanism = r.i8()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for RemoveUserScramCredentialRecord<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.i8(self.mechanism);
        w.no_tags(flex);
    }
}

impl Message for RemoveUserScramCredentialRecord<'_> {
    const KEY: i16 = 22;
    const NAME: &'static str = "RemoveUserScramCredentialRecord";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
