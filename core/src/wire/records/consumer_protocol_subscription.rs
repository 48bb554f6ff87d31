// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `ConsumerProtocolSubscription`: embedded:consumer-protocol, versions 0-3, never flexible.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerProtocolSubscription<'a> {
    /// array of string.
    pub topics: Vec<Str<'a>>,
    /// bytes, nullable.
    pub user_data: Option<Cow<'a, [u8]>>,
    /// array of TopicPartition, versions 1+.
    pub owned_partitions: Vec<TopicPartition<'a>>,
    /// int32, versions 2+, default -1.
    pub generation_id: i32,
    /// string, versions 3+, nullable.
    pub rack_id: Option<Str<'a>>,
}

impl Default for ConsumerProtocolSubscription<'_> {
    fn default() -> Self {
        Self {
            topics: Default::default(),
            user_data: Default::default(),
            owned_partitions: Default::default(),
            generation_id: -1,
            rack_id: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for ConsumerProtocolSubscription<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = false;
        let mut x = Self::default();
        x.topics = r.array(flex, 2, |r| r.string(flex))?;
        x.user_data = r.opt_bytes(flex, true)?;
        if v >= 1 { x.owned_partitions = r.array(flex, 6, |r| TopicPartition::decode(r, v))?; }
        if v >= 2 { x.generation_id = r.i32()?; }
        if v >= 3 { x.rack_id = r.opt_string(flex, v >= 3)?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ConsumerProtocolSubscription<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = false;
        w.array(flex, &self.topics, |w, x| w.string(flex, x));
        w.opt_bytes(flex, true, self.user_data.as_deref());
        if v >= 1 { w.array(flex, &self.owned_partitions, |w, x| x.encode(w, v)); }
        if v >= 2 { w.i32(self.generation_id); }
        if v >= 3 { w.opt_string(flex, v >= 3, self.rack_id.as_deref()); }
        w.no_tags(flex);
    }
}

/// Part of `ConsumerProtocolSubscription`.
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

impl Message for ConsumerProtocolSubscription<'_> {
    const KEY: i16 = -1;
    const NAME: &'static str = "ConsumerProtocolSubscription";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 3;
    const FLEXIBLE_FROM: i16 = i16::MAX;
}
