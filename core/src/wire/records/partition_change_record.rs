// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `PartitionChangeRecord`: metadata 5 of __cluster_metadata, versions 0-2, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionChangeRecord {
    /// int32, default -1.
    pub partition_id: i32,
    /// uuid.
    pub topic_id: TopicId,
    /// array of int32 (brokerId), nullable, tag 0.
    pub isr: Option<Vec<i32>>,
    /// int32 (brokerId), tag 1, default -2.
    pub leader: i32,
    /// array of int32 (brokerId), nullable, tag 2.
    pub replicas: Option<Vec<i32>>,
    /// array of int32 (brokerId), nullable, tag 3.
    pub removing_replicas: Option<Vec<i32>>,
    /// array of int32 (brokerId), nullable, tag 4.
    pub adding_replicas: Option<Vec<i32>>,
    /// int8, tag 5, default -1.
    pub leader_recovery_state: i8,
    /// array of uuid, versions 1+, nullable, tag 8.
    pub directories: Option<Vec<TopicId>>,
    /// array of int32 (brokerId), versions 2+, nullable, tag 6.
    pub eligible_leader_replicas: Option<Vec<i32>>,
    /// array of int32 (brokerId), versions 2+, nullable, tag 7.
    pub last_known_elr: Option<Vec<i32>>,
}

impl Default for PartitionChangeRecord {
    fn default() -> Self {
        Self {
            partition_id: -1,
            topic_id: Default::default(),
            isr: Default::default(),
            leader: -2,
            replicas: Default::default(),
            removing_replicas: Default::default(),
            adding_replicas: Default::default(),
            leader_recovery_state: -1,
            directories: Default::default(),
            eligible_leader_replicas: Default::default(),
            last_known_elr: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for PartitionChangeRecord {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.partition_id = r.i32()?;
        x.topic_id = r.uuid()?;
        if flex {
            r.tags(&mut |tag, r| {
                match tag {
                    0 => x.isr = r.opt_array(flex, true, 4, |r| r.i32())?,
                    1 => x.leader = r.i32()?,
                    2 => x.replicas = r.opt_array(flex, true, 4, |r| r.i32())?,
                    3 => x.removing_replicas = r.opt_array(flex, true, 4, |r| r.i32())?,
                    4 => x.adding_replicas = r.opt_array(flex, true, 4, |r| r.i32())?,
                    5 => x.leader_recovery_state = r.i8()?,
                    6 if v >= 2 => x.eligible_leader_replicas = r.opt_array(flex, v >= 2, 4, |r| r.i32())?,
                    7 if v >= 2 => x.last_known_elr = r.opt_array(flex, v >= 2, 4, |r| r.i32())?,
                    8 if v >= 1 => x.directories = r.opt_array(flex, v >= 1, 16, |r| r.uuid())?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(x)
    }
}

impl Encode for PartitionChangeRecord {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.partition_id);
        w.uuid(self.topic_id);
        if flex {
            let has_isr = self.isr.is_some();
            let has_leader = self.leader != -2;
            let has_replicas = self.replicas.is_some();
            let has_removing_replicas = self.removing_replicas.is_some();
            let has_adding_replicas = self.adding_replicas.is_some();
            let has_leader_recovery_state = self.leader_recovery_state != -1;
            let has_eligible_leader_replicas = v >= 2 && self.eligible_leader_replicas.is_some();
            let has_last_known_elr = v >= 2 && self.last_known_elr.is_some();
            let has_directories = v >= 1 && self.directories.is_some();
            w.uvarint(u32::from(has_isr) + u32::from(has_leader) + u32::from(has_replicas) + u32::from(has_removing_replicas) + u32::from(has_adding_replicas) + u32::from(has_leader_recovery_state) + u32::from(has_eligible_leader_replicas) + u32::from(has_last_known_elr) + u32::from(has_directories));
            if has_isr { w.tag(0, &mut |w| w.opt_array(flex, true, self.isr.as_deref(), |w, x| w.i32(*x))); }
            if has_leader { w.tag(1, &mut |w| w.i32(self.leader)); }
            if has_replicas { w.tag(2, &mut |w| w.opt_array(flex, true, self.replicas.as_deref(), |w, x| w.i32(*x))); }
            if has_removing_replicas { w.tag(3, &mut |w| w.opt_array(flex, true, self.removing_replicas.as_deref(), |w, x| w.i32(*x))); }
            if has_adding_replicas { w.tag(4, &mut |w| w.opt_array(flex, true, self.adding_replicas.as_deref(), |w, x| w.i32(*x))); }
            if has_leader_recovery_state { w.tag(5, &mut |w| w.i8(self.leader_recovery_state)); }
            if has_eligible_leader_replicas { w.tag(6, &mut |w| w.opt_array(flex, v >= 2, self.eligible_leader_replicas.as_deref(), |w, x| w.i32(*x))); }
            if has_last_known_elr { w.tag(7, &mut |w| w.opt_array(flex, v >= 2, self.last_known_elr.as_deref(), |w, x| w.i32(*x))); }
            if has_directories { w.tag(8, &mut |w| w.opt_array(flex, v >= 1, self.directories.as_deref(), |w, x| w.uuid(*x))); }
        }
    }
}

impl Message for PartitionChangeRecord {
    const KEY: i16 = 5;
    const NAME: &'static str = "PartitionChangeRecord";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 2;
    const FLEXIBLE_FROM: i16 = 0;
}
