// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `FetchRequest`: request of API 1, versions 4-18, flexible from 12.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchRequest<'a> {
    /// string, versions 12+, nullable, tag 0.
    pub cluster_id: Option<Str<'a>>,
    /// int32 (brokerId), versions 4-14, default -1.
    pub replica_id: i32,
    /// ReplicaState, versions 15+, tag 1.
    pub replica_state: ReplicaState,
    /// int32.
    pub max_wait_ms: i32,
    /// int32.
    pub min_bytes: i32,
    /// int32, default 0x7fffffff.
    pub max_bytes: i32,
    /// int8, default 0.
    pub isolation_level: i8,
    /// int32, versions 7+, default 0.
    pub session_id: i32,
    /// int32, versions 7+, default -1.
    pub session_epoch: i32,
    /// array of FetchTopic.
    pub topics: Vec<FetchTopic<'a>>,
    /// array of ForgottenTopic, versions 7+.
    pub forgotten_topics_data: Vec<ForgottenTopic<'a>>,
    /// string, versions 11+.
    pub rack_id: Str<'a>,
}

impl Default for FetchRequest<'_> {
    fn default() -> Self {
        Self {
            cluster_id: Default::default(),
            replica_id: -1,
            replica_state: Default::default(),
            max_wait_ms: Default::default(),
            min_bytes: Default::default(),
            max_bytes: 0x7fffffff,
            isolation_level: Default::default(),
            session_id: Default::default(),
            session_epoch: -1,
            topics: Default::default(),
            forgotten_topics_data: Default::default(),
            rack_id: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for FetchRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 12;
        let mut x = Self::default();
        if v <= 14 { x.replica_id = r.i32()?; }
        x.max_wait_ms = r.i32()?;
        x.min_bytes = r.i32()?;
        x.max_bytes = r.i32()?;
        x.isolation_level = r.i8()?;
        if v >= 7 { x.session_id = r.i32()?; }
        if v >= 7 { x.session_epoch = r.i32()?; }
        x.topics = r.array(flex, 3, |r| FetchTopic::decode(r, v))?;
        if v >= 7 { x.forgotten_topics_data = r.array(flex, 3, |r| ForgottenTopic::decode(r, v))?; }
        if v >= 11 { x.rack_id = r.string(flex)?; }
        if flex {
            r.tags(&mut |tag, r| {
                match tag {
                    0 if v >= 12 => x.cluster_id = r.opt_string(flex, v >= 12)?,
                    1 if v >= 15 => x.replica_state = ReplicaState::decode(r, v)?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(x)
    }
}

impl Encode for FetchRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 12;
        if v <= 14 { w.i32(self.replica_id); }
        w.i32(self.max_wait_ms);
        w.i32(self.min_bytes);
        w.i32(self.max_bytes);
        w.i8(self.isolation_level);
        if v >= 7 { w.i32(self.session_id); }
        if v >= 7 { w.i32(self.session_epoch); }
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        if v >= 7 { w.array(flex, &self.forgotten_topics_data, |w, x| x.encode(w, v)); }
        if v >= 11 { w.string(flex, &self.rack_id); }
        if flex {
            let has_cluster_id = v >= 12 && self.cluster_id.is_some();
            let has_replica_state = v >= 15 && self.replica_state != ReplicaState::default();
            w.uvarint(u32::from(has_cluster_id) + u32::from(has_replica_state));
            if has_cluster_id { w.tag(0, &mut |w| w.opt_string(flex, v >= 12, self.cluster_id.as_deref())); }
            if has_replica_state { w.tag(1, &mut |w| self.replica_state.encode(w, v)); }
        }
    }
}

/// Part of `FetchRequest`.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaState {
    /// int32 (brokerId), default -1.
    pub replica_id: i32,
    /// int64, default -1.
    pub replica_epoch: i64,
}

impl Default for ReplicaState {
    fn default() -> Self {
        Self {
            replica_id: -1,
            replica_epoch: -1,
        }
    }
}

impl<'a> Decode<'a> for ReplicaState {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.replica_id = r.i32()?;
        x.replica_epoch = r.i64()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ReplicaState {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.replica_id);
        w.i64(self.replica_epoch);
        w.no_tags(flex);
    }
}

/// Part of `FetchRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchTopic<'a> {
    /// string (topicName), versions 4-12.
    pub topic: Str<'a>,
    /// uuid, versions 13+.
    pub topic_id: TopicId,
    /// array of FetchPartition.
    pub partitions: Vec<FetchPartition>,
}

