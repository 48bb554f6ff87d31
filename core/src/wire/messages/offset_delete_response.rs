// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `OffsetDeleteResponse`: response of API 47, versions 0, never flexible.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteResponse<'a> {
    /// int16.
    pub error_code: i16,
    /// int32.
    pub throttle_time_ms: i32,
    /// array of OffsetDeleteResponseTopic.
    pub topics: Vec<OffsetDeleteResponseTopic<'a>>,
}

impl<'a> Decode<'a> for OffsetDeleteResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = false;
        let mut x = Self::default();
        x.error_code = r.i16()?;
        x.throttle_time_ms = r.i32()?;
        x.topics = r.array(flex, 6, |r| OffsetDeleteResponseTopic::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OffsetDeleteResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = false;
        w.i16(self.error_code);
        w.i32(self.throttle_time_ms);
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `OffsetDeleteResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteResponseTopic<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// array of OffsetDeleteResponsePartition.
    pub partitions: Vec<OffsetDeleteResponsePartition>,
}

impl<'a> Decode<'a> for OffsetDeleteResponseTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = false;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.partitions = r.array(flex, 6, |r| OffsetDeleteResponsePartition::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OffsetDeleteResponseTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = false;
        w.string(flex, &self.name);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `OffsetDeleteResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteResponsePartition {
    /// int32.
    pub partition_index: i32,
    /// int16.
    pub error_code: i16,
}

impl<'a> Decode<'a> for OffsetDeleteResponsePartition {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = false;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        x.error_code = r.i16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OffsetDeleteResponsePartition {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = false;
        w.i32(self.partition_index);
        w.i16(self.error_code);
        w.no_tags(flex);
    }
}

impl Message for OffsetDeleteResponse<'_> {
    const KEY: i16 = 47;
    const NAME: &'static str = "OffsetDeleteResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = i16::MAX;
}
