// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `ShareGroupStatePartitionMetadataValue`: coordinator-value 15 of __consumer_offsets, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupStatePartitionMetadataValue<'a> {
    /// array of TopicPartitionsInfo.
    pub initializing_topics: Vec<TopicPartitionsInfo<'a>>,
    /// array of TopicPartitionsInfo.
    pub initialized_topics: Vec<TopicPartitionsInfo<'a>>,
    /// array of TopicInfo.
    pub deleting_topics: Vec<TopicInfo<'a>>,
}

impl<'a> Decode<'a> for ShareGroupStatePartitionMetadataValue<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.initializing_topics = r.array(flex, 19, |r| TopicPartitionsInfo::decode(r, v))?;
        x.initialized_topics = r.array(flex, 19, |r| TopicPartitionsInfo::decode(r, v))?;
        x.deleting_topics = r.array(flex, 18, |r| TopicInfo::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ShareGroupStatePartitionMetadataValue<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.array(flex, &self.initializing_topics, |w, x| x.encode(w, v));
        w.array(flex, &self.initialized_topics, |w, x| x.encode(w, v));
        w.array(flex, &self.deleting_topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ShareGroupStatePartitionMetadataValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartitionsInfo<'a> {
    /// uuid.
    pub topic_id: TopicId,
    /// string.
    pub topic_name: Str<'a>,
    /// array of int32.
    pub partitions: Vec<i32>,
}

impl<'a> Decode<'a> for TopicPartitionsInfo<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_id = r.uuid()?;
        x.topic_name = r.string(flex)?;
        x.partitions = r.array(flex, 4, |r| r.i32())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TopicPartitionsInfo<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.uuid(self.topic_id);
        w.string(flex, &self.topic_name);
        w.array(flex, &self.partitions, |w, x| w.i32(*x));
        w.no_tags(flex);
    }
}

/// Part of `ShareGroupStatePartitionMetadataValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicInfo<'a> {
    /// uuid.
    pub topic_id: TopicId,
    /// string.
    pub topic_name: Str<'a>,
}

impl<'a> Decode<'a> for TopicInfo<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_id = r.uuid()?;
        x.topic_name = r.string(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TopicInfo<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.uuid(self.topic_id);
        w.string(flex, &self.topic_name);
        w.no_tags(flex);
    }
}

impl Message for ShareGroupStatePartitionMetadataValue<'_> {
    const KEY: i16 = 15;
    const NAME: &'static str = "ShareGroupStatePartitionMetadataValue";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
