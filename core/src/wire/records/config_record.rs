// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `ConfigRecord`: metadata 4 of __cluster_metadata, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigRecord<'a> {
    /// int8.
    pub resource_type: i8,
    /// string.
    pub resource_name: Str<'a>,
    /// string.
    pub name: Str<'a>,
    /// string, nullable.
    pub value: Option<Str<'a>>,
}

impl Default for ConfigRecord<'_> {
    fn default() -> Self {
        Self {
            resource_type: Default::default(),
            resource_name: Default::default(),
            name: Default::default(),
            value: Some(Default::default()),
        }
    }
}

impl<'a> Decode<'a> for ConfigRecord<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.resource_type = r.i8()?;
        x.resource_name = r.string(flex)?;
        x.name = r.string(flex)?;
        x.value = r.opt_string(flex, true)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ConfigRecord<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i8(self.resource_type);
        w.string(flex, &self.resource_name);
        w.string(flex, &self.name);
        w.opt_string(flex, true, self.value.as_deref());
        w.no_tags(flex);
    }
}

impl Message for ConfigRecord<'_> {
    const KEY: i16 = 4;
    const NAME: &'static str = "ConfigRecord";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
