// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `OffsetFetchResponse`: response of API 9, versions 1-10, flexible from 6.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchResponse<'a> {
    /// int32, versions 3+.
    pub throttle_time_ms: i32,
    /// array of OffsetFetchResponseTopic, versions 1-7.
    pub topics: Vec<OffsetFetchResponseTopic<'a>>,
    /// int16, versions 2-7, default 0.
    pub error_code: i16,
    /// array of OffsetFetchResponseGroup, versions 8+.
    pub groups: Vec<OffsetFetchResponseGroup<'a>>,
}

impl<'a> Decode<'a> for OffsetFetchResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 6;
        let mut x = Self::default();
        if v >= 3 { x.throttle_time_ms = r.i32()?; }
        if v <= 7 { x.topics = r.array(flex, 3, |r| OffsetFetchResponseTopic::decode(r, v))?; }
        if (2..=7).contains(&v) { x.error_code = r.i16()?; }
        if v >= 8 { x.groups = r.array(flex, 5, |r| OffsetFetchResponseGroup::decode(r, v))?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OffsetFetchResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 6;
        if v >= 3 { w.i32(self.throttle_time_ms); }
        if v <= 7 { w.array(flex, &self.topics, |w, x| x.encode(w, v)); }
        if (2..=7).contains(&v) { w.i16(self.error_code); }
        if v >= 8 { w.array(flex, &self.groups, |w, x| x.encode(w, v)); }
        w.no_tags(flex);
    }
}

/// Part of `OffsetFetchResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchResponseTopic<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// array of OffsetFetchResponsePartition.
    pub partitions: Vec<OffsetFetchResponsePartition<'a>>,
}

impl<'a> Decode<'a> for OffsetFetchResponseTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 6;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.partitions = r.array(flex, 16, |r| OffsetFetchResponsePartition::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OffsetFetchResponseTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 6;
        w.string(flex, &self.name);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `OffsetFetchResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchResponsePartition<'a> {
    /// int32.
    pub partition_index: i32,
    /// int64.
    pub committed_offset: i64,
    /// int32, versions 5+, default -1.
    pub committed_leader_epoch: i32,
    /// string, nullable.
    pub metadata: Option<Str<'a>>,
    /// int16.
    pub error_code: i16,
}

impl Default for OffsetFetchResponsePartition<'_> {
    fn default() -> Self {
        Self {
            partition_index: Default::default(),
            committed_offset: Default::default(),
            committed_leader_epoch: -1,
            metadata: Some(Default::default()),
            error_code: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for OffsetFetchResponsePartition<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 6;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        x.committed_offset = r.i64()?;
        if v >= 5 { x.committed_leader_epoch = r.i32()?; }
        x.metadata = r.opt_string(flex, true)?;
        x.error_code = r.i16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OffsetFetchResponsePartition<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 6;
        w.i32(self.partition_index);
        w.i64(self.committed_offset);
        if v >= 5 { w.i32(self.committed_leader_epoch); }
        w.opt_string(flex, true, self.metadata.as_deref());
        w.i16(self.error_code);
        w.no_tags(flex);
    }
}

/// Part of `OffsetFetchResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchResponseGroup<'a> {
    /// string (groupId).
    pub group_id: Str<'a>,
    /// array of OffsetFetchResponseTopics.
    pub topics: Vec<OffsetFetchResponseTopics<'a>>,
    /// int16, default 0.
    pub error_code: i16,
}

impl<'a> Decode<'a> for OffsetFetchResponseGroup<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.group_id = r.string(flex)?;
        x.topics = r.array(flex, 3, |r| OffsetFetchResponseTopics::decode(r, v))?;
        x.error_code = r.i16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OffsetFetchResponseGroup<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.group_id);
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.i16(self.error_code);
        w.no_tags(flex);
    }
}

/// Part of `OffsetFetchResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchResponseTopics<'a> {
    /// string (topicName), versions 8-9.
    pub name: Str<'a>,
    /// uuid, versions 10+.
    pub topic_id: TopicId,
    /// array of OffsetFetchResponsePartitions.
    pub partitions: Vec<OffsetFetchResponsePartitions<'a>>,
}

impl<'a> Decode<'a> for OffsetFetchResponseTopics<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        if v <= 9 { x.name = r.string(flex)?; }
        if v >= 10 { x.topic_id = r.uuid()?; }
        x.partitions = r.array(flex, 20, |r| OffsetFetchResponsePartitions::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OffsetFetchResponseTopics<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        if v <= 9 { w.string(flex, &self.name); }
        if v >= 10 { w.uuid(self.topic_id); }
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `OffsetFetchResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchResponsePartitions<'a> {
    /// int32.
    pub partition_index: i32,
    /// int64.
    pub committed_offset: i64,
    /// int32, default -1.
    pub committed_leader_epoch: i32,
    /// string, nullable.
    pub metadata: Option<Str<'a>>,
    /// int16.
    pub error_code: i16,
}

impl Default for OffsetFetchResponsePartitions<'_> {
    fn default() -> Self {
        Self {
            partition_index: Default::default(),
            committed_offset: Default::default(),
            committed_leader_epoch: -1,
            metadata: Some(Default::default()),
            error_code: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for OffsetFetchResponsePartitions<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        x.committed_offset = r.i64()?;
        x.committed_leader_epoch = r.i32()?;
        x.metadata = r.opt_string(flex, true)?;
        x.error_code = r.i16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OffsetFetchResponsePartitions<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.partition_index);
        w.i64(self.committed_offset);
        w.i32(self.committed_leader_epoch);
        w.opt_string(flex, true, self.metadata.as_deref());
        w.i16(self.error_code);
        w.no_tags(flex);
    }
}

impl Message for OffsetFetchResponse<'_> {
    const KEY: i16 = 9;
    const NAME: &'static str = "OffsetFetchResponse";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 10;
    const FLEXIBLE_FROM: i16 = 6;
}
