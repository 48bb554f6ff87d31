// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `TxnOffsetCommitResponse`: response of API 28, versions 0-5, flexible from 3.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TxnOffsetCommitResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// array of TxnOffsetCommitResponseTopic.
    pub topics: Vec<TxnOffsetCommitResponseTopic<'a>>,
}

impl<'a> Decode<'a> for TxnOffsetCommitResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 3;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.topics = r.array(flex, 3, |r| TxnOffsetCommitResponseTopic::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TxnOffsetCommitResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 3;
        w.i32(self.throttle_time_ms);
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `TxnOffsetCommitResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TxnOffsetCommitResponseTopic<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// array of TxnOffsetCommitResponsePartition.
    pub partitions: Vec<TxnOffsetCommitResponsePartition>,
}

impl<'a> Decode<'a> for TxnOffsetCommitResponseTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 3;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.partitions = r.array(flex, 6, |r| TxnOffsetCommitResponsePartition::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TxnOffsetCommitResponseTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 3;
        w.string(flex, &self.name);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `TxnOffsetCommitResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TxnOffsetCommitResponsePartition {
    /// int32.
    pub partition_index: i32,
    /// int16.
    pub error_code: i16,
}

impl<'a> Decode<'a> for TxnOffsetCommitResponsePartition {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 3;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        x.error_code = r.i16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TxnOffsetCommitResponsePartition {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 3;
        w.i32(self.partition_index);
        w.i16(self.error_code);
        w.no_tags(flex);
    }
}

impl Message for TxnOffsetCommitResponse<'_> {
    const KEY: i16 = 28;
    const NAME: &'static str = "TxnOffsetCommitResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 5;
    const FLEXIBLE_FROM: i16 = 3;
}
