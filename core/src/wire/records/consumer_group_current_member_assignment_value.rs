// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `ConsumerGroupCurrentMemberAssignmentValue`: coordinator-value 8 of __consumer_offsets, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupCurrentMemberAssignmentValue {
    /// int32.
    pub member_epoch: i32,
    /// int32.
    pub previous_member_epoch: i32,
    /// int8.
    pub state: i8,
    /// array of TopicPartitions.
    pub assigned_partitions: Vec<TopicPartitions>,
    /// array of TopicPartitions.
    pub partitions_pending_revocation: Vec<TopicPartitions>,
}

impl<'a> Decode<'a> for ConsumerGroupCurrentMemberAssignmentValue {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.member_epoch = r.i32()?;
        x.previous_member_epoch = r.i32()?;
        x.state = r.i8()?;
        x.assigned_partitions = r.array(flex, 18, |r| TopicPartitions::decode(r, v))?;
        x.partitions_pending_revocation = r.array(flex, 18, |r| TopicPartitions::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ConsumerGroupCurrentMemberAssignmentValue {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.member_epoch);
        w.i32(self.previous_member_epoch);
        w.i8(self.state);
        w.array(flex, &self.assigned_partitions, |w, x| x.encode(w, v));
        w.array(flex, &self.partitions_pending_revocation, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ConsumerGroupCurrentMemberAssignmentValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartitions {
    /// uuid.
    pub topic_id: TopicId,
    /// array of int32.
    pub partitions: Vec<i32>,
    /// array of int32, nullable, tag 0.
    pub assignment_epochs: Option<Vec<i32>>,
}

impl<'a> Decode<'a> for TopicPartitions {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.topic_id = r.uuid()?;
        x.partitions = r.array(flex, 4, |r| r.i32())?;
        if flex {
            r.tags(&mut |tag, r| {
                match tag {
                    0 => x.assignment_epochs = r.opt_array(flex, true, 4, |r| r.i32())?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(x)
    }
}

impl Encode for TopicPartitions {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.uuid(self.topic_id);
        w.array(flex, &self.partitions, |w, x| w.i32(*x));
        if flex {
            let has_assignment_epochs = self.assignment_epochs.is_some();
            w.uvarint(u32::from(has_assignment_epochs));
            if has_assignment_epochs { w.tag(0, &mut |w| w.opt_array(flex, true, self.assignment_epochs.as_deref(), |w, x| w.i32(*x))); }
        }
    }
}

impl Message for ConsumerGroupCurrentMemberAssignmentValue {
    const KEY: i16 = 8;
    const NAME: &'static str = "ConsumerGroupCurrentMemberAssignmentValue";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
