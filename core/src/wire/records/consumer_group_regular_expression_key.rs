// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `ConsumerGroupRegularExpressionKey`: coordinator-key 16 of __consumer_offsets, versions 0, never flexible.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupRegularExpressionKey<'a> {
    /// string.
    pub group_id: Str<'a>,
    /// string.
    pub regular_expression: Str<'a>,
}

impl<'a> Decode<'a> for ConsumerGroupRegularExpressionKey<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = false;
        let mut x = Self::default();
        x.group_id = r.string(flex)?;
        x.regular_expression = r.string(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ConsumerGroupRegularExpressionKey<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = false;
        w.string(flex, &self.group_id);
        w.string(flex, &self.regular_expression);
        w.no_tags(flex);
    }
}

impl Message for ConsumerGroupRegularExpressionKey<'_> {
    const KEY: i16 = 16;
    const NAME: &'static str = "ConsumerGroupRegularExpressionKey";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = i16::MAX;
}
