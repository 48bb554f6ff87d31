// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `OffsetCommitRequest`: request of API 8, versions 2-10, flexible from 8.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetCommitRequest<'a> {
    /// string (groupId).
    pub group_id: Str<'a>,
    /// int32, default -1.
    pub generation_id_or_member_epoch: i32,
    /// string.
    pub member_id: Str<'a>,
    /// string, versions 7+, nullable.
    pub group_instance_id: Option<Str<'a>>,
    /// int64, versions 2-4, default -1.
    pub retention_time_ms: i64,
    /// array of OffsetCommitRequestTopic.
    pub topics: Vec<OffsetCommitRequestTopic<'a>>,
}

impl Default for OffsetCommitRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: Default::default(),
            generation_id_or_member_epoch: -1,
            member_id: Default::default(),
            group_instance_id: Default::default(),
            retention_time_ms: -1,
            topics: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for OffsetCommitRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 8;
        let mut x = Self::default();
        x.group_id = r.string(flex)?;
        x.generation_id_or_member_epoch = r.i32()?;
        x.member_id = r.string(flex)?;
        if v >= 7 { x.group_instance_id = r.opt_string(flex, v >= 7)?; }
        if v <= 4 { x.retention_time_ms = r.i64()?; }
        x.topics = r.array(flex, 3, |r| OffsetCommitRequestTopic::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OffsetCommitRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 8;
        w.string(flex, &self.group_id);
        w.i32(self.generation_id_or_member_epoch);
        w.string(flex, &self.member_id);
        if v >= 7 { w.opt_string(flex, v >= 7, self.group_instance_id.as_deref()); }
        if v <= 4 { w.i64(self.retention_time_ms); }
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `OffsetCommitRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetCommitRequestTopic<'a> {
    /// string (topicName), versions 2-9.
    pub name: Str<'a>,
    /// uuid, versions 10+.
    pub topic_id: TopicId,
    /// array of OffsetCommitRequestPartition.
    pub partitions: Vec<OffsetCommitRequestPartition<'a>>,
}

impl<'a> Decode<'a> for OffsetCommitRequestTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 8;
        let mut x = Self::default();
        if v <= 9 { x.name = r.string(flex)?; }
        if v >= 10 { x.topic_id = r.uuid()?; }
        x.partitions = r.array(flex, 14, |r| OffsetCommitRequestPartition::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OffsetCommitRequestTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 8;
        if v <= 9 { w.string(flex, &self.name); }
        if v >= 10 { w.uuid(self.topic_id); }
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `OffsetCommitRequest`.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetCommitRequestPartition<'a> {
    /// int32.
    pub partition_index: i32,
    /// int64.
    pub committed_offset: i64,
    /// int32, versions 6+, default -1.
    pub committed_leader_epoch: i32,
    /// string, nullable.
    pub committed_metadata: Option<Str<'a>>,
}

impl Default for OffsetCommitRequestPartition<'_> {
    fn default() -> Self {
        Self {
            partition_index: Default::default(),
            committed_offset: Default::default(),
            committed_leader_epoch: -1,
            committed_metadata: Some(Default::default()),
        }
    }
}

impl<'a> Decode<'a> for OffsetCommitRequestPartition<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 8;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        x.committed_offset = r.i64()?;
        if v >= 6 { x.committed_leader_epoch = r.i32()?; }
        x.committed_metadata = r.opt_string(flex, true)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OffsetCommitRequestPartition<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 8;
        w.i32(self.partition_index);
        w.i64(self.committed_offset);
        if v >= 6 { w.i32(self.committed_leader_epoch); }
        w.opt_string(flex, true, self.committed_metadata.as_deref());
        w.no_tags(flex);
    }
}

impl Message for OffsetCommitRequest<'_> {
    const KEY: i16 = 8;
    const NAME: &'static str = "OffsetCommitRequest";
    const MIN_VERSION: i16 = 2;
    const MAX_VERSION: i16 = 10;
    const FLEXIBLE_FROM: i16 = 8;
}

impl Request for OffsetCommitRequest<'_> {
    type Response<'r> = super::OffsetCommitResponse<'r>;
}
