// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DeleteShareGroupOffsetsResponse`: response of API 92, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteShareGroupOffsetsResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
    /// array of DeleteShareGroupOffsetsResponseTopic.
    pub responses: Vec<DeleteShareGroupOffsetsResponseTopic<'a>>,
}

impl<'a> Decode<'a> for DeleteShareGroupOffsetsResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        x.responses = r.array(flex, 21, |r| DeleteShareGroupOffsetsResponseTopic::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DeleteShareGroupOffsetsResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        w.array(flex, &self.responses, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DeleteShareGroupOffsetsResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteShareGroupOffsetsResponseTopic<'a> {
    /// string (topicName).
    pub topic_name: Str<'a>,
    /// uuid.
    pub topic_id: TopicId,
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
}

impl<'a> Decode<'a> for DeleteShareGroupOffsetsResponseTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_name = r.string(flex)?;
        x.topic_id = r.uuid()?;
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DeleteShareGroupOffsetsResponseTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.topic_name);
        w.uuid(self.topic_id);
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        w.no_tags(flex);
    }
}

impl Message for DeleteShareGroupOffsetsResponse<'_> {
    const KEY: i16 = 92;
    const NAME: &'static str = "DeleteShareGroupOffsetsResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
