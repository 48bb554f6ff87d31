// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `MetadataRequest`: request of API 3, versions 0-13, flexible from 9.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataRequest<'a> {
    /// array of MetadataRequestTopic, nullable in 1+.
    pub topics: Option<Vec<MetadataRequestTopic<'a>>>,
    /// bool, versions 4+, default true.
    pub allow_auto_topic_creation: bool,
    /// bool, versions 8-10.
    pub include_cluster_authorized_operations: bool,
    /// bool, versions 8+.
    pub include_topic_authorized_operations: bool,
}

impl Default for MetadataRequest<'_> {
    fn default() -> Self {
        Self {
            topics: Some(Default::default()),
            allow_auto_topic_creation: true,
            include_cluster_authorized_operations: Default::default(),
            include_topic_authorized_operations: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for MetadataRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 9;
        let mut x = Self::default();
        x.topics = r.opt_array(flex, v >= 1, 2, |r| MetadataRequestTopic::decode(r, v))?;
        if v >= 4 { x.allow_auto_topic_creation = r.bool()?; }
        if (8..=10).contains(&v) { x.include_cluster_authorized_operations = r.bool()?; }
        if v >= 8 { x.include_topic_authorized_operations = r.bool()?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for MetadataRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 9;
        w.opt_array(flex, v >= 1, self.topics.as_deref(), |w, x| x.encode(w, v));
        if v >= 4 { w.bool(self.allow_auto_topic_creation); }
        if (8..=10).contains(&v) { w.bool(self.include_cluster_authorized_operations); }
        if v >= 8 { w.bool(self.include_topic_authorized_operations); }
        w.no_tags(flex);
    }
}

/// Part of `MetadataRequest`.
#[derive(Clone, Debug, PartialEq)]
pub struct MetadataRequestTopic<'a> {
    /// uuid, versions 10+.
    pub topic_id: TopicId,
    /// string (topicName), nullable in 10+.
    pub name: Option<Str<'a>>,
}

impl Default for MetadataRequestTopic<'_> {
    fn default() -> Self {
        Self {
            topic_id: Default::default(),
            name: Some(Default::default()),
        }
    }
}

impl<'a> Decode<'a> for MetadataRequestTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 9;
        let mut x = Self::default();
        if v >= 10 { x.topic_id = r.uuid()?; }
        x.name = r.opt_string(flex, v >= 10)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for MetadataRequestTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 9;
        if v >= 10 { w.uuid(self.topic_id); }
        w.opt_string(flex, v >= 10, self.name.as_deref());
        w.no_tags(flex);
    }
}

impl Message for MetadataRequest<'_> {
    const KEY: i16 = 3;
    const NAME: &'static str = "MetadataRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 13;
    const FLEXIBLE_FROM: i16 = 9;
}

impl Request for MetadataRequest<'_> {
    type Response<'r> = super::MetadataResponse<'r>;
}
