// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DescribeDelegationTokenResponse`: response of API 41, versions 1-3, flexible from 2.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeDelegationTokenResponse<'a> {
    /// int16.
    pub error_code: i16,
    /// array of DescribedDelegationToken.
    pub tokens: Vec<DescribedDelegationToken<'a>>,
    /// int32.
    pub throttle_time_ms: i32,
}

impl<'a> Decode<'a> for DescribeDelegationTokenResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 2;
        let mut x = Self::default();
        x.error_code = r.i16()?;
        x.tokens = r.array(flex, 30, |r| DescribedDelegationToken::decode(r, v))?;
        x.throttle_time_ms = r.i32()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeDelegationTokenResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.i16(self.error_code);
        w.array(flex, &self.tokens, |w, x| x.encode(w, v));
        w.i32(self.throttle_time_ms);
        w.no_tags(flex);
    }
}

/// Part of `DescribeDelegationTokenResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribedDelegationToken<'a> {
    /// string.
    pub principal_type: Str<'a>,
    /// string.
    pub principal_name: Str<'a>,
    /// string, versions 3+.
    pub token_requester_principal_type: Str<'a>,
    /// string, versions 3+.
    pub token_requester_principal_name: Str<'a>,
    /// int64.
    pub issue_timestamp: i64,
    /// int64.
    pub expiry_timestamp: i64,
    /// int64.
    pub max_timestamp: i64,
    /// string.
    pub token_id: Str<'a>,
    /// bytes.
    pub hmac: Cow<'a, [u8]>,
    /// array of DescribedDelegationTokenRenewer.
    pub renewers: Vec<DescribedDelegationTokenRenewer<'a>>,
}

impl<'a> Decode<'a> for DescribedDelegationToken<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 2;
        let mut x = Self::default();
        x.principal_type = r.string(flex)?;
        x.principal_name = r.string(flex)?;
        if v >= 3 { x.token_requester_principal_type = r.string(flex)?; }
        if v >= 3 { x.token_requester_principal_name = r.string(flex)?; }
        x.issue_timestamp = r.i64()?;
        x.expiry_timestamp = r.i64()?;
        x.max_timestamp = r.i64()?;
        x.token_id = r.string(flex)?;
        x.hmac = r.bytes(flex)?;
        x.renewers = r.array(flex, 3, |r| DescribedDelegationTokenRenewer::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribedDelegationToken<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.string(flex, &self.principal_type);
        w.string(flex, &self.principal_name);
        if v >= 3 { w.string(flex, &self.token_requester_principal_type); }
        if v >= 3 { w.string(flex, &self.token_requester_principal_name); }
        w.i64(self.issue_timestamp);
        w.i64(self.expiry_timestamp);
        w.i64(self.max_timestamp);
        w.string(flex, &self.token_id);
        w.bytes(flex, &self.hmac);
        w.array(flex, &self.renewers, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DescribeDelegationTokenResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribedDelegationTokenRenewer<'a> {
    /// string.
    pub principal_type: Str<'a>,
    /// string.
    pub principal_name: Str<'a>,
}

impl<'a> Decode<'a> for DescribedDelegationTokenRenewer<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 2;
        let mut x = Self::default();
        x.principal_type = r.string(flex)?;
        x.principal_name = r.string(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribedDelegationTokenRenewer<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.string(flex, &self.principal_type);
        w.string(flex, &self.principal_name);
        w.no_tags(flex);
    }
}

impl Message for DescribeDelegationTokenResponse<'_> {
    const KEY: i16 = 41;
    const NAME: &'static str = "DescribeDelegationTokenResponse";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 3;
    const FLEXIBLE_FROM: i16 = 2;
}
