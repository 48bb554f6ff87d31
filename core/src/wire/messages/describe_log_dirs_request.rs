// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DescribeLogDirsRequest`: request of API 35, versions 1-5, flexible from 2.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeLogDirsRequest<'a> {
    /// array of DescribableLogDirTopic, nullable.
    pub topics: Option<Vec<DescribableLogDirTopic<'a>>>,
}

impl Default for DescribeLogDirsRequest<'_> {
    fn default() -> Self {
        Self {
            topics: Some(Default::default()),
        }
    }
}

impl<'a> Decode<'a> for DescribeLogDirsRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 2;
        let mut x = Self::default();
        x.topics = r.opt_array(flex, true, 3, |r| DescribableLogDirTopic::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeLogDirsRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.opt_array(flex, true, self.topics.as_deref(), |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DescribeLogDirsRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribableLogDirTopic<'a> {
    /// string (topicName).
    pub topic: Str<'a>,
    /// array of int32.
    pub partitions: Vec<i32>,
}

impl<'a> Decode<'a> for DescribableLogDirTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 2;
        let mut x = Self::default();
        x.topic = r.string(flex)?;
        x.partitions = r.array(flex, 4, |r| r.i32())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribableLogDirTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.string(flex, &self.topic);
        w.array(flex, &self.partitions, |w, x| w.i32(*x));
        w.no_tags(flex);
    }
}

impl Message for DescribeLogDirsRequest<'_> {
    const KEY: i16 = 35;
    const NAME: &'static str = "DescribeLogDirsRequest";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 5;
    const FLEXIBLE_FROM: i16 = 2;
}

impl Request for DescribeLogDirsRequest<'_> {
    type Response<'r> = super::DescribeLogDirsResponse<'r>;
}
