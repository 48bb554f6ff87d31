// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `CreateDelegationTokenRequest`: request of API 38, versions 1-3, flexible from 2.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateDelegationTokenRequest<'a> {
    /// string, versions 3+, nullable.
    pub owner_principal_type: Option<Str<'a>>,
    /// string, versions 3+, nullable.
    pub owner_principal_name: Option<Str<'a>>,
    /// array of CreatableRenewers.
    pub renewers: Vec<CreatableRenewers<'a>>,
    /// int64.
    pub max_lifetime_ms: i64,
}

impl Default for CreateDelegationTokenRequest<'_> {
    fn default() -> Self {
        Self {
            owner_principal_type: Some(Default::default()),
            owner_principal_name: Some(Default::default()),
            renewers: Default::default(),
            max_lifetime_ms: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for CreateDelegationTokenRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 2;
        let mut x = Self::default();
        if v >= 3 { x.owner_principal_type = r.opt_string(flex, v >= 3)?; }
        if v >= 3 { x.owner_principal_name = r.opt_string(flex, v >= 3)?; }
        x.renewers = r.array(flex, 3, |r| CreatableRenewers::decode(r, v))?;
        x.max_lifetime_ms = r.i64()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for CreateDelegationTokenRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        if v >= 3 { w.opt_string(flex, v >= 3, self.owner_principal_type.as_deref()); }
        if v >= 3 { w.opt_string(flex, v >= 3, self.owner_principal_name.as_deref()); }
        w.array(flex, &self.renewers, |w, x| x.encode(w, v));
        w.i64(self.max_lifetime_ms);
        w.no_tags(flex);
    }
}

/// Part of `CreateDelegationTokenRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatableRenewers<'a> {
    /// string.
    pub principal_type: Str<'a>,
    /// string.
    pub principal_name: Str<'a>,
}

impl<'a> Decode<'a> for CreatableRenewers<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 2;
        let mut x = Self::default();
        x.principal_type = r.string(flex)?;
        x.principal_name = r.string(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for CreatableRenewers<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.string(flex, &self.principal_type);
        w.string(flex, &self.principal_name);
        w.no_tags(flex);
    }
}

impl Message for CreateDelegationTokenRequest<'_> {
    const KEY: i16 = 38;
    const NAME: &'static str = "CreateDelegationTokenRequest";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 3;
    const FLEXIBLE_FROM: i16 = 2;
}

impl Request for CreateDelegationTokenRequest<'_> {
    type Response<'r> = super::CreateDelegationTokenResponse<'r>;
}
