// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `RemoveRaftVoterRequest`: request of API 81, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoveRaftVoterRequest<'a> {
    /// string, nullable.
    pub cluster_id: Option<Str<'a>>,
    /// int32.
    pub voter_id: i32,
    /// uuid.
    pub voter_directory_id: TopicId,
}

impl Default for RemoveRaftVoterRequest<'_> {
    fn default() -> Self {
        Self {
            cluster_id: Some(Default::default()),
            voter_id: Default::default(),
            voter_directory_id: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for RemoveRaftVoterRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.cluster_id = r.opt_string(flex, true)?;
        x.voter_id = r.i32()?;
        x.voter_directory_id = r.uuid()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for RemoveRaftVoterRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.opt_string(flex, true, self.cluster_id.as_deref());
        w.i32(self.voter_id);
        w.uuid(self.voter_directory_id);
        w.no_tags(flex);
    }
}

impl Message for RemoveRaftVoterRequest<'_> {
    const KEY: i16 = 81;
    const NAME: &'static str = "RemoveRaftVoterRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}

impl Request for RemoveRaftVoterRequest<'_> {
    type Response<'r> = super::RemoveRaftVoterResponse<'r>;
}
