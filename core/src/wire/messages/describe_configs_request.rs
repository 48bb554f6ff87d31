// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DescribeConfigsRequest`: request of API 32, versions 1-4, flexible from 4.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeConfigsRequest<'a> {
    /// array of DescribeConfigsResource.
    pub resources: Vec<DescribeConfigsResource<'a>>,
    /// bool, default false.
    pub include_synonyms: bool,
    /// bool, versions 3+, default false.
    pub include_documentation: bool,
}

impl<'a> Decode<'a> for DescribeConfigsRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 4;
        let mut x = Self::default();
        x.resources = r.array(flex, 4, |r| DescribeConfigsResource::decode(r, v))?;
        x.include_synonyms = r.bool()?;
        if v >= 3 { x.include_documentation = r.bool()?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeConfigsRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 4;
        w.array(flex, &self.resources, |w, x| x.encode(w, v));
        w.bool(self.include_synonyms);
        if v >= 3 { w.bool(self.include_documentation); }
        w.no_tags(flex);
    }
}

/// Part of `DescribeConfigsRequest`.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsResource<'a> {
    /// int8.
    pub resource_type: i8,
    /// string.
    pub resource_name: Str<'a>,
    /// array of string, nullable.
    pub configuration_keys: Option<Vec<Str<'a>>>,
}

impl Default for DescribeConfigsResource<'_> {
    fn default() -> Self {
        Self {
            resource_type: Default::default(),
            resource_name: Default::default(),
            configuration_keys: Some(Default::default()),
        }
    }
}

impl<'a> Decode<'a> for DescribeConfigsResource<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 4;
        let mut x = Self::default();
        x.resource_type = r.i8()?;
        x.resource_name = r.string(flex)?;
        x.configuration_keys = r.opt_array(flex, true, 1, |r| r.string(flex))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeConfigsResource<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 4;
        w.i8(self.resource_type);
        w.string(flex, &self.resource_name);
        w.opt_array(flex, true, self.configuration_keys.as_deref(), |w, x| w.string(flex, x));
        w.no_tags(flex);
    }
}

impl Message for DescribeConfigsRequest<'_> {
    const KEY: i16 = 32;
    const NAME: &'static str = "DescribeConfigsRequest";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 4;
    const FLEXIBLE_FROM: i16 = 4;
}

impl Request for DescribeConfigsRequest<'_> {
    type Response<'r> = super::DescribeConfigsResponse<'r>;
}
