// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DeleteShareGroupStateResponse`: response of API 86, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteShareGroupStateResponse<'a> {
    /// array of DeleteStateResult.
    pub results: Vec<DeleteStateResult<'a>>,
}

impl<'a> Decode<'a> for DeleteShareGroupStateResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.results = r.array(flex, 18, |r| DeleteStateResult::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DeleteShareGroupStateResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.array(flex, &self.results, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DeleteShareGroupStateResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteStateResult<'a> {
    /// uuid.
    pub topic_id: TopicId,
    /// array of PartitionResult.
    pub partitions: Vec<PartitionResult<'a>>,
}

impl<'a> Decode<'a> for DeleteStateResult<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_id = r.uuid()?;
        x.partitions = r.array(flex, 8, |r| PartitionResult::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DeleteStateResult<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.uuid(self.topic_id);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DeleteShareGroupStateResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionResult<'a> {
    /// int32.
    pub partition: i32,
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
}

impl<'a> Decode<'a> for PartitionResult<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.partition = r.i32()?;
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for PartitionResult<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.partition);
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        w.no_tags(flex);
    }
}

impl Message for DeleteShareGroupStateResponse<'_> {
    const KEY: i16 = 86;
    const NAME: &'static str = "DeleteShareGroupStateResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
