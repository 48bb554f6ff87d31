// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `AlterShareGroupOffsetsRequest`: request of API 91, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsRequest<'a> {
    /// string (groupId).
    pub group_id: Str<'a>,
    /// array of AlterShareGroupOffsetsRequestTopic.
    pub topics: Vec<AlterShareGroupOffsetsRequestTopic<'a>>,
}

impl<'a> Decode<'a> for AlterShareGroupOffsetsRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.group_id = r.string(flex)?;
        x.topics = r.array(flex, 3, |r| AlterShareGroupOffsetsRequestTopic::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AlterShareGroupOffsetsRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.group_id);
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `AlterShareGroupOffsetsRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsRequestTopic<'a> {
    /// string (topicName).
    pub topic_name: Str<'a>,
    /// array of AlterShareGroupOffsetsRequestPartition.
    pub partitions: Vec<AlterShareGroupOffsetsRequestPartition>,
}

impl<'a> Decode<'a> for AlterShareGroupOffsetsRequestTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_name = r.string(flex)?;
        x.partitions = r.array(flex, 13, |r| AlterShareGroupOffsetsRequestPartition::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AlterShareGroupOffsetsRequestTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.topic_name);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `AlterShareGroupOffsetsRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterShareGroupOffsetsRequestPartition {
    /// int32.
    pub partition_index: i32,
    /// int64.
    pub start_offset: i64,
}

impl<'a> Decode<'a> for AlterShareGroupOffsetsRequestPartition {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        x.start_offset = r.i64()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AlterShareGroupOffsetsRequestPartition {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.partition_index);
        w.i64(self.start_offset);
        w.no_tags(flex);
    }
}

impl Message for AlterShareGroupOffsetsRequest<'_> {
    const KEY: i16 = 91;
    const NAME: &'static str = "AlterShareGroupOffsetsRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}

impl Request for AlterShareGroupOffsetsRequest<'_> {
    type Response<'r> = super::AlterShareGroupOffsetsResponse<'r>;
}
