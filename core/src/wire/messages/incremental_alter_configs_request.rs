// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `IncrementalAlterConfigsRequest`: request of API 44, versions 0-1, flexible from 1.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IncrementalAlterConfigsRequest<'a> {
    /// array of AlterConfigsResource.
    pub resources: Vec<AlterConfigsResource<'a>>,
    /// bool.
    pub validate_only: bool,
}

impl<'a> Decode<'a> for IncrementalAlterConfigsRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 1;
        let mut x = Self::default();
        x.resources = r.array(flex, 4, |r| AlterConfigsResource::decode(r, v))?;
        x.validate_only = r.bool()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for IncrementalAlterConfigsRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 1;
        w.array(flex, &self.resources, |w, x| x.encode(w, v));
        w.bool(self.validate_only);
        w.no_tags(flex);
    }
}

/// Part of `IncrementalAlterConfigsRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterConfigsResource<'a> {
    /// int8.
    pub resource_type: i8,
    /// string.
    pub resource_name: Str<'a>,
    /// array of AlterableConfig.
    pub configs: Vec<AlterableConfig<'a>>,
}

impl<'a> Decode<'a> for AlterConfigsResource<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 1;
        let mut x = Self::default();
        x.resource_type = r.i8()?;
        x.resource_name = r.string(flex)?;
        x.configs = r.array(flex, 4, |r| AlterableConfig::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AlterConfigsResource<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 1;
        w.i8(self.resource_type);
        w.string(flex, &self.resource_name);
        w.array(flex, &self.configs, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `IncrementalAlterConfigsRequest`.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterableConfig<'a> {
    /// string.
    pub name: Str<'a>,
    /// int8.
    pub config_operation: i8,
    /// string, nullable.
    pub value: Option<Str<'a>>,
}

impl Default for AlterableConfig<'_> {
    fn default() -> Self {
        Self {
            name: Default::default(),
            config_operation: Default::default(),
            value: Some(Default::default()),
        }
    }
}

impl<'a> Decode<'a> for AlterableConfig<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 1;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.config_operation = r.i8()?;
        x.value = r.opt_string(flex, true)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AlterableConfig<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 1;
        w.string(flex, &self.name);
        w.i8(self.config_operation);
        w.opt_string(flex, true, self.value.as_deref());
        w.no_tags(flex);
    }
}

impl Message for IncrementalAlterConfigsRequest<'_> {
    const KEY: i16 = 44;
    const NAME: &'static str = "IncrementalAlterConfigsRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 1;
    const FLEXIBLE_FROM: i16 = 1;
}

impl Request for IncrementalAlterConfigsRequest<'_> {
    type Response<'r> = super::IncrementalAlterConfigsResponse<'r>;
}
