// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DescribeClientQuotasResponse`: response of API 48, versions 0-1, flexible from 1.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeClientQuotasResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
    /// array of EntryData, nullable.
    pub entries: Option<Vec<EntryData<'a>>>,
}

impl Default for DescribeClientQuotasResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: Default::default(),
            error_code: Default::default(),
            error_message: Some(Default::default()),
            entries: Some(Default::default()),
        }
    }
}

impl<'a> Decode<'a> for DescribeClientQuotasResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 1;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        x.entries = r.opt_array(flex, true, 3, |r| EntryData::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeClientQuotasResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 1;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        w.opt_array(flex, true, self.entries.as_deref(), |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DescribeClientQuotasResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EntryData<'a> {
    /// array of EntityData.
    pub entity: Vec<EntityData<'a>>,
    /// array of ValueData.
    pub values: Vec<ValueData<'a>>,
}

impl<'a> Decode<'a> for EntryData<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 1;
        let mut x = Self::default();
        x.entity = r.array(flex, 3, |r| EntityData::decode(r, v))?;
        x.values = r.array(flex, 10, |r| ValueData::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for EntryData<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 1;
        w.array(flex, &self.entity, |w, x| x.encode(w, v));
        w.array(flex, &self.values, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DescribeClientQuotasResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityData<'a> {
    /// string.
    pub entity_type: Str<'a>,
    /// string, nullable.
    pub entity_name: Option<Str<'a>>,
}

impl Default for EntityData<'_> {
    fn default() -> Self {
        Self {
            entity_type: Default::default(),
            entity_name: Some(Default::default()),
        }
    }
}

impl<'a> Decode<'a> for EntityData<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 1;
        let mut x = Self::default();
        x.entity_type = r.string(flex)?;
        x.entity_name = r.opt_string(flex, true)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for EntityData<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 1;
        w.string(flex, &self.entity_type);
        w.opt_string(flex, true, self.entity_name.as_deref());
        w.no_tags(flex);
    }
}

/// Part of `DescribeClientQuotasResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ValueData<'a> {
    /// string.
    pub key: Str<'a>,
    /// float64.
    pub value: f64,
}

impl<'a> Decode<'a> for ValueData<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 1;
        let mut x = Self::default();
        x.key = r.string(flex)?;
        x.value = r.f64()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ValueData<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 1;
        w.string(flex, &self.key);
        w.f64(self.value);
        w.no_tags(flex);
    }
}

impl Message for DescribeClientQuotasResponse<'_> {
    const KEY: i16 = 48;
    const NAME: &'static str = "DescribeClientQuotasResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 1;
    const FLEXIBLE_FROM: i16 = 1;
}
