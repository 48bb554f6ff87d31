// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `SaslAuthenticateRequest`: request of API 36, versions 0-2, flexible from 2.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SaslAuthenticateRequest<'a> {
    /// bytes.
    pub auth_bytes: Cow<'a, [u8]>,
}

impl<'a> Decode<'a> for SaslAuthenticateRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 2;
        let mut x = Self::default();
        x.auth_bytes = r.bytes(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for SaslAuthenticateRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.bytes(flex, &self.auth_bytes);
        w.no_tags(flex);
    }
}

impl Message for SaslAuthenticateRequest<'_> {
    const KEY: i16 = 36;
    const NAME: &'static str = "SaslAuthenticateRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 2;
    const FLEXIBLE_FROM: i16 = 2;
}

impl Request for SaslAuthenticateRequest<'_> {
    type Response<'r> = super::SaslAuthenticateResponse<'r>;
}
