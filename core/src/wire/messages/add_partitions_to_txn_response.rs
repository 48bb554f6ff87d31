// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `AddPartitionsToTxnResponse`: response of API 24, versions 0-5, flexible from 3.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// int16, versions 4+.
    pub error_code: i16,
    /// array of AddPartitionsToTxnResult, versions 4+.
    pub results_by_transaction: Vec<AddPartitionsToTxnResult<'a>>,
    /// array of AddPartitionsToTxnTopicResult, versions 0-3.
    pub results_by_topic_v3_and_below: Vec<AddPartitionsToTxnTopicResult<'a>>,
}

impl<'a> Decode<'a> for AddPartitionsToTxnResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 3;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        if v >= 4 { x.error_code = r.i16()?; }
        if v >= 4 { x.results_by_transaction = r.array(flex, 3, |r| AddPartitionsToTxnResult::decode(r, v))?; }
        if v <= 3 { x.results_by_topic_v3_and_below = r.array(flex, 3, |r| AddPartitionsToTxnTopicResult::decode(r, v))?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AddPartitionsToTxnResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 3;
        w.i32(self.throttle_time_ms);
        if v >= 4 { w.i16(self.error_code); }
        if v >= 4 { w.array(flex, &self.results_by_transaction, |w, x| x.encode(w, v)); }
        if v <= 3 { w.array(flex, &self.results_by_topic_v3_and_below, |w, x| x.encode(w, v)); }
        w.no_tags(flex);
    }
}

/// Part of `AddPartitionsToTxnResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnResult<'a> {
    /// string (transactionalId).
    pub transactional_id: Str<'a>,
    /// array of AddPartitionsToTxnTopicResult.
    pub topic_results: Vec<AddPartitionsToTxnTopicResult<'a>>,
}

impl<'a> Decode<'a> for AddPartitionsToTxnResult<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.transactional_id = r.string(flex)?;
        x.topic_results = r.array(flex, 3, |r| AddPartitionsToTxnTopicResult::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AddPartitionsToTxnResult<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.transactional_id);
        w.array(flex, &self.topic_results, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `AddPartitionsToTxnResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnTopicResult<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// array of AddPartitionsToTxnPartitionResult.
    pub results_by_partition: Vec<AddPartitionsToTxnPartitionResult>,
}

impl<'a> Decode<'a> for AddPartitionsToTxnTopicResult<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 3;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.results_by_partition = r.array(flex, 6, |r| AddPartitionsToTxnPartitionResult::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AddPartitionsToTxnTopicResult<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 3;
        w.string(flex, &self.name);
        w.array(flex, &self.results_by_partition, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `AddPartitionsToTxnResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddPartitionsToTxnPartitionResult {
    /// int32.
    pub partition_index: i32,
    /// int16.
    pub partition_error_code: i16,
}

impl<'a> Decode<'a> for AddPartitionsToTxnPartitionResult {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 3;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        x.partition_error_code = r.i16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AddPartitionsToTxnPartitionResult {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 3;
        w.i32(self.partition_index);
        w.i16(self.partition_error_code);
        w.no_tags(flex);
    }
}

impl Message for AddPartitionsToTxnResponse<'_> {
    const KEY: i16 = 24;
    const NAME: &'static str = "AddPartitionsToTxnResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 5;
    const FLEXIBLE_FROM: i16 = 3;
}
