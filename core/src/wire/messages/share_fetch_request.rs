// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ShareFetchRequest`: request of API 78, versions 1-2, flexible from 1.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct ShareFetchRequest<'a> {
    /// string (groupId), nullable.
    pub group_id: Option<Str<'a>>,
    /// string, nullable.
    pub member_id: Option<Str<'a>>,
    /// int32.
    pub share_session_epoch: i32,
    /// int32.
    pub max_wait_ms: i32,
    /// int32.
    pub min_bytes: i32,
    /// int32, default 0x7fffffff.
    pub max_bytes: i32,
    /// int32.
    pub max_records: i32,
    /// int32.
    pub batch_size: i32,
    /// int8, versions 2+, default 0.
    pub share_acquire_mode: i8,
    /// bool, versions 2+, default false.
    pub is_renew_ack: bool,
    /// array of FetchTopic.
    pub topics: Vec<FetchTopic>,
    /// array of ForgottenTopic.
    pub forgotten_topics_data: Vec<ForgottenTopic>,
}

impl Default for ShareFetchRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: Default::default(),
            member_id: Some(Default::default()),
            share_session_epoch: Default::default(),
            max_wait_ms: Default::default(),
            min_bytes: Default::default(),
            max_bytes: 0x7fffffff,
            max_records: Default::default(),
            batch_size: Default::default(),
            share_acquire_mode: Default::default(),
            is_renew_ack: Default::default(),
            topics: Default::default(),
            forgotten_topics_data: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for ShareFetchRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.group_id = r.opt_string(flex, true)?;
        x.member_id = r.opt_string(flex, true)?;
        x.share_session_epoch = r.i32()?;
        x.max_wait_ms = r.i32()?;
        x.min_bytes = r.i32()?;
        x.max_bytes = r.i32()?;
        x.max_records = r.i32()?;
        x.batch_size = r.i32()?;
        if v >= 2 { x.share_acquire_mode = r.i8()?; }
        if v >= 2 { x.is_renew_ack = r.bool()?; }
        x.topics = r.array(flex, 18, |r| FetchTopic::decode(r, v))?;
        x.forgotten_topics_data = r.array(flex, 18, |r| ForgottenTopic::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ShareFetchRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.opt_string(flex, true, self.group_id.as_deref());
        w.opt_string(flex, true, self.member_id.as_deref());
        w.i32(self.share_session_epoch);
        w.i32(self.max_wait_ms);
        w.i32(self.min_bytes);
        w.i32(self.max_bytes);
        w.i32(self.max_records);
        w.i32(self.batch_size);
        if v >= 2 { w.i8(self.share_acquire_mode); }
        if v >= 2 { w.bool(self.is_renew_ack); }
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.array(flex, &self.forgotten_topics_data, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ShareFetchRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchTopic {
    /// uuid.
    pub topic_id: TopicId,
    /// array of FetchPartition.
    pub partitions: Vec<FetchPartition>,
}

impl<'a> Decode<'a> for FetchTopic {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_id = r.uuid()?;
        x.partitions = r.array(flex, 6, |r| FetchPartition::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for FetchTopic {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.uuid(self.topic_id);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ShareFetchRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchPartition {
    /// int32.
    pub partition_index: i32,
    /// array of AcknowledgementBatch.
    pub acknowledgement_batches: Vec<AcknowledgementBatch>,
}

impl<'a> Decode<'a> for FetchPartition {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        x.acknowledgement_batches = r.array(flex, 18, |r| AcknowledgementBatch::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for FetchPartition {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.partition_index);
        w.array(flex, &self.acknowledgement_batches, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ShareFetchRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AcknowledgementBatch {
    /// int64.
    pub first_offset: i64,
    /// int64.
    pub last_offset: i64,
    /// array of int8.
    pub acknowledge_types: Vec<i8>,
}

impl<'a> Decode<'a> for AcknowledgementBatch {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.first_offset = r.i64()?;
        x.last_offset = r.i64()?;
        x.acknowledge_types = r.array(flex, 1, |r| r.i8())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AcknowledgementBatch {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i64(self.first_offset);
        w.i64(self.last_offset);
        w.array(flex, &self.acknowledge_types, |w, x| w.i8(*x));
        w.no_tags(flex);
    }
}

/// Part of `ShareFetchRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForgottenTopic {
    /// uuid.
    pub topic_id: TopicId,
    /// array of int32.
    pub partitions: Vec<i32>,
}

impl<'a> Decode<'a> for ForgottenTopic {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_id = r.uuid()?;
        x.partitions = r.array(flex, 4, |r| r.i32())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ForgottenTopic {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.uuid(self.topic_id);
        w.array(flex, &self.partitions, |w, x| w.i32(*x));
        w.no_tags(flex);
    }
}

impl Message for ShareFetchRequest<'_> {
    const KEY: i16 = 78;
    const NAME: &'static str = "ShareFetchRequest";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 2;
    const FLEXIBLE_FROM: i16 = 1;
}

impl Request for ShareFetchRequest<'_> {
    type Response<'r> = super::ShareFetchResponse<'r>;
}
