// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `AlterPartitionReassignmentsRequest`: request of API 45, versions 0-1, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterPartitionReassignmentsRequest<'a> {
    /// int32, default 60000.
    pub timeout_ms: i32,
    /// bool, versions 1+, default true.
    pub allow_replication_factor_change: bool,
    /// array of ReassignableTopic.
    pub topics: Vec<ReassignableTopic<'a>>,
}

impl Default for AlterPartitionReassignmentsRequest<'_> {
    fn default() -> Self {
        Self {
            timeout_ms: 60000,
            allow_replication_factor_change: true,
            topics: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for AlterPartitionReassignmentsRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.timeout_ms = r.i32()?;
        if v >= 1 { x.allow_replication_factor_change = r.bool()?; }
        x.topics = r.array(flex, 3, |r| ReassignableTopic::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AlterPartitionReassignmentsRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.timeout_ms);
        if v >= 1 { w.bool(self.allow_replication_factor_change); }
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `AlterPartitionReassignmentsRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReassignableTopic<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// array of ReassignablePartition.
    pub partitions: Vec<ReassignablePartition>,
}

impl<'a> Decode<'a> for ReassignableTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.partitions = r.array(flex, 6, |r| ReassignablePartition::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ReassignableTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `AlterPartitionReassignmentsRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReassignablePartition {
    /// int32.
    pub partition_index: i32,
    /// array of int32 (brokerId), nullable.
    pub replicas: Option<Vec<i32>>,
}

impl<'a> Decode<'a> for ReassignablePartition {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        x.replicas = r.opt_array(flex, true, 4, |r| r.i32())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ReassignablePartition {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.partition_index);
        w.opt_array(flex, true, self.replicas.as_deref(), |w, x| w.i32(*x));
        w.no_tags(flex);
    }
}

impl Message for AlterPartitionReassignmentsRequest<'_> {
    const KEY: i16 = 45;
    const NAME: &'static str = "AlterPartitionReassignmentsRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 1;
    const FLEXIBLE_FROM: i16 = 0;
}

impl Request for AlterPartitionReassignmentsRequest<'_> {
    type Response<'r> = super::AlterPartitionReassignmentsResponse<'r>;
}
