// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `DefaultPrincipalData`: embedded:principal, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DefaultPrincipalData<'a> {
    /// string.
    pub r#type: Str<'a>,
    /// string.
    pub name: Str<'a>,
    /// bool.
    pub token_authenticated: bool,
}

impl<'a> Decode<'a> for DefaultPrincipalData<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.r#type = r.string(flex)?;
        x.name = r.string(flex)?;
        x.token_authenticated = r.bool()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DefaultPrincipalData<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.r#type);
        w.string(flex, &self.name);
        w.bool(self.token_authenticated);
        w.no_tags(flex);
    }
}

impl Message for DefaultPrincipalData<'_> {
    const KEY: i16 = -1;
    const NAME: &'static str = "DefaultPrincipalData";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
