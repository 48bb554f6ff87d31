// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `StreamsGroupHeartbeatResponse`: response of API 88, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamsGroupHeartbeatResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
    /// string.
    pub member_id: Str<'a>,
    /// int32.
    pub member_epoch: i32,
    /// int32.
    pub heartbeat_interval_ms: i32,
    /// int32.
    pub acceptable_recovery_lag: i32,
    /// int32.
    pub task_offset_interval_ms: i32,
    /// array of Status, nullable.
    pub status: Option<Vec<Status<'a>>>,
    /// array of TaskIds, nullable.
    pub active_tasks: Option<Vec<TaskIds<'a>>>,
    /// array of TaskIds, nullable.
    pub standby_tasks: Option<Vec<TaskIds<'a>>>,
    /// array of TaskIds, nullable.
    pub warmup_tasks: Option<Vec<TaskIds<'a>>>,
    /// int32.
    pub endpoint_information_epoch: i32,
    /// array of EndpointToPartitions, nullable.
    pub partitions_by_user_endpoint: Option<Vec<EndpointToPartitions<'a>>>,
}

impl Default for StreamsGroupHeartbeatResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: Default::default(),
            error_code: Default::default(),
            error_message: Default::default(),
            member_id: Default::default(),
            member_epoch: Default::default(),
            heartbeat_interval_ms: Default::default(),
            acceptable_recovery_lag: Default::default(),
            task_offset_interval_ms: Default::default(),
            status: Some(Default::default()),
            active_tasks: Default::default(),
            standby_tasks: Default::default(),
            warmup_tasks: Default::default(),
            endpoint_information_epoch: Default::default(),
            partitions_by_user_endpoint: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for StreamsGroupHeartbeatResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        x.member_id = r.string(flex)?;
        x.member_epoch = r.i32()?;
        x.heartbeat_interval_ms = r.i32()?;
        x.acceptable_recovery_lag = r.i32()?;
        x.task_offset_interval_ms = r.i32()?;
        x.status = r.opt_array(flex, true, 3, |r| Status::decode(r, v))?;
        x.active_tasks = r.opt_array(flex, true, 3, |r| TaskIds::decode(r, v))?;
        x.standby_tasks = r.opt_array(flex, true, 3, |r| TaskIds::decode(r, v))?;
        x.warmup_tasks = r.opt_array(flex, true, 3, |r| TaskIds::decode(r, v))?;
        x.endpoint_information_epoch = r.i32()?;
        x.partitions_by_user_endpoint = r.opt_array(flex, true, 7, |r| EndpointToPartitions::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for StreamsGroupHeartbeatResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        w.string(flex, &self.member_id);
        w.i32(self.member_epoch);
        w.i32(self.heartbeat_interval_ms);
        w.i32(self.acceptable_recovery_lag);
        w.i32(self.task_offset_interval_ms);
        w.opt_array(flex, true, self.status.as_deref(), |w, x| x.encode(w, v));
        w.opt_array(flex, true, self.active_tasks.as_deref(), |w, x| x.encode(w, v));
        w.opt_array(flex, true, self.standby_tasks.as_deref(), |w, x| x.encode(w, v));
        w.opt_array(flex, true, self.warmup_tasks.as_deref(), |w, x| x.encode(w, v));
        w.i32(self.endpoint_information_epoch);
        w.opt_array(flex, true, self.partitions_by_user_endpoint.as_deref(), |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `StreamsGroupHeartbeatResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndpointToPartitions<'a> {
    /// Endpoint.
    pub user_endpoint: Endpoint<'a>,
    /// array of TopicPartition.
    pub active_partitions: Vec<TopicPartition<'a>>,
    /// array of TopicPartition.
    pub standby_partitions: Vec<TopicPartition<'a>>,
}

impl<'a> Decode<'a> for EndpointToPartitions<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.user_endpoint = Endpoint::decode(r, v)?;
        x.active_partitions = r.array(flex, 3, |r| TopicPartition::decode(r, v))?;
        x.standby_partitions = r.array(flex, 3, |r| TopicPartition::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for EndpointToPartitions<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        self.user_endpoint.encode(w, v);
        w.array(flex, &self.active_partitions, |w, x| x.encode(w, v));
        w.array(flex, &self.standby_partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `StreamsGroupHeartbeatResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status<'a> {
    /// int8.
    pub status_code: i8,
    /// string.
    pub status_detail: Str<'a>,
}

impl<'a> Decode<'a> for Status<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.status_code = r.i8()?;
        x.status_detail = r.string(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for Status<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i8(self.status_code);
        w.string(flex, &self.status_detail);
        w.no_tags(flex);
    }
}

/// Part of `StreamsGroupHeartbeatResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartition<'a> {
    /// string (topicName).
    pub topic: Str<'a>,
    /// array of int32.
    pub partitions: Vec<i32>,
}

impl<'a> Decode<'a> for TopicPartition<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic = r.string(flex)?;
        x.partitions = r.array(flex, 4, |r| r.i32())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TopicPartition<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.topic);
        w.array(flex, &self.partitions, |w, x| w.i32(*x));
        w.no_tags(flex);
    }
}

/// Part of `StreamsGroupHeartbeatResponse`.
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

/// Part of `StreamsGroupHeartbeatResponse`.
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

impl Message for StreamsGroupHeartbeatResponse<'_> {
    const KEY: i16 = 88;
    const NAME: &'static str = "StreamsGroupHeartbeatResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
