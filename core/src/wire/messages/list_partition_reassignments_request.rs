// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `ListPartitionReassignmentsRequest`: request of API 46, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct ListPartitionReassignmentsRequest<'a> {
    /// int32, default 60000.
    pub timeout_ms: i32,
    /// array of ListPartitionReassignmentsTopics, nullable.
    pub topics: Option<Vec<ListPartitionReassignmentsTopics<'a>>>,
}

impl Default for ListPartitionReassignmentsRequest<'_> {
    fn default() -> Self {
        Self {
            timeout_ms: 60000,
            topics: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for ListPartitionReassignmentsRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.timeout_ms = r.i32()?;
        x.topics = r.opt_array(flex, true, 3, |r| ListPartitionReassignmentsTopics::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ListPartitionReassignmentsRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.timeout_ms);
        w.opt_array(flex, true, self.topics.as_deref(), |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ListPartitionReassignmentsRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListPartitionReassignmentsTopics<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// array of int32.
    pub partition_indexes: Vec<i32>,
}

impl<'a> Decode<'a> for ListPartitionReassignmentsTopics<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.partition_indexes = r.array(flex, 4, |r| r.i32())?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ListPartitionReassignmentsTopics<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.array(flex, &self.partition_indexes, |w, x| w.i32(*x));
        w.no_tags(flex);
    }
}

impl Message for ListPartitionReassignmentsRequest<'_> {
    const KEY: i16 = 46;
    const NAME: &'static str = "ListPartitionReassignmentsRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}

impl Request for ListPartitionReassignmentsRequest<'_> {
    type Response<'r> = super::ListPartitionReassignmentsResponse<'r>;
}
