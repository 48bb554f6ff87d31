// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `UserScramCredentialRecord`: metadata 11 of __cluster_metadata, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserScramCredentialRecord<'a> {
    /// string.
    pub name: Str<'a>,
    /// int8.
    pub mechanism: i8,
    /// bytes.
    pub salt: Cow<'a, [u8]>,
    /// bytes.
    pub stored_key: Cow<'a, [u8]>,
    /// bytes.
    pub server_key: Cow<'a, [u8]>,
    /// int32.
    pub iterations: i32,
}

impl<'a> Decode<'a> for UserScramCredentialRecord<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.mechanism = r.i8()?;
        x.salt = r.bytes(flex)?;
        x.stored_key = r.bytes(flex)?;
        x.server_key = r.bytes(flex)?;
        x.iterations = r.i32()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for UserScramCredentialRecord<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.i8(self.mechanism);
        w.bytes(flex, &self.salt);
        w.bytes(flex, &self.stored_key);
        w.bytes(flex, &self.server_key);
        w.i32(self.iterations);
        w.no_tags(flex);
    }
}

impl Message for UserScramCredentialRecord<'_> {
    const KEY: i16 = 11;
    const NAME: &'static str = "UserScramCredentialRecord";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
