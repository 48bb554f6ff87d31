// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `AlterClientQuotasResponse`: response of API 49, versions 0-1, flexible from 1.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterClientQuotasResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// array of EntryData.
    pub entries: Vec<EntryData<'a>>,
}

impl<'a> Decode<'a> for AlterClientQuotasResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 1;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.entries = r.array(flex, 5, |r| EntryData::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AlterClientQuotasResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 1;
        w.i32(self.throttle_time_ms);
        w.array(flex, &self.entries, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `AlterClientQuotasResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryData<'a> {
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
    /// array of EntityData.
    pub entity: Vec<EntityData<'a>>,
}

impl Default for EntryData<'_> {
    fn default() -> Self {
        Self {
            error_code: Default::default(),
            error_message: Some(Default::default()),
            entity: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for EntryData<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 1;
        let mut x = Self::default();
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        x.entity = r.array(flex, 3, |r| EntityData::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for EntryData<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 1;
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        w.array(flex, &self.entity, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `AlterClientQuotasResponse`.
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

impl Message for AlterClientQuotasResponse<'_> {
    const KEY: i16 = 49;
    const NAME: &'static str = "AlterClientQuotasResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 1;
    const FLEXIBLE_FROM: i16 = 1;
}
