// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `UpdateFeaturesRequest`: request of API 57, versions 0-2, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateFeaturesRequest<'a> {
    /// int32, default 60000.
    pub timeout_ms: i32,
    /// array of FeatureUpdateKey.
    pub feature_updates: Vec<FeatureUpdateKey<'a>>,
    /// bool, versions 1+, default false.
    pub validate_only: bool,
}

impl Default for UpdateFeaturesRequest<'_> {
    fn default() -> Self {
        Self {
            timeout_ms: 60000,
            feature_updates: Default::default(),
            validate_only: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for UpdateFeaturesRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.timeout_ms = r.i32()?;
        x.feature_updates = r.array(flex, 5, |r| FeatureUpdateKey::decode(r, v))?;
        if v >= 1 { x.validate_only = r.bool()?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for UpdateFeaturesRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.timeout_ms);
        w.array(flex, &self.feature_updates, |w, x| x.encode(w, v));
        if v >= 1 { w.bool(self.validate_only); }
        w.no_tags(flex);
    }
}

/// Part of `UpdateFeaturesRequest`.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureUpdateKey<'a> {
    /// string.
    pub feature: Str<'a>,
    /// int16.
    pub max_version_level: i16,
    /// bool, versions 0.
    pub allow_downgrade: bool,
    /// int8, versions 1+, default 1.
    pub upgrade_type: i8,
}

impl Default for FeatureUpdateKey<'_> {
    fn default() -> Self {
        Self {
            feature: Default::default(),
            max_version_level: Default::default(),
            allow_downgrade: Default::default(),
            upgrade_type: 1,
        }
    }
}

impl<'a> Decode<'a> for FeatureUpdateKey<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.feature = r.string(flex)?;
        x.max_version_level = r.i16()?;
        if v <= 0 { x.allow_downgrade = r.bool()?; }
        if v >= 1 { x.upgrade_type = r.i8()?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for FeatureUpdateKey<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.feature);
        w.i16(self.max_version_level);
        if v <= 0 { w.bool(self.allow_downgrade); }
        if v >= 1 { w.i8(self.upgrade_type); }
        w.no_tags(flex);
    }
}

impl Message for UpdateFeaturesRequest<'_> {
    const KEY: i16 = 57;
    const NAME: &'static str = "UpdateFeaturesRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 2;
    const FLEXIBLE_FROM: i16 = 0;
}

impl Request for UpdateFeaturesRequest<'_> {
    type Response<'r> = super::UpdateFeaturesResponse<'r>;
}
