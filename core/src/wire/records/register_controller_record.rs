// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `RegisterControllerRecord`: metadata 27 of __cluster_metadata, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RegisterControllerRecord<'a> {
    /// int32.
    pub controller_id: i32,
    /// uuid.
    pub incarnation_id: TopicId,
    /// bool.
    pub zk_migration_ready: bool,
    /// array of ControllerEndpoint.
    pub end_points: Vec<ControllerEndpoint<'a>>,
    /// array of ControllerFeature.
    pub features: Vec<ControllerFeature<'a>>,
}

impl<'a> Decode<'a> for RegisterControllerRecord<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.controller_id = r.i32()?;
        x.incarnation_id = r.uuid()?;
        x.zk_migration_ready = r.bool()?;
        x.end_points = r.array(flex, 7, |r| ControllerEndpoint::decode(r, v))?;
        x.features = r.array(flex, 6, |r| ControllerFeature::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for RegisterControllerRecord<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.controller_id);
        w.uuid(self.incarnation_id);
        w.bool(self.zk_migration_ready);
        w.array(flex, &self.end_points, |w, x| x.encode(w, v));
        w.array(flex, &self.features, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `RegisterControllerRecord`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ControllerEndpoint<'a> {
    /// string.
    pub name: Str<'a>,
    /// string.
    pub host: Str<'a>,
    /// uint16.
    pub port: u16,
    /// int16.
    pub security_protocol: i16,
}

impl<'a> Decode<'a> for ControllerEndpoint<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.host = r.string(flex)?;
        x.port = r.u16()?;
        x.security_protocol = r.i16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ControllerEndpoint<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.string(flex, &self.host);
        w.u16(self.port);
        w.i16(self.security_protocol);
        w.no_tags(flex);
    }
}

/// Part of `RegisterControllerRecord`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ControllerFeature<'a> {
    /// string.
    pub name: Str<'a>,
    /// int16.
    pub min_supported_version: i16,
    /// int16.
    pub max_supported_version: i16,
}

impl<'a> Decode<'a> for ControllerFeature<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.min_supported_version = r.i16()?;
        x.max_supported_version = r.i16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ControllerFeature<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.i16(self.min_supported_version);
        w.i16(self.max_supported_version);
        w.no_tags(flex);
    }
}

impl Message for RegisterControllerRecord<'_> {
    const KEY: i16 = 27;
    const NAME: &'static str = "RegisterControllerRecord";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
