// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ListOffsetsRequest`: request of API 2, versions 1-11, flexible from 6.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListOffsetsRequest<'a> {
    /// int32 (brokerId).
    pub replica_id: i32,
    /// int8, versions 2+.
    pub isolation_level: i8,
    /// array of ListOffsetsTopic.
    pub topics: Vec<ListOffsetsTopic<'a>>,
    /// int32, versions 10+.
    pub timeout_ms: i32,
}

impl<'a> Decode<'a> for ListOffsetsRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 6;
        let mut x = Self::default();
        x.replica_id = r.i32()?;
        if v >= 2 { x.isolation_level = r.i8()?; }
        x.topics = r.array(flex, 3, |r| ListOffsetsTopic::decode(r, v))?;
        if v >= 10 { x.timeout_ms = r.i32()?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ListOffsetsRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 6;
        w.i32(self.replica_id);
        if v >= 2 { w.i8(self.isolation_level); }
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        if v >= 10 { w.i32(self.timeout_ms); }
        w.no_tags(flex);
    }
}

/// Part of `ListOffsetsRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListOffsetsTopic<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// array of ListOffsetsPartition.
    pub partitions: Vec<ListOffsetsPartition>,
}

impl<'a> Decode<'a> for ListOffsetsTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 6;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.partitions = r.array(flex, 12, |r| ListOffsetsPartition::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ListOffsetsTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 6;
        w.string(flex, &self.name);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ListOffsetsRequest`.
#[derive(Clone, Debug, PartialEq)]
pub struct ListOffsetsPartition {
    /// int32.
    pub partition_index: i32,
    /// int32, versions 4+, default -1.
    pub current_leader_epoch: i32,
    /// int64.
    pub timestamp: i64,
}

impl Default for ListOffsetsPartition {
    fn default() -> Self {
        Self {
            partition_index: Default::default(),
            current_leader_epoch: -1,
            timestamp: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for ListOffsetsPartition {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 6;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        if v >= 4 { x.current_leader_epoch = r.i32()?; }
        x.timestamp = r.i64()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ListOffsetsPartition {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 6;
        w.i32(self.partition_index);
        if v >= 4 { w.i32(self.current_leader_epoch); }
        w.i64(self.timestamp);
        w.no_tags(flex);
    }
}

impl Message for ListOffsetsRequest<'_> {
    const KEY: i16 = 2;
    const NAME: &'static str = "ListOffsetsRequest";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 11;
    const FLEXIBLE_FROM: i16 = 6;
}

impl Request for ListOffsetsRequest<'_> {
    type Response<'r> = super::ListOffsetsResponse<'r>;
}
