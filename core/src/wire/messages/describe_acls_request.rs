// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DescribeAclsRequest`: request of API 29, versions 1-3, flexible from 2.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeAclsRequest<'a> {
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

impl Default for DescribeAclsRequest<'_> {
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

impl<'a> Decode<'a> for DescribeAclsRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
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

impl Encode for DescribeAclsRequest<'_> {
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

impl Message for DescribeAclsRequest<'_> {
    const KEY: i16 = 29;
    const NAME: &'static str = "DescribeAclsRequest";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 3;
    const FLEXIBLE_FROM: i16 = 2;
}

impl Request for DescribeAclsRequest<'_> {
    type Response<'r> = super::DescribeAclsResponse<'r>;
}
