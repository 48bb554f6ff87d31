// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `SaslAuthenticateResponse`: response of API 36, versions 0-2, flexible from 2.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct SaslAuthenticateResponse<'a> {
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
    /// bytes.
    pub auth_bytes: Cow<'a, [u8]>,
    /// int64, versions 1+, default 0.
    pub session_lifetime_ms: i64,
}

impl Default for SaslAuthenticateResponse<'_> {
    fn default() -> Self {
        Self {
            error_code: Default::default(),
            error_message: Some(Default::default()),
            auth_bytes: Default::default(),
            session_lifetime_ms: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for SaslAuthenticateResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 2;
        let mut x = Self::default();
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        x.auth_bytes = r.bytes(flex)?;
        if v >= 1 { x.session_lifetime_ms = r.i64()?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for SaslAuthenticateResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        w.bytes(flex, &self.auth_bytes);
        if v >= 1 { w.i64(self.session_lifetime_ms); }
        w.no_tags(flex);
    }
}

impl Message for SaslAuthenticateResponse<'_> {
    const KEY: i16 = 36;
    const NAME: &'static str = "SaslAuthenticateResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 2;
    const FLEXIBLE_FROM: i16 = 2;
}
