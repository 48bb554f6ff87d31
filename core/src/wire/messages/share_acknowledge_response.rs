// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ShareAcknowledgeResponse`: response of API 79, versions 1-2, flexible from 1.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareAcknowledgeResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
    /// int32, versions 2+.
    pub acquisition_lock_timeout_ms: i32,
    /// array of ShareAcknowledgeTopicResponse.
    pub responses: Vec<ShareAcknowledgeTopicResponse<'a>>,
    /// array of NodeEndpoint.
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

impl<'a> Decode<'a> for ShareAcknowledgeResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        if v >= 2 { x.acquisition_lock_timeout_ms = r.i32()?; }
        x.responses = r.array(flex, 18, |r| ShareAcknowledgeTopicResponse::decode(r, v))?;
        x.node_endpoints = r.array(flex, 11, |r| NodeEndpoint::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ShareAcknowledgeResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        if v >= 2 { w.i32(self.acquisition_lock_timeout_ms); }
        w.array(flex, &self.responses, |w, x| x.encode(w, v));
        w.array(flex, &self.node_endpoints, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ShareAcknowledgeResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareAcknowledgeTopicResponse<'a> {
    /// uuid.
    pub topic_id: TopicId,
    /// array of PartitionData.
    pub partitions: Vec<PartitionData<'a>>,
}

impl<'a> Decode<'a> for ShareAcknowledgeTopicResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_id = r.uuid()?;
        x.partitions = r.array(flex, 17, |r| PartitionData::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ShareAcknowledgeTopicResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.uuid(self.topic_id);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ShareAcknowledgeResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionData<'a> {
    /// int32.
    pub partition_index: i32,
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
    /// LeaderIdAndEpoch.
    pub current_leader: LeaderIdAndEpoch,
}

impl<'a> Decode<'a> for PartitionData<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        x.current_leader = LeaderIdAndEpoch::decode(r, v)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for PartitionData<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.partition_index);
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        self.current_leader.encode(w, v);
        w.no_tags(flex);
    }
}

/// Part of `ShareAcknowledgeResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeaderIdAndEpoch {
    /// int32.
    pub leader_id: i32,
    /// int32.
    pub leader_epoch: i32,
}

impl<'a> Decode<'a> for LeaderIdAndEpoch {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.leader_id = r.i32()?;
        x.leader_epoch = r.i32()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for LeaderIdAndEpoch {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.leader_id);
        w.i32(self.leader_epoch);
        w.no_tags(flex);
    }
}

/// Part of `ShareAcknowledgeResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeEndpoint<'a> {
    /// int32 (brokerId).
    pub node_id: i32,
    /// string.
    pub host: Str<'a>,
    /// int32.
    pub port: i32,
    /// string, nullable.
    pub rack: Option<Str<'a>>,
}

impl<'a> Decode<'a> for NodeEndpoint<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.node_id = r.i32()?;
        x.host = r.string(flex)?;
        x.port = r.i32()?;
        x.rack = r.opt_string(flex, true)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for NodeEndpoint<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.node_id);
        w.string(flex, &self.host);
        w.i32(self.port);
        w.opt_string(flex, true, self.rack.as_deref());
        w.no_tags(flex);
    }
}

impl Message for ShareAcknowledgeResponse<'_> {
    const KEY: i16 = 79;
    const NAME: &'static str = "ShareAcknowledgeResponse";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 2;
    const FLEXIBLE_FROM: i16 = 1;
}
