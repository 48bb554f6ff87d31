// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `WriteShareGroupStateRequest`: request of API 85, versions 0-1, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WriteShareGroupStateRequest<'a> {
    /// string.
    pub group_id: Str<'a>,
    /// array of WriteStateData.
    pub topics: Vec<WriteStateData>,
}

impl<'a> Decode<'a> for WriteShareGroupStateRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.group_id = r.string(flex)?;
        x.topics = r.array(flex, 18, |r| WriteStateData::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for WriteShareGroupStateRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.group_id);
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `WriteShareGroupStateRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WriteStateData {
    /// uuid.
    pub topic_id: TopicId,
    /// array of PartitionData.
    pub partitions: Vec<PartitionData>,
}

impl<'a> Decode<'a> for WriteStateData {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_id = r.uuid()?;
        x.partitions = r.array(flex, 22, |r| PartitionData::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for WriteStateData {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.uuid(self.topic_id);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `WriteShareGroupStateRequest`.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionData {
    /// int32.
    pub partition: i32,
    /// int32.
    pub state_epoch: i32,
    /// int32.
    pub leader_epoch: i32,
    /// int64.
    pub start_offset: i64,
    /// int32, versions 1+, default -1.
    pub delivery_complete_count: i32,
    /// array of StateBatch.
    pub state_batches: Vec<StateBatch>,
}

impl Default for PartitionData {
    fn default() -> Self {
        Self {
            partition: Default::default(),
            state_epoch: Default::default(),
            leader_epoch: Default::default(),
            start_offset: Default::default(),
            delivery_complete_count: -1,
            state_batches: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for PartitionData {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.partition = r.i32()?;
        x.state_epoch = r.i32()?;
        x.leader_epoch = r.i32()?;
        x.start_offset = r.i64()?;
        if v >= 1 { x.delivery_complete_count = r.i32()?; }
        x.state_batches = r.array(flex, 20, |r| StateBatch::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for PartitionData {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.partition);
        w.i32(self.state_epoch);
        w.i32(self.leader_epoch);
        w.i64(self.start_offset);
        if v >= 1 { w.i32(self.delivery_complete_count); }
        w.array(flex, &self.state_batches, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `WriteShareGroupStateRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateBatch {
    /// int64.
    pub first_offset: i64,
    /// int64.
    pub last_offset: i64,
    /// int8.
    pub delivery_state: i8,
    /// int16.
    pub delivery_count: i16,
}

impl<'a> Decode<'a> for StateBatch {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.first_offset = r.i64()?;
        x.last_offset = r.i64()?;
        x.delivery_state = r.i8()?;
        x.delivery_count = r.i16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for StateBatch {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i64(self.first_offset);
        w.i64(self.last_offset);
        w.i8(self.delivery_state);
        w.i16(self.delivery_count);
        w.no_tags(flex);
    }
}

impl Message for WriteShareGroupStateRequest<'_> {
    const KEY: i16 = 85;
    const NAME: &'static str = "WriteShareGroupStateRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 1;
    const FLEXIBLE_FROM: i16 = 0;
}

impl Request for WriteShareGroupStateRequest<'_> {
    type Response<'r> = super::WriteShareGroupStateResponse<'r>;
}
