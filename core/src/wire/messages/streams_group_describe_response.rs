// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `StreamsGroupDescribeResponse`: response of API 89, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupDescribeResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// array of DescribedGroup.
    pub groups: Vec<DescribedGroup<'a>>,
}

impl<'a> Decode<'a> for StreamsGroupDescribeResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.groups = r.array(flex, 20, |r| DescribedGroup::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for StreamsGroupDescribeResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.throttle_time_ms);
        w.array(flex, &self.groups, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `StreamsGroupDescribeResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedGroup<'a> {
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
    /// string (groupId).
    pub group_id: Str<'a>,
    /// string.
    pub group_state: Str<'a>,
    /// int32.
    pub group_epoch: i32,
    /// int32.
    pub assignment_epoch: i32,
    /// Topology, nullable.
    pub topology: Option<Topology<'a>>,
    /// array of Member.
    pub members: Vec<Member<'a>>,
    /// int32, default -2147483648.
    pub authorized_operations: i32,
}

impl Default for DescribedGroup<'_> {
    fn default() -> Self {
        Self {
            error_code: Default::default(),
            error_message: Default::default(),
            group_id: Default::default(),
            group_state: Default::default(),
            group_epoch: Default::default(),
            assignment_epoch: Default::default(),
            topology: Default::default(),
            members: Default::default(),
            authorized_operations: -2147483648,
        }
    }
}

impl<'a> Decode<'a> for DescribedGroup<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        x.group_id = r.string(flex)?;
        x.group_state = r.string(flex)?;
        x.group_epoch = r.i32()?;
        x.assignment_epoch = r.i32()?;
        x.topology = r.opt_struct(true, v)?;
        x.members = r.array(flex, 28, |r| Member::decode(r, v))?;
        x.authorized_operations = r.i32()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribedGroup<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        w.string(flex, &self.group_id);
        w.string(flex, &self.group_state);
        w.i32(self.group_epoch);
        w.i32(self.assignment_epoch);
        w.opt_struct(true, self.topology.as_ref(), v);
        w.array(flex, &self.members, |w, x| x.encode(w, v));
        w.i32(self.authorized_operations);
        w.no_tags(flex);
    }
}

/// Part of `StreamsGroupDescribeResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topology<'a> {
    /// int32.
    pub epoch: i32,
    /// array of Subtopology, nullable.
    pub subtopologies: Option<Vec<Subtopology<'a>>>,
}

impl<'a> Decode<'a> for Topology<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.epoch = r.i32()?;
        x.subtopologies = r.opt_array(flex, true, 6, |r| Subtopology::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for Topology<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.epoch);
        w.opt_array(flex, true, self.subtopologies.as_deref(), |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `StreamsGroupDescribeResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subtopology<'a> {
    /// string.
    pub subtopology_id: Str<'a>,
    /// array of string (topicName).
    pub source_topics: Vec<Str<'a>>,
    /// array of string (topicName).
    pub repartition_sink_topics: Vec<Str<'a>>,
    /// array of TopicInfo.
    pub state_changelog_topics: Vec<TopicInfo<'a>>,
    /// array of TopicInfo.
    pub repartition_source_topics: Vec<TopicInfo<'a>>,
}

impl<'a> Decode<'a> for Subtopology<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.subtopology_id = r.string(flex)?;
        x.source_topics = r.array(flex, 1, |r| r.string(flex))?;
        x.repartition_sink_topics = r.array(flex, 1, |r| r.string(flex))?;
        x.state_changelog_topics = r.array(flex, 9, |r| TopicInfo::decode(r, v))?;
        x.repartition_source_topics = r.array(flex, 9, |r| TopicInfo::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for Subtopology<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.subtopology_id);
        w.array(flex, &self.source_topics, |w, x| w.string(flex, x));
        w.array(flex, &self.repartition_sink_topics, |w, x| w.string(flex, x));
        w.array(flex, &self.state_changelog_topics, |w, x| x.encode(w, v));
        w.array(flex, &self.repartition_source_topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `StreamsGroupDescribeResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Member<'a> {
    /// string.
    pub member_id: Str<'a>,
    /// int32.
    pub member_epoch: i32,
    /// string, nullable.
    pub instance_id: Option<Str<'a>>,
    /// string, nullable.
    pub rack_id: Option<Str<'a>>,
    /// string.
    pub client_id: Str<'a>,
    /// string.
    pub client_host: Str<'a>,
    /// int32.
    pub topology_epoch: i32,
    /// string.
    pub process_id: Str<'a>,
    /// Endpoint, nullable.
    pub user_endpoint: Option<Endpoint<'a>>,
    /// array of KeyValue.
    pub client_tags: Vec<KeyValue<'a>>,
    /// array of TaskOffset.
    pub task_offsets: Vec<TaskOffset<'a>>,
    /// array of TaskOffset.
    pub task_end_offsets: Vec<TaskOffset<'a>>,
    /// Assignment.
    pub assignment: Assignment<'a>,
    /// Assignment.
    pub target_assignment: Assignment<'a>,
    /// bool.
    pub is_classic: bool,
}

