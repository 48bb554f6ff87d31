// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `ConsumerGroupTargetAssignmentMemberKey`: coordinator-key 7 of __consumer_offsets, versions 0, never flexible.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupTargetAssignmentMemberKey<'a> {
    /// string.
    pub group_id: Str<'a>,
    /// string.
    pub member_id: Str<'a>,
}

impl<'a> Decode<'a> for ConsumerGroupTargetAssignmentMemberKey<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = false;
        let mut x = Self::default();
        x.group_id = r.string(flex)?;
        x.member_id = r.string(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ConsumerGroupTargetAssignmentMemberKey<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = false;
        w.string(flex, &self.group_id);
        w.string(flex, &self.member_id);
        w.no_tags(flex);
    }
}

impl Message for ConsumerGroupTargetAssignmentMemberKey<'_> {
    const KEY: i16 = 7;
    const NAME: &'static str = "ConsumerGroupTargetAssignmentMemberKey";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = i16::MAX;
}
