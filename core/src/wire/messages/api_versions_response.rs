// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ApiVersionsResponse`: response of API 18, versions 0-4, flexible from 3.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiVersionsResponse<'a> {
    /// int16.
    pub error_code: i16,
    /// array of ApiVersion.
    pub api_keys: Vec<ApiVersion>,
    /// int32, versions 1+.
    pub throttle_time_ms: i32,
    /// array of SupportedFeatureKey, versions 3+, tag 0.
    pub supported_features: Vec<SupportedFeatureKey<'a>>,
    /// int64, versions 3+, tag 1, default -1.
    pub finalized_features_epoch: i64,
    /// array of FinalizedFeatureKey, versions 3+, tag 2.
    pub finalized_features: Vec<FinalizedFeatureKey<'a>>,
    /// bool, versions 3+, tag 3, default false.
    pub zk_migration_ready: bool,
}

impl Default for ApiVersionsResponse<'_> {
    fn default() -> Self {
        Self {
            error_code: Default::default(),
            api_keys: Default::default(),
            throttle_time_ms: Default::default(),
            supported_features: Default::default(),
            finalized_features_epoch: -1,
            finalized_features: Default::default(),
            zk_migration_ready: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for ApiVersionsResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 3;
        let mut x = Self::default();
        x.error_code = r.i16()?;
        x.api_keys = r.array(flex, 6, |r| ApiVersion::decode(r, v))?;
        if v >= 1 { x.throttle_time_ms = r.i32()?; }
        if flex {
            r.tags(&mut |tag, r| {
                match tag {
                    0 if v >= 3 => x.supported_features = r.array(flex, 6, |r| SupportedFeatureKey::decode(r, v))?,
                    1 if v >= 3 => x.finalized_features_epoch = r.i64()?,
                    2 if v >= 3 => x.finalized_features = r.array(flex, 6, |r| FinalizedFeatureKey::decode(r, v))?,
                    3 if v >= 3 => x.zk_migration_ready = r.bool()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(x)
    }
}

impl Encode for ApiVersionsResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 3;
        w.i16(self.error_code);
        w.array(flex, &self.api_keys, |w, x| x.encode(w, v));
        if v >= 1 { w.i32(self.throttle_time_ms); }
        if flex {
            let has_supported_features = v >= 3 && !self.supported_features.is_empty();
            let has_finalized_features_epoch = v >= 3 && self.finalized_features_epoch != -1;
            let has_finalized_features = v >= 3 && !self.finalized_features.is_empty();
            let has_zk_migration_ready = v >= 3 && self.zk_migration_ready;
            w.uvarint(u32::from(has_supported_features) + u32::from(has_finalized_features_epoch) + u32::from(has_finalized_features) + u32::from(has_zk_migration_ready));
            if has_supported_features { w.tag(0, &mut |w| w.array(flex, &self.supported_features, |w, x| x.encode(w, v))); }
            if has_finalized_features_epoch { w.tag(1, &mut |w| w.i64(self.finalized_features_epoch)); }
            if has_finalized_features { w.tag(2, &mut |w| w.array(flex, &self.finalized_features, |w, x| x.encode(w, v))); }
            if has_zk_migration_ready { w.tag(3, &mut |w| w.bool(self.zk_migration_ready)); }
        }
    }
}

/// Part of `ApiVersionsResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApiVersion {
    /// int16.
    pub api_key: i16,
    /// int16.
    pub min_version: i16,
    /// int16.
    pub max_version: i16,
}

impl<'a> Decode<'a> for ApiVersion {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 3;
        let mut x = Self::default();
        x.api_key = r.i16()?;
        x.min_version = r.i16()?;
        x.max_version = r.i16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ApiVersion {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 3;
        w.i16(self.api_key);
        w.i16(self.min_version);
        w.i16(self.max_version);
        w.no_tags(flex);
    }
}

/// Part of `ApiVersionsResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SupportedFeatureKey<'a> {
    /// string.
    pub name: Str<'a>,
    /// int16.
    pub min_version: i16,
    /// int16.
    pub max_version: i16,
}

impl<'a> Decode<'a> for SupportedFeatureKey<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.min_version = r.i16()?;
        x.max_version = r.i16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for SupportedFeatureKey<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.i16(self.min_version);
        w.i16(self.max_version);
        w.no_tags(flex);
    }
}

/// Part of `ApiVersionsResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FinalizedFeatureKey<'a> {
    /// string.
    pub name: Str<'a>,
    /// int16.
    pub max_version_level: i16,
    /// int16.
    pub min_version_level: i16,
}

impl<'a> Decode<'a> for FinalizedFeatureKey<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.max_version_level = r.i16()?;
        x.min_version_level = r.i16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for FinalizedFeatureKey<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.i16(self.max_version_level);
        w.i16(self.min_version_level);
        w.no_tags(flex);
    }
}

impl Message for ApiVersionsResponse<'_> {
    const KEY: i16 = 18;
    const NAME: &'static str = "ApiVersionsResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 4;
    const FLEXIBLE_FROM: i16 = 3;
}
