// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `ShareGroupMemberMetadataValue`: coordinator-value 10 of __consumer_offsets, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, PartialEq)]
pub struct ShareGroupMemberMetadataValue<'a> {
    /// string, nullable.
    pub rack_id: Option<Str<'a>>,
    /// string.
    pub client_id: Str<'a>,
    /// string.
    pub client_host: Str<'a>,
    /// array of string.
    pub subscribed_topic_names: Vec<Str<'a>>,
}

impl Default for ShareGroupMemberMetadataValue<'_> {
    fn default() -> Self {
        Self {
            rack_id: Some(Default::default()),
            client_id: Default::default(),
            client_host: Default::default(),
            subscribed_topic_names: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for ShareGroupMemberMetadataValue<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.rack_id = r.opt_string(flex, true)?;
        x.client_id = r.string(flex)?;
        x.client_host = r.string(flex)?;
        x.subscribed_topic_names = r.array(flex, 1, |r| r.string(flex))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for ShareGroupMemberMetadataValue<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.opt_string(flex, true, self.rack_id.as_deref());
        w.string(flex, &self.client_id);
        w.string(flex, &self.client_host);
        w.array(flex, &self.subscribed_topic_names, |w, x| w.string(flex, x));
        w.no_tags(flex);
    }
}

impl Message for ShareGroupMemberMetadataValue<'_> {
    const KEY: i16 = 10;
    const NAME: &'static str = "ShareGroupMemberMetadataValue";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
