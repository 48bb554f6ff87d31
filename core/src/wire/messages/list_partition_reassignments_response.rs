// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ListPartitionReassignmentsResponse`: response of API 46, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct ListPartitionReassignmentsResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
    /// array of OngoingTopicReassignment.
    pub topics: Vec<OngoingTopicReassignment<'a>>,
}

impl Default for ListPartitionReassignmentsResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: Default::default(),
            error_code: Default::default(),
            error_message: Some(Default::default()),
            topics: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for ListPartitionReassignmentsResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        x.topics = r.array(flex, 3, |r| OngoingTopicReassignment::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ListPartitionReassignmentsResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ListPartitionReassignmentsResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OngoingTopicReassignment<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// array of OngoingPartitionReassignment.
    pub partitions: Vec<OngoingPartitionReassignment>,
}

impl<'a> Decode<'a> for OngoingTopicReassignment<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.partitions = r.array(flex, 8, |r| OngoingPartitionReassignment::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OngoingTopicReassignment<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ListPartitionReassignmentsResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OngoingPartitionReassignment {
    /// int32.
    pub partition_index: i32,
    /// array of int32 (brokerId).
    pub replicas: Vec<i32>,
    /// array of int32 (brokerId).
    pub adding_replicas: Vec<i32>,
    /// array of int32 (brokerId).
    pub removing_replicas: Vec<i32>,
}

impl<'a> Decode<'a> for OngoingPartitionReassignment {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        x.replicas = r.array(flex, 4, |r| r.i32())?;
        x.adding_replicas = r.array(flex, 4, |r| r.i32())?;
        x.removing_replicas = r.array(flex, 4, |r| r.i32())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OngoingPartitionReassignment {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.partition_index);
        w.array(flex, &self.replicas, |w, x| w.i32(*x));
        w.array(flex, &self.adding_replicas, |w, x| w.i32(*x));
        w.array(flex, &self.removing_replicas, |w, x| w.i32(*x));
        w.no_tags(flex);
    }
}

impl Message for ListPartitionReassignmentsResponse<'_> {
    const KEY: i16 = 46;
    const NAME: &'static str = "ListPartitionReassignmentsResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
