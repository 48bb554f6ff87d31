// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `ConsumerProtocolAssignment`: embedded:consumer-protocol, versions 0-3, never flexible.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerProtocolAssignment<'a> {
    /// array of TopicPartition.
    pub assigned_partitions: Vec<TopicPartition<'a>>,
    /// bytes, nullable.
    pub user_data: Option<Cow<'a, [u8]>>,
}

impl<'a> Decode<'a> for ConsumerProtocolAssignment<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = false;
        let mut x = Self::default();
        x.assigned_partitions = r.array(flex, 6, |r| TopicPartition::decode(r, v))?;
        x.user_data = r.opt_bytes(flex, true)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ConsumerProtocolAssignment<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = false;
        w.array(flex, &self.assigned_partitions, |w, x| x.encode(w, v));
        w.opt_bytes(flex, true, self.user_data.as_deref());
        w.no_tags(flex);
    }
}

/// Part of `ConsumerProtocolAssignment`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartition<'a> {
    /// string (topicName).
    pub topic: Str<'a>,
    /// array of int32.
    pub partitions: Vec<i32>,
}

impl<'a> Decode<'a> for TopicPartition<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = false;
        let mut x = Self::default();
        x.topic = r.string(flex)?;
        x.partitions = r.array(flex, 4, |r| r.i32())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TopicPartition<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = false;
        w.string(flex, &self.topic);
        w.array(flex, &self.partitions, |w, x| w.i32(*x));
        w.no_tags(flex);
    }
}

impl Message for ConsumerProtocolAssignment<'_> {
    const KEY: i16 = -1;
    const NAME: &'static str = "ConsumerProtocolAssignment";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 3;
    const FLEXIBLE_FROM: i16 = i16::MAX;
}
