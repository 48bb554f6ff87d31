// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DeleteRecordsRequest`: request of API 21, versions 0-2, flexible from 2.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsRequest<'a> {
    /// array of DeleteRecordsTopic.
    pub topics: Vec<DeleteRecordsTopic<'a>>,
    /// int32.
    pub timeout_ms: i32,
}

impl<'a> Decode<'a> for DeleteRecordsRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 2;
        let mut x = Self::default();
        x.topics = r.array(flex, 3, |r| DeleteRecordsTopic::decode(r, v))?;
        x.timeout_ms = r.i32()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DeleteRecordsRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.i32(self.timeout_ms);
        w.no_tags(flex);
    }
}

/// Part of `DeleteRecordsRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsTopic<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// array of DeleteRecordsPartition.
    pub partitions: Vec<DeleteRecordsPartition>,
}

impl<'a> Decode<'a> for DeleteRecordsTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 2;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.partitions = r.array(flex, 12, |r| DeleteRecordsPartition::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DeleteRecordsTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.string(flex, &self.name);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DeleteRecordsRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteRecordsPartition {
    /// int32.
    pub partition_index: i32,
    /// int64.
    pub offset: i64,
}

impl<'a> Decode<'a> for DeleteRecordsPartition {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 2;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        x.offset = r.i64()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DeleteRecordsPartition {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.i32(self.partition_index);
        w.i64(self.offset);
        w.no_tags(flex);
    }
}

impl Message for DeleteRecordsRequest<'_> {
    const KEY: i16 = 21;
    const NAME: &'static str = "DeleteRecordsRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 2;
    const FLEXIBLE_FROM: i16 = 2;
}

impl Request for DeleteRecordsRequest<'_> {
    type Response<'r> = super::DeleteRecordsResponse<'r>;
}
