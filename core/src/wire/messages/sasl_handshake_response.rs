// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `SaslHandshakeResponse`: response of API 17, versions 0-1, never flexible.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SaslHandshakeResponse<'a> {
    /// int16.
    pub error_code: i16,
    /// array of string.
    pub mechanisms: Vec<Str<'a>>,
}

impl<'a> Decode<'a> for SaslHandshakeResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = false;
        let mut x = Self::default();
        x.error_code = r.i16()?;
        x.mechanisms = r.array(flex, 2, |r| r.string(flex))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for SaslHandshakeResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = false;
        w.i16(self.error_code);
        w.array(flex, &self.mechanisms, |w, x| w.string(flex, x));
        w.no_tags(flex);
    }
}

impl Message for SaslHandshakeResponse<'_> {
    const KEY: i16 = 17;
    const NAME: &'static str = "SaslHandshakeResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 1;
    const FLEXIBLE_FROM: i16 = i16::MAX;
}
