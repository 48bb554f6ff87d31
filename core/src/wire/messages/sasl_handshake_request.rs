// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `SaslHandshakeRequest`: request of API 17, versions 0-1, never flexible.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SaslHandshakeRequest<'a> {
    /// string.
    pub mechanism: Str<'a>,
}

impl<'a> Decode<'a> for SaslHandshakeRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = false;
        let mut x = Self::default();
        x.mechanism = r.string(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for SaslHandshakeRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = false;
        w.string(flex, &self.mechanism);
        w.no_tags(flex);
    }
}

impl Message for SaslHandshakeRequest<'_> {
    const KEY: i16 = 17;
    const NAME: &'static str = "SaslHandshakeRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 1;
    const FLEXIBLE_FROM: i16 = i16::MAX;
}

impl Request for SaslHandshakeRequest<'_> {
    type Response<'r> = super::SaslHandshakeResponse<'r>;
}
