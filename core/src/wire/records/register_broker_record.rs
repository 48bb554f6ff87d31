// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `RegisterBrokerRecord`: metadata 0 of __cluster_metadata, versions 0-4, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct RegisterBrokerRecord<'a> {
    /// int32 (brokerId).
    pub broker_id: i32,
    /// bool, versions 2+, default false.
    pub is_migrating_zk_broker: bool,
    /// uuid.
    pub incarnation_id: TopicId,
    /// int64.
    pub broker_epoch: i64,
    /// array of BrokerEndpoint.
    pub end_points: Vec<BrokerEndpoint<'a>>,
    /// array of BrokerFeature.
    pub features: Vec<BrokerFeature<'a>>,
    /// string, nullable.
    pub rack: Option<Str<'a>>,
    /// bool, default true.
    pub fenced: bool,
    /// bool, versions 1+, default false.
    pub in_controlled_shutdown: bool,
    /// array of uuid, versions 3+, tag 0.
    pub log_dirs: Vec<TopicId>,
    /// array of uuid, versions 4+, nullable, tag 1.
    pub cordoned_log_dirs: Option<Vec<TopicId>>,
}

impl Default for RegisterBrokerRecord<'_> {
    fn default() -> Self {
        Self {
            broker_id: Default::default(),
            is_migrating_zk_broker: Default::default(),
            incarnation_id: Default::default(),
            broker_epoch: Default::default(),
            end_points: Default::default(),
            features: Default::default(),
            rack: Some(Default::default()),
            fenced: true,
            in_controlled_shutdown: Default::default(),
            log_dirs: Default::default(),
            cordoned_log_dirs: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for RegisterBrokerRecord<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.broker_id = r.i32()?;
        if v >= 2 { x.is_migrating_zk_broker = r.bool()?; }
        x.incarnation_id = r.uuid()?;
        x.broker_epoch = r.i64()?;
        x.end_points = r.array(flex, 7, |r| BrokerEndpoint::decode(r, v))?;
        x.features = r.array(flex, 6, |r| BrokerFeature::decode(r, v))?;
        x.rack = r.opt_string(flex, true)?;
        x.fenced = r.bool()?;
        if v >= 1 { x.in_controlled_shutdown = r.bool()?; }
        if flex {
            r.tags(&mut |tag, r| {
                match tag {
                    0 if v >= 3 => x.log_dirs = r.array(flex, 16, |r| r.uuid())?,
                    1 if v >= 4 => x.cordoned_log_dirs = r.opt_array(flex, v >= 4, 16, |r| r.uuid())?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(x)
    }
}

impl Encode for RegisterBrokerRecord<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.broker_id);
        if v >= 2 { w.bool(self.is_migrating_zk_broker); }
        w.uuid(self.incarnation_id);
        w.i64(self.broker_epoch);
        w.array(flex, &self.end_points, |w, x| x.encode(w, v));
        w.array(flex, &self.features, |w, x| x.encode(w, v));
        w.opt_string(flex, true, self.rack.as_deref());
        w.bool(self.fenced);
        if v >= 1 { w.bool(self.in_controlled_shutdown); }
        if flex {
            let has_log_dirs = v >= 3 && !self.log_dirs.is_empty();
            let has_cordoned_log_dirs = v >= 4 && self.cordoned_log_dirs.is_some();
            w.uvarint(u32::from(has_log_dirs) + u32::from(has_cordoned_log_dirs));
            if has_log_dirs { w.tag(0, &mut |w| w.array(flex, &self.log_dirs, |w, x| w.uuid(*x))); }
            if has_cordoned_log_dirs { w.tag(1, &mut |w| w.opt_array(flex, v >= 4, self.cordoned_log_dirs.as_deref(), |w, x| w.uuid(*x))); }
        }
    }
}

/// Part of `RegisterBrokerRecord`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BrokerEndpoint<'a> {
    /// string.
    pub name: Str<'a>,
    /// string.
    pub host: Str<'a>,
    /// uint16.
    pub port: u16,
    /// int16.
    pub security_protocol: i16,
}

impl<'a> Decode<'a> for BrokerEndpoint<'a> {
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

impl Encode for BrokerEndpoint<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.string(flex, &self.host);
        w.u16(self.port);
        w.i16(self.security_protocol);
        w.no_tags(flex);
    }
}

/// Part of `RegisterBrokerRecord`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BrokerFeature<'a> {
    /// string.
    pub name: Str<'a>,
    /// int16.
    pub min_supported_version: i16,
    /// int16.
    pub max_supported_version: i16,
}

impl<'a> Decode<'a> for BrokerFeature<'a> {
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

impl Encode for BrokerFeature<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.i16(self.min_supported_version);
        w.i16(self.max_supported_version);
        w.no_tags(flex);
    }
}

impl Message for RegisterBrokerRecord<'_> {
    const KEY: i16 = 0;
    const NAME: &'static str = "RegisterBrokerRecord";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 4;
    const FLEXIBLE_FROM: i16 = 0;
}
