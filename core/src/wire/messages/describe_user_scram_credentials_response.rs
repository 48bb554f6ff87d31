// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DescribeUserScramCredentialsResponse`: response of API 50, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeUserScramCredentialsResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
    /// array of DescribeUserScramCredentialsResult.
    pub results: Vec<DescribeUserScramCredentialsResult<'a>>,
}

impl Default for DescribeUserScramCredentialsResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: Default::default(),
            error_code: Default::default(),
            error_message: Some(Default::default()),
            results: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for DescribeUserScramCredentialsResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        x.results = r.array(flex, 6, |r| DescribeUserScramCredentialsResult::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeUserScramCredentialsResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        w.array(flex, &self.results, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DescribeUserScramCredentialsResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeUserScramCredentialsResult<'a> {
    /// string.
    pub user: Str<'a>,
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
    /// array of CredentialInfo.
    pub credential_infos: Vec<CredentialInfo>,
}

impl Default for DescribeUserScramCredentialsResult<'_> {
    fn default() -> Self {
        Self {
            user: Default::default(),
            error_code: Default::default(),
            error_message: Some(Default::default()),
            credential_infos: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for DescribeUserScramCredentialsResult<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.user = r.string(flex)?;
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        x.credential_infos = r.array(flex, 6, |r| CredentialInfo::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeUserScramCredentialsResult<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.user);
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        w.array(flex, &self.credential_infos, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DescribeUserScramCredentialsResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CredentialInfo {
    /// int8.
    pub mechanism: i8,
    /// int32.
    pub iterations: i32,
}

impl<'a> Decode<'a> for CredentialInfo {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.mechanism = r.i8()?;
        x.iterations = r.i32()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for CredentialInfo {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i8(self.mechanism);
        w.i32(self.iterations);
        w.no_tags(flex);
    }
}

impl Message for DescribeUserScramCredentialsResponse<'_> {
    const KEY: i16 = 50;
    const NAME: &'static str = "DescribeUserScramCredentialsResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
