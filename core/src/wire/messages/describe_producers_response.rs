// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DescribeProducersResponse`: response of API 61, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeProducersResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// array of TopicResponse.
    pub topics: Vec<TopicResponse<'a>>,
}

impl<'a> Decode<'a> for DescribeProducersResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.topics = r.array(flex, 3, |r| TopicResponse::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeProducersResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.throttle_time_ms);
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DescribeProducersResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicResponse<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// array of PartitionResponse.
    pub partitions: Vec<PartitionResponse<'a>>,
}

impl<'a> Decode<'a> for TopicResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.partitions = r.array(flex, 9, |r| PartitionResponse::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TopicResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DescribeProducersResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionResponse<'a> {
    /// int32.
    pub partition_index: i32,
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
    /// array of ProducerState.
    pub active_producers: Vec<ProducerState>,
}

impl<'a> Decode<'a> for PartitionResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        x.active_producers = r.array(flex, 37, |r| ProducerState::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for PartitionResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.partition_index);
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        w.array(flex, &self.active_producers, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DescribeProducersResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct ProducerState {
    /// int64 (producerId).
    pub producer_id: i64,
    /// int32.
    pub producer_epoch: i32,
    /// int32, default -1.
    pub last_sequence: i32,
    /// int64, default -1.
    pub last_timestamp: i64,
    /// int32.
    pub coordinator_epoch: i32,
    /// int64, default -1.
    pub current_txn_start_offset: i64,
}

impl Default for ProducerState {
    fn default() -> Self {
        Self {
            producer_id: Default::default(),
            producer_epoch: Default::default(),
            last_sequence: -1,
            last_timestamp: -1,
            coordinator_epoch: Default::default(),
            current_txn_start_offset: -1,
        }
    }
}

impl<'a> Decode<'a> for ProducerState {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.producer_id = r.i64()?;
        x.producer_epoch = r.i32()?;
        x.last_sequence = r.i32()?;
        x.last_timestamp = r.i64()?;
        x.coordinator_epoch = r.i32()?;
        x.current_txn_start_offset = r.i64()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ProducerState {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i64(self.producer_id);
        w.i32(self.producer_epoch);
        w.i32(self.last_sequence);
        w.i64(self.last_timestamp);
        w.i32(self.coordinator_epoch);
        w.i64(self.current_txn_start_offset);
        w.no_tags(flex);
    }
}

impl Message for DescribeProducersResponse<'_> {
    const KEY: i16 = 61;
    const NAME: &'static str = "DescribeProducersResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
