// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DescribeShareGroupOffsetsResponse`: response of API 90, versions 0-1, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeShareGroupOffsetsResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// array of DescribeShareGroupOffsetsResponseGroup.
    pub groups: Vec<DescribeShareGroupOffsetsResponseGroup<'a>>,
}

impl<'a> Decode<'a> for DescribeShareGroupOffsetsResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.groups = r.array(flex, 6, |r| DescribeShareGroupOffsetsResponseGroup::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeShareGroupOffsetsResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.throttle_time_ms);
        w.array(flex, &self.groups, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DescribeShareGroupOffsetsResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeShareGroupOffsetsResponseGroup<'a> {
    /// string (groupId).
    pub group_id: Str<'a>,
    /// array of DescribeShareGroupOffsetsResponseTopic.
    pub topics: Vec<DescribeShareGroupOffsetsResponseTopic<'a>>,
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
}

impl<'a> Decode<'a> for DescribeShareGroupOffsetsResponseGroup<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.group_id = r.string(flex)?;
        x.topics = r.array(flex, 19, |r| DescribeShareGroupOffsetsResponseTopic::decode(r, v))?;
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeShareGroupOffsetsResponseGroup<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.group_id);
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        w.no_tags(flex);
    }
}

/// Part of `DescribeShareGroupOffsetsResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeShareGroupOffsetsResponseTopic<'a> {
    /// string (topicName).
    pub topic_name: Str<'a>,
    /// uuid.
    pub topic_id: TopicId,
    /// array of DescribeShareGroupOffsetsResponsePartition.
    pub partitions: Vec<DescribeShareGroupOffsetsResponsePartition<'a>>,
}

impl<'a> Decode<'a> for DescribeShareGroupOffsetsResponseTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_name = r.string(flex)?;
        x.topic_id = r.uuid()?;
        x.partitions = r.array(flex, 20, |r| DescribeShareGroupOffsetsResponsePartition::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeShareGroupOffsetsResponseTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.topic_name);
        w.uuid(self.topic_id);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DescribeShareGroupOffsetsResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeShareGroupOffsetsResponsePartition<'a> {
    /// int32.
    pub partition_index: i32,
    /// int64.
    pub start_offset: i64,
    /// int32.
    pub leader_epoch: i32,
    /// int64, versions 1+, default -1.
    pub lag: i64,
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
}

impl Default for DescribeShareGroupOffsetsResponsePartition<'_> {
    fn default() -> Self {
        Self {
            partition_index: Default::default(),
            start_offset: Default::default(),
            leader_epoch: Default::default(),
            lag: -1,
            error_code: Default::default(),
            error_message: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for DescribeShareGroupOffsetsResponsePartition<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        x.start_offset = r.i64()?;
        x.leader_epoch = r.i32()?;
        if v >= 1 { x.lag = r.i64()?; }
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeShareGroupOffsetsResponsePartition<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.partition_index);
        w.i64(self.start_offset);
        w.i32(self.leader_epoch);
        if v >= 1 { w.i64(self.lag); }
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        w.no_tags(flex);
    }
}

impl Message for DescribeShareGroupOffsetsResponse<'_> {
    const KEY: i16 = 90;
    const NAME: &'static str = "DescribeShareGroupOffsetsResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 1;
    const FLEXIBLE_FROM: i16 = 0;
}
