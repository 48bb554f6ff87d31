// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `AlterReplicaLogDirsRequest`: request of API 34, versions 1-2, flexible from 2.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterReplicaLogDirsRequest<'a> {
    /// array of AlterReplicaLogDir.
    pub dirs: Vec<AlterReplicaLogDir<'a>>,
}

impl<'a> Decode<'a> for AlterReplicaLogDirsRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 2;
        let mut x = Self::default();
        x.dirs = r.array(flex, 3, |r| AlterReplicaLogDir::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AlterReplicaLogDirsRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.array(flex, &self.dirs, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `AlterReplicaLogDirsRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterReplicaLogDir<'a> {
    /// string.
    pub path: Str<'a>,
    /// array of AlterReplicaLogDirTopic.
    pub topics: Vec<AlterReplicaLogDirTopic<'a>>,
}

impl<'a> Decode<'a> for AlterReplicaLogDir<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 2;
        let mut x = Self::default();
        x.path = r.string(flex)?;
        x.topics = r.array(flex, 3, |r| AlterReplicaLogDirTopic::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AlterReplicaLogDir<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.string(flex, &self.path);
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `AlterReplicaLogDirsRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlterReplicaLogDirTopic<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// array of int32.
    pub partitions: Vec<i32>,
}

impl<'a> Decode<'a> for AlterReplicaLogDirTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 2;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.partitions = r.array(flex, 4, |r| r.i32())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AlterReplicaLogDirTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.string(flex, &self.name);
        w.array(flex, &self.partitions, |w, x| w.i32(*x));
        w.no_tags(flex);
    }
}

impl Message for AlterReplicaLogDirsRequest<'_> {
    const KEY: i16 = 34;
    const NAME: &'static str = "AlterReplicaLogDirsRequest";
    const MIN_VERSION: i16 = 1;
    const MAX_VERSION: i16 = 2;
    const FLEXIBLE_FROM: i16 = 2;
}

impl Request for AlterReplicaLogDirsRequest<'_> {
    type Response<'r> = super::AlterReplicaLogDirsResponse<'r>;
}
