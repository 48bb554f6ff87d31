// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `LeaderChangeMessage`: control-record, versions 0-1, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeaderChangeMessage {
    /// int16.
    pub version: i16,
    /// int32 (brokerId).
    pub leader_id: i32,
    /// array of Voter.
    pub voters: Vec<Voter>,
    /// array of Voter.
    pub granting_voters: Vec<Voter>,
}

impl<'a> Decode<'a> for LeaderChangeMessage {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.version = r.i16()?;
        x.leader_id = r.i32()?;
        x.voters = r.array(flex, 5, |r| Voter::decode(r, v))?;
        x.granting_voters = r.array(flex, 5, |r| Voter::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for LeaderChangeMessage {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i16(self.version);
        w.i32(self.leader_id);
        w.array(flex, &self.voters, |w, x| x.encode(w, v));
        w.array(flex, &self.granting_voters, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `LeaderChangeMessage`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Voter {
    /// int32.
    pub voter_id: i32,
    /// uuid, versions 1+.
    pub voter_directory_id: TopicId,
}

impl<'a> Decode<'a> for Voter {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.voter_id = r.i32()?;
        if v >= 1 { x.voter_directory_id = r.uuid()?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for Voter {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.voter_id);
        if v >= 1 { w.uuid(self.voter_directory_id); }
        w.no_tags(flex);
    }
}

impl Message for LeaderChangeMessage {
    const KEY: i16 = -1;
    const NAME: &'static str = "LeaderChangeMessage";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 1;
    const FLEXIBLE_FROM: i16 = 0;
}
