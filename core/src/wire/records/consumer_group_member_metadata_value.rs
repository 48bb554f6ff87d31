// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `ConsumerGroupMemberMetadataValue`: coordinator-value 5 of __consumer_offsets, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerGroupMemberMetadataValue<'a> {
    /// string, nullable.
    pub instance_id: Option<Str<'a>>,
    /// string, nullable.
    pub rack_id: Option<Str<'a>>,
    /// string.
    pub client_id: Str<'a>,
    /// string.
    pub client_host: Str<'a>,
    /// array of string.
    pub subscribed_topic_names: Vec<Str<'a>>,
    /// string, nullable.
    pub subscribed_topic_regex: Option<Str<'a>>,
    /// int32, default -1.
    pub rebalance_timeout_ms: i32,
    /// string, nullable.
    pub server_assignor: Option<Str<'a>>,
    /// ClassicMemberMetadata, nullable, tag 0.
    pub classic_member_metadata: Option<ClassicMemberMetadata<'a>>,
}

impl Default for ConsumerGroupMemberMetadataValue<'_> {
    fn default() -> Self {
        Self {
            instance_id: Some(Default::default()),
            rack_id: Some(Default::default()),
            client_id: Default::default(),
            client_host: Default::default(),
            subscribed_topic_names: Default::default(),
            subscribed_topic_regex: Some(Default::default()),
            rebalance_timeout_ms: -1,
            server_assignor: Some(Default::default()),
            classic_member_metadata: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for ConsumerGroupMemberMetadataValue<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.instance_id = r.opt_string(flex, true)?;
        x.rack_id = r.opt_string(flex, true)?;
        x.client_id = r.string(flex)?;
        x.client_host = r.string(flex)?;
        x.subscribed_topic_names = r.array(flex, 1, |r| r.string(flex))?;
        x.subscribed_topic_regex = r.opt_string(flex, true)?;
        x.rebalance_timeout_ms = r.i32()?;
        x.server_assignor = r.opt_string(flex, true)?;
        if flex {
            r.tags(&mut |tag, r| {
                match tag {
                    0 => x.classic_member_metadata = r.opt_struct(true, v)?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(x)
    }
}

impl Encode for ConsumerGroupMemberMetadataValue<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.opt_string(flex, true, self.instance_id.as_deref());
        w.opt_string(flex, true, self.rack_id.as_deref());
        w.string(flex, &self.client_id);
        w.string(flex, &self.client_host);
        w.array(flex, &self.subscribed_topic_names, |w, x| w.string(flex, x));
        w.opt_string(flex, true, self.subscribed_topic_regex.as_deref());
        w.i32(self.rebalance_timeout_ms);
        w.opt_string(flex, true, self.server_assignor.as_deref());
        if flex {
            let has_classic_member_metadata = self.classic_member_metadata.is_some();
            w.uvarint(u32::from(has_classic_member_metadata));
            if has_classic_member_metadata { w.tag(0, &mut |w| w.opt_struct(true, self.classic_member_metadata.as_ref(), v)); }
        }
    }
}

/// Part of `ConsumerGroupMemberMetadataValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassicMemberMetadata<'a> {
    /// int32.
    pub session_timeout_ms: i32,
    /// array of ClassicProtocol.
    pub supported_protocols: Vec<ClassicProtocol<'a>>,
}

impl<'a> Decode<'a> for ClassicMemberMetadata<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.session_timeout_ms = r.i32()?;
        x.supported_protocols = r.array(flex, 3, |r| ClassicProtocol::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ClassicMemberMetadata<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.i32(self.session_timeout_ms);
        w.array(flex, &self.supported_protocols, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `ConsumerGroupMemberMetadataValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassicProtocol<'a> {
    /// string.
    pub name: Str<'a>,
    /// bytes.
    pub metadata: Cow<'a, [u8]>,
}

impl<'a> Decode<'a> for ClassicProtocol<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.metadata = r.bytes(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ClassicProtocol<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.bytes(flex, &self.metadata);
        w.no_tags(flex);
    }
}

impl Message for ConsumerGroupMemberMetadataValue<'_> {
    const KEY: i16 = 5;
    const NAME: &'static str = "ConsumerGroupMemberMetadataValue";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
