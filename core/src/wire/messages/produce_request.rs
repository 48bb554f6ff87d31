// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ProduceRequest`: request of API 0, versions 3-13, flexible from 9.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProduceRequest<'a> {
    /// string (transactionalId), nullable.
    pub transactional_id: Option<Str<'a>>,
    /// int16.
    pub acks: i16,
    /// int32.
    pub timeout_ms: i32,
    /// array of TopicProduceData.
    pub topic_data: Vec<TopicProduceData<'a>>,
}

impl<'a> Decode<'a> for ProduceRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 9;
        let mut x = Self::default();
        x.transactional_id = r.opt_string(flex, true)?;
        x.acks = r.i16()?;
        x.timeout_ms = r.i32()?;
        x.topic_data = r.array(flex, 3, |r| TopicProduceData::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ProduceRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 9;
        w.opt_string(flex, true, self.transactional_id.as_deref());
        w.i16(self.acks);
        w.i32(self.timeout_ms);
        w.array(flex, &self.topic_data, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ProduceRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicProduceData<'a> {
    /// string (topicName), versions 3-12.
    pub name: Str<'a>,
    /// uuid, versions 13+.
    pub topic_id: TopicId,
    /// array of PartitionProduceData.
    pub partition_data: Vec<PartitionProduceData<'a>>,
}

impl<'a> Decode<'a> for TopicProduceData<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 9;
        let mut x = Self::default();
        if v <= 12 { x.name = r.string(flex)?; }
        if v >= 13 { x.topic_id = r.uuid()?; }
        x.partition_data = r.array(flex, 6, |r| PartitionProduceData::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TopicProduceData<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 9;
        if v <= 12 { w.string(flex, &self.name); }
        if v >= 13 { w.uuid(self.topic_id); }
        w.array(flex, &self.partition_data, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ProduceRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionProduceData<'a> {
    /// int32.
    pub index: i32,
    /// records, nullable.
    pub records: Records<'a>,
}

impl<'a> Decode<'a> for PartitionProduceData<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 9;
        let mut x = Self::default();
        x.index = r.i32()?;
        x.records = r.records(flex, true)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for PartitionProduceData<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 9;
        w.i32(self.index);
        w.records(flex, true, &self.records);
        w.no_tags(flex);
    }
}

impl Message for ProduceRequest<'_> {
    const KEY: i16 = 0;
    const NAME: &'static str = "ProduceRequest";
    const MIN_VERSION: i16 = 3;
    const MAX_VERSION: i16 = 13;
    const FLEXIBLE_FROM: i16 = 9;
}

impl Request for ProduceRequest<'_> {
    type Response<'r> = super::ProduceResponse<'r>;
}
