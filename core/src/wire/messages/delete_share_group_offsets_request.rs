// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DeleteShareGroupOffsetsRequest`: request of API 92, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteShareGroupOffsetsRequest<'a> {
    /// string (groupId).
    pub group_id: Str<'a>,
    /// array of DeleteShareGroupOffsetsRequestTopic.
    pub topics: Vec<DeleteShareGroupOffsetsRequestTopic<'a>>,
}

impl<'a> Decode<'a> for DeleteShareGroupOffsetsRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.group_id = r.string(flex)?;
        x.topics = r.array(flex, 2, |r| DeleteShareGroupOffsetsRequestTopic::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DeleteShareGroupOffsetsRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.group_id);
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `DeleteShareGroupOffsetsRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteShareGroupOffsetsRequestTopic<'a> {
    /// string (topicName).
    pub topic_name: Str<'a>,
}

impl<'a> Decode<'a> for DeleteShareGroupOffsetsRequestTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_name = r.string(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DeleteShareGroupOffsetsRequestTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.topic_name);
        w.no_tags(flex);
    }
}

impl Message for DeleteShareGroupOffsetsRequest<'_> {
    const KEY: i16 = 92;
    const NAME: &'static str = "DeleteShareGroupOffsetsRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}

impl Request for DeleteShareGroupOffsetsRequest<'_> {
    type Response<'r> = super::DeleteShareGroupOffsetsResponse<'r>;
}
