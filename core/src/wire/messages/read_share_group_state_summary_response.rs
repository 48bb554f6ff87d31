// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ReadShareGroupStateSummaryResponse`: response of API 87, versions 0-1, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadShareGroupStateSummaryResponse<'a> {
    /// array of ReadStateSummaryResult.
    pub results: Vec<ReadStateSummaryResult<'a>>,
}

impl<'a> Decode<'a> for ReadShareGroupStateSummaryResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.results = r.array(flex, 18, |r| ReadStateSummaryResult::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ReadShareGroupStateSummaryResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.array(flex, &self.results, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ReadShareGroupStateSummaryResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadStateSummaryResult<'a> {
    /// uuid.
    pub topic_id: TopicId,
    /// array of PartitionResult.
    pub partitions: Vec<PartitionResult<'a>>,
}

impl<'a> Decode<'a> for ReadStateSummaryResult<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_id = r.uuid()?;
        x.partitions = r.array(flex, 24, |r| PartitionResult::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ReadStateSummaryResult<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.uuid(self.topic_id);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ReadShareGroupStateSummaryResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionResult<'a> {
    /// int32.
    pub partition: i32,
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
    /// int32.
    pub state_epoch: i32,
    /// int32.
    pub leader_epoch: i32,
    /// int64.
    pub start_offset: i64,
    /// int32, versions 1+, default -1.
    pub delivery_complete_count: i32,
}

impl Default for PartitionResult<'_> {
    fn default() -> Self {
        Self {
            partition: Default::default(),
            error_code: Default::default(),
            error_message: Default::default(),
            state_epoch: Default::default(),
            leader_epoch: Default::default(),
            start_offset: Default::default(),
            delivery_complete_count: -1,
        }
    }
}

impl<'a> Decode<'a> for PartitionResult<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.partition = r.i32()?;
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        x.state_epoch = r.i32()?;
        x.leader_epoch = r.i32()?;
        x.start_offset = r.i64()?;
        if v >= 1 { x.delivery_complete_count = r.i32()?; }
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
        w.i32(self.leader_epoch);
        w.i64(self.start_offset);
        if v >= 1 { w.i32(self.delivery_complete_count); }
        w.no_tags(flex);
    }
}

impl Message for ReadShareGroupStateSummaryResponse<'_> {
    const KEY: i16 = 87;
    const NAME: &'static str = "ReadShareGroupStateSummaryResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 1;
    const FLEXIBLE_FROM: i16 = 0;
}
