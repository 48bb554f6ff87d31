// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `ClientQuotaRecord`: metadata 14 of __cluster_metadata, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClientQuotaRecord<'a> {
    /// array of EntityData.
    pub entity: Vec<EntityData<'a>>,
    /// string.
    pub key: Str<'a>,
    /// float64.
    pub value: f64,
    /// bool.
    pub remove: bool,
}

impl<'a> Decode<'a> for ClientQuotaRecord<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.entity = r.array(flex, 3, |r| EntityData::decode(r, v))?;
        x.key = r.string(flex)?;
        x.value = r.f64()?;
        x.remove = r.bool()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ClientQuotaRecord<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.array(flex, &self.entity, |w, x| x.encode(w, v));
        w.string(flex, &self.key);
        w.f64(self.value);
        w.bool(self.remove);
        w.no_tags(flex);
    }
}

/// Part of `ClientQuotaRecord`.
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
        let flex = true;
        let mut x = Self::default();
        x.entity_type = r.string(flex)?;
        x.entity_name = r.opt_string(flex, true)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for EntityData<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.entity_type);
        w.opt_string(flex, true, self.entity_name.as_deref());
        w.no_tags(flex);
    }
}

impl Message for ClientQuotaRecord<'_> {
    const KEY: i16 = 14;
    const NAME: &'static str = "ClientQuotaRecord";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
