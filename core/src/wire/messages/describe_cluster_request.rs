// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `DescribeClusterRequest`: request of API 60, versions 0-2, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeClusterRequest {
    /// bool.
    pub include_cluster_authorized_operations: bool,
    /// int8, versions 1+, default 1.
    pub endpoint_type: i8,
    /// bool, versions 2+.
    pub include_fenced_brokers: bool,
}

impl Default for DescribeClusterRequest {
    fn default() -> Self {
        Self {
            include_cluster_authorized_operations: Default::default(),
            endpoint_type: 1,
            include_fenced_brokers: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for DescribeClusterRequest {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.include_cluster_authorized_operations = r.bool()?;
        if v >= 1 { x.endpoint_type = r.i8()?; }
        if v >= 2 { x.include_fenced_brokers = r.bool()?; }
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DescribeClusterRequest {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.bool(self.include_cluster_authorized_operations);
        if v >= 1 { w.i8(self.endpoint_type); }
        if v >= 2 { w.bool(self.include_fenced_brokers); }
        w.no_tags(flex);
    }
}

impl Message for DescribeClusterRequest {
    const KEY: i16 = 60;
    const NAME: &'static str = "DescribeClusterRequest";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 2;
    const FLEXIBLE_FROM: i16 = 0;
}

impl Request for DescribeClusterRequest {
    type Response<'r> = super::DescribeClusterResponse<'r>;
}
