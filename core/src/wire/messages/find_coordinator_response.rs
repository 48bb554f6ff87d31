// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `FindCoordinatorResponse`: response of API 10, versions 0-6, flexible from 3.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct FindCoordinatorResponse<'a> {
    /// int32, versions 1+.
    pub throttle_time_ms: i32,
    /// int16, versions 0-3.
    pub error_code: i16,
    /// string, versions 1-3, nullable.
    pub error_message: Option<Str<'a>>,
    /// int32 (brokerId), versions 0-3.
    pub node_id: i32,
    /// string, versions 0-3.
    pub host: Str<'a>,
    /// int32, versions 0-3.
    pub port: i32,
    /// array of Coordinator, versions 4+.
    pub coordinators: Vec<Coordinator<'a>>,
}

impl Default for FindCoordinatorResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: Default::default(),
            error_code: Default::default(),
            error_message: Some(Default::default()),
            node_id: Default::default(),
            host: Default::default(),
            port: Default::default(),
            coordinators: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for FindCoordinatorResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 3;
        let mut x = Self::default();
        if v >= 1 { x.throttle_time_ms = r.i32()?; }
        if v <= 3 { x.error_code = r.i16()?; }
        if (1..=3).contains(&v) { x.error_message = r.opt_string(flex, (1..=3).contains(&v))?; }
        if v <= 3 { x.node_id = r.i32()?; }
        if v <= 3 { x.host = r.string(flex)?; }
        if v <= 3 { x.port = r.i32()?; }
        if v >= 4 { x.coordinators = r.array(flex, 14, |r| Coordinator::decode(r, v))?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for FindCoordinatorResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 3;
        if v >= 1 { w.i32(self.throttle_time_ms); }
        if v <= 3 { w.i16(self.error_code); }
        if (1..=3).contains(&v) { w.opt_string(flex, (1..=3).contains(&v), self.error_message.as_deref()); }
        if v <= 3 { w.i32(self.node_id); }
        if v <= 3 { w.string(flex, &self.host); }
        if v <= 3 { w.i32(self.port); }
        if v >= 4 { w.array(flex, &self.coordinators, |w, x| x.encode(w, v)); }
        w.no_tags(flex);
    }
}

/// Part of `FindCoordinatorResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct Coordinator<'a> {
    /// string.
    pub key: Str<'a>,
    /// int32 (brokerId).
    pub node_id: i32,
    /// string.
    pub host: Str<'a>,
    /// int32.
    pub port: i32,
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
}

impl Default for Coordinator<'_> {
    fn default() -> Self {
        Self {
            key: Default::default(),
            node_id: Default::default(),
            host: Default::default(),
            port: Default::default(),
            error_code: Default::default(),
            error_message: Some(Default::default()),
        }
    }
}

impl<'a> Decode<'a> for Coordinator<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.key = r.string(flex)?;
        x.node_id = r.i32()?;
        x.host = r.string(flex)?;
        x.port = r.i32()?;
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for Coordinator<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.key);
        w.i32(self.node_id);
        w.string(flex, &self.host);
        w.i32(self.port);
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        w.no_tags(flex);
    }
}

impl Message for FindCoordinatorResponse<'_> {
    const KEY: i16 = 10;
    const NAME: &'static str = "FindCoordinatorResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 6;
    const FLEXIBLE_FROM: i16 = 3;
}
