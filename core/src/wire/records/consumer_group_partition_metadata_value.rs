// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `ConsumerGroupPartitionMetadataValue`: coordinator-value 4 of __consumer_offsets, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupPartitionMetadataValue<'a> {
    /// array of TopicMetadata.
    pub topics: Vec<TopicMetadata<'a>>,
}

impl<'a> Decode<'a> for ConsumerGroupPartitionMetadataValue<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.topics = r.array(flex, 23, |r| TopicMetadata::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ConsumerGroupPartitionMetadataValue<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ConsumerGroupPartitionMetadataValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicMetadata<'a> {
    /// uuid.
    pub topic_id: TopicId,
    /// string.
    pub topic_name: Str<'a>,
    /// int32.
    pub num_partitions: i32,
    /// array of PartitionMetadata.
    pub partition_metadata: Vec<PartitionMetadata<'a>>,
}

impl<'a> Decode<'a> for TopicMetadata<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_id = r.uuid()?;
        x.topic_name = r.string(flex)?;
        x.num_partitions = r.i32()?;
        x.partition_metadata = r.array(flex, 6, |r| PartitionMetadata::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TopicMetadata<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.uuid(self.topic_id);
        w.string(flex, &self.topic_name);
        w.i32(self.num_partitions);
        w.array(flex, &self.partition_metadata, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ConsumerGroupPartitionMetadataValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionMetadata<'a> {
    /// int32.
    pub partition: i32,
    /// array of string.
    pub racks: Vec<Str<'a>>,
}

impl<'a> Decode<'a> for PartitionMetadata<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.partition = r.i32()?;
        x.racks = r.array(flex, 1, |r| r.string(flex))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for PartitionMetadata<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.partition);
        w.array(flex, &self.racks, |w, x| w.string(flex, x));
        w.no_tags(flex);
    }
}

impl Message for ConsumerGroupPartitionMetadataValue<'_> {
    const KEY: i16 = 4;
    const NAME: &'static str = "ConsumerGroupPartitionMetadataValue";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
