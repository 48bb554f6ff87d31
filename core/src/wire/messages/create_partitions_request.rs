// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `CreatePartitionsRequest`: request of API 37, versions 0-3, flexible from 2.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatePartitionsRequest<'a> {
    /// array of CreatePartitionsTopic.
    pub topics: Vec<CreatePartitionsTopic<'a>>,
    /// int32.
    pub timeout_ms: i32,
    /// bool.
    pub validate_only: bool,
}

impl<'a> Decode<'a> for CreatePartitionsRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 2;
        let mut x = Self::default();
        x.topics = r.array(flex, 7, |r| CreatePartitionsTopic::decode(r, v))?;
        x.timeout_ms = r.i32()?;
        x.validate_only = r.bool()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for CreatePartitionsRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.i32(self.timeout_ms);
        w.bool(self.validate_only);
        w.no_tags(flex);
    }
}

/// Part of `CreatePartitionsRequest`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatePartitionsTopic<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// int32.
    pub count: i32,
    /// array of CreatePartitionsAssignment, nullable.
    pub assignments: Option<Vec<CreatePartitionsAssignment>>,
}

impl Default for CreatePartitionsTopic<'_> {
    fn default() -> Self {
        Self {
            name: Default::default(),
            count: Default::default(),
            assignments: Some(Default::default()),
        }
    }
}

impl<'a> Decode<'a> for CreatePartitionsTopic<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 2;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.count = r.i32()?;
        x.assignments = r.opt_array(flex, true, 2, |r| CreatePartitionsAssignment::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for CreatePartitionsTopic<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.string(flex, &self.name);
        w.i32(self.count);
        w.opt_array(flex, true, self.assignments.as_deref(), |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `CreatePartitionsRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatePartitionsAssignment {
    /// array of int32 (brokerId).
    pub broker_ids: Vec<i32>,
}

impl<'a> Decode<'a> for CreatePartitionsAssignment {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 2;
        let mut x = Self::default();
        x.broker_ids = r.array(flex, 4, |r| r.i32())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for CreatePartitionsAssignment {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 2;
        w.array(flex, &self.broker_ids, |w, x| w.i32(*x));
        w.no_tags(flex);
    }
}

impl Message for CreatePartitionsRequest<'_> {
    const KEY: i16 = 37;
    const NAME: &'static str = "CreatePartitionsRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 3;
    const FLEXIBLE_FROM: i16 = 2;
}

impl Request for CreatePartitionsRequest<'_> {
    type Response<'r> = super::CreatePartitionsResponse<'r>;
}
