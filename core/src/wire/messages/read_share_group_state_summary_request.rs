// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ReadShareGroupStateSummaryRequest`: request of API 87, versions 0-1, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadShareGroupStateSummaryRequest<'a> {
    /// string.
    pub group_id: Str<'a>,
    /// array of ReadStateSummaryData.
    pub topics: Vec<ReadStateSummaryData>,
}

impl<'a> Decode<'a> for ReadShareGroupStateSummaryRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.group_id = r.string(flex)?;
        x.topics = r.array(flex, 18, |r| ReadStateSummaryData::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ReadShareGroupStateSummaryRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.group_id);
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ReadShareGroupStateSummaryRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadStateSummaryData {
    /// uuid.
    pub topic_id: TopicId,
    /// array of PartitionData.
    pub partitions: Vec<PartitionData>,
}

impl<'a> Decode<'a> for ReadStateSummaryData {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_id = r.uuid()?;
        x.partitions = r.array(flex, 9, |r| PartitionData::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ReadStateSummaryData {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.uuid(self.topic_id);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ReadShareGroupStateSummaryRequest`.
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

impl Message for ReadShareGroupStateSummaryRequest<'_> {
    const KEY: i16 = 87;
    const NAME: &'static str = "ReadShareGroupStateSummaryRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 1;
    const FLEXIBLE_FROM: i16 = 0;
}

impl Request for ReadShareGroupStateSummaryRequest<'_> {
    type Response<'r> = super::ReadShareGroupStateSummaryResponse<'r>;
}