impl<'a> Decode<'a> for FetchTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 12;
        let mut x = Self::default();
        if v <= 12 { x.topic = r.string(flex)?; }
        if v >= 13 { x.topic_id = r.uuid()?; }
        x.partitions = r.array(flex, 16, |r| FetchPartition::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for FetchTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 12;
        if v <= 12 { w.string(flex, &self.topic); }
        if v >= 13 { w.uuid(self.topic_id); }
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `FetchRequest`.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchPartition {
    /// int32.
    pub partition: i32,
    /// int32, versions 9+, default -1.
    pub current_leader_epoch: i32,
    /// int64.
    pub fetch_offset: i64,
    /// int32, versions 12+, default -1.
    pub last_fetched_epoch: i32,
    /// int64, versions 5+, default -1.
    pub log_start_offset: i64,
    /// int32.
    pub partition_max_bytes: i32,
    /// uuid, versions 17+, tag 0.
    pub replica_directory_id: TopicId,
    /// int64, versions 18+, tag 1, default 9223372036854775807.
    pub high_watermark: i64,
}

impl Default for FetchPartition {
    fn default() -> Self {
        Self {
            partition: Default::default(),
            current_leader_epoch: -1,
            fetch_offset: Default::default(),
            last_fetched_epoch: -1,
            log_start_offset: -1,
            partition_max_bytes: Default::default(),
            replica_directory_id: Default::default(),
            high_watermark: 9223372036854775807,
        }
    }
}

impl<'a> Decode<'a> for FetchPartition {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 12;
        let mut x = Self::default();
        x.partition = r.i32()?;
        if v >= 9 { x.current_leader_epoch = r.i32()?; }
        x.fetch_offset = r.i64()?;
        if v >= 12 { x.last_fetched_epoch = r.i32()?; }
        if v >= 5 { x.log_start_offset = r.i64()?; }
        x.partition_max_bytes = r.i32()?;
        if flex {
            r.tags(&mut |tag, r| {
                match tag {
                    0 if v >= 17 => x.replica_directory_id = r.uuid()?,
                    1 if v >= 18 => x.high_watermark = r.i64()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(x)
    }
}

impl Encode for FetchPartition {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 12;
        w.i32(self.partition);
        if v >= 9 { w.i32(self.current_leader_epoch); }
        w.i64(self.fetch_offset);
        if v >= 12 { w.i32(self.last_fetched_epoch); }
        if v >= 5 { w.i64(self.log_start_offset); }
        w.i32(self.partition_max_bytes);
        if flex {
            let has_replica_directory_id = v >= 17 && !self.replica_directory_id.is_zero();
            let has_high_watermark = v >= 18 && self.high_watermark != 9223372036854775807;
            w.uvarint(u32::from(has_replica_directory_id) + u32::from(has_high_watermark));
            if has_replica_directory_id { w.tag(0, &mut |w| w.uuid(self.replica_directory_id)); }
            if has_high_watermark { w.tag(1, &mut |w| w.i64(self.high_watermark)); }
        }
    }
}

/// Part of `FetchRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForgottenTopic<'a> {
    /// string (topicName), versions 7-12.
    pub topic: Str<'a>,
    /// uuid, versions 13+.
    pub topic_id: TopicId,
    /// array of int32.
    pub partitions: Vec<i32>,
}

impl<'a> Decode<'a> for ForgottenTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 12;
        let mut x = Self::default();
        if v <= 12 { x.topic = r.string(flex)?; }
        if v >= 13 { x.topic_id = r.uuid()?; }
        x.partitions = r.array(flex, 4, |r| r.i32())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ForgottenTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 12;
        if v <= 12 { w.string(flex, &self.topic); }
        if v >= 13 { w.uuid(self.topic_id); }
        w.array(flex, &self.partitions, |w, x| w.i32(*x));
        w.no_tags(flex);
    }
}

impl Message for FetchRequest<'_> {
    const KEY: i16 = 1;
    const NAME: &'static str = "FetchRequest";
    const MIN_VERSION: i16 = 4;
    const MAX_VERSION: i16 = 18;
    const FLEXIBLE_FROM: i16 = 12;
}

impl Request for FetchRequest<'_> {
    type Response<'r> = super::FetchResponse<'r>;
}
