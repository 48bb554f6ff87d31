// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `AccessControlEntryRecord`: metadata 18 of __cluster_metadata, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AccessControlEntryRecord<'a> {
    /// uuid.
    pub id: TopicId,
    /// int8.
    pub resource_type: i8,
    /// string.
    pub resource_name: Str<'a>,
    /// int8.
    pub pattern_type: i8,
    /// string.
    pub principal: Str<'a>,
    /// string.
    pub host: Str<'a>,
    /// int8.
    pub operation: i8,
    /// int8.
    pub permission_type: i8,
}

impl<'a> Decode<'a> for AccessControlEntryRecord<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.id = r.uuid()?;
        x.resource_type = r.i8()?;
        x.resource_name = r.string(flex)?;
        x.pattern_type = r.i8()?;
        x.principal = r.string(flex)?;
        x.host = r.string(flex)?;
        x.operation = r.i8()?;
        x.permission_type = r.i8()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AccessControlEntryRecord<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.uuid(self.id);
        w.i8(self.resource_type);
        w.string(flex, &self.resource_name);
        w.i8(self.pattern_type);
        w.string(flex, &self.principal);
        w.string(flex, &self.host);
        w.i8(self.operation);
        w.i8(self.permission_type);
        w.no_tags(flex);
    }
}

impl Message for AccessControlEntryRecord<'_> {
    const KEY: i16 = 18;
    const NAME: &'static str = "AccessControlEntryRecord";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
