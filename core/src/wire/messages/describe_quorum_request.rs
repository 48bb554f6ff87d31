// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DescribeQuorumRequest`: request of API 55, versions 0-2, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeQuorumRequest<'a> {
    /// array of TopicData.
    pub topics: Vec<TopicData<'a>>,
}

impl<'a> Decode<'a> for DescribeQuorumRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.topics = r.array(flex, 3, |r| TopicData::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeQuorumRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DescribeQuorumRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicData<'a> {
    /// string (topicName).
    pub topic_name: Str<'a>,
    /// array of PartitionData.
    pub partitions: Vec<PartitionData>,
}

impl<'a> Decode<'a> for TopicData<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_name = r.string(flex)?;
        x.partitions = r.array(flex, 5, |r| PartitionData::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TopicData<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.topic_name);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DescribeQuorumRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionData {
    /// int32.
    pub partition_index: i32,
}

impl<'a> Decode<'a> for PartitionData {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for PartitionData {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.partition_index);
        w.no_tags(flex);
    }
}

impl Message for DescribeQuorumRequest<'_> {
    const KEY: i16 = 55;
    const NAME: &'static str = "DescribeQuorumRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 2;
    const FLEXIBLE_FROM: i16 = 0;
}

impl Request for DescribeQuorumRequest<'_> {
    type Response<'r> = super::DescribeQuorumResponse<'r>;
}
