// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ReadShareGroupStateRequest`: request of API 84, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadShareGroupStateRequest<'a> {
    /// string.
    pub group_id: Str<'a>,
    /// array of ReadStateData.
    pub topics: Vec<ReadStateData>,
}

impl<'a> Decode<'a> for ReadShareGroupStateRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.group_id = r.string(flex)?;
        x.topics = r.array(flex, 18, |r| ReadStateData::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ReadShareGroupStateRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.group_id);
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ReadShareGroupStateRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadStateData {
    /// uuid.
    pub topic_id: TopicId,
    /// array of PartitionData.
    pub partitions: Vec<PartitionData>,
}

impl<'a> Decode<'a> for ReadStateData {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_id = r.uuid()?;
        x.partitions = r.array(flex, 9, |r| PartitionData::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ReadStateData {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.uuid(self.topic_id);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ReadShareGroupStateRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionData {
    /// int32.
    pub partition: i32,
    /// int32.
    pub leader_epoch: i32,
}

impl<'a> Decode<'a> for PartitionData {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.partition = r.i32()?;
        x.leader_epoch = r.i32()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for PartitionData {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.partition);
        w.i32(self.leader_epoch);
        w.no_tags(flex);
    }
}

impl Message for ReadShareGroupStateRequest<'_> {
    const KEY: i16 = 84;
    const NAME: &'static str = "ReadShareGroupStateRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}

impl Request for ReadShareGroupStateRequest<'_> {
    type Response<'r> = super::ReadShareGroupStateResponse<'r>;
}
