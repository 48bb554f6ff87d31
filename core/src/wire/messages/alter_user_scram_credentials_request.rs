// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `AlterUserScramCredentialsRequest`: request of API 51, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterUserScramCredentialsRequest<'a> {
    /// array of ScramCredentialDeletion.
    pub deletions: Vec<ScramCredentialDeletion<'a>>,
    /// array of ScramCredentialUpsertion.
    pub upsertions: Vec<ScramCredentialUpsertion<'a>>,
}

impl<'a> Decode<'a> for AlterUserScramCredentialsRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.deletions = r.array(flex, 3, |r| ScramCredentialDeletion::decode(r, v))?;
        x.upsertions = r.array(flex, 9, |r| ScramCredentialUpsertion::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AlterUserScramCredentialsRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.array(flex, &self.deletions, |w, x| x.encode(w, v));
        w.array(flex, &self.upsertions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `AlterUserScramCredentialsRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScramCredentialDeletion<'a> {
    /// string.
    pub name: Str<'a>,
    /// int8.
    pub mechanism: i8,
}

impl<'a> Decode<'a> for ScramCredentialDeletion<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.mechanism = r.i8()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ScramCredentialDeletion<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.i8(self.mechanism);
        w.no_tags(flex);
    }
}

/// Part of `AlterUserScramCredentialsRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScramCredentialUpsertion<'a> {
    /// string.
    pub name: Str<'a>,
    /// int8.
    pub mechanism: i8,
    /// int32.
    pub iterations: i32,
    /// bytes.
    pub salt: Cow<'a, [u8]>,
    /// bytes.
    pub salted_password: Cow<'a, [u8]>,
}

impl<'a> Decode<'a> for ScramCredentialUpsertion<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.mechanism = r.i8()?;
        x.iterations = r.i32()?;
        x.salt = r.bytes(flex)?;
        x.salted_password = r.bytes(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ScramCredentialUpsertion<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.i8(self.mechanism);
        w.i32(self.iterations);
        w.bytes(flex, &self.salt);
        w.bytes(flex, &self.salted_password);
        w.no_tags(flex);
    }
}

impl Message for AlterUserScramCredentialsRequest<'_> {
    const KEY: i16 = 51;
    const NAME: &'static str = "AlterUserScramCredentialsRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}

impl Request for AlterUserScramCredentialsRequest<'_> {
    type Response<'r> = super::AlterUserScramCredentialsResponse<'r>;
}
