// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ElectLeadersRequest`: request of API 43, versions 0-2, flexible from 2.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct ElectLeadersRequest<'a> {
    /// int8, versions 1+.
    pub election_type: i8,
    /// array of TopicPartitions, nullable.
    pub topic_partitions: Option<Vec<TopicPartitions<'a>>>,
    /// int32, default 60000.
    pub timeout_ms: i32,
}

impl Default for ElectLeadersRequest<'_> {
    fn default() -> Self {
        Self {
            election_type: Default::default(),
            topic_partitions: Some(Default::default()),
            timeout_ms: 60000,
        }
    }
}

impl<'a> Decode<'a> for ElectLeadersRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 2;
        let mut x = Self::default();
        if v >= 1 { x.election_type = r.i8()?; }
        x.topic_partitions = r.opt_array(flex, true, 3, |r| TopicPartitions::decode(r, v))?;
        x.timeout_ms = r.i32()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ElectLeadersRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        if v >= 1 { w.i8(self.election_type); }
        w.opt_array(flex, true, self.topic_partitions.as_deref(), |w, x| x.encode(w, v));
        w.i32(self.timeout_ms);
        w.no_tags(flex);
    }
}

/// Part of `ElectLeadersRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartitions<'a> {
    /// string (topicName).
    pub topic: Str<'a>,
    /// array of int32.
    pub partitions: Vec<i32>,
}

impl<'a> Decode<'a> for TopicPartitions<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 2;
        let mut x = Self::default();
        x.topic = r.string(flex)?;
        x.partitions = r.array(flex, 4, |r| r.i32())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TopicPartitions<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.string(flex, &self.topic);
        w.array(flex, &self.partitions, |w, x| w.i32(*x));
        w.no_tags(flex);
    }
}

impl Message for ElectLeadersRequest<'_> {
    const KEY: i16 = 43;
    const NAME: &'static str = "ElectLeadersRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 2;
    const FLEXIBLE_FROM: i16 = 2;
}

impl Request for ElectLeadersRequest<'_> {
    type Response<'r> = super::ElectLeadersResponse<'r>;
}
