// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `InitializeShareGroupStateRequest`: request of API 83, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InitializeShareGroupStateRequest<'a> {
    /// string.
    pub group_id: Str<'a>,
    /// array of InitializeStateData.
    pub topics: Vec<InitializeStateData>,
}

impl<'a> Decode<'a> for InitializeShareGroupStateRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.group_id = r.string(flex)?;
        x.topics = r.array(flex, 18, |r| InitializeStateData::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for InitializeShareGroupStateRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.group_id);
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `InitializeShareGroupStateRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InitializeStateData {
    /// uuid.
    pub topic_id: TopicId,
    /// array of PartitionData.
    pub partitions: Vec<PartitionData>,
}

impl<'a> Decode<'a> for InitializeStateData {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_id = r.uuid()?;
        x.partitions = r.array(flex, 17, |r| PartitionData::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for InitializeStateData {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.uuid(self.topic_id);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `InitializeShareGroupStateRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionData {
    /// int32.
    pub partition: i32,
    /// int32.
    pub state_epoch: i32,
    /// int64.
    pub start_offset: i64,
}

impl<'a> Decode<'a> for PartitionData {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.partition = r.i32()?;
        x.state_epoch = r.i32()?;
        x.start_offset = r.i64()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for PartitionData {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.partition);
        w.i32(self.state_epoch);
        w.i64(self.start_offset);
        w.no_tags(flex);
    }
}

impl Message for InitializeShareGroupStateRequest<'_> {
    const KEY: i16 = 83;
    const NAME: &'static str = "InitializeShareGroupStateRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}

impl Request for InitializeShareGroupStateRequest<'_> {
    type Response<'r> = super::InitializeShareGroupStateResponse<'r>;
}
