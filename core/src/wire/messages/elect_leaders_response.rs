// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ElectLeadersResponse`: response of API 43, versions 0-2, flexible from 2.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ElectLeadersResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// int16, versions 1+.
    pub error_code: i16,
    /// array of ReplicaElectionResult.
    pub replica_election_results: Vec<ReplicaElectionResult<'a>>,
}

impl<'a> Decode<'a> for ElectLeadersResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 2;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        if v >= 1 { x.error_code = r.i16()?; }
        x.replica_election_results = r.array(flex, 3, |r| ReplicaElectionResult::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ElectLeadersResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.i32(self.throttle_time_ms);
        if v >= 1 { w.i16(self.error_code); }
        w.array(flex, &self.replica_election_results, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ElectLeadersResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReplicaElectionResult<'a> {
    /// string (topicName).
    pub topic: Str<'a>,
    /// array of PartitionResult.
    pub partition_result: Vec<PartitionResult<'a>>,
}

impl<'a> Decode<'a> for ReplicaElectionResult<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 2;
        let mut x = Self::default();
        x.topic = r.string(flex)?;
        x.partition_result = r.array(flex, 8, |r| PartitionResult::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ReplicaElectionResult<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.string(flex, &self.topic);
        w.array(flex, &self.partition_result, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ElectLeadersResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionResult<'a> {
    /// int32.
    pub partition_id: i32,
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
}

impl Default for PartitionResult<'_> {
    fn default() -> Self {
        Self {
            partition_id: Default::default(),
            error_code: Default::default(),
            error_message: Some(Default::default()),
        }
    }
}

impl<'a> Decode<'a> for PartitionResult<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 2;
        let mut x = Self::default();
        x.partition_id = r.i32()?;
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for PartitionResult<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.i32(self.partition_id);
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        w.no_tags(flex);
    }
}

impl Message for ElectLeadersResponse<'_> {
    const KEY: i16 = 43;
    const NAME: &'static str = "ElectLeadersResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 2;
    const FLEXIBLE_FROM: i16 = 2;
}
