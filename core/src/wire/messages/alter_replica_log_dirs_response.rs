// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `AlterReplicaLogDirsResponse`: response of API 34, versions 1-2, flexible from 2.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterReplicaLogDirsResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// array of AlterReplicaLogDirTopicResult.
    pub results: Vec<AlterReplicaLogDirTopicResult<'a>>,
}

impl<'a> Decode<'a> for AlterReplicaLogDirsResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 2;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.results = r.array(flex, 3, |r| AlterReplicaLogDirTopicResult::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AlterReplicaLogDirsResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.i32(self.throttle_time_ms);
        w.array(flex, &self.results, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `AlterReplicaLogDirsResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterReplicaLogDirTopicResult<'a> {
    /// string (topicName).
    pub topic_name: Str<'a>,
    /// array of AlterReplicaLogDirPartitionResult.
    pub partitions: Vec<AlterReplicaLogDirPartitionResult>,
}

impl<'a> Decode<'a> for AlterReplicaLogDirTopicResult<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 2;
        let mut x = Self::default();
        x.topic_name = r.string(flex)?;
        x.partitions = r.array(flex, 6, |r| AlterReplicaLogDirPartitionResult::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AlterReplicaLogDirTopicResult<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.string(flex, &self.topic_name);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `AlterReplicaLogDirsResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterReplicaLogDirPartitionResult {
    /// int32.
    pub partition_index: i32,
    /// int16.
    pub error_code: i16,
}

impl<'a> Decode<'a> for AlterReplicaLogDirPartitionResult {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 2;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        x.error_code = r.i16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AlterReplicaLogDirPartitionResult {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.i32(self.partition_index);
        w.i16(self.error_code);
        w.no_tags(flex);
    }
}

impl Message for AlterReplicaLogDirsResponse<'_> {
    const KEY: i16 = 34;
    const NAME: &'static str = "AlterReplicaLogDirsResponse";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 2;
    const FLEXIBLE_FROM: i16 = 2;
}
