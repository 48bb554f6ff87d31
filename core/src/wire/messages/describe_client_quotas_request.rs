// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DescribeClientQuotasRequest`: request of API 48, versions 0-1, flexible from 1.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeClientQuotasRequest<'a> {
    /// array of ComponentData.
    pub components: Vec<ComponentData<'a>>,
    /// bool.
    pub strict: bool,
}

impl<'a> Decode<'a> for DescribeClientQuotasRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 1;
        let mut x = Self::default();
        x.components = r.array(flex, 4, |r| ComponentData::decode(r, v))?;
        x.strict = r.bool()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeClientQuotasRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 1;
        w.array(flex, &self.components, |w, x| x.encode(w, v));
        w.bool(self.strict);
        w.no_tags(flex);
    }
}

/// Part of `DescribeClientQuotasRequest`.
#[derive(Clone, Debug, PartialEq)]
pub struct ComponentData<'a> {
    /// string.
    pub entity_type: Str<'a>,
    /// int8.
    pub match_type: i8,
    /// string, nullable.
    pub r#match: Option<Str<'a>>,
}

impl Default for ComponentData<'_> {
    fn default() -> Self {
        Self {
            entity_type: Default::default(),
            match_type: Default::default(),
            r#match: Some(Default::default()),
        }
    }
}

impl<'a> Decode<'a> for ComponentData<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 1;
        let mut x = Self::default();
        x.entity_type = r.string(flex)?;
        x.match_type = r.i8()?;
        x.r#match = r.opt_string(flex, true)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ComponentData<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 1;
        w.string(flex, &self.entity_type);
        w.i8(self.match_type);
        w.opt_string(flex, true, self.r#match.as_deref());
        w.no_tags(flex);
    }
}

impl Message for DescribeClientQuotasRequest<'_> {
    const KEY: i16 = 48;
    const NAME: &'static str = "DescribeClientQuotasRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 1;
    const FLEXIBLE_FROM: i16 = 1;
}

impl Request for DescribeClientQuotasRequest<'_> {
    type Response<'r> = super::DescribeClientQuotasResponse<'r>;
}
