// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `AddRaftVoterRequest`: request of API 80, versions 0-1, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct AddRaftVoterRequest<'a> {
    /// string, nullable.
    pub cluster_id: Option<Str<'a>>,
    /// int32.
    pub timeout_ms: i32,
    /// int32.
    pub voter_id: i32,
    /// uuid.
    pub voter_directory_id: TopicId,
    /// array of Listener.
    pub listeners: Vec<Listener<'a>>,
    /// bool, versions 1+, default true.
    pub ack_when_committed: bool,
}

impl Default for AddRaftVoterRequest<'_> {
    fn default() -> Self {
        Self {
            cluster_id: Some(Default::default()),
            timeout_ms: Default::default(),
            voter_id: Default::default(),
            voter_directory_id: Default::default(),
            listeners: Default::default(),
            ack_when_committed: true,
        }
    }
}

impl<'a> Decode<'a> for AddRaftVoterRequest<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.cluster_id = r.opt_string(flex, true)?;
        x.timeout_ms = r.i32()?;
        x.voter_id = r.i32()?;
        x.voter_directory_id = r.uuid()?;
        x.listeners = r.array(flex, 5, |r| Listener::decode(r, v))?;
        if v >= 1 { x.ack_when_committed = r.bool()?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for AddRaftVoterRequest<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.opt_string(flex, true, self.cluster_id.as_deref());
        w.i32(self.timeout_ms);
        w.i32(self.voter_id);
        w.uuid(self.voter_directory_id);
        w.array(flex, &self.listeners, |w, x| x.encode(w, v));
        if v >= 1 { w.bool(self.ack_when_committed); }
        w.no_tags(flex);
    }
}

/// Part of `AddRaftVoterRequest`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listener<'a> {
    /// string.
    pub name: Str<'a>,
    /// string.
    pub host: Str<'a>,
    /// uint16.
    pub port: u16,
}

impl<'a> Decode<'a> for Listener<'a> {
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

impl Encode for Listener<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.string(flex, &self.host);
        w.u16(self.port);
        w.no_tags(flex);
    }
}

impl Message for AddRaftVoterRequest<'_> {
    const KEY: i16 = 80;
    const NAME: &'static str = "AddRaftVoterRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 1;
    const FLEXIBLE_FROM: i16 = 0;
}

impl Request for AddRaftVoterRequest<'_> {
    type Response<'r> = super::AddRaftVoterResponse<'r>;
}
