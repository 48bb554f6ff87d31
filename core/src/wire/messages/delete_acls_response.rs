// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DeleteAclsResponse`: response of API 31, versions 1-3, flexible from 2.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteAclsResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// array of DeleteAclsFilterResult.
    pub filter_results: Vec<DeleteAclsFilterResult<'a>>,
}

impl<'a> Decode<'a> for DeleteAclsResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 2;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.filter_results = r.array(flex, 5, |r| DeleteAclsFilterResult::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DeleteAclsResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.i32(self.throttle_time_ms);
        w.array(flex, &self.filter_results, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DeleteAclsResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteAclsFilterResult<'a> {
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
    /// array of DeleteAclsMatchingAcl.
    pub matching_acls: Vec<DeleteAclsMatchingAcl<'a>>,
}

impl Default for DeleteAclsFilterResult<'_> {
    fn default() -> Self {
        Self {
            error_code: Default::default(),
            error_message: Some(Default::default()),
            matching_acls: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for DeleteAclsFilterResult<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 2;
        let mut x = Self::default();
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        x.matching_acls = r.array(flex, 11, |r| DeleteAclsMatchingAcl::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DeleteAclsFilterResult<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        w.array(flex, &self.matching_acls, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DeleteAclsResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteAclsMatchingAcl<'a> {
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
    /// int8.
    pub resource_type: i8,
    /// string.
    pub resource_name: Str<'a>,
    /// int8, default 3.
    pub pattern_type: i8,
    /// string.
    pub principal: Str<'a>,
    /// string.
    pub host: Str<'a>,
    /// int8.
    pub operation: i8,
    /// int8.
    pub permission_type: i8,
}

impl Default for DeleteAclsMatchingAcl<'_> {
    fn default() -> Self {
        Self {
            error_code: Default::default(),
            error_message: Some(Default::default()),
            resource_type: Default::default(),
            resource_name: Default::default(),
            pattern_type: 3,
            principal: Default::default(),
            host: Default::default(),
            operation: Default::default(),
            permission_type: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for DeleteAclsMatchingAcl<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 2;
        let mut x = Self::default();
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        x.resource_type = r.i8()?;
        x.resource_name = r.string(flex)?;
        x.pattern_type = r.i8()?;
        x.principal = r.string(flex)?;
        x.host = r.string(flex)?;
        x.operation = r.i8()?;
        x.permission_type = r.i8()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DeleteAclsMatchingAcl<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        w.i8(self.resource_type);
        w.string(flex, &self.resource_name);
        w.i8(self.pattern_type);
        w.string(flex, &self.principal);
        w.string(flex, &self.host);
        w.i8(self.operation);
        w.i8(self.permission_type);
        w.no_tags(flex);
    }
}

impl Message for DeleteAclsResponse<'_> {
    const KEY: i16 = 31;
    const NAME: &'static str = "DeleteAclsResponse";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 3;
    const FLEXIBLE_FROM: i16 = 2;
}
