// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ReadShareGroupStateResponse`: response of API 84, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadShareGroupStateResponse<'a> {
    /// array of ReadStateResult.
    pub results: Vec<ReadStateResult<'a>>,
}

impl<'a> Decode<'a> for ReadShareGroupStateResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.results = r.array(flex, 18, |r| ReadStateResult::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ReadShareGroupStateResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.array(flex, &self.results, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ReadShareGroupStateResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadStateResult<'a> {
    /// uuid.
    pub topic_id: TopicId,
    /// array of PartitionResult.
    pub partitions: Vec<PartitionResult<'a>>,
}

impl<'a> Decode<'a> for ReadStateResult<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_id = r.uuid()?;
        x.partitions = r.array(flex, 21, |r| PartitionResult::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ReadStateResult<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.uuid(self.topic_id);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ReadShareGroupStateResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionResult<'a> {
    /// int32.
    pub partition: i32,
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
    /// int32.
    pub state_epoch: i32,
    /// int64.
    pub start_offset: i64,
    /// array of StateBatch.
    pub state_batches: Vec<StateBatch>,
}

impl<'a> Decode<'a> for PartitionResult<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.partition = r.i32()?;
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        x.state_epoch = r.i32()?;
        x.start_offset = r.i64()?;
        x.state_batches = r.array(flex, 20, |r| StateBatch::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for PartitionResult<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.partition);
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        w.i32(self.state_epoch);
        w.i64(self.start_offset);
        w.array(flex, &self.state_batches, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ReadShareGroupStateResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateBatch {
    /// int64.
    pub first_offset: i64,
    /// int64.
    pub last_offset: i64,
    /// int8.
    pub delivery_state: i8,
    /// int16.
    pub delivery_count: i16,
}

impl<'a> Decode<'a> for StateBatch {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.first_offset = r.i64()?;
        x.last_offset = r.i64()?;
        x.delivery_state = r.i8()?;
        x.delivery_count = r.i16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for StateBatch {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i64(self.first_offset);
        w.i64(self.last_offset);
        w.i8(self.delivery_state);
        w.i16(self.delivery_count);
        w.no_tags(flex);
    }
}

impl Message for ReadShareGroupStateResponse<'_> {
    const KEY: i16 = 84;
    const NAME: &'static str = "ReadShareGroupStateResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
