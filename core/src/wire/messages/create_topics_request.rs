// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `CreateTopicsRequest`: request of API 19, versions 2-7, flexible from 5.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateTopicsRequest<'a> {
    /// array of CreatableTopic.
    pub topics: Vec<CreatableTopic<'a>>,
    /// int32, default 60000.
    pub timeout_ms: i32,
    /// bool, default false.
    pub validate_only: bool,
}

impl Default for CreateTopicsRequest<'_> {
    fn default() -> Self {
        Self {
            topics: Default::default(),
            timeout_ms: 60000,
            validate_only: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for CreateTopicsRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 5;
        let mut x = Self::default();
        x.topics = r.array(flex, 10, |r| CreatableTopic::decode(r, v))?;
        x.timeout_ms = r.i32()?;
        x.validate_only = r.bool()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for CreateTopicsRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 5;
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.i32(self.timeout_ms);
        w.bool(self.validate_only);
        w.no_tags(flex);
    }
}

/// Part of `CreateTopicsRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatableTopic<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// int32.
    pub num_partitions: i32,
    /// int16.
    pub replication_factor: i16,
    /// array of CreatableReplicaAssignment.
    pub assignments: Vec<CreatableReplicaAssignment>,
    /// array of CreatableTopicConfig.
    pub configs: Vec<CreatableTopicConfig<'a>>,
}

impl<'a> Decode<'a> for CreatableTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 5;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.num_partitions = r.i32()?;
        x.replication_factor = r.i16()?;
        x.assignments = r.array(flex, 6, |r| CreatableReplicaAssignment::decode(r, v))?;
        x.configs = r.array(flex, 3, |r| CreatableTopicConfig::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for CreatableTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 5;
        w.string(flex, &self.name);
        w.i32(self.num_partitions);
        w.i16(self.replication_factor);
        w.array(flex, &self.assignments, |w, x| x.encode(w, v));
        w.array(flex, &self.configs, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `CreateTopicsRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatableReplicaAssignment {
    /// int32.
    pub partition_index: i32,
    /// array of int32 (brokerId).
    pub broker_ids: Vec<i32>,
}

impl<'a> Decode<'a> for CreatableReplicaAssignment {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 5;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        x.broker_ids = r.array(flex, 4, |r| r.i32())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for CreatableReplicaAssignment {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 5;
        w.i32(self.partition_index);
        w.array(flex, &self.broker_ids, |w, x| w.i32(*x));
        w.no_tags(flex);
    }
}

/// Part of `CreateTopicsRequest`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatableTopicConfig<'a> {
    /// string.
    pub name: Str<'a>,
    /// string, nullable.
    pub value: Option<Str<'a>>,
}

impl Default for CreatableTopicConfig<'_> {
    fn default() -> Self {
        Self {
            name: Default::default(),
            value: Some(Default::default()),
        }
    }
}

impl<'a> Decode<'a> for CreatableTopicConfig<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 5;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.value = r.opt_string(flex, true)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for CreatableTopicConfig<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 5;
        w.string(flex, &self.name);
        w.opt_string(flex, true, self.value.as_deref());
        w.no_tags(flex);
    }
}

impl Message for CreateTopicsRequest<'_> {
    const KEY: i16 = 19;
    const NAME: &'static str = "CreateTopicsRequest";
    const MIN_VERSION: i16 = 2;
    const MAX_VERSION: i16 = 7;
    const FLEXIBLE_FROM: i16 = 5;
}

impl Request for CreateTopicsRequest<'_> {
    type Response<'r> = super::CreateTopicsResponse<'r>;
}
