// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DeleteTopicsResponse`: response of API 20, versions 1-6, flexible from 4.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteTopicsResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// array of DeletableTopicResult.
    pub responses: Vec<DeletableTopicResult<'a>>,
}

impl<'a> Decode<'a> for DeleteTopicsResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 4;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.responses = r.array(flex, 4, |r| DeletableTopicResult::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DeleteTopicsResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 4;
        w.i32(self.throttle_time_ms);
        w.array(flex, &self.responses, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DeleteTopicsResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct DeletableTopicResult<'a> {
    /// string (topicName), nullable in 6+.
    pub name: Option<Str<'a>>,
    /// uuid, versions 6+.
    pub topic_id: TopicId,
    /// int16.
    pub error_code: i16,
    /// string, versions 5+, nullable.
    pub error_message: Option<Str<'a>>,
}

impl Default for DeletableTopicResult<'_> {
    fn default() -> Self {
        Self {
            name: Some(Default::default()),
            topic_id: Default::default(),
            error_code: Default::default(),
            error_message: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for DeletableTopicResult<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 4;
        let mut x = Self::default();
        x.name = r.opt_string(flex, v >= 6)?;
        if v >= 6 { x.topic_id = r.uuid()?; }
        x.error_code = r.i16()?;
        if v >= 5 { x.error_message = r.opt_string(flex, v >= 5)?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DeletableTopicResult<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 4;
        w.opt_string(flex, v >= 6, self.name.as_deref());
        if v >= 6 { w.uuid(self.topic_id); }
        w.i16(self.error_code);
        if v >= 5 { w.opt_string(flex, v >= 5, self.error_message.as_deref()); }
        w.no_tags(flex);
    }
}

impl Message for DeleteTopicsResponse<'_> {
    const KEY: i16 = 20;
    const NAME: &'static str = "DeleteTopicsResponse";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 6;
    const FLEXIBLE_FROM: i16 = 4;
}
