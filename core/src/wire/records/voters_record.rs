// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `VotersRecord`: control-record, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VotersRecord<'a> {
    /// int16.
    pub version: i16,
    /// array of Voter.
    pub voters: Vec<Voter<'a>>,
}

impl<'a> Decode<'a> for VotersRecord<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.version = r.i16()?;
        x.voters = r.array(flex, 27, |r| Voter::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for VotersRecord<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i16(self.version);
        w.array(flex, &self.voters, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `VotersRecord`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Voter<'a> {
    /// int32 (brokerId).
    pub voter_id: i32,
    /// uuid.
    pub voter_directory_id: TopicId,
    /// array of Endpoint.
    pub endpoints: Vec<Endpoint<'a>>,
    /// KRaftVersionFeature.
    pub k_raft_version_feature: KRaftVersionFeature,
}

impl<'a> Decode<'a> for Voter<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.voter_id = r.i32()?;
        x.voter_directory_id = r.uuid()?;
        x.endpoints = r.array(flex, 5, |r| Endpoint::decode(r, v))?;
        x.k_raft_version_feature = KRaftVersionFeature::decode(r, v)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for Voter<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.voter_id);
        w.uuid(self.voter_directory_id);
        w.array(flex, &self.endpoints, |w, x| x.encode(w, v));
        self.k_raft_version_feature.encode(w, v);
        w.no_tags(flex);
    }
}

/// Part of `VotersRecord`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Endpoint<'a> {
    /// string.
    pub name: Str<'a>,
    /// string.
    pub host: Str<'a>,
    /// uint16.
    pub port: u16,
}

impl<'a> Decode<'a> for Endpoint<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.host = r.string(flex)?;
        x.port = r.u16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for Endpoint<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.string(flex, &self.host);
        w.u16(self.port);
        w.no_tags(flex);
    }
}

/// Part of `VotersRecord`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KRaftVersionFeature {
    /// int16.
    pub min_supported_version: i16,
    /// int16.
    pub max_supported_version: i16,
}

impl<'a> Decode<'a> for KRaftVersionFeature {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.min_supported_version = r.i16()?;
        x.max_supported_version = r.i16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for KRaftVersionFeature {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i16(self.min_supported_version);
        w.i16(self.max_supported_version);
        w.no_tags(flex);
    }
}

impl Message for VotersRecord<'_> {
    const KEY: i16 = -1;
    const NAME: &'static str = "VotersRecord";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
