// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `StreamsGroupCurrentMemberAssignmentValue`: coordinator-value 22 of __consumer_offsets, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupCurrentMemberAssignmentValue<'a> {
    /// int32.
    pub member_epoch: i32,
    /// int32.
    pub previous_member_epoch: i32,
    /// int8.
    pub state: i8,
    /// array of TaskIds.
    pub active_tasks: Vec<TaskIds<'a>>,
    /// array of TaskIds.
    pub standby_tasks: Vec<TaskIds<'a>>,
    /// array of TaskIds.
    pub warmup_tasks: Vec<TaskIds<'a>>,
    /// array of TaskIds.
    pub active_tasks_pending_revocation: Vec<TaskIds<'a>>,
    /// array of TaskIds.
    pub standby_tasks_pending_revocation: Vec<TaskIds<'a>>,
    /// array of TaskIds.
    pub warmup_tasks_pending_revocation: Vec<TaskIds<'a>>,
}

impl<'a> Decode<'a> for StreamsGroupCurrentMemberAssignmentValue<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.member_epoch = r.i32()?;
        x.previous_member_epoch = r.i32()?;
        x.state = r.i8()?;
        x.active_tasks = r.array(flex, 3, |r| TaskIds::decode(r, v))?;
        x.standby_tasks = r.array(flex, 3, |r| TaskIds::decode(r, v))?;
        x.warmup_tasks = r.array(flex, 3, |r| TaskIds::decode(r, v))?;
        x.active_tasks_pending_revocation = r.array(flex, 3, |r| TaskIds::decode(r, v))?;
        x.standby_tasks_pending_revocation = r.array(flex, 3, |r| TaskIds::decode(r, v))?;
        x.warmup_tasks_pending_revocation = r.array(flex, 3, |r| TaskIds::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for StreamsGroupCurrentMemberAssignmentValue<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.member_epoch);
        w.i32(self.previous_member_epoch);
        w.i8(self.state);
        w.array(flex, &self.active_tasks, |w, x| x.encode(w, v));
        w.array(flex, &self.standby_tasks, |w, x| x.encode(w, v));
        w.array(flex, &self.warmup_tasks, |w, x| x.encode(w, v));
        w.array(flex, &self.active_tasks_pending_revocation, |w, x| x.encode(w, v));
        w.array(flex, &self.standby_tasks_pending_revocation, |w, x| x.encode(w, v));
        w.array(flex, &self.warmup_tasks_pending_revocation, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `StreamsGroupCurrentMemberAssignmentValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskIds<'a> {
    /// string.
    pub subtopology_id: Str<'a>,
    /// array of int32.
    pub partitions: Vec<i32>,
    /// array of int32, nullable, tag 0.
    pub assignment_epochs: Option<Vec<i32>>,
}

impl<'a> Decode<'a> for TaskIds<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.subtopology_id = r.string(flex)?;
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

impl Encode for TaskIds<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.subtopology_id);
        w.array(flex, &self.partitions, |w, x| w.i32(*x));
        if flex {
            let has_assignment_epochs = self.assignment_epochs.is_some();
            w.uvarint(u32::from(has_assignment_epochs));
            if has_assignment_epochs { w.tag(0, &mut |w| w.opt_array(flex, true, self.assignment_epochs.as_deref(), |w, x| w.i32(*x))); }
        }
    }
}

impl Message for StreamsGroupCurrentMemberAssignmentValue<'_> {
    const KEY: i16 = 22;
    const NAME: &'static str = "StreamsGroupCurrentMemberAssignmentValue";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
