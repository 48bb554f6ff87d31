// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `OffsetCommitResponse`: response of API 8, versions 2-10, flexible from 8.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetCommitResponse<'a> {
    /// int32, versions 3+.
    pub throttle_time_ms: i32,
    /// array of OffsetCommitResponseTopic.
    pub topics: Vec<OffsetCommitResponseTopic<'a>>,
}

impl<'a> Decode<'a> for OffsetCommitResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 8;
        let mut x = Self::default();
        if v >= 3 { x.throttle_time_ms = r.i32()?; }
        x.topics = r.array(flex, 3, |r| OffsetCommitResponseTopic::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OffsetCommitResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 8;
        if v >= 3 { w.i32(self.throttle_time_ms); }
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `OffsetCommitResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetCommitResponseTopic<'a> {
    /// string (topicName), versions 2-9.
    pub name: Str<'a>,
    /// uuid, versions 10+.
    pub topic_id: TopicId,
    /// array of OffsetCommitResponsePartition.
    pub partitions: Vec<OffsetCommitResponsePartition>,
}

impl<'a> Decode<'a> for OffsetCommitResponseTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 8;
        let mut x = Self::default();
        if v <= 9 { x.name = r.string(flex)?; }
        if v >= 10 { x.topic_id = r.uuid()?; }
        x.partitions = r.array(flex, 6, |r| OffsetCommitResponsePartition::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OffsetCommitResponseTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 8;
        if v <= 9 { w.string(flex, &self.name); }
        if v >= 10 { w.uuid(self.topic_id); }
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `OffsetCommitResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetCommitResponsePartition {
    /// int32.
    pub partition_index: i32,
    /// int16.
    pub error_code: i16,
}

impl<'a> Decode<'a> for OffsetCommitResponsePartition {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 8;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        x.error_code = r.i16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OffsetCommitResponsePartition {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 8;
        w.i32(self.partition_index);
        w.i16(self.error_code);
        w.no_tags(flex);
    }
}

impl Message for OffsetCommitResponse<'_> {
    const KEY: i16 = 8;
    const NAME: &'static str = "OffsetCommitResponse";
    const MIN_VERSION: i16 = 2;
    const MAX_VERSION: i16 = 10;
    const FLEXIBLE_FROM: i16 = 8;
}
