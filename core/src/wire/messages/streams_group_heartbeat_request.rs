// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `StreamsGroupHeartbeatRequest`: request of API 88, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamsGroupHeartbeatRequest<'a> {
    /// string (groupId).
    pub group_id: Str<'a>,
    /// string.
    pub member_id: Str<'a>,
    /// int32.
    pub member_epoch: i32,
    /// int32.
    pub endpoint_information_epoch: i32,
    /// string, nullable.
    pub instance_id: Option<Str<'a>>,
    /// string, nullable.
    pub rack_id: Option<Str<'a>>,
    /// int32, default -1.
    pub rebalance_timeout_ms: i32,
    /// Topology, nullable.
    pub topology: Option<Topology<'a>>,
    /// array of TaskIds, nullable.
    pub active_tasks: Option<Vec<TaskIds<'a>>>,
    /// array of TaskIds, nullable.
    pub standby_tasks: Option<Vec<TaskIds<'a>>>,
    /// array of TaskIds, nullable.
    pub warmup_tasks: Option<Vec<TaskIds<'a>>>,
    /// string, nullable.
    pub process_id: Option<Str<'a>>,
    /// Endpoint, nullable.
    pub user_endpoint: Option<Endpoint<'a>>,
    /// array of KeyValue, nullable.
    pub client_tags: Option<Vec<KeyValue<'a>>>,
    /// array of TaskOffset, nullable.
    pub task_offsets: Option<Vec<TaskOffset<'a>>>,
    /// array of TaskOffset, nullable.
    pub task_end_offsets: Option<Vec<TaskOffset<'a>>>,
    /// bool, default false.
    pub shutdown_application: bool,
}

impl Default for StreamsGroupHeartbeatRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: Default::default(),
            member_id: Default::default(),
            member_epoch: Default::default(),
            endpoint_information_epoch: Default::default(),
            instance_id: Default::default(),
            rack_id: Default::default(),
            rebalance_timeout_ms: -1,
            topology: Default::default(),
            active_tasks: Default::default(),
            standby_tasks: Default::default(),
            warmup_tasks: Default::default(),
            process_id: Default::default(),
            user_endpoint: Default::default(),
            client_tags: Default::default(),
            task_offsets: Default::default(),
            task_end_offsets: Default::default(),
            shutdown_application: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for StreamsGroupHeartbeatRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.group_id = r.string(flex)?;
        x.member_id = r.string(flex)?;
        x.member_epoch = r.i32()?;
        x.endpoint_information_epoch = r.i32()?;
        x.instance_id = r.opt_string(flex, true)?;
        x.rack_id = r.opt_string(flex, true)?;
        x.rebalance_timeout_ms = r.i32()?;
        x.topology = r.opt_struct(true, v)?;
        x.active_tasks = r.opt_array(flex, true, 3, |r| TaskIds::decode(r, v))?;
        x.standby_tasks = r.opt_array(flex, true, 3, |r| TaskIds::decode(r, v))?;
        x.warmup_tasks = r.opt_array(flex, true, 3, |r| TaskIds::decode(r, v))?;
        x.process_id = r.opt_string(flex, true)?;
        x.user_endpoint = r.opt_struct(true, v)?;
        x.client_tags = r.opt_array(flex, true, 3, |r| KeyValue::decode(r, v))?;
        x.task_offsets = r.opt_array(flex, true, 14, |r| TaskOffset::decode(r, v))?;
        x.task_end_offsets = r.opt_array(flex, true, 14, |r| TaskOffset::decode(r, v))?;
        x.shutdown_application = r.bool()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for StreamsGroupHeartbeatRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.group_id);
        w.string(flex, &self.member_id);
        w.i32(self.member_epoch);
        w.i32(self.endpoint_information_epoch);
        w.opt_string(flex, true, self.instance_id.as_deref());
        w.opt_string(flex, true, self.rack_id.as_deref());
        w.i32(self.rebalance_timeout_ms);
        w.opt_struct(true, self.topology.as_ref(), v);
        w.opt_array(flex, true, self.active_tasks.as_deref(), |w, x| x.encode(w, v));
        w.opt_array(flex, true, self.standby_tasks.as_deref(), |w, x| x.encode(w, v));
        w.opt_array(flex, true, self.warmup_tasks.as_deref(), |w, x| x.encode(w, v));
        w.opt_string(flex, true, self.process_id.as_deref());
        w.opt_struct(true, self.user_endpoint.as_ref(), v);
        w.opt_array(flex, true, self.client_tags.as_deref(), |w, x| x.encode(w, v));
        w.opt_array(flex, true, self.task_offsets.as_deref(), |w, x| x.encode(w, v));
        w.opt_array(flex, true, self.task_end_offsets.as_deref(), |w, x| x.encode(w, v));
        w.bool(self.shutdown_application);
        w.no_tags(flex);
    }
}

/// Part of `StreamsGroupHeartbeatRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topology<'a> {
    /// int32.
    pub epoch: i32,
    /// array of Subtopology.
    pub subtopologies: Vec<Subtopology<'a>>,
}

