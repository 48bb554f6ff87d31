// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `OffsetFetchRequest`: request of API 9, versions 1-10, flexible from 6.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchRequest<'a> {
    /// string (groupId), versions 1-7.
    pub group_id: Str<'a>,
    /// array of OffsetFetchRequestTopic, versions 1-7, nullable in 2-7.
    pub topics: Option<Vec<OffsetFetchRequestTopic<'a>>>,
    /// array of OffsetFetchRequestGroup, versions 8+.
    pub groups: Vec<OffsetFetchRequestGroup<'a>>,
    /// bool, versions 7+, default false.
    pub require_stable: bool,
}

impl Default for OffsetFetchRequest<'_> {
    fn default() -> Self {
        Self {
            group_id: Default::default(),
            topics: Some(Default::default()),
            groups: Default::default(),
            require_stable: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for OffsetFetchRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 6;
        let mut x = Self::default();
        if v <= 7 { x.group_id = r.string(flex)?; }
        if v <= 7 { x.topics = r.opt_array(flex, (2..=7).contains(&v), 3, |r| OffsetFetchRequestTopic::decode(r, v))?; }
        if v >= 8 { x.groups = r.array(flex, 3, |r| OffsetFetchRequestGroup::decode(r, v))?; }
        if v >= 7 { x.require_stable = r.bool()?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OffsetFetchRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 6;
        if v <= 7 { w.string(flex, &self.group_id); }
        if v <= 7 { w.opt_array(flex, (2..=7).contains(&v), self.topics.as_deref(), |w, x| x.encode(w, v)); }
        if v >= 8 { w.array(flex, &self.groups, |w, x| x.encode(w, v)); }
        if v >= 7 { w.bool(self.require_stable); }
        w.no_tags(flex);
    }
}

/// Part of `OffsetFetchRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchRequestTopic<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// array of int32.
    pub partition_indexes: Vec<i32>,
}

impl<'a> Decode<'a> for OffsetFetchRequestTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 6;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.partition_indexes = r.array(flex, 4, |r| r.i32())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OffsetFetchRequestTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 6;
        w.string(flex, &self.name);
        w.array(flex, &self.partition_indexes, |w, x| w.i32(*x));
        w.no_tags(flex);
    }
}

/// Part of `OffsetFetchRequest`.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetchRequestGroup<'a> {
    /// string (groupId).
    pub group_id: Str<'a>,
    /// string, versions 9+, nullable.
    pub member_id: Option<Str<'a>>,
    /// int32, versions 9+, default -1.
    pub member_epoch: i32,
    /// array of OffsetFetchRequestTopics, nullable.
    pub topics: Option<Vec<OffsetFetchRequestTopics<'a>>>,
}

impl Default for OffsetFetchRequestGroup<'_> {
    fn default() -> Self {
        Self {
            group_id: Default::default(),
            member_id: Default::default(),
            member_epoch: -1,
            topics: Some(Default::default()),
        }
    }
}

impl<'a> Decode<'a> for OffsetFetchRequestGroup<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.group_id = r.string(flex)?;
        if v >= 9 { x.member_id = r.opt_string(flex, v >= 9)?; }
        if v >= 9 { x.member_epoch = r.i32()?; }
        x.topics = r.opt_array(flex, true, 3, |r| OffsetFetchRequestTopics::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OffsetFetchRequestGroup<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.group_id);
        if v >= 9 { w.opt_string(flex, v >= 9, self.member_id.as_deref()); }
        if v >= 9 { w.i32(self.member_epoch); }
        w.opt_array(flex, true, self.topics.as_deref(), |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `OffsetFetchRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetFetchRequestTopics<'a> {
    /// string (topicName), versions 8-9.
    pub name: Str<'a>,
    /// uuid, versions 10+.
    pub topic_id: TopicId,
    /// array of int32.
    pub partition_indexes: Vec<i32>,
}

impl<'a> Decode<'a> for OffsetFetchRequestTopics<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        if v <= 9 { x.name = r.string(flex)?; }
        if v >= 10 { x.topic_id = r.uuid()?; }
        x.partition_indexes = r.array(flex, 4, |r| r.i32())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for OffsetFetchRequestTopics<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        if v <= 9 { w.string(flex, &self.name); }
        if v >= 10 { w.uuid(self.topic_id); }
        w.array(flex, &self.partition_indexes, |w, x| w.i32(*x));
        w.no_tags(flex);
    }
}

impl Message for OffsetFetchRequest<'_> {
    const KEY: i16 = 9;
    const NAME: &'static str = "OffsetFetchRequest";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 10;
    const FLEXIBLE_FROM: i16 = 6;
}

impl Request for OffsetFetchRequest<'_> {
    type Response<'r> = super::OffsetFetchResponse<'r>;
}
