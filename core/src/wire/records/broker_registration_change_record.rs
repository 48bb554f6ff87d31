// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `BrokerRegistrationChangeRecord`: metadata 17 of __cluster_metadata, versions 0-3, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BrokerRegistrationChangeRecord {
    /// int32 (brokerId).
    pub broker_id: i32,
    /// int64.
    pub broker_epoch: i64,
    /// int8, tag 0.
    pub fenced: i8,
    /// int8, versions 1+, tag 1.
    pub in_controlled_shutdown: i8,
    /// array of uuid, versions 2+, tag 2.
    pub log_dirs: Vec<TopicId>,
    /// array of uuid, versions 3+, nullable, tag 3.
    pub cordoned_log_dirs: Option<Vec<TopicId>>,
}

impl<'a> Decode<'a> for BrokerRegistrationChangeRecord {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.broker_id = r.i32()?;
        x.broker_epoch = r.i64()?;
        if flex {
            r.tags(&mut |tag, r| {
                match tag {
                    0 => x.fenced = r.i8()?,
                    1 if v >= 1 => x.in_controlled_shutdown = r.i8()?,
                    2 if v >= 2 => x.log_dirs = r.array(flex, 16, |r| r.uuid())?,
                    3 if v >= 3 => x.cordoned_log_dirs = r.opt_array(flex, v >= 3, 16, |r| r.uuid())?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(x)
    }
}

impl Encode for BrokerRegistrationChangeRecord {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.broker_id);
        w.i64(self.broker_epoch);
        if flex {
            let has_fenced = self.fenced != 0;
            let has_in_controlled_shutdown = v >= 1 && self.in_controlled_shutdown != 0;
            let has_log_dirs = v >= 2 && !self.log_dirs.is_empty();
            let has_cordoned_log_dirs = v >= 3 && self.cordoned_log_dirs.is_some();
            w.uvarint(u32::from(has_fenced) + u32::from(has_in_controlled_shutdown) + u32::from(has_log_dirs) + u32::from(has_cordoned_log_dirs));
            if has_fenced { w.tag(0, &mut |w| w.i8(self.fenced)); }
            if has_in_controlled_shutdown { w.tag(1, &mut |w| w.i8(self.in_controlled_shutdown)); }
            if has_log_dirs { w.tag(2, &mut |w| w.array(flex, &self.log_dirs, |w, x| w.uuid(*x))); }
            if has_cordoned_log_dirs { w.tag(3, &mut |w| w.opt_array(flex, v >= 3, self.cordoned_log_dirs.as_deref(), |w, x| w.uuid(*x))); }
        }
    }
}

impl Message for BrokerRegistrationChangeRecord {
    const KEY: i16 = 17;
    const NAME: &'static str = "BrokerRegistrationChangeRecord";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 3;
    const FLEXIBLE_FROM: i16 = 0;
}
