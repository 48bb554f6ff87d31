// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `TopicRecord`: metadata 2 of __cluster_metadata, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicRecord<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// uuid.
    pub topic_id: TopicId,
}

impl<'a> Decode<'a> for TopicRecord<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.topic_id = r.uuid()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TopicRecord<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.uuid(self.topic_id);
        w.no_tags(flex);
    }
}

impl Message for TopicRecord<'_> {
    const KEY: i16 = 2;
    const NAME: &'static str = "TopicRecord";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
