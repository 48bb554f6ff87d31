// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `OffsetForLeaderEpochResponse`: response of API 23, versions 2-4, flexible from 4.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetForLeaderEpochResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// array of OffsetForLeaderTopicResult.
    pub topics: Vec<OffsetForLeaderTopicResult<'a>>,
}

impl<'a> Decode<'a> for OffsetForLeaderEpochResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 4;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.topics = r.array(flex, 3, |r| OffsetForLeaderTopicResult::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OffsetForLeaderEpochResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 4;
        w.i32(self.throttle_time_ms);
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `OffsetForLeaderEpochResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetForLeaderTopicResult<'a> {
    /// string (topicName).
    pub topic: Str<'a>,
    /// array of EpochEndOffset.
    pub partitions: Vec<EpochEndOffset>,
}

impl<'a> Decode<'a> for OffsetForLeaderTopicResult<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 4;
        let mut x = Self::default();
        x.topic = r.string(flex)?;
        x.partitions = r.array(flex, 18, |r| EpochEndOffset::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OffsetForLeaderTopicResult<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 4;
        w.string(flex, &self.topic);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `OffsetForLeaderEpochResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct EpochEndOffset {
    /// int16.
    pub error_code: i16,
    /// int32.
    pub partition: i32,
    /// int32, default -1.
    pub leader_epoch: i32,
    /// int64, default -1.
    pub end_offset: i64,
}

impl Default for EpochEndOffset {
    fn default() -> Self {
        Self {
            error_code: Default::default(),
            partition: Default::default(),
            leader_epoch: -1,
            end_offset: -1,
        }
    }
}

impl<'a> Decode<'a> for EpochEndOffset {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 4;
        let mut x = Self::default();
        x.error_code = r.i16()?;
        x.partition = r.i32()?;
        x.leader_epoch = r.i32()?;
        x.end_offset = r.i64()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for EpochEndOffset {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 4;
        w.i16(self.error_code);
        w.i32(self.partition);
        w.i32(self.leader_epoch);
        w.i64(self.end_offset);
        w.no_tags(flex);
    }
}

impl Message for OffsetForLeaderEpochResponse<'_> {
    const KEY: i16 = 23;
    const NAME: &'static str = "OffsetForLeaderEpochResponse";
    const MIN_VERSION: i16 = 2;
    const MAX_VERSION: i16 = 4;
    const FLEXIBLE_FROM: i16 = 4;
}
