// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ConsumerGroupHeartbeatRequest`: request of API 68, versions 0-1, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerGroupHeartbeatRequest<'a> {
    /// string (groupId).
    pub group_id: Str<'a>,
    /// string.
    pub member_id: Str<'a>,
    /// int32.
    pub member_epoch: i32,
    /// string, nullable.
    pub instance_id: Option<Str<'a>>,
    /// string, nullable.
    pub rack_id: Option<Str<'a>>,
    /// int32, default -1.
    pub rebalance_timeout_ms: i32,
    /// array of string (topicName), nullable.
    pub subscribed_topic_names: Option<Vec<Str<'a>>>,
    /// string, versions 1+, nullable.
    pub subscribed_topic_regex: Option<Str<'a>>,
    /// string, nullable.
    pub server_assignor: Option<Str<'a>>,
    /// array of TopicPartitions, nullable.
    pub topic_partitions: Option<Vec<TopicPartitions>>,
}

impl Default for ConsumerGroupHeartbeatRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: Default::default(),
            member_id: Default::default(),
            member_epoch: Default::default(),
            instance_id: Default::default(),
            rack_id: Default::default(),
            rebalance_timeout_ms: -1,
            subscribed_topic_names: Default::default(),
            subscribed_topic_regex: Default::default(),
            server_assignor: Default::default(),
            topic_partitions: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for ConsumerGroupHeartbeatRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.group_id = r.string(flex)?;
        x.member_id = r.string(flex)?;
        x.member_epoch = r.i32()?;
        x.instance_id = r.opt_string(flex, true)?;
        x.rack_id = r.opt_string(flex, true)?;
        x.rebalance_timeout_ms = r.i32()?;
        x.subscribed_topic_names = r.opt_array(flex, true, 1, |r| r.string(flex))?;
        if v >= 1 { x.subscribed_topic_regex = r.opt_string(flex, v >= 1)?; }
        x.server_assignor = r.opt_string(flex, true)?;
        x.topic_partitions = r.opt_array(flex, true, 18, |r| TopicPartitions::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ConsumerGroupHeartbeatRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.group_id);
        w.string(flex, &self.member_id);
        w.i32(self.member_epoch);
        w.opt_string(flex, true, self.instance_id.as_deref());
        w.opt_string(flex, true, self.rack_id.as_deref());
        w.i32(self.rebalance_timeout_ms);
        w.opt_array(flex, true, self.subscribed_topic_names.as_deref(), |w, x| w.string(flex, x));
        if v >= 1 { w.opt_string(flex, v >= 1, self.subscribed_topic_regex.as_deref()); }
        w.opt_string(flex, true, self.server_assignor.as_deref());
        w.opt_array(flex, true, self.topic_partitions.as_deref(), |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ConsumerGroupHeartbeatRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartitions {
    /// uuid.
    pub topic_id: TopicId,
    /// array of int32.
    pub partitions: Vec<i32>,
}

impl<'a> Decode<'a> for TopicPartitions {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_id = r.uuid()?;
        x.partitions = r.array(flex, 4, |r| r.i32())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TopicPartitions {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.uuid(self.topic_id);
        w.array(flex, &self.partitions, |w, x| w.i32(*x));
        w.no_tags(flex);
    }
}

impl Message for ConsumerGroupHeartbeatRequest<'_> {
    const KEY: i16 = 68;
    const NAME: &'static str = "ConsumerGroupHeartbeatRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 1;
    const FLEXIBLE_FROM: i16 = 0;
}

impl Request for ConsumerGroupHeartbeatRequest<'_> {
    type Response<'r> = super::ConsumerGroupHeartbeatResponse<'r>;
}
