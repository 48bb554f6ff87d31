// Generated from core/schema/records.json by core/tests/wire_schema: do not edit.
//! `DelegationTokenRecord`: metadata 10 of __cluster_metadata, versions 0, flexible from 0.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DelegationTokenRecord<'a> {
    /// string.
    pub owner: Str<'a>,
    /// string.
    pub requester: Str<'a>,
    /// array of string.
    pub renewers: Vec<Str<'a>>,
    /// int64.
    pub issue_timestamp: i64,
    /// int64.
    pub max_timestamp: i64,
    /// int64.
    pub expiration_timestamp: i64,
    /// string.
    pub token_id: Str<'a>,
}

impl<'a> Decode<'a> for DelegationTokenRecord<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = true;
        let mut x = Self::default();
        x.owner = r.string(flex)?;
        x.requester = r.string(flex)?;
        x.renewers = r.array(flex, 1, |r| r.string(flex))?;
        x.issue_timestamp = r.i64()?;
        x.max_timestamp = r.i64()?;
        x.expiration_timestamp = r.i64()?;
        x.token_id = r.string(flex)?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for DelegationTokenRecord<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.owner);
        w.string(flex, &self.requester);
        w.array(flex, &self.renewers, |w, x| w.string(flex, x));
        w.i64(self.issue_timestamp);
        w.i64(self.max_timestamp);
        w.i64(self.expiration_timestamp);
        w.string(flex, &self.token_id);
        w.no_tags(flex);
    }
}

impl Message for DelegationTokenRecord<'_> {
    const KEY: i16 = 10;
    const NAME: &'static str = "DelegationTokenRecord";
    const MIN_VERSION: i16 = 0;
    const MAX_VERSION: i16 = 0;
    const FLEXIBLE_FROM: i16 = 0;
}
