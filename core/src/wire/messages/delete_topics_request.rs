// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DeleteTopicsRequest`: request of API 20, versions 1-6, flexible from 4.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteTopicsRequest<'a> {
    /// array of DeleteTopicState, versions 6+.
    pub topics: Vec<DeleteTopicState<'a>>,
    /// array of string (topicName), versions 1-5.
    pub topic_names: Vec<Str<'a>>,
    /// int32.
    pub timeout_ms: i32,
}

impl<'a> Decode<'a> for DeleteTopicsRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 4;
        let mut x = Self::default();
        if v >= 6 { x.topics = r.array(flex, 18, |r| DeleteTopicState::decode(r, v))?; }
        if v <= 5 { x.topic_names = r.array(flex, 1, |r| r.string(flex))?; }
        x.timeout_ms = r.i32()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DeleteTopicsRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 4;
        if v >= 6 { w.array(flex, &self.topics, |w, x| x.encode(w, v)); }
        if v <= 5 { w.array(flex, &self.topic_names, |w, x| w.string(flex, x)); }
        w.i32(self.timeout_ms);
        w.no_tags(flex);
    }
}

/// Part of `DeleteTopicsRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteTopicState<'a> {
    /// string (topicName), nullable.
    pub name: Option<Str<'a>>,
    /// uuid.
    pub topic_id: TopicId,
}

impl<'a> Decode<'a> for DeleteTopicState<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.name = r.opt_string(flex, true)?;
        x.topic_id = r.uuid()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DeleteTopicState<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.opt_string(flex, true, self.name.as_deref());
        w.uuid(self.topic_id);
        w.no_tags(flex);
    }
}

impl Message for DeleteTopicsRequest<'_> {
    const KEY: i16 = 20;
    const NAME: &'static str = "DeleteTopicsRequest";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 6;
    const FLEXIBLE_FROM: i16 = 4;
}

impl Request for DeleteTopicsRequest<'_> {
    type Response<'r> = super::DeleteTopicsResponse<'r>;
}
