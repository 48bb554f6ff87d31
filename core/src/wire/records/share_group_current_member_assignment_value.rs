// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `ShareGroupCurrentMemberAssignmentValue`: coordinator-value 14 of __consumer_offsets, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupCurrentMemberAssignmentValue {
    /// int32.
    pub member_epoch: i32,
    /// int32.
    pub previous_member_epoch: i32,
    /// int8.
    pub state: i8,
    /// array of TopicPartitions.
    pub assigned_partitions: Vec<TopicPartitions>,
}

impl<'a> Decode<'a> for ShareGroupCurrentMemberAssignmentValue {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.member_epoch = r.i32()?;
        x.previous_member_epoch = r.i32()?;
        x.state = r.i8()?;
        x.assigned_partitions = r.array(flex, 18, |r| TopicPartitions::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ShareGroupCurrentMemberAssignmentValue {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.member_epoch);
        w.i32(self.previous_member_epoch);
        w.i8(self.state);
        w.array(flex, &self.assigned_partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ShareGroupCurrentMemberAssignmentValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartitions {
    /// uuid.
    pub topic_id: TopicId,
    /// array of int32.
    pub partitions: Vec<i32>,
}

impl<'a> Decode<'a> for TopicPartitions {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_id = r.uuid()?;
        x.partitions = r.array(flex, 4, |r| r.i32())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for TopicPartitions {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.uuid(self.topic_id);
        w.array(flex, &self.partitions, |w, x| w.i32(*x));
        w.no_tags(flex);
    }
}

impl Message for ShareGroupCurrentMemberAssignmentValue {
    const KEY: i16 = 14;
    const NAME: &'static str = "ShareGroupCurrentMemberAssignmentValue";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
