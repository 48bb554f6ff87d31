// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `ConsumerGroupRegularExpressionValue`: coordinator-value 16 of __consumer_offsets, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupRegularExpressionValue<'a> {
    /// array of string.
    pub topics: Vec<Str<'a>>,
    /// int64.
    pub version: i64,
    /// int64.
    pub timestamp: i64,
}

impl<'a> Decode<'a> for ConsumerGroupRegularExpressionValue<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.topics = r.array(flex, 1, |r| r.string(flex))?;
        x.version = r.i64()?;
        x.timestamp = r.i64()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ConsumerGroupRegularExpressionValue<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.array(flex, &self.topics, |w, x| w.string(flex, x));
        w.i64(self.version);
        w.i64(self.timestamp);
        w.no_tags(flex);
    }
}

impl Message for ConsumerGroupRegularExpressionValue<'_> {
    const KEY: i16 = 16;
    const NAME: &'static str = "ConsumerGroupRegularExpressionValue";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
