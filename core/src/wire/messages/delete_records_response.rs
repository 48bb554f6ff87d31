// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DeleteRecordsResponse`: response of API 21, versions 0-2, flexible from 2.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// array of DeleteRecordsTopicResult.
    pub topics: Vec<DeleteRecordsTopicResult<'a>>,
}

impl<'a> Decode<'a> for DeleteRecordsResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 2;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.topics = r.array(flex, 3, |r| DeleteRecordsTopicResult::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DeleteRecordsResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.i32(self.throttle_time_ms);
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DeleteRecordsResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsTopicResult<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// array of DeleteRecordsPartitionResult.
    pub partitions: Vec<DeleteRecordsPartitionResult>,
}

impl<'a> Decode<'a> for DeleteRecordsTopicResult<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 2;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.partitions = r.array(flex, 14, |r| DeleteRecordsPartitionResult::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DeleteRecordsTopicResult<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.string(flex, &self.name);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DeleteRecordsResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsPartitionResult {
    /// int32.
    pub partition_index: i32,
    /// int64.
    pub low_watermark: i64,
    /// int16.
    pub error_code: i16,
}

impl<'a> Decode<'a> for DeleteRecordsPartitionResult {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 2;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        x.low_watermark = r.i64()?;
        x.error_code = r.i16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DeleteRecordsPartitionResult {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.i32(self.partition_index);
        w.i64(self.low_watermark);
        w.i16(self.error_code);
        w.no_tags(flex);
    }
}

impl Message for DeleteRecordsResponse<'_> {
    const KEY: i16 = 21;
    const NAME: &'static str = "DeleteRecordsResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 2;
    const FLEXIBLE_FROM: i16 = 2;
}
