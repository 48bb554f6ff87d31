// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `OffsetForLeaderEpochRequest`: request of API 23, versions 2-4, flexible from 4.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetForLeaderEpochRequest<'a> {
    /// int32 (brokerId), versions 3+, default -2.
    pub replica_id: i32,
    /// array of OffsetForLeaderTopic.
    pub topics: Vec<OffsetForLeaderTopic<'a>>,
}

impl Default for OffsetForLeaderEpochRequest<'_> {
    fn default() -> Self {
        Self {
            replica_id: -2,
            topics: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for OffsetForLeaderEpochRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 4;
        let mut x = Self::default();
        if v >= 3 { x.replica_id = r.i32()?; }
        x.topics = r.array(flex, 3, |r| OffsetForLeaderTopic::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OffsetForLeaderEpochRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 4;
        if v >= 3 { w.i32(self.replica_id); }
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `OffsetForLeaderEpochRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetForLeaderTopic<'a> {
    /// string (topicName).
    pub topic: Str<'a>,
    /// array of OffsetForLeaderPartition.
    pub partitions: Vec<OffsetForLeaderPartition>,
}

impl<'a> Decode<'a> for OffsetForLeaderTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 4;
        let mut x = Self::default();
        x.topic = r.string(flex)?;
        x.partitions = r.array(flex, 12, |r| OffsetForLeaderPartition::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OffsetForLeaderTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 4;
        w.string(flex, &self.topic);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `OffsetForLeaderEpochRequest`.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetForLeaderPartition {
    /// int32.
    pub partition: i32,
    /// int32, default -1.
    pub current_leader_epoch: i32,
    /// int32.
    pub leader_epoch: i32,
}

impl Default for OffsetForLeaderPartition {
    fn default() -> Self {
        Self {
            partition: Default::default(),
            current_leader_epoch: -1,
            leader_epoch: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for OffsetForLeaderPartition {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 4;
        let mut x = Self::default();
        x.partition = r.i32()?;
        x.current_leader_epoch = r.i32()?;
        x.leader_epoch = r.i32()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OffsetForLeaderPartition {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 4;
        w.i32(self.partition);
        w.i32(self.current_leader_epoch);
        w.i32(self.leader_epoch);
        w.no_tags(flex);
    }
}

impl Message for OffsetForLeaderEpochRequest<'_> {
    const KEY: i16 = 23;
    const NAME: &'static str = "OffsetForLeaderEpochRequest";
    const MIN_VERSION: i16 = 2;
    const MAX_VERSION: i16 = 4;
    const FLEXIBLE_FROM: i16 = 4;
}

impl Request for OffsetForLeaderEpochRequest<'_> {
    type Response<'r> = super::OffsetForLeaderEpochResponse<'r>;
}
