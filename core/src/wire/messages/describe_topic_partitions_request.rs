// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DescribeTopicPartitionsRequest`: request of API 75, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeTopicPartitionsRequest<'a> {
    /// array of TopicRequest.
    pub topics: Vec<TopicRequest<'a>>,
    /// int32, default 2000.
    pub response_partition_limit: i32,
    /// Cursor, nullable.
    pub cursor: Option<Cursor<'a>>,
}

impl Default for DescribeTopicPartitionsRequest<'_> {
    fn default() -> Self {
        Self {
            topics: Default::default(),
            response_partition_limit: 2000,
            cursor: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for DescribeTopicPartitionsRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.topics = r.array(flex, 2, |r| TopicRequest::decode(r, v))?;
        x.response_partition_limit = r.i32()?;
        x.cursor = r.opt_struct(true, v)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeTopicPartitionsRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.i32(self.response_partition_limit);
        w.opt_struct(true, self.cursor.as_ref(), v);
        w.no_tags(flex);
    }
}

/// Part of `DescribeTopicPartitionsRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicRequest<'a> {
    /// string (topicName).
    pub name: Str<'a>,
}

impl<'a> Decode<'a> for TopicRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TopicRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.no_tags(flex);
    }
}

/// Part of `DescribeTopicPartitionsRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cursor<'a> {
    /// string (topicName).
    pub topic_name: Str<'a>,
    /// int32.
    pub partition_index: i32,
}

impl<'a> Decode<'a> for Cursor<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_name = r.string(flex)?;
        x.partition_index = r.i32()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for Cursor<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.topic_name);
        w.i32(self.partition_index);
        w.no_tags(flex);
    }
}

impl Message for DescribeTopicPartitionsRequest<'_> {
    const KEY: i16 = 75;
    const NAME: &'static str = "DescribeTopicPartitionsRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}

impl Request for DescribeTopicPartitionsRequest<'_> {
    type Response<'r> = super::DescribeTopicPartitionsResponse<'r>;
}
