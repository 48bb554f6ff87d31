// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DeleteAclsRequest`: request of API 31, versions 1-3, flexible from 2.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteAclsRequest<'a> {
    /// array of DeleteAclsFilter.
    pub filters: Vec<DeleteAclsFilter<'a>>,
}

impl<'a> Decode<'a> for DeleteAclsRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 2;
        let mut x = Self::default();
        x.filters = r.array(flex, 8, |r| DeleteAclsFilter::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DeleteAclsRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.array(flex, &self.filters, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DeleteAclsRequest`.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteAclsFilter<'a> {
    /// int8.
    pub resource_type_filter: i8,
    /// string, nullable.
    pub resource_name_filter: Option<Str<'a>>,
    /// int8, default 3.
    pub pattern_type_filter: i8,
    /// string, nullable.
    pub principal_filter: Option<Str<'a>>,
    /// string, nullable.
    pub host_filter: Option<Str<'a>>,
    /// int8.
    pub operation: i8,
    /// int8.
    pub permission_type: i8,
}

impl Default for DeleteAclsFilter<'_> {
    fn default() -> Self {
        Self {
            resource_type_filter: Default::default(),
            resource_name_filter: Some(Default::default()),
            pattern_type_filter: 3,
            principal_filter: Some(Default::default()),
            host_filter: Some(Default::default()),
            operation: Default::default(),
            permission_type: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for DeleteAclsFilter<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 2;
        let mut x = Self::default();
        x.resource_type_filter = r.i8()?;
        x.resource_name_filter = r.opt_string(flex, true)?;
        x.pattern_type_filter = r.i8()?;
        x.principal_filter = r.opt_string(flex, true)?;
        x.host_filter = r.opt_string(flex, true)?;
        x.operation = r.i8()?;
        x.permission_type = r.i8()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DeleteAclsFilter<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.i8(self.resource_type_filter);
        w.opt_string(flex, true, self.resource_name_filter.as_deref());
        w.i8(self.pattern_type_filter);
        w.opt_string(flex, true, self.principal_filter.as_deref());
        w.opt_string(flex, true, self.host_filter.as_deref());
        w.i8(self.operation);
        w.i8(self.permission_type);
        w.no_tags(flex);
    }
}

impl Message for DeleteAclsRequest<'_> {
    const KEY: i16 = 31;
    const NAME: &'static str = "DeleteAclsRequest";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 3;
    const FLEXIBLE_FROM: i16 = 2;
}

impl Request for DeleteAclsRequest<'_> {
    type Response<'r> = super::DeleteAclsResponse<'r>;
}
