// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `StreamsGroupMetadataValue`: coordinator-value 17 of __consumer_offsets, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamsGroupMetadataValue<'a> {
    /// int32.
    pub epoch: i32,
    /// int64.
    pub metadata_hash: i64,
    /// int32, tag 0, default -1.
    pub validated_topology_epoch: i32,
    /// array of LastAssignmentConfig, nullable, tag 1.
    pub last_assignment_configs: Option<Vec<LastAssignmentConfig<'a>>>,
}

impl Default for StreamsGroupMetadataValue<'_> {
    fn default() -> Self {
        Self {
            epoch: Default::default(),
            metadata_hash: Default::default(),
            validated_topology_epoch: -1,
            last_assignment_configs: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for StreamsGroupMetadataValue<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.epoch = r.i32()?;
        x.metadata_hash = r.i64()?;
        if flex {
            r.tags(&mut |tag, r| {
                match tag {
                    0 => x.validated_topology_epoch = r.i32()?,
                    1 => x.last_assignment_configs = r.opt_array(flex, true, 3, |r| LastAssignmentConfig::decode(r, v))?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(x)
    }
}

impl Encode for StreamsGroupMetadataValue<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.epoch);
        w.i64(self.metadata_hash);
        if flex {
            let has_validated_topology_epoch = self.validated_topology_epoch != -1;
            let has_last_assignment_configs = self.last_assignment_configs.is_some();
            w.uvarint(u32::from(has_validated_topology_epoch) + u32::from(has_last_assignment_configs));
            if has_validated_topology_epoch { w.tag(0, &mut |w| w.i32(self.validated_topology_epoch)); }
            if has_last_assignment_configs { w.tag(1, &mut |w| w.opt_array(flex, true, self.last_assignment_configs.as_deref(), |w, x| x.encode(w, v))); }
        }
    }
}

/// Part of `StreamsGroupMetadataValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LastAssignmentConfig<'a> {
    /// string.
    pub key: Str<'a>,
    /// string.
    pub value: Str<'a>,
}

impl<'a> Decode<'a> for LastAssignmentConfig<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.key = r.string(flex)?;
        x.value = r.string(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for LastAssignmentConfig<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.key);
        w.string(flex, &self.value);
        w.no_tags(flex);
    }
}

impl Message for StreamsGroupMetadataValue<'_> {
    const KEY: i16 = 17;
    const NAME: &'static str = "StreamsGroupMetadataValue";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
