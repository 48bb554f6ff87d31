// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `CreateAclsRequest`: request of API 30, versions 1-3, flexible from 2.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreateAclsRequest<'a> {
    /// array of AclCreation.
    pub creations: Vec<AclCreation<'a>>,
}

impl<'a> Decode<'a> for CreateAclsRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 2;
        let mut x = Self::default();
        x.creations = r.array(flex, 8, |r| AclCreation::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for CreateAclsRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.array(flex, &self.creations, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `CreateAclsRequest`.
#[derive(Clone, Debug, PartialEq)]
pub struct AclCreation<'a> {
    /// int8.
    pub resource_type: i8,
    /// string.
    pub resource_name: Str<'a>,
    /// int8, default 3.
    pub resource_pattern_type: i8,
    /// string.
    pub principal: Str<'a>,
    /// string.
    pub host: Str<'a>,
    /// int8.
    pub operation: i8,
    /// int8.
    pub permission_type: i8,
}

impl Default for AclCreation<'_> {
    fn default() -> Self {
        Self {
            resource_type: Default::default(),
            resource_name: Default::default(),
            resource_pattern_type: 3,
            principal: Default::default(),
            host: Default::default(),
            operation: Default::default(),
            permission_type: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for AclCreation<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 2;
        let mut x = Self::default();
        x.resource_type = r.i8()?;
        x.resource_name = r.string(flex)?;
        x.resource_pattern_type = r.i8()?;
        x.principal = r.string(flex)?;
        x.host = r.string(flex)?;
        x.operation = r.i8()?;
        x.permission_type = r.i8()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AclCreation<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.i8(self.resource_type);
        w.string(flex, &self.resource_name);
        w.i8(self.resource_pattern_type);
        w.string(flex, &self.principal);
        w.string(flex, &self.host);
        w.i8(self.operation);
        w.i8(self.permission_type);
        w.no_tags(flex);
    }
}

impl Message for CreateAclsRequest<'_> {
    const KEY: i16 = 30;
    const NAME: &'static str = "CreateAclsRequest";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 3;
    const FLEXIBLE_FROM: i16 = 2;
}

impl Request for CreateAclsRequest<'_> {
    type Response<'r> = super::CreateAclsResponse<'r>;
}
