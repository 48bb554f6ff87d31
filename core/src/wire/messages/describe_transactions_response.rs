// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DescribeTransactionsResponse`: response of API 65, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeTransactionsResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// array of TransactionState.
    pub transaction_states: Vec<TransactionState<'a>>,
}

impl<'a> Decode<'a> for DescribeTransactionsResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.transaction_states = r.array(flex, 28, |r| TransactionState::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeTransactionsResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.throttle_time_ms);
        w.array(flex, &self.transaction_states, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DescribeTransactionsResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TransactionState<'a> {
    /// int16.
    pub error_code: i16,
    /// string (transactionalId).
    pub transactional_id: Str<'a>,
    /// string.
    pub transaction_state: Str<'a>,
    /// int32.
    pub transaction_timeout_ms: i32,
    /// int64.
    pub transaction_start_time_ms: i64,
    /// int64 (producerId).
    pub producer_id: i64,
    /// int16.
    pub producer_epoch: i16,
    /// array of TopicData.
    pub topics: Vec<TopicData<'a>>,
}

impl<'a> Decode<'a> for TransactionState<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.error_code = r.i16()?;
        x.transactional_id = r.string(flex)?;
        x.transaction_state = r.string(flex)?;
        x.transaction_timeout_ms = r.i32()?;
        x.transaction_start_time_ms = r.i64()?;
        x.producer_id = r.i64()?;
        x.producer_epoch = r.i16()?;
        x.topics = r.array(flex, 3, |r| TopicData::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TransactionState<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i16(self.error_code);
        w.string(flex, &self.transactional_id);
        w.string(flex, &self.transaction_state);
        w.i32(self.transaction_timeout_ms);
        w.i64(self.transaction_start_time_ms);
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DescribeTransactionsResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicData<'a> {
    /// string (topicName).
    pub topic: Str<'a>,
    /// array of int32.
    pub partitions: Vec<i32>,
}

impl<'a> Decode<'a> for TopicData<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic = r.string(flex)?;
        x.partitions = r.array(flex, 4, |r| r.i32())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TopicData<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.topic);
        w.array(flex, &self.partitions, |w, x| w.i32(*x));
        w.no_tags(flex);
    }
}

impl Message for DescribeTransactionsResponse<'_> {
    const KEY: i16 = 65;
    const NAME: &'static str = "DescribeTransactionsResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
