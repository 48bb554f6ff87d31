// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `OffsetDeleteRequest`: request of API 47, versions 0, never flexible.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteRequest<'a> {
    /// string (groupId).
    pub group_id: Str<'a>,
    /// array of OffsetDeleteRequestTopic.
    pub topics: Vec<OffsetDeleteRequestTopic<'a>>,
}

impl<'a> Decode<'a> for OffsetDeleteRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = false;
        let mut x = Self::default();
        x.group_id = r.string(flex)?;
        x.topics = r.array(flex, 6, |r| OffsetDeleteRequestTopic::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OffsetDeleteRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = false;
        w.string(flex, &self.group_id);
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `OffsetDeleteRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteRequestTopic<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// array of OffsetDeleteRequestPartition.
    pub partitions: Vec<OffsetDeleteRequestPartition>,
}

impl<'a> Decode<'a> for OffsetDeleteRequestTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = false;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.partitions = r.array(flex, 4, |r| OffsetDeleteRequestPartition::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OffsetDeleteRequestTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = false;
        w.string(flex, &self.name);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `OffsetDeleteRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetDeleteRequestPartition {
    /// int32.
    pub partition_index: i32,
}

impl<'a> Decode<'a> for OffsetDeleteRequestPartition {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = false;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OffsetDeleteRequestPartition {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = false;
        w.i32(self.partition_index);
        w.no_tags(flex);
    }
}

impl Message for OffsetDeleteRequest<'_> {
    const KEY: i16 = 47;
    const NAME: &'static str = "OffsetDeleteRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = i16::MAX;
}

impl Request for OffsetDeleteRequest<'_> {
    type Response<'r> = super::OffsetDeleteResponse<'r>;
}
