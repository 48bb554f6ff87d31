// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `StreamsGroupTopologyValue`: coordinator-value 23 of __consumer_offsets, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupTopologyValue<'a> {
    /// int32.
    pub epoch: i32,
    /// array of Subtopology.
    pub subtopologies: Vec<Subtopology<'a>>,
}

impl<'a> Decode<'a> for StreamsGroupTopologyValue<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.epoch = r.i32()?;
        x.subtopologies = r.array(flex, 8, |r| Subtopology::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for StreamsGroupTopologyValue<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.epoch);
        w.array(flex, &self.subtopologies, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `StreamsGroupTopologyValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subtopology<'a> {
    /// string.
    pub subtopology_id: Str<'a>,
    /// array of string.
    pub source_topics: Vec<Str<'a>>,
    /// array of string.
    pub source_topic_regex: Vec<Str<'a>>,
    /// array of TopicInfo.
    pub state_changelog_topics: Vec<TopicInfo<'a>>,
    /// array of string.
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

/// Part of `StreamsGroupTopologyValue`.
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

/// Part of `StreamsGroupTopologyValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicConfig<'a> {
    /// string.
    pub key: Str<'a>,
    /// string.
    pub value: Str<'a>,
}

impl<'a> Decode<'a> for TopicConfig<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.key = r.string(flex)?;
        x.value = r.string(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TopicConfig<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.key);
        w.string(flex, &self.value);
        w.no_tags(flex);
    }
}

/// Part of `StreamsGroupTopologyValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicInfo<'a> {
    /// string.
    pub name: Str<'a>,
    /// int32.
    pub partitions: i32,
    /// int16.
    pub replication_factor: i16,
    /// array of TopicConfig.
    pub topic_configs: Vec<TopicConfig<'a>>,
}

impl<'a> Decode<'a> for TopicInfo<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.partitions = r.i32()?;
        x.replication_factor = r.i16()?;
        x.topic_configs = r.array(flex, 3, |r| TopicConfig::decode(r, v))?;
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

impl Message for StreamsGroupTopologyValue<'_> {
    const KEY: i16 = 23;
    const NAME: &'static str = "StreamsGroupTopologyValue";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
