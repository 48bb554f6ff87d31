// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `OffsetCommitValue`: coordinator-value 1 of __consumer_offsets, versions 0-4, flexible from 4.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetCommitValue<'a> {
    /// int64.
    pub offset: i64,
    /// int32, versions 3+, default -1.
    pub leader_epoch: i32,
    /// string.
    pub metadata: Str<'a>,
    /// int64.
    pub commit_timestamp: i64,
    /// int64, versions 1, default -1.
    pub expire_timestamp: i64,
    /// uuid, versions 4+, tag 0.
    pub topic_id: TopicId,
}

impl Default for OffsetCommitValue<'_> {
    fn default() -> Self {
        Self {
            offset: Default::default(),
            leader_epoch: -1,
            metadata: Default::default(),
            commit_timestamp: Default::default(),
            expire_timestamp: -1,
            topic_id: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for OffsetCommitValue<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 4;
        let mut x = Self::default();
        x.offset = r.i64()?;
        if v >= 3 { x.leader_epoch = r.i32()?; }
        x.metadata = r.string(flex)?;
        x.commit_timestamp = r.i64()?;
        if (1..=1).contains(&v) { x.expire_timestamp = r.i64()?; }
        if flex {
            r.tags(&mut |tag, r| {
                match tag {
                    0 if v >= 4 => x.topic_id = r.uuid()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(x)
    }
}

impl Encode for OffsetCommitValue<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 4;
        w.i64(self.offset);
        if v >= 3 { w.i32(self.leader_epoch); }
        w.string(flex, &self.metadata);
        w.i64(self.commit_timestamp);
        if (1..=1).contains(&v) { w.i64(self.expire_timestamp); }
        if flex {
            let has_topic_id = v >= 4 && !self.topic_id.is_zero();
            w.uvarint(u32::from(has_topic_id));
            if has_topic_id { w.tag(0, &mut |w| w.uuid(self.topic_id)); }
        }
    }
}

impl Message for OffsetCommitValue<'_> {
    const KEY: i16 = 1;
    const NAME: &'static str = "OffsetCommitValue";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 4;
    const FLEXIBLE_FROM: i16 = 4;
}
