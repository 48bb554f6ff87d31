// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `CreatePartitionsResponse`: response of API 37, versions 0-3, flexible from 2.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatePartitionsResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// array of CreatePartitionsTopicResult.
    pub results: Vec<CreatePartitionsTopicResult<'a>>,
}

impl<'a> Decode<'a> for CreatePartitionsResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 2;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.results = r.array(flex, 5, |r| CreatePartitionsTopicResult::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for CreatePartitionsResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.i32(self.throttle_time_ms);
        w.array(flex, &self.results, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `CreatePartitionsResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatePartitionsTopicResult<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
}

impl<'a> Decode<'a> for CreatePartitionsTopicResult<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 2;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for CreatePartitionsTopicResult<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.string(flex, &self.name);
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        w.no_tags(flex);
    }
}

impl Message for CreatePartitionsResponse<'_> {
    const KEY: i16 = 37;
    const NAME: &'static str = "CreatePartitionsResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 3;
    const FLEXIBLE_FROM: i16 = 2;
}
