// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `PartitionRecord`: metadata 3 of __cluster_metadata, versions 0-2, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionRecord {
    /// int32, default -1.
    pub partition_id: i32,
    /// uuid.
    pub topic_id: TopicId,
    /// array of int32 (brokerId).
    pub replicas: Vec<i32>,
    /// array of int32.
    pub isr: Vec<i32>,
    /// array of int32 (brokerId).
    pub removing_replicas: Vec<i32>,
    /// array of int32 (brokerId).
    pub adding_replicas: Vec<i32>,
    /// int32 (brokerId), default -1.
    pub leader: i32,
    /// int8, tag 0, default 0.
    pub leader_recovery_state: i8,
    /// int32, default -1.
    pub leader_epoch: i32,
    /// int32, default -1.
    pub partition_epoch: i32,
    /// array of uuid, versions 1+.
    pub directories: Vec<TopicId>,
    /// array of int32 (brokerId), versions 2+, nullable, tag 1.
    pub eligible_leader_replicas: Option<Vec<i32>>,
    /// array of int32 (brokerId), versions 2+, nullable, tag 2.
    pub last_known_elr: Option<Vec<i32>>,
}

impl Default for PartitionRecord {
    fn default() -> Self {
        Self {
            partition_id: -1,
            topic_id: Default::default(),
            replicas: Default::default(),
            isr: Default::default(),
            removing_replicas: Default::default(),
            adding_replicas: Default::default(),
            leader: -1,
            leader_recovery_state: Default::default(),
            leader_epoch: -1,
            partition_epoch: -1,
            directories: Default::default(),
            eligible_leader_replicas: Default::default(),
            last_known_elr: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for PartitionRecord {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.partition_id = r.i32()?;
        x.topic_id = r.uuid()?;
        x.replicas = r.array(flex, 4, |r| r.i32())?;
        x.isr = r.array(flex, 4, |r| r.i32())?;
        x.removing_replicas = r.array(flex, 4, |r| r.i32())?;
        x.adding_replicas = r.array(flex, 4, |r| r.i32())?;
        x.leader = r.i32()?;
        x.leader_epoch = r.i32()?;
        x.partition_epoch = r.i32()?;
        if v >= 1 { x.directories = r.array(flex, 16, |r| r.uuid())?; }
        if flex {
            r.tags(&mut |tag, r| {
                match tag {
                    0 => x.leader_recovery_state = r.i8()?,
                    1 if v >= 2 => x.eligible_leader_replicas = r.opt_array(flex, v >= 2, 4, |r| r.i32())?,
                    2 if v >= 2 => x.last_known_elr = r.opt_array(flex, v >= 2, 4, |r| r.i32())?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(x)
    }
}

impl Encode for PartitionRecord {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.partition_id);
        w.uuid(self.topic_id);
        w.array(flex, &self.replicas, |w, x| w.i32(*x));
        w.array(flex, &self.isr, |w, x| w.i32(*x));
        w.array(flex, &self.removing_replicas, |w, x| w.i32(*x));
        w.array(flex, &self.adding_replicas, |w, x| w.i32(*x));
        w.i32(self.leader);
        w.i32(self.leader_epoch);
        w.i32(self.partition_epoch);
        if v >= 1 { w.array(flex, &self.directories, |w, x| w.uuid(*x)); }
        if flex {
            let has_leader_recovery_state = self.leader_recovery_state != 0;
            let has_eligible_leader_replicas = v >= 2 && self.eligible_leader_replicas.is_some();
            let has_last_known_elr = v >= 2 && self.last_known_elr.is_some();
            w.uvarint(u32::from(has_leader_recovery_state) + u32::from(has_eligible_leader_replicas) + u32::from(has_last_known_elr));
            if has_leader_recovery_state { w.tag(0, &mut |w| w.i8(self.leader_recovery_state)); }
            if has_eligible_leader_replicas { w.tag(1, &mut |w| w.opt_array(flex, v >= 2, self.eligible_leader_replicas.as_deref(), |w, x| w.i32(*x))); }
            if has_last_known_elr { w.tag(2, &mut |w| w.opt_array(flex, v >= 2, self.last_known_elr.as_deref(), |w, x| w.i32(*x))); }
        }
    }
}

impl Message for PartitionRecord {
    const KEY: i16 = 3;
    const NAME: &'static str = "PartitionRecord";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 2;
    const FLEXIBLE_FROM: i16 = 0;
}
