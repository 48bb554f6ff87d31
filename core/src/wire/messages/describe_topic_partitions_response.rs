// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DescribeTopicPartitionsResponse`: response of API 75, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeTopicPartitionsResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// array of DescribeTopicPartitionsResponseTopic.
    pub topics: Vec<DescribeTopicPartitionsResponseTopic<'a>>,
    /// Cursor, nullable.
    pub next_cursor: Option<Cursor<'a>>,
}

impl<'a> Decode<'a> for DescribeTopicPartitionsResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.topics = r.array(flex, 26, |r| DescribeTopicPartitionsResponseTopic::decode(r, v))?;
        x.next_cursor = r.opt_struct(true, v)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeTopicPartitionsResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.throttle_time_ms);
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.opt_struct(true, self.next_cursor.as_ref(), v);
        w.no_tags(flex);
    }
}

/// Part of `DescribeTopicPartitionsResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeTopicPartitionsResponseTopic<'a> {
    /// int16.
    pub error_code: i16,
    /// string (topicName), nullable.
    pub name: Option<Str<'a>>,
    /// uuid.
    pub topic_id: TopicId,
    /// bool, default false.
    pub is_internal: bool,
    /// array of DescribeTopicPartitionsResponsePartition.
    pub partitions: Vec<DescribeTopicPartitionsResponsePartition>,
    /// int32, default -2147483648.
    pub topic_authorized_operations: i32,
}

impl Default for DescribeTopicPartitionsResponseTopic<'_> {
    fn default() -> Self {
        Self {
            error_code: Default::default(),
            name: Some(Default::default()),
            topic_id: Default::default(),
            is_internal: Default::default(),
            partitions: Default::default(),
            topic_authorized_operations: -2147483648,
        }
    }
}

impl<'a> Decode<'a> for DescribeTopicPartitionsResponseTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.error_code = r.i16()?;
        x.name = r.opt_string(flex, true)?;
        x.topic_id = r.uuid()?;
        x.is_internal = r.bool()?;
        x.partitions = r.array(flex, 20, |r| DescribeTopicPartitionsResponsePartition::decode(r, v))?;
        x.topic_authorized_operations = r.i32()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeTopicPartitionsResponseTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i16(self.error_code);
        w.opt_string(flex, true, self.name.as_deref());
        w.uuid(self.topic_id);
        w.bool(self.is_internal);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.i32(self.topic_authorized_operations);
        w.no_tags(flex);
    }
}

/// Part of `DescribeTopicPartitionsResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeTopicPartitionsResponsePartition {
    /// int16.
    pub error_code: i16,
    /// int32.
    pub partition_index: i32,
    /// int32 (brokerId).
    pub leader_id: i32,
    /// int32, default -1.
    pub leader_epoch: i32,
    /// array of int32 (brokerId).
    pub replica_nodes: Vec<i32>,
    /// array of int32 (brokerId).
    pub isr_nodes: Vec<i32>,
    /// array of int32 (brokerId), nullable.
    pub eligible_leader_replicas: Option<Vec<i32>>,
    /// array of int32 (brokerId), nullable.
    pub last_known_elr: Option<Vec<i32>>,
    /// array of int32 (brokerId).
    pub offline_replicas: Vec<i32>,
}

impl Default for DescribeTopicPartitionsResponsePartition {
    fn default() -> Self {
        Self {
            error_code: Default::default(),
            partition_index: Default::default(),
            leader_id: Default::default(),
            leader_epoch: -1,
            replica_nodes: Default::default(),
            isr_nodes: Default::default(),
            eligible_leader_replicas: Default::default(),
            last_known_elr: Default::default(),
            offline_replicas: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for DescribeTopicPartitionsResponsePartition {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.error_code = r.i16()?;
        x.partition_index = r.i32()?;
        x.leader_id = r.i32()?;
        x.leader_epoch = r.i32()?;
        x.replica_nodes = r.array(flex, 4, |r| r.i32())?;
        x.isr_nodes = r.array(flex, 4, |r| r.i32())?;
        x.eligible_leader_replicas = r.opt_array(flex, true, 4, |r| r.i32())?;
        x.last_known_elr = r.opt_array(flex, true, 4, |r| r.i32())?;
        x.offline_replicas = r.array(flex, 4, |r| r.i32())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeTopicPartitionsResponsePartition {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i16(self.error_code);
        w.i32(self.partition_index);
        w.i32(self.leader_id);
        w.i32(self.leader_epoch);
        w.array(flex, &self.replica_nodes, |w, x| w.i32(*x));
        w.array(flex, &self.isr_nodes, |w, x| w.i32(*x));
        w.opt_array(flex, true, self.eligible_leader_replicas.as_deref(), |w, x| w.i32(*x));
        w.opt_array(flex, true, self.last_known_elr.as_deref(), |w, x| w.i32(*x));
        w.array(flex, &self.offline_replicas, |w, x| w.i32(*x));
        w.no_tags(flex);
    }
}

/// Part of `DescribeTopicPartitionsResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cursor<'a> {
    /// string (topicName).
    pub topic_name: Str<'a>,
    /// int32.
    pub partition_index: i32,
}

impl<'a> Decode<'a> for Cursor<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_name = r.string(flex)?;
        x.partition_index = r.i32()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for Cursor<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.topic_name);
        w.i32(self.partition_index);
        w.no_tags(flex);
    }
}

impl Message for DescribeTopicPartitionsResponse<'_> {
    const KEY: i16 = 75;
    const NAME: &'static str = "DescribeTopicPartitionsResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
