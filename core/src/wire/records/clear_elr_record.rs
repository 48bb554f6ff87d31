// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `ClearElrRecord`: metadata 28 of __cluster_metadata, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClearElrRecord<'a> {
    /// string (topicName).
    pub topic_name: Str<'a>,
}

impl<'a> Decode<'a> for ClearElrRecord<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.topic_name = r.string(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ClearElrRecord<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.topic_name);
        w.no_tags(flex);
    }
}

impl Message for ClearElrRecord<'_> {
    const KEY: i16 = 28;
    const NAME: &'static str = "ClearElrRecord";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
