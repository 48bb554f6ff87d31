// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DescribeQuorumResponse`: response of API 55, versions 0-2, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeQuorumResponse<'a> {
    /// int16.
    pub error_code: i16,
    /// string, versions 2+, nullable.
    pub error_message: Option<Str<'a>>,
    /// array of TopicData.
    pub topics: Vec<TopicData<'a>>,
    /// array of Node, versions 2+.
    pub nodes: Vec<Node<'a>>,
}

impl Default for DescribeQuorumResponse<'_> {
    fn default() -> Self {
        Self {
            error_code: Default::default(),
            error_message: Some(Default::default()),
            topics: Default::default(),
            nodes: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for DescribeQuorumResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.error_code = r.i16()?;
        if v >= 2 { x.error_message = r.opt_string(flex, v >= 2)?; }
        x.topics = r.array(flex, 3, |r| TopicData::decode(r, v))?;
        if v >= 2 { x.nodes = r.array(flex, 6, |r| Node::decode(r, v))?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeQuorumResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i16(self.error_code);
        if v >= 2 { w.opt_string(flex, v >= 2, self.error_message.as_deref()); }
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        if v >= 2 { w.array(flex, &self.nodes, |w, x| x.encode(w, v)); }
        w.no_tags(flex);
    }
}

/// Part of `DescribeQuorumResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicData<'a> {
    /// string (topicName).
    pub topic_name: Str<'a>,
    /// array of PartitionData.
    pub partitions: Vec<PartitionData<'a>>,
}

impl<'a> Decode<'a> for TopicData<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_name = r.string(flex)?;
        x.partitions = r.array(flex, 25, |r| PartitionData::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TopicData<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.topic_name);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DescribeQuorumResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionData<'a> {
    /// int32.
    pub partition_index: i32,
    /// int16.
    pub error_code: i16,
    /// string, versions 2+, nullable.
    pub error_message: Option<Str<'a>>,
    /// int32 (brokerId).
    pub leader_id: i32,
    /// int32.
    pub leader_epoch: i32,
    /// int64.
    pub high_watermark: i64,
    /// array of ReplicaState.
    pub current_voters: Vec<ReplicaState>,
    /// array of ReplicaState.
    pub observers: Vec<ReplicaState>,
}

impl Default for PartitionData<'_> {
    fn default() -> Self {
        Self {
            partition_index: Default::default(),
            error_code: Default::default(),
            error_message: Some(Default::default()),
            leader_id: Default::default(),
            leader_epoch: Default::default(),
            high_watermark: Default::default(),
            current_voters: Default::default(),
            observers: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for PartitionData<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        x.error_code = r.i16()?;
        if v >= 2 { x.error_message = r.opt_string(flex, v >= 2)?; }
        x.leader_id = r.i32()?;
        x.leader_epoch = r.i32()?;
        x.high_watermark = r.i64()?;
        x.current_voters = r.array(flex, 13, |r| ReplicaState::decode(r, v))?;
        x.observers = r.array(flex, 13, |r| ReplicaState::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for PartitionData<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.partition_index);
        w.i16(self.error_code);
        if v >= 2 { w.opt_string(flex, v >= 2, self.error_message.as_deref()); }
        w.i32(self.leader_id);
        w.i32(self.leader_epoch);
        w.i64(self.high_watermark);
        w.array(flex, &self.current_voters, |w, x| x.encode(w, v));
        w.array(flex, &self.observers, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DescribeQuorumResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node<'a> {
    /// int32 (brokerId).
    pub node_id: i32,
    /// array of Listener.
    pub listeners: Vec<Listener<'a>>,
}

impl<'a> Decode<'a> for Node<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.node_id = r.i32()?;
        x.listeners = r.array(flex, 5, |r| Listener::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for Node<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.node_id);
        w.array(flex, &self.listeners, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DescribeQuorumResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listener<'a> {
    /// string.
    pub name: Str<'a>,
    /// string.
    pub host: Str<'a>,
    /// uint16.
    pub port: u16,
}

impl<'a> Decode<'a> for Listener<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.host = r.string(flex)?;
        x.port = r.u16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for Listener<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.string(flex, &self.host);
        w.u16(self.port);
        w.no_tags(flex);
    }
}

/// Part of `DescribeQuorumResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaState {
    /// int32 (brokerId).
    pub replica_id: i32,
    /// uuid, versions 2+.
    pub replica_directory_id: TopicId,
    /// int64.
    pub log_end_offset: i64,
    /// int64, versions 1+, default -1.
    pub last_fetch_timestamp: i64,
    /// int64, versions 1+, default -1.
    pub last_caught_up_timestamp: i64,
}

impl Default for ReplicaState {
    fn default() -> Self {
        Self {
            replica_id: Default::default(),
            replica_directory_id: Default::default(),
            log_end_offset: Default::default(),
            last_fetch_timestamp: -1,
            last_caught_up_timestamp: -1,
        }
    }
}

impl<'a> Decode<'a> for ReplicaState {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.replica_id = r.i32()?;
        if v >= 2 { x.replica_directory_id = r.uuid()?; }
        x.log_end_offset = r.i64()?;
        if v >= 1 { x.last_fetch_timestamp = r.i64()?; }
        if v >= 1 { x.last_caught_up_timestamp = r.i64()?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ReplicaState {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.replica_id);
        if v >= 2 { w.uuid(self.replica_directory_id); }
        w.i64(self.log_end_offset);
        if v >= 1 { w.i64(self.last_fetch_timestamp); }
        if v >= 1 { w.i64(self.last_caught_up_timestamp); }
        w.no_tags(flex);
    }
}

impl Message for DescribeQuorumResponse<'_> {
    const KEY: i16 = 55;
    const NAME: &'static str = "DescribeQuorumResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 2;
    const FLEXIBLE_FROM: i16 = 0;
}
