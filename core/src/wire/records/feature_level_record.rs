// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `FeatureLevelRecord`: metadata 12 of __cluster_metadata, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeatureLevelRecord<'a> {
    /// string.
    pub name: Str<'a>,
    /// int16.
    pub feature_level: i16,
}

impl<'a> Decode<'a> for FeatureLevelRecord<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.feature_level = r.i16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for FeatureLevelRecord<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.i16(self.feature_level);
        w.no_tags(flex);
    }
}

impl Message for FeatureLevelRecord<'_> {
    const KEY: i16 = 12;
    const NAME: &'static str = "FeatureLevelRecord";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
