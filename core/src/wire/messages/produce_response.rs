// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ProduceResponse`: response of API 0, versions 3-13, flexible from 9.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProduceResponse<'a> {
    /// array of TopicProduceResponse.
    pub responses: Vec<TopicProduceResponse<'a>>,
    /// int32, default 0.
    pub throttle_time_ms: i32,
    /// array of NodeEndpoint, versions 10+, tag 0.
    pub node_endpoints: Vec<NodeEndpoint<'a>>,
}

impl<'a> Decode<'a> for ProduceResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 9;
        let mut x = Self::default();
        x.responses = r.array(flex, 3, |r| TopicProduceResponse::decode(r, v))?;
        x.throttle_time_ms = r.i32()?;
        if flex {
            r.tags(&mut |tag, r| {
                match tag {
                    0 if v >= 10 => x.node_endpoints = r.array(flex, 11, |r| NodeEndpoint::decode(r, v))?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(x)
    }
}

impl Encode for ProduceResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 9;
        w.array(flex, &self.responses, |w, x| x.encode(w, v));
        w.i32(self.throttle_time_ms);
        if flex {
            let has_node_endpoints = v >= 10 && !self.node_endpoints.is_empty();
            w.uvarint(u32::from(has_node_endpoints));
            if has_node_endpoints { w.tag(0, &mut |w| w.array(flex, &self.node_endpoints, |w, x| x.encode(w, v))); }
        }
    }
}

/// Part of `ProduceResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicProduceResponse<'a> {
    /// string (topicName), versions 3-12.
    pub name: Str<'a>,
    /// uuid, versions 13+.
    pub topic_id: TopicId,
    /// array of PartitionProduceResponse.
    pub partition_responses: Vec<PartitionProduceResponse<'a>>,
}

impl<'a> Decode<'a> for TopicProduceResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 9;
        let mut x = Self::default();
        if v <= 12 { x.name = r.string(flex)?; }
        if v >= 13 { x.topic_id = r.uuid()?; }
        x.partition_responses = r.array(flex, 22, |r| PartitionProduceResponse::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TopicProduceResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 9;
        if v <= 12 { w.string(flex, &self.name); }
        if v >= 13 { w.uuid(self.topic_id); }
        w.array(flex, &self.partition_responses, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ProduceResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionProduceResponse<'a> {
    /// int32.
    pub index: i32,
    /// int16.
    pub error_code: i16,
    /// int64.
    pub base_offset: i64,
    /// int64, default -1.
    pub log_append_time_ms: i64,
    /// int64, versions 5+, default -1.
    pub log_start_offset: i64,
    /// array of BatchIndexAndErrorMessage, versions 8+.
    pub record_errors: Vec<BatchIndexAndErrorMessage<'a>>,
    /// string, versions 8+, nullable.
    pub error_message: Option<Str<'a>>,
    /// LeaderIdAndEpoch, versions 10+, tag 0.
    pub current_leader: LeaderIdAndEpoch,
}

impl Default for PartitionProduceResponse<'_> {
    fn default() -> Self {
        Self {
            index: Default::default(),
            error_code: Default::default(),
            base_offset: Default::default(),
            log_append_time_ms: -1,
            log_start_offset: -1,
            record_errors: Default::default(),
            error_message: Default::default(),
            current_leader: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for PartitionProduceResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 9;
        let mut x = Self::default();
        x.index = r.i32()?;
        x.error_code = r.i16()?;
        x.base_offset = r.i64()?;
        x.log_append_time_ms = r.i64()?;
        if v >= 5 { x.log_start_offset = r.i64()?; }
        if v >= 8 { x.record_errors = r.array(flex, 6, |r| BatchIndexAndErrorMessage::decode(r, v))?; }
        if v >= 8 { x.error_message = r.opt_string(flex, v >= 8)?; }
        if flex {
            r.tags(&mut |tag, r| {
                match tag {
                    0 if v >= 10 => x.current_leader = LeaderIdAndEpoch::decode(r, v)?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(x)
    }
}

impl Encode for PartitionProduceResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 9;
        w.i32(self.index);
        w.i16(self.error_code);
        w.i64(self.base_offset);
        w.i64(self.log_append_time_ms);
        if v >= 5 { w.i64(self.log_start_offset); }
        if v >= 8 { w.array(flex, &self.record_errors, |w, x| x.encode(w, v)); }
        if v >= 8 { w.opt_string(flex, v >= 8, self.error_message.as_deref()); }
        if flex {
            let has_current_leader = v >= 10 && self.current_leader != LeaderIdAndEpoch::default();
            w.uvarint(u32::from(has_current_leader));
            if has_current_leader { w.tag(0, &mut |w| self.current_leader.encode(w, v)); }
        }
    }
}

/// Part of `ProduceResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchIndexAndErrorMessage<'a> {
    /// int32.
    pub batch_index: i32,
    /// string, nullable.
    pub batch_index_error_message: Option<Str<'a>>,
}

impl<'a> Decode<'a> for BatchIndexAndErrorMessage<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 9;
        let mut x = Self::default();
        x.batch_index = r.i32()?;
        x.batch_index_error_message = r.opt_string(flex, true)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for BatchIndexAndErrorMessage<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 9;
        w.i32(self.batch_index);
        w.opt_string(flex, true, self.batch_index_error_message.as_deref());
        w.no_tags(flex);
    }
}

/// Part of `ProduceResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct LeaderIdAndEpoch {
    /// int32 (brokerId), default -1.
    pub leader_id: i32,
    /// int32, default -1.
    pub leader_epoch: i32,
}

impl Default for LeaderIdAndEpoch {
    fn default() -> Self {
        Self {
            leader_id: -1,
            leader_epoch: -1,
        }
    }
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

/// Part of `ProduceResponse`.
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

impl Message for ProduceResponse<'_> {
    const KEY: i16 = 0;
    const NAME: &'static str = "ProduceResponse";
    const MIN_VERSION: i16 = 3;
    const MAX_VERSION: i16 = 13;
    const FLEXIBLE_FROM: i16 = 9;
}
