// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DescribeUserScramCredentialsRequest`: request of API 50, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeUserScramCredentialsRequest<'a> {
    /// array of UserName, nullable.
    pub users: Option<Vec<UserName<'a>>>,
}

impl Default for DescribeUserScramCredentialsRequest<'_> {
    fn default() -> Self {
        Self {
            users: Some(Default::default()),
        }
    }
}

impl<'a> Decode<'a> for DescribeUserScramCredentialsRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.users = r.opt_array(flex, true, 2, |r| UserName::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeUserScramCredentialsRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.opt_array(flex, true, self.users.as_deref(), |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DescribeUserScramCredentialsRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserName<'a> {
    /// string.
    pub name: Str<'a>,
}

impl<'a> Decode<'a> for UserName<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for UserName<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.no_tags(flex);
    }
}

impl Message for DescribeUserScramCredentialsRequest<'_> {
    const KEY: i16 = 50;
    const NAME: &'static str = "DescribeUserScramCredentialsRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}

impl Request for DescribeUserScramCredentialsRequest<'_> {
    type Response<'r> = super::DescribeUserScramCredentialsResponse<'r>;
}
