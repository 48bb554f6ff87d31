// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `WriteTxnMarkersResponse`: response of API 27, versions 1-2, flexible from 1.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WriteTxnMarkersResponse<'a> {
    /// array of WritableTxnMarkerResult.
    pub markers: Vec<WritableTxnMarkerResult<'a>>,
}

impl<'a> Decode<'a> for WriteTxnMarkersResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.markers = r.array(flex, 10, |r| WritableTxnMarkerResult::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for WriteTxnMarkersResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.array(flex, &self.markers, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `WriteTxnMarkersResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WritableTxnMarkerResult<'a> {
    /// int64 (producerId).
    pub producer_id: i64,
    /// array of WritableTxnMarkerTopicResult.
    pub topics: Vec<WritableTxnMarkerTopicResult<'a>>,
}

impl<'a> Decode<'a> for WritableTxnMarkerResult<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.producer_id = r.i64()?;
        x.topics = r.array(flex, 3, |r| WritableTxnMarkerTopicResult::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for WritableTxnMarkerResult<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i64(self.producer_id);
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `WriteTxnMarkersResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WritableTxnMarkerTopicResult<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// array of WritableTxnMarkerPartitionResult.
    pub partitions: Vec<WritableTxnMarkerPartitionResult>,
}

impl<'a> Decode<'a> for WritableTxnMarkerTopicResult<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.partitions = r.array(flex, 7, |r| WritableTxnMarkerPartitionResult::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for WritableTxnMarkerTopicResult<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `WriteTxnMarkersResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WritableTxnMarkerPartitionResult {
    /// int32.
    pub partition_index: i32,
    /// int16.
    pub error_code: i16,
}

impl<'a> Decode<'a> for WritableTxnMarkerPartitionResult {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        x.error_code = r.i16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for WritableTxnMarkerPartitionResult {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.partition_index);
        w.i16(self.error_code);
        w.no_tags(flex);
    }
}

impl Message for WriteTxnMarkersResponse<'_> {
    const KEY: i16 = 27;
    const NAME: &'static str = "WriteTxnMarkersResponse";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 2;
    const FLEXIBLE_FROM: i16 = 1;
}
