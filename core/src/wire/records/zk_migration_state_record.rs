// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `ZkMigrationStateRecord`: metadata 21 of __cluster_metadata, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ZkMigrationStateRecord {
    /// int8.
    pub zk_migration_state: i8,
}

impl<'a> Decode<'a> for ZkMigrationStateRecord {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.zk_migration_state = r.i8()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ZkMigrationStateRecord {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i8(self.zk_migration_state);
        w.no_tags(flex);
    }
}

impl Message for ZkMigrationStateRecord {
    const KEY: i16 = 21;
    const NAME: &'static str = "ZkMigrationStateRecord";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
