// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DescribeDelegationTokenRequest`: request of API 41, versions 1-3, flexible from 2.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeDelegationTokenRequest<'a> {
    /// array of DescribeDelegationTokenOwner, nullable.
    pub owners: Option<Vec<DescribeDelegationTokenOwner<'a>>>,
}

impl Default for DescribeDelegationTokenRequest<'_> {
    fn default() -> Self {
        Self {
            owners: Some(Default::default()),
        }
    }
}

impl<'a> Decode<'a> for DescribeDelegationTokenRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 2;
        let mut x = Self::default();
        x.owners = r.opt_array(flex, true, 3, |r| DescribeDelegationTokenOwner::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeDelegationTokenRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.opt_array(flex, true, self.owners.as_deref(), |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DescribeDelegationTokenRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeDelegationTokenOwner<'a> {
    /// string.
    pub principal_type: Str<'a>,
    /// string.
    pub principal_name: Str<'a>,
}

impl<'a> Decode<'a> for DescribeDelegationTokenOwner<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 2;
        let mut x = Self::default();
        x.principal_type = r.string(flex)?;
        x.principal_name = r.string(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeDelegationTokenOwner<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.string(flex, &self.principal_type);
        w.string(flex, &self.principal_name);
        w.no_tags(flex);
    }
}

impl Message for DescribeDelegationTokenRequest<'_> {
    const KEY: i16 = 41;
    const NAME: &'static str = "DescribeDelegationTokenRequest";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 3;
    const FLEXIBLE_FROM: i16 = 2;
}

impl Request for DescribeDelegationTokenRequest<'_> {
    type Response<'r> = super::DescribeDelegationTokenResponse<'r>;
}
