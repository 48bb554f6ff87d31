// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ListOffsetsResponse`: response of API 2, versions 1-11, flexible from 6.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListOffsetsResponse<'a> {
    /// int32, versions 2+.
    pub throttle_time_ms: i32,
    /// array of ListOffsetsTopicResponse.
    pub topics: Vec<ListOffsetsTopicResponse<'a>>,
}

impl<'a> Decode<'a> for ListOffsetsResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 6;
        let mut x = Self::default();
        if v >= 2 { x.throttle_time_ms = r.i32()?; }
        x.topics = r.array(flex, 3, |r| ListOffsetsTopicResponse::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ListOffsetsResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 6;
        if v >= 2 { w.i32(self.throttle_time_ms); }
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ListOffsetsResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListOffsetsTopicResponse<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// array of ListOffsetsPartitionResponse.
    pub partitions: Vec<ListOffsetsPartitionResponse>,
}

impl<'a> Decode<'a> for ListOffsetsTopicResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 6;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.partitions = r.array(flex, 22, |r| ListOffsetsPartitionResponse::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ListOffsetsTopicResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 6;
        w.string(flex, &self.name);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ListOffsetsResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct ListOffsetsPartitionResponse {
    /// int32.
    pub partition_index: i32,
    /// int16.
    pub error_code: i16,
    /// int64, default -1.
    pub timestamp: i64,
    /// int64, default -1.
    pub offset: i64,
    /// int32, versions 4+, default -1.
    pub leader_epoch: i32,
}

impl Default for ListOffsetsPartitionResponse {
    fn default() -> Self {
        Self {
            partition_index: Default::default(),
            error_code: Default::default(),
            timestamp: -1,
            offset: -1,
            leader_epoch: -1,
        }
    }
}

impl<'a> Decode<'a> for ListOffsetsPartitionResponse {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 6;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        x.error_code = r.i16()?;
        x.timestamp = r.i64()?;
        x.offset = r.i64()?;
        if v >= 4 { x.leader_epoch = r.i32()?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ListOffsetsPartitionResponse {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 6;
        w.i32(self.partition_index);
        w.i16(self.error_code);
        w.i64(self.timestamp);
        w.i64(self.offset);
        if v >= 4 { w.i32(self.leader_epoch); }
        w.no_tags(flex);
    }
}

impl Message for ListOffsetsResponse<'_> {
    const KEY: i16 = 2;
    const NAME: &'static str = "ListOffsetsResponse";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 11;
    const FLEXIBLE_FROM: i16 = 6;
}
