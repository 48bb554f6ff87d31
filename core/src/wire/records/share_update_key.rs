// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `ShareUpdateKey`: coordinator-key 1 of __share_group_state, versions 0, never flexible.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareUpdateKey<'a> {
    /// string.
    pub group_id: Str<'a>,
    /// uuid.
    pub topic_id: TopicId,
    /// int32.
    pub partition: i32,
}

impl<'a> Decode<'a> for ShareUpdateKey<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = false;
        let mut x = Self::default();
        x.group_id = r.string(flex)?;
        x.topic_id = r.uuid()?;
        x.partition = r.i32()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ShareUpdateKey<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = false;
        w.string(flex, &self.group_id);
        w.uuid(self.topic_id);
        w.i32(self.partition);
        w.no_tags(flex);
    }
}

impl Message for ShareUpdateKey<'_> {
    const KEY: i16 = 1;
    const NAME: &'static str = "ShareUpdateKey";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = i16::MAX;
}
