// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ShareAcknowledgeRequest`: request of API 79, versions 1-2, flexible from 1.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct ShareAcknowledgeRequest<'a> {
    /// string (groupId), nullable.
    pub group_id: Option<Str<'a>>,
    /// string, nullable.
    pub member_id: Option<Str<'a>>,
    /// int32.
    pub share_session_epoch: i32,
    /// bool, versions 2+, default false.
    pub is_renew_ack: bool,
    /// array of AcknowledgeTopic.
    pub topics: Vec<AcknowledgeTopic>,
}

impl Default for ShareAcknowledgeRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: Default::default(),
            member_id: Some(Default::default()),
            share_session_epoch: Default::default(),
            is_renew_ack: Default::default(),
            topics: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for ShareAcknowledgeRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.group_id = r.opt_string(flex, true)?;
        x.member_id = r.opt_string(flex, true)?;
        x.share_session_epoch = r.i32()?;
        if v >= 2 { x.is_renew_ack = r.bool()?; }
        x.topics = r.array(flex, 18, |r| AcknowledgeTopic::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ShareAcknowledgeRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.opt_string(flex, true, self.group_id.as_deref());
        w.opt_string(flex, true, self.member_id.as_deref());
        w.i32(self.share_session_epoch);
        if v >= 2 { w.bool(self.is_renew_ack); }
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ShareAcknowledgeRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AcknowledgeTopic {
    /// uuid.
    pub topic_id: TopicId,
    /// array of AcknowledgePartition.
    pub partitions: Vec<AcknowledgePartition>,
}

impl<'a> Decode<'a> for AcknowledgeTopic {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_id = r.uuid()?;
        x.partitions = r.array(flex, 6, |r| AcknowledgePartition::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AcknowledgeTopic {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.uuid(self.topic_id);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ShareAcknowledgeRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AcknowledgePartition {
    /// int32.
    pub partition_index: i32,
    /// array of AcknowledgementBatch.
    pub acknowledgement_batches: Vec<AcknowledgementBatch>,
}

impl<'a> Decode<'a> for AcknowledgePartition {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        x.acknowledgement_batches = r.array(flex, 18, |r| AcknowledgementBatch::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AcknowledgePartition {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.partition_index);
        w.array(flex, &self.acknowledgement_batches, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ShareAcknowledgeRequest`.
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

impl Message for ShareAcknowledgeRequest<'_> {
    const KEY: i16 = 79;
    const NAME: &'static str = "ShareAcknowledgeRequest";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 2;
    const FLEXIBLE_FROM: i16 = 1;
}

impl Request for ShareAcknowledgeRequest<'_> {
    type Response<'r> = super::ShareAcknowledgeResponse<'r>;
}
