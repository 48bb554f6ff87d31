// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ShareGroupHeartbeatRequest`: request of API 76, versions 1, flexible from 1.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupHeartbeatRequest<'a> {
    /// string (groupId).
    pub group_id: Str<'a>,
    /// string.
    pub member_id: Str<'a>,
    /// int32.
    pub member_epoch: i32,
    /// string, nullable.
    pub rack_id: Option<Str<'a>>,
    /// array of string (topicName), nullable.
    pub subscribed_topic_names: Option<Vec<Str<'a>>>,
}

impl<'a> Decode<'a> for ShareGroupHeartbeatRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.group_id = r.string(flex)?;
        x.member_id = r.string(flex)?;
        x.member_epoch = r.i32()?;
        x.rack_id = r.opt_string(flex, true)?;
        x.subscribed_topic_names = r.opt_array(flex, true, 1, |r| r.string(flex))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ShareGroupHeartbeatRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.group_id);
        w.string(flex, &self.member_id);
        w.i32(self.member_epoch);
        w.opt_string(flex, true, self.rack_id.as_deref());
        w.opt_array(flex, true, self.subscribed_topic_names.as_deref(), |w, x| w.string(flex, x));
        w.no_tags(flex);
    }
}

impl Message for ShareGroupHeartbeatRequest<'_> {
    const KEY: i16 = 76;
    const NAME: &'static str = "ShareGroupHeartbeatRequest";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 1;
    const FLEXIBLE_FROM: i16 = 1;
}

impl Request for ShareGroupHeartbeatRequest<'_> {
    type Response<'r> = super::ShareGroupHeartbeatResponse<'r>;
}
