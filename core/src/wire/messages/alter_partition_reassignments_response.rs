// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `AlterPartitionReassignmentsResponse`: response of API 45, versions 0-1, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterPartitionReassignmentsResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// bool, versions 1+, default true.
    pub allow_replication_factor_change: bool,
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
    /// array of ReassignableTopicResponse.
    pub responses: Vec<ReassignableTopicResponse<'a>>,
}

impl Default for AlterPartitionReassignmentsResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: Default::default(),
            allow_replication_factor_change: true,
            error_code: Default::default(),
            error_message: Some(Default::default()),
            responses: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for AlterPartitionReassignmentsResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        if v >= 1 { x.allow_replication_factor_change = r.bool()?; }
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        x.responses = r.array(flex, 3, |r| ReassignableTopicResponse::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AlterPartitionReassignmentsResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.throttle_time_ms);
        if v >= 1 { w.bool(self.allow_replication_factor_change); }
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        w.array(flex, &self.responses, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `AlterPartitionReassignmentsResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReassignableTopicResponse<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// array of ReassignablePartitionResponse.
    pub partitions: Vec<ReassignablePartitionResponse<'a>>,
}

impl<'a> Decode<'a> for ReassignableTopicResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.partitions = r.array(flex, 8, |r| ReassignablePartitionResponse::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ReassignableTopicResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.array(flex, &self.partitions, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `AlterPartitionReassignmentsResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct ReassignablePartitionResponse<'a> {
    /// int32.
    pub partition_index: i32,
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
}

impl Default for ReassignablePartitionResponse<'_> {
    fn default() -> Self {
        Self {
            partition_index: Default::default(),
            error_code: Default::default(),
            error_message: Some(Default::default()),
        }
    }
}

impl<'a> Decode<'a> for ReassignablePartitionResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.partition_index = r.i32()?;
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ReassignablePartitionResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.partition_index);
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        w.no_tags(flex);
    }
}

impl Message for AlterPartitionReassignmentsResponse<'_> {
    const KEY: i16 = 45;
    const NAME: &'static str = "AlterPartitionReassignmentsResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 1;
    const FLEXIBLE_FROM: i16 = 0;
}
