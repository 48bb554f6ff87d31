// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `StreamsGroupMemberMetadataValue`: coordinator-value 19 of __consumer_offsets, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamsGroupMemberMetadataValue<'a> {
    /// string, nullable.
    pub instance_id: Option<Str<'a>>,
    /// string, nullable.
    pub rack_id: Option<Str<'a>>,
    /// string.
    pub client_id: Str<'a>,
    /// string.
    pub client_host: Str<'a>,
    /// int32, default -1.
    pub rebalance_timeout_ms: i32,
    /// int32.
    pub topology_epoch: i32,
    /// string.
    pub process_id: Str<'a>,
    /// Endpoint, nullable.
    pub user_endpoint: Option<Endpoint<'a>>,
    /// array of KeyValue.
    pub client_tags: Vec<KeyValue<'a>>,
}

impl Default for StreamsGroupMemberMetadataValue<'_> {
    fn default() -> Self {
        Self {
            instance_id: Some(Default::default()),
            rack_id: Some(Default::default()),
            client_id: Default::default(),
            client_host: Default::default(),
            rebalance_timeout_ms: -1,
            topology_epoch: Default::default(),
            process_id: Default::default(),
            user_endpoint: Default::default(),
            client_tags: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for StreamsGroupMemberMetadataValue<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.instance_id = r.opt_string(flex, true)?;
        x.rack_id = r.opt_string(flex, true)?;
        x.client_id = r.string(flex)?;
        x.client_host = r.string(flex)?;
        x.rebalance_timeout_ms = r.i32()?;
        x.topology_epoch = r.i32()?;
        x.process_id = r.string(flex)?;
        x.user_endpoint = r.opt_struct(true, v)?;
        x.client_tags = r.array(flex, 3, |r| KeyValue::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for StreamsGroupMemberMetadataValue<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.opt_string(flex, true, self.instance_id.as_deref());
        w.opt_string(flex, true, self.rack_id.as_deref());
        w.string(flex, &self.client_id);
        w.string(flex, &self.client_host);
        w.i32(self.rebalance_timeout_ms);
        w.i32(self.topology_epoch);
        w.string(flex, &self.process_id);
        w.opt_struct(true, self.user_endpoint.as_ref(), v);
        w.array(flex, &self.client_tags, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `StreamsGroupMemberMetadataValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Endpoint<'a> {
    /// string.
    pub host: Str<'a>,
    /// uint16.
    pub port: u16,
}

impl<'a> Decode<'a> for Endpoint<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.host = r.string(flex)?;
        x.port = r.u16()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for Endpoint<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.host);
        w.u16(self.port);
        w.no_tags(flex);
    }
}

/// Part of `StreamsGroupMemberMetadataValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyValue<'a> {
    /// string.
    pub key: Str<'a>,
    /// string.
    pub value: Str<'a>,
}

impl<'a> Decode<'a> for KeyValue<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.key = r.string(flex)?;
        x.value = r.string(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for KeyValue<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.key);
        w.string(flex, &self.value);
        w.no_tags(flex);
    }
}

impl Message for StreamsGroupMemberMetadataValue<'_> {
    const KEY: i16 = 19;
    const NAME: &'static str = "StreamsGroupMemberMetadataValue";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
