// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `AlterClientQuotasRequest`: request of API 49, versions 0-1, flexible from 1.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterClientQuotasRequest<'a> {
    /// array of EntryData.
    pub entries: Vec<EntryData<'a>>,
    /// bool.
    pub validate_only: bool,
}

impl<'a> Decode<'a> for AlterClientQuotasRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 1;
        let mut x = Self::default();
        x.entries = r.array(flex, 3, |r| EntryData::decode(r, v))?;
        x.validate_only = r.bool()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AlterClientQuotasRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 1;
        w.array(flex, &self.entries, |w, x| x.encode(w, v));
        w.bool(self.validate_only);
        w.no_tags(flex);
    }
}

/// Part of `AlterClientQuotasRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EntryData<'a> {
    /// array of EntityData.
    pub entity: Vec<EntityData<'a>>,
    /// array of OpData.
    pub ops: Vec<OpData<'a>>,
}

impl<'a> Decode<'a> for EntryData<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 1;
        let mut x = Self::default();
        x.entity = r.array(flex, 3, |r| EntityData::decode(r, v))?;
        x.ops = r.array(flex, 11, |r| OpData::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for EntryData<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 1;
        w.array(flex, &self.entity, |w, x| x.encode(w, v));
        w.array(flex, &self.ops, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `AlterClientQuotasRequest`.
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

/// Part of `AlterClientQuotasRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpData<'a> {
    /// string.
    pub key: Str<'a>,
    /// float64.
    pub value: f64,
    /// bool.
    pub remove: bool,
}

impl<'a> Decode<'a> for OpData<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 1;
        let mut x = Self::default();
        x.key = r.string(flex)?;
        x.value = r.f64()?;
        x.remove = r.bool()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OpData<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 1;
        w.string(flex, &self.key);
        w.f64(self.value);
        w.bool(self.remove);
        w.no_tags(flex);
    }
}

impl Message for AlterClientQuotasRequest<'_> {
    const KEY: i16 = 49;
    const NAME: &'static str = "AlterClientQuotasRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 1;
    const FLEXIBLE_FROM: i16 = 1;
}

impl Request for AlterClientQuotasRequest<'_> {
    type Response<'r> = super::AlterClientQuotasResponse<'r>;
}