impl<'a> Decode<'a> for Member<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.member_id = r.string(flex)?;
        x.member_epoch = r.i32()?;
        x.instance_id = r.opt_string(flex, true)?;
        x.rack_id = r.opt_string(flex, true)?;
        x.client_id = r.string(flex)?;
        x.client_host = r.string(flex)?;
        x.topology_epoch = r.i32()?;
        x.process_id = r.string(flex)?;
        x.user_endpoint = r.opt_struct(true, v)?;
        x.client_tags = r.array(flex, 3, |r| KeyValue::decode(r, v))?;
        x.task_offsets = r.array(flex, 14, |r| TaskOffset::decode(r, v))?;
        x.task_end_offsets = r.array(flex, 14, |r| TaskOffset::decode(r, v))?;
        x.assignment = Assignment::decode(r, v)?;
        x.target_assignment = Assignment::decode(r, v)?;
        x.is_classic = r.bool()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for Member<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.member_id);
        w.i32(self.member_epoch);
        w.opt_string(flex, true, self.instance_id.as_deref());
        w.opt_string(flex, true, self.rack_id.as_deref());
        w.string(flex, &self.client_id);
        w.string(flex, &self.client_host);
        w.i32(self.topology_epoch);
        w.string(flex, &self.process_id);
        w.opt_struct(true, self.user_endpoint.as_ref(), v);
        w.array(flex, &self.client_tags, |w, x| x.encode(w, v));
        w.array(flex, &self.task_offsets, |w, x| x.encode(w, v));
        w.array(flex, &self.task_end_offsets, |w, x| x.encode(w, v));
        self.assignment.encode(w, v);
        self.target_assignment.encode(w, v);
        w.bool(self.is_classic);
        w.no_tags(flex);
    }
}

/// Part of `StreamsGroupDescribeResponse`.
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

/// Part of `StreamsGroupDescribeResponse`.
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

/// Part of `StreamsGroupDescribeResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assignment<'a> {
    /// array of TaskIds.
    pub active_tasks: Vec<TaskIds<'a>>,
    /// array of TaskIds.
    pub standby_tasks: Vec<TaskIds<'a>>,
    /// array of TaskIds.
    pub warmup_tasks: Vec<TaskIds<'a>>,
}

impl<'a> Decode<'a> for Assignment<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.active_tasks = r.array(flex, 3, |r| TaskIds::decode(r, v))?;
        x.standby_tasks = r.array(flex, 3, |r| TaskIds::decode(r, v))?;
        x.warmup_tasks = r.array(flex, 3, |r| TaskIds::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for Assignment<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.array(flex, &self.active_tasks, |w, x| x.encode(w, v));
        w.array(flex, &self.standby_tasks, |w, x| x.encode(w, v));
        w.array(flex, &self.warmup_tasks, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `StreamsGroupDescribeResponse`.
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

/// Part of `StreamsGroupDescribeResponse`.
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

/// Part of `StreamsGroupDescribeResponse`.
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

impl Message for StreamsGroupDescribeResponse<'_> {
    const KEY: i16 = 89;
    const NAME: &'static str = "StreamsGroupDescribeResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