impl<'a> Decode<'a> for Topology<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.epoch = r.i32()?;
        x.subtopologies = r.array(flex, 8, |r| Subtopology::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for Topology<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.epoch);
        w.array(flex, &self.subtopologies, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `StreamsGroupHeartbeatRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subtopology<'a> {
    /// string.
    pub subtopology_id: Str<'a>,
    /// array of string (topicName).
    pub source_topics: Vec<Str<'a>>,
    /// array of string.
    pub source_topic_regex: Vec<Str<'a>>,
    /// array of TopicInfo.
    pub state_changelog_topics: Vec<TopicInfo<'a>>,
    /// array of string (topicName).
    pub repartition_sink_topics: Vec<Str<'a>>,
    /// array of TopicInfo.
    pub repartition_source_topics: Vec<TopicInfo<'a>>,
    /// array of CopartitionGroup.
    pub copartition_groups: Vec<CopartitionGroup>,
}

impl<'a> Decode<'a> for Subtopology<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.subtopology_id = r.string(flex)?;
        x.source_topics = r.array(flex, 1, |r| r.string(flex))?;
        x.source_topic_regex = r.array(flex, 1, |r| r.string(flex))?;
        x.state_changelog_topics = r.array(flex, 9, |r| TopicInfo::decode(r, v))?;
        x.repartition_sink_topics = r.array(flex, 1, |r| r.string(flex))?;
        x.repartition_source_topics = r.array(flex, 9, |r| TopicInfo::decode(r, v))?;
        x.copartition_groups = r.array(flex, 4, |r| CopartitionGroup::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for Subtopology<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.subtopology_id);
        w.array(flex, &self.source_topics, |w, x| w.string(flex, x));
        w.array(flex, &self.source_topic_regex, |w, x| w.string(flex, x));
        w.array(flex, &self.state_changelog_topics, |w, x| x.encode(w, v));
        w.array(flex, &self.repartition_sink_topics, |w, x| w.string(flex, x));
        w.array(flex, &self.repartition_source_topics, |w, x| x.encode(w, v));
        w.array(flex, &self.copartition_groups, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `StreamsGroupHeartbeatRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CopartitionGroup {
    /// array of int16.
    pub source_topics: Vec<i16>,
    /// array of int16.
    pub source_topic_regex: Vec<i16>,
    /// array of int16.
    pub repartition_source_topics: Vec<i16>,
}

impl<'a> Decode<'a> for CopartitionGroup {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.source_topics = r.array(flex, 2, |r| r.i16())?;
        x.source_topic_regex = r.array(flex, 2, |r| r.i16())?;
        x.repartition_source_topics = r.array(flex, 2, |r| r.i16())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for CopartitionGroup {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.array(flex, &self.source_topics, |w, x| w.i16(*x));
        w.array(flex, &self.source_topic_regex, |w, x| w.i16(*x));
        w.array(flex, &self.repartition_source_topics, |w, x| w.i16(*x));
        w.no_tags(flex);
    }
}

/// Part of `StreamsGroupHeartbeatRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyValue<'a> {
    /// string.
    pub key: Str<'a>,
    /// string.
    pub value: Str<'a>,
}

impl<'a> Decode<'a> for KeyValue<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.key = r.string(flex)?;
        x.value = r.string(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for KeyValue<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.key);
        w.string(flex, &self.value);
        w.no_tags(flex);
    }
}

/// Part of `StreamsGroupHeartbeatRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicInfo<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// int32.
    pub partitions: i32,
    /// int16.
    pub replication_factor: i16,
    /// array of KeyValue.
    pub topic_configs: Vec<KeyValue<'a>>,
}

impl<'a> Decode<'a> for TopicInfo<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.partitions = r.i32()?;
        x.replication_factor = r.i16()?;
        x.topic_configs = r.array(flex, 3, |r| KeyValue::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TopicInfo<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.i32(self.partitions);
        w.i16(self.replication_factor);
        w.array(flex, &self.topic_configs, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `StreamsGroupHeartbeatRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Endpoint<'a> {
    /// string.
    pub host: Str<'a>,
    /// uint16.
    pub port: u16,
}

impl<'a> Decode<'a> for Endpoint<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.host = r.string(flex)?;
        x.port = r.u16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for Endpoint<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.host);
        w.u16(self.port);
        w.no_tags(flex);
    }
}

/// Part of `StreamsGroupHeartbeatRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskOffset<'a> {
    /// string.
    pub subtopology_id: Str<'a>,
    /// int32.
    pub partition: i32,
    /// int64.
    pub offset: i64,
}

impl<'a> Decode<'a> for TaskOffset<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.subtopology_id = r.string(flex)?;
        x.partition = r.i32()?;
        x.offset = r.i64()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TaskOffset<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.subtopology_id);
        w.i32(self.partition);
        w.i64(self.offset);
        w.no_tags(flex);
    }
}

/// Part of `StreamsGroupHeartbeatRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskIds<'a> {
    /// string.
    pub subtopology_id: Str<'a>,
    /// array of int32.
    pub partitions: Vec<i32>,
}

impl<'a> Decode<'a> for TaskIds<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.subtopology_id = r.string(flex)?;
        x.partitions = r.array(flex, 4, |r| r.i32())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TaskIds<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.subtopology_id);
        w.array(flex, &self.partitions, |w, x| w.i32(*x));
        w.no_tags(flex);
    }
}

impl Message for StreamsGroupHeartbeatRequest<'_> {
    const KEY: i16 = 88;
    const NAME: &'static str = "StreamsGroupHeartbeatRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}

impl Request for StreamsGroupHeartbeatRequest<'_> {
    type Response<'r> = super::StreamsGroupHeartbeatResponse<'r>;
}
