// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `RemoveAccessControlEntryRecord`: metadata 19 of __cluster_metadata, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemoveAccessControlEntryRecord {
    /// uuid.
    pub id: TopicId,
}

impl<'a> Decode<'a> for RemoveAccessControlEntryRecord {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.id = r.uuid()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for RemoveAccessControlEntryRecord {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.uuid(self.id);
        w.no_tags(flex);
    }
}

impl Message for RemoveAccessControlEntryRecord {
    const KEY: i16 = 19;
    const NAME: &'static str = "RemoveAccessControlEntryRecord";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
