// Generated from core/schema/messages.json by core/tests/wire_schema: do not edit.
//! `CreateTopicsResponse`: response of API 19, versions 2-7, flexible from 5.

use crate::wire::prelude::*;

/// The whole message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreateTopicsResponse<'a> {
    /// int32.
    pub throttle_time_ms: i32,
    /// array of CreatableTopicResult.
    pub topics: Vec<CreatableTopicResult<'a>>,
}

impl<'a> Decode<'a> for CreateTopicsResponse<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        check_version::<Self>(v)?;
        let flex = v >= 5;
        let mut x = Self::default();
        x.throttle_time_ms = r.i32()?;
        x.topics = r.array(flex, 6, |r| CreatableTopicResult::decode(r, v))?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for CreateTopicsResponse<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 5;
        w.i32(self.throttle_time_ms);
        w.array(flex, &self.topics, |w, x| x.encode(w, v));
        w.no_tags(flex);
    }
}

/// Part of `CreateTopicsResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatableTopicResult<'a> {
    /// string (topicName).
    pub name: Str<'a>,
    /// uuid, versions 7+.
    pub topic_id: TopicId,
    /// int16.
    pub error_code: i16,
    /// string, nullable.
    pub error_message: Option<Str<'a>>,
    /// int16, versions 5+, tag 0.
    pub topic_config_error_code: i16,
    /// int32, versions 5+, default -1.
    pub num_partitions: i32,
    /// int16, versions 5+, default -1.
    pub replication_factor: i16,
    /// array of CreatableTopicConfigs, versions 5+, nullable.
    pub configs: Option<Vec<CreatableTopicConfigs<'a>>>,
}

impl Default for CreatableTopicResult<'_> {
    fn default() -> Self {
        Self {
            name: Default::default(),
            topic_id: Default::default(),
            error_code: Default::default(),
            error_message: Some(Default::default()),
            topic_config_error_code: Default::default(),
            num_partitions: -1,
            replication_factor: -1,
            configs: Some(Default::default()),
        }
    }
}

impl<'a> Decode<'a> for CreatableTopicResult<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = v >= 5;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        if v >= 7 { x.topic_id = r.uuid()?; }
        x.error_code = r.i16()?;
        x.error_message = r.opt_string(flex, true)?;
        if v >= 5 { x.num_partitions = r.i32()?; }
        if v >= 5 { x.replication_factor = r.i16()?; }
        if v >= 5 { x.configs = r.opt_array(flex, v >= 5, 6, |r| CreatableTopicConfigs::decode(r, v))?; }
        if flex {
            r.tags(&mut |tag, r| {
                match tag {
                    0 if v >= 5 => x.topic_config_error_code = r.i16()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(x)
    }
}

impl Encode for CreatableTopicResult<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = v >= 5;
        w.string(flex, &self.name);
        if v >= 7 { w.uuid(self.topic_id); }
        w.i16(self.error_code);
        w.opt_string(flex, true, self.error_message.as_deref());
        if v >= 5 { w.i32(self.num_partitions); }
        if v >= 5 { w.i16(self.replication_factor); }
        if v >= 5 { w.opt_array(flex, v >= 5, self.configs.as_deref(), |w, x| x.encode(w, v)); }
        if flex {
            let has_topic_config_error_code = v >= 5 && self.topic_config_error_code != 0;
            w.uvarint(u32::from(has_topic_config_error_code));
            if has_topic_config_error_code { w.tag(0, &mut |w| w.i16(self.topic_config_error_code)); }
        }
    }
}

/// Part of `CreateTopicsResponse`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatableTopicConfigs<'a> {
    /// string.
    pub name: Str<'a>,
    /// string, nullable.
    pub value: Option<Str<'a>>,
    /// bool.
    pub read_only: bool,
    /// int8, default -1.
    pub config_source: i8,
    /// bool.
    pub is_sensitive: bool,
}

impl Default for CreatableTopicConfigs<'_> {
    fn default() -> Self {
        Self {
            name: Default::default(),
            value: Some(Default::default()),
            read_only: Default::default(),
            config_source: -1,
            is_sensitive: Default::default(),
        }
    }
}

impl<'a> Decode<'a> for CreatableTopicConfigs<'a> {
    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {
        let flex = true;
        let mut x = Self::default();
        x.name = r.string(flex)?;
        x.value = r.opt_string(flex, true)?;
        x.read_only = r.bool()?;
        x.config_source = r.i8()?;
        x.is_sensitive = r.bool()?;
        r.skip_tags(flex)?;
        Ok(x)
    }
}

impl Encode for CreatableTopicConfigs<'_> {
    fn encode(&self, w: &mut Writer, v: i16) {
        let flex = true;
        w.string(flex, &self.name);
        w.opt_string(flex, true, self.value.as_deref());
        w.bool(self.read_only);
        w.i8(self.config_source);
        w.bool(self.is_sensitive);
        w.no_tags(flex);
    }
}

impl Message for CreateTopicsResponse<'_> {
    const KEY: i16 = 19;
    const NAME: &'static str = "CreateTopicsResponse";
    const MIN_VERSION: i16 = 2;
    const MAX_VERSION: i16 = 7;
    const FLEXIBLE_FROM: i16 = 5;
}
