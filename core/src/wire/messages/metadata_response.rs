// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `MetadataResponse`: response of API 3, versions 0-13, flexible from 9.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataResponse<'a> {
    /// int32, versions 3+.
    pub throttle_time_ms: i32,
    /// array of MetadataResponseBroker.
    pub brokers: Vec<MetadataResponseBroker<'a>>,
    /// string, versions 2+, nullable.
    pub cluster_id: Option<Str<'a>>,
    /// int32 (brokerId), versions 1+, default -1.
    pub controller_id: i32,
    /// array of MetadataResponseTopic.
    pub topics: Vec<MetadataResponseTopic<'a>>,
    /// int32, versions 8-10, default -2147483648.
    pub cluster_authorized_operations: i32,
    /// int16, versions 13+.
    pub error_code: i16,
}

impl Default for MetadataResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: Default::default(),
            brokers: Default::default(),
            cluster_id: Default::default(),
            controller_id: -1,
            topics: Default::default(),
            cluster_authorized_operations: -2147483648,
            error_code: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for MetadataResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 9;
        let mut x = Self::default();
        if v >= 3 { x.throttle_time_ms = r.i32()?; }
        x.brokers = r.array(flex, 10, |r| MetadataResponseBroker::decode(r, v))?;
        if v >= 2 { x.cluster_id = r.opt_string(flex, v >= 2)?; }
        if v >= 1 { x.controller_id = r.i32()?; }
        x.topics = r.array(flex, 8, |r| MetadataResponseTopic::decode(r, v))?;
        if (8..=10).contains(&v) { x.cluster_authorized_operations = r.i32()?; }
        if v >= 13 { x.error_code = r.i16()?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for MetadataResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 9;
        if v >= 3 { w.i32(self.throttle_time_ms); }
        w.array(flex, &self.brokers, |w, x| x.encode(w, v));
        if v >= 2 { w.opt_string(flex, v >= 2, self.cluster_id.as_deref()); }
        if v >= 1 { w.i32(self.controller_id); }
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        if (8..=10).contains(&v) { w.i32(self.cluster_authorized_operations); }
        if v >= 13 { w.i16(self.error_code); }
        w.no_tags(flex);
    }
}

/// Part of `MetadataResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetadataResponseBroker<'a> {
    /// int32 (brokerId).
    pub node_id: i32,
    /// string.
    pub host: Str<'a>,
    /// int32.
    pub port: i32,
    /// string, versions 1+, nullable.
    pub rack: Option<Str<'a>>,
}

impl<'a> Decode<'a> for MetadataResponseBroker<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 9;
        let mut x = Self::default();
        x.node_id = r.i32()?;
        x.host = r.string(flex)?;
        x.port = r.i32()?;
        if v >= 1 { x.rack = r.opt_string(flex, v >= 1)?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for MetadataResponseBroker<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 9;
        w.i32(self.node_id);
        w.string(flex, &self.host);
        w.i32(self.port);
        if v >= 1 { w.opt_string(flex, v >= 1, self.rack.as_deref()); }
        w.no_tags(flex);
    }
}

/// Part of `MetadataResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataResponseTopic<'a> {
    /// int16.
    pub error_code: i16,
    /// string (topicName), nullable in 12+.
    pub name: Option<Str<'a>>,
    /// uuid, versions 10+.
    pub topic_id: TopicId,
    /// bool, versions 1+, default false.
    pub is_internal: bool,
    /// array of MetadataResponsePartition.
    pub partitions: Vec<MetadataResponsePartition>,
    /// int32, versions 8+, default -2147483648.
    pub topic_authorized_operations: i32,
}

impl Default for MetadataResponseTopic<'_> {
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

impl<'a> Decode<'a> for MetadataResponseTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 9;
        let mut x = Self::default();
        x.error_code = r.i16()?;
        x.name = r.opt_string(flex, v >= 12)?;
        if v >= 10 { x.topic_id = r.uuid()?; }
        if v >= 1 { x.is_internal = r.bool()?; }
        x.partitions = r.array(flex, 18, |r| MetadataResponsePartition::decode(r, v))?;
        if v >= 8 { x.topic_authorized_operations = r.i32()?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for MetadataResponseTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 9;
        w.i16(self.error_code);
        w.opt_string(flex, v >= 12, self.name.as_deref());
        if v >= 10 { w.uuid(self.topic_id); }
        if v >= 1 { w.bool(self.is_internal); }
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        if v >= 8 { w.i32(self.topic_authorized_operations); }
        w.no_tags(flex);
    }
}

/// Part of `MetadataResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataResponsePartition {
    /// int16.
    pub error_code: i16,
    /// int32.
    pub partition_index: i32,
    /// int32 (brokerId).
    pub leader_id: i32,
    /// int32, versions 7+, default -1.
    pub leader_epoch: i32,
    /// array of int32 (brokerId).
    pub replica_nodes: Vec<i32>,
    /// array of int32 (brokerId).
    pub isr_nodes: Vec<i32>,
    /// array of int32 (brokerId), versions 5+.
    pub offline_replicas: Vec<i32>,
}

impl Default for MetadataResponsePartition {
    fn default() -> Self {
        Self {
            error_code: Default::default(),
            partition_index: Default::default(),
            leader_id: Default::default(),
            leader_epoch: -1,
            replica_nodes: Default::default(),
            isr_nodes: Default::default(),
            offline_replicas: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for MetadataResponsePartition {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 9;
        let mut x = Self::default();
        x.error_code = r.i16()?;
        x.partition_index = r.i32()?;
        x.leader_id = r.i32()?;
        if v >= 7 { x.leader_epoch = r.i32()?; }
        x.replica_nodes = r.array(flex, 4, |r| r.i32())?;
        x.isr_nodes = r.array(flex, 4, |r| r.i32())?;
        if v >= 5 { x.offline_replicas = r.array(flex, 4, |r| r.i32())?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for MetadataResponsePartition {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 9;
        w.i16(self.error_code);
        w.i32(self.partition_index);
        w.i32(self.leader_id);
        if v >= 7 { w.i32(self.leader_epoch); }
        w.array(flex, &self.replica_nodes, |w, x| w.i32(*x));
        w.array(flex, &self.isr_nodes, |w, x| w.i32(*x));
        if v >= 5 { w.array(flex, &self.offline_replicas, |w, x| w.i32(*x)); }
        w.no_tags(flex);
    }
}

impl Message for MetadataResponse<'_> {
    const KEY: i16 = 3;
    const NAME: &'static str = "MetadataResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 13;
    const FLEXIBLE_FROM: i16 = 9;
}
