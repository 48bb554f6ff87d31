// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DescribeProducersRequest`: request of API 61, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeProducersRequest<'a> {
    /// array of TopicRequest.
    pub topics: Vec<TopicRequest<'a>>,
}

impl<'a> Decode<'a> for DescribeProducersRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.topics = r.array(flex, 3, |r| TopicRequest::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeProducersRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DescribeProducersRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicRequest<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// array of int32.
    pub partition_indexes: Vec<i32>,
}

impl<'a> Decode<'a> for TopicRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.partition_indexes = r.array(flex, 4, |r| r.i32())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TopicRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.array(flex, &self.partition_indexes, |w, x| w.i32(*x));
        w.no_tags(flex);
    }
}

impl Message for DescribeProducersRequest<'_> {
    const KEY: i16 = 61;
    const NAME: &'static str = "DescribeProducersRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}

impl Request for DescribeProducersRequest<'_> {
    type Response<'r> = super::DescribeProducersResponse<'r>;
}
