// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DescribeConfigsResponse`: response of API 32, versions 1-4, flexible from 4.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeConfigsResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// array of DescribeConfigsResult.
    pub results: Vec<DescribeConfigsResult<'a>>,
}

impl<'a> Decode<'a> for DescribeConfigsResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 4;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.results = r.array(flex, 7, |r| DescribeConfigsResult::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeConfigsResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 4;
        w.i32(self.throttle_time_ms);
        w.array(flex, &self.results, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DescribeConfigsResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsResult<'a> {
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
    /// int8.
    pub resource_type: i8,
    /// string.
    pub resource_name: Str<'a>,
    /// array of DescribeConfigsResourceResult.
    pub configs: Vec<DescribeConfigsResourceResult<'a>>,
}

impl Default for DescribeConfigsResult<'_> {
    fn default() -> Self {
        Self {
            error_code: Default::default(),
            error_message: Some(Default::default()),
            resource_type: Default::default(),
            resource_name: Default::default(),
            configs: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for DescribeConfigsResult<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 4;
        let mut x = Self::default();
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        x.resource_type = r.i8()?;
        x.resource_name = r.string(flex)?;
        x.configs = r.array(flex, 9, |r| DescribeConfigsResourceResult::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeConfigsResult<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 4;
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        w.i8(self.resource_type);
        w.string(flex, &self.resource_name);
        w.array(flex, &self.configs, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DescribeConfigsResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsResourceResult<'a> {
    /// string.
    pub name: Str<'a>,
    /// string, nullable.
    pub value: Option<Str<'a>>,
    /// bool.
    pub read_only: bool,
    /// int8, default -1.
    pub config_source: i8,
    /// bool.
    pub is_sensitive: bool,
    /// array of DescribeConfigsSynonym.
    pub synonyms: Vec<DescribeConfigsSynonym<'a>>,
    /// int8, versions 3+, default 0.
    pub config_type: i8,
    /// string, versions 3+, nullable.
    pub documentation: Option<Str<'a>>,
}

impl Default for DescribeConfigsResourceResult<'_> {
    fn default() -> Self {
        Self {
            name: Default::default(),
            value: Some(Default::default()),
            read_only: Default::default(),
            config_source: -1,
            is_sensitive: Default::default(),
            synonyms: Default::default(),
            config_type: Default::default(),
            documentation: Some(Default::default()),
        }
    }
}

impl<'a> Decode<'a> for DescribeConfigsResourceResult<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 4;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.value = r.opt_string(flex, true)?;
        x.read_only = r.bool()?;
        x.config_source = r.i8()?;
        x.is_sensitive = r.bool()?;
        x.synonyms = r.array(flex, 4, |r| DescribeConfigsSynonym::decode(r, v))?;
        if v >= 3 { x.config_type = r.i8()?; }
        if v >= 3 { x.documentation = r.opt_string(flex, true)?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeConfigsResourceResult<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 4;
        w.string(flex, &self.name);
        w.opt_string(flex, true, self.value.as_deref());
        w.bool(self.read_only);
        w.i8(self.config_source);
        w.bool(self.is_sensitive);
        w.array(flex, &self.synonyms, |w, x| x.encode(w, v));
        if v >= 3 { w.i8(self.config_type); }
        if v >= 3 { w.opt_string(flex, true, self.documentation.as_deref()); }
        w.no_tags(flex);
    }
}

/// Part of `DescribeConfigsResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeConfigsSynonym<'a> {
    /// string.
    pub name: Str<'a>,
    /// string, nullable.
    pub value: Option<Str<'a>>,
    /// int8.
    pub source: i8,
}

impl Default for DescribeConfigsSynonym<'_> {
    fn default() -> Self {
        Self {
            name: Default::default(),
            value: Some(Default::default()),
            source: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for DescribeConfigsSynonym<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 4;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.value = r.opt_string(flex, true)?;
        x.source = r.i8()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeConfigsSynonym<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 4;
        w.string(flex, &self.name);
        w.opt_string(flex, true, self.value.as_deref());
        w.i8(self.source);
        w.no_tags(flex);
    }
}

impl Message for DescribeConfigsResponse<'_> {
    const KEY: i16 = 32;
    const NAME: &'static str = "DescribeConfigsResponse";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 4;
    const FLEXIBLE_FROM: i16 = 4;
}
