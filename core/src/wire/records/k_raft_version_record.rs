// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `KRaftVersionRecord`: control-record, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KRaftVersionRecord {
    /// int16.
    pub version: i16,
    /// int16.
    pub k_raft_version: i16,
}

impl<'a> Decode<'a> for KRaftVersionRecord {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.version = r.i16()?;
        x.k_raft_version = r.i16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for KRaftVersionRecord {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i16(self.version);
        w.i16(self.k_raft_version);
        w.no_tags(flex);
    }
}

impl Message for KRaftVersionRecord {
    const KEY: i16 = -1;
    const NAME: &'static str = "KRaftVersionRecord";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
