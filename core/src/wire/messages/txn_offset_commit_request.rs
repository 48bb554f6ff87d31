// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `TxnOffsetCommitRequest`: request of API 28, versions 0-5, flexible from 3.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct TxnOffsetCommitRequest<'a> {
    /// string (transactionalId).
    pub transactional_id: Str<'a>,
    /// string (groupId).
    pub group_id: Str<'a>,
    /// int64 (producerId).
    pub producer_id: i64,
    /// int16.
    pub producer_epoch: i16,
    /// int32, versions 3+, default -1.
    pub generation_id: i32,
    /// string, versions 3+.
    pub member_id: Str<'a>,
    /// string, versions 3+, nullable.
    pub group_instance_id: Option<Str<'a>>,
    /// array of TxnOffsetCommitRequestTopic.
    pub topics: Vec<TxnOffsetCommitRequestTopic<'a>>,
}

impl Default for TxnOffsetCommitRequest<'_> {
    fn default() -> Self {
        Self {
            transactional_id: Default::default(),
            group_id: Default::default(),
            producer_id: Default::default(),
            producer_epoch: Default::default(),
            generation_id: -1,
            member_id: Default::default(),
            group_instance_id: Default::default(),
            topics: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for TxnOffsetCommitRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 3;
        let mut x = Self::default();
        x.transactional_id = r.string(flex)?;
        x.group_id = r.string(flex)?;
        x.producer_id = r.i64()?;
        x.producer_epoch = r.i16()?;
        if v >= 3 { x.generation_id = r.i32()?; }
        if v >= 3 { x.member_id = r.string(flex)?; }
        if v >= 3 { x.group_instance_id = r.opt_string(flex, v >= 3)?; }
        x.topics = r.array(flex, 3, |r| TxnOffsetCommitRequestTopic::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TxnOffsetCommitRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 3;
        w.string(flex, &self.transactional_id);
        w.string(flex, &self.group_id);
        w.i64(self.producer_id);
        w.i16(self.producer_epoch);
        if v >= 3 { w.i32(self.generation_id); }
        if v >= 3 { w.string(flex, &self.member_id); }
        if v >= 3 { w.opt_string(flex, v >= 3, self.group_instance_id.as_deref()); }
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `TxnOffsetCommitRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TxnOffsetCommitRequestTopic<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// array of TxnOffsetCommitRequestPartition.
    pub partitions: Vec<TxnOffsetCommitRequestPartition<'a>>,
}

impl<'a> Decode<'a> for TxnOffsetCommitRequestTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 3;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.partitions = r.array(flex, 14, |r| TxnOffsetCommitRequestPartition::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TxnOffsetCommitRequestTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 3;
        w.string(flex, &self.name);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `TxnOffsetCommitRequest`.
#[derive(Clone, Debug, PartialEq)]
pub struct TxnOffsetCommitRequestPartition<'a> {
    /// int32.
    pub partition_index: i32,
    /// int64.
    pub committed_offset: i64,
    /// int32, versions 2+, default -1.
    pub committed_leader_epoch: i32,
    /// string, nullable.
    pub committed_metadata: Option<Str<'a>>,
}

impl Default for TxnOffsetCommitRequestPartition<'_> {
    fn default() -> Self {
        Self {
            partition_index: Default::default(),
            committed_offset: Default::default(),
            committed_leader_epoch: -1,
            committed_metadata: Some(Default::default()),
        }
    }
}

impl<'a> Decode<'a> for TxnOffsetCommitRequestPartition<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 3;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        x.committed_offset = r.i64()?;
        if v >= 2 { x.committed_leader_epoch = r.i32()?; }
        x.committed_metadata = r.opt_string(flex, true)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TxnOffsetCommitRequestPartition<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 3;
        w.i32(self.partition_index);
        w.i64(self.committed_offset);
        if v >= 2 { w.i32(self.committed_leader_epoch); }
        w.opt_string(flex, true, self.committed_metadata.as_deref());
        w.no_tags(flex);
    }
}

impl Message for TxnOffsetCommitRequest<'_> {
    const KEY: i16 = 28;
    const NAME: &'static str = "TxnOffsetCommitRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 5;
    const FLEXIBLE_FROM: i16 = 3;
}

impl Request for TxnOffsetCommitRequest<'_> {
    type Response<'r> = super::TxnOffsetCommitResponse<'r>;
}
