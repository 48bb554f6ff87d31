// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DescribeClusterResponse`: response of API 60, versions 0-2, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeClusterResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
    /// int8, versions 1+, default 1.
    pub endpoint_type: i8,
    /// string.
    pub cluster_id: Str<'a>,
    /// int32 (brokerId), default -1.
    pub controller_id: i32,
    /// array of DescribeClusterBroker.
    pub brokers: Vec<DescribeClusterBroker<'a>>,
    /// int32, default -2147483648.
    pub cluster_authorized_operations: i32,
}

impl Default for DescribeClusterResponse<'_> {
    fn default() -> Self {
        Self {
            throttle_time_ms: Default::default(),
            error_code: Default::default(),
            error_message: Default::default(),
            endpoint_type: 1,
            cluster_id: Default::default(),
            controller_id: -1,
            brokers: Default::default(),
            cluster_authorized_operations: -2147483648,
        }
    }
}

impl<'a> Decode<'a> for DescribeClusterResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        if v >= 1 { x.endpoint_type = r.i8()?; }
        x.cluster_id = r.string(flex)?;
        x.controller_id = r.i32()?;
        x.brokers = r.array(flex, 11, |r| DescribeClusterBroker::decode(r, v))?;
        x.cluster_authorized_operations = r.i32()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeClusterResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.throttle_time_ms);
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        if v >= 1 { w.i8(self.endpoint_type); }
        w.string(flex, &self.cluster_id);
        w.i32(self.controller_id);
        w.array(flex, &self.brokers, |w, x| x.encode(w, v));
        w.i32(self.cluster_authorized_operations);
        w.no_tags(flex);
    }
}

/// Part of `DescribeClusterResponse`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescribeClusterBroker<'a> {
    /// int32 (brokerId).
    pub broker_id: i32,
    /// string.
    pub host: Str<'a>,
    /// int32.
    pub port: i32,
    /// string, nullable.
    pub rack: Option<Str<'a>>,
    /// bool, versions 2+.
    pub is_fenced: bool,
}

impl<'a> Decode<'a> for DescribeClusterBroker<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.broker_id = r.i32()?;
        x.host = r.string(flex)?;
        x.port = r.i32()?;
        x.rack = r.opt_string(flex, true)?;
        if v >= 2 { x.is_fenced = r.bool()?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeClusterBroker<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.broker_id);
        w.string(flex, &self.host);
        w.i32(self.port);
        w.opt_string(flex, true, self.rack.as_deref());
        if v >= 2 { w.bool(self.is_fenced); }
        w.no_tags(flex);
    }
}

impl Message for DescribeClusterResponse<'_> {
    const KEY: i16 = 60;
    const NAME: &'static str = "DescribeClusterResponse";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 2;
    const FLEXIBLE_FROM: i16 = 0;
}
