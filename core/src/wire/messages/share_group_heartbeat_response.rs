// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ShareGroupHeartbeatResponse`: response of API 76, versions 1, flexible from 1.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupHeartbeatResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
    /// string, nullable.
    pub member_id: Option<Str<'a>>,
    /// int32.
    pub member_epoch: i32,
    /// int32.
    pub heartbeat_interval_ms: i32,
    /// Assignment, nullable.
    pub assignment: Option<Assignment>,
}

impl<'a> Decode<'a> for ShareGroupHeartbeatResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        x.member_id = r.opt_string(flex, true)?;
        x.member_epoch = r.i32()?;
        x.heartbeat_interval_ms = r.i32()?;
        x.assignment = r.opt_struct(true, v)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ShareGroupHeartbeatResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        w.opt_string(flex, true, self.member_id.as_deref());
        w.i32(self.member_epoch);
        w.i32(self.heartbeat_interval_ms);
        w.opt_struct(true, self.assignment.as_ref(), v);
        w.no_tags(flex);
    }
}

/// Part of `ShareGroupHeartbeatResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assignment {
    /// array of TopicPartitions.
    pub topic_partitions: Vec<TopicPartitions>,
}

impl<'a> Decode<'a> for Assignment {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_partitions = r.array(flex, 18, |r| TopicPartitions::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for Assignment {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.array(flex, &self.topic_partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ShareGroupHeartbeatResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartitions {
    /// uuid.
    pub topic_id: TopicId,
    /// array of int32.
    pub partitions: Vec<i32>,
}

impl<'a> Decode<'a> for TopicPartitions {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_id = r.uuid()?;
        x.partitions = r.array(flex, 4, |r| r.i32())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TopicPartitions {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.uuid(self.topic_id);
        w.array(flex, &self.partitions, |w, x| w.i32(*x));
        w.no_tags(flex);
    }
}

impl Message for ShareGroupHeartbeatResponse<'_> {
    const KEY: i16 = 76;
    const NAME: &'static str = "ShareGroupHeartbeatResponse";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 1;
    const FLEXIBLE_FROM: i16 = 1;
}
